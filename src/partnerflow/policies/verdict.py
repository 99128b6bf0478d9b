"""The words that policies answer in: what is wrong, until when something holds, and what they need to know.

A policy yields a Problem for each thing that is wrong and an Until for each day after which it will be. It asks for
what it needs with `need`, so that evidence which is absent becomes the outcome `missing`, never a pass. Sentences and
their facts are kept apart, so that they can be translated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import NoReturn, TypeAlias, TypeVar

from partnerflow.dossier import Absent, Dossier
from partnerflow.records import NO_END

T = TypeVar("T")


class Problem:
    """One thing that is wrong: where, and a sentence with its facts kept apart so that it can be translated.

    `where` is a record, the partner, the partnership, or a path as text; `field` a field of it. `mends_on` is the first
    day on which time alone will have mended it.
    """

    __slots__ = ("absent", "facts", "field", "label", "mends_on", "template", "where")

    def __init__(
        self, where: object, field: str | None, template: str, /, *, mends_on: date | None = None, **facts: object
    ) -> None:
        self.where, self.field, self.template, self.facts = where, field, template, facts
        self.mends_on = mends_on
        self.absent = False
        self.label = ""

    @property
    def message(self) -> str:
        """The sentence with its facts."""
        return filled(self.template, self.facts)

    @property
    def path(self) -> str:
        """Where it is, as a JSON Pointer once the engine has found it."""
        return str(self.where) if self.field is None else f"{self.where}/{self.field}"

    def found_in(self, dossier: Dossier) -> Problem:
        """Say where it is as a JSON Pointer into *dossier*, and name the record that lies there."""
        self.label = dossier.label(self.where)
        self.where, self.field = dossier.pointer(self.where, self.field), None
        _ = self.message  # a sentence that cannot be made is the policy's error, not that of whoever reads the report
        return self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Problem) and (self.path, self.message, self.absent, self.mends_on) == (
            other.path, other.message, other.absent, other.mends_on,
        )  # fmt: skip

    def __hash__(self) -> int:
        return hash((self.path, self.message))

    def __repr__(self) -> str:
        return f"Problem({self.path!r}, {self.message!r})"


def lack(where: object, field: str | None = None, template: str = "is not on file", /, **facts: object) -> Problem:
    """Say that one of several facts is absent, and go on to the next; `need` stops at the first."""
    problem = Problem(where, field, template)
    problem.facts, problem.absent = facts, True
    return problem


PASSED = " on {day}, which has passed"
"""What is said after the sentence of an Until whose day is past."""


class Until:
    """This holds through *day*; *what* happens then ("general liability cover ends"), with its facts kept apart."""

    __slots__ = ("day", "facts", "what")

    def __init__(self, day: date, what: str, /, **facts: object) -> None:
        self.day, self.what, self.facts = day, what, facts

    def passed(self) -> Problem:
        """Return what is wrong once the day is past."""
        problem = Problem("", None, self.what + PASSED)
        problem.facts = {**self.facts, "day": self.day}
        _ = problem.message
        return problem

    def __repr__(self) -> str:
        return f"Until({self.day.isoformat()}, {filled(self.what, self.facts)!r})"


Verdict: TypeAlias = Iterator[Problem | Until]


class NotApplicable(Exception):
    """The policy does not bear on this partnership: an answer, not an error."""


def need(value: T | None, where: object, field: str | None = None) -> T:
    """Return *value*, or make the policy's outcome `missing` if it is None.

    *where* names it: a path as text, or a record and the *field* of it.
    """
    if value is None:
        raise Absent(where, field)
    return value


def each(several: Iterable[T], judge: Callable[[T], Verdict]) -> Verdict:
    """Judge several of a kind where all must do: what one lacks hides nothing that is wrong with the next."""
    for one in several:
        try:
            yield from judge(one)
        except Absent as absent:
            yield lack(absent.where, absent.field)


def best_of(several: Iterable[T], judge: Callable[[T], Verdict], on: date) -> Verdict:
    """Judge several of a kind where one will do: the one that holds longest, or else what is wrong with each.

    `need` that there is one first: of none at all, nothing is wrong.
    """
    wrong: list[Problem] = []
    best: Until | None = None
    for one in several:
        ends: Until | None = None
        faults = len(wrong)
        try:
            for said in judge(one):
                if isinstance(said, Problem):
                    wrong.append(said)
                elif ends is None or said.day < ends.day:
                    ends = said
        except Absent as absent:
            wrong.append(lack(absent.where, absent.field))
        if len(wrong) == faults:
            ends = ends or Until(NO_END, "")
            if best is None or ends.day > best.day:
                best = ends
    if best is None or best.day < on:
        yield from wrong
    if best is not None:
        yield best


def not_applicable(why: str) -> NoReturn:
    """Make the outcome `not_applicable`; only after every fact that this rests on was there (`need`)."""
    raise NotApplicable(why)


def filled(template: str, facts: Mapping[str, object]) -> str:
    """Fill facts into a sentence."""
    if "{" not in template and "}" not in template:
        return template
    return template.format(**{name: in_words(value) for name, value in facts.items()})


def in_words(value: object) -> str:
    """Write a fact as it stands in a sentence."""
    if isinstance(value, frozenset):
        value = tuple(sorted(map(str, value)))
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
