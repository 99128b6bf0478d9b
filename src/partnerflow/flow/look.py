"""Looking: at a partnership now, or as it was known on a past day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import attrs

from partnerflow.dossier import Dossier, RecordIndex
from partnerflow.errors import NotFound
from partnerflow.history import Attempt, Transition
from partnerflow.partnership import DISTRICT, Partnership
from partnerflow.ports import Snapshot
from partnerflow.records import Entry, Partner, Site

from .arguments import to_utc
from .context import Context
from .loading import build_dossier, load_dossier, load_snapshot, newest_partner


def dossier(context: Context, partnership_id: UUID, *, as_of: datetime | None) -> Dossier:
    """Return a dossier with its neighbours; of a past moment, what was recorded of it up to and with that moment.

    Who its neighbours were then, only the Decision of that day still says.
    """
    with context.store.reading() as tx:
        snapshot = load_snapshot(context, tx, partnership_id, lock=False)
        if as_of is not None:
            return _as_of(context, snapshot, history(context, partnership_id), as_of)
        found, _ = load_dossier(context, tx, snapshot)
        near = tx.neighbours(found.places(), apart_from=partnership_id, states=context.lifecycle.live)
        return attrs.evolve(found, neighbours=near)


def _as_of(context: Context, snapshot: Snapshot, transitions: Sequence[Transition], as_of: datetime) -> Dossier:
    moment = to_utc(as_of, "as_of")
    made = [transition for transition in transitions if transition.recorded_at <= moment]
    if not made:
        raise NotFound("partnership", f"{snapshot.partnership.id} as of {moment.isoformat()}")
    since = None
    for transition in made:
        if transition.source != transition.target:
            since = transition.move.since or context.today(transition.at)
    partnership = attrs.evolve(snapshot.partnership, state=made[-1].target, since=since, version=made[-1].version)
    return build_dossier(
        partnership,
        _recorded(snapshot.partner_file, moment),
        _recorded(snapshot.own_file, moment),
        tuple(transition.move for transition in made),
        tz=context.tz,
    )


def _recorded(entries: Sequence[Entry], moment: datetime) -> list[Entry]:
    return [entry for entry in entries if entry.recorded_at is not None and entry.recorded_at <= moment]


def history(context: Context, partnership_id: UUID) -> list[Transition]:
    """Return every transition. Raises NotFound."""
    found = list(context.store.history(partnership_id))
    if not found:
        raise NotFound("partnership", partnership_id)
    return found


def attempts(context: Context, partnership_id: UUID) -> list[Attempt]:
    """Return every refused attempt. Raises NotFound."""
    found = list(context.store.attempts(partnership_id))
    if not found:
        history(context, partnership_id)
    return found


def partner(context: Context, partner_id: UUID) -> Partner:
    """Return what is on file of a partner. Raises NotFound."""
    with context.store.reading() as tx:
        file = tx.partner_file(partner_id)
    if file is None:
        raise NotFound("partner", partner_id)
    return newest_partner(file.entries)


def district_file(context: Context) -> tuple[Entry, ...]:
    """Return all that was filed on the district itself."""
    with context.store.reading() as tx:
        return tx.file(DISTRICT)


def sites(context: Context) -> tuple[Site, ...]:
    """Return the district's sites, the newest word on each."""
    return Dossier(Partner(name="the district"), Partnership("-"), RecordIndex(district_file(context))).all(Site)
