"""Reading what is on file of a partnership, a partner or the district, now or as of a past moment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import attrs

from partnerflow import gate
from partnerflow.dossier import Dossier, RecordIndex, weigh_partner
from partnerflow.errors import NotFound
from partnerflow.events import Event
from partnerflow.history import Attempt, Transition
from partnerflow.partnership import DISTRICT, Partnership
from partnerflow.ports import Snapshot
from partnerflow.records import Entry, Partner, Site

from .context import Context
from .loading import build_dossier, load_dossier, load_snapshot

Recorded = TypeVar("Recorded", Entry, Transition)


def dossier(context: Context, partnership_id: UUID, *, as_of: datetime | None) -> Dossier:
    """Return a dossier with its neighbours, or what had been recorded of it up to and with a past moment.

    A dossier of the past has no neighbours: which there were then, only the Decisions of that time show.
    """
    gate.identifier(partnership_id, "partnership_id")
    moment = None if as_of is None else gate.moment(as_of, "as_of")
    with context.reading() as tx:
        snapshot = load_snapshot(context, tx, partnership_id, lock=False)
        if moment is not None:
            return _dossier_as_of(context, snapshot, list(tx.history(partnership_id)), moment)
        found, _ = load_dossier(context, snapshot)
        near = tx.neighbours(found.places(), apart_from=partnership_id, states=context.lifecycle.live)
        return attrs.evolve(found, neighbours=near)


def _dossier_as_of(
    context: Context, snapshot: Snapshot, transitions: Sequence[Transition], moment: datetime
) -> Dossier:
    past = recorded_by(moment, transitions)
    if not past:
        raise NotFound("partnership", f"{snapshot.partnership.id} as of {moment.isoformat()}")
    since = None
    for transition in past:
        if transition.source != transition.target:
            since = transition.move.since or context.today(transition.at)
    partnership = attrs.evolve(snapshot.partnership, state=past[-1].target, since=since, version=past[-1].version)
    return build_dossier(
        context,
        partnership,
        recorded_by(moment, snapshot.partner_file),
        recorded_by(moment, snapshot.own_file),
        tuple(transition.move for transition in past),
    )


def recorded_by(moment: datetime, chain: Sequence[Recorded]) -> Sequence[Recorded]:
    """Return what had been recorded by a moment: all up to the last, also what a clock that was ahead dated later."""
    for count in range(len(chain), 0, -1):
        recorded_at = chain[count - 1].recorded_at
        if recorded_at is not None and recorded_at <= moment:
            return chain[:count]
    return ()


def history(context: Context, partnership_id: UUID) -> list[Transition]:
    """Return every transition of a partnership, oldest first. Raises NotFound."""
    gate.identifier(partnership_id, "partnership_id")
    with context.reading() as tx:
        found = list(tx.history(partnership_id))
    if not found:
        raise NotFound("partnership", partnership_id)
    return found


def attempts(context: Context, partnership_id: UUID) -> list[Attempt]:
    """Return every refused attempt of a partnership, oldest first. Raises NotFound."""
    gate.identifier(partnership_id, "partnership_id")
    found = list(context.store.attempts(partnership_id))
    if not found:
        history(context, partnership_id)  # raises NotFound where there is no such partnership
    return found


def events_of(context: Context, partnership_id: UUID) -> list[Event]:
    """Return the events of a partnership that the outbox still holds, oldest first. Raises NotFound."""
    gate.identifier(partnership_id, "partnership_id")
    found = list(context.store.outgoing(partnership_id))
    if not found:
        history(context, partnership_id)  # raises NotFound where there is no such partnership
    return found


def entries_of(context: Context, partnership_id: UUID) -> tuple[Entry, ...]:
    """Return everything filed on a partnership's partner, and then on it. Raises NotFound."""
    gate.identifier(partnership_id, "partnership_id")
    with context.reading() as tx:
        found = tx.partnerships([partnership_id]).get(partnership_id)
        if found is None:
            raise NotFound("partnership", partnership_id)
        files = tx.files([found.partner_id, partnership_id])
    return *files[found.partner_id], *files[partnership_id]


def partner(context: Context, partner_id: UUID) -> Partner:
    """Return the newest Partner record of a partner, with the facts that count. Raises NotFound."""
    gate.identifier(partner_id, "partner_id")
    with context.reading() as tx:
        entries = tx.files([partner_id])[partner_id]
    if not entries:
        raise NotFound("partner", partner_id)
    found = weigh_partner(entries)
    if found is None:
        raise NotFound("partner record", "of this partner")
    return found.partner


def district_file(context: Context) -> tuple[Entry, ...]:
    """Return everything that was filed on the district itself, oldest first."""
    with context.reading() as tx:
        return tx.files([DISTRICT])[DISTRICT]


def sites(context: Context) -> tuple[Site, ...]:
    """Return the district's sites, each by its newest record."""
    return Dossier(Partner(name="the district"), Partnership("-"), RecordIndex(district_file(context))).all(Site)
