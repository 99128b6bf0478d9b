"""The command `clauses`: the clauses of the guides, and what answers each. It opens no database."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

import click

from .command import command
from .console import facts, say, say_raw, table
from .errors import CannotDo
from .parameters import text_or_json

if TYPE_CHECKING:
    from partnerflow.traceability import TracedClause

SCHEMA = "partnerflow.clauses/1"


@command(
    "clauses",
    "partnerflow clauses",
    "partnerflow clauses --status planned",
    "partnerflow clauses SPPS-V.4b.2 EAF-C.3a --format json",
    shares=(),
)
@click.argument("names", nargs=-1, metavar="[CLAUSE]...")
@click.option("--status", type=click.Choice(["answered", "planned", "not-ours"]), help="Only clauses with this status.")
@text_or_json
def clauses(names: Sequence[str], status: str | None, form: str) -> None:
    """Show what answers each clause of the guides.

    An answer is a policy, a step of the lifecycle, a kind of record, an event, a criterion of the rubric, or a call in
    Python. A planned clause names the kind of record that it waits for. With CLAUSE, it shows those in full.
    """
    from partnerflow.traceability import trace

    everything = trace()
    chosen = _named(everything, names) if names else everything
    found = [each for each in chosen if status in (None, _status(each))]
    if form == "json":
        listed = [each.to_data() for each in found]
        say_raw(json.dumps({"schema": SCHEMA, "clauses": listed}, ensure_ascii=False, indent=2))
    elif names:
        _in_full(found)
    else:
        table(["clause", "status", "answer"], ([e.clause, _status(e), _short(e)] for e in found), wide=["answer"])
        counts = Counter(map(_status, found))
        summary = ", ".join(f"{counts[name]} {name}" for name in ("answered", "planned", "not-ours") if counts[name])
        say(f"\n{len(found)} clauses: {summary}", style="pf.quiet", whole=True)


def _named(everything: Sequence[TracedClause], names: Sequence[str]) -> list[TracedClause]:
    known = {each.clause.upper(): each for each in everything}
    for name in names:
        if name.upper() not in known:
            near = [known[each].clause for each in get_close_matches(name.upper(), known, n=3)]
            remedy = f"did you mean {' or '.join(near)}?" if near else "partnerflow clauses lists them"
            raise CannotDo(f"there is no clause {name!r}; {remedy}")
    return [known[name.upper()] for name in dict.fromkeys(names)]


def _status(each: TracedClause) -> str:
    return each.status.replace("_", "-")


def _short(each: TracedClause) -> str:
    if each.answers:
        return ", ".join(map(str, each.answers))
    return each.why_not or f"waits for records of the kind {each.waits_for}"


def _in_full(found: Sequence[TracedClause]) -> None:
    for place, each in enumerate(found):
        if place:
            say()
        say(f"{each.clause}  {_status(each)}", style="pf.head")
        if each.answers:
            facts([answer.kind, answer.name, answer.title] for answer in each.answers)
        else:
            say(f"  {_short(each)}")
