"""Every block in README.md and docs/ runs, page by page and from top to bottom, in an empty directory of its own.

- `python`: is run. It must print exactly the `text` block right below it, or nothing where there is none.
- `console`: the text after a `$` is run by a shell, and must print the lines below it. A command with another exit code
  than 0 is followed by `$ echo $?`.
- In both, `...` matches any text in a line, and a line `...` matches any lines. The commands `partnerflow` and
  `pytest` are run as modules of the python that runs this.
- `python` and `toml` below a line that is nothing but the name of a file, as "`tests/test_x.py`:": is written to it.
  From then on, `src` can be imported and run, as if the project of `pyproject.toml` had been installed.
- `bash`: sets up a machine, and is not run.

Every example in a docstring under src/ runs too: the lines that are indented by four more than the text around them.
TOML is loaded as a pack; of Python, the functions named `test_...` are called too. An example imports what it uses.
"""
# ruff: noqa: S101, S603, S607  this is a test: it asserts, and it runs what the pages say

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from shutil import disk_usage
from tempfile import TemporaryDirectory
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from sybil import Document, Example, Region, Sybil
from sybil.document import PythonDocStringDocument
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.markdown import CodeBlockParser
from sybil.region import Lexeme

from partnerflow.records.registry import KINDS, kinds

_NEXT = "--- what came before has ended with"
_FILE = re.compile(r"^`([\w./-]+)`:\n\n\Z", re.MULTILINE)
_run = PythonEvaluator()
_IN_MEMORY = Path("/dev/shm")  # noqa: S108  each test makes a directory of its own in it
LONGEST = (
    "tests/flow/test_model.py",
    "tests/flow/test_bulk.py",
    "tests/flow/test_clearing_itself.py",
    "tests/test_hammering.py",
    "tests/test_host_examples.py",
    "tests/adapters/sqlalchemy/test_bulk_processes.py",
    "tests/policies/test_variants.py",
    "tests/policies/test_laws.py",
    "tests/adapters/sqlalchemy/test_queries.py",
    "tests/adapters/sqlalchemy/test_migrations.py",
    "tests/adapters/sqlalchemy/test_savepoints.py",
    "tests/adapters/test_edfi.py",
    "tests/flow/test_sweeping_at_once.py",
    "tests/cli/test_impact.py",
    "tests/test_docs_fresh.py",
    "tests/cli/test_process.py",
    "tests/adapters/sqlalchemy/test_triggers.py",
    "tests/flow/test_stores.py",
)
"""The files with the longest tests, the longest first, as `pytest -n0 --durations=100` tells them."""

if _IN_MEMORY.is_dir() and os.access(_IN_MEMORY, os.W_OK) and disk_usage(_IN_MEMORY).free > 2**31:
    # SQLite waits for the disk at each commit, and the tests are of what is written, not of the disk
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_IN_MEMORY))

settings.register_profile(
    "example", max_examples=5, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)


def run_python(example: Example) -> None:
    """Run a block, and keep what it prints for the block below; or write it to the file that it shows."""
    nothing_left_to_show(example.namespace)
    with redirect_stdout(io.StringIO()) as printed:
        (keep_file if file_named(example) else _run)(example)
    example.namespace["_printed"] = printed.getvalue()


def keep_file(example: Example) -> None:
    """Write a block to the file that the line above names."""
    path = Path(file_named(example) or "")
    assert path.name, "no file is named in the line above this block"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(example.parsed, encoding="utf-8")
    if path.name == "pyproject.toml":
        note_as_installed(tomllib.loads(example.parsed)["project"])


def file_named(example: Example) -> str | None:
    """Return the file that the line above a block names, if it names one."""
    named = _FILE.search(example.document.text[: example.start])
    return named[1] if named else None


def note_as_installed(project: dict[str, Any]) -> None:
    """Write the metadata that an installation would write: the name of a project and its entry points."""
    about = Path("src") / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    about.mkdir(parents=True)
    metadata = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (about / "METADATA").write_text(metadata, encoding="utf-8")
    groups = project.get("entry-points", {}).items()
    points = [f"[{group}]\n" + "".join(f"{name} = {at}\n" for name, at in of_it.items()) for group, of_it in groups]
    (about / "entry_points.txt").write_text("\n".join(points), encoding="utf-8")


def compare_text(example: Example) -> None:
    """Compare the output of the block above with this block."""
    fits(example.namespace.pop("_printed", ""), example.parsed)


def run_console(example: Example) -> None:
    """Run the commands of a block one after the other in one shell."""
    nothing_left_to_show(example.namespace)
    commands = [part.partition("\n") for part in re.split(r"^\$ ", example.parsed, flags=re.MULTILINE)[1:]]
    modules = {"partnerflow": "-m partnerflow", "pytest": "-m pytest", "python": ""}
    script = "".join(f'{name}() {{ "{sys.executable}" {module} "$@"; }}\n' for name, module in modules.items())
    script += "".join(
        f"{command}\nlast=$?\nprintf '\\n{_NEXT} %s\\n' $last\n(exit $last)\n" for command, _, _ in commands
    )
    found_in = os.pathsep.join([str(Path("src").absolute()), *sys.path])
    environment = {**os.environ, "PYTHONPATH": found_in, "NO_COLOR": "1", "COLUMNS": "120"}
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
    for place, (command, _, expected) in enumerate(commands):
        output, code = printed[2 * place : 2 * place + 2]
        fits(output, expected)
        shown = place + 1 < len(commands) and commands[place + 1][0] == "echo $?"
        assert code == "0" or shown, f"{command}: left exit code {code} behind\n{output}"


def nothing_left_to_show(namespace: dict[str, Any]) -> None:
    """Fail if a block printed something that the page does not show."""
    assert not namespace.pop("_printed", ""), "the python block above prints something that the page does not show"


def fits(actual: str, expected: str) -> None:
    """Compare two texts, where `...` in the second matches any text, and alone on a line any lines."""
    lines = [line.rstrip() for line in expected.strip().splitlines()]
    wanted = [r"(?:.*\n)*?" if line == "..." else re.escape(line).replace(r"\.\.\.", ".*") + r"\n" for line in lines]
    found = "\n".join(line.rstrip() for line in actual.strip().splitlines())
    if not re.fullmatch("".join(wanted), found + "\n" if found else ""):
        assert found == "\n".join(lines)


def enter(namespace: dict[str, Any]) -> None:
    """Begin a page in an empty directory, with only the shipped kinds of records."""
    namespace["_kinds"] = dict(kinds())
    namespace["_directory"] = TemporaryDirectory(dir=os.environ.get("PYTEST_DEBUG_TEMPROOT"))
    namespace["_came_from"] = Path.cwd()
    os.chdir(namespace["_directory"].name)


def leave(namespace: dict[str, Any]) -> None:
    """Leave the directory, and remove the kinds that the page registered."""
    KINDS.clear()
    KINDS.update(namespace["_kinds"])
    os.chdir(namespace["_came_from"])
    namespace["_directory"].cleanup()
    nothing_left_to_show(namespace)


class Docstrings(PythonDocStringDocument):
    """The docstrings of a file. The file itself is not imported: its examples import what they use."""

    def __init__(self, text: str, path: str) -> None:
        Document.__init__(self, text, path)


def find_examples(docstring: Document) -> Iterator[Region]:
    """Find the paragraphs of a docstring that are indented by four more than its text."""
    last_line = docstring.text.rpartition("\n")[2]
    margin = len(last_line) - len(last_line.lstrip())
    for found in re.finditer(rf"(?<=\n\n)(?: {{{margin + 4}}}.*\n+)+", docstring.text):
        code = Lexeme(dedent(found[0]), 0, 0)
        yield Region(found.start(), found.end(), code, load_example if code.startswith("[") else run_example)


def run_example(example: Example) -> None:
    """Run an example and each test that it defines, for few values where Hypothesis draws them."""
    before = set(example.namespace)
    settings.register_profile("before", settings.default)
    settings.load_profile("example")
    try:
        _run(example)
        for name in example.namespace.keys() - before:
            if name.startswith("test_"):
                example.namespace[name]()
    finally:
        settings.load_profile("before")


def load_example(example: Example) -> None:
    """Load an example as a pack."""
    from partnerflow.policies import load_pack

    Path("example.toml").write_text(example.parsed, encoding="utf-8")
    load_pack("example.toml")


_pages = Sybil(
    parsers=[
        CodeBlockParser("python", run_python),
        CodeBlockParser("toml", keep_file),
        CodeBlockParser("text", compare_text),
        CodeBlockParser("console", run_console),
    ],
    patterns=["README.md", "docs/*.md", "docs/*/*.md"],
    setup=enter,
    teardown=leave,
)
_docstrings = Sybil(
    parsers=[find_examples], path="src", pattern="*.py", document_types={".py": Docstrings}, setup=enter, teardown=leave
)
pytest_collect_file = (_pages + _docstrings).pytest()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: Any, log: Any) -> Any:
    """Keep files and pages together where tests run in several processes, and spread the tests of the longest files."""
    from xdist.scheduler import LoadScopeScheduling

    class LongestSpread(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return nodeid if file in LONGEST else file

    config.option.loadscopereorder = False  # as they were collected: the longest first
    return LongestSpread(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the longest where tests run in several processes, so that no core waits for one of them at the end."""
    if hasattr(config, "workerinput"):
        place = {file: number for number, file in enumerate(LONGEST)}
        items.sort(key=lambda item: place.get(item.nodeid.partition("::")[0], len(place)))
