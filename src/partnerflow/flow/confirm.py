"""Confirming: the district's side stands behind words that the partner filed, and from then on they count."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

from partnerflow import gate
from partnerflow.dossier import Dossier, confirmed_by, taken_back
from partnerflow.errors import InvalidRequest, NotFound, PartnerflowError
from partnerflow.partnership import Partnership
from partnerflow.ports import IdempotencyRecord
from partnerflow.records import Confirmation, Entry, Record
from partnerflow.records.registry import Unregistered

from .arguments import batched, check_version
from .context import Context
from .evaluate import refuse_unless_may_file
from .file_index import FileEnd
from .idempotency import entries_made, find_completed, pending
from .loading import AT_ONCE, Locked, load, load_dossier, lock_with_siblings
from .reevaluate import FilingResult, reevaluate
from .request import Request
from .writing import new_entries, write


def confirm(context: Context, partnership_id: UUID, entry_ids: Sequence[UUID], request: Request) -> tuple[Entry, ...]:
    """File the confirmation of entries where they lie, one for each file; return those of what was confirmed before."""
    request_hash = hash_confirm(partnership_id, entry_ids, request)
    with context.transaction() as tx:
        locked = lock_with_siblings(context, tx, partnership_id, ended=True)
        if completed := find_completed(tx, request, request_hash):
            return entries_made(completed, locked.snapshot.partner_file, locked.snapshot.own_file)
        result = confirm_on_partnership(context, locked, entry_ids, request, pending(request, request_hash))
        write(context, tx, result.changes)
        return result.entries


def hash_confirm(partnership_id: UUID, entry_ids: Sequence[UUID], request: Request) -> str:
    """Check the ids, and hash the request to confirm. Raises InvalidRequest for what is no id, and for none."""
    gate.identifier(partnership_id, "partnership_id")
    for entry_id in entry_ids:
        gate.identifier(entry_id, "entry_ids")
    if not entry_ids:
        raise InvalidRequest("entry_ids", "()", "name at least one entry")
    return request.hash("confirm", partnership_id, *entry_ids)


def confirm_on_partnership(
    context: Context,
    locked: Locked,
    entry_ids: Sequence[UUID],
    request: Request,
    idempotency: IdempotencyRecord | None,
) -> FilingResult:
    """Return what is written of a confirmation; the partnership and all its siblings are locked."""
    snapshot = locked.snapshot
    partnership = snapshot.partnership
    check_version(snapshot, request.expected_version)
    entries = (*snapshot.partner_file, *snapshot.own_file)
    targets = _targets(entries, entry_ids, partnership.id)
    loaded = load(context, snapshot, request.at)
    records: list[Record] = [Confirmation(entries=tuple(entry_ids)), *(entry.record for entry in targets)]
    refuse_unless_may_file(context, loaded.dossier, tuple(records), by=request.by, at=loaded.times.at)
    known = confirmed_by(entries)
    made: list[Entry] = []
    for end in (
        FileEnd(partnership.partner_id, snapshot.partner_file),
        FileEnd(partnership.id, snapshot.own_file, partnership.version),
    ):
        ids = tuple(dict.fromkeys(entry.id for entry in targets if entry.file_id == end.file_id and entry.id))
        new = tuple(each for each in ids if each not in known)
        if new:
            texts = [context.read_back(Confirmation(entries=new))]
            made += new_entries(context, texts, end, by=request.by, times=loaded.times)
        made += [entry for entry in end.entries if _confirms(entry, ids)]
    return reevaluate(context, loaded, locked, tuple(made), idempotency)


def waiting(context: Context, among: Iterable[Partnership] | None) -> Iterator[Dossier]:
    """Return the dossiers of the live partnerships *among* some on whose files something waits, as they are read.

    They are read a few at a time, in a fixed number of statements. One that cannot be read does not hold up the others:
    the first error is raised at the end.
    """
    found = (each for each, _ in context.store.find()) if among is None else iter(gate.several(among, "among"))
    return _waiting(context, found)


def _waiting(context: Context, found: Iterator[Partnership]) -> Iterator[Dossier]:
    first_error: PartnerflowError | None = None
    for some in batched(found, AT_ONCE):
        for each in some:
            gate.of_type(each, Partnership, "among", "must be partnerships, such as find() returns")
        live = [each.id for each in some if each.state not in context.lifecycle.final]
        with context.reading() as tx:
            snapshots = tx.snapshots(live)
        for snapshot in snapshots.values():
            try:
                dossier, _ = load_dossier(context, snapshot)
            except PartnerflowError as error:
                first_error = first_error or error
            else:
                if dossier.waiting:
                    yield dossier
    if first_error is not None:
        raise first_error


def _targets(entries: Sequence[Entry], entry_ids: Sequence[UUID], partnership_id: UUID) -> list[Entry]:
    """Return the entries that are to be confirmed. Raises NotFound, and InvalidRequest for one that cannot be."""
    by_id = {entry.id: entry for entry in entries}
    retracted = taken_back(entries)
    targets: list[Entry] = []
    for entry_id in entry_ids:
        target = by_id.get(entry_id)
        if target is None:
            raise NotFound("entry", f"{entry_id} on the file of partnership {partnership_id}")
        if isinstance(target.record, Unregistered):
            raise InvalidRequest("entry_ids", entry_id, f"a {target.kind} that cannot be read cannot be confirmed")
        if not target.is_partners:
            raise InvalidRequest("entry_ids", entry_id, f"this {target.kind} is the district's own word, and counts")
        if entry_id in retracted:
            raise InvalidRequest("entry_ids", entry_id, f"this {target.kind} was retracted")
        targets.append(target)
    return targets


def _confirms(entry: Entry, ids: Sequence[UUID]) -> bool:
    return isinstance(entry.record, Confirmation) and not set(ids).isdisjoint(entry.record.entries)
