"""What is on file and what was told of one partnership, with nothing of any other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from partnerflow import DISTRICT, NotFound, Partner, Partnerflow, Partnership
from partnerflow.ports import Store
from partnerflow.records import Need, Scope, Site
from partnerflow.testing import OFFICE

NOBODY = UUID(int=7)


@pytest.fixture
def two(flow: Partnerflow, walked_to: Callable[..., Partnership]) -> tuple[Partnership, Partnership]:
    """Two partnerships of one partner."""
    first = walked_to(flow, "active")
    return first, flow.propose(first.partner_id, by=OFFICE)


def test_the_events_of_one_are_those_of_the_outbox_in_order(
    flow: Partnerflow, store: Store, two: tuple[Partnership, Partnership]
) -> None:
    everything = list(store.outgoing())
    for each in two:
        found = flow.events_of(each.id)
        assert found == [event for event in everything if event.partnership_id == each.id]
        assert [event.sequence for event in found] == list(range(1, len(found) + 1))
    assert sum(len(flow.events_of(each.id)) for each in two) == len(everything)


def test_the_events_are_those_that_receivers_had(flow: Partnerflow) -> None:
    had: list[Any] = []
    flow.after.connect(lambda _, event: had.append(event))
    made = flow.propose(Partner(name="Riverbend"), by=OFFICE)
    flow.file(made.id, Need(need="tutors"), by=OFFICE)
    assert flow.events_of(made.id) == had


def test_the_entries_of_one_are_its_partners_and_its_own_whatever_became_of_them(
    flow: Partnerflow, two: tuple[Partnership, Partnership]
) -> None:
    first, second = two
    (wrong,) = flow.file(second.id, Scope(sites={"a"}), by=OFFICE)
    taken_back = flow.retract(second.id, wrong.id, by=OFFICE, reason="wrong school")
    flow.redact(second.id, entries=[wrong.id], by=OFFICE, reason="names a student")
    flow.file(second.id, Scope(sites={"b"}), by=OFFICE)
    found = flow.entries_of(second.id)
    assert {wrong.id, taken_back.id} < {entry.id for entry in found}
    assert next(entry.redacted for entry in found if entry.id == wrong.id)
    files = [entry.file_id for entry in found]
    assert files == sorted(files, key=[first.partner_id, second.id].index)
    for file_id in set(files):
        places = [entry.seq for entry in found if entry.file_id == file_id]
        assert places == list(range(1, len(places) + 1))
    assert [entry for entry in flow.entries_of(first.id) if entry.file_id == first.partner_id] == [
        entry for entry in found if entry.file_id == first.partner_id
    ]
    assert set(flow.dossier(first.id).entries) <= set(flow.entries_of(first.id))


def test_of_nobody_there_is_nothing(flow: Partnerflow) -> None:
    flow.file(DISTRICT, Site(site="1", name="North"), by=OFFICE)
    for call in (flow.events_of, flow.entries_of):
        for nobody in (NOBODY, DISTRICT):
            with pytest.raises(NotFound):
                call(nobody)
