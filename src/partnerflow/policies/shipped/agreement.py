"""What both sides must have signed: the agreement, and the seven things that it must settle (EAF-4.2.a-g)."""
# ruff: noqa: ARG001  every policy is given the day, whether it reads it or not

from __future__ import annotations

from collections.abc import Generator
from datetime import date
from typing import Any

from partnerflow.dossier import ONE_DAY, Dossier
from partnerflow.lifecycle import State, Trigger
from partnerflow.policies import Problem, Until, Verdict, lack, need, policy
from partnerflow.records import Agreement, Amendment, DataSharingAgreement

from .people import who_meet_students
from .states import RUNNING

AGREEMENT: dict[str, Any] = {
    "kind": "agreement",
    "form": "mou",
    "signed_by_district_on": "2026-08-20",
    "signed_by_partner_on": "2026-08-18",
    "starts_on": "2026-09-01",
    "ends_on": "2027-08-31",
    "district_contact": {"name": "A. Anderson"},
    "partner_contact": {"name": "Ines Moreno", "contact": "ines@riverbend.example"},
    "time_and_space": {"schedule": "Tue, Thu 15:00-17:00", "space": "room 12", "accepted_by": ["district", "partner"]},
    "milestones": [
        {"milestone": "80% attend", "district_goals": ["reading by grade 3"], "partner_goals": ["reach 40 children"]}
    ],
    "transition": {"who": "counselor and mentor", "when": "May of grade 12", "what": "plan and contacts"},
    "trained_people": ["j.rivera"],
}


def but(**changes: Any) -> dict[str, Any]:
    """Return the example agreement with some fields changed, and those that are None left out."""
    return {key: value for key, value in {**AGREEMENT, **changes}.items() if value is not None}


def in_force(dossier: Dossier, on: date) -> Generator[Until, None, Agreement]:
    """Return the agreement of the day; where another takes over later, say until when this one is asked.

    That it has ended is for AGR-001 alone to say.
    """
    agreement = need(dossier.on(Agreement, on), "agreement")
    need(agreement.starts_on, agreement, "starts_on")
    need(agreement.ends_on, agreement, "ends_on")
    replaced = dossier.replaced_on(agreement, on)
    if replaced is not None:
        yield Until(replaced - ONE_DAY, "another agreement takes its place")
    return agreement


@policy(
    "AGR-001",
    "An agreement is executed and in force",
    holds_in=RUNNING,
    cites=["EAF-4.2.0", "TK-3"],
    labelled=True,
    fix="Have both sides sign an agreement that covers today and file it with its dates.",
    owner="district",
    passing=[AGREEMENT],
    failing=[but(ends_on="2026-08-31", starts_on="2025-09-01")],
    missing=[but(signed_by_partner_on=None)],
)
def agreement_in_force(
    dossier: Dossier, on: date, *, forms: frozenset[str] = frozenset({"contract", "mou"})
) -> Verdict:
    """Nothing starts before the last signature, and nothing goes on after the last day."""
    agreement = need(dossier.on(Agreement, on), "agreement")
    if agreement.form is None:
        yield lack(agreement, "form")
    elif agreement.form not in forms:
        yield Problem(agreement, "form", "{form} is not what is signed here: {forms}", form=agreement.form, forms=forms)
    yield from signed(agreement, on)
    yield Until(dossier.through(agreement, on), "the agreement ends")


def signed(agreement: Agreement, on: date) -> Verdict:
    """Yield for each side that has not signed."""
    for field in ("signed_by_district_on", "signed_by_partner_on"):
        day = getattr(agreement, field)
        if day is None:
            yield lack(agreement, field, "is not signed")
        elif day > on:
            yield Problem(agreement, field, "is to be signed on {day}", day=day, mends_on=day)


def names_party(dossier: Dossier, on: date, field: str, *parts: str) -> Verdict:
    """Yield for each of *parts* that the agreement of the day leaves empty of the person under *field*."""
    agreement = yield from in_force(dossier, on)
    party = need(getattr(agreement, field), agreement, field)
    for part in parts:
        if not need(getattr(party, part), agreement, f"{field}/{part}"):
            yield Problem(agreement, f"{field}/{part}", "is empty")


@policy(
    "AGR-002",
    "The agreement names who answers for it at the district",
    holds_in=RUNNING,
    cites=["EAF-4.2.a"],
    labelled=True,
    fix="Name one person at the district who sees to the programme, and file the agreement again.",
    owner="district",
    passing=[AGREEMENT],
    failing=[but(district_contact={"name": ""})],
    missing=[but(district_contact=None)],
)
def district_contact(dossier: Dossier, on: date) -> Verdict:
    """A programme that everybody answers for is one that nobody does."""
    yield from names_party(dossier, on, "district_contact", "name")


@policy(
    "AGR-003",
    "The agreement names the partner's point of contact",
    holds_in=RUNNING,
    cites=["EAF-4.2.b"],
    labelled=True,
    fix="Name one person at the partner and how to reach them, and file the agreement again.",
    owner="partner",
    passing=[AGREEMENT],
    failing=[but(partner_contact={"name": "Ines Moreno", "contact": ""})],
    missing=[but(partner_contact={"name": "Ines Moreno"})],
)
def partner_contact(dossier: Dossier, on: date) -> Verdict:
    """Exactly one person speaks for the partner, so that a word given is a word given."""
    yield from names_party(dossier, on, "partner_contact", "name", "contact")


@policy(
    "AGR-004",
    "Time and space are agreed by both sides",
    holds_in=RUNNING,
    cites=["EAF-4.2.c"],
    labelled=True,
    fix="Agree on days, times and a room, have both sides accept them, and file the agreement again.",
    owner="school",
    passing=[AGREEMENT],
    failing=[but(time_and_space={**AGREEMENT["time_and_space"], "accepted_by": ["district"]})],
    missing=[but(time_and_space={"schedule": "Tue, Thu 15:00-17:00"})],
)
def time_and_space(dossier: Dossier, on: date) -> Verdict:
    """A partner without a room is a partner in the corridor."""
    agreement = yield from in_force(dossier, on)
    agreed = need(agreement.time_and_space, agreement, "time_and_space")
    for field in ("schedule", "space"):
        if not getattr(agreed, field):
            yield lack(agreement, f"time_and_space/{field}")
    accepted = need(agreed.accepted_by, agreement, "time_and_space/accepted_by")
    for side in sorted({"district", "partner"} - accepted):
        yield Problem(agreement, "time_and_space/accepted_by", "the {side} has not accepted it", side=side)


@policy(
    "AGR-005",
    "Every milestone serves a goal of each side",
    holds_in=RUNNING,
    cites=["EAF-4.2.d"],
    labelled=True,
    fix="Link each milestone named above to at least one goal of the district and one of the partner.",
    owner="district",
    passing=[AGREEMENT],
    failing=[but(milestones=[])],
    missing=[but(milestones=[{"milestone": "80% attend", "district_goals": ["reading by grade 3"]}])],
)
def milestones_aligned(dossier: Dossier, on: date) -> Verdict:
    """What is counted must matter to both, or one side will stop counting."""
    agreement = yield from in_force(dossier, on)
    milestones = need(agreement.milestones, agreement, "milestones")
    if not milestones:
        yield Problem(agreement, "milestones", "none is agreed")
    for place, milestone in enumerate(milestones):
        for field in ("district_goals", "partner_goals"):
            if not getattr(milestone, field):
                yield lack(
                    agreement, f"milestones/{place}/{field}", "{milestone} serves none", milestone=milestone.milestone
                )


_SHARING = {
    "kind": "data_sharing_agreement",
    "elements": [{"element": "attendance", "kept_in": "service log"}],
    "purpose": "to see whether tutoring helps",
    "basis": "written consent of the parents",
    "confidentiality": "annex B",
    "caseload_system": "the district's caseload system",
    "starts_on": "2026-09-01",
    "ends_on": "2027-08-31",
}


@policy(
    "AGR-006",
    "Data sharing and confidentiality are agreed and reach the caseload system",
    holds_in=RUNNING,
    cites=["EAF-4.2.e", "EAF-C.5b"],
    labelled=True,
    fix="File a data-sharing agreement that covers today, with purpose, basis, confidentiality and where each shared "
    "element is kept; an empty list of elements if none is shared.",
    owner="district",
    passing=[_SHARING],
    failing=[{**_SHARING, "elements": [{"element": "attendance", "kept_in": ""}]}],
    missing=[],
)
def data_sharing(dossier: Dossier, on: date) -> Verdict:
    """What is known of a child is shared for a purpose, with a basis, and ends."""
    sharing = need(dossier.on(DataSharingAgreement, on), "data_sharing_agreement")
    elements = need(sharing.elements, sharing, "elements")
    for field in ("confidentiality", "purpose", "basis", "caseload_system"):
        if not getattr(sharing, field):
            yield lack(sharing, field)
    for place, shared in enumerate(elements):
        if shared.kept_in is None:
            yield lack(sharing, f"elements/{place}/kept_in")
        elif not shared.kept_in:
            yield Problem(sharing, f"elements/{place}/kept_in", "{name} is kept nowhere", name=shared.element)
    yield Until(dossier.through(sharing, on), "the data-sharing agreement ends")


@policy(
    "AGR-007",
    "The agreement says how advising is handed on to post-secondary education",
    holds_in=RUNNING,
    cites=["EAF-4.2.f"],
    labelled=True,
    fix="Agree on who hands on what, and when, and file the agreement again; where no student leaves secondary school "
    "here, say that.",
    owner="school",
    passing=[AGREEMENT],
    failing=[but(transition={**AGREEMENT["transition"], "what": ""})],
    missing=[but(transition={"who": "counselor and mentor"})],
)
def transition_agreed(dossier: Dossier, on: date) -> Verdict:
    """Advice that stops on the last day of school stops when it is needed most."""
    agreement = yield from in_force(dossier, on)
    transition = need(agreement.transition, agreement, "transition")
    for field in ("who", "when", "what"):
        said = getattr(transition, field)
        if said is None:
            yield lack(agreement, f"transition/{field}")
        elif not said:
            yield Problem(agreement, f"transition/{field}", "is empty")


_SERVICE = {"kind": "service", "service": "tutoring", "direct_contact": True}
_PERSON = {"kind": "person", "person": "j.rivera", "direct_contact": True}


@policy(
    "AGR-008",
    "The training agreement covers everyone who meets students",
    holds_in=RUNNING,
    cites=["EAF-4.2.g"],
    labelled=True,
    fix="Add the people named above to the training agreement and file the agreement again.",
    owner="partner",
    passing=[AGREEMENT, _SERVICE, _PERSON],
    failing=[but(trained_people=[]), _SERVICE, _PERSON],
    missing=[but(trained_people=None), _SERVICE, _PERSON],
)
def training_agreed(dossier: Dossier, on: date) -> Verdict:
    """Whoever works with students is held to the training, by name."""
    people = yield from who_meet_students(dossier)
    agreement = yield from in_force(dossier, on)
    covered = need(agreement.trained_people, agreement, "trained_people")
    for person in people:
        if person.person not in covered:
            yield Problem(agreement, "trained_people", "{person} is not among them", person=person.person)


_ACTIVE = {"state": State.ACTIVE}
_MOVES = [
    {"trigger": "adopt", "source": None, "target": "active", "reason": "in place", "by": {"id": "a.anderson"}},
]
_AMENDMENT = {
    "kind": "amendment",
    "what": "a second site",
    "requested_by": "school",
    "entry": {"version": 1, "filed_by": {"id": "a.anderson"}},
}


@policy(
    "AMD-001",
    "An amendment says what changes and who asked for it",
    guards={Trigger.AMEND},
    cites=["SPPS-V.13b"],
    fix="File an amendment for this change: what changes, and which side asked for it.",
    owner="district",
    passing={"partnership": _ACTIVE, "records": [_AMENDMENT], "moves": _MOVES},
    failing={
        "partnership": _ACTIVE,
        "records": [_AMENDMENT],
        "moves": [*_MOVES, {"trigger": "amend", "source": "active", "target": "active", "by": {"id": "a.anderson"}}],
    },
    missing={"partnership": _ACTIVE, "records": [], "moves": _MOVES},
)
def amendment_filed(dossier: Dossier, on: date) -> Verdict:
    """A change that nobody wrote down is found out in the next quarrel."""
    amendment = need(dossier.latest(Amendment), "amendment")
    for field in ("what", "requested_by"):
        if not getattr(amendment, field):
            yield lack(amendment, field)
    if not dossier.filed_since(amendment, dossier.last_made(Trigger.AMEND)):
        yield Problem(amendment, None, "was for an earlier change")
