"""Texts: which are prose, and which say something.

Prose has a letter, of any script; any other text, such as a number, a name or an id, has a letter or a digit. So "-",
"..." and "???" say nothing. A text without any character is not among these: like an empty list, it states that there
is none.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, NamedTuple, TypeAlias, Union, get_args, get_origin, get_type_hints

import attrs

Prose: TypeAlias = Annotated[str, "prose"]
"""The type of a text in words, such as a reason; `str` is that of a number, a name or an id."""
SHOWN_AS_NOTHING = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and signs that show as nothing."""

plain_letter_in = re.compile("[A-Za-z]").search
plain_letter_or_digit_in = re.compile("[A-Za-z0-9]").search
_LETTERS = frozenset({"Lu", "Ll", "Lt", "Lo"})
_LETTERS_AND_DIGITS = _LETTERS | {"Nd", "Nl", "No"}
_LISTS = (Union, UnionType, tuple, list, AbstractSet, frozenset)


def says_something(text: str, *, is_prose: bool) -> bool:
    """Return whether *text* has a letter; where it is no prose, a letter or a digit."""
    if plain_letter_in(text):
        return True
    wanted = _LETTERS if is_prose else _LETTERS_AND_DIGITS
    return any(unicodedata.category(each) in wanted and each not in SHOWN_AS_NOTHING for each in text)


class TextField(NamedTuple):
    """A field in which there may be texts."""

    wanted: Any
    """Its type, without None."""
    text: Any
    """The type of a text there: `str`, `Prose`, or a class that may have texts."""

    @property
    def is_prose(self) -> bool:
        """Whether texts there are prose."""
        return bool(self.text == Prose)


@cache
def texts_of(cls: Any) -> Mapping[str, TextField]:
    """Return the fields of a class in which there may be texts."""
    try:
        hints = get_type_hints(cls, include_extras=True)
    except NameError:  # what is of such a class can be read by nobody, and is never filed
        return {}
    found = {field.name: _without_none(hints[field.name]) for field in attrs.fields(cls) if field.name != "extra"}
    texts = {name: TextField(wanted, _text_in(wanted)) for name, wanted in found.items()}
    return {name: field for name, field in texts.items() if field.text is not None}


def _without_none(wanted: Any) -> Any:
    parts = [part for part in get_args(wanted) if part is not NoneType]
    return parts[0] if get_origin(wanted) in (Union, UnionType) and len(parts) == 1 else wanted


def _text_in(wanted: Any) -> Any:
    if wanted is str or wanted == Prose:
        return wanted
    if attrs.has(wanted):
        return wanted if texts_of(wanted) else None
    parts = [part for part in get_args(wanted) if part is not NoneType]
    if get_origin(wanted) in _LISTS:
        return next((text for text in map(_text_in, parts) if text is not None), None)
    return _text_in(parts[1]) if get_origin(wanted) is dict else None
