"""What must have happened between a yes and the first day, and must stay true."""

from __future__ import annotations

from datetime import date

from partnerflow.dossier import Dossier
from partnerflow.policies import Problem, Until, Verdict, each, lack, need, policy
from partnerflow.records import ExpectationsMeeting, Liaison, Orientation, Training, months_after

from .people import who_meet_students
from .states import RUNNING

_DISTRICT = {
    "kind": "liaison",
    "side": "district",
    "name": "A. Anderson",
    "contact": "anderson@district.example",
    "starts_on": "2026-08-01",
    "ends_on": "no_end",
}
_PARTNER = {**_DISTRICT, "side": "partner", "name": "Ines Moreno", "contact": "ines@riverbend.example"}


@policy(
    "LIA-001",
    "Each side has a liaison",
    holds_in=RUNNING,
    cites=["CS2-2.S2", "CS2-2.A4"],
    fix="Name a liaison for the side above, with the first and last day, and file it.",
    passing=[_DISTRICT, _PARTNER],
    failing=[_DISTRICT, {**_PARTNER, "ends_on": "2026-08-31"}],
    missing=[_DISTRICT],
)
def liaisons(dossier: Dossier, on: date) -> Verdict:
    """When the one who knew them leaves and nobody follows, a partnership is alone without noticing."""
    yield from each(("district", "partner"), lambda side: _looked_after(dossier, side, on))


def _looked_after(dossier: Dossier, side: str, on: date) -> Verdict:
    liaison = dossier.on(Liaison, on, side=side)
    if liaison is None:
        yield lack("liaisons", None, "the {side} has none", side=side)
        return
    for field in ("name", "contact"):
        if not getattr(liaison, field):
            yield lack(liaison, field)
    yield Until(dossier.through(liaison, on), "the {side}'s liaison leaves", side=side)


_SERVICE = {"kind": "service", "service": "tutoring", "direct_contact": True}
_PERSON = {"kind": "person", "person": "j.rivera", "direct_contact": True}
_TRAINED = {
    "kind": "training",
    "person": "j.rivera",
    "topic": "advising_fundamentals",
    "completed_on": "2026-08-10",
    "high_quality": True,
}
_TRAINED_TOO = {**_TRAINED, "topic": "content_area"}


@policy(
    "TRN-001",
    "Everyone who meets students was trained well, and not long ago",
    holds_in=RUNNING,
    cites=["EAF-4.2.g2"],
    fix="Have the people named above trained in {topics} (again after {months} months) and file each training.",
    passing=[_SERVICE, _PERSON, _TRAINED, _TRAINED_TOO],
    failing=[_SERVICE, _PERSON, _TRAINED, {**_TRAINED_TOO, "completed_on": "2024-08-10"}],
    missing=[_SERVICE, _PERSON, _TRAINED],
)
def training_recent(
    dossier: Dossier,
    on: date,
    *,
    months: int = 24,
    topics: tuple[str, ...] = ("advising_fundamentals", "content_area"),
) -> Verdict:
    """Good will is not a method. "Recent" has no number in the guides, so it is a setting."""
    people = yield from who_meet_students(dossier)
    lessons = [(person.person, topic) for person in people for topic in topics]
    yield from each(lessons, lambda lesson: _trained(dossier, *lesson, months=months, on=on))


def _trained(dossier: Dossier, person: str, topic: str, *, months: int, on: date) -> Verdict:
    training = dossier.on(Training, on, person=person, topic=topic)
    if training is None:
        yield lack("training", None, "{person} has none in {topic} on file", person=person, topic=topic)
        return
    if not need(training.high_quality, training, "high_quality"):
        yield Problem(training, "high_quality", "the training of {person} was not good enough", person=person)
    completed = need(training.completed_on, training, "completed_on")
    current = min(months_after(completed, months), dossier.through(training, on))
    yield Until(current, "the {topic} training of {person} is out of date", topic=topic, person=person)


_ORIENTATION = {"kind": "orientation", "held_on": "2026-08-25", "partner_attended": True, "led_by": "A. Anderson"}


@policy(
    "ORI-001",
    "The partner attended an orientation",
    holds_in=RUNNING,
    cites=["SPPS-V.21", "D4.5-L3b"],
    fix="Hold an orientation with the partner and file it, with who led it.",
    passing=[_ORIENTATION],
    failing=[{**_ORIENTATION, "partner_attended": False}],
    missing=[],
)
def orientation_held(dossier: Dossier, on: date) -> Verdict:
    """Fire drill, sign-in desk, whom to tell: what everybody in the house knows and no guest does."""
    orientation = need(dossier.on(Orientation, on), "orientation")
    if not orientation.led_by:
        yield lack(orientation, "led_by")
    if not need(orientation.partner_attended, orientation, "partner_attended"):
        yield Problem(orientation, "partner_attended", "the partner was not there")
    yield Until(dossier.through(orientation, on), "another orientation takes its place")


_MEETING = {
    "kind": "expectations_meeting",
    "held_on": "2026-08-22",
    "sides": ["district", "partner"],
    "topics": ["expectations", "vision", "priorities"],
    "accepted_by": ["district", "partner"],
}


@policy(
    "ORI-002",
    "Both sides met on what they expect, and accepted it in writing",
    holds_in=RUNNING,
    cites=["CS2-2.A1", "CS2-2.A1b", "CS2-2.S1"],
    fix="Meet on {topics}, write down what each side expects, have both accept it, and file the meeting.",
    passing=[_MEETING],
    failing=[{**_MEETING, "accepted_by": ["district"]}],
    missing=[],
)
def expectations_met(
    dossier: Dossier, on: date, *, topics: tuple[str, ...] = ("expectations", "vision", "priorities")
) -> Verdict:
    """Most partnerships that fail, fail on something that both sides took for granted."""
    meeting = need(dossier.on(ExpectationsMeeting, on), "expectations_meeting")
    for field in ("sides", "accepted_by"):
        present = need(getattr(meeting, field), meeting, field)
        if "partner" not in present:
            yield Problem(meeting, field, "the partner is not among them")
        if present.isdisjoint({"district", "school"}):
            yield Problem(meeting, field, "neither the district nor the school is among them")
    for topic in sorted(set(topics) - need(meeting.topics, meeting, "topics")):
        yield Problem(meeting, "topics", "{topic} was not spoken of", topic=topic)
    yield Until(dossier.through(meeting, on), "another meeting takes its place")
