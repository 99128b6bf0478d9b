"""Events go out in order."""
# ruff: noqa: S101  these are tests

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from partnerflow.flow import Partnerflow
from partnerflow.ports import Store
from partnerflow.records import (
    Need,
)

from .fixtures import ODD, WHO, Fixtures, adopted, held_by


class OutboxTests(Fixtures):
    """Events go out in order."""

    def test_events_go_out_in_order_without_gaps(self, flow: Partnerflow, store: Store) -> None:
        """Numbered from 1 for each partnership, each in its envelope."""
        first, second = adopted(flow), adopted(flow)
        for begun in (first, second, first):
            flow.file(begun.id, Need(need=f"{len(flow.history(begun.id))} {ODD}"), by=WHO)
            flow.fire(begun.id, "amend", by=WHO, reason=ODD)
        of: dict[UUID, list[Any]] = {first.id: [], second.id: []}
        for event in store.outgoing():
            of[event.partnership_id].append(event)
        assert [event.sequence for event in of[first.id]] == [1, 2, 3, 4, 5]
        assert [event.sequence for event in of[second.id]] == [1, 2, 3]
        assert held_by(store, first.id).events == 5
        assert len({event.id for events in of.values() for event in events}) == 8
        for event in (*of[first.id], *of[second.id]):
            body = json.loads(event.body())
            assert (body["specversion"], body["id"], body["type"]) == ("1.0", str(event.id), event.type)
            assert body["source"] == f"urn:partnerflow:{store.tenant}"
            assert body["subject"] == body["partitionkey"] == str(event.partnership_id)
            assert body["sequence"] == f"{event.sequence:020d}"
            assert datetime.fromisoformat(body["time"]) == event.time
            assert body["data"] == event.data
            assert ODD not in event.body()
