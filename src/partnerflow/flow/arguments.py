"""Read and check the arguments that many calls share: moments, reasons, expected versions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import TypeVar

from partnerflow.canonical import check_text
from partnerflow.errors import Conflict, InvalidRequest
from partnerflow.ports import Snapshot
from partnerflow.records import Entry
from partnerflow.records.conversion import moment_text

from .context import Context

T = TypeVar("T")


def to_utc(moment: datetime, argument: str) -> datetime:
    """Return *moment* in UTC. Raises InvalidRequest for one without a time zone."""
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise InvalidRequest(
            argument, moment.isoformat(), "has no time zone: say which, as in 2026-09-01T08:00:00+00:00"
        )
    return moment.astimezone(UTC)


def recording_time(context: Context, *files: Sequence[Entry], after: datetime | None = None) -> datetime:
    """Return the clock's moment, never earlier than *after* or than what was recorded last on *files*."""
    last = (file[-1].recorded_at for file in files if file)
    return max([to_utc(context.clock(), "clock"), *(moment for moment in (after, *last) if moment is not None)])


def recording_time_on(context: Context, snapshot: Snapshot) -> datetime:
    """Return the moment at which something more about *snapshot* is recorded."""
    return recording_time(context, snapshot.partner_file, snapshot.own_file, after=snapshot.recorded_at)


def happened_at(at: datetime | None, now: datetime, not_before: datetime | None = None) -> datetime:
    """Read the argument `at`. Raises InvalidRequest for a naive moment, the future, or before the last step."""
    if at is None:
        return now
    at = to_utc(at, "at")
    if at > now:
        raise InvalidRequest("at", moment_text(at), f"is in the future (now is {moment_text(now)})")
    if not_before is not None and at < not_before:
        raise InvalidRequest("at", moment_text(at), f"is before the partnership's last step, {moment_text(not_before)}")
    return at


def reason_text(reason: str | None) -> str | None:
    """Read the argument `reason`: an empty one is none. Raises InvalidRequest for what no database can keep."""
    if reason is None or not reason.strip():
        return None
    check_text(reason, "reason")
    return reason


def check_version(snapshot: Snapshot, version: int | None) -> None:
    """Raise Conflict where the partnership is not at the version that the caller expects."""
    actual = snapshot.partnership.version
    if version is not None and version != actual:
        raise Conflict(snapshot.partnership.id, version, actual)


def batched(everything: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    """Return *size* at a time, and the rest (itertools.batched from Python 3.12 on)."""
    left = iter(everything)
    while some := tuple(islice(left, size)):
        yield some
