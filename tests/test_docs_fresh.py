"""What the pages say of the code is what the code says today."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import partnerflow

DOCS = Path(__file__).parents[1] / "docs"
PAGE = "reference/lifecycle.md"


def generate(docs: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    search_path = os.pathsep.join(str(Path(place).parent) for place in partnerflow.__path__)
    return subprocess.run(
        [sys.executable, str(docs / "generate.py"), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": search_path},
    )


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    shutil.copy(DOCS.parent / "README.md", tmp_path)
    return Path(shutil.copytree(DOCS, tmp_path / "docs", ignore=shutil.ignore_patterns("__pycache__")))


def edit(page: Path, old: str, new: str) -> None:
    text = page.read_text(encoding="utf-8")
    assert old in text
    page.write_text(text.replace(old, new, 1), encoding="utf-8", newline="\n")


def test_the_pages_are_fresh() -> None:
    ran = generate(DOCS, "--check")
    assert ran.returncode == 0, f"run `python docs/generate.py` and commit what it writes\n{ran.stderr}"


def test_a_stale_page_is_named_and_writing_mends_it(copied: Path) -> None:
    wanted = (copied / PAGE).read_bytes()
    edit(copied / PAGE, "`vetting_begun`", "`vetting_started`")

    checked = generate(copied, "--check")
    assert checked.returncode == 1
    assert checked.stderr == f"stale: docs/{PAGE}; run: python docs/generate.py\n"
    assert (copied / PAGE).read_bytes() != wanted

    assert generate(copied).stdout == f"written: docs/{PAGE}\n"
    assert (copied / PAGE).read_bytes() == wanted
    assert generate(copied, "--check").returncode == 0


@pytest.mark.parametrize("lost", ["<!-- generated: diagram -->", "<!-- end -->"])
def test_a_page_that_lost_a_marker_is_named_and_left_alone(copied: Path, lost: str) -> None:
    edit(copied / PAGE, lost, "")
    before = (copied / PAGE).read_bytes()
    ran = generate(copied)
    assert ran.returncode == 1
    assert re.match(rf"{PAGE}: wants one part each of .*'diagram'", ran.stderr)
    assert (copied / PAGE).read_bytes() == before


def test_an_unknown_argument_is_refused(copied: Path) -> None:
    edit(copied / PAGE, "`vetting_begun`", "`vetting_started`")
    before = (copied / PAGE).read_bytes()
    assert generate(copied, "--chekc").returncode == 2
    assert (copied / PAGE).read_bytes() == before
