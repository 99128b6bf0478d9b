"""One row of a lifecycle table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs

SAME = "="
"""Target of a row that leaves the partnership where it is."""

CHOSEN = "*"
"""Target of a row whose caller chooses the state, any but a final one."""


def text(value: str) -> str:
    """Return a State or Trigger as plain text."""
    return str(value)


def texts(value: Iterable[str]) -> tuple[str, ...]:
    """Return a collection of texts as a tuple. Raises TypeError for a single text, which would become its letters."""
    if isinstance(value, str):
        raise TypeError(f"a collection of texts is wanted, not the lone text {str(value)!r}")
    return tuple(map(str, value))


@attrs.frozen
class Row:
    """One kind of transition: a trigger, the states that it may be requested in, and where it leads."""

    trigger: str = attrs.field(converter=text)
    sources: tuple[str, ...] = attrs.field(converter=texts, kw_only=True)
    """States that it may be requested in; none for a row that creates a partnership."""
    target: str = attrs.field(converter=text, kw_only=True)
    event: str = attrs.field(converter=text, kw_only=True)
    """In the past tense; the last word of the event's type. Each trigger has one of its own."""
    cites: tuple[str, ...] = attrs.field(converter=texts, kw_only=True)
    advances: bool = attrs.field(default=False, kw_only=True)
    carries: tuple[str, ...] = attrs.field(default=(), converter=texts, kw_only=True)
    """What the request itself must carry, such as a reason."""

    @property
    def creates(self) -> bool:
        """Whether it creates a partnership."""
        return not self.sources

    def targets(self, source: str | None, live: tuple[str, ...]) -> tuple[str, ...]:
        """Return the states that it leads to from *source*: one, unless the caller may choose among the *live* ones."""
        if self.target == CHOSEN:
            return live
        return (source,) if self.target == SAME and source is not None else (self.target,)


def steps(rows: Iterable[Row], live: tuple[str, ...]) -> Iterator[tuple[Row, str | None, str]]:
    """Yield every transition: its row, where from (None: it creates the partnership) and where to."""
    for row in rows:
        for source in row.sources or (None,):
            for target in row.targets(source, live):
                yield row, source, target
