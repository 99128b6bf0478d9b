"""A record on file, with what is known of its filing."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import attrs

from partnerflow.actors import Actor
from partnerflow.clauses import answers

from .registry import Record, kind_of


@answers("CS2-X2c")
@attrs.frozen
class Document:
    """Where a document is kept, and its SHA-256; never the document itself (CS2-X2c)."""

    uri: str
    sha256: str = attrs.field(validator=attrs.validators.matches_re(r"[0-9a-f]{64}"))


@attrs.frozen(kw_only=True)
class Filed:
    """What is known of the filing of a record. A file from outside the store may leave out all of it."""

    id: UUID | None = None
    filed_at: datetime | None = None
    """When it was received, as the filer states; aware, UTC."""
    recorded_at: datetime | None = None
    """When it was stored, by the flow's clock; aware, UTC."""
    filed_by: Actor | None = None
    word_of: Literal["partner"] | None = None
    """Whose word it is, where somebody else filed it: the office for the partner."""
    version: int | None = None
    """The partnership's version at that moment, for a record about it: was it filed before or after a transition?"""
    documents: tuple[Document, ...] = ()
    redacted: str | None = None
    """The SHA-256 of the text that a redaction blanked; None where it was not redacted."""

    @property
    def is_partners(self) -> bool:
        """Whether it is the partner's word, which the partner filed itself or the office for it."""
        return self.word_of is not None or (self.filed_by is not None and self.filed_by.side == "partner")

    @property
    def is_taken_down(self) -> bool:
        """Whether the district's side filed it for the partner; who is on the partner's side files for itself."""
        return self.word_of is not None and self.filed_by is not None and self.filed_by.side != "partner"

    @property
    def is_nobodys(self) -> bool:
        """Whether its filing is on file but not who filed it. Without any of it, it is the host's word."""
        known = self.id or self.filed_at or self.recorded_at or self.documents or self.version is not None
        return self.filed_by is None and bool(known)


@attrs.frozen(kw_only=True)
class Entry(Filed):
    """A record on file."""

    record: Record
    text: str = attrs.field(default="", repr=False)
    """The text that is stored and hashed; empty where it was redacted."""
    revision: int = 1
    """The revision that its kind had when it was filed."""
    file_id: UUID | None = None
    """Whose file: a partner's, a partnership's, or the district's (the zero id)."""
    seq: int = 0
    """Its place on that file, from 1, without gaps."""
    link: str = attrs.field(default="", repr=False)
    """SHA-256 over the text, all fields above and the link of the entry before it."""
    meaningful: Record | None = attrs.field(default=None, eq=False, repr=False)
    """Its record, where reading it found that all its texts say something; None where nobody has looked."""

    @property
    def kind(self) -> str:
        """The name of the record's kind."""
        return kind_of(self.record)
