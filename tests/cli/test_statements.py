"""What a command asks of the database: a fixed number of statements, and nothing of other partnerships."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import pytest
from sqlalchemy import Engine, event

from partnerflow import Partner, Partnerflow
from partnerflow.records import Insurance, Need, Scope
from partnerflow.testing import OFFICE

Shell: TypeAlias = Any
SCOPE = {"kind": "scope", "level": "school", "sites": ["255901001"]}
LIST, FILE = 6, 4


@contextmanager
def statements() -> Iterator[list[str]]:
    """Note every statement of every engine; not what opens a database, and begins a transaction."""
    said: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        if not statement.startswith(("BEGIN", "ROLLBACK", "PRAGMA", "SET ")) and "FROM pf_schema" not in statement:
            said.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(Engine, "before_cursor_execute", note)


@pytest.fixture
def filled(shell: Shell, request: pytest.FixtureRequest) -> Shell:
    """So many partnerships, each with some records."""
    with Partnerflow.open("sqlite:///partnerflow.db") as flow:
        for place in range(request.param):
            made = flow.adopt(Partner(name=f"Club {place:03}"), state="active", by=OFFICE, reason="in place")
            flow.file(made.id, Scope(sites={"s"}), Need(need="tutors"), Insurance(line="auto"), by=OFFICE)
    return shell


@pytest.mark.parametrize("filled", [1, 10, 100], indirect=True)
@pytest.mark.parametrize(
    "words",
    [
        [], ["--site", "s", "--text", "club tutors"], ["--brief"], ["--as-of", "2999-01-01T00:00+00:00"],
        ["--limit", "50"], ["--after", "club 000"], ["--count"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_list_costs_a_fixed_number_of_statements_however_long_it_is(filled: Shell, words: list[str]) -> None:
    with statements() as said:
        filled.does("list", *words)
    assert 0 < len(said) <= LIST, said


@pytest.mark.parametrize("filled", [10], indirect=True)
@pytest.mark.parametrize("record", [SCOPE, {"partner": {"classification": "vendor"}}], ids=["record", "partner"])
def test_file_costs_four_statements_more_than_the_call_at_most(filled: Shell, record: dict[str, Any]) -> None:
    with Partnerflow.open("sqlite:///partnerflow.db") as flow:
        made = next(flow.find(text="004"))
        partner = flow.partner(made.partner_id)
        filing = Partner(name=partner.name, classification="vendor") if "partner" in record else Scope(**scope())
        with statements() as alone:
            flow.file(made.id, filing, by=OFFICE)
    with statements() as said:
        assert "filed: " in filled.does("file", "club 005", "--json", json.dumps(record))
    assert len(said) <= len(alone) + FILE, said


def scope() -> dict[str, Any]:
    return {"level": "school", "sites": frozenset(SCOPE["sites"])}


@pytest.mark.parametrize("filled", [10], indirect=True)
def test_the_history_with_notices_reads_the_events_of_one_partnership(filled: Shell) -> None:
    filled.does("sweep")
    with statements() as said:
        assert "REG-001 broken" in filled.does("history", "club 003", "--told")
    assert len([each for each in said if "pf_outbox" in each]) == 1


@pytest.mark.parametrize("filled", [10], indirect=True)
def test_a_sweep_looks_up_no_names(filled: Shell) -> None:
    with statements() as said:
        assert "Club 009 (" in filled.does("sweep")
    assert not [each for each in said if "pf_partner.name" in each]


@pytest.mark.parametrize("filled", [1], indirect=True)
def test_file_says_which_records_are_new_whatever_file_they_are_on(filled: Shell) -> None:
    insurance = {"kind": "insurance", "line": "general_liability"}
    both = ["file", "club 000", "--json", json.dumps(SCOPE), "--json", json.dumps(insurance)]
    assert [line.split(":")[0] for line in filled.does(*both).splitlines()[:2]] == ["filed", "filed"]
    assert [line.split(":")[0] for line in filled.does(*both).splitlines()[:2]] == ["unchanged", "unchanged"]
    site = ["file", "district", "--json", '{"kind": "site", "site": "1", "name": "North"}']
    assert filled.does(*site).startswith("filed: ")
    assert filled.does(*site).startswith("unchanged: ")
