"""A flow on each store that comes with us, on a day on which the example has everything that it needs."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import attrs
import pytest

from partnerflow import Actor, Partner, Partnerflow, Partnership, load_pack
from partnerflow.adapters.memory import MemoryStore
from partnerflow.adapters.sqlalchemy import open_store
from partnerflow.policies import Pack
from partnerflow.ports import Store
from partnerflow.records import Evaluation, Record, Scope, Service
from partnerflow.testing import BOARD, EXAMPLE_DAY, OFFICE, example_dossier, example_records
from partnerflow.testing.clock import TickingClock
from partnerflow.testing.contract.fixtures import files_of, history_of, ids_of

START = datetime(EXAMPLE_DAY.year, EXAMPLE_DAY.month, EXAMPLE_DAY.day, 15, tzinfo=UTC)
SITE = "255901001"
WAYS: Mapping[str, tuple[tuple[str, Actor], ...]] = {
    "intake": (),
    "vetting": (("begin_vetting", OFFICE),),
    "onboarding": (("begin_vetting", OFFICE), ("approve", BOARD)),
    "active": (("begin_vetting", OFFICE), ("approve", BOARD), ("activate", OFFICE)),
    "improvement_plan": (
        ("begin_vetting", OFFICE), ("approve", BOARD), ("activate", OFFICE), ("open_improvement_plan", OFFICE),
    ),
    "terminated": (("begin_vetting", OFFICE), ("approve", BOARD), ("activate", OFFICE), ("end", OFFICE)),
}  # fmt: skip
"""The steps to each state, and who takes them."""


@pytest.fixture
def clock() -> TickingClock:
    return TickingClock(START)


@pytest.fixture(scope="session")
def pack() -> Pack:
    return load_pack("default")


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryStore()
        return
    if request.param == "sqlite":
        url = f"sqlite:///{shutil.copy(request.getfixturevalue('tabled_file'), tmp_path / 'partners.db')}"
    else:  # a server, for those tests that ask for it
        url = request.getfixturevalue("servers").emptied(request.param).render_as_string(hide_password=False)
    store = open_store(url)
    yield store
    store.engine.dispose()


@pytest.fixture
def flow(store: Store, pack: Pack, clock: TickingClock) -> Partnerflow:
    return Partnerflow(store=store, pack=pack, clock=clock)


@pytest.fixture(scope="session")
def office() -> Actor:
    return OFFICE


@pytest.fixture(scope="session")
def board() -> Actor:
    """Somebody else: nobody approves what they proposed."""
    return BOARD


@pytest.fixture(scope="session")
def riverbend() -> Partner:
    """A partner that passes every policy."""
    return example_dossier().partner


@pytest.fixture(scope="session")
def paperwork() -> Callable[..., tuple[Record, ...]]:
    """Everything that a state promises and a trigger asks for, at a site."""

    def at_site(state: str = "active", *, trigger: str | None = None, site: str = SITE) -> tuple[Record, ...]:
        return tuple(_moved(record, site) for record in example_records(state, trigger=trigger))

    return at_site


@pytest.fixture(scope="session")
def walked_to(riverbend: Partner, paperwork: Callable[..., tuple[Record, ...]]) -> Callable[..., Partnership]:
    """Walk a new partnership to a state, by public calls alone."""

    def walk(flow: Partnerflow, state: str, *, partner: Partner | UUID = riverbend, site: str = SITE) -> Partnership:
        begun = flow.propose(partner, by=OFFICE)
        flow.file(begun.id, *paperwork(site=site), by=OFFICE)
        for trigger, by in WAYS[state]:
            if trigger in ("open_improvement_plan", "end"):
                flow.file(begun.id, *paperwork(trigger=trigger, site=site), by=OFFICE)
            flow.fire(begun.id, trigger, by=by, reason="as planned")
            if trigger == "activate":
                flow.file(begun.id, *paperwork(trigger="renew", site=site)[len(paperwork()) :], by=OFFICE)
        (stands,) = (each for each in flow.find(partner=begun.partner_id) if each.id == begun.id)
        return stands

    return walk


@pytest.fixture(scope="session")
def everything() -> Callable[..., dict[str, Any]]:
    """Return all that a store keeps, as far as anybody can see it, to tell whether something changed."""

    def look(flow: Partnerflow, *, attempts: bool = True) -> dict[str, Any]:
        store = flow.store
        ids = ids_of(store)
        with store.reading() as tx:
            holdings = [tx.snapshots([each]).get(each) for each in ids]
        return {
            "partnerships": list(store.find()),
            "holdings": holdings,
            "history": {each: history_of(store, each) for each in ids},
            "files": list(files_of(store).items()),
            "outgoing": list(store.outgoing()),
            "attempts": {each: list(store.attempts(each)) for each in ids} if attempts else None,
        }

    return look


def _moved(record: Record, site: str) -> Record:
    if isinstance(record, Evaluation):  # here, the present term begins on the day of the example
        return attrs.evolve(record, evaluated_on=EXAMPLE_DAY)
    if isinstance(record, (Scope, Service)):
        return attrs.evolve(record, sites={site})
    at_one: Any = record if getattr(record, "site", None) == SITE else None
    return record if at_one is None else attrs.evolve(at_one, site=site)
