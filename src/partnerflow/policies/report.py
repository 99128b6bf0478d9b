"""What a pack says of a dossier: every finding, passes included, and the same in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, NoReturn

import attrs

from partnerflow.canonical import canonical, canonical_with
from partnerflow.records.conversion import unstructure

from .finding import Finding, Outcome, WaiverNote

if TYPE_CHECKING:
    from partnerflow.records import ImprovementPlan

SCHEMA = "partnerflow.report/1"


@attrs.frozen
class PackRef:
    """Exactly which rules were asked."""

    name: str
    version: str
    digest: str

    def __str__(self) -> str:
        return f"{self.name}@{self.version} ({self.digest[:12]})"


@attrs.frozen(kw_only=True)
class Report:
    """One finding a policy asked. It has no truth value: ask `ok`, `blocking` or `broken`."""

    pack: PackRef
    on: date
    """The day judged, in the district's time zone."""
    state: str
    """The state judged: the one that the trigger leads to, or the present one."""
    partner: str
    findings: tuple[Finding, ...]
    trigger: str | None = None
    lapsed_waivers: tuple[WaiverNote, ...] = ()
    """Waivers that do not count, each with the reason."""
    unused_waivers: tuple[str, ...] = ()
    """Codes of waivers that nothing needs."""
    asked_waivers: tuple[WaiverNote, ...] = ()
    """Waivers that were asked for and have had no answer, each with who asked and its last day."""
    not_asked: tuple[str, ...] = ()
    """Policies that read who asks, where nobody was named."""
    may_fire: tuple[str, ...] = ()
    """The roles that may take the step."""
    may_waive: tuple[str, ...] = ()
    """The roles that may grant a waiver."""

    def __bool__(self) -> NoReturn:
        raise TypeError("a report has no truth value: ask report.ok, report.blocking or report.broken")

    def __getitem__(self, code: str) -> Finding:
        return self.by_code[code]

    @cached_property
    def by_code(self) -> Mapping[str, Finding]:
        """The findings by the code of their policy."""
        return {finding.code: finding for finding in self.findings}

    @property
    def ok(self) -> bool:
        """Whether nothing blocks."""
        return not self.blocking

    @cached_property
    def blocking(self) -> tuple[Finding, ...]:
        """What stops the trigger; without a trigger, what does not hold."""
        return tuple(finding for finding in self.findings if finding.gates and finding.is_blocking)

    @cached_property
    def broken(self) -> tuple[Finding, ...]:
        """What does not hold in the state, whether it stops the trigger or not."""
        return tuple(finding for finding in self.findings if finding.is_standing and finding.is_blocking)

    @cached_property
    def noted(self) -> tuple[Finding, ...]:
        """What is wrong but stops nothing: advisory, reported only, waived, or carried along by this trigger."""
        return tuple(f for f in self.findings if f.problems and f not in self.blocking)

    def explain(self, language: str = "en") -> str:
        """Say in words what is wrong, where, what to do, by when, who decides, and under which clause.

        Raises InvalidRequest for a language that has no catalogue.
        """
        from .advice import lines
        from .translation import translation

        return "\n".join(lines(self, translation(language)))

    def improvement_plan(
        self, plan: str, *, days: int = 30, advisory_days: int = 60, language: str = "en"
    ) -> ImprovementPlan:
        """Make the plan that this implies, ready to be filed once it has its cause (EAF-4.3.e).

        *plan* is its name. Every finding that is wrong becomes an item with the side that owns it, its due date and
        how one will know: due in so many *days*, in *advisory_days* where it stops nothing.
        """
        from .advice import improvement_plan

        return improvement_plan(self, plan, days=days, advisory_days=advisory_days, language=language)

    def to_data(self) -> dict[str, Any]:
        """Return the report as plain JSON data."""
        return {**self._data(), "findings": [finding_data(finding) for finding in self.findings]}

    def text(self) -> str:
        """Return the report as canonical JSON, as every Decision keeps it."""
        return canonical_with(self._data(), "findings", f"[{','.join(map(_finding_text, self.findings))}]")

    def _data(self) -> dict[str, Any]:
        """Return all but the findings, which have their place."""
        return {
            "schema": SCHEMA,
            "pack": {"name": self.pack.name, "version": self.pack.version, "digest": self.pack.digest},
            "on": self.on.isoformat(),
            "state": str(self.state),
            "trigger": self.trigger,
            "partner": self.partner,
            "ok": self.ok,
            "blocking": [finding.code for finding in self.blocking],
            "broken": [finding.code for finding in self.broken],
            "findings": [],
            "lapsed_waivers": [str(remark) for remark in self.lapsed_waivers],
            "unused_waivers": list(self.unused_waivers),
            "asked_waivers": [str(remark) for remark in self.asked_waivers],
            "not_asked": list(self.not_asked),
            "may_fire": list(self.may_fire),
            "may_waive": list(self.may_waive),
        }

    def to_json(self) -> str:
        """Return the report as JSON text."""
        return json.dumps(self.to_data(), ensure_ascii=False, indent=2)


def finding_data(finding: Finding) -> dict[str, Any]:
    """Return one finding as plain JSON data; a pass says little, since there is little to say."""
    data: dict[str, Any] = {"code": finding.code, "revision": finding.revision, "outcome": str(finding.outcome)}
    if finding.until is not None:
        data["until"] = finding.until.isoformat()
    if finding.outcome in (Outcome.PASSED, Outcome.NOT_APPLICABLE):
        return data
    data |= {
        "title": finding.title,
        "severity": str(finding.severity),
        "enforced": finding.enforced,
        "gates": finding.gates,
        "stands": finding.is_standing,
        "fix": finding.fix,
        "advice": finding.advice,
        "parameters": {name: _plain(value) for name, value in finding.parameters.items() if name != "roles"},
        "owner": finding.owner,
        "lapsed_on": None if finding.lapsed_on is None else finding.lapsed_on.isoformat(),
        "waivable_days": finding.waivable_days,
        "cites": list(finding.cites),
        "problems": [
            {
                "path": problem.path,
                "label": problem.label,
                "message": problem.message,
                "template": problem.template,
                "facts": {name: _plain(value) for name, value in problem.facts.items()},
            }
            for problem in finding.problems
        ],
        "waiver": None if finding.waiver is None else unstructure(finding.waiver),
    }
    return data


def _finding_text(finding: Finding) -> str:
    """Write one finding; where nothing is wrong, it is the same for everyone whose papers end on the same day."""
    if finding.outcome in (Outcome.PASSED, Outcome.NOT_APPLICABLE):
        return _sound_text(finding.code, finding.revision, finding.outcome, finding.until)
    return canonical(finding_data(finding))


@lru_cache(maxsize=8192)
def _sound_text(code: str, revision: int, outcome: Outcome, until: date | None) -> str:
    return canonical(finding_data(Finding(code=code, title="", revision=revision, outcome=outcome, until=until)))


def _plain(value: object) -> object:
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(unstructure(value))
