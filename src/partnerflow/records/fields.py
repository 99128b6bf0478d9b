"""The fields of a class, read in one plain pass that stops at the first fault."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from types import NoneType, UnionType
from typing import Any, TypeAlias, Union, get_args, get_origin

import attrs
from cattrs import Converter

from .texts import Prose, plain_letter_in, plain_letter_or_digit_in

_PLAIN: Mapping[Any, tuple[type, Callable[[Any], object] | None]] = {
    str: (str, plain_letter_or_digit_in),
    Prose: (str, plain_letter_in),
    int: (int, None),
    bool: (bool, None),
}
"""The types whose values are the same in JSON and here; of a text, what finds that it says something."""


_Field: TypeAlias = tuple[str, type | None, Callable[[Any], object] | None, bool, Any, Any]
"""How a field is read: its name as an argument of the class; the type of values that are taken as they are, and of a
text, what finds that it says something; whether it may be absent; the hook for all else, and the type for the hook.

A plain tuple, since one of a class of its own takes several times as long to unpack.
"""


class Fields:
    """The fields of a class; looked up at the first reading, since a class may have fields of its own type."""

    def __init__(
        self, converter: Converter, cls: Any, without: Collection[str] = (), ignored: Collection[str] = ()
    ) -> None:
        self.converter, self.cls, self.without, self.ignored = converter, cls, without, ignored

    @cached_property
    def by_name(self) -> dict[str, _Field]:
        """How each field is read."""
        found = (field for field in attrs.fields(attrs.resolve_types(self.cls)) if field.name not in self.without)
        return {field.name: self._field(field) for field in found if field.init}

    def _field(self, field: attrs.Attribute[Any]) -> _Field:
        optional = may_be_absent(field.type)
        wanted: Any = without_none(field.type) if optional else field.type
        plain, says = _PLAIN.get(wanted, (None, None))
        read = self.converter.get_structure_hook(wanted)
        return field.alias or field.name, plain, says, optional, read, wanted

    def read(self, value: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the arguments for the class, and the values under other names, without those that are ignored."""
        fields, given, odd = self.by_name, {}, {}
        for name, one in value.items():
            field = fields.get(name)
            if field is not None:
                argument, plain, says, optional, read, wanted = field
                if (type(one) is plain and (says is None or says(one))) or (one is None and optional):
                    given[argument] = one
                else:
                    given[argument] = read(one, wanted)
            elif name not in self.ignored:
                odd[name] = one
        return given, odd


def may_be_absent(wanted: object) -> bool:
    """Return whether *wanted* is a type or None."""
    return get_origin(wanted) in (Union, UnionType) and len(get_args(wanted)) == 2 and NoneType in get_args(wanted)


def without_none(wanted: object) -> Any:
    """Return the type of a value that is present, of one that may be absent."""
    return next(one for one in get_args(wanted) if one is not NoneType)
