"""Lock and load what the items of a batch are about, and keep it up to date as they are evaluated."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date
from itertools import chain
from uuid import UUID

from partnerflow.errors import NotFound
from partnerflow.flow.arguments import check_version, times_on
from partnerflow.flow.context import Context
from partnerflow.flow.loading import (
    Loaded,
    Locked,
    affected_ids,
    is_fit,
    load,
    load_dossier,
    pick_locked,
    pick_snapshot,
)
from partnerflow.flow.reevaluate import FilingResult, is_about_partner, judge, put_off, with_entries
from partnerflow.flow.request import Request
from partnerflow.ports import ChangeSet, Snapshot, Transaction
from partnerflow.records import Entry


class LockedBatch:
    """The partnerships of a batch, locked, each as it is after the items that were evaluated so far."""

    def __init__(
        self, context: Context, snapshots: Mapping[UUID, Snapshot], near: Mapping[UUID, Sequence[UUID]]
    ) -> None:
        self._context = context
        self._snapshots, self._near = dict(snapshots), near
        self._of_partner: defaultdict[UUID, list[UUID]] = defaultdict(list)
        for each in snapshots.values():
            self._of_partner[each.partnership.partner_id].append(each.partnership.id)
        self._loaded: dict[UUID, Loaded] = {}
        """What was made of the files of each partnership, for the next item about it."""
        self._new: dict[UUID, list[Entry]] = {}
        """The new entries, by the partnership on which they were filed."""

    def get(self, partnership_id: UUID, *, siblings: bool) -> Locked:
        """Return one of the partnerships, with its siblings or without."""
        partner_id = pick_snapshot(self._context, self._snapshots, partnership_id).partnership.partner_id
        if siblings and partner_id not in self._near:
            raise NotFound("partner", partner_id)
        near = self._near[partner_id] if siblings else ()
        return pick_locked(self._context, self._snapshots, partnership_id, near)

    def load(self, partnership_id: UUID, request: Request, *, siblings: bool) -> Loaded:
        """Return one of the partnerships as a request evaluates it.

        It is taken out until `accept` puts it back, so that an item that fails leaves nothing in it.
        """
        snapshot = self.get(partnership_id, siblings=siblings).snapshot
        check_version(snapshot, request.expected_version)
        times = times_on(self._context, snapshot, request.at)
        known = self._loaded.pop(partnership_id, None)
        return load(self._context, snapshot, request.at) if known is None else known._replace(times=times)

    def accept(self, accepted: FilingResult, loaded: Loaded) -> None:
        """Note what an item files, for the items after it."""
        new, partnership = accepted.changes.entries, loaded.snapshot.partnership
        self._loaded[partnership.id] = loaded
        self._snapshots[partnership.id] = loaded.snapshot
        if not new:
            return
        self._new.setdefault(partnership.id, []).extend(new)
        on_partner = [entry for entry in new if is_about_partner(loaded.snapshot, entry)]
        for each in self._siblings(partnership.id) if on_partner else ():
            self._snapshots[each] = with_entries(self._snapshots[each], on_partner)
            self._loaded.pop(each, None)

    def conclude(self) -> list[ChangeSet]:
        """Return what follows from all that was filed, for each partnership that it affects: each is judged once.

        One that cannot be evaluated is put off.
        """
        affected: defaultdict[UUID, list[Entry]] = defaultdict(list)
        for partnership_id, new in self._new.items():
            affected[partnership_id] += new
            on_partner = [entry for entry in new if is_about_partner(self._snapshots[partnership_id], entry)]
            for each in self._siblings(partnership_id) if on_partner else ():
                affected[each] += on_partner
        today = self._context.today()
        return [self._judge(partnership_id, new, today) for partnership_id, new in sorted(affected.items())]

    def _judge(self, partnership_id: UUID, new: Sequence[Entry], on: date) -> ChangeSet:
        snapshot, loaded = self._snapshots[partnership_id], self._loaded.get(partnership_id)
        if not is_fit(self._context, snapshot):
            return ChangeSet(judgements=list(put_off(snapshot)))
        dossier = load_dossier(self._context, snapshot)[0] if loaded is None else loaded.dossier
        return judge(self._context, snapshot, dossier, new, on, is_subject=partnership_id in self._new)

    def _siblings(self, partnership_id: UUID) -> list[UUID]:
        partner_id = self._snapshots[partnership_id].partnership.partner_id
        return [each for each in self._of_partner[partner_id] if each != partnership_id]


def lock_batch(
    context: Context,
    tx: Transaction,
    *,
    alone: AbstractSet[UUID],
    with_siblings: AbstractSet[UUID],
    ended_too: AbstractSet[UUID],
) -> LockedBatch:
    """Lock partners, then partnerships, each in the order of their ids, as `lock_with_siblings` does for one."""
    partnerships = tx.partnerships(sorted(with_siblings)) if with_siblings else {}
    partner_ids = sorted({each.partner_id for each in partnerships.values()})
    of_partners = tx.partnerships_of(partner_ids, lock=True) if partner_ids else {}
    ended = {each.partner_id for each in partnerships.values() if each.id in ended_too}
    near = {each: affected_ids(context, theirs, ended=each in ended) for each, theirs in of_partners.items()}
    ids = sorted({*alone, *partnerships, *chain.from_iterable(near.values())})
    return LockedBatch(context, tx.snapshots(ids, lock=True) if ids else {}, near)
