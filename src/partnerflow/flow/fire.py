"""Taking a step, or refusing it and recording the attempt."""

from __future__ import annotations

from uuid import UUID

import attrs

from partnerflow import events, gate
from partnerflow.decision import Decision
from partnerflow.errors import IllegalTrigger, NotFound, Refused
from partnerflow.history import Attempt, Transition
from partnerflow.ports import ChangeSet, IdempotencyRecord, Snapshot, Transaction

from .arguments import Times, check_version
from .context import Context
from .evaluate import evaluate, missing_fields, requested_move
from .idempotency import complete, find_completed, pending
from .loading import load, load_snapshot
from .request import Request
from .search_index import search_entries
from .writing import Chains, new_judgement, new_transition, number_events, write


@attrs.frozen(kw_only=True)
class StepResult:
    """What a requested step leads to: a transition, or a refusal with its attempt; nothing of it is written yet."""

    transition: Transition | None
    refused: Refused | None
    changes: ChangeSet


def fire(context: Context, partnership_id: UUID, trigger: str, request: Request) -> Transition:
    """Lock, load, evaluate, notify `before`, write. Raises Refused once the attempt is written.

    Nothing is written before the last thing that can refuse, so a refusal or a veto has nothing to undo.
    """
    gate.identifier(partnership_id, "partnership_id")
    request_hash = hash_step(partnership_id, trigger, request)
    with context.transaction() as tx:
        snapshot = load_snapshot(context, tx, partnership_id, lock=True)
        if completed := find_completed(tx, request, request_hash):
            return _completed(tx, partnership_id, completed.work[0])
        result = step(context, tx, snapshot, trigger, request, pending(request, request_hash))
        write(context, tx, result.changes)
    if result.transition is None:
        assert result.refused is not None  # noqa: S101  it is the one or the other
        raise result.refused
    return result.transition


def hash_step(partnership_id: UUID, trigger: str, request: Request) -> str:
    """Hash the request to take a step. Raises InvalidRequest for a trigger that no lifecycle could have."""
    return request.hash("fire", partnership_id, gate.word(trigger, "trigger"), request.reason)


def step(
    context: Context,
    tx: Transaction,
    snapshot: Snapshot,
    trigger: str,
    request: Request,
    idempotency: IdempotencyRecord | None,
) -> StepResult:
    """Evaluate a step of a partnership that is locked, and notify `before`, whose receivers may still stop it."""
    check_version(snapshot, request.expected_version)
    _, times, dossier, host_records, _ = load(context, snapshot, request.at)
    move, row = requested_move(context, dossier.partnership.state, trigger, request, times)
    decision, after = evaluate(context, tx, dossier, move, row, context.today(times.now), host_records)
    missing = missing_fields(decision)
    if row is None or not decision.allowed or missing:
        refused = (Refused if decision.legal else IllegalTrigger)(decision, missing)
        attempt = _attempt(context, snapshot.partnership.id, decision, times)
        return StepResult(transition=None, refused=refused, changes=ChangeSet(attempt=attempt))
    chains = Chains(snapshot.link, snapshot.partner_file, snapshot.own_file)
    transition = new_transition(context, decision, row, dossier, times.recorded_at, chains)
    context.before.notify(transition)
    partnership = snapshot.partnership
    moved = events.moved(transition, partnership.partner_id)
    changes = ChangeSet(
        partnership=attrs.evolve(after.partnership, version=transition.version),
        transition=transition,
        judgements=[new_judgement(context, decision.report, after, snapshot.obligations)],
        search_entries=search_entries(snapshot, after),
        events=number_events(context, [moved], partnership.id, snapshot.events),
        idempotency=complete(idempotency, [transition.id]),
    )
    return StepResult(transition=transition, refused=None, changes=changes)


def _completed(tx: Transaction, partnership_id: UUID, transition_id: UUID) -> Transition:
    transition = next((made for made in tx.history(partnership_id) if made.id == transition_id), None)
    if transition is None:
        raise NotFound("transition", transition_id)
    return transition


def _attempt(context: Context, partnership_id: UUID, decision: Decision, times: Times) -> Attempt:
    move = decision.move
    return Attempt(
        id=context.new_id(),
        partnership_id=partnership_id,
        trigger=move.trigger,
        source=move.source,
        by=move.by.id if move.by else "",
        at=times.at,
        recorded_at=times.recorded_at,
        codes=decision.codes,
    )
