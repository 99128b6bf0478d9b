"""Evaluate again what new entries affect: their partnership, and its siblings where they are on the partner's file."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import date
from uuid import UUID

import attrs

from partnerflow import events
from partnerflow.dossier import Dossier
from partnerflow.obligations import Judgement
from partnerflow.ports import ChangeSet, IdempotencyRecord, Snapshot
from partnerflow.records import Confirmation, Entry, Partner, Unregistered

from .context import Context
from .evaluate import standing_report
from .idempotency import complete
from .loading import Loaded, Locked, build_dossier, load_dossier
from .search_index import search_entries
from .writing import new_judgement, number_events

_log = logging.getLogger("partnerflow")


@attrs.frozen(kw_only=True)
class FilingResult:
    """What filing records leads to; nothing of it is written yet."""

    entries: tuple[Entry, ...]
    """One for each record, in their order; one that was on file already is here too."""
    changes: ChangeSet


def accept(
    context: Context, loaded: Loaded, entries: tuple[Entry, ...], idempotency: IdempotencyRecord | None
) -> tuple[FilingResult, Loaded]:
    """Return what is written of *entries*, and the partnership with those that are new; nothing is evaluated yet."""
    snapshot, times = loaded.snapshot, loaded.times
    partnership = snapshot.partnership
    new = list({entry.id: entry for entry in entries if not _is_on_file(snapshot, entry)}.values())
    completed = complete(idempotency, (entry.id for entry in entries))
    if not new:
        return FilingResult(entries=entries, changes=ChangeSet(idempotency=completed)), loaded
    after = with_entries(snapshot, new)
    files = after.partner_file, after.own_file
    dossier = build_dossier(context, partnership, *files, after.moves, loaded.host_records)
    hidden = hidden_entries(dossier, new, context.today(times.now))
    waits = {word.entry.id for word in dossier.waiting}
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
    renamed = any(is_about_partner(snapshot, each) and isinstance(each.record, (Partner, Confirmation)) for each in new)
    changes = ChangeSet(
        partner=(partnership.partner_id, dossier.partner) if renamed else None,
        entries=new,
        events=number_events(context, facts, partnership.id, snapshot.events),
        idempotency=completed,
    )
    after = attrs.evolve(after, events=snapshot.events + len(facts))
    return FilingResult(entries=entries, changes=changes), loaded._replace(snapshot=after, dossier=dossier)


def judge(
    context: Context, snapshot: Snapshot, dossier: Dossier, new: Iterable[Entry], on: date, *, is_subject: bool
) -> ChangeSet:
    """Return what follows on a day for one partnership from *new* entries, which are on its files and in its dossier.

    One that has ended is judged only where something was filed on it; but it is still searched for.
    """
    judgements: list[Judgement] = []
    if is_subject or snapshot.partnership.state not in context.lifecycle.final:
        report = standing_report(context, snapshot, dossier, on)
        judgements.append(new_judgement(context, report, dossier, snapshot.obligations))
    return ChangeSet(judgements=judgements, search_entries=search_entries(snapshot, dossier, new))


def put_off(snapshot: Snapshot) -> Iterator[Judgement]:
    """Yield that a partnership which cannot be evaluated now must be as soon as it can, under whatever pack.

    Not for one whose row or step cannot be read: it is mended by hand, and everything is swept afterwards.
    """
    if not snapshot.unreadable:
        yield Judgement(partnership_id=snapshot.partnership.id, digest="", obligations=snapshot.obligations)


def reevaluate(
    context: Context,
    loaded: Loaded,
    locked: Locked,
    entries: tuple[Entry, ...],
    idempotency: IdempotencyRecord | None,
) -> FilingResult:
    """Return all that is written of *entries*: those that are new, and what follows from them."""
    return judged(context, *accept(context, loaded, entries, idempotency), locked)


def judged(context: Context, accepted: FilingResult, loaded: Loaded, locked: Locked) -> FilingResult:
    """Return what `accept` returned together with what follows from it, for siblings too.

    *locked* has the siblings, still without what is new on the partner's file.
    """
    new = accepted.changes.entries
    if not new:
        return accepted
    on = context.today(loaded.times.now)
    follows = [judge(context, loaded.snapshot, loaded.dossier, new, on, is_subject=True)]
    on_partner = [entry for entry in new if is_about_partner(loaded.snapshot, entry)]
    for each in locked.siblings if on_partner else ():
        after = with_entries(each, on_partner)
        dossier, _ = load_dossier(context, after)
        follows.append(judge(context, after, dossier, on_partner, on, is_subject=False))
    changes = attrs.evolve(
        accepted.changes,
        judgements=[
            *(each for change in follows for each in change.judgements),
            *(each for unfit in (locked.unfit if on_partner else ()) for each in put_off(unfit)),
        ],
        search_entries=[each for change in follows for each in change.search_entries],
    )
    return attrs.evolve(accepted, changes=changes)


def with_entries(snapshot: Snapshot, new: Iterable[Entry]) -> Snapshot:
    """Return a snapshot with new entries at the ends of its two files."""
    partnership = snapshot.partnership
    ends = [tuple(e for e in new if e.file_id == file_id) for file_id in (partnership.partner_id, partnership.id)]
    return attrs.evolve(snapshot, partner_file=snapshot.partner_file + ends[0], own_file=snapshot.own_file + ends[1])


def is_about_partner(snapshot: Snapshot, entry: Entry) -> bool:
    """Return whether an entry is on the file of the partnership's partner."""
    return entry.file_id == snapshot.partnership.partner_id


def _is_on_file(snapshot: Snapshot, entry: Entry) -> bool:
    return entry.seq <= len(snapshot.partner_file if is_about_partner(snapshot, entry) else snapshot.own_file)


def hidden_entries(dossier: Dossier, new: Iterable[Entry], day: date) -> dict[UUID | None, UUID | None]:
    """Return the new entries that one beginning later hides already, each with that one, and log them."""
    found: dict[UUID | None, UUID | None] = {}
    for entry in new:
        has_days = not isinstance(entry.record, Unregistered) and entry.record.kind_info.period
        later = dossier.hidden_by(entry.record, day) if has_days else None
        if later is not None:
            found[entry.id] = dossier.entry(later).id
            _log.warning("%s %s does not count: %s begins later", entry.kind, entry.id, found[entry.id])
    return found
