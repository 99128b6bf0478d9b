"""Inside a host's transaction: one commit for both, never ours, and receivers told only of what became a fact."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Engine, Integer, MetaData, String, Table, create_engine, event, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from partnerflow import Actor, Conflict, InvalidRequest, Partner, Partnerflow, Refused, SchemaMismatch, StoreBusy
from partnerflow.adapters.sqlalchemy import SQLAlchemyStore, Tables, create_tables
from partnerflow.records import NO_END, Contact

OFFICE = Actor("a.anderson", side="district", roles={"partnership_office"})
RIVERBEND = Partner(name="Riverbend Youth Center", kind="community_organization")
CONTACT = Contact(name="Ines Moreno", email="ines@riverbend.example", starts_on=date(2026, 1, 1), ends_on=NO_END)


class Base(DeclarativeBase):
    """The host's own tables."""


class Note(Base):
    __tablename__ = "note"
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(String(80))


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """A host's engine; on SQLite one that begins its transactions itself, as the how-to says."""
    made = create_engine(url)
    if made.dialect.name == "sqlite":
        begins_at_once(made)
    Base.metadata.create_all(made)
    yield made
    made.dispose()


def begins_at_once(made: Engine) -> None:
    @event.listens_for(made, "connect")
    def leave_beginning_to_us(dbapi_connection: Any, _: object) -> None:
        dbapi_connection.isolation_level = None

    @event.listens_for(made, "begin")
    def begin_immediate(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


@pytest.fixture
def flow(engine: Engine) -> Partnerflow:
    return Partnerflow(store=SQLAlchemyStore(engine))


@pytest.fixture
def told(flow: Partnerflow) -> list[str]:
    found: list[str] = []
    flow.after.connect(lambda sender, event: found.append(event.type.split(".")[-2]))
    return found


def rows_of_ours(engine: Engine) -> dict[str, int]:
    tables = Tables().metadata.sorted_tables
    with engine.connect() as connection:
        return {t.name: connection.scalar(select(func.count()).select_from(t)) or 0 for t in tables}


def test_a_session_that_commits_keeps_the_hosts_rows_and_ours_and_then_tells(
    engine: Engine, flow: Partnerflow, told: list[str]
) -> None:
    with Session(engine) as session, session.begin():
        session.add(Note(text="proposed"))
        p = flow.within(session).propose(RIVERBEND, by=OFFICE)
        flow.within(session).file(p.id, CONTACT, by=OFFICE)
        assert told == []
    assert told == ["proposed", "filed"]
    assert flow.dossier(p.id).latest(Contact) == CONTACT
    with Session(engine) as session:
        assert session.scalar(select(func.count()).select_from(Note)) == 1
    flow.verify()


def test_a_session_that_rolls_back_keeps_nothing_and_tells_nobody(
    engine: Engine, flow: Partnerflow, told: list[str]
) -> None:
    before = rows_of_ours(engine)
    with Session(engine) as session:
        session.add(Note(text="proposed"))
        flow.within(session).propose(RIVERBEND, by=OFFICE)
        session.rollback()
    assert rows_of_ours(engine) == before
    with Session(engine) as session, session.begin():  # a later commit must not tell of what was rolled back
        session.add(Note(text="another"))
    assert told == []


def test_a_session_reused_after_a_rollback_tells_only_of_what_it_commits(
    engine: Engine, flow: Partnerflow, told: list[str]
) -> None:
    with Session(engine) as session:
        joined = flow.within(session)
        joined.propose(RIVERBEND, by=OFFICE)
        session.rollback()
        p = joined.propose(RIVERBEND, by=OFFICE)
        session.commit()
        joined.file(p.id, CONTACT, by=OFFICE)
        session.commit()
    assert told == ["proposed", "filed"]


def test_a_savepoint_that_rolls_back_takes_our_changes_and_events_with_it(
    engine: Engine, flow: Partnerflow, told: list[str]
) -> None:
    with Session(engine) as session, session.begin():
        joined = flow.within(session)
        p = joined.propose(RIVERBEND, by=OFFICE)
        savepoint = session.begin_nested()
        joined.file(p.id, CONTACT, by=OFFICE)
        savepoint.rollback()
        assert joined.dossier(p.id).latest(Contact) is None
    assert told == ["proposed"]
    assert flow.dossier(p.id).latest(Contact) is None


def test_a_savepoint_that_is_released_tells_only_after_the_outermost_commit(
    engine: Engine, flow: Partnerflow, told: list[str]
) -> None:
    with Session(engine) as session, session.begin():
        with session.begin_nested(), session.begin_nested():
            flow.within(session).propose(RIVERBEND, by=OFFICE)
        assert told == []
    assert told == ["proposed"]


def test_a_released_savepoint_in_a_transaction_that_rolls_back_tells_nobody(
    engine: Engine, flow: Partnerflow, told: list[str]
) -> None:
    with Session(engine) as session:
        with session.begin_nested():
            flow.within(session).propose(RIVERBEND, by=OFFICE)
        session.rollback()
    assert told == []
    assert rows_of_ours(engine)["pf_partnership"] == 0


def test_a_bare_connection_tells_only_when_the_host_says_that_it_committed(
    engine: Engine, flow: Partnerflow, told: list[str]
) -> None:
    with engine.connect() as connection:
        joined = flow.within(connection)
        p = joined.propose(RIVERBEND, by=OFFICE)
        with pytest.raises(InvalidRequest, match="commit it first"):
            joined.committed()
        connection.commit()
        assert told == []
        joined.committed()
        assert told == ["proposed"]
        joined.committed()
        assert told == ["proposed"]
    assert flow.dossier(p.id).partnership.state == "intake"


def test_a_bare_connection_that_rolls_back_has_nothing_to_tell(
    engine: Engine, flow: Partnerflow, told: list[str]
) -> None:
    with engine.connect() as connection:
        joined = flow.within(connection)
        p = joined.propose(RIVERBEND, by=OFFICE)
        connection.rollback()
        joined.committed()
        assert told == []
        with connection.begin():
            kept = joined.propose(RIVERBEND, by=OFFICE)
            nested = connection.begin_nested()
            joined.file(kept.id, CONTACT, by=OFFICE)
            nested.rollback()
        joined.committed()
    assert told == ["proposed"]
    assert [found.id for found in flow.find()] == [kept.id] != [p.id]


def test_the_session_sees_its_unflushed_rows_and_ours(engine: Engine, flow: Partnerflow) -> None:
    seen: list[int] = []
    with Session(engine) as session, session.begin():
        session.add(Note(text="not flushed yet"))
        joined = flow.within(session)
        joined.before.connect(
            lambda sender, transition: seen.append(session.scalar(select(func.count()).select_from(Note)) or 0)
        )
        p = joined.propose(RIVERBEND, by=OFFICE)
        assert joined.dossier(p.id).partnership == p
    assert seen == [1]


def test_a_refusal_that_the_host_catches_and_commits_leaves_its_attempt_and_nothing_else(
    engine: Engine, flow: Partnerflow
) -> None:
    p = flow.propose(RIVERBEND, by=OFFICE)
    before = rows_of_ours(engine)
    with Session(engine) as session, session.begin():
        with pytest.raises(Refused):
            flow.within(session).fire(p.id, "begin_vetting", by=OFFICE)
        session.add(Note(text="was refused"))
    assert rows_of_ours(engine) == {**before, "pf_attempt": 1}
    assert [attempt.trigger for attempt in flow.attempts(p.id)] == ["begin_vetting"]


def test_a_refusal_that_the_host_rolls_back_leaves_nothing(engine: Engine, flow: Partnerflow) -> None:
    p = flow.propose(RIVERBEND, by=OFFICE)
    before = rows_of_ours(engine)
    with Session(engine) as session:
        with pytest.raises(Refused):
            flow.within(session).fire(p.id, "begin_vetting", by=OFFICE)
        session.rollback()
    assert rows_of_ours(engine) == before


def test_a_veto_that_the_host_catches_and_commits_leaves_nothing_at_all(
    engine: Engine, flow: Partnerflow, told: list[str]
) -> None:
    p = flow.propose(RIVERBEND, by=OFFICE)
    told.clear()
    before = rows_of_ours(engine)

    def veto(sender: str, transition: object) -> None:
        raise RuntimeError("not today")

    flow.before.connect(veto)
    with Session(engine) as session, session.begin():
        with pytest.raises(RuntimeError, match="not today"):
            flow.within(session).fire(p.id, "withdraw", by=OFFICE, reason="changed their mind")
        session.add(Note(text="vetoed"))
    assert rows_of_ours(engine) == before
    assert told == []


def test_a_conflict_leaves_nothing_and_the_hosts_transaction_alive(engine: Engine, flow: Partnerflow) -> None:
    p = flow.propose(RIVERBEND, by=OFFICE)
    before = rows_of_ours(engine)
    with Session(engine) as session, session.begin():
        with pytest.raises(Conflict) as caught:
            flow.within(session).fire(p.id, "withdraw", by=OFFICE, reason="r", expected_version=7)
        session.add(Note(text="still alive"))
    assert (caught.value.expected, caught.value.actual) == (7, 1)
    assert rows_of_ours(engine) == before


def test_due_dates_are_stored_in_the_hosts_transaction_too(engine: Engine, flow: Partnerflow) -> None:
    with Session(engine) as session:
        p = flow.within(session).adopt(RIVERBEND, state="active", by=OFFICE, reason="in place")
        t = Tables().obligation
        assert session.scalar(select(func.count()).select_from(t).where(t.c.partnership_id == p.id))
        session.rollback()
    assert rows_of_ours(engine)["pf_obligation"] == 0


def test_we_never_commit_roll_back_or_begin_in_a_session_that_is_not_ours(engine: Engine, flow: Partnerflow) -> None:
    said: list[str] = []
    with Session(engine) as session:
        session.execute(select(1))
        for name in ("after_commit", "after_rollback"):
            event.listen(session, name, lambda *_, name=name: said.append(name))
        event.listen(session, "after_begin", lambda *_: said.append("after_begin"))
        joined = flow.within(session)
        p = joined.propose(RIVERBEND, by=OFFICE)
        joined.options(p.id, by=OFFICE)
        with pytest.raises(Refused):
            joined.fire(p.id, "begin_vetting", by=OFFICE)
        joined.sweep()
        joined.verify()
        assert said == []
        session.commit()


def test_another_writer_in_a_hosts_transaction_is_named_with_the_remedy(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'busy.db'}"
    host = create_engine(url, connect_args={"timeout": 0.1})
    create_tables(host)
    flow = Partnerflow(store=SQLAlchemyStore(host))
    with host.connect() as other:
        other.exec_driver_sql("BEGIN IMMEDIATE")
        with Session(host) as session, pytest.raises(StoreBusy, match="BEGIN IMMEDIATE"):
            flow.within(session).propose(RIVERBEND, by=OFFICE)
        with pytest.raises(StoreBusy, match="try again"):
            flow.propose(RIVERBEND, by=OFFICE)
    host.dispose()


def test_a_hosts_own_tables_beside_ours_are_no_error(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'shared.db'}"
    host = create_engine(url)
    Table("student", MetaData(), Column("id", Integer, primary_key=True)).create(host)
    host.dispose()
    flow = Partnerflow.open(url)
    assert flow.propose(RIVERBEND, by=OFFICE).state == "intake"


def test_a_store_without_its_tables_says_how_to_make_them(tmp_path: Path) -> None:
    host = create_engine(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(SchemaMismatch, match="create_tables"):
        Partnerflow(store=SQLAlchemyStore(host)).propose(RIVERBEND, by=OFFICE)
    host.dispose()


def test_something_that_is_no_session_is_named(flow: Partnerflow) -> None:
    with pytest.raises(InvalidRequest, match="Session or Connection"):
        flow.within("sqlite://")


def test_moments_survive_to_the_microsecond_in_utc(engine: Engine) -> None:
    moment = datetime(2026, 9, 1, 8, 0, 0, 123456, tzinfo=UTC)
    flow = Partnerflow(store=SQLAlchemyStore(engine), clock=lambda: moment)
    p = flow.propose(RIVERBEND, by=OFFICE)
    (made,) = flow.history(p.id)
    assert made.at == made.recorded_at == moment
    assert made.at.tzinfo is UTC


def test_a_step_in_a_hosts_plain_sqlite_transaction_is_never_judged_on_a_file_that_somebody_changes_meanwhile(
    tmp_path: Path,
) -> None:
    """Without the listeners of the how-to, SQLite would begin to lock only at our first write, after the judging."""
    host = create_engine(f"sqlite:///{tmp_path / 'plain.db'}", connect_args={"timeout": 0.1})
    create_tables(host)
    flow = Partnerflow(store=SQLAlchemyStore(host))
    p = flow.propose(RIVERBEND, by=OFFICE)
    others = Partnerflow(store=SQLAlchemyStore(host))

    def somebody_files(sender: str, transition: object) -> None:
        with pytest.raises(StoreBusy):
            elsewhere.submit(others.file, p.id, CONTACT, by=OFFICE).result()

    flow.before.connect(somebody_files)
    with ThreadPoolExecutor(1) as elsewhere, Session(host) as session, session.begin():
        flow.within(session).fire(p.id, "withdraw", by=OFFICE, reason="changed their mind")
    flow.verify()
    host.dispose()
