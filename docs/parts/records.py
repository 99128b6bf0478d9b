"""Every kind of record, from its class."""

from __future__ import annotations

import types
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import attrs

from partnerflow import Money
from partnerflow.records import kinds
from partnerflow.records.registry import Record, fields_of

from .write import codes, docs_of, prose, table, whole

_PLAIN = {
    str: "text", int: "whole number", bool: "true or false", date: "day", datetime: "moment", Money: "amount",
    UUID: "id",
}  # fmt: skip


def kind_in_words(kind: Any) -> str:
    """Return the type of a field in words, without None."""
    parts = get_args(kind)
    if get_origin(kind) in (Union, types.UnionType):
        return kind_in_words(next(part for part in parts if part is not type(None)))
    if get_origin(kind) is Literal:
        return f"one of {codes(map(str, parts))}"
    if get_origin(kind) in (AbstractSet, frozenset, tuple):
        return f"{'set' if get_origin(kind) is not tuple else 'list'} of {_several(parts[0])}"
    if get_origin(kind) is dict:
        return f"object: text to {kind_in_words(parts[1])}"
    return _PLAIN.get(kind) or f"[{kind.__name__}](#{kind.__name__.lower()})"


def _several(kind: Any) -> str:
    words = kind_in_words(kind)
    return f"{words}s" if words in _PLAIN.values() else words


def overview() -> str:
    def cells(name: str, cls: type[Record]) -> tuple[str, ...]:
        info = cls.kind_info
        weighs = "against" if info.weighs == "against" else ""
        return f"[`{name}`](#{name})", prose(cls.__doc__), info.about, codes(info.key), weighs

    return table(("kind", "what it is", "about", "key", "weighs"), [cells(*item) for item in sorted(kinds().items())])


def sections() -> str:
    parts: dict[str, type[Any]] = {}
    sections = [_section(name, cls, parts) for name, cls in sorted(kinds().items())]
    sections += [f"### {name}\n\n{whole(cls.__doc__)}\n\n{_fields(cls)}" for name, cls in sorted(parts.items())]
    return "\n".join(sections)


def _section(name: str, cls: type[Record], parts: dict[str, type[Any]]) -> str:
    info = cls.kind_info
    period = ("first and last day" if len(info.period) > 1 else "counts from") if info.period else ""
    facts = [
        f"class: `partnerflow.records.{cls.__name__}`",
        f"about: the {info.about}",
        f"key: {codes(info.key, 'none; there is one of the kind on a file')}",
        f"{period}: {codes(info.period)}" if period else "",
        "weighs against the partnership: only a later record answers it" if info.weighs == "against" else "",
        f"revision: {info.revision}",
        f"clauses: {', '.join(info.cites)}",
    ]
    hints = get_type_hints(cls)
    for field in fields_of(cls):
        parts |= {part.__name__: part for part in _nested(hints[field.name])}
    listed = "\n".join(f"- {fact}" for fact in facts if fact)
    return f"### {name}\n\n{whole(cls.__doc__)}\n\n{listed}\n\n{_fields(cls)}"


def _nested(kind: Any) -> Iterator[type[Any]]:
    if attrs.has(kind) and kind is not Money:
        yield kind
    for part in get_args(kind):
        yield from _nested(part)


def _fields(cls: type[Any]) -> str:
    hints, docs = get_type_hints(cls), docs_of(cls.__module__)
    rows = [
        (
            f"`{field.name}`",
            kind_in_words(hints[field.name]),
            "yes" if field.default is attrs.NOTHING else "",
            prose(docs.get(f"{cls.__name__}.{field.name}")),
        )
        for field in fields_of(cls)
    ]
    return table(("field", "type", "required", ""), rows)
