"""Saying statements to a database: through SQLAlchemy, or, in a transaction of ours, on the driver's own cursor.

A step says nine things, and said through SQLAlchemy they cost more than everything else that a step does. What a host
does is the host's, so there everything goes through its Session or Connection. And where somebody listens to what an
engine says, by an event of SQLAlchemy's or in its log, all that is ours goes through SQLAlchemy too, and is heard.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, CursorResult, Engine, Executable, Select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import UpdateBase

from partnerflow.records import kinds

from .prepared import Prepared, Statement
from .rows import Row, Values

Made = TypeVar("Made")
Found = tuple[Any, ...]

DRIVERS = frozenset({"pysqlite", "psycopg", "pymysql"})
"""The drivers on whose cursors all of this is tested."""
REMEMBERED = 8192
"""Of how many rows it is remembered what was made of them."""
SHAPES = 256
"""How many statements are kept compiled; one with a list counts anew for each length."""


class Execution(Protocol):
    """A way of saying statements to a database."""

    def rows(self, statement: Executable, values: Mapping[str, Any]) -> Sequence[Row]:
        """Say one thing and give the rows."""
        ...

    def made(self, statement: Executable, values: Mapping[str, Any], make: Callable[[Row], Made]) -> list[Made]:
        """Say one thing and give what *make* makes of each row, or has made of it lately."""
        ...

    def change(self, statement: Executable, values: Sequence[Values]) -> int:
        """Say the same of each of *values*, and give how many rows it was true of."""
        ...


class ThroughSQLAlchemy:
    """Says everything through a Session, so that it flushes first, or a Connection."""

    def __init__(self, executor: Session | Connection, memory: Memory) -> None:
        self._executor, self._memory = executor, memory

    def rows(self, statement: Executable, values: Mapping[str, Any]) -> Sequence[Row]:
        """Say one thing and give the rows."""
        return self._said(statement, values).all()

    def made(self, statement: Executable, values: Mapping[str, Any], make: Callable[[Row], Made]) -> list[Made]:
        """Say one thing and give what *make* makes of each row, or has made of it lately."""
        return self._memory.made(map(tuple, self._said(statement, values)), tuple, make)

    def change(self, statement: Executable, values: Sequence[Values]) -> int:
        """Say the same of each of *values*, and give how many rows it was true of."""
        return self._said(statement, values if len(values) > 1 else values[0]).rowcount

    def _said(self, statement: Executable, values: Any) -> CursorResult[Any]:
        result = self._executor.execute(statement, values)
        assert isinstance(result, CursorResult)  # noqa: S101  nothing here goes through the ORM
        return result


class OnDriver:
    """Says on the driver's cursor what is prepared, and all else through SQLAlchemy."""

    def __init__(self, driver: Driver, connection: Connection) -> None:
        self._driver, self._connection = driver, connection
        self._else = driver.hosts(connection)
        self._cursor: Any = connection.connection.cursor()

    def rows(self, statement: Executable, values: Mapping[str, Any]) -> Sequence[Row]:
        """Say one thing and give the rows."""
        prepared = self._driver.prepared(statement, values)
        if prepared is None:
            return self._else.rows(statement, values)
        return list(map(prepared.row, self._found(prepared, values)))

    def made(self, statement: Executable, values: Mapping[str, Any], make: Callable[[Row], Made]) -> list[Made]:
        """Say one thing and give what *make* makes of each row, or has made of it lately."""
        prepared = self._driver.prepared(statement, values)
        if prepared is None:
            return self._else.made(statement, values, make)
        return self._driver.memory.made(self._found(prepared, values), prepared.row, make)

    def change(self, statement: Executable, values: Sequence[Values]) -> int:
        """Say the same of each of *values*, and give how many rows it was true of."""
        prepared = self._driver.prepared(statement, values[0])
        if prepared is None:
            return self._else.change(statement, values)
        parameters = list(map(prepared.parameters, values))
        with _Raising(self._connection, self._cursor, prepared.sql):
            if len(parameters) > 1:
                self._cursor.executemany(prepared.sql, parameters)
            else:
                self._cursor.execute(prepared.sql, parameters[0])
            count: int = self._cursor.rowcount
        return count

    def _found(self, prepared: Prepared, values: Mapping[str, Any]) -> Sequence[Found]:
        parameters = prepared.parameters(values)
        with _Raising(self._connection, self._cursor, prepared.sql):
            self._cursor.execute(prepared.sql, parameters)
            return prepared.fetched(self._cursor)


class Driver:
    """What is said again and again on one engine, as its driver takes it, and what was made of its answers."""

    def __init__(self, engine: Engine, statements: Collection[Statement]) -> None:
        self._engine, self._statements = engine, statements
        self._prepared: dict[tuple[Statement, tuple[int, ...]], Prepared] = {}
        self.memory = Memory()

    def hosts(self, executor: Session | Connection) -> ThroughSQLAlchemy:
        """Return the way of saying things that is open to everyone."""
        return ThroughSQLAlchemy(executor, self.memory)

    def ours(self, connection: Connection) -> Execution:
        """Return the quickest way of saying things on a connection of ours, in its transaction."""
        engine, options = self._engine, connection.get_execution_options()
        if engine.dialect.driver not in DRIVERS or "schema_translate_map" in options or _is_heard(engine):
            return self.hosts(connection)
        if not connection.in_transaction():
            connection.begin()  # it would not know at the end that there is something to commit
        return OnDriver(self, connection)

    def prepared(self, statement: Executable, values: Mapping[str, Any]) -> Prepared | None:
        """Return a statement, compiled for such values; None for one that is put together where it is said."""
        if not isinstance(statement, (Select, UpdateBase)) or statement not in self._statements:
            return None
        shape = statement, tuple([len(each) for each in values.values() if isinstance(each, list)])
        found = self._prepared.get(shape)
        if found is None:
            if len(self._prepared) >= SHAPES:
                self._prepared.clear()
            pattern = {name: [None] * len(each) if isinstance(each, list) else None for name, each in values.items()}
            found = self._prepared[shape] = Prepared(statement, self._engine.dialect, pattern)
        return found


class Memory:
    """What was made of rows lately, so that what lies on a file is not read anew by each who comes for it."""

    def __init__(self) -> None:
        self._made = lru_cache(maxsize=REMEMBERED)(_made)

    def made(self, found: Iterable[Found], read: Callable[[Found], Any], make: Callable[[Any], Made]) -> list[Made]:
        """Return what *make* makes of each row once it is *read*, or has made of it before."""
        registered = len(kinds())  # what was of no known kind may be of one by now
        return [self._made(row, read, make, registered) for row in found]


def _made(row: Found, read: Callable[[Found], Any], make: Callable[[Any], Any], _: int) -> Any:
    return make(read(row))


def _is_heard(engine: Engine) -> bool:
    """Tell whether somebody listens to what an engine says, or wants to have a say in it."""
    said, done = engine.dispatch, engine.dialect.dispatch
    return bool(
        said.before_execute or said.after_execute or said.before_cursor_execute or said.after_cursor_execute
        or done.do_execute or done.do_executemany or done.do_execute_no_params or done.handle_error
        or engine.logger.isEnabledFor(logging.INFO)
    )  # fmt: skip


class _Raising:
    """Has what a driver raises in the block raised as SQLAlchemy does, and has SQLAlchemy learn what is broken."""

    __slots__ = ("_connection", "_cursor", "_sql")

    def __init__(self, connection: Connection, cursor: Any, sql: str) -> None:
        self._connection, self._cursor, self._sql = connection, cursor, sql

    def __enter__(self) -> None:
        """Begin to listen."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        """Raise what was raised as SQLAlchemy does; without the parameters, which may hold names."""
        if error is None:
            return
        connection, dialect = self._connection, self._connection.dialect
        if isinstance(error, dialect.loaded_dbapi.Error):
            if broken := dialect.is_disconnect(error, connection.connection, self._cursor):
                with suppress(DBAPIError):  # it finds out by itself, and throws away what else its pool has
                    connection.exec_driver_sql("SELECT 1")
            raise DBAPIError.instance(
                self._sql, None, error, dialect.loaded_dbapi.Error, connection_invalidated=broken, dialect=dialect
            ) from error
        if not isinstance(error, Exception):  # it was stopped in the middle, and nobody knows in what state it is
            connection.invalidate(error)
