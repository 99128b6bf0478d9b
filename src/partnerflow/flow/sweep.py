"""Time passes: telling what approaches, was missed, broke or was mended, each once. No state changes here."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import attrs

from partnerflow import events
from partnerflow.errors import UnknownState
from partnerflow.obligations import Notice, tell
from partnerflow.ports import Changes, Holding

from . import work

if TYPE_CHECKING:
    from partnerflow.obligations import Telling

    from .partnerflow import Partnerflow


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


def sweep(flow: Partnerflow, *, at: datetime | None) -> Sweep:
    """Judge what is due and what was last judged under another pack; one transaction a partnership.

    One in a state that today's table does not know holds up none of the others: UnknownState is raised at the end.
    """
    now = work.recorded_at(flow)
    when = work.happened_at(at, now)
    due = list(flow.store.due(flow.today(when), flow.pack.digest, flow.lifecycle.live))
    return Sweep(when, tuple(_each(flow, due, when)))


def _each(flow: Partnerflow, due: Iterable[UUID], at: datetime) -> Iterable[Notice]:
    today = flow.today(at)
    unknown: UnknownState | None = None
    for partnership_id in due:
        with flow.store.transaction() as tx:
            try:
                holding = work.held(flow, tx, partnership_id, lock=True)
            except UnknownState as error:
                unknown = unknown or error
                continue
            dossier, _ = work.loaded(flow, tx, holding)
            report = flow.pack.ask(dossier, today)
            judgement = work.judgement(flow, report, dossier, holding.obligations)
            obligations, notices = tell(partnership_id, judgement.obligations, today, flow.pack.leads)
            told = _numbered(flow, notices, at, holding)
            tx.write(Changes(judgements=[attrs.evolve(judgement, obligations=obligations)], events=told))
            work.announce(flow, tx, told)
        yield from notices
    if unknown is not None:
        raise unknown


def _numbered(flow: Partnerflow, notices: Iterable[Notice], at: datetime, holding: Holding) -> tuple[events.Event, ...]:
    facts = [events.noticed(notice, at) for notice in notices]
    return work.numbered(flow, facts, holding.partnership.id, holding.events)
