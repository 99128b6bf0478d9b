"""The rules with no database: check, policies, explain, diagram."""

from __future__ import annotations

import json
import re
from typing import Any, TypeAlias

import pytest

from partnerflow.lifecycle import DEFAULT, graphviz, mermaid
from partnerflow.policies import load_pack

Shell: TypeAlias = Any
CLEAN = {"partner": {"name": "Riverbend"}, "partnership": {"state": "intake"}}
BLOCKED = {"partner": {"name": "Riverbend"}, "partnership": {"state": "active"}}


@pytest.fixture
def files(shell: Shell) -> Shell:
    shell.write("clean.json", json.dumps(CLEAN))
    shell.write("blocked.json", json.dumps(BLOCKED))
    shell.write("broken.json", '{"partner": ')
    shell.write(
        "faulty.json", json.dumps({"partner": {}, "records": [{"kind": "insurence"}, {"kind": "scope", "sites": 5}]})
    )
    return shell


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (["clean"], 0),
        (["blocked"], 1),
        (["broken"], 2),
        (["faulty"], 2),
        (["absent"], 2),
        (["clean", "clean"], 0),
        (["clean", "blocked"], 1),
        (["blocked", "broken", "clean"], 2),
    ],
)
def test_the_exit_code_is_that_of_the_worst_file(files: Shell, names: list[str], code: int) -> None:
    said = files("check", *(f"{name}.json" for name in names))
    assert said.code == code
    assert json.loads(files("check", *(f"{name}.json" for name in names), "--format", "json").out)["exit_code"] == code


def test_every_file_is_reported_whatever_becomes_of_the_others(files: Shell) -> None:
    said = files("check", "broken.json", "blocked.json", "faulty.json", "clean.json", "--on", "2026-09-01")
    assert "error: broken.json: is not JSON: Expecting value, at line 1, column 13" in said.err
    assert "error: faulty.json: 4 fault(s)" in said.err
    assert "blocked.json:\nRiverbend on 2026-09-01 (active), by pack default@1" in said.out
    clean = said.out.partition("clean.json:\n")[2]
    assert clean.startswith("Riverbend on 2026-09-01 (intake)")
    assert clean.splitlines()[1] == "  everything holds"


def test_every_fault_of_a_file_is_listed_with_its_pointer(files: Shell) -> None:
    said = files("check", "faulty.json")
    for fault in (
        "/partner/name: is required",
        "/partnership: is required",
        "/records/0/kind: 'insurence' is no kind of record; did you mean 'insurance'?",
        "/records/1/sites: 5 is not a list",
    ):
        assert f"  {fault}\n" in said.err


def test_json_is_one_document_that_says_of_each_file_what_came_of_it(files: Shell) -> None:
    said = files("check", "blocked.json", "faulty.json", "--format", "json", "--on", "2026-09-01")
    data = json.loads(said.out)
    assert (said.err, data["schema"], data["exit_code"]) == ("", "partnerflow.check/1", 2)
    blocked, faulty = data["files"]
    assert (blocked["file"], blocked["exit_code"], blocked["report"]["on"]) == ("blocked.json", 1, "2026-09-01")
    assert "SAFE-002" in blocked["report"]["blocking"]
    assert (faulty["error"]["type"], len(faulty["error"]["faults"])) == ("InvalidRecord", 4)


def test_a_trigger_asks_what_stands_in_its_way(files: Shell) -> None:
    said = files("check", "clean.json", "--trigger", "begin_vetting", "--on", "2026-09-01")
    assert said.code == 1
    assert "REG-001 missing" in said.out
    assert "not asked, because nobody was named who asks: LIA-005, AUTH-001" in said.out
    said = files("check", "clean.json", "--trigger", "begin_vetting", "--by", "x", "--role", "nobody")
    assert "AUTH-001 failed" in said.out


def test_a_trigger_that_is_not_legal_says_which_are(files: Shell) -> None:
    said = files("check", "clean.json", "--trigger", "activate")
    assert said.code == 2
    assert "cannot be asked in intake; what can is: begin_vetting, decline, withdraw" in said.err


def test_standard_input_is_a_file_too(files: Shell) -> None:
    said = files("check", "-", given=json.dumps(BLOCKED))
    assert said.code == 1
    assert "Riverbend on" in said.out
    assert "error: standard input: is not JSON" in files("check", "-", given="{").err


def test_no_database_is_touched(files: Shell) -> None:
    before = files.files()
    files("check", "blocked.json")
    for command in ("policies", "diagram"):
        files.does(command)
    files.does("explain", "SAFE-001")
    assert files.files() == before


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[" * 100_000, "is nested too deeply"),
        ('{"a": 1, "a": 2}', "'a' is there twice in one object"),
        ('{"a": NaN}', "NaN is no number"),
        (b"\xff\xff", "is not text: save it as UTF-8"),
        ("[]", "is not an object with partner, partnership and records"),
        ("", "is not JSON"),
    ],
)
def test_json_that_cannot_be_meant_is_not_guessed_at(shell: Shell, text: str | bytes, why: str) -> None:
    shell.write("odd.json", text)
    said = shell("check", "odd.json")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("error: odd.json: ")
    assert why in said.err


# --- the policies ----------------------------------------------------------------------------------------------------


def test_policies_lists_each_with_where_it_is_asked_and_its_clauses(shell: Shell) -> None:
    said = shell.does("policies")
    pack = load_pack("default")
    for rule in pack:
        (line,) = [line for line in said.splitlines() if line.startswith(rule.policy.code)]
        assert rule.policy.title in line
        assert all(clause in line for clause in rule.policy.cites)
    assert re.search(r"DUP-001 .*  before approve, activate +blocking  CS2-1.S1d, EAF-4.4.c2", said)
    assert re.search(r"SAFE-002 .*  in active, improvement_plan +blocking  SPPS-V.4b.2", said)
    assert f"{len(pack.rules)} policies of pack default@1" in said


@pytest.mark.parametrize("code", [rule.policy.code for rule in load_pack("default")])
def test_explain_shows_the_card_and_what_its_examples_come_to(shell: Shell, code: str) -> None:
    policy = load_pack("default")[code].policy
    said = shell.does("explain", code.lower())
    assert said.startswith(f"{code}  {policy.title}\n")
    for paragraph in policy.doc.split("\n\n"):
        assert f"\n  {' '.join(paragraph.split()).replace('`', '')}\n" in said
    assert all(clause in said for clause in policy.cites)
    assert "{" not in re.sub(r'\{"[^\n]*', "", said)
    outcomes = {"passing": "passed", "failing": "failed", "missing": "missing"}
    assert re.findall(r"example, (\w+) on 2026-09-01:", said) == [outcomes[name] for name in policy.examples]


def test_explain_shows_parameters_as_they_are_on_the_day(shell: Shell) -> None:
    shell.write(
        "ours.toml",
        '[pack]\nname = "ours"\nversion = "2"\n'
        '[[set]]\ncode = "SAFE-002"\nminimum = "2000000 USD"\nfrom = 2027-07-01\n',
    )
    words = ["explain", "SAFE-002", "--pack", "ours.toml", "--on"]
    before, after = shell.does(*words, "2027-06-30"), shell.does(*words, "2027-07-01")
    assert re.search(r"^  parameter +minimum = 1000000 USD$", before, re.MULTILINE)
    assert re.search(r"^  later +minimum = 2000000 USD, from 2027-07-01$", before, re.MULTILINE)
    assert re.search(r"parameter +minimum = 2000000 USD\n", after)
    assert "at least 2000000 USD" in after
    assert "later" not in after


def test_explain_shows_all_that_is_set_with_for_whom_and_where_it_comes_from(shell: Shell) -> None:
    shell.write(
        "ours.toml",
        '[pack]\nname = "ours"\nversion = "2"\nextends = "default"\n'
        '[[set]]\ncode = "MUT-001"\nseverity = "advisory"\ncites = "Board policy 7"\n'
        '[[set]]\ncode = "MUT-001"\nsubjects = ["vision"]\nfor = { scope = "school" }\nfrom = 2027-01-01\n',
    )
    said = shell.does("explain", "MUT-001", "--pack", "ours.toml", "--on", "2026-09-01").splitlines()
    assert [line.split(maxsplit=1) for line in said if line.startswith(("  set", "  later"))] == [
        ["set", "not asked, where kind is short_term_collaboration (TK-4)"],
        ["set", "advisory (Board policy 7)"],
        ["later", "subjects = vision, where scope is school, from 2027-01-01"],
    ]


def test_explain_says_why_in_paragraphs_without_markup(shell: Shell) -> None:
    said = shell.does("explain", "SURV-001")
    assert (
        "\n  Once a year the partner says how it went. A school year ends on day of month.\n"
        "\n  A form does until the next one is due, grace_days after the next year ended; "
        "so does having begun since.\n\n"
    ) in said


def test_explain_says_for_how_long_it_can_be_waived(shell: Shell) -> None:
    assert "waivable    never" in shell.does("explain", "SAFE-001")
    assert "for at most 365 days" in shell.does("explain", "SAFE-002")


def test_explain_suggests_the_nearest_code(shell: Shell) -> None:
    said = shell("explain", "SAFE-02")
    assert (said.code, said.out) == (2, "")
    assert "has no policy 'SAFE-02'; did you mean SAFE-002" in said.err
    assert "partnerflow policies lists them" in shell("explain", "zzz").err


def test_diagram_is_the_table_as_text(shell: Shell) -> None:
    assert shell.does("diagram") == mermaid(DEFAULT)
    assert shell.does("diagram", "--format", "graphviz") == graphviz(DEFAULT)
