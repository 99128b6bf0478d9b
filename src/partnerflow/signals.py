"""Telling receivers in the same process: the only file that imports `blinker`."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from blinker import ANY, Signal

from partnerflow.events import Event
from partnerflow.history import Transition

_log = logging.getLogger("partnerflow")
Receiver = TypeVar("Receiver", bound=Callable[..., Any])


class _Hook:
    """Something that receivers can be connected to."""

    def __init__(self) -> None:
        self._signal = Signal()

    def connect(self, receiver: Receiver, sender: str | None = None) -> Receiver:
        """Have *receiver* told of everything, or of one type of event. It is held strongly."""
        return self._signal.connect(receiver, sender=ANY if sender is None else sender, weak=False)

    def disconnect(self, receiver: Callable[..., Any]) -> None:
        """Tell *receiver* no more."""
        self._signal.disconnect(receiver)


class Before(_Hook):
    """Told of a finished Transition inside the transaction, before anything is written; raising stops the change.

    A receiver is called as `receiver(sender, transition=...)`, where *sender* is the type of the event to come.
    """

    def tell(self, transition: Transition) -> None:
        """Tell every receiver; what one raises goes up to whoever asked for the change."""
        self._signal.send(transition.event, transition=transition)


class After(_Hook):
    """Told of an Event after the commit, at most once: a crash can lose it, the outbox cannot.

    A receiver is called as `receiver(sender, event=...)`, where *sender* is the type of the event.
    """

    def tell(self, event: Event) -> None:
        """Tell every receiver. One that fails is logged and undoes nothing: the change is a fact already."""
        for receiver in self._signal.receivers_for(event.type):
            try:
                receiver(event.type, event=event)
            except Exception:  # noqa: BLE001  whatever it raises, the others are still told
                _log.exception("a receiver of %s failed on event %s", event.type, event.id)
