"""Bad input: each with a clear message on standard error, exit code 2 (1 for a refusal), and nothing written."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any, TypeAlias

import pytest

from partnerflow import Partnerflow, gate
from partnerflow.cli.settings import Settings
from partnerflow.testing.contract.fixtures import files_of, ids_of

Shell: TypeAlias = Any
NAIVE = "2026-09-01T08:00"
FILE = ["file", "communities", "--json"]
WAIVER = (
    '{"kind": "waiver", "policy": "SAFE-002", "reason": "r", "requested_by": "a.anderson", "expires_on": "2027-01-01"}'
)
READING = ["list"], ["show", "x"], ["why", "x"], ["options", "x"], ["history", "x"], ["sweep"], ["verify"]
ACTING = ["fire", "x", "renew"], ["file", "x", "--json", "{}"], ["retract", "x", "abcd", "--reason", "r"]


def everything(flow: Partnerflow) -> list[Any]:
    ids = ids_of(flow.store)
    return [
        list(files_of(flow.store).items()),
        [flow.history(each) for each in ids],
        [flow.attempts(each) for each in ids],
        list(flow.store.outgoing()),
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        # no such thing
        (["show", "0190b4f2-0000-7000-8000-000000000001"], "no partnership fits"),
        (["fire", "nobody", "renew"], "no partnership fits 'nobody'; there are:\n  "),
        (["why", "edfi:5"], "no partnership fits 'edfi:5'"),
        (["retract", "communities", "0000", "--reason", "r"], "no entries on this file end with '0000':\n  "),
        (["propose", "--of", "nobody"], "no partnership fits 'nobody'"),
        (["show", "communities", "--as-of", "2019-01-01T00:00Z"], "as of 2019-01-01"),
        # moments and days
        (["fire", "communities", "renew", "--at", NAIVE], "write 2026-09-01T08:00+00:00 for UTC"),
        (["sweep", "--at", NAIVE], "has no time zone"),
        (["why", "communities", "--at", "2026-09-01"], "has no time zone: write 2026-09-01T00:00+00:00"),
        (["show", "communities", "--as-of", "yesterday"], "is not a moment such as 2026-09-01T08:00+00:00"),
        (["sweep", "--at", "0001-01-01T00:00+14:00"], "does not exist in every time zone"),
        (["sweep", "--at", "2999-01-01T00:00Z"], "is in the future"),
        (["adopt", "A", "--state", "active", "--since", "1.9.2026", "--reason", "r"], "not a day such as 2026-09-01"),
        (["adopt", "A", "--state", "active", "--since", "2026-02-30", "--reason", "r"], "is not a day such as"),
        (["adopt", "A", "--state", "active", "--since", "20260901", "--reason", "r"], "is not a day such as"),
        (["adopt", "A", "--state", "active", "--since", "2999-01-01", "--reason", "r"], "error: since=2999-01-01: is "),
        # states, names and ids
        (["adopt", "A", "--state", "terminated", "--since", "2026-09-01", "--reason", "r"], "'terminated' is not"),
        (["adopt", " ", "--state", "active", "--since", "2026-09-01", "--reason", "r"], "the NAME is empty"),
        (["propose"], "give either the NAME of a new partner"),
        (["propose", "A", "--of", "communities"], "give either the NAME of a new partner"),
        (["propose", "A", "--id", "19255901"], "'19255901' is not written like edfi:19255901"),
        (["propose", "A", "--id", "edfi:19255901"], "edfi:19255901: is partner"),
        (["propose", "--succeeds", "communities"], "only an ended partnership can be succeeded"),
        (["--by", " ", "fire", "communities", "renew"], "is empty"),
        (["--tz", "Mars/Olympus", "list"], "is no time zone"),
        # records
        (["file", "communities"], "nothing to file: give --json or --from"),
        ([*FILE, '{"kind": "insurence"}'], "[1]#/kind: 'insurence' is no kind of record; did you mean 'insurance'?"),
        ([*FILE, '{"line": "x"}'], "--json[1]#/kind: is required"),
        ([*FILE, "7"], "--json[1]#/kind: is required"),
        ([*FILE, '{"kind": "person"}'], "--json[1]#/person: is required"),
        ([*FILE, '{"kind": "scope", "sites": "255901001"}'], "--json[1]#/sites: '255901001' is not a list"),
        ([*FILE, '{"kind": "orientation", "held_on": "31.12.2026"}'], "#/held_on: '31.12.2026' is not a day such"),
        ([*FILE, '{"kind": "partner", "name": "A"}'], 'the partner is written {"partner": {...}}'),
        ([*FILE, '{"partner": {"classification": "friend"}}'], "[1]#/partner/classification: 'friend' is not one of"),
        ([*FILE, '{"partner": 7}'], "--json[1]#/partner: is not an object"),
        ([*FILE, '{"kind": "retraction", "entry_id": "x", "reason": "r"}'], "entry_id: 'x' is not an id (UUID)"),
        ([*FILE, '{"kind": "site", "site": "1", "name": "A"}'], "a site is about the district"),
        (["file", "district", "--json", '{"kind": "need", "need": "x"}'], "a need is not about the district"),
        ([*FILE, '{"kind": "need", "need": "a\\u0000b"}'], "NUL character"),
        ([*FILE, '{"kind": "need", "need": "a\\ud800b"}'], "surrogate"),
        ([*FILE, "{"], "--json[1]: is not JSON"),
        (["file", "communities", "--from", "none.json"], "none.json: No such file or directory"),
        # packs
        (["--pack", "nobodys", "list"], "no pack nobodys (there are: community-schools, default, "),
        (["--pack", "none.toml", "list"], "none.toml: file: cannot be read"),
        # click's own
        (["fly"], "No such command 'fly'"),
        (["list", "--state", "asleep"], "'asleep' is not one of 'intake'"),
        (["check"], "Missing argument 'FILE...'"),
        (["fire", "communities"], "Missing argument 'TRIGGER'"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_says_why_and_writes_nothing(
    district: Shell, opened: Partnerflow, words: list[str], message: str
) -> None:
    before = everything(opened)
    said = district(*words)
    assert (said.code, said.out) == (2, "")
    assert message in said.err
    assert "Traceback" not in said.err
    assert everything(opened) == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["fire", "communities", "approve"], "approve cannot be asked in active. What can be asked: amend, renew, "),
        (["fire", "communities", "approve"], "open_improvement_plan, end, terminate_for_cause."),
        (["fire", "communities", "aprove"], "aprove cannot be asked in active. What can be asked: amend"),
        (["fire", "communities", "adopt"], "adopt cannot be asked in active."),
        (["fire", "communities", "renew"], "SAFE-004 failed"),
        (["fire", "communities", "amend"], "amend must carry: reason\n"),
        (["fire", "communities", "amend"], "AMD-001 missing"),
        (["fire", "communities", "renew", "--role", "visitor"], "AUTH-001 failed"),
    ],
)  # fmt: skip
def test_a_refused_step_is_explained_and_leaves_its_attempt_and_nothing_else(
    district: Shell, opened: Partnerflow, words: list[str], message: str
) -> None:
    (adopted,) = opened.find()
    before = everything(opened)
    said = district(*words)
    assert (said.code, said.out) == (1, "")
    assert message in said.err
    (attempt,) = opened.attempts(adopted.id)
    assert attempt.trigger == words[2]
    after = everything(opened)
    assert (after[0], after[1], after[3]) == (before[0], before[1], before[3])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([*FILE, '{"kind": "evaluation", "rating": "effective"}', "--role", "visitor"], "AUTH-002 failed"),
        ([*FILE, WAIVER], "AUTH-004 failed"),
        (["propose", "A", "--role", "visitor"], "AUTH-001 failed"),
    ],
)  # fmt: skip
def test_a_refused_filing_or_beginning_writes_nothing(
    district: Shell, opened: Partnerflow, words: list[str], message: str
) -> None:
    before = everything(opened)
    said = district(*words, "--by", "a.anderson")
    assert (said.code, said.out) == (1, "")
    assert message in said.err
    assert everything(opened) == before


def test_one_faulty_record_among_good_ones_keeps_all_of_them_out(district: Shell, opened: Partnerflow) -> None:
    before = everything(opened)
    district.write(
        "a.json", '[{"kind": "need", "need": "x"}, {"kind": "nedd"}, {"kind": "person", "direct_contact": 1}]'
    )
    said = district("file", "communities", "--from", "a.json", "--json", '{"kind": "goal"}')
    assert said.code == 2
    for fault in (
        "--json[1]#/kind: ",
        "a.json#/1/kind: ",
        "a.json#/2/person: is required",
        "a.json#/2/direct_contact: 1 is not true or false",
    ):
        assert f"\n  {fault}" in said.err
    assert everything(opened) == before


# --- packs -----------------------------------------------------------------------------------------------------------

HEAD = '[pack]\nname = "ours"\nversion = "1"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + '[[set]]\ncode = "SAFE-020"\n', "set[0].code: 'SAFE-020' is not known; did you mean 'SAFE-00"),
        (HEAD + 'policies = ["SAFE-2"]\n', "'SAFE-2' is not known"),
        (HEAD + '[[set]]\ncode = "SAFE-002"\nminimum = 5\n', "minimum"),
        (HEAD + '[[set]]\ncode = "VET-001"\nminimum = "two"\n', "'two' is not a whole number"),
        (HEAD + '[[set]]\ncode = "SAFE-002"\nmaximum = "5 USD"\n', "is not known; did you mean 'minimum'?"),
        (HEAD + '[[set]]\ncode = "SAFE-002"\nfrom = "2026-09-01"\nminimum = "5 USD"\n', "is not a day such as"),
        ("[pack\n", "TOML"),
        ("", "pack"),
    ],
)
def test_a_pack_that_cannot_be_meant_names_its_file_and_place(shell: Shell, text: str, message: str) -> None:
    shell.write("ours.toml", text)
    shell.write("a.json", '{"partner": {"name": "A"}, "partnership": {"state": "intake"}}')
    for words in (["policies"], ["check", "a.json"], ["propose", "A"]):
        said = shell("--pack", "ours.toml", *words)
        assert (said.code, said.out) == (2, "")
        assert said.err.startswith("error: ours.toml: ")
        assert message in said.err
    with_database = [name for name in shell.files() if name.endswith(".db")]
    assert all(shell("list").out == "there is no partnership yet\n" for _ in with_database)


# --- databases -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [*READING, *ACTING], ids=lambda words: words[0])
def test_a_database_that_is_not_there_is_named_and_not_made(shell: Shell, words: list[str]) -> None:
    said = shell(*words)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("error: there is no database at partnerflow.db.")
    assert "partnerflow demo" in said.err
    assert shell.files() == []


@pytest.mark.parametrize("words", [*READING, ["propose", "A"]], ids=lambda words: words[0])
def test_a_file_that_is_no_database_is_named_and_left_alone(shell: Shell, words: list[str]) -> None:
    shell.write("partnerflow.db", "Dear diary, " * 100)
    said = shell(*words)
    assert (said.code, said.out) == (2, "")
    assert "sqlite:///partnerflow.db: is no database that can be opened" in said.err
    assert (shell.folder / "partnerflow.db").read_text() == "Dear diary, " * 100


@pytest.mark.parametrize(
    "url",
    [
        "bogus://x",
        "sqlite:///no/such/folder/a.db",
        "postgresql+nodriver://x:secret@y/z",
        "sqlite://bad host/x",
        "postgresql+psycopg://x:secret@y:port/z",
        "postgresql+psycopg://127.0.0.1:1/z?password=secret",
    ],
)
def test_a_database_that_cannot_be_opened_is_named_without_its_password(shell: Shell, url: str) -> None:
    said = shell("propose", "A", "--db", url)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("error: ")
    assert "secret" not in said.err


@pytest.mark.parametrize(
    "url", ["postgresql+psycopg://me:s3cret@host/db", "postgresql+psycopg://host/db?password=s3cret"]
)
def test_no_hint_of_what_to_type_next_shows_a_password(url: str) -> None:
    hint = Settings(db=url, db_by_hand=True).command("show", "ID")
    assert "s3cret" not in hint
    assert "host/db" in hint


@pytest.mark.parametrize("words", [*READING, ["propose", "A"]], ids=lambda words: words[0])
def test_tables_of_another_schema_version_are_an_error_that_names_both(district: Shell, words: list[str]) -> None:
    with closing(sqlite3.connect("partnerflow.db")) as database, database:
        database.execute("UPDATE pf_schema SET version = 999")
    said = district(*words)
    assert (said.code, said.out) == (2, "")
    assert "schema version 999" in said.err


def test_the_hosts_own_tables_beside_ours_are_no_error(shell: Shell) -> None:
    with closing(sqlite3.connect("partnerflow.db")) as database, database:
        database.execute("CREATE TABLE student (id INTEGER)")
    shell.does("propose", "Riverbend")
    assert "Riverbend" in shell.does("list")


# --- tampering -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("UPDATE pf_transition SET reason = 'another' WHERE version = 5", "transition 5 (open_improvement_plan)"),
        ("UPDATE pf_entry SET text = replace(text, '1000000 USD', '9000000 USD')", "(insurance, entry "),
        ("DELETE FROM pf_transition WHERE version = 3", "version 3 is missing"),
    ],
)
def test_verify_names_every_link_that_does_not_hold(lived: Shell, statement: str, name: str) -> None:
    with closing(sqlite3.connect("partnerflow.db")) as database, database:
        assert database.execute(statement).rowcount > 0
    said = lived("verify")
    assert (said.code, said.out) == (1, "")
    assert "link(s) do not hold" in said.err
    assert name in said.err


# --- hostile words ---------------------------------------------------------------------------------------------------


def test_what_was_stored_is_neither_markup_nor_an_escape_sequence(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(gate, "_faults", lambda *_: ())  # releases before the gate let it in
        shell.does("propose", "[red]A[/red] \x1b[31m:smile:")
    said = shell.does("list")
    assert "[red]A[/red] ?[31m:smile:" in said
    assert "\x1b" not in shell.does("show", "[red]")


def test_a_name_that_was_stored_with_lines_forges_none(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(gate, "_faults", lambda *_: ())  # releases before the gate let it in
        shell.does("propose", "Riverbend\n  everything holds\u202e")
    for command in (["list"], ["show", "riverbend"], ["why", "riverbend"]):
        said = shell.does(*command)
        assert "Riverbend /   everything holds?" in said
        assert "\n  everything holds" not in said.split("Riverbend", 1)[1].split("?", 1)[0]
