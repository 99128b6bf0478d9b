"""How a district assesses its own practice: ratings that somebody signed, and answers of its departments."""

from __future__ import annotations

from datetime import date
from typing import Literal

import attrs

from .registry import Record, record

RubricRowCode = Literal["D4.1", "D4.2", "D4.3", "D4.4", "D4.5", "D4.6"]


@record("rubric_assessment", about="district", key=("row", "subject"), period=("assessed_on",), cites=("D4.S1",))
class RubricAssessment(Record):
    """The level that an assessor found on one row of the rubric on one day, and the evidence for it."""

    row: RubricRowCode
    subject: str
    """What was rated: `"district"`, or the id of a site or partnership."""
    subject_kind: Literal["district", "site", "partnership"] | None = None
    level: Literal[0, 1, 2, 3, 4] | None = None
    """The highest level met; 0 where none is."""
    evidence: tuple[str, ...] | None = None
    """The records behind it, each by its kind and key; an empty tuple: there were none."""
    lacking: tuple[str, ...] | None = None
    """What the next level requires and was not on file."""
    assessor: str | None = None
    assessed_on: date | None = None
    next_review_on: date | None = None


@record("self_assessment_prompt", about="district", key=("prompt",), cites=("D4.R1", "D4.R2"))
class SelfAssessmentPrompt(Record):
    """A question that departments are to answer about themselves, and which departments."""

    prompt: str
    """A short name, such as "experience with partners"."""
    question: str | None = None
    departments: tuple[str, ...] | None = None
    asked_on: date | None = None


@attrs.frozen(kw_only=True)
class FollowUp:
    """What is to be done because of an answer: what, by whom, by when."""

    what: str
    owner: str | None = None
    due_on: date | None = None


@record("self_assessment", about="district", key=("prompt", "department"), cites=("D4.R1", "D4.R2", "D4.R3"))
class SelfAssessment(Record):
    """What one department answered to a prompt, and what is to follow from it."""

    prompt: str
    """The short name of the prompt."""
    department: str
    answer: str | None = None
    answered_on: date | None = None
    graduate_profile: str | None = None
    """Where the graduate profile that it refers to is kept."""
    pathway: str | None = None
    follow_ups: tuple[FollowUp, ...] | None = None
    """An empty tuple: nothing is to follow."""


@record("friction", about="partnership", key=("issue",), weighs="against", cites=("D4.P3",))
class Friction(Record):
    """A conflict between two institutions: whose, over what, and whether it is settled. It may be filed at any time."""

    issue: str
    parties: tuple[str, ...] | None = None
    difference: str | None = None
    """The priority or the norm on which they differ."""
    opened_on: date | None = None
    status: Literal["open", "settled"] | None = None
    settled_on: date | None = None


@record("support_action", about="partnership", key=("action",), weighs="against", cites=("D4.P4",))
class SupportAction(Record):
    """Help that somebody promised a new partnership: what, by whom, by when, and whether it was given."""

    action: str
    owner: str | None = None
    due_on: date | None = None
    done_on: date | None = None
