"""The store: transactions of ours, or a part in the host's; and looking over everything, page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from threading import RLock
from typing import Any
from uuid import UUID

import attrs
from sqlalchemy import Connection, CursorResult, Engine, Executable, select
from sqlalchemy import Row as SQLRow
from sqlalchemy.exc import (
    DatabaseError,
    IntegrityError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
)
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from partnerflow.dossier import Neighbour, services_at
from partnerflow.errors import Conflict, InvalidRequest, StoreBusy, StoreError
from partnerflow.events import Event
from partnerflow.history import Attempt, Transition
from partnerflow.obligations import Judgement, Obligation
from partnerflow.partnership import Partnership
from partnerflow.ports import Changes, Holding, PartnerFile, Placement, Receipt, Transaction
from partnerflow.records import EVERYWHERE, Entry, Partner

from . import rows, waiting
from .statements import Statements, mine
from .tables import Tables

PAGE = 500
"""How many rows are read at a time where everything is looked over."""


class SQLAlchemyStore:
    """A store of one tenant in a relational database; many tenants may share its tables.

    It takes the host's engine as it is, and makes no tables: `create_tables` does.
    """

    def __init__(self, engine: Engine, *, tenant: str = "default", tables: Tables | None = None) -> None:
        if not tenant or len(tenant) > 64:
            raise InvalidRequest("tenant", tenant, "must be 1 to 64 characters")
        self.tenant = tenant
        self.engine = engine
        self.tables = tables or Tables()
        self._say = Statements(self.tables)
        self._checked = [False]
        self._host: Session | Connection | None = None
        # one connection for all threads, as a database in memory has it, must be taken in turns
        self._turn = RLock() if isinstance(engine.pool, StaticPool) else None

    def __repr__(self) -> str:
        return f"<SQLAlchemyStore of {self.tenant} on {self.engine.url.render_as_string(hide_password=True)}>"

    # --- transactions -----------------------------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Open a transaction of ours, or take part in the host's.

        Raises StoreBusy where another writer holds the database for longer than its time-out.
        """
        if self._host is not None:
            yield self._within(self._host)
            return
        calls: list[Callable[[], None]] = []
        with self._connected("IMMEDIATE") as connection:
            yield self._within(connection, calls)
            connection.commit()
        for call in calls:
            call()

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Read one state of the database, and hold nobody up."""
        if self._host is not None:
            yield self._within(self._host)
            return
        with self._connected("DEFERRED") as connection:
            yield self._within(connection)

    @contextmanager
    def _connected(self, begin: str) -> Iterator[Connection]:
        if self._turn is not None:
            self._turn.acquire()
        try:
            with self.engine.connect() as connection:
                if self.engine.dialect.name == "sqlite":
                    _begin(connection, begin)
                elif begin == "DEFERRED":
                    connection = connection.execution_options(isolation_level="REPEATABLE READ")  # noqa: PLW2901
                yield connection
        finally:
            if self._turn is not None:
                self._turn.release()

    def _within(self, executor: Session | Connection, calls: list[Callable[[], None]] | None = None) -> _Transaction:
        if not self._checked[0]:
            from .schema import check_version

            check_version(executor.connection() if isinstance(executor, Session) else executor, self.tables)
            self._checked[0] = True
        return _Transaction(self._say, self.tenant, executor, calls)

    def within(self, session: object) -> SQLAlchemyStore:
        """Give this store inside a host's Session or Connection. Raises InvalidRequest for anything else."""
        if not isinstance(session, (Session, Connection)):
            raise InvalidRequest(
                "session", type(session).__name__,
                "must be a SQLAlchemy Session or Connection; of an AsyncSession, use the one that run_sync gives",
            )  # fmt: skip
        waiting.listen(session)
        joined = object.__new__(SQLAlchemyStore)
        joined.__dict__ |= self.__dict__
        joined._host = session
        return joined

    def committed(self) -> None:
        """Learn that the host's bare Connection has been committed."""
        if self._host is not None:
            waiting.committed(self._host)

    # --- looking over everything ------------------------------------------------------------------------------------

    def _read(self, statement: Executable, **values: object) -> Sequence[SQLRow[Any]]:
        with self.reading() as tx:
            assert isinstance(tx, _Transaction)  # noqa: S101  ours
            return tx.execute(statement, values)

    def find(
        self, *, states: Sequence[str] | None = None, site: str | None = None, kind: str | None = None,
        partner_id: UUID | None = None, name: str | None = None, ids: Mapping[str, str] | None = None,
    ) -> Iterator[tuple[Partnership, str]]:  # fmt: skip
        """Give the partnerships that fit, with their partners' names, in the order of their ids, page by page."""
        t = self.tables
        of_partner = (t.partner.c.tenant == t.partnership.c.tenant) & (t.partner.c.id == t.partnership.c.partner_id)
        wanted = select(t.partnership, t.partner.c.name).join(t.partner, of_partner).where(mine(t.partnership))
        if states is not None:
            wanted = wanted.where(t.partnership.c.state.in_([str(state) for state in states]))
        if site is not None:
            here = [mine(t.site)] if site == EVERYWHERE else [mine(t.site), t.site.c.site.in_((site, EVERYWHERE))]
            wanted = wanted.where(t.partnership.c.id.in_(select(t.site.c.partnership_id).where(*here)))
        if kind is not None:
            wanted = wanted.where(t.partner.c.kind == kind)
        if partner_id is not None:
            wanted = wanted.where(t.partnership.c.partner_id == partner_id)
        if name is not None:
            wanted = wanted.where(t.partner.c.name.icontains(name, autoescape=True))
        for system, value in (ids or {}).items():
            known = select(t.outside_id.c.partner_id).where(
                mine(t.outside_id), t.outside_id.c.system == system, t.outside_id.c.value == value
            )
            wanted = wanted.where(t.partnership.c.partner_id.in_(known))
        wanted = wanted.order_by(t.partnership.c.id).limit(PAGE)
        page = self._read(wanted)
        while page:
            for row in page:
                yield rows.partnership(row), row.name
            page = self._read(wanted.where(t.partnership.c.id > page[-1].id)) if len(page) == PAGE else ()

    def due(self, on: date, digest: str, live: Sequence[str]) -> Iterator[UUID]:
        """Give the partnerships that a sweep has something to do for."""
        looked_for = {row.partnership_id for row in self._read(self._say.looked_for, on=on)}
        otherwise = {
            row.id for row in self._read(self._say.judged_otherwise, digest=digest, states=list(map(str, live)))
        }
        return iter(sorted(looked_for | otherwise))

    def history(self, partnership_id: UUID) -> Iterator[Transition]:
        """Give every transition, oldest first, page by page."""
        pages = self._pages(self._say.history, "version", of_partnership=partnership_id)
        return (rows.transition(row) for row in pages)

    def attempts(self, partnership_id: UUID) -> Iterator[Attempt]:
        """Give every refused attempt, oldest first."""
        return map(rows.attempt, self._read(self._say.attempts, of_partnership=partnership_id))

    def partnership_ids(self) -> Iterator[UUID]:
        """Give the id of every partnership."""
        return (row.id for row in self._read(self._say.partnership_ids))

    def files(self) -> Iterator[tuple[UUID, Iterator[Entry]]]:
        """Give every file with its entries, oldest first, page by page."""
        for row in self._read(self._say.file_ids):
            yield row.file_id, map(rows.entry, self._pages(self._say.file, "seq", file_id=row.file_id))

    def outgoing(self) -> Iterator[Event]:
        """Give every event of the outbox, in order within each partnership."""
        for partnership_id in self.partnership_ids():
            for row in self._pages(self._say.outbox, "sequence", of_partnership=partnership_id):
                yield rows.event(row, self.tenant)

    def _pages(self, statement: Executable, place: str, **values: object) -> Iterator[SQLRow[Any]]:
        """Read page by page, each where the last one ended, so that no transaction stays open meanwhile."""
        after, page = 0, self._read(statement, after=0, page=PAGE, **values)
        while page:
            yield from page
            after = getattr(page[-1], place)
            page = self._read(statement, after=after, page=PAGE, **values) if len(page) == PAGE else ()


class _Transaction:
    """What one request reads and writes."""

    def __init__(
        self, say: Statements, tenant: str, executor: Session | Connection, calls: list[Callable[[], None]] | None
    ) -> None:
        self._say, self._tenant, self._executor, self._calls = say, tenant, executor, calls
        self._dialect = (executor.get_bind() if isinstance(executor, Session) else executor).dialect.name
        self._has_turn = False
        self._loaded: dict[UUID, tuple[SQLRow[Any], tuple[Obligation, ...]]] = {}

    @property
    def session(self) -> object | None:
        return None if self._calls is not None else self._executor

    def after_commit(self, call: Callable[[], None]) -> None:
        if self._calls is not None:
            self._calls.append(call)
        else:
            waiting.wait(self._executor, call)

    def _take_turn(self) -> None:
        """See to it that nobody else writes from here on, where locking a row would not: in a host's SQLite."""
        if self._calls is None and not self._has_turn and self._dialect == "sqlite":
            self._run(self._say.take_turn, {})
            self._has_turn = True

    def execute(self, statement: Executable, values: Mapping[str, object]) -> Sequence[SQLRow[Any]]:
        return self._run(statement, {"of_tenant": self._tenant, **values}).all()

    def _run(self, statement: Executable, values: Any) -> CursorResult[Any]:
        """Say one thing to the database, through the Session where there is one, so that it flushes first."""
        with _translated(in_hosts=self._calls is None):
            result = self._executor.execute(statement, values)
        assert isinstance(result, CursorResult)  # noqa: S101  nothing here goes through the ORM
        return result

    def _one(self, statement: Executable, **values: object) -> SQLRow[Any] | None:
        found = self.execute(statement, values)
        return found[0] if found else None

    # --- reading ----------------------------------------------------------------------------------------------------

    def receipt(self, key: str) -> Receipt | None:
        row = self._one(self._say.receipt, key=key)
        return None if row is None else rows.receipt(row)

    def holding(self, partnership_id: UUID, *, lock: bool = False) -> Holding | None:
        say = self._say
        if lock:
            self._take_turn()
        row = self._one(say.partnership_locked if lock else say.partnership, of_partnership=partnership_id)
        if row is None:
            return None
        holding = rows.holding(
            row,
            map(rows.entry, self.execute(say.files, {"file_ids": [row.partner_id, row.id]})),
            self.execute(say.moves, {"of_partnership": partnership_id}),
            self.execute(say.obligations, {"of_partnership": partnership_id}),
        )
        self._loaded[partnership_id] = (row, holding.obligations)
        return holding

    def partner_file(self, partner_id: UUID, *, lock: bool = False) -> PartnerFile | None:
        say = self._say
        if lock:
            self._take_turn()
        if self._one(say.partner_locked if lock else say.partner, of_partner=partner_id) is None:
            return None
        theirs = self.execute(say.partnerships_of, {"of_partner": partner_id})
        return PartnerFile(
            partner_id=partner_id, entries=self.file(partner_id), partnerships=tuple(map(rows.partnership, theirs))
        )

    def partner_known_as(self, system: str, value: str) -> UUID | None:
        row = self._one(self._say.known_as, system=system, value=value)
        return None if row is None else row.partner_id

    def file(self, file_id: UUID) -> tuple[Entry, ...]:
        return tuple(map(rows.entry, self.execute(self._say.files, {"file_ids": [file_id]})))

    def entries(self, ids: Sequence[UUID]) -> tuple[Entry, ...]:
        found = {row.id: rows.entry(row) for row in self.execute(self._say.entries, {"ids": list(ids)})}
        return tuple(found[entry_id] for entry_id in ids)

    def transition(self, transition_id: UUID) -> Transition | None:
        row = self._one(self._say.transition, id=transition_id)
        return None if row is None else rows.transition(row)

    def neighbours(
        self, places: frozenset[tuple[str, str]], *, apart_from: UUID, states: Sequence[str]
    ) -> tuple[Neighbour, ...]:
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
            if (events, digest) != (row.events, row.judged_by):
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


def _begin(connection: Connection, how: str) -> None:
    """Begin on SQLite as is meant: a writer takes its turn at once, and a reader sees one state.

    Left to itself, pysqlite begins a transaction only before the first write, when it may be too late to get the lock.
    """
    connection.begin()
    raw: Any = connection.connection.dbapi_connection
    if not raw.in_transaction:
        with _translated(in_hosts=False):
            connection.exec_driver_sql(f"BEGIN {how}")


@contextmanager
def _translated(*, in_hosts: bool) -> Iterator[None]:
    """Turn what a database says when it cannot do its work into errors that say what to do."""
    try:
        yield
    except IntegrityError as error:
        raise StoreBusy(f"another writer was quicker ({error.orig}): roll back and try again") from error
    except OperationalError as error:
        text = str(error.orig).lower()
        if "locked" not in text and "busy" not in text:
            raise StoreError(f"the database cannot do this: {error.orig}") from error
        remedy = (
            "have your engine begin with BEGIN IMMEDIATE (see the how-to on embedding), roll back and try again"
            if in_hosts
            else "try again"
        )
        raise StoreBusy(f"another writer holds the database: {remedy}") from error
    except (ProgrammingError, NotSupportedError):
        raise  # our own mistake, not the database's trouble
    except DatabaseError as error:
        raise StoreError(f"the database cannot do this: {error.orig}") from error
