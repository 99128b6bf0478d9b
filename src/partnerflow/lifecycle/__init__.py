"""The state machine, pure: it knows nothing of policies, records or storage.

`machine.py` is not imported here on purpose: it imports `transitions`, which a program that only reads the table does
not need.
"""

from __future__ import annotations

from .diagram import graphviz, mermaid
from .move import Move
from .row import CHOSEN, SAME, Row
from .states import State, Trigger
from .table import DEFAULT, TRANSITIONS, Lifecycle

__all__ = [
    "CHOSEN",
    "DEFAULT",
    "SAME",
    "TRANSITIONS",
    "Lifecycle",
    "Move",
    "Row",
    "State",
    "Trigger",
    "graphviz",
    "mermaid",
]
