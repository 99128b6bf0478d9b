"""Upgrade a database that is given by its URL, as the command does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from partnerflow.adapters.sqlalchemy.schema import engine_of, named_if_unreadable
from partnerflow.adapters.sqlalchemy.tables import Tables
from partnerflow.adapters.sqlalchemy.version import check_version, version_of
from partnerflow.errors import StoreError

from .runner import NEWEST, upgrade


def version_at(url: str, *, prefix: str = "pf_", schema: str | None = None, check: bool = False) -> int:
    """Return the version of the tables; 0 where there are none.

    With *check*, raises SchemaMismatch for a version unknown to this release. Raises Unreadable for no database.
    """
    wanted = Tables(prefix=prefix, schema=schema)
    with _connected(url) as connection:
        if check:
            check_version(connection, wanted)
        return version_of(connection, wanted)


def upgrade_database(
    url: str, *, version: int | None = None, prefix: str = "pf_", schema: str | None = None
) -> tuple[int, int]:
    """Upgrade the tables to a version, by default the newest, and commit; return the version before and after."""
    wanted = Tables(prefix=prefix, schema=schema)
    with _connected(url) as connection:
        before = version_of(connection, wanted)
        connection.rollback()  # upgrade takes the schema lock before its first read
        upgrade(connection, version=NEWEST if version is None else version, tables=wanted)
        connection.commit()
        return before, version_of(connection, wanted)


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    with named_if_unreadable(url):
        engine = engine_of(url)
    try:
        with named_if_unreadable(url):
            connection = engine.connect()
        with connection:
            yield connection
    except DBAPIError as error:
        raise StoreError(f"the database cannot do this: {error.orig}") from error
    finally:
        engine.dispose()
