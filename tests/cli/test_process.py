"""The command as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import partnerflow

SOURCE = str(Path(partnerflow.__file__).parents[1])


def run(folder: Path, *words: str, code: str | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    asked = ["-c", code] if code is not None else ["-m", "partnerflow"]
    kept = {name: value for name, value in os.environ.items() if name not in ("PARTNERFLOW_DB", "COLUMNS")}
    return subprocess.run(
        [sys.executable, "-W", "error", *asked, *words],
        cwd=folder, env={**kept, "PYTHONPATH": SOURCE, **environment}, capture_output=True, text=True,
        encoding="utf-8", errors="replace", timeout=60, check=False,
    )  # fmt: skip


def test_the_module_runs_as_the_command(tmp_path: Path) -> None:
    shown = run(tmp_path, "--help")
    assert shown.returncode == 0
    assert shown.stdout.startswith("Usage: partnerflow [OPTIONS] COMMAND")
    proposed = run(tmp_path, "propose", "Riverbend")
    assert (proposed.returncode, proposed.stderr) == (0, "")
    refused = run(tmp_path, "fire", "riverbend", "begin_vetting")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "To mend it:" in refused.stderr
    unknown = run(tmp_path, "fire", "nobody", "begin_vetting")
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert unknown.stderr.startswith("error: no partnership fits 'nobody'")


def test_a_terminal_without_the_letters_gets_others_and_no_error(tmp_path: Path) -> None:
    for environment in ({"PYTHONIOENCODING": "ascii"}, {"PYTHONIOENCODING": "cp1252"}):
        made = run(tmp_path, "propose", "Zażółć gęślą", **environment)
        assert (made.returncode, made.stderr) == (0, "")
        listed = run(tmp_path, "list", **environment)
        assert (listed.returncode, listed.stderr) == (0, "")
        assert "Za" in listed.stdout
    assert run(tmp_path, "list", PYTHONIOENCODING="ascii").stdout.isascii()


def test_what_is_missing_is_named_with_its_remedy(tmp_path: Path) -> None:
    for name in ("click", "rich"):
        block = f"import sys; sys.modules['{name}'] = None; from partnerflow.cli import main; main()"
        said = run(tmp_path, code=block)
        assert (said.returncode, said.stdout) == (1, "")
        assert said.stderr == (
            f'The command partnerflow needs {name}, which is not installed: pip install "partnerflow[cli]"\n'
        )


def test_without_the_reader_of_ed_fi_files_only_the_import_is_missed(tmp_path: Path) -> None:
    block = "import sys; sys.modules['defusedxml'] = None; from partnerflow.cli import main; main()"
    assert run(tmp_path, "propose", "A", code=block).returncode == 0
    (tmp_path / "a.xml").write_text("<a/>")
    said = run(tmp_path, "import", "edfi", "a.xml", code=block)
    assert said.returncode == 2
    assert 'pip install "partnerflow[edfi]"' in said.stderr


def test_asking_for_help_opens_no_database_and_loads_none_of_its_libraries(tmp_path: Path) -> None:
    heavy = "('sqlalchemy', 'transitions', 'defusedxml')"
    look = f"import sys; import partnerflow.cli.app; print([name for name in {heavy} if name in sys.modules])"
    assert run(tmp_path, code=look).stdout == "[]\n"
    assert list(tmp_path.iterdir()) == []
