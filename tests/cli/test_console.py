"""What is printed keeps its shape: indents where lines are wrapped, dates in one piece, commands ready to be copied."""

from __future__ import annotations

import re
from typing import Any, TypeAlias

import pytest

Shell: TypeAlias = Any
NARROW = {"COLUMNS": "60"}


def test_lines_that_are_wrapped_keep_their_indent(district: Shell) -> None:
    lines = district("why", "communities", env=NARROW).out.splitlines()
    assert max(map(len, lines)) <= 60
    begins = next(place for place, line in enumerate(lines) if line.startswith("      To mend it: Decide what"))
    ends = next(place for place, line in enumerate(lines) if line.rstrip().endswith("classification."))
    assert ends > begins
    assert all(re.match(r" {6}\S", line) for line in lines[begins : ends + 1])


def test_where_nobody_says_how_wide_it_is_lines_stay_whole(district: Shell) -> None:
    said = district("why", "communities").out
    assert max(map(len, said.splitlines())) > 120


@pytest.mark.parametrize("words", [["show", "riverbend"], ["list"], ["history", "riverbend", "--told"]])
def test_no_date_and_no_id_is_ever_broken(lived: Shell, words: list[str]) -> None:
    def pieces(said: str) -> list[str]:
        return sorted(re.findall(r"\b\d{4}-\d\d-\d\d\b|^[0-9a-f]{8}\b", said, re.MULTILINE))

    narrow, wide = (lived(*words, env=env).out for env in ({"COLUMNS": "80"}, {}))
    assert pieces(narrow) == pieces(wide)


def test_what_is_to_be_typed_again_is_never_wrapped(shell: Shell) -> None:
    words = ["--db", "a-database-with-quite-a-long-name.db", "--tenant", "a-tenant-with-a-long-name"]
    assert shell(*words, "propose", "Riverbend").code == 0
    said = shell(*words, "list", env=NARROW).out
    assert f"partnerflow {' '.join(words)} show ID" in said


def test_tables_leave_no_blanks_at_the_ends_of_lines(lived: Shell) -> None:
    for words in (["list"], ["show", "riverbend"], ["policies"], ["options", "communities"], ["explain", "SAFE-001"]):
        assert not re.search(r" +$", lived.does(*words), re.MULTILINE)


def test_lines_of_a_table_are_drawn_with_what_the_encoding_has(lived: Shell) -> None:
    assert "───" in lived.does("list")
