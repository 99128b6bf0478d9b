"""What must go on being true of a partnership, until when, and what the outside has been told of it.

Every write judges the state that it leaves behind and stores this; a sweep does the same for what is due, and tells.
Nothing here reads a clock or a store.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Literal
from uuid import UUID

import attrs

from partnerflow.policies.report import Report

Telling = Literal["approaching", "missed", "broken", "mended"]


@attrs.frozen(kw_only=True)
class Obligation:
    """One policy that holds in a partnership's state: as last judged, and as last told."""

    code: str
    title: str
    holds: bool
    due_on: date | None
    """The last day on which that judgement stands; None: as far as is known, for ever."""
    missed_on: date | None = None
    """The last day on which it held, where it broke because that day passed."""
    told_broken: bool = False
    """Whether the outside was last told that it is broken."""
    reminded_due: date | None = None
    """The due date that the outside was last reminded of."""
    reminded_lead: int | None = None
    """How many days before it that reminder was meant for."""
    look_on: date | None = None
    """The first day on which a sweep has something to do here; None: never."""


@attrs.frozen(kw_only=True)
class Judgement:
    """Everything that must go on being true of one partnership, as judged on a day under one pack."""

    partnership_id: UUID
    digest: str
    obligations: tuple[Obligation, ...]


@attrs.frozen(kw_only=True)
class Notice:
    """Something that a sweep tells, once."""

    partnership_id: UUID
    telling: Telling
    code: str
    title: str
    due_on: date | None
    """The last day on which it holds or held; None where no day says so."""
    days_left: int | None = None
    """For what approaches: how many days from the sweep to the due date."""
    partner: str = ""
    """The partner's name."""


def judged(
    report: Report,
    due_dates: Mapping[str, date | None],
    before: Sequence[Obligation],
    leads: Sequence[int],
) -> tuple[Obligation, ...]:
    """Return the obligations that *report* leaves behind, with what was told of them carried over from *before*.

    *due_dates* are those of `Pack.due_dates`; an obligation that the state no longer has is dropped without a word.
    """
    known = {obligation.code: obligation for obligation in before}
    found = []
    for finding in report.findings:
        if not finding.is_standing or not finding.enforced or finding.severity != "blocking":
            continue
        was = known.get(finding.code)
        due_on = due_dates[finding.code]
        missed_on = None
        if not finding.is_ok:
            missed_on = finding.lapsed_on or _passed(was, report.on)
        if was is not None and (was.title, was.holds, was.due_on, was.missed_on) == (
            finding.title, finding.is_ok, due_on, missed_on,
        ):  # fmt: skip
            obligation = was
        else:
            obligation = Obligation(
                code=finding.code,
                title=finding.title,
                holds=finding.is_ok,
                due_on=due_on,
                missed_on=missed_on,
                told_broken=was.told_broken if was else False,
                reminded_due=was.reminded_due if was else None,
                reminded_lead=was.reminded_lead if was else None,
            )
        look_on = _look_on(obligation, report.on, leads)
        found.append(obligation if look_on == obligation.look_on else attrs.evolve(obligation, look_on=look_on))
    return tuple(found)


def tell(
    partnership_id: UUID, obligations: Sequence[Obligation], today: date, leads: Sequence[int]
) -> tuple[tuple[Obligation, ...], tuple[Notice, ...]]:
    """Say what the outside has not been told yet; give the obligations as told, and the notices."""
    told, notices = [], []
    for obligation in obligations:
        changed = obligation
        for notice in _untold(partnership_id, obligation, today, leads):
            notices.append(notice)
            changed = _as_told(changed, notice, today, leads)
        told.append(attrs.evolve(changed, look_on=_look_on(changed, today, leads)))
    return tuple(told), tuple(notices)


def _untold(partnership_id: UUID, obligation: Obligation, today: date, leads: Sequence[int]) -> Iterator[Notice]:
    notice = Notice(
        partnership_id=partnership_id,
        telling="mended",
        code=obligation.code,
        title=obligation.title,
        due_on=obligation.due_on if obligation.holds else obligation.missed_on,
    )
    if not obligation.holds:
        if not obligation.told_broken:
            yield attrs.evolve(notice, telling="broken" if obligation.missed_on is None else "missed")
        return
    if obligation.told_broken:
        yield notice
    if obligation.due_on is not None and _lead_reached(obligation, today, leads) is not None:
        yield attrs.evolve(notice, telling="approaching", days_left=(obligation.due_on - today).days)


def _as_told(obligation: Obligation, notice: Notice, today: date, leads: Sequence[int]) -> Obligation:
    if notice.telling == "approaching":
        lead = _lead_reached(obligation, today, leads)
        return attrs.evolve(obligation, reminded_due=obligation.due_on, reminded_lead=lead)
    return attrs.evolve(obligation, told_broken=notice.telling != "mended")


def _lead_reached(obligation: Obligation, today: date, leads: Sequence[int]) -> int | None:
    """Return the nearest lead that *today* is inside of, unless that reminder, or a nearer one, was sent."""
    if obligation.due_on is None:
        return None
    left = (obligation.due_on - today).days
    lead = min((lead for lead in leads if lead >= left), default=None)
    if lead is None or left < 0:
        return None
    reminded = obligation.reminded_lead if obligation.reminded_due == obligation.due_on else None
    return lead if reminded is None or lead < reminded else None


def _look_on(obligation: Obligation, today: date, leads: Sequence[int]) -> date | None:
    """Return the first day on which there is something to tell, or the judgement no longer stands."""
    if obligation.holds == obligation.told_broken or _lead_reached(obligation, today, leads) is not None:
        return today
    if obligation.due_on is None:
        return None
    days = [obligation.due_on + timedelta(days=1)]
    if obligation.holds:
        days += [day for lead in leads if (day := obligation.due_on - timedelta(days=lead)) > today]
    return min(days)


def _passed(was: Obligation | None, today: date) -> date | None:
    """Return the day that broke it, where it was known to hold only so long; what broke earlier keeps its day."""
    if was is None:
        return None
    if not was.holds:
        return was.missed_on
    return was.due_on if was.due_on is not None and was.due_on < today else None
