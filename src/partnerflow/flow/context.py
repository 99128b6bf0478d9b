"""What every use case takes: the store, the rules, the clock and the receivers of one Partnerflow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, tzinfo
from typing import TYPE_CHECKING, Any, Literal

import attrs

from partnerflow import gate
from partnerflow.errors import NestedWrite

from .request import Request

if TYPE_CHECKING:
    from partnerflow.actors import Actor
    from partnerflow.lifecycle import Lifecycle
    from partnerflow.policies import Pack
    from partnerflow.ports import Clock, HostRecords, NewId, Store, Transaction
    from partnerflow.records import Record
    from partnerflow.signals import After, Before

_in_a_call: ContextVar[bool] = ContextVar("partnerflow.in_a_call", default=False)
"""Whether this thread or task is inside a transaction of some Partnerflow, so that code of the host's runs in it."""


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
    longest_text: int = gate.LONGEST_TEXT
    """How many characters a text may have that is filed or given as a reason."""

    def request(
        self,
        by: Actor,
        at: datetime | None = None,
        reason: str | None = None,
        expected_version: int | None = None,
        idempotency_key: str | None = None,
        word_of: Literal["partner"] | None = None,
    ) -> Request:
        """Read the arguments that every write takes. Raises InvalidRequest for one that cannot be stored."""
        request = Request(by, at, reason, expected_version, idempotency_key, word_of)
        gate.no_longer(request.reason, "reason", self.longest_text)
        return request

    def read_back(self, record: Record) -> tuple[Record, str]:
        """Return a record as it will be read back, and its text. Raises InvalidRecord with every fault."""
        return gate.read_back(record, self.longest_text)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Open a transaction that writes; every write of a flow begins here.

        Raises NestedWrite inside a transaction of a Partnerflow, where a receiver of `before`, `host_records` or a
        policy may call us. A second writer would wait for the first for ever, or write what the first then undoes.
        """
        if _in_a_call.get():
            raise NestedWrite
        with self.store.transaction() as tx, _call():
            yield tx

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Open a transaction that only reads; it may be opened inside another."""
        with self.store.reading() as tx, _call():
            yield tx

    def today(self, at: datetime | None = None) -> date:
        """Return the day in the district's time zone, now or at a moment."""
        return (at or self.clock()).astimezone(self.tz).date()


@contextmanager
def _call() -> Iterator[None]:
    """Mark what runs inside; it ends before the commit, so that receivers of `after` may write."""
    token = _in_a_call.set(True)
    try:
        yield
    finally:
        _in_a_call.reset(token)


@attrs.frozen
class Opened:
    """A store that `Partnerflow.open` opened, and not the host."""

    close: Callable[[], None]
    reopen: Callable[[], Any] | None
    """Opens the same flow again, in another process; None where none could reach the data."""
