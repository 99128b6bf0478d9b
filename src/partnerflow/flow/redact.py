"""Redacting: blank single texts that should not be kept.

Only what was retracted can be blanked, and no policy reads that any more. So it changes no evaluation, with one
exception: a waiver that quotes what is blanked is blanked with it, and ends, on the files of sibling partnerships too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

import attrs

from partnerflow import gate
from partnerflow.dossier import taken_back
from partnerflow.errors import InvalidRequest, NotFound
from partnerflow.history import Transition
from partnerflow.partnership import DISTRICT
from partnerflow.ports import Snapshot
from partnerflow.records import Confirmation, Entry, Partner, Redaction, Retraction, WaiverRequest, WaiverRevocation

from .arguments import required_reason
from .blank import BlankOrder, blank
from .context import Context
from .granting import quoting
from .idempotency import complete, entries_made, find_completed, pending
from .loading import lock_with_siblings
from .queries import history
from .request import Request
from .writing import write

KEPT_FOR_GOOD = (Confirmation, Redaction, Retraction, WaiverRequest, WaiverRevocation)
"""Records that always count: what became of something else, and who requested a waiver, which they may never grant."""


def redact(
    context: Context, partnership_id: UUID, request: Request, *, entries: Iterable[UUID], steps: Iterable[int]
) -> tuple[Entry, ...]:
    """Blank texts; return the redactions of them, those from before included."""
    gate.identifier(partnership_id, "partnership_id")
    entry_ids, versions = _read_targets(entries, steps)
    reason = required_reason(request.reason, "say why it is blanked")
    if partnership_id == DISTRICT:
        raise InvalidRequest("partnership_id", DISTRICT, "the district's own file is kept: name a partnership")
    request_hash = request.hash("redact", partnership_id, *entry_ids, *versions, reason)
    transitions = _load_steps(context, partnership_id, versions)
    with context.transaction() as tx:
        locked = lock_with_siblings(context, tx, partnership_id, ended=True)
        if completed := find_completed(tx, request, request_hash):
            return entries_made(completed, locked.snapshot.partner_file, locked.snapshot.own_file)
        snapshot = locked.snapshot
        targets = [_find_entry(snapshot, each) for each in entry_ids]
        on_partner = [target for target in targets if target.file_id == snapshot.partnership.partner_id]
        quotes = quoting(targets, snapshot.own_file)
        for sibling in locked.siblings:
            quotes += quoting(on_partner, sibling.own_file)
        targets += quotes
        order = BlankOrder(entries=targets, steps=transitions, reason=reason)
        new, changes = blank(context, locked, order, request)
        on_file = (*snapshot.partner_file, *snapshot.own_file, *new)
        redactions = tuple(entry for entry in on_file if _redacts(entry, entry_ids, versions, partnership_id))
        idempotency = complete(pending(request, request_hash), (entry.id for entry in redactions))
        write(context, tx, attrs.evolve(changes, idempotency=idempotency))
        return redactions


def _read_targets(entries: Iterable[UUID], steps: Iterable[int]) -> tuple[tuple[UUID, ...], tuple[int, ...]]:
    """Read the arguments `entries` and `steps`, without repetitions."""
    entry_ids = tuple(dict.fromkeys(gate.identifier(each, "entries") for each in gate.several(entries, "entries")))
    given = tuple(gate.several(steps, "steps"))
    for version in given:
        if not isinstance(version, int) or isinstance(version, bool):
            raise InvalidRequest("steps", repr(version)[:80], "must be versions of the partnership, such as 3")
    versions = tuple(dict.fromkeys(given))
    if not entry_ids and not versions:
        raise InvalidRequest("entries", "none", "name what is to be blanked, by entries or by steps")
    return entry_ids, tuple(sorted(versions))


def _load_steps(context: Context, partnership_id: UUID, versions: Sequence[int]) -> list[Transition]:
    """Load the steps to be blanked, without those that are blank already."""
    if not versions:
        return []
    steps = {step.version: step for step in history(context, partnership_id)}
    for version in versions:
        if version not in steps:
            raise NotFound("step", f"{version} of partnership {partnership_id}")
    return [steps[version] for version in versions if not steps[version].decision_redacted]


def _find_entry(snapshot: Snapshot, entry_id: UUID) -> Entry:
    """Return an entry that may be blanked, or is blank already."""
    on_file = (*snapshot.partner_file, *snapshot.own_file)
    for entry in on_file:
        if entry.id == entry_id:
            if not entry.redacted:
                _refuse_unless_out_of_use(entry, on_file)
            return entry
    raise NotFound("entry", f"{entry_id} on the file of partnership {snapshot.partnership.id}")


def _refuse_unless_out_of_use(entry: Entry, on_file: Sequence[Entry]) -> None:
    """Raise InvalidRequest for a record that is not retracted: policies read superseded ones too."""
    if isinstance(entry.record, KEPT_FOR_GOOD):
        raise InvalidRequest("entries", entry.id, f"a {entry.kind} counts for good, and is kept")
    if isinstance(entry.record, Partner):
        newest = next(each for each in reversed(on_file) if isinstance(each.record, Partner))
        if entry is newest:
            remedy = "is the partner's newest record: file the partner again as it should be, and then blank this"
            raise InvalidRequest("entries", entry.id, remedy)
    elif entry.id not in taken_back(on_file):
        remedy = f"is a {entry.kind} that still counts: file what is right, retract this, and then blank it"
        raise InvalidRequest("entries", entry.id, remedy)


def _redacts(entry: Entry, entry_ids: Sequence[UUID], versions: Sequence[int], partnership_id: UUID) -> bool:
    """Return whether an entry is a redaction of something that was asked for."""
    record = entry.record
    return isinstance(record, Redaction) and (
        not set(record.entries).isdisjoint(entry_ids)
        or (entry.file_id == partnership_id and not set(record.steps).isdisjoint(versions))
    )
