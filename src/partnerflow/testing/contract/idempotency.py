"""Idempotency keys."""
# ruff: noqa: S101  these are tests

from __future__ import annotations

from uuid import UUID

from partnerflow.ports import ChangeSet, IdempotencyRecord, Store

from .fixtures import ODD, Fixtures


class IdempotencyTests(Fixtures):
    """Idempotency keys."""

    def test_receipts_come_back(self, store: Store) -> None:
        """A key says which request it did and the ids of the work, in order."""
        work = (UUID(int=3), UUID(int=1), UUID(int=2))
        written = IdempotencyRecord(key=ODD, request="r" * 64, work=work)
        with store.transaction() as tx:
            tx.write(ChangeSet(idempotency=written))
        with store.reading() as tx:
            assert dict(tx.idempotency_records([ODD, ODD.upper()])) == {ODD: written}
