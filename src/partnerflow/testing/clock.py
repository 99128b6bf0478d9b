"""A clock that a test holds in its hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Lock


class TickingClock:
    """Says *start* when first read, and a second more at each reading; safe to share between threads.

    flow = Partnerflow(store=MemoryStore(), clock=(clock := TickingClock(datetime(2026, 9, 15, 15, tzinfo=UTC))))
    clock.move_on(days=30)
    """

    __slots__ = ("_lock", "_next")

    def __init__(self, start: datetime) -> None:
        """Start at an aware moment. Raises ValueError for one without a time zone."""
        if start.utcoffset() is None:
            raise ValueError(f"{start.isoformat()} has no time zone: say which, as in 2026-09-15T15:00:00+00:00")
        self._next = start.astimezone(UTC)
        self._lock = Lock()

    def __call__(self) -> datetime:
        """Return the moment, and move on a second."""
        with self._lock:
            moment = self._next
            self._next += timedelta(seconds=1)
            return moment

    def __repr__(self) -> str:
        return f"<TickingClock, next {self._next.isoformat()}>"

    def peek(self) -> datetime:
        """Return the moment that the next reading will say, and stay there."""
        return self._next

    def move_on(self, *, days: float = 0, hours: float = 0, seconds: float = 0) -> None:
        """Let so much time pass; less than nothing turns the clock back, as clocks of machines are at times."""
        with self._lock:
            self._next += timedelta(days=days, hours=hours, seconds=seconds)

    def move_to(self, moment: datetime) -> None:
        """Go to an aware moment."""
        with self._lock:
            self._next = moment.astimezone(UTC)
