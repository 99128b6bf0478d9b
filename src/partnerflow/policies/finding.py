"""What one policy says of one dossier on one day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Literal, TypeAlias

import attrs

from .verdict import Problem, filled

Owner: TypeAlias = Literal["district", "school", "partner"]
"""The side that has to act where something is wrong."""


class Outcome(StrEnum):
    """What came of asking a policy."""

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
    """The waiver that a finding stands under."""

    entry_id: str | None
    requested_by: str
    approved_by: str
    expires_on: date
    reason: str


@attrs.frozen
class WaiverNote:
    """What is to be said of a waiver: the code of its policy, and a sentence with its facts kept apart."""

    code: str
    template: str
    facts: Mapping[str, object] = attrs.field(factory=dict, hash=False)

    def __str__(self) -> str:
        return f"{self.code}: {filled(self.template, self.facts)}"


@attrs.frozen(kw_only=True)
class Finding:
    """What one policy says of one dossier on one day."""

    code: str
    title: str
    revision: int
    outcome: Outcome
    problems: tuple[Problem, ...] = ()
    until: date | None = None
    """The last day on which this still holds, as far as the policy knows."""
    lapsed_on: date | None = None
    """The last day on which it held, where it failed because that day is past."""
    severity: Severity = Severity.BLOCKING
    enforced: bool = True
    gates: bool = True
    """Whether it is asked for the trigger, and so can stop it."""
    is_standing: bool = True
    """Whether it is asked for the state, and so is asked again as time passes."""
    waiver: AppliedWaiver | None = None
    advice: str = ""
    """What would mend it, with places for the parameters; `fix` has them filled in."""
    parameters: Mapping[str, object] = attrs.field(factory=dict, hash=False, repr=False)
    """The parameters that were in force."""
    owner: Owner = "district"
    """The side that has to act."""
    waivable_days: int = 0
    """The longest that it can be waived for; 0: never."""
    cites: tuple[str, ...] = ()

    @property
    def fix(self) -> str:
        """What would mend it, as a sentence."""
        return filled(self.advice, self.parameters)

    @property
    def is_ok(self) -> bool:
        """Whether nothing is wrong, or what is wrong is waived."""
        return self.outcome in _SOUND or self.waiver is not None

    @property
    def is_blocking(self) -> bool:
        """Whether it is wrong in earnest: blocking, enforced, not waived."""
        return not self.is_ok and self.enforced and self.severity is Severity.BLOCKING

    @property
    def mends_on(self) -> date | None:
        """The first day on which time alone will have mended it."""
        days = [problem.mends_on for problem in self.problems]
        return max(day for day in days if day) if days and all(days) else None


_SOUND = frozenset({Outcome.PASSED, Outcome.NOT_APPLICABLE})
