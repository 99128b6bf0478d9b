"""What a waiver covers: the problems that its policy reported when it was granted, and less of the same."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from partnerflow.dossier import Dossier
from partnerflow.records import CoveredProblem, Waiver
from partnerflow.records.registry import kind_of, shown_key

from .finding import Better, Finding, Outcome
from .verdict import PASSED, Problem, in_words, plain

_IN_RECORD = re.compile(r"/records/(\d+)(?:/(.*))?")
_BESIDE = re.compile(r"/neighbours/\d+(?:/(.*))?")
_AMOUNT = re.compile(r"(-?\d+(?:\.\d+)?)( \S+)?")


def covered_by_grant(today: Finding, after: Finding | None, dossier: Dossier) -> tuple[CoveredProblem, ...]:
    """Return what a waiver covers that is granted on the day of *today*, the finding of its policy.

    Where nothing is wrong today, that is the passing of the last day that the finding names; *after* is the finding on
    the day after that one.
    """
    if today.outcome is Outcome.ERROR:
        return ()
    problems = today.problems
    if not problems and after is not None:
        problems = tuple(problem for problem in after.problems if _is_passing(problem, today))
    return tuple(_covered(problem, dossier) for problem in problems)


def uncovered(finding: Finding, waiver: Waiver, dossier: Dossier, better: Mapping[str, Better]) -> tuple[Problem, ...]:
    """Return the problems of *finding* that *waiver* does not cover.

    *better* names the facts by which less of the same is measured.
    """
    if waiver.covers_all:
        return ()
    given = waiver.covers or ()
    return tuple(
        problem
        for problem in finding.problems
        if not any(_is_no_worse(_covered(problem, dossier), one, better) for one in given)
    )


def _covered(problem: Problem, dossier: Dossier) -> CoveredProblem:
    """Return a problem of *dossier* in a form that later files can be compared with: records by kind and key."""
    place = {"field": problem.path}
    key: tuple[str, ...] = ()
    found = _IN_RECORD.fullmatch(problem.path)
    if found is not None and int(found[1]) < len(dossier.entries):
        entry = dossier.entries[int(found[1])]
        place = {"kind": kind_of(entry.record), "field": found[2] or ""}
        key = tuple(map(in_words, shown_key(entry.record)))
    elif (beside := _BESIDE.fullmatch(problem.path)) is not None:
        place, key = {"kind": "neighbour", "field": beside[1] or ""}, (problem.label,)
    facts = {name: str(plain(fact)) for name, fact in problem.facts.items()}
    return CoveredProblem(**place, key=key, sentence=problem.template, facts=facts)


def _is_passing(problem: Problem, finding: Finding) -> bool:
    """Return whether *problem* is that the last day which *finding* names has passed."""
    return problem.template.endswith(PASSED) and problem.facts.get("day") == finding.until


def _is_no_worse(now: CoveredProblem, given: CoveredProblem, better: Mapping[str, Better]) -> bool:
    """Return whether *now* is the problem *given*, or less of it."""
    same_place = (now.kind, now.key, now.field, now.sentence) == (given.kind, given.key, given.field, given.sentence)
    if not same_place or now.facts.keys() != given.facts.keys():
        return False
    return all(
        fact == given.facts[name] or (name in better and _is_better(fact, given.facts[name], better[name]))
        for name, fact in now.facts.items()
    )


def _is_better(now: str, given: str, better: Better) -> bool:
    """Return whether one amount is better than another of the same unit; what is no amount never is."""
    new, old = _AMOUNT.fullmatch(now), _AMOUNT.fullmatch(given)
    if new is None or old is None or new[2] != old[2]:
        return False
    return Decimal(new[1]) > Decimal(old[1]) if better == "more" else Decimal(new[1]) < Decimal(old[1])
