"""The evidence of the example district on its work with colleges."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import product
from typing import Literal

from partnerflow.records import EVERYWHERE, NO_END, Record
from partnerflow.records.coalition import (
    AimedGoal,
    Commitment,
    JointAgreement,
    JointMeeting,
    LeaderEngagement,
    PartnershipProfile,
)
from partnerflow.records.college import (
    CounselorAssignment,
    ImprovementAction,
    ImprovementCommitment,
    JointPlan,
    MatriculationCount,
    OutreachReach,
    YearlyMeasure,
)
from partnerflow.records.pathways import (
    CapacityAnalysis,
    CapacityGap,
    PathwayMap,
)

from .district import COLLEGE, PATHWAYS, PRESIDENT, SCHOOLS, SINCE, SUPERINTENDENT, parties


def college() -> Iterator[Record]:
    """Yield the evidence for row D4.1."""
    yield LeaderEngagement(
        engagement="visit to the college",
        held_on=date(2026, 3, 4),
        district_role=SUPERINTENDENT,
        institution=COLLEGE,
        institution_kind="higher_education",
        leader_role=PRESIDENT,
        nearby=True,
        intents=frozenset({"formal_agreement", "smooth_transitions"}),
        site=EVERYWHERE,
    )
    yield JointMeeting(
        meeting="transitions",
        held_on=date(2026, 2, 10),
        site=EVERYWHERE,
        roles=frozenset({SUPERINTENDENT, "cabinet", "principal", "board_member", "college_administrator"}),
        topics=frozenset({"past_student_transitions"}),
        reviewed="transition report 2025",
    )
    yield PartnershipProfile(
        partnership="college bridge",
        institution_kind="higher_education",
        regional=True,
        site=EVERYWHERE,
        goals=(AimedGoal(goal="more apply", aim="access"), AimedGoal(goal="more finish", aim="success")),
        starts_on=SINCE,
        ends_on=NO_END,
    )
    yield JointAgreement(
        agreement="college bridge",
        form="college_transition",
        parties=parties(COLLEGE, "higher_education", PRESIDENT),
        clauses=frozenset({"data_sharing", "priority_registration"}),
        starts_on=SINCE,
        ends_on=NO_END,
        site=EVERYWHERE,
    )
    sides: tuple[Literal["district", "college"], ...] = ("district", "college")
    for side in sides:
        yield Commitment(
            agreement="college bridge",
            commitment=f"{side} sends its counts",
            side=side,
            owner=f"{side} registrar",
            due_on=date(2026, 7, 31),
            fulfilled_on=date(2026, 7, 20),
            procedure="procedure 7",
            procedure_owner=f"{side} registrar",
            procedure_review_on=date(2027, 7, 1),
            site=EVERYWHERE,
        )


def students() -> Iterator[Record]:
    """Yield the evidence for row D4.2."""
    for month, day in ((2025, 10), (2025, 12), (2026, 2), (2026, 4), (2026, 6), (2026, 8)):
        yield JointMeeting(
            meeting=f"counselors {month}-{day:02}",
            held_on=date(month, day, 12),
            site=EVERYWHERE,
            roles=frozenset({"school_counselor", "college_counselor", "community_nonprofit"}),
        )
    audiences: tuple[Literal["students", "families"], ...] = ("students", "families")
    for topic, audience in product(("options", "enrollment"), audiences):
        yield OutreachReach(
            site=EVERYWHERE,
            grade="9",
            topic=topic,
            audience=audience,
            reached=412,
            of=412,
            counted_on=date(2026, 5, 29),
        )
    for school in SCHOOLS:
        yield CounselorAssignment(
            site=school,
            person=f"counselor of {school}",
            role="counselor",
            assigned_by_role="principal",
            starts_on=SINCE,
            ends_on=NO_END,
        )
        steps = ("application", "admissions", "financial_aid", "enrollment", "placement", "registration", "orientation")
        yield MatriculationCount(
            site=school, school_year=2025, students=180, steps={step: 150 - place for place, step in enumerate(steps)}
        )
    yield JointPlan(
        plan="ready on day one",
        district_owner="curriculum",
        college_owner="dean of students",
        status="implemented",
        implemented_on=date(2025, 9, 1),
        remedial_before=96,
        remedial_after=61,
        site=EVERYWHERE,
    )
    for measure, year in product(("enrollment", "persistence", "completion"), (2023, 2024, 2025)):
        yield YearlyMeasure(measure=measure, school_year=year, counted=100 + 10 * (year - 2023), of=200)
    yield ImprovementCommitment(
        commitment="nobody lost in summer",
        district_leader=SUPERINTENDENT,
        college_leader=PRESIDENT,
        made_on=date(2024, 10, 1),
        site=EVERYWHERE,
        actions=(
            ImprovementAction(what="text messages", done_on=date(2025, 6, 2)),
            ImprovementAction(what="a summer desk", done_on=date(2026, 6, 1)),
        ),
    )


def credit() -> Iterator[Record]:
    """Yield the evidence for row D4.3."""
    for pathway in PATHWAYS:
        yield CapacityAnalysis(
            pathway=pathway,
            provider=COLLEGE,
            provider_kind="higher_education",
            analysed_on=date(2025, 5, 5),
            district_roles=frozenset({"curriculum"}),
            gaps=(CapacityGap(what="statistics", type="new_course"),),
        )
        yield PathwayMap(
            pathway=pathway,
            work_based_learning=("internship",),
            credentials=("state certificate",),
            college_pathway=f"associate degree in {pathway}",
            career=f"technician in {pathway}",
            superintendent=SUPERINTENDENT,
            dean=f"dean of {pathway}",
            mapped_on=date(2026, 1, 20),
        )
    yield JointAgreement(
        agreement="early college",
        form="early_college_credit",
        site=EVERYWHERE,
        parties=parties(COLLEGE, "higher_education", PRESIDENT),
        courses=("English 101", "Statistics 110"),
        clauses=frozenset(
            {
                "transportation",
                "registration",
                "fees",
                "counseling",
                "discipline",
                "grading",
                "course_selection",
                "teacher_training",
                "management",
                "hiring",
            }
        ),
        starts_on=SINCE,
        ends_on=date(2028, 8, 31),
    )
    for measure, year in product(("early_credit_taken", "early_credit_earned"), (2024, 2025)):
        yield YearlyMeasure(measure=measure, school_year=year, counted=year - 1990, of=800)
