"""Beginning a partnership: proposed at the first state, or adopted in the state that it is in already."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import attrs

from partnerflow import events, gate
from partnerflow.dossier import Dossier
from partnerflow.errors import InvalidRequest, NotFound, Refused
from partnerflow.history import START
from partnerflow.lifecycle import Move, Trigger
from partnerflow.partnership import NOT_STORED, Partnership
from partnerflow.ports import ChangeSet, IdempotencyRecord, Snapshot, Transaction
from partnerflow.records import Entry, Partner

from .arguments import read_times, refuse_too_far_back
from .context import Context
from .evaluate import evaluate, missing_fields
from .file_index import FileEnd
from .host_records import load_host_records
from .idempotency import complete, find_completed, pending
from .loading import build_dossier, load_snapshot
from .partner_ids import FindPartner, find_partner_in, refuse_known_ids
from .request import Request
from .search_index import search_entry
from .submission import RecordText
from .writing import Chains, new_entries, new_judgement, new_transition, number_events, write


def _with_text(context: Context, partner: Partner | UUID) -> RecordText | UUID:
    if isinstance(partner, Partner):
        return context.read_back(partner)
    return gate.identifier(partner, "partner")


def _succeeded(partnership_id: UUID) -> UUID:
    return gate.identifier(partnership_id, "succeeds")


@attrs.frozen(kw_only=True)
class Beginning:
    """A partnership that is to begin."""

    partner: RecordText | UUID
    """A new partner with its text, or the id of one that is on file."""
    move: Move
    """Its first move, still without its moment."""
    request: Request
    succeeds: UUID | None = attrs.field(default=None, converter=attrs.converters.optional(_succeeded))

    def hash(self) -> str:
        """Hash the request for it."""
        move = self.move
        partner = self.partner[1] if isinstance(self.partner, tuple) else self.partner
        return self.request.hash(move.trigger, partner, move.reason, move.target, move.since, self.succeeds)


@attrs.frozen(kw_only=True)
class BeginResult:
    """What a beginning leads to; nothing of it is written yet."""

    partnership: Partnership
    changes: ChangeSet


def propose(context: Context, partner: Partner | UUID, request: Request, *, succeeds: UUID | None) -> Partnership:
    """Begin a partnership at the first state of the lifecycle."""
    row = context.lifecycle.row(Trigger.PROPOSE, None)
    target = row.target if row else ""
    move = Move(Trigger.PROPOSE, None, target, by=request.by, reason=request.reason)
    known = _with_text(context, partner)
    return _begin(context, Beginning(partner=known, move=move, request=request, succeeds=succeeds))


def adopt(
    context: Context, partner: Partner | UUID, request: Request, *, state: str, since: date | None
) -> Partnership:
    """Begin a partnership in the state that the caller names; what its file lacks is stored, and not refused."""
    return _begin(context, adoption(context, partner, request, state=state, since=since))


def adoption(
    context: Context, partner: Partner | UUID, request: Request, *, state: str, since: date | None
) -> Beginning:
    """Return how an adopted partnership begins. Raises InvalidRequest for a state that is not a live one."""
    if state not in context.lifecycle.live:
        raise InvalidRequest("state", state, f"a partnership can be adopted as {', '.join(context.lifecycle.live)}")
    day = None if since is None else gate.day(since, "since")
    move = Move(Trigger.ADOPT, None, str(state), by=request.by, reason=request.reason, since=day)
    return Beginning(partner=_with_text(context, partner), move=move, request=request)


def _begin(context: Context, beginning: Beginning) -> Partnership:
    request, partner, request_hash = beginning.request, beginning.partner, beginning.hash()
    with context.transaction() as tx:
        known = () if isinstance(partner, tuple) else tuple(tx.partnerships_of([partner], lock=True))
        file = tx.files(known)[known[0]] if known else None
        if completed := find_completed(tx, request, request_hash):
            return _as_it_began(context, load_snapshot(context, tx, completed.work[0], lock=False))
        result = begin(
            context,
            tx,
            beginning,
            file,
            find_partner=find_partner_in(tx),
            idempotency=pending(request, request_hash),
        )
        write(context, tx, result.changes)
        return result.partnership


def begin(
    context: Context,
    tx: Transaction,
    beginning: Beginning,
    file: Sequence[Entry] | None,
    *,
    find_partner: FindPartner,
    idempotency: IdempotencyRecord | None,
) -> BeginResult:
    """Evaluate a beginning, and notify `before`; *file* is that of a partner on file, locked. Raises Refused."""
    request, partner, succeeds = beginning.request, beginning.partner, beginning.succeeds
    times = read_times(context, request.at, file or ())
    refuse_too_far_back(context, request.by, times)
    day = context.today(times.at)
    move = attrs.evolve(beginning.move, at=times.at)
    if move.since is not None and move.since > day:
        raise InvalidRequest("since", move.since, f"is after {day}, the day of the step itself")
    new: tuple[Entry, ...] = ()
    if isinstance(partner, tuple):
        partner_id = context.new_id()
        new = new_entries(
            context, [partner], FileEnd(partner_id, ()), by=request.by, times=times, word_of=request.word_of
        )
    elif file is None:
        raise NotFound("partner", partner)
    else:
        partner_id = partner
    partner_file = new or file or ()
    partnership = Partnership(move.target, context.new_id(), partner_id, version=1, succeeds=succeeds)
    host_records = load_host_records(context, partnership)
    dossier = build_dossier(context, partnership, partner_file, (), (), host_records)
    row = context.lifecycle.row(move.trigger, None)
    asked = _not_stored(dossier) if new else dossier
    decision, _ = evaluate(context, tx, asked, move, row, context.today(times.now), host_records)
    missing = missing_fields(decision)
    if row is None or not decision.allowed or missing:
        raise Refused(decision, missing)
    if isinstance(partner, tuple):  # only now: who may not begin it is not told who is on file
        refuse_known_ids(find_partner, partner[0])
    if succeeds is not None:
        _refuse_unless_ended(context, tx, succeeds, partner_id)
    after = dossier.after(move, day)
    transition = new_transition(context, decision, row, dossier, times.recorded_at, Chains(START, partner_file, ()))
    context.before.notify(transition)
    changes = ChangeSet(
        partnership=after.partnership,
        partner=(partner_id, after.partner) if new else None,
        transition=transition,
        entries=new,
        judgements=[new_judgement(context, decision.report, after, ())],
        search_entries=[search_entry(after)],
        events=number_events(context, [events.moved(transition, partner_id)], partnership.id, 0),
        idempotency=complete(idempotency, [partnership.id]),
    )
    return BeginResult(partnership=after.partnership, changes=changes)


def _as_it_began(context: Context, snapshot: Snapshot) -> Partnership:
    first = snapshot.moves[0]
    since = first.since or context.today(first.at)
    return attrs.evolve(snapshot.partnership, state=first.target, since=since, version=1)


def _not_stored(dossier: Dossier) -> Dossier:
    """Return the dossier of a new partner without the id it will get: nobody can act for that id yet."""
    return attrs.evolve(dossier, partnership=attrs.evolve(dossier.partnership, partner_id=NOT_STORED))


def _refuse_unless_ended(context: Context, tx: Transaction, succeeds: UUID, partner_id: UUID) -> None:
    ended = load_snapshot(context, tx, succeeds, lock=False).partnership
    if ended.partner_id != partner_id:
        raise InvalidRequest("succeeds", succeeds, "is a partnership of another partner")
    if ended.state not in context.lifecycle.final:
        raise InvalidRequest("succeeds", succeeds, f"is in {ended.state}: only an ended partnership can be succeeded")
