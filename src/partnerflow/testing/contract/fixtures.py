"""What the tests of the contract share: fixtures, and reading a store as a whole."""
# ruff: noqa: S101  these are tests

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from partnerflow.actors import Actor
from partnerflow.flow import Partnerflow
from partnerflow.history import Transition
from partnerflow.lifecycle import DEFAULT
from partnerflow.obligations import Judgement, Obligation
from partnerflow.partnership import Partnership
from partnerflow.policies import Pack
from partnerflow.ports import ChangeSet, IdempotencyRecord, Snapshot, Store
from partnerflow.records import (
    Entry,
    Need,
    Partner,
    Service,
)
from partnerflow.testing.clock import TickingClock

START = datetime(2026, 9, 15, 15, 0, 0, 123456, tzinfo=UTC)
EVERYTHING_GOES = Pack(name="everything goes", version="1", rules=())
WHO = Actor("a.anderson", side="district", roles={"partnership_office"}, sites={"*"})
NOBODY = UUID(int=0xDEAD)
LIVE = DEFAULT.live
OVER = sorted(DEFAULT.final)
ODD = "Ünïcode “quotes” \\ ' \" % _ \n\t 子ども 🏫 \u2028"


def flow_over(store: Store, clock: TickingClock) -> Partnerflow:
    """Return a flow in which everybody may do everything."""
    return Partnerflow(store=store, pack=EVERYTHING_GOES, clock=clock)


def adopted(flow: Partnerflow, partner: Partner | None = None, since: date | None = None) -> Partnership:
    """Adopt a partnership as active."""
    return flow.adopt(partner or Partner(name="Riverbend"), state="active", since=since, by=WHO, reason="in place")


def serve(flow: Partnerflow, begun: Partnership, service: str, sites: set[str], areas: set[str]) -> Entry:
    """File a service."""
    record = Service(service=service, sites=frozenset(sites), content_areas=frozenset(areas))
    (entry,) = flow.file(begun.id, record, by=WHO)
    return entry


def id_of(entry: Entry) -> UUID:
    """Return the id of an entry that is on file."""
    assert entry.id is not None
    return entry.id


def owed(code: str, next_check_on: date | None = None) -> Obligation:
    """Make an obligation that holds."""
    return Obligation(code=code, title=f"what {code} asks", holds=True, due_on=None, next_check_on=next_check_on)


def judge(store: Store, begun: Partnership, digest: str, *owing: Obligation) -> None:
    """Write a judgement by hand."""
    with store.transaction() as tx:
        tx.snapshots([begun.id], lock=True)
        tx.write(ChangeSet(judgements=[Judgement(partnership_id=begun.id, digest=digest, obligations=owing)]))


def held_by(store: Store, partnership_id: UUID) -> Snapshot:
    """Read what a store holds of a partnership."""
    with store.reading() as tx:
        held = tx.snapshots([partnership_id]).get(partnership_id)
    assert held is not None
    return held


def receipt_of(reading: AbstractContextManager[Any], key: str) -> IdempotencyRecord | None:
    """Read what a key has done."""
    with reading as tx:
        found: IdempotencyRecord | None = tx.idempotency_records([key]).get(key)
    return found


def near_by(
    store: Store, places: set[tuple[str, str]], mine: Partnership, states: Sequence[str] = LIVE
) -> list[tuple[str, str, str]]:
    """Find the neighbours at *places*: whose they are, the partner's name, the service."""
    with store.reading() as tx:
        found = tx.neighbours(frozenset(places), apart_from=mine.id, states=states)
    return [(each.partnership_id, each.partner, each.service.service) for each in found]


def ids_of(store: Store) -> list[UUID]:
    """Return the id of every partnership, in order."""
    return [each.id for each, _ in store.find()]


def history_of(store: Store, partnership_id: UUID) -> list[Transition]:
    """Return every transition of a partnership, oldest first."""
    with store.reading() as tx:
        return list(tx.history(partnership_id))


def files_of(store: Store) -> dict[UUID, list[Entry]]:
    """Read every file, in the order of their ids, each as if it were asked for alone."""
    with store.audit() as audit:
        return {file_id: list(audit.entries(file_id)) for file_id in audit.ids("file")}


def all_of(store: Store) -> tuple[list[Any], list[Any], list[Any], list[Any], list[Any]]:
    """Return everything that a store lets anybody look over."""

    def of_each(look: Any) -> list[Any]:
        return [list(look(partnership_id)) for partnership_id in ids_of(store)]

    with store.audit() as audit:
        files = list(audit.entries())
    histories = [history_of(store, each) for each in ids_of(store)]
    return list(store.find()), files, histories, of_each(store.attempts), list(store.outgoing())


def write_much(flow: Partnerflow, begun: Sequence[UUID], entry: Entry) -> None:
    """Take steps, file, blank and begin."""
    for each in begun:
        flow.fire(each, "amend", by=WHO, reason="more")
        flow.file(each, Need(need="more"), by=WHO)
    flow.redact(begun[2], entries=[id_of(entry)], steps=[1], by=WHO, reason="names a student")
    adopted(flow)


class Fixtures:
    """The fixtures of every part of the contract."""

    @pytest.fixture
    def clock(self) -> TickingClock:
        """Return a clock whose moments have microseconds."""
        return TickingClock(START)

    @pytest.fixture
    def flow(self, store: Store, clock: TickingClock) -> Partnerflow:
        """Return a flow over the store in which every step of the table may be taken."""
        return flow_over(store, clock)
