"""A report as data: one finding for each policy that was asked. `report` puts it into words and JSON."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cached_property
from typing import NoReturn, Self

import attrs

from .finding import Finding, WaiverNote


@attrs.frozen
class PackRef:
    """The name, version and digest of the pack that was asked."""

    name: str
    version: str
    digest: str

    def __str__(self) -> str:
        return f"{self.name}@{self.version} ({self.digest[:12]})"


@attrs.frozen(kw_only=True)
class ReportData:
    """One finding for each policy that was asked. It has no truth value: read `ok`, `blocking` or `broken`."""

    pack: PackRef
    on: date
    """The day judged, in the district's time zone."""
    state: str
    """The state judged: the one that the trigger leads to, or the present one."""
    partner: str
    findings: tuple[Finding, ...]
    trigger: str | None = None
    also_on: date | None = None
    """The day of a step that is dated back, which was judged too; None where it is dated on the day judged."""
    lapsed_waivers: tuple[WaiverNote, ...] = ()
    """Waivers that do not apply, each with the reason."""
    unused_waivers: tuple[str, ...] = ()
    """Codes of waivers for policies that hold without them."""
    asked_waivers: tuple[WaiverNote, ...] = ()
    """Requests for waivers without an answer, each with who asked and its last day."""
    not_asked: tuple[str, ...] = ()
    """Policies that read the actor and were not asked, because none was named."""
    unconfirmed: tuple[str, ...] = ()
    """What the partner filed and nobody of the district's side confirmed yet: kind and key of each."""
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

    def with_earlier(self, then: Self) -> Self:
        """Return the report with what blocked the step on its own day, *then*, before the day judged."""
        blocked = {finding.code: finding for finding in then.blocking}
        findings = (
            _on_both_days(finding, blocked[finding.code], then.on) if finding.code in blocked else finding
            for finding in self.findings
        )
        return attrs.evolve(self, also_on=then.on, findings=tuple(findings))

    @property
    def ok(self) -> bool:
        """Whether nothing blocks."""
        return not self.blocking

    @cached_property
    def blocking(self) -> tuple[Finding, ...]:
        """The findings that stop the trigger; without a trigger, those that do not hold."""
        return tuple(finding for finding in self.findings if finding.gates and finding.is_blocking)

    @cached_property
    def broken(self) -> tuple[Finding, ...]:
        """The findings that do not hold in the state, whether they stop the trigger or not."""
        return tuple(finding for finding in self.findings if finding.is_standing and finding.is_blocking)

    @cached_property
    def noted(self) -> tuple[Finding, ...]:
        """The findings that are wrong and stop nothing: advisory, reported only, waived, or carried along."""
        return tuple(f for f in self.findings if f.problems and f not in self.blocking)


def _on_both_days(today: Finding, then: Finding, day: date) -> Finding:
    """Return a finding that blocks because of *then*, an earlier day, and keeps what is wrong *today* as well.

    What holds today is not broken: a finding of the earlier day alone stands in the way of the step, and of nothing
    else.
    """
    if not today.is_blocking:
        return attrs.evolve(then, problems=tuple(problem.marked(day) for problem in then.problems), is_standing=False)
    added = tuple(problem.marked(day) for problem in then.problems if problem not in today.problems)
    return attrs.evolve(today, problems=today.problems + added)
