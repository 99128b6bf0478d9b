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

if TYPE_CHECKING:
    from partnerflow.actors import Actor

    from .partnerflow import Partnerflow


def check(
    flow: Partnerflow, partnership_id: UUID, trigger: str, *, by: Actor, reason: str | None, at: datetime | None
) -> Decision:
    """Decide one trigger, and change nothing."""
    with flow.store.reading() as tx:
        holding = work.held(flow, tx, partnership_id, lock=False)
        when = work.happened_at(at, work.recorded_on(flow, holding), holding.moves[-1].at)
        dossier, host = work.loaded(flow, tx, holding)
        return decision(flow, tx, dossier, trigger, by=by, reason=reason, at=when, host=host)


def options(flow: Partnerflow, partnership_id: UUID, *, by: Actor, at: datetime | None) -> dict[str, Decision]:
    """Decide every trigger that is legal from here, over one load."""
    with flow.store.reading() as tx:
        holding = work.held(flow, tx, partnership_id, lock=False)
        when = work.happened_at(at, work.recorded_on(flow, holding), holding.moves[-1].at)
        dossier, host = work.loaded(flow, tx, holding)
        return {
            trigger: decision(flow, tx, dossier, trigger, by=by, reason=None, at=when, host=host)
            for trigger in flow.lifecycle.legal(holding.partnership.state)
        }


def decision(
    flow: Partnerflow, tx: Transaction, dossier: Dossier, trigger: str, *, by: Actor, reason: str | None, at: datetime,
    host: tuple[Record, ...],
) -> Decision:  # fmt: skip
    """Decide one trigger over a dossier that is loaded."""
    move, row = work.asked(flow, dossier.partnership.state, trigger, by=by, at=at, reason=reason)
    made, _ = work.decide(flow, tx, dossier, move, row, at=at, host=host)
    return made


def standing(flow: Partnerflow, partnership_id: UUID, *, at: datetime | None) -> Report:
    """Report what does not hold now."""
    with flow.store.reading() as tx:
        holding = work.held(flow, tx, partnership_id, lock=False)
        when = work.happened_at(at, work.recorded_on(flow, holding))
        dossier, _ = work.loaded(flow, tx, holding)
        return flow.pack.evaluate(dossier, flow.today(when))
