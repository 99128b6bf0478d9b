"""The JSON Schemas (2020-12) of a dossier and of a report.

`dossier_schema` is made from the classes of the records, those that a host registered included. What it accepts,
`Dossier.from_mapping` reads, and what that refuses for its shape, it refuses too; where a value can be written in
several ways it knows only the usual one (see `records.shapes`). It cannot say that no two entries have one id, that
what is retracted is among the records, nor which time zones there are. Whether a state is one of the lifecycle's is
asked of `Pack.check` alone.

`report_schema` is that of `Report.to_data`. It lets everything grow: who reads a report passes over what is new.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

from partnerflow.dossier import Neighbour
from partnerflow.errors import PluginError
from partnerflow.lifecycle.move import Move
from partnerflow.partnership import Partnership
from partnerflow.records import Partner, Record
from partnerflow.records.entry import Filed
from partnerflow.records.plugins import find_kind, kind_names
from partnerflow.records.shapes import Schema, Shapes, field_docs, prose

from .finding import AppliedWaiver, Finding, Outcome, Owner, Severity
from .report import SCHEMA, Report

DIALECT = "https://json-schema.org/draft/2020-12/schema"


# --- the dossier ---------------------------------------------------------------------------------------------------


def dossier_schema() -> Schema:
    """Return the JSON Schema of a dossier, with every kind of record that is registered now."""
    shapes = Shapes()
    parts = {
        "partner": shapes.of(Partner),
        "partnership": shapes.of(Partnership),
        "records": _listed(_record(shapes), "What is on file, in the order of filing."),
        "moves": _listed(shapes.of(Move), "The moves made, oldest first; left out where nobody knows them."),
        "neighbours": _listed(
            shapes.of(Neighbour),
            "Services of others that share a site and a content area; left out where nobody has looked.",
        ),
        "tz": {
            "description": "The district's time zone, such as America/Chicago; left out: UTC. Moments fall on its days",
            "type": ["string", "null"],
        },
    }
    return {
        "$schema": DIALECT,
        "$id": "urn:partnerflow:schema:dossier:1",
        "title": "Dossier",
        "description": (
            "One partnership and what is on file about it. A fact that is left out, or null, counts as absent: "
            "it is missing, never fine."
        ),
        "type": "object",
        "required": ["partner", "partnership"],
        "properties": parts,
        "additionalProperties": False,
        "$defs": dict(sorted(shapes.defs.items())),
    }


_STORED: Schema = {
    "required": ["entry"],
    "properties": {"entry": {"required": ["id"], "properties": {"id": {"type": "string"}}}},
}
"""A record of an unregistered kind: only the id of its entry shows that it was stored and is no slip."""
_REDACTED: Schema = {
    "required": ["entry"],
    "properties": {"entry": {"required": ["redacted"], "properties": {"redacted": {"type": "string"}}}},
}
"""A record that was blanked."""


def _listed(items: Schema, description: str) -> Schema:
    return {"description": description, "type": ["array", "null"], "items": items}


def _record(shapes: Shapes) -> Schema:
    """Return the schema of any record, chosen by its kind; one of an unregistered kind must have been stored."""
    known = {name: shapes.record(cls) for name, cls in _kinds() if cls is not Partner}
    filed = shapes.of(Filed)
    shapes.defs["record"] = {
        "description": "A piece of evidence. Fields that its kind does not know are kept, and no policy reads them.",
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"type": "string"}, "entry": filed},
        "if": _REDACTED,
        "else": {
            "properties": {"kind": {"not": {"const": "partner"}}},
            "allOf": [
                *(_where({"const": name}, schema) for name, schema in known.items()),
                _where({"type": "string", "not": {"enum": ["partner", *known]}}, _STORED),
            ],
        },
    }
    return {"$ref": "#/$defs/record"}


def _kinds() -> Iterator[tuple[str, type[Record]]]:
    """Yield every kind that is registered or offered by a package; one whose package is broken is left out."""
    for name in kind_names():
        try:
            cls = find_kind(name)
        except PluginError:
            continue
        if cls is not None:
            yield name, cls


def _where(kind: Schema, then: Schema) -> Schema:
    return {"if": {"required": ["kind"], "properties": {"kind": kind}}, "then": then}


# --- the report ----------------------------------------------------------------------------------------------------


def report_schema() -> Schema:
    """Return the JSON Schema of a report, as `Report.to_data` writes it."""
    shapes = Shapes()
    shapes.defs["finding"] = _finding(shapes)
    text, texts = {"type": "string"}, {"type": "array", "items": {"type": "string"}}
    asked: dict[str, Schema] = {
        "schema": {"const": SCHEMA},
        "pack": _object("Exactly which rules were asked.", {"name": text, "version": text, "digest": text}),
        "on": shapes.of(date),
        "also_on": shapes.of(date),
        "state": text,
        "trigger": {"description": "The step that was asked about, if one was.", "type": ["string", "null"]},
        "partner": text,
        "ok": {"type": "boolean"},
        "blocking": {"description": "The codes of what stops the step, or else of what does not hold.", **texts},
        "broken": {"description": "The codes of what does not hold in the state, whether or not it stops.", **texts},
        "findings": {
            "description": "One for each policy that was asked.",
            "type": "array",
            "items": {"$ref": "#/$defs/finding"},
        },
        "lapsed_waivers": texts,
        "unused_waivers": texts,
        "asked_waivers": texts,
        "not_asked": texts,
        "may_fire": texts,
        "may_waive": texts,
        "unconfirmed": texts,
    }
    return {
        "$schema": DIALECT,
        "$id": "urn:partnerflow:schema:report:1",
        "title": "Report",
        **_object(
            "What a pack of policies says of a dossier on one day.",
            _described(Report, asked),
            required={name: schema for name, schema in asked.items() if name not in ("also_on", "unconfirmed")},
        ),
        "$defs": dict(sorted(shapes.defs.items())),
    }


def _finding(shapes: Shapes) -> Schema:
    """Return the schema of a finding; one that is not a pass has every field."""
    always: dict[str, Schema] = {
        "code": {"description": "The code of the policy.", "type": "string"},
        "revision": {"description": "The revision of the policy.", "type": "integer", "minimum": 1},
        "outcome": {"enum": [str(outcome) for outcome in Outcome]},
    }
    wrong: dict[str, Schema] = {
        "title": {"type": "string"},
        "severity": {"enum": [str(severity) for severity in Severity]},
        "enforced": {"type": "boolean"},
        "gates": {"type": "boolean"},
        "stands": {"description": prose(field_docs(Finding)["is_standing"]), "type": "boolean"},
        "fix": {"type": "string"},
        "advice": {"type": "string"},
        "parameters": _PLAIN,
        "owner": shapes.of(Owner),
        "lapsed_on": shapes.of(date | None),
        "waivable_days": {"type": "integer", "minimum": 0},
        "cites": {"description": "The clauses that it rests on.", "type": "array", "items": {"type": "string"}},
        "problems": {"type": "array", "items": _PROBLEM},
        "waiver": shapes.of(AppliedWaiver | None),
    }
    shapes.defs["AppliedWaiver"].pop("additionalProperties")
    sound = [str(Outcome.PASSED), str(Outcome.NOT_APPLICABLE)]
    schema = _object(
        "What one policy says.", _described(Finding, {**always, "until": shapes.of(date), **wrong}), required=always
    )
    return schema | {"if": {"properties": {"outcome": {"enum": sound}}}, "else": {"required": [*wrong]}}


_PLAIN: Schema = {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean", "null"]}}
_PROBLEM: Schema = {
    "type": "object",
    "required": ["path", "message", "template", "facts"],
    "properties": {
        "path": {"description": "Where it is: a JSON Pointer into the dossier, or words.", "type": "string"},
        "label": {"description": "What lies there: a record by its kind and key.", "type": "string"},
        "message": {"description": "The sentence, in English.", "type": "string"},
        "template": {"description": "The sentence with places for its facts, to be translated.", "type": "string"},
        "facts": {**_PLAIN, "description": "What goes into the places."},
        "on": {"description": "The earlier day on which it was so, for a step dated back.", "type": "string"},
    },
}


def _object(description: str, properties: Mapping[str, Schema], *, required: Mapping[str, Any] | None = None) -> Schema:
    """Return the schema of an object that may have more than this."""
    return {
        "description": description,
        "type": "object",
        "required": [*(properties if required is None else required)],
        "properties": dict(properties),
    }


def _described(cls: type[Any], properties: Mapping[str, Schema]) -> dict[str, Schema]:
    """Add the descriptions that a class has for its fields and properties."""
    said = field_docs(cls)
    told = {name: said.get(name) or (getattr(cls, name).__doc__ if hasattr(cls, name) else None) for name in properties}
    return {
        name: schema
        if "description" in schema or not told[name]
        else {"description": prose(told[name] or ""), **schema}
        for name, schema in properties.items()
    }


SCHEMAS: Mapping[str, Callable[[], Schema]] = {"dossier": dossier_schema, "report": report_schema}
"""The function that makes each schema, by its name."""
