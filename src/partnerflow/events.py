"""Events: facts in the past tense, in the CloudEvents 1.0 envelope.

Their data is thin: ids, states, codes and days. It has no reason, no name and no content of a record, so that nothing
about a person leaves with an event. A receiver that wants more has to ask for it, and is authenticated then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import attrs

from partnerflow.canonical import canonical
from partnerflow.history import Transition
from partnerflow.obligations import Notice
from partnerflow.records import (
    Confirmation,
    Entry,
    Record,
    Redaction,
    Retraction,
    Waiver,
    WaiverRefusal,
    WaiverRequest,
    WaiverRevocation,
)
from partnerflow.records.conversion import moment_text

PREFIX = "org.partnerflow."


@attrs.frozen
class EventType:
    """A type of event that is not a step of the lifecycle: its name, what it means, and the clauses that it answers."""

    name: str
    means: str
    cites: tuple[str, ...] = ()

    @property
    def type(self) -> str:
        """The full type, such as `org.partnerflow.record.filed.v1`."""
        return event_type(self.name)


FILED = EventType("record.filed", "a record was filed", cites=("EAF-4.2.0",))
RETRACTED = EventType("record.retracted", "a record was taken back", cites=("SPPS-III.D2",))
WAITING = EventType(
    "record.waiting", "what the partner filed waits for the district's side to confirm it", cites=("EAF-C.3b",)
)
CONFIRMED = EventType("record.confirmed", "the district's side confirmed what the partner filed", cites=("EAF-C.3b",))
REDACTED = EventType("record.redacted", "texts were blanked: blank your copies of them too", cites=("SPPS-III.D2",))
WAIVERS: Mapping[type[Record], EventType] = {
    WaiverRequest: EventType("waiver.requested", "a waiver of a policy was requested", cites=("EAF-C.3c",)),
    Waiver: EventType("waiver.granted", "a policy is waived for a while", cites=("EAF-C.3c",)),
    WaiverRefusal: EventType("waiver.refused", "a requested waiver is not granted", cites=("EAF-C.3c",)),
    WaiverRevocation: EventType("waiver.revoked", "a waiver no longer counts", cites=("EAF-C.3c",)),
}
"""The events of a waiver, which follow the event that a record was filed."""
NOTICES: Mapping[str, EventType] = {
    "approaching": EventType(
        "obligation.approaching",
        "a sweep found that a policy comes due",
        cites=("EAF-C.3a", "EAF-4.2.0", "SPPS-V.4b.2"),
    ),
    "missed": EventType(
        "obligation.missed",
        "a sweep found that a policy no longer holds because its day has passed",
        cites=("EAF-C.3a", "EAF-4.2.0", "SPPS-V.4b.2", "CS2-2.S2"),
    ),
    "broken": EventType(
        "policy.broken", "a sweep found that a policy no longer holds for any other reason", cites=("CS2-2.S2",)
    ),
    "mended": EventType("policy.mended", "a sweep found that a policy holds again", cites=("CS2-2.S2",)),
    "waived": EventType(
        "policy.waived",
        "a sweep found that a policy which was reported is waived for a while, and no better",
        cites=("EAF-C.3c",),
    ),
    "over": EventType(
        "policy.over", "a sweep found that a policy which was reported is no longer asked", cites=("CS2-2.S2",)
    ),
}
"""The events of a sweep, by the `telling` of the Notice."""
EVENT_TYPES: tuple[EventType, ...] = (
    FILED,
    RETRACTED,
    WAITING,
    CONFIRMED,
    REDACTED,
    *WAIVERS.values(),
    *NOTICES.values(),
)
"""Every type of event except those of the lifecycle, whose rows name their own."""


def event_type(name: str) -> str:
    """Return the full type of an event, such as `org.partnerflow.partnership.activated.v1`."""
    return f"{PREFIX}{name}.v1"


@attrs.frozen(kw_only=True)
class Event:
    """A fact with an id, by which a receiver recognises one that it has received before."""

    id: UUID
    type: str
    tenant: str
    partnership_id: UUID
    sequence: int
    """Its number among the events of its partnership, from 1, without gaps."""
    time: datetime
    data: Mapping[str, Any] = attrs.field(hash=False)

    def body(self) -> str:
        """Return the CloudEvents envelope as canonical JSON: the text that is in the outbox."""
        return canonical(
            {
                "specversion": "1.0",
                "id": str(self.id),
                "source": f"urn:partnerflow:{self.tenant}",
                "type": self.type,
                "subject": str(self.partnership_id),
                "time": moment_text(self.time),
                "datacontenttype": "application/json",
                "sequence": f"{self.sequence:020d}",
                "partitionkey": str(self.partnership_id),
                "data": dict(self.data),
            }
        )


@attrs.frozen
class Fact:
    """What an event reports, before it has an id and a number."""

    type: str
    time: datetime
    data: Mapping[str, Any] = attrs.field(hash=False)


def moved(transition: Transition, partner_id: UUID) -> Fact:
    """Return the fact that a transition was made."""
    move = transition.move
    return Fact(
        transition.event,
        transition.at,
        {
            "partnership": str(transition.partnership_id),
            "partner": str(partner_id),
            "transition": str(transition.id),
            "version": transition.version,
            "trigger": str(move.trigger),
            "from": None if move.source is None else str(move.source),
            "to": str(move.target),
            "side": move.by.side if move.by else "system",
        },
    )


def filed(
    entry: Entry, partnership_id: UUID, time: datetime, *, hidden_by: UUID | None = None, waits: bool = False
) -> Iterator[Fact]:
    """Yield the facts that a record was filed, retracted, confirmed or redacted, and what this means; no content.

    *hidden_by* is the entry that begins later under its key, and stands in its place. A word that *waits* is the
    partner's, and does not count yet.
    """
    record = entry.record
    data = {"partnership": str(partnership_id), "entry": str(entry.id), "kind": entry.kind, "file": str(entry.file_id)}
    if isinstance(record, Retraction):
        yield Fact(RETRACTED.type, time, {**data, "retracted": str(record.entry_id)})
        if waits:
            yield Fact(WAITING.type, time, data)
        return
    if isinstance(record, Confirmation):
        yield Fact(CONFIRMED.type, time, {**data, "confirmed": list(map(str, record.entries))})
        return
    if isinstance(record, Redaction):
        yield Fact(REDACTED.type, time, {**data, "redacted": list(map(str, record.entries)), "steps": [*record.steps]})
        return
    yield Fact(FILED.type, time, data if hidden_by is None else {**data, "hidden_by": str(hidden_by)})
    if waits:
        yield Fact(WAITING.type, time, data)
    if isinstance(record, (Waiver, WaiverRequest, WaiverRefusal, WaiverRevocation)):
        until = record.expires_on.isoformat() if isinstance(record, (Waiver, WaiverRequest)) else None
        waiver = {
            "partnership": str(partnership_id),
            "entry": str(entry.id),
            "policy": record.policy,
            "expires_on": until,
        }
        yield Fact(WAIVERS[type(record)].type, time, waiver)


def noticed(notice: Notice, time: datetime) -> Fact:
    """Return the fact that a sweep sent a notice."""
    data: dict[str, Any] = {
        "partnership": str(notice.partnership_id),
        "policy": notice.code,
        "title": notice.title,
        "due_on": None if notice.due_on is None else notice.due_on.isoformat(),
        "days_left": notice.days_left,
    }
    if notice.waiver is not None:
        data["waiver"] = {"entry": notice.waiver.entry_id, "expires_on": notice.waiver.expires_on.isoformat()}
    return Fact(NOTICES[notice.telling].type, time, data)
