"""Writing Markdown, and reading docstrings."""

from __future__ import annotations

import ast
import inspect
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from itertools import pairwise
from typing import Any

WIDTH = 120


def table(header: tuple[str, ...], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = ([cell.replace("|", r"\|") for cell in cells] for cells in (header, ("---",) * len(header), *rows))
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def codes(names: Iterable[str], none: str = "-") -> str:
    return ", ".join(f"`{name}`" for name in names) or none


def prose(doc: str | None) -> str:
    """Return a docstring as Markdown: *arguments* in code."""
    return re.sub(r"(?<![*\w])\*(\w+)\*(?![*\w])", r"`\1`", " ".join((doc or "").split("\n\n")[0].split()))


def whole(doc: str | None) -> str:
    """Return all paragraphs of a docstring."""
    return "\n\n".join(prose(part) for part in inspect.cleandoc(doc or "").split("\n\n"))


def fenced(text: str, language: str) -> str:
    return f"```{language}\n{text.rstrip()}\n```\n"


def pretty(data: Any, indent: int = 0) -> str:
    """Write JSON on as few lines as fit."""
    short = json.dumps(data, ensure_ascii=False)
    if len(short) + indent <= WIDTH or not isinstance(data, (dict, list)):
        return short
    inner = "  " + " " * indent
    if isinstance(data, list):
        return "[\n" + ",\n".join(inner + pretty(item, indent + 2) for item in data) + "\n" + " " * indent + "]"
    items = (f"{inner}{json.dumps(name)}: {pretty(value, indent + 2)}" for name, value in data.items())
    return "{\n" + ",\n".join(items) + "\n" + " " * indent + "}"


@cache
def docs_of(module: str) -> Mapping[str, str]:
    """Return the docstrings below the assignments of a module, by `name` and `Class.name`."""
    tree = ast.parse(inspect.getsource(import_module(module)))
    return dict(below(tree.body)) | {
        f"{cls.name}.{name}": text
        for cls in tree.body
        if isinstance(cls, ast.ClassDef)
        for name, text in below(cls.body)
    }


def below(body: Sequence[ast.stmt]) -> Iterator[tuple[str, str]]:
    for node, following in pairwise(body):
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        text = following.value if isinstance(following, ast.Expr) else None
        for target in targets:
            if isinstance(target, ast.Name) and isinstance(text, ast.Constant) and isinstance(text.value, str):
                yield target.id, text.value
