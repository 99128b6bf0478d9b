"""What happens between the approval and the first day."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from datetime import date
from typing import Literal

from .registry import Record, record


@record("liaison", about="partnership", key=("side",), period=("starts_on", "ends_on"), cites=("CS2-2.S2", "CS2-2.A4"))
class Liaison(Record):
    """The one person on a side who is responsible for the partnership, from one day to another."""

    side: Literal["district", "partner"]
    name: str | None = None
    employer: Literal["district", "school", "partner", "other"] | None = None
    contact: str | None = None
    starts_on: date | None = None
    ends_on: date | None = None


@record("training", about="partner", key=("person", "topic"), period=("completed_on",), cites=("EAF-4.2.g2",))
class Training(Record):
    """A training that one person of the partner's completed."""

    person: str
    topic: str
    """Such as "advising_fundamentals" or "content_area"."""
    completed_on: date | None = None
    provider: str | None = None
    high_quality: bool | None = None


@record("orientation", about="partnership", period=("held_on",), cites=("SPPS-V.21", "D4.5-L3b"))
class Orientation(Record):
    """The onboarding session that the partner attended."""

    held_on: date | None = None
    partner_attended: bool | None = None
    led_by: str | None = None


@record("expectations_meeting", about="partnership", period=("held_on",), cites=("CS2-2.A1", "CS2-2.A1b", "CS2-2.S1"))
class ExpectationsMeeting(Record):
    """The first meeting of both sides, on expectations, vision and priorities."""

    held_on: date | None = None
    sides: AbstractSet[Literal["district", "school", "partner"]] | None = None
    topics: AbstractSet[str] | None = None
    accepted_by: AbstractSet[Literal["district", "school", "partner"]] | None = None
    """The sides that accepted the expectations as written down."""
