"""What districts set differently, and where the agreement, the services, access, money and renewal turn."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import attrs
import pytest

from partnerflow.dossier import Dossier
from partnerflow.errors import InvalidRecord
from partnerflow.lifecycle import Move, State, Trigger
from partnerflow.policies import Finding, Policy
from partnerflow.policies.shipped import POLICIES
from partnerflow.records import (
    AccessGrant,
    Agreement,
    AnnualForm,
    BackgroundCheck,
    CostPart,
    CostShare,
    DataSharingAgreement,
    FundingPlan,
    FundingSource,
    FundingStep,
    Insurance,
    Money,
    Need,
    Person,
    Profile,
    Record,
    Scope,
    Service,
    ServicePlan,
    SharedElement,
    Slot,
)
from partnerflow.records.conversion import read_record
from partnerflow.testing import EXAMPLE_DAY, OFFICE, example_dossier

CODES: dict[str, Policy] = {policy.code: policy for policy in POLICIES}


def ask(code: str, dossier: Dossier, on: date = EXAMPLE_DAY, **parameters: Any) -> Finding:
    return CODES[code](dossier, on, **parameters)


def filed(*records: Record) -> Dossier:
    """Return the example with *records* in the place of all others of their kinds."""
    return example_dossier(without={record.kind_info.name for record in records}, records=records)


def said(finding: Finding) -> list[str]:
    return [problem.message for problem in finding.problems]


def service(**changes: Any) -> Service:
    (mine,) = example_dossier().all(Service)
    return attrs.evolve(mine, **changes)


# --- who they are, and that they are safe ----------------------------------------------------------------------------


def test_a_district_may_ask_for_more_of_the_profile_and_have_levels_of_its_own() -> None:
    dossier = filed(Profile(partnership_kind="long_term", owning_office="Partnerships", level="gold"))
    assert ask("REG-003", dossier).outcome == "passed"
    assert ask("REG-003", dossier, fields=("maturity", "level")).problems[0].path.endswith("/maturity")
    assert ask("REG-003", dossier, levels=frozenset({"gold", "silver"})).outcome == "passed"
    assert said(ask("REG-003", dossier, levels=frozenset({"silver", "bronze"}))) == [
        "gold is no level here; these are: bronze, silver"
    ]


def test_a_check_must_have_the_parts_that_the_district_asks_for() -> None:
    parts = frozenset({"fingerprint", "tuberculosis"})
    check = BackgroundCheck(
        person="j.rivera", result="clear", cleared_on=date(2026, 8, 1), ends_on=date(2029, 7, 31), components=parts
    )
    assert ask("SAFE-001", example_dossier(), components=parts).outcome == "missing"
    assert ask("SAFE-001", filed(check), components=parts).outcome == "passed"
    half = attrs.evolve(check, components=frozenset({"fingerprint"}))
    assert said(ask("SAFE-001", filed(half), components=parts)) == ["the check of j.rivera has no tuberculosis"]


@pytest.mark.parametrize(("once", "outcome"), [(True, "passed"), (False, "missing"), (None, "missing")])
def test_only_who_is_said_to_come_once_is_let_off_and_only_where_the_district_says_so(
    *, once: bool | None, outcome: str
) -> None:
    dossier = example_dossier(records=[Person(person="a.speaker", direct_contact=True, one_time_visitor=once)])
    assert ask("SAFE-001", dossier, one_time_visitors="exempt").outcome == outcome
    assert ask("SAFE-001", dossier).outcome == "missing"


def test_a_district_may_want_to_be_named_on_the_certificate() -> None:
    (cover,) = example_dossier().all(Insurance)
    both = {"additional_insured": True, "certificate_holder": True}
    assert ask("SAFE-002", filed(cover), **both).outcome == "missing"
    named = attrs.evolve(cover, district_additional_insured=True, district_certificate_holder=True)
    assert ask("SAFE-002", filed(named), **both).outcome == "passed"
    for field in ("district_additional_insured", "district_certificate_holder"):
        finding = ask("SAFE-002", filed(attrs.evolve(named, **{field: False})), **both)
        assert (finding.outcome, finding.problems[0].path.rsplit("/", 1)[1]) == ("failed", field)


@pytest.mark.parametrize(
    ("supervised", "outcome"), [((True, True), "not_applicable"), ((True, False), "missing"), ((True, None), "missing")]
)
def test_no_cover_is_asked_where_every_service_is_supervised(supervised: tuple[bool | None, ...], outcome: str) -> None:
    services = [service(service=f"service {n}", fully_supervised=by) for n, by in enumerate(supervised)]
    dossier = example_dossier(without={"insurance", "service"}, records=services)
    assert ask("SAFE-002", dossier, supervised="exempt").outcome == outcome
    assert ask("SAFE-002", dossier).outcome == "missing"


@pytest.mark.parametrize(("employs", "outcome"), [(None, "missing"), (False, "not_applicable"), (True, "missing")])
def test_workers_are_covered_where_there_are_any(*, employs: bool | None, outcome: str) -> None:
    partner = attrs.evolve(example_dossier().partner, has_employees=employs)
    assert ask("SAFE-005", example_dossier(partner=partner)).outcome == outcome


# --- the agreement ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        ("contractual_service", "failed"),
        ("long_term", "not_applicable"),
        ("short_term_collaboration", "not_applicable"),
    ],
)
def test_only_what_is_bought_needs_a_contract(kind: Any, outcome: str) -> None:
    assert ask("AGR-009", filed(Profile(partnership_kind=kind))).outcome == outcome


def test_each_programme_may_need_an_agreement_of_its_own() -> None:
    dossier = example_dossier(records=[service(service="mentoring")])
    assert said(ask("AGR-012", dossier)) == ["mentoring is not among them"]
    assert said(ask("AGR-012", dossier, coverage="one_per_service")) == [
        "mentoring is not among them",
        "2 services share one agreement",
    ]
    assert ask("AGR-012", example_dossier(), coverage="one_per_service").outcome == "passed"


def test_a_side_without_a_responsibility_is_named() -> None:
    finding = ask("AGR-013", example_dossier(), sides=frozenset({"school", "partner"}))
    assert said(finding) == ["the school has none"]


# --- services and schools --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("slot", "outcome"),
    [
        (Slot(day="tue", starts="15:00", ends="17:00"), "passed"),
        (Slot(day="tue", starts="07:00", ends="08:00"), "passed"),
        (Slot(day="tue", starts="07:00", ends="08:01"), "failed"),
        (Slot(day="tue", starts="14:59", ends="17:00"), "failed"),
        (Slot(day="sat", starts="10:00", ends="12:00"), "passed"),
        (Slot(day="tue", starts="17:00", ends="16:00"), "failed"),
        (Slot(day="tue", starts="3 pm", ends="5 pm"), "failed"),
        (Slot(day="tue", starts="15:00"), "missing"),
        (Slot(starts="15:00", ends="17:00"), "missing"),
    ],
)
def test_what_is_outside_of_the_school_day_has_no_hour_within_it(slot: Slot, outcome: str) -> None:
    assert ask("SVC-001", filed(service(slots=(slot,)))).outcome == outcome


def test_hours_of_school_are_the_districts() -> None:
    assert ask("SVC-001", example_dossier(), school_ends="16:00").outcome == "failed"
    assert ask("SVC-001", filed(service(slots=()))).outcome == "passed", "no fixed hours are said by an empty list"
    assert ask("SVC-001", filed(service(slots=None))).outcome == "missing"
    assert ask("SVC-001", filed(service(timing="school_day", slots=None))).outcome == "passed"


def test_two_schools_need_two_plans_and_one_school_none() -> None:
    assert ask("SVC-003", example_dossier()).outcome == "not_applicable"
    everywhere = Scope(level="district", sites=frozenset({"*"}))
    assert ask("SVC-003", filed(everywhere)).outcome == "missing"
    plan = ServicePlan(site="255901001", needs=frozenset({"no reading support after 15:00"}))
    assert ask("SVC-003", filed(everywhere, plan)).outcome == "passed"
    assert ask("SVC-003", filed(everywhere, attrs.evolve(plan, needs=frozenset()))).outcome == "failed"
    finding = ask("SVC-003", filed(everywhere, attrs.evolve(plan, needs=frozenset({"chess"}))))
    assert said(finding) == ["no need of that name is on file: chess"]
    assert finding.owner == "partner"


def test_a_partnership_of_the_whole_district_answers_no_single_schools_need() -> None:
    assert ask("NEED-002", filed(Scope(level="district", sites=frozenset({"*"})))).outcome == "not_applicable"
    assert ask("NEED-002", filed(Need(need="chess", site="255901001"))).outcome == "missing", "whose need is not said"


# --- access ----------------------------------------------------------------------------------------------------------

GRANT = AccessGrant(
    access="student_data",
    what="attendance",
    holder="coordinator",
    purpose="to see whether tutoring helps",
    elements=frozenset({"attendance"}),
    starts_on=date(2026, 9, 1),
    ends_on=date(2027, 6, 15),
)


def test_a_grant_of_material_opens_no_data_and_needs_no_sharing() -> None:
    material = attrs.evolve(GRANT, access="curriculum", elements=None, purpose=None)
    assert ask("ACC-001", filed(material)).outcome == "not_applicable"
    assert ask("ACC-002", filed(material)).outcome == "passed"


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, "passed"),
        ({"elements": frozenset({"attendance", "discipline"})}, "failed"),
        ({"purpose": "to find donors"}, "failed"),
        ({"purpose": None}, "missing"),
        ({"elements": frozenset()}, "missing"),
        ({"ends_on": None}, "missing"),
        ({"ends_on": date(2026, 9, 2), "purpose": "to find donors"}, "not_applicable"),
    ],
)
def test_a_grant_goes_as_far_as_the_agreement_and_is_asked_while_it_runs(changes: dict[str, Any], outcome: str) -> None:
    assert ask("ACC-001", filed(attrs.evolve(GRANT, **changes))).outcome == outcome


def test_a_grant_is_asked_from_its_first_day() -> None:
    coming = attrs.evolve(GRANT, starts_on=date(2026, 10, 1), purpose="to find donors")
    finding = ask("ACC-001", filed(coming))
    assert (finding.outcome, finding.until) == ("not_applicable", date(2026, 9, 30))
    assert ask("ACC-001", filed(coming), date(2026, 10, 1)).outcome == "failed"


def test_data_are_closed_when_either_agreement_ends() -> None:
    (sharing,) = example_dossier().all(DataSharingAgreement)
    assert sharing.elements == (SharedElement(element="attendance", kept_in="service log"),)
    short = attrs.evolve(sharing, ends_on=date(2026, 9, 10))
    assert said(ask("ACC-001", filed(GRANT, short))) == [
        "the data-sharing agreement ends on 2026-09-10, which has passed"
    ]
    assert ask("ACC-001", example_dossier(without={"agreement"}, records=[GRANT])).outcome == "missing"


# --- money -----------------------------------------------------------------------------------------------------------

CITY = FundingSource(
    source="City", amount=Money.of(30_000, "USD"), percent=100, ends_on=date(2027, 6, 30), status="won"
)
STEP = FundingStep(what="ask the trust", owner_side="partner", due_on=date(2026, 10, 31), done=False)


@pytest.mark.parametrize(
    ("cost", "source", "outcome"),
    [
        ("0 USD", CITY, "not_applicable"),
        ("30000 USD", CITY, "passed"),
        ("30001 USD", CITY, "failed"),
        ("30000 USD", attrs.evolve(CITY, status="applied"), "failed"),
        ("30000 EUR", CITY, "failed"),
        ("10 USD", attrs.evolve(CITY, status=None), "failed"),
    ],
)
def test_only_what_is_won_pays(cost: str, source: FundingSource, outcome: str) -> None:
    (agreed,) = example_dossier().all(Agreement)
    dossier = filed(attrs.evolve(agreed, cost=Money.parse(cost)), FundingPlan(sources=(source,)))
    assert ask("FND-001", dossier).outcome == outcome


def test_a_heavy_source_is_borne_while_a_joint_plan_is_under_way() -> None:
    plan = FundingPlan(sources=(CITY,), steps=(STEP,))
    assert ask("FND-002", filed(plan)).until == date(2026, 10, 31)
    assert "a step of the joint plan falls due (ask the trust) on 2026-10-31, which has passed" in said(
        ask("FND-002", filed(plan), date(2026, 11, 1))
    )
    done = attrs.evolve(plan, steps=(attrs.evolve(STEP, done=True),))
    assert said(ask("FND-002", filed(done))) == ["City gives 100 in 100", "no step of a joint plan is under way"]


def test_a_sole_source_is_found_before_it_ends_and_two_light_ones_need_no_plan() -> None:
    sole = FundingPlan(sources=(CITY,), steps=())
    far = ask("FND-002", filed(sole), max_percent=100, notice_days=30)
    assert (far.outcome, far.until) == ("passed", date(2027, 5, 30))
    assert ask("FND-002", filed(sole), date(2027, 5, 31), max_percent=100, notice_days=30).outcome == "failed"
    light = attrs.evolve(CITY, percent=50)
    assert ask("FND-002", filed(FundingPlan(sources=(light, light)))).outcome == "passed"
    assert ask("FND-002", filed(FundingPlan(sources=()))).outcome == "passed"
    assert ask("FND-002", filed(FundingPlan(sources=(attrs.evolve(light, percent=None), light)))).outcome == "missing"


def test_the_talk_on_money_takes_both_sides_and_must_have_been() -> None:
    talked = FundingPlan(sources=(), discussed_on=EXAMPLE_DAY, discussed_by=frozenset({"school", "partner"}))
    assert ask("FND-003", filed(talked)).outcome == "passed"
    assert ask("FND-003", filed(talked), date(2026, 9, 14)).mends_on == EXAMPLE_DAY
    alone = attrs.evolve(talked, discussed_by=frozenset({"district"}))
    assert said(ask("FND-003", filed(alone))) == ["the partner took no part"]


def test_shares_that_do_not_make_up_the_cost_are_refused() -> None:
    parts = (CostPart(party="school", amount=Money.of(40, "USD")), CostPart(party="City", amount=Money.of(60, "USD")))
    assert CostShare(event="fair", cost=Money.of(100, "USD"), shares=parts).shares == parts
    with pytest.raises(ValueError, match="the shares make 100 USD of a cost of 120 USD"):
        CostShare(event="fair", cost=Money.of(120, "USD"), shares=parts)
    told = {"event": "fair", "cost": "100 EUR", "shares": [{"party": "school", "amount": "100 USD"}]}
    with pytest.raises(InvalidRecord, match="shares in USD of a cost in EUR"):
        read_record("cost_share", told)


# --- year after year -------------------------------------------------------------------------------------------------


def test_a_year_after_it_began_it_is_to_be_renewed_and_the_renewal_itself_counts() -> None:
    dossier = example_dossier()
    assert ask("REN-001", dossier).until == date(2027, 9, 1)
    assert ask("REN-001", dossier, date(2027, 9, 2)).outcome == "failed"
    renewing = dossier.after(Move(Trigger.RENEW, State.ACTIVE, State.ACTIVE, by=OFFICE), date(2027, 9, 2))
    assert ask("REN-001", renewing, date(2027, 9, 2)).until == date(2028, 9, 2)
    at = datetime(2027, 10, 1, 15, tzinfo=UTC)
    taken = dossier.after(Move(Trigger.RENEW, State.ACTIVE, State.ACTIVE, by=OFFICE, at=at), date(2027, 10, 1))
    assert ask("REN-001", taken, date(2027, 12, 1)).until == date(2028, 10, 1), "its own day counts, not that of asking"
    assert ask("REN-001", example_dossier(moves=())).outcome == "failed"


@pytest.mark.parametrize(
    ("year", "on", "outcome"),
    [
        (None, date(2027, 8, 29), "passed"),
        (None, date(2027, 8, 30), "failed"),
        ("2026-27", date(2028, 8, 29), "passed"),
        ("2026-27", date(2028, 8, 30), "failed"),
        ("2026-28", date(2027, 8, 30), "failed"),
        ("last year", date(2027, 8, 30), "failed"),
    ],
)
def test_the_form_is_asked_after_each_school_year_from_the_first_on(year: str | None, on: date, outcome: str) -> None:
    forms = [AnnualForm(year=year, submitted_on=date(2027, 7, 10), aligned_goals=frozenset())] if year else []
    assert ask("SURV-001", example_dossier(records=forms), on).outcome == outcome


def test_a_form_that_says_nothing_of_goals_is_no_form() -> None:
    silent = AnnualForm(year="2026-27", submitted_on=date(2027, 7, 10))
    finding = ask("SURV-001", example_dossier(records=[silent]), date(2027, 9, 15))
    assert (finding.outcome, finding.problems[0].path.rsplit("/", 1)[1]) == ("failed", "aligned_goals")
