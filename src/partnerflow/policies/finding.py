"""The result of one policy for one dossier on one day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Literal, TypeAlias

import attrs

from partnerflow.records import NO_END

from .verdict import Problem, filled

Owner: TypeAlias = Literal["district", "school", "partner"]
"""The side that has to act if something is wrong."""
Better: TypeAlias = Literal["more", "less"]
"""Of a fact in a problem: whether a greater or a smaller one is less of the same problem."""


class Outcome(StrEnum):
    """The outcome of a policy."""

    PASSED = "passed"
    FAILED = "failed"
    MISSING = "missing"
    ERROR = "error"
    NOT_APPLICABLE = "not_applicable"


class Severity(StrEnum):
    """Whether a finding can stop anything."""

    BLOCKING = "blocking"
    ADVISORY = "advisory"


@attrs.frozen(kw_only=True)
class AppliedWaiver:
    """The waiver that covers a finding."""

    entry_id: str | None
    requested_by: str
    approved_by: str
    expires_on: date
    reason: str


@attrs.frozen
class WaiverNote:
    """A remark on a waiver: the code of its policy, and a template with its facts."""

    code: str
    template: str
    facts: Mapping[str, object] = attrs.field(factory=dict, hash=False)

    def __str__(self) -> str:
        return f"{self.code}: {filled(self.template, self.facts)}"


@attrs.frozen(kw_only=True)
class Finding:
    """The result of one policy for one dossier on one day."""

    code: str
    title: str
    revision: int
    outcome: Outcome
    problems: tuple[Problem, ...] = ()
    until: date | None = None
    """The last day on which this still holds, as far as the policy knows."""
    nothing_more_until: date | None = None
    """Where something is wrong, the last day on which nothing more will be, as far as the policy knows."""
    lapsed_on: date | None = None
    """The last day on which it held, if it failed because that day is past."""
    severity: Severity = Severity.BLOCKING
    enforced: bool = True
    gates: bool = True
    """Whether it is part of the check of the trigger, and so can stop it."""
    is_standing: bool = True
    """Whether it is part of the check of the state, and so is evaluated again as time passes."""
    waiver: AppliedWaiver | None = None
    """The waiver that covers everything that is wrong."""
    short_waiver: AppliedWaiver | None = None
    """A waiver in force that does not cover everything that is wrong, and so waives nothing."""
    advice: str = ""
    """How to mend it, as a template for the parameters; `fix` has them filled in."""
    parameters: Mapping[str, object] = attrs.field(factory=dict, hash=False, repr=False)
    """The parameters that were in force."""
    owner: Owner = "district"
    """The side that has to act."""
    waivable_days: int = 0
    """The most days for which it can be waived; 0: never."""
    cites: tuple[str, ...] = ()

    @property
    def fix(self) -> str:
        """How to mend it, as a sentence."""
        return filled(self.advice, self.parameters)

    @property
    def is_ok(self) -> bool:
        """Whether nothing is wrong, or what is wrong is waived."""
        return self.outcome in _SOUND or self.waiver is not None

    @property
    def is_blocking(self) -> bool:
        """Whether it is wrong, enforced, of blocking severity and not waived."""
        return not self.is_ok and self.enforced and self.severity is Severity.BLOCKING

    @property
    def is_owed(self) -> bool:
        """Whether the partnership is obliged to it in its state: a standing finding that blocks if it is wrong."""
        return self.is_standing and self.enforced and self.severity is Severity.BLOCKING

    @property
    def mends_on(self) -> date | None:
        """The first day on which time alone will have mended it."""
        days = [problem.mends_on for problem in self.problems]
        return max(day for day in days if day) if days and all(days) else None


def worse(one: Finding, other: Finding) -> Finding:
    """Return the finding that lets less pass: what is not ok before what is, then the outcome, then the earlier end."""
    return min(one, other, key=_standing)


def _standing(finding: Finding) -> tuple[bool, bool, int, date]:
    return finding.is_ok, not finding.is_blocking, _ORDER.index(finding.outcome), finding.until or NO_END


_ORDER = (Outcome.ERROR, Outcome.FAILED, Outcome.MISSING, Outcome.PASSED, Outcome.NOT_APPLICABLE)
"""From the worst on."""
_SOUND = frozenset({Outcome.PASSED, Outcome.NOT_APPLICABLE})
