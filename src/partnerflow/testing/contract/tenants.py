"""Two tenants over the same data."""
# ruff: noqa: S101  these are tests

from __future__ import annotations

from datetime import date

import pytest

from partnerflow.errors import NotFound, Refused
from partnerflow.flow import Partnerflow
from partnerflow.partnership import DISTRICT
from partnerflow.ports import Store
from partnerflow.records import (
    Partner,
    Scope,
    Site,
)
from partnerflow.testing.clock import TickingClock

from .fixtures import LIVE, OVER, WHO, Fixtures, all_of, flow_over, near_by, serve


class TenantTests(Fixtures):
    """Two tenants over the same data."""

    def test_tenants_never_meet(self, flow: Partnerflow, other_tenant: Store | None, clock: TickingClock) -> None:
        """Neither sees, finds, counts or blocks what is the other's."""
        if other_tenant is None:
            pytest.skip("this store serves one tenant")
        mine, theirs = flow.store, other_tenant
        assert mine.tenant != theirs.tenant
        partner = Partner(name="Both know it", kind="civic", ids={"edfi": "1"})
        begun = flow.propose(partner, by=WHO, idempotency_key="k")
        flow.file(DISTRICT, Site(site="s1", name="S"), by=WHO)
        serve(flow, begun, "tutoring", {"s1"}, {"reading"})
        flow.file(begun.id, Scope(sites=frozenset({"s1"})), by=WHO)
        with pytest.raises(Refused):
            flow.fire(begun.id, "renew", by=WHO)
        before = all_of(mine)
        assert all_of(theirs) == ([], [], [], [], [])
        their_flow = flow_over(theirs, clock)
        their_flow.verify()
        with pytest.raises(NotFound):
            their_flow.fire(begun.id, "begin_vetting", by=WHO)
        again = their_flow.propose(partner, by=WHO, idempotency_key="k")
        assert again.id != begun.id
        assert [each.id for each in their_flow.find(ids={"edfi": "1"}, kind="civic")] == [again.id]
        assert list(their_flow.find(site="s1")) == []
        assert near_by(theirs, {("s1", "reading")}, again) == []
        with theirs.reading() as tx:
            assert tx.files([DISTRICT]) == {DISTRICT: ()}
            assert list(tx.history(begun.id)) == []
        assert set(theirs.due(date.max, "another", LIVE, OVER)) == {again.id}
        their_flow.fire(again.id, "withdraw", by=WHO, reason="no")
        assert all_of(mine) == before
        assert {event.tenant for event in theirs.outgoing()} == {theirs.tenant}
        flow.verify()
