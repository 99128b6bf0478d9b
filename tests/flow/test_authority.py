"""Rights go by role and side; what weighs much needs a second pair of eyes."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import attrs
import pytest

from partnerflow import Actor, Partner, Partnerflow, Refused, Trigger
from partnerflow.ports import Licensed, Listing
from partnerflow.records import Approval, BackgroundCheck, Evaluation, Insurance, Licence, Scope
from partnerflow.testing.clock import TickingClock

PRINCIPAL = Actor("p.park", "school", {"principal"}, sites={"255901001"})
LEAD = attrs.evolve(PRINCIPAL, id="l.lee", roles={"program_lead"})
SCHOOLS = pytest.mark.parametrize("school", [PRINCIPAL, LEAD], ids=["principal", "program_lead"])


def _allowed(flow: Partnerflow, partnership_id: object, by: Actor) -> set[str]:
    """Name the triggers that *by* is not kept from by AUTH-001."""
    options = flow.options(partnership_id, by=by)  # type: ignore[arg-type]
    return {trigger for trigger, decision in options.items() if "AUTH-001" not in decision.codes}


def test_who_holds_no_role_may_do_nothing(flow: Partnerflow, walked_to: Callable) -> None:
    p = walked_to(flow, "active")
    for nobody in (Actor("x"), Actor("x", roles={"superintendent"}), Actor("x", "system"), Actor("x", "partner")):
        assert _allowed(flow, p.id, nobody) == set()
        with pytest.raises(Refused, match="holds no role that may fire renew"):
            flow.fire(p.id, "renew", by=nobody)


def test_who_may_do_nothing_learns_nothing_of_who_is_on_file(flow: Partnerflow, office: Actor) -> None:
    known, unknown = ({"ein": number} for number in ("12-3456789", "98-7654321"))
    flow.propose(Partner(name="Riverbend", ids=known), by=office)
    nobody, licence = Actor("x"), Licence(licence_type="child care", identifier="1", issuer="state")
    calls: list[Callable[[dict[str, str]], object]] = [
        lambda ids: flow.propose(Partner(name="x", ids=ids), by=nobody),
        lambda ids: flow.adopt(Partner(name="x", ids=ids), state="active", by=nobody, reason="in place"),
        lambda ids: flow.register(Partner(name="x", ids=ids), by=nobody),
        lambda ids: list(flow.admit([Listing(Partner(name="x", ids=ids), "organization")], by=nobody)),
        lambda ids: list(flow.admit([Licensed(f"ein:{ids['ein']}", licence)], by=nobody)),
    ]
    for call in calls:
        texts = set()
        for ids in (known, unknown):
            with pytest.raises(Refused) as refused:
                call(ids)
            texts.add(str(refused.value).replace(ids["ein"], "ID"))
        assert len(texts) == 1


@SCHOOLS
def test_a_school_proposes_and_plans_at_its_own_sites(
    flow: Partnerflow, walked_to: Callable, riverbend: Partner, paperwork: Callable, school: Actor
) -> None:
    assert flow.propose(riverbend, by=school).state == "intake"
    p = walked_to(flow, "active")
    assert _allowed(flow, p.id, school) == {"open_improvement_plan"}
    flow.file(p.id, *paperwork(trigger="open_improvement_plan")[len(paperwork()) :], by=school)
    assert flow.fire(p.id, "open_improvement_plan", by=school, reason="few come").by == school.id
    assert _allowed(flow, p.id, school) == {"extend_improvement_plan"}
    flow.fire(p.id, "extend_improvement_plan", by=school, reason="more time")


@SCHOOLS
def test_a_school_has_no_say_at_another(
    flow: Partnerflow, walked_to: Callable, paperwork: Callable, school: Actor, office: Actor
) -> None:
    p = walked_to(flow, "active", site="255901044")
    assert _allowed(flow, p.id, school) == set()
    with pytest.raises(Refused, match="may not act at 255901044"):
        flow.fire(p.id, "open_improvement_plan", by=school, reason="few come")
    for sites in ({"255901001", "255901044"}, {"*"}):
        flow.file(p.id, Scope(level="district", sites=sites), by=office)
        assert _allowed(flow, p.id, school) == set()
    assert _allowed(flow, p.id, attrs.evolve(school, sites={"*"})) == {"open_improvement_plan"}
    assert _allowed(flow, p.id, attrs.evolve(school, sites=None)) == set()


def test_sites_limit_whoever_names_them(flow: Partnerflow, office: Actor, walked_to: Callable) -> None:
    p = walked_to(flow, "active")
    assert "renew" in _allowed(flow, p.id, attrs.evolve(office, sites={"255901001"}))
    assert _allowed(flow, p.id, attrs.evolve(office, sites={"255901044"})) == set()
    assert _allowed(flow, p.id, attrs.evolve(office, sites=set())) == set()


def test_a_partner_offers_itself_and_may_leave(
    flow: Partnerflow, office: Actor, walked_to: Callable, riverbend: Partner, paperwork: Callable
) -> None:
    newcomer = Actor("i.moreno", "partner", {"partner"})
    p = flow.propose(riverbend, by=newcomer)
    theirs = attrs.evolve(newcomer, partner_id=p.partner_id)
    assert flow.propose(p.partner_id, by=theirs).partner_id == p.partner_id
    assert _allowed(flow, p.id, theirs) == {"withdraw"}
    assert _allowed(flow, p.id, newcomer) == set()
    with pytest.raises(Refused, match="acts for another partner"):
        flow.propose(p.partner_id, by=attrs.evolve(newcomer, partner_id=uuid4()))
    with pytest.raises(Refused):
        flow.propose(p.partner_id, by=newcomer)
    with pytest.raises(Refused):
        flow.adopt(riverbend, state="active", by=newcomer, reason="we are there")
    running = walked_to(flow, "active")
    theirs = attrs.evolve(newcomer, partner_id=running.partner_id)
    assert _allowed(flow, running.id, theirs) == {"end"}
    flow.file(running.id, *[r for r in paperwork(trigger="end") if r.kind_info.name == "termination_notice"], by=theirs)
    assert flow.fire(running.id, "end", by=theirs, reason="the grant ran out").target == "terminated"


# --- four eyes -----------------------------------------------------------------------------------------------------


def test_nobody_approves_what_they_proposed(
    flow: Partnerflow, office: Actor, board: Actor, walked_to: Callable
) -> None:
    p = walked_to(flow, "vetting")
    spelled = (attrs.evolve(office, id=f"{office.id} "), attrs.evolve(office, id=office.id.title()))
    others = (attrs.evolve(office, side="school"), attrs.evolve(office, roles={"partnership_office", "x"}))
    for by in (office, *others, *spelled):
        with pytest.raises(Refused, match=r"(?i)a\.anderson +proposed it"):
            flow.fire(p.id, "approve", by=by)
    assert flow.fire(p.id, "approve", by=board).target == "onboarding"


def test_who_adopted_may_not_approve_either(
    flow: Partnerflow, office: Actor, board: Actor, riverbend: Partner, paperwork: Callable
) -> None:
    a = flow.adopt(riverbend, state="vetting", by=office, reason="half way")
    flow.file(a.id, *paperwork(), by=office)
    assert flow.check(a.id, "approve", by=office).codes == ("AUTH-003",)
    assert flow.check(a.id, "approve", by=board).allowed


@pytest.mark.parametrize("state", ["onboarding", "active", "improvement_plan"])
def test_ending_for_cause_takes_two(
    flow: Partnerflow, office: Actor, board: Actor, walked_to: Callable, state: str
) -> None:
    p = walked_to(flow, state)
    approval = Approval(trigger=Trigger.TERMINATE_FOR_CAUSE)

    def codes(by: Actor) -> tuple[str, ...]:
        return flow.check(p.id, "terminate_for_cause", by=by).codes

    assert codes(office) == ("END-002",)
    flow.file(p.id, approval, by=office)
    assert (codes(office), codes(board)) == (("END-002",), ())  # the one who approved it may not be the one who asks
    assert codes(attrs.evolve(office, id=f"{office.id.upper()} ")) == ("END-002",), "under no other spelling either"
    flow.file(p.id, attrs.evolve(approval, note="seen too"), by=board)
    assert (codes(office), codes(board)) == ((), ())
    assert flow.fire(p.id, "terminate_for_cause", by=office, reason="breach").target == "terminated"


def test_the_same_consent_by_another_person_is_another_consent(
    flow: Partnerflow, office: Actor, board: Actor, walked_to: Callable
) -> None:
    p = walked_to(flow, "active")
    approval = Approval(trigger=Trigger.TERMINATE_FOR_CAUSE)
    flow.file(p.id, approval, by=office)
    flow.file(p.id, approval, by=board)
    assert flow.check(p.id, "terminate_for_cause", by=office).allowed


def test_an_approval_from_before_the_state_is_stale(
    flow: Partnerflow, office: Actor, board: Actor, walked_to: Callable, paperwork: Callable, clock: TickingClock
) -> None:
    p = walked_to(flow, "active")
    flow.file(p.id, Approval(trigger=Trigger.TERMINATE_FOR_CAUSE), by=board)
    assert flow.check(p.id, "terminate_for_cause", by=office).allowed
    flow.fire(p.id, "renew", by=office)  # it is still in the same state
    assert flow.check(p.id, "terminate_for_cause", by=office).allowed
    flow.file(p.id, *paperwork(trigger="open_improvement_plan"), by=office)
    flow.fire(p.id, "open_improvement_plan", by=office, reason="few come")
    with pytest.raises(Refused, match="from before the partnership came to this state"):
        flow.fire(p.id, "terminate_for_cause", by=office, reason="breach")
    flow.file(p.id, Approval(trigger=Trigger.TERMINATE_FOR_CAUSE, note="still"), by=board)
    assert flow.check(p.id, "terminate_for_cause", by=office).allowed


def test_the_same_approval_filed_anew_in_a_new_state_counts(
    flow: Partnerflow, office: Actor, board: Actor, walked_to: Callable, paperwork: Callable
) -> None:
    p = walked_to(flow, "active")
    flow.file(p.id, Approval(trigger=Trigger.TERMINATE_FOR_CAUSE), by=board)
    flow.file(p.id, *paperwork(trigger="open_improvement_plan"), by=office)
    flow.fire(p.id, "open_improvement_plan", by=office, reason="few come")
    flow.file(p.id, Approval(trigger=Trigger.TERMINATE_FOR_CAUSE), by=board)
    assert flow.check(p.id, "terminate_for_cause", by=office).allowed


# --- what a step must find fresh -----------------------------------------------------------------------------------


def test_an_amendment_serves_one_change(
    flow: Partnerflow, office: Actor, walked_to: Callable, paperwork: Callable
) -> None:
    p = walked_to(flow, "active")
    with pytest.raises(Refused) as refused:
        flow.fire(p.id, "amend", by=office, reason="a second site")
    assert refused.value.decision.codes == ("AMD-001",)
    amendment = paperwork(trigger="amend")[-1]
    flow.file(p.id, amendment, by=office)
    flow.fire(p.id, "amend", by=office, reason="a second site")
    with pytest.raises(Refused, match="was for an earlier change"):
        flow.fire(p.id, "amend", by=office, reason="a third site")
    flow.file(p.id, amendment, by=office)  # the very same amendment is no other
    assert flow.check(p.id, "amend", by=office).codes == ("AMD-001",)
    flow.file(p.id, attrs.evolve(amendment, what="a third site"), by=office)
    flow.fire(p.id, "amend", by=office, reason="a third site")


def test_an_evaluation_stands_behind_one_plan(
    flow: Partnerflow, office: Actor, walked_to: Callable, paperwork: Callable
) -> None:
    p = walked_to(flow, "improvement_plan")
    flow.file(p.id, *paperwork("improvement_plan", trigger="reinstate"), by=office)
    flow.fire(p.id, "reinstate", by=office)
    assert set(flow.check(p.id, "open_improvement_plan", by=office).codes) == {"IMP-001", "IMP-002"}


@pytest.mark.parametrize("side", ["partner", "school"])
def test_a_role_of_another_side_gives_nothing(flow: Partnerflow, walked_to: Callable, side: str) -> None:
    p = walked_to(flow, "active")
    posing = Actor("r", side, {"partnership_office"}, partner_id=p.partner_id)  # type: ignore[arg-type]
    assert _allowed(flow, p.id, posing) == set()
    with pytest.raises(Refused, match=f"r is on the side {side}, and the role partnership_office is for district"):
        flow.file(p.id, Approval(trigger="renew"), by=posing)
    both = attrs.evolve(posing, roles={"partnership_office", "partner"}, side="partner")
    assert _allowed(flow, p.id, both) == {"end"}


def test_what_somebody_filed_is_taken_back_by_them_or_by_the_office(
    flow: Partnerflow, riverbend: Partner, office: Actor
) -> None:
    p = flow.propose(riverbend, by=office)
    flow.file(p.id, Scope(sites={"255901001"}), by=office)
    theirs = Actor("i.moreno", "partner", {"partner"}, partner_id=p.partner_id)
    (ours,) = flow.file(p.id, Insurance(line="cyber"), by=office)
    (of_theirs,) = flow.file(p.id, Insurance(line="auto"), by=theirs)
    (judged,) = flow.file(p.id, Evaluation(rating="ineffective"), by=PRINCIPAL)
    for entry, by in ((ours, theirs), (of_theirs, attrs.evolve(theirs, id="o.other")), (judged, LEAD)):
        with pytest.raises(Refused, match="holds no role that may retract"):
            flow.retract(p.id, entry.id, by=by, reason="not fair")
    flow.retract(p.id, of_theirs.id, by=theirs, reason="another line")
    flow.retract(p.id, judged.id, by=PRINCIPAL, reason="of another partnership")
    flow.retract(p.id, ours.id, by=attrs.evolve(office, id="b.okafor"), reason="another line")


@pytest.mark.parametrize(
    "adverse", [BackgroundCheck(person="x", result="not_clear"), Licence(licence_type="care", status="Revoked")]
)
def test_an_adverse_record_is_taken_back_by_the_office_alone_whoever_filed_it(
    flow: Partnerflow, riverbend: Partner, office: Actor, adverse: BackgroundCheck | Licence
) -> None:
    p = flow.propose(riverbend, by=office)
    theirs = Actor("i.moreno", "partner", {"partner"}, partner_id=p.partner_id)
    (entry,) = flow.file(p.id, adverse, by=theirs)
    with pytest.raises(Refused, match="holds no role that may retract"):
        flow.retract(p.id, entry.id, by=theirs, reason="on second thoughts")
    flow.retract(p.id, entry.id, by=office, reason="of another person")
