"""Evaluate what is requested: ask the pack, once, about the dossier as it would be after the move.

Nothing here writes. Refusing to file is here too, because it is the pack that says who may file what.
"""

from __future__ import annotations

from datetime import date, datetime

import attrs

from partnerflow.actors import Actor
from partnerflow.decision import Decision
from partnerflow.dossier import Dossier
from partnerflow.errors import Refused
from partnerflow.lifecycle import Move, Row
from partnerflow.partnership import Partnership
from partnerflow.policies import FILE
from partnerflow.policies.report import Report
from partnerflow.ports import Snapshot, Transaction
from partnerflow.records import Partner, Record

from .arguments import Times, refuse_too_far_back
from .context import Context
from .request import Request


def requested_move(
    context: Context, source: str, trigger: str, request: Request, times: Times
) -> tuple[Move, Row | None]:
    """Return the move that is requested and its row of the lifecycle; None: there is no such step from *source*.

    Raises InvalidRequest for a step that is dated too far back.
    """
    refuse_too_far_back(context, request.by, times)
    row = context.lifecycle.row(trigger, source)
    target = source if row is None else context.lifecycle.targets(row, source)[0]
    return Move(str(trigger), source, target, by=request.by, at=times.at, reason=request.reason), row


def evaluate(
    context: Context,
    tx: Transaction,
    dossier: Dossier,
    move: Move,
    row: Row | None,
    today: date,
    host_records: tuple[Record, ...] = (),
) -> tuple[Decision, Dossier]:
    """Evaluate, once, the dossier as it would be after *move*; return the Decision and that dossier.

    A step that is dated back is judged on *today* and on its own day: a caller's clock opens nothing. The neighbours
    are loaded only where a rule for the trigger compares with them.
    """
    own_day = context.today(move.at)
    source = move.source
    legal = context.lifecycle.legal(source)
    if row is None:
        report = Report(
            pack=context.pack.ref,
            on=today,
            state=source or "",
            partner=dossier.partner.name,
            findings=(),
            trigger=move.trigger,
        )
        after = dossier
    else:
        after = dossier.after(move, own_day)
        if context.pack.compares(move.trigger):
            after = with_neighbours(context, tx, after)
        report = context.pack.evaluate(after, today, row=row)
        if own_day < today:
            report = report.with_earlier(context.pack.evaluate(after, own_day, row=row))
    decision = Decision(
        move=move,
        legal=row is not None,
        legal_triggers=legal,
        needs=row.carries if row else (),
        report=report,
        lifecycle=str(context.lifecycle),
        host_records=host_records,
    )
    return decision, after


def standing_report(context: Context, snapshot: Snapshot, dossier: Dossier, on: date) -> Report:
    """Evaluate what must hold in the state of a partnership, with no step requested.

    One that has ended owes what it owed when its ending was recorded, and no rule that came into force since: its
    obligations on file say which that were. A purge takes them all away.
    """
    report = context.pack.evaluate(dossier, on)
    if snapshot.partnership.state not in context.lifecycle.final:
        return report
    owed = {obligation.code for obligation in snapshot.obligations}
    return attrs.evolve(report, findings=tuple(f for f in report.findings if f.code in owed or not f.is_owed))


def with_neighbours(context: Context, tx: Transaction, dossier: Dossier) -> Dossier:
    """Return *dossier* with the services of other partnerships at the same places."""
    near = tx.neighbours(dossier.places(), apart_from=dossier.partnership.id, states=context.lifecycle.live)
    return attrs.evolve(dossier, neighbours=near)


def missing_fields(decision: Decision) -> tuple[str, ...]:
    """Return what the request must carry and does not, such as a reason."""
    return tuple(name for name in decision.needs if getattr(decision.move, name, None) is None)


def refuse_unless_may_file(
    context: Context, dossier: Dossier, records: tuple[Record, ...], *, by: Actor, at: datetime
) -> None:
    """Raise Refused where *by* may not file *records*: the only refusal that evidence of the right shape can meet."""
    state = dossier.partnership.state
    move = Move(FILE, state, state, by=by, at=at)
    report = context.pack.evaluate(attrs.evolve(dossier, move=move, filing=records), context.today(at))
    if not report.ok:
        legal = context.lifecycle.legal(state)
        lifecycle = str(context.lifecycle)
        raise Refused(
            Decision(move=move, legal=True, legal_triggers=legal, needs=(), report=report, lifecycle=lifecycle)
        )


def refuse_unless_may_file_on_new(
    context: Context, partner: Partner, records: tuple[Record, ...], *, by: Actor, at: datetime
) -> None:
    """Raise Refused where *by* may not file *records* on a partner that is not on file: before it is looked up."""
    dossier = Dossier(partner, Partnership(context.lifecycle.states[0]), moves=())
    refuse_unless_may_file(context, dossier, records, by=by, at=at)
