"""A step that a clock recorded far ahead drags no judgement along: every policy says what it would say without that."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import attrs
import pytest

from partnerflow.dossier import Absent, Dossier
from partnerflow.lifecycle import DEFAULT, State
from partnerflow.policies import load_pack
from partnerflow.testing import EXAMPLE_DAY, OFFICE, example_dossier

PACK = load_pack("default")
AHEAD = datetime(2099, 1, 1, tzinfo=UTC)
OF_THE_STEP = {"REN-001": "a term that nobody knows the first day of is to be renewed now"}
"""What a policy says of the step itself, and why."""
DATED = frozenset({"annual_form", "evaluation", "quality_system", "termination_notice"})
"""Kinds in whose place a step gives some time."""


def recorded_ahead(dossier: Dossier, place: int) -> Dossier:
    """Return a file as if the clock had been ahead when one of its moves was made."""
    made = list(dossier.moves or ())
    made[place] = attrs.evolve(made[place], at=AHEAD)
    entered = dossier.entered_at_version() == place + 1
    stood = attrs.evolve(dossier.partnership, since=AHEAD.date()) if entered else dossier.partnership
    return attrs.evolve(dossier, moves=tuple(made), partnership=stood)


@pytest.mark.parametrize("without", [frozenset[str](), DATED], ids=["whole", "bare"])
@pytest.mark.parametrize("state", State)
def test_every_policy_says_what_it_says_without_the_wrong_clock(state: str, without: frozenset[str]) -> None:
    dossier = example_dossier(state, without=without)
    for place in range(len(dossier.moves or ())):
        wrong = recorded_ahead(dossier, place)
        for on in (EXAMPLE_DAY + timedelta(days=days) for days in (0, 31, 45, 400, 800)):
            for trigger in (None, *DEFAULT.legal(state)):
                right = PACK.check(dossier, on=on, trigger=trigger, by=OFFICE)
                now = PACK.check(wrong, on=on, trigger=trigger, by=OFFICE)
                differ = {one.code for one in right.findings if now[one.code].outcome != one.outcome}
                assert differ <= OF_THE_STEP.keys(), (place, on, trigger)


def test_until_its_day_comes_a_move_was_made_when_the_one_before_it_was() -> None:
    dossier = example_dossier("active")
    days = [dossier.day_of(move.at) for move in dossier.moves or () if move.at]
    wrong = recorded_ahead(dossier, 3)
    assert [dossier.made_on(version, EXAMPLE_DAY) for version in (1, 2, 3, 4)] == days
    assert wrong.made_on(4, EXAMPLE_DAY) == wrong.entered_on(EXAMPLE_DAY) == days[2]
    assert wrong.made_on(4, date(2099, 1, 1)) == wrong.entered_on(date(2099, 1, 1)) == date(2099, 1, 1)
    with pytest.raises(Absent):
        recorded_ahead(dossier, 0).made_on(1, EXAMPLE_DAY)
