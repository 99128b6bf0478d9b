"""Optional triggers that make history tables append-only, whatever program writes to them.

On entries and transitions they refuse every DELETE, and every UPDATE but the one that a redaction makes. On the outbox
they refuse an UPDATE of an event's content; an event may be deleted once it was sent on.
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
from .tables import Tables, default_tables
from .version import check_version


def protect_history(bind: Engine | Connection, tables: Tables | None = None) -> None:
    """Create triggers that refuse every change and deletion of history but what a redaction blanks.

    On a Connection it works within its transaction, which is left open; MariaDB commits it. It may be called again,
    and by several processes at once. Raises SchemaMismatch for tables of another version,
    StoreError where the database does not allow it.
    """
    _change(bind, tables or default_tables(), protected=True)


def unprotect_history(bind: Engine | Connection, tables: Tables | None = None) -> None:
    """Drop the triggers, if there are any; otherwise as `protect_history`."""
    _change(bind, tables or default_tables(), protected=False)


def _change(bind: Engine | Connection, tables: Tables, *, protected: bool) -> None:
    if isinstance(bind, Engine):
        with writing_connection(bind) as connection:
            _change(connection, tables, protected=protected)
        return
    check_version(bind, tables)
    triggers = _TRIGGERS[bind.dialect.name](bind.dialect, tables)
    try:
        with schema_lock(bind, tables), TranslatingErrors(in_hosts=True):
            for statement in triggers.create_all() if protected else triggers.drop_all():
                bind.exec_driver_sql(statement)
    except ProgrammingError as error:
        raise StoreError(f"the database does not allow its triggers to be changed: {error.orig}") from error


# --- what is refused -----------------------------------------------------------------------------------------------


@attrs.frozen
class _Refusal:
    """One kind of statement on one table that is refused, with the message, and for which rows."""

    table: Table
    event: str
    message: str
    rows: ColumnElement[bool] | None = None
    """Only where this is true; None: for every row."""

    @property
    def name(self) -> str:
        """The name of the trigger; the table's name begins with the prefix."""
        return f"{self.table.name}_no_{self.event.lower()}"


Text = tuple[str, ColumnElement[Any], str]
"""A column that a redaction blanks, its value then, and the column of its hash."""
_BLANK: ColumnElement[Any] = literal_column("''")
_DIGITS = 64
"""How long a hash is."""


def _refusals(tables: Tables) -> Iterator[_Refusal]:
    # in the order in which a transition is written, so that creating them waits for other writers, and cannot deadlock
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
    """Return the condition that an UPDATE changes more than these *texts* as a redaction does: blank, with a hash.

    Columns that a later release adds are not compared. Each comparison is true or false, never NULL.
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


# --- the SQL of each database ---------------------------------------------------------------------------------------


class _Triggers:
    """The SQL of the triggers on a set of tables, for one database."""

    events: ClassVar[frozenset[str]]
    """What the database has triggers for."""

    def __init__(self, dialect: Dialect, tables: Tables) -> None:
        self.dialect, self.names = dialect, dialect.identifier_preparer
        self.prefix, self.schema = tables.prefix, tables.metadata.schema
        self.refusals = [refusal for refusal in _refusals(tables) if refusal.event in self.events]

    def create_all(self) -> Iterator[str]:
        """Yield the statements that create or replace them."""
        yield from (statement for refusal in self.refusals for statement in self.create(refusal))

    def drop_all(self) -> Iterator[str]:
        """Yield the statements that drop them."""
        yield from map(self.drop, self.refusals)

    def create(self, refusal: _Refusal) -> Iterator[str]:
        raise NotImplementedError

    def drop(self, refusal: _Refusal) -> str:
        return f"DROP TRIGGER IF EXISTS {self.in_schema(refusal.name)}"

    def in_schema(self, name: str) -> str:
        """Return the quoted name of something in the schema of our tables."""
        there = f"{self.names.quote_schema(self.schema)}." if self.schema else ""
        return f"{there}{self.names.quote(name)}"

    def when(self, refusal: _Refusal) -> str:
        """Return the condition on the rows as SQL."""
        assert refusal.rows is not None  # noqa: S101  the callers have checked
        return str(refusal.rows.compile(dialect=self.dialect, compile_kwargs={"literal_binds": True}))


class _OnSQLite(_Triggers):
    events = frozenset({"UPDATE", "DELETE", "REPLACE"})

    def create(self, refusal: _Refusal) -> Iterator[str]:
        event, rows = refusal.event, "" if refusal.rows is None else f" WHEN {self.when(refusal)}"
        if event == "REPLACE":  # it deletes rows without firing triggers for DELETE
            event, rows = "INSERT", f" WHEN EXISTS ({self._one_like(refusal.table)})"
        yield self.drop(refusal)
        yield (
            f"CREATE TRIGGER {self.in_schema(refusal.name)} BEFORE {event} "
            f"ON {self.names.quote(refusal.table.name)}{rows} BEGIN SELECT RAISE(ABORT, '{refusal.message}'); END"
        )

    def _one_like(self, kept: Table) -> str:
        """Return a query for a row with the same key as the new one."""
        quote = self.names.quote
        keys = [each.name for each in kept.primary_key.columns], ["tenant", "id"]
        alike = [" AND ".join(f"{quote(name)} = new.{quote(name)}" for name in key) for key in keys]
        return f"SELECT 1 FROM {quote(kept.name)} WHERE {' OR '.join(alike)}"  # noqa: S608  names of our own, quoted


class _OnPostgreSQL(_Triggers):
    events = frozenset({"UPDATE", "DELETE", "TRUNCATE"})

    def create_all(self) -> Iterator[str]:
        yield (
            f"CREATE OR REPLACE FUNCTION {self._refuse}() RETURNS trigger LANGUAGE plpgsql "
            "AS $$ BEGIN RAISE EXCEPTION USING MESSAGE = TG_ARGV[0]; END $$"
        )
        yield from super().create_all()

    def drop_all(self) -> Iterator[str]:
        yield from super().drop_all()
        yield f"DROP FUNCTION IF EXISTS {self._refuse}()"

    def create(self, refusal: _Refusal) -> Iterator[str]:
        each = "STATEMENT" if refusal.event == "TRUNCATE" else "ROW"
        rows = "" if refusal.rows is None else f" WHEN ({self.when(refusal)})"
        yield (
            f"CREATE OR REPLACE TRIGGER {self.names.quote(refusal.name)} BEFORE {refusal.event} "
            f"ON {self.names.format_table(refusal.table)} FOR EACH {each}{rows} "
            f"EXECUTE FUNCTION {self._refuse}('{refusal.message}')"
        )

    def drop(self, refusal: _Refusal) -> str:
        there = self.names.format_table(refusal.table)
        return f"DROP TRIGGER IF EXISTS {self.names.quote(refusal.name)} ON {there}"

    @property
    def _refuse(self) -> str:
        return self.in_schema(f"{self.prefix}refuse")


class _OnMariaDB(_Triggers):
    events = frozenset({"UPDATE", "DELETE"})

    def create(self, refusal: _Refusal) -> Iterator[str]:
        replaces = getattr(self.dialect, "is_mariadb", False)
        if not replaces:  # MySQL, where there is none for a moment
            yield self.drop(refusal)
        yield (
            f"CREATE {'OR REPLACE ' if replaces else ''}TRIGGER {self.in_schema(refusal.name)} BEFORE {refusal.event} "
            f"ON {self.names.format_table(refusal.table)} FOR EACH ROW "
            f"IF {'TRUE' if refusal.rows is None else self.when(refusal)} "
            f"THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{refusal.message}'; END IF"
        )


_TRIGGERS: dict[str, type[_Triggers]] = {
    "sqlite": _OnSQLite,
    "postgresql": _OnPostgreSQL,
    "mariadb": _OnMariaDB,
    "mysql": _OnMariaDB,
}
