"""The four bulk operations: steps, filings, confirmations and adoptions, over the same code as the single calls.

Each checks its items one by one, names their read and write sets, and locks and loads a batch in a few statements.
"""
# A method of a protocol is its docstring.
# pyright: reportReturnType=false

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import ClassVar, Generic, NamedTuple, Protocol, TypeAlias, TypeVar
from uuid import UUID

import attrs

from partnerflow import gate
from partnerflow.actors import Actor
from partnerflow.errors import Refused
from partnerflow.flow.begin import Beginning, adopt, adoption, begin
from partnerflow.flow.confirm import confirm, confirm_on_partnership, hash_confirm
from partnerflow.flow.context import Context
from partnerflow.flow.district import file_on_district
from partnerflow.flow.file import accept_on_partnership, file
from partnerflow.flow.file_index import FileIndex
from partnerflow.flow.fire import fire, hash_step, step
from partnerflow.flow.loading import pick_snapshot
from partnerflow.flow.partner_ids import PartnerIds
from partnerflow.flow.request import Request
from partnerflow.flow.submission import Submission, check_submission
from partnerflow.partnership import DISTRICT
from partnerflow.ports import ChangeSet, IdempotencyRecord, Transaction

from .batches import ReadWriteSets
from .items import Adoption, Confirming, Filing, Item, Step
from .locking import lock_batch

Input = TypeVar("Input", None, Submission, Beginning)
"""What an item was parsed to: nothing more, its checked records, or how its partnership begins."""


class Parsed(NamedTuple, Generic[Input]):
    """An item of the right shape, as the operation needs it."""

    request: Request
    """Still without its idempotency key."""
    input: Input
    hash: str
    """The hash of what is requested."""


@attrs.frozen
class ParsedItem(Generic[Item, Input]):
    """An item of a batch."""

    place: int
    """Its place among the items that were read together."""
    item: Item
    request: Request
    input: Input
    idempotency: IdempotencyRecord
    """The record of its key, still without the ids of what it makes."""

    @property
    def keyed_request(self) -> Request:
        """The request with its idempotency key."""
        return attrs.evolve(self.request, idempotency_key=self.idempotency.key)


Evaluated: TypeAlias = tuple[ChangeSet, Refused | None]
"""What an item writes, and the refusal, if it is refused."""
Evaluate: TypeAlias = Callable[[ParsedItem[Item, Input]], Evaluated]
"""Evaluates one item of a batch that was loaded; raises what the single call would raise."""


def _nothing_follows() -> Sequence[ChangeSet]:
    return ()


@attrs.frozen
class LoadedBatch(Generic[Item, Input]):
    """A batch that is locked and loaded."""

    evaluate: Evaluate[Item, Input]
    conclude: Callable[[], Sequence[ChangeSet]] = _nothing_follows
    """Returns what follows from all items together, once each was evaluated."""


class BulkOperation(Protocol[Item, Input]):
    """One kind of bulk run."""

    argument: ClassVar[str]
    """The name of the argument that has the items."""

    @property
    def context(self) -> Context:
        """The parts of the Partnerflow that it runs in."""

    @property
    def by(self) -> Actor:
        """Who does all of it."""

    def parse(self, item: Item) -> Parsed[Input]:
        """Check the shape of an item, and hash what it requests."""

    def read_write_sets(self, items: Sequence[Item]) -> Sequence[ReadWriteSets]:
        """Return what each item reads and writes, as far as items can affect one another."""

    def load_batch(self, tx: Transaction, batch: Sequence[ParsedItem[Item, Input]]) -> LoadedBatch[Item, Input]:
        """Lock and load what the items of a batch need."""

    def run_alone(self, one: ParsedItem[Item, Input]) -> tuple[UUID, ...]:
        """Do one item in a transaction of its own; return the ids of what was made."""


@attrs.frozen
class Steps:
    """Steps of partnerships."""

    argument: ClassVar[str] = "steps"
    context: Context
    by: Actor

    def parse(self, item: Step) -> Parsed[None]:
        """Hash the step."""
        gate.of_type(item, Step, self.argument, "must be a Step(...)")
        request = self.context.request(self.by, item.at, item.reason, item.expected_version)
        return Parsed(request, None, hash_step(item.partnership_id, item.trigger, request))

    def read_write_sets(self, items: Sequence[Step]) -> Sequence[ReadWriteSets]:
        """Name the partnership, which takes one step at a time; and for rules that compare, all live partnerships.

        A step whose rules compare reads the others; one that may end a partnership changes which others there are.
        """
        context = self.context
        comparing = {trigger for trigger in {item.trigger for item in items} if context.pack.compares(trigger)}
        ending = {row.trigger for row, _, target in context.lifecycle.steps() if target in context.lifecycle.final}
        sets: list[ReadWriteSets] = []
        for item in items:
            own: frozenset[Hashable] = frozenset([item.partnership_id])
            with_others = own | {"live partnerships"}
            reads = with_others if item.trigger in comparing else own
            writes = with_others if comparing and item.trigger in ending else own
            sets.append(ReadWriteSets(reads, writes))
        return sets

    def load_batch(self, tx: Transaction, batch: Sequence[ParsedItem[Step, None]]) -> LoadedBatch[Step, None]:
        """Lock the partnerships, in the order of their ids."""
        context = self.context
        snapshots = tx.snapshots([one.item.partnership_id for one in batch], lock=True)

        def evaluate(one: ParsedItem[Step, None]) -> Evaluated:
            snapshot = pick_snapshot(context, snapshots, one.item.partnership_id)
            result = step(context, tx, snapshot, one.item.trigger, one.request, one.idempotency)
            return result.changes, result.refused

        return LoadedBatch(evaluate)

    def run_alone(self, one: ParsedItem[Step, None]) -> tuple[UUID, ...]:
        """Take one step."""
        return (fire(self.context, one.item.partnership_id, one.item.trigger, one.keyed_request).id,)


@attrs.frozen
class Filings:
    """Records on partnerships, on their partners, or on the district."""

    argument: ClassVar[str] = "filings"
    context: Context
    by: Actor

    def parse(self, item: Filing) -> Parsed[Submission]:
        """Check the records, and hash what is to be filed."""
        gate.of_type(item, Filing, self.argument, "must be a Filing(...)")
        request = self.context.request(self.by, item.at, None, item.expected_version, word_of=item.word_of)
        submission = check_submission(self.context, item.subject, item.records, item.documents)
        return Parsed(request, submission, submission.hash(request))

    def read_write_sets(self, items: Sequence[Filing]) -> Sequence[ReadWriteSets]:
        """Return empty sets: what an item files is kept up to date in a batch."""
        return [ReadWriteSets(frozenset(), frozenset())] * len(items)

    def load_batch(
        self, tx: Transaction, batch: Sequence[ParsedItem[Filing, Submission]]
    ) -> LoadedBatch[Filing, Submission]:
        """Lock the partners that something is filed about, then the partnerships, each in the order of their ids."""
        context = self.context
        submissions = [one.input for one in batch]
        about_district = any(each.subject == DISTRICT for each in submissions)
        district = FileIndex(DISTRICT, tx.files([DISTRICT])[DISTRICT] if about_district else ())
        locked = lock_batch(
            context,
            tx,
            alone={each.subject for each in submissions if not each.about_partner} - {DISTRICT},
            with_siblings={each.subject for each in submissions if each.about_partner},
            ended_too={each.subject for each in submissions if each.affects_search},
        )
        known = PartnerIds(tx, (record for each in submissions for record, _ in each.records))

        def evaluate(one: ParsedItem[Filing, Submission]) -> Evaluated:
            subject, submission = one.item.subject, one.input
            if subject == DISTRICT:
                result = file_on_district(context, district, submission, one.request, one.idempotency)
                return result.changes, None
            accepted, loaded = accept_on_partnership(
                context,
                tx,
                locked.load(subject, one.request, siblings=submission.about_partner),
                submission,
                one.request,
                find_partner=known.find,
                idempotency=one.idempotency,
            )
            known.apply(accepted.changes)
            locked.accept(accepted, loaded)
            return accepted.changes, None

        return LoadedBatch(evaluate, locked.conclude)

    def run_alone(self, one: ParsedItem[Filing, Submission]) -> tuple[UUID, ...]:
        """File the records of one item."""
        filed = file(self.context, one.input, one.keyed_request)
        return tuple(entry.id for entry in filed if entry.id is not None)


@attrs.frozen
class Confirmings:
    """Words of partners that are confirmed."""

    argument: ClassVar[str] = "confirmings"
    context: Context
    by: Actor

    def parse(self, item: Confirming) -> Parsed[None]:
        """Check the ids, and hash what is to be confirmed."""
        gate.of_type(item, Confirming, self.argument, "must be a Confirming(...)")
        request = self.context.request(self.by, item.at, None, item.expected_version)
        return Parsed(request, None, hash_confirm(item.partnership_id, item.entries, request))

    def read_write_sets(self, items: Sequence[Confirming]) -> Sequence[ReadWriteSets]:
        """Name the partner, whose file its partnerships share."""
        known = sorted({item.partnership_id for item in items})
        with self.context.reading() as tx:
            partnerships = tx.partnerships(known) if known else {}
        partner_of = {each.id: each.partner_id for each in partnerships.values()}
        keys = [frozenset[Hashable]({partner_of.get(item.partnership_id, item.partnership_id)}) for item in items]
        return [ReadWriteSets(own, own) for own in keys]

    def load_batch(
        self, tx: Transaction, batch: Sequence[ParsedItem[Confirming, None]]
    ) -> LoadedBatch[Confirming, None]:
        """Lock the partners, then all their partnerships, each in the order of their ids."""
        context, ids = self.context, {one.item.partnership_id for one in batch}
        locked = lock_batch(context, tx, alone=set(), with_siblings=ids, ended_too=ids)

        def evaluate(one: ParsedItem[Confirming, None]) -> Evaluated:
            found = locked.get(one.item.partnership_id, siblings=True)
            return confirm_on_partnership(context, found, one.item.entries, one.request, one.idempotency).changes, None

        return LoadedBatch(evaluate)

    def run_alone(self, one: ParsedItem[Confirming, None]) -> tuple[UUID, ...]:
        """Confirm the entries of one item."""
        made = confirm(self.context, one.item.partnership_id, one.item.entries, one.keyed_request)
        return tuple(entry.id for entry in made if entry.id is not None)


@attrs.frozen
class Adoptions:
    """Partnerships that were there before us."""

    argument: ClassVar[str] = "adoptions"
    context: Context
    by: Actor

    def parse(self, item: Adoption) -> Parsed[Beginning]:
        """Check the shape of the partner, and hash what is to be adopted."""
        gate.of_type(item, Adoption, self.argument, "must be an Adoption(...)")
        request = self.context.request(self.by, item.at, item.reason)
        beginning = adoption(self.context, item.partner, request, state=item.state, since=item.since)
        return Parsed(request, beginning, beginning.hash())

    def read_write_sets(self, items: Sequence[Adoption]) -> Sequence[ReadWriteSets]:
        """Return empty sets: each item begins something new, and the partners' ids are kept up to date in a batch."""
        return [ReadWriteSets(frozenset(), frozenset())] * len(items)

    def load_batch(
        self, tx: Transaction, batch: Sequence[ParsedItem[Adoption, Beginning]]
    ) -> LoadedBatch[Adoption, Beginning]:
        """Lock the partners that are on file already, in the order of their ids."""
        context = self.context
        on_file = sorted({one.item.partner for one in batch if isinstance(one.item.partner, UUID)})
        files = tx.files(list(tx.partnerships_of(on_file, lock=True)))
        known = PartnerIds(tx, (one.item.partner for one in batch))

        def evaluate(one: ParsedItem[Adoption, Beginning]) -> Evaluated:
            partner = one.item.partner
            file = files.get(partner) if isinstance(partner, UUID) else None
            result = begin(context, tx, one.input, file, find_partner=known.find, idempotency=one.idempotency)
            known.apply(result.changes)
            return result.changes, None

        return LoadedBatch(evaluate)

    def run_alone(self, one: ParsedItem[Adoption, Beginning]) -> tuple[UUID, ...]:
        """Adopt one partnership."""
        item = one.item
        made = adopt(self.context, item.partner, one.keyed_request, state=item.state, since=item.since)
        return (made.id,)
