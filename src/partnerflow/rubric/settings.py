"""What the rubric leaves to the district: how often, how long, how many."""

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
"""What an agreement on early college credit has to settle."""


def _number(_: object, field: attrs.Attribute[int], value: object) -> None:
    if type(value) is not int or value < 1:
        raise InvalidRequest(f"settings.{field.name}", value, "write a whole number, 1 or more")


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
    """How the rubric is applied; every value is the district's choice. Months count back from the day of the rating."""

    cumulative: frozenset[int] = attrs.field(default=frozenset({4}), converter=frozenset, validator=_levels)
    """The levels that need all lower ones too. The rubric requires it for level 4 only, so 2 and 3 are independent."""
    engagement_months: int = _at_least(12)
    """The most months since the last engagement of a leader."""
    collaboration_days: int = _at_least(92)
    """The longest time between two meetings of counselors and community partners in the past twelve months."""
    outreach_months: int = _at_least(12)
    """The most months since the reach of outreach to students and families was counted."""
    outreach_grades: tuple[str, ...] = ("9", "10")
    """The grades; at least one of them must be reached completely."""
    rising_years: int = _at_least(2)
    """The number of consecutive years in which measures must have risen."""
    improvement_years: int = _at_least(2)
    """The number of past years; each must have an improvement of transitions."""
    early_college_clauses: tuple[str, ...] = EARLY_COLLEGE_CLAUSES
    review_months: int = _at_least(12)
    """The most months since progress on a shared goal was reviewed."""
    council_months: int = _at_least(6)
    """The most months since an advisory council met."""
    access_gap: int = _at_least(10)
    """The widest gap, in points of a hundred, between two groups of students in who takes part."""
    quality_months: int = _at_least(12)
    """The most months since the quality of work-based learning was reviewed."""
    quality_score: int = _at_least(3)
    """The lowest acceptable score for a criterion."""
    recognition_months: int = _at_least(12)
    """The most months since a partner was recognized."""
