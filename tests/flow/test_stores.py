"""The stores that come with us keep the contract that any store must keep."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from partnerflow import Partnerflow
from partnerflow.adapters.memory import MemoryStore
from partnerflow.adapters.sqlalchemy import SQLAlchemyStore, open_store
from partnerflow.ports import Store
from partnerflow.records import Need
from partnerflow.testing import StoreContract
from partnerflow.testing.contract.fixtures import WHO, adopted, all_of, id_of, write_much


class TestMemory(StoreContract):
    @pytest.fixture
    def store(self) -> MemoryStore:
        return MemoryStore()

    @pytest.fixture
    def other_tenant(self) -> MemoryStore:
        return MemoryStore(tenant="south")


class TestSQLiteInMemory(StoreContract):
    @pytest.fixture
    def store(self) -> SQLAlchemyStore:
        return open_store("sqlite:///:memory:", tenant="north")

    @pytest.fixture
    def other_tenant(self, store: SQLAlchemyStore) -> SQLAlchemyStore:
        return SQLAlchemyStore(store.engine, tenant="South")

    def test_an_audit_is_of_one_moment_and_nobody_who_writes_waits(self, flow: Partnerflow, store: Store) -> None:
        """There is one connection, so whoever writes does wait; what is seen is of one moment all the same."""
        begun = sorted(adopted(flow).id for _ in range(3))
        (entry,) = flow.file(begun[2], Need(need="a"), by=WHO)
        flow.retract(begun[2], id_of(entry), by=WHO, reason="wrong")
        before = all_of(store)
        with ThreadPoolExecutor(1) as pool, store.audit() as audit:
            writing = pool.submit(write_much, flow, begun, entry)
            assert [each.version for each, _ in audit.partnerships()] == [1, 1, 1]
            assert list(audit.transitions()) == [made for history in before[2] for made in history]
            assert list(audit.entries()) == before[1]
        writing.result()
        assert [each.version for each, _ in store.find()] == [2, 2, 2, 1]
        flow.verify()


class TestDatabases(StoreContract):
    """SQLite in a file, PostgreSQL and MariaDB."""

    @pytest.fixture
    def store(self, url: str) -> Iterator[SQLAlchemyStore]:
        store = open_store(url, tenant="north")
        yield store
        store.engine.dispose()

    @pytest.fixture(params=["North", "north ", "nörth"])
    def other_tenant(self, store: SQLAlchemyStore, request: pytest.FixtureRequest) -> SQLAlchemyStore:
        return SQLAlchemyStore(store.engine, tenant=request.param)
