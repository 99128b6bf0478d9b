"""Everything in memory: for tests and notebooks. It keeps what it is given, and forgets it with the process."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import date
from itertools import islice
from threading import RLock
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

import attrs

from partnerflow.dossier import Neighbour, overlap, services_at
from partnerflow.errors import InvalidRequest
from partnerflow.events import Event
from partnerflow.history import Attempt, Chain, PackInForce, Transition
from partnerflow.obligations import Judgement, Obligation
from partnerflow.partnership import Partnership
from partnerflow.ports import EVERYTHING, ChangeSet, IdempotencyRecord, Query, SearchEntry, Snapshot
from partnerflow.records import Entry, Partner

V = TypeVar("V")
Pair: TypeAlias = tuple[str, str]
Ids: TypeAlias = Sequence[UUID]
Found: TypeAlias = Iterator[tuple[Partnership, str]]


class MemoryStore:
    """A store of one tenant, in one process, safe to share between its threads."""

    def __init__(self, *, tenant: str = "default") -> None:
        self.tenant = tenant
        self._lock, self._data = RLock(), _Data()

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

    reading = transaction

    def within(self, session: object) -> MemoryStore:
        """Raise InvalidRequest: memory has no transaction that a host could open."""
        raise InvalidRequest("session", type(session).__name__, "memory joins no transaction: use SQLAlchemyStore")

    def committed(self) -> None:
        """Do nothing: no call waits for a host's commit."""

    def find(self, query: Query = EVERYTHING, *, after: UUID | None = None, limit: int | None = None) -> Found:
        """Yield the partnerships that fit, each with its partner's name."""
        with self._lock:
            everything = sorted(self._data.partnerships.items())
        found = filter(None, (self._data.match(each, query) for key, each in everything if not after or key > after))
        return ((each, self._data.partners[each.partner_id].name) for each in islice(found, limit))

    def counts(self, query: Query) -> Mapping[str, int]:
        """Return how many partnerships fit, by state."""
        return Counter(each.state for each, _ in self.find(query))

    def due(self, on: date, digest: str, live: Sequence[str], ended: Sequence[str]) -> Iterator[UUID]:
        """Yield the partnerships that a sweep has work on."""
        for partnership_id, judgement in sorted(self._data.judgements.items()):
            state = self._data.partnerships[partnership_id].state
            otherwise = (judgement.digest != digest and state in live) or (not judgement.digest and state in ended)
            if otherwise or any(each.next_check_on and each.next_check_on <= on for each in judgement.obligations):
                yield partnership_id

    def attempts(self, partnership_id: UUID) -> Iterator[Attempt]:
        """Yield every refused attempt, oldest first."""
        return _of(self._data.attempts, partnership_id)

    def audit(self) -> nullcontext[_Audit]:
        """Open a view of a copy of everything that is chained."""
        with self._lock:
            return nullcontext(_Audit(self._data))

    def outgoing(self, partnership_id: UUID | None = None) -> Iterator[Event]:
        """Yield the events of one partnership or of all, in order within each partnership."""
        return _of(self._data.events, partnership_id)


# Everything that the store has, by id.
class _Data:
    def __init__(self) -> None:
        self.partners: dict[UUID, Partner] = {}
        self.partnerships: dict[UUID, Partnership] = {}
        self.files: defaultdict[Any, list[Entry]] = defaultdict(list)
        self.transitions: defaultdict[UUID, list[Transition]] = defaultdict(list)
        self.attempts: defaultdict[UUID, list[Attempt]] = defaultdict(list)
        self.events: defaultdict[UUID, list[Event]] = defaultdict(list)
        self.judgements: dict[UUID, Judgement] = {}
        self.search_entries: dict[UUID, SearchEntry] = {}
        self.idempotency_records: dict[str, IdempotencyRecord] = {}
        self.packs: list[PackInForce] = []

    def match(self, partnership: Partnership, query: Query) -> Partnership | None:
        """Return a partnership, as it was recorded at the query's moment, if it fits all of the query."""
        partner, entry = self.partners[partnership.partner_id], self.search_entries.get(partnership.id)
        history, moment, before = self.transitions[partnership.id], query.as_of, query.due_before
        if moment is not None:
            past = [made for made in history if made.recorded_at <= moment]
            if not past:
                return None
            entered = history[past[-1].entered - 1]
            since = entered.move.since or entered.at.astimezone(moment.tzinfo).date()
            partnership = attrs.evolve(partnership, state=past[-1].target, version=past[-1].version, since=since)
        sites, words = (entry.sites, entry.words) if entry else (frozenset[str](), frozenset())
        owed = self.judgements[partnership.id].obligations
        days = [day for each in owed for day in (each.due_on if each.holds else None, each.missed_on)]
        fits = (
            (query.states is None or partnership.state in query.states)
            and (query.site is None or overlap(frozenset({query.site}), sites))
            and query.kind in (None, partner.kind)
            and query.partner_id in (None, partnership.partner_id)
            and (query.ids or {}).items() <= partner.ids.items()
            and all(any(kind == field and word.startswith(term) for kind, word in words) for field, term in query.words)
            and (before is None or any(day is not None and day < before for day in days))
        )
        return partnership if fits else None

    def apply(self, changes: ChangeSet) -> None:
        """Add what one request wrote."""
        self.partners |= dict(filter(None, [changes.partner]))
        self.partnerships |= {each.id: each for each in filter(None, [changes.partnership])}
        for entry in changes.entries:
            self.files[entry.file_id].append(entry)
        for transition in filter(None, [changes.transition]):
            self.transitions[transition.partnership_id].append(transition)
        for attempt in filter(None, [changes.attempt]):
            self.attempts[attempt.partnership_id].append(attempt)
        for event in changes.events:
            self.events[event.partnership_id].append(event)
        for judgement in changes.judgements:
            in_order = tuple(sorted(judgement.obligations, key=lambda obligation: obligation.code))
            self.judgements[judgement.partnership_id] = attrs.evolve(judgement, obligations=in_order)
        self.search_entries |= {each.partnership_id: each for each in changes.search_entries}
        self.idempotency_records |= {each.key: each for each in filter(None, [changes.idempotency])}
        self.packs += filter(None, [changes.pack])
        for erasure in filter(None, [changes.erasure]):
            for entry in erasure.entries:
                self.files[entry.file_id][entry.seq - 1] = entry
            for transition in erasure.transitions:
                self.transitions[transition.partnership_id][transition.version - 1] = transition
            kept = [each for each in self.attempts[erasure.partnership_id] if each not in erasure.attempts]
            self.attempts[erasure.partnership_id] = kept


# A copy of everything that is chained, as of the moment when it was made.
class _Audit:
    def __init__(self, data: _Data) -> None:
        self._partnerships = [each for _, each in sorted(data.partnerships.items())]
        self._transitions = {each: tuple(made) for each, made in data.transitions.items()}
        self._files = {file_id: tuple(entries) for file_id, entries in data.files.items()}

    def ids(self, chain: Chain) -> Iterator[UUID]:
        return iter(sorted(self._files)) if chain == "file" else (each.id for each in self._partnerships)

    def partnerships(self, partnership_id: UUID | None = None) -> Found:
        return ((p, self._transitions[p.id][-1].link) for p in self._partnerships if partnership_id in (None, p.id))

    def transitions(self, partnership_id: UUID | None = None) -> Iterator[Transition]:
        return _of(self._transitions, partnership_id)

    def entries(self, file_id: UUID | None = None) -> Iterator[Entry]:
        return _of(self._files, file_id)

    def links(self, places: Collection[tuple[UUID, int]]) -> Mapping[tuple[UUID, int], str]:
        return {(key, seq): each.link for key, seq in places for each in self._files.get(key, ()) if each.seq == seq}


# What one request reads and writes.
class _Transaction:
    def __init__(self, data: _Data) -> None:
        self._data, self.written, self.calls = data, list[ChangeSet](), list[Callable[[], None]]()

    def idempotency_records(self, keys: Sequence[str], *, lock: bool = False) -> Mapping[str, IdempotencyRecord]:  # noqa: ARG002
        return _those(self._data.idempotency_records, keys)

    def packs(self, *, lock: bool = False) -> tuple[PackInForce, ...]:  # noqa: ARG002
        return tuple(self._data.packs)

    def partnerships(self, partnership_ids: Ids) -> Mapping[UUID, Partnership]:
        return _those(self._data.partnerships, partnership_ids)

    def snapshots(self, partnership_ids: Ids, *, lock: bool = False, skip_locked: bool = False) -> dict[UUID, Snapshot]:  # noqa: ARG002
        return {key: self._snapshot(each) for key, each in self.partnerships(sorted(partnership_ids)).items()}

    def _snapshot(self, partnership: Partnership) -> Snapshot:
        history, judgement = self._data.transitions[partnership.id], self._data.judgements[partnership.id]
        files = self.files([partnership.partner_id, partnership.id])
        return Snapshot(
            partnership=partnership,
            moves=tuple(transition.move for transition in history),
            recorded_at=history[-1].recorded_at,
            link=history[-1].link,
            lifecycle_version=history[-1].lifecycle,
            partner_file=files[partnership.partner_id],
            own_file=files[partnership.id],
            obligations=judgement.obligations,
            events=len(self._data.events[partnership.id]),
            pack_digest=judgement.digest,
        )

    def obligations(self, partnership_ids: Ids) -> Mapping[UUID, tuple[Obligation, ...]]:
        judged = _those(self._data.judgements, partnership_ids)
        return {key: each.obligations for key, each in judged.items() if each.obligations}

    def history(self, partnership_id: UUID) -> Iterator[Transition]:
        return _of(self._data.transitions, partnership_id)

    def partnerships_of(self, partner_ids: Ids, *, lock: bool = False) -> dict[UUID, tuple[Partnership, ...]]:  # noqa: ARG002
        everything, known = sorted(self._data.partnerships.items()), _those(self._data.partners, sorted(partner_ids))
        return {key: tuple(each for _, each in everything if each.partner_id == key) for key in known}

    def partners_known_as(self, ids: Collection[Pair], *, lock: bool = False) -> Mapping[Pair, UUID]:  # noqa: ARG002
        return _those({pair: key for key, each in self._data.partners.items() for pair in each.ids.items()}, ids)

    def files(self, file_ids: Ids) -> dict[UUID, tuple[Entry, ...]]:
        return {each: tuple(_of(self._data.files, each)) for each in file_ids}

    def neighbours(self, places: frozenset[Pair], *, apart_from: UUID, states: Sequence[str]) -> tuple[Neighbour, ...]:
        return tuple(
            Neighbour(str(each.id), self._data.partners[each.partner_id].name, service)
            for _, each in sorted(self._data.partnerships.items())
            if each.id != apart_from and each.state in states
            for service in services_at(places, self.files([each.id])[each.id])
        )

    def write(self, *changes: ChangeSet) -> None:
        self.written += changes

    def after_commit(self, call: Callable[[], None]) -> None:
        self.calls.append(call)


def _those(everything: Mapping[Any, V], keys: Iterable[Any]) -> dict[Any, V]:
    return {key: everything[key] for key in keys if key in everything}


def _of(everything: Mapping[UUID, Sequence[V]], key: UUID | None) -> Iterator[V]:
    return iter([one for each in (sorted(everything) if key is None else [key]) for one in everything.get(each, ())])
