"""One pack at a time: two packs that sweep one tenant do not undo in turn what the other has told."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier
from typing import Any

import attrs
import pytest
from sqlalchemy.orm import Session

from partnerflow import Actor, Money, PackReplaced, Partnerflow, Partnership, StoreBusy
from partnerflow.policies import Pack
from partnerflow.policies.pack import ENGINE
from partnerflow.policies.rule import Override
from partnerflow.ports import ChangeSet, Store
from partnerflow.records import Amendment, Insurance
from partnerflow.testing.clock import TickingClock
from partnerflow.testing.contract.packs import a_pack

everywhere = pytest.mark.parametrize("store", ["memory", "sqlite", "postgresql", "mariadb"], indirect=True)
databases = pytest.mark.parametrize("store", ["sqlite", "postgresql", "mariadb"], indirect=True)
SWEEPERS = 4
Walk = Callable[..., Partnership]


def asking(pack: Pack, minimum: int, version: str) -> Pack:
    """Return the pack with another minimum of insurance."""
    setting = Override(values={"minimum": Money.of(minimum, "USD")})
    rules = tuple(attrs.evolve(rule, overrides=(setting,)) if rule.policy.code == "SAFE-002" else rule for rule in pack)
    return attrs.evolve(pack, version=version, rules=rules)


def under(flow: Partnerflow, pack: Pack) -> Partnerflow:
    return Partnerflow(store=flow.store, pack=pack, clock=flow.clock)


@pytest.fixture
def stricter(flow: Partnerflow, pack: Pack) -> Partnerflow:
    return under(flow, asking(pack, 9_000_000, "2"))


def told(flow: Partnerflow) -> list[str]:
    """Return what the outbox says of the insurance."""
    return [
        event.type.removeprefix("org.partnerflow.").removesuffix(".v1")
        for event in flow.store.outgoing()
        if event.data.get("policy") == "SAFE-002"
    ]


def packs(store: Store) -> list[tuple[int, str, str]]:
    with store.reading() as tx:
        return [(each.number, each.version, each.digest) for each in tx.packs()]


# --- one after the other -------------------------------------------------------------------------------------------


@everywhere
def test_the_first_pack_is_recorded_and_replaces_none(flow: Partnerflow, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "partnerflow"):
        assert [flow.sweep().replaced for _ in range(2)] == [None, None]
    assert packs(flow.store) == [(1, "1", flow.pack.digest)]
    assert not caplog.records


@everywhere
def test_another_pack_replaces_it_and_says_so_once(
    flow: Partnerflow, stricter: Partnerflow, walked_to: Walk, caplog: pytest.LogCaptureFixture
) -> None:
    walked_to(flow, "active")
    flow.sweep()
    before = flow.clock()
    with caplog.at_level(logging.INFO, "partnerflow"):
        first, second = stricter.sweep(), stricter.sweep()
    assert first.replaced is not None
    assert (first.replaced.number, first.replaced.digest) == (1, flow.pack.digest)
    assert first.replaced.since < before
    assert second.replaced is None
    said = f"sweeps run under {stricter.pack.ref} from now on, and no longer under {flow.pack.ref}"
    assert [record.getMessage() for record in caplog.records if record.name == "partnerflow"] == [said]
    assert told(flow) == ["policy.broken"]


@everywhere
def test_a_pack_that_was_replaced_sweeps_nothing_and_names_both(
    flow: Partnerflow, stricter: Partnerflow, walked_to: Walk, everything: Callable[..., Any]
) -> None:
    """Two processes would otherwise report the same as broken, mended, broken, for ever."""
    walked_to(flow, "active")
    flow.sweep()
    stricter.sweep()
    seen, known = everything(flow), packs(flow.store)
    for whole in (False, True):
        with pytest.raises(PackReplaced) as caught:
            flow.sweep(everything=whole)
    error = caught.value
    assert (error.pack, str(error.in_force)) == (flow.pack.ref, str(stricter.pack.ref))
    assert f"since {error.since:%Y-%m-%d %H:%M} UTC" in str(error)
    assert "back_to_earlier_rules=True" in str(error)
    assert (everything(flow), packs(flow.store)) == (seen, known)
    assert stricter.sweep().notices == ()
    assert told(flow) == ["policy.broken"]


@everywhere
def test_earlier_rules_are_in_force_again_where_somebody_says_so(
    flow: Partnerflow, stricter: Partnerflow, walked_to: Walk
) -> None:
    walked_to(flow, "active")
    for each in (flow, stricter):
        each.sweep()
    back = flow.sweep(back_to_earlier_rules=True)
    assert back.replaced is not None
    assert back.replaced.digest == stricter.pack.digest
    assert [number for number, _, _ in packs(flow.store)] == [1, 2, 3]
    assert told(flow) == ["policy.broken", "policy.mended"]
    assert flow.sweep().notices == ()
    with pytest.raises(PackReplaced):
        stricter.sweep()
    assert flow.sweep(back_to_earlier_rules=True).replaced is None  # it is in force: there is nothing to go back to


def test_another_release_is_another_pack_and_the_old_one_does_not_come_back(
    flow: Partnerflow, pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a rolling deployment, old and new processes have the same file, and would sweep in turn."""
    flow.sweep()
    with monkeypatch.context() as newer:
        newer.setattr("partnerflow.policies.pack.ENGINE", ENGINE + 1)
        upgraded = under(flow, attrs.evolve(pack))
        assert upgraded.sweep().replaced is not None
    with pytest.raises(PackReplaced, match="the pack and the release that are in force"):
        flow.sweep()


def test_each_tenant_has_its_own_pack_in_force(servers: Any, clock: TickingClock, pack: Pack) -> None:
    from partnerflow.adapters.sqlalchemy import open_store

    url = servers.emptied("postgresql").render_as_string(hide_password=False)
    stores = [open_store(url, tenant=tenant) for tenant in ("north", "south")]
    north, south = (
        Partnerflow(store=store, pack=each, clock=clock)
        for store, each in zip(stores, (pack, asking(pack, 9_000_000, "2")), strict=True)
    )
    for _ in range(2):
        assert [flow.sweep().replaced for flow in (north, south)] == [None, None]
    for store in stores:
        store.close()


# --- what goes on beside a sweep -----------------------------------------------------------------------------------


@everywhere
def test_who_files_and_moves_under_another_pack_sends_no_notice_and_makes_none_come_again(
    flow: Partnerflow, stricter: Partnerflow, walked_to: Walk, office: Actor
) -> None:
    """Only sweeps take turns: what a host's other processes do is judged anew under the pack in force."""
    p = walked_to(flow, "active")
    flow.sweep()
    stricter.sweep()
    for number in range(3):
        flow.file(p.id, Amendment(what=f"{number} hours more", requested_by="school"), by=office)
        flow.fire(p.id, "amend", by=office, reason="another hour")
        assert stricter.sweep().notices == ()
    assert told(flow) == ["policy.broken"]
    cover = flow.dossier(p.id).latest(Insurance, line="general_liability")
    flow.file(p.id, attrs.evolve(cover, per_occurrence=Money.of(9_000_000, "USD")), by=office)
    assert [notice.telling for notice in stricter.sweep().notices if notice.code == "SAFE-002"] == ["mended"]


@everywhere
def test_a_sweep_ends_where_its_pack_is_replaced_meanwhile(
    flow: Partnerflow, stricter: Partnerflow, walked_to: Walk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What another pack has judged since, this sweep does not judge again."""
    p, other = walked_to(flow, "active"), walked_to(flow, "active", site="255901044")
    monkeypatch.setattr("partnerflow.flow.sweep.BATCH", 1)
    sweeps = [stricter.sweep]

    def after_each(sender: object, event: Any) -> None:
        while sweeps and event.type.startswith("org.partnerflow.policy"):
            sweeps.pop()()

    laxer = under(flow, asking(flow.pack, 8_000_000, "1.5"))
    laxer.after.connect(after_each)
    with pytest.raises(PackReplaced):
        laxer.sweep()
    with flow.store.reading() as tx:
        assert {each.pack_digest for each in tx.snapshots([p.id, other.id]).values()} == {stricter.pack.digest}
    assert told(flow) == ["policy.broken"] * 2
    assert stricter.sweep().notices == ()


# --- at once -------------------------------------------------------------------------------------------------------


@everywhere
def test_several_first_sweeps_under_one_pack_record_it_once(flow: Partnerflow, stricter: Partnerflow) -> None:
    for number, sweeping in enumerate((flow, stricter), 1):
        ready = Barrier(SWEEPERS)

        def one(_: int, sweeping: Partnerflow = sweeping, ready: Barrier = ready) -> Any:
            ready.wait()
            return sweeping.sweep().replaced

        with ThreadPoolExecutor(SWEEPERS) as pool:
            replaced = [each for each in pool.map(one, range(SWEEPERS)) if each is not None]
        assert len(replaced) == number - 1
        assert len(packs(flow.store)) == number


@everywhere
def test_of_several_packs_at_once_the_last_is_in_force_and_the_others_stop(flow: Partnerflow, walked_to: Walk) -> None:
    """Whatever their order: in the end everything is judged by the one in force, and no pack is there twice."""
    p = walked_to(flow, "active")
    flow.sweep()
    ready = Barrier(SWEEPERS)
    rivals = [under(flow, asking(flow.pack, 9_000_000 + number, f"2.{number}")) for number in range(SWEEPERS)]

    def one(rival: Partnerflow) -> str:
        ready.wait()
        try:
            rival.sweep()
        except PackReplaced:
            return "replaced"
        return "swept"

    with ThreadPoolExecutor(SWEEPERS) as pool:
        outcomes = list(pool.map(one, rivals))
    assert "swept" in outcomes
    known = packs(flow.store)
    assert [number for number, _, _ in known] == list(range(1, SWEEPERS + 2))
    assert {digest for _, _, digest in known[1:]} == {rival.pack.digest for rival in rivals}
    (last,) = (rival for rival in rivals if rival.pack.digest == known[-1][2])
    last.sweep()
    with flow.store.reading() as tx:
        assert tx.snapshots([p.id])[p.id].pack_digest == last.pack.digest
    assert last.sweep().notices == ()


# --- when it fails, and in a host's transaction --------------------------------------------------------------------


@everywhere
def test_a_pack_that_could_not_be_recorded_is_not_in_force(
    flow: Partnerflow, stricter: Partnerflow, walked_to: Walk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that is killed while it writes leaves nothing, and the sweep can be started again."""
    walked_to(flow, "active")
    flow.sweep()
    whole = flow.store.transaction

    @contextmanager
    def killed() -> Any:
        with whole() as tx:
            yield tx
            raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(flow.store, "transaction", killed)
        with pytest.raises(KeyboardInterrupt):
            stricter.sweep()
    assert [version for _, version, _ in packs(flow.store)] == ["1"]
    assert flow.sweep().replaced is None
    assert stricter.sweep().replaced is not None
    assert told(flow) == ["policy.broken"]


@databases
def test_in_a_hosts_transaction_it_is_in_force_with_the_commit(
    flow: Partnerflow, stricter: Partnerflow, walked_to: Walk, caplog: pytest.LogCaptureFixture
) -> None:
    walked_to(flow, "active")
    flow.sweep()
    caplog.set_level(logging.INFO, "partnerflow")
    with Session(flow.store.engine) as session:  # type: ignore[attr-defined]
        assert stricter.within(session).sweep().replaced is not None
        assert stricter.within(session).sweep().replaced is None
        session.rollback()
    assert flow.sweep().notices == ()
    assert not caplog.records
    with Session(flow.store.engine) as session:  # type: ignore[attr-defined]
        stricter.within(session).sweep()
        session.commit()
    assert [record.name for record in caplog.records] == ["partnerflow"]
    with Session(flow.store.engine) as session, pytest.raises(PackReplaced):  # type: ignore[attr-defined]
        flow.within(session).sweep()
    assert told(flow) == ["policy.broken"]


@pytest.mark.parametrize("store", ["postgresql", "mariadb"], indirect=True)
def test_two_hosts_that_record_a_pack_at_once_lose_nothing(flow: Partnerflow, stricter: Partnerflow) -> None:
    """The unique key decides, as for all that two hosts' transactions add at once: one may have to do it again."""
    flow.sweep()
    ready = Barrier(2)

    def one(_: int) -> bool:
        with Session(flow.store.engine) as session:  # type: ignore[attr-defined]
            list(flow.within(session).find())  # its first read is before the other's commit
            ready.wait()
            try:
                stricter.within(session).sweep()
            except StoreBusy:
                session.rollback()
                stricter.within(session).sweep()
            session.commit()
        return True

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(one, range(2))) == [True, True]
    assert [version for _, version, _ in packs(flow.store)] == ["1", "2"]


@databases
def test_a_number_is_taken_once(store: Store) -> None:
    """So that of two writers that did not wait for each other, one is refused."""
    with store.transaction() as tx:
        tx.write(ChangeSet(pack=a_pack(1)))
    with pytest.raises(StoreBusy, match="another writer was faster"), store.transaction() as tx:
        tx.write(ChangeSet(pack=a_pack(1, "e" * 64)))
