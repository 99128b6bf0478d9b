"""Rows D4.1 and D4.2: the district and colleges, and the students who go from one to the other."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import pairwise

from partnerflow.policies.verdict import Problem, lack, need
from partnerflow.records import months_after
from partnerflow.records.coalition import Commitment, JointAgreement, JointMeeting, LeaderEngagement, PartnershipProfile
from partnerflow.records.college import (
    CounselorAssignment,
    ImprovementCommitment,
    JointPlan,
    MatriculationCount,
    OutreachReach,
)

from .agreements import executed, signed_by
from .criterion import criterion
from .evidence import (
    Evidence,
    Observation,
    Observations,
    among,
    best_of,
    collect,
    filled_in,
    happened,
    in_force,
    includes,
    none_on_file,
    one_like,
    one_of,
    risen,
)
from .words import (
    AUDIENCES,
    COLLEGES,
    COUNSELING,
    ON_THE_WAY,
    OUTREACH_TOPICS,
    PAST_TRANSITIONS,
    PRESIDENT,
    REVIEWING,
    SUPERINTENDENT,
    TRANSITION_MEASURES,
)

_FORM = ("college_transition",)

# --- D4.1 ----------------------------------------------------------------------------------------------------------


@criterion("D4.1-L1", "The superintendent knows leaders of nearby colleges, and both have said what they are after")
def college_leaders(evidence: Evidence) -> Observations:
    """An engagement of late of the superintendent with a leader of a nearby college, with both aims stated."""

    def judge(one: LeaderEngagement) -> Iterator[Observation]:
        yield from among(one, "district_role", [SUPERINTENDENT])
        yield from filled_in(one, "leader_role", "nearby")
        yield from happened(evidence, one, "held_on", evidence.settings.engagement_months)
        yield from includes(one, "intents", ("formal_agreement", "smooth_transitions"))

    return one_like(evidence, LeaderEngagement, "institution_kind", COLLEGES, judge)


@criterion("D4.1-L2", "Leaders of the district and of a college have looked together at how past students fared")
def past_transitions(evidence: Evidence) -> Observations:
    """A meeting with all five roles in the room, about past transitions, and the review that it looked at."""

    def judge(one: JointMeeting) -> Iterator[Observation]:
        yield from includes(one, "topics", (PAST_TRANSITIONS,))
        yield from happened(evidence, one, "held_on")
        yield from includes(one, "roles", REVIEWING)
        yield from filled_in(one, "reviewed")

    return one_of(evidence.all(JointMeeting), judge, none_on_file(JointMeeting))


@criterion("D4.1-L2b", "A partnership with a college of the region is after both access and success")
def college_partnership(evidence: Evidence) -> Observations:
    """A partnership that is in force, with a college of the region, whose goals are to get in and to get through."""

    def judge(one: PartnershipProfile) -> Iterator[Observation]:
        yield from filled_in(one, "regional")
        yield from in_force(evidence, one)
        aims = {goal.aim for goal in need(one.goals, one, "goals")}
        for aim in ("access", "success"):
            if aim not in aims:
                yield Problem(one, "goals", "none is about {aim}", aim=aim)

    return one_like(evidence, PartnershipProfile, "institution_kind", COLLEGES, judge)


@criterion("D4.1-L3", "Superintendent and college president have signed a formal agreement")
def college_agreement(evidence: Evidence) -> Observations:
    """An agreement in force that both signed; what it settles beyond that is theirs to choose."""
    return one_like(evidence, JointAgreement, "form", _FORM, lambda one: _college_agreement(evidence, one))


def _college_agreement(evidence: Evidence, one: JointAgreement) -> Iterator[Observation]:
    yield from executed(evidence, one)
    yield from signed_by(one, SUPERINTENDENT, {"district"})
    yield from signed_by(one, PRESIDENT, COLLEGES)


def _commitments(evidence: Evidence) -> list[Commitment]:
    """Return what both sides have to do: all but what is known to belong to an agreement of another form."""
    forms = {one.agreement: one.form for one in evidence.file.all(JointAgreement)}
    return [one for one in evidence.counting_against(Commitment) if forms.get(one.agreement) in (None, *_FORM)]


@criterion("D4.1-L4", "Both sides do what the agreement says, and nothing of it is overdue")
def commitments_kept(evidence: Evidence) -> Observations:
    """Each side has commitments under an agreement that holds, and none whose day has passed is open."""
    commitments = _commitments(evidence)
    holding = {
        one.agreement
        for one in evidence.all(JointAgreement)
        if one.form in _FORM and not collect(_college_agreement(evidence, one))
    }
    for side in ("district", "college"):
        yield from one_of(
            [one for one in commitments if one.agreement in holding and one.side == side],
            lambda one: collect(_kept(evidence, one)),
            lack("commitment", None, "none of the {side} under a signed agreement is on file", side=side),
        )
    for one in commitments:
        yield from collect(_kept(evidence, one))


def _kept(evidence: Evidence, one: Commitment) -> Iterator[Observation]:
    if one.fulfilled_on is not None and one.fulfilled_on <= evidence.on:
        return
    due_on = need(one.due_on, one, "due_on")
    if due_on < evidence.on:
        yield Problem(one, "fulfilled_on", "was due on {day} and is not fulfilled", day=due_on)


@criterion("D4.1-L4b", "Every commitment has a standard procedure, an owner of it, and a day to look at it again")
def procedures(evidence: Evidence) -> Observations:
    """What is done by one person's memory ends with that person; so each commitment names its written procedure."""
    commitments = _commitments(evidence)
    if not commitments:
        yield none_on_file(Commitment)
    for one in commitments:
        yield from collect(filled_in(one, "procedure", "procedure_owner", "procedure_review_on")) or [one]


# --- D4.2 ----------------------------------------------------------------------------------------------------------


@criterion("D4.2-L1", "Counselors of schools and colleges and community partners meet regularly")
def counselors_meet(evidence: Evidence) -> Observations:
    """Meetings with all three in the room, through the past twelve months, without too long a time between."""

    def judge(one: JointMeeting) -> Iterator[Observation]:
        yield from includes(one, "roles", COUNSELING)
        yield from happened(evidence, one, "held_on", 12)

    said = list(one_of(evidence.all(JointMeeting), judge, none_on_file(JointMeeting)))
    yield from said
    held = sorted({one.held_on for one in said if isinstance(one, JointMeeting) and one.held_on})
    if held:
        days: list[date] = [months_after(evidence.on, -12), *held, evidence.on]
        for before, after in pairwise(days):
            if (after - before).days > evidence.settings.collaboration_days:
                yield Problem(
                    "joint_meeting",
                    None,
                    "none from {before} to {after}: longer than {days} days",
                    before=before,
                    after=after,
                    days=evidence.settings.collaboration_days,
                )


@criterion("D4.2-L1b", "All of grade 9 or of grade 10, and their families, know what there is and how to get in")
def everybody_told(evidence: Evidence) -> Observations:
    """For one of the grades, at each high school: all students and all families, on both topics."""
    schools = evidence.high_schools()
    reach = evidence.all(OutreachReach)

    def grade(one: str) -> Iterator[Observation]:
        for school in schools:
            for topic in OUTREACH_TOPICS:
                for audience in AUDIENCES:
                    wanted = (one, topic, audience)
                    found = [r for r in reach if (r.grade, r.topic, r.audience) == wanted and r.site in (school, "*")]
                    yield from one_of(
                        found,
                        lambda each: _all_reached(evidence, each),
                        lack(
                            "outreach_reach",
                            None,
                            "no count at {school} of {audience} of grade {grade} on {topic}",
                            audience=audience,
                            grade=one,
                            topic=topic,
                            school=school,
                        ),
                    )

    return best_of(map(grade, evidence.settings.outreach_grades), none_on_file(OutreachReach))


def _all_reached(evidence: Evidence, one: OutreachReach) -> Iterator[Observation]:
    reached, of = need(one.reached, one, "reached"), need(one.of, one, "of")
    yield from happened(evidence, one, "counted_on", evidence.settings.outreach_months)
    if not 0 < of <= reached:
        yield Problem(one, "reached", "{reached} of {of} are reached, not all", reached=reached, of=of)


@criterion("D4.2-L2", "Each high school has somebody, named by its principal, who helps students on to college")
def somebody_to_ask(evidence: Evidence) -> Observations:
    """For each school, a counselor or a professional of a community partner whose assignment holds on the day."""

    def judge(one: CounselorAssignment) -> Iterator[Observation]:
        yield from filled_in(one, "role")
        yield from among(one, "assigned_by_role", ["principal"])
        yield from in_force(evidence, one)

    for school in evidence.high_schools():
        yield from one_of(
            [one for one in evidence.all(CounselorAssignment) if one.site == school],
            judge,
            lack("counselor_assignment", None, "nobody is assigned at {school}", school=school),
        )


@criterion("D4.2-L2b", "Each high school follows how many students take every step into college")
def steps_counted(evidence: Evidence) -> Observations:
    """For each school, the counts of the last year that is due: applying, and the six steps of arriving."""

    def judge(one: MatriculationCount) -> Iterator[Observation]:
        students = need(one.students, one, "students")
        steps = need(one.steps, one, "steps")
        for step in ON_THE_WAY:
            if step not in steps:
                yield Problem(one, "steps", "lacks {what}", what=step)
            elif not 0 <= steps[step] <= students:
                yield Problem(one, f"steps/{step}", "{counted} is not a part of {of}", counted=steps[step], of=students)

    year = evidence.last_year
    for school in evidence.high_schools():
        found = [one for one in evidence.all(MatriculationCount) if (one.site, one.school_year) == (school, year)]
        absent = lack("matriculation_count", None, "none of {school} for {year} is on file", school=school, year=year)
        yield from one_of(found, judge, absent)


@criterion("D4.2-L3", "District and college carry out a joint plan for fewer remedial courses")
def joint_plan(evidence: Evidence) -> Observations:
    """A plan with an owner on each side that is under way, and the counts before it and since."""

    def judge(one: JointPlan) -> Iterator[Observation]:
        yield from filled_in(one, "district_owner", "college_owner")
        yield from among(one, "status", ["implemented"])
        yield from happened(evidence, one, "implemented_on")
        for field in ("remedial_before", "remedial_after"):
            if need(getattr(one, field), one, field) < 0:
                yield Problem(one, field, "must be 0 or more")

    return one_of(evidence.all(JointPlan), judge, none_on_file(JointPlan))


@criterion("D4.2-L4", "More students enrol, stay and finish, year after year")
def year_after_year(evidence: Evidence) -> Observations:
    """Each of the three measures rose over the year before, for as many years as the district has set."""
    for measure in TRANSITION_MEASURES:
        yield from risen(evidence, measure, evidence.settings.rising_years)


@criterion("D4.2-L4b", "Leaders of the district and of a college keep improving how students are supported")
def always_improving(evidence: Evidence) -> Observations:
    """A commitment of both leaders, and something done for it in each of the past years."""

    def judge(one: ImprovementCommitment) -> Iterator[Observation]:
        yield from filled_in(one, "district_leader", "college_leader")
        yield from happened(evidence, one, "made_on")
        done = [action.done_on for action in need(one.actions, one, "actions")]
        for year in range(evidence.settings.improvement_years):
            first, last = months_after(evidence.on, -12 * (year + 1)), months_after(evidence.on, -12 * year)
            if not any(day is not None and first < day <= last for day in done):
                yield Problem(one, "actions", "none was done from {first} to {last}", first=first, last=last)

    return one_of(evidence.all(ImprovementCommitment), judge, none_on_file(ImprovementCommitment))
