"""A sweep tells, each once, what approaches, was missed, broke or was mended; it changes no state."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import attrs
import pytest

from partnerflow import Actor, Money, Partner, Partnerflow
from partnerflow.dossier import Dossier
from partnerflow.policies import Override, Pack, Problem, Verdict
from partnerflow.policies.pack import ENGINE
from partnerflow.records import BackgroundCheck, ImprovementPlan, Insurance, Need, Service
from partnerflow.testing.clock import TickingClock

COVER = Insurance(
    line="general_liability", per_occurrence=Money.of(1_000_000, "USD"), starts_on=date(2026, 7, 1),
    ends_on=date(2027, 6, 30),
)  # fmt: skip


def _of(notices: Any, code: str = "SAFE-002") -> list[tuple[str, date | None, int | None]]:
    return [(notice.telling, notice.due_on, notice.days_left) for notice in notices if notice.code == code]


def _on(clock: TickingClock, day: date) -> None:
    clock.move_to(datetime(day.year, day.month, day.day, 12, tzinfo=clock.peek().tzinfo))


def test_what_approaches_is_told_at_thirty_seven_and_no_days_each_once(
    flow: Partnerflow, walked_to: Callable, clock: TickingClock
) -> None:
    p = walked_to(flow, "active")
    end = date(2027, 6, 30)
    told = []
    for left in range(45, -5, -1):
        _on(clock, end - timedelta(days=left))
        told += [(left, *each) for each in _of(flow.sweep().notices)]
    assert told == [
        (30, "approaching", end, 30),
        (7, "approaching", end, 7),
        (0, "approaching", end, 0),
        (-1, "missed", end, None),
    ]
    events = [e for e in flow.store.outgoing() if e.data.get("policy") == "SAFE-002"]
    assert [event.type.split(".", 2)[2] for event in events] == [
        "obligation.approaching.v1", "obligation.approaching.v1", "obligation.approaching.v1", "obligation.missed.v1",
    ]  # fmt: skip
    assert events[0].data == {
        "partnership": str(p.id), "policy": "SAFE-002", "title": flow.pack["SAFE-002"].policy.title,
        "due_on": "2027-06-30", "days_left": 30,
    }  # fmt: skip


def test_a_sweep_that_comes_late_reminds_of_the_nearest_day_only(
    flow: Partnerflow, walked_to: Callable, clock: TickingClock
) -> None:
    walked_to(flow, "active")
    _on(clock, date(2027, 6, 27))
    assert _of(flow.sweep().approaching) == [("approaching", date(2027, 6, 30), 3)]
    _on(clock, date(2027, 6, 29))
    assert _of(flow.sweep().notices) == []
    _on(clock, date(2027, 8, 1))
    assert _of(flow.sweep().notices) == [("missed", date(2027, 6, 30), None)]


def test_a_sweep_twice_tells_nothing_new(
    flow: Partnerflow, office: Actor, walked_to: Callable, clock: TickingClock, everything: Callable
) -> None:
    walked_to(flow, "active")
    flow.adopt(Partner(name="A"), state="active", by=office, reason="in place")
    for days in (0, 30, 250, 5, 1, 400, 2000):
        clock.move_on(days=days)
        flow.sweep()
        before = everything(flow)
        again = flow.sweep()
        assert (again.notices, again.approaching, again.missed, again.broken, again.mended) == ((), (), (), (), ())
        assert everything(flow) == before


def test_a_sweep_changes_no_state(flow: Partnerflow, office: Actor, walked_to: Callable, clock: TickingClock) -> None:
    for state in ("intake", "vetting", "onboarding", "active", "improvement_plan", "terminated"):
        walked_to(flow, state, site=f"site of {state}")
    stands = [(p, flow.history(p.id), flow.attempts(p.id), flow.dossier(p.id).entries) for p in flow.find()]
    clock.move_on(days=1000)
    assert flow.sweep().missed
    assert [(p, flow.history(p.id), flow.attempts(p.id), flow.dossier(p.id).entries) for p in flow.find()] == stands
    flow.verify()


def test_what_breaks_and_what_is_mended_is_told_once(
    flow: Partnerflow, office: Actor, walked_to: Callable, clock: TickingClock
) -> None:
    p = walked_to(flow, "active")
    flow.file(p.id, attrs.evolve(COVER, per_occurrence=Money.of(1, "USD")), by=office)
    assert _of(flow.sweep().notices) == [("broken", None, None)]
    assert _of(flow.sweep().notices) == []
    flow.file(p.id, COVER, by=office)
    assert _of(flow.sweep().mended) == [("mended", date(2027, 6, 30), None)]
    assert _of(flow.sweep().notices) == []


def test_what_broke_and_was_mended_before_anybody_looked_is_told_to_nobody(
    flow: Partnerflow, office: Actor, walked_to: Callable
) -> None:
    p = walked_to(flow, "active")
    flow.file(p.id, attrs.evolve(COVER, per_occurrence=Money.of(1, "USD")), by=office)
    flow.file(p.id, COVER, by=office)
    assert flow.sweep().notices == ()


def test_what_was_missed_keeps_its_day_and_is_mended_by_a_renewal(
    flow: Partnerflow, office: Actor, walked_to: Callable, clock: TickingClock
) -> None:
    p = walked_to(flow, "active")
    _on(clock, date(2027, 7, 20))
    flow.file(p.id, Need(need="something else"), by=office)  # judges it again before any sweep does
    assert _of(flow.sweep().missed) == [("missed", date(2027, 6, 30), None)]
    flow.file(p.id, attrs.evolve(COVER, starts_on=date(2027, 7, 1), ends_on=date(2028, 6, 30)), by=office)
    assert _of(flow.sweep().mended) == [("mended", date(2028, 6, 30), None)]


def test_a_renewal_on_file_puts_the_due_date_off(
    flow: Partnerflow, office: Actor, walked_to: Callable, clock: TickingClock
) -> None:
    p = walked_to(flow, "active")
    flow.file(p.id, attrs.evolve(COVER, starts_on=date(2027, 7, 1), ends_on=date(2028, 6, 30)), by=office)
    for day in (date(2027, 6, 1), date(2027, 6, 30), date(2027, 7, 1)):
        _on(clock, day)
        assert _of(flow.sweep().notices) == []
    _on(clock, date(2028, 6, 30))
    assert _of(flow.sweep().notices) == [("approaching", date(2028, 6, 30), 0)]


def test_what_starts_to_count_later_mends_on_its_first_day(
    flow: Partnerflow, office: Actor, walked_to: Callable, clock: TickingClock
) -> None:
    p = walked_to(flow, "active")
    flow.file(p.id, attrs.evolve(COVER, starts_on=date(2027, 9, 1), ends_on=date(2028, 6, 30)), by=office)
    _on(clock, date(2027, 7, 1))
    assert _of(flow.sweep().notices) == [("missed", date(2027, 6, 30), None)]
    _on(clock, date(2027, 8, 31))
    assert _of(flow.sweep().notices) == []
    _on(clock, date(2027, 9, 1))
    assert _of(flow.sweep().notices) == [("mended", date(2028, 6, 30), None)]


def test_each_new_due_date_is_reminded_of_anew(
    flow: Partnerflow, office: Actor, walked_to: Callable, clock: TickingClock
) -> None:
    p = walked_to(flow, "active")
    _on(clock, date(2027, 6, 5))
    assert _of(flow.sweep().notices) == [("approaching", date(2027, 6, 30), 25)]
    flow.file(p.id, attrs.evolve(COVER, ends_on=date(2027, 7, 4)), by=office)
    assert _of(flow.sweep().notices) == [("approaching", date(2027, 7, 4), 29)]
    _on(clock, date(2027, 6, 28))
    assert _of(flow.sweep().notices) == [("approaching", date(2027, 7, 4), 6)]


def test_a_plan_that_runs_out_unanswered_is_told(flow: Partnerflow, walked_to: Callable, clock: TickingClock) -> None:
    p = walked_to(flow, "improvement_plan")
    end = flow.dossier(p.id).latest(ImprovementPlan).ends_on
    _on(clock, end + timedelta(days=1))
    assert _of(flow.sweep().missed, "IMP-005") == [("missed", end, None)]


def test_what_is_over_is_left_in_peace(
    flow: Partnerflow, office: Actor, walked_to: Callable, clock: TickingClock, pack: Pack
) -> None:
    p = walked_to(flow, "terminated")
    running = walked_to(flow, "active", partner=p.partner_id, site="255901044")
    clock.move_on(days=1000)
    flow.file(p.id, Need(need="proof of disposal"), by=office)
    flow.file(p.id, BackgroundCheck(person="j.rivera", result="not_clear"), by=office)
    assert {notice.partnership_id for notice in flow.sweep().notices} == {running.id}
    changed = Partnerflow(store=flow.store, pack=_with_minimum(pack, "9 USD"), clock=clock)
    assert {notice.partnership_id for notice in changed.sweep().notices} <= {running.id}


def test_what_was_told_of_the_state_before_is_dropped_with_it(
    flow: Partnerflow, office: Actor, walked_to: Callable, paperwork: Callable, clock: TickingClock
) -> None:
    p = walked_to(flow, "active")
    _on(clock, date(2027, 6, 20))
    assert flow.sweep().approaching
    flow.file(p.id, *paperwork(trigger="end"), by=office)
    flow.fire(p.id, "end", by=office, reason="term end")
    clock.move_on(days=400)
    assert flow.sweep().notices == ()


def test_the_first_sweep_after_an_adoption_tells_all_that_is_lacking(flow: Partnerflow, office: Actor) -> None:
    a = flow.adopt(Partner(name="A"), state="active", by=office, reason="in place")
    lacking = {finding.code for finding in flow.explain(a.id).broken}
    assert {notice.code for notice in flow.sweep().broken} == lacking
    assert len(lacking) > 10
    assert {event.data["policy"] for event in flow.store.outgoing() if "policy" in event.data} == lacking


# --- another pack --------------------------------------------------------------------------------------------------


def _with_minimum(pack: Pack, minimum: str, since: date = date.min, **changes: Any) -> Pack:
    setting = Override(values={"minimum": Money.parse(minimum)}, since=since)
    rules = tuple(
        attrs.evolve(rule, overrides=(setting,), **changes) if rule.policy.code == "SAFE-002" else rule
        for rule in pack.rules
    )
    return attrs.evolve(pack, rules=rules)


def test_another_pack_judges_everything_that_lives_anew_once(
    flow: Partnerflow, walked_to: Callable, clock: TickingClock, pack: Pack
) -> None:
    first = walked_to(flow, "active")
    second = walked_to(flow, "improvement_plan", site="255901044")
    walked_to(flow, "onboarding", site="255901007")
    walked_to(flow, "terminated", site="255901008")
    assert flow.sweep().notices == ()
    stricter = Partnerflow(store=flow.store, pack=_with_minimum(pack, "2000000 USD"), clock=clock)
    over = sorted(stricter.lifecycle.final)
    assert list(stricter.store.due(flow.today(), stricter.pack.digest, stricter.lifecycle.live, over))
    notices = stricter.sweep().broken
    assert sorted((n.partnership_id, n.code) for n in notices) == sorted(
        [(first.id, "SAFE-002"), (second.id, "SAFE-002")]
    )
    assert stricter.sweep().notices == ()
    assert not list(stricter.store.due(flow.today(), stricter.pack.digest, stricter.lifecycle.live, over))
    mended = flow.sweep(back_to_earlier_rules=True).mended
    assert sorted(n.partnership_id for n in mended) == sorted([first.id, second.id])


def test_another_engine_judges_everything_that_lives_anew_under_the_same_pack(
    flow: Partnerflow, walked_to: Callable, clock: TickingClock, pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    p = walked_to(flow, "active")

    def finds_more(dossier: Dossier, on: date) -> Verdict:
        yield Problem("", None, "this is found since then")

    changed = attrs.evolve(pack["NEED-001"].policy, body=finds_more)  # and no other revision
    rules = tuple(attrs.evolve(rule, policy=changed) if rule.policy.code == "NEED-001" else rule for rule in pack)
    before = Partnerflow(store=flow.store, pack=attrs.evolve(pack, rules=rules), clock=clock)
    assert before.sweep().notices == ()
    monkeypatch.setattr("partnerflow.policies.pack.ENGINE", ENGINE + 1)
    after = Partnerflow(store=flow.store, pack=attrs.evolve(pack, rules=rules), clock=clock)
    assert [(notice.partnership_id, notice.code) for notice in after.sweep().broken] == [(p.id, "NEED-001")]


def test_a_pilot_breaks_nothing(flow: Partnerflow, walked_to: Callable, clock: TickingClock, pack: Pack) -> None:
    walked_to(flow, "active")
    pilot = Partnerflow(
        store=flow.store, pack=_with_minimum(pack, "2000000 USD", enforcement="report_only"), clock=clock
    )
    assert pilot.sweep().notices == ()


def test_a_parameter_of_a_later_day_is_a_due_date(
    flow: Partnerflow, walked_to: Callable, clock: TickingClock, pack: Pack
) -> None:
    walked_to(flow, "active")
    coming = Partnerflow(
        store=flow.store, pack=_with_minimum(pack, "2000000 USD", since=date(2026, 11, 1)), clock=clock
    )
    assert coming.sweep().notices == ()
    _on(clock, date(2026, 10, 1))
    assert _of(coming.sweep().notices) == [("approaching", date(2026, 10, 31), 30)]
    _on(clock, date(2026, 11, 1))
    assert _of(coming.sweep().notices) == [("missed", date(2026, 10, 31), None)]


def test_the_days_before_are_the_packs(flow: Partnerflow, walked_to: Callable, clock: TickingClock, pack: Pack) -> None:
    ours = Partnerflow(store=flow.store, pack=attrs.evolve(pack, leads=(90, 1)), clock=clock)
    walked_to(ours, "active")
    told = []
    for left in (100, 90, 30, 7, 1, 0):
        _on(clock, date(2027, 6, 30) - timedelta(days=left))
        told += _of(ours.sweep().notices)
    assert told == [("approaching", date(2027, 6, 30), 90), ("approaching", date(2027, 6, 30), 1)]


def test_costs_grow_with_what_is_due_and_not_with_what_is_stored(
    flow: Partnerflow, office: Actor, walked_to: Callable, clock: TickingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    due = walked_to(flow, "active")
    for place in range(5):
        other = walked_to(flow, "active", site=f"s{place}")
        flow.file(other.id, attrs.evolve(COVER, ends_on=date(2035, 6, 30)), by=office)
    asked: list[object] = []
    hosting = Partnerflow(
        store=flow.store,
        pack=flow.pack,
        clock=clock,
        host_records=lambda p, _: asked.append(p.id) or [],  # type: ignore[func-returns-value]
    )
    flow.sweep()
    flow.file(due.id, attrs.evolve(COVER, ends_on=date(2026, 9, 20)), by=office)
    hosting.sweep()
    assert asked == [due.id]


# --- the moment ----------------------------------------------------------------------------------------------------


def test_a_sweep_can_be_made_up_for(flow: Partnerflow, walked_to: Callable, clock: TickingClock) -> None:
    walked_to(flow, "active")
    _on(clock, date(2027, 6, 23))
    at = clock.peek()
    clock.move_on(days=5)
    made = flow.sweep(at=at)
    assert (made.at, _of(made.notices)) == (at, [("approaching", date(2027, 6, 30), 7)])
    assert {event.time for event in flow.store.outgoing() if event.data.get("policy")} == {at}


def test_a_service_that_needs_more_is_judged_at_once(flow: Partnerflow, office: Actor, walked_to: Callable) -> None:
    p = walked_to(flow, "active")
    service = flow.dossier(p.id).latest(Service)
    flow.file(p.id, attrs.evolve(service, service="chess", sites={"another site"}), by=office)
    assert {(n.telling, n.code) for n in flow.sweep().notices} == {
        ("broken", "AGR-012"),  # nor does the agreement name it
        ("broken", "SAFE-003"),
    }
