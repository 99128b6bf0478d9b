"""What a report costs, as ratios measured in one run: run it with `python benchmarks/policies.py [--quick]`.

Our report against other engines that make the same 25 checks, forty policies against forty bare lambdas, a report
written out against the same data written out by others, and how many dossiers a second. Times are CPU. It asserts
nothing: it exits 0 whatever it finds.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import json
import platform
import resource
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import attrs
from engines import ENGINES, Failing, bare
from engines.case import BROKEN, CODES, as_json, broken_dossier, dossiers, ours, valid_dossier
from engines.forty import asked_of, forty, with_own
from measuring import Side, compare, heading, short, show

from partnerflow import Dossier
from partnerflow.dossier import RecordIndex
from partnerflow.policies import Report, load_pack
from partnerflow.testing import EXAMPLE_DAY, example_dossier

CHUNK = 200
"""How many dossiers are made before they are evaluated; more are never in memory."""
OF_ONE_KIND = 50
"""How many reports are made before each is written out, once."""


def failed(report: Report) -> set[str]:
    return {finding.code for finding in report.findings if finding.is_blocking}


def again(call: Callable[[], object], times: int) -> Side:
    """Return a side that needs no fresh data."""
    return Side(lambda: call, times)


# --- 1. other engines ----------------------------------------------------------------------------------------------


def engines(rounds: int) -> None:
    valid, broken = as_json(valid_dossier()), as_json(broken_dossier())
    heading(
        f"1. The same {len(CODES)} checks of the same dossiers; under 1x, ours is the cheaper",
        "pack.check(..., on=day, trigger='amend', by=office): a whole Report, of a Dossier or of the JSON",
        "the codes of what fails, of the JSON; what the host must do first for the engine is counted with it",
    )
    for label, ground, expected in (("valid", valid_dossier(), set()), ("broken", broken_dossier(), BROKEN)):
        for given in (ground, as_json(ground)):
            found = failed(ours(given))
            if found != expected:
                print(f"  ours finds {sorted(found)} in the {label} one, not {sorted(expected)}")
    for engine in ENGINES:
        failing = engine.failing()
        if failing is None:
            print(f"  {engine.distribution} is not installed and left out: pip install {engine.distribution}")
            continue
        print(f"  {engine}: {engine.written}; {_finds(failing, valid, broken)}")
        for label, dossier, mapping in (("valid", valid_dossier(), valid), ("broken", broken_dossier(), broken)):
            other = again(lambda mapping=mapping, failing=failing: failing(mapping), 30)
            show(f"    {label}, ours of a Dossier", compare(again(lambda d=dossier: ours(d), 60), other, rounds)[0])
            show(f"    {label}, ours of the JSON", compare(again(lambda m=mapping: ours(m), 15), other, rounds)[0])


def _finds(failing: Failing, valid: Mapping[str, Any], broken: Mapping[str, Any]) -> str:
    found, wrongly = failing(broken), failing(valid) | (failing(broken) - BROKEN)
    lost = sorted(BROKEN - found)
    said = f"finds {len(found & BROKEN)} of the {len(BROKEN)} that are broken"
    return said + (f", loses {', '.join(lost)}" if lost else "") + (f", finds {sorted(wrongly)} too" if wrongly else "")


# --- 2. bare lambdas -----------------------------------------------------------------------------------------------


def lambdas(rounds: int) -> None:
    heading(
        f"2. {len(forty().rules)} policies on one dossier",
        "pack.check(dossier, on=day, trigger='amend', by=office): findings with reasons and due dates",
        f"{len(bare.LAMBDAS)} bare lambdas over records found beforehand: the codes of what fails, and no more",
    )
    for label, dossier in _in_two_ways():
        found = bare.found_in(dossier)
        mine, theirs = failed(asked_of(dossier)), set(bare.failing(found))
        same = f"both find {len(mine)}" if mine == theirs else f"differing over {sorted(mine ^ theirs)}"
        other = again(lambda found=found: bare.failing(found), 1000)
        show(
            f"{label} ({same})",
            compare(again(lambda dossier=dossier: asked_of(dossier), 100), other, rounds)[0],
            "100 us, 12x",
        )
        show(
            f"{label}, indexed anew, as every load is",
            compare(again(lambda dossier=dossier: asked_of(_anew(dossier)), 100), other, rounds)[0],
        )
    found = bare.found_in(with_own(valid_dossier()))
    default, example = load_pack("default"), example_dossier("active")
    asked = len(default.check(example, on=EXAMPLE_DAY).findings)
    other = again(lambda: bare.failing(found), 1000)
    whole = compare(again(lambda: default.check(example, on=EXAMPLE_DAY), 100), other, rounds)[0]
    show(f"the default pack in `active`: {asked} findings", whole)


def _in_two_ways() -> Iterator[tuple[str, Dossier]]:
    """Yield the dossiers as they are read, so that it is known of each record that its texts say something."""
    yield "valid", Dossier.from_mapping(with_own(valid_dossier()).to_mapping())
    yield "broken", Dossier.from_mapping(with_own(broken_dossier()).to_mapping())


def _anew(dossier: Dossier) -> Dossier:
    return attrs.evolve(dossier, on_file=RecordIndex(dossier.entries))


# --- 3. what a report is good for ----------------------------------------------------------------------------------


def reports(rounds: int) -> None:
    heading(
        "3. A report of forty findings, written out",
        "to_data() and explain() of it",
        "attrs.asdict() of it, and json.dumps(..., indent=2) of its data",
    )
    for label, dossier in _in_two_ways():
        report = asked_of(dossier)
        data = report.to_data()
        others: dict[str, Callable[[], object]] = {
            "to_data": lambda report=report: attrs.asdict(report),
            "explain": lambda data=data: json.dumps(data, indent=2),
        }
        for name, other in others.items():
            # a report keeps what it found out of itself, so that each is asked of a new one
            made = Side(lambda dossier=dossier, name=name: _of_new_ones(dossier, name), OF_ONE_KIND)
            show(f"{label}: {name}()", compare(made, again(other, OF_ONE_KIND), rounds)[0])


def _of_new_ones(dossier: Dossier, name: str) -> Callable[[], object]:
    methods = [getattr(asked_of(dossier), name) for _ in range(OF_ONE_KIND + 1)]

    def write() -> object:
        return methods.pop()()

    return write


# --- 4. many dossiers ----------------------------------------------------------------------------------------------


def many(number: int) -> None:
    print(f"\n4. {number:,} dossiers in a row, all distinct, one of ten broken in seven places; {len(CODES)} checks")
    for label, made in (
        ("of Dossiers, indexed anew", dossiers(number)),
        ("of JSON, reading included", map(as_json, dossiers(number))),
    ):
        _judge_all(label, number, made)


def _judge_all(label: str, number: int, made: Iterable[Dossier | Mapping[str, Any]]) -> None:
    """Evaluate chunk by chunk, so that making the dossiers is not timed and few are in memory."""
    spent, sound, done, early = 0.0, 0, 0, 0.0
    for chunk in _chunks(iter(made)):
        begun = time.process_time()
        for given in chunk:
            sound += not ours(given).broken
        spent += time.process_time() - begun
        done += len(chunk)
        if not early and done * 10 >= number:
            early = _peak()
    print(
        f"  {label:<44}{number / spent:>10,.0f} a second, {short(spent / number)} each; {sound:,} sound; "
        f"peak memory {early:,.0f} MB after a tenth, {_peak():,.0f} MB at the end",
        flush=True,
    )


def _chunks(made: Iterator[Any]) -> Iterator[list[Any]]:
    while chunk := list(itertools.islice(made, CHUNK)):
        yield chunk


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


# --- all of it -----------------------------------------------------------------------------------------------------


def main() -> None:
    parser = argparse.ArgumentParser(description="Print what a report costs, as ratios measured in one run.")
    parser.add_argument("--quick", action="store_true", help="fewer rounds: in seconds, and less sure")
    parser.add_argument("--dossiers", type=int, metavar="N", help="how many to judge in a row (100,000; quick: 2,000)")
    given = parser.parse_args()
    rounds = 4 if given.quick else 21
    begun = time.perf_counter()
    gc.freeze()  # what the imports made need not be looked through before every round
    print(f"Python {platform.python_version()}")
    engines(rounds)
    lambdas(rounds)
    reports(rounds)
    many(given.dossiers or (2_000 if given.quick else 100_000))
    print(f"\nmedians over rounds in which both sides took turns; {time.perf_counter() - begun:.0f} s in all")


if __name__ == "__main__":
    main()
