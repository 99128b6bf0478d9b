"""What a partnership is for: where, what, for whom, and which need it answers."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from datetime import date
from typing import Literal

from .registry import Record, record

EVERYWHERE = "*"
"""Stands for every site of the district, where a list of sites is asked for."""

Purpose = Literal["fill_gap", "content_expertise", "individual_planning"]


@record("scope", about="partnership", weighs="against", cites=("SPPS-V.3",))
class Scope(Record):
    """Whether the partnership is the whole district's or certain schools' (SPPS-V.3): a wider one answers for more."""

    level: Literal["district", "school"] | None = None
    sites: AbstractSet[str] | None = None
    """The host's site ids; `{"*"}` for every site."""


@record("service", about="partnership", key=("service",), weighs="against", cites=("EAF-4.2.i", "TK-1", "CS2-I9"))
class Service(Record):
    """Something that the partner offers: what, where, for whom and when. A further one has more to answer for."""

    service: str
    """A short name, such as "after-school tutoring"."""
    summary: str | None = None
    content_areas: AbstractSet[str] | None = None
    """What it is about, in the district's words, such as "college_advising" (EAF-4.2.i)."""
    sites: AbstractSet[str] | None = None
    grades: AbstractSet[str] | None = None
    timing: Literal["school_day", "out_of_school_time", "both"] | None = None
    schedule: str | None = None
    direct_contact: bool | None = None
    """Whether people of the partner meet students."""
    on_site: bool | None = None
    """Whether it takes place on the district's premises."""
    starts_on: date | None = None
    ends_on: date | None = None


@record("need", about="partnership", key=("need",), cites=("EAF-4.1.b", "EAF-4.1.a", "EAF-0", "SPPS-III.D3"))
class Need(Record):
    """A need of students and families, or a gap in what the district can do, that this partner is to answer."""

    need: str
    level: Literal["district", "school", "community"] | None = None
    purposes: AbstractSet[Purpose] | None = None
    why_this_partner: str | None = None
    equity: bool | None = None
    populations: AbstractSet[str] | None = None


@record("strategic_goal", about="partnership", key=("goal",), cites=("SPPS-I", "SPPS-V.7c", "SPPS-II.0"))
class StrategicGoal(Record):
    """A goal of the district's plan that the partnership serves, and how."""

    goal: str
    outcome: str | None = None
    """The long-term student outcome that it advances."""
    how: str | None = None
    current: bool | None = None
    """Whether the plan still holds it."""


@record(
    "duplication_decision",
    about="partnership",
    key=("with_partnership",),
    cites=("CS2-1.S1d", "EAF-4.4.c2", "CS2-1.S3"),
)
class DuplicationDecision(Record):
    """What was decided about services that another partnership offers already, at the same place."""

    with_partnership: str
    """The id of the other partnership."""
    decision: Literal["both", "replace", "merge", "decline"] | None = None
    reason: str | None = None
