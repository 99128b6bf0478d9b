"""In the host's own transaction we take part and decide nothing: no commit, no rollback, and nobody told too early."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.orm import Session

from partnerflow import (
    Actor,
    Conflict,
    HookError,
    InvalidRequest,
    KeyReused,
    Partner,
    Partnerflow,
    Partnership,
    Refused,
)
from partnerflow.adapters.memory import MemoryStore
from partnerflow.adapters.sqlalchemy import SQLAlchemyStore
from partnerflow.policies import Pack
from partnerflow.records import BackgroundCheck, Insurance, Need, Record
from partnerflow.testing.clock import TickingClock


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("create table students (id integer primary key)"))
    yield engine
    engine.dispose()


@pytest.fixture
def flow(engine: Engine, pack: Pack, clock: TickingClock) -> Partnerflow:
    return Partnerflow(store=SQLAlchemyStore(engine), pack=pack, clock=clock)


@pytest.fixture
def told(flow: Partnerflow) -> list[str]:
    heard: list[str] = []
    flow.after.connect(lambda sender, event: heard.append(sender.split(".")[-2]))
    return heard


@pytest.fixture
def p(flow: Partnerflow, walked_to: Callable) -> Partnership:
    return walked_to(flow, "vetting")


def _students(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.execute(text("select count(*) from students")).scalar_one()


def test_what_was_done_is_there_once_the_host_commits(
    flow: Partnerflow, engine: Engine, board: Actor, p: Partnership, told: list[str], everything: Callable
) -> None:
    before = everything(flow)
    with Session(engine) as session, session.begin():
        session.execute(text("insert into students values (1)"))
        joined = flow.within(session)
        step = joined.fire(p.id, "approve", by=board)
        joined.file(p.id, Need(need="new"), by=board)
        assert joined.dossier(p.id).partnership.state == "onboarding"
        assert (everything(flow), told) == (before, [])
    assert (flow.history(p.id)[-1], _students(engine)) == (step, 1)
    assert told == ["approved", "filed"]
    flow.verify()


def test_what_was_done_is_gone_if_the_host_rolls_back(
    flow: Partnerflow, engine: Engine, board: Actor, p: Partnership, told: list[str], everything: Callable
) -> None:
    before = everything(flow)
    with Session(engine) as session:
        joined = flow.within(session)
        joined.fire(p.id, "approve", by=board, idempotency_key="k")
        joined.file(p.id, Insurance(line="x"), Partner(name="Renamed", ids={"edfi": "1"}), by=board)
        joined.propose(Partner(name="B"), by=board)
        with pytest.raises(Refused):
            joined.fire(p.id, "activate", by=board)
        joined.sweep()
        session.rollback()
    assert (everything(flow), told) == (before, [])
    with pytest.raises(Refused):
        flow.fire(p.id, "renew", by=board, idempotency_key="k")


def test_a_savepoint_that_is_rolled_back_takes_its_part_with_it(
    flow: Partnerflow, engine: Engine, board: Actor, p: Partnership, told: list[str]
) -> None:
    with Session(engine) as session, session.begin():
        joined = flow.within(session)
        joined.file(p.id, Need(need="kept"), by=board)
        inner = session.begin_nested()
        joined.fire(p.id, "approve", by=board)
        inner.rollback()
        with session.begin_nested():
            joined.file(p.id, Need(need="kept too"), by=board)
        assert told == []
    assert told == ["filed", "filed"]
    assert flow.dossier(p.id).partnership.state == "vetting"
    assert [event.sequence for event in flow.store.outgoing()] == list(range(1, 1 + len(list(flow.store.outgoing()))))
    flow.verify()


def test_of_a_refusal_that_the_host_catches_the_attempt_is_left_and_nothing_else(
    flow: Partnerflow, engine: Engine, office: Actor, p: Partnership, told: list[str], everything: Callable
) -> None:
    before = everything(flow, attempts=False)
    with Session(engine) as session, session.begin():
        session.execute(text("insert into students values (1)"))
        with pytest.raises(Refused):
            flow.within(session).fire(p.id, "approve", by=office)
    assert [attempt.codes for attempt in flow.attempts(p.id)] == [("AUTH-003",)]
    assert (everything(flow, attempts=False), told, _students(engine)) == (before, [], 1)


def test_of_a_veto_or_a_crash_that_the_host_catches_nothing_is_left(
    flow: Partnerflow, engine: Engine, office: Actor, board: Actor, p: Partnership, told: list[str],
    everything: Callable,
) -> None:  # fmt: skip
    before = everything(flow)

    @flow.before.connect
    def veto(sender: str, transition: object) -> None:
        raise PermissionError

    def failing(partnership: object, session: object) -> list[Record]:
        raise ConnectionError

    hosting = Partnerflow(store=flow.store, pack=flow.pack, clock=flow.clock, host_records=failing)
    with Session(engine) as session, session.begin():
        session.execute(text("insert into students values (1)"))
        joined = flow.within(session)
        for call, error in (
            (lambda: joined.fire(p.id, "approve", by=board), PermissionError),
            (lambda: joined.propose(Partner(name="B"), by=office), PermissionError),
            (lambda: hosting.within(session).fire(p.id, "approve", by=board), HookError),
            (lambda: joined.file(p.id, Insurance(line="x"), by=Actor("x")), Refused),
            (lambda: joined.fire(p.id, "approve", by=board, expected_version=9), Conflict),
            (lambda: joined.file(p.id, Need(need="nul \0"), by=office), InvalidRequest),
        ):
            with pytest.raises(error):
                call()
    assert (everything(flow), told, _students(engine)) == (before, [], 1)


def test_a_bare_connection_is_told_of_when_the_host_says_so(
    flow: Partnerflow, engine: Engine, board: Actor, p: Partnership, told: list[str]
) -> None:
    with engine.connect() as connection:
        joined = flow.within(connection)
        joined.fire(p.id, "approve", by=board)
        with pytest.raises(InvalidRequest, match="commit it first"):
            joined.committed()
        connection.commit()
        assert told == []
        joined.committed()
        assert told == ["approved"]
        joined.committed()
        joined.fire(p.id, "return_to_vetting", by=board, reason="x")
        connection.rollback()
        joined.committed()
    assert told == ["approved"]
    assert flow.dossier(p.id).partnership.state == "onboarding"


def test_keys_and_due_dates_are_written_in_the_hosts_transaction_too(
    flow: Partnerflow, engine: Engine, office: Actor, walked_to: Callable, clock: TickingClock
) -> None:
    p = walked_to(flow, "active")
    with Session(engine) as session, session.begin():
        joined = flow.within(session)
        filed = joined.file(
            p.id, BackgroundCheck(person="j.rivera", result="not_clear"), by=office, idempotency_key="k"
        )
        assert joined.file(
            p.id, BackgroundCheck(person="j.rivera", result="not_clear"), by=office, idempotency_key="k"
        ) == filed  # fmt: skip
        with pytest.raises(KeyReused):
            joined.fire(p.id, "renew", by=office, idempotency_key="k")
    assert [notice.code for notice in flow.sweep().broken] == ["SAFE-001"]


def test_the_host_gets_its_own_session_back(flow: Partnerflow, engine: Engine, board: Actor, p: Partnership) -> None:
    got: list[Any] = []
    hosting = Partnerflow(
        store=flow.store,
        pack=flow.pack,
        clock=flow.clock,
        host_records=lambda _, session: got.append(session) or [],  # type: ignore[func-returns-value]
    )
    with Session(engine) as session, session.begin():
        hosting.within(session).check(p.id, "approve", by=board)
    with engine.begin() as connection:
        hosting.within(connection).file(p.id, Need(need="a"), by=board)
    hosting.file(p.id, Need(need="b"), by=board)
    assert isinstance(got[1], Connection)
    assert (got[0], got[2]) == (session, None)


def test_memory_has_no_transaction_that_a_host_could_bring(engine: Engine) -> None:
    with Session(engine) as session, pytest.raises(InvalidRequest, match="use SQLAlchemyStore"):
        Partnerflow(store=MemoryStore()).within(session)
