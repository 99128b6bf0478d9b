"""Heads, redactions and purges at the command line."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any, TypeAlias

import pytest

from partnerflow import Actor, Partner, Partnerflow
from partnerflow.adapters.sqlalchemy import open_store
from partnerflow.policies.toml import read_pack
from partnerflow.records import Need
from partnerflow.testing.clock import TickingClock

Shell: TypeAlias = Any
SECRET = "Max Muster"
OFFICE = Actor("a.anderson", side="district", roles={"partnership_office"})


@pytest.fixture
def needy(shell: Shell) -> tuple[Shell, str]:
    """A partnership with a need that was taken back, and the tail of its entry."""
    shell.does("propose", "Riverbend Youth Center", "--reason", f"asked by {SECRET}")
    shell("file", "riverbend", "--json", json.dumps({"kind": "need", "need": f"help for {SECRET}"}))
    (found,) = json.loads(shell.does("show", "riverbend", "--format", "json"))["records"]
    entry = found["entry"]["id"][-8:]
    shell.does("retract", "riverbend", entry, "--reason", "names a student")
    return shell, entry


# --- redact ----------------------------------------------------------------------------------------------------------


def test_what_was_taken_back_is_redacted_and_every_view_says_so(needy: tuple[Shell, str]) -> None:
    shell, entry = needy
    said = shell.does("redact", "riverbend", entry, "--step", "1", "--reason", "names a student", "--by", "c.ng")
    assert re.fullmatch(
        rf"redacted: entry {entry}, step 1, as entry [0-9a-f]{{8}} says; each keeps its place and its hash\n", said
    )
    day = datetime.now(UTC).date()
    shown = shell.does("show", "riverbend")
    assert re.search(rf"{entry}  need +redacted\n", shown)
    assert "redaction (1 record, 1 step)" in shown
    assert f"redacted on {day} by c.ng, entry {entry}, step 1: names a student\n" in shown
    life = shell.does("history", "riverbend")
    assert re.search(r"propose: intake; why was redacted\n", life)
    assert re.search(r"c\.ng +redacted 1 record, 1 step: names a student\n", life)
    as_json = shell.does("show", "riverbend", "--format", "json")
    assert re.fullmatch(r"[0-9a-f]{64}", json.loads(as_json)["records"][0]["entry"]["redacted"])
    assert SECRET not in shown + life + as_json
    assert "every link holds" in shell.does("verify")


def test_a_view_of_the_past_says_what_was_redacted_since(needy: tuple[Shell, str]) -> None:
    shell, entry = needy
    then = datetime.now(UTC).isoformat()
    assert SECRET in shell.does("show", "riverbend", "--as-of", then)
    shell.does("redact", "riverbend", entry, "--reason", "names a student")
    shown = shell.does("show", "riverbend", "--as-of", then)
    assert f"entry {entry}: names a student" in shown
    assert "redaction" not in shown  # there was none on file yet
    assert SECRET not in shown


def test_a_whole_id_is_taken_as_it_is(needy: tuple[Shell, str], opened: Partnerflow) -> None:
    shell, _ = needy
    (p,) = opened.find()
    with opened.store.reading() as tx:
        holding = tx.snapshots([p.id]).get(p.id)
    assert holding is not None
    old = str(holding.partner_file[0].id)
    shell("file", "riverbend", "--json", '{"partner": {"name": "Northside"}}')
    assert f"redacted: entry {old[-8:]}" in shell.does("redact", "northside", old, "--reason", "another name")


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["redact", "riverbend", "--reason", "r"], 2, "name what is to be blanked, by entries or by steps"),
        (["redact", "riverbend", "--step", "7", "--reason", "r"], 2, "7 of partnership"),
        (["redact", "riverbend", "--step", "0", "--reason", "r"], 2, "0 is not in the range"),
        (["redact", "riverbend", "0000", "--reason", "r"], 2, "no entries on this file end with '0000'"),
        (["redact", "riverbend", "--step", "1", "--reason", " "], 2, "say why it is blanked"),
        (["redact", "riverbend", "--step", "1"], 2, "Missing option '--reason'"),
        (["redact", "nobody", "--step", "1", "--reason", "r"], 2, "no partnership fits"),
        (["redact", "riverbend", "--step", "1", "--reason", "r", "--role", "principal"], 1, "AUTH-002"),
        (["purge", "--before", "yesterday", "--reason", "r"], 2, "'yesterday' is not a day"),
        (["purge", "--before", "2019-07-01"], 2, "Missing option '--reason'"),
        (["purge", "--before", "2019-07-01", "--reason", "r", "--pack", "silent.toml"], 2, "set retention_months"),
    ],
)
def test_what_cannot_be_redacted_or_purged_says_why(
    needy: tuple[Shell, str], words: list[str], code: int, says: str
) -> None:
    shell, _ = needy
    shell.write("silent.toml", '[pack]\nname = "silent"\nversion = "1"\n')
    said = shell(*words)
    assert (said.code, said.out) == (code, "")
    assert says in said.err
    assert "redacted" not in shell.does("show", "riverbend")


def test_what_still_counts_is_not_redacted(shell: Shell) -> None:
    shell.does("propose", "Riverbend Youth Center")
    shell("file", "riverbend", "--json", '{"kind": "need", "need": "a"}')
    (found,) = json.loads(shell.does("show", "riverbend", "--format", "json"))["records"]
    said = shell("redact", "riverbend", found["entry"]["id"][-8:], "--reason", "r")
    assert said.code == 2
    assert "is a need that still counts: file what is right, retract this, and then blank it" in said.err


# --- purge -----------------------------------------------------------------------------------------------------------


def test_what_ended_long_ago_is_purged(shell: Shell) -> None:
    flow = Partnerflow(
        store=open_store("sqlite:///partnerflow.db"), clock=TickingClock(datetime(2010, 9, 1, tzinfo=UTC)),
        pack=read_pack('[pack]\nname = "x"\nversion = "1"\n', "x.toml", []),
    )  # fmt: skip
    for name, ends in (("Riverbend", True), ("Northside", False)):
        p = flow.propose(Partner(name=name), by=OFFICE, reason=SECRET)
        flow.file(p.id, Need(need=SECRET), Need(need="b"), by=OFFICE)
        if ends:
            flow.fire(p.id, "withdraw", by=OFFICE, reason=SECRET)
    flow.store.close()  # type: ignore[attr-defined]
    said = shell.does("purge", "--before", "2015-07-01", "--reason", "kept for seven years")
    assert re.fullmatch(r"purged: Riverbend \([0-9a-f]{8}\): 2 records, 2 steps\n\n1 partnership purged\n", said)
    assert SECRET not in shell.does("show", "riverbend") + shell.does("history", "riverbend")
    assert SECRET in shell.does("show", "northside")
    assert shell.does("purge", "--before", "2015-07-01", "--reason", "again") == "nothing to purge\n"
    shell.does("verify")


# --- heads -----------------------------------------------------------------------------------------------------------


def test_heads_are_written_down_and_checked_later(needy: tuple[Shell, str]) -> None:
    shell, entry = needy
    heads = shell.does("heads")
    assert [sorted(json.loads(line)) for line in heads.splitlines()] == [["chain", "count", "id", "link"]] * 3
    shell.write("heads.jsonl", heads + "\n\n")
    shell.does("redact", "riverbend", entry, "--step", "1", "--reason", "names a student")
    shell.does("propose", "Northside")
    shell.write("later.jsonl", shell.does("heads"))
    said = shell.does("verify", "--against", "heads.jsonl", "--against", "later.jsonl")
    assert said == (
        "every link holds: the histories of 2 partnerships, and every file; "
        "8 heads kept elsewhere, and all still there\n"
    )
    assert shell("verify", "--against", "-", given=heads).code == 0


def test_what_was_cut_off_is_missed(needy: tuple[Shell, str], opened: Partnerflow) -> None:
    from sqlalchemy import text

    shell, _ = needy
    shell.write("heads.jsonl", shell.does("heads"))
    with opened.store.engine.begin() as connection:  # type: ignore[attr-defined]
        connection.execute(text("delete from pf_entry where kind = 'retraction'"))
    assert shell("verify").code == 0
    said = shell("verify", "--against", "heads.jsonl")
    assert (said.code, said.out) == (1, "")
    assert "went on to 2 once, and does not any more" in said.err


HEAD = {"chain": "file", "id": "0198f000-0000-7000-8000-000000000002", "count": 1, "link": "0" * 64}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "has no heads in it"),
        (" \n\n", "has no heads in it"),
        ("nope", "line 1: is not JSON"),
        (json.dumps(HEAD) + "\n{", "line 2: is not JSON"),
        (json.dumps({**HEAD, "chain": "x"}), "line 1/chain: 'x' is not one of history, file"),
        (json.dumps({**HEAD, "id": 7}), "line 1/id: 7 is not an id"),
        (json.dumps({**HEAD, "count": 0}), "line 1/count: is less than 1"),
        (json.dumps({**HEAD, "count": "1"}), "line 1/count: '1' is not a whole number"),
        (json.dumps({**HEAD, "link": "0"}), "line 1/link: is no hash of 64 digits"),
        (json.dumps({**HEAD, "more": 1}), "line 1: has no more"),
        (json.dumps([HEAD]), "line 1: "),
        (b"\xc3(", "line 1: is not text"),
    ],
)
def test_what_is_no_head_is_named_by_its_line(shell: Shell, text: str | bytes, says: str) -> None:
    shell.does("propose", "Riverbend")
    shell.write("heads.jsonl", text)
    said = shell("verify", "--against", "heads.jsonl")
    assert (said.code, said.out) == (2, "")
    assert says in said.err


def test_a_file_of_heads_that_is_not_there_is_named(shell: Shell) -> None:
    shell.does("propose", "Riverbend")
    said = shell("verify", "--against", "nosuch.jsonl")
    assert said.code == 2
    assert "nosuch.jsonl" in said.err


# --- sweep -----------------------------------------------------------------------------------------------------------


def test_a_sweep_names_the_rules_that_it_replaces_and_refuses_those_that_were_replaced(shell: Shell) -> None:
    shell.does("propose", "Riverbend Youth Center")
    ours = shell.folder / "ours.toml"
    ours.write_text('[pack]\nname = "ours"\nversion = "2026.1"\nextends = "default"\nleads = [90]\n', encoding="utf-8")
    assert "replace" not in shell.does("sweep")
    said = shell.does("--pack", "ours.toml", "sweep").splitlines()[0]
    name = r"\([0-9a-f]{12}\)"
    now = r"\d{4}-\d\d-\d\d \d\d:\d\d"
    assert re.fullmatch(rf"these rules, ours@2026\.1 {name}, replace default@1 {name}, in force since {now}", said)
    assert shell.does("--pack", "ours.toml", "sweep") == "nothing new to tell\n"
    refused = shell("sweep")
    assert (refused.code, refused.out) == (2, "")
    assert re.search(rf"sweeps run under ours@2026\.1 {name} here, and no longer under default@1 {name}", refused.err)
    assert "partnerflow sweep --back-to-earlier-rules" in refused.err
    assert "replace ours@2026.1 (" in shell.does("sweep", "--back-to-earlier-rules")
    assert shell.does("sweep") == "nothing new to tell\n"
