"""What every use case does: read the arguments, load what is on file, and make what is to be written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from itertools import islice
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

import attrs

from partnerflow.canonical import canonical, check_text, sha256
from partnerflow.decision import Decision
from partnerflow.dossier import Dossier, RecordIndex
from partnerflow.errors import Conflict, InvalidRequest, KeyReused, NotFound, UnknownState
from partnerflow.events import Event, Fact
from partnerflow.history import START, Transition, entry_link, transition_link
from partnerflow.lifecycle import Move, Row
from partnerflow.lifecycle.machine import run
from partnerflow.obligations import Judgement, Obligation, judged
from partnerflow.partnership import Partnership
from partnerflow.policies.report import Report
from partnerflow.ports import ChangeSet, IdempotencyRecord, Snapshot, Transaction
from partnerflow.records import Document, Entry, Partner, Record
from partnerflow.records.conversion import moment_text

from .context import Context

if TYPE_CHECKING:
    from partnerflow.actors import Actor

NOTHING = ChangeSet()
T = TypeVar("T")


# --- arguments -----------------------------------------------------------------------------------------------------


def aware(moment: datetime, argument: str) -> datetime:
    """Return *moment* in UTC. Raises InvalidRequest for one without a time zone."""
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise InvalidRequest(
            argument, moment.isoformat(), "has no time zone: say which, as in 2026-09-01T08:00:00+00:00"
        )
    return moment.astimezone(UTC)


def recorded_at(context: Context, *files: Sequence[Entry], after: datetime | None = None) -> datetime:
    """Return the clock's moment, never earlier than *after* or than what was recorded last on *files*."""
    last = (file[-1].recorded_at for file in files if file)
    return max([aware(context.clock(), "clock"), *(moment for moment in (after, *last) if moment is not None)])


def recorded_on(context: Context, holding: Snapshot) -> datetime:
    """Return the moment at which something more about *holding* is recorded."""
    return recorded_at(context, holding.partner_file, holding.own_file, after=holding.recorded_at)


def happened_at(at: datetime | None, now: datetime, not_before: datetime | None = None) -> datetime:
    """Read the argument `at`. Raises InvalidRequest for a naive moment, the future, or before the last step."""
    if at is None:
        return now
    at = aware(at, "at")
    if at > now:
        raise InvalidRequest("at", moment_text(at), f"is in the future (now is {moment_text(now)})")
    if not_before is not None and at < not_before:
        raise InvalidRequest("at", moment_text(at), f"is before the partnership's last step, {moment_text(not_before)}")
    return at


def text_of(reason: str | None) -> str | None:
    """Read the argument `reason`: an empty one is none. Raises InvalidRequest for what no database can keep."""
    if reason is None or not reason.strip():
        return None
    check_text(reason, "reason")
    return reason


def request_hash(call: str, by: Actor, at: datetime | None, *said: object) -> str:
    """Hash what was asked, so that a key can tell its own request from another."""
    when = None if at is None else moment_text(aware(at, "at"))
    return sha256(canonical([call, by.id, by.side, when, [None if one is None else str(one) for one in said]]))


def replayed(tx: Transaction, key: str | None, request: str) -> IdempotencyRecord | None:
    """Return what *key* has done already. Raises KeyReused if that was another request."""
    if key is None:
        return None
    check_text(key, "idempotency_key")
    done = tx.receipt(key)
    if done is not None and done.request != request:
        raise KeyReused(key)
    return done


def receipt(key: str | None, request: str) -> IdempotencyRecord | None:
    """Make the receipt of a request that has a key, still without its work."""
    return None if key is None else IdempotencyRecord(key=key, request=request, work=())


def done(receipt: IdempotencyRecord | None, ids: Iterable[UUID | None]) -> IdempotencyRecord | None:
    """Note on a receipt the ids of what its key has made."""
    if receipt is None:
        return None
    return IdempotencyRecord(
        key=receipt.key, request=receipt.request, work=tuple([each for each in ids if each is not None])
    )


def expect(holding: Snapshot, version: int | None) -> None:
    """Raise Conflict where the partnership is not at the version that the caller expects."""
    actual = holding.partnership.version
    if version is not None and version != actual:
        raise Conflict(holding.partnership.id, version, actual)


def batched(everything: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    """Return *size* at a time, and the rest (itertools.batched from Python 3.12 on)."""
    left = iter(everything)
    while some := tuple(islice(left, size)):
        yield some


# --- loading -------------------------------------------------------------------------------------------------------


def held(context: Context, tx: Transaction, partnership_id: UUID, *, lock: bool) -> Snapshot:
    """Load a partnership. Raises NotFound, and UnknownState for a state that today's table does not have."""
    holding = tx.holding(partnership_id, lock=lock)
    if holding is None:
        raise NotFound("partnership", partnership_id)
    refuse_unknown(context, holding)
    return holding


def among(context: Context, held: Mapping[UUID, Snapshot], partnership_id: UUID) -> Snapshot:
    """Return one of many that were loaded. Raises as `held` does."""
    if partnership_id not in held:
        raise NotFound("partnership", partnership_id)
    refuse_unknown(context, held[partnership_id])
    return held[partnership_id]


def refuse_unknown(context: Context, holding: Snapshot) -> None:
    """Raise UnknownState for a state that today's table does not have."""
    if holding.partnership.state not in context.lifecycle.states:
        raise UnknownState(holding.partnership.state, holding.lifecycle_version, str(context.lifecycle))


def newest_partner(entries: Iterable[Entry]) -> Partner:
    """Return what is now on file of a partner; of a past moment, it may have been redacted since."""
    found: Partner | None = None
    for entry in entries:
        if isinstance(entry.record, Partner):
            found = entry.record
        elif entry.redacted and entry.kind == Partner.kind_info.name:
            found = Partner(name="redacted")
    if found is None:
        raise NotFound("partner record", "of this partner")
    return found


def host_records(context: Context, tx: Transaction, partnership: Partnership) -> tuple[Record, ...]:
    """Ask the host for its own facts, once a load."""
    return () if context.host_records is None else tuple(context.host_records(partnership, tx.session))


def dossier_of(
    partnership: Partnership, partner_file: Sequence[Entry], own_file: Sequence[Entry], moves: tuple[Move, ...],
    host: Sequence[Record] = (), *, tz: tzinfo,
) -> Dossier:  # fmt: skip
    """Put a dossier together; the host's facts come last, as the newest."""
    entries = [entry for entry in partner_file if not isinstance(entry.record, Partner)]
    return Dossier(
        newest_partner(partner_file),
        partnership,
        RecordIndex([*entries, *own_file, *(Entry(record=record) for record in host)]),
        moves=moves,
        tz=tz,
    )


def loaded(context: Context, tx: Transaction, holding: Snapshot) -> tuple[Dossier, tuple[Record, ...]]:
    """Return the dossier of a holding, and the host's facts that are in it."""
    host = host_records(context, tx, holding.partnership)
    return dossier_of(
        holding.partnership, holding.partner_file, holding.own_file, holding.moves, host, tz=context.tz
    ), host


# --- deciding ------------------------------------------------------------------------------------------------------


def asked(
    context: Context, source: str, trigger: str, *, by: Actor, at: datetime, reason: str | None
) -> tuple[Move, Row | None]:
    """Make the step that is asked for, and its row of the table; None: there is none from this state."""
    row = context.lifecycle.row(trigger, source)
    target = source if row is None else context.lifecycle.targets(row, source)[0]
    return Move(str(trigger), source, target, by=by, at=at, reason=text_of(reason)), row


def decide(
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


def lacking(decision: Decision) -> tuple[str, ...]:
    """Name what the request must carry and does not."""
    return tuple(name for name in decision.needs if getattr(decision.move, name, None) is None)


# --- making what is written ----------------------------------------------------------------------------------------


def entered(
    context: Context, records: Sequence[tuple[Record, str]], file_id: UUID, before: Sequence[Entry], *, by: Actor,
    at: datetime, now: datetime, version: int | None, documents: tuple[Document, ...] = (),
) -> tuple[Entry, ...]:  # fmt: skip
    """Make the entries of *records* (each with its text), chained to what lies on the file."""
    made: list[Entry] = []
    previous, seq = (before[-1].link, before[-1].seq) if before else (START, 0)
    for place, (record, text) in enumerate(records, 1):
        entry = Entry(
            record=record, id=context.new_id(), filed_at=at, recorded_at=now, filed_by=by, version=version,
            documents=documents, text=text, revision=record.kind_info.revision, file_id=file_id, seq=seq + place,
        )  # fmt: skip
        entry = attrs.evolve(entry, link=entry_link(entry, previous))
        previous = entry.link
        made.append(entry)
    return tuple(made)


def moved(
    context: Context, decision: Decision, row: Row, dossier: Dossier, *, now: datetime, previous: str,
    partner_file: Sequence[Entry], own_file: Sequence[Entry],
) -> Transition:  # fmt: skip
    """Take the step in the machine and make its transition; *dossier* is as it was."""
    move, partnership = decision.move, dossier.partnership
    state = run(context.lifecycle, move.trigger, move.source, move.target)
    version = 1 if move.source is None else partnership.version + 1
    transition = Transition(
        id=context.new_id(),
        partnership_id=partnership.id,
        version=version,
        move=move if move.target == state else attrs.evolve(move, target=state),
        recorded_at=now,
        lifecycle=decision.lifecycle,
        event=f"org.partnerflow.partnership.{row.event}.v1",
        decision=decision.text(),
        partner_seq=len(partner_file),
        partner_link=partner_file[-1].link if partner_file else START,
        file_seq=len(own_file),
        file_link=own_file[-1].link if own_file else START,
        previous=previous,
        entered=(state == move.source and dossier.entered_at_version()) or version,
    )
    return attrs.evolve(transition, link=transition_link(transition))


def judgement(context: Context, report: Report, dossier: Dossier, before: Sequence[Obligation]) -> Judgement:
    """Make what must go on being true, and until when, of what *report* found."""
    return Judgement(
        partnership_id=dossier.partnership.id,
        digest=context.pack.digest,
        obligations=judged(report, context.pack.due_dates(report, dossier), before, context.pack.leads),
    )


def numbered(context: Context, facts: Iterable[Fact], partnership_id: UUID, after: int) -> tuple[Event, ...]:
    """Return facts their ids and their place among the events of their partnership."""
    return tuple(
        Event(
            id=context.new_id(), type=fact.type, tenant=context.store.tenant, partnership_id=partnership_id,
            sequence=place, time=fact.time, data=fact.data,
        )
        for place, fact in enumerate(facts, after + 1)
    )  # fmt: skip


# --- writing -------------------------------------------------------------------------------------------------------


def keep(context: Context, tx: Transaction, *changes: ChangeSet) -> None:
    """Write what there is to write, and have the receivers of `after` told of its events once they are committed."""
    said = [change for change in changes if change != NOTHING]
    if not said:
        return
    tx.write(*said)
    told = [event for change in said for event in change.events]
    if not told:
        return

    def tell() -> None:
        for event in told:
            context.after.tell(event)

    tx.after_commit(tell)
