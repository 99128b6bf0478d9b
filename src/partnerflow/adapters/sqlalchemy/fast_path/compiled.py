"""A statement as a driver takes it: compiled once, with what converts values to parameters and columns to values."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, TypeAlias

from sqlalchemy import Dialect, Select, Uuid
from sqlalchemy.sql.compiler import ExpandedState, SQLCompiler
from sqlalchemy.types import TypeEngine

from partnerflow.adapters.sqlalchemy.misfits import RowTypes
from partnerflow.adapters.sqlalchemy.rows import DatabaseRow
from partnerflow.adapters.sqlalchemy.statements import TenantStatement

Converter: TypeAlias = Callable[[Any], Any]
Converters: TypeAlias = list[tuple[int, Converter]]
"""The places of the values that must be converted, each with what converts it."""

CACHED_IDS = 16
"""How many ids a column remembers: the rows of one partnership or file have the same id and follow one another."""


class CompiledStatement:
    """A statement, compiled for one dialect and for lists as long as those of *pattern*."""

    def __init__(self, statement: TenantStatement, dialect: Dialect, pattern: Mapping[str, Any]) -> None:
        self._dialect = dialect
        compiled = statement.compile(dialect=dialect, column_keys=list(pattern))
        assert isinstance(compiled, SQLCompiler)  # noqa: S101  the dialects of all databases have one
        state = compiled.construct_expanded_state(pattern)
        self.sql = state.statement
        self._positional = compiled.positional
        self._parameters = list((state.positiontup or ()) if compiled.positional else state.parameters)
        self._read_parameters(compiled, state, pattern)
        self._columns = list(statement.selected_columns) if isinstance(statement, Select) else []
        row: Any = namedtuple("Row", [str(column.key) for column in self._columns], rename=True)  # type: ignore[misc]  # noqa: PYI024
        self._row: Callable[[list[Any]], Any] = partial(tuple.__new__, row)
        self._check = RowTypes(self._columns).check
        self._result_converters: Converters | None = None

    def _read_parameters(self, compiled: SQLCompiler, state: ExpandedState, pattern: Mapping[str, Any]) -> None:
        """Find out for each parameter of the driver which value it is, and what converts it."""
        elements = {
            element: (name, place)
            for name, expanded in state.parameter_expansion.items()
            for place, element in enumerate(expanded)
        }
        self._names = [elements.get(parameter, (parameter, 0))[0] for parameter in self._parameters]
        self._elements = [
            (at, *elements[parameter]) for at, parameter in enumerate(self._parameters) if parameter in elements
        ]
        self._constants = {name: state.parameters[name] for name in self._names if name not in pattern}
        processors = {  # by name, for a list has a name once and a thousand places
            name: self._type(compiled.binds[name].type).bind_processor(self._dialect) for name in set(self._names)
        }
        self._bind_converters: Converters = [
            (at, convert) for at, name in enumerate(self._names) if (convert := processors[name]) is not None
        ]

    def parameters(self, values: Mapping[str, Any]) -> Any:
        """Return values as the driver takes them: a tuple, or a mapping where parameters have names."""
        given = {**self._constants, **values} if self._constants else values
        found = [given[name] for name in self._names]
        for at, name, place in self._elements:
            found[at] = given[name][place]
        for at, convert in self._bind_converters:
            found[at] = convert(found[at])
        return tuple(found) if self._positional else dict(zip(self._parameters, found, strict=True))

    def fetch(self, cursor: Any) -> Sequence[tuple[Any, ...]]:
        """Fetch the rows of the cursor, as the driver returns them."""
        found: Sequence[tuple[Any, ...]] = cursor.fetchall()
        if self._result_converters is None:
            self._result_converters = self._read_columns(cursor.description)
        return found

    def _read_columns(self, description: Sequence[Sequence[Any]]) -> Converters:
        """Find out what converts each column; some types ask for the type code, which only a result has."""
        converters: Converters = []
        for at, (column, described) in enumerate(zip(self._columns, description, strict=True)):
            convert = self._type(column.type).result_processor(self._dialect, described[1])
            if convert is not None:
                is_id = isinstance(column.type, Uuid)
                converters.append((at, lru_cache(maxsize=CACHED_IDS)(convert) if is_id else convert))
        return converters

    def row(self, found: tuple[Any, ...]) -> DatabaseRow:
        """Convert a row that was fetched. Raises as `misfits` lists for one with a misfit."""
        values = list(found)
        for at, convert in self._result_converters or ():
            values[at] = convert(values[at])
        row: DatabaseRow = self._row(values)
        self._check(row)
        return row

    def _type(self, generic: TypeEngine[Any]) -> TypeEngine[Any]:
        return generic.dialect_impl(self._dialect)
