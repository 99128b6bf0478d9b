"""Row D4.5: what work-based learning stands on."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import product

from partnerflow.policies.verdict import Problem, lack, need
from partnerflow.records.coalition import JointMeeting
from partnerflow.records.pathways import GraduateProfile
from partnerflow.records.workplace import (
    AdvisoryCouncil,
    BoardPolicy,
    ClassroomStrategy,
    CouncilLiaison,
    PartnerRecognition,
    WorkplaceAccess,
    WorkplaceCriteria,
    WorkplaceOrientation,
    WorkplaceProgram,
    WorkplaceQualityReview,
    WorkplaceResource,
)

from .criterion import criterion
from .evidence import (
    Evidence,
    Observation,
    Observations,
    collect,
    filled_in,
    happened,
    in_force,
    includes,
    none_on_file,
    one_of,
)
from .words import BOARD_TOPICS, WORK_BASED_LEARNING


@criterion("D4.5-L1", "District and industry both give technology and staff, for the district and for its sites")
def means(evidence: Evidence) -> Observations:
    """One commitment at least for each of the eight combinations."""

    def judge(one: WorkplaceResource) -> Iterator[Observation]:
        yield from happened(evidence, one, "committed_on")
        yield from _not_ended(evidence, one)

    for side, kind, level in product(("district", "industry"), ("technology", "staff"), ("district", "site")):
        yield from one_of(
            [one for one in evidence.all(WorkplaceResource) if (one.side, one.type, one.level) == (side, kind, level)],
            judge,
            lack(
                "workplace_resource",
                None,
                "the {side} has committed no {kind} at the level of the {level}",
                side=side,
                kind=kind,
                level=level,
            ),
        )


def _not_ended(evidence: Evidence, one: WorkplaceResource | BoardPolicy | AdvisoryCouncil) -> Iterator[Problem]:
    if need(one.ends_on, one, "ends_on") < evidence.on:
        yield Problem(one, "ends_on", "ended on {day}", day=one.ends_on)


def _councils(evidence: Evidence) -> Iterator[tuple[str, list[AdvisoryCouncil]]]:
    councils = evidence.all(AdvisoryCouncil)
    return ((path, [one for one in councils if one.pathway == path]) for path in evidence.pathways())


@criterion("D4.5-L1b", "Each pathway has an advisory council, and the council meets")
def councils_meet(evidence: Evidence) -> Observations:
    """For each pathway a council that stands, and a meeting of it within the period."""

    def judge(one: AdvisoryCouncil) -> Iterator[Observation]:
        yield from happened(evidence, one, "formed_on")
        yield from _not_ended(evidence, one)
        council = need(one.council or None, one, "council")
        yield one
        yield from one_of(
            [meeting for meeting in evidence.all(JointMeeting) if meeting.body == council],
            lambda meeting: happened(evidence, meeting, "held_on", evidence.settings.council_months),
            lack("joint_meeting", None, "none of {council} is on file", council=council),
        )

    for pathway, found in _councils(evidence):
        yield from one_of(found, judge, lack("advisory_council", None, "{pathway} has none", pathway=pathway))


@criterion("D4.5-L2", "The school board's policies settle what work-based learning raises")
def board_policies(evidence: Evidence) -> Observations:
    """Policies of the board in force that together cover liability, access, supervision and transportation."""

    def judge(one: BoardPolicy) -> Iterator[Observation]:
        yield from happened(evidence, one, "adopted_on")
        yield from _not_ended(evidence, one)

    policies = [one for one in evidence.all(BoardPolicy) if one.subject == WORK_BASED_LEARNING]
    for topic in BOARD_TOPICS:
        yield from one_of(
            [one for one in policies if topic in (one.covers or ())],
            judge,
            lack("board_policy", None, "none on work-based learning covers {topic}", topic=topic),
        )


@criterion("D4.5-L2b", "Everything that a graduate is to be able to do can be learned at work")
def profile_mapped(evidence: Evidence) -> Observations:
    """Each outcome of the graduate profile has an activity, agreed by a director and a partner from industry."""
    profile = evidence.only(GraduateProfile)
    yield from collect(happened(evidence, profile, "adopted_on")) or [profile]
    for place, one in enumerate(need(profile.outcomes or None, profile, "outcomes")):
        if not one.activities:
            yield lack(profile, f"outcomes/{place}/activities", "{outcome} has none", outcome=one.outcome)
        for role in ("district_director", "industry_partner"):
            if role not in (one.agreed_by or ()):
                yield lack(
                    profile,
                    f"outcomes/{place}/agreed_by",
                    "no {role} has agreed to {outcome}",
                    role=role,
                    outcome=one.outcome,
                )


@criterion("D4.5-L3", "Somebody carries word between every advisory council and a coalition")
def liaisons(evidence: Evidence) -> Observations:
    """For each pathway a council, and a liaison of it whose time is now."""

    def judge(one: CouncilLiaison) -> Iterator[Observation]:
        yield from filled_in(one, "coalition")
        yield from in_force(evidence, one)

    for pathway, councils in _councils(evidence):
        if not councils:
            yield lack("advisory_council", None, "{pathway} has none", pathway=pathway)
        found = [one for one in evidence.all(CouncilLiaison) if one.pathway == pathway]
        absent = lack("council_liaison", None, "the council of {pathway} has none", pathway=pathway)
        yield from one_of(found, judge, absent)


@criterion("D4.5-L3b", "The coordinator has introduced every partner to work-based learning")
def oriented(evidence: Evidence) -> Observations:
    """Each partner that takes part attended an orientation that names the coordinator."""

    def judge(one: WorkplaceOrientation) -> Iterator[Observation]:
        yield from filled_in(one, "coordinator", "attended")
        yield from happened(evidence, one, "held_on")

    for partner in _partners(evidence):
        yield from one_of(
            [one for one in evidence.all(WorkplaceOrientation) if one.partner == partner],
            judge,
            lack("workplace_orientation", None, "{partner} has had none", partner=partner),
        )


def _partners(evidence: Evidence) -> tuple[str, ...]:
    program = evidence.only(WorkplaceProgram)
    return need(program.partners or None, program, "partners")


@criterion("D4.5-L4", "There are written criteria of what work-based learning must be like")
def criteria_set(evidence: Evidence) -> Observations:
    """The criteria, their version, who set them and when."""
    criteria = evidence.only(WorkplaceCriteria)
    said = collect(filled_in(criteria, "version", "author", "criteria"))
    said += collect(happened(evidence, criteria, "set_on"))
    yield from said or [criteria]


@criterion("D4.5-L4b", "Who takes part is counted by group of students, and no group is far behind")
def equitable(evidence: Evidence) -> Observations:
    """At each high school, for the last year that is due: those who take part beside those enrolled."""

    def judge(one: WorkplaceAccess) -> Iterator[Observation]:
        shares: list[Fraction] = []
        for place, group in enumerate(need(one.groups or None, one, "groups")):
            taking, enrolled = group.taking_part, group.enrolled
            if taking is None or enrolled is None:
                field = "taking_part" if taking is None else "enrolled"
                yield lack(one, f"groups/{place}/{field}")
            elif not (0 <= taking <= enrolled and enrolled):
                yield Problem(
                    one, f"groups/{place}/taking_part", "{counted} is not a part of {of}", counted=taking, of=enrolled
                )
            else:
                shares.append(Fraction(100 * taking, enrolled))
        if shares and max(shares) - min(shares) > evidence.settings.access_gap:
            gap, most = round(max(shares) - min(shares)), evidence.settings.access_gap
            yield Problem(one, "groups", "two groups are {gap} points apart, more than {most}", gap=gap, most=most)

    year = evidence.last_year
    for school in evidence.high_schools():
        found = [one for one in evidence.all(WorkplaceAccess) if (one.site, one.school_year) == (school, year)]
        absent = lack("workplace_access", None, "none of {school} for {year} is on file", school=school, year=year)
        yield from one_of(found, judge, absent)


@criterion("D4.5-L4c", "The quality of work-based learning is judged by these criteria, regularly, and is good")
def good(evidence: Evidence) -> Observations:
    """The last review is not too long ago, has a score for every criterion, and none of them is too low."""
    criteria = evidence.only(WorkplaceCriteria)
    wanted = need(criteria.criteria or None, criteria, "criteria")
    review = need(evidence.file.on(WorkplaceQualityReview, evidence.on), "workplace_quality_review")
    said = collect(filled_in(review, "reviewer")) + collect(
        happened(evidence, review, "reviewed_on", evidence.settings.quality_months)
    )
    said += collect(includes(review, "scores", wanted))
    for each in wanted:
        score = (review.scores or {}).get(each)
        if score is not None and score < evidence.settings.quality_score:
            least = evidence.settings.quality_score
            said.append(
                Problem(
                    review,
                    "scores",
                    "{criterion} scores {score}, below {least}",
                    criterion=each,
                    score=score,
                    least=least,
                )
            )
    yield from said or [review]


@criterion("D4.5-L4d", "There are samples of how work at a business and lessons at school are joined")
def joined_to_lessons(evidence: Evidence) -> Observations:
    """At least one paper, with the pathway and the service that it is for."""

    def judge(one: ClassroomStrategy) -> Iterator[Observation]:
        yield from filled_in(one, "document", "pathway", "service")
        yield from happened(evidence, one, "written_on")

    return one_of(evidence.all(ClassroomStrategy), judge, none_on_file(ClassroomStrategy))


@criterion("D4.5-L4e", "Every partner from business is thanked in public, again and again")
def thanked(evidence: Evidence) -> Observations:
    """Each partner that takes part was recognized within the period."""
    for partner in _partners(evidence):
        yield from one_of(
            [one for one in evidence.all(PartnerRecognition) if one.partner == partner],
            lambda one: happened(evidence, one, "recognized_on", evidence.settings.recognition_months),
            lack("partner_recognition", None, "{partner} has not been recognized", partner=partner),
        )
