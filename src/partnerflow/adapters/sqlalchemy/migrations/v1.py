"""Version 1: the tables of the first release."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Boolean, Column, Date, Integer

if TYPE_CHECKING:
    from .operations import StepOperations


def upgrade(operations: StepOperations) -> None:
    """Make every table and index."""
    word, text, key, moment = operations.word, operations.text, operations.key, operations.moment

    def table(name: str, *columns: Column[Any], unique_id: bool = False) -> None:
        unique = {"id": ["tenant", "id"]} if unique_id else None
        operations.table(name, Column("tenant", word(64), primary_key=True), *columns, unique=unique)

    table(
        "partner",
        Column("id", key(), primary_key=True),
        Column("name", word(512), nullable=False),
        Column("kind", word(64)),
    )
    table(
        "outside_id",
        Column("system", word(64), primary_key=True),
        Column("value", word(190), primary_key=True),
        Column("partner_id", key(), nullable=False),
    )
    operations.index("outside_id", "partner", ["tenant", "partner_id"])
    table(
        "partnership",
        Column("id", key(), primary_key=True),
        Column("partner_id", key(), nullable=False),
        Column("state", word(64), nullable=False),
        Column("since", Date),
        Column("version", Integer, nullable=False),
        Column("succeeds", key()),
        Column("recorded_at", moment(), nullable=False),
        Column("link", word(64), nullable=False),
        Column("made_under", word(190), nullable=False),
        Column("events", Integer, nullable=False),
        Column("judged_by", word(64), nullable=False),
    )
    operations.index("partnership", "state", ["tenant", "state", "id"])
    operations.index("partnership", "partner", ["tenant", "partner_id", "id"])
    operations.index("partnership", "judged", ["tenant", "judged_by"])
    table(
        "site",
        Column("site", word(128), primary_key=True),
        Column("partnership_id", key(), primary_key=True),
    )
    operations.index("site", "partnership", ["tenant", "partnership_id"])
    table(
        "place",
        Column("area", word(128), primary_key=True),
        Column("site", word(128), primary_key=True),
        Column("partnership_id", key(), primary_key=True),
    )
    operations.index("place", "partnership", ["tenant", "partnership_id"])
    table(
        "entry",
        Column("file_id", key(), primary_key=True),
        Column("seq", Integer, primary_key=True, autoincrement=False),
        Column("id", key(), nullable=False),
        Column("kind", word(64), nullable=False),
        Column("revision", Integer, nullable=False),
        Column("text", text(), nullable=False),
        Column("documents", text(), nullable=False),
        Column("filed_at", moment(), nullable=False),
        Column("recorded_at", moment(), nullable=False),
        Column("filed_by", text(), nullable=False),
        Column("version", Integer),
        Column("link", word(64), nullable=False),
        unique_id=True,
    )
    table(
        "transition",
        Column("partnership_id", key(), primary_key=True),
        Column("version", Integer, primary_key=True, autoincrement=False),
        Column("id", key(), nullable=False),
        Column("trigger", word(64), nullable=False),
        Column("source", word(64)),
        Column("target", word(64), nullable=False),
        Column("since", Date),
        Column("at", moment(), nullable=False),
        Column("recorded_at", moment(), nullable=False),
        Column("by", text(), nullable=False),
        Column("reason", text()),
        Column("lifecycle", word(190), nullable=False),
        Column("event", word(190), nullable=False),
        Column("decision", text(), nullable=False),
        Column("partner_seq", Integer, nullable=False),
        Column("partner_link", word(64), nullable=False),
        Column("file_seq", Integer, nullable=False),
        Column("file_link", word(64), nullable=False),
        Column("previous", word(64), nullable=False),
        Column("link", word(64), nullable=False),
        unique_id=True,
    )
    table(
        "attempt",
        Column("partnership_id", key(), primary_key=True),
        Column("recorded_at", moment(), primary_key=True),
        Column("id", key(), primary_key=True),
        Column("trigger", word(190), nullable=False),
        Column("source", word(64)),
        Column("by", word(190), nullable=False),
        Column("at", moment(), nullable=False),
        Column("codes", text(), nullable=False),
    )
    table(
        "obligation",
        Column("partnership_id", key(), primary_key=True),
        Column("code", word(64), primary_key=True),
        Column("title", word(512), nullable=False),
        Column("holds", Boolean(create_constraint=False), nullable=False),
        Column("due_on", Date),
        Column("missed_on", Date),
        Column("told_broken", Boolean(create_constraint=False), nullable=False),
        Column("reminded_due", Date),
        Column("reminded_lead", Integer),
        Column("look_on", Date),
    )
    operations.index("obligation", "look", ["tenant", "look_on"])
    table(
        "outbox",
        Column("partnership_id", key(), primary_key=True),
        Column("sequence", Integer, primary_key=True, autoincrement=False),
        Column("id", key(), nullable=False),
        Column("type", word(190), nullable=False),
        Column("time", moment(), nullable=False),
        Column("body", text(), nullable=False),
        unique_id=True,
    )
    table(
        "receipt",
        Column("key", word(190), primary_key=True),
        Column("request", word(64), nullable=False),
        Column("work", text(), nullable=False),
    )
