"""Print the lowest version of each library that pyproject.toml admits, as constraints for pip."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

OURS = ("edfi", "migrations", "postgresql", "mariadb", "cli")
"""The extras of those who install us; what only our tests need is installed as it is."""

project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text("utf-8"))["project"]
for extra in (project["dependencies"], *(project["optional-dependencies"][name] for name in OURS)):
    for requirement in extra:
        floor = re.match(r"([\w-]+)(?:\[[\w,]+\])?>=([\w.]+)", requirement)
        if floor:
            print(f"{floor[1]}=={floor[2]}")
