"""Several processes on one database: killed in the middle, and racing each other."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from partnerflow import Actor, Conflict, Partner, Partnerflow, load_pack
from partnerflow.adapters.sqlalchemy import SQLAlchemyStore

OFFICE = Actor("a.anderson", side="district", roles={"partnership_office"})
WRITER = """
import sys
from uuid import UUID
from partnerflow import Actor, Partnerflow, load_pack
from partnerflow.records import Need

url, pack, partnership, count = sys.argv[1], sys.argv[2], UUID(sys.argv[3]), int(sys.argv[4])
office = Actor("a.anderson", side="district", roles={"partnership_office"})
flow = Partnerflow.open(url, pack=load_pack(pack))
print("ready", flush=True)
sys.stdin.readline()
for turn in range(count):
    made = flow.fire(partnership, "renew", by=office)
    print("renewed", made.version, flush=True)
    (entry,) = flow.file(partnership, Need(need=f"need {made.version}"), by=office)
    print("filed", entry.id, flush=True)
"""


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A pack that asks nothing, so that only the store is at work."""
    path = tmp_path / "nothing.toml"
    path.write_text('[pack]\nname = "nothing"\nversion = "1"\npolicies = []\n', encoding="utf-8")
    return path


@pytest.fixture
def flow(url: str, pack: Path) -> Iterator[Partnerflow]:
    flow = Partnerflow.open(url, pack=load_pack(str(pack)))
    yield flow
    assert isinstance(flow.store, SQLAlchemyStore)
    flow.store.engine.dispose()


@pytest.fixture
def partnership(flow: Partnerflow) -> UUID:
    return flow.adopt(Partner(name="Riverbend"), state="active", by=OFFICE, reason="in place").id


def writer(url: str, pack: Path, partnership: UUID, *, count: int) -> subprocess.Popen[str]:
    child = subprocess.Popen(
        [sys.executable, "-c", WRITER, url, str(pack), str(partnership), str(count)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    return child


def begin(child: subprocess.Popen[str]) -> None:
    assert child.stdin is not None
    child.stdin.write("go\n")
    child.stdin.flush()


def test_a_writer_killed_at_any_moment_loses_nothing_acknowledged_and_leaves_nothing_half_done(
    url: str, pack: Path, flow: Partnerflow, partnership: UUID
) -> None:
    acknowledged: list[str] = []
    for round_ in range(6 if url.startswith("sqlite") else 3):
        child = writer(url, pack, partnership, count=10_000)
        begin(child)
        assert child.stdout is not None
        acknowledged += [child.stdout.readline().strip() for _ in range(random.Random(round_).randrange(3, 40))]
        os.kill(child.pid, signal.SIGKILL)
        acknowledged += child.stdout.read().splitlines()
        child.stdout.close()
        assert child.stdin is not None
        child.stdin.close()
        assert child.wait() == -signal.SIGKILL

    flow.verify()
    history = flow.history(partnership)
    dossier = flow.dossier(partnership)
    versions, filed = {str(made.version) for made in history}, {str(entry.id) for entry in dossier.entries}
    for line in acknowledged:
        what, _, which = line.partition(" ")
        if which and line.count(" ") == 1:  # the last line may be cut short by the kill
            assert which in (versions if what == "renewed" else filed) or line is acknowledged[-1]
    events = [event for event in flow.store.outgoing() if event.partnership_id == partnership]
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert sum(".partnership." in event.type for event in events) == len(history) == dossier.partnership.version
    assert sum(".record." in event.type for event in events) == len(dossier.entries)


def test_processes_that_race_lose_no_step_and_take_none_twice(
    url: str, pack: Path, flow: Partnerflow, partnership: UUID
) -> None:
    children = [writer(url, pack, partnership, count=15) for _ in range(4)]
    for child in children:
        begin(child)
    said = [child.communicate()[0].splitlines() for child in children]
    versions = sorted(int(line.split()[1]) for lines in said for line in lines if line.startswith("renewed"))
    assert versions == list(range(2, 4 * 15 + 2))
    assert [made.version for made in flow.history(partnership)] == [1, *versions]
    flow.verify()


def test_of_two_that_expect_the_same_version_one_gets_a_conflict_that_names_both(
    flow: Partnerflow, partnership: UUID
) -> None:
    flow.fire(partnership, "renew", by=OFFICE, expected_version=1)
    with pytest.raises(Conflict, match="at version 2, not at 1"):
        flow.fire(partnership, "renew", by=OFFICE, expected_version=1)
