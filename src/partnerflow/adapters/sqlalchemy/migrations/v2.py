"""Version 2: texts that can be blanked, words to find by, and indexes for lists as of a day, due dates and sweeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Column, Integer, func, literal_column, or_, select, update

if TYPE_CHECKING:
    from .operations import StepOperations


def upgrade(operations: StepOperations) -> None:
    """Add columns, a table and indexes; what is on file stays as it is."""
    word, key = operations.word, operations.key
    operations.column("entry", Column("redacted", word(64)))
    operations.column("transition", Column("entered", Integer))
    operations.column("transition", Column("reason_redacted", word(64)))
    operations.column("transition", Column("decision_redacted", word(64)))
    operations.index("transition", "recorded", ["tenant", "partnership_id", "recorded_at", "version"])
    operations.table(
        "word",
        Column("tenant", word(64), primary_key=True),
        Column("field", word(16), primary_key=True),
        Column("word", operations.sorted_word(64), primary_key=True),
        Column("partnership_id", key(), primary_key=True),
    )
    operations.index("word", "partnership", ["tenant", "partnership_id"])
    operations.index("partner", "kind", ["tenant", "kind", "id"])
    operations.index("obligation", "due", ["tenant", "due_on", "partnership_id"])
    operations.index("obligation", "missed", ["tenant", "missed_on", "partnership_id"])
    operations.index("partnership", "judged_in", ["tenant", "state", "judged_by", "id"])
    operations.drop_index("partnership", "judged")
    operations.index("obligation", "look_next", ["tenant", "look_on", "partnership_id"])
    operations.drop_index("obligation", "look")
    _say_when_each_state_was_entered(operations)
    # nobody's words are written down yet: the next sweep judges each partnership again, and writes them
    operations.op.execute(update(operations.rows("partnership", "judged_by")).values(judged_by=literal_column("''")))


def _say_when_each_state_was_entered(operations: StepOperations) -> None:
    made = operations.rows("transition", "tenant", "partnership_id", "version", "source", "target", "entered")
    before = made.alias("before")
    entered = (
        select(func.max(before.c.version))
        .where(
            before.c.tenant == made.c.tenant,
            before.c.partnership_id == made.c.partnership_id,
            before.c.version <= made.c.version,
            or_(before.c.source.is_(None), before.c.source != before.c.target),
        )
        .scalar_subquery()
    )
    operations.op.execute(update(made).values(entered=entered))
