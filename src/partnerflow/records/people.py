"""The roles that people have in a partnership, and what a principal signed."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from datetime import date
from typing import Literal

from .registry import Record, record


@record(
    "assignment",
    about="partnership",
    key=("role", "site"),
    period=("starts_on", "ends_on"),
    cites=("CS2-2.S3", "CS2-2.A5", "CS2-2.A8", "CS2-3.A8", "CS2-X3g", "CS2-X4d", "D4.F3"),
)
class Assignment(Record):
    """The role of one person in the partnership, from one day to another. When they leave, only the role ends."""

    role: str
    """Such as "champion", "coordinator", "team_member", "lead_agency" or "quality_point_person"."""
    site: str
    """The school that it is for; "*" for all of them."""
    person: str | None = None
    employer: Literal["district", "school", "partner", "other"] | None = None
    position: str | None = None
    """Their position there, such as "principal"."""
    assigned_by: str | None = None
    rights: AbstractSet[str] | None = None
    """What they may do: triggers, words of the district, or "*" for everything; an empty set: nothing."""
    supervisor: str | None = None
    starts_on: date | None = None
    ends_on: date | None = None


@record("school_approval", about="partnership", key=("site",), cites=("CS2-C.a",))
class SchoolApproval(Record):
    """The decision of a school's principal on the partnership at that school, with name and day."""

    site: str
    principal: str | None = None
    approved: bool | None = None
    signed_on: date | None = None
