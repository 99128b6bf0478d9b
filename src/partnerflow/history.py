"""What happened, as chains of hashes, so that no change goes unnoticed.

Every partnership has a chain of transitions, and every file (a partner's, a partnership's, the district's) a chain of
entries. A link is a hash over what is stored and over the link before it. A transition's link also covers the last
links of the two files that it was evaluated on, and so everything on them. Texts that may have to be blanked one day
(reasons, decisions, records) go into a link as their own hash, which a redaction keeps in their place.

With an earlier link that was kept elsewhere, every change before it can be detected. Without one, someone who can write
every row can forge a whole chain.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, TypeAlias
from uuid import UUID

import attrs

from partnerflow.actors import Actor
from partnerflow.canonical import canonical, sha256
from partnerflow.lifecycle import Move
from partnerflow.records import Entry
from partnerflow.records.conversion import moment_text, unstructure
from partnerflow.records.registry import Unread

START = ""
"""The link before the first."""
Chain: TypeAlias = Literal["history", "file"]
"""What a chain is of: the transitions of a partnership, or the entries of a file."""


@attrs.frozen(kw_only=True)
class Transition:
    """A step that was taken: the move, and the decision that allowed it, as the text that is hashed."""

    id: UUID
    partnership_id: UUID
    version: int
    """The version of the partnership after it: 1 for the first, without gaps."""
    move: Move
    recorded_at: datetime
    """By the clock; aware, in UTC; never earlier than the one before. `move.at` is when it happened."""
    lifecycle: str
    """Name and version of the lifecycle."""
    event: str
    """The type of its event."""
    decision: str
    """The Decision as canonical JSON: pack name, version and digest, the day, and every finding."""
    partner_seq: int
    """How many entries the partner's file had when the step was evaluated."""
    partner_link: str
    """The last link of that file."""
    file_seq: int
    """How many entries the partnership's own file had."""
    file_link: str
    previous: str
    """The link of the transition before it."""
    link: str = ""
    entered: int = 1
    """The version at which its target state was entered: its own, unless the step did not change the state."""
    reason_redacted: str | None = None
    """The SHA-256 of the reason that a redaction blanked; None: it was not blanked."""
    decision_redacted: str | None = None
    """The SHA-256 of the decision that a redaction blanked, likewise."""

    @property
    def trigger(self) -> str:
        """The trigger that was fired."""
        return self.move.trigger

    @property
    def source(self) -> str | None:
        """The state that it left; None for the first."""
        return self.move.source

    @property
    def target(self) -> str:
        """The state that it led to."""
        return self.move.target

    @property
    def by(self) -> str:
        """The id of the actor."""
        return self.move.by.id if self.move.by else ""

    @property
    def at(self) -> datetime:
        """When it happened; aware, in UTC."""
        return self.move.at or self.recorded_at

    @property
    def reason(self) -> str | None:
        """The reason given with the request."""
        return self.move.reason


@attrs.frozen(kw_only=True)
class Head:
    """The end of a chain at some moment: kept elsewhere, it shows later whether anything before it was changed."""

    chain: Chain
    id: UUID
    """The id of the partnership, or of the file."""
    count: int
    """How many links there were."""
    link: str
    """The last link."""


@attrs.frozen(kw_only=True)
class Attempt:
    """A step that was requested and refused: who, when, which, and the codes of what refused it."""

    id: UUID
    partnership_id: UUID
    trigger: str
    source: str | None
    by: str
    at: datetime
    recorded_at: datetime
    codes: tuple[str, ...]
    """The policies that refused; empty for a step that is not legal or whose request lacked what it must carry."""


@attrs.frozen(kw_only=True)
class PackInForce:
    """A pack under which sweeps have run, from when on until the next one."""

    number: int
    """1 for the first, without gaps; a pack that is in force again has another number."""
    name: str
    version: str
    digest: str
    since: datetime
    """When the first sweep under it began, by the clock."""

    def __str__(self) -> str:
        return f"{self.name}@{self.version} ({self.digest[:12]})"


def transition_link(transition: Transition) -> str:
    """Return the link that *transition* must have."""
    move = transition.move
    return _link(
        transition.previous,
        {
            "id": str(transition.id),
            "partnership": str(transition.partnership_id),
            "version": transition.version,
            "trigger": str(move.trigger),
            "source": None if move.source is None else str(move.source),
            "target": str(move.target),
            "since": None if move.since is None else move.since.isoformat(),
            "by": _actor_data(move.by),
            "at": moment_text(transition.at),
            "recorded_at": moment_text(transition.recorded_at),
            "reason_sha256": transition.reason_redacted or sha256(move.reason or ""),
            "decision_sha256": transition.decision_redacted or sha256(transition.decision),
            "lifecycle": transition.lifecycle,
            "event": transition.event,
            "partner_file": [transition.partner_seq, transition.partner_link],
            "file": [transition.file_seq, transition.file_link],
        },
    )


def entry_link(entry: Entry, previous: str) -> str:
    """Return the link that *entry* must have after the link *previous*.

    Of one that nobody can read, it is over what is stored, so that a chain verifies although nobody can read all of it.
    """
    record = entry.record
    return _link(
        previous,
        {
            "id": str(entry.id),
            "file": str(entry.file_id),
            "seq": entry.seq,
            "kind": entry.kind,
            "revision": entry.revision,
            "text_sha256": entry.redacted or sha256(entry.text),
            "filed_at": None if entry.filed_at is None else moment_text(entry.filed_at),
            "recorded_at": None if entry.recorded_at is None else moment_text(entry.recorded_at),
            "by": record.filed_by if isinstance(record, Unread) else _actor_data(entry.filed_by),
            "version": entry.version,
            "documents": record.documents if isinstance(record, Unread) else unstructure(entry.documents),
            **({"word_of": entry.word_of} if entry.word_of else {}),
        },
    )


@lru_cache(maxsize=1024)
def _actor_data(actor: Actor | None) -> Any:
    return unstructure(actor)


def _link(previous: str, body: dict[str, Any]) -> str:
    return sha256(canonical({**body, "previous": previous}))
