"""Check what is submitted for filing, before anything is locked: the shape of each record, and what it is about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import TypeAlias
from uuid import UUID

import attrs

from partnerflow import gate
from partnerflow.dossier import unknown_kind
from partnerflow.errors import Fault, InvalidRecord, InvalidRequest
from partnerflow.partnership import DISTRICT
from partnerflow.records import (
    Confirmation,
    Document,
    Record,
    Redaction,
    Retraction,
    Waiver,
    WaiverRefusal,
    WaiverRequest,
    WaiverRevocation,
    kinds,
)
from partnerflow.records.registry import kind_of

from .context import Context
from .request import Request
from .search_index import affects_search

RecordText: TypeAlias = tuple[Record, str]
"""A record as it will be read back, and its text."""


@attrs.frozen
class Submission:
    """Records of the right shape that are to be filed together on one subject."""

    subject: UUID
    """A partnership, or `DISTRICT`."""
    records: Sequence[RecordText]
    documents: tuple[Document, ...] = ()

    @property
    def about_partner(self) -> bool:
        """Whether a record is about the partner, and so changes what is on file for each of its partnerships."""
        return any(record.kind_info.about == "partner" for record, _ in self.records)

    @property
    def affects_search(self) -> bool:
        """Whether a record changes what partnerships are found by."""
        return affects_search(record for record, _ in self.records)

    def hash(self, request: Request) -> str:
        """Hash the request to file it."""
        texts = (f"{record.kind_info.name} {text}" for record, text in self.records)
        return request.hash("file", self.subject, *texts, *self.documents)

    def pinned(self, context: Context) -> Submission:
        """Return it with each waiver pinned to the revision that its policy has in the pack.

        Only after the key was looked up: the same request, sent again under a newer pack, must have the same hash.
        Raises InvalidRecord for a policy that the pack does not have.
        """
        return Submission(self.subject, [_pinned(context, each) for each in self.records], self.documents)


def check_submission(
    context: Context, subject: UUID, records: Iterable[Record], documents: Iterable[Document] = ()
) -> Submission:
    """Read each record and document at the gate, and check that it may lie on this subject's file.

    Raises InvalidRecord with every fault of a record, InvalidRequest for one that is about something else.
    """
    gate.identifier(subject, "subject")
    checked = [_checked(context, record) for record in records]
    for record, _ in checked:
        about, name = record.kind_info.about, record.kind_info.name
        if subject == DISTRICT and about != "district":
            raise InvalidRequest("subject", DISTRICT, f"a {name} is not about the district")
        if subject != DISTRICT and about == "district":
            raise InvalidRequest("subject", subject, f"a {name} is about the district: file(DISTRICT, ...)")
    return Submission(subject, checked, gate.read_documents(documents))


def _checked(context: Context, record: Record) -> RecordText:
    if not isinstance(record, Record):
        raise InvalidRequest("record", type(record).__name__, "must be a record, such as Insurance(line=...)")
    kind = kind_of(record)
    if kinds().get(kind) is not type(record):
        raise InvalidRecord("record", [unknown_kind(kind, "/kind")])
    for call, cls in (("retract", Retraction), ("redact", Redaction), ("confirm", Confirmation)):
        if isinstance(record, cls):
            raise InvalidRequest("record", kind, f"call {call}, which knows where the record lies")
    return context.read_back(record)


def _pinned(context: Context, checked: RecordText) -> RecordText:
    (record, _), pack = checked, context.pack
    if not isinstance(record, (Waiver, WaiverRequest, WaiverRefusal, WaiverRevocation)):
        return checked
    rule = pack.by_code.get(record.policy)
    if rule is None:
        near = get_close_matches(record.policy.upper(), pack.by_code, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        fault = Fault("/policy", f"{record.policy!r} is no policy of the pack {pack.name!r}{hint}")
        raise InvalidRecord(record.kind_info.name, [fault])
    if isinstance(record, (Waiver, WaiverRequest)) and record.revision is None:
        return context.read_back(attrs.evolve(record, revision=rule.policy.revision))
    return checked
