"""Several may sweep at once, one partnership holds up none of the others, and a sweep costs what is due."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from threading import Barrier, Event
from typing import Any
from uuid import UUID

import attrs
import pytest
from sqlalchemy import event

from partnerflow import (
    DEFAULT,
    Actor,
    Adoption,
    Filing,
    HookError,
    Money,
    Partner,
    Partnerflow,
    Partnership,
    Row,
    StoreError,
    UnknownState,
)
from partnerflow.adapters.sqlalchemy import SQLAlchemyStore
from partnerflow.flow import sweep
from partnerflow.policies import Pack
from partnerflow.ports import Store
from partnerflow.records import Insurance, Licence
from partnerflow.testing import example_records
from partnerflow.testing.clock import TickingClock
from partnerflow.testing.contract.fixtures import ids_of

everywhere = pytest.mark.parametrize("store", ["memory", "sqlite", "postgresql", "mariadb"], indirect=True)
databases = pytest.mark.parametrize("store", ["sqlite", "postgresql", "mariadb"], indirect=True)
SWEEPERS = 4
COVER = Insurance(
    line="general_liability", per_occurrence=Money.of(1_000_000, "USD"),
    starts_on=date(2026, 1, 1), ends_on=date(2026, 10, 20),
)  # fmt: skip
(LICENCE,) = (record for record in example_records() if isinstance(record, Licence))
LATER = attrs.evolve(COVER, ends_on=date(2029, 6, 30))


@pytest.fixture
def flow(store: Store, pack: Pack, clock: TickingClock) -> Partnerflow:
    """A flow of two rules, of which something comes due."""
    rules = tuple(rule for rule in pack.rules if rule.policy.code in ("SAFE-002", "SAFE-004"))
    return Partnerflow(store=store, pack=Pack(name="two", version="1", rules=rules, leads=(30,)), clock=clock)


def some(flow: Partnerflow, number: int, *covers: Insurance) -> list[UUID]:
    """Take in partnerships with these certificates on file."""
    adoptions = [
        Adoption(Partner(name=f"Partner {place}", licences_required=()), state="active", reason="in place")
        for place in range(number)
    ]
    key = f"{len(ids_of(flow.store))}"
    office = Actor("a.anderson", side="district")
    begun = [each for done in flow.adopt_many(adoptions, by=office, key=key) for each in done.work]
    filings = [Filing(each, covers) for each in begun]
    assert all(done.outcome == "done" for done in flow.file_many(filings, by=office, key=key))
    assert flow.sweep().notices == ()
    return begun


def told(flow: Partnerflow) -> Counter[UUID | None]:
    """Count what the outbox says of each partnership that a sweep found."""
    kinds = ("obligation.approaching", "obligation.missed", "policy.broken", "policy.mended")
    return Counter(each.partnership_id for each in flow.store.outgoing() if any(kind in each.type for kind in kinds))


def at_once(flow: Partnerflow) -> list[Any]:
    """Sweep from many threads together."""
    ready = Barrier(SWEEPERS)

    def one(_: int) -> Any:
        ready.wait()
        return flow.sweep()

    with ThreadPoolExecutor(SWEEPERS) as pool:
        return list(pool.map(one, range(SWEEPERS)))


@everywhere
def test_several_sweepers_tell_everything_once_and_leave_nothing(flow: Partnerflow, clock: TickingClock) -> None:
    due = some(flow, 450, COVER)
    heard: list[UUID | None] = []
    flow.after.connect(lambda sender, event: heard.append(event.partnership_id))
    clock.move_on(days=10)
    made = at_once(flow)
    assert Counter(notice.partnership_id for one in made for notice in one.notices) == dict.fromkeys(due, 1)
    assert told(flow) == Counter(heard) == dict.fromkeys(due, 1)
    assert flow.sweep().notices == ()


@everywhere
def test_several_who_sweep_after_a_change_of_pack_judge_everything_once(flow: Partnerflow, pack: Pack) -> None:
    due = some(flow, 250, COVER)
    stricter = attrs.evolve(flow.pack, version="2", leads=(60, 30))
    changed = Partnerflow(store=flow.store, pack=stricter, clock=flow.clock)
    made = at_once(changed)
    assert Counter(notice.partnership_id for one in made for notice in one.notices) == dict.fromkeys(due, 1)
    assert told(flow) == dict.fromkeys(due, 1)
    with flow.store.reading() as tx:
        assert {tx.snapshots([each]).get(each).pack_digest for each in due} == {stricter.digest}  # type: ignore[union-attr]


# --- one holds up none of the others -------------------------------------------------------------------------------


@everywhere
def test_one_that_cannot_be_judged_holds_up_none_and_is_named_beside_the_notices_of_the_others(
    flow: Partnerflow, clock: TickingClock
) -> None:
    due = some(flow, 5, COVER)
    clock.move_on(days=10)

    def of_the_host(partnership: Partnership, session: object) -> Iterable[Any]:
        if partnership.id == due[1]:
            raise ConnectionError("the host is away")
        return ()

    hosting = Partnerflow(store=flow.store, pack=flow.pack, clock=clock, host_records=of_the_host)
    for _ in range(2):
        swept = hosting.sweep()
        assert {notice.partnership_id for notice in swept.notices} <= {due[0], *due[2:]}
        assert [*swept.unjudged] == [due[1]]
        assert isinstance(swept.unjudged[due[1]], HookError)
        assert str(swept.unjudged[due[1]]).endswith(f"{due[1]}: ConnectionError: the host is away")
        assert told(flow) == dict.fromkeys([due[0], *due[2:]], 1)
    assert [notice.partnership_id for notice in flow.sweep().notices] == [due[1]]


@pytest.mark.parametrize("error", [StoreError("the disk is full"), KeyboardInterrupt()], ids=["store", "keyboard"])
def test_what_is_no_partnerships_fault_is_raised(error: BaseException, flow: Partnerflow, clock: TickingClock) -> None:
    due = some(flow, 3, COVER)
    clock.move_on(days=10)

    def of_the_host(partnership: Partnership, session: object) -> Iterable[Any]:
        if partnership.id == due[1]:
            raise error
        return ()

    hosting = Partnerflow(store=flow.store, pack=flow.pack, clock=clock, host_records=of_the_host)
    for call in (hosting.sweep, lambda: list(hosting.inventory()), lambda: hosting.impact("default")):
        with pytest.raises(type(error)):
            call()


@everywhere
def test_one_whose_changes_cannot_be_written_is_named_and_the_others_are_swept(
    flow: Partnerflow, clock: TickingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    due = some(flow, 5, COVER)
    clock.move_on(days=10)
    write = sweep.write

    def writing(context: Any, tx: Any, *changes: Any) -> None:
        write(context, tx, *changes)
        if due[1] in {each.partnership_id for change in changes for each in change.judgements}:
            raise ValueError("this one cannot be written")

    monkeypatch.setattr(sweep, "write", writing)
    swept = flow.sweep()
    assert {each: str(error) for each, error in swept.unjudged.items()} == {due[1]: "this one cannot be written"}
    assert Counter(notice.partnership_id for notice in swept.notices) == dict.fromkeys([due[0], *due[2:]], 1)
    assert told(flow) == dict.fromkeys([due[0], *due[2:]], 1)


@everywhere
def test_everything_of_a_partner_with_an_outside_id_and_two_partnerships_is_derived_again(
    flow: Partnerflow, office: Actor
) -> None:
    p = flow.propose(Partner(name="Two at once", ids={"ein": "12-3456789"}), by=office)
    flow.propose(p.partner_id, by=office)
    assert not flow.sweep(everything=True).unjudged
    assert len(list(flow.find(ids={"ein": "12-3456789"}))) == 2


@everywhere
def test_one_in_a_state_that_todays_table_does_not_know_holds_up_none(
    flow: Partnerflow, office: Actor, clock: TickingClock
) -> None:
    before = DEFAULT.evolve(
        name="before", version="1", states=["paused"],
        rows=[
            Row("pause", sources=["active"], target="paused", event="paused", cites=["none"]),
            Row("resume", sources=["paused"], target="active", event="resumed", cites=["none"]),
        ],
    )  # fmt: skip
    rules = [attrs.evolve(rule, holds_in=rule.holds_in | {"paused"}) for rule in flow.pack.rules]
    widened = attrs.evolve(flow.pack, rules=tuple(rules))
    pausing = Partnerflow(store=flow.store, pack=widened, clock=clock, lifecycle=before)
    due = some(pausing, 4, COVER)
    pausing.fire(due[2], "pause", by=office)
    clock.move_on(days=10)
    swept = flow.sweep()
    assert {each: type(error) for each, error in swept.unjudged.items()} == {due[2]: UnknownState}
    assert "paused" in str(swept.unjudged[due[2]])
    assert {notice.partnership_id for notice in swept.notices} == {due[0], due[1], due[3]}
    assert told(flow) == dict.fromkeys([due[0], due[1], due[3]], 1)
    swept = pausing.sweep(back_to_earlier_rules=True)
    assert [notice.partnership_id for notice in swept.notices] == [due[2]]


@pytest.mark.parametrize("store", ["postgresql", "mariadb"], indirect=True)
def test_one_that_somebody_holds_for_a_while_is_swept_last(flow: Partnerflow, clock: TickingClock) -> None:
    due = some(flow, 5, COVER)
    clock.move_on(days=10)
    held, others_told = Event(), Event()

    def hold() -> None:
        with flow.store.transaction() as tx:
            tx.snapshots([due[0]], lock=True)
            held.set()
            assert others_told.wait(timeout=30)

    heard: list[UUID | None] = []

    @flow.after.connect
    def listen(sender: str, event: Any) -> None:
        heard.append(event.partnership_id)
        if set(heard) == set(due[1:]):
            others_told.set()

    with ThreadPoolExecutor(1) as pool:
        holding = pool.submit(hold)
        assert held.wait(timeout=30)
        made = flow.sweep()
        holding.result()
    assert sorted(heard[:-1]) == sorted(due[1:])
    assert heard[-1] == due[0]
    assert Counter(notice.partnership_id for notice in made.notices) == dict.fromkeys(due, 1)


# --- what it costs -------------------------------------------------------------------------------------------------


@everywhere
def test_what_is_due_for_two_reasons_on_different_days_is_swept_once(
    flow: Partnerflow, office: Actor, clock: TickingClock
) -> None:
    (p,) = some(flow, 1, COVER)
    flow.file(
        p, Partner(name="Licensed", licences_required=(LICENCE.licence_type,)),
        attrs.evolve(LICENCE, ends_on=date(2026, 10, 23)), by=office,
    )  # fmt: skip
    assert flow.sweep().notices == ()
    clock.move_on(days=10)
    judged: list[UUID] = []

    def of_the_host(partnership: Partnership, session: object) -> Sequence[Any]:
        judged.append(partnership.id)
        return ()

    hosting = Partnerflow(store=flow.store, pack=flow.pack, clock=clock, host_records=of_the_host)
    assert {notice.code for notice in hosting.sweep().notices} == {"SAFE-002", "SAFE-004"}
    assert judged == [p]


@contextmanager
def statements(store: Store) -> Iterator[list[str]]:
    """Note every statement that is said to the database; one said of many rows is one."""
    assert isinstance(store, SQLAlchemyStore)
    said: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        said.append(statement)

    event.listen(store.engine, "before_cursor_execute", note)
    yield said
    event.remove(store.engine, "before_cursor_execute", note)


@databases
def test_a_sweep_says_as_much_however_many_are_stored_and_however_many_of_a_lot_are_due(
    flow: Partnerflow, clock: TickingClock
) -> None:
    def sweeping(due: int, stored: int) -> list[str]:
        some(flow, stored, LATER)
        some(flow, due, COVER)
        clock.move_on(days=10)
        with statements(flow.store) as said:
            assert len(flow.sweep().notices) == due
        clock.move_on(days=-10)
        return said

    few = sweeping(3, 3)
    assert sweeping(3, 300) == few
    assert len(sweeping(100, 0)) == len(few)
