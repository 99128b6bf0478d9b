"""What the district must have looked at before it says yes."""
# ruff: noqa: ARG001  every policy is given the day, whether it reads it or not

from __future__ import annotations

from datetime import date
from typing import Any

from partnerflow.dossier import Dossier
from partnerflow.policies import Problem, Verdict, lack, need, policy
from partnerflow.records import VettingReview

from .states import FROM_ONBOARDING

_CRITERIA = (
    "efficacy",
    "efficiency",
    "student_outcomes",
    "familiarity",
    "alignment",
    "communication",
    "delivery",
    "capacity",
    "adaptability",
)
_STEPS = ("research", "conversation", "capacity", "fit")
_REVIEW: dict[str, Any] = {
    "kind": "vetting_review",
    "scores": {criterion: {"score": 3, "evidence": "report of last year"} for criterion in _CRITERIA},
    "steps": {step: {"done_on": "2026-08-14", "by": "a.anderson"} for step in _STEPS},
    "fits_communities": True,
    "fit_reason": "works with the families that the school serves",
}


def _review(dossier: Dossier) -> VettingReview:
    return need(dossier.latest(VettingReview), "vetting_review")


@policy(
    "VET-001",
    "The vetting criteria are scored, each with its evidence",
    holds_in=FROM_ONBOARDING,
    cites=["EAF-4.1.c", "CS2-1.A5", "CS2-C.b", "CS2-C.c", "CS2-C.d"],
    owner="district",
    revision=3,
    fix="File a vetting review with a score of at least {minimum}, on the scale up to {highest}, and its evidence for "
    "each of: {criteria}.",
    passing=[_REVIEW],
    failing=[{**_REVIEW, "scores": {**_REVIEW["scores"], "delivery": {"score": 0, "evidence": "no report"}}}],
    missing=[{**_REVIEW, "scores": {"efficacy": {"score": 3, "evidence": "report of last year"}}}],
)
def criteria_scored(
    dossier: Dossier, on: date, *, criteria: tuple[str, ...] = _CRITERIA, minimum: int = 1, highest: int = 5
) -> Verdict:
    """What the partner achieves, at what cost, how it works with others: said of all alike, and on what grounds.

    A score beyond the end of the scale was given on another one, or is a slip; `highest` is where the scale ends.
    """
    review = _review(dossier)
    scores = need(review.scores, review, "scores")
    for criterion in criteria:
        scored = scores.get(criterion)
        if scored is None or scored.score is None:
            yield lack(review, f"scores/{criterion}", "is not scored")
        elif scored.score < minimum:
            yield Problem(
                review, f"scores/{criterion}", "{score} is below {minimum}", score=scored.score, minimum=minimum
            )
        elif scored.score > highest:
            yield Problem(
                review, f"scores/{criterion}", "{score} is above {highest}", score=scored.score, highest=highest
            )
        if scored is not None and not scored.evidence:
            yield lack(review, f"scores/{criterion}/evidence")


@policy(
    "VET-002",
    "Every step of the vetting was done",
    holds_in=FROM_ONBOARDING,
    cites=["CS2-1.S2", "EAF-C.3b"],
    owner="district",
    fix="Do the steps named above and file the review again, with who did each and when.",
    passing=[_REVIEW],
    failing=[{**_REVIEW, "steps": {**_REVIEW["steps"], "fit": {"done_on": "2026-09-20", "by": "a.anderson"}}}],
    missing=[{**_REVIEW, "steps": {"research": {"done_on": "2026-08-14", "by": "a.anderson"}}}],
)
def steps_done(dossier: Dossier, on: date, *, steps: tuple[str, ...] = _STEPS) -> Verdict:
    """Looking them up, talking to them, asking what they can carry and whether they fit: none replaces another."""
    review = _review(dossier)
    done = need(review.steps, review, "steps")
    for step in steps:
        found = done.get(step)
        if found is None or found.done_on is None:
            yield lack(review, f"steps/{step}", "is not done")
            continue
        if not found.by:
            yield lack(review, f"steps/{step}/by")
        if found.done_on > on:
            yield Problem(review, f"steps/{step}", "is planned for {day}", day=found.done_on, mends_on=found.done_on)


@policy(
    "VET-003",
    "The organisation sits well with every community of the school",
    holds_in=FROM_ONBOARDING,
    cites=["CS2-1.A6"],
    owner="district",
    fix="Look at the goals of the organisation and at whom it serves, and file the answer with its reason; if it stays "
    "no, decline.",
    max_waiver_days=0,
    passing=[_REVIEW],
    failing=[{**_REVIEW, "fits_communities": False, "fit_reason": "turns some families away"}],
    missing=[{key: value for key, value in _REVIEW.items() if key != "fits_communities"}],
)
def fits_communities(dossier: Dossier, on: date) -> Verdict:
    """A partner that some families must fear takes more from a school than it brings."""
    review = _review(dossier)
    if not review.fit_reason:
        yield lack(review, "fit_reason")
    if not need(review.fits_communities, review, "fits_communities"):
        yield Problem(
            review, "fits_communities", "the review found that it does not: {reason}", reason=review.fit_reason
        )
