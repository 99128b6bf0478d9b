"""Filing what is about the district itself, such as its sites."""

from __future__ import annotations

import attrs

from partnerflow.dossier import Dossier, RecordIndex
from partnerflow.partnership import Partnership
from partnerflow.ports import ChangeSet, IdempotencyRecord
from partnerflow.records import Partner

from .arguments import read_times
from .context import Context
from .entries import entries_for
from .evaluate import refuse_unless_may_file
from .file_index import FileIndex
from .idempotency import complete
from .reevaluate import FilingResult, hidden_entries
from .request import Request
from .submission import Submission


def file_on_district(
    context: Context,
    file: FileIndex,
    submission: Submission,
    request: Request,
    idempotency: IdempotencyRecord | None = None,
) -> FilingResult:
    """Return what is written of records about the district; *file* is its file, locked, and has them afterwards."""
    times = read_times(context, request.at, file.end.entries)
    dossier = Dossier(Partner(name="the district"), Partnership(context.lifecycle.states[0]), moves=())
    records = tuple(record for record, _ in submission.records)
    refuse_unless_may_file(context, dossier, records, by=request.by, at=times.at)
    before = len(file)
    of_district = attrs.evolve(request, word_of=None)
    entries = entries_for(context, {"district": file}, submission, of_district, times)
    new = file.since(before)
    for entry in new:
        if entry.record.kind_info.period:  # its file has no events, so only the log says what does not count
            alike = attrs.evolve(dossier, on_file=RecordIndex(file.related_to(entry.record)))
            hidden_entries(alike, [entry], context.today(times.now))
    completed = complete(idempotency, (entry.id for entry in entries))
    return FilingResult(entries=entries, changes=ChangeSet(entries=new, idempotency=completed))
