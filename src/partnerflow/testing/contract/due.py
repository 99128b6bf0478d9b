"""What a sweep has work on, and obligations."""
# ruff: noqa: S101  these are tests

from __future__ import annotations

from datetime import date
from uuid import UUID

import attrs

from partnerflow.flow import Partnerflow
from partnerflow.obligations import Obligation
from partnerflow.ports import Store
from partnerflow.records import (
    NO_END,
)

from .fixtures import LIVE, ODD, OVER, WHO, Fixtures, adopted, held_by, judge, owed


class DueTests(Fixtures):
    """What a sweep has work on, and obligations."""

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
            code="SAFE-002",
            title=ODD,
            holds=False,
            due_on=date(2026, 9, 1),
            missed_on=date(2026, 8, 31),
            broken_notified=True,
            reminded_due=date(2026, 8, 30),
            reminded_lead=7,
            next_check_on=NO_END,
        )
        judge(store, begun, "d1", full, owed("A"))
        assert held_by(store, begun.id).obligations == (owed("A"), full)
        changed = attrs.evolve(full, holds=True, due_on=None, reminded_lead=0)
        judge(store, begun, "d2", owed("Z"), changed)
        assert held_by(store, begun.id).obligations == (changed, owed("Z"))
        judge(store, begun, "d2")
        assert held_by(store, begun.id).obligations == ()
