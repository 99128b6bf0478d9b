"""Work-based learning in the district: resources, councils, policies, criteria, participation and quality."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from datetime import date
from typing import Literal

import attrs

from .money import Money
from .registry import Record, record


@record("workplace_resource", about="district", key=("resource",), cites=("D4.5-L1",))
class WorkplaceResource(Record):
    """Technology or staff that one side committed to work-based learning, for the district or for a site."""

    resource: str
    side: Literal["district", "industry"] | None = None
    type: Literal["technology", "staff"] | None = None
    level: Literal["district", "site"] | None = None
    amount: Money | None = None
    committed_on: date | None = None
    ends_on: date | None = None
    site: str | None = None


@record("advisory_council", about="district", key=("pathway",), cites=("D4.5-L1b",))
class AdvisoryCouncil(Record):
    """The council of people from industry that advises one pathway; its meetings are joint meetings of that body."""

    pathway: str
    council: str | None = None
    """Its name; the joint meetings of the council have it as their `body`."""
    formed_on: date | None = None
    ends_on: date | None = None


@record("council_liaison", about="district", key=("pathway", "person"), cites=("D4.5-L3",))
class CouncilLiaison(Record):
    """A person who connects the advisory council of a pathway with a coalition."""

    pathway: str
    person: str
    coalition: str | None = None
    starts_on: date | None = None
    ends_on: date | None = None


@record("board_policy", about="district", key=("policy",), cites=("D4.5-L2",))
class BoardPolicy(Record):
    """A policy that the school board adopted, and what it covers."""

    policy: str
    subject: str | None = None
    """What it is about, such as "work_based_learning"."""
    covers: AbstractSet[str] | None = None
    """Such as "liability", "access", "supervision" or "transportation"."""
    adopted_on: date | None = None
    ends_on: date | None = None


@record("workplace_program", about="district", cites=("D4.5-L3b", "D4.5-L4e"))
class WorkplaceProgram(Record):
    """Who coordinates work-based learning, and the partners that take part; each of these is checked."""

    coordinator: str | None = None
    partners: tuple[str, ...] | None = None


@record("workplace_orientation", about="district", key=("partner",), cites=("D4.5-L3b",))
class WorkplaceOrientation(Record):
    """The introduction to work-based learning that a partner attended."""

    partner: str
    coordinator: str | None = None
    attended: bool | None = None
    held_on: date | None = None


@record("workplace_criteria", about="district", cites=("D4.5-L4",))
class WorkplaceCriteria(Record):
    """The criteria for work-based learning that its coordinator set; a newer version replaces them."""

    version: str | None = None
    author: str | None = None
    set_on: date | None = None
    criteria: tuple[str, ...] | None = None


@attrs.frozen(kw_only=True)
class GroupAccess:
    """How many students of a group take part, out of how many."""

    group: str
    taking_part: int | None = None
    enrolled: int | None = None


@record("workplace_access", about="district", key=("site", "school_year"), cites=("D4.5-L4b",))
class WorkplaceAccess(Record):
    """Participation in work-based learning at a school by group of students, compared with enrolment."""

    site: str
    school_year: int
    """The year in which it ended."""
    groups: tuple[GroupAccess, ...] | None = None


@record("workplace_quality_review", about="district", period=("reviewed_on",), weighs="against", cites=("D4.5-L4c",))
class WorkplaceQualityReview(Record):
    """The quality of work-based learning by its criteria. It may count against the district."""

    reviewed_on: date | None = None
    reviewer: str | None = None
    scores: dict[str, int] | None = attrs.field(default=None, hash=False)
    """By criterion, from 1 to 4."""


@record("classroom_strategy", about="district", key=("strategy",), cites=("D4.5-L4d",))
class ClassroomStrategy(Record):
    """A sample of how lessons use work-based learning: the document, and the pathway and service that it is for."""

    strategy: str
    document: str | None = None
    pathway: str | None = None
    service: str | None = None
    written_on: date | None = None


@record("partner_recognition", about="district", key=("partner", "occasion"), cites=("D4.5-L4e",))
class PartnerRecognition(Record):
    """The public recognition of a partner."""

    partner: str
    occasion: str
    recognized_on: date | None = None
