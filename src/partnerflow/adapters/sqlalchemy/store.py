"""The store: transactions of ours, or a part in the host's; and looking over everything, page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from threading import RLock
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, Executable, select
from sqlalchemy import Row as SQLRow
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from partnerflow.canonical import check_text
from partnerflow.errors import InvalidRequest
from partnerflow.events import Event
from partnerflow.history import Attempt, Transition
from partnerflow.partnership import Partnership
from partnerflow.ports import Holding, Transaction
from partnerflow.records import EVERYWHERE, Entry

from . import rows, waiting
from .statements import Statements, mine
from .tables import Tables
from .transaction import SQLAlchemyTransaction
from .trouble import translated

PAGE = 500
"""How many rows are read at a time where everything is looked over."""
FILES = 100
"""How many partnerships, with all that is on their files, are read at a time."""
_FIRST, _LAST = UUID(int=0), UUID(int=2**128 - 1)


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
        self._checked = [False]
        self._host: Session | Connection | None = None
        # one connection for all threads, as a database in memory has it, must be taken in turns
        self._turn = RLock() if isinstance(engine.pool, StaticPool) else None

    def __repr__(self) -> str:
        return f"<SQLAlchemyStore of {self.tenant} on {self.engine.url.render_as_string(hide_password=True)}>"

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
        """Give a connection in a transaction: a writer reads what is there by now, and a reader sees one state."""
        if self._turn is not None:
            self._turn.acquire()
        try:
            with translated(in_hosts=False):
                connected = self.engine.connect()
            with connected as connection:
                if self.engine.dialect.name == "sqlite":
                    _begin(connection, begin)
                elif self.engine.dialect.name in ("mysql", "mariadb"):
                    with translated(in_hosts=False):  # one round trip, and it holds for this transaction alone
                        connection.exec_driver_sql(f"SET TRANSACTION ISOLATION LEVEL {isolation}")
                else:
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
        return SQLAlchemyTransaction(self._say, self.tenant, executor, calls, writing=writing)

    def within(self, session: object) -> SQLAlchemyStore:
        """Give this store inside a host's Session or Connection. Raises InvalidRequest for anything else."""
        if not isinstance(session, (Session, Connection)):
            raise InvalidRequest(
                "session", type(session).__name__,
                "must be a SQLAlchemy Session or Connection; of an AsyncSession, use the one that run_sync gives",
            )  # fmt: skip
        if isinstance(session, Connection):
            _refuse_autocommit(session)
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

    def _read(self, statement: Executable, **values: object) -> Sequence[SQLRow[Any]]:
        with self.reading() as tx:
            assert isinstance(tx, SQLAlchemyTransaction)  # noqa: S101  ours
            return tx.execute(statement, values)

    def find(
        self, *, states: Sequence[str] | None = None, site: str | None = None, kind: str | None = None,
        partner_id: UUID | None = None, name: str | None = None, ids: Mapping[str, str] | None = None,
    ) -> Iterator[tuple[Partnership, str]]:  # fmt: skip
        """Give the partnerships that fit, with their partners' names, in the order of their ids, page by page."""
        if not all(map(_can_be_kept, (*(states or ()), site, kind, name, *(ids or {}), *(ids or {}).values()))):
            return
        t = self.tables
        of_partner = (t.partner.c.tenant == t.partnership.c.tenant) & (t.partner.c.id == t.partnership.c.partner_id)
        wanted = select(t.partnership, t.partner.c.name).join(t.partner, of_partner).where(mine(t.partnership))
        if states is not None:
            wanted = wanted.where(t.partnership.c.state.in_([str(state) for state in states]))
        if site is not None:
            here = [mine(t.site)] if site == EVERYWHERE else [mine(t.site), t.site.c.site.in_((site, EVERYWHERE))]
            wanted = wanted.where(t.partnership.c.id.in_(select(t.site.c.partnership_id).where(*here)))
        if kind is not None:
            wanted = wanted.where(t.partner.c.kind == kind)
        if partner_id is not None:
            wanted = wanted.where(t.partnership.c.partner_id == partner_id)
        if name is not None:
            wanted = wanted.where(t.partner.c.name.icontains(name, autoescape=True))
        for system, value in (ids or {}).items():
            known = select(t.outside_id.c.partner_id).where(
                mine(t.outside_id), t.outside_id.c.system == system, t.outside_id.c.value == value
            )
            wanted = wanted.where(t.partnership.c.partner_id.in_(known))
        wanted = wanted.order_by(t.partnership.c.id).limit(PAGE)
        page = self._read(wanted)
        while page:
            for row in page:
                yield rows.partnership(row), row.name
            page = self._read(wanted.where(t.partnership.c.id > page[-1].id)) if len(page) == PAGE else ()

    def holdings(
        self, *, apart_from: Sequence[str] = (), after: UUID | None = None, through: UUID | None = None
    ) -> Iterator[Holding]:
        """Give everything on every partnership but those in some states, some at a time, each time in a short read."""
        last, end = after or _FIRST, through or _LAST
        while True:
            with self.reading() as tx:
                assert isinstance(tx, SQLAlchemyTransaction)  # noqa: S101  ours
                page = tx.holdings(apart_from=apart_from, after=last, through=end, page=FILES)
            yield from page
            if len(page) < FILES:
                return
            last = page[-1].partnership.id

    def due(self, on: date, digest: str, live: Sequence[str]) -> Iterator[UUID]:
        """Give the partnerships that a sweep has something to do for."""
        looked_for = {row.partnership_id for row in self._read(self._say.looked_for, on=on)}
        otherwise = {
            row.id for row in self._read(self._say.judged_otherwise, digest=digest, states=list(map(str, live)))
        }
        return iter(sorted(looked_for | otherwise))

    def history(self, partnership_id: UUID) -> Iterator[Transition]:
        """Give every transition, oldest first, page by page."""
        pages = self._pages(self._say.history, "version", of_partnership=partnership_id)
        return (rows.transition(row) for row in pages)

    def attempts(self, partnership_id: UUID) -> Iterator[Attempt]:
        """Give every refused attempt, oldest first."""
        return map(rows.attempt, self._read(self._say.attempts, of_partnership=partnership_id))

    def partnership_ids(self) -> Iterator[UUID]:
        """Give the id of every partnership."""
        return (row.id for row in self._pages(self._say.partnership_ids, "id", after=_FIRST))

    def files(self) -> Iterator[tuple[UUID, Iterator[Entry]]]:
        """Give every file with its entries, oldest first, page by page."""
        for row in self._read(self._say.file_ids):
            yield row.file_id, map(rows.entry, self._pages(self._say.file, "seq", file_id=row.file_id))

    def outgoing(self) -> Iterator[Event]:
        """Give every event of the outbox, in order within each partnership."""
        for partnership_id in self.partnership_ids():
            for row in self._pages(self._say.outbox, "sequence", of_partnership=partnership_id):
                yield rows.event(row, self.tenant)

    def _pages(
        self, statement: Executable, place: str, *, after: object = 0, **values: object
    ) -> Iterator[SQLRow[Any]]:
        """Read page by page, each where the last one ended, so that no transaction stays open meanwhile."""
        page = self._read(statement, after=after, page=PAGE, **values)
        while page:
            yield from page
            after = getattr(page[-1], place)
            page = self._read(statement, after=after, page=PAGE, **values) if len(page) == PAGE else ()


def _can_be_kept(text: str | None) -> bool:
    """Tell whether a database can keep a text; what none can keep is found in none, and some would complain of it."""
    try:
        check_text(str(text), "text")
    except InvalidRequest:
        return False
    return True


def _refuse_autocommit(host: Engine | Connection) -> None:
    """Raise InvalidRequest where each statement would be committed alone, and a request not whole or not at all."""
    # the level that create_engine was given shows nowhere else
    level = host.get_execution_options().get(
        "isolation_level", getattr(host.dialect, "_on_connect_isolation_level", None)
    )
    if level == "AUTOCOMMIT":
        remedy = "commits every statement by itself: give an engine or connection that has transactions"
        raise InvalidRequest("isolation_level", level, remedy)


def _begin(connection: Connection, how: str) -> None:
    """Begin on SQLite as is meant: a writer takes its turn at once, and a reader sees one state.

    Left to itself, pysqlite begins a transaction only before the first write, when it may be too late to get the lock.
    """
    connection.begin()
    raw: Any = connection.connection.dbapi_connection
    if not raw.in_transaction:
        with translated(in_hosts=False):
            connection.exec_driver_sql(f"BEGIN {how}")
