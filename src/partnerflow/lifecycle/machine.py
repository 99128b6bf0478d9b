"""Run a lifecycle through `transitions`: the only file that imports it.

One flat machine is built for each Lifecycle and shared; it holds no partnership. A transition moves a small mutable
cursor that is then discarded, since a partnership is frozen. Policies were evaluated before, so an error here is a bug
and is not caught.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from transitions import EventData, Machine

from .row import CHOSEN
from .table import Lifecycle

_BEFORE = "(not yet)"  # before the partnership exists; no state can have this name


class _Cursor:
    """What the machine moves: it holds the state, in an attribute whose name no trigger can have."""

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
    """Make the transition that *trigger* names from *source* and return the state that it leads to.

    *target* matters only for a row that lets the caller choose. Raises what `transitions` raises for a transition that
    the table does not have; a caller that checked `Lifecycle.row` first never sees it. The same transition always leads
    to the same state, so the result is cached.
    """
    cursor = _Cursor(_BEFORE if source is None else source)
    if not _machine(lifecycle).events[trigger].trigger(cursor, target=target):
        raise AssertionError(f"{trigger} from {source} to {target} was decided but not taken")
    return cursor.STATE
