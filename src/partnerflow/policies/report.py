"""What a pack found in a dossier, in words and as JSON."""

from __future__ import annotations

import json
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import attrs

from partnerflow.canonical import canonical, canonical_with
from partnerflow.records.conversion import unstructure

from .advice import improvement_plan, lines
from .finding import Finding, Outcome
from .report_data import ReportData
from .translation import translation
from .verdict import plain

if TYPE_CHECKING:
    from partnerflow.records import ImprovementPlan

SCHEMA = "partnerflow.report/1"


@attrs.frozen(kw_only=True)
class Report(ReportData):
    """What a pack found in a dossier on one day. It has no truth value: read `ok`, `blocking` or `broken`."""

    def explain(self, language: str = "en") -> str:
        """Return in words what is wrong, where, what to do, by when, who decides, and under which clause.

        Raises InvalidRequest for a language that has no catalogue.
        """
        return "\n".join(lines(self, translation(language)))

    def improvement_plan(
        self, plan: str, *, days: int = 30, advisory_days: int = 60, language: str = "en"
    ) -> ImprovementPlan:
        """Return the improvement plan that the findings call for, to be filed once its cause is added (EAF-4.3.e).

        *plan* is its name. Every finding that is wrong becomes an item with the side that owns it, a due date and a
        measure of success. Items are due in *days*, or in *advisory_days* if they block nothing.
        """
        return improvement_plan(self, plan, days=days, advisory_days=advisory_days, language=language)

    def to_data(self) -> dict[str, Any]:
        """Return the report as plain JSON data."""
        return {**self._data(), "findings": [finding_data(finding) for finding in self.findings]}

    def text(self) -> str:
        """Return the report as canonical JSON, as every Decision keeps it."""
        return canonical_with(self._data(), "findings", f"[{','.join(map(_finding_text, self.findings))}]")

    def _data(self) -> dict[str, Any]:
        """Return everything but the findings; their key is there, empty, in its place."""
        also = {} if self.also_on is None else {"also_on": self.also_on.isoformat()}
        return {
            "schema": SCHEMA,
            **also,
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
            **({"unconfirmed": list(self.unconfirmed)} if self.unconfirmed else {}),
        }

    def to_json(self) -> str:
        """Return the report as JSON text."""
        return json.dumps(self.to_data(), ensure_ascii=False, indent=2)


def finding_data(finding: Finding) -> dict[str, Any]:
    """Return one finding as plain JSON data; a pass has only its code, revision, outcome and last day."""
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
        "parameters": {name: plain(value) for name, value in finding.parameters.items() if name != "roles"},
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
                "facts": {name: plain(value) for name, value in problem.facts.items()},
                **({} if problem.on is None else {"on": problem.on.isoformat()}),
            }
            for problem in finding.problems
        ],
        "waiver": None if finding.waiver is None else unstructure(finding.waiver),
    }
    return data


def _finding_text(finding: Finding) -> str:
    """Return one finding as canonical JSON; that of a pass is cached, since many partnerships have the same."""
    if finding.outcome in (Outcome.PASSED, Outcome.NOT_APPLICABLE):
        return _sound_text(finding.code, finding.revision, finding.outcome, finding.until)
    return canonical(finding_data(finding))


@lru_cache(maxsize=8192)
def _sound_text(code: str, revision: int, outcome: Outcome, until: date | None) -> str:
    return canonical(finding_data(Finding(code=code, title="", revision=revision, outcome=outcome, until=until)))
