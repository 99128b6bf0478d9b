"""The store: transactions of ours, or a part in the host's; and looking over everything, page by page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from itertools import islice
from threading import RLock
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, Executable
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from partnerflow.canonical import check_text
from partnerflow.errors import InvalidRequest, StoreError
from partnerflow.events import Event
from partnerflow.history import Attempt
from partnerflow.partnership import Partnership
from partnerflow.ports import EVERYTHING, Query, Transaction

from . import finding, rows, waiting
from .audit import FIRST, LAST, SQLAlchemyAudit
from .execution import Driver, Execution
from .rows import Row
from .statements import Statements
from .tables import Tables
from .transaction import PAGE, SQLAlchemyTransaction
from .trouble import translated
from .turn import begin_on_sqlite

FILES = 100
"""How many partnerships, with all that is on their files, are read at a time."""


class SQLAlchemyStore:
    """A store of one tenant in a relational database; many tenants may share its tables.

    It takes the host's engine as it is, and makes no tables: `create_tables` does.
    """

    def __init__(self, engine: Engine, *, tenant: str = "default", tables: Tables | None = None) -> None:
        if not tenant or len(tenant) > 64:
            raise InvalidRequest("tenant", tenant, "must be 1 to 64 characters")
        check_text(tenant, "tenant")
        _refuse_autocommit(engine)
        self.tenant = tenant
        self.engine = engine
        self.tables = tables or Tables()
        self._say = Statements(self.tables)
        self._driver = Driver(engine, self._say.all())
        self._checked = [False]
        self._host: Session | Connection | None = None
        # one connection for all threads, as a database in memory has it, must be taken in turns
        self._turn = RLock() if isinstance(engine.pool, StaticPool) else None
        self._closed = False

    def __repr__(self) -> str:
        return f"<SQLAlchemyStore of {self.tenant} on {self.engine.url.render_as_string(hide_password=True)}>"

    @property
    def in_memory(self) -> bool:
        """Whether everything is kept in the memory of this process, where no other can reach it."""
        return self._turn is not None

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

        Raises StoreBusy where another writer holds the database for longer than its time-out.
        """
        if self._host is not None:
            yield self._within(self._host, writing=True)
            return
        calls: list[Callable[[], None]] = []
        with self._connected("IMMEDIATE", "READ COMMITTED") as connection:
            yield self._within(connection, calls, writing=True)
            with translated(in_hosts=False):
                connection.commit()
        for call in calls:
            call()

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Read one state of the database, and hold nobody up."""
        if self._host is not None:
            yield self._within(self._host)
            return
        with self._connected("DEFERRED", "REPEATABLE READ") as connection:
            yield self._within(connection, [])

    @contextmanager
    def _connected(self, begin: str, isolation: str) -> Iterator[Connection]:
        """Return a connection in a transaction: a writer reads what is there by now, and a reader sees one state."""
        if self._closed:
            raise StoreError(f"{self!r} is closed: open it again")
        if self._turn is not None:
            self._turn.acquire()
        try:
            with translated(in_hosts=False):
                connected = self.engine.connect()
            with connected as connection:
                if self.engine.dialect.name == "sqlite":
                    begin_on_sqlite(connection, begin, shared=self._turn is not None)
                elif self.engine.dialect.name in ("mysql", "mariadb"):
                    with translated(in_hosts=False):  # one round trip, and it holds for this transaction alone
                        connection.exec_driver_sql(f"SET TRANSACTION ISOLATION LEVEL {isolation}")
                elif (_level(connection) or connection.default_isolation_level) != isolation:  # it is dear to set
                    connection = connection.execution_options(isolation_level=isolation)  # noqa: PLW2901
                yield connection
        finally:
            if self._turn is not None:
                self._turn.release()

    def _within(
        self, executor: Session | Connection, calls: list[Callable[[], None]] | None = None, *, writing: bool = False
    ) -> SQLAlchemyTransaction:
        if not self._checked[0]:
            from .version import check_version

            check_version(executor.connection() if isinstance(executor, Session) else executor, self.tables)
            self._checked[0] = True
        if calls is None or isinstance(executor, Session):
            execution: Execution = self._driver.hosts(executor)
        else:
            execution = self._driver.ours(executor)
        return SQLAlchemyTransaction(self._say, self.tenant, executor, execution, calls, writing=writing)

    def within(self, session: object) -> SQLAlchemyStore:
        """Return this store inside a host's Session or Connection. Raises InvalidRequest for anything else."""
        if not isinstance(session, (Session, Connection)):
            raise InvalidRequest(
                "session", type(session).__name__,
                "must be a SQLAlchemy Session or Connection; of an AsyncSession, use the one that run_sync gives, of a "
                "scoped_session, the one that calling it gives",
            )  # fmt: skip
        _refuse_autocommit(session.get_bind() if isinstance(session, Session) else session)
        waiting.listen(session)
        joined = object.__new__(SQLAlchemyStore)
        joined.__dict__ |= self.__dict__
        joined._host = session
        return joined

    def committed(self) -> None:
        """Learn that the host's bare Connection has been committed."""
        if self._host is not None:
            waiting.committed(self._host)

    # --- looking over everything ------------------------------------------------------------------------------------

    def _read(self, statement: Executable, **values: object) -> Sequence[Row]:
        with self.reading() as tx:
            assert isinstance(tx, SQLAlchemyTransaction)  # noqa: S101  ours
            return tx.execute(statement, values)

    def find(
        self, query: Query = EVERYTHING, *, after: UUID | None = None, limit: int | None = None
    ) -> Iterator[tuple[Partnership, str]]:
        """Yield the partnerships that fit, each with its partner's name, in the order of their ids, page by page."""
        if query.as_of is not None:
            return islice(self._find_as_of(query, query.as_of, after or FIRST, limit), limit)
        found = finding.finding(self.tables, query)
        if found is None:
            return iter(())
        size = PAGE if limit is None else min(PAGE, limit)
        read = self._pages(found, {"after": "id"}, size=size, after=after or FIRST)
        return ((rows.partnership(row), row.name) for row in islice(read, limit))

    def _find_as_of(
        self, query: Query, moment: datetime, after: UUID, limit: int | None
    ) -> Iterator[tuple[Partnership, str]]:
        """Read partnerships page by page as they are now, and the last steps of those that have moved since."""
        size = FILES if limit is None or query.states is not None else min(FILES, limit)
        standing = finding.standing_then(self.tables, query)
        while standing is not None:
            with self.reading() as tx:
                assert isinstance(tx, SQLAlchemyTransaction)  # noqa: S101  ours
                page = tx.execute(standing, {"after": after, "page": size})
                moved = [row.id for row in page if row.recorded_at > moment]
                last = tx.execute(finding.last_steps(self.tables, moment, moved), {}) if moved else ()
            then = {row.id: row for row in last}
            for row in page:
                stood = row if row.recorded_at <= moment else then.get(row.id)
                if stood is not None and (query.states is None or stood.state in query.states):
                    since = stood.since or stood.at.astimezone(moment.tzinfo).date()
                    whose = {"version": stood.version, "since": since, "succeeds": row.succeeds}
                    yield Partnership(stood.state, row.id, row.partner_id, **whose), row.name
            if len(page) < size:
                return
            after = page[-1].id

    def counts(self, query: Query) -> Mapping[str, int]:
        """Return how many partnerships fit, by state."""
        if query.as_of is not None:
            return Counter(each.state for each, _ in self.find(query))
        counted = finding.counting(self.tables, query)
        return {} if counted is None else {row.state: row.how_many for row in self._read(counted)}

    def due(self, on: date, digest: str, live: Sequence[str], ended: Sequence[str]) -> Iterator[UUID]:
        """Return the partnerships that a sweep has something to do for."""
        say = self._say
        by_day, by_judge = {"since": "look_on", "after": "partnership_id"}, {"since": "judged_by", "after": "id"}
        for row in self._pages(say.looked_for, by_day, since=date.min, after=FIRST, on=on):
            yield row.partnership_id
        before: dict[str, Any] = {"since": "", "after": FIRST}
        beyond: dict[str, Any] = {"since": digest, "after": LAST}
        ranges = [(say.judged_before, state, {**before, "digest": digest}) for state in live]
        ranges += [(say.judged_beyond, state, {**beyond, "digest": digest}) for state in live]
        ranges += [(say.never_judged, state, before) for state in ended]
        for judged, state, begin in ranges:
            yield from (row.id for row in self._pages(judged, by_judge, state=str(state), **begin))

    def attempts(self, partnership_id: UUID) -> Iterator[Attempt]:
        """Return every refused attempt, oldest first."""
        return map(rows.attempt, self._read(self._say.attempts, of_partnership=partnership_id))

    @contextmanager
    def audit(self) -> Iterator[SQLAlchemyAudit]:
        """Open a look at everything that is chained, as one moment has it."""
        with self.reading() as tx:
            assert isinstance(tx, SQLAlchemyTransaction)  # noqa: S101  ours
            yield SQLAlchemyAudit(self._say, tx)

    def outgoing(self, partnership_id: UUID | None = None) -> Iterator[Event]:
        """Return the events of the outbox, of one partnership or of all, in order within each partnership."""
        ids = self._pages(self._say.partnership_ids, {"after": "id"}, after=FIRST)
        for each in (row.id for row in ids) if partnership_id is None else [partnership_id]:
            for row in self._pages(self._say.outbox, {"after": "sequence"}, of_partnership=each, after=0):
                yield rows.event(row, self.tenant)

    def _pages(
        self, statement: Executable, follow: Mapping[str, str], *, size: int = PAGE, **values: Any
    ) -> Iterator[Row]:
        """Read page by page, each where the last one ended, so that no transaction stays open meanwhile.

        *follow* names the parameters that say where a page begins, each with its column in the last row before it.
        """
        while True:
            page = self._read(statement, page=size, **values)
            yield from page
            if len(page) < size:
                return
            values |= {parameter: getattr(page[-1], column) for parameter, column in follow.items()}


def _refuse_autocommit(host: Engine | Connection) -> None:
    """Raise InvalidRequest where each statement would be committed alone, and a request not whole or not at all."""
    if (level := _level(host)) == "AUTOCOMMIT":
        remedy = "commits every statement by itself: give an engine or connection that has transactions"
        raise InvalidRequest("isolation_level", level, remedy)


def _level(host: Engine | Connection) -> str | None:
    """Return the isolation level that a host asked for; None: its database's own."""
    # what create_engine was given shows nowhere else
    asked: str | None = getattr(host.dialect, "_on_connect_isolation_level", None)
    return host.get_execution_options().get("isolation_level", asked)
