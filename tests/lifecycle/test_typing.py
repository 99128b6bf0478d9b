"""A strict type checker reports mistakes in a table that a host builds, and nothing else."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

SRC = Path(__file__).parents[2] / "src"

SOUND = """
from typing import assert_type

import attrs

from partnerflow.lifecycle import DEFAULT, SAME, Lifecycle, Row, State, Trigger

rows = [
    Row("open", sources=[], target="here", event="opened", cites=["X"]),
    Row(Trigger.END, sources={"here"}, target=State.TERMINATED, event="ended", cites=iter("X")),
]
mine = Lifecycle("mine", "1", rows, states=["here", State.TERMINATED], final=[State.TERMINATED])
lazy = Lifecycle("mine", "1", (row for row in rows), states=iter(mine.states), final={"terminated"})
more = DEFAULT.evolve(name="more", version="1", rows=rows, states=["here"], without=[Trigger.END], final=())
next = attrs.evolve(mine, version="2", rows=rows, final=["terminated"])
row = attrs.evolve(rows[0], sources=["here"], target=SAME)

assert_type(rows[0].trigger, str)
assert_type(rows[0].sources, tuple[str, ...])
assert_type(mine.rows, tuple[Row, ...])
assert_type(mine.states, tuple[str, ...])
assert_type(mine.final, frozenset[str])
assert_type(more, Lifecycle)
"""

SLIPS = """
from partnerflow.lifecycle import DEFAULT, Lifecycle, Row

Row(5, sources=[], target="here", event="opened", cites=["X"])
Row("open", sources=[5], target="here", event="opened", cites=["X"])
Row("open", sources=[], target=None, event="opened", cites=["X"])
Lifecycle("mine", "1", ["open"])
Lifecycle("mine", "1", [], states=[None])
Lifecycle("mine", "1", [], final=5)
DEFAULT.evolve(name="mine", version="1", without=[5])
"""


def lines_at_fault(snippet: Path) -> list[int]:
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "--config-file=", snippet.name],
        cwd=snippet.parent,
        env={**os.environ, "MYPYPATH": str(SRC)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode in (0, 1), checked.stdout + checked.stderr
    return [int(line) for line in re.findall(r"^\S+?:(\d+): error", checked.stdout, re.MULTILINE)]


def test_a_strict_type_checker_finds_every_slip_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "sound.py").write_text(SOUND, encoding="utf-8")
    (tmp_path / "slips.py").write_text(SLIPS, encoding="utf-8")
    assert lines_at_fault(tmp_path / "sound.py") == []
    calls = [n for n, line in enumerate(SLIPS.splitlines(), 1) if line and "import" not in line]
    assert lines_at_fault(tmp_path / "slips.py") == calls
