"""Run the migration steps that are missing, in order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import TYPE_CHECKING

from sqlalchemy import Column, Connection, Integer, delete, insert

from partnerflow.adapters.sqlalchemy.locks import schema_lock
from partnerflow.adapters.sqlalchemy.tables import Tables, default_tables
from partnerflow.adapters.sqlalchemy.version import mismatch, record_version, version_of
from partnerflow.errors import InvalidRequest

from . import v1, v2, v3
from .operations import StepOperations

if TYPE_CHECKING:
    from alembic.operations import Operations

STEPS: Mapping[int, Callable[[StepOperations], None]] = {1: v1.upgrade, 2: v2.upgrade, 3: v3.upgrade}
"""The step to each version from the one before."""
NEWEST = max(STEPS)


def current(connection: Connection, tables: Tables | None = None) -> int:
    """Return the version of the tables; 0 where there are none."""
    return version_of(connection, tables or default_tables())


def upgrade(
    op: Operations | ModuleType | Connection, *, version: int, tables: Tables | None = None, since: int | None = None
) -> None:
    """Upgrade the tables to *version*, within the open transaction, which is left open.

    *op* is Alembic's, in a revision of the host's own, or a Connection. Tables of that version or a later one are left
    as they are, also those that `create_tables` made. In Alembic's offline mode (`--sql`), *since* is the version to
    start from. Raises SchemaMismatch for tables that a newer release made.
    """
    if version not in STEPS:
        raise InvalidRequest(
            "version",
            version,
            f"must be from 1 to {NEWEST}, which is the newest that this release of partnerflow knows",
        )
    wanted = tables or default_tables()
    operations = _operations(op)
    if operations.get_context().as_sql:
        _write_sql(operations, wanted, version, since)
        return
    connection = operations.get_bind()
    if _found(connection, wanted) >= version:
        return
    with schema_lock(connection, wanted):
        found = _found(
            connection, wanted, newest=True
        )  # another process may have upgraded them while we waited for the lock
        if found >= version:
            return
        step_operations = StepOperations(operations, wanted.prefix, wanted.metadata.schema)
        step_operations.table("schema", Column("version", Integer, primary_key=True, autoincrement=False))
        for step in range(found + 1, version + 1):
            STEPS[step](step_operations)
            record_version(connection, wanted, step)


def _found(connection: Connection, tables: Tables, *, newest: bool = False) -> int:
    found = version_of(connection, tables, newest=newest)
    if found > NEWEST:
        raise mismatch(connection, tables, found)
    return found


def _operations(op: Operations | ModuleType | Connection) -> Operations:
    """Return operations without the host's naming conventions: our keys have the same names everywhere."""
    from alembic.migration import MigrationContext
    from alembic.operations import Operations

    if isinstance(op, Connection):
        return Operations(MigrationContext.configure(op))
    hosts = op.get_context()
    if not hosts.as_sql:
        return Operations(MigrationContext.configure(op.get_bind()))
    written = {"as_sql": True, "literal_binds": True, "output_buffer": hosts.output_buffer}
    return Operations(MigrationContext.configure(dialect=hosts.dialect, opts=written))


def _write_sql(operations: Operations, tables: Tables, version: int, since: int | None) -> None:
    """Write the SQL of the steps, in Alembic's offline mode."""
    if since is None:
        raise InvalidRequest(
            "since", since, "must be given where SQL is only written down: which version it starts from, 0 for none"
        )
    step_operations = StepOperations(operations, tables.prefix, tables.metadata.schema)
    if since == 0:
        step_operations.table("schema", Column("version", Integer, primary_key=True, autoincrement=False))
    for step in range(since + 1, version + 1):
        STEPS[step](step_operations)
        operations.execute(delete(tables.schema))
        operations.execute(insert(tables.schema).values(version=step))
