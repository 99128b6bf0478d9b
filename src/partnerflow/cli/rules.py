"""The commands `policies`, `explain` and `diagram`. They open no database."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import click

from partnerflow.lifecycle import DEFAULT, graphviz, mermaid

from .command import command
from .console import facts, say, say_raw, table
from .errors import CannotDo
from .parameters import day
from .settings import Settings

if TYPE_CHECKING:
    from partnerflow.policies import Pack, Rule
    from partnerflow.policies.card import Policy

EXAMPLES_ON = date(2026, 9, 1)
"""The day for which the examples of the cards are written."""
_ON = click.option("--on", type=day, help="The day to explain it for (default: today in the district's time zone).")


# --- the policies ----------------------------------------------------------------------------------------------------


@command("policies", "partnerflow policies", "partnerflow policies --pack our-district.toml", shares=("rules",))
@click.pass_obj
def policies(settings: Settings) -> None:
    """List the policies, with where each applies."""
    pack = settings.rules()
    rows = (
        [rule.policy.code, rule.policy.title, "; ".join(_asked(rule)), _severity(rule), ", ".join(rule.policy.cites)]
        for rule in pack
    )
    table(["code", "title", "asked", "severity", "clauses"], rows, wide=["title", "asked", "clauses"])
    count = f"{len(pack.rules)} policies of pack {pack.ref}"
    say(f"\n{count}; one of them: {settings.command('explain', 'CODE')}", style="pf.quiet", whole=True)


def _asked(rule: Rule) -> Iterator[str]:
    """Yield the states in which a rule holds, and the steps that it guards."""
    if rule.holds_in:
        yield f"in {', '.join(_in_order(rule.holds_in, DEFAULT.states))}"
    if rule.guards:
        yield f"before {', '.join(_in_order(rule.guards, DEFAULT.triggers))}"


def _in_order(names: frozenset[str], order: Sequence[str]) -> list[str]:
    return sorted(names, key=lambda name: (order.index(name) if name in order else len(order), name))


def _severity(rule: Rule) -> str:
    return str(rule.severity) + ("" if rule.enforcement == "enforce" else ", reported only")


@command("explain", "partnerflow explain SAFE-002", "partnerflow explain SAFE-002 --on 2027-07-01", shares=("rules",))
@click.argument("code", metavar="CODE")
@_ON
@click.pass_obj
def explain(settings: Settings, code: str, on: date | None) -> None:
    """Explain one policy: why, what it asks, what passes."""
    from partnerflow.policies.verdict import in_words

    rule, on = _rule(settings.rules(), code), on or settings.today()
    policy = rule.policy
    say(f"{policy.code}  {policy.title}", style="pf.head")
    for paragraph in _paragraphs(policy.doc):
        say(f"  {paragraph}\n")
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


def _paragraphs(doc: str) -> list[str]:
    """Return the paragraphs of a docstring, each on one line and without its markup."""
    from partnerflow.records.shapes import prose

    return re.sub(r"`+([^`]+)`+|(?<![*\w])\*+(\w+)\*+(?![*\w])", r"\1\2", prose(doc)).split("\n\n")


def _waivable(policy: Policy) -> str:
    if policy.max_waiver_days == 0:
        return "never"
    return f"for at most {policy.max_waiver_days} days, granted by somebody else than the person who asks"


def _parameters(rule: Rule, on: date) -> Iterator[tuple[str, str]]:
    """Yield the parameters in force on a day, without the pack's roles, and then every override with its day."""
    from partnerflow.policies.verdict import in_words

    for name, value in rule.parameters(on).items():
        if name not in rule.pack_parameters:
            yield "parameter", f"{name} = {in_words(value)}"
    for setting in rule.overrides:
        yield "later" if setting.since > on else "set", str(setting)


def _example(rule: Rule, outcome: str) -> None:
    """Print an example of the card, and what the policy finds in it on the day that it is written for."""
    given: Any = rule.policy.examples[outcome]
    parts = given if isinstance(given, Mapping) else {"records": given}
    finding = rule.policy.evaluate(
        rule.policy.example(outcome).dossier(), EXAMPLES_ON, {**rule.policy.defaults, **rule.pack_parameters}
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
    "--format",
    "form",
    type=click.Choice(["mermaid", "graphviz"]),
    default="mermaid",
    help="The diagram's language.",
)
def diagram(form: str) -> None:
    """Draw the lifecycle, as text for other programs."""
    say_raw({"mermaid": mermaid, "graphviz": graphviz}[form](DEFAULT))
