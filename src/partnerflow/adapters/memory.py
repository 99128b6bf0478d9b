"""Everything in memory: for tests and notebooks. It keeps what it is given, and forgets it with the process."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from threading import RLock
from uuid import UUID

from partnerflow.dossier import Neighbour, overlap, services_at
from partnerflow.errors import InvalidRequest
from partnerflow.events import Event
from partnerflow.history import Attempt, Transition
from partnerflow.obligations import Judgement
from partnerflow.partnership import Partnership
from partnerflow.ports import Changes, Holding, PartnerFile, Placement, Receipt, Store, Transaction
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
        changes: list[Changes] = []
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
        self, *, states: Sequence[str] | None = None, site: str | None = None, kind: str | None = None,
        partner_id: UUID | None = None, name: str | None = None, ids: Mapping[str, str] | None = None,
    ) -> Iterator[tuple[Partnership, str]]:  # fmt: skip
        """Give the partnerships that fit, with their partners' names."""
        with self._lock:
            everything = sorted(self._kept.partnerships.values(), key=lambda partnership: partnership.id)
        for each in everything:
            partner = self._kept.partners[each.partner_id]
            placed = self._kept.placements.get(each.id)
            if (
                (states is None or each.state in states)
                and (site is None or (placed is not None and overlap(frozenset({site}), placed.sites)))
                and (kind is None or partner.kind == kind)
                and (partner_id is None or each.partner_id == partner_id)
                and (name is None or name.casefold() in partner.name.casefold())
                and (ids is None or ids.items() <= partner.ids.items())
            ):
                yield each, partner.name

    def holdings(
        self, *, apart_from: Sequence[str] = (), after: UUID | None = None, through: UUID | None = None
    ) -> Iterator[Holding]:
        """Give everything on every partnership but those in some states, one at a time."""
        for each in self.partnership_ids():
            if (after is not None and each <= after) or (through is not None and each > through):
                continue
            with self.reading() as tx:
                holding = tx.holding(each)
            if holding is not None and holding.partnership.state not in apart_from:
                yield holding

    def due(self, on: date, digest: str, live: Sequence[str]) -> Iterator[UUID]:
        """Give the partnerships that a sweep has something to do for."""
        for partnership_id, judged in sorted(self._kept.judgements.items()):
            looks = [obligation.look_on for obligation in judged.obligations if obligation.look_on is not None]
            changed = judged.digest != digest and self._kept.partnerships[partnership_id].state in live
            if changed or min(looks, default=date.max) <= on:
                yield partnership_id

    def history(self, partnership_id: UUID) -> Iterator[Transition]:
        """Give every transition, oldest first."""
        return iter(list(self._kept.transitions.get(partnership_id, ())))

    def attempts(self, partnership_id: UUID) -> Iterator[Attempt]:
        """Give every refused attempt, oldest first."""
        return iter(list(self._kept.attempts.get(partnership_id, ())))

    def partnership_ids(self) -> Iterator[UUID]:
        """Give the id of every partnership."""
        with self._lock:
            return iter(sorted(self._kept.partnerships))

    def files(self) -> Iterator[tuple[UUID, Iterator[Entry]]]:
        """Give every file with its entries."""
        return ((file_id, iter(list(entries))) for file_id, entries in sorted(self._kept.files.items()))

    def outgoing(self) -> Iterator[Event]:
        """Give every event, in order within each partnership."""
        return iter([event for _, events in sorted(self._kept.events.items()) for event in events])


class _Kept:
    """Everything that is kept, by id."""

    def __init__(self) -> None:
        self.partners: dict[UUID, Partner] = {}
        self.partnerships: dict[UUID, Partnership] = {}
        self.files: dict[UUID, list[Entry]] = defaultdict(list)
        self.transitions: dict[UUID, list[Transition]] = defaultdict(list)
        self.attempts: dict[UUID, list[Attempt]] = defaultdict(list)
        self.judgements: dict[UUID, Judgement] = {}
        self.placements: dict[UUID, Placement] = {}
        self.events: dict[UUID, list[Event]] = defaultdict(list)
        self.receipts: dict[str, Receipt] = {}

    def take(self, changes: Changes) -> None:
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
        self.placements |= {placement.partnership_id: placement for placement in changes.placements}
        for event in changes.events:
            self.events[event.partnership_id].append(event)
        if changes.attempt is not None:
            self.attempts[changes.attempt.partnership_id].append(changes.attempt)
        if changes.receipt is not None:
            self.receipts[changes.receipt.key] = changes.receipt


class _Transaction:
    """What one request reads and writes."""

    session = None

    def __init__(self, kept: _Kept, changes: list[Changes], calls: list[Callable[[], None]]) -> None:
        self._kept, self._changes, self._calls = kept, changes, calls

    def after_commit(self, call: Callable[[], None]) -> None:
        self._calls.append(call)

    def receipt(self, key: str) -> Receipt | None:
        return self._kept.receipts.get(key)

    def holding(self, partnership_id: UUID, *, lock: bool = False) -> Holding | None:  # noqa: ARG002  all is locked
        kept = self._kept
        partnership = kept.partnerships.get(partnership_id)
        if partnership is None:
            return None
        made = kept.transitions[partnership_id]
        return Holding(
            partnership=partnership,
            moves=tuple(transition.move for transition in made),
            recorded_at=made[-1].recorded_at,
            link=made[-1].link,
            made_under=made[-1].lifecycle,
            partner_file=tuple(kept.files[partnership.partner_id]),
            own_file=tuple(kept.files.get(partnership_id, ())),
            obligations=tuple(sorted(kept.judgements[partnership_id].obligations, key=lambda owed: owed.code)),
            events=len(kept.events[partnership_id]),
        )

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

    def partner_known_as(self, system: str, value: str) -> UUID | None:
        partners = self._kept.partners.items()
        return next((partner_id for partner_id, partner in partners if partner.ids.get(system) == value), None)

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

    def write(self, changes: Changes) -> None:
        self._changes.append(changes)
