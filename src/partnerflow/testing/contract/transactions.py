"""Transactions: all or nothing, one writer after the other, and the host's."""
# ruff: noqa: S101  these are tests

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from partnerflow.errors import InvalidRequest
from partnerflow.flow import Partnerflow
from partnerflow.obligations import Judgement
from partnerflow.ports import ChangeSet, IdempotencyRecord, Query, SearchEntry, Store
from partnerflow.records import (
    Partner,
    Scope,
)

from .fixtures import WHO, Fixtures, adopted, all_of, held_by, history_of, owed, receipt_of


class TransactionTests(Fixtures):
    """Transactions: all or nothing, one writer after the other, and the host's."""

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
