"""What the core asks of the outside world: narrow protocols, one a reader, and the data that crosses them."""
# A method of a protocol is its docstring.
# pyright: reportReturnType=false

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from typing import Literal, Protocol, TypeAlias
from uuid import UUID

import attrs

from partnerflow.clauses import answers
from partnerflow.dossier import Neighbour
from partnerflow.events import Event
from partnerflow.history import Attempt, Transition
from partnerflow.lifecycle import Move
from partnerflow.obligations import Judgement, Obligation
from partnerflow.partnership import Partnership
from partnerflow.records import Entry, Licence, Partner, Record

Clock: TypeAlias = Callable[[], datetime]
"""Says what time it is: an aware moment."""
NewId: TypeAlias = Callable[[], UUID]
"""Makes an id that nobody has had before."""


class HostRecords(Protocol):
    """A host's own facts, as records (is this liaison still employed?): asked once a load, inside the transaction."""

    def __call__(self, partnership: Partnership, session: object | None) -> Iterable[Record]:
        """Give the host's records on *partnership*; *session* is the host's own, under `within`, else None."""


# --- the store (read by flow) --------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class Holding:
    """Everything that a store keeps on one partnership, as one transaction sees it."""

    partnership: Partnership
    moves: tuple[Move, ...]
    recorded_at: datetime
    """When its last transition was recorded."""
    link: str
    """The link of that transition."""
    made_under: str
    """Name and version of the table of that transition."""
    partner_file: tuple[Entry, ...]
    own_file: tuple[Entry, ...]
    obligations: tuple[Obligation, ...]
    """In the order of their codes."""
    events: int
    """How many events its outbox has had."""


@attrs.frozen(kw_only=True)
class PartnerFile:
    """A partner's own file, and its partnerships."""

    partner_id: UUID
    entries: tuple[Entry, ...]
    partnerships: tuple[Partnership, ...]
    """In the order of their ids."""


@attrs.frozen(kw_only=True)
class Receipt:
    """What an idempotency key did: which request, and the ids of the work."""

    key: str
    request: str
    """Hash of the request."""
    work: tuple[UUID, ...]


@attrs.frozen(kw_only=True)
class Placement:
    """Where a partnership works, by which others find it."""

    partnership_id: UUID
    sites: frozenset[str]
    places: frozenset[tuple[str, str]]
    """Each site and content area of its services."""


@answers("SPPS-III.D0")
@attrs.frozen(kw_only=True)
class Changes:
    """All that one request writes; a store takes it whole or not at all."""

    partnership: Partnership | None = None
    """As it stands afterwards; new if the store does not have it."""
    partner: tuple[UUID, Partner] | None = None
    """A partner's id and what is now on file of it, by which it is found."""
    transition: Transition | None = None
    entries: Sequence[Entry] = ()
    judgements: Sequence[Judgement] = ()
    placements: Sequence[Placement] = ()
    events: Sequence[Event] = ()
    attempt: Attempt | None = None
    receipt: Receipt | None = None


class Transaction(Protocol):
    """One transaction of a store: what it reads is what it will write upon."""

    @property
    def session(self) -> object | None:
        """The host's own session or connection, or None in a transaction of ours."""

    def receipt(self, key: str) -> Receipt | None:
        """Give what the key has done."""

    def holding(self, partnership_id: UUID, *, lock: bool = False) -> Holding | None:
        """Give everything on a partnership; with *lock*, nobody else changes it until this transaction ends."""

    def partner_file(self, partner_id: UUID, *, lock: bool = False) -> PartnerFile | None:
        """Give a partner's own file; with *lock*, nobody else adds to it."""

    def partner_known_as(self, system: str, value: str) -> UUID | None:
        """Find a partner by its id elsewhere."""

    def file(self, file_id: UUID) -> tuple[Entry, ...]:
        """Give a file by its id, such as the district's own (the zero id)."""

    def entries(self, ids: Sequence[UUID]) -> tuple[Entry, ...]:
        """Give entries by id, in that order."""

    def transition(self, transition_id: UUID) -> Transition | None:
        """Give one transition by id."""

    def neighbours(
        self, places: frozenset[tuple[str, str]], *, apart_from: UUID, states: Sequence[str]
    ) -> tuple[Neighbour, ...]:
        """Give the services of other partnerships in *states* that share a place: a site and a content area.

        The site `"*"` stands for every site. In the order of the partnerships' ids, then of the services' names.
        """

    def write(self, changes: Changes) -> None:
        """Write all of it; it is the last thing that a request does."""

    def after_commit(self, call: Callable[[], None]) -> None:
        """Call *call* once what was written is committed, and never if it is not."""


class Inventory(Protocol):
    """Looking over everything that is kept."""

    def find(
        self,
        *,
        states: Sequence[str] | None = None,
        site: str | None = None,
        kind: str | None = None,
        partner_id: UUID | None = None,
        name: str | None = None,
        ids: Mapping[str, str] | None = None,
    ) -> Iterator[tuple[Partnership, str]]:
        """Give the partnerships that fit, with their partners' names, in the order of their ids."""

    def holdings(
        self, *, apart_from: Sequence[str] = (), after: UUID | None = None, through: UUID | None = None
    ) -> Iterator[Holding]:
        """Give everything on every partnership but those in the states *apart_from*, in the order of their ids.

        Only of ids greater than *after*, up to and with *through*. It is read a few at a time, each as one moment has
        it: nobody who writes waits, and no more than a few lie in memory, however many there are.
        """

    def due(self, on: date, digest: str, live: Sequence[str]) -> Iterator[UUID]:
        """Give the partnerships that a sweep has work on: a day to look on, or live and judged under another pack."""

    def history(self, partnership_id: UUID) -> Iterator[Transition]:
        """Give every transition of a partnership, oldest first."""

    def attempts(self, partnership_id: UUID) -> Iterator[Attempt]:
        """Give every refused attempt, oldest first."""

    def partnership_ids(self) -> Iterator[UUID]:
        """Give the id of every partnership."""

    def files(self) -> Iterator[tuple[UUID, Iterator[Entry]]]:
        """Give every file with its entries, oldest first."""


class Outbox(Protocol):
    """What is to be told to the outside, as it was committed."""

    def outgoing(self) -> Iterator[Event]:
        """Give every event that the outbox holds, in order within each partnership."""


class Store(Inventory, Outbox, Protocol):
    """Where everything of one tenant is kept."""

    @property
    def tenant(self) -> str:
        """Whose data this is; part of every key."""

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Open a transaction that commits at the end of the block, and leaves nothing behind if the block raises."""

    def reading(self) -> AbstractContextManager[Transaction]:
        """Open a transaction that only reads, and holds nobody up."""

    def within(self, session: object) -> Store:
        """Give this store inside a transaction of the host's, which it never begins, commits or rolls back."""

    def committed(self) -> None:
        """Learn from the host that a bare connection has been committed."""


# --- what an outside system lists (read by adapters/standards, taken in by flow/admit) -----------------------------


@attrs.frozen
class Listing:
    """An organisation as an outside system lists it, known by `partner.ids`."""

    partner: Partner
    standing: Literal["active", "inactive", "unknown", "organization"]
    """How the system says that it stands with the district; `organization`: it stands for others, not for itself."""


@attrs.frozen
class Licensed:
    """A licence of a listed organisation, which is named by its outside id (`"edfi:19255901"`)."""

    partner: str
    licence: Licence
