"""How a district helps its students on to college: whom it reaches, who helps, and the counts of each year.

Only counts are kept, never a student.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

import attrs

from .registry import Record, record


@record("outreach_reach", about="district", key=("site", "grade", "topic", "audience"), cites=("D4.2-L1b",))
class OutreachReach(Record):
    """How many students of a grade, or their families, were informed on one topic at a school."""

    site: str
    """The school; `"*"` for all of them together."""
    grade: str
    topic: str
    """"options" (what one can do after school) or "enrollment" (how one gets in)."""
    audience: Literal["students", "families"]
    reached: int | None = None
    of: int | None = None
    """How many there are in all."""
    counted_on: date | None = None


@record("counselor_assignment", about="district", key=("site", "person"), cites=("D4.2-L2",))
class CounselorAssignment(Record):
    """A person who helps the students of a school, and their families, with the way into college."""

    site: str
    person: str
    role: Literal["counselor", "community_professional"] | None = None
    assigned_by_role: str | None = None
    """Who chose them, such as "principal"."""
    starts_on: date | None = None
    ends_on: date | None = None


@record("matriculation_count", about="district", key=("site", "school_year"), cites=("D4.2-L2b",))
class MatriculationCount(Record):
    """How many students of a school took each step on the way into college in one school year.

    The host tracks its students itself; only the sums are recorded here.
    """

    site: str
    school_year: int
    """The year in which it ended."""
    students: int | None = None
    steps: dict[str, int] | None = attrs.field(default=None, hash=False)
    """How many completed it, by step: "application", "admissions", "financial_aid", "enrollment", "placement",
    "registration", "orientation"."""


@record("joint_plan", about="district", key=("plan",), cites=("D4.2-L3",))
class JointPlan(Record):
    """A plan of the district and a college to reduce remedial courses, and its result."""

    plan: str
    district_owner: str | None = None
    college_owner: str | None = None
    status: Literal["created", "implemented"] | None = None
    implemented_on: date | None = None
    remedial_before: int | None = None
    """Students who needed such a course on arrival, in the last year before the plan."""
    remedial_after: int | None = None
    site: str | None = None


@record("yearly_measure", about="district", key=("measure", "school_year"), cites=("D4.2-L4", "D4.3-L3b"))
class YearlyMeasure(Record):
    """One count of one school year, out of how many, so that years can be compared."""

    measure: str
    """Such as "enrollment", "persistence", "completion", "early_credit_taken" or "early_credit_earned"."""
    school_year: int
    """The year in which it ended."""
    counted: int | None = None
    of: int | None = None


@record("graduate_destinations", about="district", key=("pathway", "school_year"), cites=("D4.P5",))
class GraduateDestinations(Record):
    """How many finished a pathway in one school year, and how many of them went on to study or train, and where."""

    pathway: str
    school_year: int
    """The year in which it ended."""
    graduates: int | None = None
    went_on: dict[str, int] | None = attrs.field(default=None, hash=False)
    """How many, by college or training provider."""


@attrs.frozen(kw_only=True)
class ImprovementAction:
    """Something that was done to make transitions easier."""

    what: str
    done_on: date | None = None


@record("improvement_commitment", about="district", key=("commitment",), cites=("D4.2-L4b",))
class ImprovementCommitment(Record):
    """The commitment of a leader of the district and one of a college to improve transitions, and what they did."""

    commitment: str
    district_leader: str | None = None
    college_leader: str | None = None
    made_on: date | None = None
    actions: tuple[ImprovementAction, ...] | None = None
    site: str | None = None
