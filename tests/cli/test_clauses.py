"""The clauses and what answers them, at the command line."""

from __future__ import annotations

import json
from typing import Any, TypeAlias

import pytest

from partnerflow.clauses.not_ours import NOT_OURS
from partnerflow.clauses.planned import PLANNED
from partnerflow.traceability import trace

Shell: TypeAlias = Any


def test_every_clause_is_listed_with_its_answer_and_counted(shell: Shell) -> None:
    lines = shell.does("clauses").splitlines()
    for each in trace():
        (line,) = (line for line in lines if line.split()[:1] == [each.clause])
        assert all(str(answer) in line for answer in each.answers)
        assert (each.waits_for or "") in line
        assert (each.why_not or "") in line
    assert lines[-1].startswith(f"{len(trace())} clauses: ")


@pytest.mark.parametrize("status", ["answered", "planned", "not-ours"])
def test_only_those_of_a_status_are_shown(shell: Shell, status: str) -> None:
    wanted = [each.clause for each in trace() if each.status == status.replace("-", "_")]
    data = json.loads(shell.does("clauses", "--status", status, "--format", "json"))
    assert data["schema"] == "partnerflow.clauses/1"
    assert [each["clause"] for each in data["clauses"]] == wanted
    assert shell.does("clauses", "--status", status).endswith(f"{len(wanted)} clauses: {len(wanted)} {status}\n")


def test_a_clause_that_is_asked_for_is_told_in_full(shell: Shell) -> None:
    (kind, waiting), *_ = PLANNED.items()
    (left_out, why), *_ = NOT_OURS.items()
    said = shell.does("clauses", "spps-v.4b.2", waiting[0], left_out)
    first, second, third = said.split("\n\n")
    assert first.startswith("SPPS-V.4b.2  answered\n")
    assert "General liability cover meets the minimum" in first
    assert second == f"{waiting[0]}  planned\n  waits for records of the kind {kind}"
    assert third == f"{left_out}  not-ours\n  {why}\n"


def test_one_clause_as_json(shell: Shell) -> None:
    (one,) = json.loads(shell.does("clauses", "SPPS-V.4b.2", "--format", "json"))["clauses"]
    assert one["status"] == "answered"
    assert {"kind": "policy", "name": "SAFE-002", "title": "General liability cover meets the minimum"} in one[
        "answers"
    ]


def test_a_clause_that_no_guide_has_is_an_error_that_names_the_nearest(shell: Shell) -> None:
    said = shell("clauses", "SPPS-V.4b.9")
    assert said.code == 2
    assert "there is no clause 'SPPS-V.4b.9'; did you mean " in said.err
    assert "SPPS-V.4b.2" in said.err
    assert "partnerflow clauses lists them" in shell("clauses", "???").err
