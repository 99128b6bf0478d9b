"""Measuring two things in turns, so that what is shown is a ratio and moves little with the machine."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median, quantiles


@dataclass(frozen=True)
class Side:
    """One of two things compared: *prepare* returns the call that is timed, on fresh data, *times* over."""

    prepare: Callable[[], Callable[[], object]]
    times: int


@dataclass(frozen=True)
class Measured:
    """Seconds per call of both sides, one of each a round."""

    ours: Sequence[float]
    other: Sequence[float]

    @property
    def ratios(self) -> list[float]:
        """Ours over the other's, round by round."""
        return [mine / theirs for mine, theirs in zip(self.ours, self.other, strict=True)]


def seconds_per_call(side: Side) -> tuple[float, float]:
    """Time one round of *side* by CPU and by the clock on the wall, with the garbage collector out of the way."""
    call = side.prepare()
    call()
    gc.collect()
    gc.disable()
    try:
        cpu, wall = time.process_time(), time.perf_counter()
        for _ in range(side.times):
            call()
        return (time.process_time() - cpu) / side.times, (time.perf_counter() - wall) / side.times
    finally:
        gc.enable()


def compare(ours: Side, other: Side, rounds: int) -> tuple[Measured, Measured]:
    """Run both sides in turn, each beginning every other round; a first round is discarded. CPU, then wall."""
    mine, theirs = [], []
    for turn in range(rounds + 1):
        for side, taken in ((ours, mine), (other, theirs)) if turn % 2 else ((other, theirs), (ours, mine)):
            taken.append(seconds_per_call(side))
    cpu, wall = (Measured([m[at] for m in mine[1:]], [t[at] for t in theirs[1:]]) for at in (0, 1))
    return cpu, wall


def heading(title: str, ours: str, other: str) -> None:
    print(f"\n{title}\n  ours:    {ours}\n  against: {other}")
    print(f"  {'':<44}{'ours':>10}{'against':>11}{'ratio':>9}   {'middle half':<13}goal")


def show(label: str, measured: Measured, goal: str = "") -> None:
    low, _, high = quantiles(measured.ratios, n=4)
    print(
        f"  {label:<44}{short(median(measured.ours)):>10}{short(median(measured.other)):>11}"
        f"{median(measured.ratios):>8.2f}x   {f'{low:.2f}-{high:.2f}':<13}{goal}",
        flush=True,
    )


def short(seconds: float) -> str:
    return f"{seconds * 1e3:.2f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.1f} us"
