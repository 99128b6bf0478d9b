"""What the demo promises: it runs whole, everything in it is real, and what it leaves behind is a sound database."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from partnerflow import Partnerflow
from partnerflow.cli import demo_scenario

Shell: TypeAlias = Any
"""The one in conftest.py."""
STEPS = [
    "propose", "begin_vetting", "approve", "activate", "open_improvement_plan", "terminate_for_performance",
]  # fmt: skip
REFUSED = ["begin_vetting", "approve", "activate", "open_improvement_plan", "reinstate"]


@pytest.fixture
def told(demonstrated: Path) -> str:
    return demonstrated.with_suffix(".txt").read_text(encoding="utf-8")


def test_the_demo_walks_one_partnership_through_its_whole_life(lived: Shell, opened: Partnerflow) -> None:
    (riverbend,) = opened.find(state="terminated")
    assert opened.partner(riverbend.partner_id).name == "Riverbend Youth Center"
    history = opened.history(riverbend.id)
    assert [made.trigger for made in history] == STEPS
    assert history[0].by != history[2].by
    assert [tried.trigger for tried in opened.attempts(riverbend.id)] == REFUSED


def test_the_demo_leaves_a_database_that_verifies(lived: Shell, opened: Partnerflow) -> None:
    opened.verify()
    assert "every link holds" in lived.does("verify")


def test_the_demo_tells_what_the_sweeps_told(lived: Shell, opened: Partnerflow) -> None:
    (riverbend,) = opened.find(state="terminated")
    (adopted,) = opened.find(state="active")
    events = [event for event in opened.store.outgoing() if "due_on" in event.data]
    told = [
        (event.type.split(".")[-2], event.data["policy"], event.data["due_on"])
        for event in events
        if event.partnership_id == riverbend.id
    ]
    assert told == [
        ("approaching", "SAFE-002", "2027-01-31"),
        ("missed", "SAFE-002", "2027-01-31"),
        ("mended", "SAFE-002", "2028-01-31"),
    ]
    missed = [event.data["policy"] for event in events if event.partnership_id == adopted.id and "missed" in event.type]
    assert missed == ["SAFE-004"]


def test_the_waiver_of_the_demo_was_asked_for_by_one_and_granted_by_another(lived: Shell, opened: Partnerflow) -> None:
    (riverbend,) = opened.find(state="terminated")
    (waiver,) = [entry for entry in opened.dossier(riverbend.id).entries if entry.kind == "waiver"]
    (request,) = [entry for entry in opened.dossier(riverbend.id).entries if entry.kind == "waiver_request"]
    assert waiver.filed_by is not None
    assert request.filed_by is not None
    assert waiver.record.requested_by == request.filed_by.id != waiver.filed_by.id  # type: ignore[attr-defined]
    told = [event.type.split(".")[-3:-1] for event in opened.store.outgoing() if ".waiver." in event.type]
    assert told == [["waiver", "requested"], ["waiver", "granted"]]


def test_the_output_has_a_line_for_every_turn_of_the_story(told: str) -> None:
    for text in (
        "licence 594835-c ends on 2022-12-31, which has passed",
        "missed  2022-12-31  SAFE-004",
        "a.anderson asks to begin vetting: refused",
        "REG-002 missing",
        "AUTH-003 failed: Nobody approves what they proposed",
        "b.okafor asks to approve: done, vetting -> onboarding",
        "AUTH-004 failed: Nobody grants a waiver that they asked for",
        "everything holds in active, SAFE-002 by waiver through 2026-10-16",
        "approaching  2027-01-31  SAFE-002",
        "1 policy does not hold in active: SAFE-002",
        "mended  2028-01-31  SAFE-002",
        "IMP-003 failed: The plan is closed as met",
        "asks to terminate for performance: done, improvement_plan -> terminated",
        "every link holds",
        "Every partnership",
        "The life of Riverbend Youth Center",
    ):
        assert text in told


def test_nothing_that_was_expected_to_be_refused_was_done(told: str) -> None:
    assert told.count(": refused\n") == len(REFUSED) + 1  # the waiver is a filing, not a step


def test_the_demo_ends_with_its_file_and_three_commands_that_work(told: str, lived: Shell, demonstrated: Path) -> None:
    assert str(demonstrated) in told
    commands = re.findall(r"^  partnerflow --db \S+ (.+)$", told, re.MULTILINE)
    assert len(commands) == 3
    for command in commands:
        assert lived(*command.split()).code in (0, 1)


def test_the_demo_takes_less_than_ten_seconds(shell: Shell) -> None:
    began = time.monotonic()
    shell.does("demo")
    assert time.monotonic() - began < 10


def test_the_demo_never_writes_over_a_file(shell: Shell) -> None:
    shell.write("demo.db", "mine")
    assert "demo-2.db" in shell.does("demo")
    assert (shell.folder / "demo.db").read_text() == "mine"
    said = shell("demo", "--keep", "demo.db")
    assert (said.code, said.out) == (2, "")
    assert "demo.db exists already" in said.err
    assert (shell.folder / "demo.db").read_text() == "mine"


def test_the_demo_leaves_one_file_and_no_more(shell: Shell) -> None:
    shell.does("demo")
    assert shell.files() == ["demo.db"]


def test_the_demo_takes_no_database_that_has_something_on_file(district: Shell) -> None:
    before = (district.folder / "partnerflow.db").read_bytes()
    said = district("demo", "--db", "sqlite:///partnerflow.db")
    assert said.code == 2
    assert "has something on file already" in said.err
    assert (district.folder / "partnerflow.db").read_bytes() == before


def test_the_demo_leaves_the_database_of_the_environment_alone(shell: Shell) -> None:
    assert shell("demo", env={"PARTNERFLOW_DB": "sqlite:///real.db"}).code == 0
    assert shell.files() == ["demo.db"]


def test_the_demo_can_be_told_its_database(shell: Shell) -> None:
    shell.does("demo", "--db", "sqlite:///here.db")
    flow = Partnerflow.open("sqlite:///here.db")
    flow.verify()
    flow.close()
    assert shell.files() == ["here.db"]
    assert shell("demo", "--db", "x.db", "--keep", "y.db").code == 2


def test_the_sample_that_ships_is_part_of_the_real_one_word_for_word() -> None:
    folder = Path(demo_scenario.__file__).parent / "data"
    real = (Path(__file__).parents[1] / "data" / "edfi" / "EducationOrganization.xml").read_text(encoding="utf-8-sig")
    excerpt = (folder / "edfi-5.2-sample.xml").read_text(encoding="utf-8")
    elements = re.sub(r"<!--.*?-->\n", "", excerpt, flags=re.DOTALL)
    begin = elements.index("\t<LocalEducationAgency ")
    assert elements[begin:].removesuffix("</InterchangeEducationOrganization>\n") in real
    assert elements[:begin] in real
    assert "Apache License" in (folder / "edfi-5.2-sample.LICENSE").read_text(encoding="utf-8")
