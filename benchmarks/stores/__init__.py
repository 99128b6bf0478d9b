"""What `benchmarks/storage.py` compares with: a step written with other libraries, as the guide of each suggests."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NamedTuple
from uuid import uuid4

from .places import Place

BEFORE = 8
"""How many steps a partnership has taken before the one that is timed."""


class Work(NamedTuple):
    """What every rival keeps of a step besides the state: the very texts that a step of ours keeps."""

    decision: str
    """The decision in the history."""
    type: str
    """Of the event."""
    body: str
    """What the outbox holds."""


# None of ours: what we are compared with must not become slower with us.
written = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def moment(at: datetime) -> str:
    """Write a moment in UTC, to the microsecond."""
    return at.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def chained(previous: str, work: Work, about: object, version: int, steps: int, entries: int, last: str) -> str:
    """Return the link of a step to the one before it: over what ours is over, by the same hash."""
    said = {
        "partnership": str(about), "version": version, "trigger": "renew", "source": "active", "target": "active",
        "by": "a.anderson", "at": moment(datetime.now(UTC)), "decision_sha256": hashed(work.decision),
        "event": work.type, "steps": steps, "file": [entries, last], "previous": previous,
    }  # fmt: skip
    return hashed(written(said))


def envelope(work: Work, about: object, sequence: int, **data: object) -> str:
    """Return the event of a step, written as ours."""
    said = {
        "specversion": "1.0", "id": str(uuid4()), "source": "urn:partnerflow:default", "type": work.type,
        "subject": str(about), "time": moment(datetime.now(UTC)), "datacontenttype": "application/json",
        "sequence": f"{sequence:020d}", "partitionkey": str(about),
        "data": {"partnership": str(about), "trigger": "renew", "from": "active", "to": "active", **data},
    }  # fmt: skip
    return written(said)


@dataclass(frozen=True)
class Kept:
    """A way of keeping steps."""

    begin: Callable[[int, Work], Callable[[], object]]
    """Prepares partnerships for so many steps, and returns the call that takes the next step."""
    driver: Callable[[], Any]
    """Returns the DBAPI connection on which round trips are counted."""
    close: Callable[[], object] = lambda: None


@dataclass(frozen=True)
class Rival:
    """A way of writing it in a library; its module beside this one is imported when asked for."""

    name: str
    distributions: tuple[str, ...]
    module: str
    written: str
    """How a step is written, in a few words."""
    lacks: str
    """What of our step it does not do, besides judging it; nothing: it does the same work."""

    def opened(self, place: Place) -> Kept | str:
        """Return it on tables of its own, or the name of the library that is not installed."""
        try:
            opened: Kept = import_module(f"stores.{self.module}").opened(place)
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] in ("stores", "partnerflow"):
                raise
            return f"{error.name} is not installed"
        return opened

    def __str__(self) -> str:
        try:
            used = ", ".join(f"{each} {version(each)}" for each in self.distributions)
        except PackageNotFoundError as missing:
            return f"{missing.name} is not installed, so that this is left out: pip install {missing.name}"
        return f"{used}: {self.written}" + (f"; without {self.lacks}" if self.lacks else "; the same work")


RIVALS = (
    Rival(
        "django-fsm-2, its log, an outbox row",
        ("django-fsm-2", "django-fsm-log", "django"),
        "with_django",
        "select_for_update().get(), the transition, save(), the log by its signal, an outbox row, in atomic()",
        "versions, a chain over the history, numbered events, and reading the history and the file",
    ),
    Rival(
        "django-fsm-2, the same work",
        ("django-fsm-2", "django-fsm-log", "django"),
        "with_django_whole",
        "the same, and it reads the log and the file, counts versions and events, and chains",
        "",
    ),
    Rival(
        "eventsourcing, as it comes",
        ("eventsourcing",),
        "with_eventsourcing",
        "repository.get(), a method under @event, save(); its notification log is the outbox",
        "rows of the state and of an outbox (an event is all three; the state is made from them), a chain, the file",
    ),
    Rival(
        "eventsourcing, the same work",
        ("eventsourcing",),
        "with_eventsourcing_rows",
        "the same, and repository.get() of the file, a chain, and a recorder that updates a row with the state and"
        " inserts one of an outbox beside the event; it locks nothing, and its key lets one writer pass",
        "",
    ),
    Rival(
        "xstate-statemachine on SQLAlchemy",
        ("xstate-statemachine",),
        "with_xstate",
        "StatechartMixin.optimistic(), session.get(), send() with __xsm_audit__ and an OutboxPlugin, commit()",
        "a lock before it decides, a chain over the history, numbered events; its outbox holds its own envelope",
    ),
)
