"""Career pathways that partnerships support: which there are, who could help, what is lacking, where they lead."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from datetime import date
from typing import Literal

import attrs

from .registry import Record, record


@record("district_outline", about="district", cites=("D4.3-L1", "D4.5-L1b", "D4.2-L2"))
class DistrictOutline(Record):
    """The pathways and the high schools of the district; what must be true of each is checked for these."""

    pathways: tuple[str, ...] | None = None
    high_schools: tuple[str, ...] | None = None
    """The host's site ids."""


@record("prospect", about="district", key=("prospect", "pathway"), cites=("D4.F1", "D4.F2"))
class Prospect(Record):
    """A college or an employer that might work with a pathway, before there is any partnership."""

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
    """The programs of a college that continue the pathway."""
    industry: str | None = None


@attrs.frozen(kw_only=True)
class CapacityGap:
    """Something that no institution offers yet, or that does not fit together."""

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
    """An empty tuple: there are none."""


@record("pathway_map", about="district", key=("pathway",), cites=("D4.3-L4",))
class PathwayMap(Record):
    """The whole way from a high school pathway through work-based learning and college into a career."""

    pathway: str
    work_based_learning: tuple[str, ...] | None = None
    credentials: tuple[str, ...] | None = None
    """Certifications that the industry accepts, and credentials that build on each other."""
    college_pathway: str | None = None
    career: str | None = None
    superintendent: str | None = None
    dean: str | None = None
    mapped_on: date | None = None


@attrs.frozen(kw_only=True)
class ProfileOutcome:
    """One thing that a graduate is to be able to do, and the activities at work that teach it."""

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
    """What a group of people said on one topic while pathways were designed."""

    group: str
    """Such as "students", "parents", "faith_based" or "community_based"."""
    topic: str
    """Such as "graduate_profile", "marketing", "themes" or "career_exploration"."""
    said: str | None = None
    given_on: date | None = None
    site: str | None = None


@record("pathway_review", about="district", key=("pathway",), cites=("D4.6-L1b",))
class PathwayReview(Record):
    """How equitable, accessible and rigorous a pathway is, considering what people said of it."""

    pathway: str
    equitable: Literal[1, 2, 3, 4] | None = None
    accessible: Literal[1, 2, 3, 4] | None = None
    rigorous: Literal[1, 2, 3, 4] | None = None
    inputs: tuple[str, ...] | None = None
    """The statements behind the review, or where they are kept."""
    reviewed_on: date | None = None


@attrs.frozen(kw_only=True)
class OutsideOrganization:
    """Who took part from outside the district."""

    name: str | None = None
    kind: str | None = None


@attrs.frozen(kw_only=True)
class RoleAction:
    """Something that helps families and students to take one role."""

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
