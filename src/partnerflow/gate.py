"""The gate: everything that a call gives to be stored is read back first, and refused by name where that fails.

What it refuses beyond the shape of a class is what no policy, page or terminal could show: text of nothing visible,
control characters, marks that change the direction of text, amounts below zero, periods that end before they begin,
endless text. These rules are here and not in the classes, so that what was stored before a rule still opens.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Hashable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from types import NoneType
from typing import Any, Literal, TypeVar, cast, get_args, get_origin, get_type_hints
from uuid import UUID

import attrs

from partnerflow.actors import Actor
from partnerflow.canonical import canonical, check_text
from partnerflow.errors import Fault, InvalidRecord, InvalidRequest
from partnerflow.records import Document, Money, Record
from partnerflow.records.conversion import pointer_part, record_text, structure, unstructure
from partnerflow.records.registry import Unregistered
from partnerflow.records.texts import SHOWN_AS_NOTHING, says_something, texts_of

T = TypeVar("T")

LONGEST_TEXT = 10_000
"""How many characters a text may have, such as a reason or a summary, unless a Partnerflow is made with another."""
LONGEST_NAME = 500
"""How many characters a name may have: of a person or a site, a word of a set, an id, a telephone number."""
LONGEST_KEY = 190
"""How many characters the name of a trigger, the id of an actor and an idempotency key may have: they are indexed."""
LONGEST_RECORD = 500_000
"""How many characters the text of a whole record may have."""
LARGEST_NUMBER = 10**30
"""Numbers of thousands of digits can be written, and not be read back."""
DEEPEST = 20
"""How deep the lists and objects of a record may lie in each other."""
ONE_LINE = frozenset(
    {"name", "person", "site", "title", "email", "phone", "website", "holder", "requested_by", "insurer", "issuer"}
    | {"provider", "identifier", "certificate", "ids", "label", "status"}
)
"""Fields that are names in every class; the others are prose, which may have lines."""

_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What no text may have: control characters, bidirectional overrides and isolates, halves of surrogate pairs."""
_NOT_IN_NAMES = re.compile("[\n\x0b\x0c\r\x85\u061c\u200e\u200f\u2028\u2029]")
"""What a name may not have either: line breaks and marks of direction."""
_LINE_BREAKS = re.compile("[\n\x0b\x0c\r\x85\u2028\u2029]+")
_PERHAPS_AT_FAULT = re.compile(r'[^ -~\u00a1-\u00ac\u00ae-\u024f]|\\|" *"|"-|[0-9]{16}|[0-9]e[+][0-9]')
"""In the text of a record: a character that is neither plain nor a letter of ours, a blank text, an odd number."""
_JOINERS = "\u200b\u200c\u200d\u2060\ufeff"
"""Invisible characters that scripts and emoji need between two others; at an end of a name they say nothing."""
_SINGLE = frozenset({str, int, float, bool, date, datetime, UUID, NoneType, ...})
"""Types, and parts of types, of values in which there is no amount."""


def is_visible(text: str) -> bool:
    """Return whether *text* has a character that shows as something."""
    return any(unicodedata.category(each)[0] in "LNPS" and each not in SHOWN_AS_NOTHING for each in text)


def on_one_line(text: str) -> str:
    """Return *text* as it is shown in a line: what was stored with line breaks before the gate forges no line."""
    return text if text.isprintable() else _LINE_BREAKS.sub(" / ", text)


# --- records and documents ------------------------------------------------------------------------------------------


def read_back(record: Record, longest_text: int = LONGEST_TEXT) -> tuple[Record, str]:
    """Return a record as it will be read back from a store, and its text. Raises InvalidRecord with every fault."""
    read, text = record_text(of_type(record, Record, "record", "must be a record, such as Partner(name=...)"))
    is_plain = len(text) <= longest_text and _is_plain(text)
    faults = [*(_period_faults(read) if is_plain else _faults(read, longest_text)), *_prose_faults(read)]
    if len(text) > LONGEST_RECORD:
        faults.append(Fault("", f"has {len(text)} characters, and may have {LONGEST_RECORD}: file it in parts"))
    if faults:
        raise InvalidRecord(f"record of kind {read.kind_info.name}", faults)
    return read, text


def read_documents(documents: Iterable[Document]) -> tuple[Document, ...]:
    """Return documents as they will be read back. Raises InvalidRecord, and InvalidRequest for what are none."""
    given = tuple(several(documents, "documents"))
    for each in given:
        of_type(each, Document, "documents", "must be documents: Document(uri=..., sha256=...)")
    if not given:
        return given
    read = structure(json.loads(canonical(unstructure(given))), tuple[Document, ...], "documents", "/documents")
    faults = [fault for at, each in enumerate(read) for fault in _given_name_faults(each.uri, f"/documents/{at}/uri")]
    if faults:
        raise InvalidRecord("documents", faults)
    return read


def impossible(record: Record) -> Iterator[Fault]:
    """Yield what cannot be true of any record: a period that ends before it begins, an amount below zero."""
    yield from _period_faults(record)
    for name in _with_amounts(cast("Hashable", type(record))):
        value = getattr(record, name)
        if value:
            for path, _, each in _values(value, f"/{name}" if name != "extra" else "", depth=1):
                if isinstance(each, Money):
                    yield from _money_faults(each, path)


@cache
def _with_amounts(cls: Hashable) -> tuple[str, ...]:
    """Return the fields of a class in which there may be an amount."""
    return tuple(name for name, wanted in _types(cls).items() if _may_hold_amount(wanted, {cls}))


def _types(cls: Any) -> dict[str, Any]:
    hints = get_type_hints(cls)
    return {field.name: hints[field.name] for field in attrs.fields(cls)}


def _may_hold_amount(wanted: Any, seen: set[Any]) -> bool:
    """Return whether there may be an amount in a value of a type; *seen* are the classes that were looked at."""
    if wanted in _SINGLE or wanted in seen or get_origin(wanted) is Literal:
        return False
    if isinstance(wanted, type) and attrs.has(wanted) and wanted is not Money:
        seen.add(wanted)
        return any(_may_hold_amount(part, seen) for part in _types(wanted).values())
    parts = get_args(wanted)
    return any(_may_hold_amount(part, seen) for part in parts) if parts else True


def _is_plain(text: str) -> bool:
    """Return whether nothing in the text of a record can be at fault, so that its values need not be looked at."""
    nested = text.count("[") + text.count("{") > DEEPEST
    long = len(text) > LONGEST_NAME and max(map(len, text.split('"'))) > LONGEST_NAME
    return not (nested or long or _PERHAPS_AT_FAULT.search(text))


def _faults(record: Record, longest_text: int) -> Iterator[Fault]:
    yield from _period_faults(record)
    for place, kind, value in _values(record, ""):
        if isinstance(value, str):
            if kind.endswith("text"):
                yield from _text_faults(value, place, longest_text)
            else:
                yield from _name_faults(value, place)
            if kind.startswith("required") and not is_visible(value):
                yield Fault(place, f"{value[:20]!a} shows as nothing: say what it is")
        elif isinstance(value, Money):
            yield from _money_faults(value, place)
        elif isinstance(value, (int, float)) and not abs(value) <= LARGEST_NUMBER:  # NaN is not
            yield Fault(place, f"is not a number between -{LARGEST_NUMBER} and {LARGEST_NUMBER}")
        elif isinstance(value, _TooDeep):
            yield Fault(place, f"lies more than {DEEPEST} lists and objects deep")


class _TooDeep:
    """In the place of what lies too deep to be walked."""


def _values(value: Any, path: str, kind: str = "text", depth: int = 0) -> Iterator[tuple[str, str, object]]:
    """Yield every single value with its JSON Pointer, and whether a text there is a name."""
    if depth > DEEPEST:
        yield path, kind, _TooDeep()
    elif isinstance(value, (str, int, float, date, UUID, Money)) or value is None:
        yield path, kind, value
    elif isinstance(value, Mapping):
        for name, each in value.items():
            place = f"{path}/{pointer_part(name)}"
            yield place, "name", name
            yield from _values(each, place, kind, depth + 1)
    elif isinstance(value, AbstractSet):
        for each in value:
            yield from _values(each, path, "name", depth + 1)
    elif isinstance(value, (list, tuple)):
        for at, each in enumerate(value):
            yield from _values(each, f"{path}/{at}", kind, depth + 1)
    elif attrs.has(type(value)):
        for name, what in _fields(cast("Hashable", type(value))):
            yield from _values(getattr(value, name), f"{path}/{name}" if name != "extra" else path, what, depth + 1)


@cache
def _fields(cls: Hashable) -> tuple[tuple[str, str], ...]:
    """Return the fields of a class, and for each whether a text in it is a name, and whether it has to say something.

    A text without a default has to: it is what a record, or a part of one, is all about.
    """
    found: list[tuple[str, str]] = []
    for field in attrs.fields(cast("type[attrs.AttrsInstance]", cls)):
        required = "required " if field.default is attrs.NOTHING or field.name == "name" else ""
        found.append((field.name, required + ("name" if field.name in ONE_LINE else "text")))
    return tuple(found)


def _period_faults(record: Record) -> Iterator[Fault]:
    if not isinstance(record, Unregistered) and len(record.kind_info.period) == 2:
        first, last = record.kind_info.period
        begins, ends = getattr(record, first), getattr(record, last)
        if begins is not None and ends is not None and ends < begins:
            yield Fault(f"/{last}", f"{ends} is before {begins}, on which it begins ({first})")


def _prose_faults(record: Record) -> Iterator[Fault]:
    """Yield each text without which the record would be about nothing, such as a reason, that says nothing."""
    for name in _required_prose(cast("Hashable", type(record))):
        said = getattr(record, name)
        if is_visible(said) and not says_something(said, is_prose=False):
            yield Fault(f"/{name}", f"{said[:20]!a} says nothing: say it in words")


@cache
def _required_prose(cls: Hashable) -> tuple[str, ...]:
    texts = texts_of(cls)
    fields = attrs.fields(cast("type[attrs.AttrsInstance]", cls))
    return tuple(
        field.name
        for field in fields
        if field.default is attrs.NOTHING and field.name in texts and texts[field.name].is_prose
    )


def _money_faults(amount: Money, path: str) -> Iterator[Fault]:
    if amount.minor < 0:
        yield Fault(path, f"{amount} is below zero")


def _text_faults(text: str, path: str, longest: int) -> Iterator[Fault]:
    if len(text) > longest:
        yield Fault(path, f"has {len(text)} characters, and may have {longest}")
    elif found := _CONTROLS.search(text):
        yield Fault(path, f"has {_named(found[0])}, which nothing can show: remove it")


def _given_name_faults(text: str, path: str) -> Iterator[Fault]:
    yield from _name_faults(text, path)
    if not is_visible(text):
        yield Fault(path, f"{text[:20]!a} shows as nothing: say what it is")


def _name_faults(text: str, path: str) -> Iterator[Fault]:
    yield from _text_faults(text, path, LONGEST_NAME)
    if found := _NOT_IN_NAMES.search(text):
        yield Fault(path, f"has {_named(found[0])}, which no name has: remove it")
    elif text.strip(_JOINERS) != text and is_visible(text):
        yield Fault(path, "begins or ends with a character that shows as nothing: remove it")


def _named(character: str) -> str:
    if character == "\0":
        return "a NUL character"
    return f"the character U+{ord(character):04X} ({unicodedata.name(character, 'a control character')})"


# --- arguments ------------------------------------------------------------------------------------------------------


def actor(by: Actor) -> Actor:
    """Read the argument `by`. Raises InvalidRequest for what is no actor, or none that could be read back."""
    remedy = "must say who acts: Actor('a.anderson', side='district', roles={...})"
    try:
        return _checked_actor(of_type(by, Actor, "by", remedy))
    except TypeError:  # it cannot be hashed, so something in it is no text
        remedy = "has something that is no text: give texts as id, roles and sites"
        raise InvalidRequest("by", shown(by), remedy) from None


@lru_cache(maxsize=1024)
def _checked_actor(by: Actor) -> Actor:
    try:
        read = structure(json.loads(canonical(unstructure(by))), Actor, "by")
    except (InvalidRecord, InvalidRequest, ValueError) as error:
        raise InvalidRequest("by", shown(by), f"would not read back ({error})") from None
    names = [by.id, *by.roles, *(by.sites or ())]
    faults = [fault.message for each in names for fault in _given_name_faults(each, "")]
    if len(by.id) > LONGEST_KEY:
        faults.append(f"has {len(by.id)} characters, and may have {LONGEST_KEY}")
    if read != by:
        faults.append("is not what would be read back")
    if faults:
        raise InvalidRequest("by", shown(by.id), "; ".join(faults))
    return by


def of_type(value: object, wanted: type[T], argument: str, remedy: str) -> T:
    """Read an argument that is of one type. Raises InvalidRequest for any other."""
    if not isinstance(value, wanted):
        raise InvalidRequest(argument, shown(value), remedy)
    return value


def identifier(value: UUID, argument: str) -> UUID:
    """Read an argument that is an id. Raises InvalidRequest for anything else than a UUID."""
    return of_type(value, UUID, argument, "must be a UUID, as uuid.UUID(...) makes one of a text")


def several(values: Iterable[T], argument: str) -> Iterable[T]:
    """Read an argument that is a list. Raises InvalidRequest for a single value, a text included."""
    if isinstance(values, (str, bytes, Mapping)) or not isinstance(values, Iterable):
        raise InvalidRequest(argument, shown(values), "must be a list")
    return values


def name(value: str, argument: str) -> str:
    """Read an argument that is a name. Raises InvalidRequest for what could be none."""
    if isinstance(value, str) and not is_visible(value):
        raise InvalidRequest(argument, shown(value), "shows as nothing: say what it is")
    return word(value, argument)


def word(value: str, argument: str) -> str:
    """Read an argument that is compared with names, such as a trigger's. Raises InvalidRequest for what no name has."""
    if not isinstance(value, str):
        raise InvalidRequest(argument, shown(value), "must be a text")
    faults = [fault.message for fault in _name_faults(value, "")]
    if len(value) > LONGEST_KEY:
        faults.append(f"has {len(value)} characters, and may have {LONGEST_KEY}")
    if faults:
        raise InvalidRequest(argument, shown(value), "; ".join(faults))
    return str(value)


def reason(value: str | None) -> str | None:
    """Read the argument `reason`; one that says nothing, such as "-", is none. The number of a ticket is one."""
    said = _text_or_none(value, "reason", LONGEST_RECORD)
    return said if said is not None and says_something(said, is_prose=False) else None


def no_longer(text: str | None, argument: str, longest: int) -> None:
    """Raise InvalidRequest for a text of more than *longest* characters."""
    if text is not None and len(text) > longest:
        raise InvalidRequest(argument, shown(text), f"has {len(text)} characters, and may have {longest}")


def word_of(value: Literal["partner"] | None) -> Literal["partner"] | None:
    """Read the argument `word_of`: on whose word something is filed."""
    if value is None or value == "partner":
        return value
    raise InvalidRequest("word_of", shown(value), 'must be "partner", or None for the word of who files it')


def idempotency_key(value: str | None) -> str | None:
    """Read the argument `idempotency_key`; one that shows as nothing, as an absent header gives it, is none."""
    return _text_or_none(value, "idempotency_key", LONGEST_KEY)


def _text_or_none(value: str | None, argument: str, longest: int) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise InvalidRequest(argument, shown(value), "must be a text")
    check_text(value, argument)
    for fault in _text_faults(value, "", longest):
        raise InvalidRequest(argument, shown(value), fault.message)
    return str(value) if is_visible(value) else None


def version(value: int | None) -> int | None:
    """Read the argument `expected_version`. Raises InvalidRequest for what is no whole number."""
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise InvalidRequest("expected_version", shown(value), "must be a whole number, such as 3")
    return value


def day(value: date, argument: str) -> date:
    """Read an argument that is a day. Raises InvalidRequest for anything else, a moment included."""
    if not isinstance(value, date) or isinstance(value, datetime):
        raise InvalidRequest(argument, shown(value), "must be a day, such as date(2026, 9, 1)")
    return value


def moment(value: datetime, argument: str) -> datetime:
    """Read an argument that is a moment; return it in UTC. Raises InvalidRequest for one without a time zone."""
    if not isinstance(value, datetime):
        raise InvalidRequest(argument, shown(value), "must be a moment: datetime(2026, 9, 1, 8, tzinfo=UTC)")
    try:
        if value.tzinfo is not None and value.utcoffset() is not None:
            return value.astimezone(UTC)
    except OverflowError:
        raise InvalidRequest(argument, value.isoformat(), "is no moment that the calendar has in UTC") from None
    raise InvalidRequest(argument, value.isoformat(), "has no time zone: add one, as in 2026-09-01T08:00:00+00:00")


def happened_at(value: datetime | None) -> datetime | None:
    """Read the argument `at`."""
    return None if value is None else moment(value, "at")


def shown(value: object) -> str:
    """Return a value as it can be shown in any message."""
    try:
        return ascii(value)[:80]
    except Exception:  # noqa: BLE001  whatever it is, the argument is to be named
        return f"a {type(value).__name__}"
