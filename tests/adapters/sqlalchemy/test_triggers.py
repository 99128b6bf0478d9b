"""A database that was told to keep history refuses whoever would change it, and lets every call of ours through."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Date,
    Engine,
    Integer,
    Table,
    Uuid,
    create_engine,
    delete,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Session

import partnerflow
from partnerflow import DISTRICT, Partner, Partnerflow, Refused, SchemaMismatch, StoreError
from partnerflow.adapters.sqlalchemy import (
    SCHEMA_VERSION,
    SQLAlchemyStore,
    Tables,
    create_tables,
    open_store,
    protect_history,
    unprotect_history,
)
from partnerflow.adapters.sqlalchemy.tables import UTCDateTime
from partnerflow.flow.bulk import Adoption, Filing, Step
from partnerflow.history import START as NOTHING
from partnerflow.policies.toml import read_pack
from partnerflow.records import Contact, Insurance, Need, Site
from partnerflow.testing import OFFICE, StoreContract
from partnerflow.testing.clock import TickingClock
from partnerflow.testing.contract.fixtures import START

SOURCE = Path(partnerflow.__file__).parents[1]
FROZEN = Path(__file__).parents[2] / "data" / "schema-v1.sql"
NOTHING_ASKED = read_pack('[pack]\nname = "x"\nversion = "1"\nretention_months = 12\n', "x.toml", [])
HASH, DAY = "0" * 64, timedelta(days=1)
GONE = r"partnerflow keeps history: nothing in {} is taken away"
CHANGED = r"partnerflow keeps history: nothing in {} is changed"


@pytest.fixture
def engine(bare_url: str) -> Iterator[Engine]:
    """A database with our tables, protected."""
    made = create_engine(bare_url)
    create_tables(made)
    protect_history(made)
    yield made
    made.dispose()


@pytest.fixture
def flow(engine: Engine) -> Partnerflow:
    return Partnerflow(store=SQLAlchemyStore(engine), pack=NOTHING_ASKED, clock=TickingClock(START))


@pytest.fixture
def lived(flow: Partnerflow) -> UUID:
    """A partnership with steps and records of which some were blanked."""
    p = flow.propose(Partner(name="Riverbend"), by=OFFICE, reason="a letter")
    flow.fire(p.id, "begin_vetting", by=OFFICE, reason="in order")
    need, cover, *_ = flow.file(p.id, Need(need="a"), Insurance(line="x"), Need(need="b"), by=OFFICE)
    for entry in (need, cover):
        assert entry.id is not None
        flow.retract(p.id, entry.id, by=OFFICE, reason="wrong")
        flow.redact(p.id, entries=[entry.id], by=OFFICE, reason="a court says so")
    flow.redact(p.id, steps=[1], by=OFFICE, reason="a court says so")
    return p.id


def refused(engine: Engine, statement: Any, says: str) -> None:
    """Say something, and see it refused."""
    with pytest.raises(DBAPIError, match=says), engine.begin() as connection:
        connection.execute(statement)


def everything(engine: Engine, tables: Tables | None = None) -> dict[str, list[Any]]:
    with engine.connect() as connection:
        names = (tables or Tables()).metadata.sorted_tables
        return {table.name: sorted(map(repr, connection.execute(select(table)))) for table in names}


def triggers(connection: Connection, schema: str | None = None) -> list[str]:
    """Name the triggers that there are."""
    kind = connection.dialect.name
    if kind == "sqlite":
        said = f"select name from {schema or 'main'}.sqlite_master where type = 'trigger'"
    elif kind == "postgresql":
        said = (
            "select tgname from pg_trigger join pg_class on pg_class.oid = tgrelid "
            f"where not tgisinternal and relnamespace = '{schema or 'public'}'::regnamespace"
        )
    else:
        said = "select trigger_name from information_schema.triggers where trigger_schema = "
        said += f"'{schema}'" if schema else "database()"
    return sorted(connection.execute(text(said)).scalars())


# --- what goes through -----------------------------------------------------------------------------------------------


def test_every_call_does_its_work(flow: Partnerflow) -> None:
    clock = flow.clock
    assert isinstance(clock, TickingClock)
    p = flow.propose(Partner(name="Riverbend", ids={"ein": "1"}), by=OFFICE, idempotency_key="k")
    assert flow.propose(Partner(name="Riverbend", ids={"ein": "1"}), by=OFFICE, idempotency_key="k") == p
    flow.register(Partner(name="Nobody yet"), by=OFFICE)
    q = flow.adopt(p.partner_id, state="active", by=OFFICE, reason="in place", since=date(2019, 8, 1))
    need, contact = flow.file(p.id, Need(need="a"), Contact(name="Ines", phone="555 0101"), by=OFFICE)
    flow.file(p.id, Partner(name="Riverbend Youth Center", ids={"ein": "2"}), by=OFFICE)
    flow.file(DISTRICT, Site(site="s", name="S"), by=OFFICE)
    for entry in (need, contact):
        assert entry.id is not None
        flow.retract(p.id, entry.id, by=OFFICE, reason="wrong")
    flow.fire(p.id, "begin_vetting", by=OFFICE, reason="in order")
    with pytest.raises(Refused):
        flow.fire(p.id, "activate", by=OFFICE)
    flow.redact(p.id, entries=[need.id, contact.id], steps=[1, 2], by=OFFICE, reason="a court says so")  # type: ignore[list-item]
    flow.redact(p.id, entries=[need.id], steps=[1], by=OFFICE, reason="once more")  # type: ignore[list-item]
    adoptions = [Adoption(Partner(name=f"P{n}"), state="active", reason="in place") for n in range(3)]
    ids = [one.work[0] for one in flow.adopt_many(adoptions, by=OFFICE, key="a")]
    filings = [Filing(each, [Need(need="b")]) for each in ids]
    steps = [Step(each, "amend", reason="more") for each in ids]
    for _ in range(2):
        assert {one.outcome for one in flow.file_many(filings, by=OFFICE, key="f")} == {"done"}
        assert {one.outcome for one in flow.fire_many(steps, by=OFFICE, key="s")} == {"done"}
    for each in (p, q):
        flow.fire(each.id, "withdraw" if each == p else "end", by=OFFICE, reason="it is over")
    clock.move_on(days=800)
    assert {each.partnership_id for each in flow.purge(before=date(2090, 1, 1), by=OFFICE, reason="too old")} == {
        p.id,
        q.id,
    }
    flow.sweep()
    flow.verify(against=list(flow.heads()))


class TestProtected(StoreContract):
    """Whatever a store must do, a protected one does."""

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[SQLAlchemyStore]:
        made = open_store(f"sqlite:///{tmp_path / 'partners.db'}", tenant="north")
        protect_history(made.engine)
        yield made
        made.engine.dispose()

    @pytest.fixture
    def other_tenant(self, store: SQLAlchemyStore) -> SQLAlchemyStore:
        return SQLAlchemyStore(store.engine, tenant="South")


def test_an_event_may_be_pruned_and_what_can_be_made_again_may_change(engine: Engine, lived: UUID) -> None:
    t = Tables()
    with engine.begin() as connection:
        assert connection.execute(delete(t.outbox)).rowcount > 0
        connection.execute(update(t.partnership).values(judged_by="x"))
        connection.execute(delete(t.attempt))
        connection.execute(delete(t.word))


def test_saying_again_what_is_there_is_no_change(engine: Engine, lived: UUID) -> None:
    t = Tables()
    with engine.begin() as connection:
        for table in (t.entry, t.transition, t.outbox):
            connection.execute(update(table).values({column.name: column for column in table.columns}))


# --- what does not ---------------------------------------------------------------------------------------------------

TABLES = ("entry", "transition", "outbox")


def another(column: Column[Any]) -> Any:
    """Return a value that no row has."""
    of_type: dict[type[Any], Any] = {Integer: 77, Uuid: uuid4(), Date: date(1999, 1, 1), UTCDateTime: START - DAY}
    return next((value for kind, value in of_type.items() if isinstance(column.type, kind)), "x")


def rows(engine: Engine, table: Table) -> dict[UUID, dict[str, Any]]:
    with engine.connect() as connection:
        return {row["id"]: dict(row) for row in connection.execute(select(table).order_by(table.c.id)).mappings()}


def some(engine: Engine, table: Table, *, blank: bool) -> ColumnElement[bool]:
    """Name one row that was blanked, or one that was not."""
    names = [name for name in ("redacted", "reason_redacted") if name in table.c]
    return table.c.id == next(
        each for each, row in rows(engine, table).items() if any(row[name] for name in names) is blank
    )


@pytest.mark.parametrize("name", TABLES)
def test_no_column_of_any_row_can_be_changed(engine: Engine, lived: UUID, name: str) -> None:
    table: Table = getattr(Tables(), name)
    before = rows(engine, table)
    for row_id, row in before.items():
        for column in table.columns:
            for value in {another(column), None} if column.nullable else {another(column)}:
                if row[column.name] != value:
                    changing = update(table).where(table.c.id == row_id).values({column.name: value})
                    refused(engine, changing, CHANGED.format(table.name))
    assert rows(engine, table) == before


HALVES: list[dict[str, Any]] = [
    {"text": ""},
    {"redacted": HASH},
    {"text": "", "redacted": "0"},
    {"text": "x", "redacted": HASH},
    {"text": "", "redacted": HASH, "kind": "x"},
    {"text": "", "redacted": HASH, "link": HASH},
    {"decision": "", "reason": None},
    {"decision": ""},
    {"decision": "", "decision_redacted": ""},
    {"decision": "{}", "decision_redacted": HASH},
    {"reason_redacted": HASH},
    {"reason": "", "reason_redacted": HASH},
    {"reason": None, "reason_redacted": HASH, "decision": "", "decision_redacted": HASH, "at": START},
]


@pytest.mark.parametrize("half", HALVES, ids=" ".join)
def test_nothing_is_blanked_but_as_a_redaction_does(engine: Engine, lived: UUID, half: dict[str, Any]) -> None:
    t = Tables()
    table = t.entry if {"text", "redacted"} & set(half) else t.transition
    refused(engine, update(table).where(some(engine, table, blank=False)).values(half), CHANGED.format(table.name))


@pytest.mark.parametrize(
    "back", [{"text": "x"}, {"redacted": None}, {"redacted": HASH}, {"text": "x", "redacted": None}], ids=str
)
def test_what_was_blanked_stays_blank(engine: Engine, lived: UUID, back: dict[str, Any]) -> None:
    t = Tables()
    refused(engine, update(t.entry).where(some(engine, t.entry, blank=True)).values(back), CHANGED.format("pf_entry"))
    steps = {{"text": "decision", "redacted": "decision_redacted"}[name]: value for name, value in back.items()}
    refused(
        engine,
        update(t.transition).where(some(engine, t.transition, blank=True)).values(steps),
        CHANGED.format("pf_transition"),
    )


@pytest.mark.parametrize("name", ["pf_entry", "pf_transition"])
def test_nothing_is_taken_away_in_any_way(engine: Engine, lived: UUID, name: str) -> None:
    before, says = everything(engine), GONE.format(name)
    key = {"pf_entry": "file_id, seq", "pf_transition": "partnership_id, version"}[name]
    refused(engine, text(f"delete from {name}"), says)
    refused(engine, text(f"delete from {name} where tenant = 'default'"), says)
    match engine.dialect.name:
        case "postgresql":
            refused(engine, text(f"truncate {name}"), says)
            refused(engine, text(f"truncate {name} cascade"), says)
            upsert = f"insert into {name} select * from {name} on conflict (tenant, {key}) do update set link = 'x'"
            refused(engine, text(upsert), CHANGED.format(name))
        case "sqlite":
            for how in ("insert or replace", "replace", "insert or ignore", "insert or fail"):
                refused(engine, text(f"{how} into {name} select * from {name}"), says)
            refused(
                engine, text(f"update or replace {name} set id = (select max(id) from {name})"), CHANGED.format(name)
            )
        case _:
            refused(engine, text(f"replace into {name} select * from {name}"), says)
            upsert = f"insert into {name} select * from {name} on duplicate key update link = 'x'"
            refused(engine, text(upsert), CHANGED.format(name))
    assert everything(engine) == before


class Base(DeclarativeBase):
    """A host's own models."""


class Row(Base):
    """A row of ours, as a host should not map it."""

    __tablename__ = "pf_entry"
    tenant = Column(Tables().entry.c.tenant.type, primary_key=True)
    file_id = Column(Tables().entry.c.file_id.type, primary_key=True)
    seq = Column(Integer, primary_key=True)
    text = Column(Tables().entry.c.text.type)


def test_a_caller_of_ours_is_told_in_words(flow: Partnerflow, engine: Engine, lived: UUID) -> None:
    """A host's Session that has such a change in it flushes it before our first statement."""
    with Session(engine) as session:
        session.query(Row).filter_by(seq=1).first().text = "forged"  # type: ignore[union-attr]
        with pytest.raises(StoreError) as caught:
            flow.within(session).file(lived, Need(need="c"), by=OFFICE)
    assert type(caught.value) is StoreError
    assert str(caught.value) == (
        "the database refuses this: partnerflow keeps history: nothing in pf_entry is changed, but blanked by redact"
    )
    with Session(engine) as session:
        session.delete(session.query(Row).filter_by(seq=1).first())
        with pytest.raises(StoreError, match=GONE.format("pf_entry") + "$"):
            flow.within(session).dossier(lived)


# --- on and off ------------------------------------------------------------------------------------------------------


def test_they_are_made_once_and_taken_off_whole(engine: Engine, lived: UUID) -> None:
    with engine.connect() as connection:
        made = triggers(connection)
    assert all(name.startswith("pf_") for name in made)
    protect_history(engine)
    with engine.connect() as connection:
        assert triggers(connection) == made
    unprotect_history(engine)
    unprotect_history(engine)
    with engine.begin() as connection:
        assert triggers(connection) == []
        if connection.dialect.name == "postgresql":
            assert connection.scalar(text("select count(*) from pg_proc where proname like 'pf_%'")) == 0
        connection.execute(update(Tables().entry).values(kind="x"))
        connection.execute(delete(Tables().transition))


# MariaDB commits at every CREATE
@pytest.mark.parametrize("bare_url", ["sqlite", "postgresql"], indirect=True)
def test_it_is_within_the_hosts_transaction_and_goes_with_it(engine: Engine) -> None:
    unprotect_history(engine)
    with engine.connect() as connection:
        protect_history(connection)
        assert connection.in_transaction()
        assert triggers(connection)
        connection.rollback()
    with engine.connect() as connection:
        assert triggers(connection) == []


STARTING = """
from sqlalchemy import create_engine
from partnerflow.adapters.sqlalchemy import create_tables, protect_history

engine = create_engine(url)
there.send("ready")
there.recv()
create_tables(engine)
protect_history(engine)
"""


def test_several_processes_that_start_at_once_protect_it_once(bare_url: str, process: Any) -> None:
    children = [process(STARTING, url=bare_url) for _ in range(4)]
    for child in children:
        child.go()
    assert [child.ended() for child in children] == [(0, [])] * 4
    engine = create_engine(bare_url)
    refused_for_all(engine)
    engine.dispose()


def refused_for_all(engine: Engine, tables: Tables | None = None) -> None:
    """See that a protected database holds what a flow puts there."""
    wanted = tables or Tables()
    flow = Partnerflow(store=SQLAlchemyStore(engine, tables=wanted), pack=NOTHING_ASKED)
    p = flow.propose(Partner(name="Riverbend"), by=OFFICE)
    flow.redact(p.id, steps=[1], by=OFFICE, reason="a court says so")
    for table in (wanted.entry, wanted.transition):
        refused(engine, delete(table), GONE.format(table.name))
        refused(engine, update(table).values(link=NOTHING), CHANGED.format(table.name))
    refused(engine, update(wanted.outbox).values(body="{}"), CHANGED.format(wanted.outbox.name))
    flow.verify()


def test_the_prefix_is_that_of_the_tables_and_others_beside_them_are_left_alone(engine: Engine) -> None:
    other = Tables(prefix="Order_")  # a word that must be quoted, and letters that a database may fold
    create_tables(engine, other)
    with engine.connect() as connection:
        ours = triggers(connection)
    protect_history(engine, other)
    with engine.connect() as connection:
        both = triggers(connection)
    assert len(both) == 2 * len(ours)
    assert {name[:6] for name in both if name not in ours} == {"Order_"}
    refused_for_all(engine, other)
    unprotect_history(engine, other)
    with engine.connect() as connection:
        assert triggers(connection) == ours
    refused_for_all(engine)


def test_tables_in_a_schema_of_their_own_are_protected_there(bare_url: str, tmp_path: Path) -> None:
    tables, engine = Tables(schema="Group_of_partners"), create_engine(bare_url)
    quoted = engine.dialect.identifier_preparer.quote("Group_of_partners")
    if engine.dialect.name == "sqlite":
        engine = create_engine(
            "sqlite://", creator=lambda: _attached(tmp_path / "main.db", tmp_path / "partners.db"), poolclass=None
        )
    else:
        with engine.begin() as connection:
            connection.execute(text(f"drop schema if exists {quoted}"))
            connection.execute(text(f"create schema {quoted}"))
    create_tables(engine, tables)
    protect_history(engine, tables)
    refused_for_all(engine, tables)
    with engine.connect() as connection:
        there = triggers(
            connection, "Group_of_partners" if engine.dialect.name != "postgresql" else '"Group_of_partners"'
        )
        assert there
        assert triggers(connection) == []
    unprotect_history(engine, tables)
    with engine.begin() as connection:
        connection.execute(delete(tables.entry))
        if engine.dialect.name != "sqlite":
            tables.metadata.drop_all(connection)
            connection.execute(text(f"drop schema {quoted}"))
    engine.dispose()


def _attached(main: Path, beside: Path) -> sqlite3.Connection:
    raw = sqlite3.connect(main, check_same_thread=False)
    raw.execute(f"attach '{beside}' as Group_of_partners")
    return raw


# --- and the tables themselves ---------------------------------------------------------------------------------------


def test_the_tables_are_as_they_were_and_can_be_dropped_and_made_again(engine: Engine) -> None:
    def described() -> dict[str, Any]:
        seen = inspect(engine)
        return {name: (seen.get_columns(name), seen.get_indexes(name)) for name in sorted(seen.get_table_names())}

    protected = repr(described())
    unprotect_history(engine)
    assert repr(described()) == protected
    protect_history(engine)
    Tables().metadata.drop_all(engine)
    create_tables(engine)
    protect_history(engine)
    refused_for_all(engine)


def test_older_tables_are_brought_to_this_release_first(tmp_path: Path) -> None:
    migrations = pytest.importorskip("partnerflow.adapters.sqlalchemy.migrations")
    raw = sqlite3.connect(tmp_path / "then.db")
    raw.executescript(FROZEN.read_text(encoding="utf-8"))
    raw.close()
    url = f"sqlite:///{tmp_path / 'then.db'}"
    engine = create_engine(url)
    with pytest.raises(SchemaMismatch, match=r"of schema version 1, .*run partnerflow db upgrade"):
        protect_history(engine)
    with engine.connect() as connection:
        assert triggers(connection) == []
    assert migrations.upgrade_database(url) == (1, SCHEMA_VERSION)
    protect_history(engine)
    refused_for_all(engine)
    assert migrations.upgrade_database(url) == (SCHEMA_VERSION, SCHEMA_VERSION)
    engine.dispose()


def test_a_later_release_can_add_a_column_and_fill_it(
    engine: Engine, bare_url: str, lived: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrations = pytest.importorskip("partnerflow.adapters.sqlalchemy.migrations")
    runner, version = migrations.runner, sys.modules["partnerflow.adapters.sqlalchemy.version"]
    from partnerflow.adapters.sqlalchemy.migrations import database

    newer = SCHEMA_VERSION + 1

    def step(bench: Any) -> None:
        for table in ("entry", "transition", "outbox"):
            bench.column(table, Column("added", Integer))
            bench.op.execute(update(bench.rows(table, "added")).values(added=7))

    monkeypatch.setattr(runner, "STEPS", {**runner.STEPS, newer: step})
    for module in (runner, database):
        monkeypatch.setattr(module, "NEWEST", newer)
    assert migrations.upgrade_database(bare_url) == (SCHEMA_VERSION, newer)
    with engine.connect() as connection:
        assert connection.scalar(text("select min(added) from pf_entry")) == 7
    refused(engine, delete(Tables().entry), GONE.format("pf_entry"))
    refused(engine, update(Tables().entry).values(kind="x"), CHANGED.format("pf_entry"))
    with engine.begin() as connection:  # as of an older release again, which knows nothing of the column
        connection.execute(update(Tables().schema).values(version=SCHEMA_VERSION))
    assert version.SCHEMA_VERSION == SCHEMA_VERSION


def test_where_there_are_no_tables_it_says_what_to_run(bare_url: str) -> None:
    engine = create_engine(bare_url)
    for doing in (protect_history, unprotect_history):
        with pytest.raises(SchemaMismatch, match="there is no table pf_schema here: run partnerflow db upgrade"):
            doing(engine)
    engine.dispose()


def test_a_database_that_does_not_let_us_is_named(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'p.db'}")
    create_tables(engine)
    engine.dispose()
    reader = create_engine(f"sqlite:///file:{tmp_path / 'p.db'}?mode=ro&uri=true")
    with pytest.raises(StoreError, match="readonly"):
        protect_history(reader)
    reader.dispose()


@pytest.mark.parametrize("bare_url", ["postgresql"], indirect=True)
def test_who_does_not_own_the_tables_is_told_so(engine: Engine) -> None:
    role = f"partnerflow_test_{uuid4().hex[:8]}"
    with engine.connect() as connection:
        connection.execute(text(f"create role {role}"))
        connection.execute(text(f"grant select, insert, update, delete on all tables in schema public to {role}"))
        connection.execute(text(f"set local role {role}"))
        with pytest.raises(StoreError, match="does not allow its triggers to be changed: permission denied"):
            protect_history(connection)
        connection.rollback()  # the role with it
