"""A log of its own for every process, which outlives it: one line of JSON a word, each written at once."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Log:
    """Where a process says what it is about to do, and what came of it."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def say(self, word: str, **what: Any) -> None:
        """Write a line; whoever is killed after this has said it."""
        os.write(self._file, json.dumps({"word": word, **what}).encode() + b"\n")


def read(path: Path) -> Iterator[dict[str, Any]]:
    """Return every line that was finished."""
    for line in path.read_bytes().splitlines(keepends=True):
        if line.endswith(b"\n"):
            yield json.loads(line)
