"""Filing evidence, and taking it back. What is about the partner judges each of its live partnerships again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING
from uuid import UUID

import attrs

from partnerflow import events
from partnerflow.decision import Decision
from partnerflow.dossier import Dossier, RecordIndex, unknown_kind
from partnerflow.errors import Fault, InvalidRecord, InvalidRequest, NotFound, Refused
from partnerflow.lifecycle import Move
from partnerflow.obligations import Judgement
from partnerflow.partnership import DISTRICT, Partnership
from partnerflow.policies import FILE, Pack
from partnerflow.ports import ChangeSet, IdempotencyRecord, PartnerFile, SearchEntry, Snapshot, Transaction
from partnerflow.records import (
    Approval,
    Document,
    Entry,
    Partner,
    Record,
    Redaction,
    Retraction,
    Unregistered,
    Waiver,
    WaiverRefusal,
    WaiverRequest,
    WaiverRevocation,
    kinds,
)
from partnerflow.records.conversion import record_text
from partnerflow.records.registry import key_of, kind_of

from .arguments import check_version, happened_at, reason_text, recording_time, recording_time_on
from .context import Context
from .found_by import bear_on_finding, placements
from .idempotency import complete, find_completed, pending, request_hash
from .loading import build_dossier, load_dossier, load_host_records, load_snapshot, pick_snapshot
from .writing import new_entries, new_judgement, number_events, write

if TYPE_CHECKING:
    from partnerflow.actors import Actor

Shaped = tuple[Record, str]
"""A record as it will be read back, and its text."""
KnownAs = Callable[[str, str], UUID | None]
"""Says which partner has this id in that system, if one has."""
CONSENTS = (Approval, Waiver, WaiverRequest, WaiverRefusal, WaiverRevocation)
"""What counts by who files it and when: the same words from another person, or after a step, are another consent."""
UNDONE_BY: Mapping[type[Record], tuple[type[Record], ...]] = {
    WaiverRequest: (WaiverRefusal, WaiverRevocation),
    Waiver: (WaiverRevocation,),
    WaiverRefusal: (WaiverRequest, Waiver),
    WaiverRevocation: (Waiver,),
}
"""After which the same words on the same policy are said anew, and not for a second time."""


@attrs.frozen(kw_only=True)
class Added:
    """What became of records that were to be filed; nothing of it is written yet."""

    entries: tuple[Entry, ...]
    """One for each record, those that stood already included."""
    changes: ChangeSet


def file(
    context: Context, subject: UUID, records: Sequence[Record], *, by: Actor, documents: tuple[Document, ...],
    at: datetime | None, expected_version: int | None, idempotency_key: str | None,
) -> tuple[Entry, ...]:  # fmt: skip
    """File *records*, each on the file that it is about."""
    shaped = shapes(subject, records)
    request = request_to_file(subject, shaped, documents, by=by, at=at)
    receipt = pending(idempotency_key, request)
    with context.store.transaction() as tx:
        if subject == DISTRICT:
            lying = DistrictFile(tx.file(DISTRICT))
            if done := find_completed(tx, idempotency_key, request):
                return tx.entries(done.work)
            added = for_district(context, lying, shaped, documents, by=by, at=at, receipt=receipt)
        else:
            ended_too = bear_on_finding(record for record, _ in shaped)
            snapshot, others = locked(context, tx, subject, partner_too=about_partner(shaped), ended_too=ended_too)
            if done := find_completed(tx, idempotency_key, request):
                return tx.entries(done.work)
            added = on_partnership(
                context, tx, snapshot, others, shaped, documents, by=by, at=at, expected_version=expected_version,
                known_as=tx.partner_known_as, receipt=receipt,
            )  # fmt: skip
        write(context, tx, added.changes)
        return added.entries


def shapes(subject: UUID, records: Sequence[Record]) -> list[Shaped]:
    """Check the shape of each record, and that it is about what it is to be filed on."""
    shaped = [_shaped(record) for record in records]
    for record, _ in shaped:
        about, name = record.kind_info.about, record.kind_info.name
        if subject == DISTRICT and about != "district":
            raise InvalidRequest("subject", DISTRICT, f"a {name} is not about the district")
        if subject != DISTRICT and about == "district":
            raise InvalidRequest("subject", subject, f"a {name} is about the district: file(DISTRICT, ...)")
    return shaped


def about_partner(shaped: Sequence[Shaped]) -> bool:
    """Tell whether some record is about the partner, and so bears on each of its partnerships."""
    return any(record.kind_info.about == "partner" for record, _ in shaped)


def request_to_file(
    subject: UUID, shaped: Sequence[Shaped], documents: tuple[Document, ...], *, by: Actor, at: datetime | None
) -> str:
    """Hash the request to file records."""
    said = [*(f"{record.kind_info.name} {text}" for record, text in shaped), *documents]
    return request_hash("file", by, at, subject, *said)


def on_partnership(
    context: Context, tx: Transaction, snapshot: Snapshot, others: tuple[Snapshot, ...], shaped: Sequence[Shaped],
    documents: tuple[Document, ...], *, by: Actor, at: datetime | None, expected_version: int | None,
    known_as: KnownAs, receipt: IdempotencyRecord | None,
) -> Added:  # fmt: skip
    """Make what is written of records on a partnership and its partner; all that they bear on is locked."""
    shaped = [_pinned(context.pack, each) for each in shaped]
    check_version(snapshot, expected_version)
    now = recording_time_on(context, snapshot)
    when = happened_at(at, now, snapshot.moves[-1].at)
    dossier, host = load_dossier(context, tx, snapshot)
    refuse_unless_may_file(context, dossier, tuple(record for record, _ in shaped), by=by, at=when)
    _refuse_taken_ids(known_as, shaped, snapshot)
    made = _entries(context, snapshot, shaped, documents, by=by, at=when, now=now)
    return bearing_on(context, tx, snapshot, others, made, host, now, receipt)


def retract(
    context: Context, partnership_id: UUID, entry_id: UUID, *, by: Actor, reason: str, at: datetime | None,
    expected_version: int | None, idempotency_key: str | None,
) -> Entry:  # fmt: skip
    """File a retraction where the entry lies; an entry that is retracted already gives that retraction."""
    said = reason_text(reason)
    if said is None:
        raise InvalidRequest("reason", repr(reason), "say why it is taken back")
    request = request_hash("retract", by, at, partnership_id, entry_id, said)
    with context.store.transaction() as tx:
        snapshot, others = locked(context, tx, partnership_id, partner_too=True, ended_too=True)
        if done := find_completed(tx, idempotency_key, request):
            return tx.entries(done.work)[0]
        check_version(snapshot, expected_version)
        target = next((e for e in (*snapshot.partner_file, *snapshot.own_file) if e.id == entry_id), None)
        if target is None:
            raise NotFound("entry", f"{entry_id} on the file of partnership {partnership_id}")
        _refuse_unretractable(target)
        stands = snapshot.partnership
        file_id, whose, version = (
            (stands.partner_id, snapshot.partner_file, None)
            if target.file_id == stands.partner_id
            else (stands.id, snapshot.own_file, stands.version)
        )
        now = recording_time_on(context, snapshot)
        when = happened_at(at, now, snapshot.moves[-1].at)
        dossier, host = load_dossier(context, tx, snapshot)
        refuse_unless_may_file(context, dossier, (target.record,), by=by, at=when)
        made = tuple(e for e in whose if isinstance(e.record, Retraction) and e.record.entry_id == entry_id)
        if not made:
            shaped = [record_text(Retraction(entry_id=entry_id, reason=said))]
            made = new_entries(context, shaped, file_id, whose, by=by, at=when, now=now, version=version)
        added = bearing_on(context, tx, snapshot, others, made, host, now, pending(idempotency_key, request))
        write(context, tx, added.changes)
        return made[0]


def _refuse_unretractable(target: Entry) -> None:
    """Raise InvalidRequest for what is answered by a newer record only."""
    if isinstance(target.record, (Partner, Retraction, Redaction, WaiverRevocation)):
        instead = "grant the waiver anew" if isinstance(target.record, WaiverRevocation) else "file a newer one"
        raise InvalidRequest("entry_id", target.id, f"a {target.kind} cannot be retracted: {instead}")


def refuse_unless_may_file(
    context: Context, dossier: Dossier, records: tuple[Record, ...], *, by: Actor, at: datetime
) -> None:
    """Raise Refused where *by* may not file *records*: the only refusal there is for evidence of the right shape."""
    state = dossier.partnership.state
    move = Move(FILE, state, state, by=by, at=at)
    report = context.pack.evaluate(attrs.evolve(dossier, move=move, filing=records), context.today(at))
    if not report.ok:
        raise Refused(
            Decision(
                move=move, legal=True, legal_triggers=context.lifecycle.legal(state), needs=(), report=report,
                lifecycle=str(context.lifecycle),
            )
        )  # fmt: skip


def _shaped(record: Record) -> Shaped:
    """Check the shape of a record."""
    kind = kind_of(record)
    if kinds().get(kind) is not type(record):
        raise InvalidRecord("record", [unknown_kind(kind, "/kind")])
    for way, cls in (("retract", Retraction), ("redact", Redaction)):
        if isinstance(record, cls):
            raise InvalidRequest("record", kind, f"call {way}, which knows where the record lies")
    return record_text(record)


def _pinned(pack: Pack, shaped: Shaped) -> Shaped:
    """Pin a waiver to its policy as it is today. Raises InvalidRecord for a code that the pack does not have.

    Done once the key was looked up: the same request sent again under a newer pack is still the same.
    """
    said, _ = shaped
    if not isinstance(said, (Waiver, WaiverRequest, WaiverRefusal, WaiverRevocation)):
        return shaped
    rule = pack.by_code.get(said.policy)
    if rule is None:
        near = get_close_matches(said.policy.upper(), pack.by_code, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        fault = Fault("/policy", f"{said.policy!r} is no policy of the pack {pack.name!r}{hint}")
        raise InvalidRecord(said.kind_info.name, [fault])
    if isinstance(said, (Waiver, WaiverRequest)) and said.revision is None:
        return record_text(attrs.evolve(said, revision=rule.policy.revision))
    return shaped


def locked(
    context: Context, tx: Transaction, partnership_id: UUID, *, partner_too: bool, ended_too: bool
) -> tuple[Snapshot, tuple[Snapshot, ...]]:
    """Lock the partnership, or its partner and every partnership of it, always in the order of their ids.

    Those that have ended only with *ended_too*: they are not judged any more, but found by what is filed.
    """
    if not partner_too:
        return load_snapshot(context, tx, partnership_id, lock=True), ()
    stands = tx.partnerships([partnership_id]).get(partnership_id)
    partner = None if stands is None else tx.partner_file(stands.partner_id, lock=True)
    if partner is None:
        raise NotFound("partnership", partnership_id)
    theirs = sorted({*beside(context, partner, ended_too=ended_too), partnership_id})
    held = tx.holdings(theirs)
    others = tuple(pick_snapshot(context, held, each) for each in theirs if each != partnership_id)
    return pick_snapshot(context, held, partnership_id), others


def beside(context: Context, partner: PartnerFile, *, ended_too: bool) -> tuple[UUID, ...]:
    """Name the partnerships of a partner that go on, or all of them."""
    return tuple(each.id for each in partner.partnerships if ended_too or each.state not in context.lifecycle.final)


def _entries(
    context: Context, snapshot: Snapshot, shaped: Sequence[Shaped], documents: tuple[Document, ...], *, by: Actor,
    at: datetime, now: datetime,
) -> tuple[Entry, ...]:  # fmt: skip
    """Return one entry a record: the one that stands already, or a new one at the end of its file."""
    files = {"partner": list(snapshot.partner_file), "partnership": list(snapshot.own_file)}
    ids = {"partner": snapshot.partnership.partner_id, "partnership": snapshot.partnership.id}
    versions = {"partner": None, "partnership": snapshot.partnership.version}
    given: list[Entry] = []
    for record, text in shaped:
        about = record.kind_info.about
        lying = files[about]
        entry = standing(lying, record, documents, by, versions[about])
        if entry is None:
            (entry,) = new_entries(
                context, [(record, text)], ids[about], lying, by=by, at=at, now=now, version=versions[about],
                documents=documents,
            )  # fmt: skip
            lying.append(entry)
        given.append(entry)
    return tuple(given)


def standing(
    lying: Sequence[Entry], record: Record, documents: tuple[Document, ...], by: Actor, version: int | None
) -> Entry | None:
    """Return the entry on which the very same record stands: not retracted, superseded or undone, the same consent."""
    on_file = RecordIndex(lying)
    for known in on_file.series(type(record)).get(key_of(record), []):
        entry = on_file.entry(known)
        undone = on_file.followed_by(known, UNDONE_BY.get(type(known), ()))
        another = isinstance(record, CONSENTS) and (entry.filed_by != by or entry.version != version or undone)
        if known == record and not another and (not documents or entry.documents == documents):
            return entry
    return None


def bearing_on(
    context: Context, tx: Transaction, snapshot: Snapshot, others: tuple[Snapshot, ...], given: tuple[Entry, ...],
    host: tuple[Record, ...], now: datetime, receipt: IdempotencyRecord | None,
) -> Added:  # fmt: skip
    """Make what is written: what is new, a judgement of every partnership that it bears on, and by what each is found.

    *host* are the host's facts on the first of them.
    """
    partnership = snapshot.partnership
    known = {entry.id for entry in (*snapshot.partner_file, *snapshot.own_file)}
    new = list({entry.id: entry for entry in given if entry.id not in known}.values())
    done = complete(receipt, (entry.id for entry in given))
    if not new:
        return Added(entries=given, changes=ChangeSet(receipt=done))
    judgements: list[Judgement] = []
    found_anew: list[SearchEntry] = []
    partners = [entry for entry in new if entry.file_id == partnership.partner_id]
    for each in (snapshot, *(others if partners else ())):
        file = [*each.own_file, *(entry for entry in new if entry.file_id == each.partnership.id)]
        dossier = build_dossier(
            each.partnership, [*each.partner_file, *partners], file, each.moves,
            host if each is snapshot else load_host_records(context, tx, each.partnership), tz=context.tz)  # fmt: skip
        if each is snapshot or each.partnership.state not in context.lifecycle.final:
            report = context.pack.evaluate(dossier, context.today(now))
            judgements.append(new_judgement(context, report, dossier, each.obligations))
        found_anew += placements(each, dossier, new)
    renamed = [entry.record for entry in partners if isinstance(entry.record, Partner)]
    facts = [fact for entry in new for fact in events.filed(entry, partnership.id, entry.filed_at or now)]
    changes = ChangeSet(
        partner=(partnership.partner_id, renamed[-1]) if renamed else None,
        entries=new,
        judgements=judgements,
        search_entries=found_anew,
        events=number_events(context, facts, partnership.id, snapshot.events),
        receipt=done,
    )
    return Added(entries=given, changes=changes)


def _refuse_taken_ids(known_as: KnownAs, shaped: Sequence[Shaped], snapshot: Snapshot) -> None:
    for record, _ in shaped:
        if isinstance(record, Partner):
            for system, value in sorted(record.ids.items()):
                known = known_as(system, value)
                if known not in (None, snapshot.partnership.partner_id):
                    raise InvalidRequest("partner.ids", f"{system}:{value}", f"is another partner's, {known}")


class DistrictFile:
    """The district's own file, found by what is filed, so that many requests can add to it one after another."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.last: Sequence[Entry] = ()
        """The last entry, if there is one."""
        self._alike: defaultdict[tuple[object, ...], list[Entry]] = defaultdict(list)
        self.add(entries)

    def add(self, entries: Iterable[Entry]) -> None:
        """Put entries at its end."""
        for entry in entries:
            self.last = (entry,)
            if not isinstance(entry.record, Unregistered):
                self._alike[type(entry.record), *key_of(entry.record)].append(entry)

    def like(self, record: Record) -> Sequence[Entry]:
        """Return what lies there of the same kind and key."""
        return self._alike.get((type(record), *key_of(record)), ())


def for_district(
    context: Context, lying: DistrictFile, shaped: Sequence[Shaped], documents: tuple[Document, ...], *, by: Actor,
    at: datetime | None, receipt: IdempotencyRecord | None,
) -> Added:  # fmt: skip
    """Make what is written of what is about the district itself, such as its sites; *lying* is its file, locked."""
    now = recording_time(context, lying.last)
    when = happened_at(at, now)
    dossier = Dossier(Partner(name="the district"), Partnership(context.lifecycle.states[0]), moves=())
    refuse_unless_may_file(context, dossier, tuple(record for record, _ in shaped), by=by, at=when)
    given: list[Entry] = []
    new: list[Entry] = []
    added = DistrictFile(new)
    for record, text in shaped:
        entry = standing([*lying.like(record), *added.like(record)], record, documents, by, None)
        if entry is None:
            (entry,) = new_entries(
                context, [(record, text)], DISTRICT, added.last or lying.last, by=by, at=when, now=now, version=None,
                documents=documents,
            )  # fmt: skip
            added.add([entry])
            new.append(entry)
        given.append(entry)
    done = complete(receipt, (entry.id for entry in given))
    return Added(entries=tuple(given), changes=ChangeSet(entries=new, receipt=done))
