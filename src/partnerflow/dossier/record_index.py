"""What lies on file, and on which days each record counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any, TypeVar, cast

from partnerflow.records import NO_END, Entry, Record, Retraction
from partnerflow.records.registry import Unregistered, key_of

R = TypeVar("R", bound=Record)
ONE_DAY = timedelta(days=1)


class RecordIndex:
    """What lies on file, in the order of filing, with indexes by which policies find it. Made once, never changed."""

    __slots__ = ("_by_kind", "_newest", "_positions", "_series", "entries")

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries = tuple(entries)
        self._positions = {id(entry.record): place for place, entry in enumerate(self.entries)}
        by_kind: defaultdict[type[Record], list[Entry]] = defaultdict(list)
        for entry in self.entries:
            by_kind[type(entry.record)].append(entry)
        if Retraction in by_kind:
            retracted = {cast("Retraction", entry.record).entry_id for entry in by_kind[Retraction]}
            for cls, several in by_kind.items():
                by_kind[cls] = [entry for entry in several if entry.id is None or entry.id not in retracted]
        self._by_kind: dict[type[Record], list[Entry]] = by_kind
        self._series: dict[type[Record], Any] = {}
        self._newest: dict[type[Record], Any] = {}

    def standing(self, cls: type[Record]) -> list[Entry]:
        """Return what was filed of a kind and not retracted, oldest first."""
        return self._by_kind.get(cls, [])

    def series(self, cls: type[R]) -> dict[tuple[object, ...], list[R]]:
        """Give, by key, what stands of a kind, newest filed first.

        A newer record replaces an older one of the same key outright, unless the two are for different terms, that is,
        have different first days: then each is for its own. One whose first day is missing is never replaced so.
        """
        found: dict[tuple[object, ...], list[R]] | None = self._series.get(cls)
        if found is None:
            found = self._series[cls] = {}
            first = cls.kind_info.period[0] if cls.kind_info.period else None
            for entry in reversed(self.standing(cls)):
                record = cast("R", entry.record)
                rest = found.get(key := key_of(record))
                if rest is None:
                    found[key] = [record]
                elif first and (
                    (start := getattr(record, first)) is None or all(start != getattr(newer, first) for newer in rest)
                ):
                    rest.append(record)
        return found

    def newest(self, cls: type[R]) -> tuple[R, ...]:
        """Return the newest filed for each key, oldest key first."""
        found: tuple[R, ...] | None = self._newest.get(cls)
        if found is None:
            found = self._newest[cls] = tuple([records[0] for records in reversed(self.series(cls).values())])
        return found

    def next_turn(self, day: date) -> date | None:
        """Return the first day after *day* on which some record begins to count, or no longer does."""
        records = (entry.record for entry in self.entries if not isinstance(entry.record, Unregistered))
        return min(turns(records, day), default=None)

    def position(self, record: object) -> int | None:
        """Return the place of a record in the order of filing, from 0."""
        return self._positions.get(id(record))

    def entry(self, record: Record) -> Entry:
        """Return the entry that *record* lies in, or one of it alone."""
        position = self.position(record)
        return Entry(record=record) if position is None else self.entries[position]

    def followed_by(self, record: Record, kinds: Iterable[type[Record]]) -> bool:
        """Tell whether something of one of *kinds* under the same key was filed after *record*, and stands."""
        place, key = self.position(record), key_of(record)
        return place is not None and any(
            self._positions[id(later)] > place for kind in kinds for later in self.series(kind).get(key, ())
        )


def period_of(record: Record) -> tuple[date | None, date | None]:
    """Return the first and last day of a record; of a kind without days, the first and last there are."""
    period = record.kind_info.period
    if not period:
        return date.min, NO_END
    return getattr(record, period[0]), getattr(record, period[1]) if len(period) > 1 else NO_END


def may_cover(record: Record, day: date) -> bool:
    """Tell whether *record* counts on *day*, or does not say when it counts."""
    start, end = period_of(record)
    return start is None or end is None or start <= day <= end


def given(records: Iterable[R], day: date) -> R | None:
    """Return the first that may cover *day*, else the one that covered last."""
    last: tuple[date, R] | None = None
    for record in records:
        start, end = period_of(record)
        if start is None or end is None or start <= day <= end:
            return record
        if end < day and (last is None or end > last[0]):
            last = (end, record)
    return last[1] if last else None


def turns(records: Iterable[Record], day: date) -> Iterator[date]:
    """Return the days after *day* on which one of *records* begins to count, or no longer does."""
    for start, end in map(period_of, records):
        if start is not None and start > day:
            yield start
        if end is not None and day <= end < NO_END:
            yield end + ONE_DAY
