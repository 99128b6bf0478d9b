"""Making the tables and bringing them to this release, at the command line."""

from __future__ import annotations

import sqlite3
import sys
from typing import Any, TypeAlias

import pytest

pytest.importorskip("alembic")

from partnerflow.adapters.sqlalchemy import SCHEMA_VERSION

Shell: TypeAlias = Any
READS = f"this release of partnerflow reads version {SCHEMA_VERSION}"


def set_version(shell: Shell, version: int) -> None:
    with sqlite3.connect(shell.folder / "partnerflow.db") as raw:
        raw.execute("update pf_schema set version = ?", (version,))
    raw.close()


def test_the_tables_are_made_once(shell: Shell) -> None:
    assert shell.does("db", "upgrade") == f"made the tables, of schema version {SCHEMA_VERSION}\n"
    assert shell.does("db", "upgrade") == f"nothing to do: the tables are of schema version {SCHEMA_VERSION}\n"
    assert shell.does("db", "current") == f"the tables are of schema version {SCHEMA_VERSION}; {READS}\n"
    assert shell.does("db", "check").startswith(f"the tables are of schema version {SCHEMA_VERSION}, which")
    shell.does("propose", "Riverbend")
    assert "Riverbend" in shell.does("list")


def test_tables_that_another_command_made_count(lived: Shell) -> None:
    assert lived.does("db", "upgrade").startswith("nothing to do")
    lived.does("verify")


@pytest.mark.parametrize("name", ["current", "check"])
def test_looking_makes_no_file(shell: Shell, name: str) -> None:
    said = shell("db", name)
    assert (said.code, said.out) == (2, "")
    assert "there is no database at partnerflow.db" in said.err
    assert "partnerflow db upgrade" in said.err
    assert shell.files() == []


def test_an_empty_database_is_told_of(shell: Shell) -> None:
    shell.write("partnerflow.db", b"")
    assert shell.does("db", "current") == f"there are no tables of ours, whole and of a version; {READS}\n"
    said = shell("db", "check")
    assert said.code == 1
    assert "there is no table pf_schema here: run partnerflow db upgrade --db sqlite:///partnerflow.db, or" in said.err


def test_a_newer_schema_is_told_with_what_to_run(shell: Shell) -> None:
    shell.does("db", "upgrade")
    newer = SCHEMA_VERSION + 1
    set_version(shell, newer)
    assert shell.does("db", "current") == f"the tables are of schema version {newer}; {READS}\n"
    for words, code in ((("db", "check"), 1), (("db", "upgrade"), 2), (("list",), 2), (("propose", "Riverbend"), 2)):
        said = shell(*words)
        assert (said.code, said.out) == (code, ""), words
        assert f"of schema version {newer}, made by a newer release" in said.err
        assert "run pip install --upgrade partnerflow" in said.err


def test_the_prefix_is_told_to_the_command_and_by_it(shell: Shell) -> None:
    shell.does("db", "upgrade")
    said = shell("db", "check", "--prefix", "pw_")
    assert said.code == 1
    assert "run partnerflow db upgrade --db sqlite:///partnerflow.db --prefix pw_, or" in said.err
    assert shell.does("db", "upgrade", "--prefix", "pw_").startswith("made the tables")
    shell.does("db", "check", "--prefix", "pw_")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--to", "99"], "version"),
        (["--prefix", "a;drop"], "prefix"),
        (["--schema", "nosuch"], "nosuch"),
        (["--db", "nonsense://x"], "database URL"),
    ],
)
def test_what_cannot_be_done_says_why(shell: Shell, words: list[str], says: str) -> None:
    said = shell("db", "upgrade", *words)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("error: ")
    assert says in said.err


def test_without_alembic_it_says_what_to_install(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "alembic"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "alembic", None)
    said = shell("db", "upgrade")
    assert said.code == 2
    assert 'pip install "partnerflow[migrations]"' in said.err
    assert shell("db", "current").code == 0
