"""What a step works with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
from sqlalchemy import Column, Dialect, UniqueConstraint, inspect

if TYPE_CHECKING:
    from alembic.operations import Operations


@attrs.frozen
class Bench:
    """Alembic's operations under our prefix and schema; what is there already is passed over.

    MariaDB commits at every CREATE and ALTER. A step that was killed there in the middle is run again from its
    beginning, so a step asks what is there before it changes anything, as the methods here do.
    """

    op: Operations
    prefix: str
    schema: str | None

    @property
    def dialect(self) -> Dialect:
        """The kind of database, for types that one of them needs otherwise."""
        return self.op.get_context().dialect

    def table(self, name: str, *columns: Column[Any], unique: dict[str, list[str]] | None = None) -> None:
        """Make a table with its unique keys, each given by its label."""
        full = self.prefix + name
        if self._there() and inspect(self.op.get_bind()).has_table(full, schema=self.schema):
            return
        keys = [UniqueConstraint(*of, name=f"uq_{full}_{label}") for label, of in (unique or {}).items()]
        self.op.create_table(full, *columns, *keys, schema=self.schema)

    def index(self, table: str, label: str, columns: list[str]) -> None:
        """Make an index of a table."""
        full = self.prefix + table
        name = f"ix_{full}_{label}"
        if self._there():
            indexes = inspect(self.op.get_bind()).get_indexes(full, schema=self.schema)
            if name in {index["name"] for index in indexes}:
                return
        self.op.create_index(name, full, columns, schema=self.schema)

    def _there(self) -> bool:
        """Tell whether there is a database to ask; where SQL is only written down, there is none."""
        return not self.op.get_context().as_sql
