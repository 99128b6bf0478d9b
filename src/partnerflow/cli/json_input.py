"""Read JSON, and records and heads in it, strictly: every fault is named by its place, and nothing is guessed."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from partnerflow.dossier import unknown_kind
from partnerflow.errors import Fault, InvalidRecord, Unreadable
from partnerflow.records import Partner, Record, Unregistered
from partnerflow.records.conversion import read_record, structure, unstructure
from partnerflow.records.registry import fields_of

if TYPE_CHECKING:
    from partnerflow.history import Head

STANDARD_INPUT = "-"


class JsonText(NamedTuple):
    """A JSON text and its name in messages."""

    name: str
    text: str | bytes


def read_source(path: str) -> JsonText:
    """Read a file, or standard input for `-`. Raises Unreadable."""
    if path == STANDARD_INPUT:
        return JsonText("standard input", sys.stdin.buffer.read())
    try:
        return JsonText(path, Path(path).read_bytes())
    except (OSError, ValueError) as error:  # ValueError: no file can have such a name
        raise Unreadable(path, getattr(error, "strerror", None) or str(error)) from None


def read_json(given: JsonText) -> Any:
    """Parse a JSON text. Raises Unreadable for what is no JSON, or has one name twice in an object."""
    try:
        return json.loads(given.text, object_pairs_hook=_object, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        why = f"is not JSON: {error.msg}, at line {error.lineno}, column {error.colno}"
    except UnicodeDecodeError:
        why = "is not text: save it as UTF-8"
    except RecursionError:
        why = "is nested too deeply"
    except ValueError as error:
        why = f"is not JSON: {error}"
    raise Unreadable(given.name, why)


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r} is there twice in one object")
    return made


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")


def read_records(given: Sequence[JsonText], partner: Callable[[], Partner] | None) -> list[Record]:
    """Read one record or a list of records from each text. Raises InvalidRecord with every fault of all of them.

    A record is written as in a dossier, `{"kind": "insurance", ...}`. A change to the partner is written as
    `{"partner": {"classification": "vendor"}}`: *partner* looks up the rest, and is None for the district's own file.
    """
    faults: list[Fault] = []
    found: list[Record] = []
    for one in given:
        for path, item in _placed(read_json(one), one.name):
            try:
                found.append(_record(item, path, partner))
            except InvalidRecord as error:
                faults += error.faults
    if faults:
        raise InvalidRecord("records", faults)
    return found


def _placed(data: Any, name: str) -> Iterator[tuple[str, Any]]:
    if not isinstance(data, list):
        yield f"{name}#", data
        return
    for place, item in enumerate(data):
        yield f"{name}#/{place}", item


def _record(item: Any, path: str, partner: Callable[[], Partner] | None) -> Record:
    if isinstance(item, Mapping) and set(item) == {"partner"}:
        return _partner(item["partner"], f"{path}/partner", partner)
    kind = item.get("kind") if isinstance(item, Mapping) else None
    if not isinstance(kind, str):
        wanted = 'write an object such as {"kind": "insurance", "line": "general_liability", ...}'
        raise InvalidRecord("record", [Fault(f"{path}/kind", f"is required; {wanted}")])
    if kind == "partner":
        raise InvalidRecord("record", [Fault(path, 'the partner is written {"partner": {...}}, as in a dossier')])
    record = read_record(kind, item, path)
    if isinstance(record, Unregistered):
        raise InvalidRecord("record", [unknown_kind(kind, f"{path}/kind")])
    return record


def _partner(fields: Any, path: str, partner: Callable[[], Partner] | None) -> Partner:
    if partner is None:
        raise InvalidRecord("record", [Fault(path, "the district has no partner record: name a partnership")])
    if not isinstance(fields, Mapping):
        raise InvalidRecord("record", [Fault(path, "is not an object")])
    return structure({**unstructure(partner()), **fields}, Partner, "partner", path)


def read_heads(given: JsonText) -> Iterator[Head]:
    """Read heads, one a line, as `partnerflow heads` prints them.

    Raises Unreadable for a file without any or a line that is no JSON, InvalidRecord for a line that is no head.
    """
    lines: Sequence[str | bytes] = given.text.splitlines()
    if not any(line.strip() for line in lines):
        raise Unreadable(given.name, "has no heads in it: write them with partnerflow heads")
    for number, line in enumerate(lines, 1):
        if line.strip():
            where = f"{given.name}, line {number}"
            yield _head(read_json(JsonText(where, line)), where)


def _head(data: Any, where: str) -> Head:
    from partnerflow.history import Head

    head = structure(data, Head, "head", where)
    if head.count < 1:
        raise InvalidRecord("head", [Fault(f"{where}/count", "is less than 1")])
    if re.fullmatch(r"[0-9a-f]{64}", head.link) is None:
        raise InvalidRecord("head", [Fault(f"{where}/link", "is no hash of 64 digits")])
    return head


def unknown_fields(records: Sequence[Record]) -> Iterator[str]:
    """Yield a warning for each field that its kind does not have, with the field that may have been meant."""
    for record in records:
        known = [field.name for field in fields_of(type(record))]
        for name in record.extra:
            near = get_close_matches(name, known, n=1)
            meant = f"; did you mean {near[0]}?" if near else f"; it has {', '.join(known)}"
            yield f"{record.kind_info.name} has no field {name}: it is kept, and no policy reads it{meant}"
