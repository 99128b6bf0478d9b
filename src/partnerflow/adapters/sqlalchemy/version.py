"""Read and check the schema version."""

from __future__ import annotations

import shlex

from sqlalchemy import Connection, delete, insert, inspect, select

from partnerflow.errors import SchemaMismatch

from .database_url import without_secrets
from .tables import SCHEMA_VERSION, Tables, default_tables


def ours(connection: Connection, tables: Tables) -> list[str]:
    """Return the names of our tables that exist; a host's own tables are ignored."""
    there = set(inspect(connection).get_table_names(schema=tables.metadata.schema))
    return sorted(there & {table.name for table in tables.metadata.tables.values()})


def version_of(connection: Connection, tables: Tables, *, newest: bool = False) -> int:
    """Return the version of the tables; 0 where there are none, or where creating them was not finished.

    *newest* reads what is committed now, with a locking read. Raises SchemaMismatch for tables without a version.
    """
    if not inspect(connection).has_table(tables.schema.name, schema=tables.metadata.schema):
        found = ours(connection, tables)
        if not found:
            return 0
        if tables.schema.name not in found:  # on MariaDB another process may have created it meanwhile
            raise SchemaMismatch(
                f"there are {', '.join(found)} here, and no {tables.schema.name} that says of which version they are: "
                "they were not made by partnerflow, or not whole. Restore a backup, or choose another prefix or schema"
            )
    wanted = select(tables.schema.c.version)
    said = list(connection.execute(wanted.with_for_update() if newest else wanted).scalars())
    if len(said) > 1 or (said and said[0] < 1):
        raise SchemaMismatch(
            f"the tables are of schema version {', '.join(map(str, said))} by what {tables.schema.name} says, which no "
            f"release of partnerflow writes, and this one reads version {SCHEMA_VERSION}: restore a backup"
        )
    return said[0] if said else 0


def record_version(connection: Connection, tables: Tables, version: int) -> None:
    """Record the version of the tables."""
    connection.execute(delete(tables.schema))
    connection.execute(insert(tables.schema).values(version=version))
    if connection.dialect.name in ("mysql", "mariadb"):
        # CREATE and ALTER have committed already; the next process with the schema lock must see this row as well
        connection.exec_driver_sql("COMMIT")


def check_version(connection: Connection, tables: Tables, *, newest: bool = False) -> None:
    """Raise SchemaMismatch where there are no tables, or where this release reads another version."""
    found = version_of(connection, tables, newest=newest)
    if found != SCHEMA_VERSION:
        raise mismatch(connection, tables, found)


def mismatch(connection: Connection, tables: Tables, found: int) -> SchemaMismatch:
    """Return an error with the version found, the version needed, and the command that upgrades."""
    if found > SCHEMA_VERSION:
        return SchemaMismatch(
            f"the tables are of schema version {found}, made by a newer release, and this release of partnerflow reads "
            f"version {SCHEMA_VERSION}: run pip install --upgrade partnerflow"
        )
    command = upgrade_command(connection, tables)
    if found:
        return SchemaMismatch(
            f"the tables are of schema version {found}, and this release of partnerflow reads version "
            f"{SCHEMA_VERSION}: run {command}, or have a revision of your own call "
            f"partnerflow.adapters.sqlalchemy.migrations.upgrade(op, version={SCHEMA_VERSION})"
        )
    if ours(connection, tables):
        return SchemaMismatch(
            f"the making of our tables was begun here and not finished; this release of partnerflow reads version "
            f"{SCHEMA_VERSION}: run {command}"
        )
    return SchemaMismatch(
        f"there is no table {tables.schema.name} here: run {command}, or make ours with "
        "partnerflow.adapters.sqlalchemy.create_tables(engine), or open the database with Partnerflow.open(url)"
    )


def upgrade_command(connection: Connection, tables: Tables) -> str:
    """Return the command that upgrades these tables to the newest version, without the password."""
    words = ["partnerflow", "db", "upgrade", "--db", without_secrets(connection.engine.url)]
    if tables.prefix != default_tables().prefix:
        words += ["--prefix", tables.prefix]
    if tables.metadata.schema:
        words += ["--schema", tables.metadata.schema]
    return shlex.join(words)
