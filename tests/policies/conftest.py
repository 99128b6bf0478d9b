"""What the laws of deletions share."""

from __future__ import annotations

from typing import Any

import pytest

from partnerflow.dossier import mapping
from partnerflow.records import Entry


@pytest.fixture
def records_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read each JSON object of a record once, however many files it lies in.

    Two deletions from one file share all records but one, and reading them took nine tenths of the time. Everything
    else of a file is read and checked each time.
    """
    read = mapping._read_entry
    known: dict[tuple[int, str], tuple[Any, Entry]] = {}

    def read_once(item: Any, path: str) -> Entry:
        if len(known) > 10_000:
            known.clear()
        if (found := known.get((id(item), path))) is None:
            found = known[id(item), path] = item, read(item, path)  # with the object, so that its id stays its own
        return found[1]

    monkeypatch.setattr(mapping, "_read_entry", read_once)
