"""What flow asks of a store, as tests that anyone can hold a store against.

    import pytest
    from partnerflow.adapters.memory import MemoryStore
    from partnerflow.testing import StoreContract

    class TestMyStore(StoreContract):
        @pytest.fixture
        def store(self):
            return MemoryStore()        # yours, fresh and empty

Where a store can serve two tenants side by side, `other_tenant` gives the second one over the same data.
"""

from __future__ import annotations

import pytest

from partnerflow.ports import Store

from .audit import AuditTests
from .batches import BatchTests
from .due import DueTests
from .erasure import ErasureTests
from .files import FileTests
from .idempotency import IdempotencyTests
from .lists import ListTests
from .outbox import OutboxTests
from .packs import PackTests
from .partnerships import PartnershipTests
from .search import SearchTests
from .tenants import TenantTests
from .transactions import TransactionTests


class StoreContract(
    PartnershipTests,
    FileTests,
    ErasureTests,
    AuditTests,
    SearchTests,
    ListTests,
    DueTests,
    OutboxTests,
    PackTests,
    IdempotencyTests,
    TransactionTests,
    BatchTests,
    TenantTests,
):
    """Every promise of `partnerflow.ports.Store`; subclass it with a `store` fixture."""

    @pytest.fixture
    def other_tenant(self) -> Store | None:
        """Return a store of another tenant over the same data, where there can be one."""
        return None
