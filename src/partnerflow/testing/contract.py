"""What flow asks of a store, as tests that anyone can hold a store against.

    class TestMyStore(StoreContract):
        @pytest.fixture
        def store(self):
            return MyStore(...)         # fresh and empty

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

from partnerflow.errors import InvalidRequest, NotFound, Refused
from partnerflow.flow import Partnerflow
from partnerflow.obligations import Judgement, Obligation
from partnerflow.partnership import DISTRICT, Partnership
from partnerflow.ports import Changes, Placement, Receipt, Store
from partnerflow.records import NO_END, Need, Partner, Scope, Site

from .clock import TickingClock
from .keeping import (
    LIVE,
    ODD,
    WHO,
    Keeping,
    adopted,
    all_of,
    flow_over,
    held_by,
    id_of,
    near_by,
    owed,
    receipt_of,
    serve,
)


class StoreContract(Keeping):
    """Every promise of `partnerflow.ports.Store`; subclass it with a `store` fixture."""

    @pytest.fixture
    def other_tenant(self) -> Store | None:
        """Give a store of another tenant over the same data, where there can be one."""
        return None

    # --- finding ----------------------------------------------------------------------------------------------------

    def test_find_takes_every_filter_and_keeps_to_the_order_of_ids(self, flow: Partnerflow, store: Store) -> None:
        """Each filter narrows, all of them together too, and names come along."""
        club = adopted(flow, Partner(name="River 100% Club", kind="civic", ids={"edfi": "1", "ein": "9"}))
        more = flow.propose(club.partner_id, by=WHO)
        other = flow.propose(Partner(name="Hill College", kind="higher_education", ids={"edfi": "2"}), by=WHO)
        flow.file(club.id, Scope(level="school", sites=frozenset({"s1", "s2"})), by=WHO)
        flow.file(other.id, Scope(level="district", sites=frozenset({"*"})), by=WHO)
        both, every = sorted([club.id, more.id]), sorted([club.id, more.id, other.id])
        cases: list[tuple[list[UUID], dict[str, Any]]] = [
            (every, {}),
            (both, {"partner_id": club.partner_id}),
            (sorted([more.id, other.id]), {"states": ["intake"]}),
            (every, {"states": ["intake", "active"]}),
            ([], {"states": []}),
            (sorted([club.id, other.id]), {"site": "s1"}),
            ([other.id], {"site": "s3"}),
            (sorted([club.id, other.id]), {"site": "*"}),
            (both, {"kind": "civic"}),
            (both, {"name": "river 100%"}),
            ([], {"name": "river_100"}),
            (both, {"ids": {"edfi": "1", "ein": "9"}}),
            ([], {"ids": {"edfi": "1", "ein": "8"}}),
            (every, {"ids": {}}),
            ([club.id], {"ids": {"edfi": "1"}, "states": ["active"], "site": "s2", "kind": "civic", "name": "club"}),
        ]
        for wanted, given in cases:
            found = list(store.find(**given))
            assert [partnership.id for partnership, _ in found] == wanted, given
        assert [name for _, name in store.find(partner_id=other.partner_id)] == ["Hill College"]
        assert list(store.partnership_ids()) == every
        assert [partnership for partnership, _ in store.find(states=["active"])] == [
            held_by(store, club.id).partnership
        ]

    def test_what_is_found_is_the_newest_word(self, flow: Partnerflow, store: Store) -> None:
        """A partner that is renamed is found by its new name, kind and ids; a partnership by its new sites."""
        begun = adopted(flow, Partner(name="Old", kind="civic", ids={"edfi": "1", "ein": "9"}))
        flow.file(begun.id, Scope(sites=frozenset({"s1"})), by=WHO)
        flow.file(
            begun.id, Scope(sites=frozenset({"s2"})), Partner(name="New", kind="health", ids={"edfi": "3"}), by=WHO
        )
        assert [name for _, name in store.find(kind="health", name="new", site="s2", ids={"edfi": "3"})] == ["New"]
        stales: list[dict[str, Any]] = [{"kind": "civic"}, {"name": "Old"}, {"site": "s1"}, {"ids": {"ein": "9"}}]
        for stale in stales:
            assert list(store.find(**stale)) == []
        with store.reading() as tx:
            assert tx.partner_known_as("edfi", "3") == begun.partner_id
            assert tx.partner_known_as("edfi", "1") is tx.partner_known_as("ein", "9") is None

    def test_capital_letters_tell_names_apart(self, flow: Partnerflow, store: Store) -> None:
        """States, sites, kinds, outside ids and keys are names, and `Active` is not `active`."""
        begun = adopted(flow, Partner(name="A", kind="civic", ids={"edfi": "a"}))
        flow.file(begun.id, Scope(sites=frozenset({"s"})), by=WHO, idempotency_key="k")
        others: list[dict[str, Any]] = [
            {"states": ["Active"]},
            {"site": "S"},
            {"kind": "Civic"},
            {"ids": {"edfi": "A"}},
        ]
        for other in others:
            assert list(store.find(**other)) == []
        again = flow.propose(Partner(name="B", ids={"edfi": "A", "EDFI": "a"}), by=WHO, idempotency_key="K")
        assert again.partner_id != begun.partner_id

    def test_neighbours_share_a_site_and_a_content_area(self, flow: Partnerflow, store: Store) -> None:
        """Of others, in the states asked for, in the order of ids and then of names; `*` is every site."""
        mine, near, wide, far, over = (adopted(flow, Partner(name=name)) for name in "ABCDE")
        serve(flow, mine, "tutoring", {"s1"}, {"reading"})
        serve(flow, near, "zebra", {"s1", "s2"}, {"reading", "art"})
        serve(flow, near, "apple", {"s1"}, {"reading"})
        serve(flow, near, "music", {"s1"}, {"music"})
        serve(flow, wide, "choir", {"*"}, {"reading"})
        serve(flow, far, "tutoring", {"s2"}, {"reading"})
        serve(flow, over, "tutoring", {"s1"}, {"reading"})
        flow.fire(over.id, "end", by=WHO, reason="done")
        expected = sorted([(str(near.id), "B", "apple"), (str(near.id), "B", "zebra"), (str(wide.id), "C", "choir")])
        assert near_by(store, {("s1", "reading")}, mine) == expected
        assert near_by(store, {("s2", "art")}, mine) == [(str(near.id), "B", "zebra")]
        assert near_by(store, {("s3", "reading")}, mine) == [(str(wide.id), "C", "choir")]
        assert {found[1] for found in near_by(store, {("*", "reading")}, mine)} == {"B", "C", "D"}
        assert near_by(store, {("s1", "reading")}, mine, states=["terminated"]) == [(str(over.id), "E", "tutoring")]
        assert near_by(store, {("s1", "chess")}, mine) == []

    def test_neighbours_are_as_last_filed(self, flow: Partnerflow, store: Store) -> None:
        """A service that moved away or was retracted is no neighbour any more."""
        mine, near = adopted(flow), adopted(flow)
        serve(flow, near, "tutoring", {"s1"}, {"reading"})
        art = serve(flow, near, "art", {"s1"}, {"art"})
        serve(flow, near, "tutoring", {"s2"}, {"reading"})
        flow.retract(near.id, id_of(art), by=WHO, reason="never took place")
        assert near_by(store, {("s1", "reading"), ("s1", "art")}, mine) == []
        assert [found[2] for found in near_by(store, {("s2", "reading")}, mine)] == ["tutoring"]

    # --- what is due ------------------------------------------------------------------------------------------------

    def test_due_is_what_has_a_day_to_look_on_or_was_judged_under_another_pack(
        self, flow: Partnerflow, store: Store
    ) -> None:
        """In the order of ids, each once; one that is over is not judged anew for a pack."""
        soon, late, never, over = (adopted(flow) for _ in range(4))
        flow.fire(over.id, "end", by=WHO, reason="done")
        self.judge(store, soon, "d1", owed("A", look_on=date(2026, 10, 1)), owed("B", look_on=date(2026, 9, 1)))
        self.judge(store, late, "d1", owed("A", look_on=date(2026, 10, 1)))
        self.judge(store, never, "d1", owed("A"))
        self.judge(store, over, "d1")
        due = {day: list(store.due(date(2026, *day), "d1", LIVE)) for day in ((8, 31), (9, 1), (9, 30), (10, 1))}
        assert due == {(8, 31): [], (9, 1): [soon.id], (9, 30): [soon.id], (10, 1): sorted([soon.id, late.id])}
        assert list(store.due(date(2026, 8, 31), "d2", LIVE)) == sorted([soon.id, late.id, never.id])
        self.judge(store, soon, "d2", owed("A"))
        assert list(store.due(date(2026, 10, 1), "d2", LIVE)) == sorted([late.id, never.id])

    def test_obligations_come_back_as_last_judged(self, flow: Partnerflow, store: Store) -> None:
        """Every field, by code; the last judgement is the whole truth."""
        begun = adopted(flow)
        full = Obligation(
            code="SAFE-002", title=ODD, holds=False, due_on=date(2026, 9, 1), missed_on=date(2026, 8, 31),
            told_broken=True, reminded_due=date(2026, 8, 30), reminded_lead=7, look_on=NO_END,
        )  # fmt: skip
        self.judge(store, begun, "d1", full, owed("A"))
        assert held_by(store, begun.id).obligations == (owed("A"), full)
        changed = attrs.evolve(full, holds=True, due_on=None, reminded_lead=0)
        self.judge(store, begun, "d2", owed("Z"), changed)
        assert held_by(store, begun.id).obligations == (changed, owed("Z"))
        self.judge(store, begun, "d2")
        assert held_by(store, begun.id).obligations == ()

    def judge(self, store: Store, begun: Partnership, digest: str, *owing: Obligation) -> None:
        """Write a judgement by hand."""
        with store.transaction() as tx:
            tx.holding(begun.id, lock=True)
            tx.write(Changes(judgements=[Judgement(partnership_id=begun.id, digest=digest, obligations=owing)]))

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
        written = Receipt(key=ODD, request="r" * 64, work=work)
        with store.transaction() as tx:
            tx.write(Changes(receipt=written))
        with store.reading() as tx:
            assert tx.receipt(ODD) == written
            assert tx.receipt(ODD.upper()) is None

    # --- transactions -----------------------------------------------------------------------------------------------

    def test_a_block_that_raises_leaves_nothing(self, flow: Partnerflow, store: Store) -> None:
        """Not even what it had written."""
        begun = adopted(flow)
        flow.file(begun.id, Scope(sites=frozenset({"s1"})), by=WHO)
        before = all_of(store)
        held = held_by(store, begun.id)
        ran: list[str] = []
        with pytest.raises(ZeroDivisionError), store.transaction() as tx:  # noqa: PT012
            tx.holding(begun.id, lock=True)
            tx.write(
                Changes(
                    partner=(begun.partner_id, Partner(name="Renamed", ids={"edfi": "7"})),
                    placements=[Placement(partnership_id=begun.id, sites=frozenset({"s2"}), places=frozenset())],
                    judgements=[Judgement(partnership_id=begun.id, digest="d9", obligations=(owed("A"),))],
                    receipt=Receipt(key="k", request="r", work=()),
                )
            )
            tx.after_commit(lambda: ran.append("told"))
            raise ZeroDivisionError
        assert (all_of(store), held_by(store, begun.id), ran) == (before, held, [])
        with store.reading() as tx:
            assert (tx.receipt("k"), tx.partner_known_as("edfi", "7")) == (None, None)
        assert [each.id for each, _ in store.find(site="s1")] == [begun.id]

    def test_calls_wait_for_the_commit(self, flow: Partnerflow, store: Store) -> None:
        """They run after the block, in order, and see what was written."""
        begun = flow.propose(Partner(name="A"), by=WHO)
        seen: list[object] = []
        with store.transaction() as tx:
            tx.write(Changes(receipt=Receipt(key="k", request="r", work=(begun.id,))))
            tx.after_commit(lambda: seen.append("first"))
            tx.after_commit(lambda: seen.append(receipt_of(store.reading(), "k")))
            assert seen == []
        assert seen == ["first", Receipt(key="k", request="r", work=(begun.id,))]

    def test_writers_take_turns(self, flow: Partnerflow, store: Store) -> None:
        """Of many threads each is judged on what the one before it left."""
        begun = adopted(flow)
        with ThreadPoolExecutor(8) as pool:
            steps = list(pool.map(lambda n: flow.fire(begun.id, "amend", by=WHO, reason=f"{n}"), range(24)))
        assert sorted(step.version for step in steps) == list(range(2, 26))
        assert [step.version for step in store.history(begun.id)] == list(range(1, 26))
        assert [event.sequence for event in store.outgoing()] == list(range(1, 26))
        flow.verify()

    def test_only_what_is_a_transaction_can_be_joined(self, store: Store) -> None:
        """And to say that one was committed does no harm."""
        with pytest.raises(InvalidRequest):
            store.within("no session")
        store.committed()

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
            assert tx.transition(flow.history(begun.id)[0].id) is None
        assert list(theirs.due(date.max, "another", LIVE)) == [again.id]
        their_flow.fire(again.id, "withdraw", by=WHO, reason="no")
        assert all_of(mine) == before
        assert {event.tenant for event in theirs.outgoing()} == {theirs.tenant}
        flow.verify()
