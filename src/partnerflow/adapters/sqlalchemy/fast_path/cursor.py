"""Execute compiled statements on the DBAPI cursor, where nothing listens to SQLAlchemy."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, Engine, Executable, Select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.dml import UpdateBase

from partnerflow.adapters.sqlalchemy.execution import Mapped, RawRow, RowCache, SQLAlchemyExecution
from partnerflow.adapters.sqlalchemy.misfits import is_misfit
from partnerflow.adapters.sqlalchemy.rows import DatabaseRow, Values
from partnerflow.adapters.sqlalchemy.statements import TenantStatement

from .compiled import CompiledStatement

DRIVERS = frozenset({"pysqlite", "psycopg", "pymysql"})
"""The drivers on which all of this is tested."""
CACHED_STATEMENTS = 256
"""How many statements are kept compiled; one with a list counts once for each length."""


class FastPath:
    """The compiled statements of one engine."""

    def __init__(self, engine: Engine, statements: Collection[TenantStatement], cache: RowCache) -> None:
        self._engine, self._statements, self.cache = engine, statements, cache
        self._compiled: dict[tuple[TenantStatement, tuple[int, ...]], CompiledStatement] = {}

    def execution(self, connection: Connection) -> CursorExecution | None:
        """Return an execution for a transaction of ours on *connection*; None where the fast path steps aside."""
        engine, options = self._engine, connection.get_execution_options()
        if engine.dialect.driver not in DRIVERS or "schema_translate_map" in options or has_listeners(engine):
            return None
        if not connection.in_transaction():
            connection.begin()  # SQLAlchemy begins by itself only for what it executes, and commits what it began
        return CursorExecution(self, connection)

    def compiled(self, statement: Executable, values: Mapping[str, Any]) -> CompiledStatement | None:
        """Return a statement, compiled for lists of this length; None for one that is built for a single call."""
        if not isinstance(statement, (Select, UpdateBase)) or statement not in self._statements:
            return None
        shape = statement, tuple([len(each) for each in values.values() if isinstance(each, list)])
        found = self._compiled.get(shape)
        if found is None:
            if len(self._compiled) >= CACHED_STATEMENTS:
                self._compiled.clear()
            pattern = {name: [None] * len(each) if isinstance(each, list) else None for name, each in values.items()}
            found = self._compiled[shape] = CompiledStatement(statement, self._engine.dialect, pattern)
        return found


class CursorExecution:
    """Executes compiled statements on the DBAPI cursor, and all others through SQLAlchemy."""

    def __init__(self, fast_path: FastPath, connection: Connection) -> None:
        self._fast_path, self._connection = fast_path, connection
        self._otherwise = SQLAlchemyExecution(connection, fast_path.cache)
        self._cursor: Any = connection.connection.cursor()

    def rows(self, statement: Executable, values: Mapping[str, Any]) -> Sequence[DatabaseRow]:
        """Execute a query and return its rows."""
        compiled = self._fast_path.compiled(statement, values)
        if compiled is None:
            return self._otherwise.rows(statement, values)
        try:
            return list(map(compiled.row, self._fetch(compiled, values)))
        except Exception as error:
            if not is_misfit(error):
                raise
            return self._otherwise.rows_again(statement, values)

    def mapped(
        self, statement: Executable, values: Mapping[str, Any], read: Callable[[DatabaseRow], Mapped]
    ) -> list[Mapped]:
        """Execute a query and return what *read* makes of each row, from the row cache where it is there."""
        compiled = self._fast_path.compiled(statement, values)
        if compiled is None:
            return self._otherwise.mapped(statement, values, read)
        try:
            return self._fast_path.cache.mapped(self._fetch(compiled, values), compiled.row, read)
        except Exception as error:
            if not is_misfit(error):
                raise
            return list(map(read, self._otherwise.rows_again(statement, values)))

    def change(self, statement: Executable, values: Sequence[Values]) -> int:
        """Execute a statement once per parameter set; return the number of rows affected."""
        compiled = self._fast_path.compiled(statement, values[0])
        if compiled is None:
            return self._otherwise.change(statement, values)
        parameters = list(map(compiled.parameters, values))
        with _RaisingAsSQLAlchemy(self._connection, self._cursor, compiled.sql):
            if len(parameters) > 1:
                self._cursor.executemany(compiled.sql, parameters)
            else:
                self._cursor.execute(compiled.sql, parameters[0])
            count: int = self._cursor.rowcount
        return count

    def forget(self) -> None:
        """Empty the row cache."""
        self._fast_path.cache.clear()

    def _fetch(self, compiled: CompiledStatement, values: Mapping[str, Any]) -> Sequence[RawRow]:
        parameters = compiled.parameters(values)
        with _RaisingAsSQLAlchemy(self._connection, self._cursor, compiled.sql):
            self._cursor.execute(compiled.sql, parameters)
            return compiled.fetch(self._cursor)


def has_listeners(engine: Engine) -> bool:
    """Return whether an engine has a listener that would see or change our statements, or its log is on."""
    on_engine, on_dialect = engine.dispatch, engine.dialect.dispatch
    return bool(
        on_engine.before_execute
        or on_engine.after_execute
        or on_engine.before_cursor_execute
        or on_engine.after_cursor_execute
        or on_dialect.do_execute
        or on_dialect.do_executemany
        or on_dialect.do_execute_no_params
        or on_dialect.handle_error
        or engine.logger.isEnabledFor(logging.INFO)
    )


class _RaisingAsSQLAlchemy:
    """Wraps DBAPI errors as SQLAlchemy errors, and invalidates a connection that is broken."""

    __slots__ = ("_connection", "_cursor", "_sql")

    def __init__(self, connection: Connection, cursor: Any, sql: str) -> None:
        self._connection, self._cursor, self._sql = connection, cursor, sql

    def __enter__(self) -> None:
        """Do nothing yet."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        """Wrap the error; without the parameters, which may have names of people in them."""
        if error is None:
            return
        connection, dialect = self._connection, self._connection.dialect
        if isinstance(error, dialect.loaded_dbapi.Error):
            if broken := dialect.is_disconnect(error, connection.connection, self._cursor):
                # executed through SQLAlchemy, it finds out itself, and empties its pool of what broke at the same time
                with suppress(DBAPIError):
                    connection.exec_driver_sql("SELECT 1")
            raise DBAPIError.instance(
                self._sql, None, error, dialect.loaded_dbapi.Error, connection_invalidated=broken, dialect=dialect
            ) from error
        if not isinstance(error, Exception):  # such as Ctrl-C in the middle: the connection's state is not known
            connection.invalidate(error)
