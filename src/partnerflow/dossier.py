"""The one value that policies read: a partnership, what is on its and its partner's file, and its moves.

A dossier is complete in itself. It comes from a store, or from a mapping (the JSON that a host would send):
`{"partner": {...}, "partnership": {...}, "records": [{"kind": "insurance", ...}, ...]}`, and goes back to one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, timedelta
from difflib import get_close_matches
from itertools import chain
from typing import Any, TypeVar, cast
from uuid import UUID

import attrs

from partnerflow.errors import Fault, InvalidRecord
from partnerflow.lifecycle.move import Move
from partnerflow.partnership import Partnership
from partnerflow.records import EVERYWHERE, NO_END, Entry, Partner, Record, Retraction, Scope, Service, kinds
from partnerflow.records.conversion import converter, pointer_part, read_record, structure, unstructure
from partnerflow.records.entry import Filed
from partnerflow.records.registry import Unregistered, key_of

R = TypeVar("R", bound=Record)
ONE_DAY = timedelta(days=1)


class Absent(Exception):
    """Evidence that a policy needs and that is not there: an answer, which becomes the outcome `missing`."""

    def __init__(self, where: object, field: str | None = None) -> None:
        super().__init__(where, field)
        self.where, self.field = where, field


@attrs.frozen
class Neighbour:
    """A service of another live partnership that shares a site and a content area with one of this partnership's."""

    partnership_id: str
    partner: str
    service: Service


class OnFile:
    """What lies on file, in the order of filing, with indexes by which policies find it. Made once, never changed."""

    __slots__ = ("_by_kind", "_positions", "_series", "entries")

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries = tuple(entries)
        retracted = {e.record.entry_id for e in self.entries if isinstance(e.record, Retraction)}
        self._positions = {id(entry.record): place for place, entry in enumerate(self.entries)}
        self._by_kind: dict[type[Record], list[Entry]] = {}
        for entry in self.entries:
            if entry.id is None or entry.id not in retracted:
                self._by_kind.setdefault(type(entry.record), []).append(entry)
        self._series: dict[type[Record], Any] = {}

    def standing(self, cls: type[Record]) -> list[Entry]:
        """Give what was filed of a kind and not retracted, oldest first."""
        return self._by_kind.get(cls, [])

    def series(self, cls: type[R]) -> dict[tuple[object, ...], list[R]]:
        """Give, by key, what stands of a kind, newest filed first.

        A newer record replaces an older one of the same key outright, unless the two are for different terms, that is,
        have different first days: then each is for its own. One whose first day is missing is never replaced so.
        """
        found: dict[tuple[object, ...], list[R]] | None = self._series.get(cls)
        if found is None:
            found = {}
            first = cls.kind_info.period[0] if cls.kind_info.period else None
            for record in (cast("R", entry.record) for entry in reversed(self.standing(cls))):
                rest = found.setdefault(key_of(record), [])
                start = getattr(record, first) if first else None
                if not rest or (first and (start is None or all(start != getattr(newer, first) for newer in rest))):
                    rest.append(record)
            self._series[cls] = found
        return found

    def next_turn(self, day: date) -> date | None:
        """Give the first day after *day* on which some record begins to count, or no longer does."""
        records = (entry.record for entry in self.entries if not isinstance(entry.record, Unregistered))
        return min(_turns(records, day), default=None)

    def position(self, record: Record) -> int | None:
        """Give the place of a record in the order of filing, from 0."""
        return self._positions.get(id(record))


@attrs.frozen
class Dossier:
    """A partnership with everything that bears on it, as known at one moment."""

    partner: Partner
    partnership: Partnership
    on_file: OnFile = attrs.field(factory=lambda: OnFile(()), eq=lambda on_file: on_file.entries)
    moves: tuple[Move, ...] | None = None
    """The moves made, oldest first; None where a file does not say."""
    move: Move | None = None
    """The move now asked; None in a standing check."""
    filing: tuple[Record, ...] = ()
    """The records that somebody now asks to file."""
    neighbours: tuple[Neighbour, ...] | None = None
    """Services of others that share a site and a content area; None where nobody has looked."""

    # --- what is on file --------------------------------------------------------------------------------------------

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Everything on file, in the order of filing, retracted and superseded records included."""
        return self.on_file.entries

    def all(self, cls: type[R], **key: object) -> tuple[R, ...]:
        """Give the records of a kind that stand: the newest filed for each key, oldest key first."""
        return tuple([series[0] for series in reversed(self._matching(cls, key))])

    def latest(self, cls: type[R], **key: object) -> R | None:
        """Give the newest filed record of a kind that stands."""
        matching = self._matching(cls, key)
        return matching[0][0] if matching else None

    def filed(self, cls: type[R], **key: object) -> tuple[R, ...]:
        """Give every record of a kind that was not retracted, superseded ones included, oldest first."""
        records = cast("Iterator[R]", (entry.record for entry in self.on_file.standing(cls)))
        return tuple(r for r in records if all(getattr(r, name) == value for name, value in key.items()))

    def on(self, cls: type[R], day: date, **key: object) -> R | None:
        """Give the record of a kind that covers *day*, newest filed first; else the one that covered last.

        A record without its dates is not passed over: whoever reads it finds the date missing.
        """
        matching = self._matching(cls, key)
        return _given(matching[0] if len(matching) == 1 else chain.from_iterable(matching), day)

    def all_on(self, cls: type[R], day: date) -> tuple[R, ...]:
        """Give, for each key, the record of a kind that covers *day*, those without their dates included."""
        found = (
            self.on(cls, day, **dict(zip(cls.kind_info.key, key, strict=True))) for key in self.on_file.series(cls)
        )
        return tuple(record for record in found if record is not None and _may_cover(record, day))

    def through(self, record: Record, day: date) -> date:
        """Give the last day on which `on`, from *day*, still gives *record*. Raises Absent for a missing date."""
        start, end = period_of(record)
        if start is None or end is None:
            raise Absent(record, record.kind_info.period[0 if start is None else 1])
        replaced = self.replaced_on(record, day)
        return end if replaced is None else min(end, replaced - ONE_DAY)

    def replaced_on(self, record: Record, day: date) -> date | None:
        """Give the first day after *day* on which `on` gives another record than *record*; None: it never does."""
        series = self.on_file.series(type(record)).get(key_of(record), [])
        if len(series) < 2:
            return None
        return next((turn for turn in sorted(_turns(series, day)) if _given(series, turn) is not record), None)

    def _matching(self, cls: type[R], key: Mapping[str, object]) -> list[list[R]]:
        series = self.on_file.series(cls)
        if not key:
            return list(series.values())
        names = cls.kind_info.key
        if tuple(key) == names:  # all of it, as it is nearly always asked
            found = series.get(tuple(key.values()))
            return [found] if found else []
        if set(key) - set(names):
            raise TypeError(f"{cls.__name__} is looked up by {names or 'nothing'}, not by {sorted(key)}")
        wanted = [(names.index(name), value) for name, value in key.items()]
        return [found for values, found in series.items() if all(values[i] == value for i, value in wanted)]

    def entry(self, record: Record) -> Entry:
        """Give the entry that *record* lies in."""
        position = self.on_file.position(record)
        return Entry(record=record) if position is None else self.entries[position]

    # --- where it stands --------------------------------------------------------------------------------------------

    def entered_at_version(self) -> int | None:
        """Give the version at which the state that it is in, or is to leave, was entered; None where no move says."""
        for version in range(len(self.moves or ()), 0, -1):
            made = (self.moves or ())[version - 1]
            if made.source != made.target:
                return version
        return None

    def filed_since(self, record: Record, version: int | None) -> bool:
        """Tell whether *record* was filed since the partnership came to *version*. Raises Absent where nothing says."""
        filed = self.entry(record)
        if version is None or self.moves is None:
            raise Absent("moves")
        if filed.version is None:
            raise Absent(record, "entry/version")
        return filed.version >= version

    def last_made(self, trigger: str) -> int:
        """Give the version that the last move by *trigger* led to, or 0 where there was none."""
        moves = self.moves or ()
        return next((v for v in range(len(moves), 0, -1) if moves[v - 1].trigger == trigger), 0)

    def sites(self) -> frozenset[str] | None:
        """Name the sites that it is for; None where the scope does not say."""
        scope = self.latest(Scope)
        return None if scope is None or scope.sites is None else frozenset(scope.sites)

    def places(self) -> frozenset[tuple[str, str]]:
        """Give each site and content area that its services share, by which neighbours are found."""
        return frozenset(
            (site, area)
            for service in self.all(Service)
            for site in service.sites or ()
            for area in service.content_areas or ()
        )

    def after(self, move: Move, on: date) -> Dossier:
        """Give the dossier as it would stand after *move*, made on the day *on*."""
        since = self.partnership.since if move.source == move.target else move.since or on
        partnership = attrs.evolve(self.partnership, state=move.target, since=since)
        return attrs.evolve(self, partnership=partnership, move=move)

    # --- as a mapping -----------------------------------------------------------------------------------------------

    def pointer(self, where: object, field: str | None = None) -> str:
        """Give the JSON Pointer of a value in this dossier; a text stands for itself."""
        if isinstance(where, str):
            base = where
        elif where is self.partner:
            base = "/partner"
        elif where is self.partnership:
            base = "/partnership"
        elif isinstance(where, Neighbour) and (place := _place(where, self.neighbours or ())) is not None:
            base = f"/neighbours/{place}"
        elif isinstance(where, Entry) and (place := _place(where, self.entries)) is not None:
            base = f"/records/{place}/entry"
        elif isinstance(where, Record) and (position := self.on_file.position(where)) is not None:
            base = f"/records/{position}"
        else:
            base = ""
        return f"{base}/{field}" if field else base

    def to_mapping(self) -> dict[str, Any]:
        """Give the dossier as plain JSON data, from which `from_mapping` makes it again."""
        mapping: dict[str, Any] = {
            "partner": unstructure(self.partner),
            "partnership": unstructure(self.partnership),
            "records": [_entry_mapping(entry) for entry in self.entries],
        }
        if self.moves is not None:
            mapping["moves"] = [unstructure(move) for move in self.moves]
        if self.neighbours is not None:
            mapping["neighbours"] = [unstructure(neighbour) for neighbour in self.neighbours]
        return mapping

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Dossier:
        """Read a dossier from plain JSON data. Raises InvalidRecord with every fault, each with its JSON Pointer."""
        if not isinstance(mapping, Mapping):
            raise InvalidRecord("dossier", [Fault("", "is not an object with partner, partnership and records")])
        faults: list[Fault] = []
        known = {"partner", "partnership", "records", "moves", "neighbours"}
        faults += [
            Fault(f"/{pointer_part(name)}", f"is not part of a dossier; it has {', '.join(sorted(known))}")
            for name in sorted(set(mapping) - known)
        ]

        def read(kind: type[Any], name: str) -> Any:
            if name not in mapping:
                faults.append(Fault(f"/{name}", "is required"))
                return None
            return _collect(faults, lambda: structure(mapping[name], kind, name, f"/{name}"))

        def read_all(kind: type[Any], name: str) -> tuple[Any, ...] | None:
            listed = _list(mapping.get(name), f"/{name}", faults)
            return None if listed is None else tuple(
                _collect(faults, lambda at=at, item=item: structure(item, kind, name, f"/{name}/{at}"))
                for at, item in enumerate(listed)
            )  # fmt: skip

        partner, partnership = read(Partner, "partner"), read(Partnership, "partnership")
        listed = _list(mapping.get("records", []), "/records", faults) or []
        entries = [
            _collect(faults, lambda at=at, item=item: _read_entry(item, f"/records/{at}"))
            for at, item in enumerate(listed)
        ]
        moves, neighbours = read_all(Move, "moves"), read_all(Neighbour, "neighbours")
        faults += _misfiled(entries)
        if faults:
            raise InvalidRecord("dossier", faults)
        return cls(partner, partnership, OnFile(cast("list[Entry]", entries)), moves=moves, neighbours=neighbours)


def period_of(record: Record) -> tuple[date | None, date | None]:
    """Give the first and last day of a record; of a kind without days, the first and last there are."""
    period = record.kind_info.period
    if not period:
        return date.min, NO_END
    return getattr(record, period[0]), getattr(record, period[1]) if len(period) > 1 else NO_END


def _may_cover(record: Record, day: date) -> bool:
    start, end = period_of(record)
    return start is None or end is None or start <= day <= end


def _given(records: Iterable[R], day: date) -> R | None:
    """Give the first that may cover *day*, else the one that covered last."""
    last: tuple[date, R] | None = None
    for record in records:
        start, end = period_of(record)
        if start is None or end is None or start <= day <= end:
            return record
        if end < day and (last is None or end > last[0]):
            last = (end, record)
    return last[1] if last else None


def _turns(records: Iterable[Record], day: date) -> Iterator[date]:
    """Give the days after *day* on which one of *records* begins to count, or no longer does."""
    for start, end in map(period_of, records):
        if start is not None and start > day:
            yield start
        if end is not None and day <= end < NO_END:
            yield end + ONE_DAY


def _place(one: object, several: Iterable[object]) -> int | None:
    return next((place for place, other in enumerate(several) if other is one), None)


def overlap(mine: AbstractSet[str], theirs: AbstractSet[str]) -> bool:
    """Tell whether two sets of sites meet; `{"*"}` meets every one."""
    return bool(mine and theirs) and (EVERYWHERE in mine or EVERYWHERE in theirs or not mine.isdisjoint(theirs))


def services_at(places: frozenset[tuple[str, str]], entries: Iterable[Entry]) -> list[Service]:
    """Give the services on a file that share a place, a site and a content area, with *places*; by name."""
    series = OnFile(entries).series(Service).values()
    sharing = (
        service
        for service in (versions[0] for versions in series)
        if any(overlap(frozenset({site}), service.sites or frozenset()) and area in (service.content_areas or ())
               for site, area in places)
    )  # fmt: skip
    return sorted(sharing, key=lambda service: service.service)


# --- reading mappings ----------------------------------------------------------------------------------------------


def _entry_mapping(entry: Entry) -> dict[str, Any]:
    filed = converter().unstructure(entry, unstructure_as=Filed)
    return {**unstructure(entry.record), "kind": entry.kind} | ({"entry": filed} if filed else {})


def _read_entry(item: Any, path: str) -> Entry:
    if not isinstance(item, Mapping) or not isinstance(item.get("kind"), str):
        raise InvalidRecord("record", [Fault(f"{path}/kind", "is required: which kind of record this is")])
    faults: list[Fault] = []
    record = _collect(faults, lambda: read_record(item["kind"], item, path))
    filed = _collect(faults, lambda: structure(item.get("entry", {}), Filed, "entry", f"{path}/entry"))
    if isinstance(record, Unregistered) and filed is not None and filed.id is None:
        faults.append(unknown_kind(item["kind"], f"{path}/kind"))
    if faults:
        raise InvalidRecord("record", faults)
    return Entry(record=record, **{field.name: getattr(filed, field.name) for field in attrs.fields(Filed)})


def unknown_kind(kind: str, path: str) -> Fault:
    """Say that nobody registers a kind, and which one may have been meant."""
    near = get_close_matches(kind, kinds(), n=1)
    return Fault(path, f"{kind!r} is no kind of record{f'; did you mean {near[0]!r}?' if near else ''}")


def _collect(faults: list[Fault], read: Any) -> Any:
    try:
        return read()
    except InvalidRecord as error:
        faults.extend(error.faults)
        return None


def _list(value: Any, path: str, faults: list[Fault]) -> Sequence[Any] | None:
    if value is None or isinstance(value, (list, tuple)):
        return value
    faults.append(Fault(path, "is not a list"))
    return None


def _misfiled(entries: Iterable[Entry | None]) -> Iterator[Fault]:
    """A retraction of what is not in the file, or of either of two, would quietly bring something back: say so."""
    filed = [(f"/records/{at}", entry) for at, entry in enumerate(entries) if entry is not None]
    places: dict[UUID, str] = {}
    for path, entry in filed:
        if isinstance(entry.record, Partner):
            yield Fault(f"{path}/kind", "is no kind to lie among the records: the partner stands under /partner")
        if entry.id is not None and places.setdefault(entry.id, path) != path:
            yield Fault(f"{path}/entry/id", f"is the id of {places[entry.id]}")
    for path, entry in filed:
        if isinstance(entry.record, Retraction) and entry.record.entry_id not in places:
            yield Fault(f"{path}/entry_id", f"retracts {entry.record.entry_id}, which is not among the records")
