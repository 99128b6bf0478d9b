"""The commands that keep a database sound: sweep, verify, heads, redact and purge."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import click

from partnerflow.errors import unjudged_text
from partnerflow.gate import on_one_line
from partnerflow.records.conversion import unstructure

from . import views
from .command import command
from .console import say, say_raw
from .json_input import read_heads, read_source
from .parameters import day, moment
from .resolve import find_entry, find_one, short
from .settings import Settings

if TYPE_CHECKING:
    from partnerflow import Dossier
    from partnerflow.flow.purge import Purged


@command("sweep", "partnerflow sweep", "partnerflow sweep --at 2026-09-01T06:00+00:00")
@click.option("--at", type=moment, help="At this moment, not now.")
@click.option("--everything", is_flag=True, help="Evaluate every partnership, also where nothing is due.")
@click.option("--back-to-earlier-rules", is_flag=True, help="Put rules in force again that others have replaced.")
@click.pass_obj
def sweep(settings: Settings, *, at: datetime | None, everything: bool, back_to_earlier_rules: bool) -> int:
    """Report what comes due, was missed or broke, and how that ended.

    Run it every day. It reports each thing once, as an event too, and changes no state. With --everything, it derives
    again what is derived from histories and files: do that where somebody has written to the tables.

    Sweep with one pack and one release. One that others have replaced is refused, as two would take turns.
    """
    flow = settings.flow()
    swept = flow.sweep(at=at, everything=everything, back_to_earlier_rules=back_to_earlier_rules)
    if swept.replaced is not None:
        since = views.minute(flow, swept.replaced.since)
        say(f"these rules, {flow.pack.ref}, replace {swept.replaced}, in force since {since}")
    for partnership_id, error in swept.unjudged.items():
        say(f"{partnership_id} was not evaluated: {on_one_line(unjudged_text(error))}", stderr=True)
    if swept.notices:
        views.notices(swept)
        kinds = [notice.telling for notice in swept.notices]
        say("\n" + ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds)))
    else:
        say("nothing new to tell")
    return 2 if swept.unjudged else 0


@command("verify", "partnerflow verify", "partnerflow verify --against heads-2026-09.jsonl")
@click.option(
    "--against",
    "paths",
    multiple=True,
    metavar="FILE",
    help="A file that partnerflow heads wrote earlier; - reads standard input. Repeatable.",
)
@click.pass_obj
def verify(settings: Settings, paths: Sequence[str]) -> None:
    """Check that nothing stored was changed.

    Otherwise it names every link that does not hold, and the exit code is 1. A chain that was cut short at its end, or
    written again from its start, shows only when compared with heads that were kept elsewhere.
    """
    kept = [head for path in paths for head in read_heads(read_source(path))]
    flow = settings.flow()
    flow.verify(against=kept)
    count = views.counted(sum(flow.counts().values()), "partnership")
    held = f"; {views.counted(len(kept), 'head')} kept elsewhere, and all still there" if kept else ""
    say(f"every link holds: the histories of {count}, and every file{held}")


@command("heads", "partnerflow heads > heads-2026-09.jsonl")
@click.pass_obj
def heads(settings: Settings) -> None:
    """Print where every chain ends, one JSON object a line.

    Keep the output where nobody who can write to the database can change it. `partnerflow verify --against` then tells
    whether anything older was changed.
    """
    for head in settings.flow().heads():
        say_raw(json.dumps(unstructure(head)))


@command(
    "redact",
    'partnerflow redact riverbend 4f1c2a9e --reason "names a student"',
    'partnerflow redact riverbend --step 3 --step 4 --reason "court order 26-114"',
    shares=("where", "who"),
)
@click.argument("identity", metavar="ID")
@click.argument("entries", nargs=-1, metavar="[ENTRY]...")
@click.option(
    "--step",
    "steps",
    type=click.IntRange(min=1),
    multiple=True,
    metavar="VERSION",
    help="The step that led to this version: blank its reason and its decision. Repeatable.",
)
@click.option("--reason", required=True, help="Why. It stays readable, so do not repeat the text here.")
@click.option("--at", type=moment, help="When it happened, if not now.")
@click.pass_obj
def redact(
    settings: Settings, identity: str, entries: Sequence[str], steps: Sequence[int], reason: str, at: datetime | None
) -> None:
    """Blank texts that should not be kept, for good.

    ENTRY is the id of an entry that was retracted, or the last letters of it, as `partnerflow show` lists them. Each
    entry keeps its place and its hash, so that every chain still verifies, and every view shows that it was redacted.
    """
    flow = settings.flow()
    named = find_one(flow, identity)
    dossier = flow.dossier(named.partnership.id)
    ids = [_entry(dossier, each) for each in entries]
    made = flow.redact(named.partnership.id, entries=ids, steps=steps, by=settings.actor(flow), reason=reason, at=at)
    blank = [*(f"entry {short(each)}" for each in ids), *(f"step {step}" for step in sorted(set(steps)))]
    said = " and ".join(f"entry {short(entry.id)}" for entry in made)
    say(f"redacted: {', '.join(blank)}, as {said} says; each keeps its place and its hash")


def _entry(dossier: Dossier, text: str) -> UUID:
    """Take a whole id as it is: earlier names of the partner are in no list."""
    try:
        return UUID(text)
    except ValueError:
        return find_entry(dossier, text)


@command(
    "purge",
    'partnerflow purge --before 2019-07-01 --reason "kept for seven years"',
    shares=("where", "who"),
)
@click.option("--before", required=True, type=day, help="Only partnerships that ended before this day.")
@click.option("--reason", required=True, help="Why.")
@click.pass_obj
def purge(settings: Settings, before: date, reason: str) -> None:
    """Blank everything on partnerships that ended long ago, for good.

    It blanks those that ended before the day and longer ago than the pack keeps them (`retention_months`). The
    partner's file is blanked with the last of its partnerships, but for its name. If it is stopped midway, what was
    purged until then stays purged.
    """
    flow = settings.flow()
    done: list[Purged] = []
    for purged in flow.purge(before=before, by=settings.actor(flow), reason=reason):
        what = f"{views.counted(purged.entries, 'record')}, {views.counted(purged.steps, 'step')}"
        if purged.attempts:
            what += f", {views.counted(purged.attempts, 'refused attempt')}"
        name = flow.dossier(purged.partnership_id).partner.name
        say(f"purged: {name} ({short(purged.partnership_id)}): {what}")
        done.append(purged)
    say(f"\n{views.counted(len(done), 'partnership')} purged" if done else "nothing to purge")
