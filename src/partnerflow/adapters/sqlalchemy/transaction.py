"""One transaction: what a request reads, and all that it writes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import attrs
from sqlalchemy import Connection, CursorResult, Executable
from sqlalchemy import Row as SQLRow
from sqlalchemy.orm import Session

from partnerflow.dossier import Neighbour, services_at
from partnerflow.errors import Conflict
from partnerflow.history import Transition
from partnerflow.obligations import Judgement, Obligation
from partnerflow.partnership import Partnership
from partnerflow.ports import Changes, Holding, PartnerFile, Placement, Receipt
from partnerflow.records import Entry, Partner

from . import rows, waiting
from .statements import Statements
from .trouble import translated


class SQLAlchemyTransaction:
    """What one request reads and writes."""

    def __init__(
        self,
        say: Statements,
        tenant: str,
        executor: Session | Connection,
        calls: list[Callable[[], None]] | None,
        *,
        writing: bool,
    ) -> None:
        self._writing = writing
        self._say, self._tenant, self._executor, self._calls = say, tenant, executor, calls
        self._dialect = (executor.get_bind() if isinstance(executor, Session) else executor).dialect.name
        self._has_turn = False
        self._has_locked = False
        self._reads_past = calls is None and self._dialect in ("mysql", "mariadb")
        self._loaded: dict[UUID, tuple[SQLRow[Any], tuple[Obligation, ...]]] = {}

    @property
    def session(self) -> object | None:
        """Give the host's session or connection, or None in a transaction of ours."""
        return None if self._calls is not None else self._executor

    def after_commit(self, call: Callable[[], None]) -> None:
        """Have *call* wait for the commit."""
        if self._calls is not None:
            self._calls.append(call)
        else:
            waiting.wait(self._executor, call)

    def _take_turn(self) -> None:
        """See to it that nobody else writes from here on, where locking a row would not: in a host's SQLite."""
        if self._calls is None and not self._has_turn and self._dialect == "sqlite":
            self._run(self._say.take_turn, {})
            self._has_turn = True

    def _take_turn_for(self, *what: str) -> None:
        """In a transaction of ours, have whoever comes for the same name wait until we are done, and see what we did.

        Without it they would learn of us from a unique key, when it is too late to give them our work. What is locked
        already keeps them out; and a host may go on for long, so there the key decides.
        """
        if not self._writing or self._calls is None or self._has_locked:
            return
        if self._dialect == "postgresql":
            name = "\0".join([self._say.tables.schema.fullname, self._tenant, *what])
            number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
            self._run(self._say.one_at_a_time_by_number, {"number": number})
        elif self._dialect in ("mysql", "mariadb"):
            self._run(self._say.one_at_a_time, {})

    def _locked(self, *, lock: bool) -> None:
        if lock:
            self._take_turn()
            self._has_locked = True

    def _newest(self, statement: Executable, values: Mapping[str, object]) -> Sequence[SQLRow[Any]]:
        """Read what belongs to a row that may be locked: as it is now, not as a host's transaction first saw it."""
        if self._reads_past and self._has_locked:
            statement = self._say.newest[statement]
        return self.execute(statement, values)

    def execute(self, statement: Executable, values: Mapping[str, object]) -> Sequence[SQLRow[Any]]:
        """Say one thing of the tenant's and give the rows."""
        with translated(in_hosts=self._calls is None):  # what was stored may prove unreadable only when it is fetched
            return self._run(statement, {"of_tenant": self._tenant, **values}).all()

    def _run(self, statement: Executable, values: Any) -> CursorResult[Any]:
        """Say one thing to the database, through the Session where there is one, so that it flushes first."""
        with translated(in_hosts=self._calls is None):
            result = self._executor.execute(statement, values)
        assert isinstance(result, CursorResult)  # noqa: S101  nothing here goes through the ORM
        return result

    def _one(self, statement: Executable, **values: object) -> SQLRow[Any] | None:
        found = self.execute(statement, values)
        return found[0] if found else None

    # --- reading ----------------------------------------------------------------------------------------------------

    def receipt(self, key: str) -> Receipt | None:
        """Give what the key has done."""
        self._take_turn_for("key", key)
        row = self._one(self._say.receipt, key=key)
        return None if row is None else rows.receipt(row)

    def holding(self, partnership_id: UUID, *, lock: bool = False) -> Holding | None:
        """Give everything on a partnership, in four statements."""
        say = self._say
        self._locked(lock=lock)
        row = self._one(say.partnership_locked if lock else say.partnership, of_partnership=partnership_id)
        if row is None:
            return None
        holding = rows.holding(
            row,
            map(rows.entry, self._newest(say.files, {"file_ids": [row.partner_id, row.id]})),
            self._newest(say.moves, {"of_partnership": partnership_id}),
            self._newest(say.obligations, {"of_partnership": partnership_id}),
        )
        self._loaded[partnership_id] = (row, holding.obligations)
        return holding

    def holdings(self, *, apart_from: Sequence[str], after: UUID, through: UUID, page: int) -> list[Holding]:
        """Give everything on the next *page* of partnerships, in four statements."""
        say = self._say
        within = {"apart_from": list(map(str, apart_from)), "after": after, "through": through, "page": page}
        found = self.execute(say.partnerships, within)
        if not found:
            return []
        ids = [row.id for row in found]
        files = dict.fromkeys([*ids, *(row.partner_id for row in found)])
        return list(
            rows.holdings(
                found,
                map(rows.entry, self.execute(say.files, {"file_ids": list(files)})),
                self.execute(say.moves_of_many, {"of_partnerships": ids}),
                self.execute(say.obligations_of_many, {"of_partnerships": ids}),
            )
        )

    def partner_file(self, partner_id: UUID, *, lock: bool = False) -> PartnerFile | None:
        """Give a partner's own file and its partnerships."""
        say = self._say
        self._locked(lock=lock)
        if self._one(say.partner_locked if lock else say.partner, of_partner=partner_id) is None:
            return None
        theirs = self._newest(say.partnerships_of, {"of_partner": partner_id})
        entries = self._newest(say.files, {"file_ids": [partner_id]})
        return PartnerFile(
            partner_id=partner_id,
            entries=tuple(map(rows.entry, entries)),
            partnerships=tuple(map(rows.partnership, theirs)),
        )

    def partner_known_as(self, system: str, value: str) -> UUID | None:
        """Find a partner by its id elsewhere."""
        self._take_turn_for("id", system, value)
        row = self._one(self._say.known_as, system=system, value=value)
        return None if row is None else row.partner_id

    def file(self, file_id: UUID) -> tuple[Entry, ...]:
        """Give a file by its id."""
        self._take_turn_for("file", str(file_id))
        return tuple(map(rows.entry, self.execute(self._say.files, {"file_ids": [file_id]})))

    def entries(self, ids: Sequence[UUID]) -> tuple[Entry, ...]:
        """Give entries by id, in that order."""
        found = {row.id: rows.entry(row) for row in self.execute(self._say.entries, {"ids": list(ids)})}
        return tuple(found[entry_id] for entry_id in ids)

    def transition(self, transition_id: UUID) -> Transition | None:
        """Give one transition by id."""
        row = self._one(self._say.transition, id=transition_id)
        return None if row is None else rows.transition(row)

    def neighbours(
        self, places: frozenset[tuple[str, str]], *, apart_from: UUID, states: Sequence[str]
    ) -> tuple[Neighbour, ...]:
        """Give the services of others that share a place."""
        if not places:
            return ()
        near = self.execute(self._say.neighbours(places, states), {"apart_from": apart_from})
        files: dict[UUID, list[Entry]] = {row.id: [] for row in near}
        for row in self.execute(self._say.files, {"file_ids": list(files)}) if files else ():
            files[row.file_id].append(rows.entry(row))
        return tuple(
            Neighbour(str(row.id), row.name, service) for row in near for service in services_at(places, files[row.id])
        )

    # --- writing ----------------------------------------------------------------------------------------------------

    def write(self, changes: Changes) -> None:
        """Write all of it; nothing here decides anything.

        In a host's transaction it is written in a savepoint: a host that catches what goes wrong, and goes on, has
        none of it, and a transaction that is still alive.
        """
        if self._calls is not None:
            self._write(changes)
            return
        self._take_turn()  # on SQLite a savepoint outside a transaction would be one of its own
        host = self._executor.connection() if isinstance(self._executor, Session) else self._executor
        with translated(in_hosts=True), host.begin_nested():
            self._write(changes)

    def _write(self, changes: Changes) -> None:
        t = self._say.tables
        if changes.partner is not None:
            self._write_partner(*changes.partner)
        self._write_partnerships(changes)
        if changes.transition is not None:
            self._add(t.transition, [rows.transition_values(changes.transition)])
        self._add(t.entry, list(map(rows.entry_values, changes.entries)))
        for judgement in changes.judgements:
            self._write_obligations(judgement)
        for placement in changes.placements:
            self._write_placement(placement)
        self._add(t.outbox, list(map(rows.event_values, changes.events)))
        if changes.attempt is not None:
            self._add(t.attempt, [rows.attempt_values(changes.attempt)])
        if changes.receipt is not None:
            self._add(t.receipt, [rows.receipt_values(changes.receipt)])

    def _add(self, table: Any, values: list[rows.Values]) -> None:
        for each in values:
            self._say.fits(table, each)
        if values:
            self._run(self._say.into(table), [{"tenant": self._tenant, **each} for each in values])

    def _do(self, statement: Executable, **values: object) -> int:
        return self._run(statement, {"of_tenant": self._tenant, **values}).rowcount

    def _write_partner(self, partner_id: UUID, partner: Partner) -> None:
        t = self._say.tables
        found = {"name": partner.name[:512], "kind": partner.kind}
        if self._one(self._say.partner, of_partner=partner_id) is None:
            self._add(t.partner, [{"id": partner_id, **found}])
        else:
            self._say.fits(t.partner, found)
            self._do(self._say.rename_partner, of_partner=partner_id, new_name=found["name"], new_kind=found["kind"])
            self._do(self._say.forget_ids, of_partner=partner_id)
        ids = [{"system": s, "value": value, "partner_id": partner_id} for s, value in sorted(partner.ids.items())]
        self._add(t.outside_id, ids)

    def _write_partnerships(self, changes: Changes) -> None:
        """Write where partnerships stand: the one that moved, and what each of the judged was judged by."""
        digests = {judgement.partnership_id: judgement.digest for judgement in changes.judgements}
        moved, transition = changes.partnership, changes.transition
        counts: dict[UUID, int] = {}
        for event in changes.events:
            counts[event.partnership_id] = event.sequence
        if moved is not None and transition is not None:
            values = {
                "state": str(moved.state),
                "since": moved.since,
                "version": moved.version,
                "recorded_at": transition.recorded_at,
                "link": transition.link,
                "made_under": transition.lifecycle,
                "events": counts.pop(moved.id, 0),
                "judged_by": digests.pop(moved.id, ""),
            }
            if transition.source is None:
                new = {"id": moved.id, "partner_id": moved.partner_id, "succeeds": moved.succeeds, **values}
                self._add(self._say.tables.partnership, [new])
            else:
                self._move(moved, values)
        for partnership_id in {*counts, *digests}:
            row = self._loaded[partnership_id][0]
            events, digest = counts.get(partnership_id, row.events), digests.get(partnership_id, row.judged_by)
            # what was filed on a partner bears on them all: whoever reads from before must learn that he is late
            if changes.entries or (events, digest) != (row.events, row.judged_by):
                self._do(
                    self._say.note_partnership,
                    of_partnership=partnership_id, new_events=events, new_judged_by=digest,
                )  # fmt: skip

    def _move(self, moved: Partnership, values: rows.Values) -> None:
        expected = moved.version - 1
        named = {f"new_{name}": value for name, value in values.items()}
        done = self._do(self._say.move_partnership, of_partnership=moved.id, old_version=expected, **named)
        if done != 1:
            row = self._one(self._say.partnership, of_partnership=moved.id)
            raise Conflict(moved.id, expected, row.version if row else 0)

    def _write_obligations(self, judgement: Judgement) -> None:
        """Write only what differs from what was loaded."""
        partnership_id = judgement.partnership_id
        loaded = self._loaded.get(partnership_id)
        before = {obligation.code: obligation for obligation in loaded[1]} if loaded else {}
        after = {obligation.code: obligation for obligation in judgement.obligations}
        self._add(
            self._say.tables.obligation,
            [rows.obligation_values(owed, partnership_id) for code, owed in after.items() if code not in before],
        )
        self._each(
            self._say.change_obligation,
            [
                {"of_partnership": partnership_id, "old_code": code, **_new(owed)}
                for code, owed in after.items()
                if code in before and owed != before[code]
            ],
        )
        gone = [{"of_partnership": partnership_id, "old_code": code} for code in before if code not in after]
        self._each(self._say.drop_obligation, gone)

    def _each(self, statement: Executable, values: list[rows.Values]) -> None:
        if values:
            self._run(statement, [{"of_tenant": self._tenant, **each} for each in values])

    def _write_placement(self, placement: Placement) -> None:
        t, partnership_id = self._say.tables, placement.partnership_id
        self._do(self._say.leave_sites, of_partnership=partnership_id)
        self._do(self._say.leave_places, of_partnership=partnership_id)
        self._add(t.site, [{"site": site, "partnership_id": partnership_id} for site in sorted(placement.sites)])
        places = [{"site": s, "area": area, "partnership_id": partnership_id} for s, area in sorted(placement.places)]
        self._add(t.place, places)


def _new(obligation: Obligation) -> rows.Values:
    return {f"new_{f.name}": getattr(obligation, f.name) for f in attrs.fields(Obligation) if f.name != "code"}
