"""What a policy is: a pure function with a card, and the words that it answers in.

A policy reads a dossier and a day, and yields a Problem for each thing that is wrong and an Until for each day after
which it will be. It asks for what it needs with `need`, so that evidence which is absent becomes the outcome `missing`,
never a pass. It compares no dates itself: it says until when it holds, and the engine does the rest.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Any, NoReturn, TypeAlias, TypeVar, get_type_hints

import attrs

from partnerflow.actors import Actor
from partnerflow.dossier import Absent, Dossier
from partnerflow.lifecycle import DEFAULT, Move
from partnerflow.records import NO_END
from partnerflow.records.conversion import read_record, structure

T = TypeVar("T")

FILE = "file"
"""Stands among the triggers that a policy guards for the filing of records."""
ANY_TRIGGER = "*"
"""Stands for every trigger of whatever table, filing apart."""


class Outcome(StrEnum):
    """What came of asking a policy."""

    PASSED = "passed"
    FAILED = "failed"
    MISSING = "missing"
    ERROR = "error"
    NOT_APPLICABLE = "not_applicable"


class Severity(StrEnum):
    """Whether a finding can stop anything."""

    BLOCKING = "blocking"
    ADVISORY = "advisory"


class Problem:
    """One thing that is wrong: where, and a sentence with its facts kept apart so that it can be translated.

    `where` is a record, the partner, the partnership, or a path as text; `field` a field of it. `mends_on` is the first
    day on which time alone will have mended it.
    """

    __slots__ = ("absent", "facts", "field", "mends_on", "template", "where")

    def __init__(
        self, where: object, field: str | None, template: str, /, *, mends_on: date | None = None, **facts: object
    ) -> None:
        self.where, self.field, self.template, self.facts = where, field, template, facts
        self.mends_on = mends_on
        self.absent = False

    @property
    def message(self) -> str:
        """The sentence with its facts."""
        return self.template.format(**self.facts)

    @property
    def path(self) -> str:
        """Where it is, as a JSON Pointer once the engine has found it."""
        return str(self.where) if self.field is None else f"{self.where}/{self.field}"

    def found_in(self, dossier: Dossier) -> Problem:
        """Give the problem with its place as a JSON Pointer into *dossier*."""
        found = Problem(dossier.pointer(self.where, self.field), None, self.template, mends_on=self.mends_on)
        found.facts, found.absent = self.facts, self.absent
        _ = found.message  # a sentence that cannot be made is the policy's error, not that of whoever reads the report
        return found

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


@attrs.frozen
class Until:
    """This holds through *day*; *what* happens then ("general liability cover ends")."""

    day: date
    what: str


Given: TypeAlias = Mapping[str, Any] | Sequence[Mapping[str, Any]]
Verdict: TypeAlias = Iterator[Problem | Until]
Body: TypeAlias = Callable[..., Verdict]


class NotApplicable(Exception):
    """The policy does not bear on this partnership: an answer, not an error."""


def need(value: T | None, where: object, field: str | None = None) -> T:
    """Give *value*, or make the policy's outcome `missing` if it is None.

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
        said = list(each([one], judge))
        problems = [problem for problem in said if isinstance(problem, Problem)]
        wrong += problems
        if not problems:
            ends = min((until for until in said if isinstance(until, Until)), key=_day, default=Until(NO_END, ""))
            best = ends if best is None else max(best, ends, key=_day)
    if best is None or best.day < on:
        yield from wrong
    if best is not None:
        yield best


def _day(until: Until) -> date:
    return until.day


def not_applicable(why: str) -> NoReturn:
    """Make the outcome `not_applicable`; only after every fact that this rests on was there (`need`)."""
    raise NotApplicable(why)


@attrs.frozen(kw_only=True)
class Granted:
    """The waiver that a finding stands under."""

    entry_id: str | None
    requested_by: str
    approved_by: str
    expires_on: date
    reason: str


@attrs.frozen(kw_only=True)
class Finding:
    """What one policy says of one dossier on one day."""

    code: str
    title: str
    revision: int
    outcome: Outcome
    problems: tuple[Problem, ...] = ()
    until: date | None = None
    """The last day on which this still holds, as far as the policy knows."""
    lapsed_on: date | None = None
    """The last day on which it held, where it failed because that day is past."""
    severity: Severity = Severity.BLOCKING
    enforced: bool = True
    gates: bool = True
    """Whether it is asked for the trigger, and so can stop it."""
    stands: bool = True
    """Whether it is asked for the state, and so is asked again as time passes."""
    waiver: Granted | None = None
    fix: str = ""
    cites: tuple[str, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong, or what is wrong is waived."""
        return self.outcome in _SOUND or self.waiver is not None

    @property
    def counts(self) -> bool:
        """Whether it is wrong in earnest: blocking, enforced, not waived."""
        return not self.sound and self.enforced and self.severity is Severity.BLOCKING

    @property
    def mends_on(self) -> date | None:
        """The first day on which time alone will have mended it."""
        days = [problem.mends_on for problem in self.problems]
        return max(day for day in days if day) if days and all(days) else None


_SOUND = frozenset({Outcome.PASSED, Outcome.NOT_APPLICABLE})


@attrs.frozen
class Example:
    """A file that shows what a policy means, as the mapping that a host would send.

    `asks` (the trigger and the actor) and `filing` (records) stand beside the mapping where a policy reads who asks.
    """

    mapping: Mapping[str, Any]
    asks: Mapping[str, Any] | None = None
    filing: Sequence[Mapping[str, Any]] = ()

    @classmethod
    def of(cls, given: Given, state: str) -> Example:
        """Make a whole file of a few records, or of the parts that matter."""
        parts: dict[str, Any] = dict(given) if isinstance(given, Mapping) else {"records": list(given)}
        asks, filing = parts.pop("asks", None), parts.pop("filing", ())
        partner = {"name": "Riverbend Youth Center", **parts.pop("partner", {})}
        return cls({"partner": partner, "partnership": {"state": state}, "records": [], **parts}, asks, filing)

    def dossier(self) -> Dossier:
        """Read the file, with the move that is asked."""
        dossier = Dossier.from_mapping(self.mapping)
        if self.asks is None:
            return dossier
        by = None if self.asks["by"] is None else structure(self.asks["by"], Actor, "by")
        state = dossier.partnership.state
        move = Move(self.asks["trigger"], state, state, by=by)
        return attrs.evolve(
            dossier, move=move, filing=tuple(read_record(record["kind"], record) for record in self.filing)
        )


@attrs.frozen(kw_only=True, eq=False)
class Policy:
    """A rule and its card. Calling it judges a dossier, with nothing else running, and gives one Finding."""

    code: str
    title: str
    body: Body
    cites: tuple[str, ...]
    fix: str
    holds_in: frozenset[str] = frozenset()
    """The states whose promise it is part of."""
    guards: frozenset[str] = frozenset()
    """The triggers that it stands before, whatever state they lead to."""
    severity: Severity = Severity.BLOCKING
    revision: int = 1
    max_waiver_days: int = 365
    """The longest that it can be waived for; 0: never."""
    authority: bool = False
    """Whether it reads who asks."""
    compares: bool = False
    """Whether it reads `dossier.neighbours`; such a policy only guards."""
    examples: Mapping[str, Given] = attrs.field(factory=dict, repr=False)
    """By outcome: `passing`, `failing`, `missing`."""

    def __call__(self, dossier: Dossier | Mapping[str, Any], on: date, **parameters: object) -> Finding:
        """Judge *dossier* on the day *on*. Raises InvalidRecord for a mapping of the wrong shape."""
        read = dossier if isinstance(dossier, Dossier) else Dossier.from_mapping(dossier)
        return self.judge(read, on, {**self.defaults, **parameters})

    @cached_property
    def defaults(self) -> Mapping[str, object]:
        """The parameters and the values they have unless a pack says otherwise."""
        found = inspect.signature(self.body).parameters.values()
        return {parameter.name: parameter.default for parameter in found if parameter.kind is parameter.KEYWORD_ONLY}

    @cached_property
    def types(self) -> Mapping[str, Any]:
        """The types of the parameters."""
        hints = get_type_hints(self.body)
        return {name: hints[name] for name in self.defaults}

    @property
    def doc(self) -> str:
        """Why there is such a policy, in its author's words."""
        return inspect.getdoc(self.body) or ""

    def example(self, outcome: str) -> Example:
        """Give the card's example of `passing`, `failing` or `missing`."""
        held = (state for state in DEFAULT.states if state in self.holds_in)
        guarded = (row.sources[0] for row in DEFAULT.rows if row.trigger in self.guards and row.sources)
        return Example.of(self.examples[outcome], str(next(held, None) or next(guarded, "intake")))

    def judge(self, dossier: Dossier, on: date, parameters: Mapping[str, object]) -> Finding:
        """Run the body and turn what it says, or how it fails, into one Finding."""
        problems: list[Problem] = []
        until, lapsed = NO_END, None
        outcome = Outcome.PASSED
        try:
            for said in self.body(dossier, on, **parameters):
                if isinstance(said, Problem):
                    problems.append(said.found_in(dossier))
                elif said.day < on:
                    lapsed = min(said.day, lapsed or said.day)
                    problems.append(
                        Problem("", None, "{what} on {day}, which has passed", what=said.what, day=said.day)
                    )
                elif said.day < until:
                    until = said.day
        except Absent as absent:
            problems.append(lack(absent.where, absent.field).found_in(dossier))
        except NotApplicable:
            outcome = Outcome.NOT_APPLICABLE
        except Exception as error:  # noqa: BLE001  whatever a policy does, it must not let anything through
            outcome = Outcome.ERROR
            problems.append(
                Problem("", None, "the policy itself failed: {error}", error=f"{type(error).__name__}: {error}")
            )
        if not problems:
            return _sound(self, outcome, None if until == NO_END else until)
        if outcome is not Outcome.ERROR:
            outcome = Outcome.MISSING if all(problem.absent for problem in problems) else Outcome.FAILED
        return Finding(
            code=self.code,
            title=self.title,
            revision=self.revision,
            outcome=outcome,
            problems=tuple(problems),
            lapsed_on=lapsed,
            severity=Severity.BLOCKING if outcome is Outcome.ERROR else self.severity,
            fix=_filled(self.fix, parameters),
            cites=self.cites,
        )


@lru_cache(maxsize=4096)
def _sound(policy: Policy, outcome: Outcome, until: date | None) -> Finding:
    """Give what is said where nothing is wrong; it is the same for everyone whose papers end on the same day."""
    return Finding(
        code=policy.code, title=policy.title, revision=policy.revision, outcome=outcome, until=until,
        severity=policy.severity, cites=policy.cites,
    )  # fmt: skip


def _filled(fix: str, parameters: Mapping[str, object]) -> str:
    if "{" not in fix and "}" not in fix:
        return fix
    return fix.format(**{name: in_words(value) for name, value in parameters.items()})


def in_words(value: object) -> str:
    """Write a parameter as it stands in a sentence."""
    if isinstance(value, frozenset):
        value = tuple(sorted(map(str, value)))
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def policy(
    code: str,
    title: str,
    *,
    cites: Sequence[str],
    fix: str,
    holds_in: Collection[str] = (),
    guards: Collection[str] = (),
    severity: str = "blocking",
    revision: int = 1,
    max_waiver_days: int = 365,
    authority: bool = False,
    compares: bool = False,
    passing: Given | None = None,
    failing: Given | None = None,
    missing: Given | None = None,
) -> Callable[[Body], Policy]:
    """Turn a function of a dossier, a day and keyword-only parameters into a Policy.

    *passing*, *failing* and *missing* are examples: a list of records, or the parts of a dossier that matter. Raises
    ValueError for a card that could never be asked, or that compares partnerships outside a trigger, and KeyError for a
    fix that names a parameter which the function does not have.
    """
    if not (holds_in or guards) or not cites or not fix:
        raise ValueError(f"policy {code} must hold in a state or guard a trigger, cite a clause and name a fix")
    if compares and holds_in:
        raise ValueError(f"policy {code} compares partnerships, so it can only guard triggers")
    given = {"passing": passing, "failing": failing, "missing": missing}

    def decorate(body: Body) -> Policy:
        made = Policy(
            code=code,
            title=title,
            body=body,
            cites=tuple(cites),
            fix=fix,
            holds_in=frozenset(map(str, holds_in)),
            guards=frozenset(map(str, guards)),
            severity=Severity(severity),
            revision=revision,
            max_waiver_days=max_waiver_days,
            authority=authority,
            compares=compares,
            examples={name: example for name, example in given.items() if example is not None},
        )
        if "{" in fix:
            made.fix.format(**made.defaults)
        return made

    return decorate
