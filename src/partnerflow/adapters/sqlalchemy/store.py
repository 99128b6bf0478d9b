"""The store: transactions of ours or within the host's, and searches and lists, page by page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from datetime import date, datetime
from itertools import islice
from threading import RLock
from typing import Any, TypeAlias
from uuid import UUID

import attrs
from sqlalchemy import Connection, Engine, Executable
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from partnerflow.canonical import check_text
from partnerflow.errors import InvalidRequest, StoreError
from partnerflow.events import Event
from partnerflow.history import Attempt
from partnerflow.partnership import Partnership
from partnerflow.ports import EVERYTHING, Query, Transaction

from . import after_commit, rows, search
from .audit import FIRST, LAST, SQLAlchemyAudit
from .database_url import without_secrets
from .errors import TranslatingErrors
from .execution import RowCache, SQLAlchemyExecution
from .fast_path import FastPath
from .isolation import level_of, refuse_autocommit_option
from .locks import begin_on_sqlite
from .pages import read_pages, up_to_known_place
from .rows import DatabaseRow
from .statements import statements_of
from .tables import Tables, default_tables
from .transaction import SQLAlchemyTransaction
from .version import check_version

Callbacks: TypeAlias = list[Callable[[], None]]
AS_OF_PAGE = 100
"""How many partnerships are read at a time as of a past moment."""


@attrs.define
class _FirstUse:
    """What a store finds out when it is first used, and shares with those that `within` returns."""

    version_checked: bool = False
    isolation: str | None = None
    """The isolation level of the engine's connections."""


class SQLAlchemyStore:
    """A store of one tenant in a relational database; many tenants may share its tables.

    It takes the host's engine as it is, and makes no tables: `create_tables` does.
    """

    def __init__(
        self, engine: Engine, *, tenant: str = "default", tables: Tables | None = None, fast_path: bool = True
    ) -> None:
        """Take an engine of the host's.

        With *fast_path*, our own transactions execute compiled statements on the DBAPI cursor where nothing listens
        (see `partnerflow.adapters.sqlalchemy.fast_path`); without, everything goes through SQLAlchemy.
        """
        if not tenant or len(tenant) > 64:
            raise InvalidRequest("tenant", tenant, "must be 1 to 64 characters")
        check_text(tenant, "tenant")
        refuse_autocommit_option(engine)
        self.tenant = tenant
        self.engine = engine
        self.tables = tables or default_tables()
        self._sql = statements_of(self.tables)
        self._cache = RowCache()
        self._fast_path = FastPath(engine, self._sql.all, self._cache) if fast_path else None
        self._first_use = _FirstUse()
        self._host: Session | Connection | None = None
        # a database in memory has one connection for all threads, which only one of them can use at a time
        self._connection_lock = RLock() if isinstance(engine.pool, StaticPool) else None
        self._closed = False

    def __repr__(self) -> str:
        return f"<SQLAlchemyStore of {self.tenant} on {without_secrets(self.engine.url)}>"

    @property
    def in_memory(self) -> bool:
        """Whether everything is kept in the memory of this process, where no other can reach it."""
        return self._connection_lock is not None

    def close(self) -> None:
        """Close the connections of the engine; every later transaction of ours raises StoreError.

        `Partnerflow.close` calls it for an engine that `open_store` made. A host closes its own engine itself.
        """
        self._closed = True
        self.engine.dispose()

    # --- transactions -----------------------------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Open a transaction of ours, or take part in the host's.

        Raises StoreBusy when another writer holds a lock for longer than the time-out of the database.
        """
        if self._host is not None:
            yield self._within(self._host, writing=True)
            return
        callbacks: Callbacks = []
        with self._connected("IMMEDIATE", "READ COMMITTED") as connection:
            yield self._within(connection, callbacks, writing=True)
            with TranslatingErrors(in_hosts=False):
                connection.commit()
        for callback in callbacks:
            callback()

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Open a transaction that reads one state of the database, and blocks no writer."""
        if self._host is not None:
            yield self._within(self._host)
            return
        with self._connected("DEFERRED", "REPEATABLE READ") as connection:
            yield self._within(connection, [])

    @contextmanager
    def _connected(self, begin: str, isolation: str) -> Iterator[Connection]:
        """Open a connection in a transaction: writers see what is committed by now, readers a single state."""
        if self._closed:
            raise StoreError(f"{self!r} is closed: open it again")
        if self._connection_lock is not None:
            self._connection_lock.acquire()
        try:
            with TranslatingErrors(in_hosts=False):
                if self._first_use.isolation is None:
                    self._first_use.isolation = level_of(self.engine)
                connected = self.engine.connect()
            with connected as connection:
                if self.engine.dialect.name == "sqlite":
                    begin_on_sqlite(connection, begin, shared=self._connection_lock is not None)
                elif self.engine.dialect.name in ("mysql", "mariadb"):
                    with TranslatingErrors(in_hosts=False):  # one round trip, and for this transaction only
                        connection.exec_driver_sql(f"SET TRANSACTION ISOLATION LEVEL {isolation}")
                elif self._first_use.isolation != isolation:  # setting and resetting it are two round trips
                    connection = connection.execution_options(isolation_level=isolation)  # noqa: PLW2901
                yield connection
        finally:
            if self._connection_lock is not None:
                self._connection_lock.release()

    def _within(
        self,
        executor: Session | Connection,
        callbacks: Callbacks | None = None,
        *,
        writing: bool = False,
    ) -> SQLAlchemyTransaction:
        if not self._first_use.version_checked:
            check_version(executor.connection() if isinstance(executor, Session) else executor, self.tables)
            self._first_use.version_checked = True
        fast = None
        if self._fast_path is not None and callbacks is not None and isinstance(executor, Connection):
            fast = self._fast_path.execution(executor)
        execution = fast or SQLAlchemyExecution(executor, self._cache)
        return SQLAlchemyTransaction(self._sql, self.tenant, executor, execution, callbacks, writing=writing)

    def within(self, session: object) -> SQLAlchemyStore:
        """Return this store inside a host's Session or Connection. Raises InvalidRequest for anything else."""
        if not isinstance(session, (Session, Connection)):
            remedy = (
                "must be a SQLAlchemy Session or Connection; of an AsyncSession, use the one that run_sync gives, of a "
                "scoped_session, the one that calling it gives"
            )
            raise InvalidRequest("session", type(session).__name__, remedy)
        refuse_autocommit_option(session.get_bind() if isinstance(session, Session) else session)
        after_commit.listen(session)
        joined = copy(self)
        joined._host = session  # noqa: SLF001  it is of our own class
        return joined

    def committed(self) -> None:
        """Run the callbacks of a bare Connection, which the host has committed."""
        if self._host is not None:
            after_commit.committed(self._host)

    # --- search and lists -------------------------------------------------------------------------------------------

    def _read(self, statement: Executable, **values: object) -> Sequence[DatabaseRow]:
        with self.reading() as tx:
            assert isinstance(tx, SQLAlchemyTransaction)  # noqa: S101  ours
            return tx.execute(statement, values)

    def find(
        self, query: Query = EVERYTHING, *, after: UUID | None = None, limit: int | None = None
    ) -> Iterator[tuple[Partnership, str]]:
        """Yield the partnerships that fit, each with its partner's name, in the order of their ids, page by page."""
        if query.as_of is not None:
            return islice(self._find_as_of(query, query.as_of, after or FIRST, limit), limit)
        found = search.find_statement(self.tables, query)
        if found is None:
            return iter(())
        read = self._pages(found, {"after": "id"}, most=limit, after=after or FIRST)
        return ((rows.partnership(row), rows.name(row)) for row in islice(read, limit))

    def _find_as_of(
        self, query: Query, moment: datetime, after: UUID, limit: int | None
    ) -> Iterator[tuple[Partnership, str]]:
        """Read partnerships page by page as they are now, and the last steps of those that have moved since."""
        size = AS_OF_PAGE if limit is None or query.states is not None else min(AS_OF_PAGE, limit)
        standing = search.as_of_statement(self.tables, query)
        while standing is not None:
            with self.reading() as tx:
                assert isinstance(tx, SQLAlchemyTransaction)  # noqa: S101  ours
                page = tx.execute(standing, {"after": after, "page": size})
                moved = [row.id for row in page if row.recorded_at > moment]
                last = tx.execute(search.last_transitions(self.tables, moment, moved), {}) if moved else ()
            then = {row.id: row for row in last}
            known = page if len(page) < size else up_to_known_place(page)
            for row in known:
                stood = row if row.recorded_at <= moment else then.get(row.id)
                if stood is not None and (query.states is None or stood.state in query.states):
                    since = stood.since or (stood.at and stood.at.astimezone(moment.tzinfo).date())
                    whose = {"version": stood.version, "since": since, "succeeds": row.succeeds}
                    yield Partnership(stood.state, row.id, row.partner_id, **whose), rows.name(row)
            if len(page) < size:
                return
            after, size = (known[-1].id, size) if known else (after, 2 * size)

    def counts(self, query: Query) -> Mapping[str, int]:
        """Return how many partnerships fit, by state."""
        if query.as_of is not None:
            return Counter(each.state for each, _ in self.find(query))
        counted = search.count_statement(self.tables, query)
        return {} if counted is None else {row.state: row.how_many for row in self._read(counted)}

    def due(self, on: date, digest: str, live: Sequence[str], ended: Sequence[str]) -> Iterator[UUID]:
        """Yield the partnerships that a sweep has work on."""
        sql = self._sql
        by_day, by_judge = {"since": "look_on", "after": "partnership_id"}, {"since": "judged_by", "after": "id"}
        for row in self._pages(sql.due_by_day, by_day, since=date.min, after=FIRST, on=on):
            yield row.partnership_id
        before: dict[str, Any] = {"since": "", "after": FIRST}
        beyond: dict[str, Any] = {"since": digest, "after": LAST}
        ranges = [(sql.judged_under_lesser, state, {**before, "digest": digest}) for state in live]
        ranges += [(sql.judged_under_greater, state, {**beyond, "digest": digest}) for state in live]
        ranges += [(sql.not_judged, state, before) for state in ended]
        for judged, state, begin in ranges:
            yield from (row.id for row in self._pages(judged, by_judge, state=str(state), **begin))

    def attempts(self, partnership_id: UUID) -> Iterator[Attempt]:
        """Yield every refused attempt, oldest first."""
        return map(rows.attempt, self._read(self._sql.attempts, of_partnership=partnership_id))

    @contextmanager
    def audit(self) -> Iterator[SQLAlchemyAudit]:
        """Open a look at everything that is chained, as one moment has it."""
        with self.reading() as tx:
            assert isinstance(tx, SQLAlchemyTransaction)  # noqa: S101  ours
            yield SQLAlchemyAudit(self._sql, tx)

    def outgoing(self, partnership_id: UUID | None = None) -> Iterator[Event]:
        """Yield the events of the outbox, of one partnership or of all, in order within each partnership."""
        ids = self._pages(self._sql.partnership_ids, {"after": "id"}, after=FIRST)
        for each in (row.id for row in ids) if partnership_id is None else [partnership_id]:
            for row in self._pages(self._sql.outbox, {"after": "sequence"}, of_partnership=each, after=0):
                yield rows.event(row, self.tenant)

    def _pages(
        self, statement: Executable, follow: Mapping[str, str], *, most: int | None = None, **values: Any
    ) -> Iterator[DatabaseRow]:
        """Read page by page, so that no transaction stays open meanwhile."""
        return read_pages(lambda of_page: self._read(statement, **of_page), follow, values, most=most)
