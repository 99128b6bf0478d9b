"""A school year at Grand Bend ISD, through the public API. Everything that it prints is what the library answers.

`run` has the events of the year in order. `Narrator` moves the clock, makes the calls, and prints the results.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Any

from partnerflow import Actor, Partner, Refused
from partnerflow.policies.advice import finding_lines
from partnerflow.policies.translation import translation

from . import views
from .console import facts, say
from .importing import admit, bar_over, checked
from .json_input import JsonText, read_records

if TYPE_CHECKING:
    from partnerflow import Partnerflow, Partnership
    from partnerflow.policies import Finding, Report

_DATA = files("partnerflow.cli") / "data"
_INDENT = 12
_WORKING_STEP = timedelta(minutes=5)

ANDERSON = Actor("a.anderson", side="district", roles={"partnership_office"})
OKAFOR = Actor("b.okafor", side="district", roles={"partnership_office"})
PARK = Actor("p.park", side="school", roles={"principal"}, sites={"255901001"})


class Calendar:
    """The clock of the scenario: it stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 9, 1, 8, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Return the current moment."""
        return self.now

    def turn_to(self, day: date) -> None:
        """Move to the morning of *day*, unless it is that day already."""
        self.now = max(self.now, datetime.combine(day, time(8), tzinfo=UTC))

    def go_on(self) -> None:
        """Move on by the time that one action takes."""
        self.now += _WORKING_STEP


class Narrator:
    """Makes calls on the day that the calendar shows, and prints their results."""

    def __init__(self, flow: Partnerflow, calendar: Calendar) -> None:
        self.flow, self.calendar = flow, calendar
        self.records: Mapping[str, Any] = json.loads((_DATA / "riverbend.json").read_text(encoding="utf-8"))

    def on(self, day: str, narration: str) -> None:
        """Move to *day* and print what is about to happen."""
        self.calendar.turn_to(date.fromisoformat(day))
        say()
        facts([[day, narration]], indent=0, style="pf.head")

    def done(self, text: str) -> None:
        """Print a result."""
        for line in text.split("\n"):
            say(f"{'':{_INDENT}}{line}")
        self.calendar.go_on()

    def take_in(self, by: Actor) -> None:
        """Import the sample that comes with the command."""
        with as_file(_DATA / "edfi-5.2-sample.xml") as path, bar_over([str(path)]) as bar:
            summary = admit(self.flow, checked([str(path)], bar), bar, by)
        self.done("\n".join(line.strip() for line in summary.lines()))

    def propose(self, partner: Partner, by: Actor) -> Partnership:
        """Propose a partnership."""
        made = self.flow.propose(partner, by=by)
        self.done(f"{by.id} proposes {partner.name}: in {made.state} since {made.since}")
        return made

    def file(self, subject: Partnership, batch: str, by: Actor) -> None:
        """File one batch of records."""
        given = JsonText(batch, json.dumps(self.records[batch]))
        records = read_records([given], lambda: self.flow.partner(subject.partner_id))
        entries = self.flow.file(subject.id, *records, by=by)
        self.done(f"{by.id} files {', '.join(views.called(entry) for entry in entries)}")

    def fire(self, subject: Partnership, trigger: str, by: Actor, reason: str | None = None) -> None:
        """Take a step."""
        made = self.flow.fire(subject.id, trigger, by=by, reason=reason)
        self.done(f"{by.id} asks to {_words(trigger)}: done, {made.source} -> {made.target}")

    def refused(self, subject: Partnership, trigger: str, by: Actor) -> None:
        """Request a step that will be refused, and print the explanation."""
        try:
            self.fire(subject, trigger, by)
        except Refused as refusal:
            self._explain(f"{by.id} asks to {_words(trigger)}: refused", refusal)

    def filing_refused(self, subject: Partnership, batch: str, by: Actor) -> None:
        """File what this person may not file, and print the explanation."""
        try:
            self.file(subject, batch, by)
        except Refused as refusal:
            self._explain(f"{by.id} files a {batch}: refused", refusal)

    def _explain(self, head: str, refusal: Refused) -> None:
        report = refusal.decision.report
        self.done("\n".join([head, *_described(report, report.blocking)]))

    def why(self, subject: Partnership, *codes: str) -> None:
        """Print what holds for a partnership, and the findings of some policies in full."""
        report = self.flow.explain(subject.id)
        self.done("\n".join([views.of_report(report), *_described(report, [report[code] for code in codes])]))

    def sweep(self) -> None:
        """Sweep, and print the notices."""
        swept = self.flow.sweep()
        if swept.notices:
            views.notices(swept, brief=True, indent=_INDENT)
        else:
            self.done("nothing new to tell")
        self.calendar.go_on()

    def verify(self) -> None:
        """Check every link."""
        self.flow.verify()
        self.done("every link holds")


def _words(trigger: str) -> str:
    return trigger.replace("_", " ")


def _described(report: Report, findings: Iterable[Finding]) -> list[str]:
    lines_of = partial(finding_lines, say=translation(), trigger=report.trigger, may_waive=report.may_waive)
    return [line for finding in findings for line in lines_of(finding)]


def run(flow: Partnerflow, calendar: Calendar) -> Partnership:
    """Play the year; return the partnership that it is about."""
    t = Narrator(flow, calendar)

    t.on("2026-09-01", "Grand Bend ISD takes in what its Ed-Fi system lists.")
    t.take_in(ANDERSON)
    adopted = next(flow.find(ids={"edfi": "19255901"}))
    t.on(
        "2026-09-01",
        "A partner that works there already is adopted as it stands, and what its file lacks is not hidden.",
    )
    t.why(adopted, "SAFE-004")
    t.on("2026-09-01", "The first sweep tells what nobody had noticed.")
    t.sweep()

    t.on("2026-09-02", "A youth center offers college advising. Vetting cannot begin on a name alone.")
    riverbend = t.propose(Partner(name="Riverbend Youth Center", kind="community_organization"), ANDERSON)
    t.refused(riverbend, "begin_vetting", ANDERSON)
    moreno = Actor("ines.moreno", side="partner", roles={"partner"}, partner_id=riverbend.partner_id)
    t.on("2026-09-04", "Its director files what she knows best, the office the rest; vetting begins.")
    t.file(riverbend, "registration", moreno)
    t.file(riverbend, "office", ANDERSON)
    t.fire(riverbend, "begin_vetting", ANDERSON)

    t.on("2026-09-11", "The review is in. Who proposed a partnership cannot approve it as well: four eyes.")
    t.file(riverbend, "vetting", ANDERSON)
    t.refused(riverbend, "approve", ANDERSON)
    t.on("2026-09-14", "Somebody else can.")
    t.fire(riverbend, "approve", OKAFOR, "board of 2026-09-14")

    t.on("2026-09-18", "The paperwork is signed, but a certificate of insurance has run out.")
    t.file(riverbend, "onboarding", ANDERSON)
    t.file(riverbend, "together", PARK)
    t.refused(riverbend, "activate", ANDERSON)
    t.on("2026-09-18", "It can be waived for a month: asked for by one person, granted by another.")
    t.file(riverbend, "waiver_request", ANDERSON)
    t.filing_refused(riverbend, "waiver", ANDERSON)
    t.file(riverbend, "waiver", OKAFOR)
    t.fire(riverbend, "activate", ANDERSON)
    t.why(riverbend)
    t.on("2026-10-05", "The certificate arrives before the waiver ends.")
    t.file(riverbend, "certificate", moreno)
    t.why(riverbend)

    t.on("2027-01-04", "Months later nobody thinks of it. The sweep does.")
    t.sweep()
    t.on("2027-02-01", "The reminder was not heeded.")
    t.sweep()
    t.why(riverbend, "SAFE-002")
    t.on("2027-02-03", "The renewal is filed, and the next sweep tells that too.")
    t.file(riverbend, "renewal", moreno)
    t.sweep()

    t.on(
        "2027-02-22", "Sessions are cancelled again and again. The principal evaluates, and opens an improvement plan."
    )
    t.refused(riverbend, "open_improvement_plan", PARK)
    t.file(riverbend, "plan", PARK)
    t.fire(riverbend, "open_improvement_plan", PARK, "half of the sessions did not take place")
    t.on("2027-04-30", "The plan ends and is closed. There is no way back from a plan that was not kept.")
    t.file(riverbend, "closing", PARK)
    t.refused(riverbend, "reinstate", OKAFOR)
    t.on("2027-05-04", "So the partnership ends, for how it did, and only after it had the chance to do better.")
    t.file(riverbend, "notice", ANDERSON)
    t.fire(riverbend, "terminate_for_performance", ANDERSON, "plan of spring 2027 closed as unsuccessful")
    t.on("2027-05-04", "Has anybody tampered with any of this?")
    t.verify()
    return riverbend


def look_back(flow: Partnerflow, riverbend: Partnership) -> None:
    """Print every partnership, and the life of one."""
    say("\nEvery partnership\n", style="pf.head")
    views.partnerships(flow.inventory(), indent=2)
    say(f"\nThe life of {flow.partner(riverbend.partner_id).name}\n", style="pf.head")
    views.timeline(flow, riverbend.id, told=True, indent=2)
