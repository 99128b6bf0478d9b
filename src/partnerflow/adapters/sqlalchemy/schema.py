"""Opening a database, making the tables, and telling tables of another version."""

from __future__ import annotations

import weakref
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, insert, inspect, make_url, select
from sqlalchemy.exc import ArgumentError, DatabaseError, InterfaceError, NoSuchModuleError
from sqlalchemy.pool import StaticPool

from partnerflow.errors import SchemaMismatch, Unreadable

from .store import SQLAlchemyStore
from .tables import SCHEMA_VERSION, Tables


def open_store(url: str, *, tenant: str = "default") -> SQLAlchemyStore:
    """Open a database by its SQLAlchemy URL, and make the tables where there are none of ours.

    Raises Unreadable for what is no database or cannot be opened, SchemaMismatch for tables of another version.
    """
    try:
        engine = _engine(url)
        with engine.connect() as connection:
            ours = _ours(connection, Tables())
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise Unreadable(_shown(url), f"is no database URL that can be opened here: {error}") from None
    except (DatabaseError, InterfaceError) as error:
        raise Unreadable(_shown(url), f"is no database that can be opened: {error.orig}") from None
    if not ours:
        create_tables(engine)
    store = SQLAlchemyStore(engine, tenant=tenant)
    weakref.finalize(store, engine.dispose)  # what we opened, we close, once nobody holds it any more
    with store.reading():
        pass  # a schema of another version says so now, not in the middle of the first request
    return store


def create_tables(bind: Engine | Connection, tables: Tables | None = None) -> None:
    """Make the tables, where none of ours are; on a Connection, within its transaction, which is left open.

    Raises SchemaMismatch for tables of another version.
    """
    ours = tables or Tables()
    if isinstance(bind, Engine):
        with bind.begin() as connection:
            create_tables(connection, ours)
        return
    if _ours(bind, ours):
        check_version(bind, ours)
        return
    ours.metadata.create_all(bind)
    bind.execute(insert(ours.schema).values(version=SCHEMA_VERSION))


def check_version(connection: Connection, tables: Tables) -> None:
    """Raise SchemaMismatch where the tables are not there, or are of another version than this release reads."""
    if not inspect(connection).has_table(tables.schema.name, schema=tables.metadata.schema):
        raise SchemaMismatch(
            f"there is no table {tables.schema.name} here: make ours with "
            "partnerflow.adapters.sqlalchemy.create_tables(engine), or open the database with Partnerflow.open(url)"
        )
    found = connection.execute(select(tables.schema.c.version)).scalars().all()
    if found != [SCHEMA_VERSION]:
        versions = ", ".join(map(str, found)) or "none"
        raise SchemaMismatch(
            f"the tables are of schema version {versions}, and this release of partnerflow reads version "
            f"{SCHEMA_VERSION}: use the release that made them, or a fresh database"
        )


def _ours(connection: Connection, tables: Tables) -> list[str]:
    """Name the tables of ours that are there; a host's own beside them are no concern."""
    there = set(inspect(connection).get_table_names(schema=tables.metadata.schema))
    return sorted(there & {table.name for table in tables.metadata.tables.values()})


def _engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed, pool_pre_ping=True)
    in_memory = parsed.database in (None, "", ":memory:")
    engine = create_engine(
        parsed,
        connect_args={"timeout": 30, "check_same_thread": False},
        **({"poolclass": StaticPool} if in_memory else {}),
    )
    if not in_memory:
        event.listen(engine, "connect", _write_ahead)
    return engine


def _write_ahead(dbapi_connection: Any, _: object) -> None:
    """Let readers go on reading while somebody writes."""
    cursor = dbapi_connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.close()


def _shown(url: str) -> str:
    """Give the URL without its password."""
    try:
        return make_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        return "the database URL"
