"""Many partnerships in one transaction."""
# ruff: noqa: S101  these are tests

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import attrs
import pytest

from partnerflow.canonical import canonical
from partnerflow.flow import Partnerflow
from partnerflow.flow.bulk import Adoption, Filing, Step
from partnerflow.history import Attempt, entry_link
from partnerflow.obligations import Judgement
from partnerflow.ports import ChangeSet, IdempotencyRecord, Query, SearchEntry, Snapshot, Store
from partnerflow.records import (
    Entry,
    Insurance,
    Need,
    Partner,
)

from .fixtures import NOBODY, ODD, WHO, Fixtures, adopted, all_of, held_by, judge, owed


def changes_of(held: Snapshot, number: int) -> ChangeSet:
    """Make by hand some of each kind of row on a partnership."""
    stands, text = held.partnership, canonical({"need": f"need {number}"})
    entry = Entry(
        record=Need(need=f"need {number}"),
        id=UUID(int=number + 1),
        filed_at=held.recorded_at,
        recorded_at=held.recorded_at,
        filed_by=WHO,
        version=1,
        text=text,
        file_id=stands.id,
        seq=1,
    )
    placement = SearchEntry(
        partnership_id=stands.id,
        sites=frozenset({f"s{number}"}),
        places=frozenset({(f"s{number}", "art")}),
        words=frozenset({("text", f"word{number}")}),
    )
    attempt = Attempt(
        id=UUID(int=number + 1),
        partnership_id=stands.id,
        trigger="renew",
        source="active",
        by=WHO.id,
        at=held.recorded_at,
        recorded_at=held.recorded_at,
        codes=("A", "B"),
    )
    return ChangeSet(
        entries=(attrs.evolve(entry, link=entry_link(entry, "")),),
        judgements=[Judgement(partnership_id=stands.id, digest="d1", obligations=(owed(f"A{number}"), owed("B")))],
        search_entries=[placement],
        attempt=attempt,
        idempotency=IdempotencyRecord(key=f"k{number}", request="r", work=(UUID(int=number + 1),)),
    )


class BatchTests(Fixtures):
    """Many partnerships in one transaction."""

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
            of_each = [(each, tx.partnerships_of([each])[each], tx.files([each])[each]) for each in partners]
            assert list(receipts) == ["k", ODD]
            assert dict(tx.idempotency_records(["K", ODD, "no such key", "k"])) == receipts
            assert dict(tx.partnerships([other.id, NOBODY, one.id])) == {one.id: one, other.id: other}
            ids = [("edfi", "2"), ("EDFI", "2"), ("edfi", "9"), ("ein", "9"), ("edfi", "1")]
            known = {("edfi", "1"): one.partner_id, ("ein", "9"): one.partner_id, ("edfi", "2"): other.partner_id}
            assert dict(tx.partners_known_as(ids)) == known
            assert not any((tx.idempotency_records([]), tx.partnerships([]), tx.partners_known_as([])))
        with store.transaction() as tx:
            theirs, files = tx.partnerships_of([*partners[::-1], NOBODY]), tx.files([*partners[::-1], NOBODY])
            assert [(each, theirs[each], files[each]) for each in theirs] == of_each
            assert files[NOBODY] == ()
            assert not any((tx.partnerships_of([], lock=True), tx.files([])))

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
