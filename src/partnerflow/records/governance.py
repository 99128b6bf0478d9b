"""Who decided, who took something back, and how it ended."""

from __future__ import annotations

from datetime import date
from typing import Literal
from uuid import UUID

from .registry import Record, record


@record("approval", about="partnership", key=("trigger",), cites=("SPPS-V.13",))
class Approval(Record):
    """Somebody's consent to a step that another person will ask for. Who files it gives it."""

    trigger: str
    given_on: date | None = None
    note: str | None = None


@record("retraction", about="partnership", key=("entry_id",), weighs="against", cites=("SPPS-III.D2",))
class Retraction(Record):
    """Takes a record back that should not have been filed; both stay readable."""

    entry_id: UUID
    reason: str


@record("redaction", about="partnership", key=("entries", "steps"), cites=("SPPS-III.D2",))
class Redaction(Record):
    """Says which texts were blanked, and why; the hash of each stays in its chain."""

    entries: tuple[UUID, ...]
    """Ids of entries on the same file of which the text was blanked."""
    steps: tuple[int, ...]
    """Versions of the partnership of which the reason and the decision were blanked."""
    reason: str


@record("termination_notice", about="partnership", cites=("SPPS-V.13",))
class TerminationNotice(Record):
    """Notice that a partnership is to end, and what is left to do (SPPS-V.13)."""

    voluntary: bool | None = None
    asked_by: Literal["district", "school", "partner", "both"] | None = None
    cause: Literal["term_end", "funding", "mutual", "needs_changed", "other", "performance", "safety"] | None = None
    notice_on: date | None = None
    close_out: tuple[str, ...] | None = None
    """What must still be done, such as the return of data; an empty tuple says that nothing is left."""
