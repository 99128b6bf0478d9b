"""The plan of the house, enforced: who may import whom, which library has which home, how long a file may be."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import pytest

SRC = Path(__file__).parents[1] / "src"
PACKAGE = SRC / "partnerflow"
LONGEST = 450

# Who stands where, left to right; each may import what stands to its left, and what stands in its own package.
# The design does not list `clauses` (left of all), `canonical` (beside errors), `obligations` (between history and
# events) and `traceability` (right of flow).
ORDER: tuple[tuple[str, ...], ...] = (
    ("clauses",),
    ("errors", "actors", "canonical"),
    ("lifecycle",),
    ("partnership", "records"),
    ("gate",),
    ("dossier",),
    ("policies",),
    ("rubric",),
    ("decision",),
    ("history",),
    ("obligations",),
    ("events",),
    ("ports",),
    ("signals",),
    ("flow", "relay"),
    ("traceability",),
    ("",),  # the public names of the package itself
    ("cli",),
    ("__main__",),
)
RANK = {unit: rank for rank, units in enumerate(ORDER) for unit in units}
BESIDE_EACH_OTHER = {("canonical", "errors")}
"""Of those who stand side by side, who may import whom."""
OPEN = {"", "testing"}
"""The lazy names of the package itself, and what only tests import, may import everything."""
ONLY_IN = {
    "transitions": ("lifecycle/machine.py",),
    "blinker": ("signals.py",),
    "sqlalchemy": ("adapters/sqlalchemy/",),
    "alembic": ("adapters/sqlalchemy/migrations/",),
    "click": ("cli/",),
    "rich": ("cli/",),
    "rich_click": ("cli/",),
    "defusedxml": ("adapters/standards/edfi.py",),
    "pytest": ("testing/",),
    "hypothesis": ("testing/",),
}


class Import(NamedTuple):
    """One module imported: where, what, and whether inside a function or for type checkers only."""

    file: str
    line: int
    target: str
    in_function: bool
    typing_only: bool

    def __str__(self) -> str:
        return f"{self.file}:{self.line} imports {self.target}"


def _unit(module: str) -> str:
    """Return the part of the house that a module of ours belongs to: `partnerflow.flow.loading` is flow."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def _imports(path: Path) -> Iterator[Import]:
    file = path.relative_to(PACKAGE).as_posix()
    module = ".".join(("partnerflow", *path.relative_to(PACKAGE).with_suffix("").parts))
    package = module.removesuffix(".__init__") if path.name == "__init__.py" else module.rpartition(".")[0]

    def walk(node: ast.AST, *, in_function: bool, typing_only: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            inside = in_function or isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
            for target in _targets(child, package):
                yield Import(file, child.lineno, target, in_function, typing_only)  # type: ignore[attr-defined]
            if isinstance(child, ast.If) and ast.unparse(child.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
                for each in child.body:
                    yield from walk(ast.Module([each], []), in_function=in_function, typing_only=True)
                for each in child.orelse:
                    yield from walk(ast.Module([each], []), in_function=in_function, typing_only=typing_only)
            else:
                yield from walk(child, in_function=inside, typing_only=typing_only)

    yield from walk(ast.parse(path.read_text(encoding="utf-8")), in_function=False, typing_only=False)


def _targets(node: ast.AST, package: str) -> Iterator[str]:
    """Name the modules that a statement imports, in full; `from x import y` names x.y where that is a module."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        parts = package.split(".")
        base = ".".join(parts[: len(parts) - node.level + 1]) if node.level else ""
        module = ".".join(part for part in (base, node.module) if part)
        for alias in node.names:
            inner = f"{module}.{alias.name}"
            place = SRC / Path(*inner.split("."))
            yield inner if place.with_suffix(".py").exists() or (place / "__init__.py").exists() else module


FILES = sorted(PACKAGE.rglob("*.py"))
IMPORTS = [each for path in FILES for each in dict.fromkeys(_imports(path))]
OURS = [each for each in IMPORTS if each.target.split(".")[0] == "partnerflow"]


def _here(each: Import) -> str:
    return each.file.split("/")[0].removesuffix(".py").replace("__init__", "")


def test_each_imports_only_what_stands_to_its_left() -> None:
    wrong = []
    for each in OURS:
        here, there = _here(each), _unit(each.target)
        if here == there or here in OPEN | {"adapters"}:
            continue
        if there == "adapters" and (here == "cli" or each.file == "flow/partnerflow.py"):
            continue  # see below
        if there not in RANK:
            wrong.append(f"{each}: {there or 'the package itself'} is to the left of nobody")
        elif RANK[there] >= RANK[here] and (here, there) not in BESIDE_EACH_OTHER:
            wrong.append(f"{each}: {there} does not stand to the left of {here}")
    assert not wrong, "\n".join(wrong)


def test_adapters_import_ports_and_what_stands_to_its_left_and_never_each_other() -> None:
    wrong = []
    for each in OURS:
        parts, target = each.file.split("/"), each.target.split(".")
        if parts[0] != "adapters" or each.file == "adapters/__init__.py":
            continue
        mine, theirs = parts[1].removesuffix(".py"), target[2] if len(target) > 2 else ""
        if parts[1] == "standards":
            mine, theirs = "/".join(parts[1:3]).removesuffix(".py"), "/".join(target[2:4])
        if target[1] == "adapters":
            if theirs != mine:
                wrong.append(f"{each}: an adapter imports no other adapter")
        elif RANK.get(target[1], 99) > RANK["ports"]:
            wrong.append(f"{each}: {target[1]} does not stand to the left of ports")
        elif target[1:3] == ["policies", "shipped"]:
            wrong.append(f"{each}: an adapter knows no policy")
    assert not wrong, "\n".join(wrong)


def test_adapters_are_put_together_in_two_places_and_inside_functions() -> None:
    wrong = [
        f"{each}: only flow/partnerflow.py and cli import adapters, inside functions"
        for each in OURS
        if _unit(each.target) == "adapters"
        and _here(each) not in ("adapters", *OPEN)
        and not (each.in_function and (each.file == "flow/partnerflow.py" or _here(each) == "cli"))
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("library", ONLY_IN)
def test_each_library_has_one_home(library: str) -> None:
    wrong = [
        f"{each}: only {', '.join(ONLY_IN[library])} may"
        for each in IMPORTS
        if each.target.split(".")[0] == library and not each.file.startswith(ONLY_IN[library])
    ]
    assert not wrong, "\n".join(wrong)


LAZY = {"__init__.py", "policies/__init__.py", "testing/__init__.py"}
"""Packages whose names are loaded when first used: what they name, they do not import."""


def _home(target: str, name: str) -> str:
    """Return the module that defines *name* of a package, where that can be seen; else the package."""
    path = SRC / Path(*target.split(".")) / "__init__.py"
    if path.exists():
        package = path.relative_to(PACKAGE).as_posix()
        for each in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(each, ast.ImportFrom) and any(name == (found.asname or found.name) for found in each.names):
                home = next(iter(_targets(ast.ImportFrom(each.module, each.names[:1], each.level), target)))
                return home if home != target else package
    return target


def _edges() -> dict[str, set[str]]:
    """Return which module imports which: at run time, in functions and for type checkers alike."""
    edges: dict[str, set[str]] = {}
    for path in FILES:
        file = path.relative_to(PACKAGE).as_posix()
        module = ".".join(("partnerflow", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")
        package = module if path.name == "__init__.py" else module.rpartition(".")[0]
        found = edges.setdefault(module, set())
        if file in LAZY:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    (target,) = _targets(ast.ImportFrom(node.module, [alias], node.level), package)
                    found.add(_home(target, alias.name))
            elif isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
        found.discard(module)
    return {module: targets & edges.keys() for module, targets in edges.items()}


def test_no_modules_import_each_other_in_whatever_way() -> None:
    """Imports in functions and for type checkers count too; a name of a package counts as its module's."""
    try:
        TopologicalSorter(_edges()).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_the_command_works_through_partnerflow_and_never_on_its_store() -> None:
    wrong = [
        f"cli/{path.name}:{node.lineno} reads .store: what the command needs is a method of Partnerflow"
        for path in sorted((PACKAGE / "cli").glob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "store"
    ]
    assert not wrong, "\n".join(wrong)


def test_every_write_begins_where_a_nested_one_is_refused() -> None:
    wrong = [
        f"flow/{path.relative_to(PACKAGE / 'flow')}:{node.lineno}: open it with context.transaction()"
        for path in sorted((PACKAGE / "flow").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "transaction" and ast.unparse(node.value).endswith("store")
        if path.name != "context.py"
    ]
    assert not wrong, "\n".join(wrong)


def test_everything_in_the_house_has_its_place() -> None:
    units = {_here(each) for each in IMPORTS} | {path.name.removesuffix(".py") for path in PACKAGE.glob("*.py")}
    assert units - {"__init__"} <= {*RANK, "adapters", *OPEN}


def test_the_lifecycle_leaves_its_machine_out() -> None:
    wrong = [str(each) for each in OURS if each.file == "lifecycle/__init__.py" and "machine" in each.target]
    wrong += [
        str(each) for each in OURS if each.target.endswith("lifecycle.machine") and not each.file.startswith("flow/")
    ]
    assert not wrong


# --- what an import costs ------------------------------------------------------------------------------------------

HEAVY = (
    "sqlalchemy",
    "transitions",
    "blinker",
    "click",
    "rich",
    "defusedxml",
    "pytest",
    "hypothesis",
    "attrs",
    "cattrs",
)
IN_MEMORY = """
from partnerflow import Partnerflow
from partnerflow.adapters.memory import MemoryStore
Partnerflow(store=MemoryStore())
"""


@pytest.mark.parametrize(
    ("statement", "left_out"),
    [
        ("import partnerflow", HEAVY),
        ("from partnerflow import Actor, Partnership, State, PartnerflowError", [n for n in HEAVY if "attrs" not in n]),
        ("from partnerflow import Partnerflow", [n for n in HEAVY if "attrs" not in n]),
        ("import partnerflow.policies", HEAVY[:8]),
        ("from partnerflow.policies import load_pack; load_pack('default')", HEAVY[:8]),
        ("import partnerflow.lifecycle", HEAVY[:8]),
        ("import partnerflow.testing", HEAVY[:8]),
        (IN_MEMORY, ["sqlalchemy", *HEAVY[3:8]]),
    ],
)
def test_what_is_not_asked_for_is_not_loaded(statement: str, left_out: tuple[str, ...]) -> None:
    code = f"import sys; sys.path.insert(0, {str(SRC)!r})\n{statement}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in done.stdout.split()}
    assert "partnerflow" in loaded
    assert loaded.isdisjoint(left_out), sorted(loaded & set(left_out))


# --- names ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", ["partnerflow", "partnerflow.policies", "partnerflow.testing"])
def test_every_public_name_is_there(module: str) -> None:
    public = import_module(module)
    names = [name for name in public.__all__ if name != "__version__"]
    assert names == sorted(names, key=lambda name: (not name.isupper(), not name[0].isupper(), name))
    for name in names:
        assert getattr(public, name) is not None, name
    assert set(dir(public)) - {"__version__"} == set(names)
    with pytest.raises(AttributeError, match="no_such_name"):
        public.no_such_name  # noqa: B018


def _types(path: Path) -> Iterator[str]:
    """Name the public classes and type aliases that a module defines; type variables may share their names."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.AnnAssign) and ast.unparse(node.annotation) == "TypeAlias":
            yield ast.unparse(node.target)
        elif isinstance(node, ast.Assign) and isinstance(node.value, (ast.Subscript, ast.BinOp)):  # X = Literal[...]
            yield from (ast.unparse(target) for target in node.targets)


def test_one_word_has_one_meaning() -> None:
    """No two modules define a public class or type alias of one name."""
    homes: dict[str, list[str]] = {}
    for path in FILES:
        for name in set(_types(path)):
            homes.setdefault(name, []).append(path.relative_to(PACKAGE).as_posix())
    several = [
        f"{name}: {', '.join(found)}"
        for name, found in homes.items()
        if len(found) > 1 and re.match("[A-Z]+[a-z]", name)
    ]
    assert not several, "\n".join(several)


def test_no_file_is_too_long_to_be_read() -> None:
    lengths = {path.relative_to(PACKAGE).as_posix(): len(path.read_text("utf-8").splitlines()) for path in FILES}
    long = {file: lines for file, lines in lengths.items() if lines > LONGEST}
    assert not long, f"longer than {LONGEST} lines: {long}"
