"""`list` finds what the API finds, in pages and as of a past moment, and counts it."""

from __future__ import annotations

import re
from typing import Any, TypeAlias

import pytest

from partnerflow import Actor, Partner, Partnerflow
from partnerflow.records import Contact, Need, Scope, Service

Shell: TypeAlias = Any
OFFICE = Actor("a.anderson", roles={"partnership_office"})
GRAND_BEND, RIVERBEND = "Communities in Schools of Grand Bend", "Riverbend Youth Center"


@pytest.fixture
def clubs(shell: Shell) -> Shell:
    """Five partnerships of five clubs, in the order of their ids."""
    flow = Partnerflow.open("sqlite:///partnerflow.db", new_id=iter(map(_id, range(1, 1000))).__next__)
    for number in range(5):
        begun = flow.adopt(Partner(name=f"Club {number}"), state="active", by=OFFICE, reason="in place")
        flow.file(begun.id, Scope(sites={"s"}), Contact(name="Ines Moreno"), Need(need=f"need {number}"), by=OFFICE)
        flow.file(begun.id, Service(service="After-school tutoring" if number % 2 else "Choir"), by=OFFICE)
    flow.store.engine.dispose()
    return shell


def _id(number: int) -> Any:
    from uuid import UUID

    return UUID(f"01a20000-0000-7000-8000-{number:04x}{number * 7919 % 2**32:08x}")


def names(said: str) -> list[str]:
    return re.findall(rf"{GRAND_BEND}|{RIVERBEND}|Club \d", said)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["--text", "river YOUTH"], [RIVERBEND]),
        (["--text", "schools"], [GRAND_BEND]),
        (["--text", "c"], [GRAND_BEND, RIVERBEND]),
        (["--text", "communities", "--state", "terminated"], []),
        (["--contact", "moreno"], [RIVERBEND]),
        (["--service", "advising"], [RIVERBEND]),
        (["--service", "moreno"], []),
        (["--due-before", "2027-09-01"], [GRAND_BEND]),
        (["--due-before", "2023-01-01"], [GRAND_BEND]),  # its licence ended long ago, and still does not hold
        (["--due-before", "2020-01-01"], []),
        (["--as-of", "2026-09-10T00:00+00:00"], [GRAND_BEND, RIVERBEND]),
        (["--as-of", "2026-09-10T00:00+00:00", "--state", "vetting"], [RIVERBEND]),
        (["--as-of", "2020-01-01T00:00+00:00"], []),
    ],
    ids=" ".join,
)
def test_list_shows_what_is_looked_for(lived: Shell, words: list[str], found: list[str]) -> None:
    said = lived.does("list", "--brief", *words)
    assert sorted(names(said)) == found
    assert found or said == "no partnership fits\n"


def test_a_list_as_of_a_past_moment_is_not_judged_by_today(lived: Shell) -> None:
    said = lived.does("list", "--as-of", "2026-09-10T00:00+00:00")
    assert re.search(r"Riverbend Youth Center +vetting  2026-09-04\n", said)
    assert "do not hold" not in said


def test_each_page_says_how_to_come_to_the_next(clubs: Shell) -> None:
    for wanted in ([], ["--text", "club ines"], ["--site", "s"], ["--as-of", "2999-01-01T00:00+00:00"]):
        seen, after, pages = [], [], 0
        while True:
            said = clubs.does("list", "--brief", "--limit", "2", *wanted, *after)
            seen += names(said)
            pages += 1
            more = re.search(r"^there are more: the same with (--after) ([0-9a-f]{8})$", said, re.MULTILINE)
            if more is None:
                break
            after = list(more.groups())
        assert (seen, pages) == ([f"Club {number}" for number in range(5)], 3)
    assert "there are more" not in clubs.does("list", "--limit", "5")
    assert clubs.does("list", "--after", "club 4") == "no partnership fits\n"


def test_after_names_one_as_every_id_does(clubs: Shell) -> None:
    assert names(clubs.does("list", "--brief", "--after", "club 2")) == ["Club 3", "Club 4"]
    said = clubs("list", "--after", "club")
    assert said.code == 2
    assert "'club' fits 5 partnerships" in said.err


def counted(said: str) -> dict[str, int]:
    return {state: int(number) for state, number in re.findall(r"^(\w+) +(\d+)$", said, re.MULTILINE)}


def test_count_says_how_many_there_are_in_each_state(lived: Shell, clubs: Shell) -> None:
    nobody = dict.fromkeys(["intake", "vetting", "onboarding", "active", "improvement_plan", "terminated"], 0)
    said = lived.does("list", "--count")
    assert counted(said)["active"] >= 5
    assert list(counted(said)) == list(nobody)
    assert counted(lived.does("list", "--count", "--text", "riverbend")) == {**nobody, "terminated": 1}
    assert counted(lived.does("list", "--count", "--service", "after-school", "--text", "club")) == {
        **nobody, "active": 2,
    }  # fmt: skip
    assert counted(lived.does("list", "--count", "--state", "terminated")) == {"terminated": 1}
    then = lived.does("list", "--count", "--as-of", "2026-09-10T00:00+00:00")
    assert counted(then) == {**nobody, "active": 1, "vetting": 1}
    assert "2 partnerships" in then
    assert counted(lived.does("list", "--count", "--text", "zebra")) == nobody


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--text", ""], "text='': has no word to look for"),
        (["--contact", "&"], "contact='&': has no word to look for"),
        (["--service", " ".join(map(str, range(20)))], "service=20 words: 16 are the most"),
        (["--due-before", "soon"], "'soon' is not a day such as 2026-09-01"),
        (["--as-of", "2026-09-01T08:00"], "has no time zone"),
        (["--as-of", "2026-09-01T08:00+00:00", "--site", "s"], "goes with state, partner, after and limit"),
        (["--limit", "0"], "0 is not in the range x>=1"),
        (["--count", "--limit", "3"], "--count counts all that match: leave out --after and --limit"),
        (["--after", "nobody"], "no partnership fits 'nobody'"),
    ],
)
def test_what_cannot_be_looked_for_is_said(lived: Shell, words: list[str], message: str) -> None:
    said = lived("list", *words)
    assert said.code == 2
    assert message in said.err
