"""Dossiers from and to plain JSON data. Reading finds every fault in one pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, tzinfo
from difflib import get_close_matches
from functools import partial
from typing import Any, TypeVar, cast
from uuid import UUID

import attrs

from partnerflow import gate
from partnerflow.errors import Fault, InvalidRecord, InvalidRequest
from partnerflow.lifecycle.move import Move
from partnerflow.partnership import Partnership
from partnerflow.records import Entry, Partner, Retraction
from partnerflow.records.conversion import (
    converter,
    pointer_part,
    read_filed,
    read_record,
    read_with_texts_checked,
    structure,
    unstructure,
)
from partnerflow.records.entry import Filed
from partnerflow.records.plugins import kind_names
from partnerflow.records.registry import Record, Unregistered

from .neighbour import Neighbour
from .zone import time_zone, zone_name

T = TypeVar("T")
Parts = tuple[Partner, Partnership, list[Entry], tuple[Move, ...] | None, tuple[Neighbour, ...] | None, tzinfo]
_FILED = tuple(field.name for field in attrs.fields(Filed))
_UNKNOWN = Filed()
"""Of an item that says nothing of its filing."""
_KNOWN = {"partner", "partnership", "records", "moves", "neighbours", "tz"}


def of(
    partner: Partner,
    partnership: Partnership,
    entries: Iterable[Entry],
    moves: Iterable[Move] | None,
    neighbours: Iterable[Neighbour] | None,
    tz: tzinfo,
) -> dict[str, Any]:
    """Return the parts of a dossier as plain JSON data; its time zone by name, unless it is UTC or has none."""
    made: dict[str, Any] = {
        "partner": unstructure(partner),
        "partnership": unstructure(partnership),
        "records": [_entry_mapping(entry) for entry in entries],
    }
    if moves is not None:
        made["moves"] = [unstructure(move) for move in moves]
    if neighbours is not None:
        made["neighbours"] = [unstructure(neighbour) for neighbour in neighbours]
    if (name := zone_name(tz)) is not None:
        made["tz"] = name
    return made


def read(data: Mapping[str, Any]) -> Parts:
    """Read the parts of a dossier. Raises InvalidRecord with every fault, each with its JSON Pointer."""
    if not isinstance(data, Mapping):
        raise InvalidRecord("dossier", [Fault("", "is not an object with partner, partnership and records")])
    faults = [
        Fault(f"/{pointer_part(name)}", f"is not part of a dossier; it has {', '.join(sorted(_KNOWN))}")
        for name in sorted(set(data) - _KNOWN)
    ]

    def read_one(kind: type[Any], name: str) -> Any:
        if name not in data:
            faults.append(Fault(f"/{name}", "is required"))
            return None
        return _collect(faults, lambda: structure(data[name], kind, name, f"/{name}"))

    def read_several(kind: type[Any], name: str) -> tuple[Any, ...] | None:
        listed = _list(data.get(name), f"/{name}", faults)
        if listed is None:
            return None
        return tuple(_read_all(faults, listed, f"/{name}", lambda item, path: structure(item, kind, name, path)))

    partner, partnership = read_one(Partner, "partner"), read_one(Partnership, "partnership")
    listed = _list(data.get("records", []), "/records", faults) or []
    entries = _read_all(faults, listed, "/records", _read_entry)
    moves, neighbours = read_several(Move, "moves"), read_several(Neighbour, "neighbours")
    tz = _collect(faults, partial(_read_zone, data.get("tz")))
    faults += _misfiled(entries)
    if faults:
        raise InvalidRecord("dossier", faults)
    return partner, partnership, cast("list[Entry]", entries), moves, neighbours, tz


def _read_zone(name: Any) -> tzinfo:
    if name is None:
        return UTC
    try:
        return time_zone(structure(name, str, "tz", "/tz"))
    except InvalidRequest as error:
        raise InvalidRecord("tz", [Fault("/tz", error.remedy)]) from None


def _entry_mapping(entry: Entry) -> dict[str, Any]:
    filed = converter().unstructure(entry, unstructure_as=Filed)
    return {**unstructure(entry.record), "kind": entry.kind} | ({"entry": filed} if filed else {})


def _read_entry(item: Any, path: str) -> Entry:
    if not isinstance(item, (dict, Mapping)) or not isinstance(item.get("kind"), str):
        raise InvalidRecord("record", [Fault(f"{path}/kind", "is required: which kind of record this is")])
    if "entry" not in item:
        record, says = read_with_texts_checked(_read_record, item, path, _UNKNOWN)
        return Entry(record=record, meaningful=record if says else None)
    faults: list[Fault] = []
    filed = _collect(faults, lambda: structure(item["entry"], Filed, "entry", f"{path}/entry"))
    found = _collect(faults, lambda: read_with_texts_checked(_read_record, item, path, filed))
    if faults:
        raise InvalidRecord("record", faults)
    record, says = found
    known = {name: getattr(filed, name) for name in _FILED}
    return Entry(record=record, meaningful=record if says else None, **known)


def _read_record(item: Mapping[str, Any], path: str, filed: Filed | None) -> Record:
    """Read the record of an item; *filed* is None where its `entry` has a fault: then only its fields are checked."""
    kind = item["kind"]
    if filed is not None and filed.redacted is not None:  # all that is left of it is that it was filed
        return Unregistered(kind=kind, fields={})
    if filed is not None and filed.id is not None:
        return read_filed(kind, item, path)
    record = read_record(kind, item, path)
    if filed is not None and isinstance(record, Unregistered):
        raise InvalidRecord("record", [unknown_kind(kind, f"{path}/kind")])
    if faults := [Fault(f"{path}{fault.path}", fault.message) for fault in gate.impossible(record)]:
        raise InvalidRecord(f"record of kind {kind}", faults)
    return record


def unknown_kind(kind: str, path: str) -> Fault:
    """Return the fault of a kind that nobody registers, with the nearest name that is registered."""
    near = get_close_matches(kind, kind_names(), n=1)
    return Fault(path, f"{kind!r} is no kind of record{f'; did you mean {near[0]!r}?' if near else ''}")


def _collect(faults: list[Fault], reading: Callable[[], Any]) -> Any:
    try:
        return reading()
    except InvalidRecord as error:
        faults.extend(error.faults)
        return None


def _read_all(faults: list[Fault], listed: Sequence[Any], path: str, read: Callable[[Any, str], T]) -> list[T | None]:
    """Read each of several; add the faults of those that have any, and leave a gap for each."""
    found: list[T | None] = []
    for at, item in enumerate(listed):
        try:
            found.append(read(item, f"{path}/{at}"))
        except InvalidRecord as error:
            faults.extend(error.faults)
            found.append(None)
    return found


def _list(value: Any, path: str, faults: list[Fault]) -> Sequence[Any] | None:
    if value is None or isinstance(value, (list, tuple)):
        return value
    faults.append(Fault(path, "is not a list"))
    return None


def _misfiled(entries: Iterable[Entry | None]) -> Iterator[Fault]:
    """Yield the faults of entries that name each other wrongly.

    A retraction of an entry that is not in the file, or whose id two entries share, would quietly bring a record back.
    """
    filed = [(f"/records/{at}", entry) for at, entry in enumerate(entries) if entry is not None]
    places: dict[UUID, str] = {}
    for path, entry in filed:
        if isinstance(entry.record, Partner):
            yield Fault(f"{path}/kind", "must not be among the records: the partner is under /partner")
        if entry.id is not None and places.setdefault(entry.id, path) != path:
            yield Fault(f"{path}/entry/id", f"is the id of {places[entry.id]}")
    for path, entry in filed:
        if isinstance(entry.record, Retraction) and entry.record.entry_id not in places:
            yield Fault(f"{path}/entry_id", f"retracts {entry.record.entry_id}, which is not among the records")
