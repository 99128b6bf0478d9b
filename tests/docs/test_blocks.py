"""Nothing that the pages and the docstrings show escapes being run, and what is run is really compared."""

from __future__ import annotations

import ast
import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *ROOT.joinpath("docs").rglob("*.md")])
_BLOCK = re.compile(r"^( *)```([^\n`]*)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
_GENERATED = re.compile(r"<!-- generated: (\S+) -->.*?<!-- end -->", re.DOTALL)
RUN = {"python", "toml", "text", "console"}
SHOWN = {"bash", "json", "mermaid", ""}


def blocks(text: str) -> list[tuple[str, str]]:
    return [(language, body) for _, language, body in _BLOCK.findall(text)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_is_run_or_is_of_a_kind_that_cannot_be(page: Path) -> None:
    for language, body in blocks(page.read_text(encoding="utf-8")):
        assert language in RUN | SHOWN, f"a block of {language!r} is not run:\n{body}"
    for language, body in blocks(_GENERATED.sub("", page.read_text(encoding="utf-8"))):
        if language in ("", "json"):
            assert not re.search(r"^(from|import|\$|partnerflow) ", body, re.MULTILINE), body


def test_every_generated_part_is_known_to_what_generates_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    known = runpy.run_path(str(ROOT / "docs" / "generate.py"))["PAGES"]
    parts = {page: _GENERATED.findall(page.read_text(encoding="utf-8")) for page in PAGES}
    assert {page: sorted(found) for page, found in parts.items() if found} == {
        (ROOT / "docs" / name).resolve(): sorted(wanted) for name, wanted in known.items()
    }


WRONG = {
    "a python block that raises": "```python\nassert 1 == 2\n```\n",
    "output that is not as shown": "```python\nprint('a')\n```\n\n```text\nb\n```\n",
    "output that is not shown, at the end": "```python\nprint('a')\n```\n",
    "output that is not shown, before another block": "```python\nprint('a')\n```\n\n```python\npass\n```\n",
    "a line that is shown and not printed": "```python\nprint('a')\n```\n\n```text\na\nb\n```\n",
    "text below a block that prints nothing": "```python\npass\n```\n\n```text\na\n```\n",
    "a command that prints something else": "```console\n$ echo a\nb\n```\n",
    "a command that fails unsaid": "```console\n$ false\n```\n",
    "a command that is not there": "```console\n$ partnerflow conquer\n...\n```\n",
}
RIGHT = {
    "blocks share their names": "```python\nx = 1\n```\n\n```python\nassert x == 1\n```\n",
    "output as shown": "```python\nprint('a\\nb\\nc')\n```\n\n```text\na\n...\n```\n",
    "a part of a line": "```python\nprint('a at 12:00')\n```\n\n```text\na at ...\n```\n",
    "commands share their shell": "```console\n$ x=1\n$ echo $x\n1\n$ false\n$ echo $?\n1\n```\n",
    "a command after python": "```python\nopen('f', 'w').close()\n```\n\n```console\n$ ls\nf\n```\n",
}

WRONG_EXAMPLES = {
    "an_example_that_does_not_parse": 'def f():\n    """Return.\n\n        def g():\n        return 1\n    """\n',
    "an_example_that_raises": '"""A module.\n\n    assert 1 == 2\n"""\n',
    "an_example_with_a_test_that_fails": '"""A module.\n\n    def test_it():\n        assert 1 == 2\n"""\n',
    "an_example_that_imports_too_little": '"""A module.\n\n    Path("x")\n"""\nfrom pathlib import Path\n',
    "an_example_that_is_no_pack": '"""A module.\n\n    [pack]\n    nmae = "x"\n"""\n',
}
RIGHT_EXAMPLES = {
    "an_example_of_a_class": 'class C:\n    """Holds.\n\n        x = 1\n\n        assert x\n\n    More.\n    """\n',
    "a_file_without_examples": 'x = 1\n"""One.\n\n    What is below a name is not a docstring.\n"""\n',
}


def docstrings(path: Path) -> list[str]:
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    found = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return [ast.get_docstring(node) or "" for node in found if isinstance(node, documented)]


def test_every_example_in_a_docstring_is_indented_and_so_is_run() -> None:
    code = re.compile(r"^(?:>>>|@\w|(?:from [\w.]+ )?import \w|(?:def|class) \w+.*:$|\w+ = |\[)|```", re.MULTILINE)
    for path in sorted(ROOT.joinpath("src").rglob("*.py")):
        for docstring in docstrings(path):
            assert not code.search(docstring), f"{path.relative_to(ROOT)}: indent this example:\n{docstring}"


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Return the names of the pages and modules of a project that fail, where each is one of the above."""
    root = tmp_path_factory.mktemp("project")
    shutil.copy(ROOT / "conftest.py", root)
    (root / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    (root / "docs").mkdir()
    for name, page in {**WRONG, **RIGHT}.items():
        (root / "docs" / f"{name}.md").write_text(page, encoding="utf-8")
    (root / "src").mkdir()
    for name, module in {**WRONG_EXAMPLES, **RIGHT_EXAMPLES}.items():
        (root / "src" / f"{name}.py").write_text(module, encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rfE", "-p", "no:cacheprovider", "-p", "no:xdist", "docs", "src"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1, ran.stdout + ran.stderr
    return set(re.findall(r"^(?:FAILED|ERROR) (?:docs|src)/(.*?)\.(?:md|py)::", ran.stdout, re.MULTILINE))


def test_a_page_that_is_wrong_fails_and_no_other(failed: set[str]) -> None:
    assert failed & {*WRONG, *RIGHT} == set(WRONG)


def test_an_example_that_is_wrong_fails_and_no_other(failed: set[str]) -> None:
    assert failed - {*WRONG, *RIGHT} == set(WRONG_EXAMPLES)
