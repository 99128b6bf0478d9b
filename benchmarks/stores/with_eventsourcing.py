"""The step in `eventsourcing`: an aggregate and its application, whose events are the history and the outbox."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from . import BEFORE, Kept, Work
from .places import Place


class Partnership(Aggregate):
    """A partnership; the data of an event is stored in the event."""

    @event("Adopted")
    def __init__(self, state: str) -> None:
        self.state = state

    @event("Renewed")
    def renew(self, state: str, by: str, decision: str, link: str = "") -> None:
        """Apply an event."""
        self.state, self.by, self.decision, self.link = state, by, decision, link


class Partnerships(Application[Any]):
    """The application as it comes."""

    def adopt(self, count: int, work: Work) -> list[UUID]:
        """Make partnerships that have a history."""
        made = self.new(count)
        for partnership in made:
            for _ in range(BEFORE - 1):
                partnership.renew("active", "a.anderson", work.decision)
            self.save(partnership)  # many at once can make the pipeline to PostgreSQL wait for itself
        return [partnership.id for partnership in made]

    def new(self, count: int) -> list[Partnership]:
        """Create so many, without saving them."""
        return [Partnership("active") for _ in range(count)]

    def renew(self, partnership_id: UUID, work: Work) -> None:
        """Take the step."""
        partnership: Partnership = self.repository.get(partnership_id)
        partnership.renew("active", "a.anderson", work.decision)
        self.save(partnership)


def opened(place: Place) -> Kept:
    return kept(Partnerships(environment(place)), place)


def kept(application: Partnerships, place: Place) -> Kept:
    datastore: Any = application.factory.datastore  # type: ignore[attr-defined]
    if place.pragmas:
        with datastore.get_connection(commit=True) as connection, connection.cursor() as cursor:
            for pragma in place.pragmas:
                cursor.execute(pragma)

    def begin(steps: int, work: Work) -> Callable[[], object]:
        coming = iter(application.adopt(steps, work))
        return lambda: application.renew(next(coming), work)

    def driver() -> Any:
        if place.pragmas:
            with datastore.get_connection(commit=True) as connection:
                return connection._sqlite_conn
        with datastore.get_connection() as connection:
            return connection

    return Kept(begin, driver, application.close)


def environment(place: Place) -> dict[str, str]:
    """Return the library's settings for where it stores its events."""
    url = place.of(f"eventsourcing-{uuid4().hex[:8]}")
    if place.pragmas:
        return {
            "PERSISTENCE_MODULE": "eventsourcing.sqlite",
            "SQLITE_DBNAME": str(url.database),
            "SQLITE_LOCK_TIMEOUT": "30",
        }
    import psycopg_pool  # noqa: F401  of its extra `postgres`; where it is missing, it is named

    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": str(url.database),
        "POSTGRES_HOST": url.host or "",
        "POSTGRES_PORT": str(url.port or 5432),
        "POSTGRES_USER": url.username or "",
        "POSTGRES_PASSWORD": url.password or "",
        "POSTGRES_POOL_SIZE": "1",  # so that it is known on which connection to count
        "POSTGRES_MAX_OVERFLOW": "0",
    }
