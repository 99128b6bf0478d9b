"""Batches and sweeps in several processes on one database: killed in the middle, sent again, and racing each other."""

from __future__ import annotations

import random
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID

import pytest

from partnerflow import Actor, Adoption, Filing, Money, Partner, Partnerflow, load_pack
from partnerflow.adapters.sqlalchemy import SQLAlchemyStore
from partnerflow.records import Insurance

Start: TypeAlias = Callable[..., Any]
OFFICE = Actor("a.anderson", side="district", roles={"partnership_office"})
SOME = 40
"""How many items each batch has."""
MANY = 500
"""How many partnerships a sweep has work on, more than it does in one transaction."""
WORKER = """
from datetime import datetime
from uuid import UUID
from partnerflow import Actor, Adoption, Filing, Partner, Partnerflow, Step, load_pack
from partnerflow.records import Insurance, Need

office = Actor("a.anderson", side="district", roles={"partnership_office"})
flow = Partnerflow.open(url, pack=load_pack(pack), clock=lambda: datetime.fromisoformat(at))
there.send("ready")
there.recv()


def adoptions():
    for number in range(len(ids)):  # some of them are known elsewhere
        partner = Partner(name=f"New {number}", ids={"edfi": f"{number}"} if number % 2 else {})
        yield Adoption(partner, state="active", reason="in place")


def batches():
    said = {"by": office, "key": "nightly", "at_once": 7}
    yield flow.adopt_many(adoptions(), **said)
    yield flow.file_many((Filing(each, [Insurance(line="x"), Need(need="x")]) for each in ids), **said)
    yield flow.fire_many((Step(each, "amend", reason="more") for each in ids), **said)


if ids:
    for number, batch in enumerate(batches()):
        for place, done in enumerate(batch):
            there.send(" ".join([f"{number}/{place}", done.outcome, *map(str, done.work)]))
else:
    flow.after.connect(lambda sender, event: there.send(f"told {event.partnership_id} {sender}"))
    flow.sweep()
"""


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A pack of one rule, of which something comes due."""
    path = tmp_path / "one.toml"
    path.write_text('[pack]\nname = "one"\nversion = "1"\npolicies = ["SAFE-002"]\nleads = [30, 0]\n', encoding="utf-8")
    return path


@pytest.fixture
def flow(url: str, pack: Path) -> Iterator[Partnerflow]:
    flow = Partnerflow.open(url, pack=load_pack(str(pack)), clock=lambda: datetime(2026, 8, 1, 15, tzinfo=UTC))
    yield flow
    assert isinstance(flow.store, SQLAlchemyStore)
    flow.store.engine.dispose()


def some(flow: Partnerflow, number: int) -> list[UUID]:
    adoptions = [Adoption(Partner(name=f"Partner {n}"), state="active", reason="in place") for n in range(number)]
    return [begun for done in flow.adopt_many(adoptions, by=OFFICE, key="there") for begun in done.work]


@pytest.fixture
def working(url: str, pack: Path, process: Any) -> Start:
    """Start a process that sends the batches over *ids*, or sweeps where there are none, once it is told to go."""
    return lambda ids=(): process(WORKER, url=url, pack=str(pack), at="2026-09-15T15:00:00+00:00", ids=list(ids))


def killed(child: Any, lines: int) -> list[str]:
    """Have it go, kill it once it has said so many lines, and give all that it said."""
    child.go()
    said = [child.said.recv() for _ in range(lines)]
    child.kill()
    code, rest = child.ended()
    assert code == -signal.SIGKILL
    return said + rest


def together(children: Sequence[Any]) -> list[list[str]]:
    """Have all go at once, and give what each said to its end."""
    for child in children:
        child.go()
    ended = [child.ended() for child in children]
    assert [code for code, _ in ended] == [0] * len(children)
    return [said for _, said in ended]


def assert_done_once(flow: Partnerflow, ids: Sequence[UUID], said: Sequence[str]) -> None:
    """Hold what is stored against what was said: each item done, once, by whoever and whenever it was."""
    assert len(set(said)) == 3 * len(ids)
    assert Counter(line.split()[1] for line in set(said)) == {"done": 3 * len(ids)}
    flow.verify()
    new = [each for each in flow.find() if each.id not in ids]
    assert sorted(flow.partner(each.partner_id).name for each in new) == sorted(f"New {n}" for n in range(len(ids)))
    outgoing = list(flow.store.outgoing())
    for each in ids:
        assert [made.trigger for made in flow.history(each)] == ["adopt", "amend"]
        assert sorted(entry.kind for entry in flow.dossier(each).entries) == ["insurance", "need"]
        mine = [event for event in outgoing if event.partnership_id == each]
        assert [event.sequence for event in mine] == [1, 2, 3, 4]
    assert len(outgoing) == 4 * len(ids) + len(new)
    assert not any(flow.attempts(each) for each in ids)
    work = {line.split()[0]: line.split()[2:] for line in said}
    assert [work[f"2/{place}"] for place in range(len(ids))] == [[str(flow.history(each)[-1].id)] for each in ids]


# --- batches -------------------------------------------------------------------------------------------------------


def test_a_batch_killed_at_any_moment_and_sent_again_is_done_once(url: str, working: Start, flow: Partnerflow) -> None:
    ids, said = some(flow, SOME), list[str]()
    chosen = random.Random(url.partition(":")[0])
    for _ in range(4):
        said += killed(working(ids), chosen.randrange(1, 3 * SOME - 1))
    (rest,) = together([working(ids)])
    assert set(said) <= set(rest)  # what was acknowledged is there, under the same ids
    assert_done_once(flow, ids, rest)


def test_the_same_batch_from_several_processes_at_once_is_done_once(working: Start, flow: Partnerflow) -> None:
    ids = some(flow, SOME)
    said = together([working(ids) for _ in range(3)])
    assert all(sorted(lines) == sorted(said[0]) for lines in said)
    assert_done_once(flow, ids, said[0])


# --- sweeps --------------------------------------------------------------------------------------------------------


@pytest.fixture
def due(flow: Partnerflow) -> list[UUID]:
    """Partnerships whose insurance ends soon, by the time of the worker's clock."""
    ids = some(flow, MANY)
    cover = Insurance(
        line="general_liability", per_occurrence=Money.of(1_000_000, "USD"),
        starts_on=date(2026, 1, 1), ends_on=date(2026, 10, 1),
    )  # fmt: skip
    filed = list(flow.file_many((Filing(each, [cover]) for each in ids), by=OFFICE, key="covers"))
    assert {done.outcome for done in filed} == {"done"}
    assert flow.sweep().notices == ()
    return ids


def assert_told_once(flow: Partnerflow, due: Sequence[UUID]) -> None:
    told = [event for event in flow.store.outgoing() if event.type == "org.partnerflow.obligation.approaching.v1"]
    assert Counter(event.partnership_id for event in told) == dict.fromkeys(due, 1)
    assert {event.sequence for event in told} == {3}
    assert flow.sweep(at=datetime(2026, 9, 15, 16, tzinfo=UTC)).notices == ()


def test_several_sweepers_tell_everything_once_and_leave_nothing(
    working: Start, flow: Partnerflow, due: list[UUID]
) -> None:
    said = together([working() for _ in range(3)])
    assert Counter(line.split()[1] for lines in said for line in lines) == dict.fromkeys(map(str, due), 1)
    flow = later(flow)
    assert_told_once(flow, due)


def test_a_sweep_that_was_killed_is_gone_on_with(working: Start, flow: Partnerflow, due: list[UUID]) -> None:
    said = [line for lines in (1, 150) for line in killed(working(), lines)]
    (rest,) = together([working()])
    assert len(rest) < MANY  # what was done before is not done again
    assert max(Counter([*said, *rest]).values()) == 1
    assert_told_once(later(flow), due)


def later(flow: Partnerflow) -> Partnerflow:
    """Return the flow on the day of the worker's clock."""
    return Partnerflow(store=flow.store, pack=flow.pack, clock=lambda: datetime(2026, 9, 15, 17, tzinfo=UTC))
