"""Every event, and how one looks."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from partnerflow import Actor, Partner, Partnerflow, events, obligations
from partnerflow.adapters.memory import MemoryStore
from partnerflow.lifecycle import DEFAULT
from partnerflow.records import Contact

from .write import fenced, pretty, table

_NOW = datetime(2026, 9, 1, 15, tzinfo=UTC)
_SOMEBODY = UUID("0198f000-0000-7000-8000-000000000001")


def _example_flow() -> Partnerflow:
    """Return a flow in which every id and moment is the same in every run."""
    numbers = iter(range(1, 100))
    flow = Partnerflow(
        store=MemoryStore(), clock=lambda: _NOW, new_id=lambda: UUID(int=(_SOMEBODY.int >> 8 << 8) + next(numbers))
    )
    office = Actor("a.anderson", side="district", roles={"partnership_office"})
    p = flow.propose(Partner(name="Riverbend Youth Center"), by=office)
    (entry,) = flow.file(p.id, Contact(name="Ines Moreno"), by=office)
    flow.retract(p.id, entry.id, by=office, reason="filed for the wrong partner")
    flow.redact(p.id, entries=[entry.id], by=office, reason="names somebody of another partner")
    return flow


def every_type() -> str:
    rows = [
        (events.event_type(f"partnership.{row.event}"), f"`{row.trigger}` was done", row.cites) for row in DEFAULT.rows
    ]
    rows += [(each.type, each.means, each.cites) for each in events.EVENT_TYPES]
    return table(
        ("type", "what happened", "clauses"), [(f"`{name}`", what, ", ".join(cites)) for name, what, cites in rows]
    )


def _noticed(telling: Any) -> events.Fact:
    notice = obligations.Notice(
        partnership_id=_SOMEBODY, telling=telling, code="SAFE-002", title="General liability cover meets the minimum",
        due_on=date(2026, 12, 31), days_left=30 if telling == "approaching" else None,
    )  # fmt: skip
    return events.noticed(notice, _NOW)


def envelope() -> str:
    first = next(iter(_example_flow().store.outgoing()))
    return fenced(json.dumps(json.loads(first.body()), indent=2), "json")


def data() -> str:
    moved, filed, retracted, redacted = (dict(event.data) for event in _example_flow().store.outgoing())
    told = [
        ("a step", moved),
        ("a record filed", filed),
        ("a record retracted", retracted),
        ("a record redacted", redacted),
        ("what a sweep found", dict(_noticed("approaching").data)),
    ]
    return "\n".join(f"{what}:\n\n{fenced(pretty(data), 'json')}" for what, data in told)
