"""Purging: blank everything on partnerships that ended long ago.

How long something is kept counts from when it was recorded, or from when the ending was recorded if that is later: a
caller who dates an ending back does not shorten it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from uuid import UUID

import attrs

from partnerflow import gate
from partnerflow.errors import InvalidRequest
from partnerflow.ports import Query, Snapshot
from partnerflow.records import Entry, Partner, Redaction, months_after

from .arguments import required_reason
from .blank import BlankOrder, blank
from .context import Context
from .loading import lock_with_siblings
from .queries import attempts, history
from .request import Request
from .writing import write


@attrs.frozen(kw_only=True)
class Purged:
    """How much was blanked of a partnership that ended long ago."""

    partnership_id: UUID
    entries: int
    """How many records, those on the partner's file included."""
    steps: int
    """How many steps lost their reason and decision."""
    attempts: int = 0
    """How many refused attempts were deleted."""


def purge(context: Context, request: Request, *, before: date) -> Iterator[Purged]:
    """Blank partnerships that ended before a day, and longer ago than the pack has them kept, as they are read.

    Raises InvalidRequest at once, and not only when the first is read.
    """
    reason, months = required_reason(request.reason, "say why it is blanked"), context.pack.retention_months
    gate.day(before, "before")
    if months is None:
        remedy = "does not say how long ended partnerships are kept: set retention_months under [pack]"
        raise InvalidRequest("pack", context.pack.ref, remedy)
    return _purge(context, request, before=before, months=months, reason=reason)


def _purge(context: Context, request: Request, *, before: date, months: int, reason: str) -> Iterator[Purged]:
    today = context.today()

    def is_past(moment: datetime | None) -> bool:
        """Return whether what was recorded then is kept for no longer."""
        return moment is not None and _is_past(context.today(moment))

    def _is_past(day: date) -> bool:
        return day < before and months_after(day, months) <= today

    def has_ended(snapshot: Snapshot) -> bool:
        """Return whether a partnership has ended, and its ending, which is its last step, was recorded long ago."""
        return snapshot.partnership.state in context.lifecycle.final and is_past(snapshot.recorded_at)

    for ended, _ in context.store.find(Query(states=sorted(context.lifecycle.final))):
        if ended.since is None or not _is_past(ended.since):
            continue  # nothing is recorded before it happened
        steps = [step for step in history(context, ended.id) if not step.decision_redacted]
        refused = [attempt for attempt in attempts(context, ended.id) if is_past(attempt.recorded_at)]
        with context.transaction() as tx:
            locked = lock_with_siblings(context, tx, ended.id, ended=True)
            if not has_ended(locked.snapshot):
                continue
            entries = _not_blank(locked.snapshot.own_file)
            if locked.is_whole and all(map(has_ended, locked.siblings)):
                on_partner = _not_blank(locked.snapshot.partner_file)
                entries += [entry for entry in on_partner if not isinstance(entry.record, Partner)]
            entries = [entry for entry in entries if is_past(entry.recorded_at)]
            if not entries and not steps and not refused:
                continue
            order = BlankOrder(entries=entries, steps=steps, attempts=refused, reason=reason, purge=True)
            write(context, tx, blank(context, locked, order, request)[1])
        yield Purged(partnership_id=ended.id, entries=len(entries), steps=len(steps), attempts=len(refused))


def _not_blank(on_file: Sequence[Entry]) -> list[Entry]:
    return [entry for entry in on_file if not entry.redacted and not isinstance(entry.record, Redaction)]
