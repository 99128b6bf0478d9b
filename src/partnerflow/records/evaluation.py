"""How well the partnership works, and what is done when it does not."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from datetime import date
from typing import Literal, TypeAlias

import attrs

from .mutual import Side
from .registry import Record, record
from .texts import Prose

Effectiveness: TypeAlias = Literal["effective", "partly_effective", "ineffective"]
Effect: TypeAlias = Literal["positive", "none", "negative"]


@record(
    "evaluation",
    about="partnership",
    period=("evaluated_on",),
    weighs="against",
    cites=("SPPS-III.D7", "SPPS-III.E7", "SPPS-III.E11", "SPPS-II.0", "CS2-3.S2", "TK-14", "TK-15"),
)
class Evaluation(Record):
    """The findings of an evaluation. It may count against the partnership, so only a later one replaces it."""

    evaluated_on: date | None = None
    done_by: str | None = None
    """The unit that did it."""
    rating: Effectiveness | None = None
    dimensions: dict[Literal["activities", "partnership", "progress"], Effectiveness] | None = attrs.field(
        default=None, hash=False
    )
    """The ratings of the activities, of the partnership itself and of the progress on its goals (SPPS-III.E7)."""
    findings: Prose | None = None
    evidence: Prose | None = None
    goals: dict[str, int] | None = attrs.field(default=None, hash=False)
    effect: Effect | None = None
    """Its effect on the long-term outcome that the partnership is for (SPPS-II.0)."""
    outcomes: dict[Literal["social", "academic"], Effect] | None = attrs.field(default=None, hash=False)
    """Its effects on social and on academic outcomes (TK-14)."""
    benefits: dict[Side, Effectiveness] | None = attrs.field(default=None, hash=False)
    """How each side rates what it gained (CS2-3.S2, TK-15)."""
    benefits_seen: AbstractSet[str] | None = None
    """The kinds of benefit that were claimed and that the evaluation confirms (SPPS-III.E11)."""


@record("review_decision", about="partnership", key=("made_on",), weighs="against", cites=("SPPS-0.1", "CS2-1.S3"))
class ReviewDecision(Record):
    """What a review decided, why, which needs that serves, and who took part. There is one for each day."""

    made_on: date
    decision: Literal["keep", "revise", "end", "deepen", "expand", "new"] | None = None
    reasons: Prose | None = None
    needs: tuple[str, ...] | None = None
    took_part: AbstractSet[str] | None = None


@attrs.frozen(kw_only=True)
class PlanItem:
    """One thing to do: what, by whom, by when, and how success is measured."""

    what: Prose | None = None
    owner: str | None = None
    due_on: date | None = None
    success_measure: Prose | None = None


@record("improvement_plan", about="partnership", cites=("EAF-4.3.e", "EAF-4.3.e2"))
class ImprovementPlan(Record):
    """The plan that a partnership gets before it can be ended for its performance. A newer one replaces it."""

    plan: str
    """A short name, such as "spring 2027"; the closing of the plan refers to it."""
    cause: Literal["ineffective", "low_outcomes"] | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    items: tuple[PlanItem, ...] | None = None


@record("plan_closing", about="partnership", key=("plan",), weighs="against", cites=("EAF-4.3.e", "EAF-4.3.e3"))
class PlanClosing(Record):
    """How the plan of that name ended. Only a newer closing, or a new plan, replaces it."""

    plan: str
    outcome: Literal["met", "unsuccessful"] | None = None
    closed_on: date | None = None
    findings: Prose | None = None
