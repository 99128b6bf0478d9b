"""A step written by hand by somebody who knows what is to be written: in SQLAlchemy Core, and on the raw driver.

It says to the database what a step of ours says, word for word, and decides, computes and hashes nothing. It writes
through SQLAlchemy's own types, so that it does not become slower with ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    BindParameter,
    Connection,
    Dialect,
    Engine,
    MetaData,
    TypeDecorator,
    bindparam,
    event,
    insert,
    select,
    update,
)

from partnerflow import Partnerflow
from partnerflow.adapters.sqlalchemy import Tables
from partnerflow.testing import OFFICE

from . import Kept, Work
from .ground import Clones, counterpart

MOVED = ("state", "since", "version", "recorded_at", "link", "made_under", "events", "judged_by")
"""The columns of a partnership that a step changes."""
Rows = dict[str, Any]


def plain(tables: Tables, dialect: Dialect) -> Any:
    """Return the same tables with the types that our own are made of on *dialect*."""
    metadata, found = MetaData(), SimpleNamespace()
    for table in tables.metadata.sorted_tables:
        copy = table.to_metadata(metadata)
        for column in copy.c:
            if isinstance(column.type, TypeDecorator):
                column.type = column.type.load_dialect_impl(dialect)
        setattr(found, table.name.removeprefix(tables.prefix), copy)
    return found


class Statements:
    """The texts of one step."""

    def __init__(self, tables: Any) -> None:
        p, e, m, o, x = tables.partnership, tables.entry, tables.transition, tables.obligation, tables.outbox
        tenant: BindParameter[str] = bindparam("of_tenant")
        partnership: BindParameter[UUID] = bindparam("of_partnership")
        self.partnership = select(p).where(p.c.tenant == tenant, p.c.id == partnership).with_for_update()
        self.files = (
            select(e)
            .where(e.c.tenant == tenant, e.c.file_id.in_(bindparam("file_ids", expanding=True)))
            .order_by(e.c.file_id, e.c.seq)
        )
        self.moves = (
            select(m.c.trigger, m.c.source, m.c.target, m.c.since, m.c.at, m.c.by, m.c.reason)
            .where(m.c.tenant == tenant, m.c.partnership_id == partnership)
            .order_by(m.c.version)
        )
        owed = [column for column in o.c if column.name not in ("tenant", "partnership_id")]
        self.obligations = (
            select(*owed).where(o.c.tenant == tenant, o.c.partnership_id == partnership).order_by(o.c.code)
        )
        self.move = (
            update(p)
            .where(p.c.tenant == tenant, p.c.id == partnership, p.c.version == bindparam("old_version"))
            .values({name: bindparam(f"new_{name}") for name in MOVED})
        )
        self.transition, self.outbox = insert(m), insert(x)

    def say(self, connection: Connection, partnership: UUID, partner: UUID, rows: tuple[Rows, Rows, Rows]) -> None:
        """Lock and read what a step is judged on, and write the rows of the step."""
        mine = {"of_tenant": "default", "of_partnership": partnership}
        connection.execute(self.partnership, mine).all()
        connection.execute(self.files, {"of_tenant": "default", "file_ids": [partner, partnership]}).all()
        connection.execute(self.moves, mine).all()
        connection.execute(self.obligations, mine).all()
        for statement, values in zip((self.move, self.transition, self.outbox), rows, strict=True):
            connection.execute(statement, values)


class Step:
    """One step of ours, as the pattern of what it writes on every clone."""

    def __init__(self, flow: Partnerflow, clones: Clones) -> None:
        self.clones, self.tables = clones, plain(clones.tables, clones.engine.dialect)
        (stepped,) = clones.make(1)
        flow.fire(stepped, "renew", by=OFFICE)
        p, m, x = self.tables.partnership, self.tables.transition, self.tables.outbox
        with clones.engine.connect() as connection:
            self.stands = dict(connection.execute(select(p).where(p.c.id == stepped)).one()._mapping)
            self.made, self.told = (
                dict(connection.execute(of.order_by(place.desc()).limit(1)).one()._mapping)
                for of, place in (
                    (select(m).where(m.c.partnership_id == stepped), m.c.version),
                    (select(x).where(x.c.partnership_id == stepped), x.c.sequence),
                )
            )

    @property
    def work(self) -> Work:
        """Return the texts that it kept."""
        return Work(self.made["decision"], self.told["type"], self.told["body"])

    def on(self, clone: UUID) -> tuple[UUID, UUID, tuple[Rows, Rows, Rows]]:
        """Return a clone, its partner, and the rows that the step writes there."""
        moved = {
            "of_tenant": "default",
            "of_partnership": clone,
            "old_version": self.stands["version"] - 1,
            **{f"new_{name}": self.stands[name] for name in MOVED},
        }
        made = {**self.made, "id": uuid4(), "partnership_id": clone}
        told = {**self.told, "id": uuid4(), "partnership_id": clone}
        return clone, counterpart(self.stands["partner_id"], clone), (moved, made, told)

    def by_hand(self, strictest: str) -> dict[str, Kept]:
        """Return the hands by name, the *strictest* first."""
        return {
            strictest: self.in_core(prepared=True),
            "Core, each statement built in place": self.in_core(prepared=False),
            f"the raw driver, {self.clones.engine.dialect.driver}": self.on_driver(),
        }

    # --- in SQLAlchemy Core -----------------------------------------------------------------------------------------

    def in_core(self, *, prepared: bool) -> Kept:
        """Write it in Core: its statements built once, as ours are, or each where it is executed."""
        once, engine = Statements(self.tables), self.clones.engine

        def begin(steps: int, _: Work) -> Callable[[], object]:
            coming = iter([self.on(clone) for clone in self.clones.make(steps)])

            def step() -> None:
                with begun(engine) as connection:
                    (once if prepared else Statements(self.tables)).say(connection, *next(coming))
                    connection.commit()

            return step

        return Kept(begin, lambda: driver_of(engine))

    # --- on the raw driver ------------------------------------------------------------------------------------------

    def on_driver(self) -> Kept:
        """Execute on the DBAPI connection what SQLAlchemy would, with the same values."""
        once, engine = Statements(self.tables), self.clones.engine
        taken = engine.raw_connection()
        raw: Any = taken.driver_connection
        taken.detach()

        def begin(steps: int, _: Work) -> Callable[[], object]:
            said: list[list[tuple[str, Any]]] = []
            clones = self.clones.make(steps)
            with begun(engine) as connection:
                for clone in clones:
                    with said_to(engine) as statements:
                        once.say(connection, *self.on(clone))
                    said.append(statements)
                connection.rollback()
            coming = iter(said)
            first = ["BEGIN IMMEDIATE"] if engine.dialect.name == "sqlite" else []

            def step() -> None:
                cursor = raw.cursor()
                for statement in first:
                    cursor.execute(statement)
                for statement, values in next(coming):
                    cursor.execute(statement, values)
                    if cursor.description is not None:
                        cursor.fetchall()
                raw.commit()

            return step

        return Kept(begin, lambda: raw, raw.close)


@contextmanager
def begun(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection:
        connection.begin()
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield connection


@contextmanager
def said_to(engine: Engine) -> Iterator[list[tuple[str, Any]]]:
    """Note what SQLAlchemy hands to the driver: the statements and their values."""
    said: list[tuple[str, Any]] = []

    def note(_c: object, _u: object, statement: str, values: Any, *_: object) -> None:
        said.append((statement, values))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(engine, "before_cursor_execute", note)


def driver_of(engine: Engine) -> Any:
    """Return the driver's connection that an engine uses as long as it is asked by one thread."""
    with engine.connect() as connection:
        return connection.connection.driver_connection
