"""What must be true of any table, so that no partnership gets lost in it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import attrs

from partnerflow.errors import Fault, UnsoundLifecycle

from .row import CHOSEN, SAME, Row, steps

_WORD = re.compile("[a-z][a-z0-9_]*")
_NO_WORD = f"is not a word ({_WORD.pattern})"


@attrs.frozen
class _Table:
    """The parts of a lifecycle that are checked."""

    rows: tuple[Row, ...]
    states: tuple[str, ...]
    final: frozenset[str]

    @property
    def live(self) -> tuple[str, ...]:
        return tuple(state for state in self.states if state not in self.final)


def check(name: str, rows: tuple[Row, ...], states: tuple[str, ...], final: frozenset[str]) -> None:
    """Raise UnsoundLifecycle, under the *name* of the lifecycle, with every fault of its table."""
    table = _Table(rows, states, final)
    faults = [*_states(table), *_rows(table), *_clashes(table), *_events(table)]
    if not faults:  # reachability is only meaningful among known states
        faults += _paths(table)
    if faults:
        raise UnsoundLifecycle(name, faults)


def _label(row: Row) -> str:
    return f"row {row.trigger} ({', '.join(row.sources) or '-'} -> {row.target})"


def _states(table: _Table) -> Iterator[Fault]:
    """Every state is a word, declared once; every final one is among them, and not every one is final."""
    known = set(table.states)
    if not table.live:
        yield Fault("table", "has no state that can be left")
    for state in sorted(known):
        if not _WORD.fullmatch(state):
            yield Fault(f"state {state}", _NO_WORD)
        if table.states.count(state) > 1:
            yield Fault(f"state {state}", "is declared twice")
    for state in sorted(table.final - known):
        yield Fault(f"state {state}", "is final but not among the states")


def _rows(table: _Table) -> Iterator[Fault]:
    """Every row is sound by itself, and some row creates a partnership."""
    for row in table.rows:
        for message in (*_ends(row, table), *_texts(row)):
            yield Fault(_label(row), message)
    if not any(row.creates for row in table.rows):
        yield Fault("table", "no row brings a partnership into being (a row without sources)")


def _ends(row: Row, table: _Table) -> Iterator[str]:
    """Its sources and its target are known, and it neither leaves a final state nor begins in one."""
    known = set(table.states)
    for source in row.sources:
        if source not in known:
            yield f"source {source!r} is not among the states {sorted(known)}"
        elif source in table.final:
            yield f"source {source!r} is final: nothing leads out of it"
    if row.target not in known | {SAME, CHOSEN}:
        yield f"target {row.target!r} is not among the states {sorted(known)}"
    if row.creates and row.target in known.intersection(table.final):
        yield f"target {row.target!r} is final: nothing begins in it"
    if row.creates and row.target == SAME:
        yield "has no source, so it cannot stay in the same state"
    if not row.creates and row.target == CHOSEN:
        yield "only a row that brings a partnership into being lets the caller choose"


def _texts(row: Row) -> Iterator[str]:
    """Its trigger and its event are words, and it cites a clause."""
    if not _WORD.fullmatch(row.trigger):
        yield f"trigger {row.trigger!r} {_NO_WORD}"
    if not _WORD.fullmatch(row.event):
        yield f"event {row.event!r} {_NO_WORD}"
    if not row.cites:
        yield "cites no clause"


def _clashes(table: _Table) -> Iterator[Fault]:
    """One trigger in one state leads to one state, and has one row."""
    seen: dict[tuple[str, str], Row] = {}
    for row in table.rows:
        for source in row.sources or ("-",):
            if first := seen.get((row.trigger, source)):
                yield Fault(_label(row), f"{row.trigger} from {source} clashes with {_label(first)}")
            seen.setdefault((row.trigger, source), row)


def _events(table: _Table) -> Iterator[Fault]:
    """One trigger has one event, and one event has one trigger."""
    of_trigger: dict[str, Row] = {}
    of_event: dict[str, Row] = {}
    for row in table.rows:
        if row.event != (first := of_trigger.setdefault(row.trigger, row)).event:
            yield Fault(_label(row), f"event {row.event!r} is not {first.event!r}, as in {_label(first)}")
        if row.trigger != (first := of_event.setdefault(row.event, row)).trigger:
            yield Fault(_label(row), f"event {row.event!r} is already that of {_label(first)}")


def _paths(table: _Table) -> Iterator[Fault]:
    """Every state can be reached from where partnerships begin, and a final state can be reached from each.

    They begin in the targets of the rows that create one, or in any state that can be left where the caller chooses.
    """
    begins = {row.target for row in table.rows if row.creates and row.target in table.states}
    starts = [state for state in table.states if state in begins] or table.live
    moves = {(source, target) for _, source, target in steps(table.rows, table.live) if source is not None}
    reached = _closure(set(starts), moves)
    saved = _closure(set(table.final), {(target, source) for source, target in moves})
    for state in table.states:
        rows = "; ".join(_label(row) for row in table.rows if state in row.sources) or "no row leads out"
        if state not in reached:
            yield Fault(f"state {state}", f"cannot be reached from {', '.join(starts)}")
        if state not in saved:
            yield Fault(f"state {state}", f"has no way to a final state ({rows})")


def _closure(start: set[str], steps: set[tuple[str, str]]) -> set[str]:
    reached = set(start)
    while more := {target for source, target in steps if source in reached} - reached:
        reached |= more
    return reached
