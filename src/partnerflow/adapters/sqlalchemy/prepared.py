"""Statements as a driver takes them: each compiled once, with what makes parameters of values and values of columns.

All of it is SQLAlchemy's own work. What is saved is that it finds out anew, at every execution, what it must do.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, TypeAlias

from sqlalchemy import Dialect, Select, Uuid
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.types import TypeEngine

from .rows import Row

Statement: TypeAlias = Select[Any] | UpdateBase
Convert: TypeAlias = Callable[[Any], Any]
Places: TypeAlias = list[tuple[int, Convert]]
"""Which values have to be converted, and how."""

ROWS_APART = 16
"""How far apart the same id is looked for: rows of one partnership or file come one after the other."""


class Prepared:
    """A statement, compiled for one dialect and for lists of so many values as *pattern* has."""

    def __init__(self, statement: Statement, dialect: Dialect, pattern: Mapping[str, Any]) -> None:
        self._dialect = dialect
        compiled = statement.compile(dialect=dialect, column_keys=list(pattern))
        assert isinstance(compiled, SQLCompiler)  # noqa: S101  every dialect that speaks SQL
        state = compiled.construct_expanded_state(pattern)
        self.sql = state.statement
        self._positional = compiled.positional
        self._parameters = list((state.positiontup or ()) if compiled.positional else state.parameters)
        lists = state.parameter_expansion.items()
        of_lists = {one: (name, place) for name, expanded in lists for place, one in enumerate(expanded)}
        self._names = [of_lists.get(one, (one, 0))[0] for one in self._parameters]
        self._listed = [(at, *of_lists[one]) for at, one in enumerate(self._parameters) if one in of_lists]
        self._constants = {name: state.parameters[name] for name in self._names if name not in pattern}
        self._bind: Places = [
            (at, convert)
            for at, name in enumerate(self._names)
            if (convert := self._type(compiled.binds[name].type).bind_processor(dialect)) is not None
        ]
        self._columns = list(statement.selected_columns) if isinstance(statement, Select) else []
        row: Any = namedtuple("Row", [str(column.key) for column in self._columns], rename=True)  # type: ignore[misc]  # noqa: PYI024
        self._row: Callable[[list[Any]], Any] = partial(tuple.__new__, row)
        self._read: Places | None = None

    def parameters(self, values: Mapping[str, Any]) -> Any:
        """Return values as the driver takes them: a tuple, or a mapping where it goes by names."""
        given = {**self._constants, **values} if self._constants else values
        found = [given[name] for name in self._names]
        for at, name, place in self._listed:
            found[at] = given[name][place]
        for at, convert in self._bind:
            found[at] = convert(found[at])
        return tuple(found) if self._positional else dict(zip(self._parameters, found, strict=True))

    def fetched(self, cursor: Any) -> Sequence[tuple[Any, ...]]:
        """Return what the cursor finds, as the driver gives it."""
        found: Sequence[tuple[Any, ...]] = cursor.fetchall()
        if self._read is None:
            self._read = self._reading(cursor.description)
        return found

    def _reading(self, description: Sequence[Sequence[Any]]) -> Places:
        """Find out, from the first that is found, how each column is read."""
        reading: Places = []
        for at, (column, told) in enumerate(zip(self._columns, description, strict=True)):
            convert = self._type(column.type).result_processor(self._dialect, told[1])
            if convert is not None:
                is_id = isinstance(column.type, Uuid)
                reading.append((at, lru_cache(maxsize=ROWS_APART)(convert) if is_id else convert))
        return reading

    def row(self, found: tuple[Any, ...]) -> Row:
        """Read a row that was fetched."""
        values = list(found)
        for at, convert in self._read or ():
            values[at] = convert(values[at])
        read: Row = self._row(values)
        return read

    def _type(self, of: TypeEngine[Any]) -> TypeEngine[Any]:
        return of.dialect_impl(self._dialect)
