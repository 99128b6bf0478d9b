"""One transition, requested or made."""

from __future__ import annotations

from datetime import date, datetime

import attrs

from partnerflow.actors import Actor


@attrs.frozen
class Move:
    """A transition of one partnership: its trigger, where from and where to, when, by whom and why.

    `source` is None for a transition that creates the partnership. `at` is when it happened (aware, UTC), or None while
    it is only requested for a day. `by` is None where a pack checks a file alone. `since` is the day, as
    stated by its adopter, on which an adopted partnership entered its state.
    """

    trigger: str
    source: str | None
    target: str
    by: Actor | None = None
    at: datetime | None = None
    reason: str | None = None
    since: date | None = None
