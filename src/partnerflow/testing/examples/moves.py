"""Who acts in the example, and the transitions that its partnership has made in each state."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from partnerflow.actors import Actor
from partnerflow.lifecycle import Move, State, Trigger

EXAMPLE_DAY = date(2026, 9, 15)
"""The day on which the example passes every policy."""
OFFICE = Actor("a.anderson", side="district", roles={"partnership_office"})
"""Who proposed the example."""
BOARD = Actor("b.okafor", side="district", roles={"partnership_office"})
"""Another person, who may approve what OFFICE proposed."""


def _move(trigger: str, source: str | None, target: str, by: Actor, day: date, reason: str | None = None) -> Move:
    at = datetime.combine(day, time(15), UTC)
    return Move(trigger, source, target, by=by, at=at, reason=reason)


_TO_ACTIVE = (
    _move(Trigger.PROPOSE, None, State.INTAKE, OFFICE, date(2026, 8, 3)),
    _move(Trigger.BEGIN_VETTING, State.INTAKE, State.VETTING, OFFICE, date(2026, 8, 10)),
    _move(Trigger.APPROVE, State.VETTING, State.ONBOARDING, BOARD, date(2026, 8, 21)),
    _move(Trigger.ACTIVATE, State.ONBOARDING, State.ACTIVE, OFFICE, date(2026, 9, 1)),
)
MOVES: dict[str, tuple[Move, ...]] = {
    State.INTAKE: _TO_ACTIVE[:1],
    State.VETTING: _TO_ACTIVE[:2],
    State.ONBOARDING: _TO_ACTIVE[:3],
    State.ACTIVE: _TO_ACTIVE,
    State.IMPROVEMENT_PLAN: (
        *_TO_ACTIVE,
        _move(
            Trigger.OPEN_IMPROVEMENT_PLAN,
            State.ACTIVE,
            State.IMPROVEMENT_PLAN,
            OFFICE,
            date(2026, 9, 8),
            reason="attendance below half of the plan",
        ),
    ),
    State.TERMINATED: (
        *_TO_ACTIVE,
        _move(Trigger.END, State.ACTIVE, State.TERMINATED, OFFICE, date(2026, 9, 10), reason="the grant ran out"),
    ),
}
