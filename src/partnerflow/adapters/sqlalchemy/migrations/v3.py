"""Version 3: the packs under which sweeps have run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Column, Integer

if TYPE_CHECKING:
    from .operations import StepOperations


def upgrade(operations: StepOperations) -> None:
    """Add a table, which is empty: the next sweep is the first whose pack is known."""
    word, text = operations.word, operations.text
    operations.table(
        "pack",
        Column("tenant", word(64), primary_key=True),
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("name", text(), nullable=False),
        Column("version", text(), nullable=False),
        Column("digest", word(64), nullable=False),
        Column("since", operations.moment(), nullable=False),
    )
