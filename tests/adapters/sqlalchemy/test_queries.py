"""Whatever is looked for is found by an index, and what has happened long ago costs nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, create_engine, event, insert, text, update

from partnerflow import Partnerflow
from partnerflow.adapters.sqlalchemy import SQLAlchemyStore, Tables
from partnerflow.policies import Pack

FREE = Pack(name="free", version="1", rules=())
T = Tables()
MANY = 600
FIRST_STEPS, LATER_STEPS = range(1, 5), range(5, 45)
START, DAY = datetime(2026, 9, 1, tzinfo=UTC), date(2027, 1, 1)
EARLY = START + timedelta(days=2, hours=1)
ALIASES = {"theirs": "partnership", "there": "transition", "entered": "transition", "as_then": "transition"}
"""What a statement calls a table that it reads more than once."""
BY_URL: Mapping[str, dict[str, Any]] = {"postgresql": {"options": "-c enable_seqscan=off"}}
"""A small table is read whole for good reason; what is asked here is what is done with a large one."""


# --- a district with much to look through ----------------------------------------------------------------------------


def partnership(number: int) -> UUID:
    return UUID(int=1_000_000 + number)


def partner(number: int) -> UUID:
    return UUID(int=1_000 + number)


def state(number: int) -> str:
    return "vetting" if number % 150 == 7 else "terminated" if number % 2 else "active"


def digest(number: int) -> str:
    return "" if number % 100 == 9 else "an older one" if number % 100 == 10 else FREE.digest


def add(connection: Connection, table: Any, values: Iterable[dict[str, Any]], tenant: str = "default") -> None:
    rows = [{"tenant": tenant, **each} for each in values]
    for some in range(0, len(rows), 1000):
        connection.execute(insert(table), rows[some : some + 1000])


def fill(connection: Connection) -> None:
    every = range(MANY)
    add(connection, T.partner, ({"id": partner(n), "name": f"Club {n}", "kind": f"k{n % 40}"} for n in every))
    ids = ({"system": "edfi", "value": f"{n}", "partner_id": partner(n)} for n in every)
    add(connection, T.outside_id, ids)
    rest = {"link": "x", "made_under": "default 1", "events": 1}
    add(connection, T.partnership, (
        {"id": partnership(n), "partner_id": partner(n), "state": state(n), "since": DAY, "version": FIRST_STEPS[-1],
         "succeeds": None, "recorded_at": START, "judged_by": digest(n), **rest}
        for n in every
    ))  # fmt: skip
    add(connection, T.site, ({"site": f"s{n % 40}", "partnership_id": partnership(n)} for n in every))
    words = (("text", "club"), ("text", "name"), ("service", "choir"), ("contact", "ines"))
    add(connection, T.word, (
        {"field": field, "word": f"{word}{n % 40 if word != 'club' else ''}", "partnership_id": partnership(n)}
        for n in every for field, word in words
    ))  # fmt: skip
    add(connection, T.obligation, (
        {"partnership_id": partnership(n), "code": f"C-{code}", "title": "t", "holds": code < 5,
         "due_on": DAY + timedelta(days=n) if code < 3 else None, "told_broken": False,
         "missed_on": DAY + timedelta(days=n) if code == 7 else None, "reminded_due": None, "reminded_lead": None,
         "look_on": DAY + timedelta(days=n) if code < 3 else None}
        for n in every for code in range(8)
    ))  # fmt: skip


def remember(connection: Connection, steps: range) -> None:
    """Add to the history of each partnership, a step a day."""
    actor, which = json.dumps({"id": "a"}), [(n, step) for n in range(MANY) for step in steps]

    def one(kind: int, number: int, step: int) -> UUID:
        return UUID(int=kind << 100 | number << 40 | step)

    add(connection, T.transition, (
        {"partnership_id": partnership(n), "version": step, "id": one(1, n, step), "trigger": "amend",
         "source": state(n), "target": state(n), "at": START + timedelta(days=step), "by": actor, "reason": "r",
         "recorded_at": START + timedelta(days=step), "lifecycle": "default 1", "event": "e", "decision": "{}",
         "partner_seq": 1, "partner_link": "x", "file_seq": 0, "file_link": "x", "previous": "x", "link": "x",
         "entered": 1}
        for n, step in which
    ))  # fmt: skip
    add(connection, T.entry, (
        {"file_id": partnership(n), "seq": step, "id": one(2, n, step), "kind": "need", "revision": 1, "text": "{}",
         "documents": "[]", "filed_at": START, "recorded_at": START, "filed_by": actor, "link": "x"}
        for n, step in which
    ))  # fmt: skip
    add(connection, T.outbox, (
        {"partnership_id": partnership(n), "sequence": step, "id": one(3, n, step), "type": "t", "time": START,
         "body": "{}"}
        for n, step in which
    ))  # fmt: skip
    add(connection, T.attempt, (
        {"partnership_id": partnership(n), "recorded_at": START, "id": one(4, n, step), "trigger": "t", "by": "a",
         "at": START, "codes": "[]"}
        for n, step in which
    ))  # fmt: skip
    last = {"version": steps[-1], "recorded_at": START + timedelta(days=steps[-1])}
    connection.execute(update(T.partnership).values(**last))


def take_stock(connection: Connection) -> None:
    """Have a server count what there is, as it does by itself in time; SQLite is asked as it is found."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("analyze"))
    elif connection.dialect.name == "mariadb":
        for table in T.metadata.tables:
            connection.execute(text(f"analyze table {table}")).all()


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    made = create_engine(url, connect_args=BY_URL.get(url.partition("+")[0], {}))
    with made.begin() as connection:
        fill(connection)
        remember(connection, FIRST_STEPS)
    with made.begin() as connection:
        take_stock(connection)
    yield made
    made.dispose()


# --- what is asked ---------------------------------------------------------------------------------------------------


class Query(NamedTuple):
    """Something that is asked for, and the indexes that it must go by: a table and the columns that come first."""

    ask: Callable[[Partnerflow], Any]
    by: tuple[str, ...]


def page(**wanted: Any) -> Callable[[Partnerflow], Any]:
    return lambda flow: list(flow.find(**wanted, after=partnership(3), limit=10))


def counts(**wanted: Any) -> Callable[[Partnerflow], Any]:
    return lambda flow: flow.counts(**wanted)


def due(flow: Partnerflow) -> Any:
    return sorted(set(flow.store.due(DAY + timedelta(days=5), FREE.digest, ["active", "vetting"], ["terminated"])))


SOON = DAY + timedelta(days=9)
WORDS = "word(tenant, field, word"
QUERIES: Mapping[str, Query] = {
    "a page": Query(page(), ("partnership(tenant, id)",)),
    "state": Query(page(state="vetting"), ("partnership(tenant, state",)),
    "site": Query(page(site="s5"), ("site(tenant, site",)),
    "kind": Query(page(kind="k5"), ("partner(tenant, kind",)),
    "partner": Query(page(partner=partner(9)), ("partnership(tenant, partner_id",)),
    "ids": Query(page(ids={"edfi": "9"}), ("outside_id(tenant, system, value)", "partnership(tenant, partner_id")),
    "service": Query(page(service="choir5"), (WORDS,)),
    "contact": Query(page(contact="ines5"), (WORDS,)),
    "text": Query(page(text="club name5"), (WORDS,)),
    "due before": Query(page(due_before=SOON), ("obligation(tenant, due_on", "obligation(tenant, missed_on")),
    "all of it": Query(
        page(state="active", site="s8", kind="k8", service="choir8", contact="ines8", text="club", due_before=SOON),
        (),
    ),
    "counts": Query(counts(), ("partnership(tenant",)),
    "counts of a site": Query(counts(site="s5"), ("site(tenant, site",)),
    "counts of what is due": Query(counts(due_before=SOON), ("obligation(tenant, due_on",)),
    "counts of a kind and text": Query(counts(kind="k5", text="name5"), ()),
    "as of now": Query(page(as_of=START + timedelta(days=400)), ("partnership(tenant, id)",)),
    "as of then": Query(page(as_of=EARLY), ("transition(tenant, partnership_id, recorded_at",)),
    "as of then, state": Query(page(as_of=EARLY, state="vetting"), ("transition(tenant, partnership_id, recorded_at",)),
    "as of then, partner": Query(page(as_of=EARLY, partner=partner(9)), ("partnership(tenant, partner_id",)),
    "due for a sweep": Query(due, ("obligation(tenant, look_on", "partnership(tenant, state, judged_by")),
}  # fmt: skip


def test_each_query_finds_what_it_is_to_find(engine: Engine) -> None:
    flow = Partnerflow(store=SQLAlchemyStore(engine), pack=FREE)
    found = {name: query.ask(flow) for name, query in QUERIES.items()}
    pages = {name: each for name, each in found.items() if isinstance(each, list) and name != "due for a sweep"}
    numbers = {name: [each.id.int - 1_000_000 for each in page] for name, page in pages.items()}
    assert numbers["a page"] == list(range(4, 14))
    for name in ("site", "kind", "service", "contact", "text"):
        assert numbers[name] == list(range(5, 5 + 400, 40)), name
    assert numbers["state"] == numbers["as of then, state"] == list(range(7, MANY, 150))
    assert numbers["partner"] == numbers["ids"] == numbers["as of then, partner"] == [9]
    assert numbers["due before"] == [4, 5, 6, 7, 8]
    assert numbers["all of it"] == [8]
    assert numbers["as of now"] == numbers["as of then"] == numbers["a page"]
    assert {each.version for each in pages["as of then"]} == {2}
    assert sum(found["counts"].values()) == MANY
    assert sum(found["counts of a site"].values()) == sum(found["counts of a kind and text"].values()) == MANY / 40
    assert sum(found["counts of what is due"].values()) == 9
    never = [n for n in range(MANY) if digest(n) == "" or (digest(n) != FREE.digest and state(n) != "terminated")]
    assert [each.int - 1_000_000 for each in found["due for a sweep"]] == sorted({*range(6), *never})


# --- by which index --------------------------------------------------------------------------------------------------


class Entered(NamedTuple):
    """A table, and the columns of an index of it by which rows are gone to; none: it is read from end to end."""

    table: str
    columns: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.table}({', '.join(self.columns)})"


def table_of(index: str) -> str:
    name = re.sub(r"^(ix|uq|sqlite_autoindex)_", "", index).removeprefix(T.prefix)
    names = [each.name.removeprefix(T.prefix) for each in T.metadata.tables.values()]
    return max((each for each in names if name.startswith(f"{each}_")), key=len)


def table_called(name: str) -> str:
    return ALIASES.get(name, name.removeprefix(T.prefix))


def on_sqlite(connection: Connection, statement: str, values: Any) -> Iterator[Entered]:
    for row in connection.exec_driver_sql(f"explain query plan {statement}", values):
        if found := re.search(r"^(?:SCAN|SEARCH) (\S+)(?: USING (?:COVERING )?INDEX (\S+)(?: \((.*)\))?)?", row[3]):
            called, index, terms = found.groups()
            if index is not None:
                yield Entered(table_of(index), tuple(re.findall(r"(\w+)[<>=]", terms or "")))
            elif called.startswith(T.prefix) or called in ALIASES:
                yield Entered(table_called(called), ())


def on_postgresql(connection: Connection, statement: str, values: Any) -> Iterator[Entered]:
    def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield plan
        for each in plan.get("Plans", ()):
            yield from nodes(each)

    (told,) = connection.exec_driver_sql(f"explain (format json) {statement}", values).scalars()
    for node in nodes(told[0]["Plan"]):
        if "Index Name" in node:
            table = table_of(node["Index Name"])
            terms = re.findall(r"\(+(?:\w+\.)?(\w+)\)*(?:::\w+)? (?:[<>=]+|IS NOT)", node.get("Index Cond", ""))
            yield Entered(table, tuple(dict.fromkeys(terms)))
        elif node["Node Type"] == "Seq Scan":
            yield Entered(table_called(node["Relation Name"]), ())


def on_mariadb(connection: Connection, statement: str, values: Any) -> Iterator[Entered]:
    def tables(plan: Any) -> Iterator[dict[str, Any]]:
        if isinstance(plan, dict) and "table_name" in plan:
            yield plan
        for each in plan.values() if isinstance(plan, dict) else plan if isinstance(plan, list) else ():
            yield from tables(each)

    (told,) = connection.exec_driver_sql(f"explain format=json {statement}", values).scalars()
    for table in tables(json.loads(told)):
        if not table["table_name"].startswith("<"):
            whole = table["access_type"] in ("ALL", "index")
            yield Entered(table_called(table["table_name"]), () if whole else tuple(table["used_key_parts"]))


EXPLAINED = {"sqlite": on_sqlite, "postgresql": on_postgresql, "mariadb": on_mariadb}


@contextmanager
def listening(engine: Engine) -> Iterator[list[tuple[str, Any]]]:
    """Note every statement that reads."""
    said: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, statement: str, values: Any, *___: Any) -> None:
        if statement.startswith("SELECT"):
            said.append((statement, values))

    event.listen(engine, "before_cursor_execute", note)
    yield said
    event.remove(engine, "before_cursor_execute", note)


def test_each_query_goes_by_an_index_and_reads_no_history_from_end_to_end(engine: Engine) -> None:
    flow = Partnerflow(store=SQLAlchemyStore(engine), pack=FREE)
    explain = EXPLAINED[engine.dialect.name]
    list(flow.find(limit=1))  # what is asked once, of the tables as a whole, is none of these
    for name, query in QUERIES.items():
        with listening(engine) as said:
            query.ask(flow)
        with engine.connect() as connection:
            entered = [each for statement, values in said for each in explain(connection, statement, values)]
        told = sorted(set(map(str, entered)))
        for each in entered:
            # partnerships may be read in the order of their ids until a page is full, or to be counted; all else is
            # gone to by what is looked for
            least = 1 if each.table == "partnership" else 2
            assert each.columns[:1] == ("tenant",), (name, told)
            assert len(each.columns) >= least, (name, told)
        if name == "due for a sweep":
            assert not [each for each in told if each.startswith("partnership(") and "judged_by" not in each], told
        for index in query.by:
            assert any(each.startswith(index) for each in told), (name, index, told)


# --- and costs nothing for what was ----------------------------------------------------------------------------------


def read_on_sqlite(connection: Connection, ask: Callable[[], Any]) -> int:
    """Count the steps of SQLite's machine."""
    steps = 0

    def step() -> int:
        nonlocal steps
        steps += 1
        return 0

    raw: Any = connection.connection.dbapi_connection
    raw.set_progress_handler(step, 1)
    ask()
    raw.set_progress_handler(None, 0)
    return steps


def read_on_postgresql(connection: Connection, ask: Callable[[], Any]) -> int:
    """Count the rows that are read of tables, by way of an index or not."""
    so_far = text("select sum(seq_tup_read + idx_tup_fetch) from pg_stat_xact_user_tables")

    def rows() -> int:
        return int(connection.execute(so_far).scalar_one() or 0)

    before = rows()
    ask()
    return rows() - before


def read_on_mariadb(connection: Connection, ask: Callable[[], Any]) -> int:
    """Count the rows that are asked of the storage engine."""

    def rows() -> int:
        return sum(int(value) for _, value in connection.execute(text("show session status like 'Handler_read%'")))

    before, as_it_is = rows(), rows()
    ask()
    return rows() - as_it_is - (as_it_is - before)


READ = {"sqlite": read_on_sqlite, "postgresql": read_on_postgresql, "mariadb": read_on_mariadb}


def test_no_query_reads_more_where_more_has_happened(engine: Engine) -> None:
    flow = Partnerflow(store=SQLAlchemyStore(engine), pack=FREE)
    read = READ[engine.dialect.name]

    def costs() -> dict[str, tuple[int, int]]:
        found = {}
        for name, query in QUERIES.items():
            query.ask(flow)
            with engine.connect() as connection, listening(engine) as said:
                joined = flow.within(connection)
                rows = read(connection, lambda query=query, joined=joined: query.ask(joined))
                found[name] = (len(said), rows)
        return found

    before = costs()
    with engine.begin() as connection:
        remember(connection, LATER_STEPS)
    with engine.begin() as connection:
        take_stock(connection)
    after = costs()
    assert {name: statements for name, (statements, _) in after.items()} == {
        name: statements for name, (statements, _) in before.items()
    }
    for name, (_, rows) in after.items():
        assert 0 < rows <= before[name][1], (name, before[name][1], rows)
