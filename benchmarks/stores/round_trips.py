"""The number of round trips of a call, counted below every library: by SQLite itself, or on PostgreSQL's wire."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable
from typing import Any


def round_trips(driver: Any, call: Callable[[], object]) -> int:
    """Count the statements of *call* on the DBAPI connection, begin and commit included."""
    if isinstance(driver, sqlite3.Connection):
        said: list[str] = []
        driver.set_trace_callback(said.append)
        try:
            call()
        finally:
            driver.set_trace_callback(None)
        return len(said)
    with tempfile.TemporaryFile() as wire:
        driver.pgconn.trace(wire.fileno())
        driver.pgconn.set_trace_flags(1)  # without the time of day
        try:
            call()
        finally:
            driver.pgconn.untrace()
        wire.seek(0)
        # each ends with one of these, for which the client then waits; many statements may go before a Sync
        return sum(line.startswith(b"F\t") and line.split()[2] in (b"Query", b"Sync") for line in wire)
