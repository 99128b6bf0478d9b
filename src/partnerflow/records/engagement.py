"""Who was heard, which units were consulted, and how the district defines its terms."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from datetime import date
from typing import Literal

from .registry import Record, record
from .texts import Prose

STAKEHOLDERS = ("students", "parents", "school_staff", "principals", "district", "community")
"""The groups that are heard by default (SPPS-III.E2)."""


@record("stakeholder_input", about="partnership", key=("group", "topic"), cites=("SPPS-III.E2", "SPPS-III.E2b"))
class StakeholderInput(Record):
    """What one group said on one topic."""

    group: str
    """One of `STAKEHOLDERS`, or the host's own word."""
    topic: str
    said: Prose | None = None
    given_on: date | None = None


@record(
    "consultation",
    about="partnership",
    key=("unit", "subject"),
    cites=("SPPS-IV.OUT0", "SPPS-IV.OUT3", "SPPS-IV.OUT4", "SPPS-IV.OUT6"),
)
class Consultation(Record):
    """A question to a unit of the district, and its answer. It blocks nothing unless a policy asks for it."""

    unit: str
    subject: str
    matter: (
        Literal["legal", "financial_impact", "procurement", "best_practice", "metrics", "cultural_relevance", "other"]
        | None
    ) = None
    question: Prose | None = None
    figures: str | None = None
    """The figures behind the question, where it is about money."""
    asked_on: date | None = None
    answered_on: date | None = None
    answer: Prose | None = None
    part_of_scope_from: date | None = None
    """The day from which the unit takes part permanently, if it does."""


@record(
    "definition", about="district", key=("term",), cites=("SPPS-III.D1", "SPPS-V.2a", "SPPS-V.2c", "SPPS-KPI-Y1.6b")
)
class Definition(Record):
    """How the district defines a term ("partnership", "partner", "sponsor", "vendor"), or what it believes.

    The newest text of a term applies; older ones stay readable.
    """

    term: str
    text: Prose | None = None
    version: str | None = None
    status: Literal["working", "adopted"] | None = None
    adopted_on: date | None = None
    put_to_inside: AbstractSet[str] | None = None
    """To whom in the district it was presented; an empty set: to nobody."""
    put_to_outside: AbstractSet[str] | None = None
    """To whom outside the district it was presented; an empty set: to nobody."""
