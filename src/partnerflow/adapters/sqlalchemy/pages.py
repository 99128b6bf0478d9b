"""Read page by page, each where the last one ended; a row with a misfit does not say where that is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from .misfits import misfits_in
from .rows import DatabaseRow

PAGE = 500
"""How many rows of a list are read at a time."""


def read_pages(
    read: Callable[[Mapping[str, Any]], Sequence[DatabaseRow]],
    follow: Mapping[str, str],
    values: Mapping[str, Any],
    *,
    most: int | None = None,
) -> Iterator[DatabaseRow]:
    """Yield the rows of page after page, each of no more than *most* rows if no more are wanted.

    *follow* names the parameters that say where a page begins, each with its column in the last row before it.
    """
    size = at_once = PAGE if most is None else min(PAGE, most)
    while True:
        page = read({**values, "page": at_once})
        known = page if len(page) < at_once else up_to_known_place(page)
        yield from known
        if len(page) < at_once:
            return
        if known:
            values = {**values, **{parameter: getattr(known[-1], column) for parameter, column in follow.items()}}
        at_once = size if known else 2 * at_once


def up_to_known_place(page: Sequence[DatabaseRow]) -> Sequence[DatabaseRow]:
    """Return a full page up to its last row without a misfit: the next page begins with those after it."""
    end = len(page)
    while end and misfits_in(page[end - 1]):
        end -= 1
    return page[:end]
