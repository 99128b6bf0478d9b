"""What must be on file before a partnership is put on a plan, taken off it, or ended for how it does."""
# ruff: noqa: ARG001  every policy is given the day, whether it reads it or not

from __future__ import annotations

from datetime import date
from typing import Any

from partnerflow.dossier import Dossier
from partnerflow.lifecycle import State, Trigger
from partnerflow.policies import Problem, Until, Verdict, lack, need, policy
from partnerflow.records import Evaluation, ImprovementPlan, PlanClosing, ReviewDecision, days_after

from .sides import OURS

_MOVES = [
    {"trigger": "adopt", "source": None, "target": "active", "reason": "in place", "by": {"id": "a.anderson"}},
]
_OPENED = [*_MOVES, {"trigger": "open_improvement_plan", "source": "active", "target": "improvement_plan"}]
_EVALUATION = {
    "kind": "evaluation",
    "evaluated_on": "2026-08-20",
    "rating": "ineffective",
    "evidence": "attendance below half of the plan",
    "entry": {"version": 1, "filed_by": {"id": "a.anderson"}},
}
_PLAN = {
    "kind": "improvement_plan",
    "plan": "autumn 2026",
    "cause": "ineffective",
    "starts_on": "2026-09-01",
    "ends_on": "2026-12-18",
    "items": [
        {
            "what": "call absent families",
            "owner": "Ines Moreno",
            "due_on": "2026-10-15",
            "success_measure": "70% attend",
        }
    ],
    "entry": {"version": 1, "filed_by": {"id": "a.anderson"}},
}
_CLOSING = {"kind": "plan_closing", "plan": "autumn 2026", "outcome": "unsuccessful", "closed_on": "2026-08-31"}


def _active(*records: dict[str, Any]) -> dict[str, Any]:
    return {"partnership": {"state": State.ACTIVE}, "records": list(records), "moves": _MOVES}


def _on_plan(*records: dict[str, Any]) -> dict[str, Any]:
    return {"partnership": {"state": State.IMPROVEMENT_PLAN}, "records": list(records), "moves": _OPENED}


_RATED: dict[str, Any] = {
    **_EVALUATION,
    "rating": "effective",
    "done_by": "research and evaluation",
    "dimensions": {"activities": "effective", "partnership": "effective", "progress": "partly_effective"},
    "benefits": {"school": "effective", "partner": "effective"},
}


@policy(
    "EVA-001",
    "The evaluation rates what was done, how both got on, and how far the goals have come",
    guards={Trigger.RENEW},
    cites=["SPPS-III.E7", "CS2-3.S2"],
    severity="advisory",
    owner="district",
    fix="Complete the evaluation: rate {dimensions} each apart, have each side rate what it gained, name the unit that "
    "did it, and file it again.",
    passing=_active(_RATED),
    failing=_active({**_RATED, "benefits": {"school": "ineffective", "partner": "effective"}}),
    missing=_active({**_RATED, "dimensions": {"activities": "effective"}}),
)
def evaluation_complete(
    dossier: Dossier, on: date, *, dimensions: tuple[str, ...] = ("activities", "partnership", "progress")
) -> Verdict:
    """Full rooms can hide that two sides no longer talk, or that nobody learns anything."""
    evaluation = need(dossier.latest(Evaluation), "evaluation")
    for field in ("evaluated_on", "done_by"):
        if not getattr(evaluation, field):
            yield lack(evaluation, field)
    rated = need(evaluation.dimensions, evaluation, "dimensions")
    for dimension in dimensions:
        if dimension not in rated:
            yield lack(evaluation, f"dimensions/{dimension}", "is not rated")
    gained = need(evaluation.benefits, evaluation, "benefits")
    for side, ratings in (("partner", [gained.get("partner")]), ("district", [gained.get(side) for side in OURS])):
        if not any(ratings):
            yield lack(evaluation, f"benefits/{side}", "the {side} has not rated what it gained", side=side)
        elif all(rating in (None, "ineffective") for rating in ratings):
            yield Problem(evaluation, "benefits", "the {side} says that it gains nothing", side=side)


_KEPT: dict[str, Any] = {
    "kind": "review_decision",
    "made_on": "2026-08-25",
    "decision": "keep",
    "reasons": "attendance rose, and families ask for it",
    "needs": ["no reading support after 15:00"],
    "took_part": ["principal", "partner", "families"],
    "entry": {"version": 1, "filed_by": {"id": "a.anderson"}},
}


@policy(
    "EVA-002",
    "The review ended in a decision, and what was to be revised was amended",
    guards={Trigger.RENEW},
    cites=["SPPS-0.1", "CS2-1.S3"],
    severity="advisory",
    owner="district",
    fix="Review the partnership and file whether to keep, revise or end it, why, which needs that serves and who took "
    "part; amend what is to be revised, and do not renew what is to end.",
    passing=_active(_KEPT),
    failing=_active({**_KEPT, "decision": "revise"}),
    missing=_active(),
)
def review_decided(dossier: Dossier, on: date) -> Verdict:
    """A partnership that nobody decided on goes on because it went on."""
    decision = need(dossier.latest(ReviewDecision), "review_decision")
    for field in ("reasons", "needs", "took_part"):
        if not getattr(decision, field):
            yield lack(decision, field)
    if not dossier.filed_since(decision, dossier.term_began_at_version()):
        yield Problem(decision, None, "is from before the present term")
    taken = need(decision.decision, decision, "decision")
    if taken == "end":
        yield Problem(decision, "decision", "it was decided to end the partnership")
    amended = dossier.last_made(Trigger.AMEND)
    if taken == "revise" and not (
        amended and amended > need(dossier.entry(decision).version, decision, "entry/version")
    ):
        yield Problem(decision, "decision", "it was decided to revise it, and nothing was amended since")


_SINCE_MAY: dict[str, Any] = {"moves": [{**_MOVES[0], "since": "2026-05-01"}]}


@policy(
    "EVA-003",
    "The partnership was evaluated in its present term",
    guards={Trigger.RENEW},
    cites=["TK-9", "CS2-X4"],
    owner="district",
    fix="Evaluate the partnership in its present term and file the day and the rating; then ask for its renewal.",
    passing=_active(_EVALUATION) | _SINCE_MAY,
    failing=_active({**_EVALUATION, "evaluated_on": "2026-04-30"}) | _SINCE_MAY,
    missing=_active() | _SINCE_MAY,
)
def evaluated_in_present_term(dossier: Dossier, on: date) -> Verdict:
    """What is renewed because it was renewed before was looked at by nobody."""
    evaluation = need(dossier.latest(Evaluation), "evaluation")
    if evaluation.rating is None:
        yield lack(evaluation, "rating")
    day = need(evaluation.evaluated_on, evaluation, "evaluated_on")
    if day > on:
        yield Problem(evaluation, "evaluated_on", "is dated {day}, which is to come", day=day, mends_on=day)
    version = dossier.term_began_at_version()
    began = dossier.began_on(version, on)
    if not dossier.filed_since(evaluation, version) or day < began:
        yield Problem(evaluation, None, "is from before the present term")


def _plan(dossier: Dossier) -> ImprovementPlan:
    return need(dossier.latest(ImprovementPlan), "improvement_plan")


@policy(
    "IMP-001",
    "An evaluation stands behind the plan",
    guards={Trigger.OPEN_IMPROVEMENT_PLAN},
    cites=["EAF-4.3.e2"],
    owner="district",
    fix="Evaluate the partnership in its present run and file what was found, with its evidence.",
    passing=_active(_EVALUATION),
    failing=_active({**_EVALUATION, "rating": "effective"}),
    missing=_active(),
)
def evaluation_behind_plan(dossier: Dossier, on: date) -> Verdict:
    """Nobody is put on a plan on a feeling."""
    evaluation = need(dossier.latest(Evaluation), "evaluation")
    for field in ("evaluated_on", "evidence"):
        if not getattr(evaluation, field):
            yield lack(evaluation, field)
    if need(evaluation.rating, evaluation, "rating") == "effective":
        yield Problem(evaluation, "rating", "the evaluation found the partnership effective")
    if not dossier.filed_since(evaluation, dossier.entered_at_version()):
        yield Problem(evaluation, None, "is from before the partnership became active again")


@policy(
    "IMP-002",
    "An open plan is on file, with its cause and what is to be done",
    guards={Trigger.OPEN_IMPROVEMENT_PLAN, Trigger.EXTEND_IMPROVEMENT_PLAN},
    cites=["EAF-4.3.e2", "EAF-4.3.e"],
    owner="district",
    fix="File an improvement plan under a new name, with its cause, its days, and items with owner, day and measure of "
    "success.",
    passing=_active(_PLAN),
    failing=_active(_PLAN, _CLOSING),
    missing=_active(),
)
def plan_open(dossier: Dossier, on: date) -> Verdict:
    """A plan is a promise of help: what, who, by when, and how one will know."""
    plan = _plan(dossier)
    for field in ("cause", "starts_on", "ends_on"):
        if getattr(plan, field) is None:
            yield lack(plan, field)
    items = need(plan.items, plan, "items")
    if not items:
        yield Problem(plan, "items", "nothing is to be done")
    for place, item in enumerate(items):
        for field in ("what", "owner", "due_on", "success_measure"):
            if not getattr(item, field):
                yield lack(plan, f"items/{place}/{field}")
    closing = dossier.latest(PlanClosing, plan=plan.plan)
    if closing is not None:
        yield Problem(closing, None, "plan {plan} is closed", plan=plan.plan)


@policy(
    "IMP-003",
    "The plan is closed as met",
    guards={Trigger.REINSTATE},
    cites=["EAF-4.3.e3"],
    owner="district",
    fix="Close the plan on file as met, with the day and what was found; after an unsuccessful one the way back is "
    "shut.",
    passing=_on_plan(_PLAN, {**_CLOSING, "outcome": "met"}),
    failing=_on_plan(_PLAN, _CLOSING),
    missing=_on_plan(_PLAN),
)
def plan_met(dossier: Dossier, on: date) -> Verdict:
    """Back to normal only because the plan was kept, not because time went by."""
    yield from _closed_as(dossier, "met", on)


@policy(
    "IMP-004",
    "The plan is closed as unsuccessful",
    guards={Trigger.TERMINATE_FOR_PERFORMANCE},
    cites=["EAF-4.3.e"],
    owner="district",
    fix="Close the plan on file as unsuccessful, with the day and what was found, before ending the partnership for "
    "how it did.",
    max_waiver_days=0,
    passing=_on_plan(_PLAN, _CLOSING),
    failing=_on_plan(_PLAN, {**_CLOSING, "outcome": "met"}),
    missing=_on_plan(_PLAN),
)
def plan_unsuccessful(dossier: Dossier, on: date) -> Verdict:
    """No partner is ended for how it did without having had the chance to do better."""
    yield from _closed_as(dossier, "unsuccessful", on)


def _closed_as(dossier: Dossier, wanted: str, on: date) -> Verdict:
    plan = _plan(dossier)
    closing = need(dossier.latest(PlanClosing, plan=plan.plan), "plan_closing")
    closed_on = need(closing.closed_on, closing, "closed_on")
    if closed_on > on:
        yield Problem(closing, "closed_on", "closes on {day}", day=closed_on, mends_on=closed_on)
    outcome = need(closing.outcome, closing, "outcome")
    if outcome != wanted:
        yield Problem(closing, "outcome", "plan {plan} was closed as {outcome}", plan=plan.plan, outcome=outcome)


@policy(
    "IMP-005",
    "The plan is running, or what follows from it is being decided",
    holds_in={State.IMPROVEMENT_PLAN},
    cites=["EAF-4.3.e", "EAF-4.3.e3"],
    owner="district",
    fix="Close the plan, extend it with a newer one, or take the step that its closing calls for.",
    passing=_on_plan(_PLAN),
    failing=_on_plan({**_PLAN, "ends_on": "2026-08-31"}),
    missing=_on_plan(),
)
def plan_running(dossier: Dossier, on: date, *, decide_within: int = 30) -> Verdict:
    """A plan that is over and unanswered is where partnerships are forgotten. Days to decide: a setting."""
    plan = _plan(dossier)
    closing = dossier.latest(PlanClosing, plan=plan.plan)
    if closing is None:
        yield Until(need(plan.ends_on, plan, "ends_on"), "improvement plan {plan} ends", plan=plan.plan)
        return
    need(closing.outcome, closing, "outcome")
    closed_on = need(closing.closed_on, closing, "closed_on")
    yield Until(days_after(closed_on, decide_within), "a decision on the closed plan {plan} falls due", plan=plan.plan)
