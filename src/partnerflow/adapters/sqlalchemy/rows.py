"""Rows read as the values of the core, and these values as rows."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from operator import attrgetter
from typing import Any, Literal, Protocol
from uuid import UUID

import attrs

from partnerflow.actors import Actor
from partnerflow.canonical import canonical
from partnerflow.errors import InvalidRecord, Unreadable, error_text
from partnerflow.events import Event
from partnerflow.history import Attempt, PackInForce, Transition
from partnerflow.lifecycle import Move
from partnerflow.obligations import Obligation
from partnerflow.partnership import Partnership
from partnerflow.ports import IdempotencyRecord, Snapshot
from partnerflow.records import Document, Entry, Record, Unregistered
from partnerflow.records.conversion import read_on_file, structure, unstructure
from partnerflow.records.registry import ANY_KIND, Unread

from .misfits import RereadRow, misfits_in, refuse_misfits

Values = dict[str, Any]


class DatabaseRow(Protocol):
    """A row, of SQLAlchemy's or of the fast path: its columns by name, and in order."""

    def __getattr__(self, name: str, /) -> Any: ...
    def __getitem__(self, place: Any, /) -> Any: ...
    def __iter__(self) -> Iterator[Any]: ...


_code = attrgetter("code")
_RENAMED = {"broken_notified": "told_broken", "next_check_on": "look_on"}
"""The columns of fields that have another name there."""
OBLIGATION = tuple((_RENAMED.get(name, name), name) for name in attrs.fields_dict(Obligation))
"""Each column of an obligation with its field."""
_PACK = tuple(attrs.fields_dict(PackInForce))


# --- entries -------------------------------------------------------------------------------------------------------


UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, RecursionError, InvalidRecord)
"""What reading a stored text may raise."""


@lru_cache(maxsize=1024)
def actor_text(actor: Actor | None) -> str:
    """Return an actor as JSON text."""
    return canonical(unstructure(actor))


@lru_cache(maxsize=1024)
def _actor(text: str) -> Actor:
    return structure(json.loads(text), Actor, "actor")


@lru_cache(maxsize=1024)
def _filing_text(by: Actor | None, word_of: Literal["partner"] | None) -> str:
    """Return who filed an entry as JSON text, with whose word it is where somebody else filed it."""
    return actor_text(by) if word_of is None else canonical({**unstructure(by), "word_of": word_of})


@lru_cache(maxsize=1024)
def _filing(text: str) -> tuple[Actor, Literal["partner"] | None]:
    """Read who filed an entry, and whose word it is."""
    data = json.loads(text)
    word_of = _word_of(data)
    return structure(data, Actor, "actor"), word_of


def _word_of(filed: object) -> Literal["partner"] | None:
    """Take whose word it is out of what is stored of who filed it."""
    return filed.pop("word_of", None) if isinstance(filed, dict) else None


def entry(row: DatabaseRow) -> Entry:
    """Read an entry from a row of the whole table; it is unpacked, because access by name is slow."""
    _, file_id, seq, entry_id, kind, revision, text, documents, *rest = row
    filed_at, recorded_at, filed_by, version, link, redacted = rest
    record: Record
    says = False
    misfits: Mapping[str, str] = row.misfits if isinstance(row, RereadRow) else {}
    try:
        refuse_misfits(row)
        actor, word_of = _filing(filed_by)
        attached = () if documents == "[]" else structure(json.loads(documents), tuple[Document, ...], "documents")
        record = Unregistered(kind=kind, fields={})
        if not redacted:
            record, says = read_on_file(kind, text, revision)
    except UNREADABLE as error:  # so that it is one bad entry, and the file can still be read
        actor, word_of, attached = None, _word_of(_plain(filed_by)), ()
        record = _unread(ANY_KIND if "kind" in misfits else kind, text, error_text(error), documents, filed_by)
        if misfits:
            record, redacted = attrs.evolve(record, is_misfit=True), None
    return Entry(
        record=record,
        id=entry_id,
        filed_at=filed_at,
        recorded_at=recorded_at,
        filed_by=actor,
        word_of=word_of,
        version=version,
        documents=attached,
        text=text,
        revision=revision,
        file_id=file_id,
        seq=seq,
        link=link,
        redacted=redacted,
        meaningful=record if says else None,
    )


def _unread(kind: str, text: str, why: str, documents: str, filed_by: str) -> Unread:
    by = _plain(filed_by)
    _word_of(by)
    return Unread(kind=kind, fields={"unreadable": text}, why=why, documents=_plain(documents), filed_by=by)


def _plain(text: str) -> object:
    """Return the data in a JSON text, or the text where it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def entry_values(entry: Entry) -> Values:
    """Return the columns of an entry."""
    return {
        "file_id": entry.file_id,
        "seq": entry.seq,
        "id": entry.id,
        "kind": entry.kind,
        "revision": entry.revision,
        "text": entry.text,
        "documents": canonical(unstructure(entry.documents)),
        "filed_at": entry.filed_at,
        "recorded_at": entry.recorded_at,
        "filed_by": _filing_text(entry.filed_by, entry.word_of),
        "version": entry.version,
        "link": entry.link,
        "redacted": entry.redacted,
    }


# --- transitions ---------------------------------------------------------------------------------------------------


def move(row: DatabaseRow) -> Move:
    """Read the move of a transition, from a row that has nothing else. Raises as `UNREADABLE` lists."""
    refuse_misfits(row)
    trigger, source, target, since, at, by, reason = row
    return Move(trigger, source, target, _actor(by), at, reason, since)


def transition(row: DatabaseRow) -> Transition:
    """Read a transition. Raises Unreadable for one that cannot be read."""
    try:
        refuse_misfits(row)
        by = _actor(row.by)
    except UNREADABLE as error:
        raise Unreadable(f"step {row.version} of partnership {row.partnership_id}", error_text(error)) from error
    return Transition(
        id=row.id,
        partnership_id=row.partnership_id,
        version=row.version,
        move=Move(row.trigger, row.source, row.target, by, row.at, row.reason, row.since),
        recorded_at=row.recorded_at,
        lifecycle=row.lifecycle,
        event=row.event,
        decision=row.decision,
        partner_seq=row.partner_seq,
        partner_link=row.partner_link,
        file_seq=row.file_seq,
        file_link=row.file_link,
        previous=row.previous,
        link=row.link,
        entered=row.entered,
        reason_redacted=row.reason_redacted,
        decision_redacted=row.decision_redacted,
    )


def transition_values(transition: Transition) -> Values:
    """Return the columns of a transition."""
    step = transition.move
    return {
        "partnership_id": transition.partnership_id,
        "version": transition.version,
        "id": transition.id,
        "trigger": str(step.trigger),
        "source": None if step.source is None else str(step.source),
        "target": str(step.target),
        "since": step.since,
        "at": transition.at,
        "recorded_at": transition.recorded_at,
        "by": actor_text(step.by),
        "reason": step.reason,
        "lifecycle": transition.lifecycle,
        "event": transition.event,
        "decision": transition.decision,
        "partner_seq": transition.partner_seq,
        "partner_link": transition.partner_link,
        "file_seq": transition.file_seq,
        "file_link": transition.file_link,
        "previous": transition.previous,
        "link": transition.link,
        "entered": transition.entered,
        "reason_redacted": transition.reason_redacted,
        "decision_redacted": transition.decision_redacted,
    }


def attempt(row: DatabaseRow) -> Attempt:
    """Read a refused attempt. Raises Unreadable for one that cannot be read."""
    fields = ("id", "partnership_id", "trigger", "source", "by", "at", "recorded_at")
    try:
        refuse_misfits(row)
        codes = tuple(json.loads(row.codes))
    except UNREADABLE as error:
        raise Unreadable(f"a refused attempt at partnership {row.partnership_id}", error_text(error)) from error
    return Attempt(**{name: getattr(row, name) for name in fields}, codes=codes)


def attempt_values(attempt: Attempt) -> Values:
    """Return the columns of a refused attempt."""
    return {**attrs.asdict(attempt), "trigger": attempt.trigger[:190], "codes": canonical(list(attempt.codes))}


# --- the rest ------------------------------------------------------------------------------------------------------


def partnership(row: DatabaseRow) -> Partnership:
    """Read a partnership."""
    return Partnership(row.state, row.id, row.partner_id, since=row.since, version=row.version, succeeds=row.succeeds)


def name(row: DatabaseRow) -> str:
    """Read the name of a partnership's partner, whose own row may be gone."""
    return row.name or "unreadable"


def snapshot(
    row: DatabaseRow, entries: Iterable[Entry], moves: Iterable[DatabaseRow], owed: Iterable[Obligation]
) -> Snapshot:
    """Make the snapshot of one partnership."""
    partner_file: list[Entry] = []
    own_file: list[Entry] = []
    for one in entries:
        (own_file if one.file_id == row.id else partner_file).append(one)
    unreadable, made, obligations = misfits_in(row), tuple[Move, ...](), by_code(owed)
    try:
        made = tuple(map(move, moves))
    except UNREADABLE as error:  # so that it is one bad partnership, which is still listed
        unreadable = error_text(error)
    unread_due = [f"{each.code}: {each.why}" for each in obligations if isinstance(each, UnreadObligation)]
    return Snapshot(
        partnership=partnership(row),
        moves=made,
        recorded_at=row.recorded_at,
        link=row.link,
        lifecycle_version=row.made_under,
        partner_file=tuple(partner_file),
        own_file=tuple(own_file),
        obligations=obligations,
        events=row.events,
        pack_digest=row.judged_by,
        unreadable=unreadable,
        unreadable_due="; ".join(unread_due),
    )


def snapshots(
    page: Iterable[DatabaseRow], entries: Iterable[Entry], moves: Iterable[DatabaseRow], owed: Iterable[DatabaseRow]
) -> Iterator[Snapshot]:
    """Make the snapshots of many partnerships; rows of moves and obligations have the partnership's id first."""
    # keyed by integers, because the hash of a UUID is computed in Python, which is slow
    lying: dict[int, list[Entry]] = defaultdict(list)
    made: dict[int, list[DatabaseRow]] = defaultdict(list)
    due: dict[int, list[DatabaseRow]] = defaultdict(list)
    for entry in entries:
        if entry.file_id is not None:
            lying[entry.file_id.int].append(entry)
    for found, listed in ((made, moves), (due, owed)):
        for row in listed:
            found[row[0].int].append(row[1:])
    for row in page:
        here, theirs = row.id.int, row.partner_id.int
        yield snapshot(row, (*lying[theirs], *lying[here]), made[here], map(obligation, due[here]))


@attrs.frozen(kw_only=True)
class UnreadObligation(Obligation):
    """An obligation that cannot be read, so that nobody may take it to hold."""

    why: str


def obligation(row: DatabaseRow) -> Obligation:
    """Read an obligation."""
    if misfits := misfits_in(row):
        return UnreadObligation(code=row.code, title="cannot be read", holds=False, due_on=None, why=misfits)
    code, title, holds, due_on, missed_on, told_broken, reminded_due, reminded_lead, look_on = row
    return Obligation(
        code=code,
        title=title,
        holds=holds,
        due_on=due_on,
        missed_on=missed_on,
        broken_notified=told_broken,
        reminded_due=reminded_due,
        reminded_lead=reminded_lead,
        next_check_on=look_on,
    )


def by_code(owed: Iterable[Obligation]) -> tuple[Obligation, ...]:
    """Sort obligations by code, here rather than in the database: each sorts text by rules of its own."""
    return tuple(sorted(owed, key=_code))


def obligation_values(obligation: Obligation, partnership_id: UUID) -> Values:
    """Return the columns of an obligation."""
    return {"partnership_id": partnership_id, **{column: getattr(obligation, field) for column, field in OBLIGATION}}


def event(row: DatabaseRow, tenant: str) -> Event:
    """Read an event of the outbox. Raises Unreadable for one that cannot be read."""
    try:
        refuse_misfits(row)
        data: Mapping[str, Any] = json.loads(row.body)["data"]
    except UNREADABLE as error:
        raise Unreadable(f"event {row.sequence} of partnership {row.partnership_id}", error_text(error)) from error
    named = {name: getattr(row, name) for name in ("id", "type", "partnership_id", "sequence", "time")}
    return Event(**named, tenant=tenant, data=data)


def event_values(event: Event) -> Values:
    """Return the columns of an event."""
    return {
        "partnership_id": event.partnership_id,
        "sequence": event.sequence,
        "id": event.id,
        "type": event.type,
        "time": event.time,
        "body": event.body(),
    }


def idempotency_record(row: DatabaseRow) -> IdempotencyRecord:
    """Read the record of an idempotency key. Raises Unreadable for one that cannot be read."""
    try:
        refuse_misfits(row)
        work = tuple(UUID(text) for text in json.loads(row.work))
    except UNREADABLE as error:
        raise Unreadable(f"idempotency key {row.key}", error_text(error)) from error
    return IdempotencyRecord(key=row.key, request=row.request, work=work)


def idempotency_values(record: IdempotencyRecord) -> Values:
    """Return the columns of an idempotency record."""
    return {"key": record.key, "request": record.request, "work": canonical([str(one) for one in record.work])}


def pack(row: DatabaseRow) -> PackInForce:
    """Return the pack of a row."""
    return PackInForce(**{name: getattr(row, name) for name in _PACK})


def pack_values(in_force: PackInForce) -> Values:
    """Return the columns of a pack."""
    return {name: getattr(in_force, name) for name in _PACK}
