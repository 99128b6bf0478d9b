"""Load what is on file about partnerships, and build the dossiers that policies read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import tzinfo
from uuid import UUID

from partnerflow.dossier import Dossier, RecordIndex
from partnerflow.errors import NotFound, UnknownState
from partnerflow.lifecycle import Move
from partnerflow.partnership import Partnership
from partnerflow.ports import Snapshot, Transaction
from partnerflow.records import Entry, Partner, Record

from .context import Context


def load_snapshot(context: Context, tx: Transaction, partnership_id: UUID, *, lock: bool) -> Snapshot:
    """Load a partnership. Raises NotFound, and UnknownState for a state that today's table does not have."""
    snapshot = tx.holding(partnership_id, lock=lock)
    if snapshot is None:
        raise NotFound("partnership", partnership_id)
    refuse_unknown_state(context, snapshot)
    return snapshot


def pick_snapshot(context: Context, held: Mapping[UUID, Snapshot], partnership_id: UUID) -> Snapshot:
    """Return one of many that were loaded. Raises as `held` does."""
    if partnership_id not in held:
        raise NotFound("partnership", partnership_id)
    refuse_unknown_state(context, held[partnership_id])
    return held[partnership_id]


def refuse_unknown_state(context: Context, snapshot: Snapshot) -> None:
    """Raise UnknownState for a state that today's table does not have."""
    if snapshot.partnership.state not in context.lifecycle.states:
        raise UnknownState(snapshot.partnership.state, snapshot.lifecycle_version, str(context.lifecycle))


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


def load_host_records(context: Context, tx: Transaction, partnership: Partnership) -> tuple[Record, ...]:
    """Ask the host for its own facts, once a load."""
    return () if context.host_records is None else tuple(context.host_records(partnership, tx.session))


def build_dossier(
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


def load_dossier(context: Context, tx: Transaction, snapshot: Snapshot) -> tuple[Dossier, tuple[Record, ...]]:
    """Return the dossier of a snapshot, and the host's facts that are in it."""
    host = load_host_records(context, tx, snapshot.partnership)
    return build_dossier(
        snapshot.partnership, snapshot.partner_file, snapshot.own_file, snapshot.moves, host, tz=context.tz
    ), host
