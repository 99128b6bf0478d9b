"""The two hosts under examples/ are what the pages show, and their tests pass on every database that they are for."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import make_url

ROOT = Path(__file__).parents[1]
HOSTS = ("flask", "fastapi")
_SHOWN = re.compile(r"^`([\w./-]+)`:\n\n```(?:python|toml)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
ASYNC = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg"}


def example(host: str) -> Path:
    return ROOT / "examples" / f"district-on-{host}"


def run_its_tests(host: str, url: str) -> None:
    """Run the tests of an example as they lie there, in a process of its own, with no plug-in but the one it needs."""
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "anyio"],
        cwd=example(host),
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "DISTRICT_TEST_DATABASE": url,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout
    assert re.search(r"^1\d passed in", ran.stdout, re.MULTILINE), ran.stdout


@pytest.mark.parametrize("host", HOSTS)
def test_the_page_shows_every_file_of_the_host_as_it_is(host: str) -> None:
    page = ROOT / "docs" / "how-to" / f"embed-in-{host}.md"
    shown = dict(_SHOWN.findall(page.read_text(encoding="utf-8")))
    files = [example(host) / "pyproject.toml", *(example(host) / "src").rglob("*.py")]
    there = {path.relative_to(example(host)).as_posix(): path.read_text(encoding="utf-8") for path in files}
    assert {name: shown.get(name) for name in there} == there
    assert set(shown) - set(there) == {"try_it.py"}, "which is there to be tried, and no part of the host"


def test_a_host_on_flask_holds_on_every_database(bare_url: str) -> None:
    run_its_tests("flask", bare_url)


@pytest.mark.parametrize("bare_url", ASYNC, indirect=True)
def test_a_host_on_fastapi_holds_with_an_async_session(bare_url: str) -> None:
    url = make_url(bare_url)
    drivername = ASYNC[url.get_backend_name()]
    run_its_tests("fastapi", url.set(drivername=drivername).render_as_string(hide_password=False))
