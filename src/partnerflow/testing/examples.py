"""One partnership with everything on file: a partner that passes every policy of the default pack.

Change what matters to your test, and leave the rest to stand: `example_dossier(without={"insurance"})`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal
from uuid import UUID

import attrs

from partnerflow.actors import Actor
from partnerflow.dossier import Dossier, RecordIndex
from partnerflow.lifecycle import Move, State, Trigger
from partnerflow.partnership import Partnership
from partnerflow.records import (
    NO_END,
    Agreement,
    Amendment,
    Approval,
    BackgroundCheck,
    CollegeTransition,
    Contact,
    DataSharingAgreement,
    Entry,
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
    Partner,
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

from .in_common import for_renewal, of_both_sides

EXAMPLE_DAY = date(2026, 9, 15)
"""The day on which the example passes every policy."""
OFFICE = Actor("a.anderson", side="district", roles={"partnership_office"})
"""Who proposed the example."""
BOARD = Actor("b.okafor", side="district", roles={"partnership_office"})
"""Another person, who may approve what OFFICE proposed."""

_SITE = "255901001"
_FILED_AT = datetime(2026, 9, 2, 8, tzinfo=UTC)
_FILED_IN_STATE_AT = datetime(2026, 9, 7, 8, tzinfo=UTC)
_FILED_FOR_STEP_AT = datetime(2026, 9, 14, 8, tzinfo=UTC)
_PLAN = "autumn 2026"


def _id(number: int) -> UUID:
    """Return a UUIDv7 that is the same in every run."""
    return UUID(int=0x0198F000_0000_7000_8000_000000000000 + number)


_PARTNER_ID, _PARTNERSHIP_ID = _id(1), _id(2)
_FIRST_ENTRY = 0x100

_PARTNER = Partner(
    name="Riverbend Youth Center",
    kind="community_organization",
    classification="partner",
    summary="Tutoring and mentoring by the river since 1998",
    licences_required=("School Age Program",),
    has_employees=False,
)


def _move(trigger: str, source: str | None, target: str, by: Actor, day: date, reason: str | None = None) -> Move:
    at = datetime.combine(day, time(15), UTC)
    return Move(trigger, source, target, by=by, at=at, reason=reason)


_TO_ACTIVE = (
    _move(Trigger.PROPOSE, None, State.INTAKE, OFFICE, date(2026, 8, 3)),
    _move(Trigger.BEGIN_VETTING, State.INTAKE, State.VETTING, OFFICE, date(2026, 8, 10)),
    _move(Trigger.APPROVE, State.VETTING, State.ONBOARDING, BOARD, date(2026, 8, 21)),
    _move(Trigger.ACTIVATE, State.ONBOARDING, State.ACTIVE, OFFICE, date(2026, 9, 1)),
)
_MOVES: dict[str, tuple[Move, ...]] = {
    State.INTAKE: _TO_ACTIVE[:1],
    State.VETTING: _TO_ACTIVE[:2],
    State.ONBOARDING: _TO_ACTIVE[:3],
    State.ACTIVE: _TO_ACTIVE,
    State.IMPROVEMENT_PLAN: (
        *_TO_ACTIVE,
        _move(
            Trigger.OPEN_IMPROVEMENT_PLAN, State.ACTIVE, State.IMPROVEMENT_PLAN, OFFICE, date(2026, 9, 8),
            reason="attendance below half of the plan",
        ),
    ),
    State.TERMINATED: (
        *_TO_ACTIVE,
        _move(Trigger.END, State.ACTIVE, State.TERMINATED, OFFICE, date(2026, 9, 10), reason="the grant ran out"),
    ),
}  # fmt: skip


def example_records(state: str = State.ACTIVE, *, trigger: str | None = None) -> tuple[Record, ...]:
    """Return the records on file of the example: what its *state* promises, and what the next *trigger* asks for."""
    return (*_standing(), *_of_state(state), *_for_step(trigger))


def example_dossier(
    state: str = State.ACTIVE,
    *,
    trigger: str | None = None,
    records: Iterable[Record] = (),
    without: Collection[str] = (),
    **changes: Any,
) -> Dossier:
    """Return the dossier of Riverbend Youth Center, complete and in order on EXAMPLE_DAY, in any of the six states.

    With a *trigger*, what that step asks for is on file too, a second person's approval included; ask for it by OFFICE,
    or by BOARD where nobody may approve what they proposed. Kinds *without* are left out, *records* are filed last, and
    *changes* are fields of the dossier (`partner`, `partnership`, `moves`, `neighbours`).
    """
    moves = _MOVES[state]
    complete = [
        *((record, _FILED_AT) for record in _standing()),
        *((record, _FILED_IN_STATE_AT) for record in _of_state(state)),
        *((record, _FILED_FOR_STEP_AT) for record in _for_step(trigger)),
    ]
    kept = [(record, at) for record, at in complete if record.kind_info.name not in without]
    kept += ((record, _FILED_FOR_STEP_AT) for record in records)
    last = moves[-1]
    dossier = Dossier(
        partner=_PARTNER,
        partnership=Partnership(
            state=last.target,
            id=_PARTNERSHIP_ID,
            partner_id=_PARTNER_ID,
            since=last.at.date() if last.at else None,
            version=len(moves),
        ),
        on_file=RecordIndex(_entry(place, record, at, moves) for place, (record, at) in enumerate(kept)),
        moves=moves,
        neighbours=(),
    )
    return attrs.evolve(dossier, **changes)


def _entry(place: int, record: Record, at: datetime, moves: tuple[Move, ...]) -> Entry:
    about_partner = record.kind_info.about == "partner"
    made = sum(move.at is not None and move.at < at for move in moves)
    at += timedelta(minutes=place)
    return Entry(
        record=record,
        id=_id(_FIRST_ENTRY + place),
        filed_at=at,
        recorded_at=at,
        filed_by=BOARD if isinstance(record, Approval) else OFFICE,
        version=None if about_partner else made,
        file_id=_PARTNER_ID if about_partner else _PARTNERSHIP_ID,
    )


# --- the records ---------------------------------------------------------------------------------------------------


def _standing() -> Iterator[Record]:
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
        line="general_liability", per_occurrence=Money.of(1_000_000, "USD"), aggregate=Money.of(3_000_000, "USD"),
        starts_on=date(2026, 7, 1), ends_on=date(2027, 6, 30), insurer="Plains Mutual", certificate="PM-2026-0117",
    )  # fmt: skip
    yield Licence(
        licence_type="School Age Program", identifier="594835-c", issuer="State Health and Human Services",
        starts_on=date(2026, 1, 1), ends_on=date(2027, 12, 31),
    )  # fmt: skip
    yield Training(person=person, topic="advising_fundamentals", completed_on=done, high_quality=True)
    yield Training(person=person, topic="content_area", completed_on=done, high_quality=True)


def _of_the_programme() -> Iterator[Record]:
    yield Profile(
        partnership_kind="long_term", duration="three years", intensity="four hours a week", focus="reading",
        maturity=2, level="school partner", owning_office="Community Partnerships",
    )  # fmt: skip
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
        need="no reading support after 15:00", level="school", purposes=frozenset({"fill_gap"}),
        why_this_partner="runs it in two schools nearby", site=_SITE, group="students",
    )  # fmt: skip
    yield StrategicGoal(
        goal="Every child reads by grade 3", outcome="grade 3 reading", how="four hours a week", current=True
    )
    yield VettingReview(
        reviewed_on=date(2026, 8, 20),
        scores={
            criterion: Score(score=3, evidence="report of last year")
            for criterion in (
                "efficacy", "efficiency", "student_outcomes", "familiarity", "alignment", "communication", "delivery",
                "capacity", "adaptability",
            )
        },
        steps={
            step: ReviewStep(done_on=date(2026, 8, 14), by=OFFICE.id)
            for step in ("research", "conversation", "capacity", "fit")
        },
        fits_communities=True,
        fit_reason="works with the families that the school serves",
    )  # fmt: skip
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
                source="City youth fund", kind="grant", amount=Money.of(30_000, "USD"), percent=60,
                ends_on=date(2027, 12, 31), status="won", status_on=date(2026, 5, 4),
            ),
            FundingSource(
                source="Riverbend families", kind="donations", amount=Money.of(20_000, "USD"), percent=40,
                ends_on=NO_END, status="won", status_on=date(2026, 5, 4),
            ),
        ),
        discussed_on=date(2026, 8, 14),
        discussed_by=both,
        steps=(
            FundingStep(what="ask the health trust", owner_side="partner", due_on=date(2026, 11, 30), done=False),
        ),
    )  # fmt: skip
    since = date(2026, 8, 1)
    yield Liaison(
        side="district", name="A. Anderson", employer="district", contact="anderson@district.example",
        starts_on=since, ends_on=NO_END,
    )  # fmt: skip
    yield Liaison(
        side="partner", name="Ines Moreno", employer="partner", contact="ines@riverbend.example",
        starts_on=since, ends_on=NO_END,
    )  # fmt: skip
    yield Orientation(held_on=date(2026, 8, 25), partner_attended=True, led_by="A. Anderson")
    yield ExpectationsMeeting(
        held_on=date(2026, 8, 22),
        sides=both,
        topics=frozenset({"expectations", "vision", "priorities"}),
        accepted_by=both,
    )


def _of_state(state: str) -> Iterator[Record]:
    if state == State.IMPROVEMENT_PLAN:
        yield from _plan()
    if state == State.TERMINATED:
        yield _notice()


def _for_step(trigger: str | None) -> Iterator[Record]:
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
