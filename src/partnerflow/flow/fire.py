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
from partnerflow.lifecycle import Move
from partnerflow.ports import Changes, Transaction

from . import work

if TYPE_CHECKING:
    from partnerflow.actors import Actor

    from .partnerflow import Partnerflow


def fire(
    flow: Partnerflow, partnership_id: UUID, trigger: str, *, by: Actor, reason: str | None, at: datetime | None,
    expected_version: int | None, idempotency_key: str | None,
) -> Transition:  # fmt: skip
    """Lock, load, judge, tell `before`, write; nothing is written before the last thing that can say no."""
    reason = work.text_of(reason)
    request = work.request_hash("fire", by, at, partnership_id, trigger, reason)
    with flow.store.transaction() as tx:
        holding = work.held(flow, tx, partnership_id, lock=True)
        if done := work.replayed(tx, idempotency_key, request):
            return _done(tx, done.work[0])
        work.expect(holding, expected_version)
        now = work.recorded_on(flow, holding)
        when = work.happened_at(at, now, holding.moves[-1].at)
        dossier, host = work.loaded(flow, tx, holding)
        before = holding.partnership
        row = flow.lifecycle.row(trigger, before.state)
        target = before.state if row is None else flow.lifecycle.targets(row, before.state)[0]
        move = Move(str(trigger), before.state, target, by=by, at=when, reason=reason)
        decision, after = work.decide(flow, tx, dossier, move, row, at=when, host=host)
        lacks = work.lacking(decision)
        if row is not None and decision.allowed and not lacks:
            transition = work.moved(
                flow, decision, row, before, now=now, previous=holding.link,
                partner_file=holding.partner_file, own_file=holding.own_file,
            )  # fmt: skip
            flow.before.tell(transition)
            told = work.numbered(flow, [events.moved(transition, before.partner_id)], before.id, holding.events)
            tx.write(
                Changes(
                    partnership=attrs.evolve(after.partnership, version=transition.version),
                    transition=transition,
                    judgements=[work.judgement(flow, decision.report, after, holding.obligations)],
                    events=told,
                    receipt=work.receipt(idempotency_key, request, transition.id),
                )
            )
            work.announce(flow, tx, told)
            return transition
        tx.write(Changes(attempt=_attempt(flow, partnership_id, decision, when, now)))
    raise (Refused if decision.legal else IllegalTrigger)(decision, lacks)


def _done(tx: Transaction, transition_id: UUID) -> Transition:
    transition = tx.transition(transition_id)
    if transition is None:
        raise NotFound("transition", transition_id)
    return transition


def _attempt(flow: Partnerflow, partnership_id: UUID, decision: Decision, at: datetime, now: datetime) -> Attempt:
    move = decision.move
    return Attempt(
        id=flow.new_id(),
        partnership_id=partnership_id,
        trigger=move.trigger,
        source=move.source,
        by=move.by.id if move.by else "",
        at=at,
        recorded_at=now,
        codes=decision.codes,
    )
