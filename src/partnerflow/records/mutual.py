"""What the two sides hold in common: a vision, what each expects and gains, and the goals that both pursue."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from datetime import date
from typing import Literal, TypeAlias

import attrs

from .registry import Record, record
from .texts import Prose

Side: TypeAlias = Literal["district", "school", "partner"]

MEASURES = ("grades", "attendance", "attitude", "motivation", "graduation_rate")
"""How an outcome is measured by default (TK-8)."""
DOMAINS = ("academic_achievement", "attendance", "social_emotional", "civic_participation")
"""What a goal is about (SPPS-III.E1); a host may add words of its own. "workforce" is for work and careers."""
PARTNER_BENEFITS = ("reach", "access", "program_quality", "staff_engagement")
"""What a partner may gain (TK-12)."""
SCHOOL_BENEFITS = ("skills", "culture", "reputation", "resources", "staff_support")
"""What a school may gain (TK-15)."""
COMMUNITY_BENEFITS = (
    "caring_community",
    "programs_and_climate",
    "family_support",
    "achievement",
    "behavior",
    "attendance_and_graduation",
    "success_in_school_and_life",
)
"""What students, families and the school's community may gain (SPPS-III.E11)."""


@record(
    "statement",
    about="partnership",
    key=("subject",),
    cites=("CS2-L0", "CS2-L2", "SPPS-V.2b", "SPPS-V.7a", "SPPS-V.7b", "SPPS-III.D6", "CS2-2.A1b", "D4.P7"),
)
class Statement(Record):
    """A text that both sides agree on, in its newest version; older ones stay readable.

    `by_side` has what each side promises or expects, where they differ. `accepted_by` has the day on which a side
    accepted this version; nobody has accepted a new version yet.
    """

    subject: str
    """Such as "vision", "values", "roles", "expectations" or "support" (what the district offers its partners)."""
    version: str | None = None
    text: Prose | None = None
    by_side: dict[Side, Prose] | None = attrs.field(default=None, hash=False)
    written_on: date | None = None
    accepted_by: dict[Side, date] | None = attrs.field(default=None, hash=False)


@record(
    "benefit",
    about="partnership",
    key=("side",),
    cites=("CS2-3.S2", "SPPS-III.E13", "SPPS-III.E11", "TK-5", "TK-12", "TK-15"),
)
class Benefit(Record):
    """What one side gains, as kinds of benefit or in words, and the day on which it confirmed that."""

    side: Side
    kinds: AbstractSet[str] | None = None
    """Of `PARTNER_BENEFITS`, `SCHOOL_BENEFITS` and `COMMUNITY_BENEFITS`, or the host's own; an empty set: none."""
    text: Prose | None = None
    confirmed_on: date | None = None


@record(
    "shared_goal",
    about="partnership",
    key=("goal",),
    cites=("SPPS-III.E1", "SPPS-III.E3", "SPPS-III.E4", "SPPS-III.E5", "SPPS-III.E9", "SPPS-V.7a", "TK-5", "D4.P2"),
)
class SharedGoal(Record):
    """A goal of the partnership, and which sides share it. They confirm it by filing it again with a later day."""

    goal: str
    held_by: AbstractSet[Side] | None = None
    confirmed_on: date | None = None
    """When the sides that share it last confirmed it."""
    category: str | None = None
    """Such as "student_learning", "student_development" or "organization"."""
    domain: str | None = None
    """One of `DOMAINS`, or the host's own word, such as "workforce"."""
    kind_of_outcome: Literal["social", "academic"] | None = None
    measure: str | None = None
    """One of `MEASURES`, or the host's own word."""
    contributions: dict[Literal["school", "family", "community"], Prose] | None = attrs.field(default=None, hash=False)
    owners: tuple[str, ...] | None = None
    """Who is responsible for it, in any institution."""


@record(
    "expected_outcome",
    about="partnership",
    key=("outcome",),
    cites=("EAF-4.4.c", "SPPS-II.0", "TK-8", "TK-14"),
)
class ExpectedOutcome(Record):
    """What the partner expects students to gain, and how that is measured."""

    outcome: Prose
    stated_on: date | None = None
    measure: Prose | None = None
    """One of `MEASURES`, or the host's own word."""
    kind_of_outcome: Literal["social", "academic"] | None = None
    long_term: bool | None = None
