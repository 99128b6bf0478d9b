"""Execute statements through SQLAlchemy; `fast_path` has the other way, which transactions of ours may take."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, CursorResult, Executable
from sqlalchemy.orm import Session

from partnerflow.records import kinds

from .misfits import RereadRow, is_misfit, read_again, row_types_of
from .rows import DatabaseRow, Values

Mapped = TypeVar("Mapped")
RawRow = tuple[Any, ...]

CACHED_ROWS = 8192
"""How many rows a RowCache keeps."""


class Execution(Protocol):
    """A way to execute statements within a transaction."""

    def rows(self, statement: Executable, values: Mapping[str, Any]) -> Sequence[DatabaseRow]:
        """Execute a query and return its rows."""
        ...

    def mapped(
        self, statement: Executable, values: Mapping[str, Any], read: Callable[[DatabaseRow], Mapped]
    ) -> list[Mapped]:
        """Execute a query and return what *read* makes of each row, from the row cache where it is there."""
        ...

    def change(self, statement: Executable, values: Sequence[Values]) -> int:
        """Execute a statement once per parameter set; return the number of rows affected."""
        ...

    def forget(self) -> None:
        """Empty the row cache."""
        ...


class RowCache:
    """What was made of the rows that were read last, so that a file is not parsed again for every request."""

    def __init__(self) -> None:
        self._mapped = lru_cache(maxsize=CACHED_ROWS)(_map)

    def mapped(
        self, found: Iterable[RawRow], convert: Callable[[RawRow], Any], read: Callable[[Any], Mapped]
    ) -> list[Mapped]:
        """Return what *read* makes of each row once *convert* has converted its columns."""
        registered = len(kinds())  # part of the key: a record of an unknown kind may be of a known one by now
        return [self._mapped(row, convert, read, registered) for row in found]

    def clear(self) -> None:
        """Forget every row."""
        self._mapped.cache_clear()


def _map(row: RawRow, convert: Callable[[RawRow], Any], read: Callable[[Any], Any], _: int) -> Any:
    return read(convert(row))


class SQLAlchemyExecution:
    """Executes everything through a Connection, or a Session, which then flushes first."""

    def __init__(self, executor: Session | Connection, cache: RowCache) -> None:
        self._executor, self._cache = executor, cache

    def rows(self, statement: Executable, values: Mapping[str, Any]) -> Sequence[DatabaseRow]:
        """Execute a query and return its rows."""
        try:
            found = self._execute(statement, values).all()
            if (types := row_types_of(statement)) is not None:
                for row in found:
                    types.check(row)
        except Exception as error:
            if not is_misfit(error):
                raise
            return self.rows_again(statement, values)
        return found

    def rows_again(self, statement: Executable, values: Mapping[str, Any]) -> Sequence[DatabaseRow]:
        """Execute a query once more, whose rows could not all be read, and read each value by value."""
        executor = self._executor
        return read_again(executor.connection() if isinstance(executor, Session) else executor, statement, values)

    def mapped(
        self, statement: Executable, values: Mapping[str, Any], read: Callable[[DatabaseRow], Mapped]
    ) -> list[Mapped]:
        """Execute a query and return what *read* makes of each row."""
        found = self.rows(statement, values)
        if found and isinstance(found[0], RereadRow):
            return list(map(read, found))
        return self._cache.mapped(map(tuple, found), tuple, read)

    def change(self, statement: Executable, values: Sequence[Values]) -> int:
        """Execute a statement once per parameter set; return the number of rows affected."""
        return self._execute(statement, values if len(values) > 1 else values[0]).rowcount

    def forget(self) -> None:
        """Empty the row cache."""
        self._cache.clear()

    def _execute(self, statement: Executable, values: Any) -> CursorResult[Any]:
        result = self._executor.execute(statement, values)
        assert isinstance(result, CursorResult)  # noqa: S101  no statement here is the ORM's
        return result
