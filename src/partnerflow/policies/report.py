"""What a pack says of a dossier: every finding, passes included, and the same in words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cached_property
from typing import Any, NoReturn

import attrs

from partnerflow.records.conversion import unstructure

from .finding import Finding, Outcome
from .verdict import Problem

SCHEMA = "partnerflow.report/1"


@attrs.frozen
class Pin:
    """Exactly which rules were asked."""

    name: str
    version: str
    digest: str

    def __str__(self) -> str:
        return f"{self.name}@{self.version} ({self.digest[:12]})"


@attrs.frozen(kw_only=True)
class Report:
    """One finding a policy asked. It has no truth value: ask `ok`, `blocking` or `broken`."""

    pack: Pin
    on: date
    """The day judged, in the district's time zone."""
    state: str
    """The state judged: the one that the trigger leads to, or the present one."""
    partner: str
    findings: tuple[Finding, ...]
    trigger: str | None = None
    lapsed_waivers: tuple[str, ...] = ()
    """Waivers that do not count, each with the reason."""
    unused_waivers: tuple[str, ...] = ()
    """Codes of waivers that nothing needs."""
    not_asked: tuple[str, ...] = ()
    """Policies that read who asks, where nobody was named."""

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
        return tuple(finding for finding in self.findings if finding.gates and finding.counts)

    @cached_property
    def broken(self) -> tuple[Finding, ...]:
        """What does not hold in the state, whether it stops the trigger or not."""
        return tuple(finding for finding in self.findings if finding.stands and finding.counts)

    @cached_property
    def noted(self) -> tuple[Finding, ...]:
        """What is wrong but stops nothing: advisory, reported only, waived, or carried along by this trigger."""
        return tuple(f for f in self.findings if f.problems and f not in self.blocking)

    def explain(self) -> str:
        """Say in words what is wrong, where, under which clause, and what would mend it."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        asked = f"{self.trigger} -> {self.state}" if self.trigger else self.state
        yield f"{self.partner} on {self.on} ({asked}), by pack {self.pack}:"
        if not self.blocking:
            yield f"  nothing stands in the way of {self.trigger}" if self.trigger else "  everything holds"
        for finding in self.blocking:
            yield from describe(finding)
        if self.noted:
            yield ""
            yield "  noted, but stopping nothing:"
            for finding in self.noted:
                yield from describe(finding)
        for lapsed in self.lapsed_waivers:
            yield f"  waiver does not count: {lapsed}"
        for unused in self.unused_waivers:
            yield f"  waiver of {unused} is not needed"
        if self.not_asked:
            yield f"  not asked, because nobody was named who asks: {', '.join(self.not_asked)}"

    def to_data(self) -> dict[str, Any]:
        """Give the report as plain JSON data."""
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
            "findings": [finding_data(finding) for finding in self.findings],
            "lapsed_waivers": list(self.lapsed_waivers),
            "unused_waivers": list(self.unused_waivers),
            "not_asked": list(self.not_asked),
        }

    def to_json(self) -> str:
        """Give the report as JSON text."""
        return json.dumps(self.to_data(), ensure_ascii=False, indent=2)


def describe(finding: Finding) -> Iterator[str]:
    """Say one finding in words, over several lines."""
    mark = finding.outcome if finding.waiver is None else f"{finding.outcome}, waived"
    if not finding.enforced:
        mark += ", reported only"
    elif finding.severity == "advisory":
        mark += ", advisory"
    yield f"  {finding.code} {mark}: {finding.title} [{', '.join(finding.cites)}]"
    for problem in finding.problems:
        yield f"      {_sentence(problem)}"
    if finding.waiver is not None:
        waiver = finding.waiver
        asked = f"by {waiver.approved_by} at {waiver.requested_by}'s request"
        yield f"      waived through {waiver.expires_on}, {asked}: {waiver.reason}"
    elif finding.fix:
        yield f"      To mend it: {finding.fix}"


def _sentence(problem: Problem) -> str:
    return f"{problem.path}: {problem.message}" if problem.path else problem.message


def finding_data(finding: Finding) -> dict[str, Any]:
    """Give one finding as plain JSON data; a pass says little, since there is little to say."""
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
        "stands": finding.stands,
        "fix": finding.fix,
        "cites": list(finding.cites),
        "problems": [
            {
                "path": problem.path,
                "message": problem.message,
                "template": problem.template,
                "facts": {name: _plain(value) for name, value in problem.facts.items()},
            }
            for problem in finding.problems
        ],
        "waiver": None if finding.waiver is None else unstructure(finding.waiver),
    }
    return data


def _plain(value: object) -> object:
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(unstructure(value))
