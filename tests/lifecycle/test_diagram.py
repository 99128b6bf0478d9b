"""A drawing shows the table, the whole table and nothing but the table."""

from __future__ import annotations

import re

import pytest

from partnerflow.lifecycle import CHOSEN, DEFAULT, SAME, Lifecycle, Row, graphviz, mermaid

SUSPENDING = DEFAULT.evolve(
    name="suspending",
    version="1",
    states=["suspended"],
    rows=[
        Row("suspend", sources=["active"], target="suspended", event="suspended", cites=["Board policy 1"]),
        Row("resume", sources=["suspended"], target="active", advances=True, event="resumed", cites=["X"]),
    ],
)
# one trigger that advances from one state and falls back from another, beside a second one on the same arrow
MIXED = DEFAULT.evolve(
    name="mixed",
    version="1",
    rows=[
        Row("approve", sources=["improvement_plan"], target="onboarding", event="approved", cites=["X"]),
        Row("amend", sources=["onboarding"], target=SAME, advances=True, event="amended", cites=["X"]),
    ],
)
TABLES = pytest.mark.parametrize("lifecycle", [DEFAULT, SUSPENDING, MIXED], ids=str)


def steps(lifecycle: Lifecycle) -> list[tuple[str, str, str]]:
    return sorted(
        (source or "", target, row.trigger)
        for row in lifecycle.rows
        for source in row.sources or (None,)
        for target in lifecycle.targets(row, source)
    )


def dot_edges(text: str) -> list[tuple[str, str, list[str], str]]:
    found = re.findall(r'^    "(.*)" -> "(.+)" \[label="(.+)", style=(\w+)\];$', text, re.MULTILINE)
    return [(source, target, label.split("\\n"), style) for source, target, label, style in found]


@TABLES
def test_mermaid_draws_every_step_once_and_no_other(lifecycle: Lifecycle) -> None:
    drawn = re.findall(r"^    (\S+) --> (\w+): (.+)$", mermaid(lifecycle), re.MULTILINE)
    assert steps(lifecycle) == sorted(
        ("" if source == "[*]" else source, target, trigger)
        for source, target, triggers in drawn
        for trigger in triggers.split(", ")
    )


@TABLES
def test_mermaid_draws_one_arrow_between_two_states(lifecycle: Lifecycle) -> None:
    arrows = re.findall(r"^    (\S+ --> \S+?):?(?: |$)", mermaid(lifecycle), re.MULTILINE)
    assert len(arrows) == len(set(arrows))


@TABLES
def test_mermaid_ends_only_the_final_states(lifecycle: Lifecycle) -> None:
    assert re.findall(r"^    (\S+) --> \[\*\]$", mermaid(lifecycle), re.MULTILINE) == ["terminated"]


@TABLES
def test_mermaid_says_nothing_beyond_its_arrows(lifecycle: Lifecycle) -> None:
    first, *rest = mermaid(lifecycle).splitlines()
    assert first == "stateDiagram-v2"
    assert all(" --> " in line for line in rest)


@TABLES
def test_graphviz_draws_every_step_once_and_no_other(lifecycle: Lifecycle) -> None:
    drawn = dot_edges(graphviz(lifecycle))
    assert steps(lifecycle) == sorted(
        (source, target, trigger) for source, target, triggers, _ in drawn for trigger in triggers
    )


@TABLES
def test_graphviz_draws_every_state_and_marks_the_final_ones(lifecycle: Lifecycle) -> None:
    shapes = dict(re.findall(r'^    "(.+)" \[shape=(\w+)\];$', graphviz(lifecycle), re.MULTILINE))
    assert shapes == {**dict.fromkeys(lifecycle.states, "box"), "terminated": "doublecircle"}


@TABLES
def test_graphviz_is_solid_where_a_row_advances_dotted_where_the_caller_chose_and_dashed_elsewhere(
    lifecycle: Lifecycle,
) -> None:
    for source, _, triggers, style in dot_edges(graphviz(lifecycle)):
        for trigger in triggers:
            row = lifecycle.row(trigger, source or None)
            assert row is not None
            chosen, advances = row.target == CHOSEN, row.advances
            assert style == ("dotted" if chosen else "solid" if advances else "dashed")


@TABLES
def test_graphviz_draws_one_arrow_of_each_style_between_two_states(lifecycle: Lifecycle) -> None:
    arrows = [(source, target, style) for source, target, _, style in dot_edges(graphviz(lifecycle))]
    assert len(arrows) == len(set(arrows))


def test_graphviz_is_one_graph_named_after_the_table() -> None:
    text = graphviz(SUSPENDING)
    assert text.startswith('digraph "suspending 1" {\n')
    assert text.endswith("\n}\n")
    assert text.count("{") == text.count("}") == 1


@pytest.mark.parametrize("draw", [mermaid, graphviz])
def test_the_same_table_is_drawn_the_same_every_time(draw: object) -> None:
    assert callable(draw)
    again = Lifecycle("default", "1", DEFAULT.rows)
    assert draw(DEFAULT) == draw(again)
