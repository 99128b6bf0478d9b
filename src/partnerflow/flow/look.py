"""Looking: at a partnership now, or as it was known on a past day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import attrs

from partnerflow.dossier import Dossier, RecordIndex
from partnerflow.errors import NotFound
from partnerflow.history import Attempt, Transition
from partnerflow.partnership import DISTRICT, Partnership
from partnerflow.ports import Snapshot
from partnerflow.records import Entry, Partner, Site

from . import work

if TYPE_CHECKING:
    from .partnerflow import Partnerflow


def dossier(flow: Partnerflow, partnership_id: UUID, *, as_of: datetime | None) -> Dossier:
    """Give a dossier with its neighbours; of a past moment, what was recorded of it up to and with that moment.

    Who its neighbours were then, only the Decision of that day still says.
    """
    with flow.store.reading() as tx:
        holding = work.held(flow, tx, partnership_id, lock=False)
        if as_of is not None:
            return _as_of(flow, holding, history(flow, partnership_id), as_of)
        found, _ = work.loaded(flow, tx, holding)
        near = tx.neighbours(found.places(), apart_from=partnership_id, states=flow.lifecycle.live)
        return attrs.evolve(found, neighbours=near)


def _as_of(flow: Partnerflow, holding: Snapshot, transitions: Sequence[Transition], as_of: datetime) -> Dossier:
    moment = work.aware(as_of, "as_of")
    made = [transition for transition in transitions if transition.recorded_at <= moment]
    if not made:
        raise NotFound("partnership", f"{holding.partnership.id} as of {moment.isoformat()}")
    since = None
    for transition in made:
        if transition.source != transition.target:
            since = transition.move.since or flow.today(transition.at)
    partnership = attrs.evolve(holding.partnership, state=made[-1].target, since=since, version=made[-1].version)
    return work.dossier_of(
        partnership,
        _recorded(holding.partner_file, moment),
        _recorded(holding.own_file, moment),
        tuple(transition.move for transition in made),
        tz=flow.tz,
    )


def _recorded(entries: Sequence[Entry], moment: datetime) -> list[Entry]:
    return [entry for entry in entries if entry.recorded_at is not None and entry.recorded_at <= moment]


def history(flow: Partnerflow, partnership_id: UUID) -> list[Transition]:
    """Give every transition. Raises NotFound."""
    found = list(flow.store.history(partnership_id))
    if not found:
        raise NotFound("partnership", partnership_id)
    return found


def attempts(flow: Partnerflow, partnership_id: UUID) -> list[Attempt]:
    """Give every refused attempt. Raises NotFound."""
    found = list(flow.store.attempts(partnership_id))
    if not found:
        history(flow, partnership_id)
    return found


def partner(flow: Partnerflow, partner_id: UUID) -> Partner:
    """Give what is on file of a partner. Raises NotFound."""
    with flow.store.reading() as tx:
        file = tx.partner_file(partner_id)
    if file is None:
        raise NotFound("partner", partner_id)
    return work.newest_partner(file.entries)


def district_file(flow: Partnerflow) -> tuple[Entry, ...]:
    """Give all that was filed on the district itself."""
    with flow.store.reading() as tx:
        return tx.file(DISTRICT)


def sites(flow: Partnerflow) -> tuple[Site, ...]:
    """Give the district's sites, the newest word on each."""
    return Dossier(Partner(name="the district"), Partnership("-"), RecordIndex(district_file(flow))).all(Site)
