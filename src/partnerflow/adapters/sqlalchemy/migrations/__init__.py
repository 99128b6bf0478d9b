"""Upgrade the tables from one version to the next, in a host's own Alembic revision or by the command.

One file a version, `v1.py`, `v2.py` and so on, each frozen, and importing nothing of today's tables.
To add one: change `tables.py`, raise SCHEMA_VERSION, write the step, and name it in `runner.STEPS`.
"""

from __future__ import annotations

from .autogenerate import include_name, include_object
from .database import upgrade_database, version_at
from .runner import current, upgrade

__all__ = ["current", "include_name", "include_object", "upgrade", "upgrade_database", "version_at"]
