"""How the partnership does, and what is done when it does badly."""

from __future__ import annotations

from datetime import date
from typing import Literal

import attrs

from .registry import Record, record


@record(
    "evaluation", about="partnership", period=("evaluated_on",), weighs="against", cites=("EAF-4.3.0", "SPPS-III.D7")
)
class Evaluation(Record):
    """What an evaluation found, against the goals. It may count against the partnership: it is answered, not taken."""

    evaluated_on: date | None = None
    rating: Literal["effective", "partly_effective", "ineffective"] | None = None
    findings: str | None = None
    evidence: str | None = None
    goals: dict[str, int] | None = attrs.field(default=None, hash=False)


@attrs.frozen(kw_only=True)
class PlanItem:
    """One thing to do: what, who, by when, and how one will know."""

    what: str | None = None
    owner: str | None = None
    due_on: date | None = None
    success_measure: str | None = None


@record("improvement_plan", about="partnership", cites=("EAF-4.3.e", "EAF-4.3.e2"))
class ImprovementPlan(Record):
    """The plan that a partnership is given before it can be ended for its performance. A newer one takes its place."""

    plan: str
    """A short name, by which its closing names it, such as "spring 2027"."""
    cause: Literal["ineffective", "low_outcomes"] | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    items: tuple[PlanItem, ...] | None = None


@record("plan_closing", about="partnership", key=("plan",), weighs="against", cites=("EAF-4.3.e", "EAF-4.3.e3"))
class PlanClosing(Record):
    """How the plan of that name ended. Only a newer closing, or a new plan, answers it."""

    plan: str
    outcome: Literal["met", "unsuccessful"] | None = None
    closed_on: date | None = None
    findings: str | None = None
