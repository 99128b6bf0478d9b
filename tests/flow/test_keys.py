"""A key that has done its work gives that work again and changes nothing; only work uses up a key."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta, timezone
from typing import Any

import pytest

from partnerflow import (
    DISTRICT,
    Actor,
    Conflict,
    IllegalTrigger,
    InvalidRequest,
    KeyReused,
    Partner,
    Partnerflow,
    Refused,
)
from partnerflow.records import Document, Insurance, Need, Site
from partnerflow.testing.clock import TickingClock

COVER = Insurance(line="workers_compensation", starts_on=date(2026, 7, 1))
Call = Callable[..., Any]


@pytest.fixture
def calls(flow: Partnerflow, office: Actor, walked_to: Call, riverbend: Partner) -> dict[str, Call]:
    """Every write that takes a key, as a call of it and other arguments."""
    p = walked_to(flow, "improvement_plan")
    (entry,) = flow.file(p.id, Need(need="to be taken back"), by=office)
    assert entry.id is not None

    def said(**given: Any) -> dict[str, Any]:
        return {"by": office, **given}

    return {
        "propose": lambda **given: flow.propose(riverbend, **said(**given)),
        "propose one more": lambda **given: flow.propose(p.partner_id, **said(**given)),
        "adopt": lambda **given: flow.adopt(riverbend, **said(state="active", reason="in place", **given)),
        "fire": lambda **given: flow.fire(p.id, "extend_improvement_plan", **said(reason="not yet", **given)),
        "file": lambda **given: flow.file(p.id, COVER, Need(need="new"), **said(**given)),
        "file for the district": lambda **given: flow.file(DISTRICT, Site(site="s", name="S"), **said(**given)),
        "retract": lambda **given: flow.retract(p.id, entry.id, **{"reason": "wrong", **said(**given)}),
    }


WRITES = pytest.mark.parametrize(
    "write", ["propose", "propose one more", "adopt", "fire", "file", "file for the district", "retract"]
)


@WRITES
def test_a_replay_gives_the_same_work_and_changes_nothing(
    flow: Partnerflow, calls: dict[str, Call], everything: Call, clock: TickingClock, write: str
) -> None:
    work = calls[write](idempotency_key="k")
    before = everything(flow)
    told: list[str] = []
    flow.after.connect(lambda sender, event: told.append(sender))
    flow.before.connect(lambda sender, transition: told.append(sender))
    clock.move_on(days=400)
    assert calls[write](idempotency_key="k") == work
    assert (everything(flow), told) == (before, [])


@pytest.mark.parametrize("write", ["fire", "file", "retract"])
def test_a_replay_is_given_whatever_version_is_expected(flow: Partnerflow, calls: dict[str, Call], write: str) -> None:
    work = calls[write](idempotency_key="k", expected_version=5)
    calls["fire"]()
    for version in (4, 1, 99, None):
        assert calls[write](idempotency_key="k", expected_version=version) == work


def test_a_replay_is_given_as_the_work_was_though_more_has_happened_since(
    flow: Partnerflow, office: Actor, riverbend: Partner, paperwork: Call, clock: TickingClock
) -> None:
    def adopt() -> object:
        since = date(2019, 8, 1)
        return flow.adopt(
            Partner(name="A"), state="active", since=since, by=office, reason="in place", idempotency_key="a"
        )

    p, a = flow.propose(riverbend, by=office, idempotency_key="p"), adopt()
    clock.move_on(days=3)
    flow.file(a.id, *paperwork(trigger="end"), by=office)
    ended = flow.fire(a.id, "end", by=office, reason="done", idempotency_key="f")
    flow.fire(p.id, "withdraw", by=office, reason="no")
    assert flow.propose(riverbend, by=office, idempotency_key="p") == p
    assert adopt() == a
    assert flow.fire(a.id, "end", by=office, reason="done", idempotency_key="f") == ended


@WRITES
def test_the_same_key_with_another_request_is_an_error(
    flow: Partnerflow, calls: dict[str, Call], board: Actor, everything: Call, clock: TickingClock, write: str
) -> None:
    calls[write](idempotency_key="k")
    before = everything(flow)
    at = clock.peek()
    clock.move_on(days=1)
    for other in (
        lambda: calls[write](idempotency_key="k", by=board),
        lambda: calls[write](idempotency_key="k", at=at),
        *(lambda name=name: calls[name](idempotency_key="k") for name in calls if name != write),
    ):
        with pytest.raises(KeyReused, match="'k'"):
            other()
    assert everything(flow) == before
    calls[write](idempotency_key="K")


def test_every_argument_makes_another_request(
    flow: Partnerflow, office: Actor, riverbend: Partner, everything: Call
) -> None:
    p = flow.propose(riverbend, by=office, idempotency_key="propose")
    a = flow.adopt(Partner(name="A"), state="active", by=office, reason="in place", idempotency_key="adopt")
    flow.file(p.id, COVER, by=office, idempotency_key="file")
    (entry,) = flow.file(p.id, Need(need="a"), by=office)
    flow.retract(p.id, entry.id, by=office, reason="wrong", idempotency_key="retract")
    flow.fire(p.id, "withdraw", by=office, reason="None", idempotency_key="fire")
    before = everything(flow)

    def adopt(**given: Any) -> object:
        said = {"state": "active", "by": office, "reason": "in place", "idempotency_key": "adopt", **given}
        return flow.adopt(Partner(name="A"), **said)

    for other in (
        lambda: flow.propose(Partner(name="B"), by=office, idempotency_key="propose"),
        lambda: flow.propose(riverbend, by=office, reason="why not", idempotency_key="propose"),
        lambda: flow.propose(p.partner_id, by=office, idempotency_key="propose"),
        lambda: flow.propose(a.partner_id, by=office, succeeds=p.id, idempotency_key="propose"),
        lambda: adopt(state="vetting"),
        lambda: adopt(reason="so they say"),
        lambda: adopt(since=date(2019, 8, 1)),
        lambda: flow.file(a.id, COVER, by=office, idempotency_key="file"),
        lambda: flow.file(p.id, by=office, idempotency_key="file"),
        lambda: flow.file(p.id, COVER, COVER, by=office, idempotency_key="file"),
        lambda: flow.file(p.id, COVER, by=office, documents=[Document("s3://a", "0" * 64)], idempotency_key="file"),
        lambda: flow.retract(p.id, entry.id, by=office, reason="other", idempotency_key="retract"),
        lambda: flow.fire(p.id, "withdraw", by=office, idempotency_key="fire"),
        lambda: flow.fire(p.id, "decline", by=office, reason="None", idempotency_key="fire"),
    ):
        with pytest.raises(KeyReused):
            other()
    assert everything(flow) == before


def test_one_moment_is_one_request_in_whatever_zone_it_is_said(
    flow: Partnerflow, office: Actor, walked_to: Call, clock: TickingClock
) -> None:
    p = walked_to(flow, "active")
    at = clock.peek()
    clock.move_on(hours=1)
    step = flow.fire(p.id, "renew", by=office, at=at, idempotency_key="k")
    elsewhere = at.astimezone(timezone(timedelta(hours=-5)))
    assert flow.fire(p.id, "renew", by=office, at=elsewhere, idempotency_key="k") == step


def test_a_no_uses_up_no_key(flow: Partnerflow, office: Actor, board: Actor, walked_to: Call) -> None:
    p = walked_to(flow, "vetting")
    key = {"idempotency_key": "k"}

    def veto(sender: str, transition: object) -> None:
        raise PermissionError

    with pytest.raises(Refused):
        flow.fire(p.id, "approve", by=office, **key)
    with pytest.raises(IllegalTrigger):
        flow.fire(p.id, "renew", by=office, **key)
    with pytest.raises(Conflict):
        flow.fire(p.id, "approve", by=board, expected_version=1, **key)
    with pytest.raises(Refused):
        flow.fire(p.id, "return_to_intake", by=board, **key)  # without its reason
    with pytest.raises(Refused):
        flow.file(p.id, COVER, by=Actor("x"), **key)
    with pytest.raises(InvalidRequest):
        flow.fire(p.id, "approve", by=board, at=flow.clock().replace(year=2099), **key)
    flow.before.connect(veto)
    with pytest.raises(PermissionError):
        flow.fire(p.id, "approve", by=board, **key)
    flow.before.disconnect(veto)
    step = flow.fire(p.id, "approve", by=board, **key)
    assert flow.fire(p.id, "approve", by=board, **key) == step
    assert len(flow.history(p.id)) == 3


def test_what_was_done_already_uses_up_a_key_too(flow: Partnerflow, office: Actor, riverbend: Partner) -> None:
    p = flow.propose(riverbend, by=office)
    filed = flow.file(p.id, COVER, by=office)
    assert flow.file(p.id, COVER, by=office, idempotency_key="f") == filed
    with pytest.raises(KeyReused):
        flow.file(p.id, Need(need="a"), by=office, idempotency_key="f")
    taken = flow.retract(p.id, filed[0].id, by=office, reason="wrong")
    assert flow.retract(p.id, filed[0].id, by=office, reason="again", idempotency_key="r") == taken
    with pytest.raises(KeyReused):
        flow.retract(p.id, filed[0].id, by=office, reason="wrong", idempotency_key="r")
    assert flow.file(p.id, COVER, by=office, idempotency_key="f") == filed  # though it was taken back since
