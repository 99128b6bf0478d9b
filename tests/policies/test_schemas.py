"""The schemas say of a file what the reader says of it, and every report is as its schema says."""

from __future__ import annotations

import json
from calendar import monthrange
from collections.abc import Iterable, Iterator
from copy import deepcopy
from datetime import UTC, date, datetime
from enum import Enum
from itertools import chain
from typing import Any, Literal, get_args, get_type_hints
from uuid import UUID, uuid4

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from partnerflow.dossier import Dossier
from partnerflow.errors import InvalidRecord
from partnerflow.lifecycle import DEFAULT, State
from partnerflow.policies import Policy, load_pack
from partnerflow.policies.schemas import SCHEMAS, dossier_schema, report_schema
from partnerflow.policies.shipped import POLICIES
from partnerflow.records import Document, Money, Record, record
from partnerflow.records.registry import KINDS, fields_of, kinds
from partnerflow.testing import EXAMPLE_DAY, actors, days, dossiers, example_dossier, records

SOUND: set[tuple[int, str]] = set()
"""Items of lists in which the schema has found no fault, as JSON, each with the part of the schema that it was for."""


def each_item_once(validator: Any, items: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """Do as the keyword `items` does, but check only once what is in many files: a record is checked by 90 kinds."""
    assert "prefixItems" not in schema
    for place, item in enumerate(instance if validator.is_type(instance, "array") else ()):
        key = (id(items), json.dumps(item, sort_keys=True))
        if key in SOUND:
            continue
        errors = list(validator.descend(item, items, path=place))
        if not errors:
            SOUND.add(key)
        yield from errors


Validator: Any = extend(Draft202012Validator, {"items": each_item_once})
DOSSIER, REPORT = Validator(dossier_schema()), Validator(report_schema())
PACK = load_pack("default")
EXAMPLES = [(one, shown) for one in POLICIES for shown in one.examples]
BARE: dict[str, Any] = {"partner": {"name": "Riverbend"}, "partnership": {"state": "active"}}
NOT_OF_SHAPE = ("is the id of ", "retracts ", "the shares make ", "shares in ", "is no time zone ")
"""How the reader begins to say what no schema can."""


def plain(value: Any) -> Any:
    return json.loads(json.dumps(value))


def refused(mapping: Any) -> list[str]:
    """Say why the reader refuses the shape of a file; nothing where it takes it."""
    try:
        Dossier.from_mapping(mapping)
    except InvalidRecord as error:
        return [
            f"{fault.path}: {fault.message}" for fault in error.faults if not fault.message.startswith(NOT_OF_SHAPE)
        ]
    return []


def told(validator: Any, data: Any) -> list[str]:
    return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(data)]


@pytest.mark.parametrize("tz", ["UTC", "America/Chicago", None, "Mars/Olympus", 7, ["UTC"]])
def test_a_time_zone_is_a_text_to_the_schema_and_one_of_this_machines_to_the_reader(tz: object) -> None:
    assert bool(refused({**BARE, "tz": tz})) is bool(told(DOSSIER, {**BARE, "tz": tz}))


def with_record(kind: str, **fields: Any) -> dict[str, Any]:
    return {**BARE, "records": [{"kind": kind, **fields}]}


# --- dossiers --------------------------------------------------------------------------------------------------------


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(dossier_schema())
    assert DOSSIER.schema["$id"] == "urn:partnerflow:schema:dossier:1"
    assert dossier_schema() == dossier_schema()
    json.dumps(dossier_schema())


@pytest.mark.parametrize(("one", "shown"), EXAMPLES, ids=lambda of: of.code if isinstance(of, Policy) else of)
def test_the_example_of_every_card_is_as_the_schema_says(one: Policy, shown: str) -> None:
    assert told(DOSSIER, plain(one.example(shown).mapping)) == []


@pytest.mark.parametrize("state", list(State))
def test_the_example_dossier_is_as_the_schema_says(state: State) -> None:
    for trigger in (None, *DEFAULT.legal(state)):
        assert told(DOSSIER, plain(example_dossier(state, trigger=trigger).to_mapping())) == []


@settings(max_examples=20)
@given(dossiers())
def test_whatever_is_written_is_as_the_schema_says(dossier: Dossier) -> None:
    assert told(DOSSIER, plain(dossier.to_mapping())) == []


@settings(max_examples=20)
@given(records().filter(lambda one: one.kind_info.name not in ("partner", "retraction")))
def test_a_record_of_any_kind_is_as_the_schema_says(one: Record) -> None:
    written = example_dossier(records=[one]).to_mapping()
    assert told(DOSSIER, plain(written)) == []


VALUES: list[Any] = [
    None,
    True,
    False,
    1,
    -5,
    2.5,
    "",
    "x",
    "partner",
    "2026-09-01",
    "2026-09-01T08:00:00Z",
    "5 USD",
    [],
    ["x", "y"],
    [1],
    [None],
    {},
    {"x": "y"},
    [{}],
]
WRITTEN: dict[str, list[str]] = {
    "day": [
        "no_end",
        "2024-02-29",
        "2026-02-29",
        "1900-02-29",
        "2000-02-29",
        "2026-13-01",
        "0000-01-01",
        "0001-01-01",
        "2026-9-1",
        "20260901",
        "2026-W36-2",
        "9999-12-31",
        "NO_END",
        " 2026-09-01",
        "2026-09-01T00:00:00Z",
    ],
    "moment": [
        "2026-09-01T08:00:00+00:00",
        "2026-09-01T08:00Z",
        "2026-09-01T08:00:00.123456789Z",
        "2026-09-01T08:00:00",
        "2026-09-01T25:00:00Z",
        "2026-02-30T08:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:00:00-05:00",
        "2026-09-01",
        "2026-09-01T08:00:00+24:00",
        "2026-09-01T08:00:00-23:59",
        "no_end",
    ],
    "amount": [
        "5 USD",
        "5.5 USD",
        "5.500 USD",
        "5.555 USD",
        "5.555 KWD",
        "5.5550 KWD",
        "5.5555 KWD",
        "5.0 JPY",
        "5.5 JPY",
        "5.5555 CLF",
        "5.55550 CLF",
        "5.55555 CLF",
        "5.555 CLF",
        "5.5 CLF",
        "-5 USD",
        "5 usd",
        "5USD",
        "1,000 USD",
        "five USD",
        "5. USD",
        "5 USDX",
    ],
    "id": [
        "0198f000-0000-7000-8000-000000000100",
        "0198F000-0000-7000-8000-00000000010A",
        "0198f000-0000-7000-8000-0000000001",
        "x",
    ],
}
"""Texts that are, or nearly are, what a field that is written as text may hold."""
ANY = [*VALUES, *chain.from_iterable(WRITTEN.values())]


def places(data: Any) -> Iterator[tuple[Any, Any]]:
    """Return every container of a file with each of its keys."""
    for key, value in [*(data.items() if isinstance(data, dict) else enumerate(data))]:
        yield data, key
        if isinstance(value, (dict, list)):
            yield from places(value)


@st.composite
def changed(draw: st.DrawFn) -> Any:
    """Return a file in which something was replaced, taken out or added, whatever that does to it."""
    mapping = plain(draw(dossiers()).to_mapping())
    for _ in range(draw(st.integers(1, 3))):
        holder, key = draw(st.sampled_from([*places(mapping)] or [(mapping, "partner")]))
        how = draw(st.sampled_from(["put", "put", "put", "take", "add"]))
        if how == "take" and isinstance(holder, dict):
            del holder[key]
        elif how == "add" and isinstance(holder, dict):
            holder[draw(st.sampled_from(["kind", "entry", "extra", "name", "x", "since"]))] = draw(st.sampled_from(ANY))
        else:
            holder[key] = deepcopy(draw(st.sampled_from(ANY)))
    return mapping


def disagreement(errors: Iterable[ValidationError], why: list[str]) -> Any:
    """Say where schema and reader disagree; that the schema is narrower in two places is no disagreement."""
    found = list(errors)
    if why:
        return None if found else why
    twice = [error for error in found if error.validator != "uniqueItems"]
    return [error.message for error in twice if not (error.validator == "enum" and error.instance in (True, False))]


@settings(max_examples=30)
@given(changed())
def test_the_schema_refuses_what_the_reader_refuses_and_nothing_else(mapping: Any) -> None:
    assert not disagreement(DOSSIER.iter_errors(mapping), refused(mapping))


def required(cls: type[Record]) -> dict[str, Any]:
    """Return the least that a record of a kind must say."""
    hints = get_type_hints(cls)
    values: dict[Any, Any] = {str: "x", bool: True, int: 1, date: "2026-09-01", tuple[UUID, ...]: []}
    needed = [field.name for field in fields_of(cls) if field.default is attrs.NOTHING]
    return {name: values[hints[name]] if hints[name] in values else get_args(hints[name])[0] for name in needed}


@pytest.mark.parametrize("kind", sorted(set(kinds()) - {"partner", "retraction", "redaction"}))
def test_of_every_field_schema_and_reader_say_the_same(kind: str) -> None:
    least = required(kinds()[kind])
    mapping = with_record(kind, **least)
    assert refused(mapping) == told(DOSSIER, mapping) == []
    schema = {"$ref": f"#/$defs/record.{kind}", "$defs": DOSSIER.schema["$defs"]}
    of_kind = Draft202012Validator(schema)
    for field in fields_of(kinds()[kind]):
        for value in VALUES:
            mapping = with_record(kind, **(least | {field.name: value}))
            found = disagreement(of_kind.iter_errors(mapping["records"][0]), refused(mapping))
            assert not found, (field.name, value, found)


@pytest.mark.parametrize(("what", "text"), [(what, text) for what in WRITTEN for text in WRITTEN[what]])
def test_of_what_is_written_as_text_schema_and_reader_say_the_same(what: str, text: str) -> None:
    mapping: dict[str, Any] = {
        "day": {**BARE, "partnership": {"state": "active", "since": text}},
        "moment": with_record("scope", entry={"filed_at": text}),
        "amount": with_record("insurance", line="x", aggregate=text),
        "id": {**BARE, "partnership": {"state": "active", "id": text}},
    }[what]
    assert DOSSIER.is_valid(mapping) is not bool(refused(mapping))


def test_the_pattern_of_a_day_knows_how_long_each_month_is() -> None:
    pattern = Draft202012Validator(DOSSIER.schema["$defs"]["value.day"])
    for year in (1, 4, 100, 400, 1900, 2000, 2023, 2024, 9999):
        texts = [f"{year:04}-{month:02}-{day:02}" for month in range(14) for day in range(33)]
        real = {
            str(date(year, month, day)) for month in range(1, 13) for day in range(1, monthrange(year, month)[1] + 1)
        }
        assert {text for text in texts if pattern.is_valid(text)} == real


@pytest.mark.parametrize(
    ("mapping", "ok"),
    [
        ({}, False),
        ([], False),
        (BARE, True),
        ({**BARE, "records": None, "moves": None, "neighbours": None}, True),
        ({**BARE, "record": []}, False),
        ({**BARE, "partner": {"name": ""}}, False),
        ({**BARE, "partner": {"name": "x", "kind": "civic", "whatever": {"x": 1}}}, True),
        ({**BARE, "partnership": {"state": "active", "whatever": 1}}, False),
        (with_record("insurence"), False),
        (with_record("insurence", entry={"filed_at": "2026-09-01T08:00:00Z"}), False),
        (with_record("insurence", entry={"id": None}), False),
        (with_record("insurence", entry={"id": str(uuid4())}, whatever=[1]), True),
        (with_record("partner", name="x"), False),
        (with_record("partner", entry={"redacted": "0" * 64}), True),
        (with_record("insurance", entry={"redacted": "0" * 64}), True),
        (with_record("insurance", entry={"redacted": None}), False),
        (with_record("insurance", entry={"redacted": 7}), False),
        (with_record("scope", entry=None), False),
        (with_record("scope", entry={"whatever": 1}), False),
        (with_record("scope", whatever={"kept": [True, None]}), True),
        (with_record("agreement", milestones=[{"milestone": "x", "whatever": 1}]), False),
        ({**BARE, "records": [{}]}, False),
        ({**BARE, "records": [7]}, False),
        ({**BARE, "records": {}}, False),
        ({**BARE, "moves": [{"trigger": "propose", "source": None, "target": "intake"}]}, True),
        ({**BARE, "moves": [{"trigger": "propose", "target": "intake"}]}, False),
        ({**BARE, "neighbours": [{"partnership_id": "1", "partner": "x", "service": {"service": "y", "z": 1}}]}, True),
        ({**BARE, "neighbours": [{"partnership_id": "1", "partner": "x", "service": {}}]}, False),
    ],
)
def test_schema_and_reader_agree_on_the_parts_of_a_file(mapping: Any, *, ok: bool) -> None:
    assert (not refused(mapping)) is ok
    assert DOSSIER.is_valid(mapping) is ok


@pytest.mark.parametrize(
    "narrower",
    [
        with_record("scope", sites=["north", "north"]),
        with_record("insurance", line="x", per_occurrence=" 5 USD "),
        with_record("scope", entry={"id": "0198f000000070008000000000000100"}),
        with_record("scope", entry={"filed_at": "20260901T080000+0000"}),
    ],
)
def test_where_something_is_written_in_several_ways_the_schema_knows_the_usual_one(narrower: dict[str, Any]) -> None:
    assert refused(narrower) == []
    assert not DOSSIER.is_valid(narrower)


def test_an_error_points_at_the_field() -> None:
    (error,) = DOSSIER.iter_errors(with_record("insurance", line=5))
    assert error.json_path == "$.records[0].line"
    (error,) = DOSSIER.iter_errors(with_record("agreement", milestones=[{"milestone": "x", "odd": 1}]))
    assert error.json_path == "$.records[0].milestones[0]"


def test_fields_carry_what_the_code_says_of_them() -> None:
    defs = dossier_schema()["$defs"]
    assert defs["record.insurance"]["description"] == "A certificate of insurance for one line of cover."
    assert defs["record.insurance"]["properties"]["line"]["description"].startswith("Such as ")
    assert defs["Filed"]["properties"]["filed_at"]["description"].startswith("When it was received")


# --- reports ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("one", "shown"), EXAMPLES, ids=lambda of: of.code if isinstance(of, Policy) else of)
def test_the_report_on_the_example_of_every_card_is_as_the_schema_says(one: Policy, shown: str) -> None:
    report = PACK.check(one.example(shown).mapping, on=EXAMPLE_DAY)
    assert told(REPORT, json.loads(report.to_json())) == []


@settings(max_examples=20)
@given(dossiers(), days(), st.data())
def test_whatever_a_pack_says_is_as_the_schema_says(dossier: Dossier, on: date, data: st.DataObject) -> None:
    legal = [None, *DEFAULT.legal(dossier.partnership.state)]
    report = PACK.check(dossier, on=on, trigger=data.draw(st.sampled_from(legal)), by=data.draw(st.none() | actors()))
    assert told(REPORT, json.loads(report.to_json())) == []


def test_the_schema_of_a_report_lets_it_grow_and_holds_it_to_what_it_has() -> None:
    Draft202012Validator.check_schema(report_schema())
    data = PACK.check(BARE, on=EXAMPLE_DAY).to_data()
    assert data["findings"][0]["problems"]
    grown = data | {"new": 1, "findings": [one | {"new": 1} for one in data["findings"]]}
    grown["pack"] = data["pack"] | {"new": 1}
    assert told(REPORT, grown) == []
    assert data.keys() | {"also_on", "unconfirmed"} == report_schema()["properties"].keys(), (
        "the schema tells of everything that is said"
    )
    said: set[str] = set().union(*(one.keys() for one in data["findings"])) | {"until"}
    assert said == report_schema()["$defs"]["finding"]["properties"].keys()
    for name in data:
        assert not REPORT.is_valid({key: value for key, value in data.items() if key != name}), name
    for name in said - {"until"}:
        lacking = [{key: value for key, value in one.items() if key != name} for one in data["findings"]]
        assert not REPORT.is_valid(data | {"findings": lacking}), name


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_schema_has_a_name(name: str) -> None:
    schema = SCHEMAS[name]()
    assert (schema["$schema"], schema["$id"]) == (
        "https://json-schema.org/draft/2020-12/schema",
        f"urn:partnerflow:schema:{name}:1",
    )


# --- kinds of a host ------------------------------------------------------------------------------------------------


class Colour(Enum):
    RED = "red"


@attrs.frozen(kw_only=True)
class Score:
    """A nested class that has the name of one of ours."""

    points: int
    note: str | None = attrs.field(default=None, validator=attrs.validators.optional(attrs.validators.max_len(5)))


@pytest.fixture
def bus_pass() -> Iterator[type[Record]]:
    @record("bus/pass", about="partnership", key=("number",))
    class BusPass(Record):
        """Leave to ride."""

        number: str = attrs.field(validator=[attrs.validators.min_len(2), attrs.validators.max_len(4)])
        scores: dict[str, Score] | None = attrs.field(default=None, hash=False)
        fare: Money | None = None
        zones: frozenset[Literal[1, 2]] | None = None
        papers: tuple[Document, ...] = ()
        colour: Colour | None = None
        anything: Any = None
        since: datetime | None = None

    yield BusPass
    del KINDS["bus/pass"]


def test_a_kind_that_a_host_registered_is_in_the_schema(bus_pass: type[Record]) -> None:
    schema = dossier_schema()
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    assert "record.bus/pass" in schema["$defs"]
    sound: dict[str, Any] = {
        "number": "77",
        "scores": {"ride": {"points": 3, "note": "fine"}},
        "fare": "2.50 USD",
        "zones": [1, 2],
        "papers": [{"uri": "x:1", "sha256": "a" * 64}],
        "colour": "red",
        "anything": [{}],
        "since": str(datetime(2026, 9, 1, tzinfo=UTC).isoformat()),
    }
    assert told(validator, with_record("bus/pass", **sound)) == refused(with_record("bus/pass", **sound)) == []
    for wrong in (
        {"number": "7"},
        {"number": "77777"},
        {"scores": {"ride": {}}},
        {"scores": {"ride": {"points": 1, "evidence": ""}}},
        {"scores": {"ride": {"points": 1, "note": "too long"}}},
        {"fare": 3},
        {"zones": [3]},
        {"papers": [{"uri": "x:1", "sha256": "a"}]},
        {"papers": None},
        {"colour": "blue"},
        {"since": "2026-09-01"},
    ):
        mapping = with_record("bus/pass", **(sound | wrong))
        assert not validator.is_valid(mapping), wrong
        assert refused(mapping), wrong
