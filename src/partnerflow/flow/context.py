"""What every use case takes: the store, the rules, the clock and the receivers of one Partnerflow."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, tzinfo
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from partnerflow.lifecycle import Lifecycle
    from partnerflow.policies import Pack
    from partnerflow.ports import Clock, HostRecords, NewId, Store
    from partnerflow.signals import After, Before


@attrs.frozen(kw_only=True)
class Context:
    """The parts that a Partnerflow is made of; see there for what each does."""

    store: Store
    pack: Pack
    lifecycle: Lifecycle
    tz: tzinfo
    clock: Clock
    new_id: NewId
    host_records: HostRecords | None
    before: Before
    after: After
    session: object | None = None
    """The host's own session or connection, under `within`."""

    def today(self, at: datetime | None = None) -> date:
        """Return the day in the district's time zone, now or at a moment."""
        return (at or self.clock()).astimezone(self.tz).date()


@attrs.frozen
class Opened:
    """A store that `Partnerflow.open` opened, and not the host."""

    close: Callable[[], None]
    reopen: Callable[[], Any] | None
    """Opens the same flow again, in another process; None where none could reach the data."""
