"""Open a database, and create the tables."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import ArgumentError, DatabaseError, InterfaceError, NoSuchModuleError
from sqlalchemy.pool import StaticPool

from partnerflow.errors import Unreadable

from .database_url import read_url, without_secrets
from .locks import schema_lock, writing_connection
from .store import SQLAlchemyStore
from .tables import SCHEMA_VERSION, Tables, default_tables
from .version import check_version, ours, record_version, version_of


def open_store(url: str, *, tenant: str = "default") -> SQLAlchemyStore:
    """Open a database by its SQLAlchemy URL, and create the tables where there are none of ours.

    Raises Unreadable for what is no database or cannot be opened, SchemaMismatch for tables of another version.
    """
    with named_if_unreadable(url):
        engine = engine_of(url)
    tables = default_tables()
    with ExitStack() as opened:
        opened.callback(engine.dispose)  # on an error, we close what we have opened
        with named_if_unreadable(url), engine.connect() as connection:
            version = version_of(connection, tables)
        if version == 0:
            create_tables(engine, tables)
        store = SQLAlchemyStore(engine, tenant=tenant, tables=tables)
        with store.reading():
            pass  # another schema version is an error now, not in the middle of the first request
        opened.pop_all()
    weakref.finalize(store, engine.dispose)  # and when the store is garbage-collected
    return store


def create_tables(bind: Engine | Connection, tables: Tables | None = None) -> None:
    """Create the tables, where there are none of ours; on a Connection, within its transaction, which is left open.

    Several processes may call it at once. Raises SchemaMismatch for tables of another version.
    """
    wanted = tables or default_tables()
    if isinstance(bind, Engine):
        with writing_connection(bind) as connection:
            create_tables(connection, wanted)
        return
    if version_of(bind, wanted) > 0:
        check_version(bind, wanted)
        return
    with schema_lock(bind, wanted):
        if ours(bind, wanted):  # another process has created them while we waited for the lock
            check_version(bind, wanted, newest=True)
            return
        wanted.schema.create(bind)
        wanted.metadata.create_all(bind)
        record_version(bind, wanted, SCHEMA_VERSION)


@contextmanager
def named_if_unreadable(url: str) -> Iterator[None]:
    """Raise Unreadable, with the URL but not its password, for what is no database or cannot be opened."""
    try:
        yield
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise Unreadable(without_secrets(url), f"is no database URL that can be opened here: {error}") from None
    except (DatabaseError, InterfaceError) as error:
        raise Unreadable(without_secrets(url), f"is no database that can be opened: {error.orig}") from None


def engine_of(url: str) -> Engine:
    """Create the engine of a database that we open ourselves."""
    parsed = read_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed, pool_pre_ping=True)
    in_memory = parsed.database in (None, "", ":memory:")
    engine = create_engine(
        parsed,
        connect_args={"timeout": 30, "check_same_thread": False},
        **({"poolclass": StaticPool} if in_memory else {}),
    )
    if not in_memory:
        event.listen(engine, "connect", _configure_sqlite)
    return engine


def _configure_sqlite(dbapi_connection: Any, _: object) -> None:
    """Set what SQLite does not do by itself: readers do not wait for a writer, and what is deleted is overwritten."""
    cursor = dbapi_connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA secure_delete=ON")  # otherwise a text that was redacted could still be read in the file
    cursor.close()
