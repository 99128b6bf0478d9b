"""The step in `eventsourcing` that keeps a row with the state and an outbox too, by a recorder of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder
from eventsourcing.sqlite import SQLiteApplicationRecorder

from . import BEFORE, Kept, Work
from .places import Place
from .with_eventsourcing import Partnerships, environment, kept

Rows = list[tuple[str, tuple[object, ...]]]
TABLES = (
    "CREATE TABLE state_of (id CHAR(32) PRIMARY KEY, state VARCHAR(64) NOT NULL, version INTEGER NOT NULL)",
    "CREATE TABLE outgoing (id CHAR(32) PRIMARY KEY, about CHAR(32) NOT NULL, type VARCHAR(190) NOT NULL, body TEXT)",
)


class InSQLite(SQLiteApplicationRecorder):
    """Writes more rows in the transaction of the events."""

    def _insert_events(self, c: Any, stored_events: Sequence[StoredEvent], *, rows: Rows = [], **_: Any) -> Any:  # noqa: B006
        for statement, values in rows:
            c.execute(statement, values)
        return super()._insert_events(c, stored_events)


class InPostgreSQL(PostgresApplicationRecorder):
    """Writes more rows in the transaction of the events."""

    def _insert_events(self, curs: Any, stored_events: Sequence[StoredEvent], *, rows: Rows = [], **_: Any) -> None:  # noqa: B006
        for statement, values in rows:
            curs.execute(statement.replace("?", "%s"), values)
        super()._insert_events(curs, stored_events)


class PartnershipsWithRows(Partnerships):
    """The application, with what each step writes besides."""

    def adopt(self, count: int, work: Work) -> list[UUID]:
        """Make partnerships that have a history, and a row each."""
        ids = super().adopt(count, work)
        rows: Rows = [("INSERT INTO state_of VALUES (?, ?, ?)", (each.hex, "active", BEFORE)) for each in ids]
        self.recorder.insert_events([], rows=rows)
        return ids

    def renew(self, partnership_id: UUID, work: Work) -> None:
        """Take the step."""
        partnership: Any = self.repository.get(partnership_id)
        partnership.renew("active", "a.anderson", work.decision)
        at = (partnership.state, partnership.version, partnership_id.hex, partnership.version - 1)
        told = (uuid4().hex, partnership_id.hex, work.type, work.body)
        rows: Rows = [
            ("UPDATE state_of SET state = ?, version = ? WHERE id = ? AND version = ?", at),
            ("INSERT INTO outgoing VALUES (?, ?, ?, ?)", told),
        ]
        self.save(partnership, rows=rows)


def opened(place: Place) -> Kept:
    recorder = InSQLite if place.pragmas else InPostgreSQL
    topic = f"{__name__}:{recorder.__name__}"
    application = PartnershipsWithRows(environment(place) | {"APPLICATION_RECORDER_TOPIC": topic})
    datastore: Any = application.factory.datastore  # type: ignore[attr-defined]
    with datastore.transaction(commit=True) as cursor:
        for statement in TABLES:
            cursor.execute(statement)
    return kept(application, place)
