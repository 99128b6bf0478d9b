"""What policies yield: a Problem for what is wrong, an Until for how long something holds; and `need`.

A policy yields a Problem for each thing that is wrong and an Until for each day after which it will be. It reads facts
through `need`, so that absent evidence becomes the outcome `missing`, never a pass. Sentences are templates, apart from
their facts, so that they can be translated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NoReturn, TypeAlias, TypeVar, cast

import attrs

from partnerflow.canonical import canonical, check_text
from partnerflow.dossier import Absent, Dossier
from partnerflow.gate import on_one_line
from partnerflow.records import NO_END
from partnerflow.records.conversion import unstructure

T = TypeVar("T")


@attrs.frozen(init=False, eq=False, repr=False)
class Problem:
    """One thing that is wrong: where, and a sentence with its facts kept apart so that it can be translated.

    `where` is a record, the partner, the partnership, or a path as text; `field` a field of it. `mends_on` is the first
    day on which time alone will have mended it.
    """

    where: object
    field: str | None
    template: str
    facts: Mapping[str, object]
    mends_on: date | None = None
    absent: bool = False
    """Whether it is evidence which is lacking."""
    label: str = ""
    """What is there, once `found_in` has looked."""
    on: date | None = None
    """The earlier day on which it was wrong, for a step that is dated back; None: the day of the report."""

    def __init__(
        self, where: object, field: str | None, template: str, /, *, mends_on: date | None = None, **facts: object
    ) -> None:
        """Make a problem of its place and its sentence; *facts* fill the sentence."""
        self.__attrs_init__(where, field, template, facts, mends_on)  # pyright: ignore[reportAttributeAccessIssue]

    @property
    def message(self) -> str:
        """The sentence with its facts."""
        return filled(self.template, self.facts)

    @property
    def path(self) -> str:
        """Where it is; a JSON Pointer once `found_in` has located it."""
        return str(self.where) if self.field is None else f"{self.where}/{self.field}"

    def found_in(self, dossier: Dossier) -> Problem:
        """Return the problem with a JSON Pointer into *dossier* as its place, and the name of the record there.

        Raises what `_checked` does.
        """
        if self.field is None and isinstance(self.where, str):
            return _checked(self)  # a path as text stays as it is, and has no label
        place, label = dossier.pointer(self.where, self.field), dossier.label(self.where)
        rest = {"mends_on": self.mends_on, "absent": self.absent, "label": label}
        return _checked(_problem(place, None, self.template, self.facts, **rest))

    def marked(self, day: date) -> Problem:
        """Return the problem as one of an earlier day, that of the step itself."""
        rest = {"mends_on": self.mends_on, "absent": self.absent, "label": self.label, "on": day}
        return _problem(self.where, self.field, self.template, self.facts, **rest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Problem) and self._shown() == other._shown()

    def __hash__(self) -> int:
        return hash((self.path, self.message))

    def _shown(self) -> tuple[object, ...]:
        return self.path, self.message, self.absent, self.mends_on, self.on

    def __repr__(self) -> str:
        return f"Problem({self.path!r}, {self.message!r})"


def _problem(where: object, field: str | None, template: str, facts: Mapping[str, object], **rest: Any) -> Problem:
    """Return a problem whose facts may have any name, those of its own arguments too."""
    problem = object.__new__(Problem)
    problem.__attrs_init__(where, field, template, facts, **rest)  # pyright: ignore[reportAttributeAccessIssue]
    return problem


def _checked(problem: Problem) -> Problem:
    """Return *problem*.

    Raises now, while its policy is evaluated, for a sentence that lacks a fact, a fact that cannot be shown or stored,
    and a day that is none: otherwise the whole report could not be read later.
    """
    texts = [problem.path, problem.label, problem.message]
    for fact in problem.facts.values():
        kind = type(fact)
        if kind is str:
            texts.append(cast("str", fact))
        elif kind is not int and kind is not date:  # which can always be shown and stored
            shown = plain(fact)
            texts.append(shown if type(shown) is str else canonical(shown))
    check_text("".join(texts), "text")
    day: object = problem.mends_on
    if day is not None and (not isinstance(day, date) or isinstance(day, datetime)):
        raise TypeError(f"mends_on={day!r} is no day")
    return problem


def lack(where: object, field: str | None = None, template: str = "is not on file", /, **facts: object) -> Problem:
    """Return the problem that one of several facts is absent, and go on to the next; `need` stops at the first."""
    return _problem(where, field, template, facts, absent=True)


def located_absence(absent: Absent, dossier: Dossier) -> Problem:
    """Return the problem that the fact is absent which `need` did not find, located in *dossier*."""
    if isinstance(absent.where, str):
        return _absence_at(absent.where, absent.field)
    return lack(absent.where, absent.field).found_in(dossier)


@lru_cache(maxsize=1024)
def _absence_at(path: str, field: str | None) -> Problem:
    """Return the problem that nothing is at *path*; it is the same in every dossier, and the most frequent one."""
    return _checked(lack(path if field is None else f"{path}/{field}"))


PASSED = " on {day}, which has passed"
"""Added to the sentence of an Until whose day is past."""


class Until:
    """This holds through *day*; *what* happens then ("general liability cover ends"), with its facts kept apart."""

    __slots__ = ("day", "facts", "what")

    def __init__(self, day: date, what: str, /, **facts: object) -> None:
        self.day, self.what, self.facts = day, what, facts

    def passed(self) -> Problem:
        """Return the problem that the day is past."""
        return _checked(_problem("", None, self.what + PASSED, {**self.facts, "day": self.day}))

    def __repr__(self) -> str:
        return f"Until({self.day.isoformat()}, {filled(self.what, self.facts)!r})"


Verdict: TypeAlias = Iterator[Problem | Until]


class NotApplicable(Exception):
    """The policy does not apply to this partnership: an outcome, not an error."""


def need(value: T | None, where: object, field: str | None = None) -> T:
    """Return *value*; if it is None, raise Absent, which makes the policy's outcome `missing`.

    *where* names it: a path as text, or a record and the *field* of it.
    """
    if value is None:
        raise Absent(where, field)
    return value


def each(several: Iterable[T], judge: Callable[[T], Verdict]) -> Verdict:
    """Yield what is wrong with each of several, where all must hold; a fact that one lacks does not end the loop."""
    for one in several:
        try:
            yield from judge(one)
        except Absent as absent:
            yield lack(absent.where, absent.field)


def best_of(several: Iterable[T], judge: Callable[[T], Verdict], on: date) -> Verdict:
    """Yield the longest Until of several, where one is enough; if none holds on the day *on*, what is wrong with each.

    With what is wrong it yields each Until of those, too. Check first, with `need`, that there is at least one: for an
    empty list it yields nothing, which is a pass.
    """
    wrong: list[Problem] = []
    ending: list[Until] = []
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
        elif ends is not None:
            ending.append(ends)
    if best is None or best.day < on:
        yield from wrong
        yield from ending
    if best is not None:
        yield best


def not_applicable(why: str) -> NoReturn:
    """Make the outcome `not_applicable`; call it only after `need` has found every fact that it depends on."""
    raise NotApplicable(why)


def filled(template: str, facts: Mapping[str, object]) -> str:
    """Return a template with its facts filled in."""
    if "{" not in template and "}" not in template:
        return template
    words = {
        name: value if type(value) is str and value.isprintable() else in_words(value) for name, value in facts.items()
    }
    return template.format(**words)


def in_words(value: object) -> str:
    """Return a fact as text for a sentence, on one line: a name that was stored with lines forges none of ours."""
    if isinstance(value, frozenset):
        value = tuple(sorted(map(str, value)))
    text = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return on_one_line(text)


def plain(value: object) -> object:
    """Return a fact as JSON can hold it."""
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(unstructure(value))
