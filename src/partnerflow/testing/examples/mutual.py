"""The evidence of the example that both sides wrote together, and what a renewal asks of them again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from partnerflow.records import (
    EVERYWHERE,
    NO_END,
    Assignment,
    Benefit,
    Channel,
    CommunicationPlan,
    Consultation,
    Evaluation,
    ExpectedOutcome,
    QualitySystem,
    Record,
    ReviewDecision,
    SchoolApproval,
    SharedGoal,
    StakeholderInput,
    Statement,
)
from partnerflow.records.engagement import STAKEHOLDERS
from partnerflow.records.mutual import Side

_MET_ON = date(2026, 8, 22)
_BOTH: dict[Side, date] = {"school": _MET_ON, "partner": _MET_ON}
_NEED = "no reading support after 15:00"
_TEXTS = {
    "vision": "Every child in the neighbourhood reads with joy",
    "values": "Patience, and no child sent away",
    "roles": "The school finds the children, the center finds the tutors",
    "expectations": "Who does what, and what each may count on",
}


def of_both_sides(site: str) -> Iterator[Record]:
    """Yield what the school at *site* and the partner wrote together before the first day."""
    for subject, text in _TEXTS.items():
        yield Statement(
            subject=subject,
            version="1",
            text=text,
            written_on=_MET_ON,
            accepted_by=_BOTH,
            by_side={"school": "a room and a list of the children", "partner": "two tutors, twice a week"},
        )
    yield Benefit(
        side="school", kinds=frozenset({"skills", "resources"}), text="practice after class", confirmed_on=_MET_ON
    )
    yield Benefit(side="partner", kinds=frozenset({"reach"}), text="forty children more", confirmed_on=_MET_ON)
    yield _goal(_MET_ON)
    yield ExpectedOutcome(
        outcome="reads two levels higher",
        stated_on=_MET_ON,
        measure="grades",
        kind_of_outcome="academic",
        long_term=True,
    )
    yield _part("champion", site, person="P. Park", position="principal")
    yield _part("coordinator", site, person="L. Lopez", assigned_by="P. Park", rights=frozenset({"book_rooms"}))
    yield _part("quality_point_person", EVERYWHERE, person="L. Lopez")
    yield SchoolApproval(site=site, principal="P. Park", approved=True, signed_on=_MET_ON)
    yield QualitySystem(
        tool="the state's after-school checklist",
        measures={
            "reliability": "sessions held of sessions planned",
            "quality": "the checklist, twice a year",
            "alignment": "reading aims shared with the classroom",
        },
        agreed_by=_BOTH,
    )
    yield CommunicationPlan(
        channels=(Channel(way="mailing list", address="riverbend@school.example"),),
        norms="an answer within two school days",
        cadence="the first Tuesday of the month",
        review="each January and June, with the service log",
        committed_by=_BOTH,
    )
    for group in STAKEHOLDERS:
        yield StakeholderInput(
            group=group, topic="tutoring after school", said="wanted, if the late bus runs", given_on=date(2026, 8, 12)
        )
    yield Consultation(
        unit="general counsel",
        subject="data sharing",
        matter="legal",
        question="may attendance be shared for this?",
        asked_on=date(2026, 8, 10),
        answered_on=date(2026, 8, 17),
        answer="yes, with the consent on file",
    )


def for_renewal() -> Iterator[Record]:
    """Yield what both sides file before a renewal."""
    today = date(2026, 9, 14)
    yield Statement(
        subject="vision",
        version="1",
        text=_TEXTS["vision"],
        written_on=_MET_ON,
        accepted_by={"school": today, "partner": today},
    )
    yield _goal(today)
    yield Evaluation(
        evaluated_on=date(2026, 9, 10),
        done_by="research and evaluation",
        rating="effective",
        dimensions={"activities": "effective", "partnership": "effective", "progress": "partly_effective"},
        findings="attendance rose",
        evidence="the service log",
        effect="positive",
        benefits={"school": "effective", "partner": "effective"},
    )
    yield ReviewDecision(
        made_on=date(2026, 9, 11),
        decision="keep",
        reasons="attendance rose, and families ask for it",
        needs=(_NEED,),
        took_part=frozenset({"principal", "partner", "families"}),
    )


def _goal(confirmed_on: date) -> SharedGoal:
    return SharedGoal(
        goal="Every child reads by grade 3",
        held_by=frozenset({"school", "partner"}),
        confirmed_on=confirmed_on,
        category="student_learning",
        domain="academic_achievement",
        kind_of_outcome="academic",
        measure="grades",
        contributions={"school": "the list of children", "family": "ten minutes a day", "community": "tutors"},
        owners=("P. Park", "Ines Moreno"),
    )


def _part(
    role: str,
    site: str,
    *,
    person: str,
    position: str | None = None,
    assigned_by: str | None = None,
    rights: frozenset[str] | None = None,
) -> Assignment:
    return Assignment(
        role=role,
        site=site,
        person=person,
        employer="school",
        position=position,
        assigned_by=assigned_by,
        rights=rights,
        starts_on=date(2026, 8, 1),
        ends_on=NO_END,
    )
