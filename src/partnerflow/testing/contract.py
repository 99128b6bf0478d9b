"""What flow asks of a store, as tests that anyone can hold a store against.

    import pytest
    from partnerflow.adapters.memory import MemoryStore
    from partnerflow.testing import StoreContract

    class TestMyStore(StoreContract):
        @pytest.fixture
        def store(self):
            return MemoryStore()        # yours, fresh and empty

Where a store can serve two tenants side by side, `other_tenant` gives the second one over the same data.
"""
# ruff: noqa: S101  these are tests

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from typing import Any
from uuid import UUID

import attrs
import pytest

from partnerflow.canonical import canonical
from partnerflow.errors import InvalidRequest, NotFound, Refused
from partnerflow.flow import Partnerflow
from partnerflow.flow.bulk import Adoption, Filing, Step
from partnerflow.history import Attempt, entry_link
from partnerflow.obligations import Judgement, Obligation
from partnerflow.partnership import DISTRICT
from partnerflow.ports import ChangeSet, IdempotencyRecord, Query, SearchEntry, Snapshot, Store
from partnerflow.records import NO_END, Entry, Insurance, Need, Partner, Scope, Site

from .clock import TickingClock
from .finding import Finding
from .keeping import (
    LIVE,
    NOBODY,
    ODD,
    OVER,
    WHO,
    adopted,
    all_of,
    flow_over,
    held_by,
    history_of,
    judge,
    near_by,
    owed,
    receipt_of,
    serve,
)


def changes_of(held: Snapshot, number: int) -> ChangeSet:
    """Make by hand some of each kind of row on a partnership."""
    stands, text = held.partnership, canonical({"need": f"need {number}"})
    entry = Entry(
        record=Need(need=f"need {number}"), id=UUID(int=number + 1), filed_at=held.recorded_at,
        recorded_at=held.recorded_at, filed_by=WHO, version=1, text=text, file_id=stands.id, seq=1,
    )  # fmt: skip
    placement = SearchEntry(
        partnership_id=stands.id, sites=frozenset({f"s{number}"}), places=frozenset({(f"s{number}", "art")}),
        words=frozenset({("text", f"word{number}")}),
    )  # fmt: skip
    attempt = Attempt(
        id=UUID(int=number + 1), partnership_id=stands.id, trigger="renew", source="active", by=WHO.id,
        at=held.recorded_at, recorded_at=held.recorded_at, codes=("A", "B"),
    )  # fmt: skip
    return ChangeSet(
        entries=(attrs.evolve(entry, link=entry_link(entry, "")),),
        judgements=[Judgement(partnership_id=stands.id, digest="d1", obligations=(owed(f"A{number}"), owed("B")))],
        search_entries=[placement],
        attempt=attempt,
        idempotency=IdempotencyRecord(key=f"k{number}", request="r", work=(UUID(int=number + 1),)),
    )


class StoreContract(Finding):
    """Every promise of `partnerflow.ports.Store`; subclass it with a `store` fixture."""

    @pytest.fixture
    def other_tenant(self) -> Store | None:
        """Return a store of another tenant over the same data, where there can be one."""
        return None

    # --- what is due ------------------------------------------------------------------------------------------------

    def test_due_is_what_has_a_day_to_look_on_or_was_judged_under_another_pack(
        self, flow: Partnerflow, store: Store
    ) -> None:
        """In any order, maybe twice; what is over is judged anew for no pack, but where none known has judged it."""
        soon, late, never, over = (adopted(flow) for _ in range(4))
        flow.fire(over.id, "end", by=WHO, reason="done")
        judge(store, soon, "d1", owed("A", next_check_on=date(2026, 10, 1)), owed("B", next_check_on=date(2026, 9, 1)))
        judge(store, late, "d1", owed("A", next_check_on=date(2026, 10, 1)))
        judge(store, never, "d1", owed("A"))
        judge(store, over, "d1")

        def due(month: int, day: int, digest: str) -> list[UUID]:
            return sorted(set(store.due(date(2026, month, day), digest, LIVE, OVER)))

        days = ((8, 31), (9, 1), (9, 30), (10, 1))
        assert [due(*day, "d1") for day in days] == [[], [soon.id], [soon.id], sorted([soon.id, late.id])]
        assert due(8, 31, "d2") == due(8, 31, "d0") == sorted([soon.id, late.id, never.id])
        judge(store, soon, "d2", owed("A"))
        assert due(10, 1, "d2") == sorted([late.id, never.id])
        judge(store, over, "")
        judge(store, never, "")
        assert held_by(store, over.id).pack_digest == ""
        assert due(8, 31, "d1") == sorted([soon.id, never.id, over.id])
        assert list(store.due(date(2026, 8, 31), "d2", [], [])) == []

    def test_obligations_come_back_as_last_judged(self, flow: Partnerflow, store: Store) -> None:
        """Every field, by code; the last judgement is the whole truth."""
        begun = adopted(flow)
        full = Obligation(
            code="SAFE-002", title=ODD, holds=False, due_on=date(2026, 9, 1), missed_on=date(2026, 8, 31),
            broken_notified=True, reminded_due=date(2026, 8, 30), reminded_lead=7, next_check_on=NO_END,
        )  # fmt: skip
        judge(store, begun, "d1", full, owed("A"))
        assert held_by(store, begun.id).obligations == (owed("A"), full)
        changed = attrs.evolve(full, holds=True, due_on=None, reminded_lead=0)
        judge(store, begun, "d2", owed("Z"), changed)
        assert held_by(store, begun.id).obligations == (changed, owed("Z"))
        judge(store, begun, "d2")
        assert held_by(store, begun.id).obligations == ()

    # --- events and keys --------------------------------------------------------------------------------------------

    def test_events_go_out_in_order_without_gaps(self, flow: Partnerflow, store: Store) -> None:
        """Numbered from 1 for each partnership, each in its envelope."""
        first, second = adopted(flow), adopted(flow)
        for begun in (first, second, first):
            flow.file(begun.id, Need(need=f"{len(flow.history(begun.id))} {ODD}"), by=WHO)
            flow.fire(begun.id, "amend", by=WHO, reason=ODD)
        of: dict[UUID, list[Any]] = {first.id: [], second.id: []}
        for event in store.outgoing():
            of[event.partnership_id].append(event)
        assert [event.sequence for event in of[first.id]] == [1, 2, 3, 4, 5]
        assert [event.sequence for event in of[second.id]] == [1, 2, 3]
        assert held_by(store, first.id).events == 5
        assert len({event.id for events in of.values() for event in events}) == 8
        for event in (*of[first.id], *of[second.id]):
            body = json.loads(event.body())
            assert (body["specversion"], body["id"], body["type"]) == ("1.0", str(event.id), event.type)
            assert body["source"] == f"urn:partnerflow:{store.tenant}"
            assert body["subject"] == body["partitionkey"] == str(event.partnership_id)
            assert body["sequence"] == f"{event.sequence:020d}"
            assert datetime.fromisoformat(body["time"]) == event.time
            assert body["data"] == event.data
            assert ODD not in event.body()

    def test_receipts_come_back(self, store: Store) -> None:
        """A key says which request it did and the ids of the work, in order."""
        work = (UUID(int=3), UUID(int=1), UUID(int=2))
        written = IdempotencyRecord(key=ODD, request="r" * 64, work=work)
        with store.transaction() as tx:
            tx.write(ChangeSet(idempotency=written))
        with store.reading() as tx:
            assert dict(tx.idempotency_records([ODD, ODD.upper()])) == {ODD: written}

    # --- transactions -----------------------------------------------------------------------------------------------

    def test_a_block_that_raises_leaves_nothing(self, flow: Partnerflow, store: Store) -> None:
        """Not even what it had written."""
        begun = adopted(flow)
        flow.file(begun.id, Scope(sites=frozenset({"s1"})), by=WHO)
        before = all_of(store)
        held = held_by(store, begun.id)
        ran: list[str] = []
        with pytest.raises(ZeroDivisionError), store.transaction() as tx:  # noqa: PT012
            tx.snapshots([begun.id], lock=True)
            tx.write(
                ChangeSet(
                    partner=(begun.partner_id, Partner(name="Renamed", ids={"edfi": "7"})),
                    search_entries=[SearchEntry(partnership_id=begun.id, sites=frozenset({"s2"}), places=frozenset())],
                    judgements=[Judgement(partnership_id=begun.id, digest="d9", obligations=(owed("A"),))],
                    idempotency=IdempotencyRecord(key="k", request="r", work=()),
                )
            )
            tx.after_commit(lambda: ran.append("told"))
            raise ZeroDivisionError
        assert (all_of(store), held_by(store, begun.id), ran) == (before, held, [])
        with store.reading() as tx:
            assert not tx.idempotency_records(["k"])
            assert not tx.partners_known_as([("edfi", "7")])
        assert [each.id for each, _ in store.find(Query(site="s1"))] == [begun.id]

    def test_calls_wait_for_the_commit(self, flow: Partnerflow, store: Store) -> None:
        """They run after the block, in order, and see what was written."""
        begun = flow.propose(Partner(name="A"), by=WHO)
        seen: list[object] = []
        with store.transaction() as tx:
            tx.write(ChangeSet(idempotency=IdempotencyRecord(key="k", request="r", work=(begun.id,))))
            tx.after_commit(lambda: seen.append("first"))
            tx.after_commit(lambda: seen.append(receipt_of(store.reading(), "k")))
            assert seen == []
        assert seen == ["first", IdempotencyRecord(key="k", request="r", work=(begun.id,))]

    def test_writers_take_turns(self, flow: Partnerflow, store: Store) -> None:
        """Of many threads each is judged on what the one before it left."""
        begun = adopted(flow)
        with ThreadPoolExecutor(8) as pool:
            steps = list(pool.map(lambda n: flow.fire(begun.id, "amend", by=WHO, reason=f"{n}"), range(24)))
        assert sorted(step.version for step in steps) == list(range(2, 26))
        assert [step.version for step in history_of(store, begun.id)] == list(range(1, 26))
        assert [event.sequence for event in store.outgoing()] == list(range(1, 26))
        flow.verify()

    def test_only_what_is_a_transaction_can_be_joined(self, store: Store) -> None:
        """And to say that one was committed does no harm."""
        with pytest.raises(InvalidRequest):
            store.within("no session")
        store.committed()

    # --- many at once -----------------------------------------------------------------------------------------------

    def test_many_are_held_as_each_is_alone(self, flow: Partnerflow, store: Store) -> None:
        """Locked in the order of their ids, in whatever order they are asked for; what is not there is left out."""
        shared = adopted(flow)
        more = [flow.propose(shared.partner_id, by=WHO), flow.propose(shared.partner_id, by=WHO), adopted(flow)]
        flow.file(shared.id, Insurance(line="general_liability"), Need(need=ODD), by=WHO)
        flow.fire(more[0].id, "begin_vetting", by=WHO, reason=ODD)
        judge(store, more[2], "d1", owed("B"), owed("A"))
        ids = sorted([shared.id, *(each.id for each in more)])
        alone = [(each, held_by(store, each)) for each in ids]
        for asked in (ids, ids[::-1], [*ids[2:], NOBODY, *ids[:2], ids[0]]):
            for unless_busy in (False, True):
                with store.transaction() as tx:
                    assert list(tx.snapshots(asked, lock=True, skip_locked=unless_busy).items()) == alone
            with store.reading() as tx:
                assert list(tx.snapshots(asked).items()) == alone
                owing = {each: held.obligations for each, held in alone if held.obligations}
                assert dict(tx.obligations(asked)) == owing
        assert [obligation.code for obligation in owing[more[2].id]] == ["A", "B"]
        with store.transaction() as tx:
            assert dict(tx.snapshots([], lock=True)) == dict(tx.snapshots([NOBODY], lock=True)) == {}
            assert dict(tx.obligations([])) == dict(tx.obligations([NOBODY])) == {}

    def test_whoever_locks_many_waits_for_nobody_who_waits_for_them(self, flow: Partnerflow, store: Store) -> None:
        """Whatever the orders in which they are asked for; each is judged on what the one before it left."""
        begun = [adopted(flow) for _ in range(4)]
        for each in begun:
            judge(store, each, "d1", attrs.evolve(owed("A"), reminded_lead=0))

        def count_up(turn: int) -> None:
            ids = [each.id for each in begun]
            with store.transaction() as tx:
                held = tx.snapshots(ids[turn % 4 :] + ids[: turn % 4] if turn % 2 else ids[::-1], lock=True)
                owing = {each: held[each].obligations[0] for each in ids}
                more = {
                    each: attrs.evolve(one, reminded_lead=(one.reminded_lead or 0) + 1) for each, one in owing.items()
                }
                judged = (Judgement(partnership_id=each, digest="d1", obligations=(one,)) for each, one in more.items())
                tx.write(*(ChangeSet(judgements=[each]) for each in judged))

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(count_up, range(16)))
        assert [held_by(store, each.id).obligations[0].reminded_lead for each in begun] == [16] * 4

    def test_many_are_read_as_each_is_alone(self, flow: Partnerflow, store: Store) -> None:
        """Receipts by their keys, partnerships by their ids, partners by theirs; what is not there is left out."""
        one = flow.propose(Partner(name="A", ids={"edfi": "1", "ein": "9"}), by=WHO, idempotency_key="k")
        other = flow.propose(Partner(name="B", ids={"edfi": "2"}), by=WHO, idempotency_key=ODD)
        flow.propose(one.partner_id, by=WHO)
        flow.file(one.id, Insurance(line="general_liability"), by=WHO)
        partners = sorted([one.partner_id, other.partner_id])
        with store.reading() as tx:
            receipts = {**tx.idempotency_records(["k"]), **tx.idempotency_records([ODD])}
            files = [(each, tx.partner_files([each])[each]) for each in partners]
            assert list(receipts) == ["k", ODD]
            assert dict(tx.idempotency_records(["K", ODD, "no such key", "k"])) == receipts
            assert dict(tx.partnerships([other.id, NOBODY, one.id])) == {one.id: one, other.id: other}
            ids = [("edfi", "2"), ("EDFI", "2"), ("edfi", "9"), ("ein", "9"), ("edfi", "1")]
            known = {("edfi", "1"): one.partner_id, ("ein", "9"): one.partner_id, ("edfi", "2"): other.partner_id}
            assert dict(tx.partners_known_as(ids)) == known
            assert not any((tx.idempotency_records([]), tx.partnerships([]), tx.partners_known_as([])))
        with store.transaction() as tx:
            assert list(tx.partner_files([*partners[::-1], NOBODY]).items()) == files
            assert dict(tx.partner_files([], lock=True)) == {}

    def test_what_is_written_of_many_is_written_whole_or_not_at_all(self, flow: Partnerflow, store: Store) -> None:
        """Every kind of row of each of them."""
        begun = [adopted(flow) for _ in range(3)]
        whole = [changes_of(held_by(store, each.id), place) for place, each in enumerate(begun)]
        before = all_of(store)
        with pytest.raises(ZeroDivisionError), store.transaction() as tx:  # noqa: PT012
            tx.snapshots([each.id for each in begun], lock=True)
            tx.write(*whole)
            raise ZeroDivisionError
        assert all_of(store) == before
        with store.reading() as tx:
            assert dict(tx.idempotency_records([f"k{place}" for place in range(3)])) == {}
        with store.transaction() as tx:
            tx.snapshots([each.id for each in begun], lock=True)
            tx.write(*whole)
        for each, changes in zip(begun, whole, strict=True):
            held = held_by(store, each.id)
            assert (held.own_file, held.obligations) == (changes.entries, changes.judgements[0].obligations)
            assert [*store.attempts(each.id)] == [changes.attempt]
            (placed,) = changes.search_entries
            assert [found.id for found, _ in store.find(Query(words=placed.words))] == [each.id]
            assert [found.id for found, _ in store.find(Query(site=min(placed.sites)))] == [each.id]
        with store.reading() as tx:
            assert dict(tx.idempotency_records([f"k{place}" for place in range(3)])) == {
                f"k{place}": changes.idempotency for place, changes in enumerate(whole)
            }
        flow.verify()

    def test_many_requests_are_written_as_each_would_be_alone(self, flow: Partnerflow, store: Store) -> None:
        """Steps, filings and adoptions; what is refused is kept as an attempt, and what was done is not done again."""
        items = [Adoption(Partner(name=name), state="active", reason="in place") for name in "ABC"]
        adopted = [done.work[0] for done in flow.adopt_many(items, by=WHO, key="a")]
        steps = [
            Step(adopted[0], "amend", reason=ODD),
            Step(adopted[1], "reinstate"),
            Step(adopted[2], "end", reason="r"),
        ]
        filings = [Filing(each, [Insurance(line="x"), Need(need=ODD)]) for each in adopted]
        stepped = list(flow.fire_many(steps, by=WHO, key="s"))
        filed = list(flow.file_many(filings, by=WHO, key="f", at_once=2))
        assert [done.outcome for done in stepped] == ["done", "refused", "done"]
        assert [done.outcome for done in filed] == ["done"] * 3
        assert [held_by(store, each).partnership.version for each in adopted] == [2, 1, 2]
        assert [len(list(store.attempts(each))) for each in adopted] == [0, 1, 0]
        for each, done in zip(adopted, filed, strict=True):
            held = held_by(store, each)
            assert [entry.id for entry in (*held.partner_file[1:], *held.own_file)] == list(done.work)
            events = [event.sequence for event in store.outgoing() if event.partnership_id == each]
            assert events == list(range(1, held.events + 1))
        before = all_of(store)
        assert [done.work for done in flow.file_many(filings, by=WHO, key="f")] == [done.work for done in filed]
        assert [done.work[0] for done in flow.adopt_many(items, by=WHO, key="a")] == adopted
        assert all_of(store) == before
        flow.verify()

    # --- tenants ----------------------------------------------------------------------------------------------------

    def test_tenants_never_meet(self, flow: Partnerflow, other_tenant: Store | None, clock: TickingClock) -> None:
        """Neither sees, finds, counts or blocks what is the other's."""
        if other_tenant is None:
            pytest.skip("this store serves one tenant")
        mine, theirs = flow.store, other_tenant
        assert mine.tenant != theirs.tenant
        partner = Partner(name="Both know it", kind="civic", ids={"edfi": "1"})
        begun = flow.propose(partner, by=WHO, idempotency_key="k")
        flow.file(DISTRICT, Site(site="s1", name="S"), by=WHO)
        serve(flow, begun, "tutoring", {"s1"}, {"reading"})
        flow.file(begun.id, Scope(sites=frozenset({"s1"})), by=WHO)
        with pytest.raises(Refused):
            flow.fire(begun.id, "renew", by=WHO)
        before = all_of(mine)
        assert all_of(theirs) == ([], [], [], [], [])
        their_flow = flow_over(theirs, clock)
        their_flow.verify()
        with pytest.raises(NotFound):
            their_flow.fire(begun.id, "begin_vetting", by=WHO)
        again = their_flow.propose(partner, by=WHO, idempotency_key="k")
        assert again.id != begun.id
        assert [each.id for each in their_flow.find(ids={"edfi": "1"}, kind="civic")] == [again.id]
        assert list(their_flow.find(site="s1")) == []
        assert near_by(theirs, {("s1", "reading")}, again) == []
        with theirs.reading() as tx:
            assert tx.file(DISTRICT) == ()
            assert list(tx.history(begun.id)) == []
        assert set(theirs.due(date.max, "another", LIVE, OVER)) == {again.id}
        their_flow.fire(again.id, "withdraw", by=WHO, reason="no")
        assert all_of(mine) == before
        assert {event.tenant for event in theirs.outgoing()} == {theirs.tenant}
        flow.verify()
