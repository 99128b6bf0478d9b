"""Whoever changes what is stored is found out, and what they changed is named."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import attrs
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from partnerflow import DISTRICT, Actor, Head, Partnerflow, Partnership, Tampered
from partnerflow.adapters.memory import MemoryStore
from partnerflow.adapters.sqlalchemy import SQLAlchemyStore, Tables, open_store
from partnerflow.canonical import sha256
from partnerflow.history import Transition, transition_link
from partnerflow.lifecycle import Move
from partnerflow.policies import Pack
from partnerflow.records import Document, Entry, Insurance, Need, Partner, Site, Unregistered
from partnerflow.testing import OFFICE
from partnerflow.testing.clock import TickingClock

TABLES = Tables()
ENTRY_COLUMNS = [column.name for column in TABLES.entry.columns]
TRANSITION_COLUMNS = [column.name for column in TABLES.transition.columns]
ENTRY_FIELDS = [
    field.name for field in attrs.fields(Entry) if field.name != "meaningful"
]  # which is read from the text
TRANSITION_FIELDS = [field.name for field in attrs.fields(Transition) if field.name != "move"]
MOVE_FIELDS = [field.name for field in attrs.fields(Move)]


@pytest.fixture
def lived(flow: Partnerflow, walked_to: Callable) -> Partnership:
    """A partnership with a history, and another whose chains must not be blamed."""
    walked_to(flow, "active", site="another site")
    p = walked_to(flow, "improvement_plan")
    flow.verify()
    return p


def _named(flow: Partnerflow, heads: Sequence[Head] = ()) -> str:
    with pytest.raises(Tampered) as tampered:
        flow.verify(against=heads)
    assert str(tampered.value).startswith(f"{len(tampered.value.links)} link(s) do not hold")
    return "\n".join(tampered.value.links)


def _faults(flow: Partnerflow, heads: Sequence[Head] = ()) -> list[str]:
    return _named(flow, heads).splitlines()


def _other(value: Any) -> Any:
    """Return another value of the same type."""
    match value:
        case None:
            return None
        case datetime():
            return value + timedelta(microseconds=1)
        case date():
            return value + timedelta(days=1)
        case UUID():
            return uuid4()
        case Actor():
            return attrs.evolve(value, id="somebody.else")
        case bool():
            return not value
        case int():
            return value + 1
        case str():
            return value[:-1] + ("0" if value[-1:] != "0" else "1")
        case _:
            return value


# --- in memory -----------------------------------------------------------------------------------------------------


@pytest.fixture
def memory(pack: Pack, clock: TickingClock) -> Partnerflow:
    return Partnerflow(store=MemoryStore(), pack=pack, clock=clock)


@pytest.mark.parametrize("field", TRANSITION_FIELDS)
@pytest.mark.parametrize("place", [0, 2, 4])
def test_editing_any_field_of_a_transition_is_named(
    memory: Partnerflow, walked_to: Callable, field: str, place: int
) -> None:
    p = walked_to(memory, "improvement_plan")
    made = memory.store._data.transitions[p.id]  # type: ignore[attr-defined]
    made[place] = attrs.evolve(made[place], **{field: _other(getattr(made[place], field)) or "x"})
    named = _named(memory)
    assert f"partnership {p.id}" in named
    if field != "version":
        assert f"transition {place + 1}" in named


@pytest.mark.parametrize("field", MOVE_FIELDS)
@pytest.mark.parametrize("place", [0, 2, 4])
def test_editing_any_part_of_a_move_is_named(memory: Partnerflow, walked_to: Callable, field: str, place: int) -> None:
    p = walked_to(memory, "improvement_plan")
    made = memory.store._data.transitions[p.id]  # type: ignore[attr-defined]
    put_in = {"source": "active", "since": date(2019, 8, 1), "reason": "why not"}
    value = _other(getattr(made[place].move, field)) or put_in[field]
    made[place] = attrs.evolve(made[place], move=attrs.evolve(made[place].move, **{field: value}))
    named = _named(memory)
    assert f"partnership {p.id}, transition {place + 1}" in named


@pytest.mark.parametrize("field", ENTRY_FIELDS)
@pytest.mark.parametrize("whose", ["partner", "partnership", "district"])
def test_editing_any_field_of_an_entry_is_named(
    memory: Partnerflow, office: Actor, walked_to: Callable, field: str, whose: str
) -> None:
    p = walked_to(memory, "active")
    memory.file(DISTRICT, Site(site="s", name="S"), Site(site="t", name="T"), by=office)
    file_id = {"partner": p.partner_id, "partnership": p.id, "district": DISTRICT}[whose]
    lying: list[Entry] = memory.store._data.files[file_id]  # type: ignore[attr-defined]
    entry = lying[1]
    put_in = {
        "record": Need(need="another"), "documents": (Document("s3://x", "0" * 64),), "version": 7,
        "redacted": "0" * 64, "word_of": "partner",
    }  # fmt: skip
    value = put_in.get(field) or _other(getattr(entry, field))
    lying[1] = attrs.evolve(entry, **{field: value})
    named = _named(memory)
    assert f"file {lying[1].file_id}, record {lying[1].seq}" in named
    taken_away = field == "file_id" and whose != "district"  # its own steps were judged on it where it lay
    assert (f"partnership {p.id}" in named) == taken_away


def test_a_record_that_does_not_say_what_its_text_says_is_named(
    memory: Partnerflow, office: Actor, walked_to: Callable
) -> None:
    p = walked_to(memory, "active")
    memory.file(p.id, Need(need="a"), by=office)
    lying: list[Entry] = memory.store._data.files[p.id]  # type: ignore[attr-defined]
    lying[-1] = attrs.evolve(lying[-1], record=Need(need="b"))
    assert f"file {p.id}, record {lying[-1].seq} (need, entry {lying[-1].id}): its record is not" in _named(memory)


# --- in SQLite -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stored(
    pack: Pack, walked_to: Callable, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Partnerflow, Partnership]]:
    """A partnership in a database, and a copy of what was stored."""
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('stored') / 'partners.db'}")
    flow = Partnerflow(store=store, pack=pack, clock=TickingClock(datetime(2026, 9, 15, 15, tzinfo=UTC)))
    p = walked_to(flow, "improvement_plan")
    for table in ("pf_entry", "pf_transition"):
        _say(flow, f"create table copy_of_{table} as select * from {table}")
    yield flow, p
    store.engine.dispose()


@pytest.fixture
def sqlite(stored: tuple[Partnerflow, Partnership]) -> Iterator[tuple[Partnerflow, Partnership]]:
    """The same, put right again after each test."""
    flow, p = stored
    flow.verify()
    yield flow, p
    for table in ("pf_entry", "pf_transition"):
        _say(flow, f"delete from {table}")
        _say(flow, f"insert into {table} select * from copy_of_{table}")


def _say(flow: Partnerflow, statement: str, **values: Any) -> list[Any]:
    assert isinstance(flow.store, SQLAlchemyStore)
    with flow.store.engine.begin() as connection:
        result = connection.execute(text(statement), values)
        return list(result) if result.returns_rows else []


def _changed(value: Any, how: str) -> Any:
    """Return what stands in a column with one character changed, or what no column should hold."""
    if how == "garbage":
        return "garbage"
    if how == "nothing":
        return None
    if value is None:
        return "2019-08-01"
    if isinstance(value, int):
        return value + 1
    place = len(value) // 2
    return value[:place] + ("0" if value[place] != "0" else "1") + value[place + 1 :]


HOW = pytest.mark.parametrize("how", ["one character", "garbage", "no text", "nothing"])


def _edit(flow: Partnerflow, table: str, column: str, how: str, **where: Any) -> bool:
    """Change one value behind the library's back; False where the table refuses, or it is so already."""
    condition = " and ".join(f'"{name}" = :{name}' for name in where)
    ((value,),) = _say(flow, f'select "{column}" from {table} where {condition}', **where)
    new = "cast(x'61ff' as text)" if how == "no text" else ":new"
    changed = {} if how == "no text" else {"new": _changed(value, how)}
    if changed.get("new", "") == value:
        return False
    try:
        _say(flow, f'update {table} set "{column}" = {new} where {condition}', **changed, **where)
    except IntegrityError:
        return False
    return True


@HOW
@pytest.mark.parametrize("column", TRANSITION_COLUMNS)
def test_editing_any_byte_of_a_stored_transition_is_named(
    sqlite: tuple[Partnerflow, Partnership], column: str, how: str
) -> None:
    flow, p = sqlite
    for version in (5, 3):
        if _edit(flow, "pf_transition", column, how, partnership_id=p.id.hex, version=version):
            assert str(p.id) in _named(flow)


@HOW
@pytest.mark.parametrize("column", ENTRY_COLUMNS)
def test_editing_any_byte_of_a_record_that_was_judged_on_is_named(
    sqlite: tuple[Partnerflow, Partnership], column: str, how: str
) -> None:
    flow, p = sqlite
    for file_id in (p.id, p.partner_id):
        if _edit(flow, "pf_entry", column, how, file_id=file_id.hex, seq=2):
            assert str(file_id) in _named(flow)


@pytest.mark.parametrize(
    ("table", "column"),
    [("pf_transition", "decision"), ("pf_transition", "by"), ("pf_entry", "text"), ("pf_entry", "filed_by")],
)
def test_every_single_byte_counts(sqlite: tuple[Partnerflow, Partnership], table: str, column: str) -> None:
    flow, p = sqlite
    where = "partnership_id = :id and version = 2" if table == "pf_transition" else "file_id = :id and seq = 1"
    ((kept,),) = _say(flow, f'select "{column}" from {table} where {where}', id=p.id.hex)
    for place in range(0, len(kept), max(1, len(kept) // 20)):
        for other in (kept[:place] + chr(ord(kept[place]) ^ 1) + kept[place + 1 :], kept[:place]):
            _say(flow, f'update {table} set "{column}" = :other where {where}', other=other, id=p.id.hex)
            assert str(p.id) in _named(flow)


# --- taking away, moving and adding --------------------------------------------------------------------------------


def _without_transition(flow: Partnerflow, p: Partnership, version: int) -> None:
    if isinstance(flow.store, MemoryStore):
        del flow.store._data.transitions[p.id][version - 1]
    else:
        _say(flow, "delete from pf_transition where partnership_id = :id and version = :v", id=p.id.hex, v=version)


def _without_entry(flow: Partnerflow, file_id: UUID, seq: int) -> None:
    if isinstance(flow.store, MemoryStore):
        del flow.store._data.files[file_id][seq - 1]
    else:
        _say(flow, "delete from pf_entry where file_id = :id and seq = :seq", id=file_id.hex, seq=seq)


@pytest.mark.parametrize("version", [1, 2, 3, 4, 5])
def test_a_transition_that_is_gone_is_missed(flow: Partnerflow, lived: Partnership, version: int) -> None:
    _without_transition(flow, lived, version)
    named = _named(flow)
    if version < 5:
        assert f"partnership {lived.id}, transition {version + 1}" in named
        assert f"version {version} is missing" in named
    else:
        assert "stands in improvement_plan at version 5, but its history ends active at version 4" in named


def test_a_history_that_is_gone_is_missed(flow: Partnerflow, lived: Partnership) -> None:
    for version in (5, 4, 3, 2, 1):
        _without_transition(flow, lived, version)
    assert f"partnership {lived.id}" in _named(flow)


@pytest.mark.parametrize("whose", ["partner_id", "id"])
@pytest.mark.parametrize("place", ["first", "middle", "last judged on"])
def test_a_record_that_is_gone_is_missed(flow: Partnerflow, lived: Partnership, whose: str, place: str) -> None:
    file_id = getattr(lived, whose)
    last = flow.history(lived.id)[-1]
    seq = {"first": 1, "middle": 3, "last judged on": last.partner_seq if whose == "partner_id" else last.file_seq}[
        place
    ]
    _without_entry(flow, file_id, seq)
    named = _named(flow)
    assert f"partnership {lived.id}" in named
    if place != "last judged on":
        assert f"place {seq} is missing" in named


def test_a_file_that_is_gone_is_missed(flow: Partnerflow, lived: Partnership) -> None:
    for seq in range(len(flow.dossier(lived.id).entries), 0, -1):
        if isinstance(flow.store, MemoryStore):
            flow.store._data.files.pop(lived.id, None)
        else:
            _without_entry(flow, lived.id, seq)
    assert "its own file is not the one that it was judged on" in _named(flow)


def test_a_state_set_past_the_table_is_seen(flow: Partnerflow, lived: Partnership) -> None:
    if isinstance(flow.store, MemoryStore):
        flow.store._data.partnerships[lived.id] = attrs.evolve(lived, state="active")
    else:
        _say(flow, "update pf_partnership set state = 'active' where id = :id", id=lived.id.hex)
    assert f"partnership {lived.id}: stands in active at version 5, but its history ends improvement_plan" in _named(
        flow
    )


def test_a_day_of_entry_set_past_the_history_is_seen(flow: Partnerflow, lived: Partnership) -> None:
    if isinstance(flow.store, MemoryStore):
        flow.store._data.partnerships[lived.id] = attrs.evolve(lived, since=date(2019, 8, 1))
    else:
        _say(flow, "update pf_partnership set since = '2019-08-01' where id = :id", id=lived.id.hex)
    assert _faults(flow) == [f"partnership {lived.id}: it did not enter improvement_plan on 2019-08-01"]


DERIVED = ("pf_partner", "pf_outside_id", "pf_site", "pf_place", "pf_word", "pf_obligation")


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_sweep_of_everything_derives_again_what_no_link_covers(flow: Partnerflow, lived: Partnership) -> None:
    flow.propose(Partner(name="Known elsewhere", ids={"edfi": "19255901"}), by=OFFICE)
    flow.sweep()
    before = {table: sorted(map(tuple, _say(flow, f"select * from {table}")), key=repr) for table in DERIVED}
    for forgery in (
        "update pf_partner set name = 'Nobody', kind = 'x'",
        "delete from pf_outside_id",
        "delete from pf_site",
        "delete from pf_place",
        "update pf_word set word = 'x' || word",
        "update pf_obligation set holds = not holds, due_on = '2099-01-01', look_on = null, title = 'x'",
    ):
        _say(flow, forgery)
    assert not flow.sweep().notices
    flow.sweep(everything=True)
    assert {table: sorted(map(tuple, _say(flow, f"select * from {table}")), key=repr) for table in DERIVED} == before
    flow.verify()


def test_the_page_says_of_every_column_whether_an_edit_is_noticed() -> None:
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "protect-history.md").read_text("utf-8")
    rows = [
        re.split(r" *\| *", line)[1:-1] for line in page.splitlines() if re.match(r"\| `pf_\w+`.*\|.*\|.*\|.*\|", line)
    ]
    said = {table: " ".join(cells[1:]) for cells in rows for table in re.findall(r"`(pf_\w+)`", cells[0])}
    assert set(said) >= {table.name for table in TABLES.metadata.tables.values()}
    for table in TABLES.metadata.tables.values():
        columns = set(re.findall(r"`(\w+)`", said[table.name]))
        if "every column" not in said[table.name]:
            assert columns == {column.name for column in table.columns} - {"tenant"}, table.name


def test_only_what_was_changed_is_blamed(flow: Partnerflow, lived: Partnership, office: Actor) -> None:
    _without_transition(flow, lived, 5)
    for other in flow.find():
        if other.id != lived.id:
            assert str(other.id) not in _named(flow)


def test_a_history_written_anew_shows_to_whoever_holds_an_earlier_link(
    memory: Partnerflow, walked_to: Callable
) -> None:
    p = walked_to(memory, "active")
    held, heads = memory.history(p.id)[-1].link, list(memory.heads())
    memory.verify(against=heads)
    made = memory.store._data.transitions[p.id]  # type: ignore[attr-defined]
    previous = ""
    for place, each in enumerate(made):
        forged = attrs.evolve(each, previous=previous, recorded_at=each.recorded_at - timedelta(days=1))
        made[place] = attrs.evolve(forged, link=transition_link(forged))
        previous = made[place].link
    memory.verify()  # the chain holds together, and
    assert memory.history(p.id)[-1].link != held  # it is not the one that was shown
    kept = f"partnership {p.id}, transition 4 (activate): its link is not the one that was kept"
    assert _faults(memory, heads) == [kept]


def test_what_was_cut_off_shows_to_whoever_holds_an_earlier_head(memory: Partnerflow, walked_to: Callable) -> None:
    """The last record and the last step, and all that says that they were there."""
    p = walked_to(memory, "active")
    memory.file(p.id, Need(need="after the last step"), by=OFFICE)
    heads = list(memory.heads())
    kept = memory.store._data  # type: ignore[attr-defined]
    filed, step = kept.files[p.id].pop(), kept.transitions[p.id].pop()
    kept.partnerships[p.id] = attrs.evolve(p, state=step.source, version=step.version - 1)
    memory.verify()
    assert _faults(memory, heads) == [
        f"file {p.id} went on to {filed.seq} once, and does not any more",
        f"partnership {p.id}: its history went on to 4 once, and does not any more",
    ]


# --- blanking --------------------------------------------------------------------------------------------------------


def _blank(flow: Partnerflow, p: Partnership, what: str, *, again: str | None = None) -> None:
    """Blank the first need, or the second step, as a redaction does; or write a text *again* where one was blanked."""
    kept = flow.store._data  # type: ignore[attr-defined]
    if what == "record":
        place, lying = next((n, e) for n, e in enumerate(kept.files[p.id]) if e.kind == "need")
        kept.files[p.id][place] = attrs.evolve(
            lying,
            record=Unregistered(kind="need", fields={}),
            text=again or "",
            redacted=lying.redacted or sha256(lying.text),
        )
        return
    made = kept.transitions[p.id][1]
    blank = {} if made.decision_redacted else {
        "reason_redacted": sha256(made.reason or ""), "decision_redacted": sha256(made.decision)
    }  # fmt: skip
    move = attrs.evolve(made.move, reason=again if what == "reason" else None)
    decision = again if what == "decision" and again else ""
    kept.transitions[p.id][1] = attrs.evolve(made, move=move, decision=decision, **blank)


@pytest.mark.parametrize("what", ["record", "reason", "decision"])
def test_what_was_blanked_without_a_word_is_named(memory: Partnerflow, walked_to: Callable, what: str) -> None:
    p = walked_to(memory, "active")
    _blank(memory, p, what)
    (fault,) = _faults(memory)
    assert fault.startswith(f"file {p.id}, record " if what == "record" else f"partnership {p.id}, transition 2 ")
    assert fault.endswith("was blanked, and no redaction says so")


@pytest.mark.parametrize("what", ["record", "reason", "decision"])
def test_a_text_that_stands_again_where_one_was_blanked_is_named(
    memory: Partnerflow, walked_to: Callable, what: str
) -> None:
    p = walked_to(memory, "active")
    entry = next(entry for entry in memory.dossier(p.id).entries if isinstance(entry.record, Need))
    memory.retract(p.id, entry.id, by=OFFICE, reason="wrong")
    memory.redact(p.id, entries=[entry.id], steps=[2], by=OFFICE, reason="names a student")
    memory.verify()
    _blank(memory, p, what, again="another text")
    (fault,) = _faults(memory)
    assert fault.endswith("was redacted, and has a text again")


@pytest.mark.parametrize("whose", ["partner", "file"])
def test_a_step_cannot_be_made_to_rest_on_fewer_records(memory: Partnerflow, walked_to: Callable, whose: str) -> None:
    p = walked_to(memory, "active")
    lying: list[Entry] = memory.store._data.files[p.partner_id if whose == "partner" else p.id]  # type: ignore[attr-defined]
    made = memory.store._data.transitions[p.id]  # type: ignore[attr-defined]
    made[2] = attrs.evolve(made[2], **{f"{whose}_seq": 2, f"{whose}_link": lying[1].link})
    assert _faults(memory) == [f"partnership {p.id}, transition 3 (approve): what is stored does not match its link"]


def test_a_step_with_a_link_made_anew_breaks_the_chain_behind_it(memory: Partnerflow, walked_to: Callable) -> None:
    p = walked_to(memory, "active")
    made = memory.store._data.transitions[p.id]  # type: ignore[attr-defined]
    forged = attrs.evolve(made[1], move=attrs.evolve(made[1].move, reason="another"))
    made[1] = attrs.evolve(forged, link=transition_link(forged))
    assert _faults(memory) == [f"partnership {p.id}, transition 3 (approve): it does not follow the link before it"]


def test_a_chain_made_anew_still_has_to_be_a_walk(memory: Partnerflow, walked_to: Callable) -> None:
    p = walked_to(memory, "active")
    made = memory.store._data.transitions[p.id]  # type: ignore[attr-defined]
    forged = attrs.evolve(made[-1], move=attrs.evolve(made[-1].move, source="intake"))
    made[-1] = attrs.evolve(forged, link=transition_link(forged))
    assert _faults(memory) == [
        f"partnership {p.id}, transition 4 (activate): it leaves intake, not where the one before it led"
    ]


def test_what_was_not_changed_holds(flow: Partnerflow, lived: Partnership, office: Actor) -> None:
    flow.file(lived.id, Insurance(line="x"), Need(need="after the last step"), by=office)
    flow.verify()
