"""`check --format`: the same judgement for five kinds of readers, and the schemas of what goes in and comes out."""

from __future__ import annotations

import json
from typing import Any, TypeAlias

import pytest
from jsonschema import Draft202012Validator
from junitparser import JUnitXml

from partnerflow.cli.check import FORMATS
from partnerflow.policies.schemas import SCHEMAS

Shell: TypeAlias = Any
ON = ("--on", "2026-09-01")
CODES = {"clean": 0, "blocked": 1, "broken": 2, "faulty": 2, "absent": 2}


@pytest.fixture
def files(shell: Shell) -> Shell:
    clean = {"partner": {"name": "Riverbend"}, "partnership": {"state": "intake"}}
    shell.write("clean.json", json.dumps(clean))
    shell.write("blocked.json", json.dumps({**clean, "partnership": {"state": "active"}}))
    shell.write("broken.json", '{"partner": ')
    shell.write("faulty.json", json.dumps({**clean, "partner": {}, "records": [{"kind": "insurence"}]}))
    return shell


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    "names", [["clean"], ["blocked"], ["broken"], ["faulty"], ["absent"], ["blocked", "faulty", "blocked"]]
)
def test_the_exit_code_is_the_same_in_every_format(files: Shell, form: str, names: list[str]) -> None:
    said = files("check", *(f"{name}.json" for name in names), "--format", form, *ON)
    assert said.code == max(CODES[name] for name in names)
    if form != "text":
        assert said.err == ""


@pytest.mark.parametrize(("own", "option", "outcome"), [
    (None, (), "passed"), ("America/Los_Angeles", (), "failed"), (None, ("--tz", "America/Los_Angeles"), "failed"),
    ("America/Los_Angeles", ("--tz", "Asia/Tokyo"), "passed"),
])  # fmt: skip
def test_a_file_is_judged_by_the_days_of_its_zone(files: Shell, own: str | None, option: Any, outcome: str) -> None:
    move = {"trigger": "adopt", "source": None, "target": "active", "at": "2026-09-02T03:00:00+00:00"}
    file = {"partner": {"name": "R"}, "partnership": {"state": "active"}, "moves": [move], "tz": own}
    files.write("moves.json", json.dumps(file))
    said = files(*option, "check", "moves.json", "--on", "2027-09-02", "--format", "json")
    found = json.loads(said.out)["files"][0]["report"]["findings"]
    assert {each["code"]: each["outcome"] for each in found}["REN-001"] == outcome


def test_jsonl_is_a_line_for_each_file(files: Shell) -> None:
    said = files("check", "blocked.json", "faulty.json", "broken.json", "--format", "jsonl", *ON)
    lines = [json.loads(line) for line in said.out.splitlines()]
    assert [(line["file"], line["exit_code"]) for line in lines] == [
        ("blocked.json", 1),
        ("faulty.json", 2),
        ("broken.json", 2),
    ]
    assert lines[0]["report"]["blocking"]
    assert [fault["path"] for fault in lines[1]["error"]["faults"]] == ["/partner/name", "/records/0/kind"]
    assert lines[2]["error"]["type"] == "Unreadable"
    whole = json.loads(files("check", "blocked.json", "faulty.json", "broken.json", "--format", "json", *ON).out)
    assert whole["files"] == lines


def test_junit_is_a_suite_for_each_file(files: Shell) -> None:
    said = files("check", "blocked.json", "broken.json", "--format", "junit", *ON)
    report = json.loads(files("check", "blocked.json", "--format", "json", *ON).out)["files"][0]["report"]
    blocked, broken = JUnitXml.fromstring(said.out.encode())
    assert (blocked.name, blocked.failures) == ("blocked.json", len(report["blocking"]))
    assert (broken.name, broken.errors) == ("broken.json", 1)


def test_html_is_one_page(files: Shell) -> None:
    said = files("check", "blocked.json", "broken.json", "--format", "html", *ON)
    assert said.out.startswith("<!DOCTYPE html>\n")
    assert said.out.count("<article ") == 2
    assert "broken.json: is not JSON" in said.out


def test_a_language_is_known_before_any_file_is_read(files: Shell) -> None:
    said = files("check", "absent.json", "--language", "tlh", "--format", "html")
    assert (said.code, said.out) == (2, "")
    assert "has no catalogue" in said.err
    assert '<html lang="es">' in files("check", "blocked.json", "--language", "es", "--format", "html", *ON).out


# --- the schemas -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_printed_as_it_is(shell: Shell, name: str) -> None:
    assert json.loads(shell.does("schema", name)) == SCHEMAS[name]()


def test_a_schema_that_there_is_none_of_is_an_error(shell: Shell) -> None:
    said = shell("schema", "partner")
    assert (said.code, said.out) == (2, "")
    assert "'dossier', 'report'" in said.err


def test_what_is_printed_is_as_the_schema_that_is_printed(files: Shell) -> None:
    report = json.loads(files("check", "blocked.json", "--format", "json", *ON).out)["files"][0]["report"]
    Draft202012Validator(json.loads(files.does("schema", "report"))).validate(report)
    dossier = Draft202012Validator(json.loads(files.does("schema", "dossier")))
    for name in ("clean", "blocked", "faulty"):
        written = json.loads((files.folder / f"{name}.json").read_text())
        assert dossier.is_valid(written) is (CODES[name] < 2)
