"""A file, indexed so that what a record may repeat, answer or undo is found without reading the rest of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from partnerflow.records import (
    Confirmation,
    Entry,
    Record,
    Retraction,
    Unregistered,
    Waiver,
    WaiverRefusal,
    WaiverRequest,
    WaiverRevocation,
)
from partnerflow.records.registry import key_of

UNDONE_BY: Mapping[type[Record], tuple[type[Record], ...]] = {
    WaiverRequest: (WaiverRefusal, WaiverRevocation),
    Waiver: (WaiverRevocation,),
    WaiverRefusal: (WaiverRequest, Waiver),
    WaiverRevocation: (Waiver,),
}
"""After which records on the same policy the same words are a new act, and not a repetition."""


class FileEnd(NamedTuple):
    """The end of a file, to which the next entry is chained."""

    file_id: UUID
    entries: Sequence[Entry]
    """What is on the file; only the last entry is read."""
    version: int | None = None
    """The partnership's version, for its own file."""


class FileIndex:
    """One file, to which many requests may add one after another."""

    def __init__(self, file_id: UUID, entries: Iterable[Entry], version: int | None = None) -> None:
        self.end = FileEnd(file_id, (), version)
        """Its end, to which the next entry is chained."""
        self._entries: list[Entry] = []
        self._under_key: defaultdict[tuple[object, ...], list[int]] = defaultdict(list)
        self._about: defaultdict[UUID | None, list[int]] = defaultdict(list)
        """The places of the retractions and confirmations of each entry."""
        self.add(entries)

    def __len__(self) -> int:
        return len(self._entries)

    def since(self, count: int) -> tuple[Entry, ...]:
        """Return what was added after its first *count* entries."""
        return tuple(self._entries[count:])

    def add(self, entries: Iterable[Entry]) -> None:
        """Put entries at its end."""
        before = len(self._entries)
        for place, entry in enumerate(entries, before):
            record = entry.record
            self._entries.append(entry)
            if isinstance(record, Unregistered):
                continue
            self._under_key[type(record), *key_of(record)].append(place)
            for target in _targets(record):
                self._about[target].append(place)
        if len(self._entries) > before:
            self.end = self.end._replace(entries=(self._entries[-1],))

    def related_to(self, record: Record) -> Sequence[Entry]:
        """Return the entries of the same kind and key, and all that take back, confirm or undo one of them, in order.

        `RecordIndex` reads of these what it would read of the whole file.
        """
        kinds = (type(record), *UNDONE_BY.get(type(record), ()))
        places = {place for kind in kinds for place in self._under_key.get((kind, *key_of(record)), ())}
        new = places
        while new:
            new = {about for place in new for about in self._about.get(self._entries[place].id, ())} - places
            places |= new
        return [self._entries[place] for place in sorted(places)]


def _targets(record: Record) -> Iterable[UUID]:
    if isinstance(record, Retraction):
        return (record.entry_id,)
    return record.entries if isinstance(record, Confirmation) else ()
