"""Kinds of records: the card of each, and the registry that hosts add to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import import_module
from itertools import repeat
from types import MappingProxyType
from typing import Any, ClassVar, Literal, TypeVar, dataclass_transform

import attrs

from partnerflow.clauses import answers
from partnerflow.errors import InvalidRequest

About = Literal["partner", "partnership", "district"]
Asks = Literal["if_true", "if_false", "more", "any"]
"""When a field asks for more: if it is true, if it is not, the more is in the set; `any`: its words have no order."""

SUBJECTS = (
    "partner",
    "programme",
    "safety",
    "vetting",
    "mutual",
    "agreement",
    "access",
    "funding",
    "onboarding",
    "people",
    "quality",
    "engagement",
    "evaluation",
    "governance",
    "waiver",
    "coalition",
    "college",
    "pathways",
    "workplace",
    "practice",
)
"""The modules of the shipped kinds; the last five are read by the rubric, and by no policy."""


@attrs.frozen(kw_only=True)
class Kind:
    """The card of a kind of records."""

    name: str
    about: About
    """Whose file it is on: the partner's (shared by its partnerships), one partnership's, or the district's own."""
    key: tuple[str, ...] = ()
    """Fields that a newer record must share to supersede an older one; none: a newer one supersedes every older one."""
    key_defaults: Mapping[str, object] = attrs.field(factory=dict, hash=False)
    """Fields of the key that may be left out, with what they are then, and what a policy reads that names no other."""
    period: tuple[str, ...] = ()
    """Fields with its first and last day (inclusive); one field: from that day on; none: from filing on."""
    weighs: Literal["for", "against"] = "for"
    """`against`: it counts against a partnership or widens it, so that taking it away must never unblock anything."""
    adverse: Mapping[str, frozenset[str]] = attrs.field(factory=dict, hash=False)
    """Fields with the words that make one of the kind adverse: such a record is answered by a later one only."""
    asks: Mapping[str, Asks] = attrs.field(factory=dict, hash=False)
    """Fields on which it depends whether something is asked, or of whom: where the partner asks for less, it waits."""
    waits: Literal["whole", "by_field", "never"] = "whole"
    """What of a partner's newer word waits for the district: all of it, the fields in `asks`, or nothing."""
    revision: int = 1
    upcast: Callable[[int, dict[str, Any]], dict[str, Any]] | None = None
    """Converts the fields of an older revision when they are read; stored texts are never rewritten."""
    cites: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Record:
    """A piece of evidence of one kind. A fact that is unknown is None, which a policy never reads as good.

    `extra` keeps fields that the kind does not have, unchanged; no policy reads them.
    """

    kind_info: ClassVar[Kind]
    extra: dict[str, Any] = attrs.field(factory=dict, hash=False, repr=False)


R = TypeVar("R", bound=Record)


@attrs.frozen(kw_only=True)
class Unregistered(Record):
    """A record of a kind that is no longer registered: it is kept and shown, but no policy reads it."""

    kind: str
    fields: Mapping[str, Any] = attrs.field(hash=False)


@attrs.frozen(kw_only=True)
class Unread(Unregistered):
    """A record on file that cannot be read, so nobody knows its content."""

    why: str
    is_misfit: bool = False
    """Whether the store has a value where it should have none of that type, so that the link may hold all the same."""
    documents: Any = attrs.field(default=None, hash=False, repr=False)
    """The documents as they are stored."""
    filed_by: Any = attrs.field(default=None, hash=False, repr=False)
    """Who filed it, as it is stored."""


ANY_KIND = "?"
"""The kind of an entry whose kind cannot be read: it may be of any."""
POSITIONAL: Mapping[str, bool] = {"positional": True}
"""The metadata of a field that may be given by position: `attrs.field(kw_only=False, metadata=POSITIONAL)`."""

KINDS: dict[str, type[Record]] = {}
RESERVED = ("kind", "entry", "revision_of_kind")
"""Keys beside the fields of a record in a mapping. A partner has a mapping of its own and may use them as fields."""


@answers("SPPS-V.4b")
@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(attrs.field,))
def record(
    name: str,
    *,
    about: About,
    key: tuple[str, ...] = (),
    period: tuple[str, ...] = (),
    weighs: Literal["for", "against"] = "for",
    adverse: Mapping[str, frozenset[str]] = MappingProxyType({}),
    asks: Mapping[str, Asks] = MappingProxyType({}),
    waits: Literal["whole", "by_field", "never"] = "whole",
    revision: int = 1,
    upcast: Callable[[int, dict[str, Any]], dict[str, Any]] | None = None,
    cites: tuple[str, ...] = (),
) -> Callable[[type[R]], type[R]]:
    """Make a frozen attrs class of a subclass of Record and register it as the kind *name*.

    Raises InvalidRequest for a name that is taken, and for a key, a period, adverse words or `asks` of a field that it
    does not have.
    A field of the key may have a default, such as a `label` for what stands beside the usual record: policies read the
    default. So a kind that may speak against a partnership has none, or a record would evade them under another label.
    """
    info = Kind(
        name=name,
        about=about,
        key=key,
        period=period,
        weighs=weighs,
        adverse=adverse,
        asks=asks,
        waits=waits,
        revision=revision,
        upcast=upcast,
        cites=cites,
    )

    def register(cls: type[R]) -> type[R]:
        made = attrs.frozen(cls, kw_only=True, field_transformer=_with_positional)
        fields = attrs.fields_dict(made)
        for field in RESERVED if name != "partner" else ():
            if field in fields:
                raise InvalidRequest("field", field, "is a key beside the fields of a record in a mapping: rename it")
        for field in (*key, *period, *adverse, *asks):
            if field not in fields:
                known = f"kind {name} has the fields {sorted(fields)}"
                raise InvalidRequest("key, period, adverse or asks", field, known)
        key_defaults = {field: fields[field].default for field in key if fields[field].default is not attrs.NOTHING}
        for field, default in key_defaults.items():
            if default is None or info.weighs == "against" or info.adverse:
                raise InvalidRequest("key", field, f"a key of kind {name} must always be given: drop its default")
        if made.__module__.rpartition(".")[0] != __package__:
            _register_shipped()  # before any of a host's, so that it never takes the name of a shipped one
        taken = KINDS.get(name)
        if taken is not None and (taken.__module__, taken.__qualname__) != (made.__module__, made.__qualname__):
            raise InvalidRequest(
                "kind", name, f"is taken by {taken.__module__}.{taken.__qualname__}: choose another name"
            )
        made.kind_info = attrs.evolve(info, key_defaults=key_defaults)
        KINDS[name] = made
        return made

    return register


def _with_positional(_: type, fields: list[attrs.Attribute[Any]]) -> list[attrs.Attribute[Any]]:
    """Let marked fields be given by position; before attrs 25.4 a class with kw_only makes all fields keyword-only."""
    return [field.evolve(kw_only=False) if field.metadata.get("positional") else field for field in fields]


def registered(name: str) -> type[Record] | None:
    """Return the class of the kind *name*; shipped kinds are imported only where *name* is not registered yet."""
    return KINDS.get(name) or kinds().get(name)


def kinds() -> Mapping[str, type[Record]]:
    """Return every registered kind by name, shipped or added by the host."""
    _register_shipped()
    return MappingProxyType(KINDS)


@cache
def _register_shipped() -> None:
    for module in SUBJECTS:
        import_module(f"partnerflow.records.{module}")


def kind_of(record: Record) -> str:
    """Return the name of a record's kind, also of one that is no longer registered."""
    return record.kind if isinstance(record, Unregistered) else record.kind_info.name


def key_of(record: Record) -> tuple[object, ...]:
    """Return the values of the key fields of *record*."""
    return tuple(map(getattr, repeat(record), record.kind_info.key))


def shown_key(record: Record) -> tuple[object, ...]:
    """Return the values of the key fields of *record*, without those that have their default."""
    defaults = record.kind_info.key_defaults.items()
    if not defaults:
        return key_of(record)
    key = zip(record.kind_info.key, key_of(record), strict=True)
    return tuple([part for name, part in key if (name, part) not in defaults])


def is_adverse(record: Record) -> bool:
    """Return whether *record* speaks against the partnership; one that nobody can read may do so too."""
    if isinstance(record, Unregistered):
        return True
    return any(
        str(getattr(record, field)).strip().casefold() in words for field, words in record.kind_info.adverse.items()
    )


def fields_of(cls: type[Record]) -> Iterator[attrs.Attribute[Any]]:
    """Return the fields of a kind, without `extra`."""
    return (field for field in attrs.fields(cls) if field.name != "extra")
