"""Diagrams of a lifecycle, in Mermaid and in DOT (Graphviz)."""

from __future__ import annotations

from .row import CHOSEN, Row
from .table import Lifecycle


def mermaid(lifecycle: Lifecycle) -> str:
    """Draw *lifecycle* as a Mermaid state diagram; triggers from one state to another share an arrow."""
    arrows: dict[str, list[str]] = {}
    for row, source, target in lifecycle.steps():
        arrows.setdefault(f"{source or '[*]'} --> {target}", []).append(row.trigger)
    lines = ["stateDiagram-v2"]
    lines += [f"    {arrow}: {', '.join(triggers)}" for arrow, triggers in arrows.items()]
    lines += [f"    {state} --> [*]" for state in lifecycle.states if state in lifecycle.final]
    return "\n".join(lines) + "\n"


def graphviz(lifecycle: Lifecycle) -> str:
    """Draw *lifecycle* in the DOT language; triggers of one style share an arrow.

    A solid arrow advances and a dashed one does not; a dotted one leads to a state that the caller chose.
    """
    arrows: dict[tuple[str, str], list[str]] = {}
    for row, source, target in lifecycle.steps():
        arrows.setdefault((f'"{source or ""}" -> "{target}"', _style(row)), []).append(row.trigger)
    lines = [f'digraph "{lifecycle.name} {lifecycle.version}" {{', "    rankdir=LR;", '    "" [shape=point];']
    lines += [
        f'    "{state}" [shape={"doublecircle" if state in lifecycle.final else "box"}];' for state in lifecycle.states
    ]
    for (arrow, style), triggers in arrows.items():
        label = "\\n".join(triggers)
        lines.append(f'    {arrow} [label="{label}", style={style}];')
    return "\n".join([*lines, "}"]) + "\n"


def _style(row: Row) -> str:
    if row.target == CHOSEN:
        return "dotted"
    return "solid" if row.advances else "dashed"
