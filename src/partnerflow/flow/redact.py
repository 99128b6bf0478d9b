"""Blanking what should not be kept: one text at a time, or everything on partnerships that ended long ago.

A redaction is a record like any other. What it blanks keeps its place, its filing and its hash, so every chain holds
and every view says what is gone. It changes no judgement: only what was taken back can be blanked, and no policy reads
that any more. A purge forgets more, once nothing is left to judge.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import attrs

from partnerflow import events
from partnerflow.canonical import sha256
from partnerflow.dossier import Dossier
from partnerflow.errors import InvalidRequest, NotFound
from partnerflow.history import Transition
from partnerflow.obligations import Judgement
from partnerflow.partnership import DISTRICT, Partnership
from partnerflow.ports import ChangeSet, Erasure, Query, Snapshot, Transaction
from partnerflow.records import (
    Entry,
    Partner,
    Record,
    Redaction,
    Retraction,
    Unregistered,
    WaiverRequest,
    WaiverRevocation,
    months_after,
)
from partnerflow.records.conversion import record_text

from . import look
from .arguments import happened_at, reason_text, recording_time_on
from .context import Context
from .file import locked, refuse_unless_may_file
from .found_by import placement
from .idempotency import complete, find_completed, pending, request_hash
from .loading import build_dossier, load_dossier, load_host_records, refuse_unknown_state
from .writing import new_entries, new_judgement, number_events, write

if TYPE_CHECKING:
    from partnerflow.actors import Actor

FOR_GOOD = (Redaction, Retraction, WaiverRequest, WaiverRevocation)
"""What says what became of something else, or who asked for a waiver, which they may never grant: it always counts."""


@attrs.frozen(kw_only=True)
class Purged:
    """What was blanked of a partnership that ended long ago."""

    partnership_id: UUID
    entries: int
    """How many records, those on the partner's file included."""
    steps: int
    """Of how many steps the reason and the decision."""


@attrs.frozen(kw_only=True)
class _Order:
    """What is to be blanked of a partnership, and who says so."""

    entries: Sequence[Entry]
    steps: Sequence[Transition]
    by: Actor
    reason: str
    at: datetime | None = None
    purge: bool = False
    """Whether nothing is to be left of it: no attempt, and nothing that it owes."""

    @property
    def record(self) -> Redaction:
        """Say it as one record."""
        return self.on(self.entries, self.steps)

    def on(self, entries: Iterable[Entry], steps: Iterable[Transition]) -> Redaction:
        """Say of some of it that it was blanked."""
        ids = tuple(entry.id for entry in entries if entry.id is not None)
        return Redaction(entries=ids, steps=tuple(made.version for made in steps), reason=self.reason)


def redact(
    context: Context, partnership_id: UUID, *, entries: Iterable[UUID], steps: Iterable[int], by: Actor, reason: str,
    at: datetime | None, idempotency_key: str | None,
) -> tuple[Entry, ...]:  # fmt: skip
    """Blank some texts; give the redactions that say so, one on each file concerned, those from before included."""
    (asked, versions), said = _asked(entries, steps), _reason(reason)
    if partnership_id == DISTRICT:
        raise InvalidRequest("partnership_id", DISTRICT, "the district's own file is kept: name a partnership")
    request = request_hash("redact", by, at, partnership_id, *asked, *versions, said)
    made = _steps(context, partnership_id, versions)
    with context.store.transaction() as tx:
        snapshot, others = locked(context, tx, partnership_id, partner_too=True, ended_too=True)
        if done := find_completed(tx, idempotency_key, request):
            return tx.entries(done.work)
        targets = [_target(snapshot, each) for each in asked]
        order = _Order(entries=targets, steps=made, by=by, reason=said, at=at)
        new, changes = _blanked(context, tx, snapshot, others, order)
        lying = (*snapshot.partner_file, *snapshot.own_file, *new)
        given = tuple(entry for entry in lying if _says_so(entry, asked, versions, partnership_id))
        receipt = complete(pending(idempotency_key, request), (entry.id for entry in given))
        write(context, tx, attrs.evolve(changes, receipt=receipt))
        return given


def purge(context: Context, *, before: date, by: Actor, reason: str) -> Iterator[Purged]:
    """Blank everything on partnerships that ended before a day and for as long as the pack has them kept."""
    said, months = _reason(reason), context.pack.retention_months
    if isinstance(before, datetime):
        raise InvalidRequest("before", before, "must be a day, such as date(2019, 7, 1)")
    if months is None:
        remedy = "does not say how long ended partnerships are kept: set retention_months under [pack]"
        raise InvalidRequest("pack", context.pack.ref, remedy)
    return _purged(context, before, months, by, said)


def _purged(context: Context, before: date, months: int, by: Actor, reason: str) -> Iterator[Purged]:
    today = context.today()

    def is_past(stands: Partnership) -> bool:
        ended, since = stands.state in context.lifecycle.final, stands.since
        return ended and since is not None and since < before and months_after(since, months) <= today

    for ended, _ in context.store.find(Query(states=sorted(context.lifecycle.final))):
        if not is_past(ended):
            continue
        made = [each for each in look.history(context, ended.id) if not each.decision_redacted]
        with context.store.transaction() as tx:
            snapshot, others = locked(context, tx, ended.id, partner_too=True, ended_too=True)
            targets = _all_but_traces(snapshot.own_file)
            if all(is_past(each.partnership) for each in others):
                targets += [e for e in _all_but_traces(snapshot.partner_file) if not isinstance(e.record, Partner)]
            if not targets and not made:
                continue
            order = _Order(entries=targets, steps=made, by=by, reason=reason, purge=True)
            write(context, tx, _blanked(context, tx, snapshot, others, order)[1])
        yield Purged(partnership_id=ended.id, entries=len(targets), steps=len(made))


def _asked(entries: Iterable[UUID], steps: Iterable[int]) -> tuple[tuple[UUID, ...], tuple[int, ...]]:
    """Read the arguments `entries` and `steps`, each thing once."""
    asked, versions = tuple(dict.fromkeys(entries)), tuple(dict.fromkeys(steps))
    for entry_id in asked:
        if not isinstance(entry_id, UUID):
            raise InvalidRequest("entries", entry_id, "must be the ids of entries, as UUID")
    for version in versions:
        if not isinstance(version, int) or isinstance(version, bool):
            raise InvalidRequest("steps", version, "must be versions of the partnership, such as 3")
    if not asked and not versions:
        raise InvalidRequest("entries", "none", "name what is to be blanked, by entries or by steps")
    return asked, tuple(sorted(versions))


def _reason(reason: str) -> str:
    said = reason_text(reason)
    if said is None:
        raise InvalidRequest("reason", repr(reason), "say why it is blanked")
    return said


# --- what may be blanked -------------------------------------------------------------------------------------------


def _steps(context: Context, partnership_id: UUID, versions: Sequence[int]) -> list[Transition]:
    """Read the steps to be blanked that are not blank yet."""
    if not versions:
        return []
    made = {each.version: each for each in look.history(context, partnership_id)}
    for version in versions:
        if version not in made:
            raise NotFound("step", f"{version} of partnership {partnership_id}")
    return [made[version] for version in versions if not made[version].decision_redacted]


def _target(snapshot: Snapshot, entry_id: UUID) -> Entry:
    """Find an entry, and refuse to blank what is still judged."""
    lying = (*snapshot.partner_file, *snapshot.own_file)
    for entry in lying:
        if entry.id == entry_id:
            if not entry.redacted:
                _refuse_unless_taken_back(entry, lying)
            return entry
    raise NotFound("entry", f"{entry_id} on the file of partnership {snapshot.partnership.id}")


def _refuse_unless_taken_back(entry: Entry, lying: Sequence[Entry]) -> None:
    """Raise InvalidRequest for a record that somebody may still read: a policy sees superseded ones too."""
    if isinstance(entry.record, FOR_GOOD):
        raise InvalidRequest("entries", entry.id, f"a {entry.kind} counts for good, and is kept")
    if isinstance(entry.record, Partner):
        newest = next(each for each in reversed(lying) if isinstance(each.record, Partner))
        if entry is newest:
            remedy = "is what the partner is known by now: file the partner anew as it should be, and then blank this"
            raise InvalidRequest("entries", entry.id, remedy)
    elif not any(isinstance(each.record, Retraction) and each.record.entry_id == entry.id for each in lying):
        remedy = f"is a {entry.kind} that still counts: file what is right, retract this, and then blank it"
        raise InvalidRequest("entries", entry.id, remedy)


def _all_but_traces(lying: Sequence[Entry]) -> list[Entry]:
    return [entry for entry in lying if not entry.redacted and not isinstance(entry.record, Redaction)]


def _says_so(entry: Entry, asked: Sequence[UUID], versions: Sequence[int], partnership_id: UUID) -> bool:
    """Tell whether an entry is a redaction of something that was asked for."""
    said = entry.record
    return isinstance(said, Redaction) and (
        not set(said.entries).isdisjoint(asked)
        or (entry.file_id == partnership_id and not set(said.steps).isdisjoint(versions))
    )


# --- what is written -----------------------------------------------------------------------------------------------


def _blanked(
    context: Context, tx: Transaction, snapshot: Snapshot, others: tuple[Snapshot, ...], order: _Order
) -> tuple[tuple[Entry, ...], ChangeSet]:
    """Make the redactions, one on each file concerned, and what stands in the place of what they name."""
    stands = snapshot.partnership
    now = recording_time_on(context, snapshot)
    when = happened_at(order.at, now, snapshot.moves[-1].at)
    dossier, host = load_dossier(context, tx, snapshot)
    refuse_unless_may_file(context, dossier, (order.record,), by=order.by, at=when)
    blank = {entry.id: _blank(entry) for entry in order.entries if not entry.redacted}
    new: list[Entry] = []
    for file_id, lying, version, steps in (
        (stands.partner_id, snapshot.partner_file, None, ()),
        (stands.id, snapshot.own_file, stands.version, order.steps),
    ):
        record = order.on((entry for entry in lying if entry.id in blank), steps)
        if record.entries or record.steps:
            shaped = [record_text(record)]
            new += new_entries(context, shaped, file_id, lying, by=order.by, at=when, now=now, version=version)
    if not new:
        return (), ChangeSet()
    on_partners = any(entry.file_id == stands.partner_id for entry in new)
    judgements, placements = [], []
    for each in (snapshot, *(others if on_partners else ())):
        refuse_unknown_state(context, each)
        facts = host if each is snapshot else load_host_records(context, tx, each.partnership)
        after = _after(context, each, facts, blank, new, order.steps if each is snapshot else ())
        placements.append(placement(after))
        if order.purge and each is snapshot:
            judgements.append(Judgement(partnership_id=stands.id, digest=context.pack.digest, obligations=()))
        elif each is snapshot or each.partnership.state not in context.lifecycle.final:
            report = context.pack.evaluate(after, context.today(now))
            judgements.append(new_judgement(context, report, after, each.obligations))
    told = [fact for entry in new for fact in events.filed(entry, stands.id, when)]
    return tuple(new), ChangeSet(
        entries=new,
        judgements=judgements,
        search_entries=placements,
        events=number_events(context, told, stands.id, snapshot.events),
        erasure=Erasure(
            partnership_id=stands.id,
            entries=tuple(blank.values()),
            transitions=tuple(map(_blank_step, order.steps)),
            attempts=order.purge,
        ),
    )


def _blank(entry: Entry) -> Entry:
    return attrs.evolve(entry, record=Unregistered(kind=entry.kind, fields={}), text="", redacted=sha256(entry.text))


def _blank_step(made: Transition) -> Transition:
    return attrs.evolve(
        made,
        move=attrs.evolve(made.move, reason=None),
        decision="",
        reason_redacted=sha256(made.move.reason or ""),
        decision_redacted=sha256(made.decision),
    )


def _after(
    context: Context, snapshot: Snapshot, host: Sequence[Record], blank: Mapping[UUID | None, Entry],
    new: Sequence[Entry], steps: Sequence[Transition],
) -> Dossier:  # fmt: skip
    """Return a dossier as it stands once all of it is blanked."""
    stands, versions = snapshot.partnership, {made.version for made in steps}
    partner_file, own_file = (
        [*(blank.get(entry.id, entry) for entry in lying), *(entry for entry in new if entry.file_id == file_id)]
        for lying, file_id in ((snapshot.partner_file, stands.partner_id), (snapshot.own_file, stands.id))
    )
    moves = tuple(
        attrs.evolve(move, reason=None) if version in versions else move
        for version, move in enumerate(snapshot.moves, 1)
    )
    return build_dossier(stands, partner_file, own_file, moves, host, tz=context.tz)
