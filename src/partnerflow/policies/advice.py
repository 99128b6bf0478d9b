"""A report as advice to a school office: what is wrong, where, what to do, by when, who decides, under which clause."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from partnerflow.records import ImprovementPlan, PlanItem, days_after

from .card import FILE
from .finding import Finding, Severity, WaiverNote
from .report_data import ReportData
from .translation import ENGLISH, Translation, translation
from .verdict import Problem


def lines(report: ReportData, say: Translation) -> Iterator[str]:
    """Yield everything in *report*, line by line."""
    asked = f"{say.fact(report.trigger)} -> {say.fact(report.state)}" if report.trigger else say.fact(report.state)
    yield say(
        "{partner} on {on} ({asked}), by pack {pack}:",
        partner=report.partner,
        on=report.on,
        asked=asked,
        pack=str(report.pack),
    )
    if report.also_on is not None:
        yield f"  {say('judged on {day} too, the day of the step', day=report.also_on)}"
    if not report.blocking:
        yield "  " + say(
            "nothing stands in the way of {trigger}" if report.trigger else "everything holds", trigger=report.trigger
        )
    for finding in report.blocking:
        yield from finding_lines(finding, say, trigger=report.trigger, may_waive=report.may_waive)
    if report.noted:
        yield ""
        yield f"  {say('noted, but stopping nothing:')}"
        for finding in report.noted:
            yield from finding_lines(finding, say, trigger=report.trigger, may_waive=report.may_waive)
    for lapsed in report.lapsed_waivers:
        yield f"  {say('waiver does not count: {lapsed}', lapsed=note_line(lapsed, say))}"
    for code in report.unused_waivers:
        yield f"  {say('waiver of {code} is not needed', code=code)}"
    for asked_for in report.asked_waivers:
        yield "  " + say(
            "waiver asked for, to be granted or refused by {roles}: {asked}",
            asked=note_line(asked_for, say),
            roles=report.may_waive or ("nobody",),
        )
    if report.unconfirmed:
        yield f"  {say('filed by the partner, to be confirmed before it counts: {words}', words=report.unconfirmed)}"
    if report.not_asked:
        yield f"  {say('not asked, because nobody was named who asks: {codes}', codes=report.not_asked)}"
    if report.blocking and report.trigger and report.may_fire:
        yield f"  {say('Who decides on {trigger}: {roles}', trigger=report.trigger, roles=report.may_fire)}"


def finding_lines(
    finding: Finding, say: Translation, *, trigger: str | None = None, may_waive: tuple[str, ...] = ()
) -> Iterator[str]:
    """Yield the lines for one finding; *may_waive* are the roles that may grant a waiver."""
    yield f"  {finding.code} {', '.join(marks(finding, say))}: {say(finding.title)} [{', '.join(finding.cites)}]"
    for problem in finding.problems:
        yield f"      {problem_line(problem, say)}"
    if finding.waiver is not None:
        waiver = finding.waiver
        yield "      " + say(
            "waived through {day}, by {approver} at {asker}'s request: {reason}",
            day=waiver.expires_on,
            approver=waiver.approved_by,
            asker=waiver.requested_by,
            reason=waiver.reason,
        )
        return
    if finding.advice:
        yield f"      {say('To mend it: {fix}', fix=say(finding.advice, **finding.parameters))}"
    yield f"      {who_and_when(finding, say, trigger=trigger, may_waive=may_waive)}"


def marks(finding: Finding, say: Translation) -> Iterator[str]:
    """Yield the outcome, and why the finding may stop nothing."""
    yield say.fact(str(finding.outcome))
    if finding.waiver is not None:
        yield say("waived")
    if not finding.enforced:
        yield say("reported only")
    elif finding.severity is Severity.ADVISORY:
        yield say("advisory")


def problem_line(problem: Problem, say: Translation) -> str:
    """Return one problem: its JSON Pointer, the record there, and what is wrong."""
    said = sentence(problem, say)
    where = f"{problem.path} ({problem.label})" if problem.label else problem.path
    return f"{where}: {said}" if where else said


def sentence(problem: Problem, say: Translation) -> str:
    """Return what is wrong, with the day if it is an earlier one."""
    said = say(problem.template, **problem.facts)
    return said if problem.on is None else say("{said} (on {day}, the day of the step)", said=said, day=problem.on)


def note_line(remark: WaiverNote, say: Translation) -> str:
    """Return a note on a waiver."""
    return f"{remark.code}: {say(remark.template, **remark.facts)}"


def who_and_when(
    finding: Finding, say: Translation, *, trigger: str | None = None, may_waive: tuple[str, ...] = ()
) -> str:
    """Return which side has to act and by when, and who may waive it."""
    if finding.mends_on is not None:
        said = say("For the {side}; time alone mends it on {day}.", side=finding.owner, day=finding.mends_on)
    elif not finding.is_blocking:
        said = say("For the {side}, when there is time.", side=finding.owner)
    elif trigger == FILE:
        said = say("For the {side}, before it is filed.", side=finding.owner)
    elif finding.gates and trigger:
        said = say("For the {side}, before {trigger}.", side=finding.owner, trigger=trigger)
    elif finding.lapsed_on is not None:
        said = say("For the {side}, now: it ended on {day}.", side=finding.owner, day=finding.lapsed_on)
    else:
        said = say("For the {side}, now.", side=finding.owner)
    if not finding.is_blocking or not finding.waivable_days:
        return said
    return f"{said} " + say(
        "It can be waived for at most {days} days, by {roles}.",
        days=finding.waivable_days,
        roles=may_waive or ("nobody",),
    )


def improvement_plan(
    report: ReportData, plan: str, *, days: int = 30, advisory_days: int = 60, language: str = ENGLISH
) -> ImprovementPlan:
    """Return a plan with an item for each finding that is wrong, blocking ones first."""
    say = translation(language)
    wrong = [finding for finding in report.findings if not finding.is_ok]
    wrong.sort(key=lambda finding: not finding.is_blocking)
    items = tuple(
        PlanItem(
            what=f"{finding.code}: {say(finding.advice, **finding.parameters)}",
            owner=say.fact(finding.owner),
            due_on=_due(finding, report.on, days if finding.is_blocking else advisory_days),
            success_measure=say("{code} holds: {title}", code=finding.code, title=say(finding.title)),
        )
        for finding in wrong
    )
    ends_on = max((item.due_on for item in items if item.due_on), default=days_after(report.on, days))
    return ImprovementPlan(plan=plan, starts_on=report.on, ends_on=ends_on, items=items)


def _due(finding: Finding, on: date, days: int) -> date:
    """Return the day *days* after *on*, or the day on which time alone mends it, if that is later."""
    return max(finding.mends_on or on, days_after(on, days))
