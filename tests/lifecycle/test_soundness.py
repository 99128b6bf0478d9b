"""A table in which a partnership could get lost cannot be built."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partnerflow.errors import PartnerflowError, UnsoundLifecycle
from partnerflow.lifecycle import CHOSEN, DEFAULT, SAME, TRANSITIONS, Lifecycle, Row

EVENTS = {row.trigger: row.event for row in TRANSITIONS}


def row(
    trigger: str,
    sources: Sequence[str],
    target: str,
    *,
    event: str | None = None,
    cites: Sequence[str] = ("X",),
) -> Row:
    usual = EVENTS.get(trigger, f"{trigger}_done")
    return Row(trigger, sources=sources, target=target, event=usual if event is None else event, cites=cites)


def more(*rows: Row, states: Sequence[str] = (), final: Sequence[str] = ()) -> Lifecycle:
    return DEFAULT.evolve(name="mine", version="1", rows=rows, states=states, final=final)


def without(*triggers: str) -> Lifecycle:
    return DEFAULT.evolve(name="mine", version="1", without=triggers)


KNOWN = "is not among the states ['active', 'improvement_plan', 'intake', 'onboarding', 'terminated', 'vetting']"
CLASH = "approve from vetting clashes with row approve (vetting -> onboarding)"
AMEND = "row amend (active, improvement_plan -> =)"
PAUSE = row("pause", ["active"], SAME)
WORD = "is not a word ([a-z][a-z0-9_]*)"
CIRCLE = "row unpack (archived -> paused); row dust (archived -> =)"

UNSOUND: dict[str, tuple[Callable[[], Lifecycle], list[str]]] = {
    "unknown source": (
        lambda: more(row("pause", ["actve"], "active")),
        [f"row pause (actve -> active): source 'actve' {KNOWN}"],
    ),
    "unknown target": (
        lambda: more(row("pause", ["active"], "paused")),
        [f"row pause (active -> paused): target 'paused' {KNOWN}"],
    ),
    "clash with a row that was there": (
        lambda: more(row("approve", ["intake", "vetting"], "active")),
        [f"row approve (intake, vetting -> active): {CLASH}"],
    ),
    "clash of two ways in": (
        lambda: more(row("propose", [], "vetting")),
        ["row propose (- -> vetting): propose from - clashes with row propose (- -> intake)"],
    ),
    "clash of a row with itself": (
        lambda: more(PAUSE, PAUSE),
        ["row pause (active -> =): pause from active clashes with row pause (active -> =)"],
    ),
    "clash inside a row": (
        lambda: more(row("pause", ["active", "active"], SAME)),
        ["row pause (active, active -> =): pause from active clashes with row pause (active, active -> =)"],
    ),
    "way in given twice": (
        lambda: more(TRANSITIONS[0]),
        ["row propose (- -> intake): propose from - clashes with row propose (- -> intake)"],
    ),
    "event of another trigger": (
        lambda: more(row("pause", ["active"], SAME, event="amended")),
        [f"row pause (active -> =): event 'amended' is already that of {AMEND}"],
    ),
    "second event of one trigger": (
        lambda: more(row("amend", ["onboarding"], SAME, event="changed")),
        [f"row amend (onboarding -> =): event 'changed' is not 'amended', as in {AMEND}"],
    ),
    "unreachable state": (
        lambda: more(row("resume", ["paused"], "active"), states=["paused"]),
        ["state paused: cannot be reached from intake"],
    ),
    "states left behind when a row goes": (
        lambda: without("open_improvement_plan"),
        ["state improvement_plan: cannot be reached from intake"],
    ),
    "dead end without a row": (
        lambda: more(row("pause", ["active"], "paused"), states=["paused"]),
        ["state paused: has no way to a final state (no row leads out)"],
    ),
    "dead end in a circle": (
        lambda: more(
            row("pause", ["active"], "paused"),
            row("archive", ["paused"], "archived"),
            row("unpack", ["archived"], "paused"),
            row("dust", ["archived"], SAME),
            states=["paused", "archived"],
        ),
        [
            "state paused: has no way to a final state (row archive (paused -> archived))",
            f"state archived: has no way to a final state ({CIRCLE})",
        ],
    ),
    "no final state at all": (
        lambda: Lifecycle("mine", "1", [row("open", [], "here")], states=["here"], final=[]),
        ["state here: has no way to a final state (no row leads out)"],
    ),
    "way out of a final state": (
        lambda: more(row("reopen", ["terminated"], "active")),
        ["row reopen (terminated -> active): source 'terminated' is final: nothing leads out of it"],
    ),
    "final state that is no state": (
        lambda: more(final=["archived"]),
        ["state archived: is final but not among the states"],
    ),
    "state declared twice": (
        lambda: more(states=["active"]),
        ["state active: is declared twice"],
    ),
    "no states": (
        lambda: Lifecycle("mine", "1", [row("adopt", [], CHOSEN)], states=(), final=()),
        ["table: has no state that can be left"],
    ),
    "nothing but final states": (
        lambda: Lifecycle("mine", "1", [row("adopt", [], CHOSEN)], states=["over"], final=["over"]),
        ["table: has no state that can be left"],
    ),
    "state of two words": (
        lambda: more(states=["on hold"]),
        [f"state on hold: {WORD}"],
    ),
    "state without a name": (
        lambda: more(states=[""]),
        [f"state : {WORD}"],
    ),
    "state called as a target that is none": (
        lambda: more(states=[SAME, CHOSEN]),
        [f"state *: {WORD}", f"state =: {WORD}"],
    ),
    "trigger with a capital": (
        lambda: more(row("Pause", ["active"], SAME, event="paused")),
        [f"row Pause (active -> =): trigger 'Pause' {WORD}"],
    ),
    "trigger without a name": (
        lambda: more(row("", ["active"], SAME, event="paused")),
        [f"row  (active -> =): trigger '' {WORD}"],
    ),
    "trigger with a line after it": (
        lambda: more(row("pause\n", ["active"], SAME, event="paused")),
        [f"row pause\n (active -> =): trigger 'pause\\n' {WORD}"],
    ),
    "no citation": (
        lambda: more(row("pause", ["active"], SAME, cites=[])),
        ["row pause (active -> =): cites no clause"],
    ),
    "event of two words": (
        lambda: more(row("pause", ["active"], SAME, event="was paused")),
        [f"row pause (active -> =): event 'was paused' {WORD}"],
    ),
    "event with a dot": (
        lambda: more(row("pause", ["active"], SAME, event="paused.v2")),
        [f"row pause (active -> =): event 'paused.v2' {WORD}"],
    ),
    "event without a name": (
        lambda: more(row("pause", ["active"], SAME, event="")),
        [f"row pause (active -> =): event '' {WORD}"],
    ),
    "no way in": (
        lambda: without("propose", "adopt"),
        ["table: no row brings a partnership into being (a row without sources)"],
    ),
    "no rows": (
        lambda: Lifecycle("mine", "1", []),
        ["table: no row brings a partnership into being (a row without sources)"],
    ),
    "way in that stays the same": (
        lambda: more(row("open", [], SAME)),
        ["row open (- -> =): has no source, so it cannot stay in the same state"],
    ),
    "way in that is a way out": (
        lambda: more(row("refuse", [], "terminated")),
        ["row refuse (- -> terminated): target 'terminated' is final: nothing begins in it"],
    ),
    "choice for a partnership that is there": (
        lambda: more(row("jump", ["active"], CHOSEN)),
        ["row jump (active -> *): only a row that brings a partnership into being lets the caller choose"],
    ),
}


@pytest.mark.parametrize(("build", "faults"), UNSOUND.values(), ids=UNSOUND)
def test_an_unsound_table_is_refused_and_the_fault_names_the_row(
    build: Callable[[], Lifecycle], faults: list[str]
) -> None:
    with pytest.raises(UnsoundLifecycle) as refusal:
        build()
    assert list(map(str, refusal.value.faults)) == faults
    assert all(fault in str(refusal.value) for fault in faults)


def test_several_faults_are_all_listed_at_once() -> None:
    with pytest.raises(UnsoundLifecycle) as refusal:
        more(
            row("pause", ["actve"], "paused", event="was paused", cites=[]),
            row("approve", ["vetting"], "active"),
            row("reopen", ["terminated"], "active"),
            states=["active"],
        )
    assert str(refusal.value).splitlines() == [
        "lifecycle mine 1: 7 fault(s)",
        "  state active: is declared twice",
        f"  row pause (actve -> paused): source 'actve' {KNOWN}",
        f"  row pause (actve -> paused): target 'paused' {KNOWN}",
        f"  row pause (actve -> paused): event 'was paused' {WORD}",
        "  row pause (actve -> paused): cites no clause",
        "  row reopen (terminated -> active): source 'terminated' is final: nothing leads out of it",
        f"  row approve (vetting -> active): {CLASH}",
    ]


def test_a_refusal_carries_its_faults_as_data() -> None:
    with pytest.raises(PartnerflowError) as refusal:
        more(row("pause", ["active"], SAME, cites=[]))
    assert isinstance(refusal.value, UnsoundLifecycle)
    assert refusal.value.what == "lifecycle mine 1"
    assert [fault.path for fault in refusal.value.faults] == ["row pause (active -> =)"]


def test_being_chosen_by_a_caller_does_not_make_a_state_reachable() -> None:
    adopt = next(row for row in TRANSITIONS if row.target == CHOSEN)
    assert "paused" in more(
        row("pause", ["active"], "paused"), row("resume", ["paused"], "active"), states=["paused"]
    ).targets(adopt, None)
    with pytest.raises(UnsoundLifecycle, match="state paused: cannot be reached from intake"):
        more(row("resume", ["paused"], "active"), states=["paused"])


def test_where_every_way_in_is_chosen_partnerships_begin_in_any_state_that_can_be_left() -> None:
    rows = [row("adopt", [], CHOSEN), row("go", ["a", "b"], "end")]
    assert Lifecycle("mine", "1", rows, states=["end", "a", "b"], final=["end"]).live == ("a", "b")
    with pytest.raises(UnsoundLifecycle, match=r"1 fault.*\n.*state never: cannot be reached from a, b$"):
        Lifecycle("mine", "1", rows, states=["never", "end", "a", "b"], final=["end", "never"])


def test_rows_of_one_trigger_may_share_its_event() -> None:
    assert more(row("amend", ["onboarding"], SAME)).row("amend", "onboarding") is not None


TWO_WAYS_IN = [
    row("offer", [], "a"),
    row("ask", [], "b"),
    row("leave", ["a"], "end"),
    row("quit", ["b"], "end"),
]


@given(st.permutations(TWO_WAYS_IN), st.permutations(["a", "b", "end"]))
def test_a_table_with_several_ways_in_is_sound_in_any_order(rows: list[Row], states: list[str]) -> None:
    assert Lifecycle("mine", "1", rows, states=states, final=["end"]).legal(None)


@given(st.permutations([*TWO_WAYS_IN, row("wake", ["lost"], "a")]))
def test_a_state_that_no_way_in_reaches_is_a_fault_in_any_order(rows: list[Row]) -> None:
    with pytest.raises(UnsoundLifecycle, match=r"1 fault.*\n.*state lost: cannot be reached from a, b$"):
        Lifecycle("mine", "1", rows, states=["a", "b", "lost", "end"], final=["end"])


def test_the_order_of_the_rows_decides_nothing() -> None:
    assert Lifecycle("default", "1", reversed(TRANSITIONS)).states == DEFAULT.states


def test_every_state_can_be_reached_from_the_first() -> None:
    assert reached("intake", arrows(DEFAULT)) == set(DEFAULT.states)


@pytest.mark.parametrize("state", DEFAULT.states)
def test_from_every_state_there_is_a_way_to_the_final_one(state: str) -> None:
    assert "terminated" in reached(state, arrows(DEFAULT))


def arrows(lifecycle: Lifecycle) -> set[tuple[str, str]]:
    return {(a, b) for row in lifecycle.rows for a in row.sources for b in lifecycle.targets(row, a)}


def reached(start: str, steps: set[tuple[str, str]], seen: frozenset[str] = frozenset()) -> set[str]:
    onward = [b for a, b in steps if a == start and b not in seen | {start}]
    return {start}.union(*(reached(b, steps, seen | {start}) for b in onward))


def lost_in(steps: set[tuple[str, str]]) -> set[str]:
    """Name the states at fault in a table of a to d, entered at a, where d is final."""
    rows = [row("open", [], "a"), *(row(f"{a}_to_{b}", [a], b) for a, b in sorted(steps))]
    try:
        Lifecycle("mine", "1", rows, states=list("abcd"), final=["d"])
    except UnsoundLifecycle as refusal:
        return {fault.path for fault in refusal.faults}
    return set()


@given(st.sets(st.tuples(st.sampled_from("abc"), st.sampled_from("abcd")), max_size=9))
def test_a_table_is_refused_exactly_when_a_partnership_could_get_lost_in_it(
    steps: set[tuple[str, str]],
) -> None:
    onward = {state: reached(state, steps) for state in "abcd"}
    lost = {state for state in "abcd" if state not in onward["a"] or "d" not in onward[state]}
    assert lost_in(steps) == {f"state {state}" for state in lost}
