"""Hooks with which a host's `alembic revision --autogenerate` ignores our tables.

Both have the signature of Alembic's hook of that name, to be given to `context.configure`. For another prefix or schema
give them the tables: `functools.partial(include_name, tables=Tables(prefix="pw_"))`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from partnerflow.adapters.sqlalchemy.tables import Tables, default_tables


def include_name(
    name: str | None, type_: str, parent_names: Mapping[str, str | None], *, tables: Tables | None = None
) -> bool:
    """Return whether something in the database is the host's; Alembic drops what it finds and does not know."""
    table = name if type_ == "table" else parent_names.get("table_name")
    return not _is_ours(table, parent_names.get("schema_name"), tables)


def include_object(
    object_: Any,
    name: str | None,
    type_: str,
    reflected: bool,  # noqa: ARG001, FBT001  Alembic's signature
    compare_to: object,  # noqa: ARG001
    *,
    tables: Tables | None = None,
) -> bool:
    """Return whether something is the host's, where both the database and its metadata have our tables."""
    table = object_ if type_ == "table" else getattr(object_, "table", None)
    return not _is_ours(name if type_ == "table" else getattr(table, "name", None), _schema(table), tables)


def _schema(table: Any) -> str | None:
    return getattr(table, "schema", None)


def _is_ours(table: str | None, schema: str | None, tables: Tables | None) -> bool:
    metadata = (tables or default_tables()).metadata
    return schema == metadata.schema and table in {ours.name for ours in metadata.tables.values()}
