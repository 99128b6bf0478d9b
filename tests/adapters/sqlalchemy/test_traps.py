"""What databases do behind one's back, each in its own way: none of it may be seen through us."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import cycle
from typing import Any
from uuid import UUID, uuid1, uuid4

import attrs
import pytest
from sqlalchemy import Date, Engine, Integer, create_engine, event, inspect, select, text
from sqlalchemy.exc import StatementError

from partnerflow import (
    Actor,
    InvalidRequest,
    Partner,
    Partnerflow,
    PartnerflowError,
    Partnership,
    StoreBusy,
    StoreError,
    Tampered,
)
from partnerflow.adapters.sqlalchemy import SQLAlchemyStore, Tables, create_tables, pages
from partnerflow.adapters.sqlalchemy import store as storing
from partnerflow.flow import loading
from partnerflow.flow.loading import load_many
from partnerflow.history import START, entry_link
from partnerflow.policies import Pack
from partnerflow.ports import Query
from partnerflow.records import Document, Insurance, Need, Scope, Service
from partnerflow.records.conversion import read_record
from partnerflow.testing.contract.fixtures import files_of, ids_of

OFFICE = Actor("a.anderson", side="district", roles={"partnership_office"})
FREE = Pack(name="free", version="1", rules=())
T = Tables()
SERVERS = pytest.mark.parametrize("url", ["postgresql", "mariadb"], indirect=True)
FAR = {
    "postgresql": {"options": "-c timezone=America/Chicago"},
    "mariadb": {"init_command": "set session time_zone = '-06:00'"},
}
HASTY = {
    "postgresql": {"options": "-c lock_timeout=300 -c deadlock_timeout=100"},
    "mariadb": {"init_command": "set session innodb_lock_wait_timeout = 1"},
    "sqlite": {"timeout": 0.3},
}


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    made = create_engine(url)
    yield made
    made.dispose()


@pytest.fixture
def flow(engine: Engine) -> Partnerflow:
    return Partnerflow(store=SQLAlchemyStore(engine), pack=FREE)


@pytest.fixture
def p(flow: Partnerflow) -> Partnership:
    return flow.adopt(Partner(name="Riverbend"), state="active", by=OFFICE, reason="in place")


def another(url: str, given: dict[str, Any]) -> Engine:
    name = url.partition(":")[0].partition("+")[0]
    return create_engine(url, connect_args=given.get(name, {}))


# --- moments -------------------------------------------------------------------------------------------------------


def test_the_time_zone_of_a_server_is_no_concern_of_ours(url: str, p: Partnership, flow: Partnerflow) -> None:
    there = another(url, FAR)
    moment = flow.history(p.id)[0].recorded_at.astimezone(timezone(timedelta(hours=5, minutes=45)))
    moment = moment.replace(microsecond=123457) + timedelta(seconds=1)
    elsewhere = Partnerflow(store=SQLAlchemyStore(there), pack=FREE, clock=lambda: moment)
    elsewhere.fire(p.id, "amend", by=OFFICE, reason="more")
    there.dispose()
    made = flow.history(p.id)[-1]
    assert (made.at, made.recorded_at) == (moment, moment)
    assert made.at.tzinfo is UTC
    flow.verify()


def test_a_moment_without_a_zone_is_refused_twice(engine: Engine, flow: Partnerflow, p: Partnership) -> None:
    naive = datetime(2026, 9, 1, 8)  # noqa: DTZ001  that is what is refused
    with pytest.raises(InvalidRequest, match="no time zone"):
        flow.fire(p.id, "amend", by=OFFICE, reason="r", at=naive)
    with engine.connect() as connection, pytest.raises(StatementError, match="no time zone"):
        connection.execute(select(T.outbox).where(T.outbox.c.time == naive))


# --- names ---------------------------------------------------------------------------------------------------------

ALIKE = ["ss", "SS", "ss ", " ss", "ß", "ṡs", "e\u0301", "é", "E\u0301", "e", "🏫", "🏠", "子", "s\u200bs", "ﬁ", "fi"]


def test_what_looks_alike_is_not_the_same(flow: Partnerflow) -> None:
    made = {
        name: flow.propose(Partner(name=name, kind=name, ids={"edfi": name}), by=OFFICE, idempotency_key=name)
        for name in ALIKE
    }
    assert len({each.id for each in made.values()}) == len(ALIKE)
    for name, begun in made.items():
        flow.file(begun.id, Scope(sites=frozenset({name})), by=OFFICE)
    for name, begun in made.items():
        as_of = flow.find(state="intake", partner=begun.partner_id, as_of=flow.clock())
        for found in (flow.find(kind=name), flow.find(ids={"edfi": name}), flow.find(site=name), as_of):
            assert [each.id for each in found] == [begun.id]
        assert flow.partner(begun.partner_id).name == name
        same = Partner(name=name, kind=name, ids={"edfi": name})
        assert flow.propose(same, by=OFFICE, idempotency_key=name) == begun
    assert list(flow.find(state="intake ")) == list(flow.find(state="Intake")) == []
    flow.verify()


def test_tenants_that_look_alike_never_meet(engine: Engine) -> None:
    flows = [Partnerflow(store=SQLAlchemyStore(engine, tenant=name), pack=FREE) for name in ALIKE]
    same = Partner(name="Riverbend", ids={"edfi": "1"})
    begun = [flow.propose(same, by=OFFICE, idempotency_key="k") for flow in flows]
    for flow, one in zip(flows, begun, strict=True):
        assert [each.id for each in flow.find()] == [one.id]
        assert {each.tenant for each in flow.store.outgoing()} == {flow.store.tenant}
        assert len(files_of(flow.store)) == 1


def test_every_list_is_in_the_order_of_ids_of_any_version(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """MariaDB's own type would put ids of the versions 1 to 5 in another order, and pages would end elsewhere."""
    for paged, size in ((pages, "PAGE"), (storing, "AS_OF_PAGE"), (loading, "AT_ONCE")):
        monkeypatch.setattr(paged, size, 3)
    numbers = iter(range(1, 1000))
    made = (make() for make in cycle([uuid4, uuid1, uuid4, lambda: UUID(int=next(numbers))]))
    flow = Partnerflow(store=SQLAlchemyStore(engine), pack=FREE, new_id=made.__next__)
    first = flow.propose(Partner(name="A"), by=OFFICE)
    ids = sorted([first.id, *(flow.propose(first.partner_id, by=OFFICE).id for _ in range(16))])
    assert {each.version for each in ids} == {1, 4, None}
    for each in ids[::4]:
        flow.file(each, *(Need(need=f"{place}") for place in range(5)), by=OFFICE)
        for _ in range(3):
            flow.fire(each, "begin_vetting", by=OFFICE)
            flow.fire(each, "return_to_intake", by=OFFICE, reason="not yet")
    assert [each.id for each in flow.find()] == ids_of(flow.store) == ids
    assert [step.version for step in flow.history(ids[0])] == list(range(1, 8))
    assert [each.id for each in flow.find(after=ids[2], limit=8)] == ids[3:11]
    assert [each.id for each in flow.find(as_of=flow.clock(), after=ids[2], limit=8)] == ids[3:11]
    assert [each.partnership.id for each in load_many(flow.store)] == ids
    part = load_many(flow.store, after=ids[3], through=ids[11])
    assert [each.partnership.id for each in part] == ids[4:12]
    assert sorted(set(flow.store.due(date.max, "another", ["intake"], []))) == ids
    with flow.store.audit() as audit:
        assert [each.id for each, _ in audit.partnerships()] == ids
        made_steps = [(each.partnership_id, each.version) for each in audit.transitions()]
        lying = [(entry.file_id, entry.seq) for entry in audit.entries()]
        files = list(audit.ids("file"))
    assert made_steps == [(each, version) for each in ids for version in range(1, 8 if each in ids[::4] else 2)]
    assert files == sorted(files) == sorted({first.partner_id, *ids[::4]})
    assert lying == [(file, seq) for file in files for seq in range(1, 2 if file == first.partner_id else 6)]
    flow.verify()


def test_ids_of_ours_are_kept_in_the_order_in_which_they_were_made(flow: Partnerflow) -> None:
    moments = {flow.propose(Partner(name=f"{place}"), by=OFFICE).id: place for place in range(12)}
    found = [each.id for each in flow.find()]
    assert {each.version for each in found} == {7}
    milliseconds = [each.int >> 80 for each in found]
    assert milliseconds == sorted(milliseconds) == [each.int >> 80 for each in moments]


# --- texts ---------------------------------------------------------------------------------------------------------


def test_what_was_hashed_is_what_is_stored_to_the_byte(engine: Engine, flow: Partnerflow, p: Partnership) -> None:
    odd = {"z": [1e22, -0.0, 1.0, 5e-324, 10**30], "a": {"ß": None, "Z": True, "🏫": "e\u0301\u2028\\u0000"}}
    (made,) = flow.file(p.id, read_record("need", {"need": "🏫 é e\u0301 \u200d\U0010fffd", "unknown": odd}), by=OFFICE)
    with engine.connect() as connection:
        stored = connection.scalar(select(T.entry.c.text).where(T.entry.c.id == made.id))
        bodies = connection.scalars(select(T.outbox.c.body).order_by(T.outbox.c.sequence)).all()
    assert stored == made.text
    assert json.loads(stored)["unknown"] == odd
    (lying,) = (each for each in flow.dossier(p.id).entries if each.id == made.id)
    assert lying.link == entry_link(attrs.evolve(lying, text=stored), START)
    assert bodies == [each.body() for each in flow.store.outgoing()]
    flow.verify()


def test_texts_may_be_long(flow: Partnerflow, p: Partnership) -> None:
    """MariaDB's TEXT ends at 64 kB."""
    long = "🏫é x" * 2_400
    many = frozenset(f"{number} {'é' * 400}" for number in range(200))
    (made,) = flow.file(p.id, Service(service="x", content_areas=many), by=OFFICE)
    assert len(made.text.encode()) > 64_000
    step = flow.fire(p.id, "amend", by=OFFICE, reason=long)
    flow.store.engine.dispose()  # type: ignore[attr-defined]
    lying = flow.dossier(p.id).entries[-1]
    assert (lying.text, lying.documents) == (made.text, made.documents)
    assert flow.history(p.id)[-1] == step
    assert step.reason == long
    flow.verify()


def written(engine: Engine) -> dict[str, list[Any]]:
    with engine.connect() as connection:
        return {name: list(connection.execute(select(table))) for name, table in T.metadata.tables.items()}


@pytest.fixture
def said(engine: Engine) -> list[str]:
    heard: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda _, __, statement, *___: heard.append(statement))
    return heard


CALLS: dict[str, Callable[[Partnerflow, Partnership, str], object]] = {
    "record": lambda flow, p, bad: flow.file(p.id, Need(need=bad), by=OFFICE),
    "partner": lambda flow, p, bad: flow.propose(Partner(name=f"x{bad}"), by=OFFICE),
    "outside id": lambda flow, p, bad: flow.register(Partner(name="A", ids={"edfi": f"1{bad}"}), by=OFFICE),
    "reason": lambda flow, p, bad: flow.fire(p.id, "amend", by=OFFICE, reason=f"r{bad}"),
    "actor": lambda flow, p, bad: flow.fire(p.id, "amend", by=Actor(f"a{bad}"), reason="r"),
    "key": lambda flow, p, bad: flow.fire(p.id, "amend", by=OFFICE, reason="r", idempotency_key=f"k{bad}"),
    "document": lambda flow, p, bad: flow.file(
        p.id, Need(need="n"), by=OFFICE, documents=[Document(f"s3://{bad}", "0" * 64)]
    ),
    "trigger": lambda flow, p, bad: flow.fire(p.id, f"amend{bad}", by=OFFICE, reason="r"),
}


@pytest.mark.parametrize("bad", ["\0", "\ud800", "x\udfff"])
@pytest.mark.parametrize("where", CALLS)
def test_what_no_database_can_keep_is_written_to_none(
    engine: Engine, flow: Partnerflow, p: Partnership, said: list[str], where: str, bad: str
) -> None:
    before = written(engine)
    said.clear()
    with pytest.raises(PartnerflowError) as raised:
        CALLS[where](flow, p, bad)
    assert not isinstance(raised.value, StoreError)
    assert [statement for statement in said if statement.startswith("INSERT")] == []
    assert written(engine) == before
    wanted = (
        Query(ids={"edfi": bad}, site=bad, kind=bad),
        Query(words=frozenset({("text", bad)})),
        Query(states=[bad]),
    )
    for each in wanted:
        assert list(flow.store.find(each)) == []
        assert flow.store.counts(each) == {}
    assert list(flow.find(state=bad, as_of=flow.clock())) == []


def test_a_number_that_is_none_is_refused(flow: Partnerflow, p: Partnership, engine: Engine) -> None:
    before = written(engine)
    for value in (float("nan"), float("inf")):
        with pytest.raises((PartnerflowError, ValueError)):
            flow.file(p.id, read_record("need", {"need": "n", "unknown": [value]}), by=OFFICE)
    assert written(engine) == before


@pytest.mark.parametrize("tenant", ["", "x" * 65, "nul \0", "half \ud800"])
def test_a_tenant_that_cannot_be_a_key_is_refused(engine: Engine, tenant: str) -> None:
    with pytest.raises(InvalidRequest, match="tenant"):
        SQLAlchemyStore(engine, tenant=tenant)


LONG = "é" * 700


@pytest.mark.parametrize(
    "call",
    [
        lambda flow, p: flow.propose(Partner(name="A", kind=LONG), by=OFFICE),
        lambda flow, p: flow.propose(Partner(name="A", ids={"edfi": LONG}), by=OFFICE),
        lambda flow, p: flow.propose(Partner(name="A", ids={LONG: "1"}), by=OFFICE),
        lambda flow, p: flow.propose(Partner(name="A"), by=OFFICE, idempotency_key=LONG),
        lambda flow, p: flow.file(p.id, Scope(sites=frozenset({LONG})), by=OFFICE),
        lambda flow, p: flow.file(p.id, Partner(name="A", kind=LONG), by=OFFICE),
        lambda flow, p: flow.fire(p.id, "approve", by=Actor(LONG)),
    ],
)
def test_a_name_that_is_too_long_is_refused_by_every_database_alike(
    engine: Engine, flow: Partnerflow, p: Partnership, call: Callable[[Partnerflow, Partnership], object]
) -> None:
    before = written(engine)
    with pytest.raises(PartnerflowError, match=r"(has|is) 700 characters"):
        call(flow, p)
    assert written(engine) == before


# --- identifiers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", "1a", "a;drop", "a b", 'x"y', "x`y", "a.b", "ä", "x" * 40])
def test_a_prefix_or_schema_that_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequest, match="prefix"):
        Tables(prefix=name)
    if name:
        with pytest.raises(InvalidRequest, match="schema"):
            Tables(schema=name)


@pytest.mark.parametrize("prefix", ["Order_", "select", "p"])
def test_a_prefix_is_quoted_where_it_must_be(bare_url: str, prefix: str) -> None:
    engine, tables = create_engine(bare_url), Tables(prefix=prefix)
    create_tables(engine, tables)
    create_tables(engine, tables)
    flow = Partnerflow(store=SQLAlchemyStore(engine, tables=tables), pack=FREE)
    p = flow.propose(Partner(name="A"), by=OFFICE)
    assert [each.id for each in flow.find()] == [p.id]
    assert set(inspect(engine).get_table_names()) == {
        f"{prefix}{name.removeprefix('pf_')}" for name in T.metadata.tables
    }
    engine.dispose()


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_schema_of_the_hosts_keeps_our_tables_apart(engine: Engine, flow: Partnerflow, p: Partnership) -> None:
    with engine.begin() as connection:
        connection.execute(text('create schema "Order"'))
    tables = Tables(schema="Order")
    create_tables(engine, tables)
    apart = Partnerflow(store=SQLAlchemyStore(engine, tables=tables), pack=FREE)
    begun = apart.propose(Partner(name="B"), by=OFFICE)
    assert [each.id for each in apart.find()] == [begun.id] != [each.id for each in flow.find()]
    with engine.begin() as connection:
        connection.execute(text('drop schema "Order" cascade'))


# --- trouble -------------------------------------------------------------------------------------------------------


def test_whoever_holds_a_row_for_too_long_is_not_waited_for_for_ever(
    url: str, flow: Partnerflow, p: Partnership
) -> None:
    hasty = another(url, HASTY)
    late = Partnerflow(store=SQLAlchemyStore(hasty), pack=FREE)
    with flow.store.transaction() as tx:
        tx.snapshots([p.id], lock=True)
        with pytest.raises(StoreBusy, match=r"another writer .* try again") as busy:
            late.fire(p.id, "amend", by=OFFICE, reason="r")
        assert late.dossier(p.id).partnership == p  # looking waits for nobody
    assert "locked" not in str(busy.value)
    assert late.fire(p.id, "amend", by=OFFICE, reason="r").version == 2
    hasty.dispose()


@pytest.mark.parametrize("scheme", ["postgresql+psycopg", "mariadb+pymysql"])
def test_a_server_that_does_not_answer_is_an_error_of_the_store(scheme: str) -> None:
    nobody = create_engine(f"{scheme}://me:secret@127.0.0.1:1/x", connect_args={"connect_timeout": 2})
    flow = Partnerflow(store=SQLAlchemyStore(nobody), pack=FREE)
    for call in (lambda: flow.propose(Partner(name="A"), by=OFFICE), lambda: list(flow.find())):
        with pytest.raises(StoreError) as raised:
            call()
        assert "secret" not in str(raised.value)


def test_an_engine_without_transactions_is_refused(url: str, flow: Partnerflow, engine: Engine) -> None:
    plain = create_engine(url, isolation_level="AUTOCOMMIT")
    for careless in (plain, engine.execution_options(isolation_level="AUTOCOMMIT")):
        with pytest.raises(InvalidRequest, match="AUTOCOMMIT"), SQLAlchemyStore(careless).reading():
            pass
    careless = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    with careless as connection, pytest.raises(InvalidRequest, match="AUTOCOMMIT"):
        flow.within(connection)
    with plain.connect() as connection, pytest.raises(InvalidRequest, match="AUTOCOMMIT"):
        flow.within(connection).propose(Partner(name="A"), by=OFFICE)
    assert list(flow.find()) == []
    plain.dispose()


# --- history -------------------------------------------------------------------------------------------------------


def _changed(value: Any, of: object) -> Any:
    match value:
        case None:
            return date(2019, 8, 1) if isinstance(of, Date) else 7 if isinstance(of, Integer) else "x"
        case datetime():
            return value + timedelta(microseconds=1)
        case date():
            return value + timedelta(days=1)
        case UUID():
            return uuid4()
        case int():
            return value + 100
        case _:
            return value[:-1] + (" " if value[-1:] != " " else "x")


def test_whoever_edits_a_row_is_found_out_on_every_database(engine: Engine, flow: Partnerflow, p: Partnership) -> None:
    flow.file(p.id, Insurance(line="x"), Need(need="n"), by=OFFICE, documents=[Document("s3://x", "0" * 64)])
    flow.fire(p.id, "amend", by=OFFICE, reason="more")
    flow.fire(p.id, "renew", by=OFFICE)
    flow.verify()
    of_step = (T.transition.c.partnership_id == p.id) & (T.transition.c.version == 2)
    of_paper = (T.entry.c.file_id == p.partner_id) & (T.entry.c.seq == 2)
    for table, where, named in ((T.transition, of_step, p.id), (T.entry, of_paper, p.partner_id)):
        for column in table.columns:
            with engine.connect() as connection:
                kept = connection.scalar(select(column).where(where))
                new = _changed(kept, column.type)
                assert connection.execute(table.update().where(where).values({column: new})).rowcount == 1
                with pytest.raises(Tampered, match=f"{p.id}|{named}"):
                    flow.within(connection).verify()
                connection.rollback()
    flow.verify()
