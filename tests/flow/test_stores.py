"""The stores that come with us keep the contract that any store must keep."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from partnerflow.adapters.memory import MemoryStore
from partnerflow.adapters.sqlalchemy import SQLAlchemyStore, open_store
from partnerflow.testing import StoreContract


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
