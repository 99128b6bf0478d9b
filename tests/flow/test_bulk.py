"""A batch does what the same calls would do one by one, in their order; and a batch sent again does nothing twice."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import count
from threading import Barrier, Thread
from typing import Any
from uuid import UUID, uuid4

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.orm import Session

from partnerflow import (
    DEFAULT,
    DISTRICT,
    Actor,
    Adoption,
    Conflict,
    Dossier,
    Filing,
    InvalidRequest,
    Partner,
    Partnerflow,
    Refused,
    Row,
    Step,
    StoreBusy,
    load_pack,
)
from partnerflow.adapters.memory import MemoryStore
from partnerflow.adapters.sqlalchemy import SQLAlchemyStore
from partnerflow.partnership import Partnership
from partnerflow.policies import Pack, Report
from partnerflow.ports import ChangeSet, Listing, Store, Transaction
from partnerflow.records import (
    BackgroundCheck,
    Document,
    Insurance,
    Need,
    Record,
    Retraction,
    Scope,
    Service,
    Site,
    Waiver,
)
from partnerflow.testing import BOARD, EXAMPLE_DAY, OFFICE, example_dossier, example_records
from partnerflow.testing.clock import TickingClock

NOW = datetime(EXAMPLE_DAY.year, EXAMPLE_DAY.month, EXAMPLE_DAY.day, 15, tzinfo=UTC)
NEVER = UUID(int=0xDEAD)
NOBODY = Actor("x")
PACK = load_pack("default")
FREE = Pack(name="free", version="1", rules=())
NOTICE = example_records(trigger="end")[-1]
VETO = "over my dead body"
LONG = "x" * 70
"""A trigger that no column holds."""
everywhere = pytest.mark.parametrize("store", ["memory", "sqlite", "postgresql", "mariadb"], indirect=True)
databases = pytest.mark.parametrize("store", ["sqlite", "postgresql", "mariadb"], indirect=True)


@pytest.fixture
def free(store: Store, clock: TickingClock) -> Partnerflow:
    """A flow in which every step of the table may be taken."""
    extended = DEFAULT.evolve(
        name="extended", version="1",
        rows=[Row(LONG, sources=["active"], target="improvement_plan", event="extended", cites=["none"])],
    )  # fmt: skip
    return Partnerflow(store=store, pack=FREE, clock=clock, lifecycle=extended)


def some(flow: Partnerflow, number: int, *, state: str = "active") -> list[Partnership]:
    return [
        flow.adopt(Partner(name=f"Partner {place}"), state=state, by=OFFICE, reason="in place")
        for place in range(number)
    ]


def amending(several: Iterable[Partnership], reason: str = "more") -> list[Step]:
    return [Step(each.id, "amend", reason=reason) for each in several]


# --- the same as one by one ----------------------------------------------------------------------------------------


@attrs.frozen
class World:
    """A flow with partnerships in many states, the same whenever it is made."""

    flow: Partnerflow
    begun: tuple[UUID, ...]
    partners: tuple[UUID, ...]
    before: frozenset[UUID]
    """The events of how they came there."""
    heard: list[Any]
    """The events since."""


class Noting(MemoryStore):
    """A store that notes what is written to it, in lists of what is written at once."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[tuple[ChangeSet, ...]] = []

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        with super().transaction() as tx:
            yield _NotingTransaction(tx, self.written)


class _NotingTransaction:
    def __init__(self, tx: Transaction, written: list[tuple[ChangeSet, ...]]) -> None:
        self._tx, self._written = tx, written

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tx, name)

    def write(self, *changes: ChangeSet) -> None:
        self._written.append(changes)
        self._tx.write(*changes)


def flow_on(store: Store, first: int) -> tuple[Partnerflow, Iterator[int]]:
    numbers = count(first)
    return Partnerflow(store=store, pack=PACK, clock=lambda: NOW, new_id=lambda: UUID(int=next(numbers))), numbers


@lru_cache(maxsize=1)
def how_they_came_there() -> tuple[list[tuple[ChangeSet, ...]], tuple[UUID, ...], tuple[UUID, ...], int]:
    """Return what is written for partnerships in many states, which they are, their partners, and the next free id."""
    store = Noting()
    flow, numbers = flow_on(store, 1)
    tutors = attrs.evolve(example_dossier().partner, name="Northside Tutors", ids={"edfi": "1"})

    def adopt(partner: Partner | UUID, state: str, *records: Record) -> Partnership:
        begun = flow.adopt(partner, state=state, by=OFFICE, reason="in place", at=NOW - timedelta(days=9))
        flow.file(begun.id, *records, by=OFFICE)
        return begun

    papers = example_records("active", trigger="approve")
    ready = adopt(example_dossier().partner, "vetting", *papers)
    doubling = adopt(tutors, "vetting", *papers)  # the same service at the same place
    beside = adopt(ready.partner_id, "active", *example_records("active", trigger="end")[len(example_records()) :])
    bare = adopt(Partner(name="Bare", ids={"edfi": "2", "ein": "9"}), "intake")
    ended = adopt(bare.partner_id, "onboarding")
    flow.fire(ended.id, "withdraw", by=OFFICE, reason="no room")
    begun = tuple(each.id for each in (ready, doubling, beside, bare, ended))
    return store.written, begun, (ready.partner_id, doubling.partner_id, NEVER), next(numbers)


def world(store: Store) -> World:
    """Make the world in a store, by writing there what was once written for it."""
    written, begun, partners, first = how_they_came_there()
    for at_once in written:
        with store.transaction() as tx:
            about = {each.partnership_id for change in at_once for each in (*change.events, *change.judgements)}
            tx.snapshots(sorted(about))  # what is written is based on what was read
            tx.write(*at_once)
    flow, _ = flow_on(store, first)
    heard: list[Any] = []
    flow.after.connect(lambda sender, event: heard.append(event))

    @flow.before.connect
    def veto(sender: str, transition: Any) -> None:
        if transition.reason == VETO:
            raise PermissionError(VETO)

    return World(flow, begun, partners, frozenset(each.id for each in store.outgoing()), heard)


def view(flow: Partnerflow, ids: Sequence[UUID]) -> str:
    """Write down all that is to be seen, in an order that owes nothing to ids, each of which is known by its place."""
    with flow.store.reading() as tx:
        held = [tx.snapshots([each]).get(each) for each in ids]
        district = tx.files([DISTRICT])[DISTRICT]
    outgoing = list(flow.store.outgoing())
    said = [
        (
            holding.partnership, holding.moves, holding.obligations, holding.pack_digest, holding.events,
            [seen_of(entry) for entry in (*holding.partner_file, *holding.own_file)],
            [(made.event, made.decision, made.partner_seq, made.file_seq, made.entered) for made in flow.history(each)],
            [(tried.trigger, tried.source, tried.by, tried.at, tried.codes) for tried in flow.attempts(each)],
            [(one.sequence, one.type, one.time, one.data) for one in outgoing if one.partnership_id == each],
        )
        for each, holding in zip(ids, held, strict=True)
        if holding is not None
    ]  # fmt: skip
    found = [
        {ids.index(each.id) for each in flow.find(**wanted)}
        for wanted in ({"site": "elsewhere"}, {"text": "renamed"}, {"ids": {"edfi": "1"}}, {"ids": {"edfi": "7"}})
    ]
    return without_ids(repr((said, [seen_of(entry) for entry in district], found, flow.counts())))


def seen_of(entry: Any) -> tuple[Any, ...]:
    return (entry.id, entry.file_id, entry.seq, entry.kind, entry.text, entry.filed_by, entry.filed_at, entry.version)


def without_ids(text: str) -> str:
    places: dict[str, int] = {}
    return re.sub(
        r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        lambda found: f"#{places.setdefault(found.group(), len(places))}",
        text,
    )


def fired(flow: Partnerflow, item: Step, by: Actor, key: str) -> tuple[UUID, ...]:
    made = flow.fire(
        item.partnership_id, item.trigger, by=by, reason=item.reason, at=item.at,
        expected_version=item.expected_version, idempotency_key=key,
    )  # fmt: skip
    return (made.id,)


def filed(flow: Partnerflow, item: Filing, by: Actor, key: str) -> tuple[UUID, ...]:
    entries = flow.file(
        item.subject, *item.records, documents=item.documents, by=by, at=item.at,
        expected_version=item.expected_version, idempotency_key=key,
    )  # fmt: skip
    return tuple(entry.id for entry in entries if entry.id)


def adopted(flow: Partnerflow, item: Adoption, by: Actor, key: str) -> tuple[UUID, ...]:
    made = flow.adopt(
        item.partner, state=item.state, reason=item.reason, since=item.since, by=by, at=item.at, idempotency_key=key
    )
    return (made.id,)


def one_by_one(
    flow: Partnerflow, call: Callable[..., tuple[UUID, ...]], items: Sequence[Any], by: Actor
) -> list[tuple[Any, ...]]:
    """Call each alone, the same item under the same key, and give what came of it."""
    got: list[tuple[Any, ...]] = []
    asked = [attrs.evolve(item, expected_version=None) if hasattr(item, "expected_version") else item for item in items]
    for item, same in zip(items, asked, strict=True):
        try:
            got.append(("done", call(flow, item, by, f"{asked.index(same)}"), None, ""))
        except Exception as error:  # noqa: BLE001  a batch gives whatever it is
            outcome = {Refused: "refused", Conflict: "conflict"}
            named = next((name for kind, name in outcome.items() if isinstance(error, kind)), "failed")
            got.append((named, (), type(error), str(error)))
    return got


MOMENTS = st.sampled_from([*[None] * 9, NOW - timedelta(hours=1), NOW - timedelta(days=99), NOW.replace(year=2099)])
VERSIONS = st.sampled_from([*[None] * 9, 1, 2, 9])
REASONS = st.sampled_from([*["as planned"] * 6, None, VETO])
TRIGGERS = (
    *["approve", "decline", "end"] * 3, "begin_vetting", "return_to_intake", "withdraw", "amend", "no such",
)  # fmt: skip
ELSEWHERE = Service(service="chess", sites={"elsewhere"}, content_areas={"games"})
RECORDS: tuple[Record, ...] = (
    BackgroundCheck(person="j.rivera", result="not_clear"),
    Insurance(line="x", starts_on=date(2026, 7, 1)),
    Insurance(line="x", starts_on=date(2026, 7, 2)),
    Insurance(line="x", starts_on="soon"),  # type: ignore[arg-type]
    Need(need="reading"),
    Need(need="nul \0"),
    ELSEWHERE,
    Scope(level="school", sites={"elsewhere"}),
    Partner(name="Renamed", ids={"edfi": "1"}),
    Partner(name="Renamed", ids={"edfi": "2", "state": "7"}),
    Partner(name="Renamed", ids={"edfi": "7"}),
    Partner(name="Renamed"),
    Site(site="s1", name="One"),
    Site(site="s1", name="First"),
    Site(site="s2", name="Two"),
    Retraction(entry_id=NEVER, reason="by the back door"),
    Waiver("SAFE-001", reason="late", requested_by="a.anderson", expires_on=EXAMPLE_DAY + timedelta(days=9)),
    Waiver("no such", reason="late", requested_by="a.anderson", expires_on=EXAMPLE_DAY),
)


def steps(begun: Sequence[UUID]) -> st.SearchStrategy[Step]:
    return st.builds(
        Step, st.sampled_from([*begun[:2] * 3, *begun, NEVER]), st.sampled_from(TRIGGERS),
        reason=REASONS, at=MOMENTS, expected_version=VERSIONS,
    )  # fmt: skip


def filings(begun: Sequence[UUID]) -> st.SearchStrategy[Filing]:
    return st.builds(
        Filing, st.sampled_from([*begun, *begun, DISTRICT, DISTRICT, NEVER]),
        st.lists(st.sampled_from(RECORDS), max_size=2),
        documents=st.sampled_from([(), (), (Document("s3://paper", "0" * 64),)]), at=MOMENTS, expected_version=VERSIONS,
    )  # fmt: skip


def adoptions(partners: Sequence[UUID]) -> st.SearchStrategy[Adoption]:
    new = [Partner(name="New"), *(record for record in RECORDS if isinstance(record, Partner)), Partner(name="nul \0")]
    return st.builds(
        Adoption, st.sampled_from([*new, *partners]),
        state=st.sampled_from(["active", "active", "vetting", "terminated", "nowhere"]),
        reason=st.sampled_from([*["in place"] * 6, "", VETO]),
        since=st.sampled_from([None, date(2019, 8, 1), date(2099, 1, 1)]), at=MOMENTS,
    )  # fmt: skip


class Lots:
    """Each kind of batch: how its items are made, how one is called alone, and how they are done at once."""

    ways: Any = pytest.mark.parametrize(
        ("items_of", "call", "name"),
        [
            pytest.param(lambda made: steps(made.begun), fired, "fire_many", id="fire_many"),
            pytest.param(lambda made: filings(made.begun), filed, "file_many", id="file_many"),
            pytest.param(lambda made: adoptions(made.partners), adopted, "adopt_many", id="adopt_many"),
        ],
    )


def hold_against_one_by_one(stores: Callable[[], Store], examples: int, items_of: Any, call: Any, name: str) -> None:
    @settings(max_examples=examples)
    @given(data=st.data(), at_once=st.sampled_from([1, 2, 3, 1000]), by=st.sampled_from([BOARD, BOARD, BOARD, NOBODY]))
    def same(data: st.DataObject, at_once: int, by: Actor) -> None:
        alone, batched = world(stores()), world(stores())
        said = data.draw(st.lists(items_of(alone), min_size=1, max_size=6))
        items = data.draw(st.lists(st.sampled_from(said), min_size=1, max_size=9))
        expected = one_by_one(alone.flow, call, items, by)
        done = list(getattr(batched.flow, name)(items, by=by, key="batch", at_once=at_once))

        assert [each.item for each in done] == items
        got = [(each.outcome, each.work, each.error and type(each.error), str(each.error or "")) for each in done]
        assert without_ids(repr(got)) == without_ids(repr(expected))
        began = [
            [*of.begun, *dict.fromkeys(work for each in came for work in each if call is adopted)]
            for of, came in ((alone, (each[1] for each in expected)), (batched, (each.work for each in done)))
        ]
        assert view(batched.flow, began[1]) == view(alone.flow, began[0])
        outgoing = {each.id: each for each in batched.flow.store.outgoing() if each.id not in batched.before}
        assert {each.id: each for each in batched.heard} == outgoing
        assert len(batched.heard) == len(outgoing)
        batched.flow.verify()

    same()


@Lots.ways
def test_a_batch_does_what_the_same_calls_do_one_by_one(items_of: Any, call: Any, name: str) -> None:
    hold_against_one_by_one(MemoryStore, 60, items_of, call, name)


@Lots.ways
def test_a_batch_does_what_the_same_calls_do_one_by_one_on_every_database(
    url: str, items_of: Any, call: Any, name: str
) -> None:
    engine = create_engine(url)
    hold_against_one_by_one(lambda: SQLAlchemyStore(engine, tenant=str(uuid4())), 12, items_of, call, name)
    engine.dispose()


def test_a_step_sees_who_ended_before_it_and_nobody_who_ends_after() -> None:
    made = world(MemoryStore())
    ready, doubling, *_ = made.begun
    approve, decline = Step(ready, "approve"), Step(doubling, "decline", reason="one is enough")
    again = Step(ready, "approve", reason="once more")
    done = list(made.flow.fire_many([approve, decline, again], by=BOARD, key="k"))
    assert [each.outcome for each in done] == ["refused", "done", "done"]
    assert isinstance(done[0].error, Refused)
    assert done[0].error.decision.codes == ("DUP-001",)

    made = world(MemoryStore())
    activate = Step(ready, "activate", reason="of a partnership that is approved first")
    done = list(made.flow.fire_many([decline, approve, activate], by=BOARD, key="k"))
    assert [each.outcome for each in done] == ["done"] * 3

    made = world(MemoryStore())  # what comes twice is done later, and what stands between must not overtake it
    back = Step(doubling, "return_to_intake", reason="early")
    gone = Step(doubling, "withdraw", reason="late")
    other = Step(ready, "return_to_intake", reason="early")
    vet = Step(ready, "begin_vetting")
    done = list(made.flow.fire_many([other, vet, approve, back, gone], by=BOARD, key="k"))
    assert [each.outcome for each in done] == ["done", "done", "refused", "done", "done"]


@everywhere
def test_an_id_elsewhere_that_one_gives_up_another_may_take(free: Partnerflow) -> None:
    one, two, three = (
        free.adopt(Partner(name=name, ids={"edfi": name}), state="active", by=OFFICE, reason="in place")
        for name in "123"
    )
    done = list(
        free.file_many(
            [
                Filing(two.id, [Partner(name="2", ids={"edfi": "1"})]),
                Filing(one.id, [Partner(name="1", ids={"edfi": "new"})]),
                Filing(three.id, [Partner(name="3", ids={"edfi": "1"})]),
                Filing(two.id, [Partner(name="2", ids={"edfi": "3"})]),
                Filing(one.id, [Partner(name="1", ids={"edfi": "1"})]),
            ],
            by=OFFICE, key="k",
        )
    )  # fmt: skip
    assert [each.outcome for each in done] == ["failed", "done", "done", "done", "failed"]
    assert f"another partner's, {three.partner_id}" in str(done[4].error)
    holders = {name: next(free.find(ids={"edfi": name})).id for name in ("1", "3", "new")}
    assert holders == {"1": three.id, "3": two.id, "new": one.id}
    done_too = list(
        free.adopt_many(
            [
                Adoption(Partner(name=name, ids={"edfi": value}), state="active", reason="in place")
                for name, value in (("A", "1"), ("B", "b"), ("C", "b"), ("D", "2"))
            ],
            by=OFFICE, key="k",
        )
    )  # fmt: skip
    assert [each.outcome for each in done_too] == ["failed", "done", "failed", "done"]


# --- one that fails spoils none of the others ----------------------------------------------------------------------


@everywhere
def test_whatever_way_an_item_fails_the_others_are_done_and_told_what_became_of_it(flow: Partnerflow) -> None:
    a, b, c, d = some(flow, 4)
    withdrawn = flow.fire(some(flow, 1, state="intake")[0].id, "withdraw", by=OFFICE, reason="x").partnership_id

    @flow.before.connect
    def veto(sender: str, transition: Any) -> None:
        if transition.partnership_id == d.id:
            raise PermissionError("not this one")

    steps = [
        Step(withdrawn, "amend", reason="more"),
        Step(NEVER, "amend", reason="more"),
        Step(a.id, "open_improvement_plan"),
        Step(b.id, "renew", expected_version=7),
        Step(d.id, "end", reason="more"),
        Step(c.id, "open_improvement_plan", reason="slow", at=datetime(2026, 9, 1)),  # noqa: DTZ001
        Step(c.id, "amend", reason="nul \0"),
        Step(c.id, "amend", reason="late", at=date(2026, 9, 1)),  # type: ignore[arg-type]
        Step(c.id, "end", reason="term end"),
    ]
    flow.file(c.id, NOTICE, by=OFFICE)
    flow.file(d.id, NOTICE, by=OFFICE)
    done = list(flow.fire_many(steps, by=OFFICE, key="k"))
    assert [each.outcome for each in done[:-1]] == [
        "refused", "failed", "refused", "conflict", "failed", "failed", "failed", "failed",
    ]  # fmt: skip
    assert [type(each.error).__name__ for each in done[:-1]] == [
        "IllegalTrigger", "NotFound", "Refused", "Conflict", "PermissionError", "InvalidRequest", "InvalidRequest",
        "InvalidRequest",
    ]  # fmt: skip
    assert (done[-1].outcome, done[-1].error) == ("done", None), done[-1].error
    assert [made.id for made in flow.history(c.id)][1:] == [*done[-1].work]
    assert [len(flow.attempts(each)) for each in (withdrawn, a.id, b.id, c.id, d.id)] == [1, 1, 0, 0, 0]
    flow.verify()


@everywhere
def test_records_and_adoptions_fail_alone_too(flow: Partnerflow) -> None:
    a, b = some(flow, 2)
    done = list(
        flow.file_many(
            [
                Filing(a.id, [Insurance(line="x", starts_on="soon")]),  # type: ignore[arg-type]
                Filing(a.id, [Site(site="s", name="S")]),
                Filing(DISTRICT, [Need(need="reading")]),
                Filing(NEVER, [Insurance(line="x")]),
                Filing(a.id, [Need(need="reading"), Need(need="nul \0")]),
                Filing(b.id, [Need(need="reading")], expected_version=2),
                Filing(b.id, [Need(need="reading")]),
                Filing(DISTRICT, [Site(site="s", name="S")]),
            ],
            by=OFFICE, key="k",
        )
    )  # fmt: skip
    assert [each.outcome for each in done] == [*["failed"] * 5, "conflict", "done", "done"]
    assert flow.dossier(a.id).entries == ()
    assert flow.sites() == (Site(site="s", name="S"),)
    assert {each.outcome for each in flow.file_many([Filing(a.id, [Need(need="x")])], by=NOBODY, key="k")} == {
        "refused"
    }

    new = [
        Adoption(NEVER, state="active", reason="in place"),
        Adoption(Partner(name="A"), state="terminated", reason="in place"),
        Adoption(Partner(name="A"), state="active", reason=""),
        Adoption(Partner(name="A"), state="active", reason="in place"),
        Adoption(a.partner_id, state="vetting", reason="in place"),
        Adoption(a.partner_id, state="active", reason="one more"),
    ]
    began = list(flow.adopt_many(new, by=OFFICE, key="k"))
    assert [each.outcome for each in began] == ["failed", "failed", "refused", "done", "done", "done"]
    assert len(list(flow.find(partner=a.partner_id))) == 3
    flow.verify()


@databases
def test_where_one_cannot_be_written_the_others_are(free: Partnerflow) -> None:
    a, b, c = some(free, 3)
    told: list[Any] = []
    free.after.connect(lambda sender, event: told.append(event.partnership_id))
    done = list(free.fire_many([*amending([a]), Step(b.id, LONG), *amending([c])], by=OFFICE, key="k"))
    assert [each.outcome for each in done] == ["done", "failed", "done"]
    assert "70 characters long: 64 is the most" in str(done[1].error)
    assert ([len(free.history(each.id)) for each in (a, b, c)], told) == ([2, 1, 2], [a.id, c.id])

    long = Partner(name="Long", kind="x" * 65)
    filed = list(free.file_many([Filing(a.id, [Need(need="x")]), Filing(b.id, [long])], by=OFFICE, key="k"))
    began = list(
        free.adopt_many(
            [Adoption(each, state="active", reason="in place") for each in (long, Partner(name="Short"))],
            by=OFFICE, key="k",
        )
    )  # fmt: skip
    assert [each.outcome for each in (*filed, *began)] == ["done", "failed", "failed", "done"]
    names = {free.partner(each.partner_id).name for each in free.find()}  # ids of one millisecond have no order
    assert names == {"Partner 0", "Partner 1", "Partner 2", "Short"}
    free.verify()


# --- again ---------------------------------------------------------------------------------------------------------


def batches(flow: Partnerflow, begun: Sequence[Partnership], key: str) -> list[Any]:
    return [
        *flow.adopt_many(
            [Adoption(Partner(name=f"New {place}"), state="active", reason="in place") for place in range(3)],
            by=OFFICE, key=key, at_once=2,
        ),
        *flow.file_many(
            [
                *(Filing(each.id, [Need(need="reading"), Insurance(line="x")]) for each in begun),
                Filing(DISTRICT, [Site(site="s", name="S")]),
                Filing(begun[0].id, [Need(need="writing")]),
            ],
            by=OFFICE, key=key, at_once=2,
        ),
        *flow.fire_many([*amending(begun), *amending(begun, "and more")], by=OFFICE, key=key, at_once=4),
    ]  # fmt: skip


@everywhere
def test_a_batch_sent_again_does_nothing_and_gives_the_same(free: Partnerflow, everything: Callable) -> None:
    begun = some(free, 3)
    done = batches(free, begun, "k")
    assert {each.outcome for each in done} == {"done"}
    before = everything(free)
    told: list[str] = []
    free.before.connect(lambda sender, transition: told.append(sender))
    free.after.connect(lambda sender, event: told.append(sender))
    assert batches(free, begun, "k") == done
    assert (everything(free), told) == (before, [])
    assert len(everything(free)["partnerships"]) == 6


@everywhere
def test_another_key_is_another_batch(free: Partnerflow) -> None:
    begun = some(free, 3)
    first, second = batches(free, begun, "k"), batches(free, begun, "K")
    assert {each.outcome for each in (*first, *second)} == {"done"}
    assert [[made.version for made in free.history(each.id)] for each in begun] == [[1, 2, 3, 4, 5]] * 3
    assert len(list(free.find())) == 9
    assert [len(free.dossier(each.id).entries) for each in begun] == [3, 2, 2]  # what stands is not filed again
    free.verify()


@everywhere
def test_what_was_refused_is_judged_anew(flow: Partnerflow) -> None:
    p, q = some(flow, 2)
    steps = [Step(each.id, "end", reason="term end") for each in (p, q)]
    notice = NOTICE
    flow.file(p.id, notice, by=OFFICE)
    assert [each.outcome for each in flow.fire_many(steps, by=OFFICE, key="k")] == ["done", "refused"]
    flow.file(q.id, notice, by=OFFICE)
    assert [each.outcome for each in flow.fire_many(steps, by=OFFICE, key="k")] == ["done", "done"]
    assert [(len(flow.history(each.id)), len(flow.attempts(each.id))) for each in (p, q)] == [(2, 0), (2, 1)]


@everywhere
@pytest.mark.parametrize("at_once", [1, 2, 1000])
def test_what_is_said_twice_in_a_batch_is_done_once(free: Partnerflow, at_once: int) -> None:
    (p,) = some(free, 1)
    fires = list(free.fire_many(amending([p, p, p]), by=OFFICE, key="k", at_once=at_once))
    files = list(
        free.file_many(
            [Filing(DISTRICT, [Site(site="s", name="S")]), Filing(p.id, [Need(need="x")])] * 2,
            by=OFFICE, key="k", at_once=at_once,
        )
    )  # fmt: skip
    new = Adoption(Partner(name="New"), state="active", reason="in place")
    begun = list(free.adopt_many([new, new, new], by=OFFICE, key="k", at_once=at_once))
    assert ([each.outcome for each in (*fires, *files, *begun)]) == ["done"] * 10
    assert (len({each.work for each in fires}), len({each.work for each in begun})) == (1, 1)
    assert (files[0].work, files[1].work) == (files[2].work, files[3].work)
    assert (len(free.history(p.id)), len(free.dossier(p.id).entries), len(list(free.find()))) == (2, 1, 2)


# --- as it is read -------------------------------------------------------------------------------------------------


@everywhere
def test_nothing_is_done_before_it_is_read_and_what_is_dropped_has_done_whole_lots(free: Partnerflow) -> None:
    begun = some(free, 7)
    read: list[UUID] = []

    def steps() -> Iterator[Step]:
        for item in amending(begun):
            read.append(item.partnership_id)
            yield item

    doing = free.fire_many(steps(), by=OFFICE, key="k", at_once=3)
    assert read == []
    next(doing)
    assert (len(read), [len(free.history(each.id)) for each in begun]) == (3, [2, 2, 2, 1, 1, 1, 1])
    doing.close()  # type: ignore[attr-defined]
    assert [len(free.history(each.id)) for each in begun] == [2, 2, 2, 1, 1, 1, 1]
    assert [each.outcome for each in free.fire_many(steps(), by=OFFICE, key="k", at_once=3)] == ["done"] * 7
    assert [len(free.history(each.id)) for each in begun] == [2] * 7


@everywhere
def test_progress_is_told_after_each_lot(free: Partnerflow) -> None:
    begun = some(free, 7)
    told: list[int] = []
    doing = free.fire_many(
        [Step(NEVER, "amend"), *amending(begun)], by=OFFICE, key="k", at_once=3, progress=told.append
    )
    next(doing)
    assert told == [3]
    assert len(list(doing)) == 7
    assert told == [3, 6, 8]
    assert list(free.fire_many([], by=OFFICE, key="k", progress=told.append)) == []
    assert told == [3, 6, 8]


@everywhere
def test_receivers_are_told_once_the_lot_is_committed(free: Partnerflow) -> None:
    begun = some(free, 5)
    seen: list[tuple[UUID, list[int]]] = []

    @free.after.connect
    def look(sender: str, event: Any) -> None:
        seen.append((event.partnership_id, [len(free.history(each.id)) for each in begun]))

    list(free.fire_many(amending(begun), by=OFFICE, key="k", at_once=3))
    first, second = [2, 2, 2, 1, 1], [2] * 5
    assert seen == [(each.id, first if place < 3 else second) for place, each in enumerate(begun)]


def test_what_cannot_be_meant_is_said_at_once(free: Partnerflow) -> None:
    for wrong, said in (
        ({"key": ""}, "must be 1 to 120 characters"),
        ({"key": "x" * 121}, "must be 1 to 120 characters"),
        ({"key": "nul \0"}, "NUL"),
        ({"key": "k", "at_once": 0}, "at_once=0: must be 1 to 10000"),
        ({"key": "k", "at_once": 10_001}, "must be 1 to 10000"),
    ):
        for call in (free.fire_many, free.file_many, free.adopt_many):
            with pytest.raises(InvalidRequest, match=said):
                call([], by=OFFICE, **wrong)  # type: ignore[operator]
    for make, said in (
        (lambda: Step("0190b4f2", "amend"), "partnership_id='0190b4f2': must be a UUID"),  # type: ignore[arg-type]
        (lambda: Filing("0190b4f2", []), "subject='0190b4f2': must be a UUID"),  # type: ignore[arg-type]
        (lambda: Adoption("A", state="active", reason="x"), "partner='A': must be a Partner, or the UUID"),  # type: ignore[arg-type]
    ):
        with pytest.raises(InvalidRequest, match=re.escape(said)):
            make()


@everywhere
def test_the_longest_key_fits(free: Partnerflow) -> None:
    (p,) = some(free, 1)
    for _ in range(2):
        (done,) = free.fire_many(amending([p]), by=OFFICE, key="ß" * 120)
        assert done.outcome == "done"
    assert len(free.history(p.id)) == 2


def test_records_may_come_from_any_iterable(free: Partnerflow) -> None:
    (p,) = some(free, 1)
    said = Filing(p.id, (Need(need=each) for each in ("reading", "reading, too")), documents=iter([]))
    (done,) = free.file_many([said], by=OFFICE, key="k")
    assert len(done.work) == 2
    assert len(free.dossier(p.id).entries) == 2


# --- at the same time ----------------------------------------------------------------------------------------------


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    ready = Barrier(len(calls))

    def one(call: Callable[[], Any]) -> Any:
        ready.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(one, calls))


@everywhere
def test_the_same_batch_from_several_at_once_is_done_once(free: Partnerflow) -> None:
    begun = some(free, 12)
    new = [
        *(Adoption(Partner(name=f"New {place}"), state="active", reason="in place") for place in range(6)),
        *(
            Adoption(Partner(name=f"Known {place}", ids={"edfi": f"{place}"}), state="active", reason="in place")
            for place in range(6)
        ),
    ]

    def send() -> list[Any]:
        return [
            *free.adopt_many(new, by=OFFICE, key="k", at_once=5),
            *free.fire_many(amending(begun), by=OFFICE, key="k", at_once=5),
            *free.file_many([Filing(each.id, [Insurance(line="x")]) for each in begun], by=OFFICE, key="k", at_once=5),
            *free.file_many(
                [Filing(DISTRICT, [Site(site=f"{place}", name="S")]) for place in range(6)],
                by=OFFICE, key="k", at_once=5,
            ),
        ]  # fmt: skip

    first, *others = at_once(*[send] * 4)
    assert {each.outcome for each in first} == {"done"}, [each.error for each in first if each.error]
    assert all([each.work for each in other] == [each.work for each in first] for other in others)
    assert [len(free.history(each.id)) for each in begun] == [2] * 12
    assert [len(free.dossier(each.id).entries) for each in begun] == [1] * 12
    assert (len(list(free.find())), len(free.sites())) == (24, 6)
    free.verify()


@everywhere
def test_batches_that_meet_in_another_order_all_come_through(free: Partnerflow) -> None:
    begun = [each for p in some(free, 8) for each in (p, free.propose(p.partner_id, by=OFFICE))]

    def send(number: int) -> list[Any]:
        several = begun if number % 2 else begun[::-1]
        filings = [Filing(each.id, [Insurance(line=f"{number}"), Need(need=f"{number}")]) for each in several]
        steps = amending(several[::-1], f"{number}")
        return [
            *free.file_many(filings, by=OFFICE, key=f"k{number}", at_once=5),
            *free.fire_many(steps, by=OFFICE, key=f"k{number}", at_once=5),
        ]

    done = [each for one in at_once(*(lambda number=number: send(number) for number in range(4))) for each in one]
    assert {each.outcome for each in done if isinstance(each.item, Filing)} == {"done"}
    assert (
        sum(each.outcome == "done" for each in done if isinstance(each.item, Step)) == 4 * 8
    )  # those in intake cannot
    assert [len(free.history(each.id)) for each in begun] == [5, 1] * 8
    assert all(len(free.dossier(each.id).entries) == 4 + 4 for each in begun)
    free.verify()


# --- in the host's transaction -------------------------------------------------------------------------------------


@databases
def test_in_the_hosts_transaction_the_lots_are_the_hosts(free: Partnerflow, everything: Callable) -> None:
    assert isinstance(free.store, SQLAlchemyStore)
    begun = some(free, 5)
    before = everything(free)
    told: list[str] = []
    free.after.connect(lambda sender, event: told.append(sender))
    with Session(free.store.engine) as session:
        done = batches(free.within(session), begun, "k")
        assert {each.outcome for each in done} == {"done"}
        assert batches(free.within(session), begun, "k") == done
        session.rollback()
    assert (everything(free), told) == (before, [])
    with Session(free.store.engine) as session, session.begin():
        done = batches(free.within(session), begun, "k")
        assert told == []
    assert len(told) == 3 + (2 * 5 + 1) + 10
    assert batches(free, begun, "k") == done
    free.verify()


@databases
def test_in_the_hosts_transaction_one_that_cannot_be_written_fails_alone(free: Partnerflow) -> None:
    assert isinstance(free.store, SQLAlchemyStore)
    a, b, c = some(free, 3)
    with Session(free.store.engine) as session, session.begin():
        steps = [*amending([a]), Step(b.id, LONG), Step(NEVER, "amend"), *amending([c])]
        done = list(free.within(session).fire_many(steps, by=OFFICE, key="k"))
    assert [each.outcome for each in done] == ["done", "failed", "failed", "done"]
    assert [len(free.history(each.id)) for each in (a, b, c)] == [2, 1, 2]


def test_a_database_that_somebody_else_holds_is_nobodys_fault(bare_sqlite: Engine, clock: TickingClock) -> None:
    """It is said to whoever reads the batch, in our own transaction and in the host's, and not of any item."""
    flow = Partnerflow(store=SQLAlchemyStore(bare_sqlite), pack=FREE, clock=clock)
    begun = some(flow, 3)
    with bare_sqlite.connect() as other:
        other.exec_driver_sql("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy):
            list(flow.fire_many(amending(begun), by=OFFICE, key="k"))
        with Session(bare_sqlite) as session, pytest.raises(StoreBusy, match="BEGIN IMMEDIATE"):
            list(flow.within(session).fire_many(amending(begun), by=OFFICE, key="k"))
        other.rollback()
    assert [each.outcome for each in flow.fire_many(amending(begun), by=OFFICE, key="k")] == ["done"] * 3


@everywhere
def test_a_store_in_trouble_is_nobodys_fault_either(free: Partnerflow, everything: Callable) -> None:
    begun = some(free, 3)
    before = everything(free)

    @free.before.connect
    def trouble(sender: str, transition: Any) -> None:
        if transition.partnership_id == begun[1].id:
            raise StoreBusy("another writer was in the way")

    with pytest.raises(StoreBusy, match="in the way"):
        list(free.fire_many(amending(begun[1:]), by=OFFICE, key="k"))
    assert everything(free) == before
    free.before.disconnect(trouble)
    assert [each.outcome for each in free.fire_many(amending(begun), by=OFFICE, key="k")] == ["done"] * 3


@pytest.fixture
def overtaken(free: Partnerflow) -> Iterator[list[Adoption]]:
    """Adoptions of which somebody else takes the last one's id, once they have been judged for the first time."""
    assert isinstance(free.store, SQLAlchemyStore)
    engine = create_engine(free.store.engine.url)
    other = Partnerflow(store=SQLAlchemyStore(engine), pack=FREE)

    @free.before.connect
    def overtake(sender: str, transition: Any) -> None:
        free.before.disconnect(overtake)
        quicker = Partner(name="Quicker", ids={"edfi": "9"})
        elsewhere = Thread(target=lambda: other.register(quicker, by=OFFICE))  # a receiver itself may not write
        elsewhere.start()
        elsewhere.join()

    yield [
        Adoption(Partner(name=f"New {place}", ids={"edfi": f"{place}"}), state="active", reason="in place")
        for place in range(10)
    ]
    engine.dispose()


servers = pytest.mark.parametrize("store", ["postgresql", "mariadb"], indirect=True)  # on SQLite one writes at a time


@servers
def test_a_lot_that_was_overtaken_is_done_again_as_a_lot(free: Partnerflow, overtaken: list[Adoption]) -> None:
    assert isinstance(free.store, SQLAlchemyStore)
    commits: list[object] = []
    event.listen(free.store.engine, "commit", commits.append)
    done = list(free.adopt_many(overtaken, by=OFFICE, key="k"))
    assert [each.outcome for each in done] == [*["done"] * 9, "failed"]
    assert "name that partner by its id" in str(done[-1].error)
    assert len(commits) == 1


@servers
def test_in_the_hosts_transaction_it_is_the_host_who_begins_again(free: Partnerflow, overtaken: list[Adoption]) -> None:
    assert isinstance(free.store, SQLAlchemyStore)
    with Session(free.store.engine) as session, pytest.raises(StoreBusy, match="roll back and try again"):
        list(free.within(session).adopt_many(overtaken, by=OFFICE, key="k"))
    assert list(free.find()) == []
    with Session(free.store.engine) as session, session.begin():
        done = list(free.within(session).adopt_many(overtaken, by=OFFICE, key="k"))
    assert [each.outcome for each in done] == [*["done"] * 9, "failed"]


@pytest.fixture
def bare_sqlite(tmp_path: Any) -> Iterator[Engine]:
    """A database that waits for nobody."""
    from partnerflow.adapters.sqlalchemy import create_tables

    engine = create_engine(f"sqlite:///{tmp_path / 'impatient.db'}", connect_args={"timeout": 0.01})
    create_tables(engine)
    yield engine
    engine.dispose()


# --- what it costs -------------------------------------------------------------------------------------------------


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
def test_a_lot_says_as_much_to_the_database_however_many_are_in_it(free: Partnerflow) -> None:
    def counted(number: int) -> list[int]:
        begun = some(free, number)
        costs = []
        for batch in (
            lambda: free.fire_many(amending(begun), by=OFFICE, key=f"{number}"),
            lambda: free.file_many([Filing(each.id, [Need(need="x")]) for each in begun], by=OFFICE, key=f"{number}"),
            lambda: free.file_many(
                [Filing(each.id, [Partner(name="Renamed", ids={"edfi": f"{each.id}"})]) for each in begun],
                by=OFFICE, key=f"{number}",
            ),
            lambda: free.file_many(
                [Filing(begun[0].id, [Insurance(line=f"{place}"), Need(need=f"{place}")]) for place in range(number)],
                by=OFFICE, key=f"{number}",
            ),
            lambda: free.file_many(
                [Filing(DISTRICT, [Site(site=f"{number}-{place}", name="S")]) for place in range(number)],
                by=OFFICE, key=f"{number}",
            ),
            lambda: free.adopt_many(
                [
                    Adoption(Partner(name="New", ids={"state": f"{number}-{place}"}), state="active", reason="in place")
                    for place in range(number)
                ],
                by=OFFICE, key=f"{number}",
            ),
            lambda: free.adopt_many(
                [Adoption(each.partner_id, state="active", reason="in place") for each in begun],
                by=OFFICE, key=f"{number}",
            ),
        ):  # fmt: skip
            with statements(free.store) as said:
                assert {each.outcome for each in batch()} == {"done"}
            costs.append(len(said))
        return costs

    assert counted(3) == counted(30)


def test_of_all_that_is_filed_on_one_partner_together_each_partnership_is_judged_once(
    free: Partnerflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = some(free, 1)
    begun.append(free.propose(begun[0].partner_id, by=OFFICE))
    judged: list[UUID] = []
    judge = Pack.evaluate

    def counted(self: Pack, dossier: Dossier, on: date, **asked: Any) -> Report:
        if dossier.move is None:
            judged.append(dossier.partnership.id)
        return judge(self, dossier, on, **asked)

    monkeypatch.setattr(Pack, "evaluate", counted)
    items = [Filing(begun[place % 2].id, [Insurance(line=f"{place}")]) for place in range(20)]
    assert {each.outcome for each in free.file_many(items, by=OFFICE, key="k")} == {"done"}
    assert sorted(judged) == sorted(each.id for each in begun)


@databases
def test_taking_in_sites_costs_what_is_listed_and_not_what_is_there(free: Partnerflow) -> None:
    def taking_in(first: int, number: int) -> int:
        sites = [Site(site=f"s{place}", name=f"School {place}") for place in range(first, first + number)]
        with statements(free.store) as said:
            assert {each.outcome for each in free.admit(sites, by=OFFICE)} == {"filed"}
        return len(said)

    once = taking_in(0, 3)
    assert taking_in(100, 300) == once
    assert taking_in(1000, 3) == once
    assert len(free.sites()) == 306


@databases
def test_taking_in_organisations_costs_the_same_for_each(free: Partnerflow) -> None:
    def taking_in(first: int, number: int) -> int:
        listed = [
            Listing(Partner(name=f"P{place}", ids={"edfi": f"{place}"}), "active")
            for place in range(first, first + number)
        ]
        with statements(free.store) as said:
            assert {each.outcome for each in free.admit(listed, by=OFFICE)} == {"adopted"}
        return len(said)

    once = taking_in(0, 1)
    assert taking_in(100, 20) == 20 * once
    assert taking_in(200, 1) == once


@everywhere
def test_what_is_listed_is_taken_in_as_it_is_read(free: Partnerflow) -> None:
    read: list[object] = []

    def listed() -> Iterator[Any]:
        for one in (
            Site(site="s1", name="One"), Site(site="s2", name="Two"), Site(site="s1", name="One"),
            Listing(Partner(name="A", ids={"edfi": "1"}), "active"), Site(site="s1", name="One"),
            Listing(Partner(name="B", ids={"edfi": "2"}), "active"),
        ):  # fmt: skip
            read.append(one)
            yield one

    taking_in = free.admit(listed(), by=OFFICE)
    assert read == []
    assert [next(taking_in).outcome for _ in range(3)] == ["filed", "filed", "unchanged"]
    assert (len(free.sites()), list(free.find()), len(read)) == (2, [], 4)
    assert next(taking_in).outcome == "adopted"
    assert [each.outcome for each in taking_in] == ["unchanged", "adopted"]
    free.verify()


@everywhere
def test_of_sites_of_which_one_is_no_site_none_is_filed(free: Partnerflow) -> None:
    sites = [Site(site="s1", name="One"), Site(site="s2", name="nul \0")]
    with pytest.raises(InvalidRequest, match="NUL"):
        list(free.admit(sites, by=OFFICE))
    assert free.sites() == ()
