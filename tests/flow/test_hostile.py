"""No argument of any public call makes a later call of anybody else fail."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from partnerflow import Actor, Partner, Partnerflow, PartnerflowError
from partnerflow.adapters.memory import MemoryStore
from partnerflow.adapters.sqlalchemy import open_store
from partnerflow.dossier import Dossier
from partnerflow.flow.bulk import Adoption, Confirming, Filing, Step
from partnerflow.policies import load_pack
from partnerflow.ports import Licensed, Listing, Store
from partnerflow.records import BackgroundCheck, Contact, Document, Insurance, Money, Need, Person, Record, Scope, Site
from partnerflow.testing import OFFICE
from partnerflow.testing.clock import TickingClock

PACK = load_pack("default")
CLEAN = {"partner": {"name": "Riverbend"}, "partnership": {"state": "active"}, "records": []}
TEXTS = st.sampled_from(
    ["", " ", "\u200b", "\x00", "\ud800", "\u202e", "a\nb", "\x1b[31m", "x" * 600, "x-" * 6000, "{partner}", "A"]
)
ODD = st.one_of(
    TEXTS,
    st.sampled_from(
        [
            *(None, 0, -1, True, 10**40, float("nan"), float("inf"), b"x", (), {}, [None], object(), uuid4(), OFFICE),
            *(date.min, date.max, datetime(9999, 12, 31, tzinfo=UTC), datetime(2026, 9, 1, tzinfo=UTC)),
            *(Money(-5, "USD"), Partner(name="A")),
        ]
    ),
)
ACTORS = st.one_of(
    st.just(OFFICE),
    st.builds(lambda odd: _made(Actor, odd, roles={"partnership_office"}), TEXTS),
    st.builds(lambda odd: _made(Actor, "a", roles=[odd], sites=[odd], partner_id=odd), ODD),
    ODD,
)
MOMENTS = st.one_of(st.none(), ODD)
DOCUMENTS = st.one_of(
    st.just(()), ODD, st.lists(ODD, max_size=2), st.builds(lambda odd: [_made(Document, odd, "0" * 64)], ODD)
)
KINDS: tuple[tuple[type[Record], tuple[str, ...]], ...] = (
    (Insurance, ("line", "per_occurrence", "starts_on", "ends_on")),
    (BackgroundCheck, ("person", "result", "cleared_on", "components")),
    (Contact, ("name", "title", "email")),
    (Person, ("person", "direct_contact", "sites")),
    (Need, ("need", "figures", "populations")),
    (Scope, ("level", "sites")),
    (Site, ("site", "name", "ids")),
    (Partner, ("name", "summary", "ids", "licences_required", "has_employees")),
)


def _made(cls: Any, *given: Any, **named: Any) -> Any:
    """Make a value, or return what should have become one."""
    try:
        return cls(*given, **named)
    except Exception:  # noqa: BLE001  a class may refuse it, too
        return given[0] if given else named


@st.composite
def records(draw: st.DrawFn) -> Any:
    cls, fields = draw(st.sampled_from(KINDS))
    given = {name: draw(ODD) for name in fields if name == fields[0] or draw(st.booleans())}
    if draw(st.booleans()):
        given["extra"] = {"theirs": draw(ODD)}
    return draw(ODD) if draw(st.integers(0, 9)) == 0 else _made(cls, **given)


class Hostile(RuleBasedStateMachine):
    """One partnership is attacked; the other, and everybody's lists, have to go on."""

    store: Any

    @initialize()
    def begin(self) -> None:
        self.flow = Partnerflow(
            store=type(self).store(), pack=PACK, clock=TickingClock(datetime(2026, 9, 1, tzinfo=UTC))
        )
        self.mine, self.theirs = (
            self.flow.adopt(Partner(name=name), state="active", by=OFFICE, reason="x") for name in ("Mine", "Theirs")
        )

    def attempt(self, call: Any, *given: Any, **named: Any) -> None:
        try:
            done = call(*given, **named)
            if hasattr(done, "__next__"):
                list(done)
        except PartnerflowError:
            pass

    @rule(record=records(), by=ACTORS, at=MOMENTS, documents=DOCUMENTS, key=st.one_of(st.none(), ODD))
    def file(self, record: Any, by: Any, at: Any, documents: Any, key: Any) -> None:
        subject = self.mine.id
        self.attempt(self.flow.file, subject, record, by=by, at=at, documents=documents, idempotency_key=key)

    @rule(record=records(), by=ACTORS, odd=ODD)
    def begin_another(self, record: Any, by: Any, odd: Any) -> None:
        self.attempt(self.flow.propose, record, by=by, reason=odd, succeeds=odd)
        self.attempt(self.flow.adopt, record, state=odd, since=odd, by=by, reason="x")
        self.attempt(self.flow.register, record, by=by)

    @rule(odd=ODD, other=ODD, by=ACTORS)
    def step(self, odd: Any, other: Any, by: Any) -> None:
        flow, mine = self.flow, self.mine.id
        self.attempt(flow.fire, mine, odd, by=by, reason=other)
        self.attempt(flow.fire, mine, "renew", by=by, reason=odd, expected_version=other)
        self.attempt(flow.check, mine, odd, by=by, at=other)
        self.attempt(flow.retract, mine, odd, by=by, reason=other)
        self.attempt(flow.redact, mine, entries=odd, steps=other, by=by, reason="x")
        self.attempt(flow.find, text=odd, site=other)
        self.attempt(flow.due, odd, before=other)

    @rule(record=records(), odd=ODD, documents=DOCUMENTS)
    def many(self, record: Any, odd: Any, documents: Any) -> None:
        flow, mine = self.flow, self.mine.id
        filing = _made(Filing, mine, (record,), documents=documents)
        self.attempt(flow.file_many, [filing], by=OFFICE, key="f")
        self.attempt(flow.adopt_many, [_made(Adoption, record, state="active", reason=odd)], by=OFFICE, key="a")
        self.attempt(flow.confirm_many, [_made(Confirming, mine, [odd])], by=OFFICE, key="c")
        self.attempt(flow.fire_many, [_made(Step, mine, odd, reason=odd, at=odd)], by=OFFICE, key="s")
        for call in (flow.file_many, flow.adopt_many, flow.fire_many, flow.confirm_many):
            self.attempt(call, [odd, record], by=OFFICE, key="o")
            self.attempt(call, odd, by=odd, key=odd, at_once=odd)

    @rule(record=records(), odd=ODD, other=ODD, by=ACTORS)
    def take_in(self, record: Any, odd: Any, other: Any, by: Any) -> None:
        flow = self.flow
        listing = _made(Listing, partner=record, standing=odd)
        licensed = _made(Licensed, partner=odd, licence=record)
        self.attempt(flow.admit, [record, listing], by=by)
        self.attempt(flow.admit, [licensed], by=OFFICE, confirm=odd)
        self.attempt(flow.admit, [_made(Listing, partner=record, standing="active"), odd], by=OFFICE)
        self.attempt(flow.admit, odd, by=OFFICE)
        self.attempt(flow.register, record, by=by, at=other)

    @rule(odd=ODD, other=ODD, by=ACTORS)
    def confirm_and_blank(self, odd: Any, other: Any, by: Any) -> None:
        flow, mine = self.flow, self.mine.id
        filed = [entry.id for entry in flow.entries_of(mine)]
        self.attempt(flow.confirm, mine, odd, by=by, at=other)
        self.attempt(flow.confirm, odd, *filed, by=by)
        self.attempt(flow.confirm, mine, *filed, by=OFFICE, expected_version=odd)
        self.attempt(flow.retract, mine, filed[-1], by=by, reason=odd)
        self.attempt(flow.redact, mine, entries=filed, steps=[odd, other], by=by, reason=odd)
        self.attempt(flow.redact, mine, steps=[1], by=OFFICE, reason=odd)
        self.attempt(flow.purge, before=odd, by=by, reason=other)
        self.attempt(flow.purge, before=date(2099, 1, 1), by=OFFICE, reason=odd)

    @rule(odd=ODD, other=ODD)
    def look(self, odd: Any, other: Any) -> None:
        flow = self.flow
        for call in (flow.impact, flow.compare):
            self.attempt(call, odd, at=other)
            self.attempt(call, after=odd, through=other)
            self.attempt(call, "eaf", processes=odd)
        self.attempt(flow.sweep, at=odd, everything=other)
        self.attempt(flow.verify, against=odd)
        self.attempt(flow.inventory, state=odd, ids=other, after=odd)
        self.attempt(flow.inventory, as_of=odd, limit=other)
        self.attempt(flow.waiting, odd)

    @rule(record=records(), odd=ODD, other=ODD)
    def check_files(self, record: Any, odd: Any, other: Any) -> None:
        data = {"partner": {"name": odd, "summary": other}, "partnership": {"state": odd}, "records": [odd, other]}
        for given_ in (odd, data, {**data, "partner": {"name": "A"}}, {"partner": odd, "records": record}):
            self.attempt(Dossier.from_mapping, given_)
            self.attempt(PACK.check, given_, on=date(2026, 9, 1))
        self.attempt(PACK.check, CLEAN, on=odd, trigger=other)
        self.attempt(PACK.check, CLEAN, on=date(2026, 9, 1), trigger=odd, by=other, tz=odd)

    @invariant()
    def everybody_goes_on(self) -> None:
        flow, theirs = getattr(self, "flow", None), getattr(self, "theirs", None)
        if flow is None or theirs is None:
            return
        everything = list(flow.find())
        assert {self.mine.id, theirs.id} <= {each.id for each in everything}
        assert [row.error for row in flow.inventory()] == [None] * len(everything)
        assert not flow.sweep(everything=True).unjudged
        flow.verify()
        assert list(flow.heads())
        assert flow.file(theirs.id, Contact(name="Somebody"), by=OFFICE)
        assert flow.options(theirs.id, by=OFFICE)
        assert flow.options(self.mine.id, by=OFFICE)
        assert flow.impact("eaf").unjudged == ()
        assert list(flow.waiting()) is not None
        assert PACK.check(CLEAN, on=date(2026, 9, 1)).findings


def _in_memory() -> Store:
    return MemoryStore()


def _in_sqlite() -> Store:
    return open_store("sqlite://")


def attacked(store: Callable[[], Store], *, examples: int) -> None:
    machine = type("Machine", (Hostile,), {"store": staticmethod(store)})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


@pytest.mark.parametrize("store", [_in_memory, _in_sqlite], ids=["memory", "sqlite"])
def test_no_argument_of_any_call_makes_a_later_call_of_anybody_else_fail(store: Callable[[], Store]) -> None:
    attacked(store, examples=6)


def test_nor_on_postgresql(servers: Any) -> None:
    stores = []

    def emptied() -> Store:
        while stores:
            stores.pop().close()
        stores.append(open_store(servers.emptied("postgresql").render_as_string(hide_password=False)))
        return stores[0]

    attacked(emptied, examples=2)
    stores.pop().close()
