"""Kills a writing process at random moments, and PostgreSQL too, and checks from outside what is left.

    python -m benchmarks.crash [--kills 300] [--restarts 20] [--database sqlite|postgresql|all|careless|URL]

Only kills that land while a call is in flight count towards `--kills`. It exits 1 if anything acknowledged is lost, or
anything is there by half or twice.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import count
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random
from uuid import uuid4

import attrs
from sqlalchemy import NullPool, create_engine

from partnerflow import PartnerflowError

from .hammering.calls import NOTES, Call, Ground, host_engine, lay_ground, make, one_policy
from .hammering.databases import Database, database, opened, sessions, settings
from .hammering.log import read
from .hammering.outside import Said, Verdict, judge
from .hammering.processes import processes
from .hammering.server import Crash
from .hammering.telling import table, tell
from .hammering.writer import write

TURNS = 5
"""How many times writers are killed on one ground before a fresh one is laid, so that histories stay short."""
LONGEST = 0.4
"""Seconds that a writer is let write at most, before the next kill."""
SHOWN = 20
"""How many faults of a sort are named; all are counted."""


@attrs.define
class Tally:
    """The result on one database."""

    kills: int = 0
    in_flight: int = 0
    kept: int = 0
    """How many of the calls in flight had been done all the same."""
    acknowledged: int = 0
    refused: int = 0
    """How many were refused, for example because another writer held a lock; none may have done anything."""
    restarts: int = 0
    cut_off: int = 0
    """How many calls were in flight when a server crashed."""
    verdict: Verdict = attrs.field(factory=Verdict)


class Field:
    """One database, and everything that was logged and found on it."""

    def __init__(self, where: Database, directory: Path, numbers: Iterator[int], random: Random) -> None:
        self._where, self._directory, self._numbers, self._random = where, directory, numbers, random
        self._tenant = f"crash-{uuid4().hex}"
        self._said: dict[str, Said] = {}
        self._kept: dict[str, list[str]] = {}
        with opened(where.url, self._tenant, one_policy()) as flow:
            self._ground: Ground = lay_ground(flow)

    def kill(self, tally: Tally, writers: int) -> None:
        """Let some write at once, kill one after the other, and look at what is left."""
        started, watch = self._started(writers)
        for process, path in started:
            time.sleep(self._random.uniform(0, LONGEST))
            self._end(process)
            self._hear(path, tally)
        self._settle(watch, tally)

    def crash(self, tally: Tally, writers: int, how: Crash) -> None:
        """Let some write at once, take the server down and up again meanwhile, and kill them in the end."""
        server = self._where.server
        assert server is not None
        started, watch = self._started(writers)
        time.sleep(self._random.uniform(0, LONGEST))
        server.crash(how)
        server.start()
        tally.restarts += 1
        time.sleep(self._random.uniform(0, LONGEST))
        for process, path in started:
            self._end(process)
            self._hear(path, tally)
        self._settle(watch, tally)

    def _started(self, writers: int) -> tuple[Sequence[tuple[BaseProcess, Path]], frozenset[int]]:
        """Start writers, and wait until each is about to make its first call; return them and the earlier ones."""
        before = self._sessions()
        started = []
        for _ in range(writers):
            number = next(self._numbers)
            path = self._directory / f"{number}.log"
            process = processes.Process(
                target=write, args=(self._where.url, self._tenant, self._ground, number, path), daemon=True
            )
            process.start()
            started.append((process, path))
        for process, path in started:
            while not path.exists() or not path.stat().st_size:
                if not process.is_alive():
                    raise SystemExit(f"a writer ended by itself, with exit code {process.exitcode}")
                time.sleep(0.001)
        return started, before

    def _end(self, process: BaseProcess) -> None:
        process.kill()
        process.join()
        if process.exitcode != -9:
            raise SystemExit(f"a writer ended by itself, with exit code {process.exitcode}")

    def _hear(self, path: Path, tally: Tally) -> None:
        """Read the log of a writer that was killed."""
        lines = list(read(path))
        for line in lines:
            mark = line["mark"]
            if line["word"] == "begin":
                self._said.setdefault(mark, Said(Call(**line["call"])))
            self._said[mark].hear(line["word"], line.get("made", ()))
        tally.kills += 1
        tally.in_flight += lines[-1]["word"] == "begin"
        tally.acknowledged += sum(line["word"] == "done" for line in lines)
        tally.refused += sum(line["word"] == "refused" for line in lines)
        tally.cut_off += sum(line["word"] == "unknown" for line in lines)

    def _settle(self, before: frozenset[int], tally: Tally) -> None:
        """Check, send again every call that has a key and was not answered, and check again."""
        while self._sessions() - before:  # a server may still be busy with the last words of a client that is gone
            time.sleep(0.002)
        with opened(self._where.url, self._tenant, one_policy()) as flow:
            tally.verdict.add(judge(flow, self._said, self._kept))
            host = host_engine(self._where.url)
            for mark, said in self._said.items():
                tally.kept += said.word == "begin" and bool(self._kept[mark])
                if said.word == "begin":
                    said.hear("unknown")  # if it has no key, what was found is what there is
                if said.word == "unknown" and said.call.keyed:
                    try:
                        said.hear("done", make(said.call, flow, host))
                    except PartnerflowError as error:
                        tally.verdict.half.add(f"{mark} ({said.call.do}) was sent again, and refused: {error}")
            host.dispose()
            tally.verdict.add(judge(flow, self._said, self._kept))

    def _sessions(self) -> frozenset[int]:
        engine = create_engine(self._where.url, poolclass=NullPool)
        with engine.connect() as connection:
            return sessions(connection)


def hammer(where: Database, kills: int, restarts: int) -> Tally:
    """Kill until enough kills have landed in a call, then crash the server if it is ours."""
    tally, numbers, random = Tally(), count(1), Random()
    with tempfile.TemporaryDirectory(prefix="pf") as directory:

        def field() -> Field:
            return Field(where, Path(directory), numbers, random)

        ground = field()
        for turn in count(1):
            if tally.in_flight >= kills:
                break
            ground.kill(tally, writers=1 + turn % 2)
            if turn % TURNS == 0:
                ground = field()
                tell(where, f"{tally.in_flight} of {kills} kills in flight")
        while where.server is not None and tally.restarts < restarts:
            if tally.restarts % TURNS == 0:
                ground = field()
            ground.crash(tally, writers=3, how="immediate" if tally.restarts % 2 else "killed")
            tell(where, f"{tally.restarts} of {restarts} restarts")
    return tally


def prepared(where: Database) -> str:
    """Create our tables and the host's, and return how durable a commit is."""
    with opened(where.url, "crash", one_policy()) as flow:
        host = host_engine(where.url)
        NOTES.create(host, checkfirst=True)
        host.dispose()
        return settings(where, flow)


COLUMNS = (
    "database", "kills", "in flight", "of these done", "acknowledged", "refused", "restarts", "cut off",
    "lost", "half", "doubled",
)  # fmt: skip


def row(where: Database, tally: Tally) -> tuple[object, ...]:
    """Return the line of the table, with the faults below it."""
    found = [sorted(faults) for faults in (tally.verdict.lost, tally.verdict.half, tally.verdict.doubled)]
    for what, faults in zip(COLUMNS[-3:], found, strict=True):
        for fault in faults[:SHOWN]:
            tell(where, f"{what}: {fault}")
    return (
        where.name, tally.kills, tally.in_flight, tally.kept, tally.acknowledged, tally.refused, tally.restarts,
        tally.cut_off, *map(len, found),
    )  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.crash", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kills", type=int, default=300, help="kills in flight on each database (300)")
    parser.add_argument("--restarts", type=int, default=20, help="crashes of a PostgreSQL of our own (20)")
    parser.add_argument("--database", default="all", help="sqlite, postgresql, all (both), careless, or a URL")
    asked = parser.parse_args()
    rows, bad = [], False
    for name in ("sqlite", "postgresql") if asked.database == "all" else (asked.database,):
        with database(name) as where:
            tell(where, prepared(where))
            tally = hammer(where, asked.kills, asked.restarts)
            if where.server is not None and where.server.recoveries != tally.restarts:
                raise SystemExit(f"it recovered {where.server.recoveries} times from {tally.restarts} crashes")
        rows.append(row(where, tally))
        bad = bad or bool(tally.verdict)
    table(COLUMNS, rows)
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
