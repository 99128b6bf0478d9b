"""Lock that serialises schema changes between processes, and the beginning of transactions that write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from partnerflow.errors import StoreBusy

from .errors import TranslatingErrors
from .tables import Tables

LOCK_TIMEOUT = 60
"""How many seconds to wait on MariaDB; PostgreSQL and SQLite have time-outs of their own."""


@contextmanager
def schema_lock(connection: Connection, tables: Tables) -> Iterator[None]:
    """Hold the schema lock within the connection's transaction; other callers block, then find the schema current.

    Raises StoreBusy when the lock is not released in time. It commits nothing.
    """
    dialect = connection.dialect.name
    if dialect in ("mysql", "mariadb"):
        with _lock_on_mariadb(connection, _name(tables, connection.scalar(select(func.database())))):
            yield
        return
    with TranslatingErrors(in_hosts=True):
        if dialect == "postgresql":  # released at the end of the transaction, however that ends
            key = int.from_bytes(sha256(_name(tables).encode()).digest()[:8], signed=True)
            connection.execute(select(func.pg_advisory_xact_lock(key)))
        elif dialect == "sqlite":
            driver = connection.connection.driver_connection
            if not getattr(
                driver, "in_transaction", True
            ):  # pysqlite begins a transaction for an INSERT, not for a CREATE
                connection.exec_driver_sql("BEGIN IMMEDIATE")
    with TranslatingErrors(in_hosts=True):
        yield


@contextmanager
def writing_connection(engine: Engine) -> Iterator[Connection]:
    """Open a connection in a transaction of ours that will write, and commit it at the end of the block."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            begin_on_sqlite(connection, "IMMEDIATE", shared=isinstance(engine.pool, StaticPool))
        yield connection
        connection.commit()


def begin_on_sqlite(connection: Connection, mode: str, *, shared: bool = False) -> None:
    """Begin a transaction on SQLite, IMMEDIATE for a writer, so that it has the lock at once, or DEFERRED for a reader.

    pysqlite itself begins a transaction only before the first write, so a reader would see several states; and many
    hosts' engines begin a DEFERRED one, which fails at its first write if another has written since its first read.
    *shared*: other threads use this very connection.
    """
    connection.begin()
    driver = connection.connection.driver_connection
    with TranslatingErrors(in_hosts=False):
        if getattr(driver, "in_transaction", False):
            if shared or mode != "IMMEDIATE":
                return
            connection.exec_driver_sql("ROLLBACK")  # the engine's own BEGIN; nothing was executed in it yet
        connection.exec_driver_sql(f"BEGIN {mode}")


@contextmanager
def _lock_on_mariadb(connection: Connection, name: str) -> Iterator[None]:
    """Hold GET_LOCK: unlike a row lock, it survives MariaDB's implicit commit on DDL."""
    with TranslatingErrors(in_hosts=True):
        got = connection.scalar(select(func.get_lock(name, LOCK_TIMEOUT)))
    if got != 1:
        raise StoreBusy(f"another process has been changing the tables for {LOCK_TIMEOUT} seconds: try again")
    try:
        yield
    except BaseException:
        with suppress(DBAPIError):  # a broken connection has released it already
            connection.execute(select(func.release_lock(name)))
        raise
    connection.execute(select(func.release_lock(name)))


def _name(tables: Tables, database: str | None = None) -> str:
    """Return the name of the lock for these tables; MariaDB takes at most 64 characters."""
    about = "/".join((database or "", tables.metadata.schema or "", tables.prefix))
    return f"partnerflow:{sha256(about.encode()).hexdigest()[:40]}"
