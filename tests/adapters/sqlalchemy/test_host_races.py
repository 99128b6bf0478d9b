"""A host's transaction that others overtake: what it does is judged on what they left, or it is told, and lives on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID, uuid4

import attrs
import pytest
from sqlalchemy import Engine, create_engine, func, select, text
from sqlalchemy.orm import Session

from partnerflow import Actor, Conflict, Partner, Partnerflow, PartnerflowError, Partnership, StoreBusy
from partnerflow.adapters.sqlalchemy import SQLAlchemyStore, Tables
from partnerflow.policies import Pack
from partnerflow.ports import ChangeSet
from partnerflow.records import Insurance, Need
from partnerflow.testing.contract.fixtures import files_of

OFFICE = Actor("a.anderson", side="district", roles={"partnership_office"})
FREE = Pack(name="free", version="1", rules=())
T = Tables()
SERVERS = pytest.mark.parametrize("url", ["postgresql", "mariadb"], indirect=True)


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    made = create_engine(url)
    with made.begin() as connection:
        connection.execute(text("create table students (id integer primary key)"))
    yield made
    made.dispose()


@pytest.fixture
def flow(engine: Engine) -> Partnerflow:
    return Partnerflow(store=SQLAlchemyStore(engine), pack=FREE)


@pytest.fixture
def p(flow: Partnerflow) -> Partnership:
    return flow.adopt(Partner(name="Riverbend"), state="active", by=OFFICE, reason="in place")


def students(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.execute(text("select count(*) from students")).scalar_one()


# --- overtaken -----------------------------------------------------------------------------------------------------


@SERVERS
def test_a_step_is_judged_on_what_others_left_since_the_host_began(
    engine: Engine, flow: Partnerflow, p: Partnership
) -> None:
    """MariaDB shows a transaction everything as it was at its first read, but for what is locked."""
    q = flow.propose(p.partner_id, by=OFFICE)
    with Session(engine) as session, session.begin():
        joined = flow.within(session)
        assert joined.dossier(p.id).partnership.version == 1
        flow.file(p.id, Need(need="new"), by=OFFICE)
        flow.file(q.id, Insurance(line="x"), by=OFFICE)  # on the partner's file, by another way
        flow.fire(p.id, "amend", by=OFFICE, reason="the first")
        made = joined.fire(p.id, "amend", by=OFFICE, reason="the second")
        assert (made.version, made.file_seq, made.partner_seq) == (3, 1, 2)
        joined.file(p.id, Need(need="newer"), Insurance(line="y"), by=OFFICE)
    assert [step.version for step in flow.history(p.id)] == [1, 2, 3]
    assert [entry.seq for entry in flow.dossier(p.id).entries if isinstance(entry.record, Need)] == [1, 2]
    flow.verify()


@SERVERS
def test_whoever_expects_a_version_that_is_gone_gets_a_conflict_with_both(
    engine: Engine, flow: Partnerflow, p: Partnership
) -> None:
    with Session(engine) as session, session.begin():
        joined = flow.within(session)
        joined.dossier(p.id)
        flow.fire(p.id, "amend", by=OFFICE, reason="the first")
        with pytest.raises(Conflict) as conflict:
            joined.fire(p.id, "amend", by=OFFICE, reason="the second", expected_version=1)
        session.execute(text("insert into students values (1)"))
    assert (conflict.value.expected, conflict.value.actual, students(engine)) == (1, 2, 1)


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("what", ["a step", "a paper", "a paper of the partner's"])
@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_a_host_that_sees_only_what_was_is_told_that_it_is_late(
    engine: Engine, flow: Partnerflow, p: Partnership, level: str, what: str
) -> None:
    """PostgreSQL cannot show such a transaction what is there now; it is not judged on what was."""
    q = flow.propose(p.partner_id, by=OFFICE)
    with engine.connect().execution_options(isolation_level=level) as connection:
        joined = flow.within(connection)
        joined.dossier(p.id)
        if what == "a step":
            flow.fire(p.id, "amend", by=OFFICE, reason="the first")
        else:
            about = (q.id, Insurance(line="x")) if "partner" in what else (p.id, Need(need="n"))
            flow.file(about[0], about[1], by=OFFICE)
        with pytest.raises(StoreBusy, match="roll back and try again"):
            joined.fire(p.id, "amend", by=OFFICE, reason="the second")
        connection.rollback()
        assert joined.fire(p.id, "amend", by=OFFICE, reason="the second").partner_seq == 1 + ("partner" in what)
        connection.commit()
    flow.verify()


# --- what a host may catch -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["session", "connection"])
def test_a_key_that_somebody_else_took_leaves_nothing_and_the_host_alive(
    engine: Engine, flow: Partnerflow, host: str
) -> None:
    """Whoever comes between our looking and our writing: here another thread, in the very same transaction."""
    taken = Partner(name="Riverbend", ids={"edfi": "1"})
    rival = Partnerflow(store=flow.store, pack=FREE)
    won: list[UUID] = []
    told: list[str] = []

    def overtake(sender: str, transition: object) -> None:
        if not won:
            with ThreadPoolExecutor(1) as elsewhere:  # a receiver itself may not write
                won.append(elsewhere.submit(rival.within(there).propose, taken, by=OFFICE).result().id)

    flow.before.connect(overtake)
    flow.after.connect(lambda sender, event: told.append(sender))
    with Session(engine) if host == "session" else engine.connect() as there, there.begin():
        joined = flow.within(there)
        there.execute(text("insert into students values (1)"))
        with pytest.raises(StoreBusy, match="roll back and try again"):
            joined.propose(taken, by=OFFICE, idempotency_key="k")
        there.execute(text("insert into students values (2)"))
        kept = joined.propose(Partner(name="B"), by=OFFICE, idempotency_key="k")
    joined.committed()
    assert students(engine) == 2
    assert sorted(each.id for each in flow.find()) == sorted([*won, kept.id])
    with engine.connect() as connection:
        counts = [connection.scalar(select(func.count()).select_from(t)) for t in (T.partner, T.entry, T.outbox)]
    assert counts == [2, 2, 2]
    assert len(told) == 1
    flow.verify()


def test_a_mistake_in_the_middle_of_writing_leaves_nothing(engine: Engine, flow: Partnerflow, p: Partnership) -> None:
    """A host that catches an error and commits has none of the request, not its first half."""
    with Session(engine) as session, session.begin():
        joined = flow.within(session)
        with pytest.raises(PartnerflowError, match="700 characters"):
            joined.propose(Partner(name="B"), by=OFFICE, idempotency_key="k" * 700)
        session.execute(text("insert into students values (1)"))
    assert ([each.id for each in flow.find()], students(engine)) == ([p.id], 1)
    assert len(files_of(flow.store)) == 1
    flow.verify()


def test_of_many_changes_one_that_is_late_leaves_nothing_of_any(
    engine: Engine, flow: Partnerflow, p: Partnership
) -> None:
    q = flow.adopt(Partner(name="B"), state="active", by=OFFICE, reason="in place")

    def step_to(version: int, begun: Partnership) -> ChangeSet:
        made = attrs.evolve(flow.history(begun.id)[-1], id=uuid4(), version=version, link="0" * 64)
        made = attrs.evolve(made, move=attrs.evolve(made.move, source="active"))
        return ChangeSet(partnership=attrs.evolve(begun, version=version), transition=made)

    whole = step_to(2, p), step_to(3, q)
    with Session(engine) as session, session.begin(), flow.within(session).store.transaction() as tx:
        tx.snapshots([p.id, q.id], lock=True)
        with pytest.raises(Conflict) as conflict:
            tx.write(*whole)
        session.execute(text("insert into students values (1)"))
    assert (conflict.value.subject, conflict.value.expected, conflict.value.actual) == (q.id, 2, 1)
    assert sorted(flow.find(), key=lambda each: each.id) == sorted([p, q], key=lambda each: each.id)
    assert students(engine) == 1
    flow.verify()


# --- at once -------------------------------------------------------------------------------------------------------


@SERVERS
def test_whoever_would_wait_for_nobody_passes_over_what_somebody_else_holds(flow: Partnerflow, p: Partnership) -> None:
    q = flow.adopt(Partner(name="B"), state="active", by=OFFICE, reason="in place")
    both = sorted([p.id, q.id])
    with flow.store.transaction() as first:
        first.snapshots([p.id], lock=True)
        with flow.store.transaction() as second:
            assert list(second.snapshots(both, lock=True, skip_locked=True)) == [q.id]
    with flow.store.transaction() as tx:
        assert list(tx.snapshots(both, lock=True, skip_locked=True)) == both


@SERVERS
def test_two_hosts_that_wait_for_each_other_are_parted(engine: Engine, flow: Partnerflow, p: Partnership) -> None:
    q = flow.adopt(Partner(name="B"), state="active", by=OFFICE, reason="in place")
    ready = Barrier(2)

    def amend(first: UUID, second: UUID) -> str:
        with Session(engine) as session:
            joined = flow.within(session)
            joined.fire(first, "amend", by=OFFICE, reason="r")
            ready.wait()
            try:
                joined.fire(second, "amend", by=OFFICE, reason="r")
            except StoreBusy as busy:
                session.rollback()
                return str(busy)
            session.commit()
            return ""

    with ThreadPoolExecutor(2) as pool:
        said = sorted(pool.map(amend, (p.id, q.id), (q.id, p.id)))
    assert said[0] == ""
    assert "roll back and try again" in said[1]
    assert [len(flow.history(each.id)) for each in (p, q)] == [2, 2]
    flow.verify()


@SERVERS
@pytest.mark.parametrize("level", ["READ COMMITTED", "REPEATABLE READ"])
def test_hosts_at_once_lose_no_step_and_take_none_twice(
    engine: Engine, flow: Partnerflow, p: Partnership, level: str
) -> None:
    ready = Barrier(4)

    def work(number: int) -> int:
        done = 0
        ready.wait()
        while done < 8:
            with engine.connect().execution_options(isolation_level=level) as connection:
                joined = flow.within(connection)
                joined.dossier(p.id)
                try:
                    joined.file(p.id, Need(need=f"{number} {done}"), Insurance(line=f"{number} {done}"), by=OFFICE)
                    joined.fire(p.id, "amend", by=OFFICE, reason=f"{number} {done}")
                except StoreBusy:
                    connection.rollback()
                    continue
                connection.commit()
                done += 1
        return done

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, range(4))) == 32
    assert [step.version for step in flow.history(p.id)] == list(range(1, 34))
    assert [event.sequence for event in flow.store.outgoing()] == list(range(1, 32 * 3 + 2))
    assert sorted(map(len, files_of(flow.store).values())) == [32, 33]
    flow.verify()


@SERVERS
def test_of_many_who_take_in_the_same_all_get_the_one_that_came_first(engine: Engine, flow: Partnerflow) -> None:
    ready = Barrier(6)
    calls: list[Callable[[], object]] = [
        lambda: flow.register(Partner(name="A", ids={"edfi": "1", "ein": "2"}), by=OFFICE),
        lambda: flow.propose(Partner(name="B"), by=OFFICE, idempotency_key="k"),
    ]

    def call(number: int) -> object:
        ready.wait()
        return calls[number % 2]()

    with ThreadPoolExecutor(6) as pool:
        assert len(set(map(str, pool.map(call, range(6))))) == 2
    assert len(files_of(flow.store)) == 2
