"""Processes that are killed, servers that crash, processes that race: a little of each, and that the look would tell.

`benchmarks/README.md` says how to do it for long.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import create_engine, text

from partnerflow.adapters.sqlalchemy import SQLAlchemyStore

ROOT = Path(__file__).parents[1]


def hammered(module: str, *arguments: str) -> dict[str, str]:
    """Run a module of the benchmarks, which must find no fault; give the line of its table, by column."""
    command = [sys.executable, "-m", f"benchmarks.{module}", *arguments]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    names, values = (re.split(r"\s{2,}", line.strip()) for line in ran.stdout.splitlines())
    return dict(zip(names, values, strict=True))


def test_a_process_killed_in_a_call_loses_nothing_acknowledged_and_leaves_nothing_half_done(url: str) -> None:
    said = hammered("crash", "--database", url, "--kills", "4")
    assert int(said["in flight"]) >= 4
    assert (said["lost"], said["half"], said["doubled"]) == ("0", "0", "0")


def test_a_server_killed_while_processes_write_loses_nothing_acknowledged_and_leaves_nothing_half_done() -> None:
    said = hammered("crash", "--database", "postgresql", "--kills", "0", "--restarts", "1")
    assert said["restarts"] == "1"
    assert (said["lost"], said["half"], said["doubled"]) == ("0", "0", "0")


def test_processes_that_race_lose_no_step_take_none_twice_and_leave_no_gap(url: str) -> None:
    said = hammered("races", "--database", url, "--fires", "120", "--partnerships", "2", "--processes", "4")
    assert said["steps"] == "120"
    faults = ("lost", "doubled", "gaps", "broken", "two winners")
    assert [said[name] for name in faults] == ["0"] * len(faults)


# --- the look itself -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", autouse=True)
def benchmarks() -> Iterator[None]:
    """Let the benchmarks be imported, as they are where they are run from."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT))
        yield


def found(path: Path, *, statement: str = "", twice: bool = False) -> set[str]:
    """Make some calls, do harm in the database, and give the sorts of faults that a look finds."""
    from benchmarks.hammering.calls import NOTES, calls, host_engine, lay_ground, make, one_policy
    from benchmarks.hammering.databases import opened
    from benchmarks.hammering.outside import Said, judge

    url = f"sqlite:///{path}"
    with opened(url, "hammered", one_policy()) as flow:
        assert isinstance(flow.store, SQLAlchemyStore)
        host, ground, said = host_engine(url), lay_ground(flow), {}
        NOTES.create(host)
        for call, _ in zip(calls(ground, 1, [], Random(1)), range(40), strict=False):
            said[call.mark] = Said(call, "done", make(call, flow, host))
        unkeyed = next(each.call for each in said.values() if each.call.do == "amend" and not each.call.keyed)
        if twice:
            make(unkeyed, flow, host)
        host.dispose()
        if statement:
            harm = create_engine(url)
            with harm.begin() as connection:
                assert connection.execute(text(statement)).rowcount > 0
            harm.dispose()
        verdict = judge(flow, said, {})
    return {sort for sort in ("lost", "half", "doubled") if getattr(verdict, sort)}


def test_the_look_finds_nothing_where_nothing_is_wrong(tmp_path: Path) -> None:
    assert found(tmp_path / "partners.db") == set()


def test_the_look_finds_what_was_done_twice(tmp_path: Path) -> None:
    assert found(tmp_path / "partners.db", twice=True) == {"doubled"}


@pytest.mark.parametrize(
    ("sort", "statement"),
    [
        ("lost", "delete from pf_transition where version = 2"),
        ("lost", "delete from pf_entry where text like '%call-1-%'"),
        ("lost", "update pf_entry set link = 'another' where text like '%call-1-%'"),
        ("half", "delete from pf_receipt"),
        ("half", "delete from host_note"),
        ("half", "delete from pf_outbox where sequence = 2"),
        ("half", "update pf_outbox set sequence = -sequence where sequence > 1"),
        ("half", "update pf_outbox set body = (select min(body) from pf_outbox)"),
        ("half", "update pf_partnership set version = version + 1"),
        ("half", "update pf_partnership set state = 'intake' where state = 'active'"),
        ("half", "update pf_partnership set events = events + 1"),
        ("half", "update pf_obligation set due_on = '2020-01-01'"),
        ("half", "delete from pf_obligation"),
        ("half", "update pf_transition set decision = '{}'"),
    ],
)  # fmt: skip
def test_the_look_finds_what_is_gone_or_does_not_fit_together(sort: str, statement: str, tmp_path: Path) -> None:
    assert sort in found(tmp_path / "partners.db", statement=statement)
