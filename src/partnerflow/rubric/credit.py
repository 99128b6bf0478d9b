"""Row D4.3: college credit that is earned in high school, and pathways that lead on."""

from __future__ import annotations

from collections.abc import Iterator

from partnerflow.policies.verdict import lack, need
from partnerflow.records.coalition import JointAgreement
from partnerflow.records.pathways import CapacityAnalysis, PathwayMap

from .agreements import executed, party_of, signed_by
from .criterion import criterion
from .evidence import Evidence, Observation, Observations, among, filled_in, happened, includes, one_like, one_of, risen
from .words import COLLEGES, CREDIT_MEASURES, SUPERINTENDENT, TRAINERS


@criterion("D4.3-L1", "For each pathway, district and college know what they can offer and where the gaps are")
def capacity(evidence: Evidence) -> Observations:
    """An analysis a pathway, with a college or a training provider, and the gaps as courses or as alignment."""

    def judge(one: CapacityAnalysis) -> Iterator[Observation]:
        yield from among(one, "provider_kind", TRAINERS)
        yield from filled_in(one, "district_roles")
        yield from happened(evidence, one, "analysed_on")
        for place, gap in enumerate(need(one.gaps, one, "gaps")):
            if gap.type is None:
                yield lack(one, f"gaps/{place}/type")

    for pathway in evidence.pathways():
        yield from one_of(
            [one for one in evidence.all(CapacityAnalysis) if one.pathway == pathway],
            judge,
            lack("capacity_analysis", None, "none of {pathway} is on file", pathway=pathway),
        )


def _early_college(evidence: Evidence, one: JointAgreement) -> Iterator[Observation]:
    yield from executed(evidence, one)
    yield from party_of(one, "a college", COLLEGES)


@criterion("D4.3-L2", "The superintendent has signed an arrangement for college credit in high school")
def arrangement(evidence: Evidence) -> Observations:
    """An agreement in force with a college, signed by all, that lists the courses; a draft does not count."""

    def judge(one: JointAgreement) -> Iterator[Observation]:
        yield from _early_college(evidence, one)
        yield from signed_by(one, SUPERINTENDENT, {"district"})
        yield from filled_in(one, "courses")

    return one_like(evidence, JointAgreement, "form", ["early_college_credit"], judge)


@criterion("D4.3-L3", "The agreement settles everything that students would otherwise stumble over")
def everything_settled(evidence: Evidence) -> Observations:
    """One agreement in force has all the clauses on the district's list."""

    def judge(one: JointAgreement) -> Iterator[Observation]:
        yield from _early_college(evidence, one)
        yield from includes(one, "clauses", evidence.settings.early_college_clauses)

    return one_like(evidence, JointAgreement, "form", ["early_college_credit"], judge)


@criterion("D4.3-L3b", "More students take and earn college credit than the year before")
def more_credit(evidence: Evidence) -> Observations:
    """Both shares, of those who take such courses and of those who earn the credit, have risen."""
    for measure in CREDIT_MEASURES:
        yield from risen(evidence, measure, 1)


@criterion("D4.3-L4", "Each pathway is mapped through work and college into a career")
def mapped(evidence: Evidence) -> Observations:
    """For each pathway a map without a missing link, with the superintendent and the dean who stand for it."""

    def judge(one: PathwayMap) -> Iterator[Observation]:
        yield from filled_in(
            one, "work_based_learning", "credentials", "college_pathway", "career", "superintendent", "dean"
        )
        yield from happened(evidence, one, "mapped_on")

    for pathway in evidence.pathways():
        found = [one for one in evidence.all(PathwayMap) if one.pathway == pathway]
        yield from one_of(found, judge, lack("pathway_map", None, "none of {pathway} is on file", pathway=pathway))
