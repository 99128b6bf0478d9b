"""The partnership itself, without what is on file about it."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import attrs

NOT_STORED = UUID(int=0)
"""The id of a partnership or partner that was read from a file and never stored."""
DISTRICT = UUID(int=0)
"""The id of the district's own file, which has its sites."""


@attrs.frozen
class Partnership:
    """One organisation, one programme, one life, in its current state.

    `since` is the day on which it entered its state, in the district's time zone. `version` counts transitions, so it
    grows by one with each; filing leaves it alone. `succeeds` is the ended partnership that this one comes back from.
    """

    state: str
    id: UUID = NOT_STORED
    partner_id: UUID = NOT_STORED
    since: date | None = None
    version: int = 1
    succeeds: UUID | None = None
