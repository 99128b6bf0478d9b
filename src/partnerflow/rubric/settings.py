"""What a district sets for itself where the rubric leaves it open: how often, how long, how many."""

from __future__ import annotations

import attrs

from partnerflow.errors import InvalidRequest

EARLY_COLLEGE_CLAUSES = (
    "transportation",
    "registration",
    "fees",
    "counseling",
    "discipline",
    "grading",
    "course_selection",
    "teacher_training",
    "management",
    "hiring",
)
"""What an agreement on early college credit has to settle before it carries students."""


def _number(_: object, field: attrs.Attribute[int], value: object) -> None:
    if type(value) is not int or value < 1:
        raise InvalidRequest(f"settings.{field.name}", value, "give a whole number, 1 or more")


def _levels(_: object, field: attrs.Attribute[frozenset[int]], value: frozenset[int]) -> None:
    if not {4} <= value <= {2, 3, 4}:
        raise InvalidRequest(
            f"settings.{field.name}", sorted(value), "name 4, which always needs the lower levels, and 2 and 3 at will"
        )


def _at_least(months: int) -> int:
    field: int = attrs.field(default=months, validator=_number)
    return field


@attrs.frozen(kw_only=True)
class RubricSettings:
    """How the rubric is read: every number here is the district's to choose. Months count back from the day."""

    cumulative: frozenset[int] = attrs.field(default=frozenset({4}), converter=frozenset, validator=_levels)
    """The levels that need all lower ones too. The rubric says so of level 4 alone, so 2 and 3 stand by themselves."""
    engagement_months: int = _at_least(12)
    """How long ago a leader may last have been reached."""
    collaboration_days: int = _at_least(92)
    """The longest time between two meetings of counselors and community partners in the past twelve months."""
    outreach_months: int = _at_least(12)
    """How long ago the reach of what students and families are told may have been counted."""
    outreach_grades: tuple[str, ...] = ("9", "10")
    """The grades of which one must be reached as a whole."""
    rising_years: int = _at_least(2)
    """For how many years, one after the other, measures must have risen."""
    improvement_years: int = _at_least(2)
    """In how many past years there must have been something done to make transitions better."""
    early_college_clauses: tuple[str, ...] = EARLY_COLLEGE_CLAUSES
    review_months: int = _at_least(12)
    """How long ago progress on a shared goal may have been reviewed."""
    council_months: int = _at_least(6)
    """How long ago an advisory council may have met."""
    access_gap: int = _at_least(10)
    """The widest gap, in points of a hundred, between two groups of students in who takes part."""
    quality_months: int = _at_least(12)
    """How long ago the quality of work-based learning may have been looked at."""
    quality_score: int = _at_least(3)
    """The lowest score by a criterion that will do."""
    recognition_months: int = _at_least(12)
    """How long ago a partner may have been thanked."""
