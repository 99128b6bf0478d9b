"""A host's own facts are records, each as it will be read back; anything else is named with its partnership at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from partnerflow import Actor, HookError, Partner, Partnerflow, StoreBusy
from partnerflow.records import (
    Contact,
    Insurance,
    Need,
    Redaction,
    Retraction,
    Unregistered,
    Waiver,
    WaiverRefusal,
    WaiverRequest,
    WaiverRevocation,
)

SOON = date(2026, 12, 1)
WRONG: dict[str, Any] = {
    "None": None,
    "a text": "abc",
    "a number": 7,
    "a record alone": Need(need="a"),
    "a mapping": {"kind": "need", "need": "a"},
    "JSON": [{"kind": "contact", "name": "I"}],
    "a kind": [Need],
    "a partner": [Partner(name="Other")],
    "a kind that nobody knows": [Unregistered(kind="bus_stop", fields={})],
    "a retraction": [Retraction(entry_id=UUID(int=1), reason="r")],
    "a redaction": [Redaction(entries=(), steps=(), reason="r")],
    "a waiver": [Waiver("SAFE-002", reason="r", requested_by="x", expires_on=SOON)],
    "a request for a waiver": [WaiverRequest("SAFE-002", reason="r", expires_on=SOON)],
    "a refusal of one": [WaiverRefusal("SAFE-002", reason="r")],
    "a revocation": [WaiverRevocation("SAFE-002", reason="r")],
    "a value of the wrong type": [Contact(name=3)],  # type: ignore[arg-type]
    "a moment for a day": [Insurance(line="x", ends_on=datetime(2026, 1, 1, tzinfo=UTC))],
    "half a surrogate pair": [Contact(name="\ud800")],
}


def hosting(flow: Partnerflow, host_records: Any) -> Partnerflow:
    return Partnerflow(store=flow.store, pack=flow.pack, clock=flow.clock, host_records=host_records)


@pytest.fixture
def seen(flow: Partnerflow, walked_to: Callable) -> UUID:
    return walked_to(flow, "vetting").id  # type: ignore[no-any-return]


@pytest.mark.parametrize("what", WRONG)
def test_what_is_no_record_that_a_host_may_supply_is_named_with_the_partnership(
    flow: Partnerflow, office: Actor, seen: UUID, everything: Callable, what: str
) -> None:
    hosted, before = hosting(flow, lambda partnership, session: WRONG[what]), everything(flow)
    calls: list[Callable[[], Any]] = [
        lambda: hosted.explain(seen),
        lambda: hosted.check(seen, "approve", by=office),
        lambda: hosted.fire(seen, "return_to_intake", by=office, reason="r"),
        lambda: hosted.file(seen, Need(need="b"), by=office),
    ]
    for call in calls:
        with pytest.raises(HookError) as raised:
            call()
        assert (raised.value.hook, raised.value.partnership_id) == ("host_records", seen)
        assert str(seen) in str(raised.value)
        assert raised.value.__cause__ is not None
    assert everything(flow) == before


@pytest.mark.parametrize("error", [KeyError("liaison 17"), SystemExit(3), AssertionError()])
def test_what_it_raises_is_the_cause_of_an_error_that_names_the_partnership(
    flow: Partnerflow, seen: UUID, error: BaseException
) -> None:
    def failing(partnership: object, session: object) -> Any:
        raise error

    def failing_later(partnership: object, session: object) -> Any:
        yield Need(need="a")
        raise error

    for host_records in (failing, failing_later):
        with pytest.raises(HookError, match=type(error).__name__) as raised:
            hosting(flow, host_records).explain(seen)
        assert raised.value.__cause__ is error
        assert raised.value.partnership_id == seen


def test_a_store_that_fails_is_a_store_that_fails(flow: Partnerflow, seen: UUID) -> None:
    def busy(partnership: object, session: object) -> Any:
        raise StoreBusy("locked")

    with pytest.raises(StoreBusy):
        hosting(flow, busy).explain(seen)


def test_one_that_fails_for_one_partnership_leaves_the_others_in_every_list(
    flow: Partnerflow, seen: UUID, walked_to: Callable
) -> None:
    other = walked_to(flow, "intake").id

    def host_records(partnership: Any, session: object) -> Any:
        return None if partnership.id == seen else [Need(need="a")]

    hosted = hosting(flow, host_records)
    rows = {row.partnership.id: row for row in hosted.inventory()}
    assert str(seen) in str(rows[seen].error)
    assert rows[other].error is None
    compared = {one.id: one.unjudged for one in hosted.compare("spps-9a")}
    assert str(seen) in str(compared[seen])
    assert compared[other] is None


def test_a_generator_and_any_other_series_of_records_do(flow: Partnerflow, seen: UUID) -> None:
    for given in (
        (Need(need=each) for each in "ab"),
        {Need(need="a"), Need(need="b")},
        [Need(need="a"), Need(need="b")],
    ):
        hosted = hosting(flow, lambda partnership, session, given=given: given)
        assert {each.need for each in hosted.dossier(seen).all(Need)} >= {"a", "b"}
