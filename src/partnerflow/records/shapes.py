"""JSON Schemas (2020-12) of what `conversion` reads, so that others can check a value before they send it.

`conversion` reads every value that a schema accepts. The schema is narrower where a value can be written in several
ways: an id has its hyphens, a moment is written as in RFC 3339, an amount has no spaces around it, a set has no item
twice. A schema cannot express three things: that a whole number has no point (`3.0` is refused), a validator other than
a length or a pattern (that the shares of a cost add up), and the type of a field that only hooks of a host read.
"""

from __future__ import annotations

import ast
import inspect
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from enum import Enum
from functools import cache
from importlib import import_module
from itertools import pairwise
from typing import Any, Literal, TypeAlias, Union, get_args, get_origin, get_type_hints
from urllib.parse import quote
from uuid import UUID

import attrs

from .conversion import pointer_part
from .money import DECIMALS, Money
from .registry import Record, fields_of

Schema: TypeAlias = dict[str, Any]

# --- single values -------------------------------------------------------------------------------------------------

_YEAR = "(?:[0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)"
_LEAP_YEAR = "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)"
_IN_ANY_YEAR = (
    "(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    "|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    "|02-(?:0[1-9]|1[0-9]|2[0-8]))"
)
_DAY = f"(?:{_YEAR}-{_IN_ANY_YEAR}|{_LEAP_YEAR}-02-29)"
_HOUR = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_DECIMALS = {digits: "|".join(sorted(c for c, n in DECIMALS.items() if n == digits)) for digits in (0, 3, 4)}

VALUES: Mapping[Any, tuple[str, Schema]] = {
    date: (
        "value.day",
        {
            "description": 'A day, as 2026-09-01; "no_end" for an end that never comes.',
            "type": "string",
            "maxLength": 10,
            "pattern": f"^(?:no_end|{_DAY})$",
            "examples": ["2026-09-01", "no_end"],
        },
    ),
    datetime: (
        "value.moment",
        {
            "description": "A moment with its time zone, as in RFC 3339.",
            "type": "string",
            "pattern": f"^{_DAY}T{_HOUR}(?::[0-5][0-9](?:\\.[0-9]{{1,9}})?)?(?:Z|[+-]{_HOUR})$",
            "not": {"pattern": "^(?:0001-01-01|9999-12-31)"},
            "examples": ["2026-09-01T08:00:00+00:00"],
        },
    ),
    UUID: (
        "value.id",
        {
            "description": "An id (UUID).",
            "type": "string",
            "format": "uuid",
            "pattern": "^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$",
        },
    ),
    Money: (
        "value.amount",
        {
            "description": "An amount with its currency (ISO 4217), with no more decimals than the currency has.",
            "type": "string",
            "pattern": "^[0-9]+(?:(?:\\.[0-9]{1,2}0*)? [A-Z]{3}"
            f"|\\.[0-9]{{3}}0* (?:{_DECIMALS[3]})|\\.[0-9]{{3,4}}0* (?:{_DECIMALS[4]}))$",
            "not": {"pattern": f"\\.[0-9]*[1-9][0-9]* (?:{_DECIMALS[0]})$"},
            "examples": ["1000000 USD", "12.50 USD"],
        },
    ),
}
"""The types that are written as text: the name of each schema, and the schema."""
_SIMPLE: Mapping[Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    float: {"type": "number"},
    type(None): {"type": "null"},
}
_SETS, _LISTS = (frozenset, set, AbstractSet), (tuple, list)


# --- types ---------------------------------------------------------------------------------------------------------


@attrs.define
class Shapes:
    """Schemas of types and classes; those of classes are kept in `defs` and referred to."""

    defs: dict[str, Schema] = attrs.field(factory=dict)
    _names: dict[Any, str] = attrs.field(factory=dict)

    def of(self, wanted: Any) -> Schema:
        """Return the schema of a field's type; for a type that is not known here, one that accepts anything."""
        if wanted in VALUES:
            name, schema = VALUES[wanted]
            return self._refer(wanted, name, lambda: dict(schema))
        if wanted in _SIMPLE:
            return dict(_SIMPLE[wanted])
        if inspect.isclass(wanted) and attrs.has(wanted):
            return self._refer(wanted, wanted.__name__, lambda: self.object(wanted))
        if inspect.isclass(wanted) and issubclass(wanted, Enum):
            return {"enum": [member.value for member in wanted]}
        return self._composed(get_origin(wanted), get_args(wanted))

    def _composed(self, whole: Any, parts: tuple[Any, ...]) -> Schema:
        if whole in (Union, types.UnionType):
            given = [self.of(part) for part in parts if part is not type(None)]
            schema = given[0] if len(given) == 1 else {"anyOf": given}
            return _or_null(schema) if len(given) < len(parts) else schema
        if whole is Literal:
            return {"enum": list(parts)}
        if whole in (*_SETS, *_LISTS):
            listed = {"type": "array", "items": self.of(parts[0])}
            return {**listed, "uniqueItems": True} if whole in _SETS else listed
        if whole is dict:
            named = {} if parts[0] is str else {"propertyNames": self.of(parts[0])}
            return {"type": "object", **named, "additionalProperties": self.of(parts[1])}
        return {}

    def object(self, cls: type[Any]) -> Schema:
        """Return the schema of an attrs class. Only a record may have fields that its class does not have."""
        hints = get_type_hints(cls)
        fields = list(fields_of(cls)) if issubclass(cls, Record) else list(attrs.fields(cls))
        schema: Schema = {"description": prose(cls.__doc__)} if cls.__doc__ else {}
        schema |= {"type": "object", "properties": {f.name: self._field(cls, f, hints[f.name]) for f in fields}}
        if required := [field.name for field in fields if field.default is attrs.NOTHING]:
            schema["required"] = required
        if not issubclass(cls, Record):
            schema["additionalProperties"] = False
        return schema

    def record(self, cls: type[Record]) -> Schema:
        """Return a reference to the schema of a record in the records of a dossier, with its `kind`."""
        kind = cls.kind_info.name

        def made() -> Schema:
            schema = self.object(cls)
            schema["title"] = kind
            schema["properties"] = {"kind": {"const": kind}, **schema["properties"]}
            schema["required"] = ["kind", *schema.get("required", ())]
            return schema

        return self._refer((Record, kind), f"record.{kind}", made)

    def _field(self, cls: type[Any], field: attrs.Attribute[Any], wanted: Any) -> Schema:
        schema = _validated(self.of(wanted), field.validator)
        doc = field_docs(cls).get(field.name)
        return {"description": prose(doc), **schema} if doc else schema

    def _refer(self, one: Any, name: str, make: Callable[[], Schema]) -> Schema:
        """Return a reference to the schema of *one*, which is made once; a number tells two of one name apart."""
        if one not in self._names:
            taken, number = name, 2
            while name in self.defs:
                name, number = f"{taken}.{number}", number + 1
            self._names[one] = name
            self.defs[name] = {}  # reserves the name, for a class that refers to itself
            self.defs[name] = make()
        return {"$ref": f"#/$defs/{quote(pointer_part(self._names[one]))}"}


def _or_null(schema: Schema) -> Schema:
    """Allow null too: the fact is unknown."""
    if "enum" in schema:
        return {**schema, "enum": [*schema["enum"], None]}
    if isinstance(schema.get("type"), str):
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]} if schema else {}


def _validated(schema: Schema, validator: Any) -> Schema:
    """Add what the attrs validators check, as far as a schema can express it."""
    if validator is None:
        return schema
    for part in (*getattr(validator, "_validators", ()), getattr(validator, "validator", None)):
        schema = _validated(schema, part)  # `and_` has several, `optional` has one
    kinds = schema.get("type", ())
    text, listed = "string" in kinds, "array" in kinds
    if (least := getattr(validator, "min_length", None)) is not None and (text or listed):
        schema = {**schema, "minLength" if text else "minItems": least}
    if (most := getattr(validator, "max_length", None)) is not None and (text or listed):
        schema = {**schema, "maxLength" if text else "maxItems": most}
    if (pattern := getattr(validator, "pattern", None)) is not None and text:
        schema = {**schema, "pattern": f"^(?:{pattern.pattern})$"}
    return schema


# --- descriptions from docstrings -----------------------------------------------------------------------------------


def prose(doc: str) -> str:
    """Return a docstring without its line breaks; paragraphs stay apart."""
    return "\n\n".join(" ".join(part.split()) for part in inspect.cleandoc(doc).split("\n\n"))


def field_docs(cls: type[Any]) -> Mapping[str, str]:
    """Return the docstrings below the fields of a class, including inherited ones."""
    docs: dict[str, str] = {}
    for each in reversed(cls.__mro__):
        docs |= _field_docs_in(each.__module__).get(each.__name__, {})
    return docs


@cache
def _field_docs_in(module: str) -> Mapping[str, Mapping[str, str]]:
    """Return the docstrings below the fields of each class of a module; none where its source cannot be read."""
    try:
        tree = ast.parse(inspect.getsource(import_module(module)))
    except (OSError, TypeError, ImportError, SyntaxError):
        return {}
    return {node.name: dict(_below(node.body)) for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}


def _below(body: Sequence[ast.stmt]) -> Iterator[tuple[str, str]]:
    for node, following in pairwise(body):
        text = following.value if isinstance(following, ast.Expr) else None
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and isinstance(text, ast.Constant):
            yield node.target.id, str(text.value)
