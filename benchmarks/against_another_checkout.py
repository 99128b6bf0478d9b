"""How much CPU two checkouts of this project take for the same work, in processes that alternate.

    python benchmarks/against_another_checkout.py ../old/.venv/bin/python .venv/bin/python
    python benchmarks/against_another_checkout.py python3 python3 --old-path ../old/src --new-path src --rounds 15

Each side is an interpreter that has partnerflow installed, or is given the directory to import it from. In every round
both sides run the same work, each in a process of its own that only uses names which both checkouts export. What is
measured is the CPU, user and system, of the work alone: imports, databases and a first call are made before.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, date, datetime
from inspect import signature
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import attrs

STEPS = 150
"""How many steps are timed in a row, each on a partnership of its own: their files still fit into the row cache."""
REPORTS = 1000
WARM = 10
"""How many calls are made before those that are timed."""
POLICY_FREE = """
[pack]
name = "policy-free"
version = "1"
policies = []

[roles.partnership_office]
fire = ["*"]
file = ["*"]
"""


# --- the work, in a process of one side ------------------------------------------------------------------------------


def spent() -> float:
    """Return the CPU seconds that this process has taken, user and system."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def timed(call: Callable[[], object], times: int) -> float:
    """Return the CPU seconds of one *call*, of so many in a row."""
    begun = spent()
    for _ in range(times):
        call()
    return (spent() - begun) / times


def item_of(method: Callable[..., object]) -> Callable[..., Any]:
    """Return the class of the items that a bulk method takes, whatever it is called in this checkout."""
    import partnerflow

    annotation = str(next(iter(signature(method).parameters.values())).annotation)
    found: Callable[..., Any] = getattr(partnerflow, re.findall(r"\w+", annotation)[-1])
    return found


def at_site(value: Any, site: str) -> Any:
    """Return records of the example at another site, since each step reads the partnerships that share its own."""
    if value == "255901001":
        return site
    if isinstance(value, (tuple, frozenset)):
        return type(value)(at_site(each, site) for each in value)
    if attrs.has(type(value)):
        fields = {field.name: getattr(value, field.name) for field in attrs.fields(type(value)) if field.init}
        return attrs.evolve(value, **{name: at_site(each, site) for name, each in fields.items()})
    return value


class Ground:
    """Databases with partnerships to work on, made once for a side; each piece of work gets a copy of one."""

    def __init__(self, folder: Path, work: Path) -> None:
        self.folder, self.work = folder, work
        self.free = folder / "policy-free.toml"
        self.free.write_text(POLICY_FREE, encoding="utf-8")

    def opened(self, path: Path, pack: str) -> Any:
        """Return a flow on a SQLite file, at noon of the example's day."""
        from partnerflow import Partnerflow
        from partnerflow.testing import EXAMPLE_DAY

        noon = datetime(EXAMPLE_DAY.year, EXAMPLE_DAY.month, EXAMPLE_DAY.day, 12, tzinfo=UTC)
        return Partnerflow.open(f"sqlite:///{path}", pack=pack, clock=lambda: noon)

    def copy(self, name: str, count: int, pack: str, records: Sequence[Any] = ()) -> tuple[Any, list[UUID]]:
        """Return a flow on *count* running partnerships, each with these records on its file, and their ids."""
        made, copied = self.folder / f"{name}-{count}.db", self.work / f"{uuid4()}.db"
        if not made.exists():
            self.fill(made, count, records)
        with closing(sqlite3.connect(made)) as source, closing(sqlite3.connect(copied)) as target:
            source.backup(target)  # also what lies in the write-ahead log
        flow = self.opened(copied, pack)
        return flow, [each.id for each in flow.find()]

    def fill(self, path: Path, count: int, records: Sequence[Any]) -> None:
        """Make the database that is copied."""
        from partnerflow.testing import OFFICE, example_dossier

        flow, partner = self.opened(path, str(self.free)), example_dossier("active").partner
        adoption, filing = item_of(flow.adopt_many), item_of(flow.file_many)
        adoptions = (
            adoption(attrs.evolve(partner, name=f"Riverbend {number}"), state="active", reason="in place")
            for number in range(count)
        )
        ids = [done.work[0] for done in flow.adopt_many(adoptions, by=OFFICE, key="adopted")]
        filings = [filing(each, at_site(records, f"{number}")) for number, each in enumerate(ids) if records]
        assert all(done.outcome == "done" for done in flow.file_many(filings, by=OFFICE, key="filed"))
        if records:
            self.opened(path, "default").sweep()  # the obligations are on file, as they are before most steps


def step(ground: Ground, _: int) -> Iterator[tuple[str, float]]:
    """Take a step that is kept, under a pack that asks nothing and under the default pack."""
    from partnerflow.testing import EXAMPLE_DAY, OFFICE, example_records

    records = [
        attrs.evolve(each, evaluated_on=EXAMPLE_DAY) if hasattr(each, "evaluated_on") else each
        for each in example_records("active", trigger="renew")
    ]
    for label, pack, on_file, read in (
        ("policy-free pack", str(ground.free), (), False),
        (f"default pack, {len(records)} records on file", "default", records, False),
        ("the same, the files read before", "default", records, True),
    ):
        flow, ids = ground.copy("filed" if on_file else "empty", STEPS + WARM, pack, on_file)
        for each in ids if read else ids[:WARM]:
            flow.dossier(each)
        coming = iter(ids)

        def fire(flow: Any = flow, coming: Iterator[UUID] = coming) -> None:
            flow.fire(next(coming), "renew", by=OFFICE)

        timed(fire, WARM)
        yield label, timed(fire, STEPS)


def report(_: Ground, __: int) -> Iterator[tuple[str, float]]:
    """Judge the example by the default pack, in order and broken in three places, and write the decision's text."""
    from partnerflow import Money, load_pack
    from partnerflow.records import Insurance, Orientation
    from partnerflow.testing import EXAMPLE_DAY, example_dossier

    pack = load_pack("default")
    low = Insurance(
        line="general_liability",
        per_occurrence=Money.of(500_000, "USD"),
        starts_on=date(2026, 7, 1),
        ends_on=date(2027, 6, 30),
    )
    absent = Orientation(held_on=date(2026, 8, 25), partner_attended=False, led_by="A. Anderson")
    for label, dossier in (
        ("in order", example_dossier("active")),
        ("broken", example_dossier("active", records=[low, absent], without={"background_check"})),
    ):

        def check(dossier: Any = dossier) -> Any:
            return pack.check(dossier, on=EXAMPLE_DAY)

        timed(check, WARM)
        yield f"{label}: {len(check().findings)} findings, {len(check().blocking)} blocking", timed(check, REPORTS)


def bulk(ground: Ground, number: int) -> Iterator[tuple[str, float]]:
    """Take many steps and file many records at once, each on a partnership of its own."""
    from partnerflow.records import Need
    from partnerflow.testing import OFFICE

    flow, ids = ground.copy("empty", number + WARM, str(ground.free))
    asked, filing = item_of(flow.fire_many), item_of(flow.file_many)

    def fired(chosen: Sequence[UUID], key: str) -> int:
        steps = [asked(each, "renew") for each in chosen]
        return sum(done.outcome == "done" for done in flow.fire_many(steps, by=OFFICE, key=key))

    def filed(chosen: Sequence[UUID], key: str) -> int:
        filings = [filing(each, [Need(need=f"need of {key}")]) for each in chosen]
        return sum(done.outcome == "done" for done in flow.file_many(filings, by=OFFICE, key=key))

    for label, work in (("fire_many", fired), ("file_many", filed)):
        work(ids[number:], f"{label} warm")
        begun = spent()
        assert work(ids[:number], label) == number
        yield f"{label} of {number:,}, each", (spent() - begun) / number


WORK: dict[str, Callable[[Ground, int], Iterator[tuple[str, float]]]] = {"step": step, "report": report, "bulk": bulk}


def inside(name: str, folder: str, number: str) -> None:
    """Do one piece of work, and print the CPU seconds of each of its parts as JSON."""
    with tempfile.TemporaryDirectory(dir=folder) as work:
        print(json.dumps(dict(WORK[name](Ground(Path(folder), Path(work)), int(number)))))


# --- both sides, in turns --------------------------------------------------------------------------------------------


class Side(NamedTuple):
    """One checkout: its interpreter, where to import it from, and where its databases lie."""

    interpreter: str
    path: str | None
    folder: str

    def run(self, *arguments: str, seed: int) -> str:
        """Run a process of this side, and return what it prints."""
        apart = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        environment = apart | {"PYTHONHASHSEED": str(seed)} | ({"PYTHONPATH": self.path} if self.path else {})
        done = subprocess.run(
            [self.interpreter, *arguments], env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            sys.exit(done.stderr)
        return done.stdout

    def work(self, name: str, number: int, seed: int) -> dict[str, float]:
        """Do one piece of work in a process of this side, and return the CPU seconds of its parts."""
        found: dict[str, float] = json.loads(self.run(__file__, "--inside", name, self.folder, str(number), seed=seed))
        return found

    def __str__(self) -> str:
        imported = "import partnerflow, sys; print(partnerflow.__file__, 'on Python', sys.version.split()[0])"
        return self.run("-c", imported, seed=0).strip()


def compare(old: Side, new: Side, name: str, *, rounds: int, number: int) -> None:
    """Let both sides take turns, each beginning every other round, and print the medians; round 0 only prepares."""
    from measuring import Measured, heading, show

    taken: dict[str, tuple[list[float], list[float]]] = {}
    for turn in range(rounds + 1):
        for at, side in ((0, new), (1, old)) if turn % 2 else ((1, old), (0, new)):
            for label, seconds in side.work(name, number, turn).items():
                kept = taken.setdefault(label, ([], []))[at]
                if turn:
                    kept.append(seconds)
    heading(f"{name}: CPU, user and system", "the new checkout", "the old checkout")
    for label, (ours, theirs) in taken.items():
        show(label, Measured(ours, theirs), "1.05x")


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare the CPU that two checkouts take for the same work.")
    parser.add_argument("old", help="the interpreter of the old checkout")
    parser.add_argument("new", help="the interpreter of the new one")
    parser.add_argument("--old-path", metavar="SRC", help="import the old one from here")
    parser.add_argument("--new-path", metavar="SRC", help="import the new one from here")
    parser.add_argument("--rounds", type=int, default=15, help="how many, two at least (15)")
    parser.add_argument("--bulk", type=int, default=10_000, metavar="N", help="how many in the bulk (10,000)")
    parser.add_argument("--only", nargs="+", choices=list(WORK), default=list(WORK), help="which work (all)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folders = [Path(folder) / name for name in ("old", "new")]
        for each in folders:
            each.mkdir()
        old = Side(given.old, given.old_path and str(Path(given.old_path).resolve()), str(folders[0]))
        new = Side(given.new, given.new_path and str(Path(given.new_path).resolve()), str(folders[1]))
        print(f"old: {old}\nnew: {new}\n{given.rounds} rounds", flush=True)
        for name in given.only:
            compare(old, new, name, rounds=given.rounds, number=given.bulk)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        inside(*islice(sys.argv, 2, 5))
    else:
        main()
