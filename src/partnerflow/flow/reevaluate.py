"""Evaluate again what new entries affect: their partnership, and its siblings where they are on the partner's file."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import date
from uuid import UUID

import attrs

from partnerflow import events
from partnerflow.dossier import Dossier
from partnerflow.obligations import Judgement
from partnerflow.ports import ChangeSet, IdempotencyRecord, SearchEntry, Snapshot
from partnerflow.records import Confirmation, Entry, Partner, Unregistered

from .context import Context
from .evaluate import standing_report
from .host_records import load_host_records
from .idempotency import complete
from .loading import Loaded, build_dossier
from .search_index import search_entries
from .writing import new_judgement, number_events

_log = logging.getLogger("partnerflow")


@attrs.frozen(kw_only=True)
class FilingResult:
    """What filing records leads to; nothing of it is written yet."""

    entries: tuple[Entry, ...]
    """One for each record, in their order; one that was on file already is here too."""
    changes: ChangeSet


def reevaluate(
    context: Context,
    loaded: Loaded,
    siblings: tuple[Snapshot, ...],
    entries: tuple[Entry, ...],
    idempotency: IdempotencyRecord | None,
) -> FilingResult:
    """Return what is written of *entries*: those that are new, and what follows for each partnership they affect.

    *siblings* are the partnerships of the same partner, locked too; what is new on the partner's file affects them.
    """
    snapshot, times = loaded.snapshot, loaded.times
    partnership = snapshot.partnership
    new = list({entry.id: entry for entry in entries if not _is_on_file(snapshot, entry)}.values())
    completed = complete(idempotency, (entry.id for entry in entries))
    if not new:
        return FilingResult(entries=entries, changes=ChangeSet(idempotency=completed))
    waits: set[UUID | None] = set()
    partner: tuple[UUID, Partner] | None = None
    judgements: list[Judgement] = []
    found_by: list[SearchEntry] = []
    hidden: Mapping[UUID | None, UUID | None] = {}
    on_partner = [entry for entry in new if entry.file_id == partnership.partner_id]
    for each in (snapshot, *(siblings if on_partner else ())):
        own_file = [*each.own_file, *(entry for entry in new if entry.file_id == each.partnership.id)]
        host = loaded.host_records if each is snapshot else load_host_records(context, each.partnership)
        partner_file = [*each.partner_file, *on_partner]
        dossier = build_dossier(context, each.partnership, partner_file, own_file, each.moves, host)
        if each is snapshot:
            hidden = _hidden(dossier, new, context.today(times.now))
            waits = {word.entry.id for word in dossier.waiting}
            if any(isinstance(entry.record, (Partner, Confirmation)) for entry in on_partner):
                partner = partnership.partner_id, dossier.partner
        if each is snapshot or each.partnership.state not in context.lifecycle.final:
            report = standing_report(context, each, dossier, context.today(times.now))
            judgements.append(new_judgement(context, report, dossier, each.obligations))
        found_by += search_entries(each, dossier, new)
    facts = [
        fact
        for entry in new
        for fact in events.filed(
            entry,
            partnership.id,
            entry.filed_at or times.recorded_at,
            hidden_by=hidden.get(entry.id),
            waits=entry.id in waits,
        )
    ]
    changes = ChangeSet(
        partner=partner,
        entries=new,
        judgements=judgements,
        search_entries=found_by,
        events=number_events(context, facts, partnership.id, snapshot.events),
        idempotency=completed,
    )
    return FilingResult(entries=entries, changes=changes)


def _is_on_file(snapshot: Snapshot, entry: Entry) -> bool:
    is_partners = entry.file_id == snapshot.partnership.partner_id
    return entry.seq <= len(snapshot.partner_file if is_partners else snapshot.own_file)


def _hidden(dossier: Dossier, new: Iterable[Entry], day: date) -> dict[UUID | None, UUID | None]:
    """Return the new entries that one beginning later hides already, each with that one, and log them."""
    found: dict[UUID | None, UUID | None] = {}
    for entry in new:
        later = None if isinstance(entry.record, Unregistered) else dossier.hidden_by(entry.record, day)
        if later is not None:
            found[entry.id] = dossier.entry(later).id
            _log.warning("%s %s does not count: %s begins later", entry.kind, entry.id, found[entry.id])
    return found
