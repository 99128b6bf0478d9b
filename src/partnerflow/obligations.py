"""Obligations: what must keep holding in a partnership's state, until when, and the notices already sent about it.

Every write evaluates the state that it leads to and stores the obligations; a sweep does the same for what is due, and
sends notices. Nothing here reads a clock or a store.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Literal, TypeAlias
from uuid import UUID

import attrs

from partnerflow.policies.finding import AppliedWaiver, Finding, Outcome
from partnerflow.policies.report import Report

NoticeKind: TypeAlias = Literal["approaching", "missed", "broken", "mended", "waived", "over"]
"""What a notice is about."""


@attrs.frozen(kw_only=True)
class Obligation:
    """One policy that must hold in a partnership's state: as it was last evaluated, and what was last notified."""

    code: str
    title: str
    holds: bool
    due_on: date | None
    """The last day on which `holds` stays as it is; None: no day is known on which it would change."""
    missed_on: date | None = None
    """The last day on which it held, if it broke because that day passed."""
    broken_notified: bool = False
    """Whether the last notice was that it is broken or missed, and none since that it was mended, waived or is over."""
    reminded_due: date | None = None
    """The due date of the last reminder."""
    reminded_lead: int | None = None
    """The lead of the last reminder: how many days before the due date it is sent."""
    next_check_on: date | None = None
    """The first day on which a sweep has something to do here; None: never."""


@attrs.frozen(kw_only=True)
class Judgement:
    """The obligations of one partnership, as evaluated on a day under one pack."""

    partnership_id: UUID
    digest: str
    """The digest of the pack."""
    obligations: tuple[Obligation, ...]


@attrs.frozen(kw_only=True)
class Notice:
    """What a sweep reports about one obligation, once."""

    partnership_id: UUID
    telling: NoticeKind
    code: str
    title: str
    due_on: date | None
    """The last day on which it holds or held; None where no day says so."""
    days_left: int | None = None
    """For what approaches: how many days from the sweep to the due date."""
    partner: str = ""
    """The partner's name."""
    waiver: AppliedWaiver | None = None
    """The waiver that covers it, or one in force that does not cover all that is wrong."""


def derive_obligations(
    report: Report,
    due_dates: Mapping[str, date | None],
    before: Sequence[Obligation],
    leads: Sequence[int],
    *,
    ended: bool = False,
) -> tuple[Obligation, ...]:
    """Return the obligations that follow from *report*; what was notified about them is copied from *before*.

    *due_dates* are those of `Pack.due_dates`, *leads* how many days before a due date reminders are sent. An obligation
    that the state or the pack no longer has is dropped, but for one that was notified as broken: that stays until a
    sweep has notified that it is over. Where the partnership has *ended* it is dropped too: that event says enough.
    """
    known = {obligation.code: obligation for obligation in before}
    obliged = _obliged(report)
    found = [
        attrs.evolve(was, holds=True, due_on=None, missed_on=None, next_check_on=report.on)
        for was in before
        if was.broken_notified and was.code not in obliged and not ended
    ]
    for finding in obliged.values():
        was = known.get(finding.code)
        due_on = due_dates[finding.code]
        missed_on = None
        if not finding.is_ok:
            missed_on = finding.lapsed_on or _passed(was, report.on)
        if was is not None and (was.title, was.holds, was.due_on, was.missed_on) == (
            finding.title,
            finding.is_ok,
            due_on,
            missed_on,
        ):
            obligation = was
        else:
            obligation = Obligation(
                code=finding.code,
                title=finding.title,
                holds=finding.is_ok,
                due_on=due_on,
                missed_on=missed_on,
                broken_notified=was.broken_notified if was else False,
                reminded_due=was.reminded_due if was else None,
                reminded_lead=was.reminded_lead if was else None,
            )
        check_on = _next_check_on(obligation, report.on, leads)
        unchanged = check_on == obligation.next_check_on
        found.append(obligation if unchanged else attrs.evolve(obligation, next_check_on=check_on))
    return tuple(found)


def notices_for(
    partnership_id: UUID, report: Report, obligations: Sequence[Obligation], leads: Sequence[int]
) -> tuple[tuple[Obligation, ...], tuple[Notice, ...]]:
    """Return the obligations with their notices marked as sent, and the notices that have not been sent before.

    *obligations* are those that follow from *report*. One that is over is not among those returned.
    """
    today, obliged = report.on, _obliged(report)
    notified, notices = [], []
    for obligation in obligations:
        changed, finding = obligation, obliged.get(obligation.code)
        for notice in _unsent(partnership_id, obligation, finding, today, leads):
            notices.append(notice)
            changed = _mark_sent(changed, notice, today, leads)
        if finding is not None:
            notified.append(attrs.evolve(changed, next_check_on=_next_check_on(changed, today, leads)))
    return tuple(notified), tuple(notices)


def _obliged(report: Report) -> dict[str, Finding]:
    """Return the findings on what a sweep follows, by the code of their policy."""
    return {finding.code: finding for finding in report.findings if finding.is_owed}


def _unsent(
    partnership_id: UUID, obligation: Obligation, finding: Finding | None, today: date, leads: Sequence[int]
) -> Iterator[Notice]:
    notice = Notice(
        partnership_id=partnership_id,
        telling=_end_of_lapse(finding),
        code=obligation.code,
        title=obligation.title,
        due_on=obligation.due_on if obligation.holds else obligation.missed_on,
        waiver=None if finding is None else finding.waiver or finding.short_waiver,
    )
    if not obligation.holds:
        if not obligation.broken_notified:
            yield attrs.evolve(notice, telling="broken" if obligation.missed_on is None else "missed")
        return
    if obligation.broken_notified:
        yield notice
    if obligation.due_on is not None and _lead_reached(obligation, today, leads) is not None:
        yield attrs.evolve(notice, telling="approaching", days_left=(obligation.due_on - today).days)


def _end_of_lapse(finding: Finding | None) -> NoticeKind:
    """Return how what was notified as broken has ended: nothing asks for it any more, it is waived, or it is mended."""
    if finding is None or finding.outcome is Outcome.NOT_APPLICABLE:
        return "over"
    return "mended" if finding.waiver is None else "waived"


def _mark_sent(obligation: Obligation, notice: Notice, today: date, leads: Sequence[int]) -> Obligation:
    if notice.telling == "approaching":
        lead = _lead_reached(obligation, today, leads)
        return attrs.evolve(obligation, reminded_due=obligation.due_on, reminded_lead=lead)
    return attrs.evolve(obligation, broken_notified=notice.telling in ("broken", "missed"))


def _lead_reached(obligation: Obligation, today: date, leads: Sequence[int]) -> int | None:
    """Return the shortest lead that has begun by *today*, unless that reminder, or one of a shorter lead, was sent."""
    if obligation.due_on is None:
        return None
    left = (obligation.due_on - today).days
    lead = min((lead for lead in leads if lead >= left), default=None)
    if lead is None or left < 0:
        return None
    reminded = obligation.reminded_lead if obligation.reminded_due == obligation.due_on else None
    return lead if reminded is None or lead < reminded else None


def _next_check_on(obligation: Obligation, today: date, leads: Sequence[int]) -> date | None:
    """Return the first day on which there is a notice to send, or on which `holds` may change."""
    if obligation.holds == obligation.broken_notified or _lead_reached(obligation, today, leads) is not None:
        return today
    if obligation.due_on is None:
        return None
    days = [obligation.due_on + timedelta(days=1)]
    if obligation.holds:
        days += [day for lead in leads if (day := obligation.due_on - timedelta(days=lead)) > today]
    return min(days)


def _passed(was: Obligation | None, today: date) -> date | None:
    """Return the day that broke it, if it was known to hold only until then; what broke earlier keeps its day."""
    if was is None:
        return None
    if not was.holds:
        return was.missed_on
    return was.due_on if was.due_on is not None and was.due_on < today else None
