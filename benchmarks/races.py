"""Lets processes race for the same partnerships, and checks whether any step was lost, or taken twice.

    python -m benchmarks.races [--fires 20000] [--partnerships 20] [--processes 8]
                               [--database sqlite|postgresql|mariadb|all|URL]

Under a pack that asks nothing, so that only the store is at work. On one SQLite file at most four processes race. It
exits 1 if a step was lost or taken twice, a history has a gap, a link does not hold, or a version had two winners.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain
from multiprocessing.synchronize import Barrier
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID, uuid4

import attrs

from partnerflow import Conflict, Partner, Partnerflow, Tampered
from partnerflow.errors import StoreBusy
from partnerflow.policies import Pack
from partnerflow.testing import OFFICE

from .hammering.databases import Database, database, opened, settings
from .hammering.log import Log, read
from .hammering.processes import processes
from .hammering.telling import table, tell

NOTHING = Pack(name="nothing", version="1", rules=())
ON_ONE_FILE = 4
"""How many processes race at most where there is one file, and one writer at a time."""
PATIENCE = 60
"""Seconds in which every process must be ready to start."""
SHOWN = 20
"""How many faults of a sort are named; all are counted."""
Line = dict[str, Any]


def race(url: str, tenant: str, partnerships: Sequence[UUID], fires: int, start: Barrier, path: Path) -> None:
    """Take so many steps, each on any partnership; every other expects the version that it knows of.

    After a conflict, or if the store is busy, it tries again.
    """
    log, random = Log(path), Random(path.name)
    known = dict.fromkeys(partnerships, 1)
    with opened(url, tenant, NOTHING) as flow:
        start.wait(PATIENCE)
        for _ in range(fires):
            partnership, trigger = random.choice(partnerships), random.choice(("amend", "renew"))
            expecting = random.random() < 0.5
            while True:
                expected = known[partnership] if expecting else None
                about = {"partnership": str(partnership), "expected": expected}
                try:
                    made = flow.fire(partnership, trigger, by=OFFICE, reason="in time", expected_version=expected)
                except Conflict as conflict:
                    known[partnership] = conflict.actual
                    log.say("conflict", **about, said=conflict.expected, actual=conflict.actual)
                except StoreBusy as busy:
                    log.say("busy", **about, error=str(busy))
                else:
                    known[partnership] = made.version
                    log.say("done", **about, version=made.version, id=str(made.id))
                    break


@attrs.frozen
class Faults:
    """The faults, in words."""

    lost: list[str]
    doubled: list[str]
    gaps: list[str]
    broken: list[str]
    two_winners: list[str]


def look(flow: Partnerflow, partnerships: Sequence[UUID], lines: Sequence[Line]) -> Faults:
    """Compare the steps that every process reports with the histories."""
    done = [line for line in lines if line["word"] == "done"]
    stored = {(str(p), made.version): str(made.id) for p in partnerships for made in flow.history(p)[1:]}
    said = {(line["partnership"], line["version"]): line["id"] for line in done}
    times = Counter((line["partnership"], line["version"]) for line in done)
    winners = Counter((line["partnership"], line["expected"]) for line in done if line["expected"] is not None)
    return Faults(
        lost=[f"{step}" for step, made in said.items() if stored.get(step) != made],
        doubled=[
            *(f"{step} was acknowledged {number} times" for step, number in times.items() if number > 1),
            *(f"{step} was acknowledged to nobody" for step in stored.keys() - said.keys()),
        ],
        gaps=[
            f"{found.id} at {found.version}: {versions}"
            for found in flow.find()
            if (versions := [made.version for made in flow.history(found.id)]) != list(range(1, found.version + 1))
        ],
        broken=_broken(flow),
        two_winners=[
            *(f"{version} was moved on from {number} times" for version, number in winners.items() if number > 1),
            *_unfounded(lines, stored),
        ],
    )


def _broken(flow: Partnerflow) -> list[str]:
    try:
        flow.verify()
    except Tampered as error:
        return list(error.links)
    return []


def _unfounded(lines: Sequence[Line], stored: Mapping[tuple[str, int], str]) -> list[str]:
    """Yield steps that did not begin at their version, and conflicts that nobody won or that name other versions."""
    wrong = []
    for line in lines:
        expected, partnership = line["expected"], line["partnership"]
        if line["word"] == "done" and expected is not None and line["version"] != expected + 1:
            wrong.append(f"a step that did not begin at {expected}: {line}")
        if line["word"] == "conflict" and not (
            line["said"] == expected != line["actual"]
            and (partnership, expected + 1) in stored
            and (partnership, line["actual"]) in stored
        ):
            wrong.append(f"a conflict that there cannot be: {line}")
    return wrong


COLUMNS = (
    "database", "processes", "partnerships", "steps", "expecting", "conflicts", "busy", "seconds", "steps/s",
    "lost", "doubled", "gaps", "broken", "two winners",
)  # fmt: skip


def raced(
    where: Database, tenant: str, partnerships: Sequence[UUID], fires: int, racers: int
) -> tuple[list[Line], float]:
    """Let processes race; return their reports, and the seconds that they took."""
    shares = [fires // racers + (number < fires % racers) for number in range(racers)]
    start = processes.Barrier(racers + 1)
    with tempfile.TemporaryDirectory(prefix="pf") as directory:
        paths = [Path(directory, f"{number}.log") for number in range(racers)]
        started = [
            processes.Process(target=race, args=(where.url, tenant, partnerships, share, start, path))
            for share, path in zip(shares, paths, strict=True)
        ]
        for process in started:
            process.start()
        start.wait(PATIENCE)
        began = time.monotonic()
        for process in started:
            process.join()
        seconds = time.monotonic() - began
        if codes := {process.exitcode for process in started} - {0}:
            raise SystemExit(f"processes ended with exit codes {codes}")
        return list(chain.from_iterable(map(read, paths))), seconds


COLUMNS = (
    "database", "processes", "partnerships", "steps", "expecting", "conflicts", "busy", "seconds", "steps/s",
    "lost", "doubled", "gaps", "broken", "two winners",
)  # fmt: skip


def row(where: Database, fires: int, partnerships: int, racers: int) -> tuple[tuple[object, ...], bool]:
    """Race on one database, and check; return the line of the table, and whether it passed."""
    tenant = f"races-{uuid4().hex}"
    with opened(where.url, tenant, NOTHING) as flow:
        tell(where, settings(where, flow))
        ids = [
            flow.adopt(Partner(name=f"partner {number}"), state="active", by=OFFICE, reason="in place").id
            for number in range(partnerships)
        ]
    lines, seconds = raced(where, tenant, ids, fires, racers)
    with opened(where.url, tenant, NOTHING) as flow:
        faults = attrs.asdict(look(flow, ids, lines))
    for name, found in faults.items():
        for fault in found[:SHOWN]:
            tell(where, f"{name}: {fault}")
    times = Counter(line["word"] for line in lines)
    expecting = sum(line["word"] == "done" and line["expected"] is not None for line in lines)
    shown = (
        where.name, racers, partnerships, times["done"], expecting, times["conflict"], times["busy"],
        f"{seconds:.0f}", f"{times['done'] / seconds:.0f}", *map(len, faults.values()),
    )  # fmt: skip
    return shown, times["done"] == fires and not any(faults.values())


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.races", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--fires", type=int, default=20_000, help="steps on each database (20,000)")
    parser.add_argument("--partnerships", type=int, default=20, help="for which they race (20)")
    parser.add_argument("--processes", type=int, default=8, help="which race (8; on SQLite at most 4)")
    parser.add_argument("--database", default="all", help="sqlite, postgresql, mariadb, all (three), or a URL")
    asked = parser.parse_args()
    rows = []
    for name in ("sqlite", "postgresql", "mariadb") if asked.database == "all" else (asked.database,):
        with database(name) as where:
            racers = min(asked.processes, ON_ONE_FILE) if where.url.startswith("sqlite") else asked.processes
            rows.append(row(where, asked.fires, asked.partnerships, racers))
    table(COLUMNS, [shown for shown, _ in rows])
    return int(not all(well for _, well in rows))


if __name__ == "__main__":
    sys.exit(main())
