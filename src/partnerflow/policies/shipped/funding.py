"""Whether there is money for what was promised, and whether it will last."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, TypeAlias

from partnerflow.dossier import Dossier
from partnerflow.policies import Problem, Until, Verdict, best_of, lack, need, not_applicable, policy
from partnerflow.records import NO_END, FundingPlan, FundingSource, Money, days_after

from .agreement import but, in_force
from .states import FROM_VETTING, RUNNING

_Placed: TypeAlias = list[tuple[int, FundingSource]]

_CITY: dict[str, Any] = {
    "source": "City youth fund",
    "kind": "grant",
    "amount": "30000 USD",
    "percent": 60,
    "ends_on": "2027-12-31",
    "status": "won",
}
_GIVING = {**_CITY, "source": "Riverbend families", "kind": "donations", "amount": "20000 USD", "percent": 40}
_PLAN: dict[str, Any] = {
    "kind": "funding_plan",
    "sources": [_CITY, _GIVING],
    "discussed_on": "2026-08-14",
    "discussed_by": ["district", "partner"],
    "steps": [{"what": "ask the health trust", "owner_side": "partner", "due_on": "2026-11-30", "done": False}],
}


@policy(
    "FND-001",
    "Committed funds cover the contracted cost",
    holds_in=RUNNING,
    cites=["EAF-C.4a"],
    labelled=True,
    fix="File the funding plan with the amount of each source that is won, or lower the cost in the agreement; a cost "
    "of 0 says that the district pays nothing.",
    owner="district",
    passing=[but(cost="50000 USD"), _PLAN],
    failing=[but(cost="60000 USD"), _PLAN],
    missing=[but(cost="50000 USD")],
)
def funds_committed(dossier: Dossier, on: date) -> Verdict:
    """A service that runs out of money in March was never paid for."""
    agreement = yield from in_force(dossier, on)
    cost = need(agreement.cost, agreement, "cost")
    if cost.minor == 0:
        not_applicable("the district pays nothing")
    plan = need(dossier.latest(FundingPlan), "funding_plan")
    yield from _won_lacks(plan, "amount")
    committed = 0
    for place, source in _won(plan):
        if source.amount is not None and source.amount.currency != cost.currency:
            yield Problem(
                plan,
                f"sources/{place}/amount",
                "{amount} is not in {wanted}",
                amount=source.amount,
                wanted=cost.currency,
            )
        elif source.amount is not None:
            committed += source.amount.minor
    if committed < cost.minor:
        yield Problem(
            plan,
            "sources",
            "{committed} is won of a cost of {cost}",
            committed=Money(committed, cost.currency),
            cost=cost,
        )


def _won(plan: FundingPlan) -> _Placed:
    """Return the sources that are won, with their places."""
    return [(place, source) for place, source in enumerate(plan.sources or ()) if source.status == "won"]


def _won_lacks(plan: FundingPlan, *fields: str) -> Verdict:
    """Yield what is not said of the sources: whether each is won, and *fields* of those that are."""
    for place, source in enumerate(need(plan.sources, plan, "sources")):
        if source.status is None:
            yield lack(plan, f"sources/{place}/status")
    for place, source in _won(plan):
        for field in fields:
            if getattr(source, field) is None:
                yield lack(plan, f"sources/{place}/{field}")


_ONE_LEG = {**_PLAN, "sources": [{**_CITY, "percent": 100}]}


@policy(
    "FND-002",
    "No single source carries it alone, or a joint plan to change that is under way",
    holds_in=FROM_VETTING,
    cites=["CS2-X6", "CS2-X6c"],
    fix="Plan together how to bring the share of every source to {max_percent} in 100 or less, or what follows a sole "
    "source that ends within {notice_days} days, and file the funding plan with steps, their owners and their days.",
    severity="advisory",
    owner="partner",
    passing=[_ONE_LEG],
    failing=[{**_ONE_LEG, "steps": []}],
    missing=[],
)
def stands_on_several(dossier: Dossier, on: date, *, max_percent: int = 75, notice_days: int = 180) -> Verdict:
    """What lives on one grant leaves the school with it."""
    plan = need(dossier.latest(FundingPlan), "funding_plan")
    yield from _won_lacks(plan, "percent")
    won = _won(plan)
    heavy = [(place, one) for place, one in won if one.percent is not None and one.percent > max_percent]
    if len(won) == 1 and won[0][1].ends_on is None:
        yield lack(plan, f"sources/{won[0][0]}/ends_on")
    if heavy or len(won) == 1:
        ways: list[Callable[[], Verdict]] = [lambda: _alone(plan, won, heavy, notice_days), lambda: _under_way(plan)]
        yield from best_of(ways, lambda way: way(), on)


def _alone(plan: FundingPlan, won: _Placed, heavy: _Placed, notice_days: int) -> Verdict:
    """Yield the sources that give too much, and until when a sole one is far from its end."""
    for place, source in heavy:
        yield Problem(
            plan,
            f"sources/{place}/percent",
            "{source} gives {percent} in 100",
            source=source.source or "a source",
            percent=source.percent,
        )
    ends_on = won[0][1].ends_on
    if len(won) == 1 and ends_on is not None and ends_on != NO_END:
        yield Until(days_after(ends_on, -notice_days - 1), "the sole source comes close to its end")


def _under_way(plan: FundingPlan) -> Verdict:
    steps = need(plan.steps, plan, "steps")
    for place, step in enumerate(steps):
        if not step.what:
            yield lack(plan, f"steps/{place}/what")
        for field in ("owner_side", "due_on", "done"):
            if getattr(step, field) is None:
                yield lack(plan, f"steps/{place}/{field}")
    ahead = [step for step in steps if step.done is False]
    if not ahead:
        yield Problem(plan, "steps", "no step of a joint plan is under way")
    for step in ahead:
        if step.due_on is not None:
            yield Until(step.due_on, "a step of the joint plan falls due ({what})", what=step.what or "")


@policy(
    "FND-003",
    "Both sides have talked about how it is to last",
    holds_in=FROM_VETTING,
    cites=["CS2-X6b"],
    fix="Talk about what the programme lives on and for how long, and file the funding plan with the day and the sides "
    "that took part.",
    severity="advisory",
    owner="district",
    passing=[_PLAN],
    failing=[{**_PLAN, "discussed_by": ["partner"]}],
    missing=[{**_PLAN, "discussed_on": None}],
)
def sustainability_discussed(dossier: Dossier, on: date) -> Verdict:
    """The question is easier at the outset than in the last month of a grant. A school may speak for the district."""
    plan = need(dossier.latest(FundingPlan), "funding_plan")
    if plan.discussed_on is None:
        yield lack(plan, "discussed_on")
    elif plan.discussed_on > on:
        yield Problem(plan, "discussed_on", "is to be on {day}", day=plan.discussed_on, mends_on=plan.discussed_on)
    sides = need(plan.discussed_by, plan, "discussed_by")
    if "partner" not in sides:
        yield Problem(plan, "discussed_by", "the partner took no part")
    if sides.isdisjoint({"district", "school"}):
        yield Problem(plan, "discussed_by", "neither the district nor a school took part")
