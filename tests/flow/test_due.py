"""What comes due is read from the obligations on file: by day, of one partnership or of all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import attrs
import pytest
from sqlalchemy import event

from partnerflow import DISTRICT, DueItem, InvalidRequest, NotFound, Partner, Partnerflow, Partnership
from partnerflow.ports import Store
from partnerflow.testing import OFFICE
from partnerflow.testing.clock import TickingClock

FAR = date(2100, 1, 1)


@pytest.fixture
def district(flow: Partnerflow, walked_to: Callable[..., Partnership], riverbend: Partner) -> list[Partnership]:
    states = ("intake", "onboarding", "active", "active", "terminated")
    partners = [attrs.evolve(riverbend, name=f"Partner {place}", ids={}) for place in range(len(states))]
    made = [
        walked_to(flow, state, partner=partner, site=partner.name)
        for state, partner in zip(states, partners, strict=True)
    ]
    return sorted(made, key=lambda each: each.id)


def test_what_is_due_is_what_the_obligations_say(flow: Partnerflow, district: list[Partnership]) -> None:
    for each in district:
        expected = sorted(
            (owed.due_on if owed.holds else owed.missed_on, owed.code, owed.title)
            for owed in flow.obligations(each.id)
            if (owed.due_on if owed.holds else owed.missed_on) is not None
        )
        found = flow.due(each.id)
        assert [(item.due_on, item.code, item.title) for item in found] == expected
        assert {item.partnership_id for item in found} <= {each.id}
        assert {item.partner for item in found} <= {flow.partner(each.partner_id).name}
    assert any(flow.due(each.id) for each in district)


def test_of_all_it_is_what_each_has_by_day(flow: Partnerflow, district: list[Partnership]) -> None:
    everything = [item for each in district for item in flow.due(each.id)]
    days = sorted({item.due_on for item in everything})
    for before in (days[0], days[0] + timedelta(days=1), days[len(days) // 2], FAR):
        expected = [item for item in everything if item.due_on < before]
        found = flow.due(before=before)
        assert sorted(found, key=key) == sorted(expected, key=key)
        assert [item.due_on for item in found] == sorted(item.due_on for item in found)
        assert {item.partnership_id for item in found} == {each.id for each in flow.find(due_before=before)}
        for each in district:
            assert flow.due(each.id, before=before) == [item for item in found if item.partnership_id == each.id]


def key(item: DueItem) -> Any:
    return item.due_on, item.partnership_id, item.code


def test_what_was_missed_stays_until_it_is_mended(
    flow: Partnerflow, district: list[Partnership], clock: TickingClock
) -> None:
    first = flow.due(before=FAR)[0]
    assert not first.missed
    clock.move_on(days=(first.due_on - flow.today()).days + 1)
    assert attrs.evolve(first, missed=True) in flow.due(first.partnership_id)
    told = flow.sweep().missed
    assert (first.code, first.partner) in [(notice.code, notice.partner) for notice in told]
    assert attrs.evolve(first, missed=True) in flow.due(first.partnership_id)
    assert attrs.evolve(first, missed=True) in flow.due(before=flow.today())


def test_a_notice_of_a_sweep_names_the_partner(flow: Partnerflow, clock: TickingClock) -> None:
    for name in ("A", "B"):
        flow.adopt(Partner(name=name), state="active", by=OFFICE, reason="in place")
    swept = flow.sweep()
    names = {each.id: flow.partner(each.partner_id).name for each in flow.find()}
    assert {notice.partner for notice in swept.notices} == {"A", "B"}
    assert all(notice.partner == names[notice.partnership_id] for notice in swept.notices)


def test_the_obligations_are_those_of_the_last_judgement(flow: Partnerflow, district: list[Partnership]) -> None:
    for each in district:
        report = flow.explain(each.id)
        owed = flow.obligations(each.id)
        assert [one.code for one in owed] == sorted(one.code for one in owed)
        assert {one.code for one in owed if not one.holds} == {finding.code for finding in report.broken}


def test_nothing_due_is_an_empty_list(flow: Partnerflow, walked_to: Callable[..., Partnership]) -> None:
    assert flow.due(before=FAR) == []
    ended = walked_to(flow, "terminated")
    assert flow.due(ended.id) == []
    assert all(each.holds and each.due_on is None for each in flow.obligations(ended.id))


def test_what_cannot_be_meant_is_refused(flow: Partnerflow, clock: TickingClock) -> None:
    for call in (flow.due, lambda: flow.due(before=clock()), lambda: flow.due(before=datetime(2026, 9, 1))):  # noqa: DTZ001
        with pytest.raises(InvalidRequest, match="before"):
            call()
    for call in (flow.due, flow.obligations):
        for nobody in (UUID(int=7), DISTRICT):
            with pytest.raises(NotFound):
                call(nobody)


@contextmanager
def statements(store: Any) -> Iterator[list[str]]:
    said: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        if not statement.startswith(("BEGIN", "SET ")):
            said.append(statement)

    event.listen(store.engine, "before_cursor_execute", note)
    yield said
    event.remove(store.engine, "before_cursor_execute", note)


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_it_costs_the_same_however_many_there_are_and_no_file_is_read(
    flow: Partnerflow, store: Store, district: list[Partnership]
) -> None:
    with statements(store) as said:
        assert len({item.partnership_id for item in flow.due(before=FAR)}) > 2
    assert len(said) == 2
    assert not any("pf_entry" in each for each in said)
    with statements(store) as said:
        flow.due(district[0].id)
    assert len(said) <= 3
