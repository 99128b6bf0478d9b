"""The partnerships that steps are taken on: one real partnership, any number of clones of it, and two packs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from uuid import UUID

import attrs
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    String,
    Uuid,
    cast,
    func,
    insert,
    literal,
    select,
    true,
    type_coerce,
)

from partnerflow import Partner, Partnerflow
from partnerflow.adapters.sqlalchemy import SQLAlchemyStore, Tables
from partnerflow.policies import Pack, Role, load_pack
from partnerflow.ports import Clock, Store
from partnerflow.records import Evaluation, Insurance, Record
from partnerflow.testing import EXAMPLE_DAY, OFFICE, example_dossier, example_records

NOON = datetime(EXAMPLE_DAY.year, EXAMPLE_DAY.month, EXAMPLE_DAY.day, 12, tzinfo=UTC)
POLICY_FREE = Pack(
    name="policy-free",
    version="1",
    rules=(),
    roles={"partnership_office": Role(name="partnership_office", fire=frozenset({"*"}), file=frozenset({"*"}))},
)


def packs() -> Iterator[tuple[str, Pack, tuple[Record, ...]]]:
    """Return a label, a pack, and what a partnership must have on file to be renewed under it."""
    yield "policy-free pack, an empty file", POLICY_FREE, ()
    records = to_be_renewed()
    yield f"default pack, {len(records)} records on file", load_pack("default"), records


def to_be_renewed() -> tuple[Record, ...]:
    """Return what a partnership that began at NOON must have on file to be renewed: its evaluation is of that day."""
    records = example_records("active", trigger="renew")
    return tuple(attrs.evolve(r, evaluated_on=EXAMPLE_DAY) if isinstance(r, Evaluation) else r for r in records)


def one_rule(ends_on: date) -> tuple[Pack, tuple[Record, ...]]:
    """Return a pack of one rule, and a certificate that keeps it until a day."""
    default = load_pack("default")
    certificate = next(record for record in example_records("active") if isinstance(record, Insurance))
    return attrs.evolve(default, rules=(default["SAFE-002"],)), (attrs.evolve(certificate, ends_on=ends_on),)


def flow_on(store: Store, pack: Pack, clock: Clock = lambda: NOON) -> Partnerflow:
    return Partnerflow(store=store, pack=pack, clock=clock)


def active(flow: Partnerflow, records: Sequence[Record], steps: int = 1) -> UUID:
    """Make a partnership that has taken so many *steps*, adopted and then amended, and can be renewed."""
    free = flow_on(flow.store, POLICY_FREE, flow.clock)
    partner = example_dossier("active").partner if records else Partner(name="Riverbend Youth Center")
    partnership_id = free.adopt(partner, state="active", by=OFFICE, reason="in place").id
    for _ in range(steps - 1):
        free.fire(partnership_id, "amend", by=OFFICE, reason="one more site")
    if records:
        flow.file(partnership_id, *records, by=OFFICE)
    return partnership_id


class Clones:
    """One real partnership, and copies of all its rows under ids of their own, made by the database itself.

    The ids in its texts are copied too, so that the copies are as long as the real ones, and just as good to step
    on; only `verify` would see it.
    """

    def __init__(
        self, engine: Engine, pack: Pack, records: Sequence[Record], *, pattern: str, steps: int = 1,
        tables: Tables | None = None,
    ) -> None:  # fmt: skip
        """Make the real one, alone in the tenant *pattern*."""
        self.engine, self.tables, self.pattern = engine, tables or Tables(), pattern
        self.real = active(flow_on(SQLAlchemyStore(engine, tenant=pattern, tables=self.tables), pack), records, steps)
        self._made: Counter[str] = Counter()
        # two partners never share an outside id; and nobody has a million neighbours
        self._not_copied = (self.tables.outside_id, self.tables.place)

    def make(self, count: int, *, tenant: str = "default", apart: int = 1) -> Iterator[UUID]:
        """Add clones to a tenant and return their ids, the same in each; *apart* leaves room for others between two."""
        first, end = self._made[tenant], self._made[tenant] + count * apart
        self._made[tenant] = end
        numbers = select(literal(first).label("n")).cte("numbers", recursive=True)
        numbers = numbers.union_all(select(numbers.c.n + apart).where(numbers.c.n + apart < end))
        with self.engine.begin() as connection:
            for table in self.tables.metadata.sorted_tables:
                if "tenant" not in table.c or table in self._not_copied:
                    continue
                copied = [_copied(connection, column, tenant, numbers.c.n) for column in table.c]
                rows = select(*copied).join_from(numbers, table, true()).where(table.c.tenant == self.pattern)
                connection.execute(insert(table).from_select(list(table.c), rows.order_by(numbers.c.n)))
        return (UUID(f"{number:08x}{self.real.hex[8:]}") for number in range(first, end, apart))


def counterpart(real: UUID, clone: UUID) -> UUID:
    """Return the id that a clone has in place of *real*: they differ in the first half of the milliseconds."""
    return UUID(clone.hex[:8] + real.hex[8:])


def _copied(
    connection: Connection, column: Column[object], tenant: str, number: ColumnElement[int]
) -> ColumnElement[object]:
    if column.name == "tenant":
        return literal(tenant, column.type)
    if not isinstance(column.type, Uuid):
        return column
    if connection.dialect.name == "postgresql":
        rest = func.substr(func.replace(cast(column, String), "-", ""), 9)
        return cast(func.lpad(func.to_hex(number), 8, "0").concat(rest), Uuid())
    rest = func.substr(type_coerce(column, String), 9)
    return type_coerce(func.printf("%08x", number).concat(rest), Uuid())
