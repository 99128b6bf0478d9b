"""Turn records into entries: the one that is on file already where it says the same, or else a new one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from partnerflow.dossier import RecordIndex, confirmed_by
from partnerflow.ports import Snapshot
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
from partnerflow.records.registry import key_of

from .arguments import Times
from .context import Context
from .request import Request
from .submission import Submission
from .writing import FileEnd, new_entries

CONSENTS = (Approval, Waiver, WaiverRequest, WaiverRefusal, WaiverRevocation)
"""Records that count by who files them and when: from another person, or after a step, the same words are a new act."""
UNDONE_BY: Mapping[type[Record], tuple[type[Record], ...]] = {
    WaiverRequest: (WaiverRefusal, WaiverRevocation),
    Waiver: (WaiverRevocation,),
    WaiverRefusal: (WaiverRequest, Waiver),
    WaiverRevocation: (Waiver,),
}
"""After which records on the same policy the same words are a new act, and not a repetition."""


def entries_for(
    context: Context, snapshot: Snapshot, submission: Submission, request: Request, times: Times
) -> tuple[Entry, ...]:
    """Return one entry for each record, existing or new; new ones go to the end of the file of what they are about."""
    partnership = snapshot.partnership
    files: dict[str, list[Entry]] = {"partner": list(snapshot.partner_file), "partnership": list(snapshot.own_file)}
    ends = {
        "partner": FileEnd(partnership.partner_id, files["partner"]),
        "partnership": FileEnd(partnership.id, files["partnership"], partnership.version),
    }
    found: list[Entry] = []
    for record, text in submission.records:
        end, file = ends[record.kind_info.about], files[record.kind_info.about]
        entry = existing_entry(file, record, submission.documents, request=request, version=end.version)
        if entry is None:
            (entry,) = new_entries(
                context,
                [(record, text)],
                end,
                by=request.by,
                times=times,
                documents=submission.documents,
                word_of=request.word_of,
            )
            file.append(entry)
        found.append(entry)
    return tuple(found)


def existing_entry(
    entries: Sequence[Entry], record: Record, documents: tuple[Document, ...], *, request: Request, version: int | None
) -> Entry | None:
    """Return the entry that says the very same and still counts: not retracted, superseded or undone.

    Where the partner said it, the same words from the district's side are a new act: they confirm it.
    """
    on_file = RecordIndex(entries)
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
