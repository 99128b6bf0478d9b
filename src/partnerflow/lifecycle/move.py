"""One step, asked or taken."""

from __future__ import annotations

from datetime import date, datetime

import attrs

from partnerflow.actors import Actor


@attrs.frozen
class Move:
    """A step of one partnership: which, from where, to where, when, by whom and why.

    `source` is None for a step that brings the partnership into being. `at` is when it happened (aware, UTC),
    or None while it is only being asked on a date. `by` is None where a pack is asked about a file alone.
    """

    trigger: str
    source: str | None
    target: str
    by: Actor | None = None
    at: datetime | None = None
    reason: str | None = None
    since: date | None = None
