"""The statements, made once for a set of tables, so that SQLAlchemy compiles each only once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
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

from .prepared import Statement
from .tables import Exact, Tables

TENANT: BindParameter[str] = bindparam("of_tenant")


OBLIGATION = ("title", "holds", "due_on", "missed_on", "told_broken", "reminded_due", "reminded_lead", "look_on")


def mine(table: FromClause) -> ColumnElement[bool]:
    """Keep to the tenant's own rows."""
    return table.c.tenant == TENANT


class Statements:
    """Everything that a store says to its database, but for `find`, which is put together when asked."""

    def __init__(self, tables: Tables) -> None:
        t = self.tables = tables
        of_partnership: BindParameter[UUID] = bindparam("of_partnership")

        self.partnership = select(t.partnership).where(mine(t.partnership), t.partnership.c.id == of_partnership)
        self.partnership_locked = self.partnership.with_for_update()
        # on SQLite nothing locks a row; a write, even one that changes nothing, takes the turn
        self.take_turn = update(t.schema).values(version=t.schema.c.version)
        self.one_at_a_time = select(t.schema.c.version).with_for_update()
        self.one_at_a_time_by_number = select(func.pg_advisory_xact_lock(bindparam("number", type_=BigInteger)))
        # where a transaction of MariaDB sees all as it was at its first read, only what is locked is read as it is now
        self.newest: dict[Executable, Executable] = {}
        self.files = (
            select(t.entry)
            .where(mine(t.entry), t.entry.c.file_id.in_(bindparam("file_ids", expanding=True)))
            .order_by(t.entry.c.file_id, t.entry.c.seq)
        )
        move = [t.transition.c[name] for name in ("trigger", "source", "target", "since", "at", "by", "reason")]
        self.moves = (
            select(*move)
            .where(mine(t.transition), t.transition.c.partnership_id == of_partnership)
            .order_by(t.transition.c.version)
        )
        owed = [t.obligation.c[name] for name in ("code", *OBLIGATION)]
        self.obligations = (
            select(*owed)
            .where(mine(t.obligation), t.obligation.c.partnership_id == of_partnership)
            .order_by(t.obligation.c.code)
        )
        # of many partnerships at once, each row beginning with whose it is
        of_many: BindParameter[UUID] = bindparam("of_partnerships", expanding=True)
        self.partnerships_named = (
            select(t.partnership)
            .where(mine(t.partnership), t.partnership.c.id.in_(of_many))
            .order_by(t.partnership.c.id)
        )
        self.partnerships_locked = self.partnerships_named.with_for_update()
        self.partnerships_unless_busy = self.partnerships_locked.with_for_update(skip_locked=True)
        self.moves_of_many = (
            select(t.transition.c.partnership_id, *move)
            .where(mine(t.transition), t.transition.c.partnership_id.in_(of_many))
            .order_by(t.transition.c.partnership_id, t.transition.c.version)
        )
        self.obligations_of_many = (
            select(t.obligation.c.partnership_id, *owed)
            .where(mine(t.obligation), t.obligation.c.partnership_id.in_(of_many))
            .order_by(t.obligation.c.partnership_id, t.obligation.c.code)
        )
        self.partners = select(t.partner.c.id).where(
            mine(t.partner), t.partner.c.id.in_(bindparam("of_partners", expanding=True))
        )
        self.partners_locked = self.partners.order_by(t.partner.c.id).with_for_update()
        self.partnerships_of_many = (
            select(t.partnership)
            .where(mine(t.partnership), t.partnership.c.partner_id.in_(bindparam("of_partners", expanding=True)))
            .order_by(t.partnership.c.id)
        )
        self.receipts = select(t.receipt).where(mine(t.receipt), t.receipt.c.key.in_(bindparam("keys", expanding=True)))

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
            # the whole key, where some databases would read all of a file for pairs; it finds some that are not asked
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
        # Each is a range of an index, read in the index's own order: what is done is never passed over.
        since: BindParameter[Any] = bindparam("since")
        after: BindParameter[UUID] = bindparam("after")
        self.looked_for = (
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
        self.judged_before = judged.where(judged_by < digest)
        self.judged_beyond = judged.where(judged_by > digest)
        self.never_judged = (
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

        self.lengths = {
            table.name: [(c.name, c.type.length) for c in table.columns if isinstance(c.type, Exact) and c.type.length]
            for table in tables.metadata.sorted_tables
        }
        self.add = {
            table.name: insert(table)
            for table in (
                t.partner, t.outside_id, t.partnership, t.site, t.place, t.entry, t.transition, t.attempt,
                t.obligation, t.outbox, t.receipt, t.word,
            )
        }  # fmt: skip
        self.rename_partner = (
            update(t.partner)
            .where(mine(t.partner), t.partner.c.id == bindparam("of_partner"))
            .values(name=bindparam("new_name"), kind=bindparam("new_kind"))
        )
        self.forget_ids = delete(t.outside_id).where(
            mine(t.outside_id), t.outside_id.c.partner_id == bindparam("of_partner")
        )
        self.move_partnership = (
            update(t.partnership)
            .where(
                mine(t.partnership),
                t.partnership.c.id == of_partnership,
                t.partnership.c.version == bindparam("old_version"),
            )
            .values(
                {
                    name: bindparam(f"new_{name}")
                    for name in (
                        "state",
                        "since",
                        "version",
                        "recorded_at",
                        "link",
                        "made_under",
                        "events",
                        "judged_by",
                    )
                }
            )
        )
        self.note_partnership = (
            update(t.partnership)
            .where(mine(t.partnership), t.partnership.c.id == of_partnership)
            .values(events=bindparam("new_events"), judged_by=bindparam("new_judged_by"))
        )
        self.leave_sites = delete(t.site).where(mine(t.site), t.site.c.partnership_id == of_partnership)
        self.words_of_many = select(t.word.c.partnership_id, t.word.c.field, t.word.c.word).where(
            mine(t.word), t.word.c.partnership_id.in_(of_many)
        )
        self.leave_word = delete(t.word).where(
            mine(t.word),
            t.word.c.field == bindparam("old_field"),
            t.word.c.word == bindparam("old_word"),
            t.word.c.partnership_id == of_partnership,
        )
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
        self.forget_attempts = delete(t.attempt).where(mine(t.attempt), t.attempt.c.partnership_id == of_partnership)
        self.leave_places = delete(t.place).where(mine(t.place), t.place.c.partnership_id == of_partnership)
        one_obligation = (
            mine(t.obligation),
            t.obligation.c.partnership_id == of_partnership,
            t.obligation.c.code == bindparam("old_code"),
        )
        self.drop_obligation = delete(t.obligation).where(*one_obligation)
        self.change_obligation = (
            update(t.obligation)
            .where(*one_obligation)
            .values(
                {
                    name: bindparam(f"new_{name}")
                    for name in OBLIGATION
                }
            )
        )  # fmt: skip
        for statement in (
            self.files, self.moves, self.moves_of_many, self.obligations, self.obligations_of_many,
            self.partnerships_of_many, self.receipts, self.history, self.words_of_many,
        ):  # fmt: skip
            self.newest[statement] = statement.with_for_update(read=True)

    def all(self) -> frozenset[Statement]:
        """Return every statement that is made here once and for all."""
        made = (*vars(self).values(), *self.newest.values(), *self.add.values())
        return frozenset(each for each in made if isinstance(each, (Select, UpdateBase)))

    def into(self, table: Table) -> Insert:
        """Return the statement that adds rows to *table*."""
        return self.add[table.name]

    def fits(self, table: Table, values: Mapping[str, Any]) -> None:
        """Raise InvalidRequest for a text that a column cannot hold; some database would cut it, or keep half of it."""
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
        # one range of the key a system; MariaDB would read all of them for pairs
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
