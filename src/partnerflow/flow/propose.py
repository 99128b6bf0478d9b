"""Bringing a partnership into being: proposed, or adopted as it stands; and organisations that have none."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import attrs

from partnerflow import events
from partnerflow.dossier import Dossier
from partnerflow.errors import InvalidRequest, NotFound, Refused
from partnerflow.history import START
from partnerflow.lifecycle import Move, Trigger
from partnerflow.partnership import NOT_STORED, Partnership
from partnerflow.ports import Changes, Holding, PartnerFile, Receipt, Transaction
from partnerflow.records import Entry, Partner
from partnerflow.records.conversion import record_text

from . import work
from .file import KnownAs, refuse_unless_may_file
from .found_by import placement

if TYPE_CHECKING:
    from partnerflow.actors import Actor

    from .partnerflow import Partnerflow


def propose(
    flow: Partnerflow, partner: Partner | UUID, *, by: Actor, reason: str | None, succeeds: UUID | None,
    at: datetime | None, idempotency_key: str | None,
) -> Partnership:  # fmt: skip
    """Begin at the first state of the table."""
    row = flow.lifecycle.row(Trigger.PROPOSE, None)
    state = row.target if row else ""
    return _begin(
        flow, partner, Move(Trigger.PROPOSE, None, state, by=by, reason=work.text_of(reason)), at=at,
        succeeds=succeeds, idempotency_key=idempotency_key,
    )  # fmt: skip


def adopt(
    flow: Partnerflow, partner: Partner | UUID, *, state: str, by: Actor, reason: str, since: date | None,
    at: datetime | None, idempotency_key: str | None,
) -> Partnership:  # fmt: skip
    """Begin in the state that the caller names; what the file lacks is judged and stored, not refused."""
    move = adoption(flow, state, by=by, reason=reason, since=since)
    return _begin(flow, partner, move, at=at, succeeds=None, idempotency_key=idempotency_key)


def adoption(flow: Partnerflow, state: str, *, by: Actor, reason: str, since: date | None) -> Move:
    """Make the step by which a partnership is taken in. Raises InvalidRequest for a state in which none goes on."""
    if state not in flow.lifecycle.live:
        raise InvalidRequest("state", state, f"a partnership can be adopted as {', '.join(flow.lifecycle.live)}")
    return Move(Trigger.ADOPT, None, str(state), by=by, reason=work.text_of(reason), since=since)


@attrs.frozen(kw_only=True)
class Begun:
    """A partnership that has come into being; nothing of it is written yet."""

    partnership: Partnership
    changes: Changes


def _begin(
    flow: Partnerflow, partner: Partner | UUID, move: Move, *, at: datetime | None, succeeds: UUID | None,
    idempotency_key: str | None,
) -> Partnership:  # fmt: skip
    request = request_to_begin(partner, move, at=at, succeeds=succeeds)
    with flow.store.transaction() as tx:
        known = None if isinstance(partner, Partner) else tx.partner_file(partner, lock=True)
        if done := work.replayed(tx, idempotency_key, request):
            return _as_begun(flow, work.held(flow, tx, done.work[0], lock=False))
        begun = begin(
            flow, tx, partner, known, move, at=at, succeeds=succeeds, known_as=tx.partner_known_as,
            receipt=work.receipt(idempotency_key, request),
        )  # fmt: skip
        work.keep(flow, tx, begun.changes)
        return begun.partnership


def request_to_begin(partner: Partner | UUID, move: Move, *, at: datetime | None, succeeds: UUID | None) -> str:
    """Hash the request to begin a partnership."""
    assert move.by is not None  # noqa: S101  every caller names somebody
    what = record_text(partner)[1] if isinstance(partner, Partner) else partner
    return work.request_hash(move.trigger, move.by, at, what, move.reason, move.target, move.since, succeeds)


def begin(
    flow: Partnerflow, tx: Transaction, partner: Partner | UUID, known: PartnerFile | None, move: Move, *,
    at: datetime | None, succeeds: UUID | None, known_as: KnownAs, receipt: Receipt | None,
) -> Begun:  # fmt: skip
    """Judge a beginning, and tell `before`; *known* is the file of a partner that is named by its id, locked."""
    by = move.by
    assert by is not None  # noqa: S101  every caller names somebody
    now = work.recorded_at(flow, known.entries if known else ())
    when = work.happened_at(at, now)
    if move.since is not None and move.since > flow.today(when):
        raise InvalidRequest("since", move.since, f"is after {flow.today(when)}, the day of the step itself")
    move = attrs.evolve(move, at=when)
    new_entries: tuple[Entry, ...] = ()
    if isinstance(partner, Partner):
        shape = record_text(partner)
        _refuse_known(known_as, shape[0])
        partner_id = flow.new_id()
        new_entries = work.entered(flow, [shape], partner_id, (), by=by, at=when, now=now, version=None)
        partner_file = new_entries
    elif known is None:
        raise NotFound("partner", partner)
    else:
        partner_id, partner_file = known.partner_id, known.entries
    if succeeds is not None:
        _refuse_unless_ended(flow, tx, succeeds, partner_id)
    partnership = Partnership(move.target, flow.new_id(), partner_id, version=1, succeeds=succeeds)
    host = work.host_records(flow, tx, partnership)
    dossier = work.dossier_of(partnership, partner_file, (), (), host, tz=flow.tz)
    row = flow.lifecycle.row(move.trigger, None)
    asked = _unstored(dossier) if new_entries else dossier
    decision, _ = work.decide(flow, tx, asked, move, row, at=when, host=host)
    lacks = work.lacking(decision)
    if row is None or not decision.allowed or lacks:
        raise Refused(decision, lacks)
    after = dossier.after(move, flow.today(when))
    transition = work.moved(
        flow, decision, row, dossier, now=now, previous=START, partner_file=partner_file, own_file=()
    )
    flow.before.tell(transition)
    changes = Changes(
        partnership=after.partnership,
        partner=(partner_id, after.partner) if new_entries else None,
        transition=transition,
        entries=new_entries,
        judgements=[work.judgement(flow, decision.report, after, ())],
        placements=[placement(after)],
        events=work.numbered(flow, [events.moved(transition, partner_id)], partnership.id, 0),
        receipt=None if receipt is None else attrs.evolve(receipt, work=(partnership.id,)),
    )
    return Begun(partnership=after.partnership, changes=changes)


def _as_begun(flow: Partnerflow, holding: Holding) -> Partnership:
    """Give the partnership as it was when it came into being."""
    first = holding.moves[0]
    since = first.since or flow.today(first.at)
    return attrs.evolve(holding.partnership, state=first.target, since=since, version=1)


def register(flow: Partnerflow, partner: Partner, *, by: Actor, at: datetime | None) -> UUID:
    """Put an organisation on file, unless one of its outside ids is known already."""
    record, text = record_text(partner)
    assert isinstance(record, Partner)  # noqa: S101  what was given is read back as what it is
    partner = record
    with flow.store.transaction() as tx:
        for system, value in sorted(partner.ids.items()):
            if (known := tx.partner_known_as(system, value)) is not None:
                return known
        now = work.recorded_at(flow)
        when = work.happened_at(at, now)
        dossier = Dossier(partner, Partnership(flow.lifecycle.states[0]), moves=())
        refuse_unless_may_file(flow, dossier, (partner,), by=by, at=when)
        partner_id = flow.new_id()
        entries = work.entered(flow, [(partner, text)], partner_id, (), by=by, at=when, now=now, version=None)
        tx.write(Changes(partner=(partner_id, partner), entries=entries))
        return partner_id


def _unstored(dossier: Dossier) -> Dossier:
    """Show a new organisation as what it is: it has no id yet that anybody could act for."""
    return attrs.evolve(dossier, partnership=attrs.evolve(dossier.partnership, partner_id=NOT_STORED))


def _refuse_known(known_as: KnownAs, partner: object) -> None:
    assert isinstance(partner, Partner)  # noqa: S101  the kind was checked by the caller
    for system, value in sorted(partner.ids.items()):
        if (known := known_as(system, value)) is not None:
            raise InvalidRequest("partner.ids", f"{system}:{value}", f"is partner {known}: name that partner by its id")


def _refuse_unless_ended(flow: Partnerflow, tx: Transaction, succeeds: UUID, partner_id: UUID) -> None:
    ended = work.held(flow, tx, succeeds, lock=False).partnership
    if ended.partner_id != partner_id:
        raise InvalidRequest("succeeds", succeeds, "is a partnership of another partner")
    if ended.state not in flow.lifecycle.final:
        raise InvalidRequest("succeeds", succeeds, f"is in {ended.state}: only an ended partnership can be succeeded")
