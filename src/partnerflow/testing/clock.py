"""A clock that a test sets and moves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Lock


class TickingClock:
    """A clock that starts at *start* and moves on by one second whenever it is read.

        from datetime import UTC, datetime
        from partnerflow import Partnerflow
        from partnerflow.adapters.memory import MemoryStore
        from partnerflow.testing import TickingClock

        clock = TickingClock(datetime(2026, 9, 15, 15, tzinfo=UTC))
        flow = Partnerflow(store=MemoryStore(), clock=clock)
        clock.move_on(days=30)

    It may be shared between threads.
    """

    __slots__ = ("_lock", "_next")

    def __init__(self, start: datetime) -> None:
        """Start at a moment that has a time zone. Raises ValueError for one without."""
        if start.utcoffset() is None:
            raise ValueError(f"{start.isoformat()} has no time zone: say which, as in 2026-09-15T15:00:00+00:00")
        self._next = start.astimezone(UTC)
        self._lock = Lock()

    def __call__(self) -> datetime:
        """Return the time, and move on by one second."""
        with self._lock:
            moment = self._next
            self._next += timedelta(seconds=1)
            return moment

    def __repr__(self) -> str:
        return f"<TickingClock, next {self._next.isoformat()}>"

    def peek(self) -> datetime:
        """Return the time that the next call will return, without moving on."""
        return self._next

    def move_on(self, *, days: float = 0, hours: float = 0, seconds: float = 0) -> None:
        """Let time pass; a negative amount turns the clock back, as happens to clocks of machines."""
        with self._lock:
            self._next += timedelta(days=days, hours=hours, seconds=seconds)

    def move_to(self, moment: datetime) -> None:
        """Set the clock to a moment that has a time zone."""
        with self._lock:
            self._next = moment.astimezone(UTC)
