"""Answering, without writing, which steps may be taken and what does not hold."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from partnerflow import gate
from partnerflow.actors import Actor
from partnerflow.decision import Decision
from partnerflow.policies.report import Report
from partnerflow.ports import Transaction

from .arguments import read_times
from .context import Context
from .evaluate import evaluate, requested_move, standing_report
from .loading import Loaded, load, load_dossier, load_snapshot
from .request import Request


def check(context: Context, partnership_id: UUID, trigger: str, request: Request) -> Decision:
    """Return the Decision on one trigger."""
    gate.identifier(partnership_id, "partnership_id")
    gate.word(trigger, "trigger")
    with context.reading() as tx:
        loaded = load(context, load_snapshot(context, tx, partnership_id, lock=False), request.at)
        return _decision(context, tx, loaded, trigger, request)


def options(context: Context, partnership_id: UUID, *, by: Actor, at: datetime | None) -> dict[str, Decision]:
    """Return the Decision on every trigger that is legal from the partnership's state, after loading it once."""
    gate.identifier(partnership_id, "partnership_id")
    request = context.request(by, at)
    with context.reading() as tx:
        loaded = load(context, load_snapshot(context, tx, partnership_id, lock=False), at)
        legal = context.lifecycle.legal(loaded.snapshot.partnership.state)
        return {trigger: _decision(context, tx, loaded, trigger, request) for trigger in legal}


def explain(context: Context, partnership_id: UUID, *, at: datetime | None) -> Report:
    """Return the Report on what must hold in the partnership's state, with no trigger requested."""
    gate.identifier(partnership_id, "partnership_id")
    with context.reading() as tx:
        snapshot = load_snapshot(context, tx, partnership_id, lock=False)
        files = snapshot.partner_file, snapshot.own_file
        day = context.today(read_times(context, at, *files, after=snapshot.recorded_at).at)
        dossier, _ = load_dossier(context, snapshot)
        return standing_report(context, snapshot, dossier, day)


def _decision(context: Context, tx: Transaction, loaded: Loaded, trigger: str, request: Request) -> Decision:
    dossier = loaded.dossier
    move, row = requested_move(context, dossier.partnership.state, trigger, request, loaded.times)
    decision, _ = evaluate(context, tx, dossier, move, row, context.today(loaded.times.now), loaded.host_records)
    return decision
