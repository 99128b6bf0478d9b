"""The partner and its contacts, and the sites of the district."""

from __future__ import annotations

from datetime import date
from typing import Literal

import attrs

from .registry import Record, record
from .texts import Prose

Classification = Literal["partner", "sponsor", "vendor"]
PartnerKind = Literal[
    "community_organization",
    "higher_education",
    "employer",
    "workforce_board",
    "chamber",
    "industry_association",
    "civic",
    "faith_based",
    "health",
    "government",
    "other",
]


@record(
    "partner",
    about="partner",
    asks={"kind": "any", "classification": "any", "licences_required": "more", "has_employees": "if_true"},
    waits="by_field",
    cites=("EAF-C.2", "SPPS-V.2a", "SPPS-V.4a", "EAF-4.2.i"),
)
class Partner(Record):
    """An outside organisation, as it registered.

    `classification` is the district's term for it (SPPS-V.2a). `licences_required` names the licence types that it
    needs for its work; an empty tuple: it needs none. `has_employees` tells whether it pays anybody. `ids` are its ids
    in other systems, unique in each (`{"edfi": "19255901"}`); `part_of` is such an id of the organisation that it
    belongs to, as `"edfi:19"`.
    """

    name: str = attrs.field(validator=attrs.validators.min_len(1))
    kind: str | None = None
    """One of `PartnerKind`, or the host's own word (EAF-C.2)."""
    classification: Classification | None = None
    summary: Prose | None = None
    website: str | None = None
    in_region: bool | None = None
    licences_required: tuple[str, ...] | None = None
    has_employees: bool | None = None
    ids: dict[str, str] = attrs.field(factory=dict, hash=False)
    part_of: str | None = None


@record(
    "contact",
    about="partner",
    key=("name",),
    period=("starts_on", "ends_on"),
    waits="never",
    cites=("EAF-4.2.i", "EAF-4.2.b"),
)
class Contact(Record):
    """A person at the partner whom the district can reach, from one day to another."""

    name: str
    title: str | None = None
    email: str | None = None
    phone: str | None = None
    starts_on: date | None = None
    ends_on: date | None = None


@record("site", about="district", key=("site",), cites=("SPPS-V.3", "SPPS-III.D3"))
class Site(Record):
    """A place of the district's: a school, or the district itself. `site` is the host's own id for it."""

    site: str
    name: str
    level: Literal["district", "school"] | None = None
    part_of: str | None = None
    ids: dict[str, str] = attrs.field(factory=dict, hash=False)
