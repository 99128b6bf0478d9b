"""Sweeping: as time passes, notify once what approaches, was missed or broke, and how that ended. No state changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import attrs

from partnerflow import events
from partnerflow.errors import NestedWrite, NotFound, PackReplaced, StoreError
from partnerflow.history import PackInForce
from partnerflow.obligations import Notice, NoticeKind, notices_for
from partnerflow.ports import ChangeSet, Snapshot, Transaction

from .arguments import batched, read_times
from .context import Context
from .evaluate import standing_report
from .loading import load_dossier, refuse_unfit
from .pack_in_force import put_in_force, refuse_replaced
from .partner_ids import find_partner_in, refuse_ids_of_another
from .search_index import search_entries, search_entry
from .writing import new_judgement, number_events, write

BATCH = 200
"""How many partnerships are loaded, evaluated and written in one transaction."""


@attrs.frozen
class Sweep:
    """The notices of one sweep."""

    at: datetime
    notices: tuple[Notice, ...]
    unjudged: Mapping[UUID, Exception] = attrs.field(factory=dict, hash=False)
    """The partnerships that could not be evaluated, each with its error; their obligations stay as they were."""
    replaced: PackInForce | None = None
    """The pack under which sweeps ran before, where this is the first one under another."""

    @property
    def approaching(self) -> tuple[Notice, ...]:
        """What will break unless something is done."""
        return self._all("approaching")

    @property
    def missed(self) -> tuple[Notice, ...]:
        """What broke because its day passed."""
        return self._all("missed")

    @property
    def broken(self) -> tuple[Notice, ...]:
        """What broke for any other reason."""
        return self._all("broken")

    @property
    def mended(self) -> tuple[Notice, ...]:
        """What was broken and holds again."""
        return self._all("mended")

    @property
    def waived(self) -> tuple[Notice, ...]:
        """What was broken, is no better, and is waived for a while."""
        return self._all("waived")

    @property
    def over(self) -> tuple[Notice, ...]:
        """What was broken and is no longer asked: its rule is retired, or does not apply any more."""
        return self._all("over")

    def _all(self, telling: NoticeKind) -> tuple[Notice, ...]:
        return tuple(notice for notice in self.notices if notice.telling == telling)


def sweep(
    context: Context, *, at: datetime | None, everything: bool = False, back_to_earlier_rules: bool = False
) -> Sweep:
    """Evaluate what is due and what was last evaluated under another pack, a batch in each transaction.

    With *everything*, evaluate every partnership, and derive again what is derived from its history and files.
    Raises PackReplaced for a pack that another has replaced, unless the sweep goes *back_to_earlier_rules*.

    Each batch is committed by itself, so a sweep that was stopped continues where it was. Several may sweep at once,
    and no notice is sent twice. A partnership that cannot be evaluated, because a step of it cannot be read, its state
    is not known or a function of the host's fails, is among the `unjudged`. Raises StoreError where the store fails.
    """
    times = read_times(context, at)
    replaced = put_in_force(context, times.recorded_at, back_to_earlier=back_to_earlier_rules)
    sweeper = _Sweeper(context, times.at, everything=everything)
    return Sweep(times.at, tuple(sweeper.notices()), sweeper.unjudged, replaced)


class _Sweeper:
    """One sweep under way."""

    def __init__(self, context: Context, at: datetime, *, everything: bool) -> None:
        self._context, self._at, self._today = context, at, context.today(at)
        self._everything = everything
        self.unjudged: dict[UUID, Exception] = {}

    def notices(self) -> Iterator[Notice]:
        """Sweep what is due; then wait for those that another transaction had locked, and sweep them too."""
        busy: list[UUID] = []
        for batch in batched(self._due(), BATCH):
            yield from self._sweep_together(batch, busy)
        for batch in batched(busy, BATCH):
            yield from self._sweep_together(batch, None)

    def _due(self) -> Iterator[UUID]:
        context, lifecycle = self._context, self._context.lifecycle
        if self._everything:
            return (partnership.id for partnership, _ in context.store.find())
        return context.store.due(self._today, context.pack.digest, lifecycle.live, sorted(lifecycle.final))

    def _sweep_together(self, ids: Sequence[UUID], busy: list[UUID] | None) -> list[Notice]:
        """Sweep some partnerships in one transaction; where that fails for one of them, each in one of its own."""
        already_busy = len(busy or ())
        try:
            return self._sweep_batch(ids, busy)
        except (StoreError, NestedWrite, PackReplaced):  # no partnership's fault
            raise
        except Exception as error:  # noqa: BLE001  whatever it is, the others are to be swept
            if len(ids) == 1:
                self.unjudged[ids[0]] = error
                return []
        if busy is not None:
            del busy[already_busy:]
        return [notice for each in ids for notice in self._sweep_together([each], busy)]

    def _sweep_batch(self, ids: Sequence[UUID], busy: list[UUID] | None) -> list[Notice]:
        """Sweep some partnerships in one transaction; with *busy*, skip those that are locked and put them there."""
        context, sent, changes = self._context, list[Notice](), list[ChangeSet]()
        with context.transaction() as tx:
            snapshots = tx.snapshots(tuple(dict.fromkeys(ids)), lock=True, skip_locked=busy is not None)
            if busy is not None:
                busy += [each for each in ids if each not in snapshots]
            else:
                gone = [each for each in ids if each not in snapshots]
                self.unjudged |= {each: NotFound("partnership", each) for each in gone}
            refuse_replaced(context, tx)  # once they are locked, so that nobody else can evaluate them before us
            for snapshot in snapshots.values():
                if not self._is_due(snapshot):
                    continue  # another sweep was faster
                try:
                    notices, change = self._evaluate(tx, snapshot)
                except StoreError:
                    raise
                except Exception as error:  # noqa: BLE001  whatever it is, the others are to be swept
                    self.unjudged[snapshot.partnership.id] = error
                    continue
                sent += notices
                changes.append(change)
            write(context, tx, *changes)
        return sent

    def _is_due(self, snapshot: Snapshot) -> bool:
        context, state = self._context, snapshot.partnership.state
        if self._everything:
            return True
        if snapshot.pack_digest != context.pack.digest and (
            state not in context.lifecycle.final or not snapshot.pack_digest
        ):
            return True
        days = (obligation.next_check_on for obligation in snapshot.obligations)
        return any(day is not None and day <= self._today for day in days)

    def _evaluate(self, tx: Transaction, snapshot: Snapshot) -> tuple[tuple[Notice, ...], ChangeSet]:
        context, partnership_id = self._context, snapshot.partnership.id
        refuse_unfit(context, attrs.evolve(snapshot, unreadable_due="") if self._everything else snapshot)
        dossier, _ = load_dossier(context, snapshot)
        if self._everything:
            refuse_ids_of_another(find_partner_in(tx), dossier.partner, snapshot.partnership.partner_id)
        report = standing_report(context, snapshot, dossier, self._today)
        judgement = new_judgement(context, report, dossier, snapshot.obligations)
        obligations, notices = notices_for(partnership_id, report, judgement.obligations, context.pack.leads)
        notices = tuple(attrs.evolve(notice, partner=dossier.partner.name) for notice in notices)
        facts = [events.noticed(notice, self._at) for notice in notices]
        return notices, ChangeSet(
            partner=(snapshot.partnership.partner_id, dossier.partner) if self._everything else None,
            judgements=[attrs.evolve(judgement, obligations=obligations)],
            search_entries=[search_entry(dossier)] if self._everything else search_entries(snapshot, dossier),
            events=number_events(context, facts, partnership_id, snapshot.events),
        )
