"""What a partnership is for: where, what, for whom, and which need it answers."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from datetime import date
from typing import Literal

import attrs

from .registry import Record, record
from .texts import Prose

EVERYWHERE = "*"
"""Every site of the district, in a list of sites."""

Purpose = Literal["fill_gap", "content_expertise", "individual_planning"]
ScopeLevel = Literal["district", "school"]
PartnershipKind = Literal["contractual_service", "short_term_collaboration", "long_term"]


@record(
    "profile",
    about="partnership",
    asks={"partnership_kind": "any"},
    cites=("TK-2", "TK-3", "TK-4", "TK-5", "SPPS-V.2d", "SPPS-II.2"),
)
class Profile(Record):
    """What sort of partnership this is. It changes by filing a newer one, which changes no state (TK-2)."""

    partnership_kind: PartnershipKind | None = None
    duration: str | None = None
    intensity: str | None = None
    focus: Prose | None = None
    maturity: Literal[1, 2, 3, 4] | None = None
    level: str | None = None
    """The level that the district gives it, in the district's words (SPPS-V.2d)."""
    owning_office: str | None = None
    """The office that is responsible for it (SPPS-II.2)."""
    themes: AbstractSet[str] | None = None
    source: str | None = None
    """How the district learned of it, such as "survey of principals 2026"."""


@record("scope", about="partnership", weighs="against", asks={"level": "any", "sites": "more"}, cites=("SPPS-V.3",))
class Scope(Record):
    """Whether it is for the whole district or for some schools (SPPS-V.3). A wider scope must meet more policies."""

    level: ScopeLevel | None = None
    sites: AbstractSet[str] | None = None
    """The host's site ids; `{"*"}` for every site."""


@attrs.frozen(kw_only=True)
class Slot:
    """One time of the week, as `Slot(day="tue", starts="15:00", ends="17:00")`."""

    day: Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"] | None = None
    starts: str | None = None
    ends: str | None = None


@record(
    "service",
    about="partnership",
    key=("service",),
    weighs="against",
    asks={
        "content_areas": "more",
        "sites": "more",
        "timing": "any",
        "needs_access": "more",
        "direct_contact": "if_true",
        "on_site": "if_true",
        "fully_supervised": "if_false",
    },
    cites=("EAF-4.2.i", "TK-1", "TK-6", "TK-13", "TK-17", "CS2-I9"),
)
class Service(Record):
    """Something that the partner offers: what, where, for whom and when. A further service must meet more policies."""

    service: str
    """A short name, such as "after-school tutoring"."""
    summary: Prose | None = None
    content_areas: AbstractSet[str] | None = None
    """What it is about, in the district's words, such as "college_advising" (EAF-4.2.i)."""
    sites: AbstractSet[str] | None = None
    grades: AbstractSet[str] | None = None
    timing: Literal["school_day", "out_of_school_time", "both"] | None = None
    out_of_school: Literal["before", "after", "other"] | None = None
    """When, if it is outside of the school day (TK-17)."""
    slots: tuple[Slot, ...] | None = None
    """The hours of the week; an empty tuple: there are no fixed ones."""
    schedule: str | None = None
    needs_access: AbstractSet[Literal["teachers", "students"]] | None = None
    """Whom it needs during the school day (TK-6); an empty set: nobody."""
    learning_opportunities: AbstractSet[str] | None = None
    community_resources: AbstractSet[str] | None = None
    direct_contact: bool | None = None
    """Whether people of the partner meet students."""
    on_site: bool | None = None
    """Whether it takes place on the district's premises."""
    fully_supervised: bool | None = None
    """Whether staff of the district are there all the time."""
    starts_on: date | None = None
    ends_on: date | None = None


@record(
    "need",
    about="partnership",
    key=("need",),
    cites=("EAF-4.1.b", "EAF-4.1.a", "EAF-0", "SPPS-III.D3", "SPPS-II.1", "SPPS-III.E14b", "SPPS-IV.OUT5"),
)
class Need(Record):
    """A need of students and families, or a gap in what the district can do, that this partner is to meet."""

    need: Prose
    level: Literal["district", "school", "community"] | None = None
    purposes: AbstractSet[Purpose] | None = None
    why_this_partner: Prose | None = None
    equity: bool | None = None
    populations: AbstractSet[str] | None = None
    site: str | None = None
    """The school whose need it is; the same need at two schools is two records with two names."""
    group: Literal["students", "teachers", "families"] | None = None
    """Whose need it is."""
    priority: str | None = None
    """The priority of the district's plan that it belongs to, as the plan names it (SPPS-II.1)."""
    source: str | None = None
    """Where the information comes from, such as the placement office (SPPS-IV.OUT5)."""
    as_of: date | None = None
    """The day of the source's information."""
    figures: dict[str, int] | None = attrs.field(default=None, hash=False)
    """Numbers of the source, such as `{"enrolled": 412}`."""
    feedback: Prose | None = None
    """What families said, in a few words and without names."""


@record("service_plan", about="partnership", key=("site",), cites=("CS2-2.A2", "CS2-X4b"))
class ServicePlan(Record):
    """How the services are fitted to one school: which needs of that school they meet, and what is done for it."""

    site: str
    needs: AbstractSet[str] | None = None
    """The names of the needs on file that it meets."""
    services: AbstractSet[str] | None = None
    tailored: Prose | None = None


@record("strategic_goal", about="partnership", key=("goal",), cites=("SPPS-I", "SPPS-V.7c", "SPPS-II.0"))
class StrategicGoal(Record):
    """A goal of the district's plan that the partnership serves, and how."""

    goal: str
    outcome: Prose | None = None
    """The long-term student outcome that it advances."""
    how: Prose | None = None
    current: bool | None = None
    """Whether the plan still contains it."""
    rests_on: AbstractSet[Literal["form", "evaluation"]] | None = None
    """What shows that the partnership serves it: the partner's annual form, an evaluation, or both."""


@record(
    "duplication_decision",
    about="partnership",
    key=("with_partnership",),
    cites=("CS2-1.S1d", "EAF-4.4.c2", "CS2-1.S3"),
)
class DuplicationDecision(Record):
    """The decision on services that another partnership already offers at the same place."""

    with_partnership: str
    """The id of the other partnership."""
    decision: Literal["both", "replace", "merge", "decline"] | None = None
    reason: Prose | None = None


@record("annual_form", about="partnership", key=("year",), period=("submitted_on",), cites=("SPPS-KPI-Y1.4b",))
class AnnualForm(Record):
    """What the partner reports on one school year."""

    year: str
    """The school year, such as "2026-27"."""
    submitted_on: date | None = None
    aligned_goals: AbstractSet[str] | None = None
    """The goals of the district that the work of the year served; an empty set: none."""
