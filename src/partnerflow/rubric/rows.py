"""The six rows, made of the criteria in the modules beside this one."""

from __future__ import annotations

from . import colleges, community, credit, industry, workplace
from .criterion import Criterion, RubricRow

_TITLES = {
    "D4.1": "Partnerships with colleges",
    "D4.2": "Support for students on the way to college",
    "D4.3": "College credit in high school",
    "D4.4": "Partnerships with business and industry",
    "D4.5": "What work-based learning stands on",
    "D4.6": "Partnerships with the community",
}

CRITERIA: tuple[Criterion, ...] = tuple(
    value
    for module in (colleges, credit, industry, workplace, community)
    for value in vars(module).values()
    if isinstance(value, Criterion)
)
"""Every criterion, in the order of the rubric."""

ROWS: tuple[RubricRow, ...] = tuple(RubricRow.of(code, title, CRITERIA) for code, title in _TITLES.items())
"""The rubric: its rows, each with four levels and their criteria."""
