"""Every type of event, the envelope, and the data of each type."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from partnerflow import Actor, Partner, Partnerflow, events, obligations
from partnerflow.adapters.memory import MemoryStore
from partnerflow.lifecycle import DEFAULT
from partnerflow.records import BackgroundCheck, Contact, Waiver, WaiverRefusal, WaiverRequest, WaiverRevocation

from .write import codes, fenced, pretty, table

_NOW = datetime(2026, 9, 1, 15, tzinfo=UTC)
_UNTIL = date(2026, 12, 31)
_SOMEBODY = UUID("0198f000-0000-7000-8000-000000000001")


def _example_flow() -> Partnerflow:
    """Return a flow that sent every event but those of sweeps; its ids and moments are the same in every run."""
    numbers = iter(range(1, 100))
    flow = Partnerflow(
        store=MemoryStore(), clock=lambda: _NOW, new_id=lambda: UUID(int=(_SOMEBODY.int >> 8 << 8) + next(numbers))
    )
    office = Actor("a.anderson", side="district", roles={"partnership_office"})
    board = Actor("b.okafor", side="district", roles={"partnership_office"})
    p = flow.propose(Partner(name="Riverbend Youth Center"), by=office)
    (entry,) = flow.file(p.id, Contact(name="Ines Moreno"), by=office)
    flow.retract(p.id, entry.id, by=office, reason="filed for the wrong partner")
    flow.redact(p.id, entries=[entry.id], by=office, reason="names somebody of another partner")
    rep = Actor("i.moreno", side="partner", roles={"partner"}, partner_id=p.partner_id)
    (waiting,) = flow.file(p.id, BackgroundCheck(person="j.rivera", result="clear"), by=rep)
    flow.confirm(p.id, waiting.id, by=office)
    for code in ("SAFE-002", "GOAL-001"):
        flow.file(p.id, WaiverRequest(code, reason="on order", expires_on=_UNTIL), by=office)
    flow.file(p.id, Waiver("SAFE-002", reason="on order", requested_by=office.id, expires_on=_UNTIL), by=board)
    flow.file(p.id, WaiverRefusal("GOAL-001", reason="last year's plan is in force"), by=board)
    flow.file(p.id, WaiverRevocation("SAFE-002", reason="on file now"), by=board)
    return flow


def every_type() -> str:
    rows = [
        (events.event_type(f"partnership.{row.event}"), f"the step `{row.trigger}` was taken", row.cites)
        for row in DEFAULT.rows
    ]
    rows += [(each.type, each.means, each.cites) for each in events.EVENT_TYPES]
    return table(
        ("type", "what happened", "clauses"), [(f"`{name}`", what, ", ".join(cites)) for name, what, cites in rows]
    )


def _notices() -> Iterator[events.Fact]:
    for telling in events.NOTICES:
        notice = obligations.Notice(
            partnership_id=_SOMEBODY,
            telling=telling,  # type: ignore[arg-type]
            code="SAFE-002",
            title="General liability cover meets the minimum",
            due_on=_UNTIL,
            days_left=30 if telling == "approaching" else None,
        )
        yield events.noticed(notice, _NOW)


def envelope() -> str:
    first = next(iter(_example_flow().store.outgoing()))
    return fenced(json.dumps(json.loads(first.body()), indent=2), "json")


def data() -> str:
    """Show the data of every type once; types whose data has the same fields share an example."""
    examples: dict[tuple[str, ...], tuple[list[str], dict[str, Any]]] = {}
    for event in (*_example_flow().store.outgoing(), *_notices()):
        types, _ = examples.setdefault(tuple(event.data), ([], dict(event.data)))
        if event.type not in types:
            types.append(event.type)
    shown = {name for types, _ in examples.values() for name in types}
    if missing := [each.type for each in events.EVENT_TYPES if each.type not in shown]:
        raise SystemExit(f"docs/parts/events.py: add a call to _example_flow that sends {', '.join(missing)}")
    return "\n".join(f"{_title(types)}:\n\n{fenced(pretty(data), 'json')}" for types, data in examples.values())


def _title(types: list[str]) -> str:
    return "a step" if types[0].startswith(events.event_type("partnership.")[:-3]) else codes(types)
