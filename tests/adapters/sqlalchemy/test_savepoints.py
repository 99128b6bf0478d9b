"""A host's savepoints: what is rolled back to one is gone, with all that it would have told; and when SQLite lies."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Connection, Engine, MetaData, String, Table, create_engine, event, insert, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from partnerflow import Actor, Conflict, Partner, Partnerflow, Partnership, Refused, StoreBusy
from partnerflow.adapters.sqlalchemy import SQLAlchemyStore, create_tables
from partnerflow.history import Transition
from partnerflow.policies import Pack
from partnerflow.records import Need

OFFICE = Actor("a.anderson", side="district", roles={"partnership_office"})
RIVERBEND = Partner(name="Riverbend Youth Center", kind="community_organization")
FREE = Pack(name="free", version="1", rules=())
NOTE = Table("note", MetaData(), Column("text", String(80), primary_key=True))
"""A table of the host's own."""
HOSTS: dict[str, Callable[[Engine], Session | Connection]] = {"session": Session, "connection": Engine.connect}
either_host = pytest.mark.parametrize("host", HOSTS.values(), ids=HOSTS.keys())


def begins_itself(made: Engine, how: str) -> Engine:
    @event.listens_for(made, "connect")
    def leave_beginning_to_us(dbapi_connection: Any, _: object) -> None:
        dbapi_connection.isolation_level = None

    @event.listens_for(made, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(how)

    return made


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """A host's engine; on SQLite one that begins its transactions itself, as the how-to says."""
    made = create_engine(url)
    if made.dialect.name == "sqlite":
        begins_itself(made, "BEGIN IMMEDIATE")
    NOTE.create(made)
    yield made
    made.dispose()


def notes(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.scalars(select(NOTE.c.text).order_by(NOTE.c.text)))


def outgoing(flow: Partnerflow) -> list[str]:
    return [each.type.split(".")[-2] for each in flow.store.outgoing()]


def listening(flow: Partnerflow) -> list[str]:
    told: list[str] = []
    flow.after.connect(lambda sender, event: told.append(sender.split(".")[-2]))
    return told


# --- any nesting ---------------------------------------------------------------------------------------------------


class Savepoint(NamedTuple):
    """What is done within a savepoint, and how that ends."""

    inside: list[Any]
    ends: str


STEPS = st.lists(st.just("step"), max_size=3)
PROGRAMS = st.recursive(
    STEPS,
    lambda inner: st.lists(
        st.just("step") | st.builds(Savepoint, inner, st.sampled_from(["released", "rolled back", "raised"])),
        min_size=1,
        max_size=3,
    ),
    max_leaves=6,
)


class Stop(Exception):
    """What a host raises to leave a savepoint."""


@pytest.mark.parametrize("host", HOSTS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(program=PROGRAMS, ends=st.sampled_from(["commit", "rollback"]))
def test_whatever_is_rolled_back_is_gone_with_its_events_and_its_hooks(
    engine: Engine, host: str, program: list[Any], ends: str
) -> None:
    flow = Partnerflow(store=SQLAlchemyStore(engine, tenant=uuid4().hex), pack=FREE)
    p = flow.adopt(RIVERBEND, state="active", by=OFFICE, reason="in place")
    told = listening(flow)
    there = HOSTS[host](engine)
    joined, asked = flow.within(there), iter(range(100))

    def write_a_row_of_the_hosts(_: str, transition: Transition) -> None:
        there.execute(insert(NOTE).values(text=f"{p.id} {transition.reason}"))

    flow.before.connect(write_a_row_of_the_hosts)

    def run(steps: list[Any]) -> list[str]:
        """Do it, and give what of it should be there afterwards."""
        kept = []
        for step in steps:
            if isinstance(step, Savepoint):
                kept += within_savepoint(step)
            else:
                reason = f"{next(asked):02}"
                joined.fire(p.id, "amend", by=OFFICE, reason=reason)
                with pytest.raises(Refused):
                    joined.fire(p.id, "approve", by=OFFICE, reason=reason)
                kept.append(reason)
        return kept

    def within_savepoint(savepoint: Savepoint) -> list[str]:
        kept: list[str] = []
        with suppress(Stop), there.begin_nested() as begun:
            kept = run(savepoint.inside)
            if savepoint.ends == "rolled back":
                begun.rollback()
            if savepoint.ends == "raised":
                raise Stop
        return kept if savepoint.ends == "released" else []

    with there:
        kept = run(program)
        assert [each.reason for each in joined.history(p.id)[1:]] == kept
        assert told == []
        if ends == "commit":
            there.commit()
        else:
            there.rollback()
            kept = []
        joined.committed()

    assert [each.reason for each in flow.history(p.id)[1:]] == kept
    assert [each.split()[1] for each in notes(engine) if each.startswith(str(p.id))] == kept
    assert told == ["amended"] * len(kept)
    assert outgoing(flow) == ["adopted", *told]
    assert [each.sequence for each in flow.store.outgoing()] == list(range(1, len(kept) + 2))
    assert len(flow.attempts(p.id)) == len(kept)
    flow.verify()


# --- what a host relies on -----------------------------------------------------------------------------------------


@pytest.fixture
def flow(engine: Engine) -> Partnerflow:
    return Partnerflow(store=SQLAlchemyStore(engine), pack=FREE)


@pytest.fixture
def p(flow: Partnerflow) -> Partnership:
    return flow.adopt(RIVERBEND, state="active", by=OFFICE, reason="in place")


@either_host
def test_a_key_of_what_was_rolled_back_is_free_again(
    engine: Engine, flow: Partnerflow, p: Partnership, host: Callable[[Engine], Any]
) -> None:
    with host(engine) as there:
        joined = flow.within(there)
        with there.begin_nested() as savepoint:
            gone = joined.fire(p.id, "amend", by=OFFICE, reason="r", idempotency_key="k")
            assert joined.fire(p.id, "amend", by=OFFICE, reason="r", idempotency_key="k") == gone
            savepoint.rollback()
        made = joined.file(p.id, Need(need="n"), by=OFFICE, idempotency_key="k")
        there.commit()
    assert flow.file(p.id, Need(need="n"), by=OFFICE, idempotency_key="k") == made
    assert [each.version for each in flow.history(p.id)] == [1]


@either_host
def test_the_version_that_is_expected_is_the_one_that_stands_after_the_rollback(
    engine: Engine, flow: Partnerflow, p: Partnership, host: Callable[[Engine], Any]
) -> None:
    with host(engine) as there:
        joined = flow.within(there)
        with there.begin_nested() as savepoint:
            joined.fire(p.id, "amend", by=OFFICE, reason="r", expected_version=1)
            with pytest.raises(Conflict):
                joined.fire(p.id, "amend", by=OFFICE, reason="r", expected_version=1)
            savepoint.rollback()
        assert joined.dossier(p.id).partnership.version == 1
        joined.fire(p.id, "amend", by=OFFICE, reason="r", expected_version=1)
        there.commit()
    assert flow.dossier(p.id).partnership.version == 2
    flow.verify()


@either_host
def test_a_mistake_of_the_hosts_in_a_savepoint_takes_ours_along_and_the_transaction_lives(
    engine: Engine, flow: Partnerflow, p: Partnership, host: Callable[[Engine], Any]
) -> None:
    told = listening(flow)
    with host(engine) as there:
        joined = flow.within(there)
        savepoint = there.begin_nested()
        joined.fire(p.id, "amend", by=OFFICE, reason="the first")
        with pytest.raises(DBAPIError):
            there.execute(text("insert into no_such_table values (1)"))
        savepoint.rollback()
        joined.fire(p.id, "amend", by=OFFICE, reason="the second")
        there.commit()
        joined.committed()
    assert [each.reason for each in flow.history(p.id)[1:]] == ["the second"]
    assert told == ["amended"]


def test_a_host_whose_tests_are_rolled_back_hears_in_them_what_it_would_hear(
    engine: Engine, flow: Partnerflow, p: Partnership
) -> None:
    """SQLAlchemy's way to test an application: its Session lives in a transaction of the test's own."""
    told = listening(flow)
    with engine.connect() as connection, connection.begin() as around:
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            flow.within(session).fire(p.id, "amend", by=OFFICE, reason="kept by the application")
            session.commit()
            flow.within(session).fire(p.id, "amend", by=OFFICE, reason="given up by the application")
            session.rollback()
            assert told == ["amended"]
            assert [each.reason for each in flow.within(session).history(p.id)[1:]] == ["kept by the application"]
        around.rollback()
    assert [each.version for each in flow.history(p.id)] == [1]


# --- SQLite --------------------------------------------------------------------------------------------------------


BEGUN_BY = ["BEGIN", "BEGIN IMMEDIATE"]
if sys.version_info >= (3, 12):
    BEGUN_BY.append("autocommit=False")


@contextmanager
def on_sqlite(directory: Path, begun_by: str | None) -> Iterator[tuple[Engine, Partnerflow]]:
    """Return a host's engine, of which transactions begin by a word of ours, by Python 3.12, or when Python pleases."""
    by_python = {"autocommit": False} if begun_by == "autocommit=False" else {}
    made = create_engine(f"sqlite:///{directory / 'host.db'}", connect_args={"timeout": 0.1, **by_python})
    if begun_by is not None and not by_python:
        begins_itself(made, begun_by)
    NOTE.create(made)
    create_tables(made)
    yield made, Partnerflow(store=SQLAlchemyStore(made), pack=FREE)
    made.dispose()


@either_host
def test_left_to_python_a_released_savepoint_survives_the_hosts_rollback(
    tmp_path: Path, host: Callable[[Engine], Any]
) -> None:
    """The trap: Python begins no transaction for a savepoint, so releasing it is a commit. Nobody is told of it."""
    with on_sqlite(tmp_path, None) as (engine, flow):
        told = listening(flow)
        with host(engine) as there:
            with there.begin_nested():
                there.execute(insert(NOTE).values(text="proposed"))
                flow.within(there).propose(RIVERBEND, by=OFFICE)
            there.rollback()
            flow.within(there).committed()
        assert notes(engine) == ["proposed"]
        assert [each.state for each in flow.find()] == ["intake"]
        assert (told, outgoing(flow)) == ([], ["proposed"])
        flow.verify()


@either_host
def test_left_to_python_a_savepoint_after_a_write_is_one(tmp_path: Path, host: Callable[[Engine], Any]) -> None:
    """A write begins the transaction; so what we write outside a savepoint of the host's is always taken back."""
    with on_sqlite(tmp_path, None) as (engine, flow):
        with host(engine) as there:
            joined = flow.within(there)
            p = joined.propose(RIVERBEND, by=OFFICE)
            with there.begin_nested():
                joined.file(p.id, Need(need="n"), by=OFFICE)
            there.rollback()
        assert list(flow.find()) == []
        assert outgoing(flow) == []


@either_host
@pytest.mark.parametrize("begun_by", BEGUN_BY)
def test_an_engine_that_begins_by_itself_takes_a_released_savepoint_back(
    tmp_path: Path, begun_by: str, host: Callable[[Engine], Any]
) -> None:
    with on_sqlite(tmp_path, begun_by) as (engine, flow):
        told = listening(flow)
        with host(engine) as there:
            with there.begin_nested(), there.begin_nested():
                there.execute(insert(NOTE).values(text="proposed"))
                flow.within(there).propose(RIVERBEND, by=OFFICE)
            there.rollback()
            flow.within(there).committed()
        assert (notes(engine), list(flow.find()), told, outgoing(flow)) == ([], [], [], [])


@either_host
@pytest.mark.parametrize("begun_by", [None, *BEGUN_BY])
def test_however_it_is_begun_what_the_host_commits_is_there_and_told(
    tmp_path: Path, begun_by: str | None, host: Callable[[Engine], Any]
) -> None:
    with on_sqlite(tmp_path, begun_by) as (engine, flow):
        told = listening(flow)
        with host(engine) as there:
            joined = flow.within(there)
            with there.begin_nested():
                there.execute(insert(NOTE).values(text="proposed"))
                p = joined.propose(RIVERBEND, by=OFFICE)
            with there.begin_nested() as savepoint:
                there.execute(insert(NOTE).values(text="filed"))
                joined.file(p.id, Need(need="n"), by=OFFICE)
                savepoint.rollback()
            there.commit()
            joined.committed()
        assert (notes(engine), told, outgoing(flow)) == (["proposed"], ["proposed"], ["proposed"])
        flow.verify()


@pytest.mark.parametrize("begun_by", [way for way in BEGUN_BY if way != "BEGIN IMMEDIATE"])
def test_a_transaction_that_read_before_somebody_wrote_is_told_to_begin_immediate(
    tmp_path: Path, begun_by: str
) -> None:
    """Such a transaction sees what was, and SQLite lets nobody write upon that."""
    with closing(sqlite3.connect(tmp_path / "host.db")) as plain:
        plain.execute("PRAGMA journal_mode=WAL")  # otherwise whoever reads keeps everybody from writing
    with on_sqlite(tmp_path, begun_by) as (engine, flow):
        p = flow.adopt(RIVERBEND, state="active", by=OFFICE, reason="in place")
        with Session(engine) as session:
            joined = flow.within(session)
            assert joined.dossier(p.id).partnership.version == 1
            flow.fire(p.id, "amend", by=OFFICE, reason="the first")
            with pytest.raises(StoreBusy, match="BEGIN IMMEDIATE"):
                joined.fire(p.id, "amend", by=OFFICE, reason="the second")
            session.rollback()
            assert joined.fire(p.id, "amend", by=OFFICE, reason="the second").version == 3
            session.commit()
        flow.verify()
