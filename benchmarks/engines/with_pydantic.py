"""The 25 checks in pydantic: fields and validators.

What one record says is checked in its class, what several say together in the root's. The root's validators run only
where every field below was good, so that a faulty field hides what they would find.
"""
# ruff: noqa: D101, D102  the classes are named after the records

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from .case import (
    CRITERIA,
    DAY,
    MAY_AMEND,
    MET_ON,
    MINIMUM,
    STEPS,
    TOPICS,
    TRAINED_SINCE,
    amount,
    asked,
)

SIDES = frozenset({"district", "partner"})


def _must(code: str, holds: Callable[[Any], bool]) -> AfterValidator:
    def check(value: Any) -> Any:
        if not holds(value):
            raise PydanticCustomError(code, "does not hold")
        return value

    return AfterValidator(check)


Day = Annotated[date, BeforeValidator(lambda value: date.max if value == "no_end" else value)]


class Dated(BaseModel):
    starts_on: Day
    ends_on: Day

    @property
    def covers(self) -> bool:
        return self.starts_on <= DAY <= self.ends_on


class Partner(BaseModel):
    name: str
    kind: str
    classification: Annotated[str, _must("REG-001", lambda value: value in ("partner", "vendor"))]
    licences_required: list[str]


class Contact(Dated):
    name: str
    email: str | None = None
    phone: str | None = None


class Scope(BaseModel):
    level: str
    sites: Annotated[list[str], _must("REG-002", bool)]


class Service(BaseModel):
    service: str
    summary: Annotated[str, _must("REG-002", bool)]
    content_areas: Annotated[list[str], _must("REG-002", bool)]
    sites: Annotated[list[str], _must("REG-002", bool)]
    direct_contact: bool
    on_site: bool


class Need(BaseModel):
    purposes: list[str]
    why_this_partner: str


class Goal(BaseModel):
    outcome: str
    how: str
    current: bool


class Score(BaseModel):
    score: Annotated[int, _must("VET-001", lambda value: value >= 1)]
    evidence: Annotated[str, _must("VET-001", bool)]


class Step(BaseModel):
    done_on: Annotated[date, _must("VET-002", lambda value: value <= DAY)]
    by: Annotated[str, _must("VET-002", bool)]


class Review(BaseModel):
    scores: Annotated[dict[str, Score], _must("VET-001", lambda value: value.keys() >= set(CRITERIA))]
    steps: Annotated[dict[str, Step], _must("VET-002", lambda value: value.keys() >= set(STEPS))]
    fits_communities: Annotated[bool, _must("VET-003", bool)]
    fit_reason: Annotated[str, _must("VET-003", bool)]


class Person(BaseModel):
    person: str
    direct_contact: bool


class Check(BaseModel):
    person: str
    result: Annotated[str, _must("SAFE-001", lambda value: value == "clear")]
    cleared_on: date
    ends_on: Day

    @property
    def covers(self) -> bool:
        return self.cleared_on <= DAY <= self.ends_on


class Insurance(Dated):
    line: str
    per_occurrence: Annotated[str, _must("SAFE-002", lambda value: amount(value) >= MINIMUM)]


class Access(Dated):
    site: str
    paperwork: Annotated[str, _must("SAFE-003", bool)]


class Licence(Dated):
    licence_type: str
    identifier: Annotated[str, _must("SAFE-004", bool)]


class Training(BaseModel):
    person: str
    topic: str
    completed_on: Annotated[date, _must("TRN-001", lambda value: TRAINED_SINCE <= value <= DAY)]
    high_quality: Annotated[bool, _must("TRN-001", bool)]


class DistrictContact(BaseModel):
    name: Annotated[str, _must("AGR-002", bool)]


class PartnerContact(BaseModel):
    name: Annotated[str, _must("AGR-003", bool)]
    contact: Annotated[str, _must("AGR-003", bool)]


class TimeAndSpace(BaseModel):
    schedule: Annotated[str, _must("AGR-004", bool)]
    space: Annotated[str, _must("AGR-004", bool)]
    accepted_by: Annotated[set[str], _must("AGR-004", SIDES.issubset)]


class Milestone(BaseModel):
    district_goals: Annotated[list[str], _must("AGR-005", bool)]
    partner_goals: Annotated[list[str], _must("AGR-005", bool)]


class Transition(BaseModel):
    who: Annotated[str, _must("AGR-007", bool)]
    when: Annotated[str, _must("AGR-007", bool)]
    what: Annotated[str, _must("AGR-007", bool)]


class Agreement(Dated):
    form: str
    signed_by_district_on: Annotated[date, _must("AGR-001", lambda value: value <= DAY)]
    signed_by_partner_on: Annotated[date, _must("AGR-001", lambda value: value <= DAY)]
    district_contact: DistrictContact
    partner_contact: PartnerContact
    time_and_space: TimeAndSpace
    milestones: Annotated[list[Milestone], _must("AGR-005", bool)]
    transition: Transition
    trained_people: set[str]


class Element(BaseModel):
    kept_in: Annotated[str, _must("AGR-006", bool)]


class Sharing(Dated):
    elements: list[Element]
    purpose: str
    basis: str
    confidentiality: Annotated[str, _must("AGR-006", bool)]
    caseload_system: str


class Liaison(Dated):
    side: str
    name: Annotated[str, _must("LIA-001", bool)]
    contact: Annotated[str, _must("LIA-001", bool)]


class Orientation(BaseModel):
    held_on: Annotated[date, _must("ORI-001", lambda value: value <= DAY)]
    partner_attended: Annotated[bool, _must("ORI-001", bool)]
    led_by: Annotated[str, _must("ORI-001", bool)]


class Meeting(BaseModel):
    held_on: Annotated[date, _must("ORI-002", lambda value: value <= DAY)]
    sides: Annotated[set[str], _must("ORI-002", SIDES.issubset)]
    topics: Annotated[set[str], _must("ORI-002", lambda value: value >= set(MET_ON))]
    accepted_by: Annotated[set[str], _must("ORI-002", SIDES.issubset)]


class Filed(BaseModel):
    version: int


class Amendment(BaseModel):
    what: Annotated[str, _must("AMD-001", bool)]
    requested_by: Annotated[str, _must("AMD-001", bool)]
    entry: Filed


class Actor(BaseModel):
    roles: Annotated[set[str], _must("AUTH-001", lambda value: not value.isdisjoint(MAY_AMEND))]


class Asked(BaseModel):
    partner: Partner
    by: Actor
    last_amended: int
    contact: list[Contact]
    scope: list[Scope]
    service: list[Service]
    need: list[Need]
    strategic_goal: list[Goal]
    vetting_review: list[Review]
    person: list[Person]
    background_check: list[Check]
    insurance: list[Insurance]
    facility_access: list[Access]
    licence: list[Licence]
    training: list[Training]
    agreement: list[Agreement]
    data_sharing_agreement: list[Sharing]
    liaison: list[Liaison]
    orientation: list[Orientation]
    expectations_meeting: list[Meeting]
    amendment: list[Amendment]

    @model_validator(mode="after")
    def together(self) -> Asked:
        wrong = [InitErrorDetails(type=PydanticCustomError(code, "does not hold")) for code in self._wrong()]
        if wrong:
            raise ValidationError.from_exception_data("Asked", wrong)
        return self

    def _wrong(self) -> Iterator[str]:
        yield from self._wrong_now()
        yield from self._wrong_of_people([person.person for person in self.person if person.direct_contact])

    def _wrong_now(self) -> Iterator[str]:
        if not any((c.email or c.phone) and c.covers for c in self.contact):
            yield "REG-002"
        if not any(one.purposes for one in self.need):
            yield "NEED-001"
        if not any(goal.current for goal in self.strategic_goal):
            yield "GOAL-001"
        if not any(cover.covers for cover in self.insurance if cover.line == "general_liability"):
            yield "SAFE-002"
        granted = {access.site for access in self.facility_access if access.covers}
        if not all(site in granted or "*" in granted for s in self.service if s.on_site for site in s.sites):
            yield "SAFE-003"
        if not set(self.partner.licences_required) <= {one.licence_type for one in self.licence if one.covers}:
            yield "SAFE-004"
        if not any(agreement.covers for agreement in self.agreement):
            yield "AGR-001"
        if not any(sharing.covers for sharing in self.data_sharing_agreement):
            yield "AGR-006"
        if not {liaison.side for liaison in self.liaison if liaison.covers} >= SIDES:
            yield "LIA-001"
        if not any(amendment.entry.version >= self.last_amended for amendment in self.amendment):
            yield "AMD-001"

    def _wrong_of_people(self, people: list[str]) -> Iterator[str]:
        if not {check.person for check in self.background_check if check.covers}.issuperset(people):
            yield "SAFE-001"
        if not self.agreement[-1].trained_people.issuperset(people):
            yield "AGR-008"
        trained = {(training.person, training.topic) for training in self.training}
        if not trained.issuperset((person, topic) for person in people for topic in TOPICS):
            yield "TRN-001"


def failing(mapping: Mapping[str, Any]) -> set[str]:
    try:
        Asked.model_validate(asked(mapping))
    except ValidationError as error:
        return {found["type"] for found in error.errors(include_url=False, include_context=False, include_input=False)}
    return set()
