"""Time is an argument: `at` is when it happened, `recorded_at` the clock's; a day ends at the district's midnight."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone

import attrs
import pytest

from partnerflow import (
    Actor,
    InvalidRequest,
    Money,
    NotFound,
    Partner,
    Partnerflow,
    Partnership,
    Refused,
    Step,
)
from partnerflow.adapters.memory import MemoryStore
from partnerflow.canonical import canonical
from partnerflow.policies import Pack, Role
from partnerflow.ports import Store
from partnerflow.records import Amendment, Approval, Contact, Evaluation, FacilityAccess, Insurance, Need
from partnerflow.testing import BOARD
from partnerflow.testing.clock import TickingClock
from partnerflow.testing.contract.fixtures import files_of

NAIVE = datetime(2026, 9, 15, 15)  # noqa: DTZ001


def writes(flow: Partnerflow, p: Partnership, by: Actor, at: datetime | None) -> dict[str, Callable[[], object]]:
    """Every call that takes `at`."""
    (entry, *_) = (entry for entry in flow.dossier(p.id).entries if isinstance(entry.record, Need))
    return {
        "fire": lambda: flow.fire(p.id, "renew", by=by, at=at),
        "file": lambda: flow.file(p.id, Need(need="new"), by=by, at=at),
        "retract": lambda: flow.retract(p.id, entry.id, by=by, reason="x", at=at),
        "check": lambda: flow.check(p.id, "renew", by=by, at=at),
        "options": lambda: flow.options(p.id, by=by, at=at),
        "propose": lambda: flow.propose(Partner(name="A"), by=by, at=at),
        "adopt": lambda: flow.adopt(Partner(name="A"), state="active", by=by, reason="x", at=at),
        "register": lambda: flow.register(Partner(name="A"), by=by, at=at),
        "sweep": lambda: flow.sweep(at=at),
        "explain": lambda: flow.explain(p.id, at=at),
    }


def test_a_moment_without_its_zone_is_refused(
    flow: Partnerflow, office: Actor, walked_to: Callable, everything: Callable
) -> None:
    p = walked_to(flow, "active")
    before = everything(flow)
    for name, call in writes(flow, p, office, NAIVE).items():
        with pytest.raises(InvalidRequest, match="has no time zone"):
            call()
        assert everything(flow) == before, name
    with pytest.raises(InvalidRequest, match="as_of"):
        flow.dossier(p.id, as_of=NAIVE)


def test_a_clock_without_its_zone_is_refused(office: Actor, riverbend: Partner) -> None:
    with pytest.raises(InvalidRequest, match="clock"):
        Partnerflow(store=MemoryStore(), clock=lambda: NAIVE).propose(riverbend, by=office)


def test_nothing_happened_in_the_future(
    flow: Partnerflow, office: Actor, walked_to: Callable, everything: Callable, clock: TickingClock
) -> None:
    p = walked_to(flow, "active")
    before = everything(flow)
    for name, call in writes(flow, p, office, clock.peek() + timedelta(days=1)).items():
        with pytest.raises(InvalidRequest, match="in the future"):
            call()
        assert everything(flow) == before, name


def test_nothing_happened_before_the_last_step(
    flow: Partnerflow, office: Actor, walked_to: Callable, everything: Callable, clock: TickingClock
) -> None:
    p = walked_to(flow, "active")
    last = flow.history(p.id)[-1].at
    before = everything(flow)
    calls = writes(flow, p, office, last - timedelta(microseconds=1))
    for name in ("fire", "file", "retract", "check", "options"):
        with pytest.raises(InvalidRequest, match="before the partnership's last step"):
            calls[name]()
        assert everything(flow) == before, name
    clock.move_on(days=1)
    assert flow.fire(p.id, "renew", by=office, at=last).at == last


# --- dated back -----------------------------------------------------------------------------------------------------


def test_a_step_dated_back_is_judged_on_today_and_recorded_today(
    flow: Partnerflow, office: Actor, walked_to: Callable, clock: TickingClock
) -> None:
    p = walked_to(flow, "onboarding")
    clock.move_to(datetime(2027, 6, 15, 12, tzinfo=UTC))
    when = clock.peek().astimezone(timezone(timedelta(hours=9)))
    assert flow.check(p.id, "activate", by=office).allowed
    clock.move_on(days=1)  # the access has lapsed meanwhile
    asked = flow.check(p.id, "activate", by=office, at=when)
    assert asked.codes == ("SAFE-003",)
    with pytest.raises(Refused):
        flow.fire(p.id, "activate", by=office, at=when)
    lapsed = next(entry.record for entry in flow.entries_of(p.id) if isinstance(entry.record, FacilityAccess))
    flow.file(p.id, attrs.evolve(lapsed, starts_on=date(2027, 6, 16), ends_on=date(2028, 6, 15)), by=office)
    now = clock.peek()
    step = flow.fire(p.id, "activate", by=office, at=when)
    assert (step.at, step.at.utcoffset(), step.recorded_at) == (when, timedelta(0), now)
    assert '"also_on":"2027-06-15"' in step.decision
    assert '"on":"2027-06-16"' in step.decision
    assert flow.dossier(p.id).partnership.since == date(2027, 6, 15)
    assert [event.time for event in flow.store.outgoing()][-1] == when
    assert {each.code: each.due_on for each in flow.obligations(p.id)}["SAFE-003"] == date(2028, 6, 15)


def test_what_fails_on_the_day_of_the_step_alone_stands_in_its_way_and_is_marked_with_that_day(
    flow: Partnerflow, office: Actor, walked_to: Callable, clock: TickingClock
) -> None:
    p = walked_to(flow, "onboarding")
    clock.move_to(datetime(2027, 7, 20, 12, tzinfo=UTC))
    flow.file(p.id, cover(date(2027, 7, 15)), by=office)  # nothing covers the first half of July
    assert "SAFE-002" not in flow.check(p.id, "activate", by=office).codes
    asked = flow.check(p.id, "activate", by=office, at=clock.peek() - timedelta(days=10))
    (problem,) = asked.report["SAFE-002"].problems
    assert (asked.allowed, problem.on, asked.report.also_on) == (False, date(2027, 7, 10), date(2027, 7, 10))
    assert asked.report["SAFE-002"] in asked.report.blocking
    assert asked.report["SAFE-002"] not in asked.report.broken, "it holds today"
    assert "(on 2027-07-10, the day of the step)" in asked.explain()
    assert "el día del paso" in asked.report.explain("es")
    found = next(each for each in asked.to_data()["report"]["findings"] if each["code"] == "SAFE-002")
    assert found["problems"][0]["on"] == "2027-07-10"
    assert asked.report.text() == canonical(asked.report.to_data())


def test_what_is_wrong_on_both_days_is_told_once(
    flow: Partnerflow, office: Actor, walked_to: Callable, clock: TickingClock
) -> None:
    p = walked_to(flow, "onboarding")
    clock.move_on(days=20)
    covers = [entry.id for entry in flow.entries_of(p.id) if entry.kind == "insurance"]
    for each in covers:
        flow.retract(p.id, each, by=office, reason="x")  # type: ignore[arg-type]
    asked = flow.check(p.id, "activate", by=office, at=clock.peek() - timedelta(days=15))
    assert [problem.on for problem in asked.report["SAFE-002"].problems] == [None]
    assert asked.codes.count("SAFE-002") == 1


def cover(first: date) -> Insurance:
    last = date(first.year + 1, 6, 30)
    return Insurance(line="general_liability", per_occurrence=Money.of(1_000_000, "USD"), starts_on=first, ends_on=last)


def test_no_step_is_dated_further_back_than_the_pack_allows_who_takes_it(
    store: Store, pack: Pack, office: Actor, walked_to: Callable, clock: TickingClock, everything: Callable
) -> None:
    roles = {**pack.roles, "registrar": Role(name="registrar", fire=frozenset({"*"}), backdate_days=90)}
    flow = Partnerflow(store=store, pack=attrs.evolve(pack, roles=roles), clock=clock, tz="America/Chicago")
    p = walked_to(flow, "onboarding")
    flow.fire(p.id, "return_to_vetting", by=office, reason="x")
    clock.move_on(days=100)
    registrar = Actor("r", roles={"registrar"})
    before = everything(flow)
    for days, by, may in (
        (30, office, True),
        (31, office, False),
        (31, registrar, True),
        (90, registrar, True),
        (91, registrar, False),
    ):
        at = clock.peek() - timedelta(days=days)
        calls: list[Callable[[], object]] = [
            lambda by=by, at=at: flow.check(p.id, "return_to_intake", by=by, at=at),
            lambda by=by, at=at: flow.options(p.id, by=by, at=at),
        ]
        if not may:
            calls += [
                lambda by=by, at=at: flow.fire(p.id, "return_to_intake", by=by, at=at, reason="x"),
                lambda by=by, at=at: flow.propose(Partner(name="B"), by=by, at=at),
                lambda by=by, at=at: flow.adopt(Partner(name="B"), state="active", by=by, at=at, reason="x"),
            ]
        for call in calls:
            if may:
                call()
                continue
            with pytest.raises(InvalidRequest, match="days back, which is as far as the pack default") as raised:
                call()
            assert ("registrar may go further" in str(raised.value)) is (by is office)
    late = Step(p.id, "return_to_intake", at=clock.peek() - timedelta(days=40), reason="x")
    (failed,) = flow.fire_many([late], by=office, key="k")
    assert isinstance(failed.error, InvalidRequest)
    assert everything(flow) == before
    assert flow.adopt(Partner(name="B"), state="active", since=date(2019, 8, 1), by=office, reason="x").since


# --- a clock that was wrong -----------------------------------------------------------------------------------------


def test_a_clock_that_was_once_at_2099_binds_nobody_later(
    store: Store, pack: Pack, office: Actor, walked_to: Callable, clock: TickingClock
) -> None:
    flow = Partnerflow(store=store, pack=pack, clock=clock)
    p = walked_to(flow, "onboarding")
    now = clock.peek()
    clock.move_to(datetime(2099, 1, 1, tzinfo=UTC))
    flow.file(p.id, Need(need="from the future"), Contact(name="F. Uture"), by=office)
    flow.fire(p.id, "return_to_vetting", by=office, reason="x")
    clock.move_to(now + timedelta(days=1))
    (need,) = flow.file(p.id, Need(need="today"), by=office)
    assert (need.filed_at, need.recorded_at) == (now + timedelta(days=1), now + timedelta(days=1))
    asked = flow.check(p.id, "approve", by=BOARD)
    assert asked.report.on == date(2026, 9, 16)
    step = flow.fire(p.id, "approve", by=BOARD, at=now + timedelta(hours=1))
    assert (step.at.year, step.recorded_at.year) == (2026, 2026)
    flow.fire(p.id, "activate", by=office)
    assert flow.explain(p.id)["REN-001"].until == date(2027, 9, 16)
    assert flow.explain(p.id)["SAFE-002"].until == date(2027, 6, 30)
    assert flow.propose(p.partner_id, by=office).since == date(2026, 9, 16)
    seen = flow.dossier(p.id, as_of=clock.peek())
    assert (seen.partnership.state, len(seen.moves or ())) == ("active", 6)
    assert [each.state for each in flow.find(state="active", as_of=clock.peek())] == ["active"]
    flow.verify()


@pytest.mark.parametrize("wrong", ["file", "amend", "sweep", "attempt", "end for cause"])
def test_after_a_wrong_clock_everything_is_judged_as_without_it(
    pack: Pack, office: Actor, walked_to: Callable, wrong: str
) -> None:
    """But for the very step: an ending whose day nobody knows is owed from the step before it."""

    def judged(*, ahead: bool) -> list[dict[str, str]]:
        clock = TickingClock(datetime(2026, 9, 15, 15, tzinfo=UTC))
        flow = Partnerflow(store=MemoryStore(), pack=pack, clock=clock)
        p = walked_to(flow, "active")
        flow.file(p.id, Approval(trigger="terminate_for_cause"), by=BOARD)
        now = clock.peek()
        if ahead:
            clock.move_to(datetime(2099, 1, 1, tzinfo=UTC))
        if wrong == "file":
            flow.file(p.id, Need(need="from the future"), Contact(name="F. Uture"), by=office)
        elif wrong == "sweep":
            flow.sweep()
        elif wrong == "attempt":
            with pytest.raises(Refused):
                flow.fire(p.id, "end", by=office, reason="no notice")
        else:
            trigger = "amend" if wrong == "amend" else "terminate_for_cause"
            if wrong == "amend":
                flow.file(p.id, Amendment(what="a second room", requested_by="school"), by=office)
            flow.fire(p.id, trigger, by=office, reason="x")
        found = []
        for days in (1, 20, 50, 400):
            clock.move_to(now + timedelta(days=days))
            flow.file(p.id, Need(need=f"need {days}"), by=office)
            found.append({finding.code: str(finding.outcome) for finding in flow.explain(p.id).findings})
        flow.verify()
        return found

    assert judged(ahead=True) == judged(ahead=False)


def test_what_a_wrong_clock_swept_is_mended_by_one_sweep_of_everything(
    flow: Partnerflow, walked_to: Callable, clock: TickingClock
) -> None:
    p = walked_to(flow, "active")
    now, before = clock.peek(), flow.obligations(p.id)
    clock.move_to(datetime(2099, 1, 1, tzinfo=UTC))
    assert "SAFE-002" in {notice.code for notice in flow.sweep().missed}
    clock.move_to(now)
    assert "SAFE-002" in {notice.code for notice in flow.sweep(everything=True).mended}
    due = {each.code: (each.holds, each.due_on, each.next_check_on) for each in before}
    assert {each.code: (each.holds, each.due_on, each.next_check_on) for each in flow.obligations(p.id)} == due


def test_a_term_that_a_wrong_clock_began_runs_for_no_seventy_years(
    flow: Partnerflow, office: Actor, clock: TickingClock
) -> None:
    now = clock.peek()
    clock.move_to(datetime(2099, 1, 1, tzinfo=UTC))
    a = flow.adopt(Partner(name="A"), state="active", by=office, reason="x")
    clock.move_to(now)
    assert flow.explain(a.id)["REN-001"].outcome == "failed"


def test_a_late_entry_changes_no_past_view(
    flow: Partnerflow, office: Actor, walked_to: Callable, clock: TickingClock
) -> None:
    p = walked_to(flow, "active")
    past = clock.peek()
    clock.move_on(days=10)
    views = {moment: flow.dossier(p.id, as_of=moment).to_mapping() for moment in (past, past + timedelta(days=9))}
    other = walked_to(flow, "active", partner=p.partner_id, site="255901044")
    flow.file(p.id, Need(need="late"), Insurance(line="late"), by=office, at=past)
    flow.fire(p.id, "renew", by=office, at=past)
    flow.file(other.id, Evaluation(evaluated_on=flow.today(), rating="effective"), by=office)
    flow.fire(other.id, "renew", by=office)
    for moment, view in views.items():
        assert flow.dossier(p.id, as_of=moment).to_mapping() == view


def test_a_past_view_is_what_was_recorded_up_to_and_with_that_moment(
    flow: Partnerflow, office: Actor, riverbend: Partner, clock: TickingClock
) -> None:
    before = clock.peek() - timedelta(microseconds=1)
    p = flow.propose(riverbend, by=office)
    views = []
    for record in (Need(need="a"), Need(need="b"), Partner(name="Renamed"), Insurance(line="x")):
        moment = clock.peek()
        flow.file(p.id, record, by=office)
        views.append((moment, flow.dossier(p.id, as_of=clock.peek())))
    flow.fire(p.id, "withdraw", by=office, reason="no")
    for moment, seen in views:
        assert flow.dossier(p.id, as_of=moment) == seen
        assert seen.partnership == p
    assert [len(seen.entries) for _, seen in views] == [1, 2, 2, 3]
    assert [seen.partner.name for _, seen in views] == [riverbend.name, riverbend.name, "Renamed", "Renamed"]
    assert flow.dossier(p.id, as_of=clock.peek()).partnership.state == "terminated"
    assert len(flow.dossier(p.id, as_of=views[-1][0]).moves) == 1
    with pytest.raises(NotFound):
        flow.dossier(p.id, as_of=before)


def test_a_past_view_is_exact_after_every_step(
    flow: Partnerflow, office: Actor, board: Actor, walked_to: Callable, clock: TickingClock
) -> None:
    p = walked_to(flow, "improvement_plan")
    for step in flow.history(p.id):
        seen = flow.dossier(p.id, as_of=step.recorded_at)
        assert (seen.partnership.state, seen.partnership.version) == (step.target, step.version)
        assert seen.moves[-1] == step.move
    now = flow.dossier(p.id)
    past = flow.dossier(p.id, as_of=clock.peek())
    assert (past.partner, past.partnership, past.entries, past.moves) == (
        now.partner, now.partnership, now.entries, now.moves,
    )  # fmt: skip


def test_a_past_view_of_an_adopted_partnership_keeps_its_day(
    flow: Partnerflow, office: Actor, paperwork: Callable, clock: TickingClock
) -> None:
    a = flow.adopt(Partner(name="A"), state="active", since=date(2019, 8, 1), by=office, reason="in place")
    past = clock.peek()
    clock.move_on(days=1)
    flow.file(a.id, *paperwork(trigger="end"), by=office)
    flow.fire(a.id, "end", by=office, reason="term end")
    assert flow.dossier(a.id).partnership.since == date(2026, 9, 16)
    assert flow.dossier(a.id, as_of=past).partnership.since == date(2019, 8, 1)


def test_a_clock_that_goes_back_records_nothing_earlier(
    flow: Partnerflow, office: Actor, board: Actor, walked_to: Callable, clock: TickingClock
) -> None:
    p = walked_to(flow, "vetting")
    clock.move_on(days=2)
    need, cover = flow.file(p.id, Need(need="on the third day"), Insurance(line="x"), by=office)
    clock.move_on(days=-2, hours=-1)
    (later,) = flow.file(p.id, Need(need="after"), by=office)
    assert later.recorded_at == need.recorded_at == cover.recorded_at
    step = flow.fire(p.id, "approve", by=board)
    assert step.recorded_at == step.at == need.recorded_at
    taken = flow.retract(p.id, need.id, by=office, reason="wrong")
    assert taken.recorded_at == need.recorded_at
    again = flow.propose(p.partner_id, by=office)
    assert flow.history(again.id)[0].recorded_at == need.recorded_at
    assert flow.dossier(again.id, as_of=need.recorded_at).partner == flow.partner(p.partner_id)
    for entries in files_of(flow.store).values():
        moments = [entry.recorded_at for entry in entries]
        assert moments == sorted(moments)


# --- the district's midnight ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("zone", "hour"), [("America/Chicago", 5), ("UTC", 0), ("Asia/Tokyo", 15)])
def test_a_certificate_ends_at_the_districts_midnight(
    store: Store, pack: Pack, office: Actor, walked_to: Callable, clock: TickingClock, zone: str, hour: int
) -> None:
    here = Partnerflow(store=store, pack=pack, clock=clock, tz=zone)
    p = walked_to(here, "active")  # its insurance ends on 2027-06-30
    day = 1 if zone != "Asia/Tokyo" else 0
    midnight = datetime(2027, 6, 30, hour, tzinfo=UTC) + timedelta(days=day)
    clock.move_to(midnight - timedelta(seconds=10))
    assert here.today() == date(2027, 6, 30)
    assert "SAFE-002" not in here.check(p.id, "renew", by=office).codes
    clock.move_to(midnight)
    assert here.today() == date(2027, 7, 1)
    assert "SAFE-002" in here.check(p.id, "renew", by=office).codes
    clock.move_to(midnight - timedelta(seconds=10))
    assert {(n.code, n.days_left) for n in here.sweep().approaching} >= {("SAFE-002", 0)}
    clock.move_to(midnight)
    assert "SAFE-002" in {notice.code for notice in here.sweep().missed}


def test_the_day_of_a_step_is_the_districts_too(
    store: Store, pack: Pack, office: Actor, riverbend: Partner, clock: TickingClock
) -> None:
    clock.move_to(datetime(2026, 9, 16, 4, 59, tzinfo=UTC))
    p = Partnerflow(store=store, pack=pack, clock=clock, tz="America/Chicago").propose(riverbend, by=office)
    assert p.since == date(2026, 9, 15)


def test_the_machines_own_clock_is_used_where_none_is_given(office: Actor, riverbend: Partner) -> None:
    flow = Partnerflow(store=MemoryStore())
    before = datetime.now(UTC)
    p = flow.propose(riverbend, by=office)
    (first,) = flow.history(p.id)
    assert before <= first.at <= datetime.now(UTC)
    assert p.id.version == first.id.version == 7


def test_a_ticking_clock_ticks_and_is_moved_on_by_hand() -> None:
    start = datetime(2026, 9, 15, 10, tzinfo=timezone(timedelta(hours=-5)))
    clock = TickingClock(start)
    assert (clock.peek(), clock(), clock()) == (start, start, start + timedelta(seconds=1))
    clock.move_on(days=1, hours=1, seconds=1)
    assert clock.peek() == start + timedelta(days=1, hours=1, seconds=3)
    clock.move_to(start)
    assert (clock(), clock.peek().utcoffset()) == (start, timedelta(0))
    assert "2026-09-15T15:00:01+00:00" in repr(clock)
    with pytest.raises(ValueError, match="no time zone"):
        TickingClock(NAIVE)
