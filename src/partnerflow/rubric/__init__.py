"""A rubric of how well a district keeps up partnerships: six rows, four levels, rated on evidence. It blocks nothing.

`rubric.rate(records, on=date(2026, 9, 15))` gives a Rating: `rated["D4.1"].level`, `rated.explain()`.
"""

from __future__ import annotations

from .criterion import LEVELS, Criterion, Level, RatedCriterion, RubricRow
from .lists import (
    LevelOn,
    Moved,
    WentOn,
    levels,
    moved,
    not_accepted,
    open_frictions,
    overdue_support,
    owned_by_one_side,
    unanswered,
    went_on,
    without_partnership,
    without_prospect,
)
from .rating import SCHEMA, RatedLevel, RatedRow, Rating, rate
from .rows import CRITERIA, ROWS
from .settings import RubricSettings

__all__ = [
    "CRITERIA",
    "LEVELS",
    "ROWS",
    "SCHEMA",
    "Criterion",
    "Level",
    "LevelOn",
    "Moved",
    "RatedCriterion",
    "RatedLevel",
    "RatedRow",
    "Rating",
    "RubricRow",
    "RubricSettings",
    "WentOn",
    "levels",
    "moved",
    "not_accepted",
    "open_frictions",
    "overdue_support",
    "owned_by_one_side",
    "rate",
    "unanswered",
    "went_on",
    "without_partnership",
    "without_prospect",
]
