"""What both sides signed, and what changed since."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from datetime import date
from typing import Literal

import attrs

from .labels import without_label
from .money import Money
from .registry import Record, record
from .texts import Prose


@attrs.frozen(kw_only=True)
class ResponsibleParty:
    """The person who is responsible on one side."""

    name: str | None = None
    role: str | None = None
    contact: str | None = None


@attrs.frozen(kw_only=True)
class TimeAndSpace:
    """When and where the partner works, and whether each side accepted it (EAF-4.2.c)."""

    schedule: str | None = None
    space: str | None = None
    accepted_by: AbstractSet[Literal["district", "partner"]] | None = None


@attrs.frozen(kw_only=True)
class Milestone:
    """A milestone or outcome, and the goals of each side that it serves (EAF-4.2.d)."""

    milestone: Prose
    district_goals: tuple[Prose, ...] | None = None
    partner_goals: tuple[Prose, ...] | None = None


@attrs.frozen(kw_only=True)
class CollegeTransition:
    """How advising passes from secondary to post-secondary education (EAF-4.2.f)."""

    who: str | None = None
    when: str | None = None
    what: Prose | None = None


@attrs.frozen(kw_only=True)
class Responsibility:
    """What one role on one side is responsible for (CS2-2.A3)."""

    side: Literal["district", "school", "partner"] | None = None
    role: str | None = None
    what: Prose | None = None


@attrs.frozen(kw_only=True)
class SharedElement:
    """One element of data on students that is shared, and where the caseload system keeps it (EAF-4.2.e)."""

    element: str
    kept_in: str | None = None


@record(
    "agreement",
    about="partnership",
    key=("label",),
    period=("starts_on", "ends_on"),
    asks={"cost": "any", "trained_people": "more"},
    revision=2,
    upcast=without_label,
    cites=(
        "EAF-4.2.0",
        "EAF-4.2.a",
        "EAF-4.2.b",
        "EAF-4.2.c",
        "EAF-4.2.d",
        "EAF-4.2.f",
        "EAF-4.2.g",
        "EAF-4.2.h",
        "SPPS-III.E6",
        "SPPS-V.7b",
        "CS2-2.A3",
    ),
)
class Agreement(Record):
    """The contract or memorandum of understanding. Data sharing, element e of EAF-4.2, is a record of its own."""

    form: Literal["contract", "mou"] | None = None
    version: str | None = None
    signed_by_district_on: date | None = None
    signed_by_partner_on: date | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    district_contact: ResponsibleParty | None = None
    partner_contact: ResponsibleParty | None = None
    time_and_space: TimeAndSpace | None = None
    milestones: tuple[Milestone, ...] | None = None
    transition: CollegeTransition | None = None
    trained_people: AbstractSet[str] | None = None
    """The people whom the training agreement covers (EAF-4.2.g); an empty set: nobody serves students directly."""
    plans: dict[str, Prose] | None = attrs.field(default=None, hash=False)
    """How the sides talk, solve problems and decide, by topic, such as "decision_making" (SPPS-III.E6)."""
    custodian: ResponsibleParty | None = None
    """Who keeps the paper and its versions (EAF-4.2.h)."""
    services: AbstractSet[str] | None = None
    """The names of the services that it covers; `{"*"}` for all."""
    responsibilities: tuple[Responsibility, ...] | None = None
    cost: Money | None = None
    """What the district pays over the term; `"0 USD"` if it pays nothing."""
    label: str = ""
    """One that is to stand beside the usual one, such as "field day", has a label; policies read the one without."""


@record(
    "data_sharing_agreement",
    about="partnership",
    key=("label",),
    period=("starts_on", "ends_on"),
    asks={"elements": "any"},
    revision=2,
    upcast=without_label,
    cites=("EAF-C.5b", "EAF-4.2.e", "EAF-4.4.a"),
)
class DataSharingAgreement(Record):
    """Which data on students may be shared, for what, and how each element reaches the caseload system."""

    elements: tuple[SharedElement, ...] | None = None
    """What is shared; an empty tuple: nothing."""
    purpose: Prose | None = None
    basis: str | None = None
    confidentiality: Prose | None = None
    caseload_system: str | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    label: str = ""
    """One that is to stand beside the usual one, such as "field day", has a label; policies read the one without."""


@record("amendment", about="partnership", cites=("SPPS-V.13b",))
class Amendment(Record):
    """A change of the terms: what, who asked for it, and since when (SPPS-V.13b)."""

    what: Prose | None = None
    requested_by: Literal["district", "school", "partner", "both"] | None = None
    effective_on: date | None = None
    voluntary: bool | None = None
