"""Notify receivers in the same process; the only file that imports `blinker`."""

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
    """What receivers can be connected to."""

    def __init__(self) -> None:
        self._signal = Signal()

    def connect(self, receiver: Receiver, sender: str | None = None) -> Receiver:
        """Call *receiver* for every event, or for those of one type. It is held strongly, so it may be a lambda."""
        return self._signal.connect(receiver, sender=ANY if sender is None else sender, weak=False)

    def disconnect(self, receiver: Callable[..., Any]) -> None:
        """Stop calling *receiver*."""
        self._signal.disconnect(receiver)


class Before(_Hook):
    """Receivers that get a finished Transition inside the transaction, before anything is written; raising stops it.

    A receiver is called as `receiver(sender, transition=...)`, where *sender* is the type of the event to come.
    """

    def notify(self, transition: Transition) -> None:
        """Call every receiver; what one raises is raised to the caller, with a note that names the partnership."""
        try:
            self._signal.send(transition.event, transition=transition)
        except Exception as error:
            step = f"{transition.trigger} of partnership {transition.partnership_id}"
            error.add_note(f"raised by a receiver of before, for {step}")
            raise


class After(_Hook):
    """Receivers that get an Event after the commit, at most once: a crash can lose it, the outbox cannot.

    A receiver is called as `receiver(sender, event=...)`, where *sender* is the type of the event.
    """

    def notify(self, event: Event) -> None:
        """Call every receiver. One that fails is logged and undoes nothing, because the change is committed."""
        for receiver in self._signal.receivers_for(event.type):
            try:
                receiver(event.type, event=event)
            except (Exception, SystemExit):  # noqa: BLE001  whatever it raises, the others are still called
                of = event.type, event.id, event.partnership_id
                _log.exception("a receiver of %s failed on event %s of partnership %s", *of)
