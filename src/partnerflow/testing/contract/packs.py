"""The packs under which sweeps have run."""
# ruff: noqa: S101  these are tests

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from partnerflow.history import PackInForce
from partnerflow.ports import ChangeSet, Store

from .fixtures import ODD, Fixtures


def a_pack(number: int, digest: str = "d" * 64) -> PackInForce:
    """Make a pack in force, whose name and version no database may change."""
    since = datetime(2026, 9, 1, 5, 0, 0, number, tzinfo=UTC)
    return PackInForce(number=number, name=ODD, version=f"{ODD} {ODD}", digest=digest, since=since)


class PackTests(Fixtures):
    """The packs under which sweeps have run."""

    def test_packs_come_back_in_order_one_of_them_more_than_once(self, store: Store) -> None:
        """Every field; a pack may be in force again."""
        with store.reading() as tx:
            assert list(tx.packs()) == []
        written = [a_pack(1), a_pack(2, "e" * 64), a_pack(3)]
        for each in written:
            with store.transaction() as tx:
                assert list(tx.packs(lock=True)) == written[: each.number - 1]
                tx.write(ChangeSet(pack=each))
        with store.reading() as tx:
            assert list(tx.packs()) == written

    def test_another_tenant_has_packs_of_its_own(self, store: Store, other_tenant: Store | None) -> None:
        """Two districts in one database may sweep under two packs."""
        if other_tenant is None:
            pytest.skip("this store serves one tenant")
        for each in (store, other_tenant):
            with each.transaction() as tx:
                tx.write(ChangeSet(pack=a_pack(1, each.tenant)))
        for each in (store, other_tenant):
            with each.reading() as tx:
                assert list(tx.packs()) == [a_pack(1, each.tenant)]
