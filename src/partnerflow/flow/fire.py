"""Doing a step, or saying no and keeping that somebody asked."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import attrs

from partnerflow import events
from partnerflow.decision import Decision
from partnerflow.errors import IllegalTrigger, NotFound, Refused
from partnerflow.history import Attempt, Transition
from partnerflow.ports import ChangeSet, IdempotencyRecord, Snapshot, Transaction

from .arguments import check_version, happened_at, reason_text, recording_time_on
from .context import Context
from .evaluate import evaluate, missing_fields, requested_move
from .found_by import placements
from .idempotency import complete, find_completed, pending, request_hash
from .loading import load_dossier, load_snapshot
from .writing import new_judgement, new_transition, number_events, write

if TYPE_CHECKING:
    from partnerflow.actors import Actor


@attrs.frozen(kw_only=True)
class Stepped:
    """What became of a step that was asked: taken, or refused and kept as an attempt; nothing of it is written yet."""

    transition: Transition | None
    refused: Refused | None
    changes: ChangeSet


def fire(
    context: Context, partnership_id: UUID, trigger: str, *, by: Actor, reason: str | None, at: datetime | None,
    expected_version: int | None, idempotency_key: str | None,
) -> Transition:  # fmt: skip
    """Lock, load, judge, tell `before`, write; nothing is written before the last thing that can say no."""
    request = request_to(partnership_id, trigger, by=by, reason=reason, at=at)
    with context.store.transaction() as tx:
        snapshot = load_snapshot(context, tx, partnership_id, lock=True)
        if done := find_completed(tx, idempotency_key, request):
            return _done(tx, done.work[0])
        stepped = step(
            context, tx, snapshot, trigger, by=by, reason=reason, at=at, expected_version=expected_version,
            receipt=pending(idempotency_key, request),
        )  # fmt: skip
        write(context, tx, stepped.changes)
    if stepped.transition is None:
        assert stepped.refused is not None  # noqa: S101  it is the one or the other
        raise stepped.refused
    return stepped.transition


def request_to(partnership_id: UUID, trigger: str, *, by: Actor, reason: str | None, at: datetime | None) -> str:
    """Hash the request to take a step."""
    return request_hash("fire", by, at, partnership_id, trigger, reason_text(reason))


def step(
    context: Context, tx: Transaction, snapshot: Snapshot, trigger: str, *, by: Actor, reason: str | None,
    at: datetime | None, expected_version: int | None, receipt: IdempotencyRecord | None,
) -> Stepped:  # fmt: skip
    """Judge a step over a snapshot that is locked, and tell `before`; *receipt* is still without its work."""
    check_version(snapshot, expected_version)
    now = recording_time_on(context, snapshot)
    when = happened_at(at, now, snapshot.moves[-1].at)
    dossier, host = load_dossier(context, tx, snapshot)
    move, row = requested_move(context, dossier.partnership.state, trigger, by=by, at=when, reason=reason)
    decision, after = evaluate(context, tx, dossier, move, row, at=when, host=host)
    lacks = missing_fields(decision)
    if row is None or not decision.allowed or lacks:
        refused = (Refused if decision.legal else IllegalTrigger)(decision, lacks)
        attempt = _attempt(context, snapshot.partnership.id, decision, when, now)
        return Stepped(transition=None, refused=refused, changes=ChangeSet(attempt=attempt))
    transition = new_transition(
        context, decision, row, dossier, now=now, previous=snapshot.link,
        partner_file=snapshot.partner_file, own_file=snapshot.own_file,
    )  # fmt: skip
    context.before.tell(transition)
    stands = snapshot.partnership
    changes = ChangeSet(
        partnership=attrs.evolve(after.partnership, version=transition.version),
        transition=transition,
        judgements=[new_judgement(context, decision.report, after, snapshot.obligations)],
        search_entries=placements(snapshot, after),
        events=number_events(context, [events.moved(transition, stands.partner_id)], stands.id, snapshot.events),
        receipt=complete(receipt, [transition.id]),
    )
    return Stepped(transition=transition, refused=None, changes=changes)


def _done(tx: Transaction, transition_id: UUID) -> Transition:
    transition = tx.transition(transition_id)
    if transition is None:
        raise NotFound("transition", transition_id)
    return transition


def _attempt(context: Context, partnership_id: UUID, decision: Decision, at: datetime, now: datetime) -> Attempt:
    move = decision.move
    return Attempt(
        id=context.new_id(),
        partnership_id=partnership_id,
        trigger=move.trigger,
        source=move.source,
        by=move.by.id if move.by else "",
        at=at,
        recorded_at=now,
        codes=decision.codes,
    )
