"""The tables. The tenant leads every key, so that two districts in one database never meet.

Entries, transitions, attempts and the outbox only ever grow. Everything else can be rebuilt from them.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeEngine

from partnerflow.errors import InvalidRequest

SCHEMA_VERSION = 3


class UTCDateTime(TypeDecorator[datetime]):
    """An aware moment, stored in UTC to the microsecond on every database; naive ones are refused."""

    impl = DateTime
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        """The type of its values."""
        return datetime

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Use DATETIME(6) on MySQL, which drops microseconds otherwise."""
        if dialect.name in ("mysql", "mariadb"):
            return dialect.type_descriptor(mysql.DATETIME(fsp=6))
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC; without the time zone where the database has none."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value.isoformat()} has no time zone")
        moment = value.astimezone(UTC)
        return moment if dialect.name == "postgresql" else moment.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Return the moment in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Flag(Boolean):
    """True or false. Where a database has numbers for them, any other number or text is refused when it is read."""

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:  # noqa: ARG002
        """Return None where the driver returns booleans."""
        return None if dialect.supports_native_boolean else {None: None, 0: False, 1: True}.__getitem__


class Exact(TypeDecorator[str]):
    """A text that is compared exactly: `Active` is not `active`, nor is `active ` with a trailing space.

    MariaDB and MySQL compare loosely, unless a column has a binary collation without padding.
    """

    impl = Text
    cache_ok = True

    def __init__(self, length: int | None = None) -> None:
        super().__init__()
        self.length = length

    @property
    def python_type(self) -> type[str]:
        """The type of its values."""
        return str

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Use a binary collation on MySQL and MariaDB."""
        if dialect.name not in ("mysql", "mariadb"):
            return String(self.length) if self.length else Text()  # type_descriptor would turn TEXT into VARCHAR
        mariadb = getattr(dialect, "is_mariadb", True)  # a MariaDB may be opened with a mysql:// URL
        said = {"charset": "utf8mb4", "collation": "utf8mb4_nopad_bin" if mariadb else "utf8mb4_0900_bin"}
        return dialect.type_descriptor(
            mysql.VARCHAR(self.length, **said) if self.length else mysql.LONGTEXT(**said)  # TEXT ends at 64 kB
        )


class Sorted(Exact):
    """An exact text that also sorts by its bytes, so that all texts with a prefix are one range of an index."""

    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Use the C collation on PostgreSQL, whose default sorts by a language."""
        if dialect.name == "postgresql":
            return String(self.length, collation="C")
        return super().load_dialect_impl(dialect)


def _id() -> TypeEngine[UUID]:
    """Return an id that sorts by its bytes; MariaDB's own type sorts ids of versions 1 to 5 by their last part."""
    return Uuid().with_variant(Uuid(native_uuid=False), "mysql", "mariadb")


class Tables:
    """Our tables, in one MetaData, with a prefix and optionally a schema of their own."""

    def __init__(self, *, prefix: str = "pf_", schema: str | None = None) -> None:
        for name, value in (("prefix", prefix), ("schema", schema or "a")):
            if re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,30}", value) is None:
                raise InvalidRequest(name, value, "must be letters, digits and _, and begin with a letter")
        self.prefix = prefix
        self.metadata = MetaData(schema=schema)

        self.schema = self._table("schema", Column("version", Integer, primary_key=True, autoincrement=False))
        self._partners_and_search()
        self._files_and_histories()
        self._obligations()
        self._events_and_keys()
        self._packs()

    def _partners_and_search(self) -> None:
        """Create the tables of what is there now, and of what it is found by."""
        self.partner = self._of_tenant(
            "partner",
            Column("id", _id(), primary_key=True),
            Column("name", Exact(512), nullable=False),
            Column("kind", Exact(64)),
            index={"kind": ["kind", "id"]},
        )
        self.outside_id = self._of_tenant(
            "outside_id",
            Column("system", Exact(64), primary_key=True),
            Column("value", Exact(190), primary_key=True),
            Column("partner_id", _id(), nullable=False),
            index={"partner": ["partner_id"]},
        )
        self.partnership = self._of_tenant(
            "partnership",
            Column("id", _id(), primary_key=True),
            Column("partner_id", _id(), nullable=False),
            Column("state", Exact(64), nullable=False),
            Column("since", Date),
            Column("version", Integer, nullable=False),
            Column("succeeds", _id()),
            Column("recorded_at", UTCDateTime, nullable=False),
            Column("link", Exact(64), nullable=False),
            Column("made_under", Exact(190), nullable=False),
            Column("events", Integer, nullable=False),
            Column("judged_by", Exact(64), nullable=False),
            index={
                "state": ["state", "id"],
                "partner": ["partner_id", "id"],
                "judged_in": ["state", "judged_by", "id"],
            },
        )
        self.site = self._of_tenant(
            "site",
            Column("site", Exact(128), primary_key=True),
            Column("partnership_id", _id(), primary_key=True),
            index={"partnership": ["partnership_id"]},
        )
        self.place = self._of_tenant(
            "place",
            Column("area", Exact(128), primary_key=True),
            Column("site", Exact(128), primary_key=True),
            Column("partnership_id", _id(), primary_key=True),
            index={"partnership": ["partnership_id"]},
        )
        self.word = self._of_tenant(
            "word",
            Column("field", Exact(16), primary_key=True),
            Column("word", Sorted(64), primary_key=True),
            Column("partnership_id", _id(), primary_key=True),
            index={"partnership": ["partnership_id"]},
        )

    def _files_and_histories(self) -> None:
        """Create the tables that only grow: entries, transitions and refused attempts."""
        self.entry = self._of_tenant(
            "entry",
            Column("file_id", _id(), primary_key=True),
            Column("seq", Integer, primary_key=True, autoincrement=False),
            Column("id", _id(), nullable=False),
            Column("kind", Exact(64), nullable=False),
            Column("revision", Integer, nullable=False),
            Column("text", Exact(), nullable=False),
            Column("documents", Exact(), nullable=False),
            Column("filed_at", UTCDateTime, nullable=False),
            Column("recorded_at", UTCDateTime, nullable=False),
            Column("filed_by", Exact(), nullable=False),
            Column("version", Integer),
            Column("link", Exact(64), nullable=False),
            Column("redacted", Exact(64)),
            unique=["id"],
        )
        self.transition = self._of_tenant(
            "transition",
            Column("partnership_id", _id(), primary_key=True),
            Column("version", Integer, primary_key=True, autoincrement=False),
            Column("id", _id(), nullable=False),
            Column("trigger", Exact(64), nullable=False),
            Column("source", Exact(64)),
            Column("target", Exact(64), nullable=False),
            Column("since", Date),
            Column("at", UTCDateTime, nullable=False),
            Column("recorded_at", UTCDateTime, nullable=False),
            Column("by", Exact(), nullable=False),
            Column("reason", Exact()),
            Column("lifecycle", Exact(190), nullable=False),
            Column("event", Exact(190), nullable=False),
            Column("decision", Exact(), nullable=False),
            Column("partner_seq", Integer, nullable=False),
            Column("partner_link", Exact(64), nullable=False),
            Column("file_seq", Integer, nullable=False),
            Column("file_link", Exact(64), nullable=False),
            Column("previous", Exact(64), nullable=False),
            Column("link", Exact(64), nullable=False),
            Column("entered", Integer),
            Column("reason_redacted", Exact(64)),
            Column("decision_redacted", Exact(64)),
            index={"recorded": ["partnership_id", "recorded_at", "version"]},
            unique=["id"],
        )
        self.attempt = self._of_tenant(
            "attempt",
            Column("partnership_id", _id(), primary_key=True),
            Column("recorded_at", UTCDateTime, primary_key=True),
            Column("id", _id(), primary_key=True),
            Column("trigger", Exact(190), nullable=False),
            Column("source", Exact(64)),
            Column("by", Exact(190), nullable=False),
            Column("at", UTCDateTime, nullable=False),
            Column("codes", Exact(), nullable=False),
        )

    def _obligations(self) -> None:
        """Create the table of what must keep holding, until when, and the notices already sent."""
        self.obligation = self._of_tenant(
            "obligation",
            Column("partnership_id", _id(), primary_key=True),
            Column("code", Exact(64), primary_key=True),
            Column("title", Exact(512), nullable=False),
            Column("holds", Flag(create_constraint=False), nullable=False),
            Column("due_on", Date),
            Column("missed_on", Date),
            Column("told_broken", Flag(create_constraint=False), nullable=False),
            Column("reminded_due", Date),
            Column("reminded_lead", Integer),
            Column("look_on", Date),
            index={
                "look_next": ["look_on", "partnership_id"],
                "due": ["due_on", "partnership_id"],
                "missed": ["missed_on", "partnership_id"],
            },
        )

    def _events_and_keys(self) -> None:
        """Create the tables of the outbox and of idempotency keys."""
        self.outbox = self._of_tenant(
            "outbox",
            Column("partnership_id", _id(), primary_key=True),
            Column("sequence", Integer, primary_key=True, autoincrement=False),
            Column("id", _id(), nullable=False),
            Column("type", Exact(190), nullable=False),
            Column("time", UTCDateTime, nullable=False),
            Column("body", Exact(), nullable=False),
            unique=["id"],
        )
        self.receipt = self._of_tenant(
            "receipt",
            Column("key", Exact(190), primary_key=True),
            Column("request", Exact(64), nullable=False),
            Column("work", Exact(), nullable=False),
        )

    def _packs(self) -> None:
        """Create the table of the packs under which sweeps have run, one after the other."""
        self.pack = self._of_tenant(
            "pack",
            Column("number", Integer, primary_key=True, autoincrement=False),
            Column("name", Exact(), nullable=False),
            Column("version", Exact(), nullable=False),
            Column("digest", Exact(64), nullable=False),
            Column("since", UTCDateTime, nullable=False),
        )

    def _table(self, name: str, *columns: Any) -> Table:
        return Table(f"{self.prefix}{name}", self.metadata, *columns)

    def _of_tenant(
        self,
        name: str,
        *columns: Column[Any],
        index: dict[str, list[str]] | None = None,
        unique: list[str] | None = None,
    ) -> Table:
        """Create a table in which every key and index begins with the tenant."""
        keys: list[Any] = [
            Index(f"ix_{self.prefix}{name}_{label}", "tenant", *fields) for label, fields in (index or {}).items()
        ]
        if unique:
            keys.append(UniqueConstraint("tenant", *unique, name=f"uq_{self.prefix}{name}_{'_'.join(unique)}"))
        return self._table(name, Column("tenant", Exact(64), primary_key=True), *columns, *keys)


@cache
def default_tables() -> Tables:
    """Return the tables of the default prefix, outside of any schema; made once."""
    return Tables()
