"""A host may evolve the table; each transition says under which table it was made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from partnerflow import (
    DEFAULT,
    Actor,
    IllegalTrigger,
    Lifecycle,
    PackError,
    Partner,
    Partnerflow,
    Refused,
    Row,
    UnknownState,
)
from partnerflow.flow.bulk import Filing
from partnerflow.policies import Pack, load_pack
from partnerflow.records import Approval, Licence, Need
from partnerflow.testing.clock import TickingClock

SUSPENDING = DEFAULT.evolve(
    name="suspending",
    version="7",
    states=["suspended"],
    rows=[
        Row(
            "suspend", sources=["active"], target="suspended", event="suspended", carries=["reason"], cites=["Board 1"]
        ),
        Row("resume", sources=["suspended"], target="active", advances=True, event="resumed", cites=["Board 1"]),
        Row("end", sources=["suspended"], target="terminated", carries=["reason"], event="ended", cites=["Board 1"]),
    ],
)
WIDENING = """
[pack]
name = "ours"
version = "3"

[[set]]
code = "SAFE-002"
holds_in = ["suspended"]

[[set]]
code = "END-002"
guards = ["suspend"]

[roles.partnership_office]
side = ["district", "system"]
fire = ["*"]
file = ["*"]

[roles.principal]
side = ["school", "district"]
fire = ["suspend"]
own_sites = true
"""


@pytest.fixture
def widened(tmp_path: Path) -> Pack:
    path = tmp_path / "ours.toml"
    path.write_text(WIDENING, encoding="utf-8")
    return load_pack(str(path))


@pytest.fixture
def evolved(flow: Partnerflow, clock: TickingClock) -> Partnerflow:
    return Partnerflow(store=flow.store, pack=flow.pack, clock=clock, lifecycle=SUSPENDING)


def test_a_state_of_the_hosts_own_is_walked_through(evolved: Partnerflow, office: Actor, walked_to: Callable) -> None:
    p = walked_to(evolved, "active")
    assert "suspend" in evolved.options(p.id, by=office)
    with pytest.raises(Refused, match="must carry: reason"):
        evolved.fire(p.id, "suspend", by=office)
    step = evolved.fire(p.id, "suspend", by=office, reason="flood")
    assert (step.target, step.event, step.lifecycle) == (
        "suspended", "org.partnerflow.partnership.suspended.v1", "lifecycle suspending 7",
    )  # fmt: skip
    assert [each.id for each in evolved.find(state="suspended")] == [p.id]
    assert tuple(evolved.options(p.id, by=office)) == ("resume", "end")
    with pytest.raises(IllegalTrigger, match="resume, end"):
        evolved.fire(p.id, "renew", by=office)
    evolved.fire(p.id, "resume", by=office)
    evolved.verify()


def test_a_state_that_todays_table_does_not_know_names_both_tables(
    flow: Partnerflow, evolved: Partnerflow, office: Actor, walked_to: Callable, everything: Callable
) -> None:
    p = walked_to(evolved, "active")
    evolved.fire(p.id, "suspend", by=office, reason="flood")
    before = everything(flow)
    for call in (
        lambda: flow.fire(p.id, "end", by=office, reason="x"),
        lambda: flow.check(p.id, "end", by=office),
        lambda: flow.options(p.id, by=office),
        lambda: flow.explain(p.id),
        lambda: flow.dossier(p.id),
        lambda: flow.file(p.id, Need(need="a"), by=office),
    ):
        with pytest.raises(UnknownState) as unknown:
            call()
        assert str(unknown.value).startswith(
            "state 'suspended' was made under lifecycle suspending 7; lifecycle default 1"
        )
    assert everything(flow) == before
    assert flow.history(p.id)[-1].target == "suspended"
    assert [each.state for each in flow.find()] == ["suspended"]
    flow.verify()


def test_the_next_step_is_judged_by_the_table_of_today_and_says_so(
    flow: Partnerflow, evolved: Partnerflow, office: Actor, walked_to: Callable
) -> None:
    p = walked_to(flow, "active")
    evolved.fire(p.id, "suspend", by=office, reason="flood")
    evolved.fire(p.id, "resume", by=office)
    flow.fire(p.id, "renew", by=office)
    assert [step.lifecycle for step in flow.history(p.id)][-3:] == [
        "lifecycle suspending 7", "lifecycle suspending 7", "lifecycle default 1",
    ]  # fmt: skip
    flow.verify()


def test_a_pack_may_widen_where_a_policy_holds_and_guards(
    store: object, clock: TickingClock, widened: Pack, office: Actor, board: Actor, walked_to: Callable,
    paperwork: Callable,
) -> None:  # fmt: skip
    ours = Partnerflow(store=store, pack=widened, clock=clock, lifecycle=SUSPENDING)  # type: ignore[arg-type]
    p = walked_to(ours, "active")
    assert ours.check(p.id, "suspend", by=office).codes == ("END-002",)
    (approval,) = (r for r in paperwork(trigger="terminate_for_cause") if r.kind_info.name == "approval")
    ours.file(p.id, approval, by=board)
    ours.fire(p.id, "suspend", by=office, reason="flood")
    assert [finding.code for finding in ours.explain(p.id).findings] == ["SAFE-002"]
    clock.move_on(days=300)  # the insurance lapses meanwhile, and it alone is promised here
    assert [notice.code for notice in ours.sweep().missed] == ["SAFE-002"]
    assert "SAFE-002" in ours.check(p.id, "resume", by=office).codes


def test_a_pack_that_names_what_the_table_does_not_have_is_no_pack_for_it(store: object, widened: Pack) -> None:
    with pytest.raises(PackError, match=r"state suspended.*lifecycle default 1 has intake"):
        Partnerflow(store=store, pack=widened)  # type: ignore[arg-type]
    with pytest.raises(PackError, match="trigger approve"):
        Partnerflow(store=store, pack="default", lifecycle=_otherwise_approved())  # type: ignore[arg-type]


def _otherwise_approved() -> Lifecycle:
    return DEFAULT.evolve(name="otherwise approved", version="1", without=["approve"], rows=[
        Row("admit", sources=["vetting"], target="onboarding", event="admitted", cites=["Board 2"]),
    ])  # fmt: skip


def test_a_sweep_that_meets_a_state_it_does_not_know_names_it_and_tells_of_all_the_others(
    flow: Partnerflow, widened: Pack, clock: TickingClock, office: Actor, walked_to: Callable
) -> None:
    ours = Partnerflow(store=flow.store, pack=widened, clock=clock, lifecycle=SUSPENDING)
    p = walked_to(ours, "active")
    ours.file(p.id, Approval(trigger="terminate_for_cause"), by=Actor("b.okafor", roles={"partnership_office"}))
    ours.fire(p.id, "suspend", by=office, reason="flood")
    q = flow.adopt(Partner(name="Northside Tutors"), state="active", by=office, reason="in place")
    clock.move_on(days=800)
    swept = flow.sweep()
    assert {each: type(error) for each, error in swept.unjudged.items()} == {p.id: UnknownState}
    assert {notice.partnership_id for notice in swept.notices} == {q.id}
    told = {event.partnership_id for event in flow.store.outgoing() if ".policy." in event.type}
    assert told == {q.id}


@pytest.mark.parametrize("many", [False, True])
def test_one_that_cannot_be_evaluated_when_its_partner_files_is_evaluated_once_it_can_be(
    flow: Partnerflow, clock: TickingClock, office: Actor, walked_to: Callable, *, many: bool
) -> None:
    ours = Partnerflow(store=flow.store, clock=clock, lifecycle=SUSPENDING)
    p = walked_to(ours, "active")
    q = flow.propose(p.partner_id, by=office)
    ours.fire(p.id, "suspend", by=office, reason="flood")
    of_the_partner = Licence(licence_type="food", status="revoked")
    if many:
        (done,) = flow.file_many([Filing(q.id, [of_the_partner])], by=office, key="k")
        assert done.outcome == "done"
    else:
        flow.file(q.id, of_the_partner, by=office)

    def evaluated_under() -> str:
        with flow.store.reading() as tx:
            return tx.snapshots([p.id])[p.id].pack_digest

    assert evaluated_under() == ""
    ours.sweep()
    assert evaluated_under() == ours.pack.digest
