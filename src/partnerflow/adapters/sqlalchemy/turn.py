"""Whose turn it is to make or change tables, where several processes start at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from partnerflow.errors import StoreBusy

from .tables import Tables
from .trouble import translated

PATIENCE = 60
"""Seconds for which MariaDB lets one wait; PostgreSQL and SQLite have time-outs of their own."""


@contextmanager
def turn(connection: Connection, tables: Tables) -> Iterator[None]:
    """Hold the turn within the connection's transaction; whoever comes meanwhile waits, and finds the work done.

    Raises StoreBusy where the turn does not come. It commits nothing.
    """
    dialect = connection.dialect.name
    if dialect in ("mysql", "mariadb"):
        with _turn_on_mariadb(connection, _name(tables, connection.scalar(select(func.database())))):
            yield
        return
    with translated(in_hosts=True):
        if dialect == "postgresql":  # let go of at the end of the transaction, however that ends
            key = int.from_bytes(sha256(_name(tables).encode()).digest()[:8], signed=True)
            connection.execute(select(func.pg_advisory_xact_lock(key)))
        elif dialect == "sqlite":
            driver = connection.connection.driver_connection
            if not getattr(driver, "in_transaction", True):  # pysqlite begins by itself, but not before a CREATE
                connection.exec_driver_sql("BEGIN IMMEDIATE")
    with translated(in_hosts=True):
        yield


@contextmanager
def begun(engine: Engine) -> Iterator[Connection]:
    """Return a connection in a transaction of ours that will write, and commit it at the end of the block."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            begin_on_sqlite(connection, "IMMEDIATE", shared=isinstance(engine.pool, StaticPool))
        yield connection
        connection.commit()


def begin_on_sqlite(connection: Connection, how: str, *, shared: bool = False) -> None:
    """Begin on SQLite as is meant: a writer takes its turn at once, and a reader sees one state.

    Left to itself, pysqlite begins a transaction only before the first write, and many a host's engine begins one that
    waits for its first write: then it may be too late to get the lock. *shared*: others work on this very connection.
    """
    connection.begin()
    driver = connection.connection.driver_connection
    with translated(in_hosts=False):
        if getattr(driver, "in_transaction", False):
            if shared or how != "IMMEDIATE":
                return
            connection.exec_driver_sql("ROLLBACK")  # nothing was said in it yet
        connection.exec_driver_sql(f"BEGIN {how}")


@contextmanager
def _turn_on_mariadb(connection: Connection, name: str) -> Iterator[None]:
    """Hold a lock of the session's, which the commit that every CREATE brings along does not let go of."""
    with translated(in_hosts=True):
        got = connection.scalar(select(func.get_lock(name, PATIENCE)))
    if got != 1:
        raise StoreBusy(f"somebody else has been changing the tables for {PATIENCE} seconds: try again")
    try:
        yield
    except BaseException:
        with suppress(DBAPIError):  # a connection that is broken has let go already
            connection.execute(select(func.release_lock(name)))
        raise
    connection.execute(select(func.release_lock(name)))


def _name(tables: Tables, database: str | None = None) -> str:
    """Name the turn after the tables that it is about; 64 characters are all that MariaDB takes."""
    about = "/".join((database or "", tables.metadata.schema or "", tables.prefix))
    return f"partnerflow:{sha256(about.encode()).hexdigest()[:40]}"
