"""Asking: what may be done, and what does not hold. Nothing here writes."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from partnerflow.decision import Decision
from partnerflow.dossier import Dossier
from partnerflow.policies.report import Report
from partnerflow.ports import Transaction
from partnerflow.records import Record

from . import work
from .context import Context

if TYPE_CHECKING:
    from partnerflow.actors import Actor


def check(
    context: Context, partnership_id: UUID, trigger: str, *, by: Actor, reason: str | None, at: datetime | None
) -> Decision:
    """Decide one trigger, and change nothing."""
    with context.store.reading() as tx:
        holding = work.held(context, tx, partnership_id, lock=False)
        when = work.happened_at(at, work.recorded_on(context, holding), holding.moves[-1].at)
        dossier, host = work.loaded(context, tx, holding)
        return decision(context, tx, dossier, trigger, by=by, reason=reason, at=when, host=host)


def options(context: Context, partnership_id: UUID, *, by: Actor, at: datetime | None) -> dict[str, Decision]:
    """Decide every trigger that is legal from here, over one load."""
    with context.store.reading() as tx:
        holding = work.held(context, tx, partnership_id, lock=False)
        when = work.happened_at(at, work.recorded_on(context, holding), holding.moves[-1].at)
        dossier, host = work.loaded(context, tx, holding)
        return {
            trigger: decision(context, tx, dossier, trigger, by=by, reason=None, at=when, host=host)
            for trigger in context.lifecycle.legal(holding.partnership.state)
        }


def decision(
    context: Context, tx: Transaction, dossier: Dossier, trigger: str, *, by: Actor, reason: str | None, at: datetime,
    host: tuple[Record, ...],
) -> Decision:  # fmt: skip
    """Decide one trigger over a dossier that is loaded."""
    move, row = work.asked(context, dossier.partnership.state, trigger, by=by, at=at, reason=reason)
    made, _ = work.decide(context, tx, dossier, move, row, at=at, host=host)
    return made


def standing(context: Context, partnership_id: UUID, *, at: datetime | None) -> Report:
    """Report what does not hold now."""
    with context.store.reading() as tx:
        holding = work.held(context, tx, partnership_id, lock=False)
        when = work.happened_at(at, work.recorded_on(context, holding))
        dossier, _ = work.loaded(context, tx, holding)
        return context.pack.evaluate(dossier, context.today(when))
