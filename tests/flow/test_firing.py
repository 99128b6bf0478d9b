"""A state is changed by firing a trigger of the table and by nothing else; every no says why and leaves no trace."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from partnerflow import (
    DEFAULT,
    Actor,
    Conflict,
    IllegalTrigger,
    InvalidRequest,
    NotFound,
    Partner,
    Partnerflow,
    Refused,
    State,
    Trigger,
)
from partnerflow.ports import ChangeSet, Store, Transaction
from partnerflow.records import Amendment, Evaluation, Insurance, Need
from partnerflow.testing.clock import TickingClock

STATES = [str(state) for state in State]


# --- taking a step -------------------------------------------------------------------------------------------------


def test_a_step_moves_the_partnership_and_keeps_who_when_and_why(
    flow: Partnerflow, office: Actor, walked_to: Callable, clock: TickingClock
) -> None:
    p = walked_to(flow, "active")
    now = clock.peek()
    step = flow.fire(p.id, Trigger.RENEW, by=office, reason="  annual review ")
    assert (step.trigger, step.source, step.target, step.by, step.reason) == (
        "renew", "active", "active", "a.anderson", "  annual review ",
    )  # fmt: skip
    assert (step.version, step.at, step.recorded_at) == (p.version + 1, now, now)
    assert (step.event, step.lifecycle) == ("org.partnerflow.partnership.renewed.v1", "lifecycle default 1")
    assert step == flow.history(p.id)[-1]
    assert flow.pack.digest in step.decision
    stands = flow.dossier(p.id).partnership
    assert (stands.state, stands.version, stands.since) == ("active", p.version + 1, p.since)


def test_one_life_from_the_first_word_to_the_last(
    flow: Partnerflow, office: Actor, board: Actor, riverbend: Partner, paperwork: Callable, clock: TickingClock
) -> None:
    p = flow.propose(riverbend, by=office)
    flow.file(p.id, *paperwork(), by=office)
    for trigger, by, state in (
        ("begin_vetting", office, "vetting"),
        ("return_to_intake", board, "intake"),
        ("begin_vetting", office, "vetting"),
        ("approve", board, "onboarding"),
        ("return_to_vetting", office, "vetting"),
        ("approve", board, "onboarding"),
        ("activate", office, "active"),
        ("renew", office, "active"),
        ("amend", office, "active"),
        ("open_improvement_plan", office, "improvement_plan"),
        ("extend_improvement_plan", office, "improvement_plan"),
        ("amend", office, "improvement_plan"),
        ("reinstate", office, "active"),
        ("end", office, "terminated"),
    ):
        clock.move_on(hours=1)
        flow.file(p.id, *paperwork(trigger=trigger)[len(paperwork()) :], by=office)
        if trigger == "amend":
            flow.file(p.id, Amendment(what=f"change {clock.peek()}", requested_by="school"), by=office)
        step = flow.fire(p.id, trigger, by=by, reason="as planned")
        assert (step.target, flow.dossier(p.id).partnership.state) == (state, state), trigger
    assert [step.version for step in flow.history(p.id)] == list(range(1, 16))
    flow.verify()


def test_a_renewal_needs_an_evaluation_of_the_present_term(
    flow: Partnerflow, office: Actor, walked_to: Callable, clock: TickingClock
) -> None:
    p = walked_to(flow, "active")
    assert "EVA-003" not in flow.check(p.id, "renew", by=office).codes
    flow.fire(p.id, "renew", by=office)
    assert "EVA-003" in flow.check(p.id, "renew", by=office).codes, "the evaluation is of the former term"
    clock.move_on(days=30)
    began = flow.dossier(p.id).term_began(flow.today())
    assert began is not None
    flow.file(p.id, Evaluation(evaluated_on=began - timedelta(days=1), rating="effective"), by=office)
    assert "EVA-003" in flow.check(p.id, "renew", by=office).codes, "filed late, and of the former term too"
    flow.file(p.id, Evaluation(evaluated_on=flow.today(), rating="effective"), by=office)
    assert "EVA-003" not in flow.check(p.id, "renew", by=office).codes


def test_ending_for_performance_goes_through_a_plan_that_failed(
    flow: Partnerflow, office: Actor, walked_to: Callable, paperwork: Callable
) -> None:
    p = walked_to(flow, "improvement_plan")
    assert flow.check(p.id, "terminate_for_performance", by=office).codes == ("IMP-004", "END-001")
    flow.file(p.id, *paperwork("improvement_plan", trigger="terminate_for_performance"), by=office)
    assert flow.check(p.id, "reinstate", by=office).codes == ("IMP-003",)
    assert flow.fire(p.id, "terminate_for_performance", by=office, reason="no better").target == "terminated"


def test_a_step_that_does_not_advance_carries_along_what_is_broken(
    flow: Partnerflow, office: Actor, walked_to: Callable, paperwork: Callable, clock: TickingClock
) -> None:
    p = walked_to(flow, "active")
    clock.move_on(days=300)  # the insurance has lapsed
    assert "SAFE-002" in flow.check(p.id, "renew", by=office).codes
    flow.file(p.id, *paperwork(trigger="open_improvement_plan"), by=office)
    decision = flow.check(p.id, "open_improvement_plan", by=office)
    assert decision.allowed
    assert "SAFE-002" in {finding.code for finding in decision.report.broken}
    step = flow.fire(p.id, "open_improvement_plan", by=office, reason="attendance")
    assert '"outcome":"failed"' in step.decision


# --- asking --------------------------------------------------------------------------------------------------------


def test_checking_says_what_firing_would_and_changes_nothing(
    flow: Partnerflow, office: Actor, board: Actor, walked_to: Callable, everything: Callable
) -> None:
    p = walked_to(flow, "vetting")
    before = everything(flow)
    for by, allowed in ((office, False), (board, True)):
        decision = flow.check(p.id, "approve", by=by)
        assert (decision.allowed, decision.legal, decision.needs) == (allowed, True, ())
        assert decision.codes == (() if allowed else ("AUTH-003",))
    assert "a.anderson proposed it" in flow.check(p.id, "approve", by=office).explain()
    assert everything(flow) == before


@pytest.mark.parametrize("state", STATES)
def test_the_options_are_the_triggers_that_are_legal_from_here(
    flow: Partnerflow, office: Actor, walked_to: Callable, everything: Callable, state: str
) -> None:
    p = walked_to(flow, state)
    before = everything(flow)
    options = flow.options(p.id, by=office)
    assert tuple(options) == DEFAULT.legal(state)
    for trigger, decision in options.items():
        assert decision == flow.check(p.id, trigger, by=office, at=decision.move.at)
    assert everything(flow) == before


@pytest.mark.parametrize("state", STATES)
def test_a_trigger_that_is_not_legal_from_here_says_which_are(
    flow: Partnerflow, office: Actor, walked_to: Callable, everything: Callable, state: str
) -> None:
    p = walked_to(flow, state)
    legal = DEFAULT.legal(state)
    before = everything(flow, attempts=False)
    for trigger in sorted({*map(str, Trigger), "Approve", "no such thing", ""} - set(legal)):
        decision = flow.check(p.id, trigger, by=office)
        assert (decision.legal, decision.allowed, decision.legal_triggers) == (False, False, legal)
        with pytest.raises(IllegalTrigger) as illegal:
            flow.fire(p.id, trigger, by=office, reason="try")
        assert illegal.value.decision.legal_triggers == legal
        assert all(each in str(illegal.value) for each in legal)
        assert illegal.value.http_status == 409
        attempt = flow.attempts(p.id)[-1]
        assert (attempt.trigger, attempt.source, attempt.by, attempt.codes) == (trigger, state, "a.anderson", ())
    assert everything(flow, attempts=False) == before


def test_what_a_trigger_must_carry_is_said_and_only_firing_refuses_for_it(
    flow: Partnerflow, office: Actor, riverbend: Partner
) -> None:
    p = flow.propose(riverbend, by=office)
    decision = flow.check(p.id, "withdraw", by=office)
    assert (decision.allowed, decision.needs) == (True, ("reason",))
    for reason in (None, "", " \t", "-", "..."):
        with pytest.raises(Refused, match="must carry: reason") as refused:
            flow.fire(p.id, "withdraw", by=office, reason=reason)
        assert (refused.value.lacks, type(refused.value)) == (("reason",), Refused)
    assert len(flow.attempts(p.id)) == 5
    flow.fire(p.id, "withdraw", by=office, reason="no")


# --- what a no leaves behind ---------------------------------------------------------------------------------------


def test_a_refused_step_leaves_its_attempt_and_nothing_else(
    flow: Partnerflow, office: Actor, walked_to: Callable, everything: Callable, clock: TickingClock
) -> None:
    p = walked_to(flow, "vetting")
    before = everything(flow, attempts=False)
    told: list[str] = []
    flow.before.connect(lambda sender, transition: told.append(sender))
    flow.after.connect(lambda sender, event: told.append(sender))
    at = clock.peek()
    with pytest.raises(Refused) as refused:
        flow.fire(p.id, "approve", by=office)
    (attempt,) = flow.attempts(p.id)
    assert (attempt.partnership_id, attempt.trigger, attempt.source, attempt.by) == (
        p.id, "approve", "vetting", "a.anderson",
    )  # fmt: skip
    assert (attempt.at, attempt.recorded_at, attempt.codes) == (at, at, ("AUTH-003",))
    assert refused.value.decision.codes == attempt.codes
    assert everything(flow, attempts=False) == before
    assert told == []


def test_a_vetoed_change_leaves_nothing_at_all(
    flow: Partnerflow, office: Actor, walked_to: Callable, riverbend: Partner, everything: Callable
) -> None:
    p = walked_to(flow, "active")
    before = everything(flow)
    told: list[str] = []
    flow.after.connect(lambda sender, event: told.append(sender))

    @flow.before.connect
    def veto(sender: str, transition: object) -> None:
        raise PermissionError("the board is on holiday")

    for call in (
        lambda: flow.fire(p.id, "renew", by=office),
        lambda: flow.propose(riverbend, by=office),
        lambda: flow.propose(p.partner_id, by=office),
        lambda: flow.adopt(riverbend, state="active", by=office, reason="in place"),
    ):
        with pytest.raises(PermissionError, match="on holiday"):
            call()
        assert everything(flow) == before
    flow.before.disconnect(veto)
    flow.fire(p.id, "renew", by=office)
    assert told == ["org.partnerflow.partnership.renewed.v1"]


class _Crashing:
    """A store whose transactions fail when they write, before or after the writing itself."""

    def __init__(self, store: Store, *, after_writing: bool) -> None:
        self.store, self.after_writing = store, after_writing

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        with self.store.transaction() as tx:
            write = tx.write

            def crash(changes: ChangeSet) -> None:
                if self.after_writing:
                    write(changes)
                raise OSError("the disk is full")

            tx.write = crash  # type: ignore[method-assign]
            yield tx


@pytest.mark.parametrize("after_writing", [False, True])
def test_a_crash_leaves_nothing_at_all(
    flow: Partnerflow, office: Actor, board: Actor, walked_to: Callable, riverbend: Partner, everything: Callable,
    clock: TickingClock, after_writing: bool,  # noqa: FBT001
) -> None:  # fmt: skip
    p = walked_to(flow, "vetting")
    (need,) = (entry for entry in flow.dossier(p.id).entries if isinstance(entry.record, Need))
    clock.move_on(days=300)
    before = everything(flow)
    crashing = Partnerflow(
        store=_Crashing(flow.store, after_writing=after_writing),  # type: ignore[arg-type]
        pack=flow.pack,
        clock=clock,
    )
    told: list[str] = []
    crashing.after.connect(lambda sender, event: told.append(sender))
    for call in (
        lambda key: crashing.fire(p.id, "return_to_intake", by=board, reason="x", idempotency_key=key),
        lambda key: crashing.fire(
            p.id, "approve", by=office, idempotency_key=key
        ),  # refused, were it not for the crash
        lambda key: crashing.file(p.id, Insurance(line="x"), Need(need="new"), by=office, idempotency_key=key),
        lambda key: crashing.retract(p.id, need.id, by=office, reason="x", idempotency_key=key),
        lambda key: crashing.propose(riverbend, by=office, idempotency_key=key),
        lambda key: crashing.adopt(riverbend, state="active", by=office, reason="x", idempotency_key=key),
    ):
        with pytest.raises(OSError, match="disk is full"):
            call("k")
        assert everything(flow) == before
    with pytest.raises(OSError, match="disk is full"):
        crashing.register(riverbend, by=office)
    assert (everything(flow), told) == (before, [])
    flow.fire(p.id, "return_to_intake", by=board, reason="another request", idempotency_key="k")  # no key was used up


def test_a_sweep_that_crashes_tells_again(
    flow: Partnerflow, office: Actor, walked_to: Callable, everything: Callable, clock: TickingClock
) -> None:
    walked_to(flow, "active")
    clock.move_on(days=300)
    before = everything(flow)
    with pytest.raises(OSError, match="disk is full"):
        Partnerflow(store=_Crashing(flow.store, after_writing=True), pack=flow.pack, clock=clock).sweep()  # type: ignore[arg-type]
    assert everything(flow) == before
    assert flow.sweep().missed


# --- arguments -----------------------------------------------------------------------------------------------------


def test_a_partnership_that_is_not_there_is_not_found(flow: Partnerflow, office: Actor) -> None:
    for call in (
        lambda: flow.fire(uuid4(), "approve", by=office),
        lambda: flow.check(uuid4(), "approve", by=office),
        lambda: flow.options(uuid4(), by=office),
        lambda: flow.explain(uuid4()),
    ):
        with pytest.raises(NotFound):
            call()


def test_text_that_no_database_keeps_is_refused_before_any(
    flow: Partnerflow, office: Actor, riverbend: Partner, everything: Callable
) -> None:
    p = flow.propose(riverbend, by=office)
    before = everything(flow)
    for call in (
        lambda text: flow.fire(p.id, "withdraw", by=office, reason=text),
        lambda text: flow.fire(p.id, text, by=office),
        lambda text: flow.fire(p.id, "withdraw", by=Actor(text, roles={"partnership_office"}), reason="x"),
        lambda text: flow.fire(p.id, "withdraw", by=office, reason="x", idempotency_key=text),
        lambda text: flow.retract(p.id, uuid4(), by=office, reason=text),
    ):
        for text in ("nul \0", "half \ud800"):
            with pytest.raises(InvalidRequest):
                call(text)
    assert everything(flow) == before


def test_a_lost_race_is_a_conflict_that_names_both_versions(
    flow: Partnerflow, office: Actor, walked_to: Callable, everything: Callable
) -> None:
    p = walked_to(flow, "improvement_plan")
    step = flow.fire(p.id, "extend_improvement_plan", by=office, reason="not yet", expected_version=p.version)
    before = everything(flow)
    (need, *_) = (entry for entry in flow.dossier(p.id).entries if isinstance(entry.record, Need))
    for call in (
        lambda: flow.fire(p.id, "extend_improvement_plan", by=office, reason="not yet", expected_version=p.version),
        lambda: flow.fire(p.id, "no such thing", by=office, expected_version=p.version),
        lambda: flow.file(p.id, Need(need="new"), by=office, expected_version=p.version),
        lambda: flow.file(p.id, need.record, by=office, expected_version=99),
        lambda: flow.retract(p.id, need.id, by=office, reason="wrong", expected_version=p.version),
    ):
        with pytest.raises(Conflict) as conflict:
            call()
        assert (conflict.value.subject, conflict.value.actual) == (p.id, step.version)
        assert conflict.value.expected in (p.version, 99)
        assert f"at version {step.version}, not at {conflict.value.expected}" in str(conflict.value)
    assert everything(flow) == before
    flow.fire(p.id, "extend_improvement_plan", by=office, reason="not yet", expected_version=step.version)
