"""Filing evidence. What is about the partner affects each of its partnerships, and they are evaluated again."""

from __future__ import annotations

from partnerflow.partnership import DISTRICT
from partnerflow.ports import IdempotencyRecord, Transaction
from partnerflow.records import Entry

from .arguments import check_version
from .context import Context
from .district import file_on_district
from .entries import entries_for
from .evaluate import refuse_unless_may_file
from .file_index import FileIndex
from .granting import refuse_what_never_counts, with_coverage
from .idempotency import entries_made, find_completed, pending
from .loading import Loaded, Locked, load, load_snapshot, lock_with_siblings
from .partner_ids import FindPartner, find_partner_in, refuse_ids_of_another
from .reevaluate import FilingResult, accept, judged
from .request import Request
from .submission import Submission
from .writing import write


def file(context: Context, submission: Submission, request: Request) -> tuple[Entry, ...]:
    """File records, each on the file of what it is about; return one entry for each."""
    subject, request_hash = submission.subject, submission.hash(request)
    idempotency = pending(request, request_hash)
    with context.transaction() as tx:
        if subject == DISTRICT:
            on_file = tx.files([DISTRICT])[DISTRICT]
            if completed := find_completed(tx, request, request_hash):
                return entries_made(completed, on_file)
            result = file_on_district(context, FileIndex(DISTRICT, on_file), submission, request, idempotency)
        else:
            if submission.about_partner:
                locked = lock_with_siblings(context, tx, subject, ended=submission.affects_search)
            else:
                locked = Locked(load_snapshot(context, tx, subject, lock=True))
            if completed := find_completed(tx, request, request_hash):
                return entries_made(completed, locked.snapshot.partner_file, locked.snapshot.own_file)
            check_version(locked.snapshot, request.expected_version)
            loaded = load(context, locked.snapshot, request.at)
            accepted = accept_on_partnership(
                context, tx, loaded, submission, request, find_partner=find_partner_in(tx), idempotency=idempotency
            )
            result = judged(context, *accepted, locked)
        write(context, tx, result.changes)
        return result.entries


def accept_on_partnership(
    context: Context,
    tx: Transaction,
    loaded: Loaded,
    submission: Submission,
    request: Request,
    *,
    find_partner: FindPartner,
    idempotency: IdempotencyRecord | None,
) -> tuple[FilingResult, Loaded]:
    """Return what is written of records on a partnership and its partner, and it with them; nothing is judged yet."""
    submission = submission.pinned(context)
    partnership, times = loaded.snapshot.partnership, loaded.times
    records = tuple(record for record, _ in submission.records)
    refuse_unless_may_file(context, loaded.dossier, records, by=request.by, at=times.at)
    refuse_what_never_counts(context, records, times)
    for record in records:
        refuse_ids_of_another(find_partner, record, partnership.partner_id)
    submission = with_coverage(context, tx, submission, loaded, request)
    files = loaded.files or {
        "partner": FileIndex(partnership.partner_id, loaded.snapshot.partner_file),
        "partnership": FileIndex(partnership.id, loaded.snapshot.own_file, partnership.version),
    }
    entries = entries_for(context, files, submission, request, times)
    accepted, after = accept(context, loaded, entries, idempotency)
    return accepted, after._replace(files=files)
