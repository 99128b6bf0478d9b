"""The command `confirm`: entries of one partnership, everything of one partner, or a list of entries of many."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING
from uuid import UUID

import click

from . import views
from .command import command
from .console import say
from .errors import REFUSED, CannotDo
from .json_input import read_source
from .parameters import moment
from .resolve import find_among, find_one, short
from .settings import Settings

if TYPE_CHECKING:
    from partnerflow import Confirming


@command(
    "confirm",
    "partnerflow confirm riverbend 4f1c2a9e",
    "partnerflow confirm riverbend --all",
    "partnerflow confirm --partner riverbend",
    "partnerflow confirm --from seen.txt",
    shares=("where", "who"),
)
@click.argument("identity", required=False, metavar="[ID]")
@click.argument("entries", nargs=-1, metavar="[ENTRY]...")
@click.option("--all", "everything", is_flag=True, help="Everything on its file that waits.")
@click.option("--partner", metavar="ID", help="Everything that waits of this partnership's partner, on all its files.")
@click.option(
    "--from",
    "listed",
    metavar="FILE",
    help="What a file lists, as `partnerflow list --waiting --brief` prints it; - reads standard input.",
)
@click.option("--at", type=moment, help="When it happened, if not now.")
@click.pass_obj
def confirm(
    settings: Settings,
    /,
    *,
    identity: str | None,
    entries: Sequence[str],
    everything: bool,
    partner: str | None,
    listed: str | None,
    at: datetime | None,
) -> int | None:
    """Confirm what partners filed, so that it counts.

    ENTRY is the id of an entry that waits, or the last letters of it, as `partnerflow list --waiting` lists them. Of
    many, what one actor may not confirm is named, and the rest is confirmed; the exit code is then 1.
    """
    ways = (bool(entries), everything, partner is not None, listed is not None)
    if sum(ways) != 1 or (identity is None) is (bool(entries) or everything):
        raise CannotDo("name the entries to be confirmed, or give --all; or give --partner or --from alone")
    if identity is not None:
        _confirm_one(settings, identity, entries, at)
        return None
    items = _of_partner(settings, partner, at) if partner is not None else _from_list(listed or "", at)
    return _confirm_many(settings, items)


def _confirm_one(settings: Settings, identity: str, entries: Sequence[str], at: datetime | None) -> None:
    """Confirm entries of one partnership, or all that waits there."""
    flow = settings.flow()
    named = find_one(flow, identity).partnership
    waiting = [word.entry for word in flow.dossier(named.id).waiting]
    if entries:
        on_file = [*waiting, *flow.entries_of(named.id)]
        ids = [find_among(on_file, text) for text in entries]
    else:
        ids = [entry.id for entry in waiting if entry.id is not None]
    if not ids:
        say("nothing waits on this file")
        return
    flow.confirm(named.id, *ids, by=settings.actor(flow), at=at)
    for entry_id in ids:
        say(f"confirmed: entry {short(entry_id)}")
    views.standing(settings, flow, named.id)


def _of_partner(settings: Settings, identity: str, at: datetime | None) -> list[Confirming]:
    from partnerflow import Confirming

    flow = settings.flow()
    named = find_one(flow, identity).partnership
    found = (Confirming.everything(dossier) for dossier in flow.waiting(flow.find(partner=named.partner_id)))
    return [Confirming(each.partnership_id, each.entries, at=at) for each in found]


def _from_list(path: str, at: datetime | None) -> list[Confirming]:
    """Read the ids of a partnership and an entry at the beginning of each line. Raises CannotDo for another line."""
    from partnerflow import Confirming

    given = read_source(path)
    text = given.text if isinstance(given.text, str) else given.text.decode("utf-8", "replace")
    pairs: list[tuple[UUID, UUID]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            partnership_id, entry_id = (UUID(word) for word in line.split(maxsplit=2)[:2])
        except ValueError:
            remedy = "does not begin with the ids of a partnership and an entry: partnerflow list --waiting --brief"
            raise CannotDo(f"{given.name}: line {number} {remedy}") from None
        pairs.append((partnership_id, entry_id))
    together = groupby(sorted(dict.fromkeys(pairs)), key=itemgetter(0))
    return [Confirming(each, [entry for _, entry in some], at=at) for each, some in together]


def _confirm_many(settings: Settings, items: Iterable[Confirming]) -> int:
    """Confirm each, and name what was not confirmed; return the exit code."""
    flow = settings.flow()
    confirmed, refused = set[UUID](), dict[str, set[UUID]]()
    for done in flow.confirm_many(items, by=settings.actor(flow), key=f"confirm {flow.new_id()}"):
        if done.error is None:
            _print_new(done.item.partnership_id, set(done.item.entries) - confirmed)
            confirmed.update(done.item.entries)
        else:
            said = f"not confirmed on {short(done.item.partnership_id)}: {done.error}"
            refused[said] = set(done.item.entries)
    if not confirmed and not refused:
        say("nothing waits")
        return 0
    left = {said: entries for said, entries in refused.items() if not entries <= confirmed}
    for said in left:
        say(said, stderr=True)
    if confirmed:
        number = views.counted(len(confirmed), "entry", "entries")
        say(f"\n{number} confirmed; what holds now: {settings.command('list')}", style="pf.quiet", whole=True)
    return REFUSED if left else 0


def _print_new(partnership_id: UUID, entries: Iterable[UUID]) -> None:
    for entry_id in sorted(entries):
        say(f"confirmed: entry {short(entry_id)} on {short(partnership_id)}")
