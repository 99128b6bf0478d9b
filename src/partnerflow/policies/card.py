"""What a policy is: a pure function with a card.

A policy reads a dossier and a day, and yields Problems and Untils (`verdict`). It does not compare an end with that
day: it yields the last day on which it holds, and `Policy.evaluate` compares.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from functools import cached_property, lru_cache
from types import GeneratorType
from typing import Any, NamedTuple, TypeAlias, get_type_hints

import attrs

from partnerflow import gate
from partnerflow.actors import Actor
from partnerflow.dossier import Absent, Dossier
from partnerflow.dossier.readable import as_asked
from partnerflow.errors import error_text
from partnerflow.lifecycle import DEFAULT, Move
from partnerflow.records import NO_END
from partnerflow.records.conversion import read_record, structure

from .finding import Better, Finding, Outcome, Owner, Severity
from .verdict import NotApplicable, Problem, Until, Verdict, located_absence

FILE = "file"
"""Among the triggers that a policy guards: the filing of records."""
ANY_TRIGGER = "*"
"""Among the triggers that a policy guards: every trigger of any lifecycle, but not filing."""

ExampleData: TypeAlias = Mapping[str, Any] | Sequence[Mapping[str, Any]]
Body: TypeAlias = Callable[..., Verdict]


class AskedAs(NamedTuple):
    """How a policy is asked: what its finding may stop, and why it is asked."""

    severity: Severity
    enforced: bool = True
    gates: bool = True
    stands: bool = True


@attrs.frozen
class Example:
    """An example dossier for a policy, as the mapping that a host would send.

    `asks` (the trigger and the actor) and `filing` (records) are used by policies that read the actor.
    """

    mapping: Mapping[str, Any]
    asks: Mapping[str, Any] | None = None
    filing: Sequence[Mapping[str, Any]] = ()

    @classmethod
    def of(cls, given: ExampleData, state: str) -> Example:
        """Make a whole dossier of some records, or of the parts that matter."""
        parts: dict[str, Any] = dict(given) if isinstance(given, Mapping) else {"records": list(given)}
        asks, filing = parts.pop("asks", None), parts.pop("filing", ())
        partner = {"name": "Riverbend Youth Center", **parts.pop("partner", {})}
        return cls({"partner": partner, "partnership": {"state": state}, "records": [], **parts}, asks, filing)

    def dossier(self) -> Dossier:
        """Return the dossier, with the move that is requested."""
        dossier = Dossier.from_mapping(self.mapping)
        if self.asks is None:
            return dossier
        by = None if self.asks["by"] is None else structure(self.asks["by"], Actor, "by")
        state = dossier.partnership.state
        move = Move(self.asks["trigger"], state, state, by=by)
        return attrs.evolve(
            dossier, move=move, filing=tuple(read_record(record["kind"], record) for record in self.filing)
        )


@attrs.frozen(kw_only=True, eq=False, slots=False)  # beside slots, a cached property slows all attributes
class Policy:
    """A check and its card. Calling it with a dossier and a day returns one Finding; nothing else is needed."""

    code: str
    title: str
    body: Body
    cites: tuple[str, ...]
    fix: str
    holds_in: frozenset[str] = frozenset()
    """The states in which it must hold."""
    guards: frozenset[str] = frozenset()
    """The triggers that it checks, whatever state they lead to."""
    severity: Severity = Severity.BLOCKING
    owner: Owner = "district"
    """The side that has to act if something is wrong."""
    revision: int = 1
    max_waiver_days: int = 365
    """The most days for which it can be waived; 0: never."""
    authority: bool = False
    """Whether it reads the actor."""
    compares: bool = False
    """Whether it reads `dossier.neighbours`; such a policy only guards."""
    labelled: bool = False
    """Whether it reads a kind with labels, so that a pack may name the label that it goes by."""
    better: Mapping[str, Better] = attrs.field(factory=dict)
    """Facts of its problems, and whether `more` or `less` is less of the same problem, which a waiver then covers."""
    examples: Mapping[str, ExampleData] = attrs.field(factory=dict, repr=False)
    """By outcome: `passing`, `failing`, `missing`."""

    def __call__(self, dossier: Dossier | Mapping[str, Any], on: date, **parameters: object) -> Finding:
        """Evaluate *dossier* on the day *on*. Raises InvalidRecord for a mapping of the wrong shape."""
        gate.day(on, "on")
        read = dossier if isinstance(dossier, Dossier) else Dossier.from_mapping(dossier)
        return self.evaluate(as_asked(read), on, {**self.defaults, **parameters})

    @cached_property
    def defaults(self) -> Mapping[str, object]:
        """The parameters with the values that they have unless a pack sets others."""
        found = inspect.signature(self.body).parameters.values()
        return {parameter.name: parameter.default for parameter in found if parameter.kind is parameter.KEYWORD_ONLY}

    @cached_property
    def types(self) -> Mapping[str, Any]:
        """The types of the parameters."""
        hints = get_type_hints(self.body)
        return {name: hints[name] for name in self.defaults}

    @property
    def doc(self) -> str:
        """The rationale: the docstring of the function."""
        return inspect.getdoc(self.body) or ""

    def example(self, outcome: str) -> Example:
        """Return the card's example of `passing`, `failing` or `missing`."""
        held = (state for state in DEFAULT.states if state in self.holds_in)
        guarded = (row.sources[0] for row in DEFAULT.rows if row.trigger in self.guards and row.sources)
        return Example.of(self.examples[outcome], str(next(held, None) or next(guarded, "intake")))

    def evaluate(
        self, dossier: Dossier, on: date, parameters: Mapping[str, object], asked: AskedAs | None = None
    ) -> Finding:
        """Run the body, and return as one Finding whatever it yields or raises.

        Only KeyboardInterrupt is raised: SystemExit would end the host, and would end it with a zero.
        """
        asked = asked or AskedAs(self.severity)
        problems: list[Problem] = []
        outcome, until, lapsed = Outcome.PASSED, NO_END, None
        try:
            verdict: Any = self.body(dossier, on, **parameters)
            if type(verdict) is not GeneratorType:  # as nearly all are
                _refuse_text(verdict)
            try:
                for said in verdict:
                    if isinstance(said, Problem):
                        problems.append(said.found_in(dossier))
                    elif not isinstance(said, Until):
                        raise TypeError(f"it yielded a {type(said).__name__}, and no Problem or Until")
                    elif said.day < on:
                        lapsed = min(said.day, lapsed or said.day)
                        problems.append(said.passed())
                    elif said.day < until:
                        until = said.day
            except Absent as absent:
                problems.append(located_absence(absent, dossier))
            except NotApplicable:
                outcome = Outcome.NOT_APPLICABLE
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001  an unknown failure must block, like missing evidence
            outcome, until, lapsed = Outcome.ERROR, NO_END, None
            asked = asked._replace(severity=Severity.BLOCKING)
            problems.append(Problem("", None, "the policy itself failed: {error}", error=error_text(error)))
        if not problems:
            return _ok_finding(self, outcome, None if until is NO_END else until, asked)
        return self._finding_with_problems(problems, asked, parameters, outcome, until, lapsed)

    def finding_of_absence(
        self, absent: Absent, dossier: Dossier, asked: AskedAs, parameters: Mapping[str, object]
    ) -> Finding:
        """Return the finding that a fact is missing which decides how this policy applies."""
        return self._finding_with_problems([located_absence(absent, dossier)], asked, parameters)

    def not_asked(self, asked: AskedAs) -> Finding:
        """Return the finding that the pack does not apply this policy to the partnership."""
        return _ok_finding(self, Outcome.NOT_APPLICABLE, None, asked)

    def _finding_with_problems(
        self,
        problems: Sequence[Problem],
        asked: AskedAs,
        parameters: Mapping[str, object],
        outcome: Outcome = Outcome.FAILED,
        until: date = NO_END,
        lapsed: date | None = None,
    ) -> Finding:
        if outcome is not Outcome.ERROR:
            outcome = Outcome.MISSING if all(problem.absent for problem in problems) else Outcome.FAILED
        return Finding(
            code=self.code,
            title=self.title,
            revision=self.revision,
            outcome=outcome,
            problems=tuple(problems),
            nothing_more_until=None if until == NO_END else until,
            lapsed_on=lapsed,
            severity=asked.severity,
            enforced=asked.enforced,
            gates=asked.gates,
            is_standing=asked.stands,
            advice=self.fix,
            parameters=parameters,
            owner=self.owner,
            waivable_days=0 if outcome is Outcome.ERROR else self.max_waiver_days,
            cites=self.cites,
        )


def _refuse_text(verdict: object) -> None:
    """Raise TypeError for a text or a mapping in the place of a verdict: an empty one would be a pass."""
    if isinstance(verdict, (str, bytes, Mapping)):
        raise TypeError(f"it returned a {type(verdict).__name__}, and no Problem or Until")


@lru_cache(maxsize=8192)
def _ok_finding(policy: Policy, outcome: Outcome, until: date | None, asked: AskedAs) -> Finding:
    """Return the finding of a policy that holds; cached, since it differs by the last day only."""
    return Finding(
        code=policy.code,
        title=policy.title,
        revision=policy.revision,
        outcome=outcome,
        until=until,
        severity=asked.severity,
        enforced=asked.enforced,
        gates=asked.gates,
        is_standing=asked.stands,
        owner=policy.owner,
        cites=policy.cites,
    )


def policy(
    code: str,
    title: str,
    *,
    cites: Sequence[str],
    fix: str,
    holds_in: Collection[str] = (),
    guards: Collection[str] = (),
    severity: str = "blocking",
    owner: Owner = "district",
    revision: int = 1,
    max_waiver_days: int = 365,
    authority: bool = False,
    compares: bool = False,
    labelled: bool = False,
    better: Mapping[str, Better] | None = None,
    passing: ExampleData | None = None,
    failing: ExampleData | None = None,
    missing: ExampleData | None = None,
) -> Callable[[Body], Policy]:
    """Turn a function of a dossier, a day and keyword-only parameters into a Policy.

    *labelled*: it reads a kind whose records may have a label; it goes by those without, unless a pack sets `label`.
    *better* names facts of its problems, and whether `more` or `less` of one is less of the same problem: a waiver then
    covers that too. *passing*, *failing* and *missing* are examples: a list of records, or the parts of a dossier that
    matter. Raises ValueError for a card that could never be asked, or that compares partnerships outside a trigger, and
    KeyError for a fix that names a parameter which the function does not have.
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
            owner=owner,
            revision=revision,
            max_waiver_days=max_waiver_days,
            authority=authority,
            compares=compares,
            labelled=labelled,
            better=dict(better or {}),
            examples={name: example for name, example in given.items() if example is not None},
        )
        if "{" in fix:
            made.fix.format(**made.defaults)
        return made

    return decorate
