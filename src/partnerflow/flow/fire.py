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

from . import work
from .context import Context
from .found_by import placements

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
        holding = work.held(context, tx, partnership_id, lock=True)
        if done := work.replayed(tx, idempotency_key, request):
            return _done(tx, done.work[0])
        stepped = step(
            context, tx, holding, trigger, by=by, reason=reason, at=at, expected_version=expected_version,
            receipt=work.receipt(idempotency_key, request),
        )  # fmt: skip
        work.keep(context, tx, stepped.changes)
    if stepped.transition is None:
        assert stepped.refused is not None  # noqa: S101  it is the one or the other
        raise stepped.refused
    return stepped.transition


def request_to(partnership_id: UUID, trigger: str, *, by: Actor, reason: str | None, at: datetime | None) -> str:
    """Hash the request to take a step."""
    return work.request_hash("fire", by, at, partnership_id, trigger, work.text_of(reason))


def step(
    context: Context, tx: Transaction, holding: Snapshot, trigger: str, *, by: Actor, reason: str | None,
    at: datetime | None, expected_version: int | None, receipt: IdempotencyRecord | None,
) -> Stepped:  # fmt: skip
    """Judge a step over a holding that is locked, and tell `before`; *receipt* is still without its work."""
    work.expect(holding, expected_version)
    now = work.recorded_on(context, holding)
    when = work.happened_at(at, now, holding.moves[-1].at)
    dossier, host = work.loaded(context, tx, holding)
    move, row = work.asked(context, dossier.partnership.state, trigger, by=by, at=when, reason=reason)
    decision, after = work.decide(context, tx, dossier, move, row, at=when, host=host)
    lacks = work.lacking(decision)
    if row is None or not decision.allowed or lacks:
        refused = (Refused if decision.legal else IllegalTrigger)(decision, lacks)
        attempt = _attempt(context, holding.partnership.id, decision, when, now)
        return Stepped(transition=None, refused=refused, changes=ChangeSet(attempt=attempt))
    transition = work.moved(
        context, decision, row, dossier, now=now, previous=holding.link,
        partner_file=holding.partner_file, own_file=holding.own_file,
    )  # fmt: skip
    context.before.tell(transition)
    stands = holding.partnership
    changes = ChangeSet(
        partnership=attrs.evolve(after.partnership, version=transition.version),
        transition=transition,
        judgements=[work.judgement(context, decision.report, after, holding.obligations)],
        search_entries=placements(holding, after),
        events=work.numbered(context, [events.moved(transition, stands.partner_id)], stands.id, holding.events),
        receipt=work.done(receipt, [transition.id]),
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
