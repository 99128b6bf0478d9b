"""The evidence of the example: on file in every state, in one state, and for one transition."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Literal

import attrs

from partnerflow.lifecycle import State, Trigger
from partnerflow.records import (
    NO_END,
    Agreement,
    Amendment,
    Approval,
    BackgroundCheck,
    CollegeTransition,
    Contact,
    DataSharingAgreement,
    Evaluation,
    ExpectationsMeeting,
    FacilityAccess,
    FundingPlan,
    FundingSource,
    FundingStep,
    ImprovementPlan,
    Insurance,
    Liaison,
    Licence,
    Milestone,
    Money,
    Need,
    Orientation,
    Person,
    PlanClosing,
    PlanItem,
    Profile,
    Record,
    Responsibility,
    ResponsibleParty,
    ReviewStep,
    Scope,
    Score,
    Service,
    SharedElement,
    Slot,
    StrategicGoal,
    TerminationNotice,
    TimeAndSpace,
    Training,
    VettingReview,
)

from .moves import OFFICE
from .mutual import for_renewal, of_both_sides

_SITE = "255901001"
_PLAN = "autumn 2026"


def standing() -> Iterator[Record]:
    """Yield what is on file in every state."""
    yield from _of_the_partner()
    yield from _of_the_programme()
    yield from _of_the_agreement()
    yield from of_both_sides(_SITE)


def _of_the_partner() -> Iterator[Record]:
    person, done = "j.rivera", date(2026, 8, 12)
    yield Contact(name="Ines Moreno", email="ines@riverbend.example", starts_on=date(2026, 1, 1), ends_on=NO_END)
    yield Person(person=person, direct_contact=True, role="tutor")
    yield BackgroundCheck(
        person=person, result="clear", cleared_on=date(2026, 8, 1), ends_on=date(2029, 7, 31), provider="State police"
    )
    yield Insurance(
        line="general_liability",
        per_occurrence=Money.of(1_000_000, "USD"),
        aggregate=Money.of(3_000_000, "USD"),
        starts_on=date(2026, 7, 1),
        ends_on=date(2027, 6, 30),
        insurer="Plains Mutual",
        certificate="PM-2026-0117",
    )
    yield Licence(
        licence_type="School Age Program",
        identifier="594835-c",
        issuer="State Health and Human Services",
        status="active",
        starts_on=date(2026, 1, 1),
        ends_on=date(2027, 12, 31),
    )
    yield Training(person=person, topic="advising_fundamentals", completed_on=done, high_quality=True)
    yield Training(person=person, topic="content_area", completed_on=done, high_quality=True)


def _of_the_programme() -> Iterator[Record]:
    yield Profile(
        partnership_kind="long_term",
        duration="three years",
        intensity="four hours a week",
        focus="reading",
        maturity=2,
        level="school partner",
        owning_office="Community Partnerships",
    )
    yield Scope(level="school", sites=frozenset({_SITE}))
    yield Service(
        service="tutoring",
        summary="Small groups after school",
        content_areas=frozenset({"academic_support"}),
        sites=frozenset({_SITE}),
        grades=frozenset({"3", "4"}),
        timing="out_of_school_time",
        out_of_school="after",
        slots=(Slot(day="tue", starts="15:00", ends="17:00"), Slot(day="thu", starts="15:00", ends="17:00")),
        needs_access=frozenset(),
        schedule="Tue, Thu 15:00-17:00",
        direct_contact=True,
        on_site=True,
        starts_on=date(2026, 9, 1),
        ends_on=date(2027, 6, 15),
    )
    yield Need(
        need="no reading support after 15:00",
        level="school",
        purposes=frozenset({"fill_gap"}),
        why_this_partner="runs it in two schools nearby",
        site=_SITE,
        group="students",
    )
    yield StrategicGoal(
        goal="Every child reads by grade 3", outcome="grade 3 reading", how="four hours a week", current=True
    )
    yield VettingReview(
        reviewed_on=date(2026, 8, 20),
        scores={
            criterion: Score(score=3, evidence="report of last year")
            for criterion in (
                "efficacy",
                "efficiency",
                "student_outcomes",
                "familiarity",
                "alignment",
                "communication",
                "delivery",
                "capacity",
                "adaptability",
            )
        },
        steps={
            step: ReviewStep(done_on=date(2026, 8, 14), by=OFFICE.id)
            for step in ("research", "conversation", "capacity", "fit")
        },
        fits_communities=True,
        fit_reason="works with the families that the school serves",
    )
    yield FacilityAccess(site=_SITE, paperwork="permit 26-114", starts_on=date(2026, 8, 15), ends_on=date(2027, 6, 15))


def _of_the_agreement() -> Iterator[Record]:
    starts_on, ends_on = date(2026, 9, 1), date(2027, 8, 31)
    both: frozenset[Literal["district", "partner"]] = frozenset({"district", "partner"})
    yield Agreement(
        form="mou",
        version="1",
        signed_by_district_on=date(2026, 8, 20),
        signed_by_partner_on=date(2026, 8, 18),
        starts_on=starts_on,
        ends_on=ends_on,
        district_contact=ResponsibleParty(name="A. Anderson", contact="anderson@district.example"),
        partner_contact=ResponsibleParty(name="Ines Moreno", contact="ines@riverbend.example"),
        time_and_space=TimeAndSpace(schedule="Tue, Thu 15:00-17:00", space="room 12", accepted_by=both),
        milestones=(
            Milestone(
                milestone="80% attend", district_goals=("reading by grade 3",), partner_goals=("reach 40 children",)
            ),
        ),
        transition=CollegeTransition(who="counselor and mentor", when="May of grade 12", what="plan and contacts"),
        trained_people=frozenset({"j.rivera"}),
        plans={
            "communication": "a call on the first Monday of the month",
            "problem_solving": "the two contacts within a week, then the principal",
            "decision_making": "both contacts together",
        },
        custodian=ResponsibleParty(name="A. Anderson", role="counseling program leader"),
        services=frozenset({"tutoring"}),
        responsibilities=(
            Responsibility(side="district", role="principal", what="gives the room"),
            Responsibility(side="partner", role="coordinator", what="sends two tutors"),
        ),
        cost=Money.of(0, "USD"),
    )
    yield DataSharingAgreement(
        elements=(SharedElement(element="attendance", kept_in="service log"),),
        purpose="to see whether tutoring helps",
        basis="written consent of the parents",
        confidentiality="annex B",
        caseload_system="the district's caseload system",
        starts_on=starts_on,
        ends_on=ends_on,
    )
    yield FundingPlan(
        sources=(
            FundingSource(
                source="City youth fund",
                kind="grant",
                amount=Money.of(30_000, "USD"),
                percent=60,
                ends_on=date(2027, 12, 31),
                status="won",
                status_on=date(2026, 5, 4),
            ),
            FundingSource(
                source="Riverbend families",
                kind="donations",
                amount=Money.of(20_000, "USD"),
                percent=40,
                ends_on=NO_END,
                status="won",
                status_on=date(2026, 5, 4),
            ),
        ),
        discussed_on=date(2026, 8, 14),
        discussed_by=both,
        steps=(FundingStep(what="ask the health trust", owner_side="partner", due_on=date(2026, 11, 30), done=False),),
    )
    since = date(2026, 8, 1)
    yield Liaison(
        side="district",
        name="A. Anderson",
        employer="district",
        contact="anderson@district.example",
        starts_on=since,
        ends_on=NO_END,
    )
    yield Liaison(
        side="partner",
        name="Ines Moreno",
        employer="partner",
        contact="ines@riverbend.example",
        starts_on=since,
        ends_on=NO_END,
    )
    yield Orientation(held_on=date(2026, 8, 25), partner_attended=True, led_by="A. Anderson")
    yield ExpectationsMeeting(
        held_on=date(2026, 8, 22),
        sides=both,
        topics=frozenset({"expectations", "vision", "priorities"}),
        accepted_by=both,
    )


def of_state(state: str) -> Iterator[Record]:
    """Yield what is on file in *state* and not in every other."""
    if state == State.IMPROVEMENT_PLAN:
        yield from _plan()
    if state == State.TERMINATED:
        yield _notice()


def for_transition(trigger: str | None) -> Iterator[Record]:
    """Yield what must be on file for a transition by *trigger*."""
    if trigger == Trigger.AMEND:
        yield Amendment(what="a second site", requested_by="school", effective_on=date(2026, 10, 1), voluntary=True)
    if trigger == Trigger.RENEW:
        yield from for_renewal()
    if trigger == Trigger.OPEN_IMPROVEMENT_PLAN:
        yield from _plan()
    if trigger == Trigger.REINSTATE:
        yield PlanClosing(plan=_PLAN, outcome="met", closed_on=date(2026, 9, 11), findings="70% attend")
    if trigger == Trigger.TERMINATE_FOR_PERFORMANCE:
        yield PlanClosing(plan=_PLAN, outcome="unsuccessful", closed_on=date(2026, 9, 11), findings="30% attend")
        yield attrs.evolve(_notice(), voluntary=False, asked_by="district", cause="performance")
    if trigger == Trigger.END:
        yield _notice()
    if trigger == Trigger.TERMINATE_FOR_CAUSE:
        yield Approval(trigger=Trigger.TERMINATE_FOR_CAUSE, given_on=date(2026, 9, 14), note="breach of the permit")


def _plan() -> Iterator[Record]:
    yield Evaluation(
        evaluated_on=date(2026, 9, 4), rating="ineffective", findings="few come", evidence="attendance below half"
    )
    yield ImprovementPlan(
        plan=_PLAN,
        cause="ineffective",
        starts_on=date(2026, 9, 8),
        ends_on=date(2026, 12, 18),
        items=(
            PlanItem(
                what="call absent families",
                owner="Ines Moreno",
                due_on=date(2026, 10, 15),
                success_measure="70% attend",
            ),
        ),
    )


def _notice() -> TerminationNotice:
    return TerminationNotice(
        voluntary=True,
        asked_by="partner",
        cause="funding",
        notice_on=date(2026, 9, 4),
        close_out=("return keys", "delete student data"),
    )
