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
from partnerflow.ports import ChangeSet, IdempotencyRecord, PartnerFile, Snapshot, Transaction
from partnerflow.records import Entry, Partner
from partnerflow.records.conversion import record_text

from .arguments import happened_at, reason_text, recording_time
from .context import Context
from .evaluate import evaluate, missing_fields
from .file import KnownAs, Shaped, refuse_unless_may_file
from .found_by import placement
from .idempotency import complete, find_completed, pending, request_hash
from .loading import build_dossier, load_host_records, load_snapshot
from .writing import new_entries, new_judgement, new_transition, number_events, write

if TYPE_CHECKING:
    from partnerflow.actors import Actor


def propose(
    context: Context, partner: Partner | UUID, *, by: Actor, reason: str | None, succeeds: UUID | None,
    at: datetime | None, idempotency_key: str | None,
) -> Partnership:  # fmt: skip
    """Begin at the first state of the table."""
    row = context.lifecycle.row(Trigger.PROPOSE, None)
    move = Move(Trigger.PROPOSE, None, row.target if row else "", by=by, reason=reason_text(reason))
    return _begin(context, Beginning(partner=partner, move=move, at=at, succeeds=succeeds), idempotency_key)


def adopt(
    context: Context, partner: Partner | UUID, *, state: str, by: Actor, reason: str, since: date | None,
    at: datetime | None, idempotency_key: str | None,
) -> Partnership:  # fmt: skip
    """Begin in the state that the caller names; what the file lacks is judged and stored, not refused."""
    beginning = adoption(context, partner, state=state, by=by, reason=reason, since=since, at=at)
    return _begin(context, beginning, idempotency_key)


def _with_text(partner: Partner | UUID) -> Shaped | UUID:
    return record_text(partner) if isinstance(partner, Partner) else partner


@attrs.frozen(kw_only=True)
class Beginning:
    """A partnership that is to begin. Raises as `record_text` does for a partner of the wrong shape."""

    partner: Shaped | UUID = attrs.field(converter=_with_text)
    """A new partner with its text, or the id of one that is on file."""
    move: Move
    at: datetime | None
    succeeds: UUID | None = None

    def request(self) -> str:
        """Hash the request for it."""
        move, by = self.move, self.move.by
        assert by is not None  # noqa: S101  every caller names somebody
        what = self.partner[1] if isinstance(self.partner, tuple) else self.partner
        return request_hash(move.trigger, by, self.at, what, move.reason, move.target, move.since, self.succeeds)


def adoption(
    context: Context, partner: Partner | UUID, *, state: str, by: Actor, reason: str, since: date | None,
    at: datetime | None,
) -> Beginning:  # fmt: skip
    """Say how a partnership is taken in. Raises InvalidRequest for a state in which none goes on."""
    if state not in context.lifecycle.live:
        raise InvalidRequest("state", state, f"a partnership can be adopted as {', '.join(context.lifecycle.live)}")
    move = Move(Trigger.ADOPT, None, str(state), by=by, reason=reason_text(reason), since=since)
    return Beginning(partner=partner, move=move, at=at)


@attrs.frozen(kw_only=True)
class Begun:
    """A partnership that has come into being; nothing of it is written yet."""

    partnership: Partnership
    changes: ChangeSet


def _begin(context: Context, beginning: Beginning, idempotency_key: str | None) -> Partnership:
    request, partner = beginning.request(), beginning.partner
    with context.store.transaction() as tx:
        known = None if isinstance(partner, tuple) else tx.partner_file(partner, lock=True)
        if done := find_completed(tx, idempotency_key, request):
            return _as_begun(context, load_snapshot(context, tx, done.work[0], lock=False))
        begun = begin(
            context, tx, beginning, known, known_as=tx.partner_known_as, receipt=pending(idempotency_key, request)
        )
        write(context, tx, begun.changes)
        return begun.partnership


def begin(
    context: Context, tx: Transaction, beginning: Beginning, known: PartnerFile | None, *, known_as: KnownAs,
    receipt: IdempotencyRecord | None,
) -> Begun:  # fmt: skip
    """Judge a beginning, and tell `before`; *known* is the file of a partner that is named by its id, locked."""
    partner, move, succeeds = beginning.partner, beginning.move, beginning.succeeds
    by = move.by
    assert by is not None  # noqa: S101  every caller names somebody
    now = recording_time(context, known.entries if known else ())
    when = happened_at(beginning.at, now)
    if move.since is not None and move.since > context.today(when):
        raise InvalidRequest("since", move.since, f"is after {context.today(when)}, the day of the step itself")
    move = attrs.evolve(move, at=when)
    made: tuple[Entry, ...] = ()
    if isinstance(partner, tuple):
        _refuse_known(known_as, partner[0])
        partner_id = context.new_id()
        made = new_entries(context, [partner], partner_id, (), by=by, at=when, now=now, version=None)
        partner_file = made
    elif known is None:
        raise NotFound("partner", partner)
    else:
        partner_id, partner_file = known.partner_id, known.entries
    if succeeds is not None:
        _refuse_unless_ended(context, tx, succeeds, partner_id)
    partnership = Partnership(move.target, context.new_id(), partner_id, version=1, succeeds=succeeds)
    host = load_host_records(context, tx, partnership)
    dossier = build_dossier(partnership, partner_file, (), (), host, tz=context.tz)
    row = context.lifecycle.row(move.trigger, None)
    asked = _unstored(dossier) if made else dossier
    decision, _ = evaluate(context, tx, asked, move, row, at=when, host=host)
    lacks = missing_fields(decision)
    if row is None or not decision.allowed or lacks:
        raise Refused(decision, lacks)
    after = dossier.after(move, context.today(when))
    transition = new_transition(
        context, decision, row, dossier, now=now, previous=START, partner_file=partner_file, own_file=()
    )
    context.before.tell(transition)
    changes = ChangeSet(
        partnership=after.partnership,
        partner=(partner_id, after.partner) if made else None,
        transition=transition,
        entries=made,
        judgements=[new_judgement(context, decision.report, after, ())],
        search_entries=[placement(after)],
        events=number_events(context, [events.moved(transition, partner_id)], partnership.id, 0),
        receipt=complete(receipt, [partnership.id]),
    )
    return Begun(partnership=after.partnership, changes=changes)


def _as_begun(context: Context, snapshot: Snapshot) -> Partnership:
    """Return the partnership as it was when it came into being."""
    first = snapshot.moves[0]
    since = first.since or context.today(first.at)
    return attrs.evolve(snapshot.partnership, state=first.target, since=since, version=1)


def register(context: Context, partner: Partner, *, by: Actor, at: datetime | None) -> UUID:
    """Put an organisation on file, unless one of its outside ids is known already."""
    record, text = record_text(partner)
    assert isinstance(record, Partner)  # noqa: S101  what was given is read back as what it is
    partner = record
    with context.store.transaction() as tx:
        for system, value in sorted(partner.ids.items()):
            if (known := tx.partner_known_as(system, value)) is not None:
                return known
        now = recording_time(context)
        when = happened_at(at, now)
        dossier = Dossier(partner, Partnership(context.lifecycle.states[0]), moves=())
        refuse_unless_may_file(context, dossier, (partner,), by=by, at=when)
        partner_id = context.new_id()
        entries = new_entries(context, [(partner, text)], partner_id, (), by=by, at=when, now=now, version=None)
        tx.write(ChangeSet(partner=(partner_id, partner), entries=entries))
        return partner_id


def _unstored(dossier: Dossier) -> Dossier:
    """Show a new organisation as what it is: it has no id yet that anybody could act for."""
    return attrs.evolve(dossier, partnership=attrs.evolve(dossier.partnership, partner_id=NOT_STORED))


def _refuse_known(known_as: KnownAs, partner: object) -> None:
    assert isinstance(partner, Partner)  # noqa: S101  the kind was checked by the caller
    for system, value in sorted(partner.ids.items()):
        if (known := known_as(system, value)) is not None:
            raise InvalidRequest("partner.ids", f"{system}:{value}", f"is partner {known}: name that partner by its id")


def _refuse_unless_ended(context: Context, tx: Transaction, succeeds: UUID, partner_id: UUID) -> None:
    ended = load_snapshot(context, tx, succeeds, lock=False).partnership
    if ended.partner_id != partner_id:
        raise InvalidRequest("succeeds", succeeds, "is a partnership of another partner")
    if ended.state not in context.lifecycle.final:
        raise InvalidRequest("succeeds", succeeds, f"is in {ended.state}: only an ended partnership can be succeeded")
