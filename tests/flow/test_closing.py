"""`Partnerflow.close` closes what `open` opened, and nothing that a host brought."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from partnerflow import NotFound, Partner, Partnerflow, StoreError
from partnerflow.adapters.memory import MemoryStore
from partnerflow.adapters.sqlalchemy import SQLAlchemyStore, create_tables
from partnerflow.testing import OFFICE


@pytest.fixture(params=["memory", "file"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return "sqlite://" if request.param == "memory" else f"sqlite:///{tmp_path / 'p.db'}"


def test_a_with_statement_closes_what_open_opened(url: str) -> None:
    with Partnerflow.open(url) as flow:
        made = flow.propose(Partner(name="Riverbend"), by=OFFICE)
        assert [each.id for each in flow.find()] == [made.id]
    for call in (flow.counts, lambda: flow.propose(Partner(name="B"), by=OFFICE), lambda: flow.dossier(made.id)):
        with pytest.raises(StoreError, match="is closed: open it again"):
            call()


def test_what_was_begun_before_goes_no_further(url: str) -> None:
    flow = Partnerflow.open(url)
    flow.propose(Partner(name="Riverbend"), by=OFFICE)
    found = flow.find()
    flow.close()
    with pytest.raises(StoreError, match="is closed"):
        next(found)


def test_closing_again_does_nothing(url: str) -> None:
    flow = Partnerflow.open(url)
    flow.close()
    flow.close()


def test_an_error_in_the_block_goes_up_and_the_database_is_closed_all_the_same(url: str) -> None:
    with pytest.raises(ZeroDivisionError), Partnerflow.open(url) as flow:
        1 / 0  # noqa: B018
    with pytest.raises(StoreError):
        flow.counts()


def test_no_connection_stays_open(tmp_path: Path) -> None:
    with Partnerflow.open(f"sqlite:///{tmp_path / 'p.db'}") as flow:
        store: Any = flow.store
        pool = store.engine.pool
        flow.counts()
        assert pool.checkedin() == 1
    assert store.engine.pool is not pool
    assert store.engine.pool.checkedin() == 0


def test_what_a_host_brought_stays_open() -> None:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    create_tables(engine)
    for store in (SQLAlchemyStore(engine), MemoryStore()):
        with Partnerflow(store=store) as flow:
            flow.propose(Partner(name="Riverbend"), by=OFFICE)
        assert len(list(flow.find())) == 1
    with engine.connect() as connection:
        assert connection.scalar(text("select count(*) from pf_partnership")) == 1
    engine.dispose()


def test_in_a_hosts_transaction_there_is_nothing_to_close(tmp_path: Path) -> None:
    with Partnerflow.open(f"sqlite:///{tmp_path / 'p.db'}") as flow:
        store: Any = flow.store
        with Session(store.engine) as session, session.begin():
            joined = flow.within(session)
            joined.close()
            joined.propose(Partner(name="Riverbend"), by=OFFICE)
        assert len(list(flow.find())) == 1


def test_a_pack_that_cannot_be_loaded_leaves_no_database_open(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        Partnerflow.open(f"sqlite:///{tmp_path / 'p.db'}", pack="nobodys")
