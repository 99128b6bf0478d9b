"""The evidence of one small district that meets level 4 of every row of the rubric on EXAMPLE_DAY.

Leave something out, or change it, to see what is lacking: `[one for one in example_evidence() if ...]`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import product

from partnerflow.records import EVERYWHERE, NO_END, Record
from partnerflow.records.coalition import (
    JointAgreement,
    KeyFunction,
    Membership,
)
from partnerflow.records.college import (
    GraduateDestinations,
)
from partnerflow.records.pathways import (
    DistrictOutline,
    EngagementStrategy,
    OutsideOrganization,
    PathwayInput,
    PathwayReview,
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

from .colleges import college, credit, students
from .district import BUSINESS, CHURCH, COLLEGE, PATHWAYS, SCHOOLS, SINCE, parties
from .workplace import industry, workplace


def example_evidence() -> tuple[Record, ...]:
    """Return the records, about the district, that meet level 4 of all six rows on EXAMPLE_DAY."""
    return (
        *outline(),
        *college(),
        *students(),
        *credit(),
        *industry(),
        *workplace(),
        *community(),
    )


def example_practice() -> tuple[Record, ...]:
    """Return one record of each kind of practice that the rubric does not rate."""
    return (
        Prospect(
            prospect=COLLEGE,
            pathway="health",
            type="college",
            place="8 miles east",
            nearby=True,
            years=2,
            programs=("nursing",),
        ),
        Prospect(
            prospect=BUSINESS,
            pathway="engineering",
            type="employer",
            place="in town",
            nearby=True,
            industry="machines",
        ),
        SelfAssessmentPrompt(
            prompt="experience",
            question="What have you done with partners so far?",
            departments=("curriculum", "transport"),
            asked_on=date(2026, 8, 3),
        ),
        SelfAssessment(
            prompt="experience",
            department="curriculum",
            answer="two councils since 2024",
            answered_on=date(2026, 8, 10),
            graduate_profile="board paper 14",
            pathway="health",
            follow_ups=(FollowUp(what="ask transport to join", owner="A. Anderson", due_on=date(2026, 10, 1)),),
        ),
        GraduateDestinations(
            pathway="health", school_year=2025, graduates=80, went_on={COLLEGE: 44, "Clinic School": 12}
        ),
        RubricAssessment(
            row="D4.1",
            subject="district",
            subject_kind="district",
            level=2,
            evidence=("joint_meeting transitions",),
            lacking=("joint_agreement: is not on file",),
            assessor="a.anderson",
            assessed_on=date(2025, 9, 15),
            next_review_on=date(2026, 9, 15),
        ),
        Friction(
            issue="who pays for buses",
            parties=("district", COLLEGE),
            difference="the college plans by semester",
            opened_on=date(2026, 8, 5),
            status="open",
        ),
        SupportAction(action="a desk in the school", owner="A. Anderson", due_on=date(2026, 9, 1)),
    )


def outline() -> Iterator[Record]:
    """Yield the record that names the pathways and high schools, which every row reads."""
    yield DistrictOutline(pathways=PATHWAYS, high_schools=SCHOOLS)


def community() -> Iterator[Record]:
    """Yield the evidence for row D4.6."""
    groups = ("students", "parents", "faith_based", "community_based")
    topics = ("graduate_profile", "marketing", "themes", "career_exploration")
    for group, topic in product(groups, topics):
        yield PathwayInput(
            group=group, topic=topic, said="more hours at a real place", given_on=date(2025, 4, 8), site=EVERYWHERE
        )
    for pathway in PATHWAYS:
        yield PathwayReview(
            pathway=pathway,
            equitable=3,
            accessible=3,
            rigorous=4,
            inputs=("parents on themes",),
            reviewed_on=date(2025, 11, 4),
        )
    roles = ("consumer", "advocate", "decision_maker", "contributing_partner")
    yield EngagementStrategy(
        strategy="families first",
        document="strategy 2026",
        adopted_on=date(2026, 1, 13),
        site=EVERYWHERE,
        written_with=(OutsideOrganization(name=CHURCH, kind="faith_based"),),
        actions=tuple(RoleAction(role=role, what=f"an evening for each {role}") for role in roles),
    )
    yield JointAgreement(
        agreement="open doors",
        form="other",
        parties=parties(CHURCH, "faith_based", "pastor"),
        site=EVERYWHERE,
        functions=(KeyFunction(function="mentors for the first year", responsible=CHURCH),),
        starts_on=SINCE,
        ends_on=NO_END,
    )
    yield Membership(
        body="Region at Work",
        member="R. Diaz",
        body_kind="coalition",
        sector="community",
        role="co-chair",
        leads=True,
        accountable_for=frozenset({"pathway_implementation"}),
        starts_on=SINCE,
        ends_on=NO_END,
        site=EVERYWHERE,
    )
