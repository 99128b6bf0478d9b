"""What a host reads through Partnerflow beside dossiers and histories: the inventory, due dates, files and events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from .context import Context, Opened

if TYPE_CHECKING:
    from partnerflow.events import Event
    from partnerflow.history import Head
    from partnerflow.obligations import Obligation
    from partnerflow.policies import Pack
    from partnerflow.records import Entry, Partner, Site

    from .compare import Compared
    from .due import DueItem
    from .impact import Impact
    from .inventory import InventoryRow


class Reading:
    """The calls of Partnerflow that give an overview, or read one file or one list. None of them writes."""

    __slots__ = ()

    context: Context
    opened: Opened | None

    def inventory(
        self,
        *,
        state: str | None = None,
        site: str | None = None,
        kind: str | None = None,
        partner: UUID | None = None,
        ids: Mapping[str, str] | None = None,
        service: str | None = None,
        contact: str | None = None,
        text: str | None = None,
        due_before: date | None = None,
        as_of: datetime | None = None,
        after: UUID | None = None,
        limit: int | None = None,
        evaluated: bool = True,
    ) -> Iterator[InventoryRow]:
        """Return a row for each partnership that matches every argument of `find`, in the order of their ids.

        Each has the partner's name, the partnership, its sites, what does not hold today and what is due next. A page
        of 500 rows is read in five statements. Not *evaluated*, or *as_of* a past moment: the name and the partnership
        alone, in fewer statements. A partnership that cannot be evaluated has an `error` in its row.
        """
        from .find import wanted
        from .inventory import inventory

        query = wanted(
            state=state,
            site=site,
            kind=kind,
            partner=partner,
            ids=ids,
            service=service,
            contact=contact,
            text=text,
            due_before=due_before,
        )
        return inventory(self.context, query, as_of=as_of, after=after, limit=limit, evaluated=evaluated)

    def due(self, partnership_id: UUID | None = None, *, before: date | None = None) -> list[DueItem]:
        """Return what comes due and what was missed, sorted by day: of one partnership, *before* a day, or both.

        It is read from the obligations on file, which every write and every sweep brings up to date. Raises
        InvalidRequest where neither is given, NotFound for a partnership that does not exist.
        """
        from .due import due

        return due(self.context, partnership_id, before=before)

    def obligations(self, partnership_id: UUID) -> tuple[Obligation, ...]:
        """Return the obligations of a partnership, by code, as the last write or sweep evaluated them."""
        from .due import obligations

        return obligations(self.context, partnership_id)

    def entries_of(self, partnership_id: UUID) -> tuple[Entry, ...]:
        """Return everything filed on a partnership's partner and then on it, each oldest first.

        Superseded, retracted and redacted records are included.
        """
        from .look import entries_of

        return entries_of(self.context, partnership_id)

    def events_of(self, partnership_id: UUID) -> list[Event]:
        """Return the events of a partnership that the outbox still holds, oldest first."""
        from .look import events_of

        return events_of(self.context, partnership_id)

    def partner(self, partner_id: UUID) -> Partner:
        """Return what is now on file of a partner. Raises NotFound."""
        from .look import partner

        return partner(self.context, partner_id)

    def sites(self) -> tuple[Site, ...]:
        """Return the district's sites that are on file."""
        from .look import sites

        return sites(self.context)

    def district_file(self) -> tuple[Entry, ...]:
        """Return everything filed on the district itself, oldest first, superseded records included."""
        from .look import district_file

        return district_file(self.context)

    def impact(
        self,
        pack: Pack | str,
        *,
        at: datetime | None = None,
        after: UUID | None = None,
        through: UUID | None = None,
        processes: int | None = 1,
    ) -> Impact:
        """Say what *pack* in place of this flow's own would newly block and free, over every live partnership.

        *at* may be a moment to come, since nothing is written. Only ids greater than *after*, up to and with *through*,
        if said. It keeps each partnership concerned; `compare` gives them in a stream. Who may ask is not compared.
        *processes* is how many processes compare, None for as many as pay. More than one is for a flow that `open`
        made of packs by name; the script that calls it keeps its own work under `if __name__ == "__main__":`.
        """
        from .compare import moment
        from .impact import impact

        when = moment(self.context, at)
        compared = self.compare(pack, at=when, after=after, through=through, processes=processes)
        return impact(self.context, pack, compared, at=when)

    def compare(
        self,
        pack: Pack | str,
        *,
        at: datetime | None = None,
        after: UUID | None = None,
        through: UUID | None = None,
        processes: int | None = 1,
    ) -> Iterator[Compared]:
        """Return every live partnership, in the order of ids, with what *pack* would change for it; see `impact`."""
        from .compare import compare

        if processes == 1:
            return compare(self.context, pack, at=at, after=after, through=through)
        from .impact_pool import compare_with

        reopen = None if self.opened is None else self.opened.reopen
        return compare_with(self.context, reopen, pack, at=at, after=after, through=through, processes=processes)

    def verify(self, *, against: Iterable[Head] = ()) -> None:
        """Check every link of every history and file, in a stream, as one moment has it.

        *against* are heads that were kept elsewhere: each must still be there. Raises Tampered, which names each link
        that does not hold.
        """
        from .verify import verify

        verify(self.context, against=against)

    def heads(self) -> Iterator[Head]:
        """Return where each history and file ends now: kept elsewhere, they show later whether anything was changed."""
        from .verify import heads

        return heads(self.context)
