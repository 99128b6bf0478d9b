"""Everything in a relational database, through SQLAlchemy Core, in a transaction of ours or of the host's.

`open_store` opens a database by URL; `SQLAlchemyStore` takes a host's engine, whose tables `create_tables` has made.
`protect_history` has the database itself refuse what would change them.
"""

from __future__ import annotations

from .database_url import without_secrets
from .schema import create_tables, open_store
from .store import SQLAlchemyStore
from .tables import SCHEMA_VERSION, Tables
from .triggers import protect_history, unprotect_history

__all__ = [
    "SCHEMA_VERSION",
    "SQLAlchemyStore",
    "Tables",
    "create_tables",
    "open_store",
    "protect_history",
    "unprotect_history",
    "without_secrets",
]
