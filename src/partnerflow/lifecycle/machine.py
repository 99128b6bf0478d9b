"""Running a table: the only file that imports `transitions`.

One flat machine is built for a Lifecycle and shared; it holds no partnership. A step is taken by a small
mutable cursor that is thrown away, since what it passes over is frozen. Policies have been asked before; all
that is left to go wrong here is a bug, so nothing is caught.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from transitions import EventData, Machine

from .row import CHOSEN
from .table import Lifecycle

_BEFORE = "(not yet)"  # stands for "no partnership is there yet"; no state can be called so


class _Cursor:
    """What the machine moves: a place to put the state, under a name that no trigger can have."""

    __slots__ = ("STATE",)

    def __init__(self, state: str) -> None:
        self.STATE = state


@lru_cache(maxsize=32)
def _machine(lifecycle: Lifecycle) -> Machine:
    machine = Machine(
        model=None,
        states=[_BEFORE, *lifecycle.states],
        initial=_BEFORE,
        auto_transitions=False,
        send_event=True,
        queued=False,
        model_attribute="STATE",
    )
    for row, source, target in lifecycle.steps():
        machine.add_transition(
            row.trigger,
            _BEFORE if source is None else source,
            target,
            conditions=_chose(target) if row.target == CHOSEN else None,
        )
    return machine


def _chose(target: str) -> Callable[[EventData], bool]:
    def is_chosen(event: EventData) -> bool:
        return bool(event.kwargs["target"] == target)

    return is_chosen


@lru_cache(maxsize=1024)
def run(lifecycle: Lifecycle, trigger: str, source: str | None, target: str) -> str:
    """Take the step that *trigger* names from *source* and give the state it led to.

    *target* matters only for a row that lets the caller choose. Raises whatever `transitions` raises for a
    step that the table does not have; a caller that has asked `Lifecycle.row` first never sees it. The same step
    always leads to the same state, so the machine takes it once.
    """
    cursor = _Cursor(_BEFORE if source is None else source)
    if not _machine(lifecycle).events[trigger].trigger(cursor, target=target):
        raise AssertionError(f"{trigger} from {source} to {target} was decided but not taken")
    return cursor.STATE
