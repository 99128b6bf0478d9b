"""The evidence of one small district that meets level 4 of every row of the rubric on EXAMPLE_DAY.

Leave something out, or change it, and see what is lacking: `[one for one in example_evidence() if ...]`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import product
from typing import Literal

from partnerflow.records import EVERYWHERE, NO_END, Money, Record
from partnerflow.records.coalition import (
    Acceptance,
    Accountable,
    AimedGoal,
    Commitment,
    Competency,
    Indicator,
    JointAgreement,
    JointMeeting,
    KeyFunction,
    LeaderEngagement,
    Membership,
    PartnershipProfile,
    Party,
    SharedVision,
    VisionGoal,
)
from partnerflow.records.college import (
    CounselorAssignment,
    GraduateDestinations,
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
    DistrictOutline,
    EngagementStrategy,
    GraduateProfile,
    OutsideOrganization,
    PathwayInput,
    PathwayMap,
    PathwayReview,
    ProfileOutcome,
    Prospect,
    RoleAction,
)
from partnerflow.records.practice import (
    FollowUp,
    Friction,
    RubricAssessment,
    SelfAssessment,
    SelfAssessmentPrompt,
    SupportAction,
)
from partnerflow.records.workplace import (
    AdvisoryCouncil,
    BoardPolicy,
    ClassroomStrategy,
    CouncilLiaison,
    GroupAccess,
    PartnerRecognition,
    WorkplaceAccess,
    WorkplaceCriteria,
    WorkplaceOrientation,
    WorkplaceProgram,
    WorkplaceQualityReview,
    WorkplaceResource,
)

_PATHWAYS = ("health", "engineering")
_SCHOOLS = ("255901001", "255901044")
_COLLEGE, _BUSINESS, _CHURCH = "Plains College", "Mesa Robotics", "Grace Fellowship"
_SUPERINTENDENT, _PRESIDENT, _OWNER = "superintendent", "president", "owner"
_SIGNED, _SINCE = date(2025, 8, 20), date(2025, 9, 1)
_GOAL = "every graduate has a next step"


def example_evidence() -> tuple[Record, ...]:
    """Return the records, about the district, that meet level 4 of all six rows on EXAMPLE_DAY."""
    return (
        *_outline(),
        *_college(),
        *_students(),
        *_credit(),
        *_industry(),
        *_workplace(),
        *_community(),
    )


def example_practice() -> tuple[Record, ...]:
    """Return one record of each kind that stands beside the rubric without being rated."""
    return (
        Prospect(
            prospect=_COLLEGE, pathway="health", type="college", place="8 miles east", nearby=True, years=2,
            programs=("nursing",),
        ),
        Prospect(
            prospect=_BUSINESS, pathway="engineering", type="employer", place="in town", nearby=True,
            industry="machines",
        ),
        SelfAssessmentPrompt(
            prompt="experience", question="What have you done with partners so far?",
            departments=("curriculum", "transport"), asked_on=date(2026, 8, 3),
        ),
        SelfAssessment(
            prompt="experience", department="curriculum", answer="two councils since 2024",
            answered_on=date(2026, 8, 10), graduate_profile="board paper 14", pathway="health",
            follow_ups=(FollowUp(what="ask transport to join", owner="A. Anderson", due_on=date(2026, 10, 1)),),
        ),
        GraduateDestinations(
            pathway="health", school_year=2025, graduates=80, went_on={_COLLEGE: 44, "Clinic School": 12}
        ),
        RubricAssessment(
            row="D4.1", subject="district", subject_kind="district", level=2, evidence=("joint_meeting transitions",),
            lacking=("joint_agreement: is not on file",), assessor="a.anderson", assessed_on=date(2025, 9, 15),
            next_review_on=date(2026, 9, 15),
        ),
        Friction(
            issue="who pays for buses", parties=("district", _COLLEGE), difference="the college plans by semester",
            opened_on=date(2026, 8, 5), status="open",
        ),
        SupportAction(action="a desk in the school", owner="A. Anderson", due_on=date(2026, 9, 1)),
    )  # fmt: skip


def _outline() -> Iterator[Record]:
    yield DistrictOutline(pathways=_PATHWAYS, high_schools=_SCHOOLS)


def _both(partner: str, kind: str, role: str) -> tuple[Party, ...]:
    return (
        Party(institution="the district", kind="district", signer_role=_SUPERINTENDENT, signed_on=_SIGNED),
        Party(institution=partner, kind=kind, signer_role=role, signed_on=_SIGNED),
    )


def _college() -> Iterator[Record]:
    yield LeaderEngagement(
        engagement="visit to the college", held_on=date(2026, 3, 4), district_role=_SUPERINTENDENT,
        institution=_COLLEGE, institution_kind="higher_education", leader_role=_PRESIDENT, nearby=True,
        intents=frozenset({"formal_agreement", "smooth_transitions"}), site=EVERYWHERE,
    )  # fmt: skip
    yield JointMeeting(
        meeting="transitions", held_on=date(2026, 2, 10), site=EVERYWHERE,
        roles=frozenset({_SUPERINTENDENT, "cabinet", "principal", "board_member", "college_administrator"}),
        topics=frozenset({"past_student_transitions"}), reviewed="transition report 2025",
    )  # fmt: skip
    yield PartnershipProfile(
        partnership="college bridge", institution_kind="higher_education", regional=True, site=EVERYWHERE,
        goals=(AimedGoal(goal="more apply", aim="access"), AimedGoal(goal="more finish", aim="success")),
        starts_on=_SINCE, ends_on=NO_END,
    )  # fmt: skip
    yield JointAgreement(
        agreement="college bridge", form="college_transition", parties=_both(_COLLEGE, "higher_education", _PRESIDENT),
        clauses=frozenset({"data_sharing", "priority_registration"}), starts_on=_SINCE, ends_on=NO_END,
        site=EVERYWHERE,
    )  # fmt: skip
    sides: tuple[Literal["district", "college"], ...] = ("district", "college")
    for side in sides:
        yield Commitment(
            agreement="college bridge", commitment=f"{side} sends its counts", side=side, owner=f"{side} registrar",
            due_on=date(2026, 7, 31), fulfilled_on=date(2026, 7, 20), procedure="procedure 7",
            procedure_owner=f"{side} registrar", procedure_review_on=date(2027, 7, 1), site=EVERYWHERE,
        )  # fmt: skip


def _students() -> Iterator[Record]:
    for month, day in ((2025, 10), (2025, 12), (2026, 2), (2026, 4), (2026, 6), (2026, 8)):
        yield JointMeeting(
            meeting=f"counselors {month}-{day:02}", held_on=date(month, day, 12), site=EVERYWHERE,
            roles=frozenset({"school_counselor", "college_counselor", "community_nonprofit"}),
        )  # fmt: skip
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
    for school in _SCHOOLS:
        yield CounselorAssignment(
            site=school, person=f"counselor of {school}", role="counselor", assigned_by_role="principal",
            starts_on=_SINCE, ends_on=NO_END,
        )  # fmt: skip
        steps = ("application", "admissions", "financial_aid", "enrollment", "placement", "registration", "orientation")
        yield MatriculationCount(
            site=school, school_year=2025, students=180, steps={step: 150 - place for place, step in enumerate(steps)}
        )
    yield JointPlan(
        plan="ready on day one", district_owner="curriculum", college_owner="dean of students", status="implemented",
        implemented_on=date(2025, 9, 1), remedial_before=96, remedial_after=61, site=EVERYWHERE,
    )  # fmt: skip
    for measure, year in product(("enrollment", "persistence", "completion"), (2023, 2024, 2025)):
        yield YearlyMeasure(measure=measure, school_year=year, counted=100 + 10 * (year - 2023), of=200)
    yield ImprovementCommitment(
        commitment="nobody lost in summer", district_leader=_SUPERINTENDENT, college_leader=_PRESIDENT,
        made_on=date(2024, 10, 1), site=EVERYWHERE,
        actions=(
            ImprovementAction(what="text messages", done_on=date(2025, 6, 2)),
            ImprovementAction(what="a summer desk", done_on=date(2026, 6, 1)),
        ),
    )  # fmt: skip


def _credit() -> Iterator[Record]:
    for pathway in _PATHWAYS:
        yield CapacityAnalysis(
            pathway=pathway, provider=_COLLEGE, provider_kind="higher_education", analysed_on=date(2025, 5, 5),
            district_roles=frozenset({"curriculum"}), gaps=(CapacityGap(what="statistics", type="new_course"),),
        )  # fmt: skip
        yield PathwayMap(
            pathway=pathway, work_based_learning=("internship",), credentials=("state certificate",),
            college_pathway=f"associate degree in {pathway}", career=f"technician in {pathway}",
            superintendent=_SUPERINTENDENT, dean=f"dean of {pathway}", mapped_on=date(2026, 1, 20),
        )  # fmt: skip
    yield JointAgreement(
        agreement="early college", form="early_college_credit", site=EVERYWHERE,
        parties=_both(_COLLEGE, "higher_education", _PRESIDENT), courses=("English 101", "Statistics 110"),
        clauses=frozenset({
            "transportation", "registration", "fees", "counseling", "discipline", "grading", "course_selection",
            "teacher_training", "management", "hiring",
        }),
        starts_on=_SINCE, ends_on=date(2028, 8, 31),
    )  # fmt: skip
    for measure, year in product(("early_credit_taken", "early_credit_earned"), (2024, 2025)):
        yield YearlyMeasure(measure=measure, school_year=year, counted=year - 1990, of=800)


def _industry() -> Iterator[Record]:
    yield LeaderEngagement(
        engagement="breakfast of the chamber", held_on=date(2026, 4, 9), district_role="board_member",
        institution="Chamber of Commerce", institution_kind="chamber", leader_role="director", nearby=True,
        site=EVERYWHERE,
    )  # fmt: skip
    yield PartnershipProfile(
        partnership="robots", institution_kind="employer", regional=True, site=EVERYWHERE,
        district_benefit="projects with real machines", partner_benefit="young people who know them",
        contributions=frozenset({"internship", "speaker"}), pathways=frozenset({"engineering"}),
        starts_on=_SINCE, ends_on=NO_END,
    )  # fmt: skip
    yield JointAgreement(
        agreement="our region", form="community_agreement", site=EVERYWHERE,
        parties=(
            *_both(_COLLEGE, "higher_education", _PRESIDENT),
            Party(institution=_BUSINESS, kind="employer", signer_role=_OWNER, signed_on=_SIGNED),
            Party(institution="the city", kind="civic", signer_role="mayor", signed_on=_SIGNED),
        ),
        competencies=tuple(
            Competency(
                competency=f"safety in {pathway}", pathway=pathway, confirmed_by=_BUSINESS, regional=True,
                confirmed_on=_SIGNED,
            )
            for pathway in _PATHWAYS
        ),
        starts_on=_SINCE, ends_on=NO_END,
    )  # fmt: skip
    yield SharedVision(
        version="2", statement="one way from school to work",
        goals=(VisionGoal(goal=_GOAL, owners=("the district", _COLLEGE)),),
        acceptances=(
            Acceptance(institution="the district", accepted_on=_SIGNED),
            Acceptance(institution=_COLLEGE, accepted_on=_SIGNED),
        ),
    )  # fmt: skip
    bodies: tuple[tuple[str, Literal["coalition", "advisory_board"]], ...] = (
        ("Region at Work", "coalition"),
        ("engineering council", "advisory_board"),
    )
    for body, kind in bodies:
        yield Membership(
            body=body, member="M. Ortiz", body_kind=kind, sector="business", role="chair", leads=True,
            starts_on=_SINCE, ends_on=NO_END, site=EVERYWHERE,
        )  # fmt: skip
    yield JointMeeting(
        meeting="progress", held_on=date(2026, 5, 5), goals=frozenset({_GOAL}), site=EVERYWHERE,
        sides=frozenset({"district", "business", "postsecondary", "civic"}),
    )  # fmt: skip
    domains: tuple[tuple[Literal["educational", "economic", "social"], str], ...] = (
        ("educational", "graduates with a next step"),
        ("economic", "young people in work"),
        ("social", "families who own a home"),
    )
    for domain, name in domains:
        yield Indicator(
            indicator=name, domain=domain, unit="in a thousand", baseline=610, target=700,
            values={"2024": 622, "2025": 640}, site=EVERYWHERE,
            accountable=(
                Accountable(name="M. Ortiz", sector="business"),
                Accountable(name="R. Diaz", sector="community"),
            ),
        )  # fmt: skip


def _workplace() -> Iterator[Record]:
    sides: tuple[Literal["district", "industry"], ...] = ("district", "industry")
    types: tuple[Literal["technology", "staff"], ...] = ("technology", "staff")
    levels: tuple[Literal["district", "site"], ...] = ("district", "site")
    for side, kind, level in product(sides, types, levels):
        yield WorkplaceResource(
            resource=f"{kind} of the {side} for the {level}", side=side, type=kind, level=level,
            amount=Money.of(20_000, "USD"), committed_on=_SIGNED, ends_on=NO_END, site=EVERYWHERE,
        )  # fmt: skip
    for pathway in _PATHWAYS:
        yield AdvisoryCouncil(pathway=pathway, council=f"{pathway} council", formed_on=_SINCE, ends_on=NO_END)
        yield JointMeeting(
            meeting=f"{pathway} council, spring", held_on=date(2026, 4, 21), body=f"{pathway} council", site=EVERYWHERE
        )
        yield CouncilLiaison(
            pathway=pathway, person="L. Chen", coalition="Region at Work", starts_on=_SINCE, ends_on=NO_END
        )
    yield BoardPolicy(
        policy="policy 6144", subject="work_based_learning", adopted_on=date(2025, 6, 10), ends_on=NO_END,
        covers=frozenset({"liability", "access", "supervision", "transportation"}),
    )  # fmt: skip
    yield GraduateProfile(
        adopted_on=date(2025, 5, 13),
        outcomes=(
            ProfileOutcome(
                outcome="works with others", activities=("internship",),
                agreed_by=frozenset({"district_director", "industry_partner"}),
            ),
        ),
    )  # fmt: skip
    yield WorkplaceProgram(coordinator="L. Chen", partners=(_BUSINESS,))
    yield WorkplaceOrientation(partner=_BUSINESS, coordinator="L. Chen", attended=True, held_on=date(2025, 9, 10))
    yield WorkplaceCriteria(version="1", author="L. Chen", set_on=date(2025, 9, 2), criteria=("safe", "useful"))
    for school in _SCHOOLS:
        yield WorkplaceAccess(
            site=school, school_year=2025,
            groups=(
                GroupAccess(group="learning English", taking_part=28, enrolled=70),
                GroupAccess(group="all others", taking_part=126, enrolled=300),
            ),
        )  # fmt: skip
    yield WorkplaceQualityReview(reviewed_on=date(2026, 6, 15), reviewer="A. Anderson", scores={"safe": 4, "useful": 3})
    yield ClassroomStrategy(
        strategy="robots in algebra", document="sample 3", pathway="engineering", service="internship",
        written_on=date(2026, 1, 15),
    )  # fmt: skip
    yield PartnerRecognition(partner=_BUSINESS, occasion="evening of thanks 2026", recognized_on=date(2026, 5, 20))


def _community() -> Iterator[Record]:
    groups = ("students", "parents", "faith_based", "community_based")
    topics = ("graduate_profile", "marketing", "themes", "career_exploration")
    for group, topic in product(groups, topics):
        yield PathwayInput(
            group=group, topic=topic, said="more hours at a real place", given_on=date(2025, 4, 8), site=EVERYWHERE
        )
    for pathway in _PATHWAYS:
        yield PathwayReview(
            pathway=pathway, equitable=3, accessible=3, rigorous=4, inputs=("parents on themes",),
            reviewed_on=date(2025, 11, 4),
        )  # fmt: skip
    roles = ("consumer", "advocate", "decision_maker", "contributing_partner")
    yield EngagementStrategy(
        strategy="families first", document="strategy 2026", adopted_on=date(2026, 1, 13), site=EVERYWHERE,
        written_with=(OutsideOrganization(name=_CHURCH, kind="faith_based"),),
        actions=tuple(RoleAction(role=role, what=f"an evening for each {role}") for role in roles),
    )  # fmt: skip
    yield JointAgreement(
        agreement="open doors", form="other", parties=_both(_CHURCH, "faith_based", "pastor"), site=EVERYWHERE,
        functions=(KeyFunction(function="mentors for the first year", responsible=_CHURCH),),
        starts_on=_SINCE, ends_on=NO_END,
    )  # fmt: skip
    yield Membership(
        body="Region at Work", member="R. Diaz", body_kind="coalition", sector="community", role="co-chair",
        leads=True, accountable_for=frozenset({"pathway_implementation"}), starts_on=_SINCE, ends_on=NO_END,
        site=EVERYWHERE,
    )  # fmt: skip
