"""Hooks inside the transaction may veto; everything else learns of a change after the commit, at most once."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from partnerflow import (
    DISTRICT,
    Actor,
    Adoption,
    Confirming,
    Filing,
    HookError,
    NestedWrite,
    Partner,
    Partnerflow,
    Partnership,
    Refused,
    Step,
)
from partnerflow.adapters.memory import MemoryStore
from partnerflow.dossier import Dossier
from partnerflow.policies import Verdict, policy
from partnerflow.policies.toml import read_pack
from partnerflow.records import Need, Site
from partnerflow.testing import OFFICE
from partnerflow.testing.clock import TickingClock

PREFIX = "org.partnerflow."


def test_before_is_told_then_it_is_written_then_after_is_told(
    flow: Partnerflow, office: Actor, riverbend: Partner
) -> None:
    seen: list[Any] = []

    @flow.before.connect
    def before(sender: str, transition: Any) -> None:
        seen.append(("before", sender, transition, [each.state for each in flow.find()]))

    @flow.after.connect
    def after(sender: str, event: Any) -> None:
        seen.append(("after", sender, event, [each.state for each in flow.find()]))

    p = flow.propose(riverbend, by=office)
    step = flow.fire(p.id, "withdraw", by=office, reason="no")
    proposed, withdrawn = (f"{PREFIX}partnership.{name}.v1" for name in ("proposed", "withdrawn"))
    told = list(flow.store.outgoing())
    assert seen == [
        ("before", proposed, flow.history(p.id)[0], []),
        ("after", proposed, told[0], ["intake"]),
        ("before", withdrawn, step, ["intake"]),
        ("after", withdrawn, told[1], ["terminated"]),
    ]


def test_after_is_told_the_very_events_of_the_outbox(
    flow: Partnerflow, office: Actor, walked_to: Callable, clock: TickingClock
) -> None:
    heard: list[Any] = []
    flow.after.connect(lambda sender, event: heard.append(event))
    p = walked_to(flow, "active")
    (entry,) = flow.file(p.id, Need(need="a"), by=office)
    flow.retract(p.id, entry.id, by=office, reason="wrong")
    clock.move_on(days=300)
    flow.sweep()
    told = list(flow.store.outgoing())
    assert heard == told
    assert [event.sequence for event in told] == list(range(1, len(told) + 1))
    assert {event.type for event in told} >= {
        f"{PREFIX}{name}.v1"
        for name in ("partnership.activated", "record.filed", "record.retracted", "obligation.missed")
    }
    for event in told:  # nothing about a person, and no words of anybody's
        assert not {"reason", "name", "by", "record"} & set(event.data)


def test_a_sender_is_one_type_of_event(flow: Partnerflow, office: Actor, riverbend: Partner) -> None:
    heard: list[str] = []
    before: list[str] = []
    flow.after.connect(lambda sender, event: heard.append(sender), sender=f"{PREFIX}partnership.withdrawn.v1")
    flow.before.connect(lambda sender, transition: before.append(sender), sender=f"{PREFIX}partnership.proposed.v1")
    p = flow.propose(riverbend, by=office)
    flow.file(p.id, Need(need="a"), by=office)
    flow.fire(p.id, "withdraw", by=office, reason="no")
    assert heard == [f"{PREFIX}partnership.withdrawn.v1"]
    assert before == [f"{PREFIX}partnership.proposed.v1"]


def test_a_receiver_that_fails_is_logged_and_harms_nobody(
    flow: Partnerflow, office: Actor, riverbend: Partner, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[str] = []

    def failing(sender: str, event: object) -> None:
        raise ConnectionError("the mail server is down")

    flow.after.connect(failing)
    flow.after.connect(lambda sender, event: heard.append(sender))
    flow.after.connect(failing, sender=f"{PREFIX}partnership.proposed.v1")
    with caplog.at_level(logging.ERROR, logger="partnerflow"):
        p = flow.propose(riverbend, by=office)
    assert heard == [f"{PREFIX}partnership.proposed.v1"]
    assert flow.history(p.id)
    assert "the mail server is down" in caplog.text
    assert str(next(flow.store.outgoing()).id) in caplog.text


def test_receivers_are_held_strongly_and_can_be_let_go(flow: Partnerflow, office: Actor, riverbend: Partner) -> None:
    heard: list[str] = []

    def connect() -> None:
        flow.after.connect(lambda sender, event: heard.append(sender))
        flow.before.connect(lambda sender, transition: heard.append("before"))

    connect()
    gc.collect()
    flow.propose(riverbend, by=office)
    assert heard == ["before", f"{PREFIX}partnership.proposed.v1"]

    def once(sender: str, event: object) -> None:
        heard.append("once")

    flow.after.connect(once)
    flow.after.disconnect(once)
    flow.propose(riverbend, by=office)
    assert "once" not in heard


def test_a_no_is_told_to_nobody(flow: Partnerflow, office: Actor, walked_to: Callable) -> None:
    p = walked_to(flow, "vetting")
    heard: list[str] = []
    flow.before.connect(lambda sender, transition: heard.append(sender))
    flow.after.connect(lambda sender, event: heard.append(sender))
    with pytest.raises(Refused):
        flow.fire(p.id, "approve", by=office)
    flow.check(p.id, "approve", by=office)
    flow.options(p.id, by=office)
    assert heard == []


def test_a_receiver_may_act_in_its_turn(flow: Partnerflow, office: Actor, riverbend: Partner) -> None:
    @flow.after.connect
    def answer(sender: str, event: Any) -> None:
        if sender == f"{PREFIX}partnership.proposed.v1":
            flow.file(event.partnership_id, Need(need="to be found out"), by=office)

    p = flow.propose(riverbend, by=office)
    assert [entry.record for entry in flow.dossier(p.id).entries] == [Need(need="to be found out")]
    assert [event.sequence for event in flow.store.outgoing()] == [1, 2]


def test_hooks_are_each_flows_own(office: Actor, riverbend: Partner) -> None:
    one, other = (Partnerflow(store=MemoryStore()) for _ in range(2))
    heard: list[str] = []
    one.after.connect(lambda sender, event: heard.append(sender))
    other.propose(riverbend, by=office)
    assert heard == []


# --- what a host's code may do inside the transaction ---------------------------------------------------------------


def writes(flow: Partnerflow, p: Partnership) -> dict[str, Callable[[], object]]:
    """Return a call of each use case that writes."""
    adoption = Adoption(Partner(name="Other"), state="active", reason="r")
    return {
        "propose": lambda: flow.propose(Partner(name="Other"), by=OFFICE),
        "adopt": lambda: flow.adopt(Partner(name="Other"), state="active", by=OFFICE, reason="r"),
        "register": lambda: flow.register(Partner(name="Other"), by=OFFICE),
        "admit": lambda: list(flow.admit([Site(site="x", name="x")], by=OFFICE)),
        "file": lambda: flow.file(p.id, Need(need="b"), by=OFFICE),
        "file on the district": lambda: flow.file(DISTRICT, Site(site="x", name="x"), by=OFFICE),
        "retract": lambda: flow.retract(p.id, flow.entries_of(p.id)[-1].id, by=OFFICE, reason="r"),  # type: ignore[arg-type]
        "redact": lambda: flow.redact(p.id, steps=[1], by=OFFICE, reason="r"),
        "fire": lambda: flow.fire(p.id, "withdraw", by=OFFICE, reason="r"),
        "fire_many": lambda: list(flow.fire_many([Step(p.id, "withdraw", reason="r")], by=OFFICE, key="a")),
        "file_many": lambda: list(flow.file_many([Filing(p.id, [Need(need="b")])], by=OFFICE, key="b")),
        "adopt_many": lambda: list(flow.adopt_many([adoption], by=OFFICE, key="c")),
        "confirm": lambda: flow.confirm(p.id, p.id, by=OFFICE),
        "confirm_many": lambda: list(flow.confirm_many([Confirming(p.id, [p.id])], by=OFFICE, key="d")),
        "sweep": Partnerflow(store=flow.store, pack="eaf", clock=flow.clock).sweep,
    }


def test_a_receiver_of_before_that_writes_through_the_flow_is_refused_at_once(
    flow: Partnerflow, walked_to: Callable, everything: Callable
) -> None:
    p = walked_to(flow, "vetting")
    called = list[str]()

    @flow.before.connect
    def writing(sender: str, transition: Any) -> None:
        writes(flow, p)[called[-1]]()

    before = everything(flow)
    for name in writes(flow, p):
        called.append(name)
        with pytest.raises(NestedWrite, match="write in a receiver of after") as raised:
            flow.fire(p.id, "return_to_intake", by=OFFICE, reason=name)
        assert f"return_to_intake of partnership {p.id}" in "".join(raised.value.__notes__)
        assert everything(flow) == before, name
    (failed,) = flow.fire_many([Step(p.id, "return_to_intake", reason="r")], by=OFFICE, key="d")
    assert isinstance(failed.error, NestedWrite)
    assert everything(flow) == before


@pytest.mark.parametrize("store", ["memory", "sqlite", "postgresql"], indirect=True)
def test_nor_can_it_write_through_another_flow_on_the_same_store(flow: Partnerflow, walked_to: Callable) -> None:
    p = walked_to(flow, "vetting")
    other = Partnerflow(store=flow.store, pack=flow.pack, clock=flow.clock)
    flow.before.connect(lambda sender, transition: other.file(p.id, Need(need="b"), by=OFFICE))
    with pytest.raises(NestedWrite):
        flow.fire(p.id, "return_to_intake", by=OFFICE, reason="r")
    other.file(p.id, Need(need="b"), by=OFFICE)


def test_host_records_and_policies_cannot_write_through_the_flow_either(flow: Partnerflow, walked_to: Callable) -> None:
    p = walked_to(flow, "vetting")
    hosted = Partnerflow(
        store=flow.store, pack=flow.pack, clock=flow.clock,
        host_records=lambda partnership, session: flow.file(p.id, Need(need="b"), by=OFFICE),  # type: ignore[arg-type,return-value]
    )  # fmt: skip
    for call in (lambda: hosted.explain(p.id), lambda: hosted.fire(p.id, "return_to_intake", by=OFFICE, reason="r")):
        with pytest.raises(HookError) as raised:
            call()
        assert isinstance(raised.value.__cause__, NestedWrite)

    @policy("X-001", "Files", holds_in={"vetting"}, cites=["EAF-0"], fix="Mend the policy.")
    def filing(dossier: Dossier, on: date) -> Verdict:
        flow.file(p.id, Need(need="b"), by=OFFICE)
        yield from ()

    pack = read_pack('[pack]\nname = "x"\nversion = "1"\n', "x.toml", [filing])
    finding = Partnerflow(store=flow.store, pack=pack, clock=flow.clock).explain(p.id)["X-001"]
    assert (finding.outcome, "NestedWrite" in finding.problems[0].message) == ("error", True)


def test_it_may_read_all_there_is(flow: Partnerflow, walked_to: Callable) -> None:
    p = walked_to(flow, "vetting")
    seen: list[object] = []

    @flow.before.connect
    def reading(sender: str, transition: Any) -> None:
        seen.append((flow.dossier(p.id).partnership.state, flow.check(p.id, "approve", by=OFFICE).legal))

    flow.fire(p.id, "return_to_intake", by=OFFICE, reason="r")
    assert seen == [("vetting", True)]


def test_what_a_receiver_of_before_raises_is_its_own_error_with_the_partnership_beside_it(
    flow: Partnerflow, walked_to: Callable
) -> None:
    p = walked_to(flow, "vetting")
    error = KeyError("room 12")

    @flow.before.connect
    def failing(sender: str, transition: Any) -> None:
        raise error

    with pytest.raises(KeyError) as raised:
        flow.fire(p.id, "return_to_intake", by=OFFICE, reason="r")
    assert raised.value is error
    assert str(p.id) in "".join(error.__notes__)


def test_a_receiver_of_after_that_leaves_the_process_does_not(
    flow: Partnerflow, office: Actor, riverbend: Partner, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[str] = []

    def leaving(sender: str, event: object) -> None:
        raise SystemExit(0)

    flow.after.connect(leaving)
    flow.after.connect(lambda sender, event: heard.append(sender))
    p = flow.propose(riverbend, by=office)
    assert heard == [f"{PREFIX}partnership.proposed.v1"]
    assert str(p.id) in caplog.text
