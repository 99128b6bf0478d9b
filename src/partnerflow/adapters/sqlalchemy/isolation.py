"""Isolation levels: which one an engine's connections have, and refusing the one that has no transactions.

SQLAlchemy has no public name for the `isolation_level` that `create_engine` was given, so what counts is the state of
the DBAPI connection. Reading it costs no round trip.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine

from partnerflow.errors import InvalidRequest


def refuse_autocommit_option(host: Engine | Connection) -> None:
    """Raise InvalidRequest for an engine or a connection whose execution options ask for AUTOCOMMIT."""
    if host.get_execution_options().get("isolation_level") == "AUTOCOMMIT":
        raise _no_transactions()


def refuse_autocommit(connection: Connection) -> None:
    """Raise InvalidRequest for a connection that has begun, but commits each statement by itself.

    A request would then be written in part if it failed in the middle.
    """
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "sqlite":
        # None is also what a host sets to have SQLAlchemy send BEGIN itself, which it then has done by now
        manual = getattr(driver, "isolation_level", "") is None and not getattr(driver, "in_transaction", True)
        autocommit = manual or getattr(driver, "autocommit", False) is True
    elif hasattr(driver, "get_autocommit"):
        autocommit = bool(driver.get_autocommit())
    else:
        autocommit = getattr(driver, "autocommit", False) is True
    if autocommit:
        raise _no_transactions()


def level_of(engine: Engine) -> str:
    """Return the isolation level of an engine's connections. Raises InvalidRequest for AUTOCOMMIT."""
    with engine.connect() as connection, connection.begin():
        refuse_autocommit(connection)
        return connection.get_isolation_level()


def _no_transactions() -> InvalidRequest:
    remedy = "commits every statement by itself: give an engine or connection that has transactions"
    return InvalidRequest("isolation_level", "AUTOCOMMIT", remedy)
