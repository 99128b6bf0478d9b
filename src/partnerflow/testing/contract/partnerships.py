"""What is on file of partnerships, their histories and their refused attempts."""
# ruff: noqa: S101  these are tests

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from partnerflow.errors import Refused
from partnerflow.flow import Partnerflow
from partnerflow.flow.loading import load_many
from partnerflow.history import transition_link
from partnerflow.obligations import Judgement
from partnerflow.partnership import Partnership
from partnerflow.ports import ChangeSet, Store
from partnerflow.records import (
    Insurance,
    Need,
    Partner,
)

from .fixtures import LIVE, NOBODY, ODD, OVER, WHO, Fixtures, adopted, held_by, history_of, ids_of, owed


class PartnershipTests(Fixtures):
    """What is on file of partnerships, their histories and their refused attempts."""

    def test_what_is_begun_is_held(self, flow: Partnerflow, store: Store) -> None:
        """A holding says where a partnership stands and how it came there."""
        begun = flow.propose(Partner(name="Riverbend", ids={"edfi": "19"}), by=WHO, reason=ODD)
        held = held_by(store, begun.id)
        (made,) = history_of(store, begun.id)
        assert held.partnership == begun == Partnership("intake", begun.id, begun.partner_id, begun.since, 1, None)
        assert held.moves == (made.move,)
        assert (held.recorded_at, held.link, held.lifecycle_version) == (made.recorded_at, made.link, made.lifecycle)
        assert made.move.by == WHO
        assert made.reason == ODD
        assert [entry.record for entry in held.partner_file] == [Partner(name="Riverbend", ids={"edfi": "19"})]
        assert (held.own_file, held.obligations, held.events) == ((), (), 1)

    def test_every_step_is_added_and_none_is_changed(self, flow: Partnerflow, store: Store) -> None:
        """The history grows by one transition a step, in order, and each comes back as it was written."""
        begun = adopted(flow)
        made = [flow.fire(begun.id, "amend", by=WHO, reason=f"{place} {ODD}") for place in range(3)]
        assert history_of(store, begun.id)[1:] == made
        assert [each.version for each in history_of(store, begun.id)] == [1, 2, 3, 4]
        assert all(each.link == transition_link(each) for each in history_of(store, begun.id))
        assert held_by(store, begun.id).partnership.version == 4
        assert held_by(store, begun.id).moves == tuple(each.move for each in history_of(store, begun.id))

    def test_partnership_that_succeeds_another_says_so(self, flow: Partnerflow, store: Store) -> None:
        """`since`, `succeeds` and the final state are kept."""
        ended = adopted(flow, since=date(2019, 8, 1))
        flow.fire(ended.id, "end", by=WHO, reason="term end")
        again = flow.propose(ended.partner_id, by=WHO, succeeds=ended.id)
        assert ended.since == date(2019, 8, 1)
        assert held_by(store, again.id).partnership.succeeds == ended.id
        assert held_by(store, ended.id).partnership.state == "terminated"
        with store.reading() as tx:
            theirs = tx.partnerships_of([ended.partner_id])[ended.partner_id]
        assert [each.id for each in theirs] == sorted([ended.id, again.id])

    def test_refused_attempts_are_kept_beside_the_history(self, flow: Partnerflow, store: Store) -> None:
        """They come back whole, oldest first."""
        begun = adopted(flow)
        for trigger in ("approve", "renew_", "reinstate"):
            with pytest.raises(Refused):
                flow.fire(begun.id, trigger, by=WHO)
        kept = list(store.attempts(begun.id))
        assert [(each.trigger, each.source, each.by, each.codes) for each in kept] == [
            (trigger, "active", "a.anderson", ()) for trigger in ("approve", "renew_", "reinstate")
        ]
        assert [each.recorded_at for each in kept] == sorted(each.recorded_at for each in kept)
        assert len(history_of(store, begun.id)) == 1

    def test_what_nobody_wrote_is_not_there(self, store: Store) -> None:
        """An id that is not known is None or nothing, never an error of the store."""
        with store.reading() as tx:
            looked: list[Mapping[Any, object]] = [
                tx.snapshots([NOBODY]),
                tx.partnerships_of([NOBODY]),
                tx.obligations([NOBODY]),
            ]
            looked += [tx.idempotency_records(["no such key"]), tx.partners_known_as([("edfi", "19")])]
            assert list(map(dict, looked)) == [{}] * 5
            assert tx.files([NOBODY]) == {NOBODY: ()}
            assert tx.neighbours(frozenset(), apart_from=NOBODY, states=LIVE) == ()
        with store.transaction() as tx:
            assert not tx.snapshots([NOBODY], lock=True)
            assert not tx.partnerships_of([NOBODY], lock=True)
            assert dict(tx.idempotency_records(["no such key"], lock=True)) == {}
            assert dict(tx.partners_known_as([("edfi", "19")], lock=True)) == {}
        for found in (history_of(store, NOBODY), store.attempts(NOBODY), store.find(), store.outgoing()):
            assert list(found) == []
        assert ids_of(store) == list(store.due(date.max, "", LIVE, OVER)) == []

    def test_everything_on_every_partnership_comes_in_the_order_of_ids(self, flow: Partnerflow, store: Store) -> None:
        """Each as if it were asked for alone, through any number of pages, with the partner's file for every one."""
        assert list(load_many(store)) == []
        shared = adopted(flow, Partner(name="Shares its file", ids={"edfi": "19"}))
        flow.file(shared.id, Insurance(line="general_liability"), Need(need=ODD), by=WHO)
        begun = [shared.id, *(flow.propose(shared.partner_id, by=WHO).id for _ in range(230)), adopted(flow).id]
        flow.fire(begun[7], "withdraw", by=WHO, reason=ODD)
        flow.fire(begun[8], "begin_vetting", by=WHO, reason=ODD)
        with store.transaction() as tx:
            tx.snapshots([begun[9]], lock=True)
            judged = Judgement(partnership_id=begun[9], digest="d1", obligations=(owed("A"), owed("B")))
            tx.write(ChangeSet(judgements=[judged]))
        alone = {each: held_by(store, each) for each in sorted(begun)}
        assert list(load_many(store)) == list(alone.values())
        assert len(alone[begun[9]].obligations) == 2
        open_ones = [each for each in alone.values() if each.partnership.state not in ("terminated", "vetting")]
        assert list(load_many(store, apart_from=["terminated", "vetting"])) == open_ones
        assert len(open_ones) == len(begun) - 2

    def test_a_part_of_the_partnerships_is_named_by_its_ends(self, flow: Partnerflow, store: Store) -> None:
        """After the first, up to and with the last; parts that meet hold each partnership once."""
        begun = sorted(adopted(flow).id for _ in range(5))

        def part(after: UUID | None, through: UUID | None) -> list[UUID]:
            return [holding.partnership.id for holding in load_many(store, after=after, through=through)]

        assert part(None, begun[1]) + part(begun[1], begun[3]) + part(begun[3], None) == begun
        assert (part(begun[1], begun[3]), part(begun[4], None), part(None, NOBODY)) == (begun[2:4], [], [])

    def test_nobody_who_writes_waits_for_whoever_looks_at_everything(self, flow: Partnerflow, store: Store) -> None:
        """What was written since is seen, where it has not been passed yet."""
        begun = sorted(adopted(flow).id for _ in range(230))
        looking = load_many(store, apart_from=["terminated"])
        assert next(looking).partnership.id == begun[0]
        flow.fire(begun[-1], "end", by=WHO, reason="term end")
        assert [holding.partnership.id for holding in looking] == begun[1:-1]
