"""Who wants only the policies gets only the policies."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

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


@pytest.mark.parametrize("package", ["partnerflow.policies", "partnerflow.testing"])
def test_every_public_name_is_there_and_no_other(package: str) -> None:
    module = __import__(package, fromlist=["*"])
    assert sorted(module.__all__) == sorted(dir(module))
    for name in module.__all__:
        assert getattr(module, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing_of_the_kind'"):
        module.nothing_of_the_kind  # noqa: B018
