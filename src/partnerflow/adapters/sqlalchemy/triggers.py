"""Having the database itself keep history as it is, whoever writes to it: triggers, where a host wants them.

On entries and transitions they refuse every DELETE, and every UPDATE but the one that a redaction makes. On the outbox
they refuse an UPDATE of what an event says; when an event goes is for whoever carries it on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import attrs
from sqlalchemy import (
    ColumnElement,
    Connection,
    Dialect,
    Engine,
    Table,
    and_,
    column,
    func,
    literal_column,
    not_,
    null,
    or_,
    table,
)
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.sql.elements import quoted_name

from partnerflow.errors import StoreError

from .errors import REFUSAL, TranslatingErrors
from .locks import schema_lock, writing_connection
from .tables import Tables
from .version import check_version


def protect_history(bind: Engine | Connection, tables: Tables | None = None) -> None:
    """Have the database refuse whatever would change or take away history, but for what a redaction blanks.

    On a Connection it is within its transaction, which is left open; MariaDB commits it. Done again it makes the same
    triggers anew, and several processes may do it at once. Raises SchemaMismatch for tables of another version,
    StoreError where the database does not let us.
    """
    _change(bind, tables or Tables(), protected=True)


def unprotect_history(bind: Engine | Connection, tables: Tables | None = None) -> None:
    """Take the triggers off again, where there are any; in all else as `protect_history`."""
    _change(bind, tables or Tables(), protected=False)


def _change(bind: Engine | Connection, tables: Tables, *, protected: bool) -> None:
    if isinstance(bind, Engine):
        with writing_connection(bind) as connection:
            _change(connection, tables, protected=protected)
        return
    check_version(bind, tables)
    triggers = _WRITTEN[bind.dialect.name](bind.dialect, tables)
    try:
        with schema_lock(bind, tables), TranslatingErrors(in_hosts=True):
            for statement in triggers.made() if protected else triggers.gone():
                bind.exec_driver_sql(statement)
    except ProgrammingError as error:
        raise StoreError(f"the database does not let its triggers be changed: {error.orig}") from error


# --- what is refused -----------------------------------------------------------------------------------------------


@attrs.frozen
class _Refusal:
    """One statement on one table that is refused, with what is said, and for which rows."""

    table: Table
    event: str
    says: str
    rows: ColumnElement[bool] | None = None
    """Where this is true; None: of every row."""

    @property
    def name(self) -> str:
        """Name the trigger; the table's own name begins with the prefix."""
        return f"{self.table.name}_no_{self.event.lower()}"


Text = tuple[str, ColumnElement[Any], str]
"""A column that a redaction blanks, what then stands there, and the column of its hash."""
_BLANK: ColumnElement[Any] = literal_column("''")
_DIGITS = 64
"""How long a hash is."""


def _refusals(tables: Tables) -> Iterator[_Refusal]:
    # in the order in which a step is written, so that whoever writes meanwhile is waited for, and no more
    blanked: dict[Table, list[Text]] = {
        tables.transition: [("reason", null(), "reason_redacted"), ("decision", _BLANK, "decision_redacted")],
        tables.entry: [("text", _BLANK, "redacted")],
    }
    for kept, texts in blanked.items():
        changed = f"{REFUSAL}nothing in {kept.name} is changed, but blanked by redact"
        yield _Refusal(kept, "UPDATE", changed, _more_is_changed(kept, texts))
        for event in ("DELETE", "TRUNCATE", "REPLACE"):
            yield _Refusal(kept, event, f"{REFUSAL}nothing in {kept.name} is taken away")
    told = tables.outbox
    yield _Refusal(told, "UPDATE", f"{REFUSAL}nothing in {told.name} is changed", _more_is_changed(told, ()))


def _more_is_changed(kept: Table, texts: Sequence[Text]) -> ColumnElement[bool]:
    """Tell whether an UPDATE changes more than these *texts*, each as a redaction does: blank, and its hash beside it.

    Columns that a later release adds are none of its business. Each comparison is true or false, never unknown.
    """
    columns = [each.name for each in kept.columns]
    old, new = (table(quoted_name(row, quote=False), *map(column, columns)) for row in ("old", "new"))
    free = {name for text, _, digest in texts for name in (text, digest)}
    same = {name: new.c[name].is_not_distinct_from(old.c[name]) for name in columns}
    as_redacted = (
        or_(
            and_(same[text], same[digest]),
            and_(
                old.c[digest].is_(None),
                new.c[text].is_not_distinct_from(blank),
                func.coalesce(func.length(new.c[digest]), 0) == _DIGITS,
            ),
        )
        for text, blank, digest in texts
    )
    return not_(and_(*(same[name] for name in columns if name not in free), *as_redacted))


# --- how each database is told --------------------------------------------------------------------------------------


class _Written:
    """The triggers on a set of tables, as one database takes them."""

    events: ClassVar[frozenset[str]]
    """What can be refused there."""

    def __init__(self, dialect: Dialect, tables: Tables) -> None:
        self.dialect, self.names = dialect, dialect.identifier_preparer
        self.prefix, self.schema = tables.prefix, tables.metadata.schema
        self.refusals = [refusal for refusal in _refusals(tables) if refusal.event in self.events]

    def made(self) -> Iterator[str]:
        """Return what makes them, or makes them anew."""
        yield from (statement for refusal in self.refusals for statement in self.make(refusal))

    def gone(self) -> Iterator[str]:
        """Return what takes them off."""
        yield from map(self.drop, self.refusals)

    def make(self, refusal: _Refusal) -> Iterator[str]:
        raise NotImplementedError

    def drop(self, refusal: _Refusal) -> str:
        return f"DROP TRIGGER IF EXISTS {self.beside(refusal.name)}"

    def beside(self, name: str) -> str:
        """Name something that lies in the schema of our tables."""
        there = f"{self.names.quote_schema(self.schema)}." if self.schema else ""
        return f"{there}{self.names.quote(name)}"

    def when(self, refusal: _Refusal) -> str:
        """Write of which rows it is."""
        assert refusal.rows is not None  # noqa: S101  whoever asks has looked
        return str(refusal.rows.compile(dialect=self.dialect, compile_kwargs={"literal_binds": True}))


class _OnSQLite(_Written):
    events = frozenset({"UPDATE", "DELETE", "REPLACE"})

    def make(self, refusal: _Refusal) -> Iterator[str]:
        event, rows = refusal.event, "" if refusal.rows is None else f" WHEN {self.when(refusal)}"
        if event == "REPLACE":  # it deletes, and asks no trigger that is for DELETE
            event, rows = "INSERT", f" WHEN EXISTS ({self._one_like(refusal.table)})"
        yield self.drop(refusal)
        yield (
            f"CREATE TRIGGER {self.beside(refusal.name)} BEFORE {event} ON {self.names.quote(refusal.table.name)}{rows}"
            f" BEGIN SELECT RAISE(ABORT, '{refusal.says}'); END"
        )

    def _one_like(self, kept: Table) -> str:
        """Find a row that shares a key with a new one."""
        quote = self.names.quote
        keys = [each.name for each in kept.primary_key.columns], ["tenant", "id"]
        alike = [" AND ".join(f"{quote(name)} = new.{quote(name)}" for name in key) for key in keys]
        return f"SELECT 1 FROM {quote(kept.name)} WHERE {' OR '.join(alike)}"  # noqa: S608  names of our own, quoted


class _OnPostgreSQL(_Written):
    events = frozenset({"UPDATE", "DELETE", "TRUNCATE"})

    def made(self) -> Iterator[str]:
        yield (
            f"CREATE OR REPLACE FUNCTION {self._refuse}() RETURNS trigger LANGUAGE plpgsql "
            "AS $$ BEGIN RAISE EXCEPTION USING MESSAGE = TG_ARGV[0]; END $$"
        )
        yield from super().made()

    def gone(self) -> Iterator[str]:
        yield from super().gone()
        yield f"DROP FUNCTION IF EXISTS {self._refuse}()"

    def make(self, refusal: _Refusal) -> Iterator[str]:
        each = "STATEMENT" if refusal.event == "TRUNCATE" else "ROW"
        rows = "" if refusal.rows is None else f" WHEN ({self.when(refusal)})"
        yield (
            f"CREATE OR REPLACE TRIGGER {self.names.quote(refusal.name)} BEFORE {refusal.event} "
            f"ON {self.names.format_table(refusal.table)} FOR EACH {each}{rows} "
            f"EXECUTE FUNCTION {self._refuse}('{refusal.says}')"
        )

    def drop(self, refusal: _Refusal) -> str:
        there = self.names.format_table(refusal.table)
        return f"DROP TRIGGER IF EXISTS {self.names.quote(refusal.name)} ON {there}"

    @property
    def _refuse(self) -> str:
        return self.beside(f"{self.prefix}refuse")


class _OnMariaDB(_Written):
    events = frozenset({"UPDATE", "DELETE"})

    def make(self, refusal: _Refusal) -> Iterator[str]:
        replaces = getattr(self.dialect, "is_mariadb", False)
        if not replaces:  # as MySQL, where for a moment there is none
            yield self.drop(refusal)
        yield (
            f"CREATE {'OR REPLACE ' if replaces else ''}TRIGGER {self.beside(refusal.name)} BEFORE {refusal.event} "
            f"ON {self.names.format_table(refusal.table)} FOR EACH ROW "
            f"IF {'TRUE' if refusal.rows is None else self.when(refusal)} "
            f"THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{refusal.says}'; END IF"
        )


_WRITTEN: dict[str, type[_Written]] = {
    "sqlite": _OnSQLite,
    "postgresql": _OnPostgreSQL,
    "mariadb": _OnMariaDB,
    "mysql": _OnMariaDB,
}
