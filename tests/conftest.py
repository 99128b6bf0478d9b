"""What every test shares."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile(
    "default", deadline=None, derandomize=bool(os.environ.get("CI")), database=None, print_blob=True
)
settings.load_profile("default")


@pytest.fixture(scope="session")
def clause_ids() -> frozenset[str]:
    """Give the id of every clause that a row, a policy or a page may cite."""
    lines = Path(__file__).with_name("data").joinpath("clauses.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if not line.startswith("#"))
