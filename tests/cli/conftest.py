"""The command as a person meets it: in a working directory of its own, with nothing in the environment."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest

pytest.importorskip("click")
pytest.importorskip("rich")

from click.testing import CliRunner

from partnerflow import Partnerflow
from partnerflow.cli.app import cli
from partnerflow.policies import load_pack

SAMPLE = Path(__file__).parents[1] / "data" / "edfi" / "EducationOrganization.xml"


class Said(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


class Shell:
    """A working directory, and the command in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *words: str, given: str | bytes | None = None, env: dict[str, str] | None = None) -> Said:
        done = CliRunner().invoke(cli, list(words), input=given, env=env, prog_name="partnerflow")
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Said(done.exit_code, done.stdout, done.stderr)

    def does(self, *words: str) -> str:
        """Run a command that must be done without a word of complaint."""
        said = self(*words)
        assert (said.code, said.err) == (0, ""), said
        return said.out

    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())

    def write(self, name: str, text: str | bytes) -> str:
        (self.folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
        return name


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.chdir(tmp_path)
    for name in ("PARTNERFLOW_DB", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LOGNAME", "a.anderson")
    return Shell(tmp_path)


@pytest.fixture(scope="session")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database that an import of the sample makes, made once."""
    path = tmp_path_factory.mktemp("import") / "partnerflow.db"
    done = CliRunner().invoke(cli, ["--db", str(path), "import", "edfi", str(SAMPLE)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return path


@pytest.fixture
def district(shell: Shell, imported: Path) -> Shell:
    """A district that has taken in the sample: one adopted partnership, in partnerflow.db."""
    shutil.copy(imported, shell.folder / "partnerflow.db")
    return shell


@pytest.fixture(scope="session")
def demonstrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database that the demo leaves, made once."""
    path = tmp_path_factory.mktemp("demo") / "demo.db"
    done = CliRunner().invoke(cli, ["demo", "--keep", str(path)], catch_exceptions=False, env={"COLUMNS": None})
    assert done.exit_code == 0, done.output
    path.with_suffix(".txt").write_text(done.stdout, encoding="utf-8")
    return path


@pytest.fixture
def lived(shell: Shell, demonstrated: Path) -> Shell:
    """A copy of the database that the demo leaves, as partnerflow.db."""
    shutil.copy(demonstrated, shell.folder / "partnerflow.db")
    return shell


@pytest.fixture(scope="session")
def broken() -> int:
    """How many policies do not hold for the partner of the sample, of whom one ended licence is on file."""
    licence = {"kind": "licence", "licence_type": "School Age Program", "starts_on": "2018-01-01"}
    sample = {
        "partner": {"name": "Communities in Schools of Grand Bend", "kind": "community_organization"},
        "partnership": {"state": "active"},
        "records": [{**licence, "ends_on": "2022-12-31"}],
    }
    return len(load_pack("default").check(sample, on=date(2026, 9, 1)).broken)


@pytest.fixture
def opened(shell: Shell) -> Iterator[Partnerflow]:
    """The database of the shell, through the API."""
    flow = Partnerflow.open("sqlite:///partnerflow.db")
    yield flow
    flow.close()
