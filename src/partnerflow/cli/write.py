"""The commands that write: propose, adopt, file, retract, fire."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Literal

import click

from partnerflow.lifecycle import DEFAULT
from partnerflow.partnership import DISTRICT

from . import views
from .command import command
from .console import say
from .errors import CannotDo
from .json_input import JsonText, read_records, read_source, unknown_fields
from .parameters import OutsideId, day, moment, outside_id
from .resolve import find_entry, find_one, short
from .settings import Settings

if TYPE_CHECKING:
    from uuid import UUID

    from partnerflow import Entry, Partner, Partnerflow, Partnership
    from partnerflow.records import Record

_ACTS = ("where", "who")
_AT = click.option("--at", type=moment, help="When it happened, if not now.")
_KIND = click.option("--kind", metavar="KIND", help="The kind of organisation, such as community_organization.")
_IDS = click.option(
    "--id", "ids", type=outside_id, metavar="SYSTEM:VALUE", multiple=True, help="Its id in another system; repeatable."
)


@command(
    "propose",
    'partnerflow propose "Riverbend Youth Center" --kind community_organization',
    "partnerflow propose --of riverbend",
    shares=_ACTS,
)
@click.argument("name", required=False, metavar="[NAME]")
@click.option("--of", "of", metavar="ID", help="One more partnership with the partner of this one.")
@click.option("--succeeds", metavar="ID", help="The ended partnership that this one comes back from.")
@_KIND
@_IDS
@click.option("--reason", help="Why.")
@_AT
@click.pass_obj
def propose(
    settings: Settings,
    name: str | None,
    of: str | None,
    succeeds: str | None,
    kind: str | None,
    ids: Sequence[OutsideId],
    reason: str | None,
    at: datetime | None,
) -> None:
    """Propose a partnership.

    Give the NAME of a new partner; or, for one more partnership of a partner on file, name one that it has.
    """
    flow = settings.flow(make=name is not None)
    before = find_one(flow, succeeds).partnership if succeeds else None
    known = find_one(flow, of).partnership if of else before
    if (name is None) == (known is None):
        raise CannotDo(
            "give either the NAME of a new partner, or with --of or --succeeds a partnership that it has already"
        )
    partner = known.partner_id if known is not None else _partner(name or "", kind, ids)
    made = flow.propose(partner, by=settings.actor(flow), reason=reason, succeeds=before.id if before else None, at=at)
    _begun(settings, flow, made, "proposed")


@command(
    "adopt",
    'partnerflow adopt "Northside Tutors" --state active --since 2019-08-01 --reason "in place for years"',
    'partnerflow adopt "YMCA" --state active --since 2021-09-01 --reason "in place" --id ein:36-2179782',
    shares=_ACTS,
)
@click.argument("name", metavar="NAME")
@click.option("--state", required=True, type=click.Choice(list(DEFAULT.live)), help="Its state.")
@click.option("--since", required=True, type=day, help="The day since which it has been in that state.")
@click.option("--reason", required=True, help="Why it is taken in.")
@_KIND
@_IDS
@_AT
@click.pass_obj
def adopt(
    settings: Settings,
    name: str,
    state: str,
    since: date,
    reason: str,
    kind: str | None,
    ids: Sequence[OutsideId],
    at: datetime | None,
) -> None:
    """Take in a partnership that exists already, in its present state.

    What its file lacks is reported, not refused.
    """
    flow = settings.flow(make=True)
    made = flow.adopt(
        _partner(name, kind, ids), state=state, since=since, by=settings.actor(flow), reason=reason, at=at
    )
    _begun(settings, flow, made, "adopted")


def _partner(name: str, kind: str | None, ids: Sequence[OutsideId]) -> Partner:
    from partnerflow import Partner

    if not name.strip():
        raise CannotDo("the NAME is empty")
    return Partner(name=name.strip(), kind=kind, ids=dict(ids))


def _begun(settings: Settings, flow: Partnerflow, made: Partnership, how: str) -> None:
    name = flow.partner(made.partner_id).name
    say(f"{how}: {name}, id {made.id}, in {made.state} since {views.day(made.since)}")
    views.standing(settings, flow, made.id)


@command(
    "file",
    """partnerflow file riverbend --json '{"kind": "scope", "level": "school", "sites": ["255901001"]}'""",
    "partnerflow file riverbend --from records.json --at 2026-09-01T08:00+00:00",
    """partnerflow file riverbend --json '{"partner": {"classification": "partner"}}'""",
    """partnerflow file district --json '{"kind": "site", "site": "255901001", "name": "Grand Bend High School"}'""",
    shares=_ACTS,
)
@click.argument("identity", metavar="ID")
@click.option("--json", "texts", multiple=True, metavar="JSON", help="A record, or a list of records; repeatable.")
@click.option(
    "--from",
    "paths",
    multiple=True,
    metavar="FILE",
    help="A JSON file of a record or a list of records; - reads standard input.",
)
@click.option(
    "--word-of", type=click.Choice(["partner"]), help="On whose word you file it, if it is not your own: the partner's."
)
@_AT
@click.pass_obj
def file(
    settings: Settings,
    identity: str,
    texts: Sequence[str],
    paths: Sequence[str],
    word_of: Literal["partner"] | None,
    at: datetime | None,
) -> None:
    """File records, as JSON.

    If one has a fault, none is filed. A record that is on file already is not filed again. The ID `district` is the
    district's own file, which has its sites.
    """
    given = [*(JsonText(f"--json[{place}]", text) for place, text in enumerate(texts, 1)), *map(read_source, paths)]
    if not given:
        raise CannotDo("nothing to file: give --json or --from")
    flow = settings.flow()
    if identity == "district":
        before = {entry.id for entry in flow.district_file()}
        for entry in _file(settings, flow, DISTRICT, read_records(given, None), None, at):
            _filed(entry, new=entry.id not in before)
        return
    named = find_one(flow, identity).partnership
    records = read_records(given, lambda: flow.partner(named.partner_id))
    new: set[str] = set()
    flow.after.connect(lambda _, event: new.add(event.data.get("entry", "")))
    filed = _file(settings, flow, named.id, records, word_of, at)
    may_wait = any(entry.is_partners for entry in filed)
    waiting = [word.entry.id for word in flow.dossier(named.id).waiting] if may_wait else []
    for entry in filed:
        _filed(entry, new=str(entry.id) in new, waits=entry.id in waiting)
    views.obligations(settings, flow, named.state, named.id)


def _file(
    settings: Settings,
    flow: Partnerflow,
    subject: UUID,
    records: Sequence[Record],
    word_of: Literal["partner"] | None,
    at: datetime | None,
) -> Sequence[Entry]:
    for warning in unknown_fields(records):
        say(f"note: {warning}", stderr=True)
    return flow.file(subject, *records, by=settings.actor(flow), word_of=word_of, at=at)


def _filed(entry: Entry, *, new: bool, waits: bool = False) -> None:
    unconfirmed = "; it counts once the district confirms it" if waits else ""
    say(f"{'filed' if new else 'unchanged'}: {views.called(entry)}, entry {short(entry.id)}{unconfirmed}")


@command("retract", 'partnerflow retract riverbend 4f1c2a9e --reason "filed for the wrong partner"', shares=_ACTS)
@click.argument("identity", metavar="ID")
@click.argument("entry", metavar="ENTRY")
@click.option("--reason", required=True, help="Why it is taken back.")
@_AT
@click.pass_obj
def retract(settings: Settings, identity: str, entry: str, reason: str, at: datetime | None) -> None:
    """Take back a record that should not have been filed.

    ENTRY is the id of its entry, or the last letters of it, as `partnerflow show` lists them.
    """
    flow = settings.flow()
    named = find_one(flow, identity)
    entry_id = find_entry(flow.dossier(named.partnership.id), entry)
    made = flow.retract(named.partnership.id, entry_id, by=settings.actor(flow), reason=reason, at=at)
    say(f"retracted: entry {short(entry_id)}, by entry {short(made.id)}; both stay readable")
    views.standing(settings, flow, named.partnership.id)


@command(
    "fire",
    "partnerflow fire riverbend begin_vetting",
    'partnerflow fire riverbend decline --reason "no room" --by b.okafor',
    shares=_ACTS,
)
@click.argument("identity", metavar="ID")
@click.argument("trigger", metavar="TRIGGER")
@click.option("--reason", help="Why; some steps need it.")
@_AT
@click.pass_obj
def fire(settings: Settings, identity: str, trigger: str, reason: str | None, at: datetime | None) -> None:
    """Take a step of the lifecycle, or learn what blocks it.

    A refusal is explained in full, with what would mend it; the exit code is then 1.
    """
    flow = settings.flow()
    named = find_one(flow, identity)
    made = flow.fire(named.partnership.id, trigger, by=settings.actor(flow), reason=reason, at=at)
    say(f"{named.partner}: {made.source} -> {made.target} ({made.trigger} by {made.by}, version {made.version})")
    views.standing(settings, flow, named.partnership.id)
