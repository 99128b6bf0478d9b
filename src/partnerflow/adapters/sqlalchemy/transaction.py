"""One transaction: what a request reads, and all that it writes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Connection, Executable
from sqlalchemy.orm import Session

from partnerflow.dossier import Neighbour, services_at
from partnerflow.errors import Conflict
from partnerflow.history import Transition
from partnerflow.obligations import Judgement, Obligation
from partnerflow.partnership import Partnership
from partnerflow.ports import ChangeSet, Erasure, IdempotencyRecord, PartnerFile, SearchEntry, Snapshot
from partnerflow.records import Entry, Partner

from . import after_commit, rows
from .errors import TranslatingErrors
from .execution import Execution
from .isolation import refuse_autocommit
from .rows import Row
from .statements import Statements

T = TypeVar("T")

PAGE = 500
"""How many rows are read at a time where everything is looked over."""


class SQLAlchemyTransaction:
    """What one request reads and writes."""

    def __init__(
        self,
        sql: Statements,
        tenant: str,
        executor: Session | Connection,
        execution: Execution,
        calls: list[Callable[[], None]] | None,
        *,
        writing: bool,
    ) -> None:
        self._writing = writing
        self._sql, self._tenant, self._executor, self._calls = sql, tenant, executor, calls
        self._execution = execution
        self._dialect = (executor.get_bind() if isinstance(executor, Session) else executor).dialect.name
        self._has_turn = False
        self._has_locked = False
        self._reads_past = calls is None and self._dialect in ("mysql", "mariadb")
        self._loaded: dict[UUID, tuple[Row, tuple[Obligation, ...]]] = {}

    def after_commit(self, call: Callable[[], None]) -> None:
        """Have *call* wait for the commit."""
        if self._calls is not None:
            self._calls.append(call)
        else:
            after_commit.add_callback(self._executor, call)

    def _take_turn(self) -> None:
        """See to it that nobody else writes from here on, where locking a row would not: in a host's SQLite."""
        if self._calls is None and not self._has_turn and self._dialect == "sqlite":
            self._change(self._sql.lock_database, [{}])
            self._has_turn = True

    def _take_turn_for(self, *what: str) -> None:
        """In a transaction of ours, have whoever comes for the same name wait until we are done, and see what we did.

        Without it they would learn of us from a unique key, when it is too late to give them our work. What is locked
        already keeps them out; and a host may go on for long, so there the key decides.
        """
        if not self._writing or self._calls is None or self._has_locked:
            return
        if self._dialect == "postgresql":
            name = "\0".join([self._sql.tables.schema.fullname, self._tenant, *what])
            number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
            self.execute(self._sql.advisory_lock, {"number": number})
        elif self._dialect in ("mysql", "mariadb"):
            self.execute(self._sql.lock_schema_row, {})

    def _locked(self, *, lock: bool) -> None:
        if lock:
            self._take_turn()
            self._has_locked = True

    def execute(self, statement: Executable, values: Mapping[str, object]) -> Sequence[Row]:
        """Say one thing of the tenant's and give the rows."""
        with TranslatingErrors(
            in_hosts=self._calls is None
        ):  # what was stored may prove unreadable only when it is fetched
            return self._execution.rows(statement, {"of_tenant": self._tenant, **values})

    def _change(self, statement: Executable, values: Sequence[rows.Values]) -> int:
        """Say the same of each of *values*, and give how many rows it was true of."""
        with TranslatingErrors(in_hosts=self._calls is None):
            return self._execution.change(statement, values)

    def _newest(self, statement: Executable, values: Mapping[str, object]) -> Sequence[Row]:
        """Read what belongs to a row that may be locked: as it is now, not as a host's transaction first saw it."""
        return self.execute(self._as_now(statement), values)

    def _made(self, make: Callable[[Row], T], statement: Executable, values: Mapping[str, object]) -> list[T]:
        """Say one thing of the tenant's and give what *make* makes of each row, or made of it lately."""
        with TranslatingErrors(in_hosts=self._calls is None):
            return self._execution.mapped(statement, {"of_tenant": self._tenant, **values}, make)

    def _as_now(self, statement: Executable) -> Executable:
        return self._sql.locking_reads[statement] if self._reads_past and self._has_locked else statement

    def _one(self, statement: Executable, **values: object) -> Row | None:
        found = self.execute(statement, values)
        return found[0] if found else None

    # --- reading ----------------------------------------------------------------------------------------------------

    def idempotency_records(self, keys: Sequence[str], *, lock: bool = False) -> dict[str, IdempotencyRecord]:
        """Return the records of those keys that have been used."""
        for key in sorted(keys) if lock else ():
            self._take_turn_for("key", key)
        found = self._unless_late(self._sql.idempotency_records, {"keys": list(keys)}, len(keys))
        return {row.key: rows.receipt(row) for row in found}

    def _unless_late(self, statement: Executable, values: Mapping[str, object], wanted: int) -> Sequence[Row]:
        """Read rows that others may have added since a host's transaction first looked, and what they did with them.

        To read what is not there as it is now would lock the place where it would be, and others out of it; so only
        where a partnership that is locked has changed since.
        """
        found = self.execute(statement, values)
        if len(found) == wanted or not (self._reads_past and self._has_locked and self._loaded):
            return found
        as_first_seen = self.execute(self._sql.partnerships, {"of_partnerships": list(self._loaded)})
        if {tuple(row) for row in as_first_seen} == {tuple(row) for row, _ in self._loaded.values()}:
            return found
        return self._newest(statement, values)

    def partnerships(self, partnership_ids: Sequence[UUID]) -> dict[UUID, Partnership]:
        """Return the partnerships that exist among these, without a lock."""
        found = self.execute(self._sql.partnerships, {"of_partnerships": list(partnership_ids)})
        return {row.id: rows.partnership(row) for row in found}

    def snapshots(
        self, partnership_ids: Sequence[UUID], *, lock: bool = False, skip_locked: bool = False
    ) -> dict[UUID, Snapshot]:
        """Return everything on each of these partnerships, in four statements, however many they are."""
        self._locked(lock=lock)
        if len(partnership_ids) == 1 and not skip_locked:
            return self._snapshot(partnership_ids[0], lock=lock)
        sql = self._sql
        locked = sql.partnerships_skip_locked if skip_locked else sql.partnerships_locked
        statement = locked if lock else sql.partnerships
        found = self.execute(statement, {"of_partnerships": list(partnership_ids)}) if partnership_ids else ()
        made = {snapshot.partnership.id: snapshot for snapshot in self._put_together(found)}
        self._loaded |= {row.id: (row, made[row.id].obligations) for row in found}
        return made

    def _snapshot(self, partnership_id: UUID, *, lock: bool) -> dict[UUID, Snapshot]:
        """Return everything on one partnership: each step reads one, by narrower statements and from the row cache."""
        sql = self._sql
        row = self._one(sql.partnership_locked if lock else sql.partnership, of_partnership=partnership_id)
        if row is None:
            return {}
        snapshot = rows.holding(
            row,
            self._made(rows.entry, self._as_now(sql.files), {"file_ids": [row.partner_id, row.id]}),
            self._newest(sql.moves, {"of_partnership": partnership_id}),
            self._made(rows.obligation, self._as_now(sql.obligations), {"of_partnership": partnership_id}),
        )
        self._loaded[partnership_id] = (row, snapshot.obligations)
        return {partnership_id: snapshot}

    def _put_together(self, found: Sequence[Row]) -> list[Snapshot]:
        """Read what belongs to some partnerships, in three statements; so many need not be remembered."""
        if not found:
            return []
        sql, ids = self._sql, [row.id for row in found]
        files = dict.fromkeys([*ids, *(row.partner_id for row in found)])
        return list(
            rows.holdings(
                found,
                map(rows.entry, self._newest(sql.files, {"file_ids": list(files)})),
                self._newest(sql.moves_of_many, {"of_partnerships": ids}),
                self._newest(sql.obligations_of_many, {"of_partnerships": ids}),
            )
        )

    def obligations(self, partnership_ids: Sequence[UUID]) -> dict[UUID, tuple[Obligation, ...]]:
        """Return the obligations of many partnerships, in one statement."""
        if not partnership_ids:
            return {}
        owed: dict[UUID, list[Obligation]] = {}
        for row in self._newest(self._sql.obligations_of_many, {"of_partnerships": list(partnership_ids)}):
            owed.setdefault(row.partnership_id, []).append(rows.obligation(row[1:]))
        return {each: rows.by_code(found) for each, found in owed.items()}

    def history(self, partnership_id: UUID) -> Iterator[Transition]:
        """Yield every transition, oldest first, page by page."""
        values = {"of_partnership": partnership_id, "after": 0, "page": PAGE}
        while True:
            page = self._newest(self._sql.history, values)
            yield from map(rows.transition, page)
            if len(page) < PAGE:
                return
            values["after"] = page[-1].version

    def partner_files(self, partner_ids: Sequence[UUID], *, lock: bool = False) -> dict[UUID, PartnerFile]:
        """Return the files of those partners that exist, in three statements."""
        sql = self._sql
        self._locked(lock=lock)
        statement = sql.partners_locked if lock else sql.partners
        found = self.execute(statement, {"of_partners": list(partner_ids)}) if partner_ids else ()
        ids = sorted(row.id for row in found)
        partnerships: dict[UUID, list[Partnership]] = {each: [] for each in ids}
        entries: dict[UUID | None, list[Entry]] = {each: [] for each in ids}
        for row in self._newest(sql.partnerships_of_many, {"of_partners": ids}) if ids else ():
            partnerships[row.partner_id].append(rows.partnership(row))
        for entry in self._made(rows.entry, self._as_now(sql.files), {"file_ids": ids}) if ids else ():
            entries[entry.file_id].append(entry)
        return {
            each: PartnerFile(partner_id=each, entries=tuple(entries[each]), partnerships=tuple(partnerships[each]))
            for each in ids
        }

    def partners_known_as(self, ids: Collection[tuple[str, str]], *, lock: bool = False) -> dict[tuple[str, str], UUID]:
        """Return the partners with these outside ids; without *lock*, the unique key lets one of two writers pass."""
        for system, value in sorted(ids) if lock else ():
            self._take_turn_for("id", system, value)
        found = self.execute(self._sql.known_as_any(ids), {}) if ids else ()
        return {(row.system, row.value): row.partner_id for row in found}

    def file(self, file_id: UUID) -> tuple[Entry, ...]:
        """Return a file by its id."""
        self._take_turn_for("file", str(file_id))
        return tuple(self._made(rows.entry, self._sql.files, {"file_ids": [file_id]}))

    def neighbours(
        self, places: frozenset[tuple[str, str]], *, apart_from: UUID, states: Sequence[str]
    ) -> tuple[Neighbour, ...]:
        """Return the services of others that share a place."""
        if not places:
            return ()
        near = self.execute(self._sql.neighbours(places, states), {"apart_from": apart_from})
        files: dict[UUID | None, list[Entry]] = {row.id: [] for row in near}
        for entry in self._made(rows.entry, self._sql.files, {"file_ids": list(files)}) if files else ():
            files[entry.file_id].append(entry)
        return tuple(
            Neighbour(str(row.id), row.name, service) for row in near for service in services_at(places, files[row.id])
        )

    # --- writing ----------------------------------------------------------------------------------------------------

    def write(self, *changes: ChangeSet) -> None:
        """Write all of it, one statement for each kind of row; nothing here decides anything.

        In a host's transaction it is written in a savepoint: a host that catches what goes wrong, and goes on, has
        none of it, and a transaction that is still alive.
        """
        if self._calls is not None:
            self._write(changes)
            return
        self._take_turn()  # on SQLite a savepoint outside a transaction would be one of its own
        host = self._executor.connection() if isinstance(self._executor, Session) else self._executor
        refuse_autocommit(host)
        with TranslatingErrors(in_hosts=True), host.begin_nested():
            self._write(changes)

    def _write(self, changes: Sequence[ChangeSet]) -> None:
        t = self._sql.tables
        self._write_partners([change.partner for change in changes if change.partner is not None])
        self._write_partnerships(changes)
        self._add(t.transition, [rows.transition_values(c.transition) for c in changes if c.transition is not None])
        self._add(t.entry, [rows.entry_values(entry) for change in changes for entry in change.entries])
        self._write_obligations([judgement for change in changes for judgement in change.judgements])
        self._write_placements([placement for change in changes for placement in change.search_entries])
        self._add(t.outbox, [rows.event_values(event) for change in changes for event in change.events])
        self._blank([change.erasure for change in changes if change.erasure is not None])
        self._add(t.attempt, [rows.attempt_values(c.attempt) for c in changes if c.attempt is not None])
        self._add(t.receipt, [rows.receipt_values(c.idempotency) for c in changes if c.idempotency is not None])

    def _add(self, table: Any, values: list[rows.Values]) -> None:
        for each in values:
            self._sql.check_lengths(table, each)
        if values:
            self._change(self._sql.insert_into(table), [{"tenant": self._tenant, **each} for each in values])

    def _each(self, statement: Executable, values: Sequence[rows.Values]) -> int:
        """Say the same of many, and give how many rows it was true of."""
        if not values:
            return 0
        return self._change(statement, [{"of_tenant": self._tenant, **each} for each in values])

    def _write_partners(self, partners: Sequence[tuple[UUID, Partner]]) -> None:
        if not partners:
            return
        t, sql = self._sql.tables, self._sql
        known = {row.id for row in self.execute(sql.partners, {"of_partners": [each for each, _ in partners]})}
        values = {each: {"name": partner.name[:512], "kind": partner.kind} for each, partner in partners}
        self._add(t.partner, [{"id": each, **found} for each, found in values.items() if each not in known])
        for each in known:
            self._sql.check_lengths(t.partner, values[each])
        renamed = [
            {"of_partner": each, "new_name": values[each]["name"], "new_kind": values[each]["kind"]} for each in known
        ]
        self._each(sql.update_partner, renamed)
        self._each(sql.delete_outside_ids, [{"of_partner": each} for each in known])
        ids = [
            {"system": system, "value": value, "partner_id": each}
            for each, partner in partners
            for system, value in sorted(partner.ids.items())
        ]
        self._add(t.outside_id, ids)

    def _write_partnerships(self, changes: Sequence[ChangeSet]) -> None:
        """Write where partnerships stand: those that moved, and what each of the judged was judged by."""
        new: list[rows.Values] = []
        moved: list[rows.Values] = []
        noted: list[rows.Values] = []
        for change in changes:
            digests = {judgement.partnership_id: judgement.digest for judgement in change.judgements}
            counts = {event.partnership_id: event.sequence for event in change.events}
            partnership, transition = change.partnership, change.transition
            if partnership is not None and transition is not None:
                values = {
                    "state": str(partnership.state),
                    "since": partnership.since,
                    "version": partnership.version,
                    "recorded_at": transition.recorded_at,
                    "link": transition.link,
                    "made_under": transition.lifecycle,
                    "events": counts.pop(partnership.id, 0),
                    "judged_by": digests.pop(partnership.id, ""),
                }
                if transition.source is None:
                    whose = {"partner_id": partnership.partner_id, "succeeds": partnership.succeeds}
                    new.append({"id": partnership.id, **whose, **values})
                else:
                    named = {f"new_{name}": value for name, value in values.items()}
                    moved.append({"of_partnership": partnership.id, "old_version": partnership.version - 1, **named})
            for partnership_id in {*counts, *digests}:
                row = self._loaded[partnership_id][0]
                events, digest = counts.get(partnership_id, row.events), digests.get(partnership_id, row.judged_by)
                # what was filed on a partner bears on them all: whoever reads from before must learn that he is late
                if change.entries or (events, digest) != (row.events, row.judged_by):
                    noted.append({"of_partnership": partnership_id, "new_events": events, "new_judged_by": digest})
        self._add(self._sql.tables.partnership, new)
        if self._each(self._sql.update_partnership, moved) != len(moved):
            self._refuse_late(moved)
        self._each(self._sql.update_judged, noted)

    def _refuse_late(self, moved: Sequence[rows.Values]) -> None:
        """Raise Conflict for a partnership that is not where it was when it was read."""
        for each in moved:
            row = self._one(self._sql.partnership, of_partnership=each["of_partnership"])
            if row is None or row.link != each["new_link"]:
                raise Conflict(each["of_partnership"], each["old_version"], row.version if row else 0)

    def _write_obligations(self, judgements: Sequence[Judgement]) -> None:
        """Write only what differs from what was loaded."""
        new: list[rows.Values] = []
        changed: list[rows.Values] = []
        gone: list[rows.Values] = []
        for judgement in judgements:
            partnership_id = judgement.partnership_id
            loaded = self._loaded.get(partnership_id)
            before = {obligation.code: obligation for obligation in loaded[1]} if loaded else {}
            for owed in judgement.obligations:
                was = before.pop(owed.code, None)
                if was is None:
                    new.append(rows.obligation_values(owed, partnership_id))
                elif owed is not was and owed != was:
                    changed.append({"of_partnership": partnership_id, "old_code": owed.code, **_new(owed)})
            gone += [{"of_partnership": partnership_id, "old_code": code} for code in before]
        self._add(self._sql.tables.obligation, new)
        self._each(self._sql.update_obligation, changed)
        self._each(self._sql.delete_obligation, gone)

    def _write_placements(self, placements: Sequence[SearchEntry]) -> None:
        if not placements:
            return
        t, sql = self._sql.tables, self._sql
        of_these: list[rows.Values] = [{"of_partnership": each.partnership_id} for each in placements]
        self._each(sql.delete_sites, of_these)
        self._each(sql.delete_places, of_these)
        places = [(each.partnership_id, site, area) for each in placements for site, area in sorted(each.places)]
        sites = [(each.partnership_id, site) for each in placements for site in sorted(each.sites)]
        self._add(t.site, [{"partnership_id": whose, "site": site} for whose, site in sites])
        self._add(t.place, [{"partnership_id": whose, "site": site, "area": area} for whose, site, area in places])
        before = {
            tuple(row)
            for row in self._newest(sql.words_of_many, {"of_partnerships": [p.partnership_id for p in placements]})
        }
        after = {(each.partnership_id, field, word) for each in placements for field, word in each.words}
        gone = [{"of_partnership": w, "old_field": field, "old_word": word} for w, field, word in before - after]
        self._each(sql.delete_word, gone)
        new = [{"partnership_id": w, "field": field, "word": word} for w, field, word in sorted(after - before)]
        self._add(t.word, new)

    def _blank(self, blankings: Sequence[Erasure]) -> None:
        """Blank what was redacted; its hash stays in its place."""
        sql = self._sql
        entries = [
            {"of_file": entry.file_id, "of_seq": entry.seq, "new_redacted": entry.redacted}
            for blanking in blankings
            for entry in blanking.entries
        ]
        transitions = [
            {
                "of_partnership": blanking.partnership_id,
                "of_version": transition.version,
                "new_reason_redacted": transition.reason_redacted,
                "new_decision_redacted": transition.decision_redacted,
            }
            for blanking in blankings
            for transition in blanking.transitions
        ]
        self._each(sql.blank_entry, entries)
        self._each(sql.blank_transition, transitions)
        forgotten = [{"of_partnership": each.partnership_id} for each in blankings if each.attempts]
        self._each(sql.delete_attempts, forgotten)


def _new(obligation: Obligation) -> rows.Values:
    return {f"new_{name}": getattr(obligation, field) for name, field in rows.OBLIGATION if name != "code"}
