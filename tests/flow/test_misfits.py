"""A value that its column's type or the driver refuses is one unreadable row, whatever column of whatever table."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import attrs
import pytest
from sqlalchemy import event, literal_column, text, update

from partnerflow import Actor, Partner, Partnerflow, PartnerflowError, Partnership, Refused, Tampered
from partnerflow.adapters.sqlalchemy import open_store, pages
from partnerflow.adapters.sqlalchemy import store as storing
from partnerflow.adapters.sqlalchemy.tables import Exact, default_tables
from partnerflow.flow.bulk import Filing, Step
from partnerflow.history import Head
from partnerflow.policies import Pack
from partnerflow.records import Contact, Insurance
from partnerflow.records.registry import Unread
from partnerflow.testing.clock import TickingClock

TABLES = {table.name: table for table in default_tables().metadata.sorted_tables}
COLUMNS = [
    (table.name, column.name)
    for table in TABLES.values()
    for column in table.columns
    if column.name != "tenant" and table.name != "pf_schema"  # the rows of another tenant, and of no partnership
]
HOSTILE = (("'?'", "asc"), ("x'ff00'", "desc"), ("cast(x'c328' as text)", "asc"))
"""A text, a blob and a text that is not in UTF-8, in the first row or the last."""
WHOSE = {
    "pf_partner": "id = :partner",
    "pf_outside_id": "partner_id = :partner",
    "pf_partnership": "id = :own",
    "pf_entry": "file_id in (:partner, :own)",
    "pf_receipt": "key = 'sick'",
    "pf_pack": "1 = 1",
}
READ_OF_STEPS = {("pf_transition", column) for column in ("trigger", "source", "target", "since", "at", "by", "reason")}
"""What every evaluation reads of a step."""
DERIVED = ("pf_partner", "pf_outside_id", "pf_site", "pf_place", "pf_word", "pf_obligation")
UNDER_ANOTHER_NAME = (("pf_obligation", "code"), ("pf_outside_id", "partner_id"))
"""What is written anew lies beside what cannot be read, and does not replace it."""
PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "protect-history.md"


def checked_by_verify() -> dict[str, set[str]]:
    """Return the columns of which the page says that `verify` checks them."""
    rows = re.findall(r"^\| (`pf_.*?) \| (.*?) \|.*\|.*\|$", PAGE.read_text("utf-8"), re.MULTILINE)
    found = {
        table: {c.name for c in TABLES[table].columns} if said == "every column" else set(re.findall(r"`(\w+)`", said))
        for tables, said in rows
        for table in re.findall(r"`(pf_\w+)`", tables)
        if table in TABLES
    }
    assert "pf_entry" in found
    return {table: found.get(table, set()) for table in TABLES}


CHECKED = checked_by_verify()


class Lives(NamedTuple):
    """Two partnerships with something in every table, of which one falls sick."""

    path: Path
    sick: Partnership
    other: Partnership
    clock: TickingClock
    heads: tuple[Head, ...]


@pytest.fixture(scope="module")
def few(pack: Pack) -> Pack:
    """A pack with some rules, because what they say is not what is tested."""
    some = [rule for rule in pack.rules if rule.policy.authority or rule.policy.code in ("SAFE-002", "SAFE-004")]
    return attrs.evolve(pack, rules=tuple(some))


@pytest.fixture(scope="module")
def lives(
    tmp_path_factory: pytest.TempPathFactory, tabled_file: Path, few: Pack, walked_to: Any, riverbend: Partner
) -> Lives:
    from .conftest import START

    path = Path(shutil.copy(tabled_file, tmp_path_factory.mktemp("lives") / "partners.db"))
    clock, store = TickingClock(START), open_store(f"sqlite:///{path}")
    flow = Partnerflow(store=store, pack=few, clock=clock)
    office = Actor("a.anderson", side="district", roles={"partnership_office"})
    partners = [
        attrs.evolve(riverbend, ids={"ein": "98-7654321"}),
        attrs.evolve(riverbend, name="Another", ids={"ein": "12-3456789"}),
    ]
    sick, other = (
        walked_to(flow, "active", partner=partner, site=site)
        for partner, site in zip(partners, ("255901001", "255901002"), strict=True)
    )
    for each, key in ((sick, "sick"), (other, "well")):
        flow.file(each.id, Contact(name="Somebody"), by=office, idempotency_key=key)
        with pytest.raises(Refused):
            flow.fire(each.id, "approve", by=office)
    flow.sweep()
    heads = tuple(flow.heads())
    store.close()
    return Lives(path, sick, other, clock, heads)


def damage(path: Path, lives: Lives, table: str, column: str, value: str, which: str) -> None:
    """Set a column of one row of the sick partnership."""
    connection = sqlite3.connect(path)
    where = WHOSE.get(table, "partnership_id = :own")
    row = f"select rowid from {table} where {where} order by rowid {which} limit 1"
    names = {"own": lives.sick.id.hex, "partner": lives.sick.partner_id.hex}
    done = connection.execute(f'update {table} set "{column}" = {value} where rowid = ({row})', names)
    connection.commit()
    connection.close()
    assert done.rowcount == 1, table


@pytest.fixture
def opened(tmp_path: Path, lives: Lives, few: Pack) -> Iterator[Callable[..., Partnerflow]]:
    stores = []

    def open_damaged(*where: str, listening: bool = False) -> Partnerflow:
        path = Path(shutil.copy(lives.path, tmp_path / f"{len(stores)}.db"))
        damage(path, lives, *where)
        store = open_store(f"sqlite:///{path}")
        if listening:  # so that everything goes through SQLAlchemy
            event.listen(store.engine, "before_cursor_execute", lambda *_: None)
        stores.append(store)
        return Partnerflow(store=store, pack=few, clock=lives.clock)

    yield open_damaged
    for store in stores:
        store.close()


@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=[".".join(each) for each in COLUMNS])
def test_a_value_that_no_column_should_have_bricks_nobody_else(
    table: str, column: str, opened: Callable[..., Any], lives: Lives, office: Actor
) -> None:
    for place, (value, which) in enumerate(HOSTILE):
        if is_misfit(table, column, value):
            flow = opened(table, column, value, which, listening=place == 1)
            everybodys_calls_work(flow, lives, office)
            the_sick_one_is_named(flow, lives, table, column)
            own_calls_raise_errors_of_ours_alone(flow, lives, office)


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_pages_that_end_with_misfits_give_everything_once(
    flow: Partnerflow, office: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    for paged, size in ((pages, "PAGE"), (storing, "AS_OF_PAGE")):
        monkeypatch.setattr(paged, size, 2)
    first = flow.propose(Partner(name="A"), by=office)
    for _ in range(11):
        flow.propose(first.partner_id, by=office)
    ids = [each.id for each in flow.find()]
    url = flow.store.engine.url.database  # type: ignore[attr-defined]
    connection = sqlite3.connect(url)
    for place in (1, 3, 4, 5, 10, 11):
        connection.execute("update pf_partnership set since = '?' where id = ?", [ids[place].hex])
    connection.commit()
    connection.close()
    assert [each.id for each in flow.find()] == ids
    assert [each.id for each in flow.find(limit=5)] == ids[:5]
    assert [each.id for each in flow.find(as_of=datetime(2099, 1, 1, tzinfo=UTC))] == ids
    assert sorted(head.id for head in flow.heads() if head.chain == "history") == [
        each for place, each in enumerate(ids) if place not in (1, 3, 4, 5, 10, 11)
    ]
    assert len(flow.sweep(everything=True).unjudged) == 6


def everybodys_calls_work(flow: Partnerflow, lives: Lives, office: Actor) -> None:
    other = lives.other
    for found in (flow.find(), flow.find(text="another"), flow.find(site="255901002"), flow.find(as_of=lives.clock())):
        assert other.id in {each.id for each in found}
    assert other.id in {each.id for each in flow.find(due_before=date(2099, 1, 1))}
    assert {item.partnership_id for item in flow.due(before=date(2099, 1, 1))} >= {other.id}
    assert flow.counts()["active"] >= 1
    for rows in (flow.inventory(), flow.inventory(as_of=lives.clock()), flow.inventory(evaluated=False)):
        assert [row.error for row in rows if row.partnership.id == other.id] == [None]
    assert other.id in {head.id for head in flow.heads()}
    fewer = attrs.evolve(flow.pack, version="2", rules=flow.pack.rules[1:])
    for compared in (flow.compare(fewer), flow.compare()):
        assert [each.unjudged for each in compared if each.id == other.id] == [None]
    assert flow.impact(fewer).compared >= 1
    assert other.id not in flow.sweep().unjudged
    with suppress(PartnerflowError):  # raised at the end, after the dossiers of all others
        list(flow.waiting())
    assert flow.sites() == ()
    assert {item.partnership_id for item in flow.due(before=date(2099, 1, 1))} >= {other.id}
    done = list(
        flow.file_many([Filing(each.id, (Contact(name="A"),)) for each in (lives.sick, other)], by=office, key="files")
    )
    done += flow.fire_many([Step(each.id, "renew") for each in (lives.sick, other)], by=office, key="steps")
    assert done[1].outcome == "done"
    assert done[3].outcome in ("done", "refused"), done[3].error
    assert all(each.error is None or isinstance(each.error, PartnerflowError) for each in done)
    assert flow.file(other.id, Contact(name="B"), by=office, idempotency_key="well too")
    assert flow.options(other.id, by=office)
    assert flow.propose(Partner(name="New"), by=office)


def the_sick_one_is_named(flow: Partnerflow, lives: Lives, table: str, column: str) -> None:
    sick, other = lives.sick.id, lives.other.id
    faults = faults_of(flow, lives)
    assert not any(str(other) in fault for fault in faults)
    assert faults or column not in CHECKED[table]
    listed = {row.partnership.id: row.error for row in flow.inventory()}
    if table == "pf_entry" and column != "file_id":
        assert [each for each in flow.entries_of(sick) if isinstance(each.record, Unread)]
    if table in ("pf_partnership", "pf_obligation") or (table, column) in READ_OF_STEPS:
        assert (listed.get(sick) is not None) == (column not in ("id", "partnership_id"))
        assert len([error for error in listed.values() if error]) == (column != "partnership_id")
    swept = flow.sweep(everything=True)
    assert other not in swept.unjudged
    if table == "pf_partnership" or (table, column) in READ_OF_STEPS:
        assert len(swept.unjudged) == 1
    elif table in DERIVED and (table, column) not in UNDER_ANOTHER_NAME:
        assert sick not in swept.unjudged
        assert [row.error for row in flow.inventory() if row.partnership.id == sick] == [None]


def own_calls_raise_errors_of_ours_alone(flow: Partnerflow, lives: Lives, office: Actor) -> None:
    sick = lives.sick.id
    for call in (
        lambda: flow.explain(sick),
        lambda: flow.dossier(sick),
        lambda: flow.dossier(sick, as_of=lives.clock()),
        lambda: flow.history(sick),
        lambda: flow.attempts(sick),
        lambda: flow.events_of(sick),
        lambda: flow.obligations(sick),
        lambda: flow.due(sick),
        lambda: flow.entries_of(sick),
        lambda: flow.partner(lives.sick.partner_id),
        lambda: flow.options(sick, by=office),
        lambda: flow.fire(sick, "end", by=office, reason="x"),
        lambda: flow.file(sick, Insurance(line="auto"), by=office, idempotency_key="sick"),
        lambda: flow.file(sick, Contact(name="C"), by=office),
        lambda: flow.redact(sick, steps=[1], by=office, reason="x"),
        lambda: list(flow.purge(before=date(2026, 1, 1), by=office, reason="x")),
    ):
        with suppress(PartnerflowError):
            call()


def is_misfit(table: str, column: str, value: str) -> bool:
    """Return whether a value is not of its column's type; SQLite makes a text of a number in a column of texts."""
    return not isinstance(TABLES[table].c[column].type, Exact) or value.startswith(("x", "cast"))


def faults_of(flow: Partnerflow, lives: Lives) -> tuple[str, ...]:
    try:
        flow.verify(against=lives.heads)
    except Tampered as tampered:
        return tampered.links
    return ()


@pytest.mark.parametrize(
    ("store", "column", "value"),
    [
        ("postgresql", "since", "'infinity'"),
        ("postgresql", "recorded_at", "'infinity'"),
        ("mariadb", "since", "'0000-00-00'"),
    ],
    indirect=["store"],
)
def test_a_day_that_the_calendar_of_python_lacks_is_a_misfit_on_every_database(
    flow: Partnerflow, office: Actor, column: str, value: str
) -> None:
    sick, other = (flow.propose(Partner(name=name), by=office) for name in ("A", "B"))
    engine: Any = flow.store.engine  # type: ignore[attr-defined]
    with engine.begin() as connection:
        if engine.dialect.name == "mariadb":
            connection.execute(text("set sql_mode = ''"))
        table = default_tables().partnership
        connection.execute(update(table).where(table.c.id == sick.id).values({column: literal_column(value)}))
    errors = {row.partnership.id: row.error for row in flow.inventory()}
    assert errors[other.id] is None
    assert f"{column} is {value}" in str(errors[sick.id])
    assert [*flow.sweep(everything=True).unjudged] == [sick.id]
    with pytest.raises(Tampered, match=f"partnership {sick.id}: cannot be read"):
        flow.verify()
