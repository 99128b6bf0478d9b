"""A dossier as plain JSON data, out and in: every fault of what comes in is found in one pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from typing import Any, cast
from uuid import UUID

import attrs

from partnerflow.errors import Fault, InvalidRecord
from partnerflow.lifecycle.move import Move
from partnerflow.partnership import Partnership
from partnerflow.records import Entry, Partner, Retraction
from partnerflow.records.conversion import converter, pointer_part, read_filed, read_record, structure, unstructure
from partnerflow.records.entry import Filed
from partnerflow.records.plugins import kind_names
from partnerflow.records.registry import Unregistered

from .neighbour import Neighbour

Parts = tuple[Partner, Partnership, list[Entry], tuple[Move, ...] | None, tuple[Neighbour, ...] | None]
_KNOWN = {"partner", "partnership", "records", "moves", "neighbours"}


def of(
    partner: Partner, partnership: Partnership, entries: Iterable[Entry], moves: Iterable[Move] | None,
    neighbours: Iterable[Neighbour] | None,
) -> dict[str, Any]:  # fmt: skip
    """Return the parts of a dossier as plain JSON data."""
    made: dict[str, Any] = {
        "partner": unstructure(partner),
        "partnership": unstructure(partnership),
        "records": [_entry_mapping(entry) for entry in entries],
    }
    if moves is not None:
        made["moves"] = [unstructure(move) for move in moves]
    if neighbours is not None:
        made["neighbours"] = [unstructure(neighbour) for neighbour in neighbours]
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

    def read_all(kind: type[Any], name: str) -> tuple[Any, ...] | None:
        listed = _list(data.get(name), f"/{name}", faults)
        return None if listed is None else tuple(
            _collect(faults, partial(structure, item, kind, name, f"/{name}/{at}"))
            for at, item in enumerate(listed)
        )  # fmt: skip

    partner, partnership = read_one(Partner, "partner"), read_one(Partnership, "partnership")
    listed = _list(data.get("records", []), "/records", faults) or []
    entries = [_collect(faults, partial(_read_entry, item, f"/records/{at}")) for at, item in enumerate(listed)]
    moves, neighbours = read_all(Move, "moves"), read_all(Neighbour, "neighbours")
    faults += _misfiled(entries)
    if faults:
        raise InvalidRecord("dossier", faults)
    return partner, partnership, cast("list[Entry]", entries), moves, neighbours


def _entry_mapping(entry: Entry) -> dict[str, Any]:
    filed = converter().unstructure(entry, unstructure_as=Filed)
    return {**unstructure(entry.record), "kind": entry.kind} | ({"entry": filed} if filed else {})


def _read_entry(item: Any, path: str) -> Entry:
    if not isinstance(item, Mapping) or not isinstance(item.get("kind"), str):
        raise InvalidRecord("record", [Fault(f"{path}/kind", "is required: which kind of record this is")])
    faults: list[Fault] = []
    filed = Filed()
    if "entry" in item:
        filed = _collect(faults, lambda: structure(item["entry"], Filed, "entry", f"{path}/entry"))
    if filed is not None and filed.redacted is not None:  # it says no more than that it was there
        record = Unregistered(kind=item["kind"], fields={})
        return Entry(record=record, **{field.name: getattr(filed, field.name) for field in attrs.fields(Filed)})
    lies_on_file = filed is not None and filed.id is not None
    record = _collect(faults, lambda: (read_filed if lies_on_file else read_record)(item["kind"], item, path))
    if isinstance(record, Unregistered) and filed is not None and filed.id is None:
        faults.append(unknown_kind(item["kind"], f"{path}/kind"))
    if faults:
        raise InvalidRecord("record", faults)
    return Entry(record=record, **{field.name: getattr(filed, field.name) for field in attrs.fields(Filed)})


def unknown_kind(kind: str, path: str) -> Fault:
    """Say that nobody registers a kind, and which one may have been meant."""
    near = get_close_matches(kind, kind_names(), n=1)
    return Fault(path, f"{kind!r} is no kind of record{f'; did you mean {near[0]!r}?' if near else ''}")


def _collect(faults: list[Fault], reading: Callable[[], Any]) -> Any:
    try:
        return reading()
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
