"""Row D4.6: students, families and the community, from being heard to answering for what comes of it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from partnerflow.policies.verdict import Problem, lack, need
from partnerflow.records import StakeholderInput
from partnerflow.records.coalition import Indicator, JointAgreement, Membership
from partnerflow.records.pathways import EngagementStrategy, PathwayInput, PathwayReview

from .agreements import executed
from .criterion import criterion
from .evidence import Evidence, Observation, Observations, collect, filled_in, happened, none_on_file, one_of
from .industry import followed, leading
from .words import COMMUNITY, DOMAINS, FAMILY_ROLES, IMPLEMENTATION, INPUT_GROUPS, INPUT_TOPICS


@criterion("D4.6-L1", "Students, parents and the community were heard on everything that makes a pathway")
def heard_on_pathways(evidence: Evidence) -> Observations:
    """What each of the four groups said on each of the four topics, to the district or within a partnership."""
    heard_of: list[PathwayInput | StakeholderInput] = [*evidence.all(PathwayInput), *evidence.all(StakeholderInput)]

    def judge(one: PathwayInput | StakeholderInput) -> Iterator[Observation]:
        yield from filled_in(one, "said")
        yield from happened(evidence, one, "given_on")

    for group, topic in product(INPUT_GROUPS, INPUT_TOPICS):
        yield from one_of(
            [one for one in heard_of if (one.group, one.topic) == (group, topic)],
            judge,
            lack("pathway_input", None, "{group} have not been heard on {topic}", group=group, topic=topic),
        )


@criterion("D4.6-L1b", "Each pathway was weighed: whether it is equitable, accessible and rigorous")
def weighed(evidence: Evidence) -> Observations:
    """For each pathway a review with all three ratings, that says what it heard from people."""

    def judge(one: PathwayReview) -> Iterator[Observation]:
        yield from filled_in(one, "equitable", "accessible", "rigorous", "inputs")
        yield from happened(evidence, one, "reviewed_on")

    for pathway in evidence.pathways():
        found = [one for one in evidence.all(PathwayReview) if one.pathway == pathway]
        yield from one_of(found, judge, lack("pathway_review", None, "none of {pathway} is on file", pathway=pathway))


@criterion("D4.6-L2", "A strategy, written with the community, gives families and students four roles")
def four_roles(evidence: Evidence) -> Observations:
    """A strategy with an outside organisation among its authors, and something to do for each of the roles."""

    def judge(one: EngagementStrategy) -> Iterator[Observation]:
        yield from filled_in(one, "document")
        yield from happened(evidence, one, "adopted_on")
        authors = need(one.written_with, one, "written_with")
        if not any(each.name and each.kind not in (None, "district", "school") for each in authors):
            yield Problem(one, "written_with", "names no organisation from outside the district")
        there = {action.role for action in need(one.actions, one, "actions") if action.what}
        for role in FAMILY_ROLES:
            if role not in there:
                yield Problem(one, "actions", "lacks {what}", what=role)

    return one_of(evidence.all(EngagementStrategy), judge, none_on_file(EngagementStrategy))


@criterion("D4.6-L3", "A partner from the community has signed for a key function")
def key_functions(evidence: Evidence) -> Observations:
    """An agreement in force that names a community or faith-based party as the one responsible for a function."""

    def judge(one: JointAgreement) -> Iterator[Observation]:
        yield from executed(evidence, one)
        parties = need(one.parties, one, "parties")
        ours = {party.institution for party in parties if party.kind in COMMUNITY} - {None}
        if not any(each.responsible in ours for each in need(one.functions, one, "functions")):
            yield Problem(one, "functions", "none is a community or faith-based party's")

    likely = [
        one
        for one in evidence.all(JointAgreement)
        if one.parties is None or any(party.kind is None or party.kind in COMMUNITY for party in one.parties)
    ]
    absent = lack("joint_agreement", None, "none with a community or faith-based party is on file")
    return one_of(likely, judge, absent)


@criterion("D4.6-L4", "Leaders of the community lead, and answer for pathways and for all three kinds of indicators")
def community_answers(evidence: Evidence) -> Observations:
    """Somebody of the community leads the coalition and answers for implementation; such leaders for each indicator."""
    seats = [
        one
        for one in evidence.all(Membership)
        if one.sector == "community" and one.body_kind in ("coalition", "intermediary")
    ]
    leaders = frozenset(one.member for one in seats if not collect(leading(evidence, one)))

    def judge(one: Membership) -> Iterator[Observation]:
        yield from leading(evidence, one)
        if IMPLEMENTATION not in need(one.accountable_for, one, "accountable_for"):
            yield Problem(one, "accountable_for", "lacks {what}", what=IMPLEMENTATION)

    yield from one_of(seats, judge, lack("membership", None, "nobody from the community sits on a coalition"))
    for domain in DOMAINS:
        yield from one_of(
            [one for one in evidence.all(Indicator) if one.domain == domain],
            lambda one: followed(evidence, one, "community", leaders),
            lack("indicator", None, "none that is {domain} is on file", domain=domain),
        )
