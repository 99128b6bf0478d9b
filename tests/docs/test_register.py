"""Docstrings, comments and pages use the standard words of the field, and no private idioms."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path for room in ("src", "docs", "translations", "benchmarks") for path in (ROOT / room).rglob("*.py"))
SHIPPED = ROOT / "src" / "partnerflow" / "policies" / "shipped"
PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md"), *ROOT.glob("examples/*/*.md")]
)
IDIOMS = re.compile(r"\b(whoever|told of|by what|of which)\b", re.IGNORECASE)
"""Write "a person who", "reported", "how" or "by its ...", "whose" or a second sentence instead."""
_GENERATED = re.compile(r"<!-- generated: .*?<!-- end -->", re.DOTALL)
_FENCED = re.compile(r"^ *```.*?^ *```$", re.DOTALL | re.MULTILINE)


def docstrings(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the docstrings of a module, and the texts below its assignments."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.lineno, node.value.value


def comments(path: Path) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def prose(page: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines that are written by hand: no code, and no part that docs/generate.py writes."""
    text = page.read_text(encoding="utf-8")
    if "<!-- written by docs/generate.py" in text:
        return
    for pattern in (_GENERATED, _FENCED):
        text = pattern.sub(lambda found: "\n" * found[0].count("\n"), text)
    yield from enumerate(text.splitlines(), 1)


def test_docstrings_and_comments_are_in_the_standard_words() -> None:
    wrong = []
    for path in SOURCES:
        place = path.relative_to(ROOT)
        wrong += [f"{place}:{line}: {text}" for line, text in docstrings(path) if re.match(r"Gives?\b", text)]
        if not path.is_relative_to(SHIPPED):  # whose rationales are sentences for people
            texts = (*docstrings(path), *comments(path))
            wrong += [f"{place}:{line}: {text}" for line, text in texts if IDIOMS.search(text)]
    assert not wrong, "\n".join(wrong)


def test_pages_are_in_the_standard_words() -> None:
    wrong = [
        f"{page.relative_to(ROOT)}:{line}: {text}"
        for page in PAGES
        for line, text in prose(page)
        if IDIOMS.search(text)
    ]
    assert not wrong, "\n".join(wrong)


def test_every_sort_of_text_is_looked_at(tmp_path: Path) -> None:
    module, page = tmp_path / "a.py", tmp_path / "a.md"
    module.write_text('"""Give a."""\nX = 1\n"""Told of."""\n# by what\nY = "whoever"\n', encoding="utf-8")
    page.write_text("of which\n\n```text\nwhoever\n```\n\n<!-- generated: x -->\ntold of\n<!-- end -->\n", "utf-8")
    assert [text for _, text in docstrings(module)] == ["Give a.", "Told of."]
    assert [text for _, text in comments(module)] == ["# by what"]
    assert [text for _, text in prose(page) if IDIOMS.search(text)] == ["of which"]
