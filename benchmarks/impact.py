"""How long it takes to compute the impact of a change of policy on all partnerships, and in how much memory.

    python benchmarks/impact.py                          # 10,000 partnerships
    python benchmarks/impact.py --partnerships 100000    # minutes, and some gigabytes of temporary files

It makes a SQLite file with so many partnerships, each with a partner of its own and all that the example has on file:
the library keeps one of each state, and its rows are then copied under ids of their own. One in ten has cover for half
of what is asked, one in seven a plan that is not current. Then it runs `partnerflow impact` as a process of its own,
with one process and with one for each core:

- two rules differ: the usual change;
- every rule differs: the most that there can be to ask, since nothing can be taken as said by both.

Peak memory is that of the largest process. It asserts nothing but that as many processes as you like say the same.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from partnerflow import Partnerflow
from partnerflow.adapters.sqlalchemy import open_store
from partnerflow.policies import Pack, load_pack
from partnerflow.testing import EXAMPLE_DAY, OFFICE, example_dossier, example_records

NOON = datetime(EXAMPLE_DAY.year, EXAMPLE_DAY.month, EXAMPLE_DAY.day, 12, tzinfo=UTC)
SHARES = {"vetting": 10, "onboarding": 10, "active": 70, "improvement_plan": 10}
"""Of every hundred partnerships, how many are in each state."""
AT_A_SITE = 20
"""How many partnerships share a site, which is what a comparison for doubled services looks at."""
ROLES = """
[roles.partnership_office]
fire = ["*"]
file = ["*"]
"""
PRESENT = """
[[set]]
code = "SAFE-002"
minimum = "400000 USD"
"""
CHANGED = """
[[set]]
code = "SAFE-002"
minimum = "1000000 USD"

[[set]]
code = "GOAL-001"
severity = "advisory"
"""
OWN = ("partner", "partnership", "site", "place", "entry", "transition", "obligation")
"""The tables that are copied; the outbox is not."""

Row = tuple[Any, ...]


# --- an inventory ----------------------------------------------------------------------------------------------------


def template(path: Path, state: str) -> Mapping[str, list[Row]]:
    """Let the library store one partnership in *state*, and return its rows."""
    moments = (NOON - timedelta(days=3) + timedelta(seconds=n) for n in range(10_000))
    store = open_store(f"sqlite:///{path}")
    flow = Partnerflow(store=store, clock=lambda: next(moments))
    begun = flow.adopt(example_dossier().partner, state=state, by=OFFICE, reason="in place")
    flow.file(begun.id, *example_records(state), by=OFFICE)
    store.engine.dispose()
    with sqlite3.connect(path) as raw:
        return {name: raw.execute(f"SELECT * FROM pf_{name}").fetchall() for name in OWN}


def build(path: Path, partnerships: int) -> int:
    """Fill a database with copies, and return the number of records on each file."""
    with tempfile.TemporaryDirectory() as folder:
        templates = {state: template(Path(folder) / f"{state}.db", state) for state in SHARES}
    open_store(f"sqlite:///{path}").engine.dispose()
    raw = sqlite3.connect(path)
    raw.executescript("PRAGMA synchronous=OFF; PRAGMA cache_size=-200000;")
    states = [state for state, share in SHARES.items() for _ in range(share)]
    for first in range(0, partnerships, 5_000):
        rows: dict[str, list[Row]] = {name: [] for name in OWN}
        for number in range(first, min(first + 5_000, partnerships)):
            made = templates[states[number % len(states)]]
            again = copying(number, made)
            for name in OWN:
                rows[name] += (again(row) for row in made[name])
        with raw:
            for name in OWN:
                if rows[name]:
                    marks = ", ".join("?" * len(rows[name][0]))
                    raw.executemany(f"INSERT INTO pf_{name} VALUES ({marks})", rows[name])
    raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    raw.close()
    return len(templates["active"]["entry"])


def copying(number: int, made: Mapping[str, Sequence[Row]]) -> Callable[[Row], Row]:
    """Return a function that writes a row as that of partnership *number*: with other ids, at another site."""
    known = {value for rows in made.values() for row in rows for value in row if is_id(value)}
    new = {old: f"{0x0198F0000000_7000_8000_000000000000 + number * 1_000 + place:032x}"
           for place, old in enumerate(sorted(known))}  # fmt: skip
    site = f"{2_559_010_000 + number // AT_A_SITE}"
    low, old = number % 10 == 0, number % 7 == 0

    def value_of(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if value in new:
            return new[value]
        if value == "255901001":
            return site
        if '"255901001"' in value:
            return value.replace('"255901001"', f'"{site}"')
        if low and '"per_occurrence"' in value:
            return value.replace('"1000000 USD"', '"500000 USD"')
        if old and '"current":true' in value:
            return value.replace('"current":true', '"current":false')
        return f"{value} {number}" if value == "Riverbend Youth Center" else value

    return lambda row: tuple(map(value_of, row))


def is_id(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 32 and value.isalnum() and value.startswith("0")


# --- measuring -------------------------------------------------------------------------------------------------------


def packs(folder: Path) -> None:
    """Write the pack of today, one in which two rules differ, and one that differs from today's in every rule."""
    written = {"present": PRESENT, "few": CHANGED, "every": CHANGED + every(load_pack("default"))}
    for name, settings in written.items():
        head = f'[pack]\nname = "{name}"\nversion = "1"\n'
        (folder / f"{name}.toml").write_text(head + settings + ROLES, encoding="utf-8")


def every(pack: Pack) -> str:
    """Let every rule hold in one state more, which makes it another rule and changes no answer."""
    codes = [rule.policy.code for rule in pack if not rule.policy.authority and not rule.policy.compares]
    return "".join(f'\n[[set]]\ncode = "{code}"\nholds_in = ["terminated"]\n' for code in codes)


def run(folder: Path, new: str, jobs: int) -> tuple[float, float, float, dict[str, Any]]:
    """Return the seconds on the wall and of all CPUs, the peak of the largest process in MiB, and what was found."""
    words = [
        sys.executable, __file__, "--inside", "--db", str(folder / "inventory.db"), "--pack",
        str(folder / "present.toml"), "impact", "--pack", str(folder / f"{new}.toml"), "--at", NOON.isoformat(),
        "--jobs", str(jobs), "--format", "jsonl",
    ]  # fmt: skip
    began, spent = time.perf_counter(), of_children()
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    seconds, spent = time.perf_counter() - began, of_children() - spent
    if done.returncode not in (0, 1):
        sys.exit(done.stderr)
    return seconds, spent, float(done.stderr.split()[-1]), json.loads(done.stdout.splitlines()[-1])


def of_children() -> float:
    """Return the CPU seconds of all processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def inside() -> None:
    """Run the command, and print at the end how much memory the largest process took."""
    from partnerflow.cli import main

    sys.argv = ["partnerflow", *sys.argv[2:]]
    try:
        main()
    finally:
        print(max(peak_of_this(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024, file=sys.stderr)


def peak_of_this() -> int:
    """Return the peak in KiB; Linux counts what the process was forked from into `ru_maxrss`, but not here."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))


def main() -> None:
    parser = argparse.ArgumentParser(description="What a change of policy would do to an inventory, and how fast.")
    parser.add_argument("--partnerships", type=int, default=10_000, help="how many (default: 10000)")
    wanted = parser.parse_args().partnerships
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        packs(folder)
        began = time.perf_counter()
        records = build(folder / "inventory.db", wanted)
        size = (folder / "inventory.db").stat().st_size / 2**20
        print(
            f"{wanted:,} partnerships, {records} records each where active, {size:,.0f} MiB, "
            f"made in {time.perf_counter() - began:.0f} s"
        )
        print(f"{'':<34}{'seconds':>9}{'dossiers/s':>12}{'CPU ms each':>13}{'peak MiB':>10}")
        for new, what in (("few", "two rules differ"), ("every", "every rule differs")):
            found = []
            for jobs in counts():
                seconds, spent, peak, said = run(folder, new, jobs)
                found.append(said)
                label = f"{what}, {jobs} process{'es' if jobs > 1 else ''}"
                rate, each = wanted / seconds, spent / wanted * 1e3
                print(f"{label:<34}{seconds:>9.1f}{rate:>12,.0f}{each:>13.1f}{peak:>10.0f}", flush=True)
            assert all(said == found[0] for said in found), "one process and several do not say the same"
            print(
                f"  of {found[0]['compared']:,} compared {found[0]['concerned']:,} concerned, "
                f"{found[0]['blocking']:,} newly blocked, {found[0]['freed']:,} freed"
            )


def counts() -> Iterator[int]:
    """Return the numbers of processes to try: one, and one for each core."""
    yield 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if cores > 1:
        yield cores


if __name__ == "__main__":
    if "--inside" in sys.argv[1:2]:
        inside()
    else:
        main()
