"""Making the tables and bringing them to this release, at the command line."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any, TypeAlias

import pytest

pytest.importorskip("alembic")

from partnerflow.adapters.sqlalchemy import SCHEMA_VERSION

DATA = Path(__file__).parents[1] / "data"
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


@pytest.mark.parametrize("name", ["current", "check", "protect", "unprotect"])
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


@pytest.mark.parametrize("older", range(1, SCHEMA_VERSION))
def test_an_older_schema_is_brought_to_this_one(shell: Shell, older: int) -> None:
    with closing(sqlite3.connect(shell.folder / "partnerflow.db")) as raw:
        raw.executescript((DATA / f"schema-v{older}.sql").read_text(encoding="utf-8"))
    said = shell("db", "check")
    assert said.code == 1
    assert f"of schema version {older}, and this release of partnerflow reads version {SCHEMA_VERSION}" in said.err
    assert shell("list").code == 2
    assert shell.does("db", "upgrade", "--to", f"{older}").startswith("nothing to do")
    assert shell.does("db", "upgrade") == f"brought the tables from schema version {older} to {SCHEMA_VERSION}\n"
    shell.does("verify")
    assert shell.does("db", "upgrade").startswith("nothing to do")


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


# --- protecting history ----------------------------------------------------------------------------------------------


def forged(shell: Shell, prefix: str = "pf_") -> str:
    """Change history behind the library's back; give what the database says."""
    raw = sqlite3.connect(shell.folder / "partnerflow.db")
    try:
        with raw:
            raw.execute(f"update {prefix}transition set reason = 'another'")
    except sqlite3.IntegrityError as error:
        return str(error)
    finally:
        raw.close()
    return ""


def test_history_is_protected_and_not_any_more(lived: Shell) -> None:
    for _ in range(2):
        assert lived.does("db", "protect").startswith("history is protected")
    assert forged(lived) == "partnerflow keeps history: nothing in pf_transition is changed, but blanked by redact"
    lived.does("verify")
    lived.does("propose", "Northside")
    lived.does("redact", "northside", "--step", "1", "--reason", "a court says so")
    assert lived.does("db", "upgrade").startswith("nothing to do")
    for _ in range(2):
        assert lived.does("db", "unprotect").startswith("history is not protected")
    assert forged(lived) == ""
    assert lived("verify").code == 1


def test_tables_of_another_prefix_are_protected_alone(lived: Shell) -> None:
    lived.does("db", "upgrade", "--prefix", "pw_")
    lived.does("db", "protect", "--prefix", "pw_")
    assert forged(lived, "pf_") == ""


def test_tables_that_are_not_there_or_are_older_are_not_protected(shell: Shell) -> None:
    shell.write("partnerflow.db", b"")
    said = shell("db", "protect")
    assert (said.code, said.out) == (2, "")
    assert "there is no table pf_schema here: run partnerflow db upgrade" in said.err
    shell.does("db", "upgrade")
    set_version(shell, SCHEMA_VERSION + 1)
    assert "made by a newer release" in shell("db", "protect").err
