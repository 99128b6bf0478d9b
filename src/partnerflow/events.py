"""What the outside is told: past-tense facts in the CloudEvents 1.0 envelope; data only.

The data is thin: ids, states, codes and days. It holds no reason, no name and no content of a record, so that nothing
about a person leaves with an event; whoever wants more asks, and is known by then.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import attrs

from partnerflow.canonical import canonical
from partnerflow.history import Transition
from partnerflow.obligations import Notice
from partnerflow.records import Entry, Retraction
from partnerflow.records.conversion import moment_text

PREFIX = "org.partnerflow."
_TELLING = {
    "approaching": "obligation.approaching",
    "missed": "obligation.missed",
    "broken": "policy.broken",
    "mended": "policy.mended",
}


def event_type(name: str) -> str:
    """Give the full type of an event, such as `org.partnerflow.partnership.activated.v1`."""
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
        """Give the CloudEvents envelope as canonical JSON: the very text that the outbox keeps."""
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


def filed(entry: Entry, partnership_id: UUID, time: datetime) -> Fact:
    """Tell that a record was filed, or that one was retracted; not what it says."""
    record = entry.record
    data = {"partnership": str(partnership_id), "entry": str(entry.id), "kind": entry.kind, "file": str(entry.file_id)}
    if isinstance(record, Retraction):
        return Fact(event_type("record.retracted"), time, {**data, "retracted": str(record.entry_id)})
    return Fact(event_type("record.filed"), time, data)


def noticed(notice: Notice, time: datetime) -> Fact:
    """Tell what a sweep found."""
    return Fact(
        event_type(_TELLING[notice.telling]),
        time,
        {
            "partnership": str(notice.partnership_id),
            "policy": notice.code,
            "title": notice.title,
            "due_on": None if notice.due_on is None else notice.due_on.isoformat(),
            "days_left": notice.days_left,
        },
    )
