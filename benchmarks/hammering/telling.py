"""The messages while it runs, and the table at the end."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from .databases import Database


def tell(where: Database, what: str) -> None:
    print(f"{where.name}: {what}", file=sys.stderr, flush=True)


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table; each column is as wide as its widest cell."""
    lines = [columns, *([str(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)), flush=True)
