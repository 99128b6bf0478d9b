"""The statements, made once for a set of tables, so that each is compiled only once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Executable,
    FromClause,
    Insert,
    Select,
    Table,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.sql.dml import UpdateBase

from partnerflow.canonical import check_text
from partnerflow.errors import InvalidRequest
from partnerflow.records import EVERYWHERE

from .tables import Exact, Tables

TenantStatement: TypeAlias = Select[Any] | UpdateBase
TENANT: BindParameter[str] = bindparam("of_tenant")

MOVE = ("trigger", "source", "target", "since", "at", "by", "reason")
OBLIGATION = ("title", "holds", "due_on", "missed_on", "told_broken", "reminded_due", "reminded_lead", "look_on")


def mine(table: FromClause) -> ColumnElement[bool]:
    """Return the condition that a row is the tenant's own."""
    return table.c.tenant == TENANT


class Statements:
    """Every statement of a store, grouped by subject, but for those of `search`, which are built for each query."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self._locks(tables)
        self._snapshots_of_one(tables)
        self._snapshots_of_many(tables)
        self._partners(tables)
        self._histories_and_files(tables)
        self._everything(tables)
        self._due(tables)
        self._inserts(tables)
        self._changes(tables)
        self._search_entries(tables)
        self._erasures(tables)
        read_again = (
            *(self.files, self.moves, self.moves_of_many, self.obligations, self.obligations_of_many),
            *(self.partnerships_of_many, self.idempotency_records, self.packs, self.history, self.words_of_many),
        )
        self.locking_reads: dict[Executable, Executable] = {
            each: each.with_for_update(read=True) for each in read_again
        }
        """The same as locking reads: on MariaDB they see what is committed now, others the state of the first read."""

    def _locks(self, t: Tables) -> None:
        """Statements that only lock."""
        # SQLite has no row locks: a write, even one that changes nothing, takes the lock of the database
        self.lock_database = update(t.schema).values(version=t.schema.c.version)
        self.lock_schema_row = select(t.schema.c.version).with_for_update()
        self.advisory_lock = select(func.pg_advisory_xact_lock(bindparam("number", type_=BigInteger)))

    def _snapshots_of_one(self, t: Tables) -> None:
        """Everything on one partnership."""
        of_partnership: BindParameter[UUID] = bindparam("of_partnership")
        self.partnership = select(t.partnership).where(mine(t.partnership), t.partnership.c.id == of_partnership)
        self.partnership_locked = self.partnership.with_for_update()
        self.files = (
            select(t.entry)
            .where(mine(t.entry), t.entry.c.file_id.in_(bindparam("file_ids", expanding=True)))
            .order_by(t.entry.c.file_id, t.entry.c.seq)
        )
        self.moves = (
            select(*(t.transition.c[name] for name in MOVE))
            .where(mine(t.transition), t.transition.c.partnership_id == of_partnership)
            .order_by(t.transition.c.version)
        )
        self.obligations = (
            select(*(t.obligation.c[name] for name in ("code", *OBLIGATION)))
            .where(mine(t.obligation), t.obligation.c.partnership_id == of_partnership)
            .order_by(t.obligation.c.code)
        )

    def _snapshots_of_many(self, t: Tables) -> None:
        """The same of many partnerships, each row with the id of its partnership first."""
        of_many: BindParameter[UUID] = bindparam("of_partnerships", expanding=True)
        self.partnerships = (
            select(t.partnership)
            .where(mine(t.partnership), t.partnership.c.id.in_(of_many))
            .order_by(t.partnership.c.id)
        )
        self.partnerships_locked = self.partnerships.with_for_update()
        self.partnerships_skip_locked = self.partnerships_locked.with_for_update(skip_locked=True)
        self.moves_of_many = (
            select(t.transition.c.partnership_id, *(t.transition.c[name] for name in MOVE))
            .where(mine(t.transition), t.transition.c.partnership_id.in_(of_many))
            .order_by(t.transition.c.partnership_id, t.transition.c.version)
        )
        self.obligations_of_many = (
            select(t.obligation.c.partnership_id, *(t.obligation.c[name] for name in ("code", *OBLIGATION)))
            .where(mine(t.obligation), t.obligation.c.partnership_id.in_(of_many))
            .order_by(t.obligation.c.partnership_id, t.obligation.c.code)
        )

    def _partners(self, t: Tables) -> None:
        """Partners, the records of idempotency keys, and the packs of sweeps."""
        self.partners = select(t.partner.c.id).where(
            mine(t.partner), t.partner.c.id.in_(bindparam("of_partners", expanding=True))
        )
        self.partners_locked = self.partners.order_by(t.partner.c.id).with_for_update()
        self.partnerships_of_many = (
            select(t.partnership)
            .where(mine(t.partnership), t.partnership.c.partner_id.in_(bindparam("of_partners", expanding=True)))
            .order_by(t.partnership.c.id)
        )
        self.idempotency_records = select(t.receipt).where(
            mine(t.receipt), t.receipt.c.key.in_(bindparam("keys", expanding=True))
        )
        self.packs = select(t.pack).where(mine(t.pack)).order_by(t.pack.c.number)

    def _histories_and_files(self, t: Tables) -> None:
        """Histories, attempts, files and the outbox, of one partnership or file, page by page."""
        of_partnership: BindParameter[UUID] = bindparam("of_partnership")
        self.history = (
            select(t.transition)
            .where(
                mine(t.transition),
                t.transition.c.partnership_id == of_partnership,
                t.transition.c.version > bindparam("after"),
            )
            .order_by(t.transition.c.version)
            .limit(bindparam("page"))
        )
        self.file = (
            select(t.entry)
            .where(mine(t.entry), t.entry.c.file_id == bindparam("file_id"), t.entry.c.seq > bindparam("after"))
            .order_by(t.entry.c.seq)
            .limit(bindparam("page"))
        )
        self.attempts = (
            select(t.attempt)
            .where(mine(t.attempt), t.attempt.c.partnership_id == of_partnership)
            .order_by(t.attempt.c.recorded_at, t.attempt.c.id)
        )
        self.outbox = (
            select(t.outbox)
            .where(
                mine(t.outbox),
                t.outbox.c.partnership_id == of_partnership,
                t.outbox.c.sequence > bindparam("after"),
            )
            .order_by(t.outbox.c.sequence)
            .limit(bindparam("page"))
        )

    def _everything(self, t: Tables) -> None:
        """Everything of the tenant, page by page."""
        self.file_ids = select(t.entry.c.file_id).distinct().where(mine(t.entry)).order_by(t.entry.c.file_id)
        self.histories_after = (
            select(t.transition)
            .where(mine(t.transition), t.transition.c.partnership_id > bindparam("after"))
            .order_by(t.transition.c.partnership_id, t.transition.c.version)
            .limit(bindparam("page"))
        )
        self.files_after = (
            select(t.entry)
            .where(mine(t.entry), t.entry.c.file_id > bindparam("after"))
            .order_by(t.entry.c.file_id, t.entry.c.seq)
            .limit(bindparam("page"))
        )
        self.links = select(t.entry.c.file_id, t.entry.c.seq, t.entry.c.link).where(
            # not by pairs, for which some databases would read the whole file; it may return more places than asked for
            mine(t.entry),
            t.entry.c.file_id.in_(bindparam("file_ids", expanding=True)),
            t.entry.c.seq.in_(bindparam("seqs", expanding=True)),
        )
        self.partnerships_after = (
            select(t.partnership)
            .where(mine(t.partnership), t.partnership.c.id > bindparam("after"))
            .order_by(t.partnership.c.id)
            .limit(bindparam("page"))
        )
        self.partnership_ids = (
            select(t.partnership.c.id)
            .where(mine(t.partnership), t.partnership.c.id > bindparam("after"))
            .order_by(t.partnership.c.id)
            .limit(bindparam("page"))
        )

    def _due(self, t: Tables) -> None:
        """What a sweep has work on; each statement is a range of an index, in the order of that index."""
        since: BindParameter[Any] = bindparam("since")
        after: BindParameter[UUID] = bindparam("after")
        self.due_by_day = (
            select(t.obligation.c.look_on, t.obligation.c.partnership_id)
            .distinct()
            .where(
                mine(t.obligation),
                t.obligation.c.look_on <= bindparam("on"),
                t.obligation.c.look_on >= since,
                or_(t.obligation.c.look_on > since, t.obligation.c.partnership_id > after),
            )
            .order_by(t.obligation.c.look_on, t.obligation.c.partnership_id)
            .limit(bindparam("page"))
        )
        judged_by = t.partnership.c.judged_by
        digest: BindParameter[str] = bindparam("digest")
        judged = (
            select(judged_by, t.partnership.c.id)
            .where(
                mine(t.partnership),
                t.partnership.c.state == bindparam("state"),
                judged_by >= since,
                or_(judged_by > since, t.partnership.c.id > after),
            )
            .order_by(judged_by, t.partnership.c.id)
            .limit(bindparam("page"))
        )
        self.judged_under_lesser = judged.where(judged_by < digest)
        self.judged_under_greater = judged.where(judged_by > digest)
        self.not_judged = (
            select(judged_by, t.partnership.c.id)
            .where(
                mine(t.partnership),
                t.partnership.c.state == bindparam("state"),
                judged_by == "",
                t.partnership.c.id > after,
            )
            .order_by(t.partnership.c.id)
            .limit(bindparam("page"))
        )

    def _inserts(self, t: Tables) -> None:
        """One INSERT for each table, and the lengths of its columns."""
        self.lengths = {
            table.name: [(c.name, c.type.length) for c in table.columns if isinstance(c.type, Exact) and c.type.length]
            for table in t.metadata.sorted_tables
        }
        tables = (
            *(t.partner, t.outside_id, t.partnership, t.site, t.place, t.word),
            *(t.entry, t.transition, t.attempt, t.obligation, t.outbox, t.receipt, t.pack),
        )
        self.inserts = {table.name: insert(table) for table in tables}

    def _changes(self, t: Tables) -> None:
        """What changes of partners, partnerships and obligations."""
        of_partnership: BindParameter[UUID] = bindparam("of_partnership")
        self.update_partner = (
            update(t.partner)
            .where(mine(t.partner), t.partner.c.id == bindparam("of_partner"))
            .values(name=bindparam("new_name"), kind=bindparam("new_kind"))
        )
        self.delete_outside_ids = delete(t.outside_id).where(
            mine(t.outside_id), t.outside_id.c.partner_id == bindparam("of_partner")
        )
        moved = ("state", "since", "version", "recorded_at", "link", "made_under", "events", "judged_by")
        self.update_partnership = (
            update(t.partnership)
            .where(
                mine(t.partnership),
                t.partnership.c.id == of_partnership,
                t.partnership.c.version == bindparam("old_version"),
            )
            .values({name: bindparam(f"new_{name}") for name in moved})
        )
        self.update_judged = (
            update(t.partnership)
            .where(mine(t.partnership), t.partnership.c.id == of_partnership)
            .values(events=bindparam("new_events"), judged_by=bindparam("new_judged_by"))
        )
        one_obligation = (
            mine(t.obligation),
            t.obligation.c.partnership_id == of_partnership,
            t.obligation.c.code == bindparam("old_code"),
        )
        self.delete_obligation = delete(t.obligation).where(*one_obligation)
        new_values: dict[str, BindParameter[Any]] = {name: bindparam(f"new_{name}") for name in OBLIGATION}
        self.update_obligation = update(t.obligation).where(*one_obligation).values(new_values)

    def _search_entries(self, t: Tables) -> None:
        """What a partnership was found by until now."""
        of_partnership: BindParameter[UUID] = bindparam("of_partnership")
        of_many: BindParameter[UUID] = bindparam("of_partnerships", expanding=True)
        self.delete_sites = delete(t.site).where(mine(t.site), t.site.c.partnership_id == of_partnership)
        self.delete_places = delete(t.place).where(mine(t.place), t.place.c.partnership_id == of_partnership)
        self.words_of_many = select(t.word.c.partnership_id, t.word.c.field, t.word.c.word).where(
            mine(t.word), t.word.c.partnership_id.in_(of_many)
        )
        self.delete_word = delete(t.word).where(
            mine(t.word),
            t.word.c.field == bindparam("old_field"),
            t.word.c.word == bindparam("old_word"),
            t.word.c.partnership_id == of_partnership,
        )

    def _erasures(self, t: Tables) -> None:
        """What a redaction or a purge blanks."""
        of_partnership: BindParameter[UUID] = bindparam("of_partnership")
        self.blank_entry = (
            update(t.entry)
            .where(mine(t.entry), t.entry.c.file_id == bindparam("of_file"), t.entry.c.seq == bindparam("of_seq"))
            .values(text="", redacted=bindparam("new_redacted"))
        )
        self.blank_transition = (
            update(t.transition)
            .where(
                mine(t.transition),
                t.transition.c.partnership_id == of_partnership,
                t.transition.c.version == bindparam("of_version"),
            )
            .values(
                reason=None,
                decision="",
                reason_redacted=bindparam("new_reason_redacted"),
                decision_redacted=bindparam("new_decision_redacted"),
            )
        )
        self.delete_attempt = delete(t.attempt).where(
            mine(t.attempt), t.attempt.c.partnership_id == of_partnership, t.attempt.c.id == bindparam("of_attempt")
        )

    @cached_property
    def all(self) -> frozenset[TenantStatement]:
        """Every statement, for the fast path."""
        made = (*vars(self).values(), *self.locking_reads.values(), *self.inserts.values())
        return frozenset(each for each in made if isinstance(each, (Select, UpdateBase)))

    def insert_into(self, table: Table) -> Insert:
        """Return the statement that adds rows to *table*."""
        return self.inserts[table.name]

    def check_lengths(self, table: Table, values: Mapping[str, Any]) -> None:
        """Raise InvalidRequest for a text that is too long for its column: some databases would store a part of it."""
        for name, length in self.lengths[table.name]:
            value = values.get(name)
            if value is None:
                continue
            check_text(value, name)
            if len(value) > length:
                raise InvalidRequest(name, f"{value[:40]}...", f"is {len(value)} characters long: {length} is the most")

    def known_as_any(self, ids: Iterable[tuple[str, str]]) -> Executable:
        """Find partners by any of these ids elsewhere, each a system and a value."""
        there, values = self.tables.outside_id.c, dict[str, list[str]]()
        for system, value in ids:
            values.setdefault(system, []).append(value)
        # one range of the key for each system; for pairs, MariaDB would read the whole table
        named = [(there.system == system) & there.value.in_(values[system]) for system in sorted(values)]
        return select(there.system, there.value, there.partner_id).where(mine(self.tables.outside_id), or_(*named))

    def neighbours(self, places: frozenset[tuple[str, str]], states: Sequence[str]) -> Executable:
        """Find the partnerships in *states* that share one of *places*, with their partners' names."""
        t = self.tables
        shared = []
        for site, area in sorted(places):
            here = t.place.c.area == area
            shared.append(here if site == EVERYWHERE else here & t.place.c.site.in_((site, EVERYWHERE)))
        return (
            select(t.partnership.c.id, t.partner.c.name)
            .distinct()
            .select_from(t.place)
            .join(
                t.partnership,
                (t.partnership.c.tenant == t.place.c.tenant) & (t.partnership.c.id == t.place.c.partnership_id),
            )
            .join(
                t.partner,
                (t.partner.c.tenant == t.partnership.c.tenant) & (t.partner.c.id == t.partnership.c.partner_id),
            )
            .where(
                mine(t.place),
                or_(*shared),
                t.partnership.c.id != bindparam("apart_from"),
                t.partnership.c.state.in_([str(state) for state in states]),
            )
            .order_by(t.partnership.c.id)
        )


@lru_cache(maxsize=16)
def statements_of(tables: Tables) -> Statements:
    """Return the statements of *tables*, made once however many stores there are: a host may open one per request."""
    return Statements(tables)
