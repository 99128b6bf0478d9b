"""Who wants only the policies gets only the policies."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from partnerflow.records.registry import SUBJECTS

LAZY = ("partnerflow", "partnerflow.policies", "partnerflow.records", "partnerflow.testing")
"""The packages whose names are loaded when first used."""
HEAVY = ("sqlalchemy", "transitions", "blinker", "click", "rich", "hypothesis", "pytest")


def loaded_by(code: str) -> set[str]:
    """Run *code* in an interpreter of its own; give the names of the modules that it leaves loaded."""
    script = f"import json, sys\n{code}\nprint(json.dumps(sorted(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(json.loads(ran.stdout.splitlines()[-1]))


CHECK = """
from datetime import date
from partnerflow.policies import load_pack
report = load_pack("default").check(
    {"partner": {"name": "x"}, "partnership": {"state": "vetting"}, "records": [{"kind": "scope", "level": "school"}]},
    on=date(2026, 9, 1), trigger="approve",
)
assert not report.ok
report.explain(), report.to_json()
"""


@pytest.mark.parametrize("code", ["import partnerflow.policies", CHECK], ids=["import", "check"])
def test_policies_bring_in_no_database_no_machine_and_no_bus(code: str) -> None:
    assert loaded_by(code).isdisjoint(HEAVY)


def test_the_name_of_load_pack_costs_neither_cattrs_nor_records() -> None:
    loaded = loaded_by("from partnerflow.policies import load_pack")
    assert loaded.isdisjoint({"cattrs", "attr", "attrs", *HEAVY})
    assert not any(name.startswith("partnerflow.records") for name in loaded)


def test_the_examples_cost_no_test_library() -> None:
    code = "from partnerflow.testing import example_dossier\nexample_dossier()"
    assert loaded_by(code).isdisjoint(HEAVY)


def test_a_check_builds_no_kind_that_no_policy_reads() -> None:
    loaded = loaded_by(CHECK)
    assert "partnerflow.records.safety" in loaded
    assert loaded.isdisjoint(f"partnerflow.records.{subject}" for subject in SUBJECTS[-5:])


def test_a_kind_that_no_policy_reads_is_known_all_the_same() -> None:
    loaded = loaded_by("from partnerflow.records import find_kind\nassert find_kind('joint_meeting') is not None")
    assert "partnerflow.records.coalition" in loaded


def test_a_host_cannot_take_the_name_of_a_kind_that_is_not_loaded_yet() -> None:
    code = """
from partnerflow.errors import InvalidRequest
from partnerflow.records.registry import Record, record
try:
    @record("joint_meeting", about="partner")
    class Meeting(Record): ...
except InvalidRequest as error:
    assert "is taken by partnerflow.records.coalition.JointMeeting" in str(error)
else:
    raise AssertionError("the name was free")
"""
    loaded_by(code)


@pytest.mark.parametrize("package", LAZY)
def test_every_public_name_is_there_and_no_other(package: str) -> None:
    module = import_module(package)
    assert sorted(module.__all__) == sorted(set(dir(module)) - {"__version__"})
    for name in module.__all__:
        assert getattr(module, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing_of_the_kind'"):
        module.nothing_of_the_kind  # noqa: B018


@pytest.mark.parametrize("package", LAZY)
def test_a_lazy_name_is_what_a_type_checker_takes_it_for(package: str) -> None:
    module = import_module(package)
    assert module.__file__ is not None
    tree = ast.parse(Path(module.__file__).read_text("utf-8"))
    typed = {
        alias.name: f"{package}.{node.module}" if node.level else str(node.module)
        for block in tree.body
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    at_once = {name for name in module.__all__ if name in vars(module) and name not in typed}
    assert set(typed) | at_once == set(module.__all__)
    for name, home in typed.items():
        assert getattr(module, name) is getattr(import_module(home), name)
