"""A criterion: a pure function of the evidence with a card, and its place in the rubric."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import attrs

from partnerflow.policies.verdict import Problem
from partnerflow.records import Record

from .evidence import Evidence, Observations, collect

LEVELS: Final = {1: "emerging", 2: "developing", 3: "advancing", 4: "transforming"}
"""What the rubric calls its levels."""


@attrs.frozen(kw_only=True, eq=False)
class Criterion:
    """One requirement of a level. Its code is the clause that it answers; calling it returns a RatedCriterion."""

    code: str
    title: str
    body: Callable[[Evidence], Observations] = attrs.field(repr=False)
    cites: tuple[str, ...]

    @property
    def row(self) -> str:
        """The row of the rubric that it belongs to."""
        return self.code.partition("-")[0]

    @property
    def level(self) -> int:
        """The level of that row that it is part of."""
        return int(self.code.partition("-L")[2][0])

    @property
    def doc(self) -> str:
        """What it looks for: the docstring of the function."""
        return self.body.__doc__ or ""

    def __call__(self, evidence: Evidence) -> RatedCriterion:
        """Rate the evidence; a criterion that raises is not met."""
        try:
            said = collect(self._said(evidence))
        except Exception as error:  # noqa: BLE001  an unknown failure must not count as met
            shown = f"{type(error).__name__}: {error}"
            said = [Problem("", None, "the criterion itself failed: {error}", error=shown)]
        shown_by = [each for each in said if isinstance(each, Record)]
        lacking = [evidence.pointer(each) for each in said if isinstance(each, Problem)]
        if not said:
            lacking = [Problem("", None, "nothing on file shows it")]
        once = {id(record): record for record in shown_by}
        return RatedCriterion(criterion=self, met_by=tuple(once.values()), lacking=tuple(dict.fromkeys(lacking)))

    def _said(self, evidence: Evidence) -> Observations:
        yield from self.body(evidence)  # a generator, so that an Absent raised before the first yield is collected too


@attrs.frozen(kw_only=True)
class RatedCriterion:
    """The result of one criterion: the evidence that it found, and what is lacking."""

    criterion: Criterion
    met_by: tuple[Record, ...]
    lacking: tuple[Problem, ...]

    @property
    def met(self) -> bool:
        """Whether nothing is lacking."""
        return not self.lacking


@attrs.frozen(kw_only=True)
class Level:
    """A level of a row, with its criteria."""

    number: int
    criteria: tuple[Criterion, ...]

    @property
    def name(self) -> str:
        """What the rubric calls it."""
        return LEVELS[self.number]


@attrs.frozen(kw_only=True)
class RubricRow:
    """A row of the rubric: a field of practice with four levels."""

    code: str
    title: str
    levels: tuple[Level, ...]

    @classmethod
    def of(cls, code: str, title: str, criteria: Iterable[Criterion]) -> RubricRow:
        """Return a row with its criteria grouped by level."""
        mine = [one for one in criteria if one.row == code]
        levels = (Level(number=n, criteria=tuple(one for one in mine if one.level == n)) for n in LEVELS)
        return cls(code=code, title=title, levels=tuple(levels))


def criterion(code: str, title: str) -> Callable[[Callable[[Evidence], Observations]], Criterion]:
    """Turn a function of the evidence into the criterion for the clause *code*."""

    def decorate(body: Callable[[Evidence], Observations]) -> Criterion:
        return Criterion(code=code, title=title, body=body, cites=(code,))

    return decorate
