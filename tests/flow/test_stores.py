"""The stores that come with us keep the contract that any store must keep."""

from __future__ import annotations

from pathlib import Path

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


class TestSQLiteFile(StoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> SQLAlchemyStore:
        return open_store(f"sqlite:///{tmp_path / 'partners.db'}", tenant="north")

    @pytest.fixture
    def other_tenant(self, store: SQLAlchemyStore) -> SQLAlchemyStore:
        return SQLAlchemyStore(store.engine, tenant="North")
