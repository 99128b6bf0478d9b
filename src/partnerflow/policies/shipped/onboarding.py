"""What must have happened between a yes and the first day, and must stay true."""

from __future__ import annotations

from datetime import date

from partnerflow.dossier import Dossier, overlap
from partnerflow.lifecycle import State
from partnerflow.policies import ANY_TRIGGER, Problem, Until, Verdict, each, lack, need, not_applicable, policy
from partnerflow.records import Assignment, ExpectationsMeeting, Liaison, Orientation, Training, months_after

from .people import who_meet_students
from .school import schools
from .sides import assigned
from .states import FROM_VETTING, RUNNING

_DISTRICT = {
    "kind": "liaison",
    "side": "district",
    "name": "A. Anderson",
    "employer": "district",
    "contact": "anderson@district.example",
    "starts_on": "2026-08-01",
    "ends_on": "no_end",
}
_PARTNER = {
    **_DISTRICT,
    "side": "partner",
    "name": "Ines Moreno",
    "employer": "partner",
    "contact": "ines@riverbend.example",
}


@policy(
    "LIA-001",
    "Each side has a liaison",
    holds_in=RUNNING,
    cites=["CS2-2.S2", "CS2-2.A4"],
    owner="district",
    revision=2,
    fix="Name a liaison for the side above, whom the district, the school or the partner employs, with the first and "
    "last day, and file it.",
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
    if need(liaison.employer, liaison, "employer") == "other":
        yield Problem(liaison, "employer", "neither the district nor a school nor the partner employs the liaison")
    yield Until(dossier.through(liaison, on), "the {side}'s liaison leaves", side=side)


_EVERY_STATE = FROM_VETTING | {State.INTAKE}
_SCOPE = {"kind": "scope", "level": "school", "sites": ["255901001"]}
_CHAMPION = {
    "kind": "assignment",
    "role": "champion",
    "site": "255901001",
    "person": "P. Park",
    "employer": "school",
    "position": "principal",
    "starts_on": "2026-08-01",
    "ends_on": "no_end",
}
_MEMBER = {**_CHAMPION, "role": "team_member", "person": "A. Anderson", "employer": "district"}
_COORDINATOR = {
    **_MEMBER,
    "role": "coordinator",
    "assigned_by": "P. Park",
    "rights": ["open_improvement_plan", "extend_improvement_plan", "book_rooms"],
}
_BY_COORDINATOR = {
    "trigger": "open_improvement_plan",
    "by": {"id": "A. Anderson", "side": "school", "roles": ["coordinator"]},
}


@policy(
    "LIA-002",
    "A partnership with schools has a champion who leads one of them",
    holds_in=RUNNING,
    cites=["CS2-2.S3"],
    owner="school",
    fix="Ask an administrator of the school ({positions}) to stand up for the partnership, and file the assignment as "
    "champion with the first and last day.",
    passing=[_SCOPE, _CHAMPION],
    failing=[_SCOPE, {**_CHAMPION, "position": "volunteer"}],
    missing=[_SCOPE],
)
def champion(
    dossier: Dossier,
    on: date,
    *,
    positions: tuple[str, ...] = ("principal", "assistant_principal", "administrator"),
) -> Verdict:
    """Where the head of a school looks away, its staff soon does too."""
    at = frozenset(schools(dossier))

    def leads(one: Assignment) -> Verdict:
        if one.employer not in (None, "school", "district"):
            yield Problem(one, "employer", "the school does not employ the champion")
        if need(one.position, one, "position") not in positions:
            yield Problem(one, "position", "{position} leads no school", position=one.position)

    yield from assigned(dossier, ("champion",), on, leads, among=lambda one: overlap(frozenset({one.site}), at))


@policy(
    "LIA-003",
    "Somebody of the district's works on the partnership",
    holds_in=_EVERY_STATE,
    cites=["D4.F3"],
    severity="advisory",
    owner="district",
    fix="Give somebody of the district or the school a part in the partnership ({parts}), and file it with the first "
    "and last day.",
    passing=[_MEMBER],
    failing=[{**_MEMBER, "employer": "partner"}],
    missing=[],
)
def worked_on(dossier: Dossier, on: date, *, parts: tuple[str, ...] = ("team_member", "coordinator")) -> Verdict:
    """A partnership that is everybody's affair is nobody's work."""
    yield from assigned(dossier, parts, on, _is_ours)


def _is_ours(one: Assignment) -> Verdict:
    if one.employer not in (None, "school", "district"):
        yield Problem(one, "employer", "neither the district nor the school employs them")


@policy(
    "LIA-004",
    "Whoever coordinates was given the right to",
    holds_in=RUNNING,
    cites=["CS2-X4d"],
    severity="advisory",
    owner="school",
    fix="Have an administrator name a coordinator or liaison, say what they may do for the school, and file it with "
    "the first and last day.",
    passing=[_COORDINATOR],
    failing=[{**_COORDINATOR, "rights": []}],
    missing=[],
)
def coordinator_empowered(
    dossier: Dossier, on: date, *, parts: tuple[str, ...] = ("coordinator", "liaison")
) -> Verdict:
    """A go-between who must ask before each step is one more person to wait for."""

    def empowered(one: Assignment) -> Verdict:
        yield from _is_ours(one)
        if not one.assigned_by:
            yield lack(one, "assigned_by")
        if not need(one.rights, one, "rights"):
            yield Problem(one, "rights", "{person} may do nothing", person=one.person)

    yield from assigned(dossier, parts, on, empowered)


@policy(
    "LIA-005",
    "A coordinator does what an administrator gave the right to",
    guards={ANY_TRIGGER},
    cites=["CS2-2.A5"],
    owner="school",
    fix="Have an administrator of the school file the coordinator's assignment with this right and its days, or ask "
    "somebody else to take the step.",
    max_waiver_days=0,
    authority=True,
    passing={"asks": _BY_COORDINATOR, "partnership": {"state": State.ACTIVE}, "records": [_COORDINATOR]},
    failing={
        "asks": _BY_COORDINATOR,
        "partnership": {"state": State.ACTIVE},
        "records": [{**_COORDINATOR, "rights": ["book_rooms"]}],
    },
    missing={"asks": _BY_COORDINATOR, "partnership": {"state": State.ACTIVE}, "records": []},
)
def coordinator_may(dossier: Dossier, on: date, *, role: str = "coordinator") -> Verdict:
    """What somebody may do for a school, that school says, and for how long. Other roles stand apart."""
    move = need(dossier.move, "move")
    by = need(move.by, "move.by")
    if by.roles != {role}:
        not_applicable("who asks is not there as a coordinator alone")

    def given(one: Assignment) -> Verdict:
        if not one.assigned_by:
            yield lack(one, "assigned_by")
        if need(one.rights, one, "rights").isdisjoint({move.trigger, "*"}):
            yield Problem(one, "rights", "{person} may not {trigger}", person=one.person, trigger=move.trigger)

    yield from assigned(dossier, (role,), on, given, among=lambda one: one.person == by.id)


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
    owner="partner",
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
    owner="district",
    revision=2,
    fix="Hold an orientation with the partner and file it, with who led it.",
    passing=[_ORIENTATION],
    failing=[{**_ORIENTATION, "partner_attended": False}],
    missing=[],
)
def orientation_held(dossier: Dossier, on: date, *, returning_exempt: bool = False) -> Verdict:
    """Fire drill, sign-in desk, whom to tell: what everybody in the house knows and no guest does.

    Whether a partner that comes back may do without is a setting.
    """
    if returning_exempt and dossier.partnership.succeeds is not None:
        not_applicable("the partner comes back, and knows the house")
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
    owner="school",
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
