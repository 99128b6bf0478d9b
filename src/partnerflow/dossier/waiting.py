"""Which words of the partner's wait until the district's side confirms them: who is judged does not clear itself.

It is computed from the entries on file, in the order of filing, and stored nowhere. `weigh` says which entries are left
out, so that `on`, `latest` and `all` return what the district's side stands behind; and how the file reads with all
waiting words in place, so that a rule can be asked once more and the worse finding counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, TypeVar, cast
from uuid import UUID

import attrs

from partnerflow.records import Confirmation, Entry, Partner, Record, Retraction
from partnerflow.records.programme import EVERYWHERE
from partnerflow.records.registry import Asks, Unregistered, is_adverse, key_of

R = TypeVar("R", bound=Record)


@attrs.frozen
class WaitingWord:
    """A word of the partner's that is on file and does not count yet."""

    entry: Entry
    replaces: Record | None = None
    """What counts in its place; None where nothing does."""
    fields: tuple[str, ...] = ()
    """Which of its fields wait; empty: all of it."""


@attrs.frozen
class View:
    """A way to read a file: in place of some entries others, and without some."""

    without: frozenset[int] = frozenset()
    """The places of entries that are left out."""
    instead: Mapping[int, Entry] = attrs.field(factory=dict)
    """Entries that stand for others, by place."""


@attrs.frozen
class Weighed:
    """What of a file counts, and what waits."""

    without: frozenset[int] = frozenset()
    """The places of the entries that do not count."""
    words: tuple[WaitingWord, ...] = ()
    views: tuple[View, ...] = ()
    """The file with all waiting words in place; none where nothing waits."""
    nobodys: tuple[Entry, ...] = ()
    """Entries that do not say who filed them."""
    confirmed: frozenset[UUID | None] = frozenset()
    """The ids of the entries that the district's side confirmed."""


NOTHING_WAITS = Weighed()


def weigh(entries: Sequence[Entry], confirm: AbstractSet[str] | None) -> Weighed:
    """Weigh a file; words of the kinds in *confirm* wait even where nobody filed one before.

    None: no pack asks, so what nobody is on file as having filed is returned as any other word.
    """
    for entry in entries:
        by = entry.filed_by
        if entry.word_of is not None or (entry.is_nobodys if by is None else by.side == "partner"):
            return _Weighing(entries, confirm).weighed()
    return NOTHING_WAITS  # everything is the word of the district's side


class _Held:
    """What is known of one key of a kind, entry by entry."""

    __slots__ = ("adverse", "firm", "open", "record", "wide")

    def __init__(self) -> None:
        self.record: Record | None = None
        """The record that counts."""
        self.firm = False
        """Whether it is the district's word, or confirmed by it."""
        self.wide: Record | None = None
        """What asks for the most: the record that counts, with the words that wait after it."""
        self.adverse = False
        """Whether one speaks against the partnership that the district's side did not answer since."""
        self.open: list[int] = []
        """The places of the words that wait."""


class _Weighing:
    def __init__(self, entries: Sequence[Entry], confirm: AbstractSet[str] | None) -> None:
        self.entries, self.confirm, self.is_asked = entries, confirm or frozenset[str](), confirm is not None
        self.confirmed = confirmed_by(entries)
        self.by_id = {entry.id: entry for entry in entries if entry.id is not None}
        self.held: dict[tuple[object, ...], _Held] = {}
        self.replaces: dict[int, Record | None] = {}
        self.without: set[int] = set()
        self.taken_back: set[UUID] = set()
        self.hidden: set[int] = set()
        """The places of waiting words that are in place nowhere, since they would answer what speaks against."""
        self.wide: dict[int, Entry] = {}
        self.has_unordered = False
        self.nobodys: list[Entry] = []

    def weighed(self) -> Weighed:
        self._retractions()
        doubtful = {type(entry.record) for entry in self.entries if entry.is_partners or entry.is_nobodys}
        for place, entry in enumerate(self.entries):
            record = entry.record
            if type(record) not in doubtful:  # all of its kind is the word of the district's side
                continue
            if isinstance(record, Unregistered) or record.kind_info.waits != "whole" or entry.id in self.taken_back:
                continue
            held = self.held.setdefault((type(record), *key_of(record)), _Held())
            if entry.id in self.confirmed:
                self._count(held, record, firm=True)
            elif self.is_asked and entry.is_nobodys and not is_adverse(record):
                self.without.add(place)
                self.nobodys.append(entry)
            elif not entry.is_partners:
                self._count(held, record, firm=not entry.is_nobodys)
            elif self._waits(entry, held):
                self._wait(place, entry, held)
            else:
                self._count(held, record, firm=held.firm and record == held.record)
        words = self._words()
        views = self._views() if words else ()
        return Weighed(frozenset(self.without), words, views, tuple(self.nobodys), self.confirmed)

    def _retractions(self) -> None:
        """Note what is taken back, and leave out the retractions that wait."""
        for place, entry in enumerate(self.entries):
            if not isinstance(entry.record, Retraction):
                continue
            target = self.by_id.get(entry.record.entry_id)
            is_doubtful = entry.is_partners or (self.is_asked and entry.is_nobodys)
            if target is None or entry.id in self.confirmed or not (is_doubtful and self._clears_itself(target)):
                self.taken_back.add(entry.record.entry_id)
            else:
                self.without.add(place)
                self.replaces[place] = target.record
                if not _is_evidence(target.record):
                    self.hidden.add(place)

    def _clears_itself(self, target: Entry) -> bool:
        """Return whether less would be asked without *target*, or the district's side stands behind it.

        Of one that was redacted nothing is asked any more; one that nobody can read may say anything.
        """
        if target.redacted is not None:
            return False
        if not target.is_partners or target.id in self.confirmed or isinstance(target.record, Unregistered):
            return True
        return target.record.kind_info.waits != "never" and not _is_evidence(target.record)

    def _waits(self, entry: Entry, held: _Held) -> bool:
        record, info = entry.record, entry.record.kind_info
        if held.adverse:
            return True
        if record == held.record and held.firm:
            return False
        if info.name in self.confirm:
            return True
        if entry.is_taken_down or held.record is None:
            return False
        return held.firm or bool(_asking_less(held.record, record))

    def _count(self, held: _Held, record: Record, *, firm: bool) -> None:
        """Note that *record* counts; as the word of the district's side it answers those that wait."""
        if is_adverse(record):
            held.adverse = True
        elif firm:
            held.adverse = False
        if firm:
            held.open = [place for place in held.open if not _answers(record, self.entries[place].record)]
        held.record = held.wide = record
        held.firm = firm

    def _wait(self, place: int, entry: Entry, held: _Held) -> None:
        record = entry.record
        self.without.add(place)
        self.replaces[place] = held.record
        held.open.append(place)
        if is_adverse(record):
            held.adverse = True
        elif held.adverse:
            self.hidden.add(place)
        if held.wide is not None and (less := _asking_less(held.wide, record)):
            self.has_unordered |= any(record.kind_info.asks[field] == "any" for field in less)
            record = _widened(held.wide, record, less)
            self.wide[place] = attrs.evolve(entry, record=record)
        held.wide = record

    def _words(self) -> tuple[WaitingWord, ...]:
        """Return what waits, but for what was answered since: the district's side filed another word on it."""
        open_places = {place for held in self.held.values() for place in held.open}
        return tuple(
            WaitingWord(self.entries[place], self.replaces[place])
            for place in sorted(self.without)
            if place in open_places or isinstance(self.entries[place].record, Retraction)
        )

    def _views(self) -> tuple[View, ...]:
        hidden = frozenset(self.hidden | {place for place in self.without if self.entries[place].is_nobodys})
        views = [View(hidden, self.wide)]
        if self.has_unordered:
            views.append(View(hidden, {place: self._unordered(place, entry) for place, entry in self.wide.items()}))
        return tuple(views)

    def _unordered(self, place: int, entry: Entry) -> Entry:
        """Return a widened entry with the words that have no order as they were filed."""
        filed = self.entries[place].record
        words = {field: getattr(filed, field) for field, asks in filed.kind_info.asks.items() if asks == "any"}
        return attrs.evolve(entry, record=attrs.evolve(cast("Any", entry.record), **words))


def taken_back(entries: Sequence[Entry]) -> AbstractSet[UUID]:
    """Return the ids of the entries that were retracted, and not by a retraction that waits."""
    if not any(isinstance(entry.record, Retraction) for entry in entries):
        return frozenset()
    weighing = _Weighing(entries, frozenset())
    weighing.weighed()
    return weighing.taken_back


def confirmed_by(entries: Iterable[Entry]) -> frozenset[UUID | None]:
    """Return the ids of the entries that the district's side confirmed."""
    return frozenset(
        entry_id
        for entry in entries
        if isinstance(entry.record, Confirmation) and not entry.is_partners and not entry.is_nobodys
        for entry_id in entry.record.entries
    )


@attrs.frozen
class WeighedPartner:
    """What counts of a partner's own record, and what waits."""

    partner: Partner
    """The newest name and address, with the facts that count."""
    word: WaitingWord | None = None
    in_place: tuple[Partner, ...] = ()
    """The same with the waiting facts in place; none where nothing waits."""


def weigh_partner(entries: Sequence[Entry]) -> WeighedPartner | None:
    """Weigh the records of a partner on its file: its name counts at once, facts that decide what is asked may wait.

    Of one that was redacted since, or cannot be read, nothing is known. None: there is no such record.
    """
    counts: Partner | None = None
    wide: Partner | None = None
    newest: Partner | None = None
    word: WaitingWord | None = None
    firm, confirmed = False, frozenset[UUID | None]()
    for entry in entries:
        record = entry.record
        if isinstance(record, Unregistered):
            if entry.kind != Partner.kind_info.name:
                continue
            if entry.redacted is None and counts is not None and entry.id in taken_back(entries):
                continue
            record = Partner(name="redacted" if entry.redacted else "unreadable")
        elif not isinstance(record, Partner):
            continue
        newest, before = record, counts
        if before is None or not entry.is_partners:
            counts, wide, word, firm = record, record, None, not entry.is_partners
            continue
        confirmed = confirmed or confirmed_by(entries)
        if entry.id in confirmed:
            counts, wide, word, firm = record, record, None, True
            continue
        if entry.is_taken_down:
            same = all(getattr(record, field) == getattr(before, field) for field in record.kind_info.asks)
            counts, wide, word, firm = record, record, None, firm and same
            continue
        less = _asking_less(before, record)
        waiting = [
            field
            for field in record.kind_info.asks
            if field in less or (firm and getattr(record, field) != getattr(before, field))
        ]
        counts = attrs.evolve(record, **{field: getattr(before, field) for field in waiting})
        wide = _widened(wide or before, record, _asking_less(wide or before, record))
        word = WaitingWord(entry, before, tuple(waiting)) if waiting else None
    if counts is None or newest is None:
        return None
    if word is None:
        return WeighedPartner(counts)
    unordered = {field: getattr(newest, field) for field in ("kind", "classification") if field in word.fields}
    views = [cast("Partner", wide), *([attrs.evolve(cast("Partner", wide), **unordered)] if unordered else [])]
    return WeighedPartner(counts, word, tuple(views))


def _answers(record: Record, waiting: Record) -> bool:
    """Return whether *record* is another word on the same term; an adverse one is not answered so."""
    first = record.kind_info.period[:1]
    return not is_adverse(waiting) and all(getattr(record, name) == getattr(waiting, name) for name in first)


def _is_evidence(record: Record) -> bool:
    """Return whether no less is asked without *record*: it is evidence for the partnership, and decides nothing."""
    if isinstance(record, Unregistered):
        return False
    info = record.kind_info
    return info.weighs == "for" and not info.asks and not is_adverse(record)


def _asking_less(old: Record, new: Record) -> list[str]:
    """Return the fields in which *new* asks for less than *old*; any other word does, where words have no order."""
    return [
        field
        for field, asks in new.kind_info.asks.items()
        if _asks_less(asks, getattr(old, field), getattr(new, field))
    ]


def _asks_less(asks: Asks, old: Any, new: Any) -> bool:
    if asks == "if_true":
        return old is True and new is not True
    if asks == "if_false":
        return new is True and old is not True
    if asks == "any":
        return old is not None and old != new
    return bool(old) and EVERYWHERE not in (new or ()) and not set(old) <= set(new or ())


def _widened(old: R, new: R, fields: Iterable[str]) -> R:
    """Return *new* with *fields* as wide as in both."""
    wide = {field: _wider(new.kind_info.asks[field], getattr(old, field), getattr(new, field)) for field in fields}
    return attrs.evolve(new, **wide) if wide else new


def _wider(asks: Asks, old: Any, new: Any) -> Any:
    if asks != "more" or new is None:
        return old
    both = dict.fromkeys([*old, *new])
    return tuple(both) if isinstance(new, tuple) else frozenset(both)
