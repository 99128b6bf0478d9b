"""Time passes: telling what approaches, was missed, broke or was mended, each once. No state changes here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import attrs

from partnerflow import events
from partnerflow.obligations import Notice, tell
from partnerflow.ports import ChangeSet, Snapshot

from .arguments import batched, happened_at, recording_time
from .context import Context
from .loading import load_dossier, refuse_unknown_state
from .search_index import search_entries
from .writing import new_judgement, number_events, write

if TYPE_CHECKING:
    from partnerflow.obligations import Telling


AT_ONCE = 200
"""How many partnerships are loaded, judged and written in one transaction."""


@attrs.frozen
class Sweep:
    """What one sweep told."""

    at: datetime
    notices: tuple[Notice, ...]

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

    def _all(self, telling: Telling) -> tuple[Notice, ...]:
        return tuple(notice for notice in self.notices if notice.telling == telling)


def sweep(context: Context, *, at: datetime | None) -> Sweep:
    """Judge what is due and what was last judged under another pack; some partnerships at a time, in one transaction.

    What was swept stays swept, whatever becomes of the rest: a sweep that was stopped goes on where it was. Several may
    sweep at once, and nothing is told twice. A partnership that cannot be judged, such as one in a state that today's
    table does not know, holds up none of the others; what was wrong with the first such is raised at the end.
    """
    now = recording_time(context)
    when = happened_at(at, now)
    return Sweep(when, tuple(_Sweeper(context, when).notices()))


class _Sweeper:
    """One sweep under way."""

    def __init__(self, context: Context, at: datetime) -> None:
        self._context, self._at, self._today = context, at, context.today(at)
        self._unfit: Exception | None = None

    def notices(self) -> Iterator[Notice]:
        """Sweep what is due, and then, waiting for it, what somebody else held meanwhile."""
        context, lifecycle = self._context, self._context.lifecycle
        busy: list[UUID] = []
        for some in batched(
            context.store.due(self._today, context.pack.digest, lifecycle.live, sorted(lifecycle.final)), AT_ONCE
        ):
            yield from self._swept(some, busy)
        for some in batched(busy, AT_ONCE):
            yield from self._swept(some, None)
        if self._unfit is not None:
            raise self._unfit

    def _swept(self, some: Sequence[UUID], busy: list[UUID] | None) -> list[Notice]:
        """Sweep some partnerships in one transaction; those that somebody else holds go to *busy*, if given."""
        context, told, changes = self._context, list[Notice](), list[ChangeSet]()
        with context.store.transaction() as tx:
            held = tx.snapshots(tuple(dict.fromkeys(some)), lock=True, skip_locked=busy is not None)
            if busy is not None:
                busy += [each for each in some if each not in held]
            for snapshot in held.values():
                if not self._is_due(snapshot):
                    continue  # somebody has swept it since we looked
                try:
                    notices, change = self._judged(snapshot)
                except Exception as error:  # noqa: BLE001  raised at the end, so that the others are swept
                    self._unfit = self._unfit or error
                    continue
                told += notices
                changes.append(change)
            write(context, tx, *changes)
        return told

    def _is_due(self, snapshot: Snapshot) -> bool:
        context, state = self._context, snapshot.partnership.state
        if snapshot.pack_digest != context.pack.digest and (
            state not in context.lifecycle.final or not snapshot.pack_digest
        ):
            return True
        return any(owed.look_on is not None and owed.look_on <= self._today for owed in snapshot.obligations)

    def _judged(self, snapshot: Snapshot) -> tuple[tuple[Notice, ...], ChangeSet]:
        context, partnership_id = self._context, snapshot.partnership.id
        refuse_unknown_state(context, snapshot)
        dossier, _ = load_dossier(context, snapshot)
        report = context.pack.evaluate(dossier, self._today)
        judgement = new_judgement(context, report, dossier, snapshot.obligations)
        obligations, notices = tell(partnership_id, judgement.obligations, self._today, context.pack.leads)
        notices = tuple(attrs.evolve(notice, partner=dossier.partner.name) for notice in notices)
        facts = [events.noticed(notice, self._at) for notice in notices]
        return notices, ChangeSet(
            judgements=[attrs.evolve(judgement, obligations=obligations)],
            search_entries=search_entries(snapshot, dossier),
            events=number_events(context, facts, partnership_id, snapshot.events),
        )
