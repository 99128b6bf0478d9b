"""The operations that a migration step has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs
from sqlalchemy import Column, DateTime, String, TableClause, Text, UniqueConstraint, Uuid, column, inspect, table
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeEngine

if TYPE_CHECKING:
    from alembic.operations import Operations


@attrs.frozen
class StepOperations:
    """Alembic's operations with our prefix and schema; what exists already is skipped.

    MariaDB commits at every CREATE and ALTER. A step that was interrupted is run again from its beginning, so every
    method checks what exists before it changes anything.
    """

    op: Operations
    prefix: str
    schema: str | None

    def table(self, name: str, *columns: Column[Any], unique: dict[str, list[str]] | None = None) -> None:
        """Make a table with its unique keys, each given by its label."""
        full = self.prefix + name
        if self._there() and inspect(self.op.get_bind()).has_table(full, schema=self.schema):
            return
        keys = [UniqueConstraint(*of, name=f"uq_{full}_{label}") for label, of in (unique or {}).items()]
        self.op.create_table(full, *columns, *keys, schema=self.schema)

    def column(self, table: str, added: Column[Any]) -> None:
        """Add a column to a table."""
        full = self.prefix + table
        if self._there():
            columns = inspect(self.op.get_bind()).get_columns(full, schema=self.schema)
            if added.name in {each["name"] for each in columns}:
                return
        self.op.add_column(full, added, schema=self.schema)

    def index(self, table: str, label: str, columns: list[str]) -> None:
        """Make an index of a table."""
        if not (self._there() and self._indexed(table, label)):
            full = self.prefix + table
            self.op.create_index(f"ix_{full}_{label}", full, columns, schema=self.schema)

    def drop_index(self, table: str, label: str) -> None:
        """Drop an index of a table."""
        if not self._there() or self._indexed(table, label):
            full = self.prefix + table
            self.op.drop_index(f"ix_{full}_{label}", full, schema=self.schema)

    def rows(self, name: str, *columns: str) -> TableClause:
        """Return a table with some of its columns, for statements about its rows."""
        return table(self.prefix + name, *(column(each) for each in columns), schema=self.schema)

    def _indexed(self, table: str, label: str) -> bool:
        full = self.prefix + table
        indexes = inspect(self.op.get_bind()).get_indexes(full, schema=self.schema)
        return f"ix_{full}_{label}" in {index["name"] for index in indexes}

    def _there(self) -> bool:
        """Return whether there is a database to inspect; in Alembic's offline mode there is none."""
        return not self.op.get_context().as_sql

    # --- types, which are different on MariaDB and MySQL ------------------------------------------------------------

    def word(self, length: int) -> TypeEngine[str]:
        """Return a text of a maximum length that is compared exactly."""
        return mysql.VARCHAR(length, **self._exact()) if self._on_mysql() else String(length)

    def text(self) -> TypeEngine[str]:
        """Return a text of any length that is compared exactly."""
        return mysql.LONGTEXT(**self._exact()) if self._on_mysql() else Text()

    def sorted_word(self, length: int) -> TypeEngine[str]:
        """Return a text of a maximum length that also sorts by its bytes."""
        postgresql = self.op.get_context().dialect.name == "postgresql"
        return String(length, collation="C") if postgresql else self.word(length)

    def key(self) -> TypeEngine[UUID]:
        """Return an id that sorts by its bytes."""
        return Uuid(native_uuid=False) if self._on_mysql() else Uuid()

    def moment(self) -> TypeEngine[Any]:
        """Return a moment to the microsecond."""
        return mysql.DATETIME(fsp=6) if self._on_mysql() else DateTime(timezone=True)

    def _on_mysql(self) -> bool:
        return self.op.get_context().dialect.name in ("mysql", "mariadb")

    def _exact(self) -> dict[str, str]:
        mariadb = getattr(self.op.get_context().dialect, "is_mariadb", True)
        return {"charset": "utf8mb4", "collation": "utf8mb4_nopad_bin" if mariadb else "utf8mb4_0900_bin"}
