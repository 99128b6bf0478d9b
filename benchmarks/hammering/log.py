"""A log for each process, which survives it: one line of JSON for each entry, written at once."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Log:
    """The log in which a process writes each call that it is about to make, and the outcome."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def say(self, word: str, **what: Any) -> None:
        """Write a line; it survives a kill of the process."""
        os.write(self._file, json.dumps({"word": word, **what}).encode() + b"\n")


def read(path: Path) -> Iterator[dict[str, Any]]:
    """Return every line that was finished."""
    for line in path.read_bytes().splitlines(keepends=True):
        if line.endswith(b"\n"):
            yield json.loads(line)
