"""The commands that read: list, show, why, options, history."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from partnerflow.gate import on_one_line
from partnerflow.lifecycle import State

from . import views
from .command import command
from .console import facts, say, say_raw, table
from .errors import REFUSED, CannotDo
from .parameters import day, moment, outside_id, text_or_json
from .resolve import find_one, short
from .settings import Settings

if TYPE_CHECKING:
    from partnerflow import Decision, Dossier, Partnerflow
    from partnerflow.policies import Report


@command(
    "list",
    "partnerflow list",
    "partnerflow list --state active --site 255901001",
    "partnerflow list --text 'after-school riverbend'",
    "partnerflow list --due-before 2026-10-01 --count",
    "partnerflow list --waiting --brief > seen.txt",
)
@click.option("--state", type=click.Choice([str(state) for state in State]), help="Only those in this state.")
@click.option("--site", metavar="SITE", help="Only those at this site.")
@click.option("--kind", metavar="KIND", help="Only those whose partner is of this kind.")
@click.option(
    "--id", "ids", type=outside_id, metavar="SYSTEM:VALUE", help="Only those whose partner has this id in that system."
)
@click.option("--service", metavar="WORDS", help="Only those with these words in their services.")
@click.option("--contact", metavar="WORDS", help="Only those with these words in their contacts and liaisons.")
@click.option("--text", metavar="WORDS", help="Only those with these words anywhere, the partner's name included.")
@click.option("--due-before", type=day, metavar="DAY", help="Only those with something due before this day.")
@click.option("--as-of", type=moment, help="As recorded at this moment, not now.")
@click.option("--after", metavar="ID", help="Only those after this one, in the order of ids.")
@click.option("--limit", type=click.IntRange(min=1), metavar="NUMBER", help="At most so many.")
@click.option("--count", is_flag=True, help="Print only how many there are in each state.")
@click.option("--waiting", is_flag=True, help="Print only what the partners filed that waits for confirmation.")
@click.option(
    "--brief",
    is_flag=True,
    help="Leave out what does not hold and what is due next: faster. With --waiting, print a line for "
    "`partnerflow confirm --from`.",
)
@click.pass_obj
def list_partnerships(
    settings: Settings,
    /,
    *,
    after: str | None,
    limit: int | None,
    count: bool,
    brief: bool,
    waiting: bool,
    **wanted: Any,
) -> None:
    """List partnerships, with what does not hold and what is due next.

    They are sorted by id. WORDS are matched by their beginnings, in any order; letter case and accents do not matter.
    """
    if wanted["ids"] is not None:
        wanted["ids"] = {wanted["ids"].system: wanted["ids"].value}
    flow = settings.flow()
    if waiting:
        if count or after is not None or limit is not None or wanted.pop("as_of") is not None:
            raise CannotDo("--waiting lists all that waits now: leave out --count, --after, --limit and --as-of")
        _print_waiting(settings, flow, brief=brief, **wanted)
        return
    if count:
        if after is not None or limit is not None:
            raise CannotDo("--count counts all that match: leave out --after and --limit")
        _print_counts(_counts(flow, **wanted))
        return
    last = None if after is None else find_one(flow, after).partnership.id
    evaluated = not brief and wanted["as_of"] is None
    found = list(flow.inventory(**wanted, after=last, limit=None if limit is None else limit + 1, evaluated=evaluated))
    rows = found[:limit]
    if not rows:
        narrowed = last is not None or any(value is not None for value in wanted.values())
        say("no partnership fits" if narrowed else "there is no partnership yet")
        return
    views.partnerships(rows, evaluated=evaluated)
    number = views.counted(len(rows), "partnership")
    say(f"\n{number}; more of one: {settings.command('show', 'ID')}", style="pf.quiet", whole=True)
    if len(found) > len(rows):
        say(f"there are more: the same with --after {short(rows[-1].partnership.id)}", style="pf.quiet", whole=True)


def _print_waiting(settings: Settings, flow: Partnerflow, *, brief: bool, **wanted: Any) -> None:
    """Print what waits for confirmation, of the partnerships that match."""
    words = views.waiting_words(flow.waiting(flow.find(**wanted)))
    if brief:
        for dossier, word in words:
            named = f"{on_one_line(dossier.partner.name)}: {views.called(word.entry)}"
            say(f"{dossier.partnership.id} {word.entry.id} {named}", whole=True)
        return
    number = views.unconfirmed(words, flow)
    if not number:
        say("nothing waits for confirmation")
        return
    entries = views.counted(number, "entry", "entries")
    say(f"\n{entries}; to confirm one: {settings.command('confirm', 'ID', 'ENTRY')}", style="pf.quiet", whole=True)


def _counts(flow: Partnerflow, *, state: str | None, as_of: datetime | None, **wanted: Any) -> Mapping[str, int]:
    """Count the partnerships that match, by state."""
    if as_of is not None:
        counted = Counter(each.state for each in flow.find(**wanted, state=state, as_of=as_of))
        return {state: counted[state] for state in flow.lifecycle.states}
    counts = flow.counts(**wanted)
    return counts if state is None else {state: counts[state]}


def _print_counts(counts: Mapping[str, int]) -> None:
    rows = ([state, str(number)] for state, number in counts.items())
    table(["state", "partnerships"], rows, wide=[], right=["partnerships"])
    say(f"\n{views.counted(sum(counts.values()), 'partnership')}", style="pf.quiet")


@command("show", "partnerflow show riverbend", "partnerflow show riverbend --format json > dossier.json")
@click.argument("identity", metavar="ID")
@click.option("--as-of", type=moment, help="As recorded at this moment, not now.")
@text_or_json
@click.pass_obj
def show(settings: Settings, identity: str, as_of: datetime | None, form: str) -> None:
    """Show one partnership: who, where, and what is on file.

    Also what does not hold, and what is due next. As JSON it is the dossier that `partnerflow check` reads.
    """
    flow = settings.flow()
    named = find_one(flow, identity)
    dossier = flow.dossier(named.partnership.id, as_of=as_of)
    if form == "json":
        say_raw(json.dumps(dossier.to_mapping(), ensure_ascii=False, indent=2))
        return
    _head(dossier)
    say()
    if dossier.entries:
        views.entries(flow, dossier)
    else:
        say("nothing is on file")
    if as_of is None:
        say()
        views.standing(settings, flow, named.partnership.id, dossier)


def _head(dossier: Dossier) -> None:
    partner, stands = dossier.partner, dossier.partnership
    say(on_one_line(partner.name), style="pf.head")
    what = [
        partner.classification,
        partner.kind,
        *(f"{system}:{value}" for system, value in sorted(partner.ids.items())),
    ]
    known = {
        "partner": ", ".join(word for word in what if word),
        "part of": partner.part_of or "",
        "state": f"{stands.state} since {views.day(stands.since)} (version {stands.version})",
        "sites": ", ".join(sorted(dossier.sites() or ())),
        "succeeds": str(stands.succeeds or ""),
        "id": str(stands.id),
    }
    facts([name, fact] for name, fact in known.items() if fact)


@command(
    "why", "partnerflow why riverbend", "partnerflow why riverbend activate --by b.okafor", shares=("where", "who")
)
@click.argument("identity", metavar="ID")
@click.argument("trigger", required=False, metavar="[TRIGGER]")
@click.option("--at", type=moment, help="At this moment, not now.")
@text_or_json
@click.pass_obj
def why(settings: Settings, identity: str, trigger: str | None, at: datetime | None, form: str) -> int:
    """Explain what does not hold, or what blocks a step.

    With a TRIGGER, it explains what blocks that step; without one, what does not hold now; and what would mend it. The
    exit code is 1 if there is anything to mend.
    """
    flow = settings.flow()
    named = find_one(flow, identity)
    answer: Decision | Report
    if trigger is None:
        answer = flow.explain(named.partnership.id, at=at)
        well = not answer.broken
    else:
        answer = flow.check(named.partnership.id, trigger, by=settings.actor(flow), at=at)
        well = answer.allowed
    if form == "json":
        say_raw(json.dumps(answer.to_data(), ensure_ascii=False, indent=2))
    else:
        say(answer.explain())
    return 0 if well else REFUSED


@command(
    "options", "partnerflow options riverbend", "partnerflow options riverbend --by b.okafor", shares=("where", "who")
)
@click.argument("identity", metavar="ID")
@click.option("--at", type=moment, help="At this moment, not now.")
@click.pass_obj
def options(settings: Settings, identity: str, at: datetime | None) -> None:
    """List the steps that can be requested from here."""
    flow = settings.flow()
    named = find_one(flow, identity)
    found = flow.options(named.partnership.id, by=settings.actor(flow), at=at)
    say(f"{on_one_line(named.partner)} is in {named.partnership.state}")
    if not found:
        say("nothing can be asked: this state is final")
        return
    rows = (
        [
            step,
            decision.move.target,
            "yes" if decision.allowed else "no",
            ", ".join(decision.needs),
            views.few(decision.codes),
        ]
        for step, decision in found.items()
    )
    table(["step", "leads to", "allowed", "needs", "blocked by"], rows, wide=["blocked by"])
    say(f"\nwhy not: {settings.command('why', short(named.partnership.id), 'STEP')}", style="pf.quiet", whole=True)


@command("history", "partnerflow history riverbend", "partnerflow history riverbend --told")
@click.argument("identity", metavar="ID")
@click.option("--told", is_flag=True, help="Also the notices of sweeps that the outbox still holds.")
@click.pass_obj
def history(settings: Settings, identity: str, *, told: bool) -> None:
    """Show the life of a partnership as a timeline.

    Every step, every refusal and everything filed, oldest first.
    """
    flow = settings.flow()
    views.timeline(flow, find_one(flow, identity).partnership.id, told=told)
