"""How the cost of one request grows with what is on file: run it with `python benchmarks/growth.py [--quick]`.

    python benchmarks/growth.py    # SQLite: some minutes
    python benchmarks/growth.py --db postgresql+psycopg://postgres@127.0.0.1/growth    # an empty database

Each table is one curve: CPU milliseconds of the process for a call, the median of several, and in brackets how often
that of the smallest it is. What the server of a database does is not in it. The goals are those of the design: what was
superseded, what no rule reads, and what happened long ago should cost nothing.
"""

from __future__ import annotations

import argparse
import gc
import logging
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from functools import partial
from itertools import count
from statistics import median
from tempfile import TemporaryDirectory
from typing import TypeAlias

from partnerflow import Actor, Adoption, Dossier, Filing, Partner, Partnerflow, Partnership
from partnerflow.policies import Pack, load_pack
from partnerflow.records import BackgroundCheck, Contact, Need, Person, Record
from partnerflow.testing import EXAMPLE_DAY, example_records

OFFICE = Actor("a.anderson", side="district", roles={"partnership_office"})
POLICY_FREE = Pack(name="policy-free", version="1", rules=())
CALLS = 7
PEOPLE = 100
"""How many people there are, where files grow by past terms."""
Curve: TypeAlias = dict[int, float]


class Place:
    """A database; every flow in it is a tenant of its own."""

    def __init__(self, url: str) -> None:
        self.url, self._tenants = url, count()

    @contextmanager
    def flow(self, pack: Pack) -> Iterator[Partnerflow]:
        """Open a flow with nothing on file."""
        tenant = f"growth {next(self._tenants)} {time.time_ns()}"
        with Partnerflow.open(self.url, pack=pack, tenant=tenant) as flow:
            yield flow


def cpu_of(call: Callable[[], object], calls: int = CALLS) -> float:
    """Return the CPU seconds of a call, the median of several after one that is not counted."""
    taken: list[float] = []
    for _ in range(calls + 1):
        gc.collect()
        began = time.process_time()
        call()
        taken.append(time.process_time() - began)
    return median(taken[1:])


def show(title: str, curve: Curve, goal: str = "", each: str = "") -> None:
    """Print one curve; with *each*, per record and not per call."""
    first = next(iter(curve.values()))
    points = (f"{size:>6,}: {seconds * 1e3:8.3f} ms ({seconds / first:5.1f}x)" for size, seconds in curve.items())
    print(f"  {title}{f', {each}' if each else ''}{f'   goal: {goal}' if goal else ''}")
    print("    " + "   ".join(points), flush=True)


def begun(flow: Partnerflow, records: Sequence[Record] = (), name: str = "Riverbend") -> Partnership:
    one = flow.adopt(Partner(name=name), state="active", by=OFFICE, reason="in place")
    for at in range(0, len(records), 2000):
        flow.file(one.id, *records[at : at + 2000], by=OFFICE)
    return one


# --- the curves ----------------------------------------------------------------------------------------------------


def by_size_of_file(place: Place, sizes: Sequence[int]) -> None:
    print("\n1. One request, by the number of records on the partner's file")
    kinds: dict[str, Callable[[int], Record]] = {
        "people, none superseded": lambda n: Person(person=f"p{n}", direct_contact=False),
        "contacts, none superseded": lambda n: Contact(name=f"Contact {n} of the after-school programme"),
        f"checks of {PEOPLE} people, all but the last of each superseded": _check,
    }
    for pack in (POLICY_FREE, load_pack("default")):
        for kind, record in kinds.items():
            curves: dict[str, Curve] = {}
            for size in sizes:
                with place.flow(pack) as flow:
                    one = begun(flow, [record(n) for n in range(size)])
                    for call, does in _calls(flow, one).items():
                        curves.setdefault(call, {})[size] = cpu_of(does)
            for call, curve in curves.items():
                show(f"{call}, {pack.name}, {kind}", curve, "4x where superseded" if pack.rules else "1.5x")


def _check(number: int) -> Record:
    cleared_on = date(2015, 1, 1) + timedelta(days=number // PEOPLE)
    return BackgroundCheck(person=f"p{number % PEOPLE}", result="clear", cleared_on=cleared_on)


def _calls(flow: Partnerflow, one: Partnership) -> dict[str, Callable[[], object]]:
    """Return the calls that are timed; under a pack that refuses the step, without the step."""
    numbers = count()
    calls: dict[str, Callable[[], object]] = {
        "check": lambda: flow.check(one.id, "renew", by=OFFICE),
        "file": lambda: flow.file(one.id, Contact(name=f"New {next(numbers)}"), by=OFFICE),
    }
    if flow.check(one.id, "renew", by=OFFICE).allowed:
        calls["fire"] = lambda: flow.fire(one.id, "renew", by=OFFICE)
    return calls


def by_people_standing(place: Place, sizes: Sequence[int]) -> None:
    print("\n2. A report and its due dates under `default`, by the number of people, each with a check")
    curve: Curve = {}
    for size in sizes:
        people = [Person(person=f"p{n}", direct_contact=True) for n in range(size)]
        checks = [BackgroundCheck(person=f"p{n}", result="clear", cleared_on=EXAMPLE_DAY) for n in range(size)]
        with place.flow(load_pack("default")) as flow:
            one = begun(flow, [*example_records(), *people, *checks])
            curve[size] = cpu_of(partial(_report, load_pack("default"), flow.dossier(one.id))) / size / 2
    show("warm", curve, "linear, 0.015 ms", "for each record")


def _report(pack: Pack, dossier: Dossier) -> object:
    return pack.due_dates(pack.check(dossier, on=EXAMPLE_DAY), dossier)


def by_length_of_history(place: Place, sizes: Sequence[int]) -> None:
    print("\n3. A step, by the number of steps before it, policy-free")
    curve: Curve = {}
    with place.flow(POLICY_FREE) as flow:
        one = begun(flow)
        for size in sizes:
            while flow.fire(one.id, "renew", by=OFFICE).version < size:
                pass
            curve[size] = cpu_of(lambda: flow.fire(one.id, "renew", by=OFFICE))
    show("fire", curve, "1.2x")


def by_records_in_one_call(place: Place, sizes: Sequence[int]) -> None:
    print("\n4. Filing n records in one call, policy-free")
    curve: Curve = {}
    for size in sizes:
        people = [Person(person=f"p{n}", direct_contact=False) for n in range(size)]
        with place.flow(POLICY_FREE) as flow:
            file = partial(_file_on_the_next, flow, iter([begun(flow, name=f"P{n}") for n in range(4)]), people)
            curve[size] = cpu_of(file, 3) / size
    show("file", curve, "1.5x, at most 0.25 ms", "for each record")


def _file_on_the_next(flow: Partnerflow, those: Iterator[Partnership], records: Sequence[Record]) -> object:
    return flow.file(next(those).id, *records, by=OFFICE)


def by_partners_of_a_batch(place: Place, number: int) -> None:
    print(f"\n5. `file_many` of {number:,} filings: each on a partner of its own, and all on one")
    for name, pack in (("policy-free", POLICY_FREE), ("default", load_pack("default"))):
        curve: Curve = {}
        for partners in (number, 1):
            with place.flow(pack) as flow:
                adoptions = (Adoption(Partner(name=f"P{n}"), state="active", reason="x") for n in range(partners))
                ids = [each.work[0] for each in flow.adopt_many(adoptions, by=OFFICE, key="adopt")]
                filings = [
                    Filing(ids[n % partners], [Person(person=f"p{n}", direct_contact=False)]) for n in range(number)
                ]
                began = time.process_time()
                assert all(each.outcome == "done" for each in flow.file_many(filings, by=OFFICE, key="file"))
                curve[partners] = time.process_time() - began
        show(f"{name}, by the number of partners", curve, "2x")


def memory_by_size_of_file(place: Place, sizes: Sequence[int]) -> None:
    print("\n6. The peak of memory of a check in MB, by the number of records on a file not read yet, policy-free")
    for size in sizes:
        with place.flow(POLICY_FREE) as flow:
            one = begun(flow, [Need(need=f"need {n}") for n in range(size)])
            with Partnerflow.open(place.url, pack=POLICY_FREE, tenant=flow.store.tenant) as cold:
                cold.check(begun(cold).id, "renew", by=OFFICE)
                tracemalloc.start()
                cold.check(one.id, "renew", by=OFFICE)
                peak = tracemalloc.get_traced_memory()[1]
                tracemalloc.stop()
        print(f"    {size:>6,}: {peak / 1e6:6.1f} MB", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--db", default="", help="the URL of an empty database; none: SQLite in a temporary file")
    parser.add_argument("--quick", action="store_true", help="a tenth of the sizes")
    parser.add_argument("--only", nargs="*", type=int, help="the numbers of the sections")
    options = parser.parse_args()
    less = 10 if options.quick else 1
    logging.getLogger("partnerflow").setLevel(logging.ERROR)  # what a later check hides is warned of, each time
    with TemporaryDirectory() as folder:
        run(Place(options.db or f"sqlite:///{folder}/growth.db"), options.only, less)


def run(place: Place, only: Sequence[int] | None, less: int) -> None:
    sections: dict[int, Callable[[], None]] = {
        1: lambda: by_size_of_file(place, [10, 1000 // less, 10_000 // less]),
        2: lambda: by_people_standing(place, [10, 500 // less, 5000 // less]),
        3: lambda: by_length_of_history(place, [10, 500 // less, 2000 // less]),
        4: lambda: by_records_in_one_call(place, [100 // less, 1000 // less, 10_000 // less]),
        5: lambda: by_partners_of_a_batch(place, 1000 // less),
        6: lambda: memory_by_size_of_file(place, [10, 10_000 // less]),
    }
    for number, section in sections.items():
        if not only or number in only:
            section()


if __name__ == "__main__":
    main()
