"""What ends without a notice owes one afterwards; what ended before the rule was there, or was purged, owes nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from uuid import UUID

import attrs
import pytest

from partnerflow import Actor, Partnerflow, Partnership
from partnerflow.policies import Pack
from partnerflow.records import Approval, Need, TerminationNotice
from partnerflow.testing.clock import TickingClock

DUE = date(2026, 10, 15)
NOTICE = TerminationNotice(
    voluntary=False, asked_by="district", cause="safety", notice_on=date(2026, 9, 15), close_out=("return the keys",)
)


def owed(flow: Partnerflow, partnership_id: UUID) -> dict[str, tuple[bool, date | None]]:
    return {each.code: (each.holds, each.due_on) for each in flow.obligations(partnership_id)}


@pytest.fixture
def for_cause(flow: Partnerflow, office: Actor, board: Actor, walked_to: Callable) -> Callable[..., Partnership]:
    """End a partnership for cause, under any flow on the same store."""

    def ended(by: Partnerflow = flow) -> Partnership:
        p: Partnership = walked_to(by, "active")
        by.file(p.id, Approval(trigger="terminate_for_cause"), by=board)
        by.fire(p.id, "terminate_for_cause", by=office, reason="breach")
        return p

    return ended


def test_what_was_ended_for_cause_owes_a_notice_within_thirty_days_and_the_sweep_says_so(
    flow: Partnerflow, office: Actor, clock: TickingClock, for_cause: Callable
) -> None:
    p = for_cause()
    assert owed(flow, p.id) == {"END-003": (True, DUE)}
    assert [item.due_on for item in flow.due(p.id)] == [DUE]
    clock.move_on(days=30)
    assert ("END-003", 0) in {(notice.code, notice.days_left) for notice in flow.sweep().approaching}
    clock.move_on(days=1)
    assert [notice.code for notice in flow.sweep().missed] == ["END-003"]
    assert [row.broken for row in flow.inventory(state="terminated")] == [("END-003",)]
    flow.file(p.id, NOTICE, by=office)
    assert owed(flow, p.id) == {"END-003": (True, None)}
    assert [notice.code for notice in flow.sweep().mended] == ["END-003"]


@pytest.mark.parametrize("lacking", ["voluntary", "asked_by", "cause", "notice_on", "close_out"])
def test_a_notice_that_lacks_something_is_none(
    flow: Partnerflow, office: Actor, clock: TickingClock, for_cause: Callable, lacking: str
) -> None:
    p = for_cause()
    flow.file(p.id, attrs.evolve(NOTICE, **{lacking: None}), by=office)
    assert owed(flow, p.id) == {"END-003": (True, DUE)}
    clock.move_on(days=31)
    assert [problem.path.rpartition("/")[2] for problem in flow.explain(p.id)["END-003"].problems] == [lacking, ""]


@pytest.mark.parametrize(("state", "due"), [("intake", None), ("vetting", None), ("onboarding", DUE)])
@pytest.mark.parametrize("trigger", ["decline", "withdraw"])
def test_only_what_was_approved_owes_a_notice_when_it_does_not_begin(
    flow: Partnerflow, office: Actor, walked_to: Callable, state: str, due: date | None, trigger: str
) -> None:
    p = walked_to(flow, state)
    assert flow.fire(p.id, trigger, by=office, reason="no").target == "terminated"
    assert owed(flow, p.id) == {"END-003": (True, due)}


def test_what_ended_in_good_order_owes_nothing_more(flow: Partnerflow, walked_to: Callable) -> None:
    assert owed(flow, walked_to(flow, "terminated").id) == {"END-003": (True, None)}


def test_what_ended_before_the_rule_was_there_owes_nothing_whatever_happens_to_it(
    flow: Partnerflow, pack: Pack, office: Actor, clock: TickingClock, for_cause: Callable
) -> None:
    rules = tuple(rule for rule in pack if rule.policy.code != "END-003")
    p = for_cause(Partnerflow(store=flow.store, pack=attrs.evolve(pack, rules=rules), clock=clock))
    clock.move_on(days=400)
    assert flow.sweep().notices == ()
    assert flow.sweep(everything=True).notices == ()
    (entry,) = flow.file(p.id, Need(need="a proof of disposal"), by=office)
    flow.retract(p.id, entry.id, by=office, reason="of another")  # type: ignore[arg-type]
    flow.redact(p.id, entries=[entry.id], by=office, reason="names a student")  # type: ignore[list-item]
    assert owed(flow, p.id) == {}
    assert flow.explain(p.id).broken == ()
    assert [row.broken for row in flow.inventory(state="terminated")] == [()]
    assert flow.sweep().notices == ()


def test_what_was_purged_owes_nothing_any_more(
    flow: Partnerflow, office: Actor, clock: TickingClock, for_cause: Callable
) -> None:
    p = for_cause()
    clock.move_on(days=84 * 31)
    assert [each.partnership_id for each in flow.purge(before=flow.today(), by=office, reason="seven years")] == [p.id]
    assert owed(flow, p.id) == {}
    flow.file(p.id, Need(need="a late letter"), by=office)
    assert owed(flow, p.id) == {}
    assert flow.explain(p.id).broken == ()
    clock.move_on(days=1)
    assert flow.sweep().notices == ()


def test_an_ending_that_is_dated_back_owes_from_its_own_day(
    flow: Partnerflow, office: Actor, walked_to: Callable, clock: TickingClock
) -> None:
    p = walked_to(flow, "onboarding")
    at = clock.peek()
    clock.move_on(days=10)
    flow.fire(p.id, "withdraw", by=office, reason="no", at=at)
    assert owed(flow, p.id) == {"END-003": (True, flow.today() - timedelta(days=10) + timedelta(days=30))}
