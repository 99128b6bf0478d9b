"""Turn records into entries: the one that is on file already where it says the same, or else a new one."""

from __future__ import annotations

from collections.abc import Mapping

from partnerflow.dossier import RecordIndex, confirmed_by
from partnerflow.records import (
    Approval,
    Document,
    Entry,
    Record,
    Waiver,
    WaiverRefusal,
    WaiverRequest,
    WaiverRevocation,
)
from partnerflow.records.registry import About, key_of

from .arguments import Times
from .context import Context
from .file_index import UNDONE_BY, FileIndex
from .request import Request
from .submission import Submission
from .writing import new_entries

CONSENTS = (Approval, Waiver, WaiverRequest, WaiverRefusal, WaiverRevocation)
"""Records that count by who files them and when: from another person, or after a step, the same words are a new act."""


def entries_for(
    context: Context, files: Mapping[About, FileIndex], submission: Submission, request: Request, times: Times
) -> tuple[Entry, ...]:
    """Return one entry for each record, existing or new; new ones go to the end of the file of what they are about."""
    found: list[Entry] = []
    for record, text in submission.records:
        file = files[record.kind_info.about]
        entry = existing_entry(file, record, submission.documents, request=request)
        if entry is None:
            (entry,) = new_entries(
                context,
                [(record, text)],
                file.end,
                by=request.by,
                times=times,
                documents=submission.documents,
                word_of=request.word_of,
            )
            file.add([entry])
        found.append(entry)
    return tuple(found)


def existing_entry(
    file: FileIndex, record: Record, documents: tuple[Document, ...], *, request: Request
) -> Entry | None:
    """Return the entry that says the very same and still counts: not retracted, superseded or undone.

    Where the partner said it, the same words from the district's side are a new act: they confirm it.
    """
    entries = file.related_to(record)
    if not entries:
        return None
    on_file, version = RecordIndex(entries), file.end.version
    of_partner = request.by.side == "partner" or request.word_of is not None
    confirmed = confirmed_by(entries)
    for word in on_file.weighed.words if of_partner else ():
        if word.entry.record == record and (not documents or word.entry.documents == documents):
            return word.entry
    for known in on_file.series(type(record)).get(key_of(record), []):
        entry = on_file.entry(known)
        undone = on_file.followed_by(known, UNDONE_BY.get(type(known), ()))
        new_act = isinstance(record, CONSENTS) and (entry.filed_by != request.by or entry.version != version or undone)
        confirms = not of_partner and entry.is_partners and entry.id not in confirmed
        if known == record and not new_act and not confirms and (not documents or entry.documents == documents):
            return entry
    return None
