"""The inventory shows of each partnership what `find`, `explain`, `dossier` and the pack's due dates say of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import attrs
import pytest
from sqlalchemy import event

from partnerflow import DEFAULT, InvalidRequest, Partner, Partnerflow, Partnership
from partnerflow.lifecycle import Row
from partnerflow.ports import Store
from partnerflow.records import BackgroundCheck, Need, Scope
from partnerflow.testing import OFFICE
from partnerflow.testing.clock import TickingClock

STATES = ("intake", "vetting", "onboarding", "active", "improvement_plan", "terminated")


@pytest.fixture
def district(flow: Partnerflow, walked_to: Callable[..., Partnership], riverbend: Partner) -> list[Partnership]:
    """A partnership in every state, and one whose file lacks nearly everything."""
    made = []
    for place, state in enumerate(STATES):
        partner = attrs.evolve(riverbend, name=f"Partner {place}", ids={"edfi": str(place)})
        made.append(walked_to(flow, state, partner=partner, site=f"site {place}"))
    bare = flow.adopt(Partner(name="Bare"), state="active", by=OFFICE, reason="in place")
    return sorted([*made, bare], key=lambda each: each.id)


def next_due(flow: Partnerflow, each: Partnership) -> tuple[Any, ...] | None:
    report, dossier = flow.explain(each.id), flow.dossier(each.id)
    days = flow.pack.due_dates(report, dossier)
    ends = sorted((day, code) for code, day in days.items() if day is not None and report[code].is_ok)
    return ends[0] if ends else None


def test_each_row_says_what_the_single_calls_say(flow: Partnerflow, district: list[Partnership]) -> None:
    rows = list(flow.inventory())
    assert [row.partnership for row in rows] == district == list(flow.find())
    for row, each in zip(rows, district, strict=True):
        assert row.partner == flow.partner(each.partner_id).name
        assert row.broken == tuple(finding.code for finding in flow.explain(each.id).broken)
        assert row.sites == flow.dossier(each.id).sites()
        due = row.next_due
        assert (None if due is None else (due.due_on, due.code)) == next_due(flow, each)
        if due is not None:
            assert (due.partnership_id, due.partner, due.missed) == (each.id, row.partner, False)
            assert due.title == flow.pack.by_code[due.code].policy.title
        assert row.error is None
    assert [bool(row.broken) for row in rows] == [row.partner == "Bare" for row in rows]
    assert any(row.next_due for row in rows)


def test_it_is_of_today_and_not_of_the_last_sweep(
    flow: Partnerflow, district: list[Partnership], clock: TickingClock
) -> None:
    clock.move_on(days=800)
    for row in flow.inventory():
        assert row.broken == tuple(finding.code for finding in flow.explain(row.partnership.id).broken)
    assert any(row.broken for row in flow.inventory() if row.partner != "Bare")


@pytest.mark.parametrize(
    "wanted",
    [
        {"state": "active"}, {"site": "site 3"}, {"kind": "community_organization"}, {"ids": {"edfi": "2"}},
        {"text": "bare"}, {"service": "advising"}, {"limit": 2}, {"limit": 0}, {"state": "active", "limit": 1},
    ],
    ids=str,
)  # fmt: skip
def test_it_finds_what_find_finds(flow: Partnerflow, district: list[Partnership], wanted: dict[str, Any]) -> None:
    for after in (None, district[2].id):
        found = list(flow.find(**wanted, after=after))
        for evaluated in (True, False):
            rows = flow.inventory(**wanted, after=after, evaluated=evaluated)
            assert [row.partnership for row in rows] == found


def test_what_is_not_evaluated_has_the_name_alone(flow: Partnerflow, district: list[Partnership]) -> None:
    for whole, row in zip(flow.inventory(), flow.inventory(evaluated=False), strict=True):
        assert row == attrs.evolve(whole, sites=None, broken=None, next_due=None)


def test_as_of_a_past_moment_it_shows_the_state_and_the_name_of_that_time(
    flow: Partnerflow, clock: TickingClock
) -> None:
    made = flow.propose(Partner(name="Before"), by=OFFICE)
    then = clock()
    clock.move_on(days=1)
    flow.file(made.id, Partner(name="After"), by=OFFICE)
    flow.fire(made.id, "withdraw", by=OFFICE, reason="moved away")
    flow.propose(Partner(name="Later"), by=OFFICE)
    assert [(row.partner, row.partnership.state) for row in flow.inventory(state="terminated")] == [
        ("After", "terminated")
    ]
    (row,) = flow.inventory(as_of=then)
    assert (row.partner, row.partnership, row.broken) == ("Before", made, None)
    assert list(flow.inventory(as_of=then, state="terminated")) == []


def test_what_cannot_be_meant_is_refused_at_once(flow: Partnerflow, clock: TickingClock) -> None:
    for wanted in ({"limit": -1}, {"after": "x"}, {"text": "&"}, {"site": "s", "as_of": clock()}, {"partner": "x"}):
        with pytest.raises(InvalidRequest):
            flow.inventory(**wanted)  # type: ignore[arg-type]


def test_one_that_cannot_be_evaluated_says_so_and_the_others_are_there(
    flow: Partnerflow, store: Store, clock: TickingClock, district: list[Partnership]
) -> None:
    pausing = DEFAULT.evolve(
        name="pausing", version="1", states=["paused"],
        rows=[
            Row("pause", sources=["active"], target="paused", event="paused", cites=["none"]),
            Row("resume", sources=["paused"], target="active", event="resumed", cites=["none"]),
        ],
    )  # fmt: skip
    rules = [attrs.evolve(rule, holds_in=rule.holds_in | {"paused"}) for rule in flow.pack.rules]
    widened = attrs.evolve(flow.pack, rules=tuple(rules))
    paused = next(each for each in district if each.state == "active")
    Partnerflow(store=store, pack=widened, lifecycle=pausing, clock=clock).fire(paused.id, "pause", by=OFFICE)
    rows = {row.partnership.id: row for row in flow.inventory()}
    assert list(rows) == [each.id for each in district]
    error = rows.pop(paused.id).error
    assert error is not None
    assert "'paused'" in error
    assert {row.error for row in rows.values()} == {None}


@contextmanager
def statements(store: Any) -> Iterator[list[str]]:
    """Note every statement that is no mere beginning of a transaction."""
    said: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        if not statement.startswith(("BEGIN", "SET ")):
            said.append(statement)

    event.listen(store.engine, "before_cursor_execute", note)
    yield said
    event.remove(store.engine, "before_cursor_execute", note)


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
@pytest.mark.parametrize("number", [1, 10, 100])
def test_a_page_costs_five_statements_however_long_it_is(
    flow: Partnerflow, store: Store, clock: TickingClock, number: int
) -> None:
    for place in range(number + 1):
        made = flow.adopt(Partner(name=f"P {place}"), state="active", by=OFFICE, reason="in place")
        flow.file(made.id, Scope(sites={"s"}), Need(need="tutors"), by=OFFICE)
    for wanted, most in (
        ({}, 5), ({"site": "s", "text": "tutors"}, 5), ({"evaluated": False}, 1), ({"as_of": clock()}, 6),
    ):  # fmt: skip
        with statements(store) as said:
            rows = list(flow.inventory(**wanted, limit=number))
        assert len(rows) == number
        assert len(said) <= most, said


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
@pytest.mark.parametrize("number", [1, 10, 100])
def test_what_waits_is_listed_in_as_many_statements_however_many_live(flow: Partnerflow, number: int) -> None:
    for place in range(number):
        made = flow.propose(Partner(name=f"P {place}"), by=OFFICE)
        flow.file(made.id, BackgroundCheck(person="x", result="clear"), by=OFFICE, word_of="partner")
    with statements(flow.store) as said:
        assert len(list(flow.waiting())) == number
    assert len(said) <= 5, said
