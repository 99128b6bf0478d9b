"""Approvals, corrections of the file, and the notice that a partnership ends."""

from __future__ import annotations

from datetime import date
from typing import Literal
from uuid import UUID

from .registry import Record, record
from .texts import Prose


@record("approval", about="partnership", key=("trigger",), waits="never", cites=("SPPS-V.13",))
class Approval(Record):
    """Consent to a transition that another person will request. The person who files it gives the consent."""

    trigger: str
    given_on: date | None = None
    note: Prose | None = None


@record("retraction", about="partnership", key=("entry_id",), weighs="against", waits="never", cites=("SPPS-III.D2",))
class Retraction(Record):
    """Takes back a record that should not have been filed; both stay readable."""

    entry_id: UUID
    reason: Prose


@record("confirmation", about="partnership", key=("entries",), weighs="against", waits="never", cites=("EAF-C.3b",))
class Confirmation(Record):
    """That the district stands behind what the partner filed: from then on these entries count as its own word."""

    entries: tuple[UUID, ...]
    """Ids of entries on the same file."""


@record("redaction", about="partnership", key=("entries", "steps"), waits="never", cites=("SPPS-III.D2",))
class Redaction(Record):
    """Which texts were blanked, and why; the hash of each stays in its chain."""

    entries: tuple[UUID, ...]
    """Ids of the entries on the same file whose text was blanked."""
    steps: tuple[int, ...]
    """Versions of the partnership whose reason and decision were blanked."""
    reason: Prose


@record("termination_notice", about="partnership", cites=("SPPS-V.13",))
class TerminationNotice(Record):
    """Notice that a partnership is to end, and what is left to do (SPPS-V.13)."""

    voluntary: bool | None = None
    asked_by: Literal["district", "school", "partner", "both"] | None = None
    cause: Literal["term_end", "funding", "mutual", "needs_changed", "other", "performance", "safety"] | None = None
    notice_on: date | None = None
    close_out: tuple[Prose, ...] | None = None
    """What must still be done, such as the return of data; an empty tuple: nothing."""
