"""List partnerships for an overview: the partner, the state, what does not hold today, and what is due next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from uuid import UUID

import attrs

from partnerflow import gate
from partnerflow.errors import NotFound, StoreError, unjudged_text
from partnerflow.partnership import Partnership
from partnerflow.ports import Query, Snapshot

from .arguments import batched
from .context import Context
from .due import DueItem
from .evaluate import standing_report
from .loading import load_dossier, newest_partner, refuse_unfit
from .queries import recorded_by
from .search import check_page, find_as_of

PAGE = 500
"""How many partnerships are loaded and evaluated at a time."""


@attrs.frozen(kw_only=True)
class InventoryRow:
    """One partnership of the inventory."""

    partnership: Partnership
    partner: str
    """The partner's name."""
    sites: frozenset[str] | None = None
    """The ids of its sites; None: it names none, or it was not evaluated."""
    broken: tuple[str, ...] | None = None
    """The codes of the policies that do not hold today, in the order of the pack; None: it was not evaluated."""
    next_due: DueItem | None = None
    """Of what holds today, what ends first."""
    error: str | None = None
    """Why it could not be evaluated."""


def inventory(
    context: Context,
    query: Query,
    *,
    as_of: datetime | None,
    after: UUID | None,
    limit: int | None,
    evaluated: bool,
) -> Iterator[InventoryRow]:
    """Return the rows of the partnerships that match a query, in the order of their ids."""
    check_page(after, limit)
    if as_of is not None:
        moment = gate.moment(as_of, "as_of")
        return _as_of(context, moment, find_as_of(context, query, moment, after, limit))
    found = context.store.find(query, after=after, limit=limit)
    if not evaluated:
        return (InventoryRow(partnership=partnership, partner=name) for partnership, name in found)
    return (row for page in batched(found, PAGE) for row in _evaluated(context, page))


def _as_of(context: Context, moment: datetime, found: Iterator[Partnership]) -> Iterator[InventoryRow]:
    """Yield the rows as recorded up to a past moment, with the partners' names of that time."""
    for page in batched(found, PAGE):
        with context.reading() as tx:
            held = tx.snapshots([partnership.id for partnership in page])
        for partnership in page:
            snapshot = held.get(partnership.id)
            try:
                partner = newest_partner(recorded_by(moment, snapshot.partner_file if snapshot else ()))
            except NotFound as error:
                yield InventoryRow(partnership=partnership, partner="unreadable", error=str(error))
            else:
                yield InventoryRow(partnership=partnership, partner=partner.name)


def _evaluated(context: Context, page: Sequence[tuple[Partnership, str]]) -> list[InventoryRow]:
    """Load and evaluate a page of partnerships, in four statements and one transaction."""
    with context.reading() as tx:
        held = tx.snapshots([partnership.id for partnership, _ in page])
        today = context.today()
        return [
            _row(context, held[found.id], name, today) if found.id in held else _without_id(found, name)
            for found, name in page
        ]


def _without_id(found: Partnership, name: str) -> InventoryRow:
    """Return the row of a partnership that nobody can ask for: it is listed under an id that stands for its own."""
    return InventoryRow(partnership=found, partner=name, error="its id cannot be read")


def _row(context: Context, snapshot: Snapshot, name: str, today: date) -> InventoryRow:
    row = InventoryRow(partnership=snapshot.partnership, partner=name)
    try:
        refuse_unfit(context, snapshot)
        dossier, _ = load_dossier(context, snapshot)
        report = standing_report(context, snapshot, dossier, today)
        due_dates = context.pack.due_dates(report, dossier)
    except StoreError:
        raise
    except Exception as error:  # noqa: BLE001  one that cannot be evaluated does not cost the caller the others
        return attrs.evolve(row, error=unjudged_text(error))
    ends = [(day, report[code]) for code, day in due_dates.items() if day is not None and report[code].is_ok]
    next_due = None
    if ends:
        day, finding = min(ends, key=lambda end: (end[0], end[1].code))
        next_due = DueItem(
            partnership_id=snapshot.partnership.id,
            partner=name,
            code=finding.code,
            title=finding.title,
            due_on=day,
            missed=False,
        )
    return attrs.evolve(
        row, sites=dossier.sites(), broken=tuple(finding.code for finding in report.broken), next_due=next_due
    )
