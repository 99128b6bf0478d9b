"""One transaction: what a request reads and locks, and everything that it writes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Connection, Executable
from sqlalchemy.orm import Session

from partnerflow.dossier import Neighbour, services_at
from partnerflow.errors import Conflict
from partnerflow.history import PackInForce, Transition
from partnerflow.obligations import Judgement, Obligation
from partnerflow.partnership import Partnership
from partnerflow.ports import ChangeSet, Erasure, IdempotencyRecord, SearchEntry, Snapshot
from partnerflow.records import Entry, Partner

from . import after_commit, rows
from .errors import TranslatingErrors
from .execution import Execution
from .isolation import refuse_autocommit
from .pages import read_pages
from .rows import DatabaseRow
from .statements import Statements

T = TypeVar("T")


class SQLAlchemyTransaction:
    """What one request reads and writes."""

    def __init__(
        self,
        sql: Statements,
        tenant: str,
        executor: Session | Connection,
        execution: Execution,
        callbacks: list[Callable[[], None]] | None,
        *,
        writing: bool,
    ) -> None:
        self._sql, self._tenant, self._executor, self._execution = sql, tenant, executor, execution
        self._callbacks = callbacks
        """What to call after our own commit; None in a host's transaction."""
        self._in_hosts, self._writing = callbacks is None, writing
        self._dialect = (executor.get_bind() if isinstance(executor, Session) else executor).dialect.name
        self._has_locked_database = False
        self._has_locked_rows = False
        # a host's transaction on MariaDB (REPEATABLE READ) sees the state of its first read, unless a read locks
        self._reads_old_state = self._in_hosts and self._dialect in ("mysql", "mariadb")
        self._loaded: dict[UUID, tuple[DatabaseRow, tuple[Obligation, ...]]] = {}

    def after_commit(self, call: Callable[[], None]) -> None:
        """Call *call* after the commit, ours or the host's."""
        if self._callbacks is not None:
            self._callbacks.append(call)
        else:
            after_commit.add_callback(self._executor, call)

    def _lock_database(self) -> None:
        """Lock the whole database where it has no row locks and has not begun IMMEDIATE: a host's SQLite."""
        if self._in_hosts and not self._has_locked_database and self._dialect == "sqlite":
            self._change(self._sql.lock_database, [{}])
            self._has_locked_database = True

    def _lock_name(self, *name: str) -> None:
        """Take an advisory lock on a name, so that a concurrent request waits and sees our result.

        There is no row to lock yet. Without this lock, the other request would fail on the unique key of what we both
        insert, too late to return our work. Rows that are locked already keep it out as well; and a host's transaction
        may take long, so there nobody waits and the unique key decides.
        """
        if not self._writing or self._in_hosts or self._has_locked_rows:
            return
        if self._dialect == "postgresql":
            full_name = "\0".join([self._sql.tables.schema.fullname, self._tenant, *name])
            number = int.from_bytes(hashlib.sha256(full_name.encode()).digest()[:8], signed=True)
            self.execute(self._sql.advisory_lock, {"number": number})
        elif self._dialect in ("mysql", "mariadb"):
            self.execute(self._sql.lock_schema_row, {})

    def _before_lock(self, *, lock: bool) -> None:
        if lock:
            self._lock_database()
            self._has_locked_rows = True

    def execute(self, statement: Executable, values: Mapping[str, object]) -> Sequence[DatabaseRow]:
        """Execute a query about the tenant's rows and return them; fetching is in the block, since it may fail too."""
        with TranslatingErrors(in_hosts=self._in_hosts):
            return self._execution.rows(statement, {"of_tenant": self._tenant, **values})

    def _change(self, statement: Executable, values: Sequence[rows.Values]) -> int:
        """Execute a statement once per parameter set; return the number of rows affected."""
        with TranslatingErrors(in_hosts=self._in_hosts):
            return self._execution.change(statement, values)

    def _read_latest(self, statement: Executable, values: Mapping[str, object]) -> Sequence[DatabaseRow]:
        """Read what belongs to locked rows, with a locking read where another would see an old state."""
        return self.execute(self._latest(statement), values)

    def _mapped(self, read: Callable[[DatabaseRow], T], statement: Executable, values: Mapping[str, object]) -> list[T]:
        """Execute a query and return what *read* makes of each row, from the row cache where it is there."""
        with TranslatingErrors(in_hosts=self._in_hosts):
            return self._execution.mapped(statement, {"of_tenant": self._tenant, **values}, read)

    def _latest(self, statement: Executable) -> Executable:
        return self._sql.locking_reads[statement] if self._reads_old_state and self._has_locked_rows else statement

    def _one(self, statement: Executable, **values: object) -> DatabaseRow | None:
        found = self.execute(statement, values)
        return found[0] if found else None

    # --- reading ----------------------------------------------------------------------------------------------------

    def idempotency_records(self, keys: Sequence[str], *, lock: bool = False) -> dict[str, IdempotencyRecord]:
        """Return the records of those keys that have been used."""
        for key in sorted(keys) if lock else ():
            self._lock_name("key", key)
        found = self._read_unless_outdated(self._sql.idempotency_records, {"keys": list(keys)}, len(keys))
        return {row.key: rows.idempotency_record(row) for row in found}

    def _read_unless_outdated(
        self, statement: Executable, values: Mapping[str, object], wanted: int
    ) -> Sequence[DatabaseRow]:
        """Read rows that others may have inserted since the first read of a host's transaction on MariaDB.

        A locking read would see them, but one that finds nothing locks the gap where the row would be, and so blocks
        every insert there. So it is used only if rows are missing, and if a partnership that is locked here has
        changed since that first read: only then can another request have done what this one is about.
        """
        found = self.execute(statement, values)
        if len(found) == wanted or not (self._reads_old_state and self._has_locked_rows and self._loaded):
            return found
        at_first_read = self.execute(self._sql.partnerships, {"of_partnerships": list(self._loaded)})
        if {tuple(row) for row in at_first_read} == {tuple(row) for row, _ in self._loaded.values()}:
            return found
        return self._read_latest(statement, values)

    def packs(self, *, lock: bool = False) -> tuple[PackInForce, ...]:
        """Return the packs under which sweeps have run, in the order of their numbers."""
        if lock:
            self._lock_database()
            self._lock_name("pack")
        return tuple(map(rows.pack, self._read_latest(self._sql.packs, {})))

    def partnerships(self, partnership_ids: Sequence[UUID]) -> dict[UUID, Partnership]:
        """Return the partnerships that exist among these, without a lock."""
        found = self.execute(self._sql.partnerships, {"of_partnerships": list(partnership_ids)})
        return {row.id: rows.partnership(row) for row in found}

    def snapshots(
        self, partnership_ids: Sequence[UUID], *, lock: bool = False, skip_locked: bool = False
    ) -> dict[UUID, Snapshot]:
        """Return everything on each of these partnerships, in four statements, however many they are."""
        self._before_lock(lock=lock)
        if len(partnership_ids) == 1 and not skip_locked:
            return self._snapshot(partnership_ids[0], lock=lock)
        sql = self._sql
        locked = sql.partnerships_skip_locked if skip_locked else sql.partnerships_locked
        statement = locked if lock else sql.partnerships
        found = self.execute(statement, {"of_partnerships": list(partnership_ids)}) if partnership_ids else ()
        made = {snapshot.partnership.id: snapshot for snapshot in self._snapshots_of(found)}
        self._loaded |= {row.id: (row, made[row.id].obligations) for row in found}
        return made

    def _snapshot(self, partnership_id: UUID, *, lock: bool) -> dict[UUID, Snapshot]:
        """Return everything on one partnership, by simpler statements: each transition reads it."""
        sql = self._sql
        row = self._one(sql.partnership_locked if lock else sql.partnership, of_partnership=partnership_id)
        if row is None:
            return {}
        snapshot = rows.snapshot(
            row,
            self._mapped(rows.entry, self._latest(sql.files), {"file_ids": [row.partner_id, row.id]}),
            self._read_latest(sql.moves, {"of_partnership": partnership_id}),
            self._mapped(rows.obligation, self._latest(sql.obligations), {"of_partnership": partnership_id}),
        )
        self._loaded[partnership_id] = (row, snapshot.obligations)
        return {partnership_id: snapshot}

    def _snapshots_of(self, found: Sequence[DatabaseRow]) -> list[Snapshot]:
        """Read what belongs to many partnerships, in three statements; so many rows would only flush the row cache."""
        if not found:
            return []
        sql, ids = self._sql, [row.id for row in found]
        files = dict.fromkeys([*ids, *(row.partner_id for row in found)])
        return list(
            rows.snapshots(
                found,
                map(rows.entry, self._read_latest(sql.files, {"file_ids": list(files)})),
                self._read_latest(sql.moves_of_many, {"of_partnerships": ids}),
                self._read_latest(sql.obligations_of_many, {"of_partnerships": ids}),
            )
        )

    def obligations(self, partnership_ids: Sequence[UUID]) -> dict[UUID, tuple[Obligation, ...]]:
        """Return the obligations of many partnerships, in one statement."""
        if not partnership_ids:
            return {}
        owed: dict[UUID, list[Obligation]] = {}
        for row in self._read_latest(self._sql.obligations_of_many, {"of_partnerships": list(partnership_ids)}):
            owed.setdefault(row.partnership_id, []).append(rows.obligation(row[1:]))
        return {each: rows.by_code(found) for each, found in owed.items()}

    def history(self, partnership_id: UUID) -> Iterator[Transition]:
        """Yield every transition, oldest first, page by page."""
        values = {"of_partnership": partnership_id, "after": 0}
        found = read_pages(partial(self._read_latest, self._sql.history), {"after": "version"}, values)
        return map(rows.transition, found)

    def partnerships_of(
        self, partner_ids: Sequence[UUID], *, lock: bool = False
    ) -> dict[UUID, tuple[Partnership, ...]]:
        """Return the partnerships of those partners that exist, in two statements."""
        sql = self._sql
        self._before_lock(lock=lock)
        statement = sql.partners_locked if lock else sql.partners
        found = self.execute(statement, {"of_partners": list(partner_ids)}) if partner_ids else ()
        partnerships: dict[UUID, list[Partnership]] = {each: [] for each in sorted(row.id for row in found)}
        for row in self._read_latest(sql.partnerships_of_many, {"of_partners": list(partnerships)}) if found else ():
            partnerships[row.partner_id].append(rows.partnership(row))
        return {each: tuple(theirs) for each, theirs in partnerships.items()}

    def partners_known_as(self, ids: Collection[tuple[str, str]], *, lock: bool = False) -> dict[tuple[str, str], UUID]:
        """Return the partners with these outside ids; without *lock*, the unique key lets one of two writers pass."""
        for system, value in sorted(ids) if lock else ():
            self._lock_name("id", system, value)
        found = self.execute(self._sql.known_as_any(ids), {}) if ids else ()
        return {(row.system, row.value): row.partner_id for row in found}

    def files(self, file_ids: Sequence[UUID]) -> dict[UUID, tuple[Entry, ...]]:
        """Return each of these files, in one statement."""
        for each in sorted(file_ids):
            self._lock_name("file", str(each))
        entries: dict[UUID | None, list[Entry]] = {each: [] for each in file_ids}
        of_these = {"file_ids": list(file_ids)}
        for entry in self._mapped(rows.entry, self._latest(self._sql.files), of_these) if file_ids else ():
            entries[entry.file_id].append(entry)
        return {each: tuple(entries[each]) for each in file_ids}

    def neighbours(
        self, places: frozenset[tuple[str, str]], *, apart_from: UUID, states: Sequence[str]
    ) -> tuple[Neighbour, ...]:
        """Return the services of others that share a place."""
        if not places:
            return ()
        near = self.execute(self._sql.neighbours(places, states), {"apart_from": apart_from})
        files: dict[UUID | None, list[Entry]] = {row.id: [] for row in near}
        for entry in self._mapped(rows.entry, self._sql.files, {"file_ids": list(files)}) if files else ():
            files[entry.file_id].append(entry)
        return tuple(
            Neighbour(str(row.id), row.name, service) for row in near for service in services_at(places, files[row.id])
        )

    # --- writing ----------------------------------------------------------------------------------------------------

    def write(self, *changes: ChangeSet) -> None:
        """Write all of it, one statement for each kind of row.

        In a host's transaction it is written in a savepoint, so that a host that catches an error and goes on has
        nothing of it, and can still commit the rest.
        """
        if not self._in_hosts:
            self._write(changes)
            return
        self._lock_database()  # on SQLite, a savepoint outside a transaction would be a transaction itself
        host = self._executor.connection() if isinstance(self._executor, Session) else self._executor
        refuse_autocommit(host)
        with TranslatingErrors(in_hosts=True), host.begin_nested():
            self._write(changes)

    def _write(self, changes: Sequence[ChangeSet]) -> None:
        t = self._sql.tables
        self._write_partners(dict(_given(changes, "partner")))
        self._write_partnerships(changes)
        self._add(t.transition, [rows.transition_values(each) for each in _given(changes, "transition")])
        self._add(t.entry, [rows.entry_values(each) for each in _all(changes, "entries")])
        self._write_obligations(_all(changes, "judgements"))
        self._write_search_entries(_all(changes, "search_entries"))
        self._add(t.outbox, [rows.event_values(each) for each in _all(changes, "events")])
        self._write_erasures(_given(changes, "erasure"))
        self._add(t.attempt, [rows.attempt_values(each) for each in _given(changes, "attempt")])
        self._add(t.pack, [rows.pack_values(each) for each in _given(changes, "pack")])
        self._add(t.receipt, [rows.idempotency_values(each) for each in _given(changes, "idempotency")])

    def _add(self, table: Any, values: Sequence[rows.Values]) -> None:
        if not values:
            return
        for each in values:
            self._sql.check_lengths(table, each)
        self._change(self._sql.insert_into(table), [{"tenant": self._tenant, **each} for each in values])

    def _each(self, statement: Executable, values: Sequence[rows.Values]) -> int:
        """Change some of the tenant's rows, once per parameter set; return the number of rows affected."""
        if not values:
            return 0
        return self._change(statement, [{"of_tenant": self._tenant, **each} for each in values])

    def _write_partners(self, partners: Mapping[UUID, Partner]) -> None:
        if not partners:
            return
        t, sql = self._sql.tables, self._sql
        known = {row.id for row in self.execute(sql.partners, {"of_partners": list(partners)})}
        values = {each: {"name": partner.name[:512], "kind": partner.kind} for each, partner in partners.items()}
        self._add(t.partner, [{"id": each, **found} for each, found in values.items() if each not in known])
        for each in known:
            self._sql.check_lengths(t.partner, values[each])
        renamed = [
            {"of_partner": each, "new_name": values[each]["name"], "new_kind": values[each]["kind"]} for each in known
        ]
        self._each(sql.update_partner, renamed)
        with_ids = known.union(each for each, partner in partners.items() if partner.ids)
        self._each(sql.delete_outside_ids, [{"of_partner": each} for each in with_ids])
        ids = [
            {"system": system, "value": value, "partner_id": each}
            for each, partner in partners.items()
            for system, value in sorted(partner.ids.items())
        ]
        self._add(t.outside_id, ids)

    def _write_partnerships(self, changes: Sequence[ChangeSet]) -> None:
        """Write the partnerships that are new or have moved, and the pack by which others were evaluated."""
        new: list[rows.Values] = []
        moved: list[rows.Values] = []
        digests = {each.partnership_id: each.digest for each in _all(changes, "judgements")}
        counts = {each.partnership_id: each.sequence for each in _all(changes, "events")}
        filed = any(change.entries for change in changes)
        for partnership, transition in ((change.partnership, change.transition) for change in changes):
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
        noted: list[rows.Values] = []
        for partnership_id in dict.fromkeys([*counts, *digests]):
            row = self._loaded[partnership_id][0]
            events, digest = counts.get(partnership_id, row.events), digests.get(partnership_id, row.judged_by)
            # after filing even if nothing differs: a host that read before must learn that it is outdated
            if filed or (events, digest) != (row.events, row.judged_by):
                noted.append({"of_partnership": partnership_id, "new_events": events, "new_judged_by": digest})
        self._add(self._sql.tables.partnership, new)
        if self._each(self._sql.update_partnership, moved) != len(moved):
            self._refuse_late(moved)
        self._each(self._sql.update_judged, noted)

    def _refuse_late(self, moved: Sequence[rows.Values]) -> None:
        """Raise Conflict for a partnership that has moved since it was read."""
        for each in moved:
            row = self._one(self._sql.partnership, of_partnership=each["of_partnership"])
            if row is None or row.link != each["new_link"]:
                raise Conflict(each["of_partnership"], each["old_version"], row.version if row else 0)

    def _write_obligations(self, judgements: Iterable[Judgement]) -> None:
        """Write only the differences to what was loaded."""
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
                    changed.append({"of_partnership": partnership_id, "old_code": owed.code, **_new_values(owed)})
            gone += [{"of_partnership": partnership_id, "old_code": code} for code in before]
        self._add(self._sql.tables.obligation, new)
        self._each(self._sql.update_obligation, changed)
        self._each(self._sql.delete_obligation, gone)

    def _write_search_entries(self, entries: Sequence[SearchEntry]) -> None:
        if not entries:
            return
        t, of_these = self._sql.tables, [{"of_partnership": each.partnership_id} for each in entries]
        self._each(self._sql.delete_sites, of_these)
        self._each(self._sql.delete_places, of_these)
        places = ((each.partnership_id, site, area) for each in entries for site, area in sorted(each.places))
        sites = ((each.partnership_id, site) for each in entries for site in sorted(each.sites))
        self._add(t.site, [{"partnership_id": whose, "site": site} for whose, site in sites])
        self._add(t.place, [{"partnership_id": whose, "site": site, "area": area} for whose, site, area in places])
        self._write_words(entries)

    def _write_words(self, entries: Sequence[SearchEntry]) -> None:
        """Write only the differences: there may be hundreds of words, and most stay."""
        ids = [each.partnership_id for each in entries]
        before = set(map(tuple, self._read_latest(self._sql.words_of_many, {"of_partnerships": ids})))
        after = {(each.partnership_id, field, word) for each in entries for field, word in each.words}
        gone = [{"of_partnership": w, "old_field": field, "old_word": word} for w, field, word in before - after]
        self._each(self._sql.delete_word, gone)
        new = sorted(after - before)
        self._add(self._sql.tables.word, [{"partnership_id": w, "field": f, "word": word} for w, f, word in new])

    def _write_erasures(self, erasures: Sequence[Erasure]) -> None:
        """Blank texts; their hashes are in the columns beside them, and the row cache forgets what it read of them."""
        if erasures:
            self.after_commit(self._execution.forget)  # not before: until then, others read the texts
        sql = self._sql
        entries = [
            {"of_file": entry.file_id, "of_seq": entry.seq, "new_redacted": entry.redacted}
            for erasure in erasures
            for entry in erasure.entries
        ]
        transitions = [
            {
                "of_partnership": erasure.partnership_id,
                "of_version": transition.version,
                "new_reason_redacted": transition.reason_redacted,
                "new_decision_redacted": transition.decision_redacted,
            }
            for erasure in erasures
            for transition in erasure.transitions
        ]
        self._each(sql.blank_entry, entries)
        self._each(sql.blank_transition, transitions)
        gone = [(erasure.partnership_id, attempt.id) for erasure in erasures for attempt in erasure.attempts]
        self._each(sql.delete_attempt, [{"of_partnership": one, "of_attempt": attempt} for one, attempt in gone])


def _given(changes: Sequence[ChangeSet], name: str) -> list[Any]:
    return [value for change in changes if (value := getattr(change, name)) is not None]


def _all(changes: Sequence[ChangeSet], name: str) -> list[Any]:
    return [value for change in changes for value in getattr(change, name)]


def _new_values(obligation: Obligation) -> rows.Values:
    return {f"new_{name}": getattr(obligation, field) for name, field in rows.OBLIGATION if name != "code"}
