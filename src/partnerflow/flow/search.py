"""Searching for partnerships, now or as of a past moment, and counting them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import TypedDict, Unpack
from uuid import UUID

import attrs

from partnerflow import gate
from partnerflow.errors import InvalidRequest
from partnerflow.partnership import Partnership
from partnerflow.ports import Query, SearchField

from .context import Context
from .search_index import words

MOST_WORDS = 16
"""How many words one search may have; with more, a database takes long just to plan the statement."""


MOST_ROWS = 10**9
"""How many rows a caller may ask for."""


class SearchArguments(TypedDict, total=False):
    """The keywords that `Partnerflow.find` searches by, as it describes them."""

    state: str | None
    site: str | None
    kind: str | None
    partner: UUID | None
    ids: Mapping[str, str] | None
    service: str | None
    contact: str | None
    text: str | None
    due_before: date | None


def read_query(**arguments: Unpack[SearchArguments]) -> Query:
    """Return the query that the keywords of a search make. Raises InvalidRequest for one that cannot be searched by."""
    state, partner, due_before = arguments.get("state"), arguments.get("partner"), arguments.get("due_before")
    _check_id("partner", partner)
    for name in ("state", "site", "kind", "service", "contact", "text"):
        if (text := arguments.get(name)) is not None and not isinstance(text, str):
            raise InvalidRequest(name, ascii(text)[:80], "must be a text")
    ids = arguments.get("ids")
    if ids is not None and not _are_texts(ids):
        raise InvalidRequest("ids", ascii(ids)[:80], "must be outside ids by system, such as {'edfi': '19255901'}")
    return Query(
        states=None if state is None else [state],
        site=arguments.get("site"),
        kind=arguments.get("kind"),
        partner_id=partner,
        ids=arguments.get("ids"),
        words=_read_words(
            {"service": arguments.get("service"), "contact": arguments.get("contact"), "text": arguments.get("text")}
        ),
        due_before=None if due_before is None else gate.day(due_before, "due_before"),
    )


def find(
    context: Context, query: Query, *, as_of: datetime | None, after: UUID | None, limit: int | None
) -> Iterator[Partnership]:
    """Return the partnerships that match a query, in the order of their ids."""
    check_page(after, limit)
    if as_of is None:
        return (partnership for partnership, _ in context.store.find(query, after=after, limit=limit))
    return find_as_of(context, query, gate.moment(as_of, "as_of"), after, limit)


def find_as_of(
    context: Context, query: Query, moment: datetime, after: UUID | None, limit: int | None
) -> Iterator[Partnership]:
    """Return the partnerships as recorded up to a moment. Raises InvalidRequest for a query that has no past."""
    then = attrs.evolve(query, as_of=moment.astimezone(context.tz))
    return (partnership for partnership, _ in context.store.find(then, after=after, limit=limit))


def check_page(after: UUID | None, limit: int | None) -> None:
    """Raise InvalidRequest for an *after* that is no id, or a negative *limit*."""
    if limit is not None and (not isinstance(limit, int) or isinstance(limit, bool) or not 0 <= limit <= MOST_ROWS):
        raise InvalidRequest("limit", gate.shown(limit), f"must be 0 or more, and at most {MOST_ROWS}")
    _check_id("after", after)


def counts(context: Context, query: Query) -> dict[str, int]:
    """Count the partnerships that match a query, by state, in the order of the lifecycle; states without any are 0."""
    counted = context.store.counts(query)
    return {str(state): counted.get(state, 0) for state in dict.fromkeys([*context.lifecycle.states, *sorted(counted)])}


def _read_words(texts: Mapping[SearchField, str | None]) -> frozenset[tuple[SearchField, str]]:
    found: set[tuple[SearchField, str]] = set()
    for field, text in texts.items():
        if text is None:
            continue
        in_text = words(text)
        if not in_text:
            raise InvalidRequest(field, ascii(text[:40]), "has no word to look for: leave it out to match any")
        found.update((field, word) for word in in_text)
    if len(found) > MOST_WORDS:
        fields = [field for field, text in texts.items() if text is not None]
        remedy = f"{MOST_WORDS} are the most that can be looked for at once: use fewer"
        raise InvalidRequest(", ".join(fields), f"{len(found)} words", remedy)
    return frozenset(found)


def _are_texts(ids: object) -> bool:
    return isinstance(ids, Mapping) and all(isinstance(text, str) for pair in ids.items() for text in pair)


def _check_id(argument: str, value: UUID | None) -> None:
    if value is not None:
        gate.identifier(value, argument)
