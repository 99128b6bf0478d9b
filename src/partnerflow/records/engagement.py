"""Who was heard and who was asked, and what the district's words mean."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from datetime import date
from typing import Literal

from .registry import Record, record

STAKEHOLDERS = ("students", "parents", "school_staff", "principals", "district", "community")
"""The groups that are heard unless a district says otherwise (SPPS-III.E2)."""


@record("stakeholder_input", about="partnership", key=("group", "topic"), cites=("SPPS-III.E2", "SPPS-III.E2b"))
class StakeholderInput(Record):
    """What one group said on one topic."""

    group: str
    """One of `STAKEHOLDERS`, or the host's own word."""
    topic: str
    said: str | None = None
    given_on: date | None = None


@record(
    "consultation",
    about="partnership",
    key=("unit", "subject"),
    cites=("SPPS-IV.OUT0", "SPPS-IV.OUT3", "SPPS-IV.OUT4", "SPPS-IV.OUT6"),
)
class Consultation(Record):
    """A question put to a unit of the district, and its answer. It stops nothing unless a policy asks for it."""

    unit: str
    subject: str
    matter: (
        Literal["legal", "financial_impact", "procurement", "best_practice", "metrics", "cultural_relevance", "other"]
        | None
    ) = None
    question: str | None = None
    figures: str | None = None
    """The figures that the question rests on, where money is the matter."""
    asked_on: date | None = None
    answered_on: date | None = None
    answer: str | None = None
    part_of_scope_from: date | None = None
    """The day from which the unit takes part for good, where it joins."""


@record(
    "definition", about="district", key=("term",), cites=("SPPS-III.D1", "SPPS-V.2a", "SPPS-V.2c", "SPPS-KPI-Y1.6b")
)
class Definition(Record):
    """What a word means here ("partnership", "partner", "sponsor", "vendor"), or what the district believes.

    The newest text of a term is the one that counts; older ones stay readable.
    """

    term: str
    text: str | None = None
    version: str | None = None
    status: Literal["working", "adopted"] | None = None
    adopted_on: date | None = None
    put_to_inside: AbstractSet[str] | None = None
    """Whom within the district it was put to; an empty set says nobody."""
    put_to_outside: AbstractSet[str] | None = None
