"""Protocols for what the core needs from outside, each for one caller, and the data that they exchange."""
# The methods of a protocol have a docstring and no body.
# pyright: reportReturnType=false

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from typing import Literal, Protocol, TypeAlias
from uuid import UUID

import attrs

from partnerflow.clauses import answers
from partnerflow.dossier import Neighbour
from partnerflow.errors import InvalidRequest
from partnerflow.events import Event
from partnerflow.history import Attempt, Chain, PackInForce, Transition
from partnerflow.lifecycle import Move
from partnerflow.obligations import Judgement, Obligation
from partnerflow.partnership import Partnership
from partnerflow.records import Entry, Licence, Partner, Record

Clock: TypeAlias = Callable[[], datetime]
"""Returns the current moment, which is aware."""
NewId: TypeAlias = Callable[[], UUID]
"""Returns a new id."""


class HostRecords(Protocol):
    """A host's own facts, as records (is this liaison still employed?); called once a load, inside the transaction."""

    def __call__(self, partnership: Partnership, session: object | None) -> Iterable[Record]:
        """Return the host's records on *partnership*; *session* is the host's own, under `within`, else None."""


# --- the store (read by flow) --------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class Snapshot:
    """Everything on file of one partnership, as one transaction reads it."""

    partnership: Partnership
    moves: tuple[Move, ...]
    recorded_at: datetime
    """When its last transition was recorded."""
    link: str
    """The link of that transition."""
    lifecycle_version: str
    """Name and version of the table of that transition."""
    partner_file: tuple[Entry, ...]
    own_file: tuple[Entry, ...]
    obligations: tuple[Obligation, ...]
    """In the order of their codes."""
    events: int
    """How many events it has had; the number of the last one in the outbox."""
    pack_digest: str
    """Digest of the pack under which it was last evaluated; empty if it must be evaluated by any pack."""
    unreadable: str = ""
    """Why it or a step of it cannot be read; such a partnership is listed, and not evaluated."""
    unreadable_due: str = ""
    """Why an obligation cannot be read; likewise, until a sweep of everything has written its obligations anew."""


@attrs.frozen(kw_only=True)
class IdempotencyRecord:
    """What was made under an idempotency key."""

    key: str
    request: str
    """Hash of the request."""
    work: tuple[UUID, ...]


SearchField: TypeAlias = Literal["service", "contact", "text"]
"""The field of a word: the services, the contacts and liaisons, or any text by which records are found."""


@attrs.frozen(kw_only=True)
class SearchEntry:
    """What a partnership is found by."""

    partnership_id: UUID
    sites: frozenset[str]
    places: frozenset[tuple[str, str]]
    """Each site and content area of its services."""
    words: frozenset[tuple[SearchField, str]] = frozenset()
    """Each word, in lower case and without accents, with its field."""


@attrs.frozen(kw_only=True)
class Erasure:
    """Texts of one partnership to be blanked; the hash of each is kept.

    Of a transition these are its reason and its decision.
    """

    partnership_id: UUID
    entries: Sequence[Entry] = ()
    """As they will be, each with its hash in `redacted`."""
    transitions: Sequence[Transition] = ()
    """As they will be, each with its hashes in `reason_redacted` and `decision_redacted`."""
    attempts: Sequence[Attempt] = ()
    """The refused attempts that are deleted."""


@attrs.frozen(kw_only=True)
class Query:
    """What to search for; a partnership must fit all of it."""

    states: Sequence[str] | None = None
    site: str | None = None
    kind: str | None = None
    """The partner's kind."""
    partner_id: UUID | None = None
    ids: Mapping[str, str] | None = None
    """Ids of the partner elsewhere, by system."""
    words: frozenset[tuple[SearchField, str]] = frozenset()
    """Search terms: each is a prefix of a word in that field."""
    due_before: date | None = None
    """Something holds only until a day before that one, or was missed on such a day and still does not hold."""
    as_of: datetime | None = None
    """Search in what was recorded up to and including this moment. Raises InvalidRequest with more than `states` and
    `partner_id`, since the rest is known of today only. Its time zone decides on which day a state was entered."""

    def __attrs_post_init__(self) -> None:
        of_today_only = (self.site, self.kind, self.ids, self.due_before)
        if self.as_of is not None and (self.words or any(each is not None for each in of_today_only)):
            remedy = "goes with state, partner, after and limit only: the rest is not known of past moments"
            raise InvalidRequest("as_of", self.as_of, remedy)


EVERYTHING = Query()


@answers("SPPS-III.D0")
@attrs.frozen(kw_only=True)
class ChangeSet:
    """Everything that one request writes; a store writes all of it or nothing."""

    partnership: Partnership | None = None
    """The partnership afterwards; it may be new."""
    partner: tuple[UUID, Partner] | None = None
    """A partner's id and its newest record, by whose name, kind and ids it is found."""
    transition: Transition | None = None
    entries: Sequence[Entry] = ()
    judgements: Sequence[Judgement] = ()
    search_entries: Sequence[SearchEntry] = ()
    events: Sequence[Event] = ()
    erasure: Erasure | None = None
    attempt: Attempt | None = None
    idempotency: IdempotencyRecord | None = None
    pack: PackInForce | None = None
    """The pack under which sweeps run from now on; its number is the next one."""


class Transaction(Protocol):
    """One transaction of a store: what it writes is based on what it reads."""

    def idempotency_records(self, keys: Sequence[str], *, lock: bool = False) -> Mapping[str, IdempotencyRecord]:
        """Return the records of those keys that have been used.

        With *lock*, another transaction that locks one of the keys waits until this one ends, then sees its record.
        """

    def packs(self, *, lock: bool = False) -> Sequence[PackInForce]:
        """Return the packs under which sweeps have run, in the order of their numbers; the last one is in force.

        With *lock*, another transaction that locks them waits until this one ends, then sees what it has written.
        """

    def partnerships(self, partnership_ids: Sequence[UUID]) -> Mapping[UUID, Partnership]:
        """Return the partnerships that exist among these, without a lock and without their files."""

    def snapshots(
        self, partnership_ids: Sequence[UUID], *, lock: bool = False, skip_locked: bool = False
    ) -> Mapping[UUID, Snapshot]:
        """Return everything on each of these partnerships that exists, in the order of their ids.

        With *lock*, they are locked in that order, and no other transaction changes them until this one ends. With
        *skip_locked* as well, one that another transaction has locked is left out, where the database can tell.
        """

    def obligations(self, partnership_ids: Sequence[UUID]) -> Mapping[UUID, tuple[Obligation, ...]]:
        """Return the obligations of many partnerships, each partnership's in the order of their codes.

        A partnership that has none, or does not exist, is left out.
        """

    def history(self, partnership_id: UUID) -> Iterator[Transition]:
        """Yield every transition of a partnership, oldest first."""

    def partnerships_of(
        self, partner_ids: Sequence[UUID], *, lock: bool = False
    ) -> Mapping[UUID, tuple[Partnership, ...]]:
        """Return the partnerships of those partners that exist, partners and partnerships in the order of their ids.

        With *lock*, the partners are locked in that order, and no other transaction adds to their files.
        """

    def partners_known_as(
        self, ids: Collection[tuple[str, str]], *, lock: bool = False
    ) -> Mapping[tuple[str, str], UUID]:
        """Return the partners that have one of these outside ids, each a system and a value.

        With *lock*, another transaction that locks one of these ids waits until this one ends.
        """

    def files(self, file_ids: Sequence[UUID]) -> Mapping[UUID, tuple[Entry, ...]]:
        """Return each of these files, such as the district's own (the zero id); one without entries is empty.

        No other transaction adds to them.
        """

    def neighbours(
        self, places: frozenset[tuple[str, str]], *, apart_from: UUID, states: Sequence[str]
    ) -> tuple[Neighbour, ...]:
        """Return the services of other partnerships in *states* that share a place: a site and a content area.

        The site `"*"` stands for every site. In the order of the partnerships' ids, then of the services' names.
        """

    def write(self, *changes: ChangeSet) -> None:
        """Write all of it; it is the last thing that a request does.

        Of several about the same partnership, in their order, only one has a transition, and only one a judgement.
        """

    def after_commit(self, call: Callable[[], None]) -> None:
        """Call *call* once what was written is committed, and never if it is not."""


class Inventory(Protocol):
    """Everything that is on file, to be searched and listed."""

    def find(
        self, query: Query = EVERYTHING, *, after: UUID | None = None, limit: int | None = None
    ) -> Iterator[tuple[Partnership, str]]:
        """Yield the partnerships that fit, each with its partner's name, in the order of their ids.

        Only ids greater than *after*, and no more than *limit*. It is read in pages, so a partnership that is written
        meanwhile may or may not be seen.
        """

    def counts(self, query: Query) -> Mapping[str, int]:
        """Return how many partnerships fit, by state."""

    def due(self, on: date, digest: str, live: Sequence[str], ended: Sequence[str]) -> Iterator[UUID]:
        """Yield the partnerships that a sweep has work on, in any order; one may come more than once.

        These have a next check on or before the day, or are in a *live* state and were evaluated under another pack, or
        are *ended* and must be evaluated by any pack. It is read as the sweep goes on: what is done
        meanwhile may be left out.
        """

    def attempts(self, partnership_id: UUID) -> Iterator[Attempt]:
        """Yield every refused attempt, oldest first."""

    def audit(self) -> AbstractContextManager[Audit]:
        """Open a view of everything that is chained, as of one moment; no writer waits for it."""


class Audit(Protocol):
    """Everything that is chained, as of one moment, in streams that have only a page of rows in memory."""

    def ids(self, chain: Chain) -> Iterator[UUID]:
        """Yield the id of every partnership that has a history, or of every file, in order."""

    def partnerships(self, partnership_id: UUID | None = None) -> Iterator[tuple[Partnership, str]]:
        """Yield one partnership or every one, in the order of their ids, each with its last link.

        The link is empty where the partnership cannot be read.
        """

    def transitions(self, partnership_id: UUID | None = None) -> Iterator[Transition]:
        """Yield every transition, of one partnership or in the order of the partnerships' ids, then oldest first."""

    def entries(self, file_id: UUID | None = None) -> Iterator[Entry]:
        """Yield every entry, of one file or in the order of the files' ids, then oldest first."""

    def links(self, places: Collection[tuple[UUID, int]]) -> Mapping[tuple[UUID, int], str]:
        """Return the links of those entries that exist, each by its file's id and its number on the file."""


class Outbox(Protocol):
    """The events for other systems, as they were committed."""

    def outgoing(self, partnership_id: UUID | None = None) -> Iterator[Event]:
        """Yield the events in the outbox, of one partnership or of all, in order within each partnership."""


class Store(Inventory, Outbox, Protocol):
    """Everything of one tenant."""

    @property
    def tenant(self) -> str:
        """The tenant, which is part of every key."""

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Open a transaction that commits at the end of the block, and leaves nothing behind if the block raises."""

    def reading(self) -> AbstractContextManager[Transaction]:
        """Open a transaction that only reads, and blocks no writer."""

    def within(self, session: object) -> Store:
        """Return this store inside a transaction of the host's, which it never begins, commits or rolls back."""

    def committed(self) -> None:
        """Run the callbacks of a bare connection, which the host has committed."""


# --- what an outside system lists (read by adapters/standards, taken in by flow/admit) -----------------------------


@attrs.frozen
class Listing:
    """An organisation as an outside system lists it, known by `partner.ids`."""

    partner: Partner
    standing: Literal["active", "inactive", "unknown", "organization"]
    """Its status with the district in that system; `organization`: it only groups others."""


@attrs.frozen
class Licensed:
    """A licence of a listed organisation, which is named by its outside id (`"edfi:19255901"`)."""

    partner: str
    licence: Licence
