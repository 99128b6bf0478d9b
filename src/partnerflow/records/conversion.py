"""Conversion of records and other values to plain JSON data, and back.

There is one converter for everything. It is strict (a number is not a text, a date is `YYYY-MM-DD`), it finds every
fault of a value, and it keeps fields that a kind does not have in `extra`.

Nearly everything that is read is in order, so objects and lists are read plainly first. Only what cannot be read so is
read again by cattrs, which goes on after a fault and says where each is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextvars import ContextVar
from datetime import UTC, date, datetime
from functools import cache, lru_cache, partial
from types import GenericAlias
from typing import Any, Literal, TypeVar, get_args, get_origin
from uuid import UUID

import attrs
from cattrs import BaseValidationError, Converter
from cattrs.errors import AttributeValidationNote, IterableValidationNote
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, mapping_structure_factory, override

from partnerflow.actors import Actor
from partnerflow.canonical import canonical
from partnerflow.errors import Fault, InvalidRecord, PluginError

from .dates import NO_END
from .fields import Fields, may_be_absent, without_none
from .money import Money
from .plugins import find_kind
from .registry import RESERVED, Record, Unregistered
from .texts import Prose, plain_letter_in, plain_letter_or_digit_in

T = TypeVar("T")


# --- single values -------------------------------------------------------------------------------------------------


def _wrong(value: object, wanted: str) -> ValueError:
    shown = f"{value!r}"
    return ValueError(f"{shown if len(shown) <= 60 else shown[:57] + '...'} is not {wanted}")


def _exactly(wanted: type, name: str) -> Any:
    def read(value: object, _: object) -> object:
        if type(value) is not wanted:
            raise _wrong(value, name)
        return value

    return read


_doubt: ContextVar[bool] = ContextVar("_doubt", default=False)
"""Whether a text that was read may say nothing."""


def _text_that(says: Callable[[str], object]) -> Any:
    """Return the hook that reads a text, and notes where *says* does not find that it says something."""

    def read(value: object, _: object) -> str:
        if not isinstance(value, str):
            raise _wrong(value, "a text")
        if not says(value):
            _doubt.set(True)
        return str(value)

    return read


def _date(value: object, _: object) -> date:
    if value == "no_end":
        return NO_END
    if isinstance(value, str):
        try:
            day = date.fromisoformat(value)
        except ValueError:
            pass
        else:
            if day.isoformat() == value:  # not a week date, nor one without its hyphens
                return day
    elif isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise _wrong(value, "a day such as 2026-09-01 (or no_end)")


def in_utc(moment: datetime) -> datetime:
    """Return an aware moment in UTC. Raises ValueError for one without a time zone."""
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise ValueError(f"{moment.isoformat()} has no time zone: say which, as in 2026-09-01T08:00:00+00:00")
    return moment.astimezone(UTC)


def moment_text(moment: datetime) -> str:
    """Write an aware moment in UTC, to the microsecond, so that all texts have one length and sort by time."""
    return in_utc(moment).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _moment(value: object, _: object) -> datetime:
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)  # type: ignore[arg-type]
    except (ValueError, TypeError):
        raise _wrong(value, "a moment such as 2026-09-01T08:00:00+00:00") from None
    try:
        return in_utc(moment)
    except OverflowError:
        raise _wrong(value, "a moment that the calendar has in UTC") from None


def _money(value: object, _: object) -> Money:
    return value if isinstance(value, Money) else Money.parse(value)  # type: ignore[arg-type]


def _uuid(value: object, _: object) -> UUID:
    try:
        return value if isinstance(value, UUID) else UUID(value)  # type: ignore[arg-type]
    except (ValueError, AttributeError, TypeError):
        raise _wrong(value, "an id (UUID)") from None


def _date_text(value: object) -> object:
    if isinstance(value, datetime) or not isinstance(value, date):
        return value  # of the wrong type; reading it back reports that
    return "no_end" if value == NO_END else value.isoformat()


# --- the converter -------------------------------------------------------------------------------------------------


def _made_of(wanted: object, whole: object) -> bool:
    return get_origin(wanted) is whole


_SETS = (frozenset, set, AbstractSet)
_OBJECTS = (dict, Mapping)
"""What is read as an object; nearly all are of the first, which is found without asking an abstract class."""


def _is_set(wanted: object) -> bool:
    return wanted in _SETS or get_origin(wanted) in _SETS


def _read_list(value: object, wanted: str) -> list[Any]:
    if not isinstance(value, (list, tuple, set, frozenset)):
        raise _wrong(value, wanted)
    return list(value)


def _make() -> Converter:
    converter = Converter(omit_if_default=True)
    converter.register_structure_hook(str, _text_that(plain_letter_or_digit_in))
    for wanted, name in ((int, "a whole number"), (bool, "true or false")):
        converter.register_structure_hook(wanted, _exactly(wanted, name))
    converter.register_structure_hook(date, _date)
    converter.register_structure_hook(datetime, _moment)
    converter.register_structure_hook(UUID, _uuid)
    converter.register_structure_hook(Money, _money)
    converter.register_unstructure_hook(date, _date_text)
    converter.register_unstructure_hook(datetime, moment_text)
    converter.register_unstructure_hook(UUID, str)
    converter.register_unstructure_hook(Money, str)

    def hook(matches: Callable[[Any], bool], factory: Callable[[Converter, Any], Any]) -> None:
        converter.register_structure_hook_factory(matches, partial(factory, converter))

    hook(lambda wanted: _is_set(wanted) or _made_of(wanted, tuple), _sequence_hook)
    hook(may_be_absent, _absent_hook)
    hook(lambda wanted: _made_of(wanted, Literal), _literal_hook)
    hook(lambda wanted: _made_of(wanted, dict), _mapping_hook)
    hook(lambda wanted: attrs.has(wanted) and wanted is not Money, _object_hook)
    hook(_is_record, _record_hook)
    hook(lambda wanted: wanted == Prose, lambda *_: _text_that(plain_letter_in))
    converter.register_unstructure_hook_factory(
        _is_set, lambda _: lambda value: sorted(value) if isinstance(value, (set, frozenset)) else value
    )
    converter.register_unstructure_hook_factory(
        lambda wanted: _made_of(wanted, tuple), partial(_sequence_text_hook, converter)
    )
    converter.register_unstructure_hook_factory(_is_record, partial(_record_text_hook, converter))
    converter.register_unstructure_hook(
        Actor, make_dict_unstructure_fn(Actor, converter, _cattrs_omit_if_default=False)
    )
    return converter


def _is_record(wanted: object) -> bool:
    return isinstance(wanted, type) and issubclass(wanted, Record)


def _sequence_hook(converter: Converter, wanted: Any) -> Any:
    item = (get_args(wanted) or (Any,))[0]
    items = GenericAlias(list, item)
    read_item, read_items = converter.get_structure_hook(item), converter.get_structure_hook(items)
    build = frozenset if _is_set(wanted) else tuple

    def read(value: object, _: object) -> object:
        listed = _read_list(value, "a list")
        try:
            return build([read_item(each, item) for each in listed])
        except Exception:  # noqa: BLE001  whatever is wrong with it is found below
            return build(read_items(listed, items))

    return read


def _sequence_text_hook(converter: Converter, wanted: Any) -> Any:
    write = converter.get_unstructure_hook((get_args(wanted) or (Any,))[0])
    return lambda value: [write(item) for item in value] if isinstance(value, (list, tuple)) else value


def _mapping_hook(converter: Converter, wanted: Any) -> Any:
    plain = mapping_structure_factory(wanted, converter)

    def read(value: object, _: object) -> object:
        if not isinstance(value, Mapping):
            raise _wrong(value, "an object")
        return plain(value, wanted)

    return read


def _object_hook(converter: Converter, wanted: Any) -> Any:
    fields = Fields(converter, wanted)
    thorough = cache(partial(make_dict_structure_fn, wanted, converter))

    def read(value: object, _: object) -> object:
        if not isinstance(value, _OBJECTS):
            raise _wrong(value, "an object")
        try:
            given, odd = fields.read(value)
            if not odd:
                return wanted(**given)
        except Exception:  # noqa: BLE001, S110  whatever is wrong with it is found below
            pass
        return read_thoroughly(value)

    def read_thoroughly(value: Mapping[str, Any]) -> object:
        known = {field.name for field in attrs.fields(wanted)}
        if not (odd := sorted(set(value) - known)):
            return thorough()(value, wanted)
        errors: list[Exception] = [ValueError(f"has no {', '.join(map(str, odd))}; it has {', '.join(sorted(known))}")]
        try:
            thorough()({name: value[name] for name in value if name in known}, wanted)
        except BaseValidationError as error:
            errors += error.exceptions
        raise ExceptionGroup(f"While structuring {wanted.__name__}", errors)

    return read


def _absent_hook(converter: Converter, wanted: Any) -> Any:
    """Look up the hook for a value that is present once; cattrs would look it up for each value."""
    inner = without_none(wanted)
    read = converter.get_structure_hook(inner)
    return lambda value, _: None if value is None else read(value, inner)


def _literal_hook(_: Converter, wanted: Any) -> Any:
    allowed = get_args(wanted)

    def read(value: object, _: object) -> object:
        if value not in allowed or isinstance(value, bool):  # True would pass for 1
            raise _wrong(value, f"one of {', '.join(map(str, allowed))}")
        return value

    return read


def _record_hook(converter: Converter, cls: type[Record]) -> Any:
    fields = Fields(converter, cls, without={"extra"}, ignored=RESERVED)
    as_it_is = override(struct_hook=lambda value, _: value)
    thorough = cache(partial(make_dict_structure_fn, cls, converter, extra=as_it_is))

    def structure_record(value: object, _: object) -> Record:
        if not isinstance(value, _OBJECTS):
            raise _wrong(value, "an object with the fields of a record")
        try:
            given, odd = fields.read(value)
            return cls(**given, extra=odd)
        except Exception:  # noqa: BLE001  whatever is wrong with it is found below
            return read_thoroughly(value)

    def read_thoroughly(value: Mapping[str, Any]) -> Record:
        known = {field.name for field in attrs.fields(cls)} - {"extra"}
        given = {name: value[name] for name in value if name in known}
        extra = {name: value[name] for name in value if name not in known and name not in RESERVED}
        return thorough()({**given, "extra": extra}, cls)

    return structure_record


def _record_text_hook(converter: Converter, cls: type[Record]) -> Any:
    write = make_dict_unstructure_fn(cls, converter, _cattrs_omit_if_default=True, extra=override(omit=True))

    def unstructure_record(value: Record) -> dict[str, Any]:
        if isinstance(value, Unregistered):
            return dict(value.fields)
        return {**value.extra, **write(value)}

    return unstructure_record


@lru_cache(maxsize=1)
def converter() -> Converter:
    """Return the converter; it is made at the first call."""
    return _make()


# --- in and out ----------------------------------------------------------------------------------------------------


def unstructure(value: object) -> Any:
    """Return *value* as plain JSON data; fields that have their default are left out."""
    return converter().unstructure(value)


def structure(data: object, cls: type[T], what: str, path: str = "") -> T:
    """Read plain data as *cls*. Raises InvalidRecord with every fault, each with its JSON Pointer below *path*."""
    try:
        return converter().structure(data, cls)
    except ExceptionGroup as error:
        raise InvalidRecord(what, _faults(error, path)) from None
    except (ValueError, TypeError, KeyError) as error:
        raise InvalidRecord(what, [Fault(path, _message(error))]) from None


def read_record(kind: str, fields: Mapping[str, Any], path: str = "", revision: int | None = None) -> Record:
    """Read the fields of a record of *kind*, of the current revision or of an older one. Raises InvalidRecord.

    A kind that an installed package offers is imported now; raises PluginError where that fails. For a kind that nobody
    registers, returns Unregistered with all the fields.
    """
    cls = find_kind(kind)
    if cls is None:
        return _unregistered(kind, fields)
    info = cls.kind_info
    if revision is not None and revision < info.revision and info.upcast is not None:
        fields = info.upcast(revision, dict(fields))
    return structure(fields, cls, f"record of kind {kind}", path)


def read_filed(kind: str, fields: Mapping[str, Any], path: str = "", revision: int | None = None) -> Record:
    """Read a record on file as `read_record` does, but return Unregistered for a kind whose package is broken.

    So the rest of the file can still be read.
    """
    try:
        return read_record(kind, fields, path, revision)
    except PluginError:
        return _unregistered(kind, fields)


def read_on_file(kind: str, text: str, revision: int) -> tuple[Record, bool]:
    """Read the stored text of a record, as `read_filed` does; return it, and whether all its texts say something."""
    return read_with_texts_checked(read_filed, kind, json.loads(text), "", revision)


def read_with_texts_checked(read: Callable[..., Record], *arguments: Any) -> tuple[Record, bool]:
    """Return the record that *read* returns, and whether all its texts say something."""
    _doubt.set(False)
    record = read(*arguments)
    return record, not _doubt.get()


def _unregistered(kind: str, fields: Mapping[str, Any]) -> Unregistered:
    return Unregistered(kind=kind, fields={name: fields[name] for name in fields if name not in RESERVED})


def record_text(record: Record) -> tuple[Record, str]:
    """Return a record made in Python as it is read back from its canonical text, and that text.

    Raises InvalidRecord for a value of the wrong type, and InvalidRequest for text that no database can store.
    """
    kind = record.kind_info.name
    try:
        fields = unstructure(record)
        try:
            given = canonical(fields)
        except (TypeError, ValueError):
            read_record(kind, fields)  # which says where the value is that is not plain data
            raise
        read = read_record(kind, json.loads(given))
        text = canonical(unstructure(read))
        reads_back = text == given or read_record(kind, json.loads(text)) == read
    except (TypeError, ValueError, AttributeError, RecursionError) as error:
        raise InvalidRecord(f"record of kind {kind}", [Fault("", str(error))]) from None
    if not reads_back:
        raise InvalidRecord(f"record of kind {kind}", [Fault("", "would not read back as it was given")])
    return read, text


def _faults(error: BaseException, path: str) -> Iterator[Fault]:
    """Walk the tree of errors that cattrs raises, and yield each leaf with its JSON Pointer."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            notes = getattr(inner, "__notes__", [])
            step = next(
                (
                    note.name if isinstance(note, AttributeValidationNote) else note.index
                    for note in notes
                    if isinstance(note, (AttributeValidationNote, IterableValidationNote))
                ),
                None,
            )
            yield from _faults(inner, path if step is None else f"{path}/{pointer_part(step)}")
    else:
        yield Fault(path, _message(error))


def _message(error: BaseException) -> str:
    if isinstance(error, KeyError):
        return "is required"
    return str(error) or type(error).__name__


def pointer_part(name: object) -> str:
    """Escape one step of a JSON Pointer (RFC 6901)."""
    return str(name).replace("~", "~0").replace("/", "~1")
