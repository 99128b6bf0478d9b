"""`partnerflow impact`: a table, JSON or lines, by one process or several, and a bar for a person alone."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import date, datetime
from typing import Any, TypeAlias

import pytest

from partnerflow import Money, Partner, Partnerflow
from partnerflow.cli import impact
from partnerflow.flow import impact_pool
from partnerflow.flow.loading import load_many
from partnerflow.records import Insurance
from partnerflow.testing import OFFICE

Shell: TypeAlias = Any
NEW = (
    '[pack]\nname = "new"\nversion = "2"\nextends = "default"\n\n[[set]]\ncode = "SAFE-002"\nminimum = "2000000 USD"\n'
)
AT = ("--at", "2026-09-15T12:00+00:00")
HOW_MANY = 7


@pytest.fixture
def inventory(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """Seven adopted partnerships in slices of three; every other one has cover for two millions."""
    monkeypatch.setattr(impact_pool, "SLICE", 3)
    shell.write("new.toml", NEW)
    flow = Partnerflow.open("sqlite:///partnerflow.db")
    for place in range(HOW_MANY):
        begun = flow.adopt(Partner(name=f"Partner {place}"), state="active", by=OFFICE, reason="in place")
        cover = Insurance(
            line="general_liability", per_occurrence=Money.of((1 + place % 2) * 1_000_000, "USD"),
            starts_on=date(2026, 1, 1), ends_on=date(2027, 12, 31),
        )  # fmt: skip
        flow.file(begun.id, cover, by=OFFICE)
    flow.close()
    return shell


def lines(said: str) -> list[Any]:
    return [json.loads(line) for line in said.splitlines()]


def test_it_says_who_would_newly_be_blocked_where_and_by_what(inventory: Shell) -> None:
    said = inventory("impact", "--pack", "new.toml", *AT)
    assert (said.code, said.err) == (1, "")
    assert "present pack: default@" in said.out
    assert "new pack:     new@2" in said.out
    assert f"{HOW_MANY} live partnerships compared on 2026-09-15" in said.out
    assert (
        "4 partnerships concerned: something would newly block for 4, something would block no more for 0" in said.out
    )
    table = [line.split() for line in said.out.splitlines() if line.startswith("active")]
    assert [row[:4] for row in table] == [["active", "standing", "SAFE-002", "4"], ["active", "renew", "SAFE-002", "4"]]
    assert [f"Partner {place}" in said.out for place in range(HOW_MANY)] == [
        place % 2 == 0 for place in range(HOW_MANY)
    ]
    assert said.out.count("SAFE-002 (standing, renew)") == 4
    assert "not compared, since it depends on who asks: AUTH-001" in said.out


def test_without_a_pack_it_says_what_the_next_sweep_would_newly_find(inventory: Shell) -> None:
    said = inventory("impact", "--at", "2028-09-15T12:00+00:00")
    assert (said.code, said.err) == (1, "")
    assert said.out.startswith("under the pack default@1")
    assert f"something would newly block for {HOW_MANY}" in said.out
    assert "SAFE-002 (standing)" in said.out


def test_the_other_way_round_it_frees_and_leaves_no_error_behind(inventory: Shell) -> None:
    said = inventory("impact", "--pack", "default", "--against", "new.toml", *AT)
    assert (said.code, said.err) == (0, "")
    assert "something would newly block for 0, something would block no more for 4" in said.out
    assert inventory("--pack", "new.toml", "impact", "--pack", "default", *AT).out == said.out
    same = inventory("--pack", "new.toml", "impact", "--pack", "new.toml", *AT)
    assert (same.code, "nothing would change for any of them" in same.out) == (0, True)


@pytest.mark.parametrize("form", ["text", "json", "jsonl"])
def test_several_processes_say_the_same_as_one(inventory: Shell, form: str) -> None:
    said = [inventory("impact", "--pack", "new.toml", *AT, "--format", form, "--jobs", jobs) for jobs in ("1", "2")]
    assert said[0] == said[1]
    assert said[0].code == 1


def test_as_json_it_is_one_document_and_as_lines_each_partnership_one(inventory: Shell) -> None:
    whole = json.loads(inventory("impact", "--pack", "new.toml", *AT, "--format", "json").out)
    *each, counts = lines(inventory("impact", "--pack", "new.toml", *AT, "--format", "jsonl").out)
    assert whole["schema"] == counts["schema"] == "partnerflow.impact/1"
    assert whole.pop("partnerships") == each
    assert whole == counts
    assert [one["partner"] for one in each] == ["Partner 0", "Partner 2", "Partner 4", "Partner 6"]
    assert (counts["compared"], counts["concerned"], counts["unjudged"]) == (HOW_MANY, 4, 0)
    flow = Partnerflow.open("sqlite:///partnerflow.db")
    assert flow.impact("new.toml", at=datetime.fromisoformat(AT[1])).to_data() == {**whole, "partnerships": each}
    flow.close()


def test_of_nothing_there_is_a_whole_document_too(shell: Shell) -> None:
    shell.write("new.toml", NEW)
    Partnerflow.open("sqlite:///partnerflow.db").close()
    for jobs in ("1", "2"):
        data = json.loads(shell.does("impact", "--pack", "new.toml", "--format", "json", "--jobs", jobs))
        assert (data["compared"], data["partnerships"]) == (0, [])


def test_of_many_it_names_the_first_and_says_how_to_see_all(inventory: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(impact, "_SHOWN", 2)
    said = inventory("--db", "partnerflow.db", "impact", "--pack", "new.toml", *AT)
    assert "Partner 2" in said.out
    assert "Partner 4" not in said.out
    assert "and 2 more: partnerflow --db partnerflow.db impact --pack new.toml --format jsonl" in said.out


def test_of_many_policies_it_names_the_first_and_counts_the_others(inventory: Shell) -> None:
    inventory.write("two.toml", '[pack]\nname = "two"\nversion = "1"\npolicies = ["AUTH-001", "SAFE-002"]\n')
    said = inventory("impact", "--pack", "default", "--against", "two.toml", *AT)
    rows = [line for line in said.out.splitlines() if " Partner " in line]
    assert len(rows) == HOW_MANY
    for row in rows:
        assert re.search(
            r"  active +REG-001, REG-002, REG-003, NEED-001, GOAL-001, VET-001 \(standing, renew\); \+\d+ more$", row
        )
        assert len(row) < 140
    assert "every policy of each: partnerflow --pack two.toml impact --pack default --format jsonl" in said.out
    back = inventory("impact", "--pack", "two.toml", "--against", "default", *AT)
    assert re.search(r"VET-001 \(standing, renew\); \+\d+ more$", back.out, re.MULTILINE)
    every = lines(inventory("impact", "--pack", "default", "--against", "two.toml", *AT, "--format", "jsonl").out)
    named = {code for change in every[0]["changes"] for code in change["blocking"]}
    assert f"+{len(named) - 6} more" in rows[0]


def test_of_few_policies_every_one_is_named(inventory: Shell) -> None:
    said = inventory("impact", "--pack", "new.toml", *AT).out
    assert not re.search(r"\+\d+ more|every policy", said)


def test_nothing_is_written(inventory: Shell) -> None:
    def told() -> list[Any]:
        flow = Partnerflow.open("sqlite:///partnerflow.db")
        found: list[Any] = [*load_many(flow.store), *flow.store.outgoing()]
        flow.close()
        return found

    before = told()
    inventory("impact", "--pack", "new.toml", *AT, "--jobs", "2")
    assert told() == before
    kept = hashlib.sha256((inventory.folder / "partnerflow.db").read_bytes()).digest()
    inventory("impact", "--pack", "new.toml", *AT)
    assert hashlib.sha256((inventory.folder / "partnerflow.db").read_bytes()).digest() == kept


def test_a_bar_is_for_a_person_at_a_terminal_and_never_in_what_is_piped(
    inventory: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    plain = inventory("impact", "--pack", "new.toml", *AT, "--format", "jsonl")
    monkeypatch.setattr(impact, "console", _terminal)
    shown = inventory("impact", "--pack", "new.toml", *AT, "--format", "jsonl")
    assert plain.err == ""
    assert "comparing" in shown.err
    assert f"{HOW_MANY}/{HOW_MANY}" in shown.err
    assert shown.out == plain.out


def _terminal(*, stderr: bool) -> Any:
    from rich.console import Console

    return Console(stderr=stderr, force_terminal=True, width=100)


def test_what_cannot_be_done_is_said_before_anything_is_read(inventory: Shell) -> None:
    inventory.write("slip.toml", NEW.replace("minimum", "minimun"))
    for words, part in (
        (("--pack", "slip.toml"), "did you mean 'minimum'"),
        (("--pack", "new.toml", "--against", "nobodys"), "nobodys"),
        (("--pack", "new.toml", "--db", "absent.db"), "there is no database at absent.db"),
        (("--pack", "new.toml", "--jobs", "0"), "0 is not in the range"),
    ):
        said = inventory("impact", *words)
        assert (said.code, said.out) == (2, ""), words
        assert part in said.err
