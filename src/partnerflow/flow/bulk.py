"""Many requests at once: some at a time, each lot in one transaction; one that fails spoils none of the others.

Each request has an idempotency key of its own, made of the batch's key and of what it asks. So a batch that was
stopped, by a crash or otherwise, is simply sent again: what was done is done once, and what was refused is judged anew.
"""
# A method of a protocol is its docstring.
# pyright: reportReturnType=false

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Generic, Literal, Protocol, TypeAlias, TypeVar
from uuid import UUID

import attrs

from partnerflow.canonical import check_text
from partnerflow.errors import Conflict, InvalidRequest, Refused, StoreError
from partnerflow.partnership import DISTRICT
from partnerflow.ports import ChangeSet, IdempotencyRecord, Transaction
from partnerflow.records import Document, Partner, Record

from .arguments import batched
from .context import Context
from .file import (
    DistrictFile,
    Shaped,
    about_partner,
    beside,
    file,
    for_district,
    on_partnership,
    request_to_file,
    shapes,
)
from .fire import fire, request_to, step
from .found_by import bear_on_finding
from .loading import pick_snapshot
from .propose import Beginning, adopt, adoption, begin
from .writing import write

if TYPE_CHECKING:
    from partnerflow.actors import Actor

LONGEST_KEY = 120
"""How many characters the key of a batch may have, so that there is room for each item beside it."""
MOST_AT_ONCE = 10_000
"""How many items may be in one transaction; databases take only so many values in one statement."""


# --- what may be asked ---------------------------------------------------------------------------------------------


def _is_id(_: object, named: attrs.Attribute[UUID], value: object) -> None:
    if not isinstance(value, UUID):
        raise InvalidRequest(named.name, repr(value), "must be a UUID, as uuid.UUID(...) makes one of a text")


def _is_partner_or_id(_: object, named: attrs.Attribute[Partner | UUID], value: object) -> None:
    if not isinstance(value, (Partner, UUID)):
        raise InvalidRequest(named.name, repr(value), "must be a Partner, or the UUID of one that is on file")


@attrs.frozen
class Step:
    """A step to be taken, as `Partnerflow.fire` takes it."""

    partnership_id: UUID = attrs.field(validator=_is_id)
    trigger: str
    reason: str | None = attrs.field(default=None, kw_only=True)
    at: datetime | None = attrs.field(default=None, kw_only=True)
    expected_version: int | None = attrs.field(default=None, kw_only=True)


@attrs.frozen
class Filing:
    """Records to be filed together, as `Partnerflow.file` files them."""

    subject: UUID = attrs.field(validator=_is_id)
    records: tuple[Record, ...] = attrs.field(converter=tuple[Record, ...])
    documents: tuple[Document, ...] = attrs.field(default=(), kw_only=True, converter=tuple[Document, ...])
    at: datetime | None = attrs.field(default=None, kw_only=True)
    expected_version: int | None = attrs.field(default=None, kw_only=True)


@attrs.frozen
class Adoption:
    """A partnership to be taken in, as `Partnerflow.adopt` takes it in."""

    partner: Partner | UUID = attrs.field(validator=_is_partner_or_id)
    state: str = attrs.field(kw_only=True)
    reason: str = attrs.field(kw_only=True)
    since: date | None = attrs.field(default=None, kw_only=True)
    at: datetime | None = attrs.field(default=None, kw_only=True)


Outcome: TypeAlias = Literal["done", "refused", "conflict", "failed"]
Item = TypeVar("Item", Step, Filing, Adoption)


@attrs.frozen(kw_only=True)
class Done(Generic[Item]):
    """What became of one item of a batch."""

    item: Item
    outcome: Outcome
    """`refused`: the district's rules say no, see `error.decision`; `conflict`: it is not at the version expected."""
    work: tuple[UUID, ...] = ()
    """The ids of what was made: a transition, entries, or a partnership; the same where the batch is sent again."""
    error: Exception | None = None
    """What `fire`, `file` or `adopt` would have raised."""


# --- the three kinds -----------------------------------------------------------------------------------------------

Read = TypeVar("Read", None, list[Shaped], Beginning)
"""What an item says, once it was read: nothing more, its records with their texts, or how it begins."""


@attrs.frozen
class _Asked(Generic[Item, Read]):
    """An item whose shape is right."""

    place: int
    """Its place in the batch."""
    item: Item
    read: Read
    receipt: IdempotencyRecord
    """Still without its work."""


Touches: TypeAlias = tuple[frozenset[Hashable], frozenset[Hashable]]
"""What the judgement of an item depends on, and what doing it changes."""
Made: TypeAlias = tuple[ChangeSet, Refused | None]
"""What an item would write, and why it is refused, if it is."""


class _Kind(Protocol[Item, Read]):
    """How one kind of item is worked on."""

    def read(self, item: Item) -> tuple[Read, str]:
        """Check the shape of an item; give what it says, and a hash of it by which it is known again."""

    def touches(self, items: Sequence[Item]) -> Sequence[Touches]:
        """Say of each what it depends on and what it changes: only what no other of its lot changes is loaded right."""

    def lot(self, tx: Transaction, asked: Sequence[_Asked[Item, Read]]) -> Callable[[_Asked[Item, Read]], Made]:
        """Lock and load what some items need, and give what judges one of them after the other."""

    def alone(self, item: Item, key: str) -> tuple[UUID, ...]:
        """Do one item in a transaction of its own; give the ids of what was made."""


@attrs.frozen
class Steps:
    """Steps of partnerships."""

    context: Context
    by: Actor

    def read(self, item: Step) -> tuple[None, str]:
        """Hash the step that is asked for."""
        return None, request_to(item.partnership_id, item.trigger, by=self.by, reason=item.reason, at=item.at)

    def touches(self, items: Sequence[Step]) -> Sequence[Touches]:
        """Name the partnership, which takes one step at a time; and where steps compare, those that are there."""
        context = self.context
        comparing = {trigger for trigger in {item.trigger for item in items} if context.pack.compares(trigger)}
        ending = {row.trigger for row, _, target in context.lifecycle.steps() if target in context.lifecycle.final}
        touched: list[Touches] = []
        for item in items:
            own: frozenset[Hashable] = frozenset([item.partnership_id])
            among_them = own | {"those that are there"}
            touched.append((
                among_them if item.trigger in comparing else own,
                among_them if comparing and item.trigger in ending else own,
            ))  # fmt: skip
        return touched

    def lot(self, tx: Transaction, asked: Sequence[_Asked[Step, None]]) -> Callable[[_Asked[Step, None]], Made]:
        """Lock the partnerships in the order of their ids."""
        held = tx.holdings([one.item.partnership_id for one in asked])

        def made(one: _Asked[Step, None]) -> Made:
            item = one.item
            stepped = step(
                self.context, tx, pick_snapshot(self.context, held, item.partnership_id), item.trigger, by=self.by,
                reason=item.reason, at=item.at, expected_version=item.expected_version, receipt=one.receipt,
            )  # fmt: skip
            return stepped.changes, stepped.refused

        return made

    def alone(self, item: Step, key: str) -> tuple[UUID, ...]:
        """Take one step."""
        made = fire(
            self.context, item.partnership_id, item.trigger, by=self.by, reason=item.reason, at=item.at,
            expected_version=item.expected_version, idempotency_key=key,
        )  # fmt: skip
        return (made.id,)


@attrs.frozen
class Filings:
    """Records on partnerships, on their partners, or on the district."""

    context: Context
    by: Actor

    def read(self, item: Filing) -> tuple[list[Shaped], str]:
        """Check the records, and hash what is to be filed."""
        shaped = shapes(item.subject, item.records)
        return shaped, request_to_file(item.subject, shaped, item.documents, by=self.by, at=item.at)

    def touches(self, items: Sequence[Filing]) -> Sequence[Touches]:
        """Name the partner, on whose file all its partnerships stand; a lot adds up what is about the district."""
        subjects = {item.subject for item in items} - {DISTRICT}
        with self.context.store.reading() as tx:
            stand = tx.partnerships(sorted(subjects)) if subjects else {}
        partner_of = {each.id: each.partner_id for each in stand.values()}
        touched = [frozenset[Hashable]({partner_of.get(item.subject, item.subject)} - {DISTRICT}) for item in items]
        return [(own, own) for own in touched]

    def lot(
        self, tx: Transaction, asked: Sequence[_Asked[Filing, list[Shaped]]]
    ) -> Callable[[_Asked[Filing, list[Shaped]]], Made]:
        """Lock the partners that something is filed about, then the partnerships, each in the order of their ids."""
        context = self.context
        district = DistrictFile(tx.file(DISTRICT) if any(one.item.subject == DISTRICT for one in asked) else ())
        alone = {one.item.subject for one in asked if not about_partner(one.read)} - {DISTRICT}
        with_others = {one.item.subject for one in asked if about_partner(one.read)}
        stand = tx.partnerships(sorted(with_others)) if with_others else {}
        files = tx.partner_files(sorted({each.partner_id for each in stand.values()})) if stand else {}
        found_by = {one.item.subject for one in asked if bear_on_finding(record for record, _ in one.read)}
        ended_too = {each.partner_id for each in stand.values() if each.id in found_by}
        theirs = {each: beside(context, file, ended_too=each in ended_too) for each, file in files.items()}
        concerned = sorted(alone.union(stand, *theirs.values()))
        held = tx.holdings(concerned) if concerned else {}
        known = _Known(tx, (record for one in asked for record, _ in one.read))

        def made(one: _Asked[Filing, list[Shaped]]) -> Made:
            item = one.item
            if item.subject == DISTRICT:
                added = for_district(
                    context, district, one.read, item.documents, by=self.by, at=item.at, receipt=one.receipt
                )
                district.add(added.changes.entries)
                return added.changes, None
            snapshot = pick_snapshot(context, held, item.subject)
            near = theirs[snapshot.partnership.partner_id] if about_partner(one.read) else ()
            others = tuple(pick_snapshot(context, held, each) for each in near if each != item.subject)
            added = on_partnership(
                context, tx, snapshot, others, one.read, item.documents, by=self.by, at=item.at,
                expected_version=item.expected_version, known_as=known.get, receipt=one.receipt,
            )  # fmt: skip
            known.add(added.changes)
            return added.changes, None

        return made

    def alone(self, item: Filing, key: str) -> tuple[UUID, ...]:
        """File the records of one item."""
        filed = file(
            self.context, item.subject, item.records, by=self.by, documents=item.documents, at=item.at,
            expected_version=item.expected_version, idempotency_key=key,
        )  # fmt: skip
        return tuple(entry.id for entry in filed if entry.id is not None)


@attrs.frozen
class Adoptions:
    """Partnerships that were there before us."""

    context: Context
    by: Actor

    def read(self, item: Adoption) -> tuple[Beginning, str]:
        """Check the shape of the partner, and hash what is to be taken in."""
        beginning = adoption(
            self.context, item.partner, state=item.state, by=self.by, reason=item.reason, since=item.since, at=item.at
        )
        return beginning, beginning.request()

    def touches(self, items: Sequence[Adoption]) -> Sequence[Touches]:
        """Name nothing: each begins something new, and a lot adds up the partners' ids elsewhere."""
        return [(frozenset(), frozenset())] * len(items)

    def lot(
        self, tx: Transaction, asked: Sequence[_Asked[Adoption, Beginning]]
    ) -> Callable[[_Asked[Adoption, Beginning]], Made]:
        """Lock the partners that are on file already, in the order of their ids."""
        named = sorted({one.item.partner for one in asked if isinstance(one.item.partner, UUID)})
        files = tx.partner_files(named) if named else {}
        known = _Known(tx, (one.item.partner for one in asked))

        def made(one: _Asked[Adoption, Beginning]) -> Made:
            partner = one.item.partner
            file = files.get(partner) if isinstance(partner, UUID) else None
            begun = begin(self.context, tx, one.read, file, known_as=known.get, receipt=one.receipt)
            known.add(begun.changes)
            return begun.changes, None

        return made

    def alone(self, item: Adoption, key: str) -> tuple[UUID, ...]:
        """Take in one partnership."""
        made = adopt(
            self.context, item.partner, state=item.state, by=self.by, reason=item.reason, since=item.since, at=item.at,
            idempotency_key=key,
        )  # fmt: skip
        return (made.id,)


class _Known:
    """By which ids elsewhere partners are known, as a lot adds to it."""

    def __init__(self, tx: Transaction, said: Iterable[object]) -> None:
        ids = {pair for each in said if isinstance(each, Partner) for pair in each.ids.items()}
        self._partners = dict(tx.partners_known_as(sorted(ids))) if ids else {}

    def get(self, system: str, value: str) -> UUID | None:
        """Say which partner has this id."""
        return self._partners.get((system, value))

    def add(self, changes: ChangeSet) -> None:
        """Note what ids a partner has now, and that it has no others."""
        if changes.partner is None:
            return
        partner_id, partner = changes.partner
        for pair in [pair for pair, whose in self._partners.items() if whose == partner_id]:
            del self._partners[pair]
        self._partners |= dict.fromkeys(partner.ids.items(), partner_id)


# --- working through them ------------------------------------------------------------------------------------------


def work_through(
    kind: _Kind[Item, Read], context: Context, items: Iterable[Item], *, key: str, at_once: int,
    progress: Callable[[int], object] | None,
) -> Iterator[Done[Item]]:  # fmt: skip
    """Do each item, up to *at_once* of them in a transaction, and say of each, in their order, what became of it."""
    check_text(key, "key")
    if not key or len(key) > LONGEST_KEY:
        raise InvalidRequest("key", f"{key[:40]!r}", f"must be 1 to {LONGEST_KEY} characters")
    if not 1 <= at_once <= MOST_AT_ONCE:
        raise InvalidRequest("at_once", at_once, f"must be 1 to {MOST_AT_ONCE}")
    return _worked_through(kind, context, items, key, at_once, progress)


def _worked_through(
    kind: _Kind[Item, Read], context: Context, items: Iterable[Item], key: str, at_once: int,
    progress: Callable[[int], object] | None,
) -> Iterator[Done[Item]]:  # fmt: skip
    count = 0
    for some in batched(items, at_once):
        done: dict[int, Done[Item]] = {}
        asked: list[_Asked[Item, Read]] = []
        for place, item in enumerate(some):
            try:
                read, request = kind.read(item)
            except Exception as error:  # noqa: BLE001  whatever it is, it is this item's own
                done[place] = _failed(item, error)
            else:
                receipt = IdempotencyRecord(key=f"{key}/{request}", request=request, work=())
                asked.append(_Asked(place, item, read, receipt))
        for lot in _lots(asked, kind.touches([one.item for one in asked])):
            done |= _done(kind, context, lot)
        count += len(some)
        if progress is not None:
            progress(count)
        yield from (done[place] for place in range(len(some)))


def _lots(asked: Sequence[_Asked[Item, Read]], touches: Sequence[Touches]) -> list[list[_Asked[Item, Read]]]:
    """Put each item into the first lot in which it sees all that those before it have done, and nothing more."""
    lots: list[list[_Asked[Item, Read]]] = []
    seen_in: dict[Hashable, int] = {}
    changed_in: dict[Hashable, int] = {}
    for one, (depends_on, changes) in zip(asked, touches, strict=True):
        number = 0
        for each in depends_on:
            number = max(number, changed_in.get(each, -1) + 1)
        for each in changes:
            number = max(number, seen_in.get(each, 0))
        if number == len(lots):
            lots.append([])
        lots[number].append(one)
        seen_in |= {each: max(number, seen_in.get(each, 0)) for each in depends_on}
        changed_in |= {each: max(number, changed_in.get(each, 0)) for each in changes}
    return lots


def _done(kind: _Kind[Item, Read], context: Context, lot: Sequence[_Asked[Item, Read]]) -> dict[int, Done[Item]]:
    """Do a lot in one transaction; once more where another writer was quicker; and else one item at a time."""
    ours = True
    for _ in range(2):
        try:
            with context.store.transaction() as tx:
                ours = tx.session is None
                return _together(kind, context, tx, lot)
        except StoreError:
            if not ours:
                raise  # the host's transaction is the host's to mend
        except Exception:  # noqa: BLE001  one of the items cannot be written; alone, it fails alone
            break
    return {one.place: _alone(kind, one) for one in lot}


def _together(
    kind: _Kind[Item, Read], context: Context, tx: Transaction, lot: Sequence[_Asked[Item, Read]]
) -> dict[int, Done[Item]]:  # fmt: skip
    """Do what can be done; an item that fails leaves nothing behind, and the others are written."""
    done: dict[int, Done[Item]] = {}
    changes: list[ChangeSet] = []
    make = kind.lot(tx, lot)
    receipts = dict(tx.receipts([one.receipt.key for one in lot]))
    for one in lot:
        if (before := receipts.get(one.receipt.key)) is not None:
            done[one.place] = Done(item=one.item, outcome="done", work=before.work)
            continue
        try:
            written, refused = make(one)
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001  whatever it is, it is this item's own
            done[one.place] = _failed(one.item, error)
            continue
        changes.append(written)
        if written.receipt is not None:
            receipts[one.receipt.key] = written.receipt
            done[one.place] = Done(item=one.item, outcome="done", work=written.receipt.work)
        elif refused is not None:
            done[one.place] = _failed(one.item, refused)
    write(context, tx, *changes)
    return done


def _alone(kind: _Kind[Item, Read], one: _Asked[Item, Read]) -> Done[Item]:
    try:
        return Done(item=one.item, outcome="done", work=kind.alone(one.item, one.receipt.key))
    except StoreError:
        raise  # the store's trouble is not the item's; the batch can be sent again
    except Exception as error:  # noqa: BLE001  whatever it is, it is this item's own
        return _failed(one.item, error)


def _failed(item: Item, error: Exception) -> Done[Item]:
    outcome: Outcome = (
        "refused" if isinstance(error, Refused) else "conflict" if isinstance(error, Conflict) else "failed"
    )
    return Done(item=item, outcome=outcome, error=error)
