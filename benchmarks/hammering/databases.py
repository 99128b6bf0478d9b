"""The databases that are hammered: a file, servers of our own, or one that is named by its URL."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import attrs
from sqlalchemy import Connection, Engine, NullPool, create_engine, make_url, text

from partnerflow import Partnerflow
from partnerflow.adapters.sqlalchemy import SQLAlchemyStore
from partnerflow.policies import Pack

from .server import Server

MARIADB = "mariadb+pymysql://root@127.0.0.1:3306/mysql"
_SETTINGS = {
    "sqlite": {"pragma journal_mode": "wal", "pragma synchronous": "2"},
    "postgresql": {"show fsync": "on", "show synchronous_commit": "on"},
    "careless": {"show fsync": "on", "show synchronous_commit": "off"},
    "mysql": {"select @@innodb_flush_log_at_trx_commit": "1"},
}
_SESSIONS = {
    "sqlite": "select 0 where false",
    "postgresql": "select pid from pg_stat_activity "
    "where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()",
    "mysql": "select id from information_schema.processlist where db = database() and id <> connection_id()",
}


@attrs.frozen
class Database:
    """One database, and its server if we may crash it."""

    name: str
    url: str
    server: Server | None = None


@contextmanager
def opened(url: str, tenant: str, pack: Pack) -> Iterator[Partnerflow]:
    """Open a flow, and leave no connection open: then the next process recovers the SQLite file."""
    flow = Partnerflow.open(url, tenant=tenant, pack=pack)
    try:
        yield flow
    finally:
        assert isinstance(flow.store, SQLAlchemyStore)
        flow.store.engine.dispose()


@contextmanager
def database(named: str) -> Iterator[Database]:
    """Return a database by the word `sqlite`, `postgresql`, `mariadb` or `careless`, or by its URL.

    `careless` is a PostgreSQL that says "committed" before it is on the disk: a crash of it must lose something.
    """
    match named:
        case "sqlite":
            with tempfile.TemporaryDirectory(prefix="pf") as directory:
                yield Database("sqlite", f"sqlite:///{Path(directory, 'partners.db')}")
        case "postgresql" | "careless":
            with Server() as server:
                yield Database(named, _committing(server.url, for_good=named == "postgresql"), server)
        case "mariadb":
            with _on_mariadb(os.environ.get("PARTNERFLOW_TEST_MARIADB", MARIADB)) as url:
                yield Database("mariadb", url)
        case _:
            yield Database(make_url(named).get_backend_name(), _committing(named, for_good=True))


def _committing(url: str, *, for_good: bool) -> str:
    """Set how PostgreSQL commits, whatever the default of that database is."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        parsed = parsed.update_query_dict({"options": f"-c synchronous_commit={'on' if for_good else 'off'}"})
    return parsed.render_as_string(hide_password=False)


@contextmanager
def _on_mariadb(url: str) -> Iterator[str]:
    """Make a database on a server that runs, and drop it again."""
    name = f"partnerflow_hammered_{uuid4().hex[:8]}"
    admin = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with admin.connect() as connection:
        connection.execute(text(f"create database {name}"))
    try:
        yield admin.url.set(database=name).render_as_string(hide_password=False)
    finally:
        with admin.connect() as connection:
            connection.execute(text(f"drop database {name}"))


def settings(where: Database, flow: Partnerflow) -> str:
    """Return how durable a commit is, as the database reports it; exit if it is not durable enough."""
    assert isinstance(flow.store, SQLAlchemyStore)
    with flow.store.engine.connect() as connection:
        wanted = _SETTINGS["careless" if where.name == "careless" else _family(connection.engine)]
        said = {question: str(connection.scalar(text(question))) for question in wanted}
    if said != wanted:
        raise SystemExit(f"{where.name} must say {wanted} to be hammered, and says {said}")
    return ", ".join(f"{question.split()[-1].lstrip('@')}={answer}" for question, answer in said.items())


def sessions(connection: Connection) -> frozenset[int]:
    """Return the other sessions that a server has on this database."""
    return frozenset(connection.scalars(text(_SESSIONS[_family(connection.engine)])))


def _family(engine: Engine) -> str:
    return {"mariadb": "mysql"}.get(engine.dialect.name, engine.dialect.name)
