"""A flow is safe to share between threads: of a race somebody wins, and everybody is judged on what the winner left."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import attrs
import pytest

from partnerflow import Actor, Conflict, IllegalTrigger, Partner, Partnerflow, PartnerflowError
from partnerflow.policies import Pack
from partnerflow.records import BackgroundCheck, Insurance, Need
from partnerflow.testing.clock import TickingClock
from partnerflow.testing.contract.fixtures import files_of

THREADS = 8
pytestmark = pytest.mark.parametrize("store", ["memory", "sqlite", "postgresql", "mariadb"], indirect=True)


@pytest.fixture
def free(flow: Partnerflow, clock: TickingClock) -> Partnerflow:
    """A flow in which every step of the table may be taken."""
    return Partnerflow(store=flow.store, pack=Pack(name="free", version="1", rules=()), clock=clock)


def _at_once(call: Callable[[int], object]) -> list[object]:
    """Call from many threads together; give what each got, or the error that it raised."""
    ready = Barrier(THREADS)

    def one(number: int) -> object:
        ready.wait()
        try:
            return call(number)
        except PartnerflowError as error:
            return error

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(one, range(THREADS)))


def test_steps_of_one_partnership_follow_each_other_without_gaps(free: Partnerflow, office: Actor) -> None:
    p = free.adopt(Partner(name="A"), state="active", by=office, reason="in place")
    for round_ in range(4):
        _at_once(lambda number: free.fire(p.id, "amend", by=office, reason=f"{number}"))
        assert len(free.history(p.id)) == 1 + THREADS * (round_ + 1)
    versions = [step.version for step in free.history(p.id)]
    assert versions == list(range(1, len(versions) + 1))
    assert [event.sequence for event in free.store.outgoing()] == versions
    moments = [step.recorded_at for step in free.history(p.id)]
    assert moments == sorted(moments)
    free.verify()


def test_of_those_who_expect_a_version_one_wins(free: Partnerflow, office: Actor) -> None:
    p = free.adopt(Partner(name="A"), state="active", by=office, reason="in place")
    got = _at_once(lambda number: free.fire(p.id, "amend", by=office, reason=f"{number}", expected_version=1))
    assert sorted(type(each).__name__ for each in got) == ["Conflict"] * (THREADS - 1) + ["Transition"]
    assert {each.actual for each in got if isinstance(each, Conflict)} == {2}
    assert len(free.history(p.id)) == 2


def test_of_those_who_end_it_one_does(free: Partnerflow, office: Actor) -> None:
    p = free.adopt(Partner(name="A"), state="active", by=office, reason="in place")
    got = _at_once(lambda number: free.fire(p.id, "end", by=office, reason=f"{number}"))
    assert sum(isinstance(each, IllegalTrigger) for each in got) == THREADS - 1
    assert [step.trigger for step in free.history(p.id)] == ["adopt", "end"]
    assert len(free.attempts(p.id)) == THREADS - 1


def test_one_key_does_one_work(free: Partnerflow, office: Actor) -> None:
    p = free.adopt(Partner(name="A"), state="active", by=office, reason="in place")
    got = _at_once(lambda _: free.fire(p.id, "amend", by=office, reason="x", idempotency_key="k"))
    assert len(set(map(str, got))) == 1
    assert len(free.history(p.id)) == 2
    begun = _at_once(lambda _: free.propose(Partner(name="B"), by=office, idempotency_key="b"))
    assert len({each.id for each in begun}) == 1  # type: ignore[attr-defined]


def test_files_stay_whole(free: Partnerflow, office: Actor) -> None:
    p = free.adopt(Partner(name="A"), state="active", by=office, reason="in place")
    q = free.propose(p.partner_id, by=office)
    _at_once(
        lambda number: free.file((p, q)[number % 2].id, Need(need=f"{number}"), Insurance(line=f"{number}"), by=office)
    )
    for file_id, entries in files_of(free.store).items():
        assert [entry.seq for entry in entries] == list(range(1, {p.partner_id: 9}.get(file_id, 4) + 1))
    free.verify()


def test_what_is_taken_in_twice_at_once_is_taken_in_once(free: Partnerflow, office: Actor) -> None:
    got = _at_once(lambda _: free.register(Partner(name="A", ids={"edfi": "1"}), by=office))
    assert len({str(each) for each in got}) == 1
    assert len(files_of(free.store)) == 1


def test_a_step_is_judged_on_what_was_filed_before_it(flow: Partnerflow, office: Actor, walked_to: Callable) -> None:
    """Whichever comes first: a certificate that is gone holds the step up, or the step was taken while it stood."""
    p = walked_to(flow, "onboarding")
    check = flow.dossier(p.id).latest(BackgroundCheck)
    ready = Barrier(2)

    def file() -> None:
        ready.wait()
        flow.file(p.id, attrs.evolve(check, result="not_clear"), by=office)

    def fire() -> object:
        ready.wait()
        try:
            return flow.fire(p.id, "activate", by=office)
        except PartnerflowError as error:
            return error

    with ThreadPoolExecutor(2) as pool:
        filing, firing = pool.submit(file), pool.submit(fire)
        filing.result()
        got = firing.result()
    lying = [entry for entry in flow.dossier(p.id).entries if isinstance(entry.record, BackgroundCheck)]
    if isinstance(got, PartnerflowError):
        assert flow.attempts(p.id)[0].codes == ("SAFE-001",)
    else:
        assert flow.history(p.id)[-1].partner_seq < lying[-1].seq
    flow.verify()
