"""What is said on a driver's own cursor is what SQLAlchemy would say, and whoever listens to an engine hears it all."""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.orm import Session

from partnerflow import Adoption, Filing, Partner, Partnerflow, Step
from partnerflow.adapters.sqlalchemy import SQLAlchemyStore, Tables, create_tables, open_store
from partnerflow.adapters.sqlalchemy.fast_path import CursorExecution
from partnerflow.errors import StoreError
from partnerflow.policies import Pack, Role
from partnerflow.records import Need, Scope
from partnerflow.testing import OFFICE, StoreContract

NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)
ALL = frozenset({"*"})
FREE = Pack(
    name="free",
    version="1",
    rules=(),
    roles={"partnership_office": Role(name="partnership_office", fire=ALL, file=ALL)},
)
of_fast_path = pytest.mark.skipif(
    os.environ.get("PARTNERFLOW_TEST_FAST_PATH") == "0", reason="PARTNERFLOW_TEST_FAST_PATH=0 turns it off"
)
EVENTS = ("before_execute", "after_execute", "before_cursor_execute", "after_cursor_execute", "handle_error")


def on_driver(store: SQLAlchemyStore) -> bool:
    """Tell whether a transaction of ours speaks on the driver's cursor."""
    with store.transaction() as tx:
        return isinstance(tx._execution, CursorExecution)  # type: ignore[attr-defined]


@pytest.fixture
def store(url: str) -> Iterator[SQLAlchemyStore]:
    store = open_store(url)
    yield store
    store.engine.dispose()


class TestHeard(StoreContract):
    """A store whose engine somebody listens to keeps the contract too; on servers, the tests of hosts show as much."""

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[SQLAlchemyStore]:
        store = open_store(f"sqlite:///{tmp_path / 'heard.db'}", tenant="north")
        event.listen(store.engine, "before_cursor_execute", lambda *_: None)
        assert not on_driver(store)
        yield store
        store.engine.dispose()

    @pytest.fixture
    def other_tenant(self, store: SQLAlchemyStore) -> SQLAlchemyStore:
        return SQLAlchemyStore(store.engine, tenant="North")


class TestWithoutFastPath(StoreContract):
    """A store that has its fast path turned off keeps the contract; PARTNERFLOW_TEST_FAST_PATH=0 does it for all."""

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[SQLAlchemyStore]:
        opened = open_store(f"sqlite:///{tmp_path / 'plain.db'}")
        store = SQLAlchemyStore(opened.engine, tenant="north", fast_path=False)
        assert not on_driver(store)
        yield store
        opened.engine.dispose()

    @pytest.fixture
    def other_tenant(self, store: SQLAlchemyStore) -> SQLAlchemyStore:
        return SQLAlchemyStore(store.engine, tenant="North", fast_path=False)


def walked(flow: Partnerflow) -> None:
    """Use every kind of call that writes or reads."""
    made = flow.propose(Partner(name="Riverbend", ids={"edfi": "1"}), by=OFFICE)
    (entry,) = flow.file(made.id, Need(need="tutoring"), by=OFFICE)
    assert entry.id is not None
    flow.fire(made.id, "begin_vetting", by=OFFICE, idempotency_key="k", reason="r")
    flow.retract(made.id, entry.id, by=OFFICE, reason="wrong")
    adopted = [flow.adopt(Partner(name=f"P{n}"), state="active", by=OFFICE, reason="there").id for n in range(3)]
    list(flow.fire_many([Step(each, "renew") for each in adopted], by=OFFICE, key="a"))
    list(flow.file_many([Filing(each, (Scope(sites=("Oak",)),)) for each in adopted], by=OFFICE, key="b"))
    list(flow.adopt_many([Adoption(Partner(name="Q"), state="active", reason="there")], by=OFFICE, key="c"))
    flow.sweep()
    flow.redact(made.id, entries=[entry.id], by=OFFICE, reason="asked to")
    flow.dossier(made.id)
    list(flow.find(site="Oak"))
    list(flow.history(made.id))
    flow.counts()
    flow.verify()


@of_fast_path
def test_ours_speaks_on_the_drivers_cursor_and_a_hosts_never(store: SQLAlchemyStore) -> None:
    assert on_driver(store)
    with Session(store.engine) as session:
        assert not on_driver(store.within(session))


@of_fast_path
@pytest.mark.parametrize("name", EVENTS)
def test_who_listens_hears_from_then_on_until_it_listens_no_more(store: SQLAlchemyStore, name: str) -> None:
    def listen(*_: Any, **__: Any) -> None:
        return None

    assert on_driver(store)
    event.listen(store.engine, name, listen)
    assert not on_driver(store)
    if name != "handle_error":  # which cannot be removed
        event.remove(store.engine, name, listen)
        assert on_driver(store)


def test_what_is_written_is_in_the_log_that_the_host_asked_for(url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "sqlalchemy.engine.Engine")
    store = open_store(url)
    flow = Partnerflow(store=store, pack=FREE)
    flow.propose(Partner(name="Riverbend"), by=OFFICE)
    said = "\n".join(caplog.messages)
    assert "INSERT INTO pf_transition" in said
    assert "INSERT INTO pf_outbox" in said
    store.engine.dispose()


@of_fast_path
def test_the_driver_is_told_word_for_word_what_sqlalchemy_would_tell_it(tmp_path: Path) -> None:
    """SQLite itself says what it was told, with the values in it."""
    told = {
        heard: told_on(create_engine(f"sqlite:///{tmp_path / f'{heard}.db'}"), heard=heard) for heard in (True, False)
    }
    assert told[False] == told[True]
    assert len(told[True]) > 200


def told_on(engine: Engine, *, heard: bool) -> list[str]:
    create_tables(engine)
    store = SQLAlchemyStore(engine)
    if heard:
        event.listen(engine, "before_cursor_execute", lambda *_: None)
    assert on_driver(store) is not heard
    numbers = count(1)
    flow = Partnerflow(store=store, pack=FREE, clock=lambda: NOON, new_id=lambda: UUID(int=next(numbers)))
    with traced(engine) as said:
        walked(flow)
    engine.dispose()
    return said


@contextmanager
def traced(engine: Engine) -> Iterator[list[str]]:
    said: list[str] = []
    with engine.connect() as connection:  # the one connection that the pool then hands out again and again
        driver: Any = connection.connection.driver_connection
    driver.set_trace_callback(said.append)
    yield said
    driver.set_trace_callback(None)


def test_a_schema_that_the_host_translates_is_translated(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.db"
    engine = create_engine(f"sqlite:///{tmp_path / 'main.db'}")
    event.listen(engine, "connect", lambda raw, _: raw.execute(f"attach database '{elsewhere}' as district"))
    for tables in (Tables(), Tables(schema="district")):
        create_tables(engine, tables)
    translated = engine.execution_options(schema_translate_map={None: "district"})
    flow = Partnerflow(store=SQLAlchemyStore(translated), pack=FREE)
    flow.propose(Partner(name="Riverbend"), by=OFFICE)
    with engine.connect() as connection:
        assert connection.scalar(text("select count(*) from district.pf_partnership")) == 1
        assert connection.scalar(text("select count(*) from main.pf_partnership")) == 0
    engine.dispose()


def test_when_a_server_has_gone_one_request_fails_and_the_pool_is_emptied(servers: Any) -> None:
    url, drop = servers.fresh("postgresql")
    engine = create_engine(url, pool_size=4)
    create_tables(engine)
    flow = Partnerflow(store=SQLAlchemyStore(engine), pack=FREE)
    made = flow.adopt(Partner(name="Riverbend"), state="active", by=OFFICE, reason="there")
    opened = [engine.connect() for _ in range(4)]
    for each in opened:
        each.close()
    with servers.admin("postgresql").connect() as admin:
        gone = text("select pg_terminate_backend(pid) from pg_stat_activity where datname = :name")
        admin.execute(gone, {"name": engine.url.database})
    with pytest.raises(StoreError, match="cannot do this"):
        flow.fire(made.id, "renew", by=OFFICE)
    for _ in range(4):
        flow.fire(made.id, "renew", by=OFFICE)
    assert len(list(flow.history(made.id))) == 5
    engine.dispose()
    drop()


@pytest.mark.parametrize("given", [{}, {"isolation_level": "REPEATABLE READ"}, {"isolation_level": "READ COMMITTED"}])
@pytest.mark.parametrize("later", [{}, {"isolation_level": "SERIALIZABLE"}])
def test_on_postgresql_our_writers_see_what_is_there_by_now_and_our_readers_one_state(
    servers: Any, given: dict[str, Any], later: dict[str, Any]
) -> None:
    engine = create_engine(servers.emptied("postgresql"), **given).execution_options(**later)
    levels: dict[str, set[str]] = {"writing": set(), "reading": set()}
    now = "writing"

    def note(connection: Any, *_: Any) -> None:
        cursor = connection.connection.driver_connection.cursor()
        levels[now].add(cursor.execute("show transaction isolation level").fetchone()[0])

    flow = Partnerflow(store=SQLAlchemyStore(engine), pack=FREE)
    flow.counts()  # looks at the tables too, once
    event.listen(engine, "after_cursor_execute", note)
    made = flow.adopt(Partner(name="Riverbend"), state="active", by=OFFICE, reason="there")
    flow.fire(made.id, "renew", by=OFFICE)
    now = "reading"
    flow.dossier(made.id)
    assert levels == {"writing": {"read committed"}, "reading": {"repeatable read"}}
    engine.dispose()


class Interrupting(sqlite3.Connection):
    """A connection on which somebody presses Ctrl-C while a statement runs."""

    when: str | None = None

    def cursor(self, *_: Any, **__: Any) -> sqlite3.Cursor:
        return super().cursor(InterruptingCursor)


class InterruptingCursor(sqlite3.Cursor):
    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        done = super().execute(sql, *parameters)
        if Interrupting.when is not None and sql.startswith(Interrupting.when):
            Interrupting.when = None
            raise KeyboardInterrupt
        return done


@of_fast_path
@pytest.mark.parametrize("when", ["SELECT", "UPDATE pf_partnership", "INSERT INTO pf_transition"])
def test_a_connection_that_was_stopped_in_the_middle_is_thrown_away(tmp_path: Path, when: str) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'a.db'}", connect_args={"factory": Interrupting, "timeout": 1})
    opened: list[object] = []
    event.listen(engine, "connect", lambda raw, _: opened.append(raw))
    create_tables(engine)
    store = SQLAlchemyStore(engine)
    flow = Partnerflow(store=store, pack=FREE)
    made = flow.adopt(Partner(name="Riverbend"), state="active", by=OFFICE, reason="there")
    assert on_driver(store)
    before = len(opened)
    Interrupting.when = when
    with pytest.raises(KeyboardInterrupt):
        flow.fire(made.id, "renew", by=OFFICE)
    assert [step.trigger for step in flow.history(made.id)] == ["adopt"]
    flow.fire(made.id, "renew", by=OFFICE)
    assert len(opened) == before + 1
    flow.verify()
    engine.dispose()


def test_what_a_driver_raises_says_nothing_of_what_was_to_be_written(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'a.db'}")
    create_tables(engine)
    flow = Partnerflow(store=SQLAlchemyStore(engine), pack=FREE)
    made = flow.adopt(Partner(name="Riverbend"), state="active", by=OFFICE, reason="there")
    with engine.begin() as connection:
        connection.execute(text("drop table pf_outbox"))
    with pytest.raises(Exception, match="pf_outbox") as raised:
        flow.fire(made.id, "renew", by=OFFICE, reason="Jo Doe is ill")
    chain: BaseException | None = raised.value
    while chain is not None:
        assert "Jo Doe" not in str(chain)
        chain = chain.__cause__
    engine.dispose()
