"""Read everything that is chained in pages within one transaction, so that all of it is as of one moment."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import partial
from uuid import UUID

from sqlalchemy import Executable

from partnerflow.history import Chain, Transition
from partnerflow.partnership import Partnership
from partnerflow.records import Entry

from . import pages, rows
from .misfits import misfits_in
from .rows import DatabaseRow
from .statements import Statements
from .transaction import SQLAlchemyTransaction

FIRST, LAST = UUID(int=0), UUID(int=2**128 - 1)


class SQLAlchemyAudit:
    """Everything of one tenant that is chained, as one transaction reads it."""

    def __init__(self, sql: Statements, tx: SQLAlchemyTransaction) -> None:
        self._sql, self._tx = sql, tx

    def ids(self, chain: Chain) -> Iterator[UUID]:
        """Yield the id of every partnership, or of every file."""
        if chain == "file":
            return (row.file_id for row in self._tx.execute(self._sql.file_ids, {}))
        return (row.id for row in self._pages(self._sql.partnership_ids, "id", FIRST))

    def partnerships(self, partnership_id: UUID | None = None) -> Iterator[tuple[Partnership, str]]:
        """Yield one partnership or every one, with its last link, which is empty where its row cannot be read."""
        if partnership_id is None:
            found = self._pages(self._sql.partnerships_after, "id", FIRST)
        else:
            found = iter(self._tx.execute(self._sql.partnership, {"of_partnership": partnership_id}))
        return ((rows.partnership(row), "" if misfits_in(row) else row.link) for row in found)

    def transitions(self, partnership_id: UUID | None = None) -> Iterator[Transition]:
        """Yield every transition, of one partnership or of all."""
        sql, names = self._sql, ("partnership_id", "version")
        if partnership_id is not None:
            return map(rows.transition, self._pages(sql.history, "version", of_partnership=partnership_id))
        return map(rows.transition, self._chains(sql.history, "of_partnership", sql.histories_after, names))

    def entries(self, file_id: UUID | None = None) -> Iterator[Entry]:
        """Yield every entry, of one file or of all."""
        sql, names = self._sql, ("file_id", "seq")
        if file_id is not None:
            return map(rows.entry, self._pages(sql.file, "seq", file_id=file_id))
        return map(rows.entry, self._chains(sql.file, "file_id", sql.files_after, names))

    def links(self, places: Collection[tuple[UUID, int]]) -> Mapping[tuple[UUID, int], str]:
        """Return the links of entries by their file's id and number."""
        if not places:
            return {}
        file_ids, seqs = (list(set(parts)) for parts in zip(*places, strict=True))
        found = self._tx.execute(self._sql.links, {"file_ids": file_ids, "seqs": seqs})
        return {place: row.link for row in found if (place := (row.file_id, row.seq)) in places}

    def _chains(
        self, rest: Executable, whose: str, following: Executable, names: tuple[str, str]
    ) -> Iterator[DatabaseRow]:
        """Read chain after chain, each page from where the last one ended.

        First comes the *rest* of the chain in which a page ended, then the chains *following* it. With one condition
        for both, some databases would read the table from its beginning.
        """
        chain = FIRST
        yield from self._pages(rest, names[1], **{whose: chain})  # the district's own file has the smallest id
        size = pages.PAGE
        while True:
            page = self._tx.execute(following, {"after": chain, "page": size})
            known = page if len(page) < size else pages.up_to_known_place(page)
            yield from known
            if len(page) < size:
                return
            if not known:
                size *= 2
                continue
            chain, place = (getattr(known[-1], name) for name in names)
            yield from self._pages(rest, names[1], place, **{whose: chain})

    def _pages(self, statement: Executable, place: str, after: UUID | int = 0, **values: UUID) -> Iterator[DatabaseRow]:
        """Read page after page."""
        return pages.read_pages(partial(self._tx.execute, statement), {"after": place}, {"after": after, **values})
