"""Everything in memory: for tests and notebooks. It keeps what it is given, and forgets it with the process."""

# ruff: noqa: ARG002  one request at a time is in the store, so there is nothing to lock

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from itertools import islice
from threading import RLock
from typing import TypeVar
from uuid import UUID

import attrs

from partnerflow.dossier import Neighbour, overlap, services_at
from partnerflow.errors import InvalidRequest
from partnerflow.events import Event
from partnerflow.history import Attempt, Transition
from partnerflow.obligations import Judgement, Obligation
from partnerflow.partnership import Partnership
from partnerflow.ports import EVERYTHING, ChangeSet, IdempotencyRecord, PartnerFile, Query, SearchEntry, Snapshot
from partnerflow.records import Entry, Partner

K = TypeVar("K")
V = TypeVar("V")


class MemoryStore:
    """A store of one tenant, in one process, safe to share between its threads."""

    def __init__(self, *, tenant: str = "default") -> None:
        self.tenant = tenant
        self._lock = RLock()
        self._data = _Data()

    def __repr__(self) -> str:
        return f"<MemoryStore of {self.tenant}>"

    # --- transactions -----------------------------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[_Transaction]:
        """Lock everything, and apply what was written once the block has ended without an error."""
        with self._lock:
            tx = _Transaction(self._data)
            yield tx
            for changes in tx.written:
                self._data.apply(changes)
        for call in tx.calls:
            call()

    @contextmanager
    def reading(self) -> Iterator[_Transaction]:
        """Read what no writer is changing."""
        with self._lock:
            yield _Transaction(self._data)

    def within(self, session: object) -> MemoryStore:
        """Raise InvalidRequest: memory has no transaction that a host could open."""
        raise InvalidRequest(
            "session", type(session).__name__, "a MemoryStore joins no transaction: use SQLAlchemyStore"
        )

    def committed(self) -> None:
        """Do nothing: no call waits for a host's commit."""

    # --- search and lists -------------------------------------------------------------------------------------------

    def find(
        self, query: Query = EVERYTHING, *, after: UUID | None = None, limit: int | None = None
    ) -> Iterator[tuple[Partnership, str]]:
        """Yield the partnerships that fit, each with its partner's name."""
        data = self._data
        with self._lock:
            everything = sorted(data.partnerships.values(), key=lambda partnership: partnership.id)
        beyond = (each for each in everything if after is None or each.id > after)
        then = (data.as_of(each, query) for each in beyond)
        fitting = (each for each in then if each is not None and data.fits(each, query))
        return ((each, data.partners[each.partner_id].name) for each in islice(fitting, limit))

    def counts(self, query: Query) -> Mapping[str, int]:
        """Return how many partnerships fit, by state."""
        return Counter(each.state for each, _ in self.find(query))

    def due(self, on: date, digest: str, live: Sequence[str], ended: Sequence[str]) -> Iterator[UUID]:
        """Yield the partnerships that a sweep has work on."""
        for partnership_id, judgement in sorted(self._data.judgements.items()):
            state = self._data.partnerships[partnership_id].state
            otherwise = (judgement.digest != digest and state in live) or (not judgement.digest and state in ended)
            days = (each.next_check_on for each in judgement.obligations)
            if otherwise or any(day is not None and day <= on for day in days):
                yield partnership_id

    def attempts(self, partnership_id: UUID) -> Iterator[Attempt]:
        """Yield every refused attempt, oldest first."""
        return iter(_of(self._data.attempts, partnership_id))

    @contextmanager
    def audit(self) -> Iterator[_Audit]:
        """Open a view of a copy of everything that is chained."""
        with self._lock:
            audit = _Audit(self._data)
        yield audit

    def outgoing(self, partnership_id: UUID | None = None) -> Iterator[Event]:
        """Yield the events of one partnership or of all, in order within each partnership."""
        return iter(_of(self._data.events, partnership_id))


class _Data:
    """Everything that the store has, by id."""

    def __init__(self) -> None:
        self.partners: dict[UUID, Partner] = {}
        self.partnerships: dict[UUID, Partnership] = {}
        self.files: defaultdict[UUID, list[Entry]] = defaultdict(list)
        self.transitions: defaultdict[UUID, list[Transition]] = defaultdict(list)
        self.attempts: defaultdict[UUID, list[Attempt]] = defaultdict(list)
        self.judgements: dict[UUID, Judgement] = {}
        self.search_entries: dict[UUID, SearchEntry] = {}
        self.events: defaultdict[UUID, list[Event]] = defaultdict(list)
        self.idempotency_records: dict[str, IdempotencyRecord] = {}

    def as_of(self, partnership: Partnership, query: Query) -> Partnership | None:
        """Return a partnership as it was recorded at the query's moment; None if it did not exist yet."""
        if query.as_of is None:
            return partnership
        history = self.transitions[partnership.id]
        made = [transition for transition in history if transition.recorded_at <= query.as_of]
        if not made:
            return None
        entered = history[made[-1].entered - 1]
        since = entered.move.since or entered.at.astimezone(query.as_of.tzinfo).date()
        return attrs.evolve(partnership, state=made[-1].target, version=made[-1].version, since=since)

    def fits(self, partnership: Partnership, query: Query) -> bool:
        """Return whether a partnership fits all of a query."""
        partner = self.partners[partnership.partner_id]
        nothing = SearchEntry(partnership_id=partnership.id, sites=frozenset(), places=frozenset())
        entry = self.search_entries.get(partnership.id, nothing)
        judgement = self.judgements.get(partnership.id)
        conditions = (
            query.states is None or partnership.state in query.states,
            query.site is None or overlap(frozenset({query.site}), entry.sites),
            query.kind in (None, partner.kind),
            query.partner_id in (None, partnership.partner_id),
            query.ids is None or query.ids.items() <= partner.ids.items(),
            all(
                any(field == there and word.startswith(term) for there, word in entry.words)
                for field, term in query.words
            ),
            query.due_before is None or (judgement is not None and _is_due(judgement, query.due_before)),
        )
        return all(conditions)

    def apply(self, changes: ChangeSet) -> None:
        """Add what one request wrote."""
        if changes.partner is not None:
            self.partners[changes.partner[0]] = changes.partner[1]
        if changes.partnership is not None:
            self.partnerships[changes.partnership.id] = changes.partnership
        for transition in (changes.transition,) if changes.transition else ():
            self.transitions[transition.partnership_id].append(transition)
        for entry in changes.entries:
            self.files[_file_of(entry)].append(entry)
        self.judgements |= {judgement.partnership_id: judgement for judgement in changes.judgements}
        self.search_entries |= {entry.partnership_id: entry for entry in changes.search_entries}
        for event in changes.events:
            self.events[event.partnership_id].append(event)
        if changes.attempt is not None:
            self.attempts[changes.attempt.partnership_id].append(changes.attempt)
        if changes.idempotency is not None:
            self.idempotency_records[changes.idempotency.key] = changes.idempotency
        if changes.erasure is not None:
            for entry in changes.erasure.entries:
                self.files[_file_of(entry)][entry.seq - 1] = entry
            for transition in changes.erasure.transitions:
                self.transitions[transition.partnership_id][transition.version - 1] = transition
            if changes.erasure.attempts:
                self.attempts.pop(changes.erasure.partnership_id, None)


class _Audit:
    """A copy of everything that is chained, as of the moment when it was made."""

    def __init__(self, data: _Data) -> None:
        self._partnerships = dict(sorted(data.partnerships.items()))
        self._transitions = {each: list(made) for each, made in data.transitions.items()}
        self._files = {file_id: list(entries) for file_id, entries in data.files.items() if entries}

    def partnership_ids(self) -> Iterator[UUID]:
        return iter(self._partnerships)

    def partnerships(self, partnership_id: UUID | None = None) -> Iterator[tuple[Partnership, str]]:
        for each, partnership in self._partnerships.items():
            if partnership_id in (None, each):
                made = self._transitions.get(each)
                yield partnership, made[-1].link if made else ""

    def transitions(self, partnership_id: UUID | None = None) -> Iterator[Transition]:
        return iter(_of(self._transitions, partnership_id))

    def file_ids(self) -> Iterator[UUID]:
        return iter(sorted(self._files))

    def entries(self, file_id: UUID | None = None) -> Iterator[Entry]:
        return iter(_of(self._files, file_id))

    def links(self, places: Collection[tuple[UUID, int]]) -> Mapping[tuple[UUID, int], str]:
        known = {(file_id, entry.seq): entry.link for file_id, _ in places for entry in self._files.get(file_id, ())}
        return {place: known[place] for place in places if place in known}


class _Transaction:
    """What one request reads and writes; nobody else is in the store meanwhile, so there is nothing to lock."""

    def __init__(self, data: _Data) -> None:
        self._data = data
        self.written: list[ChangeSet] = []
        self.calls: list[Callable[[], None]] = []

    def idempotency_records(self, keys: Sequence[str], *, lock: bool = False) -> Mapping[str, IdempotencyRecord]:
        return _those(self._data.idempotency_records, keys)

    def partnerships(self, partnership_ids: Sequence[UUID]) -> Mapping[UUID, Partnership]:
        return _those(self._data.partnerships, partnership_ids)

    def snapshots(
        self, partnership_ids: Sequence[UUID], *, lock: bool = False, skip_locked: bool = False
    ) -> Mapping[UUID, Snapshot]:
        return {each: self._snapshot(each) for each in sorted(partnership_ids) if each in self._data.partnerships}

    def _snapshot(self, partnership_id: UUID) -> Snapshot:
        data = self._data
        partnership, made = data.partnerships[partnership_id], data.transitions[partnership_id]
        return Snapshot(
            partnership=partnership,
            moves=tuple(transition.move for transition in made),
            recorded_at=made[-1].recorded_at,
            link=made[-1].link,
            lifecycle_version=made[-1].lifecycle,
            partner_file=self.file(partnership.partner_id),
            own_file=self.file(partnership_id),
            obligations=_obligations(data.judgements[partnership_id]),
            events=len(data.events[partnership_id]),
            pack_digest=data.judgements[partnership_id].digest,
        )

    def obligations(self, partnership_ids: Sequence[UUID]) -> Mapping[UUID, tuple[Obligation, ...]]:
        judged = _those(self._data.judgements, partnership_ids)
        return {each: _obligations(judgement) for each, judgement in judged.items() if judgement.obligations}

    def history(self, partnership_id: UUID) -> Iterator[Transition]:
        return iter(_of(self._data.transitions, partnership_id))

    def partner_files(self, partner_ids: Sequence[UUID], *, lock: bool = False) -> Mapping[UUID, PartnerFile]:
        everything = sorted(self._data.partnerships.values(), key=lambda partnership: partnership.id)
        return {
            each: PartnerFile(
                partner_id=each,
                entries=self.file(each),
                partnerships=tuple(partnership for partnership in everything if partnership.partner_id == each),
            )
            for each in sorted(partner_ids)
            if each in self._data.partners
        }

    def partners_known_as(
        self, ids: Collection[tuple[str, str]], *, lock: bool = False
    ) -> Mapping[tuple[str, str], UUID]:
        partners = self._data.partners.items()
        return _those({pair: partner_id for partner_id, partner in partners for pair in partner.ids.items()}, ids)

    def file(self, file_id: UUID) -> tuple[Entry, ...]:
        return tuple(self._data.files.get(file_id, ()))

    def neighbours(
        self, places: frozenset[tuple[str, str]], *, apart_from: UUID, states: Sequence[str]
    ) -> tuple[Neighbour, ...]:
        return tuple(
            Neighbour(str(partnership_id), self._data.partners[partnership.partner_id].name, service)
            for partnership_id, partnership in sorted(self._data.partnerships.items())
            if partnership_id != apart_from and partnership.state in states
            for service in services_at(places, self.file(partnership_id))
        )

    def write(self, *changes: ChangeSet) -> None:
        self.written += changes

    def after_commit(self, call: Callable[[], None]) -> None:
        self.calls.append(call)


def _those(everything: Mapping[K, V], keys: Collection[K]) -> Mapping[K, V]:
    """Return what there is of *keys*."""
    return {key: everything[key] for key in keys if key in everything}


def _of(everything: Mapping[UUID, Sequence[V]], key: UUID | None) -> list[V]:
    """Return what belongs to one id, or to all in the order of the ids."""
    return [one for each in (sorted(everything) if key is None else [key]) for one in everything.get(each, ())]


def _obligations(judgement: Judgement) -> tuple[Obligation, ...]:
    return tuple(sorted(judgement.obligations, key=lambda obligation: obligation.code))


def _is_due(judgement: Judgement, day: date) -> bool:
    days = (due for each in judgement.obligations for due in (each.due_on if each.holds else None, each.missed_on))
    return any(due is not None and due < day for due in days)


def _file_of(entry: Entry) -> UUID:
    assert entry.file_id is not None  # noqa: S101  flow has put it on a file
    return entry.file_id
