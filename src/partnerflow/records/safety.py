"""People in contact with students, their checks, and the partner's insurance and licences."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from datetime import date
from typing import Literal

from .labels import without_label
from .money import Money
from .registry import Record, record


@record(
    "person",
    about="partner",
    key=("person",),
    weighs="against",
    asks={"direct_contact": "if_true", "one_time_visitor": "if_false"},
    cites=("EAF-C.5a", "SPPS-V.4b.1"),
)
class Person(Record):
    """Somebody who works for the partner, paid or not. A further person must meet more policies.

    When somebody leaves, file the person again with `direct_contact=False`.
    """

    person: str
    """The partner's or host's id for the person, or the name; never a student's."""
    direct_contact: bool | None = None
    """Whether the person meets students in the partner's services."""
    role: str | None = None
    sites: AbstractSet[str] | None = None
    one_time_visitor: bool | None = None
    """Whether the person comes only once, such as a speaker."""


@record(
    "background_check",
    about="partner",
    key=("person",),
    period=("cleared_on", "ends_on"),
    adverse={"result": frozenset({"not_clear"})},
    cites=("EAF-C.3b", "SPPS-V.4b.1"),
)
class BackgroundCheck(Record):
    """The result of one person's background check, and how long it is valid."""

    person: str
    result: Literal["clear", "not_clear"] | None = None
    cleared_on: date | None = None
    ends_on: date | None = None
    provider: str | None = None
    components: AbstractSet[str] | None = None
    """What was checked, such as "fingerprint" or "tuberculosis"; `{"*"}` for everything."""


@record(
    "insurance",
    about="partner",
    key=("line", "label"),
    period=("starts_on", "ends_on"),
    revision=2,
    upcast=without_label,
    cites=("SPPS-V.4b.2",),
)
class Insurance(Record):
    """A certificate of insurance for one line of cover."""

    line: str
    """Such as "general_liability" or "workers_compensation"."""
    per_occurrence: Money | None = None
    aggregate: Money | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    insurer: str | None = None
    certificate: str | None = None
    district_additional_insured: bool | None = None
    district_certificate_holder: bool | None = None
    label: str = ""
    """One that is to stand beside the usual one, such as "field day", has a label; policies read the one without."""


@record(
    "licence",
    about="partner",
    key=("licence_type",),
    period=("starts_on", "ends_on"),
    adverse={"status": frozenset({"revoked", "suspended"})},
    cites=("EAF-C.3a",),
)
class Licence(Record):
    """A licence that an authority gave the partner, such as one for school-age care."""

    licence_type: str
    identifier: str | None = None
    issuer: str | None = None
    status: str | None = None
    starts_on: date | None = None
    ends_on: date | None = None


@record(
    "facility_access",
    about="partnership",
    key=("site", "label"),
    period=("starts_on", "ends_on"),
    revision=2,
    upcast=without_label,
    cites=("EAF-C.3a", "TK-7"),
)
class FacilityAccess(Record):
    """Permission to use the rooms of one site, with its paperwork (EAF-C.3a)."""

    site: str
    paperwork: str | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    label: str = ""
    """One that is to stand beside the usual one, such as "field day", has a label; policies read the one without."""
