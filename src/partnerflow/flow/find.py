"""Looking for partnerships, now or as of a past moment, and counting them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from uuid import UUID

import attrs

from partnerflow.errors import InvalidRequest
from partnerflow.partnership import Partnership
from partnerflow.ports import Query, SearchField

from .arguments import to_utc
from .context import Context
from .found_by import words

MOST_WORDS = 16
"""How many words may be looked for at once; for more, a database would take long to plan the work alone."""


def find(
    context: Context, *, state: str | None, site: str | None, kind: str | None, partner: UUID | None,
    ids: Mapping[str, str] | None, service: str | None, contact: str | None, text: str | None,
    due_before: date | None, as_of: datetime | None, after: UUID | None, limit: int | None,
) -> Iterator[Partnership]:  # fmt: skip
    """Return the partnerships that fit everything said, in the order of their ids."""
    check_page(after, limit)
    said = wanted(
        state=state, site=site, kind=kind, partner=partner, ids=ids, service=service, contact=contact, text=text,
        due_before=due_before,
    )  # fmt: skip
    if as_of is None:
        return (partnership for partnership, _ in context.store.find(said, after=after, limit=limit))
    return find_as_of(context, said, to_utc(as_of, "as_of"), after, limit)


def counts(
    context: Context, *, site: str | None, kind: str | None, partner: UUID | None, ids: Mapping[str, str] | None,
    service: str | None, contact: str | None, text: str | None, due_before: date | None,
) -> dict[str, int]:  # fmt: skip
    """Count the partnerships that fit, by state, in the order of the table; states without any are there with 0."""
    counted = context.store.counts(
        wanted(
            site=site, kind=kind, partner=partner, ids=ids, service=service, contact=contact, text=text,
            due_before=due_before,
        )
    )  # fmt: skip
    return {str(state): counted.get(state, 0) for state in dict.fromkeys([*context.lifecycle.states, *sorted(counted)])}


def wanted(
    *, state: str | None = None, site: str | None = None, kind: str | None = None, partner: UUID | None = None,
    ids: Mapping[str, str] | None = None, service: str | None = None, contact: str | None = None,
    text: str | None = None, due_before: date | None = None,
) -> Query:  # fmt: skip
    """Say what is looked for as a store is asked for it. Raises InvalidRequest for what can be no such thing."""
    _refuse_no_id("partner", partner)
    if isinstance(due_before, datetime):
        raise InvalidRequest("due_before", due_before, "must be a day, such as date(2026, 9, 1), and not a moment")
    texts: dict[SearchField, str | None] = {"service": service, "contact": contact, "text": text}
    found: set[tuple[SearchField, str]] = set()
    for field, value in texts.items():
        if value is None:
            continue
        those = words(value)
        if not those:
            raise InvalidRequest(field, ascii(value[:40]), "has no word to look for: leave it out to look for any")
        found.update((field, word) for word in those)
    if len(found) > MOST_WORDS:
        remedy = f"{MOST_WORDS} are the most that can be looked for at once: say fewer"
        said = [field for field, value in texts.items() if value is not None]
        raise InvalidRequest(", ".join(said), f"{len(found)} words", remedy)
    return Query(
        states=None if state is None else [state], site=site, kind=kind, partner_id=partner, ids=ids,
        words=frozenset(found), due_before=due_before,
    )  # fmt: skip


def check_page(after: UUID | None, limit: int | None) -> None:
    """Raise InvalidRequest for an id or a limit that is none."""
    if limit is not None and limit < 0:
        raise InvalidRequest("limit", limit, "must be 0 or more")
    _refuse_no_id("after", after)


def _refuse_no_id(argument: str, value: object) -> None:
    if value is not None and not isinstance(value, UUID):
        raise InvalidRequest(argument, repr(value), "must be a UUID, such as UUID(text) makes of a text")


def find_as_of(
    context: Context, said: Query, moment: datetime, after: UUID | None, limit: int | None
) -> Iterator[Partnership]:
    """Return the partnerships as recorded up to a moment. Raises InvalidRequest for what is known of today only."""
    if said != Query(states=said.states, partner_id=said.partner_id):
        remedy = "goes with state, partner, after and limit: what else a partnership is found by is known of today only"
        raise InvalidRequest("as_of", moment, remedy)
    return _as_of(context, said, moment, after, limit)


def _as_of(
    context: Context, said: Query, moment: datetime, after: UUID | None, limit: int | None
) -> Iterator[Partnership]:
    found = context.store.find_as_of(moment, states=said.states, partner_id=said.partner_id, after=after, limit=limit)
    for stood, entered in found:
        yield attrs.evolve(stood, since=entered.since or context.today(entered.at))
