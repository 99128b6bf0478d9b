"""Looking: list, show, why, options, history. Nothing here writes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import attrs
import click

from partnerflow.lifecycle import State

from . import views
from .command import command
from .console import facts, say, say_raw, table
from .errors import REFUSED, CannotDo
from .parameters import OutsideId, day, moment, outside_id, text_or_json
from .resolve import Named, find_one, short
from .settings import Settings

if TYPE_CHECKING:
    from uuid import UUID

    from partnerflow import Decision, Dossier, Partnerflow
    from partnerflow.policies import Report


@command(
    "list",
    "partnerflow list",
    "partnerflow list --state active --site 255901001",
    "partnerflow list --text 'after-school riverbend'",
    "partnerflow list --due-before 2026-10-01 --count",
)
@click.option("--state", type=click.Choice([str(state) for state in State]), help="Only those in this state.")
@click.option("--site", help="Only those at this site.")
@click.option("--kind", help="Only those with partners of this kind.")
@click.option(
    "--id",
    "outside",
    type=outside_id,
    metavar="SYSTEM:VALUE",
    help="Only those of the partner that another system knows by this id.",
)
@click.option("--service", metavar="WORDS", help="Only those whose services have words that begin so.")
@click.option("--contact", metavar="WORDS", help="Only those whose contacts and liaisons have words that begin so.")
@click.option("--text", metavar="WORDS", help="Only those that have words that begin so, in the partner's name too.")
@click.option("--due-before", type=day, metavar="DAY", help="Only those of which something is due before this day.")
@click.option("--as-of", type=moment, help="As they were known at this moment.")
@click.option("--after", metavar="ID", help="Only those that come after this one.")
@click.option("--limit", type=click.IntRange(min=1), metavar="NUMBER", help="No more than so many.")
@click.option("--count", is_flag=True, help="Only say how many there are in each state.")
@click.option("--brief", is_flag=True, help="Do not judge each of them: faster, without what does not hold and when.")
@click.pass_obj
def list_partnerships(
    settings: Settings, /, *, outside: OutsideId | None, as_of: datetime | None, after: str | None, limit: int | None,
    count: bool, brief: bool, **said: Any,
) -> None:  # fmt: skip
    """List partnerships in the order of their ids: where each stands, what comes due."""
    flow = settings.flow()
    look = _Look({**said, "ids": None if outside is None else {outside.system: outside.value}}, as_of)
    if count:
        if after is not None or limit is not None:
            raise CannotDo("--count is of all that fit: leave out --after and --limit")
        _count(look.counts(flow))
        return
    last = None if after is None else find_one(flow, after).partnership.id
    found = list(look.found(flow, after=last, limit=None if limit is None else limit + 1))
    shown = found[:limit]
    if not shown:
        say("no partnership fits" if look.narrows or last else "there is no partnership yet")
        return
    views.partnerships(flow, shown, judged=not brief and as_of is None)
    number = views.counted(len(shown), "partnership")
    say(f"\n{number}; more of one: {settings.command('show', 'ID')}", style="pf.quiet", whole=True)
    if len(found) > len(shown):
        say(f"there are more: the same with --after {short(shown[-1].partnership.id)}", style="pf.quiet", whole=True)


@attrs.frozen
class _Look:
    """What is looked for, and as of when."""

    said: Mapping[str, Any]
    as_of: datetime | None

    @property
    def narrows(self) -> bool:
        """Whether anything is said that some do not fit."""
        return self.as_of is not None or any(value is not None for value in self.said.values())

    def found(self, flow: Partnerflow, *, after: UUID | None = None, limit: int | None = None) -> Iterator[Named]:
        """Return those that fit, with the name of each partner, of then if it is as of then."""
        from partnerflow.flow.search import read_query

        if self.as_of is None:
            return (Named(*one) for one in flow.store.find(read_query(**self.said), after=after, limit=limit))
        stood = flow.find(**self.said, as_of=self.as_of, after=after, limit=limit)
        return (Named(each, flow.dossier(each.id, as_of=self.as_of).partner.name) for each in stood)

    def counts(self, flow: Partnerflow) -> Mapping[str, int]:
        """Count those that fit, by state."""
        state = self.said["state"]
        if self.as_of is not None:
            counted = Counter(each.state for each in flow.find(**self.said, as_of=self.as_of))
            return {state: counted[state] for state in flow.lifecycle.states}
        counts = flow.counts(**{name: value for name, value in self.said.items() if name != "state"})
        return counts if state is None else {state: counts[state]}


def _count(counts: Mapping[str, int]) -> None:
    table(["state", "partnerships"], ([state, str(number)] for state, number in counts.items()), wide=[],
          right=["partnerships"])  # fmt: skip
    say(f"\n{views.counted(sum(counts.values()), 'partnership')}", style="pf.quiet")


@command("show", "partnerflow show riverbend", "partnerflow show riverbend --format json > dossier.json")
@click.argument("identity", metavar="ID")
@click.option("--as-of", type=moment, help="As it was known at this moment.")
@text_or_json
@click.pass_obj
def show(settings: Settings, identity: str, as_of: datetime | None, form: str) -> None:
    """Show one partnership: who, where, and what is on file.

    With what does not hold, and what comes due next. As JSON it is the dossier that `partnerflow check` reads.
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
        views.standing(settings, flow, named.partnership.id, due=3)


def _head(dossier: Dossier) -> None:
    partner, stands = dossier.partner, dossier.partnership
    say(partner.name, style="pf.head")
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
    """Say what does not hold, or what is in the way of a step.

    Without a TRIGGER, what does not hold now; with one, what stands in its way; and what would mend it. The exit code
    is 1 if there is any such thing.
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
    """List the steps that can be asked from here."""
    flow = settings.flow()
    named = find_one(flow, identity)
    found = flow.options(named.partnership.id, by=settings.actor(flow), at=at)
    say(f"{named.name} is in {named.partnership.state}")
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
    table(["step", "leads to", "may", "needs", "in its way"], rows, wide=["in its way"])
    say(f"\nwhy not: {settings.command('why', short(named.partnership.id), 'STEP')}", style="pf.quiet", whole=True)


@command("history", "partnerflow history riverbend", "partnerflow history riverbend --told")
@click.argument("identity", metavar="ID")
@click.option("--told", is_flag=True, help="Also what sweeps told, as far as the outbox still holds it.")
@click.pass_obj
def history(settings: Settings, identity: str, *, told: bool) -> None:
    """Show the life of a partnership as a timeline.

    Every step, every refusal and everything filed, oldest first.
    """
    flow = settings.flow()
    views.timeline(flow, find_one(flow, identity), told=told)
