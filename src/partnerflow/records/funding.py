"""Where the money comes from, how long it lasts, and who bears which part."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from datetime import date
from typing import Any, Literal

import attrs

from .money import Money
from .mutual import Side
from .registry import Record, record
from .texts import Prose


@attrs.frozen(kw_only=True)
class FundingSource:
    """One source of money, with its status."""

    source: str | None = None
    kind: str | None = None
    """Such as "grant", "district budget" or "donations"."""
    amount: Money | None = None
    percent: int | None = None
    """Its share in all funding of the programme, in percent."""
    ends_on: date | None = None
    """Its last day; NO_END where it has none."""
    status: Literal["sought", "applied", "won", "lost"] | None = None
    status_on: date | None = None
    """The day since which it has this status."""
    parties: AbstractSet[str] | None = None
    """Who shares in it."""
    prioritises_collaboration: bool | None = None


@attrs.frozen(kw_only=True)
class FundingStep:
    """One step of the plan that both sides made for lasting funding."""

    what: Prose | None = None
    owner_side: Side | None = None
    due_on: date | None = None
    done: bool | None = None


@record("funding_plan", about="partnership", cites=("EAF-C.4a", "CS2-X6", "CS2-X6b", "CS2-X6c", "CS2-3.A5"))
class FundingPlan(Record):
    """All sources of a partnership's money, when lasting funding was discussed, and the steps that were agreed.

    A newer one replaces it. An empty tuple of sources: it needs no money; of steps: none were agreed.
    """

    sources: tuple[FundingSource, ...] | None = None
    discussed_on: date | None = None
    discussed_by: AbstractSet[Side] | None = None
    steps: tuple[FundingStep, ...] | None = None


@attrs.frozen(kw_only=True)
class CostPart:
    """What one party bears of a cost."""

    party: str
    amount: Money


def _adds_up(shared: Any, _: object, shares: tuple[CostPart, ...] | None) -> None:
    """Raise ValueError for shares that do not add up to the cost, where both are stated."""
    cost: Money | None = shared.cost
    if cost is None or shares is None:
        return
    odd = sorted({part.amount.currency for part in shares} - {cost.currency})
    if odd:
        raise ValueError(f"shares in {', '.join(odd)} of a cost in {cost.currency}: state them in {cost.currency}")
    total = Money(sum(part.amount.minor for part in shares), cost.currency)
    if total != cost:
        raise ValueError(f"the shares make {total} of a cost of {cost}: state shares that add up to it")


@record("cost_share", about="partnership", key=("event",), cites=("CS2-3.A4",))
class CostShare(Record):
    """Who bears which part of the cost of one event or programme. Shares that do not add up are refused."""

    event: str
    cost: Money | None = None
    shares: tuple[CostPart, ...] | None = attrs.field(default=None, validator=_adds_up)
