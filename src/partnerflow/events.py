"""What the outside is told: past-tense facts in the CloudEvents 1.0 envelope; data only.

The data is thin: ids, states, codes and days. It holds no reason, no name and no content of a record, so that nothing
about a person leaves with an event; whoever wants more asks, and is known by then.
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
    """A type of event that is not a step of the lifecycle: its name, what it tells, and the clauses that it answers."""

    name: str
    means: str
    cites: tuple[str, ...] = ()

    @property
    def type(self) -> str:
        """The full type, such as `org.partnerflow.record.filed.v1`."""
        return event_type(self.name)


FILED = EventType("record.filed", "a record was filed", cites=("EAF-4.2.0",))
RETRACTED = EventType("record.retracted", "a record was taken back", cites=("SPPS-III.D2",))
REDACTED = EventType(
    "record.redacted", "texts were blanked: whoever has a copy of them can blank it too", cites=("SPPS-III.D2",)
)
WAIVERS: Mapping[type[Record], EventType] = {
    WaiverRequest: EventType("waiver.requested", "somebody asked to let a policy pass", cites=("EAF-C.3c",)),
    Waiver: EventType("waiver.granted", "a policy may be fallen short of for a while", cites=("EAF-C.3c",)),
    WaiverRefusal: EventType("waiver.refused", "a waiver that was asked for is not granted", cites=("EAF-C.3c",)),
    WaiverRevocation: EventType("waiver.revoked", "a waiver counts no longer", cites=("EAF-C.3c",)),
}
"""What is told of a waiver besides that a record was filed."""
TELLINGS: Mapping[str, EventType] = {
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
}
"""What a sweep tells, by the word for it in a Notice."""
EVENT_TYPES: tuple[EventType, ...] = (FILED, RETRACTED, REDACTED, *WAIVERS.values(), *TELLINGS.values())
"""Every type of event, but for those of the lifecycle: a row names its own."""


def event_type(name: str) -> str:
    """Return the full type of an event, such as `org.partnerflow.partnership.activated.v1`."""
    return f"{PREFIX}{name}.v1"


@attrs.frozen(kw_only=True)
class Event:
    """A fact, with the id by which a receiver can tell that it has had it before."""

    id: UUID
    type: str
    tenant: str
    partnership_id: UUID
    sequence: int
    """Its place among the events of its partnership, from 1, without gaps."""
    time: datetime
    data: Mapping[str, Any] = attrs.field(hash=False)

    def body(self) -> str:
        """Return the CloudEvents envelope as canonical JSON: the very text that the outbox keeps."""
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
    """What is to be told, before it has an id and a place in the row."""

    type: str
    time: datetime
    data: Mapping[str, Any] = attrs.field(hash=False)


def moved(transition: Transition, partner_id: UUID) -> Fact:
    """Tell of a transition."""
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


def filed(entry: Entry, partnership_id: UUID, time: datetime) -> Iterator[Fact]:
    """Tell that a record was filed, or that one was retracted, and what became of a waiver; not what it says."""
    record = entry.record
    data = {"partnership": str(partnership_id), "entry": str(entry.id), "kind": entry.kind, "file": str(entry.file_id)}
    if isinstance(record, Retraction):
        yield Fact(RETRACTED.type, time, {**data, "retracted": str(record.entry_id)})
        return
    if isinstance(record, Redaction):
        yield Fact(REDACTED.type, time, {**data, "redacted": list(map(str, record.entries)), "steps": [*record.steps]})
        return
    yield Fact(FILED.type, time, data)
    if isinstance(record, (Waiver, WaiverRequest, WaiverRefusal, WaiverRevocation)):
        until = record.expires_on.isoformat() if isinstance(record, (Waiver, WaiverRequest)) else None
        told = {
            "partnership": str(partnership_id),
            "entry": str(entry.id),
            "policy": record.policy,
            "expires_on": until,
        }
        yield Fact(WAIVERS[type(record)].type, time, told)


def noticed(notice: Notice, time: datetime) -> Fact:
    """Tell what a sweep found."""
    return Fact(
        TELLINGS[notice.telling].type,
        time,
        {
            "partnership": str(notice.partnership_id),
            "policy": notice.code,
            "title": notice.title,
            "due_on": None if notice.due_on is None else notice.due_on.isoformat(),
            "days_left": notice.days_left,
        },
    )
