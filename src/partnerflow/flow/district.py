"""Filing what is about the district itself, such as its sites."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from partnerflow.dossier import Dossier
from partnerflow.partnership import DISTRICT, Partnership
from partnerflow.ports import ChangeSet, IdempotencyRecord
from partnerflow.records import Entry, Partner, Record, Unregistered
from partnerflow.records.registry import key_of

from .arguments import read_times
from .context import Context
from .entries import existing_entry
from .evaluate import refuse_unless_may_file
from .idempotency import complete
from .reevaluate import FilingResult
from .request import Request
from .submission import Submission
from .writing import FileEnd, new_entries


class DistrictFile:
    """The district's own file, indexed by kind and key, so that many requests can add to it one after another."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.last: Sequence[Entry] = ()
        """The last entry, if there is one."""
        self._alike: defaultdict[tuple[object, ...], list[Entry]] = defaultdict(list)
        self.add(entries)

    def add(self, entries: Iterable[Entry]) -> None:
        """Put entries at its end."""
        for entry in entries:
            self.last = (entry,)
            if not isinstance(entry.record, Unregistered):
                self._alike[type(entry.record), *key_of(entry.record)].append(entry)

    def like(self, record: Record) -> Sequence[Entry]:
        """Return the entries of the same kind and key."""
        return self._alike.get((type(record), *key_of(record)), ())


def file_on_district(
    context: Context,
    file: DistrictFile,
    submission: Submission,
    request: Request,
    idempotency: IdempotencyRecord | None = None,
) -> FilingResult:
    """Return what is written of records about the district; *file* is its file, locked, and stays as it is."""
    times = read_times(context, request.at, file.last)
    dossier = Dossier(Partner(name="the district"), Partnership(context.lifecycle.states[0]), moves=())
    records = tuple(record for record, _ in submission.records)
    refuse_unless_may_file(context, dossier, records, by=request.by, at=times.at)
    found: list[Entry] = []
    new: list[Entry] = []
    added = DistrictFile(new)
    documents = submission.documents
    for record, text in submission.records:
        alike = [*file.like(record), *added.like(record)]
        entry = existing_entry(alike, record, documents, request=request, version=None)
        if entry is None:
            end = FileEnd(DISTRICT, added.last or file.last)
            (entry,) = new_entries(context, [(record, text)], end, by=request.by, times=times, documents=documents)
            added.add([entry])
            new.append(entry)
        found.append(entry)
    completed = complete(idempotency, (entry.id for entry in found))
    return FilingResult(entries=tuple(found), changes=ChangeSet(entries=new, idempotency=completed))
