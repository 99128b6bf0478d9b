"""What both sides must want, expect and gain, before it begins and while it goes on."""

from __future__ import annotations

from datetime import date
from typing import Any

from partnerflow.dossier import Dossier
from partnerflow.lifecycle import State, Trigger
from partnerflow.policies import Problem, Verdict, best_of, each, lack, need, not_applicable, policy
from partnerflow.records import Benefit, ExpectationsMeeting, ExpectedOutcome, SharedGoal, Statement
from partnerflow.records.registry import Record

from .sides import OURS, agreed
from .states import FROM_ONBOARDING, RUNNING

_VISION: dict[str, Any] = {
    "kind": "statement",
    "subject": "vision",
    "version": "1",
    "text": "every child in the neighbourhood reads with joy",
    "accepted_by": {"school": "2026-08-22", "partner": "2026-08-22"},
}
_STATEMENTS = [_VISION, *({**_VISION, "subject": subject} for subject in ("values", "roles"))]


def _stated(dossier: Dossier, subject: str, on: date) -> Verdict:
    statement = dossier.latest(Statement, subject=subject)
    if statement is None:
        yield lack("statements", None, "there is none on {subject}", subject=subject)
    else:
        yield from _accepted(statement, on)


def _accepted(statement: Statement, on: date) -> Verdict:
    """Yield what is wrong with a text; that a side has yet to accept its newest version is one such thing."""
    for field in ("version", "text"):
        if not getattr(statement, field):
            yield lack(statement, field)
    yield from agreed(statement, "accepted_by", on)


@policy(
    "MUT-001",
    "Both sides stand behind the same vision, values and roles",
    holds_in=RUNNING,
    cites=["CS2-L2", "CS2-L0", "SPPS-V.7a", "D4.P7"],
    owner="school",
    fix="Write down {subjects} together, have the partner and the school or district accept the newest version, and "
    "file each with the days.",
    passing=_STATEMENTS,
    failing=[*_STATEMENTS, {**_VISION, "version": "2", "accepted_by": {"partner": "2026-08-30"}}],
    missing=[_VISION],
)
def shared_texts(dossier: Dossier, on: date, *, subjects: tuple[str, ...] = ("vision", "values", "roles")) -> Verdict:
    """A vision that only one of two has read is not shared."""
    yield from each(subjects, lambda subject: _stated(dossier, subject, on))


_EXPECTATIONS: dict[str, Any] = {
    **_VISION,
    "subject": "expectations",
    "text": "who does what, and what each may count on",
    "by_side": {"school": "a room and a list of the children", "partner": "two tutors, twice a week"},
    "written_on": "2026-08-22",
}
_MEETING = {"kind": "expectations_meeting", "held_on": "2026-08-22"}


@policy(
    "MUT-002",
    "Expectations are in writing for each side, and both accepted them",
    holds_in=RUNNING,
    cites=["SPPS-V.2b", "SPPS-V.7b", "CS2-2.A1b", "CS2-L0"],
    owner="school",
    fix="After the first meeting write down what each side expects and takes on, have both accept it, and file it with "
    "the days.",
    passing=[_EXPECTATIONS, _MEETING],
    failing=[{**_EXPECTATIONS, "written_on": "2026-08-01"}, _MEETING],
    missing=[_EXPECTATIONS],
)
def expectations_written(dossier: Dossier, on: date) -> Verdict:
    """What was only said is remembered twice, and differently."""
    statement = need(dossier.latest(Statement, subject="expectations"), "statements")
    yield from each([statement], lambda one: _accepted(one, on))
    texts = need(statement.by_side, statement, "by_side")
    for side, said in (("partner", texts.get("partner")), ("district", any(texts.get(our) for our in OURS))):
        if not said:
            yield Problem(statement, "by_side", "it says nothing of the {side}", side=side)
    meetings = need(dossier.filed(ExpectationsMeeting) or None, "expectations_meeting")
    first = min(need(meeting.held_on, meeting, "held_on") for meeting in meetings)
    if need(statement.written_on, statement, "written_on") < first:
        yield Problem(statement, "written_on", "is before the first meeting, on {day}", day=first)


_GAIN: dict[str, Any] = {
    "kind": "benefit",
    "side": "partner",
    "kinds": ["reach"],
    "text": "reaches forty children it never met",
    "confirmed_on": "2026-08-25",
}
_GAIN_OF_SCHOOL = {**_GAIN, "side": "school", "kinds": ["skills", "resources"], "text": "practice after class"}


@policy(
    "MUT-003",
    "Each side has said what it gains",
    holds_in=RUNNING,
    cites=["SPPS-III.E13", "CS2-3.S2", "TK-5", "TK-12"],
    owner="school",
    fix="Ask each of {sides} what it gains, in words or in kinds, have that side confirm it, and file it with the day.",
    passing=[_GAIN, _GAIN_OF_SCHOOL],
    failing=[{**_GAIN, "kinds": [], "text": ""}, _GAIN_OF_SCHOOL],
    missing=[_GAIN],
)
def benefits_stated(dossier: Dossier, on: date, *, sides: tuple[str, ...] = ("school", "partner")) -> Verdict:
    """What serves one side alone ends when that side can no longer carry it."""
    yield from each(sides, lambda side: _gains(dossier, side, on))


def _gains(dossier: Dossier, side: str, on: date) -> Verdict:
    benefit = dossier.latest(Benefit, side=side)
    if benefit is None:
        yield lack("benefits", None, "the {side} has not said what it gains", side=side)
        return
    if not (benefit.text or benefit.kinds):
        absent = benefit.text is None or benefit.kinds is None
        yield lack(benefit, "text") if absent else Problem(benefit, "text", "the {side} gains nothing", side=side)
    confirmed = need(benefit.confirmed_on, benefit, "confirmed_on")
    if confirmed > on:
        yield Problem(
            benefit, "confirmed_on", "the {side} confirms it on {day}", side=side, day=confirmed, mends_on=confirmed
        )


_GOAL: dict[str, Any] = {
    "kind": "shared_goal",
    "goal": "Every child reads by grade 3",
    "held_by": ["district", "partner"],
    "category": "student_learning",
    "domain": "academic_achievement",
}


def _goals(dossier: Dossier) -> tuple[SharedGoal, ...]:
    return need(dossier.all(SharedGoal) or None, "shared_goals")


def _one_in(dossier: Dossier, field: str, wanted: tuple[str, ...]) -> Verdict:
    """Yield nothing if the *field* of some goal is among *wanted*, else what each goal says instead."""
    goals = _goals(dossier)
    if any(getattr(goal, field) in wanted for goal in goals):
        return
    for goal in goals:
        if (said := getattr(goal, field)) is None:
            yield lack(goal, field)
        else:
            yield Problem(goal, field, "{said} is none of {wanted}", said=said, wanted=", ".join(wanted))


@policy(
    "MUT-004",
    "Both sides hold one goal at least",
    holds_in=FROM_ONBOARDING,
    cites=["SPPS-III.E3", "SPPS-V.7a", "TK-5"],
    fix="Find a goal that the partner and the school or district both pursue, and file it with those who hold it.",
    passing=[_GOAL],
    failing=[{**_GOAL, "held_by": ["district"]}],
    missing=[],
)
def goal_in_common(dossier: Dossier, on: date) -> Verdict:  # noqa: ARG001
    """Two who want different things can trade, but they are no partners."""
    goals = _goals(dossier)
    if any(_in_common(goal) for goal in goals):
        return
    for goal in goals:
        if goal.held_by is None:
            yield lack(goal, "held_by")
        else:
            side = "district" if "partner" in goal.held_by else "partner"
            yield Problem(goal, "held_by", "the {side} is not among them", side=side)


def _in_common(goal: SharedGoal) -> bool:
    return goal.held_by is not None and "partner" in goal.held_by and not goal.held_by.isdisjoint(OURS)


@policy(
    "MUT-005",
    "One goal is about how students learn or develop",
    holds_in=FROM_ONBOARDING,
    cites=["SPPS-III.E4"],
    severity="advisory",
    fix="Name what students will learn or how they will grow, and file it as a goal of one of: {categories}.",
    passing=[_GOAL],
    failing=[{**_GOAL, "category": "organization"}],
    missing=[],
)
def goal_for_students(
    dossier: Dossier,
    on: date,  # noqa: ARG001
    *,
    categories: tuple[str, ...] = ("student_learning", "student_development"),
) -> Verdict:
    """Whatever else a partnership is good for, schools are there for students."""
    yield from _one_in(dossier, "category", categories)


_BUSINESS = {"kind": "employer"}


@policy(
    "MUT-006",
    "A business helps students towards work",
    holds_in=FROM_ONBOARDING,
    cites=["SPPS-III.E5"],
    severity="advisory",
    fix="Agree with the business on something that prepares students for work, and file it as a goal of one of: "
    "{domains}.",
    passing={"partner": _BUSINESS, "records": [{**_GOAL, "domain": "workforce"}]},
    failing={"partner": _BUSINESS, "records": [_GOAL]},
    missing={"records": [_GOAL]},
)
def goal_for_work(
    dossier: Dossier,
    on: date,  # noqa: ARG001
    *,
    kinds: tuple[str, ...] = ("employer", "chamber", "industry_association"),
    domains: tuple[str, ...] = ("workforce",),
) -> Verdict:
    """Those who will employ them know best what students have yet to learn."""
    if need(dossier.partner.kind or None, dossier.partner, "kind") not in kinds:
        not_applicable("the partner is no business")
    yield from _one_in(dossier, "domain", domains)


def _running(*records: dict[str, Any]) -> dict[str, Any]:
    """Return an example that was activated at version 4 and renewed at 5."""
    moves = [
        {"trigger": "propose", "source": None, "target": "intake"},
        {"trigger": "begin_vetting", "source": "intake", "target": "vetting"},
        {"trigger": "approve", "source": "vetting", "target": "onboarding"},
        {"trigger": "activate", "source": "onboarding", "target": "active"},
        {"trigger": "renew", "source": "active", "target": "active"},
    ]
    return {"partnership": {"state": State.ACTIVE, "version": 5}, "records": list(records), "moves": moves}


def _filed_at(version: int, *records: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**record, "entry": {"version": version, "filed_by": {"id": "a.anderson"}}} for record in records]


@policy(
    "MUT-007",
    "Before they go on, both sides said their vision and their goals anew",
    guards={Trigger.RENEW},
    cites=["SPPS-V.7a"],
    owner="school",
    fix="Sit down together before the renewal, and file the vision and the common goals again, with the new days, as "
    "they are or changed.",
    passing=_running(*_filed_at(5, _VISION, _GOAL)),
    failing=_running(*_filed_at(4, _VISION, _GOAL)),
    missing=_running(*_filed_at(5, _VISION)),
)
def said_anew(dossier: Dossier, on: date) -> Verdict:
    """A renewal out of habit renews nothing."""
    since = need(dossier.term_began_at_version(), "moves")
    vision = need(dossier.latest(Statement, subject="vision"), "statements")
    goals = need([goal for goal in _goals(dossier) if _in_common(goal)] or None, "shared_goals")

    def said(record: Record) -> Verdict:
        if not dossier.filed_since(record, since):
            yield Problem(record, None, "is from before the present term")

    yield from each([vision], said)
    yield from best_of(goals, said, on)


_OUTCOME = {
    "kind": "expected_outcome",
    "outcome": "reads two levels higher",
    "stated_on": "2026-08-22",
    "measure": "grades",
}


@policy(
    "MUT-008",
    "The partner has said what students will gain",
    holds_in=RUNNING,
    cites=["EAF-4.4.c"],
    owner="partner",
    fix="Write down what students will gain and how one will measure it, and file it with the day.",
    passing=[_OUTCOME],
    failing=[{**_OUTCOME, "measure": ""}],
    missing=[],
)
def outcomes_stated(dossier: Dossier, on: date) -> Verdict:
    """What nobody expected, nobody can find missing."""
    outcomes = need(dossier.all(ExpectedOutcome) or None, "expected_outcomes")
    yield from best_of(outcomes, _with_day_and_measure, on)


def _with_day_and_measure(outcome: ExpectedOutcome) -> Verdict:
    need(outcome.stated_on, outcome, "stated_on")
    if not need(outcome.measure, outcome, "measure"):
        yield Problem(outcome, "measure", "it is not said how one will measure it")
