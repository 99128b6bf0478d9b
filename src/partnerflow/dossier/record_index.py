"""An index over the records on file, and the days on which each record is in force."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, timedelta
from typing import Any, Generic, TypeVar, cast

import attrs

from partnerflow.records import NO_END, Entry, Record, Retraction
from partnerflow.records.registry import Unread, Unregistered, key_of

from .waiting import NOTHING_WAITS, Weighed, weigh

R = TypeVar("R", bound=Record)
ONE_DAY = timedelta(days=1)


@attrs.frozen
class Succession(Generic[R]):
    """The records of one key, each before what takes over from it: those begun by some day, and the others."""

    records: tuple[R, ...]
    coming: tuple[R, ...]
    """Those that begin later."""
    through: date
    """The last day before another one begins."""


class RecordIndex:
    """The entries on file, in the order of filing, indexed by kind and key for policies. It never changes.

    Words of the partner's that wait are among the entries, and in the index only with `in_place`. *confirm* are the
    kinds whose words always wait; None where no pack asks.
    """

    __slots__ = (
        "_by_key",
        "_by_kind",
        "_changes",
        "_in_place",
        "_newest",
        "_positions",
        "_series",
        "_under",
        "as_asked",
        "confirm",
        "entries",
        "unreadable",
        "weighed",
    )

    def __init__(
        self, entries: Iterable[Entry], confirm: AbstractSet[str] | None = None, *, weighed: Weighed | None = None
    ) -> None:
        self.entries = tuple(entries)
        self.confirm = confirm
        self.weighed = weigh(self.entries, confirm) if weighed is None else weighed
        self._in_place: tuple[RecordIndex, ...] | None = None
        self._under: RecordIndex | None = None
        self.as_asked: Any = None
        """What `readable.as_asked` keeps of it; None before."""
        self._positions = {id(entry.record): place for place, entry in enumerate(self.entries)}
        by_kind: defaultdict[type[Record], list[Entry]] = defaultdict(list)
        without = self.weighed.without
        counting = self.entries if not without else [e for at, e in enumerate(self.entries) if at not in without]
        for entry in counting:
            by_kind[type(entry.record)].append(entry)
        if Retraction in by_kind:
            retracted = {cast("Retraction", entry.record).entry_id for entry in by_kind[Retraction]}
            for cls, several in by_kind.items():
                by_kind[cls] = [entry for entry in several if entry.id is None or entry.id not in retracted]
        self.unreadable = {
            cast("Unread", entry.record).kind: self._positions[id(entry.record)]
            for entry in by_kind.get(Unread, ())
            if entry.redacted is None
        }
        """The kinds of entries that nobody can read, each with the place of one."""
        self._by_kind: dict[type[Record], list[Entry]] = by_kind
        self._by_key: dict[type[Record], Any] = {}
        self._series: dict[type[Record], Any] = {}
        self._newest: dict[type[Record], Any] = {}
        self._changes: list[date] | None = None
        """The days on which something changes, in order, once `next_change` was asked."""

    def under(self, confirm: AbstractSet[str]) -> RecordIndex:
        """Return the same entries as a pack reads them that has the kinds in *confirm* confirmed always."""
        if self.confirm == confirm or self.weighed is NOTHING_WAITS:  # then nothing would wait under any pack
            return self
        if self._under is None or self._under.confirm != confirm:
            self._under = RecordIndex(self.entries, confirm)
        return self._under

    @property
    def in_place(self) -> tuple[RecordIndex, ...]:
        """The file with all waiting words in place, once or in two ways; none where nothing waits."""
        if self._in_place is None:
            self._in_place = tuple(
                RecordIndex(
                    [view.instead.get(place, entry) for place, entry in enumerate(self.entries)],
                    self.confirm,
                    weighed=attrs.evolve(self.weighed, without=view.without, words=(), views=()),
                )
                for view in self.weighed.views
            )
        return self._in_place

    def standing(self, cls: type[Record]) -> list[Entry]:
        """Return the entries of a kind that were not retracted, oldest first."""
        return self._by_kind.get(cls, [])

    def under_keys(self, cls: type[R]) -> dict[tuple[object, ...], list[R]]:
        """Return all records of a kind by key, what was superseded too, each before what takes over from it.

        The key under which something was filed last comes first.
        """
        found: dict[tuple[object, ...], list[R]] | None = self._by_key.get(cls)
        if found is None:
            found = self._by_key[cls] = {}
            for entry in reversed(self.standing(cls)):
                record = cast("R", entry.record)
                found.setdefault(key_of(record), []).append(record)
            for key, records in found.items():
                if len(records) > 1:
                    found[key] = in_succession(records[::-1])
        return found

    def series(self, cls: type[R]) -> dict[tuple[object, ...], list[R]]:
        """Return the records of a kind by key that stand on some day, what begins last first.

        One that begins later takes over on its first day, whichever was filed first, and stays: when it ends, none
        before it comes back.
        """
        found: dict[tuple[object, ...], list[R]] | None = self._series.get(cls)
        if found is None:
            found = self.under_keys(cls)
            if len(found) < len(self.standing(cls)):
                found = {key: _standing_some_day(records) for key, records in found.items()}
            self._series[cls] = found
        return found

    def succession(self, cls: type[R], key: tuple[object, ...], day: date) -> Succession[R]:
        """Return all records under *key*, what was superseded among them, in order: begun by *day*, and later ones."""
        begins = [(period_of(record)[0] or date.min, record) for record in self.under_keys(cls).get(key, ())]
        later = min((start for start, _ in begins if start > day), default=None)
        begun, coming = (tuple([one for start, one in begins if (start > day) is late]) for late in (False, True))
        return Succession(begun, coming, NO_END if later is None else later - ONE_DAY)

    def newest(self, cls: type[R]) -> tuple[R, ...]:
        """Return the record of each key that begins last, oldest key first."""
        found: tuple[R, ...] | None = self._newest.get(cls)
        if found is None:
            found = self._newest[cls] = tuple([records[0] for records in reversed(self.series(cls).values())])
        return found

    def next_change(self, day: date) -> date | None:
        """Return the first day after *day* on which some record comes into force or is no longer in force."""
        if self._changes is None:
            records = (entry.record for entry in self.entries if not isinstance(entry.record, Unregistered))
            self._changes = sorted(set(change_days(records, date.min)))
        at = bisect_right(self._changes, day)
        return self._changes[at] if at < len(self._changes) else None

    def position(self, record: object) -> int | None:
        """Return the place of a record in the order of filing, from 0."""
        return self._positions.get(id(record))

    def entry(self, record: Record) -> Entry:
        """Return the entry that holds *record*, or a new entry where none does."""
        position = self.position(record)
        return Entry(record=record) if position is None else self.entries[position]

    def followed_by(self, record: Record, kinds: Iterable[type[Record]]) -> bool:
        """Return whether a current record of one of *kinds*, under the same key, was filed after *record*."""
        place, key = self.position(record), key_of(record)
        return place is not None and any(
            self._positions[id(later)] > place for kind in kinds for later in self.series(kind).get(key, ())
        )


def in_succession(records: Sequence[R]) -> list[R]:
    """Return the records of one key, given in the order of filing, in the order in which they take over.

    One takes over from those with an earlier first day and, of the same first day, from those filed before it. One
    without its first day is placed by its filing, before the first of those that were filed after it.
    """
    starts = [period_of(record)[0] for record in records]
    order = sorted((start, place) for place, start in enumerate(starts) if start is not None)
    places = [place for _, place in order]
    for place in reversed([place for place, start in enumerate(starts) if start is None]):
        places.insert(next((at for at, other in enumerate(places) if other > place), len(places)), place)
    return [records[place] for place in places]


def _standing_some_day(records: Sequence[R]) -> list[R]:
    """Return those of *records*, which are in succession, that stand on some day, what begins last first.

    Of the same first day, only the one filed last does; and none before one without a first day, which takes over from
    all of these at once.
    """
    found: list[R] = []
    before: date | None = None
    for record in reversed(records):
        start = period_of(record)[0]
        if not found or start != before:
            found.append(record)
        if start is None:
            break
        before = start
    return found


def period_of(record: Record) -> tuple[date | None, date | None]:
    """Return the first and last day of a record; for a kind without days, the first and last day of the calendar."""
    period = record.kind_info.period
    if not period:
        return date.min, NO_END
    return getattr(record, period[0]), getattr(record, period[1]) if len(period) > 1 else NO_END


def may_cover(record: Record, day: date) -> bool:
    """Return whether *record* is in force on *day*, or has no dates."""
    start, end = period_of(record)
    return start is None or end is None or start <= day <= end


def in_force(series: Iterable[R], day: date) -> R | None:
    """Return the record of a *series* that stands on *day*, whether it has ended or not; None before the first day."""
    for record in series:
        period = record.kind_info.period
        if not period or (start := getattr(record, period[0])) is None or start <= day:
            return record
    return None


def change_days(records: Iterable[Record], day: date) -> Iterator[date]:
    """Yield the days after *day* on which one of *records* comes into force or is no longer in force."""
    for start, end in map(period_of, records):
        if start is not None and start > day:
            yield start
        if end is not None and day <= end < NO_END:
            yield end + ONE_DAY
