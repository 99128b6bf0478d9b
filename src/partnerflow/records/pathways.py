"""Career pathways, as far as partnerships carry them: which there are, who could help, what lacks, where they lead."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from datetime import date
from typing import Literal

import attrs

from .registry import Record, record


@record("district_outline", about="district", cites=("D4.3-L1", "D4.5-L1b", "D4.2-L2"))
class DistrictOutline(Record):
    """Which pathways and which high schools the district has. What is asked of each of them is asked of these."""

    pathways: tuple[str, ...] | None = None
    high_schools: tuple[str, ...] | None = None
    """The host's site ids."""


@record("prospect", about="district", key=("prospect", "pathway"), cites=("D4.F1", "D4.F2"))
class Prospect(Record):
    """A college or an employer nearby that might work with a pathway, before there is any partnership."""

    prospect: str
    """Its name."""
    pathway: str
    """The pathway, or the theme of one."""
    type: Literal["college", "employer"] | None = None
    place: str | None = None
    nearby: bool | None = None
    years: Literal[2, 4] | None = None
    """Whether a college is a two-year or a four-year one."""
    programs: tuple[str, ...] | None = None
    """The programs of a college that go on where the pathway ends."""
    industry: str | None = None


@attrs.frozen(kw_only=True)
class CapacityGap:
    """Something that no institution offers yet, or that does not join up."""

    what: str
    type: Literal["new_course", "vertical_alignment"] | None = None


@record("capacity_analysis", about="district", key=("pathway", "provider"), cites=("D4.3-L1",))
class CapacityAnalysis(Record):
    """What the district and one college or training provider could each offer for a pathway, and the gaps between."""

    pathway: str
    provider: str
    provider_kind: str | None = None
    """"higher_education", "training_provider", or the host's own word."""
    district_roles: AbstractSet[str] | None = None
    analysed_on: date | None = None
    gaps: tuple[CapacityGap, ...] | None = None
    """An empty tuple says that there are none."""


@record("pathway_map", about="district", key=("pathway",), cites=("D4.3-L4",))
class PathwayMap(Record):
    """The whole way from a high school pathway through work-based learning and college into a career."""

    pathway: str
    work_based_learning: tuple[str, ...] | None = None
    credentials: tuple[str, ...] | None = None
    """Certifications that the industry knows, and credentials that add up."""
    college_pathway: str | None = None
    career: str | None = None
    superintendent: str | None = None
    dean: str | None = None
    mapped_on: date | None = None


@attrs.frozen(kw_only=True)
class ProfileOutcome:
    """One thing that a graduate is to be able to do, and where at work it is learned."""

    outcome: str
    activities: tuple[str, ...] | None = None
    agreed_by: AbstractSet[str] | None = None
    """"district_director", "industry_partner", or other words."""


@record("graduate_profile", about="district", cites=("D4.5-L2b",))
class GraduateProfile(Record):
    """What the district wants its graduates to be, outcome by outcome."""

    outcomes: tuple[ProfileOutcome, ...] | None = None
    adopted_on: date | None = None


@record("pathway_input", about="district", key=("group", "topic"), cites=("D4.6-L1",))
class PathwayInput(Record):
    """What a group of people said of one topic while pathways were being designed."""

    group: str
    """Such as "students", "parents", "faith_based" or "community_based"."""
    topic: str
    """Such as "graduate_profile", "marketing", "themes" or "career_exploration"."""
    said: str | None = None
    given_on: date | None = None
    site: str | None = None


@record("pathway_review", about="district", key=("pathway",), cites=("D4.6-L1b",))
class PathwayReview(Record):
    """How equitable, how accessible and how rigorous a pathway is, in the light of what people said of it."""

    pathway: str
    equitable: Literal[1, 2, 3, 4] | None = None
    accessible: Literal[1, 2, 3, 4] | None = None
    rigorous: Literal[1, 2, 3, 4] | None = None
    inputs: tuple[str, ...] | None = None
    """What was said that the review rests on, or where it is kept."""
    reviewed_on: date | None = None


@attrs.frozen(kw_only=True)
class OutsideOrganization:
    """Who took part from outside the district."""

    name: str | None = None
    kind: str | None = None


@attrs.frozen(kw_only=True)
class RoleAction:
    """Something that is done so that families and students take one role."""

    role: str
    """"consumer", "advocate", "decision_maker" or "contributing_partner"."""
    what: str | None = None


@record("engagement_strategy", about="district", key=("strategy",), cites=("D4.6-L2",))
class EngagementStrategy(Record):
    """How families and students take part, written with organisations of the community."""

    strategy: str
    document: str | None = None
    written_with: tuple[OutsideOrganization, ...] | None = None
    actions: tuple[RoleAction, ...] | None = None
    adopted_on: date | None = None
    site: str | None = None
