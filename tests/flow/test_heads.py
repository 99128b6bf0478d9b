"""Whoever keeps where the chains ended finds out what was cut off, forged or blanked; and looking disturbs nobody."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import attrs
import pytest
from sqlalchemy import delete, event, insert, text, update

from partnerflow import DISTRICT, Actor, Head, Partner, Partnerflow, Partnership, Tampered
from partnerflow.adapters.memory import MemoryStore
from partnerflow.adapters.sqlalchemy import SQLAlchemyStore, open_store
from partnerflow.adapters.sqlalchemy.pages import PAGE
from partnerflow.adapters.sqlalchemy.rows import entry_values, transition_values
from partnerflow.canonical import sha256
from partnerflow.history import START, Transition, entry_link, transition_link
from partnerflow.policies import Pack
from partnerflow.policies.toml import read_pack
from partnerflow.records import Entry, Insurance, Need, Site, Unregistered
from partnerflow.testing import OFFICE
from partnerflow.testing.clock import TickingClock
from partnerflow.testing.contract.fixtures import files_of

NOBODY = UUID(int=7)


@pytest.fixture
def lived(flow: Partnerflow, walked_to: Callable[..., Partnership]) -> Partnership:
    """A partnership with a redaction on each of its files, another beside it, and something on the district's file."""
    walked_to(flow, "vetting", site="another site")
    flow.file(DISTRICT, Site(site="s", name="S"), by=OFFICE)
    p = walked_to(flow, "active")
    filed = flow.file(p.id, Need(need="a"), Insurance(line="x"), by=OFFICE)
    gone = [entry.id for entry in filed if entry.id is not None]
    for each in gone:
        flow.retract(p.id, each, by=OFFICE, reason="wrong")
    flow.redact(p.id, entries=gone, steps=[2], by=OFFICE, reason="a court says so")
    flow.verify()
    return p


def faults(flow: Partnerflow, *heads: Head) -> list[str]:
    with pytest.raises(Tampered) as tampered:
        flow.verify(against=heads)
    return list(tampered.value.links)


# --- changing what is stored, in either store ------------------------------------------------------------------------


def put_entry(flow: Partnerflow, entry: Entry, **changes: Any) -> Entry:
    """Change an entry behind the library's back."""
    changed, store = attrs.evolve(entry, **changes), flow.store
    if isinstance(store, MemoryStore):
        assert entry.file_id is not None
        store._data.files[entry.file_id][entry.seq - 1] = changed
    else:
        t = store.tables.entry  # type: ignore[attr-defined]
        said(flow, update(t).where(t.c.id == entry.id).values(entry_values(changed)))
    return changed


def put_step(flow: Partnerflow, made: Transition, **changes: Any) -> None:
    """Change a step behind the library's back."""
    changed, store = attrs.evolve(made, **changes), flow.store
    if isinstance(store, MemoryStore):
        store._data.transitions[made.partnership_id][made.version - 1] = changed
    else:
        t = store.tables.transition  # type: ignore[attr-defined]
        said(flow, update(t).where(t.c.id == made.id).values(transition_values(changed)))


def cut_off(flow: Partnerflow, file_id: UUID, after: int) -> None:
    """Take entries off the end of a file."""
    store = flow.store
    if isinstance(store, MemoryStore):
        del store._data.files[file_id][after:]
    else:
        t = store.tables.entry  # type: ignore[attr-defined]
        said(flow, delete(t).where(t.c.file_id == file_id, t.c.seq > after))


def take_away(flow: Partnerflow, p: Partnership) -> None:
    """Delete a partnership with all that is its own."""
    store = flow.store
    if isinstance(store, MemoryStore):
        for kept in (store._data.partnerships, store._data.transitions, store._data.files):
            kept.pop(p.id, None)  # type: ignore[attr-defined]
        return
    t = store.tables  # type: ignore[attr-defined]
    for table, whose in ((t.partnership, "id"), (t.transition, "partnership_id"), (t.entry, "file_id")):
        said(flow, delete(table).where(table.c[whose] == p.id))


def said(flow: Partnerflow, statement: Any) -> None:
    assert isinstance(flow.store, SQLAlchemyStore)
    with flow.store.engine.begin() as connection:
        connection.execute(statement)


def blanked(flow: Partnerflow, file_id: UUID) -> Entry:
    (found,) = (entry for entry in files_of(flow.store)[file_id] if entry.redacted)
    return found


# --- redactions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("whose", ["id", "partner_id"])
def test_a_text_that_was_blanked_by_hand_is_named(flow: Partnerflow, lived: Partnership, whose: str) -> None:
    entry = files_of(flow.store)[getattr(lived, whose)][1]
    gone = Unregistered(kind=entry.kind, fields={})
    put_entry(flow, entry, text="", record=gone, redacted=sha256(entry.text))
    name = f"file {entry.file_id}, record 2 ({entry.kind}, entry {entry.id})"
    assert faults(flow) == [f"{name}: was blanked, and no redaction says so"]


@pytest.mark.parametrize("whose", ["id", "partner_id"])
def test_a_text_that_was_put_back_is_named(flow: Partnerflow, lived: Partnership, whose: str) -> None:
    """As the very same text, too: that it is gone was said, and others rely on it."""
    entry = blanked(flow, getattr(lived, whose))
    record = Need(need="a") if whose == "id" else Insurance(line="x")
    whole = '{"need":"a"}' if whose == "id" else '{"line":"x"}'
    put_entry(flow, entry, text=whole)
    (named,) = faults(flow)
    assert named.endswith(f"entry {entry.id}): was redacted, and has a text again")
    put_entry(flow, entry, text=whole, record=record, redacted=None)
    assert faults(flow) == [
        f"file {entry.file_id}, entry {entry.id}: a redaction says that it was blanked, and it is not"
    ]


@pytest.mark.parametrize("what", ["reason", "decision"])
def test_a_step_that_was_blanked_by_hand_or_put_back_is_named(flow: Partnerflow, lived: Partnership, what: str) -> None:
    _, second, third, *_ = flow.history(lived.id)
    gone: dict[str, Any] = {"decision": {"decision": ""}, "reason": {"move": attrs.evolve(third.move, reason=None)}}
    put_step(flow, third, **gone[what], **{f"{what}_redacted": sha256(getattr(third, what))})
    name = f"partnership {lived.id}, transition"
    assert faults(flow) == [f"{name} 3 (approve): was blanked, and no redaction says so"]
    put_step(flow, third)
    there: dict[str, Any] = {
        "decision": {"decision": "{}"}, "reason": {"move": attrs.evolve(second.move, reason="as planned")}
    }  # fmt: skip
    put_step(flow, second, **there[what])
    assert faults(flow) == [f"{name} 2 (begin_vetting): was redacted, and has a text again"]
    if what == "reason":  # the very same
        put_step(flow, second, **there[what], reason_redacted=None)
        assert faults(flow) == [f"{name} 2 (begin_vetting): a redaction says that it was blanked, and it is not"]


def test_a_redaction_that_was_edited_is_named_with_what_it_no_longer_says(
    flow: Partnerflow, lived: Partnership
) -> None:
    (redaction,) = (entry for entry in files_of(flow.store)[lived.id] if entry.kind == "redaction")
    record = attrs.evolve(redaction.record, entries=(), steps=(1,))
    put_entry(flow, redaction, record=record, text='{"entries":[],"reason":"a court says so","steps":[1]}')
    named = "\n".join(faults(flow))
    assert f"record {redaction.seq} (redaction, entry {redaction.id}): what is stored does not match its link" in named
    assert f"entry {blanked(flow, lived.id).id}): was blanked, and no redaction says so" in named
    assert "transition 2 (begin_vetting): was blanked, and no redaction says so" in named
    assert "transition 1 (propose): a redaction says that it was blanked, and it is not" in named


def test_a_hash_of_another_text_is_named(flow: Partnerflow, lived: Partnership) -> None:
    put_entry(flow, blanked(flow, lived.id), redacted="0" * 64)
    (named,) = faults(flow)
    assert named.endswith("what is stored does not match its link")


@pytest.mark.parametrize("version", [1, 2, 4])
def test_a_step_that_says_it_entered_its_state_at_another_version_is_named(
    flow: Partnerflow, lived: Partnership, version: int
) -> None:
    made = flow.history(lived.id)[version - 1]
    put_step(flow, made, entered=made.entered + 1)
    named = faults(flow)[0]
    assert named == (
        f"partnership {lived.id}, transition {version} ({made.trigger}): "
        f"it did not enter {made.target} at version {version + 1}"
    )


# --- heads -----------------------------------------------------------------------------------------------------------


def test_there_is_a_head_of_every_chain(flow: Partnerflow, lived: Partnership) -> None:
    heads = list(flow.heads())
    files = files_of(flow.store)
    last = {(head.chain, head.id): (head.count, head.link) for head in heads}
    assert len(last) == len(heads)
    assert {each for kind, each in last if kind == "file"} == set(files)
    assert {each for kind, each in last if kind == "history"} == {p.id for p in flow.find()}
    for (kind, whose), found in last.items():
        ends = files[whose][-1] if kind == "file" else flow.history(whose)[-1]
        assert found == (ends.seq if isinstance(ends, Entry) else ends.version, ends.link)


def test_heads_hold_whatever_is_added_or_blanked_later(flow: Partnerflow, lived: Partnership) -> None:
    early = list(flow.heads())
    (need,) = flow.file(lived.id, Need(need="b"), by=OFFICE)
    assert need.id is not None
    flow.retract(lived.id, need.id, by=OFFICE, reason="wrong")
    later = list(flow.heads())
    flow.redact(lived.id, entries=[need.id], steps=[1, 3], by=OFFICE, reason="a court says so")
    flow.propose(Partner(name="New"), by=OFFICE)
    flow.verify(against=[*later, *early])


def test_what_was_cut_off_the_end_of_a_file_is_missed_by_whoever_kept_a_head(
    flow: Partnerflow, lived: Partnership
) -> None:
    flow.file(lived.id, Need(need="b"), Need(need="c"), by=OFFICE)
    heads = list(flow.heads())
    count = len(files_of(flow.store)[lived.id])
    cut_off(flow, lived.id, after=count - 2)
    flow.verify()  # nobody was judged on them yet
    assert faults(flow, *heads) == [f"file {lived.id} went on to {count} once, and does not any more"]


def test_a_partnership_that_was_taken_away_is_missed(flow: Partnerflow, lived: Partnership) -> None:
    heads = list(flow.heads())
    count = len(files_of(flow.store)[lived.id])
    take_away(flow, lived)
    flow.verify()
    assert faults(flow, *heads) == [
        f"file {lived.id} went on to {count} once, and does not any more",
        f"partnership {lived.id}: its history went on to 4 once, and does not any more",
    ]


def test_a_chain_that_was_made_anew_is_not_the_one_that_was_kept(
    pack: Pack, clock: TickingClock, walked_to: Callable[..., Partnership]
) -> None:
    flow = Partnerflow(store=MemoryStore(), pack=pack, clock=clock)
    p = walked_to(flow, "active")
    flow.file(p.id, Need(need="b"), by=OFFICE)
    heads = list(flow.heads())
    lying, made, previous = flow.store._data.files[p.id], flow.store._data.transitions[p.id], START  # type: ignore[attr-defined]
    last = attrs.evolve(lying[-1], filed_by=Actor("x.forger", side="district"))
    lying[-1] = attrs.evolve(last, link=entry_link(last, lying[-2].link))
    for place, each in enumerate(made):
        forged = attrs.evolve(each, previous=previous, move=attrs.evolve(each.move, reason="another"))
        made[place] = attrs.evolve(forged, link=transition_link(forged))
        previous = made[place].link
    flow.verify()  # it holds together, and
    assert faults(flow, *heads) == [
        f"file {p.id}, record {lying[-1].seq} (need, entry {lying[-1].id}): its link is not the one that was kept",
        f"partnership {p.id}, transition 4 (activate): its link is not the one that was kept",
    ]


def test_a_head_of_the_future_or_of_nothing_is_missed(flow: Partnerflow, lived: Partnership) -> None:
    (head,) = (each for each in flow.heads() if each.chain == "history" and each.id == lived.id)
    ahead = attrs.evolve(head, count=head.count + 3)
    unknown = Head(chain="file", id=NOBODY, count=1, link="0" * 64)
    assert faults(flow, ahead, unknown) == [
        f"file {NOBODY} went on to 1 once, and does not any more",
        f"partnership {lived.id}: its history went on to 7 once, and does not any more",
    ]


def test_two_heads_of_one_place_that_differ_are_named_whichever_is_right(flow: Partnerflow, lived: Partnership) -> None:
    (head,) = (each for each in flow.heads() if each.chain == "file" and each.id == lived.id)
    other = attrs.evolve(head, link="0" * 64)
    for both in ((head, other), (other, head)):
        assert f"file {lived.id} had two different links at {head.count} once" in faults(flow, *both)


# --- what cannot be read ---------------------------------------------------------------------------------------------


@pytest.fixture
def sqlite(tmp_path: Path, pack: Pack, clock: TickingClock) -> Iterator[Partnerflow]:
    store = open_store(f"sqlite:///{tmp_path / 'partners.db'}")
    yield Partnerflow(store=store, pack=pack, clock=clock)
    store.engine.dispose()


UNREADABLE = {
    "a moment": ("recorded_at", "'yesterday'"),
    "no text": ("link", "cast(x'61ff' as text)"),
    "no actor": ("{by}", "'{'"),
}


@pytest.mark.parametrize("how", UNREADABLE)
@pytest.mark.parametrize("what", ["entry", "transition"])
def test_a_row_that_cannot_be_read_is_named_and_the_rest_is_still_looked_at(
    sqlite: Partnerflow, walked_to: Callable[..., Partnership], what: str, how: str
) -> None:
    first, second = walked_to(sqlite, "active"), walked_to(sqlite, "vetting", site="another site")
    heads = list(sqlite.heads())
    column, value = UNREADABLE[how]
    whose, place, by = ("file_id", "seq", "filed_by") if what == "entry" else ("partnership_id", "version", '"by"')
    column = column.format(by=by)
    said(sqlite, text(f"update pf_{what} set {column} = {value} where {whose} = '{first.id.hex}' and {place} = 3"))
    said(
        sqlite, text(f"update pf_transition set target = 'x' where partnership_id = '{second.id.hex}' and version = 1")
    )
    named = faults(sqlite, *heads)
    chain = f"file {first.id}, record" if what == "entry" else f"partnership {first.id}: its history, transition"
    (unread,) = (fault for fault in named if "cannot be read" in fault)
    assert unread.startswith(f"{chain} 3 ")
    assert "cannot be read (" in unread
    assert any(fault.startswith(f"partnership {second.id}, transition 1") for fault in named)
    assert not [fault for fault in named if "went on to" in fault]  # it may well be there


@pytest.mark.parametrize("column", ["partner_id", "since"])
def test_a_partnership_that_cannot_be_read_hides_no_other(
    sqlite: Partnerflow, walked_to: Callable[..., Partnership], column: str
) -> None:
    first, second = walked_to(sqlite, "vetting"), walked_to(sqlite, "vetting", site="another site")
    said(sqlite, text(f"update pf_partnership set {column} = 'garbage' where id = '{first.id.hex}'"))
    said(sqlite, text(f"update pf_transition set reason = 'x' where partnership_id = '{second.id.hex}'"))
    named = "\n".join(faults(sqlite))
    assert f"partnership {first.id}: cannot be read" in named
    assert f"partnership {second.id}, transition 2 (begin_vetting): what is stored does not match its link" in named


# --- as one moment has it --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("store", ["sqlite", "postgresql", "mariadb"], indirect=True)
def test_whoever_writes_meanwhile_raises_no_false_alarm(flow: Partnerflow, office: Actor) -> None:
    """Before each statement of the one who looks, somebody else files, takes a step, begins anew, and blanks."""
    assert isinstance(flow.store, SQLAlchemyStore)
    url = flow.store.engine.url.render_as_string(hide_password=False)
    nothing_asked = read_pack('[pack]\nname = "x"\nversion = "1"\n', "x.toml", [])
    writer = Partnerflow(store=open_store(url), pack=nothing_asked, clock=flow.clock)
    several = [writer.propose(Partner(name=f"P{n}"), by=office) for n in range(3)]
    writes = count()

    def write(*said: Any) -> None:
        if not said[2].startswith("SELECT"):
            return
        turn, whose = divmod(next(writes), 3)
        name, p = f"{turn}.{whose}", several[whose]
        need, _ = writer.file(p.id, Need(need=name), Insurance(line=name), by=office)
        assert need.id is not None
        writer.retract(p.id, need.id, by=office, reason="wrong")
        writer.fire(p.id, ("begin_vetting", "return_to_intake")[turn % 2], by=office, reason="so it is")
        writer.redact(p.id, entries=[need.id], steps=[1 + turn], by=office, reason="a court says so")
        writer.propose(Partner(name=name), by=office)

    event.listen(flow.store.engine, "before_cursor_execute", write)
    heads = list(flow.heads())
    flow.verify(against=heads)
    event.remove(flow.store.engine, "before_cursor_execute", write)
    assert next(writes) > 6
    flow.verify(against=heads)
    assert isinstance(writer.store, SQLAlchemyStore)
    writer.store.engine.dispose()


def test_no_more_than_some_pages_lie_in_memory(sqlite: Partnerflow, office: Actor) -> None:
    """Sixty megabytes are looked at, in chains of several pages and of many."""
    store = sqlite.store
    assert isinstance(store, SQLAlchemyStore)
    p = sqlite.adopt(Partner(name="Riverbend"), state="active", by=office, reason="in place")
    (need,) = sqlite.file(p.id, Need(need="x" * 10_000), by=office)
    (first,) = sqlite.history(p.id)
    entries, steps = [need], [attrs.evolve(first, decision="y" * 10_000)]
    steps[0] = attrs.evolve(steps[0], link=transition_link(steps[0]))
    for place in range(2, 6 * PAGE + 1):
        entry = attrs.evolve(need, id=UUID(int=place), seq=place)
        entries.append(attrs.evolve(entry, link=entry_link(entry, entries[-1].link)))
        move = attrs.evolve(first.move, trigger="amend", source="active")
        step = attrs.evolve(steps[0], id=UUID(int=place), version=place, move=move, previous=steps[-1].link)
        steps.append(attrs.evolve(step, link=transition_link(step)))
    t = store.tables
    with store.engine.begin() as connection:
        connection.execute(delete(t.transition))
        connection.execute(insert(t.transition), [{"tenant": "default", **transition_values(each)} for each in steps])
        connection.execute(insert(t.entry), [{"tenant": "default", **entry_values(each)} for each in entries[1:]])
        connection.execute(update(t.partnership).values(version=len(steps), link=steps[-1].link))
    heads = [Head(chain="history", id=p.id, count=len(steps), link=steps[-1].link)]
    del entries, steps
    tracemalloc.start()
    try:
        sqlite.verify(against=heads)
        assert set(heads) <= set(sqlite.heads())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 25_000_000
