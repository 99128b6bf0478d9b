"""The machine does what the table says, and nothing else."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise, product
from threading import Barrier

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transitions import MachineError

from partnerflow.lifecycle import CHOSEN, DEFAULT, SAME, Lifecycle, Row
from partnerflow.lifecycle.machine import run

SUSPENDING = DEFAULT.evolve(
    name="suspending",
    version="1",
    states=["suspended"],
    rows=[
        Row("suspend", sources=["active"], target="suspended", event="suspended", cites=["Board policy 1"]),
        Row("resume", sources=["suspended"], target="active", event="resumed", cites=["Board policy 1"]),
        Row("end", sources=["suspended"], target="terminated", event="ended", cites=["Board policy 1"]),
    ],
    without=["renew"],
)
TABLES = pytest.mark.parametrize("lifecycle", [DEFAULT, SUSPENDING], ids=str)


def steps(lifecycle: Lifecycle) -> dict[tuple[str, str | None], tuple[str, ...]]:
    """Every step of the table: its trigger and source, and where it may lead."""
    return {
        (row.trigger, source): lifecycle.targets(row, source)
        for row in lifecycle.rows
        for source in row.sources or (None,)
    }


@TABLES
def test_every_step_of_the_table_can_be_taken_and_leads_where_the_table_says(lifecycle: Lifecycle) -> None:
    for (trigger, source), targets in steps(lifecycle).items():
        for target in targets:
            assert run(lifecycle, trigger, source, target) == target


@TABLES
def test_where_there_is_no_choice_the_table_decides_and_not_the_caller(lifecycle: Lifecycle) -> None:
    for (trigger, source), targets in steps(lifecycle).items():
        row = lifecycle.row(trigger, source)
        if row is not None and row.target != CHOSEN:
            assert (run(lifecycle, trigger, source, "elsewhere"),) == targets


@TABLES
def test_no_step_outside_the_table_can_be_taken(lifecycle: Lifecycle) -> None:
    others = set(product(lifecycle.triggers, (None, *lifecycle.states))) - steps(lifecycle).keys()
    assert len(others) + len(steps(lifecycle)) == len(lifecycle.triggers) * (len(lifecycle.states) + 1)
    for trigger, source in others:
        with pytest.raises(MachineError, match=f"Can't trigger event {trigger} "):
            run(lifecycle, trigger, source, "active")


@pytest.mark.parametrize("trigger", ["suspend", "to_terminated", ""])
def test_a_trigger_that_no_row_has_is_unknown(trigger: str) -> None:
    with pytest.raises(KeyError, match=repr(trigger)):
        run(DEFAULT, trigger, "active", "terminated")


def test_a_trigger_that_was_left_out_is_unknown_to_the_evolved_table_alone() -> None:
    assert run(DEFAULT, "renew", "active", "active") == "active"
    with pytest.raises(KeyError, match="renew"):
        run(SUSPENDING, "renew", "active", "active")


def test_a_state_that_the_table_does_not_have_is_unknown() -> None:
    with pytest.raises(ValueError, match="'suspended' is not a registered state"):
        run(DEFAULT, "end", "suspended", "terminated")


def test_only_none_stands_for_a_partnership_that_is_not_there_yet() -> None:
    assert run(DEFAULT, "propose", None, "intake") == "intake"
    with pytest.raises(ValueError, match="'' is not a registered state"):
        run(DEFAULT, "propose", "", "intake")


WORDS = ["state", "model", "events", "trigger", "initial", "target", "to_active", "is_active", "self", "none"]


@pytest.mark.parametrize("word", WORDS)
def test_any_word_can_name_a_trigger_and_a_state(word: str) -> None:
    lifecycle = DEFAULT.evolve(
        name="words",
        version="1",
        states=[word],
        rows=[
            Row(word, sources=["active"], target=word, event=word, cites=["X"]),
            Row("end", sources=[word], target="terminated", event="ended", cites=["X"]),
        ],
    )
    assert run(lifecycle, word, "active", word) == word
    assert run(lifecycle, "end", word, "terminated") == "terminated"


@TABLES
def test_adopt_reaches_every_state_that_can_be_left(lifecycle: Lifecycle) -> None:
    assert [run(lifecycle, "adopt", None, state) for state in lifecycle.live] == list(lifecycle.live)


@pytest.mark.parametrize("target", ["terminated", "suspended"])
def test_adopt_reaches_neither_a_final_state_nor_an_unknown_one(target: str) -> None:
    with pytest.raises(AssertionError, match=f"adopt from None to {target} was decided but not taken"):
        run(DEFAULT, "adopt", None, target)


def test_an_added_state_can_be_entered_left_and_adopted() -> None:
    assert run(SUSPENDING, "suspend", "active", "suspended") == "suspended"
    assert run(SUSPENDING, "resume", "suspended", "active") == "active"
    assert run(SUSPENDING, "end", "suspended", "terminated") == "terminated"
    assert run(SUSPENDING, "adopt", None, "suspended") == "suspended"


@given(st.data(), st.sampled_from([DEFAULT, SUSPENDING]))
def test_no_path_of_legal_steps_leaves_the_known_states(data: st.DataObject, lifecycle: Lifecycle) -> None:
    state: str | None = None
    for _ in range(20):
        legal = lifecycle.legal(state)
        if not legal:
            break
        trigger = data.draw(st.sampled_from(legal), label="trigger")
        row = lifecycle.row(trigger, state)
        assert row is not None
        targets = lifecycle.targets(row, state)
        target = data.draw(st.sampled_from(targets), label="target")
        state = run(lifecycle, trigger, state, target)
        assert state == target
        assert state in lifecycle.states
    assert (not lifecycle.legal(state)) == (state in lifecycle.final)


@st.composite
def tables(draw: st.DrawFn) -> Lifecycle:
    """Return a sound table: a straight way from the first state to the last, and any further rows beside it."""
    states = [f"s{number}" for number in range(draw(st.integers(2, 5)))]
    way_in = Row("open", sources=[], target="s0", event="opened", cites=["X"])
    rows = [Row("step", sources=[a], target=b, event="stepped", cites=["X"]) for a, b in pairwise(states)]
    live = st.lists(st.sampled_from(states[:-1]), unique=True)
    for number in range(draw(st.integers(0, 4))):
        sources = draw(live)
        target = draw(st.sampled_from([*states, SAME] if sources else [*states[:-1], CHOSEN]))
        trigger = f"extra{number}"
        rows.append(Row(trigger, sources=sources, target=target, event=f"{trigger}_done", cites=["X"]))
    rows = draw(st.permutations([way_in, *rows]))
    return Lifecycle("drawn", "1", rows, states=states, final=states[-1:])


@given(tables())
def test_any_sound_table_runs_as_it_reads(lifecycle: Lifecycle) -> None:
    known = steps(lifecycle)
    for trigger, source in product(lifecycle.triggers, (None, *lifecycle.states)):
        reached = set()
        for target in lifecycle.states:
            try:
                reached.add(run(lifecycle, trigger, source, target))
            except (MachineError, AssertionError):
                continue
        assert reached == set(known.get((trigger, source), ()))


def test_two_threads_that_share_a_lifecycle_do_not_disturb_each_other() -> None:
    to_the_end = [
        "propose",
        "begin_vetting",
        "approve",
        "activate",
        "open_improvement_plan",
        "reinstate",
        "end",
    ]
    back_and_forth = ["propose", "begin_vetting", "return_to_intake", "begin_vetting", "decline"]
    fresh = DEFAULT.evolve(name="threads", version="1")  # its machine is built by whichever thread comes first
    start = Barrier(2)

    def walk(path: list[str]) -> set[tuple[str, ...]]:
        start.wait(timeout=10)
        seen = set()
        for _ in range(200):
            states: list[str] = []
            for trigger in path:
                states.append(run(fresh, trigger, states[-1] if states else None, "(the table says)"))
            seen.add(tuple(states))
        return seen

    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(2) as pool:
            walks = list(pool.map(walk, [to_the_end, back_and_forth]))
    finally:
        sys.setswitchinterval(usual)

    assert walks == [
        {("intake", "vetting", "onboarding", "active", "improvement_plan", "active", "terminated")},
        {("intake", "vetting", "intake", "vetting", "terminated")},
    ]
