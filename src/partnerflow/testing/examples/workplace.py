"""The evidence of the example district on its work with employers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import product
from typing import Literal

from partnerflow.records import EVERYWHERE, NO_END, Money, Record
from partnerflow.records.coalition import (
    Acceptance,
    Accountable,
    Competency,
    Indicator,
    JointAgreement,
    JointMeeting,
    LeaderEngagement,
    Membership,
    PartnershipProfile,
    Party,
    SharedVision,
    VisionGoal,
)
from partnerflow.records.pathways import (
    GraduateProfile,
    ProfileOutcome,
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

from .district import BUSINESS, COLLEGE, GOAL, OWNER, PATHWAYS, PRESIDENT, SCHOOLS, SIGNED, SINCE, parties


def industry() -> Iterator[Record]:
    """Yield the evidence for row D4.4."""
    yield LeaderEngagement(
        engagement="breakfast of the chamber",
        held_on=date(2026, 4, 9),
        district_role="board_member",
        institution="Chamber of Commerce",
        institution_kind="chamber",
        leader_role="director",
        nearby=True,
        site=EVERYWHERE,
    )
    yield PartnershipProfile(
        partnership="robots",
        institution_kind="employer",
        regional=True,
        site=EVERYWHERE,
        district_benefit="projects with real machines",
        partner_benefit="young people who know them",
        contributions=frozenset({"internship", "speaker"}),
        pathways=frozenset({"engineering"}),
        starts_on=SINCE,
        ends_on=NO_END,
    )
    yield JointAgreement(
        agreement="our region",
        form="community_agreement",
        site=EVERYWHERE,
        parties=(
            *parties(COLLEGE, "higher_education", PRESIDENT),
            Party(institution=BUSINESS, kind="employer", signer_role=OWNER, signed_on=SIGNED),
            Party(institution="the city", kind="civic", signer_role="mayor", signed_on=SIGNED),
        ),
        competencies=tuple(
            Competency(
                competency=f"safety in {pathway}",
                pathway=pathway,
                confirmed_by=BUSINESS,
                regional=True,
                confirmed_on=SIGNED,
            )
            for pathway in PATHWAYS
        ),
        starts_on=SINCE,
        ends_on=NO_END,
    )
    yield SharedVision(
        version="2",
        statement="one way from school to work",
        goals=(VisionGoal(goal=GOAL, owners=("the district", COLLEGE)),),
        acceptances=(
            Acceptance(institution="the district", accepted_on=SIGNED),
            Acceptance(institution=COLLEGE, accepted_on=SIGNED),
        ),
    )
    bodies: tuple[tuple[str, Literal["coalition", "advisory_board"]], ...] = (
        ("Region at Work", "coalition"),
        ("engineering council", "advisory_board"),
    )
    for body, kind in bodies:
        yield Membership(
            body=body,
            member="M. Ortiz",
            body_kind=kind,
            sector="business",
            role="chair",
            leads=True,
            starts_on=SINCE,
            ends_on=NO_END,
            site=EVERYWHERE,
        )
    yield JointMeeting(
        meeting="progress",
        held_on=date(2026, 5, 5),
        goals=frozenset({GOAL}),
        site=EVERYWHERE,
        sides=frozenset({"district", "business", "postsecondary", "civic"}),
    )
    domains: tuple[tuple[Literal["educational", "economic", "social"], str], ...] = (
        ("educational", "graduates with a next step"),
        ("economic", "young people in work"),
        ("social", "families who own a home"),
    )
    for domain, name in domains:
        yield Indicator(
            indicator=name,
            domain=domain,
            unit="in a thousand",
            baseline=610,
            target=700,
            values={"2024": 622, "2025": 640},
            site=EVERYWHERE,
            accountable=(
                Accountable(name="M. Ortiz", sector="business"),
                Accountable(name="R. Diaz", sector="community"),
            ),
        )


def workplace() -> Iterator[Record]:
    """Yield the evidence for row D4.5."""
    sides: tuple[Literal["district", "industry"], ...] = ("district", "industry")
    types: tuple[Literal["technology", "staff"], ...] = ("technology", "staff")
    levels: tuple[Literal["district", "site"], ...] = ("district", "site")
    for side, kind, level in product(sides, types, levels):
        yield WorkplaceResource(
            resource=f"{kind} of the {side} for the {level}",
            side=side,
            type=kind,
            level=level,
            amount=Money.of(20_000, "USD"),
            committed_on=SIGNED,
            ends_on=NO_END,
            site=EVERYWHERE,
        )
    for pathway in PATHWAYS:
        yield AdvisoryCouncil(pathway=pathway, council=f"{pathway} council", formed_on=SINCE, ends_on=NO_END)
        yield JointMeeting(
            meeting=f"{pathway} council, spring", held_on=date(2026, 4, 21), body=f"{pathway} council", site=EVERYWHERE
        )
        yield CouncilLiaison(
            pathway=pathway, person="L. Chen", coalition="Region at Work", starts_on=SINCE, ends_on=NO_END
        )
    yield BoardPolicy(
        policy="policy 6144",
        subject="work_based_learning",
        adopted_on=date(2025, 6, 10),
        ends_on=NO_END,
        covers=frozenset({"liability", "access", "supervision", "transportation"}),
    )
    yield GraduateProfile(
        adopted_on=date(2025, 5, 13),
        outcomes=(
            ProfileOutcome(
                outcome="works with others",
                activities=("internship",),
                agreed_by=frozenset({"district_director", "industry_partner"}),
            ),
        ),
    )
    yield WorkplaceProgram(coordinator="L. Chen", partners=(BUSINESS,))
    yield WorkplaceOrientation(partner=BUSINESS, coordinator="L. Chen", attended=True, held_on=date(2025, 9, 10))
    yield WorkplaceCriteria(version="1", author="L. Chen", set_on=date(2025, 9, 2), criteria=("safe", "useful"))
    for school in SCHOOLS:
        yield WorkplaceAccess(
            site=school,
            school_year=2025,
            groups=(
                GroupAccess(group="learning English", taking_part=28, enrolled=70),
                GroupAccess(group="all others", taking_part=126, enrolled=300),
            ),
        )
    yield WorkplaceQualityReview(reviewed_on=date(2026, 6, 15), reviewer="A. Anderson", scores={"safe": 4, "useful": 3})
    yield ClassroomStrategy(
        strategy="robots in algebra",
        document="sample 3",
        pathway="engineering",
        service="internship",
        written_on=date(2026, 1, 15),
    )
    yield PartnerRecognition(partner=BUSINESS, occasion="evening of thanks 2026", recognized_on=date(2026, 5, 20))
