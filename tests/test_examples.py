"""The packages under examples/ are what the pages show, can be installed, and pass their own tests."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SIGNIN = ROOT / "examples" / "partnerflow-signin"
PAGE = ROOT / "docs" / "how-to" / "write-a-policy.md"
_SHOWN = re.compile(r"^`([\w./-]+)`:\n\n```(?:python|toml)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
CHECKED = """
import json, sys
from partnerflow.records import offered_kinds
offered = [[offer.kind, offer.package, offer.value] for offer in offered_kinds()]
print(json.dumps([offered, "partnerflow_signin" in sys.modules]))
"""


def test_the_page_shows_every_file_of_the_package_as_it_is() -> None:
    shown = dict(_SHOWN.findall(PAGE.read_text(encoding="utf-8")))
    there = {
        path.relative_to(SIGNIN).as_posix(): path.read_text(encoding="utf-8")
        for path in SIGNIN.rglob("*")
        if path.suffix in (".py", ".toml")
    }
    assert {name: shown.get(name) for name in there} == there
    assert set(shown) - set(there) == {"haste.py"}, "which shows how not to do it"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """Install a copy of the package beside what is installed here; return the copy, and an environment that has it."""
    copy, target = tmp_path_factory.mktemp("examples") / "signin", tmp_path_factory.mktemp("installed")
    shutil.copytree(SIGNIN, copy, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    built_with = ["--no-build-isolation"] if find_spec("hatchling") else []
    command = ["pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", *built_with]
    run([*command, "--target", str(target), str(copy)], ROOT, dict(os.environ))
    shutil.rmtree(copy / "src")  # so that what was installed is what is tested
    return copy, {**os.environ, "PYTHONPATH": os.pathsep.join([str(target), *filter(None, sys.path)])}


def run(module: list[str], where: Path, environment: dict[str, str]) -> str:
    ran = subprocess.run(
        [sys.executable, "-m", *module],
        cwd=where,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout
    return ran.stdout


def test_its_own_tests_pass_where_it_is_installed(installed: tuple[Path, dict[str, str]]) -> None:
    copy, environment = installed
    assert re.search(r"^6 passed", run(["pytest", "-q", "-p", "no:cacheprovider"], copy, environment), re.MULTILINE)


def test_what_it_offers_is_listed_and_not_imported(installed: tuple[Path, dict[str, str]]) -> None:
    _, environment = installed
    ran = subprocess.run([sys.executable, "-c", CHECKED], env=environment, capture_output=True, text=True, check=True)
    offered, imported = json.loads(ran.stdout)
    assert ["sign_in_system", "partnerflow-signin 1.0", "partnerflow_signin.records:SignInSystem"] in offered
    assert not imported


def test_the_command_checks_a_file_by_its_pack(installed: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    _, environment = installed
    paper = {"kind": "sign_in_system", "tool": "paper", "starts_on": "2026-01-01", "ends_on": "no_end"}
    file = {"partner": {"name": "Riverbend"}, "partnership": {"state": "active"}, "records": [paper]}
    (tmp_path / "file.json").write_text(json.dumps(file), encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-m", "partnerflow", "check", "file.json", "--pack", "riverside", "--on", "2026-09-15"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "RVS-001 failed: People are signed in at the door" in ran.stdout, ran.stdout + ran.stderr
    assert "paper is not accepted here" in ran.stdout
