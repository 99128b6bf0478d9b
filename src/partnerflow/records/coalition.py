"""What leaders of several institutions do together: their contacts, meetings, agreements and commitments.

All of it is about the district's practice and is on the district's own file. `site` names the school that a record is
about; `"*"` stands for every school.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from datetime import date
from typing import Literal

import attrs

from .registry import Record, record

Sector = Literal["district", "postsecondary", "business", "civic", "community"]
"""The side of a coalition that somebody represents; "business" covers employers of every kind."""


@record("leader_engagement", about="district", key=("engagement",), cites=("D4.1-L1", "D4.4-L1b"))
class LeaderEngagement(Record):
    """One occasion on which somebody of the district reached out to a leader of another institution."""

    engagement: str
    """A short name, such as "lunch with the college president"."""
    held_on: date | None = None
    district_role: str | None = None
    """Such as "superintendent", "board_member", "site_leader" or "district_staff"."""
    institution: str | None = None
    institution_kind: str | None = None
    """One of `PartnerKind`, or the host's own word."""
    leader_role: str | None = None
    """Such as "president" or "owner"."""
    nearby: bool | None = None
    intents: AbstractSet[str] | None = None
    """What both said that they want: "formal_agreement", "smooth_transitions", or other words."""
    site: str | None = None


@record("joint_meeting", about="district", key=("meeting",), cites=("D4.1-L2", "D4.2-L1", "D4.4-L3b", "D4.5-L1b"))
class JointMeeting(Record):
    """A meeting of people from several institutions: the roles and sides present, and what they reviewed."""

    meeting: str
    """A short name, such as "transition review 2026"."""
    held_on: date | None = None
    roles: AbstractSet[str] | None = None
    """Roles present, such as "superintendent", "principal", "school_counselor" or "college_administrator"."""
    sides: AbstractSet[Sector] | None = None
    topics: AbstractSet[str] | None = None
    """What was reviewed, such as "past_student_transitions"."""
    reviewed: str | None = None
    """Where the data that was reviewed is kept."""
    goals: AbstractSet[str] | None = None
    """The shared goals whose progress was reviewed."""
    body: str | None = None
    """The council, coalition or board that met, if it was a meeting of one."""
    site: str | None = None


@attrs.frozen(kw_only=True)
class AimedGoal:
    """A goal of a partnership, and what it is to bring to students."""

    goal: str
    aim: str | None = None
    """Such as "access" or "success"."""


@record("partnership_profile", about="district", key=("partnership",), cites=("D4.1-L2b", "D4.4-L1", "D4.P1"))
class PartnershipProfile(Record):
    """What one partnership is for, and what each side gives and gains."""

    partnership: str
    """Its id, or the name that the district knows it by."""
    institution_kind: str | None = None
    regional: bool | None = None
    goals: tuple[AimedGoal, ...] | None = None
    district_benefit: str | None = None
    partner_benefit: str | None = None
    contributions: AbstractSet[str] | None = None
    """What a business gives: "advisory_board", "project_design", "feedback", "speaker", "mentor", "shadowing",
    "internship"."""
    pathways: AbstractSet[str] | None = None
    """The pathways that it supports."""
    starts_on: date | None = None
    ends_on: date | None = None
    site: str | None = None


@attrs.frozen(kw_only=True)
class Party:
    """One institution that signs, and the person who signed for it."""

    institution: str | None = None
    kind: str | None = None
    """"district", one of `PartnerKind`, or the host's own word."""
    signer_role: str | None = None
    """Such as "superintendent" or "president"."""
    signed_on: date | None = None


@attrs.frozen(kw_only=True)
class Competency:
    """Something that a pathway teaches because employers ask for it, and the employer who confirmed it."""

    competency: str
    pathway: str | None = None
    confirmed_by: str | None = None
    regional: bool | None = None
    """Whether the employer who confirmed it employs people in the region."""
    confirmed_on: date | None = None


@attrs.frozen(kw_only=True)
class KeyFunction:
    """Something that the pathways need, and the institution that does it."""

    function: str
    responsible: str | None = None


@record(
    "joint_agreement",
    about="district",
    key=("agreement",),
    cites=("D4.1-L3", "D4.3-L2", "D4.3-L3", "D4.4-L2", "D4.4-L2b", "D4.6-L3"),
)
class JointAgreement(Record):
    """An agreement between the district and one or more institutions, with everybody who signed it."""

    agreement: str
    form: Literal["college_transition", "early_college_credit", "community_agreement", "other"] | None = None
    parties: tuple[Party, ...] | None = None
    clauses: AbstractSet[str] | None = None
    """What it settles, such as "data_sharing", "priority_registration" or "transportation"."""
    courses: tuple[str, ...] | None = None
    """The advanced courses that it opens to students."""
    competencies: tuple[Competency, ...] | None = None
    functions: tuple[KeyFunction, ...] | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    site: str | None = None


@record(
    "commitment", about="district", key=("agreement", "commitment"), weighs="against", cites=("D4.1-L4", "D4.1-L4b")
)
class Commitment(Record):
    """Something that one side of an agreement has to do by a day. Only a later record replaces it."""

    agreement: str
    commitment: str
    side: Literal["district", "college", "partner"] | None = None
    owner: str | None = None
    due_on: date | None = None
    fulfilled_on: date | None = None
    procedure: str | None = None
    """Where the text of the standard procedure for doing it is kept."""
    procedure_owner: str | None = None
    procedure_review_on: date | None = None
    """The day on which the procedure is to be reviewed."""
    site: str | None = None


@attrs.frozen(kw_only=True)
class Acceptance:
    """That an institution accepted a shared text; without a day: not yet."""

    institution: str
    accepted_on: date | None = None


@attrs.frozen(kw_only=True)
class VisionGoal:
    """A goal that several institutions share, and those that are responsible for it."""

    goal: str
    owners: tuple[str, ...] | None = None


@record("shared_vision", about="district", cites=("D4.P2", "D4.P7", "D4.4-L3b"))
class SharedVision(Record):
    """What the institutions of a region want together: the text, its version, its goals, and who has accepted it."""

    version: str | None = None
    statement: str | None = None
    goals: tuple[VisionGoal, ...] | None = None
    acceptances: tuple[Acceptance, ...] | None = None


@record("membership", about="district", key=("body", "member"), cites=("D4.4-L3", "D4.6-L4"))
class Membership(Record):
    """A person's seat on a body that several institutions share: in which role, from when to when."""

    body: str
    member: str
    body_kind: Literal["coalition", "intermediary", "advisory_board", "other"] | None = None
    sector: Sector | None = None
    role: str | None = None
    leads: bool | None = None
    """Whether the role is a leading one."""
    accountable_for: AbstractSet[str] | None = None
    """What the member is responsible for, such as "pathway_implementation"."""
    starts_on: date | None = None
    ends_on: date | None = None
    site: str | None = None


@attrs.frozen(kw_only=True)
class Accountable:
    """A leader who is responsible for how an indicator develops."""

    name: str | None = None
    sector: Sector | None = None


@record("indicator", about="district", key=("indicator",), cites=("D4.4-L4", "D4.6-L4", "D4.P6"))
class Indicator(Record):
    """A number that shows how a region does: its baseline, its target, its values by year, and who is responsible."""

    indicator: str
    domain: Literal["educational", "economic", "social", "workforce"] | None = None
    unit: str | None = None
    """The unit of the whole numbers below, such as "per mille of graduates"."""
    baseline: int | None = None
    target: int | None = None
    values: dict[str, int] | None = attrs.field(default=None, hash=False)
    """By the year in which the school year ended, such as "2026"."""
    accountable: tuple[Accountable, ...] | None = None
    site: str | None = None
