"""Every block in README.md and docs/ runs, page by page and from top to bottom, in an empty directory of its own.

- `python`: is run. What it prints stands in the `text` block right below it, and nowhere else.
- `console`: what stands behind a `$` is run by a shell, and must print the lines below it. A command that leaves
  another exit code than 0 behind is followed by `$ echo $?`.
- In both, `...` stands for any text in a line, and a line `...` for any lines. The command `partnerflow` is run as
  `python -m partnerflow`.
- `bash`: sets a machine up, and is run by nobody.
"""
# ruff: noqa: S101, S603, S607  this is a test: it asserts, and it runs what the pages say

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from sybil import Example, Sybil
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.markdown import CodeBlockParser

from partnerflow.records.registry import KINDS, kinds

_NEXT = "--- what came before has ended with"
_run = PythonEvaluator()


def run_python(example: Example) -> None:
    """Run a block, and keep what it prints for the block below."""
    nothing_left_to_show(example.namespace)
    with redirect_stdout(io.StringIO()) as printed:
        _run(example)
    example.namespace["_printed"] = printed.getvalue()


def compare_text(example: Example) -> None:
    """Compare what the block above printed with what the page says that it prints."""
    fits(example.namespace.pop("_printed", ""), example.parsed)


def run_console(example: Example) -> None:
    """Run the commands of a block one after the other in one shell."""
    nothing_left_to_show(example.namespace)
    said = [part.partition("\n") for part in re.split(r"^\$ ", example.parsed, flags=re.MULTILINE)[1:]]
    script = f'partnerflow() {{ "{sys.executable}" -m partnerflow "$@"; }}\n' + "".join(
        f"{command}\nlast=$?\nprintf '\\n{_NEXT} %s\\n' $last\n(exit $last)\n" for command, _, _ in said
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "NO_COLOR": "1", "COLUMNS": "120"}
    ran = subprocess.run(
        ["bash", "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        env=environment,
        check=False,
    )
    printed = re.split(rf"\n{_NEXT} (\d+)\n", ran.stdout)
    for place, (command, _, expected) in enumerate(said):
        output, code = printed[2 * place : 2 * place + 2]
        fits(output, expected)
        shown = place + 1 < len(said) and said[place + 1][0] == "echo $?"
        assert code == "0" or shown, f"{command}: left exit code {code} behind\n{output}"


def nothing_left_to_show(namespace: dict[str, Any]) -> None:
    """See to it that no output goes unshown."""
    assert not namespace.pop("_printed", ""), "the python block above prints something that the page does not show"


def fits(actual: str, expected: str) -> None:
    """Compare two texts, where `...` in the second stands for any text, and alone on a line for any lines."""
    lines = [line.rstrip() for line in expected.strip().splitlines()]
    wanted = [r"(?:.*\n)*?" if line == "..." else re.escape(line).replace(r"\.\.\.", ".*") + r"\n" for line in lines]
    found = "\n".join(line.rstrip() for line in actual.strip().splitlines())
    if not re.fullmatch("".join(wanted), found + "\n" if found else ""):
        assert found == "\n".join(lines)


def enter(namespace: dict[str, Any]) -> None:
    """Begin a page in an empty directory, with none but the kinds of records that come with us."""
    namespace["_kinds"] = dict(kinds())
    namespace["_directory"] = TemporaryDirectory()
    namespace["_came_from"] = Path.cwd()
    os.chdir(namespace["_directory"].name)


def leave(namespace: dict[str, Any]) -> None:
    """Go back to where the page was begun, and forget the kinds that it made up."""
    KINDS.clear()
    KINDS.update(namespace["_kinds"])
    os.chdir(namespace["_came_from"])
    namespace["_directory"].cleanup()
    nothing_left_to_show(namespace)


pytest_collect_file = Sybil(
    parsers=[
        CodeBlockParser("python", run_python),
        CodeBlockParser("text", compare_text),
        CodeBlockParser("console", run_console),
    ],
    patterns=["README.md", "docs/*.md", "docs/*/*.md"],
    setup=enter,
    teardown=leave,
).pytest()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: Any, log: Any) -> Any:
    """Keep the blocks of a page together where tests run in several processes, and spread all other tests."""
    from xdist.scheduler import LoadScopeScheduling

    class PagesWhole(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            page = nodeid.partition("::")[0]
            return page if page.endswith(".md") else nodeid

    return PagesWhole(config, log)
