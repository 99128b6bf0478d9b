"""What a host's transaction must learn of, however early it began and however its engine begins."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy import create_engine, event
from sqlalchemy.orm import Session

from partnerflow import Actor, InvalidRequest, Partner, Partnerflow
from partnerflow.adapters.sqlalchemy import SQLAlchemyStore, create_tables
from partnerflow.records import Need

OFFICE = Actor("a.anderson", side="district", roles={"partnership_office"})


def test_a_key_that_did_its_work_after_the_host_began_is_known_all_the_same(url: str) -> None:
    engine = create_engine(url)
    flow = Partnerflow(store=SQLAlchemyStore(engine))
    p = flow.propose(Partner(name="Riverbend"), by=OFFICE)
    isolation = {} if engine.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}
    reading = "READ COMMITTED" if engine.dialect.name == "postgresql" else isolation.get("isolation_level")
    with Session(engine) as late:
        if reading:
            late.connection(execution_options={"isolation_level": reading})
            list(flow.within(late).find())  # the host has looked, and MariaDB shows it that moment from now on
        filed = flow.file(p.id, Need(need="reading"), by=OFFICE, idempotency_key="filed")
        taken = flow.fire(p.id, "withdraw", by=OFFICE, reason="no", idempotency_key="taken")
        joined = flow.within(late)
        assert joined.fire(p.id, "withdraw", by=OFFICE, reason="no", idempotency_key="taken") == taken
        again = joined.file(p.id, Need(need="reading"), by=OFFICE, idempotency_key="filed")
        assert [entry.id for entry in again] == [entry.id for entry in filed]
        late.commit()
    assert flow.history(p.id)[-1] == taken
    flow.verify()
    engine.dispose()


@pytest.mark.parametrize("begin", ["BEGIN", "BEGIN IMMEDIATE"])
def test_on_an_engine_that_begins_by_itself_our_own_writers_still_take_turns(tmp_path: Path, begin: str) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'host.db'}", connect_args={"timeout": 30})

    @event.listens_for(engine, "connect")
    def leave_beginning_to_us(dbapi_connection, _) -> None:
        dbapi_connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def begin_transaction(connection) -> None:
        connection.exec_driver_sql(begin)

    makers = [threading.Thread(target=create_tables, args=[engine]) for _ in range(4)]
    for each in makers:
        each.start()
    for each in makers:
        each.join()
    flow = Partnerflow(store=SQLAlchemyStore(engine))
    p = flow.adopt(Partner(name="Riverbend"), state="active", by=OFFICE, reason="in place")
    failures: list[Exception] = []

    def write(who: int) -> None:
        for count in range(20):
            try:
                flow.file(p.id, Need(need=f"{who} {count}"), by=OFFICE)
            except Exception as error:  # noqa: BLE001  it is shown below
                failures.append(error)

    writers = [threading.Thread(target=write, args=[who]) for who in range(4)]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    assert failures == []
    assert len(flow.dossier(p.id).entries) == 80
    flow.verify()
    engine.dispose()


def test_a_session_that_commits_every_statement_is_refused(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'host.db'}")
    create_tables(engine)
    flow = Partnerflow(store=SQLAlchemyStore(engine))
    said = pytest.raises(InvalidRequest, match="commits every statement by itself")
    with Session(engine.execution_options(isolation_level="AUTOCOMMIT")) as session, said:
        flow.within(session)
    engine.dispose()


def test_a_savepoint_that_the_session_knows_nothing_of_takes_hooks_with_it_too(url: str) -> None:
    engine = create_engine(url)
    flow = Partnerflow(store=SQLAlchemyStore(engine))
    told: list[str] = []
    flow.after.connect(lambda _, event: told.append(event.type))
    with Session(engine) as session, session.begin():
        kept = flow.within(session).propose(Partner(name="A"), by=OFFICE)
        savepoint = session.connection().begin_nested()
        gone = flow.within(session).propose(Partner(name="B"), by=OFFICE)
        savepoint.rollback()
    assert [p.id for p in flow.find()] == [kept.id] != [gone.id]
    assert told == ["org.partnerflow.partnership.proposed.v1"]
    engine.dispose()
