"""Everything in memory: for tests and notebooks. It keeps what it is given, and forgets it with the process."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from itertools import islice
from threading import RLock
from uuid import UUID

import attrs

from partnerflow.dossier import Neighbour, overlap, services_at
from partnerflow.errors import InvalidRequest
from partnerflow.events import Event
from partnerflow.history import Attempt, Transition
from partnerflow.obligations import Judgement, Obligation
from partnerflow.partnership import Partnership
from partnerflow.ports import (
    EVERYTHING,
    Audit,
    ChangeSet,
    Erasure,
    IdempotencyRecord,
    PartnerFile,
    Query,
    SearchEntry,
    SearchField,
    Snapshot,
    StateEntry,
    Store,
    Transaction,
)
from partnerflow.records import Entry, Partner


class MemoryStore:
    """A store of one tenant, in one process, safe to share between its threads."""

    def __init__(self, *, tenant: str = "default") -> None:
        self.tenant = tenant
        self._lock = RLock()
        self._kept = _Kept()

    def __repr__(self) -> str:
        return f"<MemoryStore of {self.tenant}>"

    # --- transactions -----------------------------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Hold everybody else up, and apply what was written once the block has ended well."""
        calls: list[Callable[[], None]] = []
        changes: list[ChangeSet] = []
        with self._lock:
            yield _Transaction(self._kept, changes, calls)
            for change in changes:
                self._kept.take(change)
        for call in calls:
            call()

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Read what no writer is changing."""
        with self._lock:
            yield _Transaction(self._kept, [], [])

    def within(self, session: object) -> Store:
        """Memory has no transactions that a host could bring. Raises InvalidRequest."""
        raise InvalidRequest(
            "session", type(session).__name__, "a MemoryStore joins no transaction: use SQLAlchemyStore"
        )

    def committed(self) -> None:
        """Nothing waits here for a commit."""

    # --- looking over everything ------------------------------------------------------------------------------------

    def find(
        self, wanted: Query = EVERYTHING, *, after: UUID | None = None, limit: int | None = None
    ) -> Iterator[tuple[Partnership, str]]:
        """Return the partnerships that fit, with their partners' names."""
        with self._lock:
            everything = sorted(self._kept.partnerships.values(), key=lambda partnership: partnership.id)
        fitting = (each for each in everything if (after is None or each.id > after) and self._kept.fits(each, wanted))
        return ((each, self._kept.partners[each.partner_id].name) for each in islice(fitting, limit))

    def find_as_of(
        self, moment: datetime, *, states: Sequence[str] | None, partner_id: UUID | None, after: UUID | None,
        limit: int | None,
    ) -> Iterator[tuple[Partnership, StateEntry]]:  # fmt: skip
        """Return the partnerships as recorded up to and with *moment*, each with how it entered its state."""

        def as_then() -> Iterator[tuple[Partnership, StateEntry]]:
            for each in self.partnership_ids():
                made = [one for one in self._kept.transitions[each] if one.recorded_at <= moment]
                if not made:
                    continue
                now, last = self._kept.partnerships[each], made[-1]
                if (
                    (after is None or each > after)
                    and (states is None or last.target in states)
                    and (partner_id is None or now.partner_id == partner_id)
                ):
                    stood = attrs.evolve(now, state=last.target, version=last.version, since=None)
                    entered = made[last.entered - 1]
                    yield stood, StateEntry(entered.at, entered.move.since)

        return islice(as_then(), limit)

    def counts(self, wanted: Query) -> Mapping[str, int]:
        """Return how many partnerships fit, by state."""
        return Counter(each.state for each, _ in self.find(wanted))

    def holdings(
        self, *, apart_from: Sequence[str] = (), after: UUID | None = None, through: UUID | None = None
    ) -> Iterator[Snapshot]:
        """Return everything on every partnership but those in some states, one at a time."""
        for each in self.partnership_ids():
            if (after is not None and each <= after) or (through is not None and each > through):
                continue
            with self.reading() as tx:
                holding = tx.holding(each)
            if holding is not None and holding.partnership.state not in apart_from:
                yield holding

    def due(self, on: date, digest: str, live: Sequence[str], ended: Sequence[str]) -> Iterator[UUID]:
        """Return the partnerships that a sweep has something to do for."""
        for partnership_id, judged in sorted(self._kept.judgements.items()):
            state = self._kept.partnerships[partnership_id].state
            looks = [obligation.look_on for obligation in judged.obligations if obligation.look_on is not None]
            otherwise = (judged.digest != digest and state in live) or (not judged.digest and state in ended)
            if otherwise or min(looks, default=date.max) <= on:
                yield partnership_id

    def history(self, partnership_id: UUID) -> Iterator[Transition]:
        """Return every transition, oldest first."""
        return iter(list(self._kept.transitions.get(partnership_id, ())))

    def attempts(self, partnership_id: UUID) -> Iterator[Attempt]:
        """Return every refused attempt, oldest first."""
        return iter(list(self._kept.attempts.get(partnership_id, ())))

    def partnership_ids(self) -> Iterator[UUID]:
        """Return the id of every partnership."""
        with self._lock:
            return iter(sorted(self._kept.partnerships))

    @contextmanager
    def audit(self) -> Iterator[Audit]:
        """Look at everything that is chained, as it is now; whoever writes meanwhile writes elsewhere."""
        with self._lock:
            chained = self._kept.chained()
        yield _Audit(chained)

    def outgoing(self, partnership_id: UUID | None = None) -> Iterator[Event]:
        """Return the events of one partnership or of all, in order within each partnership."""
        kept = self._kept.events
        which = sorted(kept) if partnership_id is None else [partnership_id]
        return iter([event for each in which for event in kept.get(each, ())])


class _Kept:
    """Everything that is kept, by id."""

    def __init__(self) -> None:
        self.partners: dict[UUID, Partner] = {}
        self.partnerships: dict[UUID, Partnership] = {}
        self.files: dict[UUID, list[Entry]] = defaultdict(list)
        self.transitions: dict[UUID, list[Transition]] = defaultdict(list)
        self.attempts: dict[UUID, list[Attempt]] = defaultdict(list)
        self.judgements: dict[UUID, Judgement] = {}
        self.placements: dict[UUID, SearchEntry] = {}
        self.events: dict[UUID, list[Event]] = defaultdict(list)
        self.receipts: dict[str, IdempotencyRecord] = {}

    def chained(self) -> _Kept:
        """Return what is chained, as it is now."""
        now = _Kept()
        now.partnerships = dict(self.partnerships)
        now.files |= {file_id: list(entries) for file_id, entries in self.files.items()}
        now.transitions |= {partnership_id: list(made) for partnership_id, made in self.transitions.items()}
        return now

    def fits(self, each: Partnership, wanted: Query) -> bool:
        """Tell whether a partnership fits all that is said."""
        partner, placed = self.partners[each.partner_id], self.placements.get(each.id)
        found_by = frozenset[tuple[SearchField, str]]() if placed is None else placed.words
        return (
            (wanted.states is None or each.state in wanted.states)
            and (wanted.site is None or (placed is not None and overlap(frozenset({wanted.site}), placed.sites)))
            and (wanted.kind is None or partner.kind == wanted.kind)
            and (wanted.partner_id is None or each.partner_id == wanted.partner_id)
            and (wanted.ids is None or wanted.ids.items() <= partner.ids.items())
            and all(
                any(field == where and known.startswith(word) for where, known in found_by)
                for field, word in wanted.words
            )
            and (wanted.due_before is None or self._due_before(each.id, wanted.due_before))
        )

    def _due_before(self, partnership_id: UUID, day: date) -> bool:
        owed = self.judgements[partnership_id].obligations
        days = (due for each in owed for due in (each.due_on if each.holds else None, each.missed_on))
        return any(due is not None and due < day for due in days)

    def take(self, changes: ChangeSet) -> None:
        """Add what one request wrote."""
        if changes.partner is not None:
            self.partners[changes.partner[0]] = changes.partner[1]
        if changes.partnership is not None:
            self.partnerships[changes.partnership.id] = changes.partnership
        if changes.transition is not None:
            self.transitions[changes.transition.partnership_id].append(changes.transition)
        for entry in changes.entries:
            assert entry.file_id is not None  # noqa: S101  flow says of each where it lies
            self.files[entry.file_id].append(entry)
        self.judgements |= {judgement.partnership_id: judgement for judgement in changes.judgements}
        self.placements |= {placement.partnership_id: placement for placement in changes.search_entries}
        for event in changes.events:
            self.events[event.partnership_id].append(event)
        if changes.erasure is not None:
            self._blank(changes.erasure)
        if changes.attempt is not None:
            self.attempts[changes.attempt.partnership_id].append(changes.attempt)
        if changes.receipt is not None:
            self.receipts[changes.receipt.key] = changes.receipt

    def _blank(self, blanking: Erasure) -> None:
        for entry in blanking.entries:
            assert entry.file_id is not None  # noqa: S101  it lies on a file
            self.files[entry.file_id][entry.seq - 1] = entry
        for transition in blanking.transitions:
            self.transitions[transition.partnership_id][transition.version - 1] = transition
        if blanking.attempts:
            self.attempts.pop(blanking.partnership_id, None)


class _Audit:
    """Everything that is chained."""

    def __init__(self, kept: _Kept) -> None:
        self._kept = kept

    def partnership_ids(self) -> Iterator[UUID]:
        return iter(sorted(self._kept.partnerships))

    def partnerships(self, partnership_id: UUID | None = None) -> Iterator[tuple[Partnership, str]]:
        kept = self._kept
        for each, stands in sorted(kept.partnerships.items()):
            if partnership_id in (None, each):
                made = kept.transitions.get(each)
                yield stands, made[-1].link if made else ""

    def transitions(self, partnership_id: UUID | None = None) -> Iterator[Transition]:
        made = self._kept.transitions
        return (each for one in ([partnership_id] if partnership_id else sorted(made)) for each in made.get(one, ()))

    def file_ids(self) -> Iterator[UUID]:
        return iter(sorted(self._kept.files))

    def entries(self, file_id: UUID | None = None) -> Iterator[Entry]:
        files = self._kept.files
        return (each for one in (sorted(files) if file_id is None else [file_id]) for each in files.get(one, ()))

    def links(self, places: Collection[tuple[UUID, int]]) -> Mapping[tuple[UUID, int], str]:
        files = self._kept.files
        return {(file, seq): files[file][seq - 1].link for file, seq in places if 0 < seq <= len(files.get(file, ()))}


class _Transaction:
    """What one request reads and writes."""

    session = None

    def __init__(self, kept: _Kept, changes: list[ChangeSet], calls: list[Callable[[], None]]) -> None:
        self._kept, self._changes, self._calls = kept, changes, calls

    def after_commit(self, call: Callable[[], None]) -> None:
        self._calls.append(call)

    def receipt(self, key: str) -> IdempotencyRecord | None:
        return self._kept.receipts.get(key)

    def receipts(self, keys: Sequence[str]) -> Mapping[str, IdempotencyRecord]:
        return {key: self._kept.receipts[key] for key in keys if key in self._kept.receipts}

    def partnerships(self, partnership_ids: Sequence[UUID]) -> Mapping[UUID, Partnership]:
        known = self._kept.partnerships
        return {each: known[each] for each in partnership_ids if each in known}

    def holding(self, partnership_id: UUID, *, lock: bool = False) -> Snapshot | None:  # noqa: ARG002  all is locked
        kept = self._kept
        partnership = kept.partnerships.get(partnership_id)
        if partnership is None:
            return None
        made = kept.transitions[partnership_id]
        return Snapshot(
            partnership=partnership,
            moves=tuple(transition.move for transition in made),
            recorded_at=made[-1].recorded_at,
            link=made[-1].link,
            lifecycle_version=made[-1].lifecycle,
            partner_file=tuple(kept.files[partnership.partner_id]),
            own_file=tuple(kept.files.get(partnership_id, ())),
            obligations=tuple(sorted(kept.judgements[partnership_id].obligations, key=lambda owed: owed.code)),
            events=len(kept.events[partnership_id]),
            pack_digest=kept.judgements[partnership_id].digest,
        )

    def holdings(
        self,
        partnership_ids: Sequence[UUID],
        *,
        lock: bool = True,  # noqa: ARG002  all is locked
        unless_busy: bool = False,  # noqa: ARG002  nobody else is here
    ) -> Mapping[UUID, Snapshot]:
        found = {each: self.holding(each) for each in sorted(partnership_ids)}
        return {each: holding for each, holding in found.items() if holding is not None}

    def obligations(self, partnership_ids: Sequence[UUID]) -> Mapping[UUID, tuple[Obligation, ...]]:
        found = {each: self._kept.judgements[each] for each in partnership_ids if each in self._kept.judgements}
        return {
            each: tuple(sorted(judged.obligations, key=lambda owed: owed.code))
            for each, judged in found.items()
            if judged.obligations
        }

    def partner_file(self, partner_id: UUID, *, lock: bool = False) -> PartnerFile | None:  # noqa: ARG002  all is locked
        kept = self._kept
        if partner_id not in kept.partners:
            return None
        theirs = [each for each in kept.partnerships.values() if each.partner_id == partner_id]
        return PartnerFile(
            partner_id=partner_id,
            entries=tuple(kept.files[partner_id]),
            partnerships=tuple(sorted(theirs, key=lambda partnership: partnership.id)),
        )

    def partner_files(self, partner_ids: Sequence[UUID]) -> Mapping[UUID, PartnerFile]:
        found = {each: self.partner_file(each) for each in sorted(partner_ids)}
        return {each: file for each, file in found.items() if file is not None}

    def partner_known_as(self, system: str, value: str) -> UUID | None:
        return self.partners_known_as([(system, value)]).get((system, value))

    def partners_known_as(self, ids: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], UUID]:
        partners = self._kept.partners.items()
        known = {said: partner_id for partner_id, partner in partners for said in partner.ids.items()}
        return {said: known[said] for said in ids if said in known}

    def file(self, file_id: UUID) -> tuple[Entry, ...]:
        return tuple(self._kept.files.get(file_id, ()))

    def entries(self, ids: Sequence[UUID]) -> tuple[Entry, ...]:
        found = {entry.id: entry for entries in self._kept.files.values() for entry in entries}
        return tuple(found[entry_id] for entry_id in ids)

    def transition(self, transition_id: UUID) -> Transition | None:
        made = (each for transitions in self._kept.transitions.values() for each in transitions)
        return next((transition for transition in made if transition.id == transition_id), None)

    def neighbours(
        self, places: frozenset[tuple[str, str]], *, apart_from: UUID, states: Sequence[str]
    ) -> tuple[Neighbour, ...]:
        kept = self._kept
        return tuple(
            Neighbour(str(partnership_id), kept.partners[partnership.partner_id].name, service)
            for partnership_id, partnership in sorted(kept.partnerships.items())
            if partnership_id != apart_from and partnership.state in states
            for service in services_at(places, kept.files.get(partnership_id, ()))
        )

    def write(self, *changes: ChangeSet) -> None:
        self._changes.extend(changes)
