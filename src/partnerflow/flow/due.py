"""List what comes due, from the obligations on file: what each policy last said, and to which day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from uuid import UUID

import attrs

from partnerflow import gate
from partnerflow.errors import InvalidRequest, NotFound
from partnerflow.obligations import Obligation
from partnerflow.ports import Query

from .arguments import batched
from .context import Context
from .loading import newest_partner

PAGE = 500
"""How many partnerships are read at a time."""


@attrs.frozen(kw_only=True)
class DueItem:
    """A policy that holds for a partnership only until a day, or held until a day that has passed."""

    partnership_id: UUID
    partner: str
    """The partner's name."""
    code: str
    title: str
    due_on: date
    """The last day on which it holds, or held, in the district's time zone."""
    missed: bool
    """Whether that day has passed."""


def due(context: Context, partnership_id: UUID | None, *, before: date | None) -> list[DueItem]:
    """Return what comes due, sorted by day, partnership and code."""
    if before is not None:
        gate.day(before, "before")
    if partnership_id is not None:
        gate.identifier(partnership_id, "partnership_id")
        found = _of_one(context, partnership_id, before)
    elif before is not None:
        found = _of_all(context, before)
    else:
        raise InvalidRequest("before", None, "name a day, a partnership, or both")
    return sorted(found, key=lambda item: (item.due_on, item.partnership_id, item.code))


def obligations(context: Context, partnership_id: UUID) -> tuple[Obligation, ...]:
    """Return the obligations of a partnership. Raises NotFound."""
    gate.identifier(partnership_id, "partnership_id")
    with context.reading() as tx:
        found = tx.obligations([partnership_id]).get(partnership_id, ())
        if not found and partnership_id not in tx.partnerships([partnership_id]):
            raise NotFound("partnership", partnership_id)
    return found


def due_items(partnership_id: UUID, partner: str, owed: Iterable[Obligation], today: date) -> Iterator[DueItem]:
    """Yield those obligations of a partnership that hold until a day, or were missed on one."""
    for each in owed:
        day = each.due_on if each.holds else each.missed_on
        if day is not None:
            yield DueItem(
                partnership_id=partnership_id,
                partner=partner,
                code=each.code,
                title=each.title,
                due_on=day,
                missed=day < today,
            )


def _of_one(context: Context, partnership_id: UUID, before: date | None) -> Iterator[DueItem]:
    with context.reading() as tx:
        found = tx.partnerships([partnership_id])
        if partnership_id not in found:
            raise NotFound("partnership", partnership_id)
        owed = tx.obligations([partnership_id])
        partner_id = found[partnership_id].partner_id
        name = newest_partner(tx.files([partner_id])[partner_id]).name
    return _before(before, owed, {partnership_id: name}, context.today())


def _of_all(context: Context, before: date) -> Iterator[DueItem]:
    """Read what is due of every partnership, in two statements a page."""
    for page in batched(context.store.find(Query(due_before=before)), PAGE):
        names = {partnership.id: name for partnership, name in page}
        with context.reading() as tx:
            owed = tx.obligations(list(names))
        yield from _before(before, owed, names, context.today())


def _before(
    before: date | None, owed: Mapping[UUID, Iterable[Obligation]], names: Mapping[UUID, str], today: date
) -> Iterator[DueItem]:
    for partnership_id, obligations in owed.items():
        for item in due_items(partnership_id, names[partnership_id], obligations, today):
            if before is None or item.due_on < before:
                yield item
