"""Texts that say nothing, such as "-": policies are asked about a file as if they had been left out.

So a policy finds such a text missing, however it reads it. What is on file stays as it was filed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from functools import cache
from operator import attrgetter
from typing import Any, TypeAlias, TypeVar, cast, get_origin

import attrs

from partnerflow.records.registry import Unregistered
from partnerflow.records.texts import (
    Prose,
    TextField,
    plain_letter_in,
    plain_letter_or_digit_in,
    says_something,
    texts_of,
)

from .record_index import RecordIndex

T = TypeVar("T")

EVERYTHING = "*"
"""In a list or a key: everything, such as every site."""
_Test: TypeAlias = Callable[[Any], bool]


def without_meaningless_texts(one: T) -> T:
    """Return an object without texts that say nothing; the object itself where there are none."""
    changed, _ = _changed(one)
    return attrs.evolve(cast("Any", one), **changed) if changed else one


def file_without_meaningless_texts(on_file: RecordIndex) -> RecordIndex:
    """Return a file without texts that say nothing; the file itself where there are none.

    A record that does not say what it is about is no evidence: it is left out, unless it counts against a partnership.
    """
    entries, left_out = list(on_file.entries), set[int]()
    for place, entry in enumerate(on_file.entries):
        record = entry.record
        if entry.meaningful is record or isinstance(record, Unregistered) or not may_be_meaningless(record):
            continue
        changed, is_whole = _changed(record)
        if changed:
            entries[place] = attrs.evolve(entry, record=attrs.evolve(record, **changed))
        if not is_whole and record.kind_info.weighs == "for":
            left_out.add(place)
    if not left_out and all(entry is was for entry, was in zip(entries, on_file.entries, strict=True)):
        return on_file
    weighed = on_file.weighed
    instead = {id(was): entry for entry, was in zip(entries, on_file.entries, strict=True)}
    nobodys = tuple(instead.get(id(entry), entry) for entry in weighed.nobodys)
    weighed = attrs.evolve(weighed, without=weighed.without | left_out, nobodys=nobodys)
    return RecordIndex(entries, on_file.confirm, weighed=weighed)


def _changed(one: Any) -> tuple[dict[str, Any], bool]:
    """Return which fields of an object change without texts that say nothing, and whether all others say something.

    A text without which the object would be about nothing stays.
    """
    changed: dict[str, Any] = {}
    is_whole = True
    cls: Any = type(one)
    required = _required(cls)
    for name, field in texts_of(cls).items():
        value = getattr(one, name)
        left = _left_of(value, is_prose=field.is_prose)
        if left is value or (name in required and value == EVERYTHING):
            continue
        if left is None and name in required:
            is_whole = False
        else:
            changed[name] = left
    return changed, is_whole


@cache
def _required(cls: Any) -> AbstractSet[str]:
    return {field.name for field in attrs.fields(cls) if field.default is attrs.NOTHING}


def _left_of(value: Any, *, is_prose: bool) -> Any:
    """Return a value without texts that say nothing: None for such a text, and for a list of nothing else."""
    if isinstance(value, str):
        return value if not value or says_something(value, is_prose=is_prose) else None
    if isinstance(value, Mapping):
        left = {name: _left_of(each, is_prose=is_prose) for name, each in value.items()}
        same = all(each is value[name] for name, each in left.items())
        return value if same else {name: each for name, each in left.items() if each is not None}
    if isinstance(value, (tuple, list, AbstractSet)):
        return _left_of_list(value, is_prose=is_prose)
    if not attrs.has(type(value)):
        return value
    changed, is_whole = _changed(value)
    return None if not is_whole else attrs.evolve(value, **changed) if changed else value


def _left_of_list(value: Any, *, is_prose: bool) -> Any:
    """Return a list as it is where one of its texts says something, and of its parts what is left of each.

    A part that does not say what it is about makes the list absent: nobody knows what it lists.
    """
    if any(isinstance(each, str) for each in value):
        says = (each == EVERYTHING or (each and _left_of(each, is_prose=is_prose) is not None) for each in value)
        return value if any(says) else None
    left = [_left_of(each, is_prose=is_prose) for each in value]
    if all(each is was for each, was in zip(left, value, strict=True)):
        return value
    return None if None in left else type(value)(left)


# --- a quick look ---------------------------------------------------------------------------------------------------


def may_be_meaningless(one: Any) -> bool:
    """Return whether a text in an object may say nothing: quick, and False for nearly all that is on file."""
    test = _TESTS.get(type(one)) or _test_of(type(one))
    try:
        return test(one)
    except (TypeError, AttributeError):  # a value that is not of the type of its field
        return True


_TESTS: dict[type, _Test] = {}
_HAS: Mapping[Any, Callable[[str], object]] = {str: plain_letter_or_digit_in, Prose: plain_letter_in}


def _test_of(cls: type) -> _Test:
    """Return what finds that a text in an object of a class may say nothing, made once."""
    single: dict[Any, list[str]] = {str: [], Prose: []}
    tests: list[_Test] = []
    for name, field in texts_of(cls).items():
        if field.wanted in single:
            single[field.wanted].append(name)
        else:
            tests.append(_test_of_several(name, field))
    tests = [*(_test_of_fields(names, _HAS[kind]) for kind, names in single.items() if names), *tests]
    _TESTS[cls] = found = tests[0] if len(tests) == 1 else lambda one: any(test(one) for test in tests)
    return found


def _test_of_fields(names: list[str], has: Callable[[str], object]) -> _Test:
    values = attrgetter(*names, names[0])  # of two names or more it returns a tuple
    return lambda one: not all(map(has, filter(None, values(one))))


def _test_of_several(name: str, field: TextField) -> _Test:
    """Return the test of a field with a list of texts, or with parts that have texts."""
    value, whole = attrgetter(name), get_origin(field.wanted)
    says = _HAS.get(field.text) or _surely_says

    def test(one: Any) -> bool:
        found = value(one)
        if not found:
            return False
        return not all(map(says, found.values() if whole is dict else found if whole is not None else (found,)))

    return test


def _surely_says(part: Any) -> bool:
    return not may_be_meaningless(part)
