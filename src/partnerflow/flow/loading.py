"""Load and lock what is on file about partnerships, and build the dossiers that policies read.

Locks are taken in one order everywhere: first partners, then partnerships, each by id. Two requests that need the same
rows then wait for one another, and cannot deadlock.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import takewhile
from typing import NamedTuple
from uuid import UUID

from partnerflow.dossier import Dossier, RecordIndex, weigh_partner
from partnerflow.errors import NotFound, UnknownState, Unreadable
from partnerflow.lifecycle import Move
from partnerflow.partnership import Partnership
from partnerflow.ports import Snapshot, Store, Transaction
from partnerflow.records import Entry, Partner, Record, Retraction
from partnerflow.records.registry import About, Unread

from .arguments import Times, batched, times_on
from .context import Context
from .file_index import FileIndex
from .host_records import load_host_records

AT_ONCE = 100
"""How many partnerships, with all that is on their files, are read in one transaction."""


class Locked(NamedTuple):
    """A partnership that is locked, and those of its siblings that a request changes too."""

    snapshot: Snapshot
    siblings: tuple[Snapshot, ...] = ()
    """Other partnerships of the same partner, locked as well; not those that cannot be evaluated."""
    unfit: tuple[Snapshot, ...] = ()
    """Those that cannot be evaluated."""
    is_whole: bool = True
    """Whether every sibling that was to be locked is among these."""


class Loaded(NamedTuple):
    """A partnership as one request evaluates it."""

    snapshot: Snapshot
    times: Times
    dossier: Dossier
    host_records: tuple[Record, ...]
    """The host's own facts, which are in the dossier."""
    files: Mapping[About, FileIndex] | None = None
    """Its two files, where an earlier request in the same transaction has indexed them."""


# --- snapshots ------------------------------------------------------------------------------------------------------


def load_snapshot(context: Context, tx: Transaction, partnership_id: UUID, *, lock: bool) -> Snapshot:
    """Load a partnership. Raises NotFound, and as `refuse_unfit` does."""
    snapshot = tx.snapshots([partnership_id], lock=lock).get(partnership_id)
    if snapshot is None:
        raise NotFound("partnership", partnership_id)
    refuse_unfit(context, snapshot)
    return snapshot


def load_many(
    store: Store, *, apart_from: Collection[str] = (), after: UUID | None = None, through: UUID | None = None
) -> Iterator[Snapshot]:
    """Yield everything on every partnership but those in the states *apart_from*, in the order of their ids.

    Only of ids greater than *after*, up to and including *through*. They are read a few at a time, each few in a
    transaction of its own: no writer waits, and however many there are, only a few are in memory.
    """
    found = takewhile(lambda each: through is None or each.id <= through, (each for each, _ in store.find(after=after)))
    for some in batched((each.id for each in found if each.state not in apart_from), AT_ONCE):
        with store.reading() as tx:
            snapshots = tx.snapshots(some)
        yield from (each for each in snapshots.values() if each.partnership.state not in apart_from)


def pick_snapshot(context: Context, snapshots: Mapping[UUID, Snapshot], partnership_id: UUID) -> Snapshot:
    """Return one of many that were loaded together. Raises as `load_snapshot` does."""
    if partnership_id not in snapshots:
        raise NotFound("partnership", partnership_id)
    refuse_unfit(context, snapshots[partnership_id])
    return snapshots[partnership_id]


def lock_with_siblings(context: Context, tx: Transaction, partnership_id: UUID, *, ended: bool) -> Locked:
    """Lock a partnership, its partner and the partner's other partnerships.

    Ended siblings are locked only with *ended*: they are not evaluated any more, but they are still searched for.
    """
    partnership = tx.partnerships([partnership_id]).get(partnership_id)
    if partnership is None:
        raise NotFound("partnership", partnership_id)
    partner_id = partnership.partner_id
    theirs = tx.partnerships_of([partner_id], lock=True).get(partner_id)
    if theirs is None:
        raise NotFound("partner", partner_id)
    ids = sorted({*affected_ids(context, theirs, ended=ended), partnership_id})
    snapshots = tx.snapshots(ids, lock=True)
    return pick_locked(context, snapshots, partnership_id, ids)


def pick_locked(
    context: Context, snapshots: Mapping[UUID, Snapshot], partnership_id: UUID, near: Iterable[UUID]
) -> Locked:
    """Return one of many that were locked together, and those *near* it. Raises as `load_snapshot` does.

    One near it that cannot be evaluated stands in nobody's way: it is evaluated once it can be.
    """
    others = [each for each in near if each != partnership_id]
    found = [snapshots[each] for each in others if each in snapshots]
    fit = tuple(each for each in found if is_fit(context, each))
    unfit = tuple(each for each in found if not is_fit(context, each))
    return Locked(pick_snapshot(context, snapshots, partnership_id), fit, unfit, len(fit) == len(others))


def affected_ids(context: Context, theirs: Iterable[Partnership], *, ended: bool) -> tuple[UUID, ...]:
    """Return the ids of a partner's partnerships, those that have ended only with *ended*."""
    return tuple(each.id for each in theirs if ended or each.state not in context.lifecycle.final)


def refuse_unfit(context: Context, snapshot: Snapshot) -> None:
    """Raise Unreadable for a step or due date that cannot be read, UnknownState for a state that is not known."""
    if snapshot.unreadable:
        raise Unreadable(f"partnership {snapshot.partnership.id} or a step of it", snapshot.unreadable)
    if snapshot.unreadable_due:
        raise Unreadable(f"a due date of partnership {snapshot.partnership.id}", snapshot.unreadable_due)
    if snapshot.partnership.state not in context.lifecycle.states:
        raise UnknownState(snapshot.partnership.state, snapshot.lifecycle_version, str(context.lifecycle))


def is_fit(context: Context, snapshot: Snapshot) -> bool:
    """Return whether a partnership can be evaluated, as far as it itself is concerned."""
    try:
        refuse_unfit(context, snapshot)
    except (Unreadable, UnknownState):
        return False
    return True


# --- dossiers -------------------------------------------------------------------------------------------------------


def load(context: Context, snapshot: Snapshot, at: datetime | None) -> Loaded:
    """Load what a request about a partnership is evaluated on. Raises InvalidRequest for an *at* that cannot be."""
    times = times_on(context, snapshot, at)
    dossier, host_records = load_dossier(context, snapshot)
    return Loaded(snapshot, times, dossier, host_records)


def load_dossier(context: Context, snapshot: Snapshot) -> tuple[Dossier, tuple[Record, ...]]:
    """Return the dossier of a partnership, and the host's facts that are in it."""
    host_records = load_host_records(context, snapshot.partnership)
    dossier = build_dossier(
        context, snapshot.partnership, snapshot.partner_file, snapshot.own_file, snapshot.moves, host_records
    )
    return dossier, host_records


def build_dossier(
    context: Context,
    partnership: Partnership,
    partner_file: Sequence[Entry],
    own_file: Sequence[Entry],
    moves: tuple[Move, ...],
    host_records: Sequence[Record] = (),
) -> Dossier:
    """Build a dossier from the two files; the host's facts come last, as the newest."""
    entries = [entry for entry in partner_file if not isinstance(entry.record, Partner)]
    index = RecordIndex([*entries, *own_file, *(Entry(record=record) for record in host_records)], context.pack.confirm)
    found = weigh_partner(partner_file)
    if found is None:
        raise NotFound("partner record", "of this partner")
    partner_word = None if found.word is None else found
    return Dossier(found.partner, partnership, index, moves=moves, tz=context.tz, partner_word=partner_word)


def newest_partner(entries: Iterable[Entry]) -> Partner:
    """Return the newest Partner record; of one that was redacted, or cannot be read, nothing is known."""
    found: Partner | None = None
    listed = tuple(entries)
    retracted = {entry.record.entry_id for entry in listed if isinstance(entry.record, Retraction)}
    for entry in listed:
        if isinstance(entry.record, Partner):
            found = entry.record
        elif isinstance(entry.record, Unread) and entry.kind == Partner.kind_info.name and entry.redacted is None:
            if found is None or entry.id not in retracted:
                found = Partner(name="unreadable")
        elif entry.redacted and entry.kind == Partner.kind_info.name:
            found = Partner(name="redacted")
    if found is None:
        raise NotFound("partner record", "of this partner")
    return found
