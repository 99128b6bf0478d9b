"""Kinds of records: what each says of itself, and the one list of them that hosts can add to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import Any, ClassVar, Literal, TypeVar, dataclass_transform

import attrs

from partnerflow.clauses import answers
from partnerflow.errors import InvalidRequest

About = Literal["partner", "partnership", "district"]

_SHIPPED = (
    "partner", "programme", "safety", "vetting", "mutual", "agreement", "access", "funding", "onboarding", "people",
    "quality", "engagement", "evaluation", "governance", "waiver",
    "coalition", "college", "pathways", "workplace", "practice",
)  # fmt: skip


@attrs.frozen(kw_only=True)
class Kind:
    """What a class of records says of itself."""

    name: str
    about: About
    """Whose file it goes to: the partner's (shared by its partnerships), one partnership's, or the district's own."""
    key: tuple[str, ...] = ()
    """Fields that a newer record must share to supersede an older one; none: there is one of the kind on a file."""
    period: tuple[str, ...] = ()
    """Fields with its first and last day (both included); one field: from that day on; none: from filing on."""
    weighs: Literal["for", "against"] = "for"
    """`against`: it counts against a partnership or widens it, so that only a later record answers it, never none."""
    revision: int = 1
    upcast: Callable[[int, dict[str, Any]], dict[str, Any]] | None = None
    """Reads the fields of an older revision as today's; what is stored is never rewritten."""
    cites: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Record:
    """A piece of evidence: frozen, of one kind. A fact that is absent is None, and never means that all is well.

    `extra` keeps fields that the kind does not know, as they came; no policy reads them.
    """

    kind_info: ClassVar[Kind]
    extra: dict[str, Any] = attrs.field(factory=dict, hash=False, repr=False)


R = TypeVar("R", bound=Record)


@attrs.frozen(kw_only=True)
class Unregistered(Record):
    """A record of a kind that nobody registers any more: kept and shown, judged by nothing."""

    kind: str
    fields: Mapping[str, Any] = attrs.field(hash=False)


KINDS: dict[str, type[Record]] = {}
RESERVED = ("kind", "entry", "revision_of_kind")
"""Names beside the fields of a record in a mapping. A partner, which stands there apart, may use them."""


@answers("SPPS-V.4b")
@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(attrs.field,))
def record(
    name: str,
    *,
    about: About,
    key: tuple[str, ...] = (),
    period: tuple[str, ...] = (),
    weighs: Literal["for", "against"] = "for",
    revision: int = 1,
    upcast: Callable[[int, dict[str, Any]], dict[str, Any]] | None = None,
    cites: tuple[str, ...] = (),
) -> Callable[[type[R]], type[R]]:
    """Make a frozen attrs class of a subclass of Record and register it as the kind *name*.

    Raises InvalidRequest for a name that is taken, and for a key or period that names no field.
    """
    info = Kind(
        name=name, about=about, key=key, period=period, weighs=weighs, revision=revision, upcast=upcast, cites=cites
    )

    def register(cls: type[R]) -> type[R]:
        made = attrs.frozen(cls, kw_only=True)
        fields = attrs.fields_dict(made)
        for field in RESERVED if name != "partner" else ():
            if field in fields:
                raise InvalidRequest("field", field, "stands beside the fields of a record in a mapping: rename it")
        for field in (*key, *period):
            if field not in fields:
                raise InvalidRequest("key or period", field, f"kind {name} has the fields {sorted(fields)}")
        for field in key:
            if fields[field].default is not attrs.NOTHING:
                raise InvalidRequest("key", field, f"a key of kind {name} must always be given: drop its default")
        taken = KINDS.get(name)
        if taken is not None and (taken.__module__, taken.__qualname__) != (made.__module__, made.__qualname__):
            raise InvalidRequest(
                "kind", name, f"is taken by {taken.__module__}.{taken.__qualname__}: choose another name"
            )
        made.kind_info = info
        KINDS[name] = made
        return made

    return register


def kinds() -> Mapping[str, type[Record]]:
    """Return every registered kind by name, those that come with us and those of the host."""
    _register_shipped()
    return MappingProxyType(KINDS)


@cache
def _register_shipped() -> None:
    for module in _SHIPPED:
        import_module(f"partnerflow.records.{module}")


def kind_of(record: Record) -> str:
    """Return the name of a record's kind, one that nobody registers any more included."""
    return record.kind if isinstance(record, Unregistered) else record.kind_info.name


def key_of(record: Record) -> tuple[object, ...]:
    """Return the values of the key fields of *record*."""
    return tuple([getattr(record, field) for field in record.kind_info.key])


def fields_of(cls: type[Record]) -> Iterator[attrs.Attribute[Any]]:
    """Return the fields of a kind, without `extra`."""
    return (field for field in attrs.fields(cls) if field.name != "extra")
