"""Evaluate a requested step: build the move, ask the pack about the dossier as it would be after it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import attrs

from partnerflow.decision import Decision
from partnerflow.dossier import Dossier
from partnerflow.lifecycle import Move, Row
from partnerflow.policies.report import Report
from partnerflow.ports import Transaction
from partnerflow.records import Record

from .arguments import reason_text
from .context import Context

if TYPE_CHECKING:
    from partnerflow.actors import Actor


def requested_move(
    context: Context, source: str, trigger: str, *, by: Actor, at: datetime, reason: str | None
) -> tuple[Move, Row | None]:
    """Make the step that is asked for, and its row of the table; None: there is none from this state."""
    row = context.lifecycle.row(trigger, source)
    target = source if row is None else context.lifecycle.targets(row, source)[0]
    return Move(str(trigger), source, target, by=by, at=at, reason=reason_text(reason)), row


def evaluate(
    context: Context, tx: Transaction, dossier: Dossier, move: Move, row: Row | None, *, at: datetime,
    host: tuple[Record, ...] = (),
) -> tuple[Decision, Dossier]:  # fmt: skip
    """Judge, once, the dossier as it would stand after *move*; give the Decision and that dossier."""
    on = context.today(at)
    source = move.source
    legal = context.lifecycle.legal(source)
    if row is None:
        report = Report(
            pack=context.pack.ref,
            on=on,
            state=source or "",
            partner=dossier.partner.name,
            findings=(),
            trigger=move.trigger,
        )
        after = dossier
    else:
        after = dossier.after(move, on)
        if context.pack.compares(move.trigger):
            near = tx.neighbours(dossier.places(), apart_from=dossier.partnership.id, states=context.lifecycle.live)
            after = attrs.evolve(after, neighbours=near)
        report = context.pack.evaluate(after, on, row=row)
    return Decision(
        move=move,
        legal=row is not None,
        legal_triggers=legal,
        needs=row.carries if row else (),
        report=report,
        lifecycle=str(context.lifecycle),
        host_records=host,
    ), after


def missing_fields(decision: Decision) -> tuple[str, ...]:
    """Name what the request must carry and does not."""
    return tuple(name for name in decision.needs if getattr(decision.move, name, None) is None)
