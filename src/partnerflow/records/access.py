"""What the partner has access to: data, material and the school day."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from datetime import date
from typing import Literal

from .labels import without_label
from .registry import Record, record
from .texts import Prose


@record(
    "access_grant",
    about="partnership",
    key=("access", "what"),
    period=("starts_on", "ends_on"),
    weighs="against",
    asks={"elements": "more"},
    cites=("TK-7", "EAF-4.4.a", "EAF-C.5b"),
)
class AccessGrant(Record):
    """Permission to use one resource of the district. It gives no other access; a further one must meet more policies.

    To end it, file it again with its last day. Permission to use rooms, with its paperwork, is `FacilityAccess`.
    """

    access: Literal["facility", "student_data", "curriculum"]
    what: str
    """Such as "attendance, grade 3" or "the reading units of grade 4"."""
    holder: str | None = None
    """The role or person at the partner who uses it and is responsible for it."""
    purpose: Prose | None = None
    elements: AbstractSet[str] | None = None
    """For data on students: the elements, named as in the data-sharing agreement."""
    starts_on: date | None = None
    ends_on: date | None = None


@record(
    "school_day_leave",
    about="partnership",
    key=("site", "label"),
    period=("starts_on", "ends_on"),
    revision=2,
    upcast=without_label,
    cites=("TK-6",),
)
class SchoolDayLeave(Record):
    """A school's permission to work with its teachers or students during the school day."""

    site: str
    granted_by: str | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    label: str = ""
    """One that is to stand beside the usual one, such as "field day", has a label; policies read the one without."""
