"""What the pages say of the code is what the code says today."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

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


GENERATING = """
import io, runpy, sys
from contextlib import redirect_stderr, redirect_stdout

there.send("ready")
there.recv()
sys.argv, sys.path[:0] = [script, *arguments], [docs]
code, out, err = 0, io.StringIO(), io.StringIO()
with redirect_stdout(out), redirect_stderr(err):
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as ended:
        code = ended.code
if isinstance(code, str):  # as Python does at its end
    code = err.write(f"{code}\\n") and 1
there.send((code or 0, out.getvalue(), err.getvalue()))
"""


@pytest.fixture
def again(process: Any) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the script of a copy, in a process that has imported the library."""

    def again(docs: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        child = process(GENERATING, docs=str(docs), script=str(docs / "generate.py"), arguments=arguments)
        child.go()
        ((code, out, err),) = child.ended()[1]
        return subprocess.CompletedProcess([*arguments], code, out, err)

    return again


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


def test_a_stale_page_is_named_and_writing_mends_it(copied: Path, again: Any) -> None:
    wanted = (copied / PAGE).read_bytes()
    edit(copied / PAGE, "`vetting_begun`", "`vetting_started`")

    checked = again(copied, "--check")
    assert checked.returncode == 1
    assert checked.stderr == f"stale: docs/{PAGE}; run: python docs/generate.py\n"
    assert (copied / PAGE).read_bytes() != wanted

    assert again(copied).stdout == f"written: docs/{PAGE}\n"
    assert (copied / PAGE).read_bytes() == wanted
    assert again(copied, "--check").returncode == 0


@pytest.mark.parametrize("lost", ["<!-- generated: diagram -->", "<!-- end -->"])
def test_a_page_that_lost_a_marker_is_named_and_left_alone(copied: Path, again: Any, lost: str) -> None:
    edit(copied / PAGE, lost, "")
    before = (copied / PAGE).read_bytes()
    ran = again(copied)
    assert ran.returncode == 1
    assert re.match(rf"{PAGE}: wants one part each of .*'diagram'", ran.stderr)
    assert (copied / PAGE).read_bytes() == before


def test_an_unknown_argument_is_refused(copied: Path, again: Any) -> None:
    edit(copied / PAGE, "`vetting_begun`", "`vetting_started`")
    before = (copied / PAGE).read_bytes()
    assert again(copied, "--chekc").returncode == 2
    assert (copied / PAGE).read_bytes() == before
