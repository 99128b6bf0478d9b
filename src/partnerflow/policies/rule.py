"""A policy as one pack applies it: where, how strictly, and with which parameters from which day and for whom."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta
from functools import cached_property
from typing import Any, Literal, TypeAlias

import attrs

from partnerflow import gate
from partnerflow.clauses import answers
from partnerflow.dossier import Absent, Dossier
from partnerflow.dossier.readable import as_asked
from partnerflow.records import NO_END, CoveredProblem, Profile, Scope

from .card import ANY_TRIGGER, FILE, AskedAs, Policy
from .coverage import covered_by_grant
from .finding import Finding, Severity, worse
from .verdict import in_words, need
from .waivers import DECIDES_ON_WAIVERS, waive

ONE_DAY = timedelta(days=1)
Enforcement: TypeAlias = Literal["enforce", "report_only", "off"]
LABEL = "label"
"""The parameter of every policy that reads a kind with labels: the label of the records that it goes by."""
_IN_WORDS: Mapping[Enforcement, str] = {"enforce": "enforced", "report_only": "reported only", "off": "not asked"}


def _scope(dossier: Dossier) -> str:
    return need(need(dossier.latest(Scope), "scope").level, "scope", "level")


def _kind(dossier: Dossier) -> str:
    return need(need(dossier.latest(Profile), "profile").partnership_kind, "profile", "partnership_kind")


def _classification(dossier: Dossier) -> str:
    return need(dossier.partner.classification, dossier.partner, "classification")


def _partner_kind(dossier: Dossier) -> str:
    return need(dossier.partner.kind or None, dossier.partner, "kind")


CIRCUMSTANCES: Mapping[str, Callable[[Dossier], str]] = {
    "scope": _scope,
    "kind": _kind,
    "classification": _classification,
    "partner_kind": _partner_kind,
}
"""The facts for which a pack may differ: level (SPPS-V.3), kind of partnership (TK-4), and two of the partner.

Each is read from the dossier. An absent fact is missing evidence, never a reason to require less.
"""


@answers("SPPS-V.15", "TK-4", "SPPS-V.3")
@attrs.frozen(kw_only=True)
class Override:
    """What a pack sets for one policy, from a day on, for some partnerships or for all, with its source."""

    values: Mapping[str, object] = attrs.field(factory=dict, hash=False)
    """Parameters."""
    since: date = date.min
    at_renewal: bool = False
    """Whether it applies to a partnership that runs on the day `since` only from its next renewal (SPPS-V.15).

    The day on which its present term began decides. Where none is recorded, it applies at once.
    """
    applies: Mapping[str, frozenset[str]] = attrs.field(factory=dict, hash=False)
    """The words for each circumstance; at least one of them must be on file. Empty: it applies to everyone."""
    severity: Severity | None = None
    enforcement: Enforcement | None = None
    holds_in: frozenset[str] = frozenset()
    """Further states in which the policy holds."""
    guards: frozenset[str] = frozenset()
    """Further triggers that it guards."""
    cites: str | None = None

    @property
    def plain(self) -> bool:
        """Whether the day alone decides if it applies."""
        return not (self.at_renewal or self.applies)

    @property
    def sets(self) -> frozenset[str]:
        """The names of what it sets: parameters, `severity`, `enforcement`, `holds_in`, `guards`."""
        return frozenset(
            [*self.values, *(name for name in ("severity", "enforcement", "holds_in", "guards") if getattr(self, name))]
        )

    def without(self, names: Collection[str]) -> Override:
        """Return it without what it sets under *names*; `holds_in` and `guards` stay, since they only add."""
        return attrs.evolve(
            self,
            values={name: value for name, value in self.values.items() if name not in names},
            severity=None if "severity" in names else self.severity,
            enforcement=None if "enforcement" in names else self.enforcement,
        )

    def __str__(self) -> str:
        """Return what is set, for whom, from which day, and the source, in words."""
        said = [f"{name} = {in_words(value)}" for name, value in self.values.items()]
        said += [str(self.severity)] if self.severity else []
        said += [_IN_WORDS[self.enforcement]] if self.enforcement else []
        said += [f"also in {in_words(self.holds_in)}"] if self.holds_in else []
        said += [f"also before {in_words(self.guards)}"] if self.guards else []
        whom = " and ".join(f"{name} is {' or '.join(sorted(words))}" for name, words in self.applies.items())
        since = f"{'the renewal on or after ' if self.at_renewal else ''}{self.since}"
        return (
            ("; ".join(said) or "as on its card")
            + (f", where {whom}" if whom else "")
            + (f", from {since}" if self.since > date.min else "")
            + (f" ({self.cites})" if self.cites else "")
        )

    def holds_for(self, dossier: Dossier, on: date) -> bool:
        """Return whether it applies to *dossier* on the day *on*. Raises Absent if a fact it needs is missing."""
        if self.since > on:
            return False
        if self.at_renewal and (dossier.term_began(on) or on) < self.since:  # where none began, it is new today
            return False
        return all(CIRCUMSTANCES[name](dossier) in wanted for name, wanted in self.applies.items())


def effective_overrides(settings: Iterable[Override]) -> tuple[Override, ...]:
    """Return the overrides without what a later one replaces for everyone and on every day.

    Read backwards, a later override wins; one with a day or a circumstance covers nothing, because an earlier one may
    still apply on other days or to others. Dropping what is covered also drops its circumstance: else a partnership
    would need a fact on file only for an override that can no longer change anything.
    """
    seen: list[Override] = []
    covered: set[str] = set()
    for setting in reversed(tuple(settings)):
        left = setting.without(covered)
        if left.sets or not setting.sets:
            seen.append(left)
        if left.plain and left.since == date.min:
            covered |= left.sets
    return tuple(reversed(seen))


@answers("SPPS-V.6b")
@attrs.frozen(kw_only=True, eq=False, slots=False)  # beside slots, a cached property slows all attributes
class Rule:
    """A policy with the severity, parameters and states that one pack gives it."""

    policy: Policy
    severity: Severity
    enforcement: Enforcement = "enforce"
    """`report_only` in a pilot: its findings are reported and stop nothing (SPPS-V.6b)."""
    holds_in: frozenset[str] = frozenset()
    guards: frozenset[str] = frozenset()
    overrides: tuple[Override, ...] = ()
    """In order; a later one wins. What they set for everyone without a date is in the fields above too."""
    pack_parameters: Mapping[str, object] = attrs.field(factory=dict)
    """Parameters whose values are the pack's own, such as its roles; no override sets them."""
    approvers: frozenset[str] | None = None
    """The roles that may grant a waiver; None if the pack has no roles."""
    confirm: frozenset[str] = frozenset()
    """The kinds that the pack has confirmed always."""

    def __call__(self, dossier: Dossier | Mapping[str, Any], on: date) -> Finding:
        """Evaluate this policy alone. Raises InvalidRecord for a mapping of the wrong shape."""
        gate.day(on, "on")
        read = dossier if isinstance(dossier, Dossier) else Dossier.from_mapping(dossier)
        return self.evaluate(read.under(self.confirm), on)

    def parameters(self, on: date) -> Mapping[str, object]:
        """Return the parameters that apply to everyone on the day *on* (EAF-C.3c)."""
        if not self.overrides:
            return self._always
        found = dict(self._always)
        for setting in self.overrides:
            if setting.plain and setting.since <= on:
                found.update(setting.values)
        return found

    @cached_property
    def _always(self) -> dict[str, object]:
        return {**self.policy.defaults, **self.pack_parameters}

    @cached_property
    def _for_everyone(self) -> bool:
        return all(setting.plain for setting in self.overrides)

    def changes_after(self, on: date) -> date | None:
        """Return the next day after *on* on which a parameter changes."""
        return min((setting.since for setting in self.overrides if setting.since > on), default=None)

    def guards_trigger(self, trigger: str) -> bool:
        """Return whether it guards *trigger*."""
        return trigger in self.guards or (ANY_TRIGGER in self.guards and trigger != FILE)

    @cached_property
    def _alone(self) -> AskedAs:
        return self.asked_as(gates=True, stands=bool(self.holds_in))

    def asked_as(self, *, gates: bool, stands: bool) -> AskedAs:
        """Return how it is asked of partnerships to which no override applies."""
        return AskedAs(self.severity, self.enforcement == "enforce", gates, stands)

    def before_waivers(self, dossier: Dossier, on: date, asked: AskedAs | None = None) -> Finding:
        """Evaluate the policy as if no waiver were on file."""
        dossier = as_asked(dossier)
        if not self.overrides:  # as most rules of most packs
            return self.policy.evaluate(dossier, on, self._always, asked or self._alone)
        if self._for_everyone:
            return self._evaluate_with(self.parameters(on), dossier, on, asked or self._alone)
        return self._evaluate_with_overrides(dossier, on, asked or self._alone)

    def covered_by_grant(self, dossier: Dossier, on: date) -> tuple[CoveredProblem, ...]:
        """Return what a waiver covers that is granted on the day *on*, of words that wait too."""
        files = (dossier, *dossier.in_place())
        return tuple(dict.fromkeys(covered for file in files for covered in self._covered_on(file, on)))

    def _covered_on(self, dossier: Dossier, on: date) -> tuple[CoveredProblem, ...]:
        today = self.before_waivers(dossier, on)
        if today.until is None or today.until == NO_END:
            return covered_by_grant(today, None, dossier)
        return covered_by_grant(today, self.before_waivers(dossier, today.until + ONE_DAY), dossier)

    def evaluate(
        self, dossier: Dossier, on: date, asked: AskedAs | None = None, in_place: Sequence[Dossier] | None = None
    ) -> Finding:
        """Evaluate the policy, and apply a waiver if there is one on file.

        Where words of the partner's wait, it is asked on the file without them and again with them in place, and the
        worse finding counts. *in_place* is `dossier.in_place()`, for a caller that asks many rules.
        """
        found = self.before_waivers(dossier, on, asked)
        if found.problems and DECIDES_ON_WAIVERS.isdisjoint(dossier.on_file.unreadable):
            found = waive(found, self.policy, dossier, on, self.approvers)  # else what revoked one may be unreadable
        for with_waiting in dossier.in_place() if in_place is None else in_place:
            found = worse(found, self.evaluate(with_waiting, on, asked, ()))
        return found

    def _evaluate_with_overrides(self, dossier: Dossier, on: date, asked: AskedAs) -> Finding:
        """Evaluate with the overrides that apply to this partnership; a fact that they need and lack is missing."""
        parameters, severity, enforcement = dict(self._always), self.severity, self.enforcement
        try:
            for setting in self.overrides:
                if setting.holds_for(dossier, on):
                    parameters.update(setting.values)
                    severity = setting.severity or severity
                    enforcement = setting.enforcement or enforcement
        except Absent as absent:
            return self.policy.finding_of_absence(absent, dossier, self._strictest(asked), parameters)
        asked = AskedAs(severity, enforcement == "enforce", asked.gates, asked.stands)
        if enforcement == "off":
            return self.policy.not_asked(asked)
        return self._evaluate_with(parameters, dossier, on, asked)

    def _evaluate_with(self, parameters: Mapping[str, object], dossier: Dossier, on: date, asked: AskedAs) -> Finding:
        """Evaluate with parameters among which the pack may have set the label that the policy goes by."""
        if LABEL in parameters and self.policy.labelled:
            dossier = attrs.evolve(dossier, by_label=str(parameters[LABEL]))
            parameters = {name: value for name, value in parameters.items() if name != LABEL}
        return self.policy.evaluate(dossier, on, parameters, asked)

    def _strictest(self, asked: AskedAs) -> AskedAs:
        severities = {self.severity, *(setting.severity for setting in self.overrides)}
        enforcements = {self.enforcement, *(setting.enforcement for setting in self.overrides)}
        severity = Severity.BLOCKING if Severity.BLOCKING in severities else self.severity
        return asked._replace(severity=severity, enforced="enforce" in enforcements)
