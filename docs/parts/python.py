"""The public names, the errors, and the tree of modules."""

from __future__ import annotations

import ast
import inspect
import re
import sys
import types
from collections.abc import Iterator
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Any, get_origin

import partnerflow
from partnerflow import errors

from .write import below, codes, docs_of, fenced, prose, table


def error_tree() -> str:
    return fenced((errors.__doc__ or "").split("\n\n")[1], "")


def error_table() -> str:
    found = [cls for cls in vars(errors).values() if isinstance(cls, type) and issubclass(cls, Exception)]

    def cells(cls: type[errors.PartnerflowError]) -> tuple[str, ...]:
        made = vars(cls).get("__init__") or vars(cls.__mro__[1]).get("__init__")
        given = list(inspect.signature(made).parameters)[1:] if inspect.isfunction(made) else []
        return f"`{cls.__name__}`", prose(cls.__doc__), str(cls.http_status), codes(given, "")

    rows = [cells(cls) for cls in found if not cls.__name__.startswith("_")]
    return table(("class", "what went wrong", "HTTP status", "carries"), rows)


def names(module: str) -> str:
    """List the public names of a module, each with the first paragraph of its docstring."""
    home = import_module(module)
    return table(
        ("name", ""), [(f"`{name}`", _sentence(home, name)) for name in sorted(home.__all__, key=str.casefold)]
    )


def _sentence(home: types.ModuleType, name: str) -> str:
    value = getattr(home, name)
    if inspect.isclass(value) or inspect.isroutine(value):
        return prose(value.__doc__)
    for module in sys.modules.copy().values():
        known = module.__name__.startswith("partnerflow") and vars(module).get(name) is value
        if known and (doc := docs_of(module.__name__).get(name)):
            return prose(doc)
    if get_origin(value) is not None:
        return f"`{re.sub(r'[a-z_.]+[.]', '', str(value))}`"
    return _WITHOUT_DOC[name]


_WITHOUT_DOC = {
    "SCHEMA_VERSION": "The version of the tables that this release makes and reads.",
    "TRANSITIONS": "The rows of `DEFAULT`.",
}
"""Names that have no docstring in the code."""


def members(cls: type[Any]) -> str:
    """List the public members of a class, in the order of its source; a field without a docstring shows its type."""
    bodies = [_body(each) for each in cls.__mro__ if each.__module__.startswith("partnerflow.")]
    docs = {name: text for body in reversed(bodies) for name, text in below(body)}
    rows: dict[str, str] = {}
    for node in chain.from_iterable(bodies):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            name, text = node.target.id, docs.get(node.target.id) or f"`{ast.unparse(node.annotation)}`"
        elif isinstance(node, ast.FunctionDef):
            name, text = node.name, ast.get_docstring(node) or ""
        else:
            continue
        if not name.startswith("_"):
            rows.setdefault(f"`{name}`", prose(text))
    return table(("name", ""), rows.items())


def _body(cls: type[Any]) -> list[ast.stmt]:
    """Return the statements of a class."""
    tree = ast.parse(inspect.getsource(import_module(cls.__module__)))
    return next(node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == cls.__name__)


def house() -> str:
    """Draw the tree of modules, each with the first line of its docstring."""
    return fenced("\n".join(_floor(Path(partnerflow.__path__[0]), 0)), "")


def _floor(package: Path, depth: int) -> Iterator[str]:
    yield _line(f"{package.name}/", package / "__init__.py", depth)
    for path in sorted(package.iterdir(), key=lambda path: (path.is_dir(), path.name)):
        if (path / "__init__.py").exists():
            yield from _floor(path, depth + 1)
        elif path.suffix == ".py" and path.name != "__init__.py":
            yield _line(path.name, path, depth + 1)


def _line(name: str, module: Path, depth: int) -> str:
    doc = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or ""
    return f"{'  ' * depth + name:<24} {prose(doc)}"
