"""Retracting: file, beside an entry that should not have been filed, that it counts no more."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from partnerflow import gate
from partnerflow.dossier import taken_back
from partnerflow.errors import InvalidRequest, NotFound
from partnerflow.records import Confirmation, Entry, Partner, Record, Redaction, Retraction, WaiverRevocation

from .arguments import check_version, required_reason
from .context import Context
from .evaluate import refuse_unless_may_file
from .file_index import FileEnd
from .idempotency import entries_made, find_completed, pending
from .loading import load, lock_with_siblings
from .reevaluate import reevaluate
from .request import Request
from .writing import new_entries, write


def retract(context: Context, partnership_id: UUID, entry_id: UUID, request: Request) -> Entry:
    """File a retraction where the entry lies; return that of an entry that was retracted before."""
    gate.identifier(partnership_id, "partnership_id")
    gate.identifier(entry_id, "entry_id")
    reason = required_reason(request.reason, "say why it is retracted")
    request_hash = request.hash("retract", partnership_id, entry_id, reason)
    with context.transaction() as tx:
        locked = lock_with_siblings(context, tx, partnership_id, ended=True)
        if completed := find_completed(tx, request, request_hash):
            return entries_made(completed, locked.snapshot.partner_file, locked.snapshot.own_file)[0]
        snapshot = locked.snapshot
        check_version(snapshot, request.expected_version)
        entries = (*snapshot.partner_file, *snapshot.own_file)
        target = next((entry for entry in entries if entry.id == entry_id), None)
        if target is None:
            raise NotFound("entry", f"{entry_id} on the file of partnership {partnership_id}")
        _refuse_unretractable(target)
        partnership = snapshot.partnership
        end = (
            FileEnd(partnership.partner_id, snapshot.partner_file)
            if target.file_id == partnership.partner_id
            else FileEnd(partnership.id, snapshot.own_file, partnership.version)
        )
        loaded = load(context, snapshot, request.at)
        retraction, text = context.read_back(Retraction(entry_id=entry_id, reason=reason))
        refuse_unless_may_file(context, loaded.dossier, (retraction,), by=request.by, at=loaded.times.at)
        made = tuple(e for e in end.entries if isinstance(e.record, Retraction) and e.record.entry_id == entry_id)
        if not made or (request.by.side != "partner" and entry_id not in taken_back(end.entries)):
            made = new_entries(context, [(retraction, text)], end, by=request.by, times=loaded.times)
        result = reevaluate(context, loaded, locked, made, pending(request, request_hash))
        write(context, tx, result.changes)
        return made[0]


def _refuse_unretractable(target: Entry) -> None:
    """Raise InvalidRequest for an entry that only a newer record can answer."""
    if isinstance(target.record, (Partner, Retraction, Redaction, Confirmation, WaiverRevocation)):
        instead = _INSTEAD.get(type(target.record), "file a newer one")
        raise InvalidRequest("entry_id", target.id, f"a {target.kind} cannot be retracted: {instead}")


_INSTEAD: Mapping[type[Record], str] = {
    WaiverRevocation: "grant the waiver again",
    Confirmation: "retract what it confirms",
}
