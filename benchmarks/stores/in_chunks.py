"""Many steps, and a sweep, written by hand: chunk by chunk with executemany, and for all at once in three statements.

In chunks it computes the same links and the same bodies as ours, with the standard library alone, and one transaction
holds a chunk. All at once it can not, since no database hashes our way: it repeats one step's texts, as long as they
would be.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID, uuid4

from sqlalchemy import BindParameter, Select, Uuid, bindparam, func, insert, literal, select, type_coerce, update

from partnerflow.policies import Pack
from partnerflow.testing import OFFICE

from . import hashed, moment, written
from .by_hand import MOVED, Rows, Step, begun
from .ground import NOON

CHUNK = 1000
BY = {"id": OFFICE.id, "partner_id": None, "roles": sorted(OFFICE.roles), "side": OFFICE.side, "sites": None}
APPROACHING = "org.partnerflow.obligation.approaching.v1"
T = TypeVar("T")


def link_of(made: Rows) -> str:
    """Return the link of a renewal's row: what ours hashes."""
    at = moment(NOON)
    hashing = {
        "id": str(made["id"]), "partnership": str(made["partnership_id"]), "version": made["version"],
        "trigger": "renew", "source": "active", "target": "active", "since": None, "by": BY, "at": at,
        "recorded_at": at, "reason_sha256": hashed(""), "decision_sha256": hashed(made["decision"]),
        "lifecycle": made["lifecycle"], "event": made["event"],
        "partner_file": [made["partner_seq"], made["partner_link"]], "file": [made["file_seq"], made["file_link"]],
        "previous": made["previous"],
    }  # fmt: skip
    return hashed(written(hashing))


def chunks(items: Iterable[T]) -> Iterator[list[T]]:
    found = iter(items)
    while chunk := list(islice(found, CHUNK)):
        yield chunk


class InChunks:
    """The partnerships of one tenant, stepped on and swept by hand."""

    def __init__(self, step: Step, tenant: str, *, everything: bool = True) -> None:
        """Read *everything* that a decision reads of each partnership, as ours does, or only what the writing needs."""
        self.step, self.tenant, self.everything = step, tenant, everything
        self.engine, t = step.clones.engine, step.tables
        p, e, m, o = t.partnership, t.entry, t.transition, t.obligation
        of_many: BindParameter[UUID] = bindparam("ids", expanding=True)

        def of(read: Select[Any], column: Any, *order: Any) -> Select[Any]:
            return read.where(column.table.c.tenant == tenant, column.in_(of_many)).order_by(column, *order)

        self.partnerships = of(select(p), p.c.id).with_for_update()
        self.files = of(select(e), e.c.file_id, e.c.seq)
        self.heads = of(select(e.c.file_id, e.c.seq, e.c.link), e.c.file_id, e.c.seq)
        taken = (m.c.trigger, m.c.source, m.c.target, m.c.since, m.c.at, m.c.by, m.c.reason)
        self.moves = of(select(m.c.partnership_id, *taken), m.c.partnership_id, m.c.version)
        self.obligations = of(select(o), o.c.partnership_id, o.c.code)
        partnership: BindParameter[UUID] = bindparam("of_partnership")
        mine = p.c.tenant == tenant, p.c.id == partnership
        self.move = (
            update(p)
            .where(*mine, p.c.version == bindparam("old_version"))
            .values({name: bindparam(f"new_{name}") for name in MOVED})
        )
        self.note = update(p).where(*mine).values(events=bindparam("new_events"), judged_by=bindparam("new_judged_by"))
        self.remind = (
            update(o)
            .where(o.c.tenant == tenant, o.c.partnership_id == partnership, o.c.code == bindparam("of_code"))
            .values({name: bindparam(f"new_{name}") for name in ("reminded_due", "reminded_lead", "look_on")})
        )
        self.transition, self.outbox, self.receipt = insert(m), insert(t.outbox), insert(t.receipt)
        self.due = select(o.c.partnership_id).distinct().where(o.c.tenant == tenant, o.c.look_on <= bindparam("on"))
        self.otherwise = select(p.c.id).where(p.c.tenant == tenant, p.c.judged_by != bindparam("digest"))
        self.all = select(p.c.id).where(p.c.tenant == tenant)

    @property
    def agrees(self) -> bool:
        """Whether it computes the link that ours computed for the step that is the pattern."""
        return link_of(self.step.made) == self.step.made["link"]

    # --- steps ------------------------------------------------------------------------------------------------------

    def fire(self, ids: Sequence[UUID], key: str) -> None:
        """Renew each, at noon, and store the key of each."""
        for chunk in chunks(ids):
            with begun(self.engine) as connection:
                stands = connection.execute(self.partnerships, {"ids": chunk}).all()
                heads = self._heads(connection, [file for row in stands for file in (row.id, row.partner_id)])
                if self.everything:
                    connection.execute(self.moves, {"ids": chunk}).all()
                    connection.execute(self.obligations, {"ids": chunk}).all()
                moved, made, told = zip(*(self._stepped(row, heads) for row in stands), strict=True)
                done = [self._receipt(key, row) for row in made]
                for statement, rows in (
                    (self.move, moved), (self.transition, made), (self.outbox, told), (self.receipt, done),
                ):  # fmt: skip
                    connection.execute(statement, list(rows))
                connection.commit()

    def _receipt(self, key: str, made: Rows) -> Rows:
        request = hashed(written(["fire", OFFICE.id, OFFICE.side, None, [str(made["partnership_id"]), "renew", None]]))
        return {
            "tenant": self.tenant, "key": f"{key}/{request}", "request": request, "work": written([str(made["id"])]),
        }  # fmt: skip

    def _heads(self, connection: Any, files: list[UUID]) -> dict[UUID, tuple[int, str]]:
        found = connection.execute(self.files if self.everything else self.heads, {"ids": files}).all()
        return {row.file_id: (row.seq, row.link) for row in found}

    def _stepped(self, stands: Any, heads: dict[UUID, tuple[int, str]]) -> tuple[Rows, Rows, Rows]:
        partner_seq, partner_link = heads.get(stands.partner_id, (0, ""))
        file_seq, file_link = heads.get(stands.id, (0, ""))
        made = {
            **self.step.made, "tenant": self.tenant, "id": uuid4(), "partnership_id": stands.id,
            "version": stands.version + 1, "partner_seq": partner_seq, "partner_link": partner_link,
            "file_seq": file_seq, "file_link": file_link, "previous": stands.link,
        }  # fmt: skip
        made["link"] = link_of(made)
        sequence = stands.events + 1
        data = {
            "partnership": str(stands.id), "partner": str(stands.partner_id), "transition": str(made["id"]),
            "version": made["version"], "trigger": "renew", "from": "active", "to": "active", "side": OFFICE.side,
        }  # fmt: skip
        moved = {
            **dict(stands._mapping), "version": made["version"], "recorded_at": NOON, "link": made["link"],
            "made_under": made["lifecycle"], "events": sequence, "judged_by": self.step.stands["judged_by"],
        }  # fmt: skip
        return (
            {
                "of_partnership": stands.id, "old_version": stands.version,
                **{f"new_{name}": moved[name] for name in MOVED},
            },
            made,
            self._told(made["event"], stands.id, sequence, NOON, data),
        )  # fmt: skip

    def _told(self, type_: str, partnership_id: UUID, sequence: int, time: datetime, data: Rows) -> Rows:
        id_ = uuid4()
        body = {
            "specversion": "1.0", "id": str(id_), "source": f"urn:partnerflow:{self.tenant}", "type": type_,
            "subject": str(partnership_id), "time": moment(time), "datacontenttype": "application/json",
            "sequence": f"{sequence:020d}", "partitionkey": str(partnership_id), "data": data,
        }  # fmt: skip
        return {
            **self.step.told, "tenant": self.tenant, "partnership_id": partnership_id, "sequence": sequence,
            "id": id_, "type": type_, "time": time, "body": written(body),
        }  # fmt: skip

    # --- a sweep ----------------------------------------------------------------------------------------------------

    def sweep(self, at: datetime, pack: Pack) -> None:
        """Write the reminders of what approaches, and the digest of the pack for each."""
        with self.engine.connect() as connection:
            due = connection.execute(self.due, {"on": at.date()}).scalars().all()
            due = due or connection.execute(self.otherwise, {"digest": pack.digest}).scalars().all()
        for chunk in chunks(due):
            with begun(self.engine) as connection:
                stands = {row.id: row for row in connection.execute(self.partnerships, {"ids": chunk})}
                if self.everything:
                    self._heads(connection, [file for row in stands.values() for file in (row.id, row.partner_id)])
                    connection.execute(self.moves, {"ids": chunk}).all()
                owed = connection.execute(self.obligations, {"ids": chunk}).all()
                approaching = [row for row in owed if row.look_on is not None and row.look_on <= at.date()]
                reminded = [_reminded(row, at.date(), pack.leads) for row in approaching]
                outgoing = [
                    self._told(
                        APPROACHING, row.partnership_id, stands[row.partnership_id].events + 1, at, _reminder(row, at)
                    )
                    for row in approaching
                ]
                heard = {row["partnership_id"]: row["sequence"] for row in outgoing}
                noted = [
                    {
                        "of_partnership": row.id,
                        "new_events": heard.get(row.id, row.events),
                        "new_judged_by": pack.digest,
                    }
                    for row in stands.values()
                ]
                for statement, rows in ((self.remind, reminded), (self.note, noted), (self.outbox, outgoing)):
                    if rows:
                        connection.execute(statement, rows)
                connection.commit()


def _reminded(owed: Any, on: date, leads: Sequence[int]) -> Rows:
    left = (owed.due_on - on).days
    next_lead = max((lead for lead in leads if lead < left), default=-1)
    return {
        "of_partnership": owed.partnership_id, "of_code": owed.code, "new_reminded_due": owed.due_on,
        "new_reminded_lead": left, "new_look_on": owed.due_on - timedelta(days=next_lead),
    }  # fmt: skip


def _reminder(owed: Any, at: datetime) -> Rows:
    left = (owed.due_on - at.date()).days
    return {
        "partnership": str(owed.partnership_id), "policy": owed.code, "title": owed.title,
        "due_on": owed.due_on.isoformat(), "days_left": left,
    }  # fmt: skip


class AllAtOnce:
    """The same rows of one tenant in three statements of one transaction, with one step's texts for all."""

    def __init__(self, step: Step, tenant: str) -> None:
        self.engine, self.tenant, self.step = step.clones.engine, tenant, step
        self.tables = step.tables
        p = self.tables.partnership
        on_postgresql = self.engine.dialect.name == "postgresql"
        new = func.gen_random_uuid() if on_postgresql else func.lower(func.hex(func.randomblob(16)))
        self.new_id = type_coerce(new, Uuid())
        self.mine = p.c.tenant == tenant

    def fire(self, _: Sequence[UUID], __: str) -> None:
        """Renew all of the tenant, without keys."""
        p = self.tables.partnership
        version, sequence = p.c.version + 1, p.c.events + 1
        made = self._rows(self.tables.transition, self.step.made, version=version, previous=p.c.link)
        told = self._rows(self.tables.outbox, self.step.told, sequence=sequence)
        with begun(self.engine) as connection:
            for statement in (
                *(insert(table).from_select(list(table.c), rows) for table, rows in (made, told)),
                update(p).where(self.mine).values(version=version, events=sequence, link=self.step.made["link"]),
            ):
                connection.execute(statement)
            connection.commit()

    def sweep(self, at: datetime, pack: Pack) -> None:
        """Write all reminders of what approaches; or the digest of the pack for all."""
        p, o = self.tables.partnership, self.tables.obligation
        due = (o.c.tenant == self.tenant) & (o.c.look_on <= at.date())
        table, rows = self._rows(self.tables.outbox, self.step.told, sequence=p.c.events + 1)
        rows = rows.where(p.c.id.in_(select(o.c.partnership_id).where(due)))
        with begun(self.engine) as connection:
            connection.execute(insert(table).from_select(list(table.c), rows))
            reminded = {"reminded_due": o.c.due_on, "reminded_lead": 0, "look_on": at.date() + timedelta(days=7)}
            told = connection.execute(update(o).where(due).values(reminded)).rowcount
            heard = p.c.events + (1 if told else 0)
            connection.execute(update(p).where(self.mine).values(events=heard, judged_by=pack.digest))
            connection.commit()

    def _rows(self, table: Any, pattern: Rows, **said: Any) -> tuple[Any, Select[Any]]:
        p = self.tables.partnership
        said = {"tenant": p.c.tenant, "partnership_id": p.c.id, "id": self.new_id, **said}
        columns = [said.get(c.name, literal(pattern[c.name], c.type)) for c in table.c]
        return table, select(*columns).where(self.mine)
