"""A record as it lies on file."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import attrs

from partnerflow.actors import Actor
from partnerflow.clauses import answers

from .registry import Record, kind_of


@answers("CS2-X2c")
@attrs.frozen
class Document:
    """Where a paper is kept, and the hash by which it can be known again; never the paper itself (CS2-X2c)."""

    uri: str
    sha256: str = attrs.field(validator=attrs.validators.matches_re(r"[0-9a-f]{64}"))


@attrs.frozen(kw_only=True)
class Filed:
    """What is known of the filing of a record, apart from the record. A loose file may say none of it."""

    id: UUID | None = None
    filed_at: datetime | None = None
    """When it came to hand, as the filer says; aware, UTC."""
    recorded_at: datetime | None = None
    """When the store took it in, by the store's clock; aware, UTC."""
    filed_by: Actor | None = None
    version: int | None = None
    """The partnership's version at that moment, for what is about the partnership: tells before from after a step."""
    documents: tuple[Document, ...] = ()
    redacted: str | None = None
    """The SHA-256 of the text that a redaction blanked; None: it is all there."""


@attrs.frozen(kw_only=True)
class Entry(Filed):
    """A record on file."""

    record: Record
    text: str = attrs.field(default="", repr=False)
    """The very text that is stored and hashed; empty where it was redacted."""
    revision: int = 1
    """The revision that its kind had when it was filed."""
    file_id: UUID | None = None
    """Whose file: a partner's, a partnership's, or the district's (the zero id)."""
    seq: int = 0
    """Its place on that file, from 1, without gaps."""
    link: str = attrs.field(default="", repr=False)
    """Hash over the text, all the above and the link before it."""

    @property
    def kind(self) -> str:
        """The name of the record's kind."""
        return kind_of(self.record)
