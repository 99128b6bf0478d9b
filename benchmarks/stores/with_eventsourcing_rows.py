"""The step in `eventsourcing` that does what ours does except evaluating policies: state, outbox, file and chain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder
from eventsourcing.sqlite import SQLiteApplicationRecorder

from . import BEFORE, Kept, Work, chained, envelope
from .places import Place
from .with_eventsourcing import Partnership, Partnerships, environment, kept

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


class File(Aggregate):
    """An entry on a partnership's file."""

    @event("Filed")
    def file(self, text: str, link: str) -> None:
        """Apply an event."""
        self.text, self.link = text, link


class Followed(Partnership):
    """A partnership that knows its file."""

    @event("Followed")
    def __init__(self, state: str, file: UUID) -> None:
        self.state, self.file, self.link = state, file, ""


class PartnershipsWithRows(Partnerships):
    """The application, with what each step reads and writes besides."""

    def new(self, count: int) -> list[Partnership]:
        """Make so many, each with a file that is kept already."""
        files = [File() for _ in range(count)]
        for each in files:
            each.file("{}", "")
            self.save(each)
        return [Followed("active", each.id) for each in files]

    def adopt(self, count: int, work: Work) -> list[UUID]:
        """Make partnerships that have a history, and a row each."""
        ids = super().adopt(count, work)
        rows: Rows = [("INSERT INTO state_of VALUES (?, ?, ?)", (each.hex, "active", BEFORE)) for each in ids]
        self.recorder.insert_events([], rows=rows)
        return ids

    def renew(self, partnership_id: UUID, work: Work) -> None:
        """Take the step."""
        partnership: Any = self.repository.get(partnership_id)
        file: Any = self.repository.get(partnership.file)
        version = partnership.version + 1
        link = chained(partnership.link, work, partnership_id, version, version - 1, file.version, file.link)
        partnership.renew("active", "a.anderson", work.decision, link)
        at = (partnership.state, version, partnership_id.hex, version - 1)
        body = envelope(work, partnership_id, version, version=version)
        rows: Rows = [
            ("UPDATE state_of SET state = ?, version = ? WHERE id = ? AND version = ?", at),
            ("INSERT INTO outgoing VALUES (?, ?, ?, ?)", (uuid4().hex, partnership_id.hex, work.type, body)),
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
