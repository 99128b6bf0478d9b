"""Blanking texts: file the redactions, put a hash in the place of each text, and evaluate again what is affected.

A redaction is a record like any other. What it blanks keeps its place, its filing and its hash, so every chain still
verifies and every view shows what is gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

import attrs

from partnerflow import events
from partnerflow.canonical import sha256
from partnerflow.dossier import Dossier
from partnerflow.events import Event
from partnerflow.history import Attempt, Transition
from partnerflow.obligations import Judgement
from partnerflow.ports import ChangeSet, Erasure, SearchEntry, Snapshot
from partnerflow.records import Entry, Record, Redaction, Unregistered

from .context import Context
from .evaluate import refuse_unless_may_file, standing_report
from .file_index import FileEnd
from .host_records import load_host_records
from .loading import Locked, build_dossier, load, refuse_unfit
from .reevaluate import with_entries
from .request import Request
from .search_index import search_entry
from .writing import new_entries, new_judgement, number_events


@attrs.frozen(kw_only=True)
class BlankOrder:
    """What is to be blanked of a partnership."""

    entries: Sequence[Entry]
    steps: Sequence[Transition]
    reason: str
    attempts: Sequence[Attempt] = ()
    """Refused attempts, which are deleted."""
    purge: bool = False
    """Whether its obligations are to be removed too."""

    def redaction(self, entries: Iterable[Entry], steps: Iterable[Transition]) -> Redaction:
        """Return the record which says that some of it was blanked."""
        ids = tuple(entry.id for entry in entries if entry.id is not None)
        return Redaction(entries=ids, steps=tuple(step.version for step in steps), reason=self.reason)


def blank(context: Context, locked: Locked, order: BlankOrder, request: Request) -> tuple[tuple[Entry, ...], ChangeSet]:
    """Return the redactions, one on each file concerned, and all that is written; both empty where all is blank.

    What is on the partner's file may be quoted by waivers on the files of its other partnerships.
    """
    snapshot = locked.snapshot
    partnership = snapshot.partnership
    loaded = load(context, snapshot, request.at)
    by, times = request.by, loaded.times
    redaction = order.redaction(order.entries, order.steps)
    refuse_unless_may_file(context, loaded.dossier, (redaction,), by=by, at=times.at)
    blanked = {entry.id: _blank_entry(entry) for entry in order.entries if not entry.redacted}
    new: list[Entry] = []
    for end, steps in (
        (FileEnd(partnership.partner_id, snapshot.partner_file), ()),
        (FileEnd(partnership.id, snapshot.own_file, partnership.version), order.steps),
        *((FileEnd(each.partnership.id, each.own_file, each.partnership.version), ()) for each in locked.siblings),
    ):
        redaction = order.redaction((entry for entry in end.entries if entry.id in blanked), steps)
        if redaction.entries or redaction.steps:
            new += new_entries(context, [context.read_back(redaction)], end, by=by, times=times)
    if not new and not order.attempts:
        return (), ChangeSet()
    on_partner = any(entry.file_id == partnership.partner_id for entry in new)
    judgements: list[Judgement] = []
    found_by: list[SearchEntry] = []
    for each in (snapshot, *(locked.siblings if on_partner else ())):
        refuse_unfit(context, each)
        first = each is snapshot
        host_records = loaded.host_records if first else load_host_records(context, each.partnership)
        steps = order.steps if first else ()
        after = _dossier_after(context, _with_blanks(each, blanked, new, steps), host_records)
        found_by.append(search_entry(after))
        if order.purge and first:
            judgements.append(Judgement(partnership_id=partnership.id, digest=context.pack.digest, obligations=()))
        elif first or each.partnership.state not in context.lifecycle.final:
            report = standing_report(context, each, after, context.today(times.now))
            judgements.append(new_judgement(context, report, after, each.obligations))
    erasure = Erasure(
        partnership_id=partnership.id,
        entries=tuple(blanked.values()),
        transitions=tuple(map(_blank_step, order.steps)),
        attempts=order.attempts,
    )
    return tuple(new), ChangeSet(
        entries=new,
        judgements=judgements,
        search_entries=found_by,
        events=[event for each in (snapshot, *locked.siblings) for event in _events(context, each, snapshot, new)],
        erasure=erasure,
    )


def _events(context: Context, told: Snapshot, snapshot: Snapshot, new: Sequence[Entry]) -> tuple[Event, ...]:
    """Return the events of one of the partnerships concerned; those about the partner's file are with *snapshot*."""
    of_files = {told.partnership.id, *([told.partnership.partner_id] if told is snapshot else [])}
    facts = [
        fact
        for entry in new
        if entry.file_id in of_files and entry.filed_at
        for fact in events.filed(entry, told.partnership.id, entry.filed_at)
    ]
    return number_events(context, facts, told.partnership.id, told.events)


def _blank_entry(entry: Entry) -> Entry:
    return attrs.evolve(entry, record=Unregistered(kind=entry.kind, fields={}), text="", redacted=sha256(entry.text))


def _blank_step(step: Transition) -> Transition:
    return attrs.evolve(
        step,
        move=attrs.evolve(step.move, reason=None),
        decision="",
        reason_redacted=sha256(step.move.reason or ""),
        decision_redacted=sha256(step.decision),
    )


def _with_blanks(
    snapshot: Snapshot, blanked: Mapping[UUID | None, Entry], new: Sequence[Entry], steps: Sequence[Transition]
) -> Snapshot:
    """Return a snapshot as it is once everything is blanked and the redactions are filed."""
    versions = {step.version for step in steps}
    partner_file, own_file = (
        tuple(blanked.get(entry.id, entry) for entry in file) for file in (snapshot.partner_file, snapshot.own_file)
    )
    moves = tuple(
        attrs.evolve(move, reason=None) if version in versions else move
        for version, move in enumerate(snapshot.moves, 1)
    )
    return with_entries(attrs.evolve(snapshot, partner_file=partner_file, own_file=own_file, moves=moves), new)


def _dossier_after(context: Context, after: Snapshot, host_records: Sequence[Record]) -> Dossier:
    return build_dossier(context, after.partnership, after.partner_file, after.own_file, after.moves, host_records)
