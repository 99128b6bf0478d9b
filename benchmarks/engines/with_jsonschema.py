"""The 25 checks in JSON Schema: one schema of 25 parts.

Days, amounts and what one record says of another are beyond the standard, so the host adds four keywords.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from .case import CODES, CRITERIA, DAY_TEXT, MAY_AMEND, MET_ON, MINIMUM, STEPS, TOPICS, TRAINED_SINCE, amount, asked

Schema = dict[str, Any]
SAID: Schema = {"type": "string", "minLength": 1}
SOME: Schema = {"type": "array", "minItems": 1}
PAST: Schema = {"notAfter": DAY_TEXT}


def _with(**properties: Any) -> Schema:
    return {"required": list(properties), "properties": properties}


def _one(kind: str, *schemas: Schema) -> Schema:
    """Require one record of a kind that matches all *schemas*."""
    return _with(**{kind: {"contains": {"allOf": list(schemas)}}})


def _both(*sides: str) -> Schema:
    return {"allOf": [{"contains": {"const": side}} for side in sides]}


COVERS = _with(starts_on=PAST, ends_on={"notBefore": DAY_TEXT})
TWO_SIDES: Schema = {"allOf": [{"contains": {"const": "partner"}}, {"contains": {"enum": ["district", "school"]}}]}
MEETS_STUDENTS = _with(direct_contact={"const": True})
RULES: dict[str, Schema] = {
    "REG-001": _with(partner=_with(classification={"enum": ["partner", "vendor"]})),
    "REG-002": {
        "allOf": [
            _with(partner=_with(kind=SAID)),
            _with(service={**SOME, "items": _with(summary=SAID, content_areas=SOME, sites=SOME)}),
            _one("scope", _with(level=SAID, sites=SOME)),
            _one("contact", {"anyOf": [_with(email=SAID), _with(phone=SAID)]}, COVERS),
        ]
    },
    "NEED-001": _one("need", _with(why_this_partner=SAID, purposes=SOME)),
    "GOAL-001": _one("strategic_goal", _with(outcome=SAID, how=SAID, current={"const": True})),
    "VET-001": _one(
        "vetting_review", _with(scores=_with(**dict.fromkeys(CRITERIA, _with(score={"minimum": 1}, evidence=SAID))))
    ),
    "VET-002": _one("vetting_review", _with(steps=_with(**dict.fromkeys(STEPS, _with(done_on=PAST, by=SAID))))),
    "VET-003": _one("vetting_review", _with(fits_communities={"const": True}, fit_reason=SAID)),
    "SAFE-001": {
        "forEach": {
            "of": "person", "where": MEETS_STUDENTS, "value": "person", "one_of": "background_check", "by": "person",
            "is": _with(result={"const": "clear"}, cleared_on=PAST, ends_on={"notBefore": DAY_TEXT}),
        }
    },
    "SAFE-002": _one(
        "insurance", _with(line={"const": "general_liability"}, per_occurrence={"atLeast": MINIMUM}), COVERS
    ),
    "SAFE-003": {
        "forEach": {
            "of": "service", "where": _with(on_site={"const": True}), "value": "sites", "one_of": "facility_access",
            "by": "site", "is": {"allOf": [_with(paperwork=SAID), COVERS]},
        }
    },
    "SAFE-004": {
        "forEach": {
            "of": "partner", "where": True, "value": "licences_required", "one_of": "licence", "by": "licence_type",
            "is": {"allOf": [_with(identifier=SAID), COVERS]},
        }
    },
    "AGR-001": _one("agreement", COVERS, _with(form=SAID, signed_by_district_on=PAST, signed_by_partner_on=PAST)),
    "AGR-002": _one("agreement", COVERS, _with(district_contact=_with(name=SAID))),
    "AGR-003": _one("agreement", COVERS, _with(partner_contact=_with(name=SAID, contact=SAID))),
    "AGR-004": _one(
        "agreement",
        COVERS,
        _with(time_and_space=_with(schedule=SAID, space=SAID, accepted_by=_both("district", "partner"))),
    ),
    "AGR-005": _one(
        "agreement", COVERS, _with(milestones={**SOME, "items": _with(district_goals=SOME, partner_goals=SOME)})
    ),
    "AGR-006": _one(
        "data_sharing_agreement",
        COVERS,
        _with(
            purpose=SAID, basis=SAID, confidentiality=SAID, caseload_system=SAID,
            elements={"items": _with(kept_in=SAID)},
        ),
    ),
    "AGR-007": _one("agreement", COVERS, _with(transition=_with(who=SAID, when=SAID, what=SAID))),
    "AGR-008": {
        "forEach": {
            "of": "person", "where": MEETS_STUDENTS, "value": "person", "one_of": "agreement", "by": "trained_people",
            "is": COVERS,
        }
    },
    "LIA-001": {
        "allOf": [
            _one("liaison", _with(side={"const": side}, name=SAID, contact=SAID), COVERS)
            for side in ("district", "partner")
        ]
    },
    "TRN-001": {
        "allOf": [
            {
                "forEach": {
                    "of": "person", "where": MEETS_STUDENTS, "value": "person", "one_of": "training", "by": "person",
                    "is": _with(
                        topic={"const": topic}, high_quality={"const": True},
                        completed_on={"notBefore": str(TRAINED_SINCE), "notAfter": DAY_TEXT},
                    ),
                }
            }
            for topic in TOPICS
        ]
    },
    "ORI-001": _one("orientation", _with(partner_attended={"const": True}, led_by=SAID, held_on=PAST)),
    "ORI-002": _one(
        "expectations_meeting", _with(sides=TWO_SIDES, accepted_by=TWO_SIDES, topics=_both(*MET_ON), held_on=PAST)
    ),
    "AMD-001": {
        "forEach": {
            "of": "last_amended", "where": True, "value": None, "one_of": "amendment", "by": None,
            "is": _with(what=SAID, requested_by=SAID, entry=_with(version={"type": "integer"})),
        }
    },
    "AUTH-001": _with(by=_with(roles={"contains": {"enum": sorted(MAY_AMEND)}})),
}  # fmt: skip


def _not_after(_: Any, day: str, instance: object, __: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and instance > day:
        yield ValidationError(f"{instance} is after {day}")


def _not_before(_: Any, day: str, instance: object, __: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and instance < day:
        yield ValidationError(f"{instance} is before {day}")


def _at_least(_: Any, minimum: int, instance: object, __: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and amount(instance) < minimum:
        yield ValidationError(f"{instance} is below {minimum}")


def _for_each(validator: Any, says: Schema, instance: Any, _: Any) -> Iterator[ValidationError]:
    """Require, for each value of a list, one record with that value that matches the schema."""
    given = instance.get(says["of"], [])
    for one in given if isinstance(given, list) else [given]:
        if not validator.evolve(schema=says["where"]).is_valid(one):
            continue
        for value in _values(one, says["value"]):
            asked_for = validator.evolve(schema=says["is"])
            if not any(
                _same(record, says["by"], value) and asked_for.is_valid(record)
                for record in instance.get(says["one_of"], [])
            ):
                yield ValidationError(f"{value} has no {says['one_of']}")


def _values(one: Any, field: str | None) -> list[Any]:
    value = one if field is None else one.get(field)
    return value if isinstance(value, list) else [value]


def _same(record: dict[str, Any], by: str | None, value: Any) -> bool:
    if by is None:
        return bool(record.get("entry", {}).get("version", -1) >= value)
    said = record.get(by)
    return value in said if isinstance(said, list) else said in (value, "*")


_KEYWORDS = {"notAfter": _not_after, "notBefore": _not_before, "atLeast": _at_least, "forEach": _for_each}
_VALIDATOR = extend(Draft202012Validator, _KEYWORDS)({"allOf": [RULES[code] for code in CODES]})


def failing(mapping: Mapping[str, Any]) -> set[str]:
    return {CODES[error.absolute_schema_path[1]] for error in _VALIDATOR.iter_errors(asked(mapping))}
