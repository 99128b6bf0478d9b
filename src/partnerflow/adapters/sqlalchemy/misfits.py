"""Rows with values that are not of their columns' types: found, and read again value by value.

SQLite keeps any text in any column, and the other databases know days that the calendar of Python lacks. One such value
would end the reading of every row beside it. So where the rows of a query cannot all be read, the query is executed
once more, without the types, and each row becomes a `RereadRow`. The reader of a table decides what its misfits mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from sqlalchemy import ColumnElement, Connection, Executable, Select, Text, cast, select, type_coerce
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.sql.expression import CompoundSelect
from sqlalchemy.types import NullType

REFUSED_BY_TYPE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError)
"""What converting a value may raise."""


def is_misfit(error: Exception) -> bool:
    """Return whether reading a row failed for one of its values, so that the statement itself did not fail."""
    if isinstance(error, OperationalError):  # the driver of SQLite, of a text that is not in UTF-8
        return str(error.orig).startswith("Could not decode")
    if isinstance(error, DataError):  # psycopg itself, of a day that Python does not have
        return getattr(error.orig, "sqlstate", "") is None
    return isinstance(error, REFUSED_BY_TYPE)


class RereadRow:
    """A row that was read again, value by value; in the place of each misfit is something of its column's type."""

    __slots__ = ("_names", "_values", "misfits")

    def __init__(self, names: tuple[str, ...], values: tuple[Any, ...], misfits: Mapping[str, str]) -> None:
        self._names, self._values, self.misfits = names, values, misfits
        """The misfits: the name of each column, and what is stored there."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self._values[self._names.index(name)]
        except ValueError:
            raise AttributeError(name) from None

    def __getitem__(self, place: Any) -> Any:
        if not isinstance(place, slice):
            return self._values[place]
        names = self._names[place]
        return RereadRow(names, self._values[place], {n: what for n, what in self.misfits.items() if n in names})

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def __str__(self) -> str:
        return ", ".join(f"{name} is {stored}" for name, stored in self.misfits.items())


def misfits_in(row: object) -> str:
    """Return which values of a row are not of their columns' types, and what they are; an empty text: all are."""
    return str(row) if isinstance(row, RereadRow) else ""


def refuse_misfits(row: object) -> None:
    """Raise ValueError for a row with a misfit."""
    if misfits := misfits_in(row):
        raise ValueError(misfits)


class RowTypes:
    """Which types the values of a row may have, by the columns of its statement."""

    def __init__(self, columns: Sequence[ColumnElement[Any]]) -> None:
        self._columns = columns
        self._known: set[tuple[type, ...]] = set()

    def check(self, row: Iterable[Any]) -> None:
        """Raise TypeError for a row with a value of another type; they have few combinations, so each is kept."""
        types = tuple(map(type, row))
        if types not in self._known:
            for column, found in zip(self._columns, types, strict=True):
                if not _may_be(column, found):
                    raise TypeError(f"{column.key} has a {found.__name__}")
            self._known.add(types)


def _may_be(column: ColumnElement[Any], found: type) -> bool:
    wanted = _python_type(column)
    return wanted is None or found is wanted or (found is type(None) and getattr(column, "nullable", True))


def _python_type(column: ColumnElement[Any]) -> type | None:
    """Return the type of a column's values; None: any."""
    return None if isinstance(column.type, NullType) else column.type.python_type


@lru_cache(maxsize=256)
def row_types_of(statement: Executable) -> RowTypes | None:
    """Return which types the rows of a statement may have; None for one that returns none."""
    return RowTypes(_columns(statement)) if isinstance(statement, (Select, CompoundSelect)) else None


def _columns(statement: Select[Any] | CompoundSelect[Any]) -> list[ColumnElement[Any]]:
    return list(statement.selected_columns)


# --- reading again ---------------------------------------------------------------------------------------------------


def read_again(connection: Connection, statement: Executable, values: Mapping[str, Any]) -> list[RereadRow]:
    """Execute a query whose rows could not all be read, and read every row value by value."""
    assert isinstance(statement, (Select, CompoundSelect))  # noqa: S101  no other returns rows with types
    columns = _columns(statement)
    with _lenient(connection):
        found = connection.execute(_untyped(statement, connection.dialect.name), values).all()
    return [_row(columns, raw) for raw in found]


def _untyped(statement: Select[Any] | CompoundSelect[Any], dialect: str) -> Executable:
    """Return the same query, with each value as the driver returns it."""
    of = statement.subquery().c if isinstance(statement, CompoundSelect) else statement.selected_columns
    as_text = dialect == "postgresql"  # its driver would make days and moments of them in any case
    plain = [
        (cast(column, Text) if as_text and _python_type(column) in (date, datetime) else type_coerce(column, NullType))
        for column in of
    ]
    labelled = [each.label(str(column.key)) for each, column in zip(plain, of, strict=True)]
    if isinstance(statement, Select):
        return statement.with_only_columns(*labelled, maintain_column_froms=True)
    return select(*labelled)


@contextmanager
def _lenient(connection: Connection) -> Iterator[None]:
    """Have the driver of SQLite return texts that are not in UTF-8, with what is not as halves of surrogate pairs."""
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name != "sqlite" or not hasattr(driver, "text_factory"):
        yield
        return
    usual, driver.text_factory = driver.text_factory, lambda text: text.decode("utf-8", "surrogateescape")
    try:
        yield
    finally:
        driver.text_factory = usual


def _row(columns: Sequence[ColumnElement[Any]], raw: Sequence[Any]) -> RereadRow:
    """Read a row; in the place of each misfit is something of the type of its column."""
    names, values, misfits = [str(column.key) for column in columns], list[Any](), dict[str, str]()
    for column, name, value in zip(columns, names, raw, strict=True):
        wanted = _python_type(column)
        if wanted is None or (value is None and getattr(column, "nullable", True)):
            values.append(value)
            continue
        try:
            values.append(_READ[wanted](value))
        except REFUSED_BY_TYPE:
            values.append(_INSTEAD[wanted](value))
            misfits[name] = f"{value!a:.60}"
    return RereadRow(tuple(names), tuple(values), misfits)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    value.encode()  # fails for what was not in UTF-8
    return value


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise TypeError
    return value


def _flag(value: Any) -> bool:
    return {0: False, 1: True}[value]


def _day(value: Any) -> date:
    return value if type(value) is date else date.fromisoformat(value)


def _moment(value: Any) -> datetime:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _id(value: Any) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)


_READ: Mapping[type, Callable[[Any], Any]] = {
    str: _text,
    int: _whole,
    bool: _flag,
    date: _day,
    datetime: _moment,
    UUID: _id,
}
_INSTEAD: Mapping[type, Callable[[Any], Any]] = {
    str: lambda value: value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else ascii(value),
    int: lambda _: 0,
    bool: lambda _: False,
    date: lambda _: None,
    datetime: lambda _: datetime.fromtimestamp(0, UTC),
    UUID: lambda value: uuid5(NAMESPACE_OID, ascii(value)),  # the same each time, and nobody else's
}
