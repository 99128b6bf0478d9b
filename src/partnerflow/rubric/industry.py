"""Row D4.4: business and industry, from a first visit to answering for how the region fares."""

from __future__ import annotations

from collections.abc import Iterator

from partnerflow.policies.verdict import Problem, lack, need
from partnerflow.records.coalition import (
    Indicator,
    JointAgreement,
    JointMeeting,
    LeaderEngagement,
    Membership,
    PartnershipProfile,
    SharedVision,
)

from .agreements import executed, party_of
from .criterion import criterion
from .evidence import (
    Evidence,
    Observation,
    Observations,
    among,
    filled_in,
    happened,
    in_force,
    includes,
    one_like,
    one_of,
)
from .words import BUSINESSES, CIVIC, COLLEGES, CONTRIBUTIONS, DOMAINS, FOUR_SIDES, REACHING_OUT

_FORM = ("community_agreement",)


@criterion("D4.4-L1", "A partnership with a business is good for both sides, and the business gives something")
def mutual(evidence: Evidence) -> Observations:
    """A partnership in force with a benefit a side, and at least one of the seven things that a business gives."""

    def judge(one: PartnershipProfile) -> Iterator[Observation]:
        yield from in_force(evidence, one)
        yield from filled_in(one, "district_benefit", "partner_benefit")
        if not CONTRIBUTIONS.intersection(need(one.contributions, one, "contributions")):
            words = ", ".join(sorted(CONTRIBUTIONS))
            yield Problem(one, "contributions", "names none of {words}", words=words)

    return one_like(evidence, PartnershipProfile, "institution_kind", BUSINESSES, judge)


@criterion("D4.4-L1b", "Leaders of the district seek out local businesses, chambers and associations")
def reaching_out(evidence: Evidence) -> Observations:
    """An engagement of late, with the role of who reached out, and a local business or body of businesses."""

    def judge(one: LeaderEngagement) -> Iterator[Observation]:
        yield from among(one, "district_role", REACHING_OUT)
        yield from filled_in(one, "nearby")
        yield from happened(evidence, one, "held_on", evidence.settings.engagement_months)

    return one_like(evidence, LeaderEngagement, "institution_kind", BUSINESSES, judge)


def _community(evidence: Evidence, one: JointAgreement) -> Iterator[Observation]:
    yield from executed(evidence, one)
    for what, kinds in (("a business", BUSINESSES), ("a college", COLLEGES), ("civic", CIVIC)):
        yield from party_of(one, what, kinds)


@criterion("D4.4-L2", "Business, college and civic leaders have signed a community agreement")
def community_agreement(evidence: Evidence) -> Observations:
    """One agreement in force with three parties or more, a business, a college and a civic one among them."""
    return one_like(evidence, JointAgreement, "form", _FORM, lambda one: _community(evidence, one))


@criterion("D4.4-L2b", "The community agreement says what employers want to be taught, and employers confirm it")
def in_demand(evidence: Evidence) -> Observations:
    """For each pathway the agreement lists competencies, and an employer of the region stands for every one."""
    pathways = evidence.pathways()

    def judge(one: JointAgreement) -> Iterator[Observation]:
        yield from _community(evidence, one)
        listed = need(one.competencies, one, "competencies")
        for pathway in pathways:
            if all(each.pathway != pathway for each in listed):
                yield Problem(one, "competencies", "lists none for {pathway}", pathway=pathway)
        for place, each in enumerate(listed):
            day = each.confirmed_on
            if not (each.confirmed_by and each.regional and day is not None and day <= evidence.on):
                yield Problem(
                    one,
                    f"competencies/{place}",
                    "{competency} is not confirmed by an employer of the region",
                    competency=each.competency,
                )

    return one_like(evidence, JointAgreement, "form", _FORM, judge)


@criterion("D4.4-L3", "Employers lead, in a coalition and on an advisory board")
def employers_lead(evidence: Evidence) -> Observations:
    """Somebody from business holds a leading role now, in each of the two kinds of bodies."""
    bodies = {"a coalition or intermediary": ("coalition", "intermediary"), "an advisory board": ("advisory_board",)}
    for where, kinds in bodies.items():
        yield from one_of(
            [one for one in evidence.all(Membership) if one.sector == "business" and one.body_kind in kinds],
            lambda one: leading(evidence, one),
            lack("membership", None, "nobody from business sits on {where}", where=where),
        )


def leading(evidence: Evidence, one: Membership) -> Iterator[Observation]:
    """Check that a membership is in force on the day, and is a leading one."""
    yield from filled_in(one, "leads")
    yield from in_force(evidence, one)


@criterion("D4.4-L3b", "All sides go through the progress on every shared goal together")
def progress(evidence: Evidence) -> Observations:
    """For each shared goal a meeting within the period that all four sides attended and that reviewed it."""
    vision = evidence.only(SharedVision)

    def judge(one: JointMeeting) -> Iterator[Observation]:
        yield from happened(evidence, one, "held_on", evidence.settings.review_months)
        yield from includes(one, "sides", FOUR_SIDES)

    for shared in need(vision.goals or None, vision, "goals"):
        yield from one_of(
            [one for one in evidence.all(JointMeeting) if shared.goal in (one.goals or ())],
            judge,
            lack("joint_meeting", None, "none has reviewed {goal}", goal=shared.goal),
        )


@criterion("D4.4-L4", "Leaders of industry answer for indicators of all three kinds")
def industry_answers(evidence: Evidence) -> Observations:
    """An educational, an economic and a social indicator, each followed, each with a leader of industry to answer."""
    for domain in DOMAINS:
        yield from one_of(
            [one for one in evidence.all(Indicator) if one.domain == domain],
            lambda one: followed(evidence, one, "business"),
            lack("indicator", None, "none that is {domain} is on file", domain=domain),
        )


def followed(
    evidence: Evidence, one: Indicator, sector: str, names: frozenset[str] | None = None
) -> Iterator[Observation]:
    """Check that an indicator has a baseline, a target and the value last due, and a person of *sector* accountable."""
    for field in ("baseline", "target"):
        if getattr(one, field) is None:
            yield lack(one, field)
    year = evidence.last_year
    if str(year) not in need(one.values, one, "values"):
        yield Problem(one, "values", "lacks {what}", what=year)
    answering = [each.name for each in need(one.accountable, one, "accountable") if each.sector == sector and each.name]
    if not any(names is None or name in names for name in answering):
        yield Problem(one, "accountable", "no leader of {sector} answers for it", sector=sector)
