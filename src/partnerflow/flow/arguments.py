"""Read and check the arguments that many calls share: moments, reasons, expected versions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple, TypeVar

from partnerflow import gate
from partnerflow.actors import Actor
from partnerflow.errors import Conflict, InvalidRequest
from partnerflow.lifecycle import Move
from partnerflow.ports import Snapshot
from partnerflow.records import Entry
from partnerflow.records.conversion import moment_text

from .context import Context

T = TypeVar("T")


FAR_AHEAD = timedelta(days=7)
"""How far what was recorded last may be ahead of the clock, as the clocks of several machines differ.

What is further ahead was recorded by a clock that was wrong, and binds nobody.
"""


class Times(NamedTuple):
    """The moments of a request, all aware and in UTC."""

    at: datetime
    """When what is requested happened."""
    recorded_at: datetime
    """When it is recorded: by the clock, and never earlier than what was recorded before."""
    now: datetime
    """What the clock says; its day is the one that is judged."""


def read_times(
    context: Context,
    at: datetime | None,
    *files: Sequence[Entry],
    after: datetime | None = None,
    moves: Iterable[Move] = (),
) -> Times:
    """Read the clock and the argument `at`.

    Nothing is recorded before *after* or before the last entry of one of *files*, and nothing happened before the last
    of *moves*; what was recorded far ahead of the clock counts for neither. Raises as `_happened_at` does.
    """
    now = gate.moment(context.clock(), "clock")
    last = (file[-1].recorded_at for file in files if file)
    recorded_at = max([now, *(moment for moment in (after, *last) if moment and moment - now <= FAR_AHEAD)])
    made = (move.at for move in moves if move.at is not None and move.at <= recorded_at)
    return Times(_happened_at(at, recorded_at, max(made, default=None)), recorded_at, now)


def _happened_at(at: datetime | None, now: datetime, not_before: datetime | None = None) -> datetime:
    """Read the argument `at`; None is *now*.

    Raises InvalidRequest for a moment without a time zone, in the future, or before *not_before*, the last step.
    """
    if at is None:
        return now
    at = gate.moment(at, "at")
    if at > now:
        raise InvalidRequest("at", moment_text(at), f"is in the future (now is {moment_text(now)})")
    if not_before is not None and at < not_before:
        raise InvalidRequest("at", moment_text(at), f"is before the partnership's last step, {moment_text(not_before)}")
    return at


def times_on(context: Context, snapshot: Snapshot, at: datetime | None) -> Times:
    """Return the moments of a request about a partnership; it cannot have happened before the last step."""
    files = snapshot.partner_file, snapshot.own_file
    return read_times(context, at, *files, after=snapshot.recorded_at, moves=snapshot.moves)


def refuse_too_far_back(context: Context, by: Actor, times: Times) -> None:
    """Raise InvalidRequest for a step that is dated further back than the pack allows *by*."""
    pack, day = context.pack, context.today(times.at)
    allowed = pack.days_back(by)
    if (context.today(times.now) - day).days > allowed:
        further = ", ".join(pack.may_date_back(allowed)) or "no role"
        remedy = f"is more than {allowed} days back, which is as far as the pack {pack.name} lets {by.id} date a step"
        raise InvalidRequest("at", moment_text(times.at), f"{remedy}; {further} may go further")


def required_reason(reason: str | None, remedy: str) -> str:
    """Return the reason of a request that must have one. Raises InvalidRequest with *remedy* where it has none."""
    if reason is None:
        raise InvalidRequest("reason", "none", remedy)
    return reason


def check_version(snapshot: Snapshot, expected: int | None) -> None:
    """Raise Conflict where the partnership is not at the version that the caller expects."""
    actual = snapshot.partnership.version
    if expected is not None and expected != actual:
        raise Conflict(snapshot.partnership.id, expected, actual)


def batched(items: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    """Yield *size* items at a time, and then the rest (itertools.batched from Python 3.12 on)."""
    left = iter(items)
    while some := tuple(islice(left, size)):
        yield some
