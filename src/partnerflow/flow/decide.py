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

from .arguments import happened_at, recording_time_on
from .context import Context
from .evaluate import evaluate, requested_move
from .loading import load_dossier, load_snapshot

if TYPE_CHECKING:
    from partnerflow.actors import Actor


def check(
    context: Context, partnership_id: UUID, trigger: str, *, by: Actor, reason: str | None, at: datetime | None
) -> Decision:
    """Decide one trigger, and change nothing."""
    with context.store.reading() as tx:
        snapshot = load_snapshot(context, tx, partnership_id, lock=False)
        when = happened_at(at, recording_time_on(context, snapshot), snapshot.moves[-1].at)
        dossier, host = load_dossier(context, tx, snapshot)
        return decision(context, tx, dossier, trigger, by=by, reason=reason, at=when, host=host)


def options(context: Context, partnership_id: UUID, *, by: Actor, at: datetime | None) -> dict[str, Decision]:
    """Decide every trigger that is legal from here, over one load."""
    with context.store.reading() as tx:
        snapshot = load_snapshot(context, tx, partnership_id, lock=False)
        when = happened_at(at, recording_time_on(context, snapshot), snapshot.moves[-1].at)
        dossier, host = load_dossier(context, tx, snapshot)
        return {
            trigger: decision(context, tx, dossier, trigger, by=by, reason=None, at=when, host=host)
            for trigger in context.lifecycle.legal(snapshot.partnership.state)
        }


def decision(
    context: Context, tx: Transaction, dossier: Dossier, trigger: str, *, by: Actor, reason: str | None, at: datetime,
    host: tuple[Record, ...],
) -> Decision:  # fmt: skip
    """Decide one trigger over a dossier that is loaded."""
    move, row = requested_move(context, dossier.partnership.state, trigger, by=by, at=at, reason=reason)
    made, _ = evaluate(context, tx, dossier, move, row, at=at, host=host)
    return made


def standing(context: Context, partnership_id: UUID, *, at: datetime | None) -> Report:
    """Report what does not hold now."""
    with context.store.reading() as tx:
        snapshot = load_snapshot(context, tx, partnership_id, lock=False)
        when = happened_at(at, recording_time_on(context, snapshot))
        dossier, _ = load_dossier(context, tx, snapshot)
        return context.pack.evaluate(dossier, context.today(when))
