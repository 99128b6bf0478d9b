"""What keeping costs, as ratios measured in one run: run it with `python benchmarks/storage.py [--quick]`.

One step that is kept against the same SQL by hand and against other libraries; many steps and a sweep against the same
rows by hand; and a sweep of few among many against one of few among few. It measures and asserts nothing: it exits 0
whatever it finds.
"""

from __future__ import annotations

import argparse
import gc
import platform
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import date, datetime, timedelta
from functools import partial
from random import Random
from statistics import median
from typing import Any, TypeVar
from uuid import UUID

import attrs
import sqlalchemy
from measuring import Measured, Side, heading, seconds_per_call, short, show
from sqlalchemy import Engine
from stores import BEFORE, RIVALS, Kept, Work
from stores.by_hand import Step, driver_of, said_to
from stores.ground import NOON, POLICY_FREE, Clones, flow_on, one_rule, packs
from stores.in_chunks import AllAtOnce, InChunks
from stores.places import Place, postgresql, sqlite
from stores.round_trips import round_trips

from partnerflow import Partnerflow
from partnerflow.adapters.sqlalchemy import SQLAlchemyStore, Tables, create_tables
from partnerflow.policies import Pack, Report
from partnerflow.ports import Clock
from partnerflow.testing import EXAMPLE_DAY, OFFICE

STEPS = 20
"""How many steps are timed in a row, each on a partnership of its own."""
OTHERS = 1_000
"""How many more there are, so that a database knows to look in its indexes."""
OURS, UNREAD = "ours", "Core, prepared; ours with files not read yet"
LIKE = "Core, its statements prepared once"
"""The hand beside which the goals are set: its statements are built once, as ours are."""
T = TypeVar("T")
Taken = tuple[list[float], list[float]]
"""Seconds by CPU and by the clock on the wall, one of each a round."""
FEW, LOTS = "few", 10
SECTIONS, PLACES = (1, 2, 3), ("normal", "full", "postgresql")


def in_turns(timed: Mapping[str, Callable[[int], tuple[float, float]]], rounds: int) -> dict[str, Taken]:
    """Run all once in every round, in a random order."""
    taken: dict[str, Taken] = {name: ([], []) for name in timed}
    for turn in range(rounds):
        for name in Random(turn).sample(list(timed), len(timed)):
            for kept, seconds in zip(taken[name], timed[name](turn), strict=True):
                kept.append(seconds)
    return taken


# --- 1. one step ---------------------------------------------------------------------------------------------------


def one_step(place: Place, rounds: int) -> None:
    heading(
        f"1. A step that is kept, on {place.title}: wall clock, disk and all",
        f"flow.fire(id, 'renew', by=office), each on a partnership of its own that has taken {BEFORE} steps before",
        "the same statements by hand, with the rows to write made beforehand, and libraries that keep the same texts;\n"
        "           in brackets how often each speaks to the database, begin and commit included",
    )
    engine = place.engine("ours")
    create_tables(engine)
    with ExitStack() as stack:
        others = dict(_rivals(place))
        for rival in others.values():
            stack.callback(rival.close)
        for (label, pack, records), goal in zip(packs(), ("1.3x", "2x"), strict=True):
            clones = Clones(engine, pack, records, pattern=f"pattern: {pack.name}", steps=BEFORE)
            flow = flow_on(SQLAlchemyStore(engine), pack)
            step = Step(flow, clones)
            clones.make(OTHERS)
            for rival in others.values():
                rival.begin(OTHERS, step.work)
            place.settle(engine)
            kept = {OURS: _firing(flow, clones), **step.by_hand(LIKE), **others}
            if records:
                kept[UNREAD] = _firing(flow, clones, read=False)
            sides = {name: _timed(each, step.work) for name, each in kept.items()}
            in_turns(sides, 1)
            taken = in_turns(sides, rounds)
            said = {name: _round_trips_of(each, step.work) for name, each in kept.items()}
            print(f"  {label} [{said[OURS]}]: {_said_by_both(engine, kept[OURS], kept[LIKE], step.work)}")
            fullest = {rival.distributions[0]: rival.name for rival in RIVALS}.values()  # of each library, the last
            _show_one(taken, said, goal, () if records else list(fullest))  # none of them judges


def _rivals(place: Place) -> Iterator[tuple[str, Kept]]:
    for rival in RIVALS:
        opened = rival.opened(place)
        if isinstance(opened, str):
            print(f"  {rival.name} is left out: {opened}")
        else:
            yield rival.name, opened


def _show(label: str, ours: Taken, theirs: Taken, goal: str) -> None:
    """Show a line by the clock on the wall, and behind it what it would be by CPU."""
    cpu, wall = (Measured(ours[at], theirs[at]) for at in (0, 1))
    show(label, wall, f"{goal:<10}CPU {median(cpu.ratios):.2f}x")


def _firing(flow: Partnerflow, clones: Clones, *, read: bool = True) -> Kept:
    """Fire on clones; of files that were *read* before, the records are still at hand."""

    def begin(steps: int, _: Work) -> Callable[[], object]:
        made = list(clones.make(steps))
        if read:
            for partnership_id in made:
                flow.dossier(partnership_id)
        coming = iter(made)
        return lambda: flow.fire(next(coming), "renew", by=OFFICE)

    return Kept(begin, lambda: driver_of(clones.engine))


def _timed(kept: Kept, work: Work) -> Callable[[int], tuple[float, float]]:
    side = Side(lambda: kept.begin(STEPS + 1, work), STEPS)
    return lambda _: seconds_per_call(side)


def _round_trips_of(kept: Kept, work: Work) -> int:
    call = kept.begin(STEPS, work)
    for _ in range(STEPS - 1):
        call()  # until the driver has prepared whatever it prepares
    return round_trips(kept.driver(), call)


def _said_by_both(engine: Engine, ours: Kept, hand: Kept, work: Work) -> str:
    """Return whether the two send the same statements."""
    said = []
    for each in (ours, hand):
        call = each.begin(1, work)
        with said_to(engine) as statements:
            call()
        said.append([statement for statement, _ in statements])
    if said[0] == said[1]:
        return "word for word what the hand says"
    return f"{len(set(said[0]) ^ set(said[1]))} statements that only one of ours and the hand says"


def _show_one(taken: Mapping[str, Taken], said: Mapping[str, int], goal: str, rivals: Sequence[str]) -> None:
    goals = {LIKE: goal} | dict.fromkeys(rivals, "below 1x")
    for name in (name for name in taken if name not in (OURS, UNREAD)):
        _show(f"{name} [{said[name]}]", taken[OURS], taken[name], goals.get(name, ""))
        if name == LIKE and UNREAD in taken:
            _show(UNREAD, taken[UNREAD], taken[LIKE], goal)


# --- 2. many -------------------------------------------------------------------------------------------------------

HANDS = ("by hand, reading what is judged", "by hand, reading what is needed", "all at once, nothing hashed")
Hand = InChunks | AllAtOnce


def many(place: Place, number: int, rounds: int) -> None:
    heading(
        f"2. {number:,} partnerships, on {place.title}: wall clock, for each",
        "flow.fire_many of a renewal of each; flow.sweep of what is due, or was judged by another pack before",
        "the same rows by hand with executemany, 1,000 partnerships a transaction, links and bodies computed;\n"
        "           it reads all that is judged, or only what its writing needs; and all in one transaction of a few\n"
        "           statements",
    )
    engine = place.engine("many")
    create_tables(engine)
    contest = _Contest(Clones(engine, POLICY_FREE, (), pattern="pattern: many"), POLICY_FREE, number)
    place.settle(engine)
    if not all(hand.agrees for hand in contest.hands.values() if isinstance(hand, InChunks)):
        print("  the hand does NOT compute the links that ours computes")
    print("  fire_many, policy-free pack")
    contest.show(
        lambda turn: _fire_many(contest.flow(), contest.ids, f"batch-{turn}"),
        lambda hand, turn: hand.fire(contest.ids, f"batch-{turn}"),
        rounds,
    )
    print("  sweep, policy-free pack: all were judged by another, and there is nothing to tell")
    others = [attrs.evolve(POLICY_FREE, leads=(lead,)) for lead in range(rounds)]
    contest.show(
        lambda turn: contest.flow(others[turn]).sweep(), lambda hand, turn: hand.sweep(NOON, others[turn]), rounds
    )
    print("  sweep, a pack of one rule: of each it tells that its due date approaches")
    pack, records = one_rule(EXAMPLE_DAY + timedelta(days=31))
    timed = _TimedPack(**attrs.asdict(pack, recurse=False))
    contest = _Contest(Clones(engine, pack, records, pattern="pattern: one rule"), timed, number)
    place.settle(engine)
    days = [NOON + timedelta(days=31 - lead) for lead in pack.leads]
    _TimedPack.spent, turns = 0.0, min(rounds, len(days))
    contest.show(
        lambda turn: contest.flow(at=days[turn]).sweep(),
        lambda hand, turn: hand.sweep(days[turn], pack),
        turns,
        goal="",
    )
    print(f"    {short(_TimedPack.spent / turns / number)} of ours is the policy's own")
    _policies_apart(engine, max(number // 10, 10))


class _Contest:
    """Partnerships that are all alike, so many for each side, in a tenant of its own."""

    def __init__(self, clones: Clones, pack: Pack, number: int) -> None:
        self.clones, self.pack = clones, pack
        step = Step(flow_on(SQLAlchemyStore(clones.engine), pack), clones)
        lot = clones.pattern
        self.hands: dict[str, Hand] = {
            HANDS[0]: InChunks(step, f"{lot}, judged"),
            HANDS[1]: InChunks(step, f"{lot}, needed", everything=False),
            HANDS[2]: AllAtOnce(step, f"{lot}, at once"),
        }
        for tenant in (lot + ", ours", *(hand.tenant for hand in self.hands.values())):
            self.ids = list(clones.make(number, tenant=tenant))

    def flow(self, pack: Pack | None = None, at: datetime = NOON) -> Partnerflow:
        """Return ours, which may go by another pack and have another day."""
        store = SQLAlchemyStore(self.clones.engine, tenant=f"{self.clones.pattern}, ours")
        return flow_on(store, pack or self.pack, lambda: at)

    def show(
        self, ours: Callable[[int], object], theirs: Callable[[Hand, int], object], rounds: int, goal: str = "1.5x"
    ) -> None:
        """Time ours against each hand, and show it."""
        calls: dict[str, Callable[[int], object]] = {OURS: ours}
        calls |= {name: partial(theirs, hand) for name, hand in self.hands.items()}
        taken = in_turns({name: partial(self._timed, call) for name, call in calls.items()}, rounds)
        for name in self.hands:
            _show(f"  {name}", taken[OURS], taken[name], "" if name == HANDS[2] else goal)

    def _timed(self, call: Callable[[int], object], turn: int) -> tuple[float, float]:
        gc.collect()
        cpu, wall = time.process_time(), time.perf_counter()
        call(turn)
        return (time.process_time() - cpu) / len(self.ids), (time.perf_counter() - wall) / len(self.ids)


def _fire_many(flow: Partnerflow, ids: Sequence[UUID], key: str) -> None:
    from partnerflow import Step as Asked

    for _ in flow.fire_many((Asked(each, "renew") for each in ids), by=OFFICE, key=key):
        pass


class _TimedPack(Pack):
    """A pack that adds up how long it is asked."""

    spent = 0.0

    def ask(self, *asked: Any, **more: Any) -> Report:
        return self._timed(super().evaluate, *asked, **more)

    def due_dates(self, *asked: Any) -> Mapping[str, date | None]:
        return self._timed(super().due_dates, *asked)

    def _timed(self, call: Callable[..., T], *asked: Any, **more: Any) -> T:
        begun = time.perf_counter()
        try:
            return call(*asked, **more)
        finally:
            type(self).spent += time.perf_counter() - begun


def _policies_apart(engine: Engine, number: int) -> None:
    """Say how much of many steps, and of a sweep, under the default pack is its policies' own time."""
    *_, (label, default, records) = packs()
    clones = Clones(engine, default, records, pattern="pattern: default")
    for tenant in ("fired, default pack", "swept, default pack"):
        ids = list(clones.make(number, tenant=tenant))
        pack = _TimedPack(**attrs.asdict(default, recurse=False) | {"leads": (30,)})
        flow = flow_on(SQLAlchemyStore(engine, tenant=tenant), pack)
        _TimedPack.spent, begun = 0.0, time.perf_counter()
        if tenant.startswith("swept"):
            flow.sweep()
        else:
            _fire_many(flow, ids, "batch")
        each, asked = short((time.perf_counter() - begun) / number), short(_TimedPack.spent / number)
        print(f"  {label}, {number:,} {tenant.partition(',')[0]}: {each} each, {asked} of it the policies' own")


# --- 3. few among many ---------------------------------------------------------------------------------------------


def few_among_many(place: Place, number: int, rounds: int) -> None:
    due, few = number // 1_000, number // 100
    heading(
        f"3. A sweep of {due:,} that are due, on {place.title}: wall clock",
        f"flow.sweep() where {number:,} are stored",
        f"flow.sweep() where {few:,} are stored",
    )
    engine = place.engine("sweeps")
    clock = [NOON]
    stored = {OURS: number, FEW: few}
    flows = {name: _stored(engine, name, many, due, lambda: clock[0]) for name, many in stored.items()}
    place.settle(engine)
    unlike = 0

    def swept(flow: Partnerflow, turn: int) -> tuple[float, float]:
        nonlocal unlike
        clock[0] = NOON + timedelta(days=turn + 1)
        cpu, wall = time.process_time(), time.perf_counter()
        notices = flow.sweep().notices
        taken = time.process_time() - cpu, time.perf_counter() - wall
        unlike += len(notices) != due
        return taken

    taken = in_turns({name: partial(swept, flow) for name, flow in flows.items()}, rounds)
    _show(f"{due:,} reminders" + (f"; NOT in {unlike} sweeps" if unlike else ""), taken[OURS], taken[FEW], "2x")


def _stored(engine: Engine, prefix: str, number: int, due: int, clock: Clock) -> Partnerflow:
    """Fill tables of their own, so that on each of ten days the same number comes due, scattered among the others."""
    tables = Tables(prefix=f"{prefix}_")
    create_tables(engine, tables)
    lasting = number - LOTS * due
    for lot in range(LOTS):
        pack, records = one_rule(EXAMPLE_DAY + timedelta(days=31 + lot))
        clones = Clones(engine, pack, records, pattern=f"pattern: {lot}", tables=tables)
        clones.make(due, apart=max(lasting // due, 1))
    pack, records = one_rule(EXAMPLE_DAY + timedelta(days=500))
    if lasting:
        Clones(engine, pack, records, pattern="pattern: lasting", tables=tables).make(lasting)
    return flow_on(SQLAlchemyStore(engine, tables=tables), pack, clock)


# --- all of it -----------------------------------------------------------------------------------------------------


def main() -> None:
    parser = argparse.ArgumentParser(description="Print what keeping costs, as ratios measured in one run.")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and partnerships: in minutes, and less sure")
    parser.add_argument(
        "--partnerships", type=int, metavar="N", help="how many at once (100,000; quick: 2,000); section 3 stores 10 N"
    )
    parser.add_argument("--on", nargs="+", choices=PLACES, default=PLACES, help="which databases (all)")
    parser.add_argument("--only", nargs="+", type=int, choices=SECTIONS, default=SECTIONS, help="which sections (all)")
    parser.add_argument("--postgresql", metavar="URL", help="a server on which to make, and drop, a database")
    given = parser.parse_args()
    number = given.partnerships or (2_000 if given.quick else 100_000)
    begun = time.perf_counter()
    gc.freeze()  # what the imports made need not be looked through before every round
    print(f"Python {platform.python_version()}, SQLAlchemy {sqlalchemy.__version__}, SQLite {sqlite3.sqlite_version}")
    for rival in RIVALS:
        print(f"{rival.name}: {rival}")
    for name in given.on:
        with postgresql(given.postgresql) if name == "postgresql" else sqlite(name.upper()) as place:
            if isinstance(place, str):
                print(f"\n{place}")
                continue
            if 1 in given.only:
                one_step(place, 5 if given.quick else 21)
            if 2 in given.only:
                many(place, number, 2 if given.quick else 3)
            if 3 in given.only:
                few_among_many(place, number * 10, 3 if given.quick else LOTS)
    print(f"\nmedians over rounds in which all sides took turns; {time.perf_counter() - begun:.0f} s in all")


if __name__ == "__main__":
    main()
