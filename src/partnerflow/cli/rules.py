"""The rules themselves: check files against them, list them, explain one, draw the lifecycle. No database is opened."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import attrs
import click

from partnerflow.errors import InvalidRecord, PartnerflowError
from partnerflow.lifecycle import DEFAULT, graphviz, mermaid

from .command import command
from .evidence import Source, read_json, source
from .failure import COULD_NOT, REFUSED, CannotDo
from .parameters import day, text_or_json
from .screen import facts, say, say_raw, table
from .settings import Settings

if TYPE_CHECKING:
    from partnerflow import Actor
    from partnerflow.policies import Pack, Report
    from partnerflow.policies.card import Policy
    from partnerflow.policies.pack import Rule

SCHEMA = "partnerflow.check/1"
EXAMPLES_ON = date(2026, 9, 1)
"""The day on which the examples of the cards are meant."""
_ON = click.option("--on", type=day, help="On this day (default: today in the district's time zone).")


# --- check -----------------------------------------------------------------------------------------------------------


@attrs.frozen
class Checked:
    """A file and what came of checking it: a report, or why there is none."""

    name: str
    report: Report | None = None
    error: PartnerflowError | None = None

    @property
    def code(self) -> int:
        """The exit code that this file alone would have."""
        if self.report is None:
            return COULD_NOT
        return 0 if self.report.ok else REFUSED

    def to_data(self) -> dict[str, Any]:
        """Give it as plain JSON data."""
        if self.report is not None:
            return {"file": self.name, "exit_code": self.code, "report": self.report.to_data()}
        error: dict[str, Any] = {"type": type(self.error).__name__, "message": str(self.error)}
        if isinstance(self.error, InvalidRecord):
            error["faults"] = [{"path": fault.path, "message": fault.message} for fault in self.error.faults]
        return {"file": self.name, "exit_code": self.code, "error": error}


@command(
    "check",
    "partnerflow check dossier.json",
    "partnerflow check *.json --trigger approve --on 2026-09-01 --format json",
    shares=("rules", "who"),
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--trigger", help="What stands in the way of this step (without it: what does not hold).")
@_ON
@text_or_json
@click.pass_obj
def check(settings: Settings, files: Sequence[str], trigger: str | None, on: date | None, form: str) -> int:
    """Check dossiers in JSON files against the policies.

    A FILE of - is standard input. With --by or --role, it is also asked whether that person may. Exit code: 0 nothing
    blocks, 1 something does, 2 a file could not be checked; of several files, the highest.
    """
    pack = settings.rules()
    by = settings.actor() if settings.by or settings.role else None
    found = [_checked(pack, file, trigger, on or settings.today(), by) for file in files]
    code = max(one.code for one in found)
    if form == "json":
        data = {"schema": SCHEMA, "exit_code": code, "files": [one.to_data() for one in found]}
        say_raw(json.dumps(data, ensure_ascii=False, indent=2))
        return code
    for place, one in enumerate(found):
        if one.report is None:
            say(f"error: {one.error}", stderr=True)
            continue
        if len(found) > 1:
            say(f"{'' if place == 0 else chr(10)}{one.name}:", style="pf.head")
        say(one.report.explain())
    return code


def _checked(pack: Pack, file: str, trigger: str | None, on: date, by: Actor | None) -> Checked:
    name = file
    try:
        given: Source = source(file)
        name = given.name
        data = read_json(given)
        return Checked(name, report=pack.check(data, on=on, trigger=trigger, by=by))
    except InvalidRecord as error:
        return Checked(name, error=InvalidRecord(name, error.faults))
    except PartnerflowError as error:
        return Checked(name, error=error)


# --- the policies ----------------------------------------------------------------------------------------------------


@command("policies", "partnerflow policies", "partnerflow policies --pack our-district.toml", shares=("rules",))
@click.pass_obj
def policies(settings: Settings) -> None:
    """List the policies: where each holds and what it guards."""
    pack = settings.rules()
    rows = (
        [rule.policy.code, rule.policy.title, "; ".join(_asked(rule)), _severity(rule), ", ".join(rule.policy.cites)]
        for rule in pack
    )
    table(["code", "title", "asked", "severity", "clauses"], rows, wide=["title", "asked", "clauses"])
    count = f"{len(pack.rules)} policies of pack {pack.pin}"
    say(f"\n{count}; one of them: {settings.command('explain', 'CODE')}", style="pf.quiet", whole=True)


def _asked(rule: Rule) -> Iterator[str]:
    """Say in which states it holds, and which steps it guards."""
    if rule.holds_in:
        yield f"in {', '.join(_in_order(rule.holds_in, DEFAULT.states))}"
    if rule.guards:
        yield f"before {', '.join(_in_order(rule.guards, DEFAULT.triggers))}"


def _in_order(names: frozenset[str], order: Sequence[str]) -> list[str]:
    return sorted(names, key=lambda name: (order.index(name) if name in order else len(order), name))


def _severity(rule: Rule) -> str:
    return str(rule.severity) + ("" if rule.enforced else ", reported only")


@command("explain", "partnerflow explain SAFE-002", "partnerflow explain SAFE-002 --on 2027-07-01", shares=("rules",))
@click.argument("code", metavar="CODE")
@_ON
@click.pass_obj
def explain(settings: Settings, code: str, on: date | None) -> None:
    """Explain one policy: why, what it asks, what passes."""
    from partnerflow.policies.finding import in_words

    rule, on = _rule(settings.rules(), code), on or settings.today()
    policy = rule.policy
    say(f"{policy.code}  {policy.title}", style="pf.head")
    say(f"  {policy.doc}")
    say()
    known = {
        "asked": "; ".join(_asked(rule)),
        "severity": _severity(rule),
        "clauses": ", ".join(policy.cites),
        "to mend it": policy.fix.format(**{name: in_words(value) for name, value in rule.parameters(on).items()}),
        "waivable": _waivable(policy),
        "revision": str(policy.revision),
    }
    facts([*known.items(), *_parameters(rule, on)])
    for outcome in policy.examples:
        _example(rule, outcome)


def _rule(pack: Pack, code: str) -> Rule:
    found = pack.by_code.get(code.upper())
    if found is not None:
        return found
    near = get_close_matches(code.upper(), pack.by_code, n=3)
    remedy = f"did you mean {' or '.join(near)}?" if near else "partnerflow policies lists them"
    raise CannotDo(f"pack {pack.name} has no policy {code!r}; {remedy}")


def _waivable(policy: Policy) -> str:
    if policy.max_waiver_days == 0:
        return "never"
    return f"for at most {policy.max_waiver_days} days, granted by somebody else than who asks"


def _parameters(rule: Rule, on: date) -> Iterator[tuple[str, str]]:
    """Write the parameters in force on a day, and those that are to come; the pack's own roles are not among them."""
    from partnerflow.policies.finding import in_words

    for name, value in rule.parameters(on).items():
        if name not in rule.given:
            yield "parameter", f"{name} = {in_words(value)}"
    for setting in rule.settings:
        if setting.since > on:
            for name, value in setting.values.items():
                yield "later", f"{name} = {in_words(value)}, from {setting.since}"


def _example(rule: Rule, outcome: str) -> None:
    """Print an example of the card, and what the policy says of it on the day that it is meant for."""
    given: Any = rule.policy.examples[outcome]
    parts = given if isinstance(given, Mapping) else {"records": given}
    finding = rule.policy.judge(
        rule.policy.example(outcome).dossier(), EXAMPLES_ON, {**rule.policy.defaults, **rule.given}
    )
    say()
    say(f"  example, {finding.outcome} on {EXAMPLES_ON}:", style="pf.head")
    shown = ((name, line) for name, part in parts.items() for line in (part if isinstance(part, list) else [part]))
    facts(([name, json.dumps(line, ensure_ascii=False)] for name, line in shown), indent=4)
    for problem in finding.problems:
        say(f"      {problem.path}: {problem.message}" if problem.path else f"      {problem.message}")


# --- the lifecycle ---------------------------------------------------------------------------------------------------


@command(
    "diagram", "partnerflow diagram", "partnerflow diagram --format graphviz | dot -Tsvg > lifecycle.svg", shares=()
)
@click.option(
    "--format", "form", type=click.Choice(["mermaid", "graphviz"]), default="mermaid", help="In which language."
)
def diagram(form: str) -> None:
    """Draw the lifecycle, as text for other programs."""
    say_raw({"mermaid": mermaid, "graphviz": graphviz}[form](DEFAULT))
