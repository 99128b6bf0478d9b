"""Hooks inside the transaction may veto; everything else learns of a change after the commit, at most once."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable
from typing import Any

import pytest

from partnerflow import Actor, Partner, Partnerflow, Refused
from partnerflow.adapters.memory import MemoryStore
from partnerflow.records import Need
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
