"""A pack: the policies that a district applies, their parameters by date, and what each role may do.

`Pack.evaluate` is the only function that runs policies. It decides whether a trigger may fire, checks a state as time
passes and, through `due_dates`, yields every due date. One function can do all three because a policy always reads the
dossier as it would be after the move.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, tzinfo
from functools import cached_property
from typing import Any

import attrs

from partnerflow import gate
from partnerflow.actors import Actor, ActorSide
from partnerflow.canonical import canonical, sha256
from partnerflow.clauses import answers
from partnerflow.dossier import Dossier, time_zone
from partnerflow.errors import InvalidRequest, NotFound
from partnerflow.lifecycle import DEFAULT, Lifecycle, Move, Row
from partnerflow.records import NO_END
from partnerflow.records.conversion import unstructure

from .card import ANY_TRIGGER, FILE, AskedAs, Policy
from .finding import Finding
from .report import Report
from .report_data import PackRef
from .rule import Override, Rule
from .waivers import unapplied_waivers

BACKDATE_DAYS = 30
"""How many days back a step may be dated, unless the pack says otherwise."""
ENGINE = 3
"""The number of the engine, the code that evaluates a pack; 1 until commit 3282929, 2 until commit 08ac6af.

Raise it when the same pack can find something else in the same file, and no policy has another revision for it: the
next sweep then evaluates every partnership again, under packs of hosts too.
"""
MOST_FOLLOWED = 1000
"""How many last days are followed to a due date: a policy may say each day that it holds through that day."""


@answers("SPPS-V.5c", "EAF-C.4b")
@attrs.frozen(kw_only=True)
class Role:
    """What the holders of a role may do; `"*"` among the names means all."""

    name: str
    side: frozenset[ActorSide] = frozenset()
    """The sides whose people may hold it; empty: any."""
    fire: frozenset[str] = frozenset()
    """Triggers that they may fire (SPPS-V.5c)."""
    file: frozenset[str] = frozenset()
    """Kinds of records that they may file; and they may retract what they filed themselves, unless it is adverse."""
    retract: frozenset[str] = attrs.field(default=attrs.Factory(lambda self: self.file & {"*"}, takes_self=True))
    """Kinds of records that they may retract for others; unless set: all where they may file all, else none."""
    own_sites: bool = False
    """Only where every site of the partnership is theirs."""
    own_partner: bool = False
    """Only for the partner that they act for."""
    backdate_days: int | None = None
    """How many days back they may date a step; None: as many as the pack says."""

    def may(self, what: str, name: str) -> bool:
        """Return whether the role may `fire` the trigger, or `file` or `retract` the kind, of that name."""
        names: frozenset[str] = getattr(self, what)
        return name in names or "*" in names

    def is_for(self, by: Actor) -> bool:
        """Return whether somebody of the actor's side may hold it."""
        return not self.side or by.side in self.side


@answers("SPPS-II.3", "EAF-C.3c")
@attrs.frozen(kw_only=True, eq=False, slots=False)  # beside slots, a cached property slows all attributes
class Pack:
    """A named, versioned set of rules and roles. Load one with `load_pack`."""

    name: str
    version: str
    rules: tuple[Rule, ...]
    roles: Mapping[str, Role] = attrs.field(factory=dict)
    leads: tuple[int, ...] = (30, 7, 0)
    """How many days before a due date a sweep reminds of it."""
    retention_months: int | None = None
    """Months for which the file of an ended partnership is kept before `purge` may blank it; None: no period is set."""
    backdate_days: int = BACKDATE_DAYS
    """How many days back a step may be dated; a role may go further."""
    title: str = ""
    confirm: frozenset[str] = frozenset({"background_check"})
    """Kinds whose records, filed by the partner, wait for confirmation even where nobody filed one before."""

    @cached_property
    def digest(self) -> str:
        """A hash over everything that decides findings: the engine, codes, revisions, parameters, roles.

        It does not depend on their order.
        """
        return sha256(
            canonical(
                {
                    "engine": ENGINE,
                    "rules": [
                        {
                            "code": rule.policy.code,
                            "revision": rule.policy.revision,
                            "severity": str(rule.severity),
                            "enforcement": rule.enforcement,
                            "holds_in": sorted(rule.holds_in),
                            "guards": sorted(rule.guards),
                            "defaults": unstructure(dict(rule.policy.defaults)),
                            "settings": [_override_data(s) for s in rule.overrides if s.values or s.applies],
                        }
                        for rule in sorted(self.rules, key=lambda rule: rule.policy.code)
                    ],
                    "roles": unstructure([self.roles[name] for name in sorted(self.roles)]),
                    "leads": list(self.leads),
                    "backdate_days": self.backdate_days,
                    "confirm": sorted(self.confirm),
                }
            )
        )

    @cached_property
    def ref(self) -> PackRef:
        """Name, version and digest, as every Decision keeps them."""
        return PackRef(self.name, self.version, self.digest)

    @cached_property
    def by_code(self) -> Mapping[str, Rule]:
        """The rules by the code of their policy."""
        return {rule.policy.code: rule for rule in self.rules}

    @cached_property
    def _policies(self) -> dict[str, Policy]:
        return {code: rule.policy for code, rule in self.by_code.items()}

    def __getitem__(self, code: str) -> Rule:
        """Return the rule of one policy. Raises NotFound."""
        try:
            return self.by_code[code]
        except KeyError:
            raise NotFound("policy", code) from None

    def __iter__(self) -> Iterator[Rule]:
        return iter(self.rules)

    def compares(self, trigger: str) -> bool:
        """Return whether a policy that guards *trigger* reads the neighbours, so that they must be loaded."""
        return any(rule.guards_trigger(trigger) for rule in self._comparing)

    @cached_property
    def _comparing(self) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.rules if rule.policy.compares)

    def names(self) -> tuple[frozenset[str], frozenset[str]]:
        """Return the states and the triggers that rules and roles name, to be checked against a lifecycle."""
        triggers = {t for rule in self.rules for t in rule.guards} | {t for r in self.roles.values() for t in r.fire}
        return frozenset(state for rule in self.rules for state in rule.holds_in), frozenset(
            triggers - {FILE, ANY_TRIGGER}
        )

    def check(
        self,
        dossier: Dossier | Mapping[str, Any],
        *,
        on: date,
        trigger: str | None = None,
        by: Actor | None = None,
        reason: str | None = None,
        lifecycle: Lifecycle = DEFAULT,
        tz: tzinfo | str | None = None,
    ) -> Report:
        """Return the report on a dossier, with no store and no flow.

        With a *trigger*, the report shows what would block it; without one, what does not hold in the dossier's state.
        *on* is a day in the district's time zone, *tz* that zone or its name, which decides on which day a moment
        falls; None: the one that the dossier has. With *by*, the actor's authority is checked too; without, the
        policies that read the actor are listed in `not_asked`.

        Raises InvalidRecord for a mapping of the wrong shape, and InvalidRequest for a trigger that is not legal from
        its state or a state that *lifecycle* does not know.
        """
        gate.day(on, "on")
        if by is not None:
            gate.of_type(by, Actor, "by", "must be an Actor, such as Actor('a.anderson')")
        read = dossier if isinstance(dossier, Dossier) else Dossier.from_mapping(dossier)
        if tz is not None:
            if not isinstance(tz, (str, tzinfo)):
                raise InvalidRequest("tz", gate.shown(tz), "must be a time zone or its name")
            read = attrs.evolve(read, tz=time_zone(tz) if isinstance(tz, str) else tz)
        state = read.partnership.state
        if state not in lifecycle.states:
            raise InvalidRequest("state", state, f"{lifecycle} has {', '.join(lifecycle.states)}")
        if trigger is None:
            return self.evaluate(read, on)
        row = lifecycle.row(gate.word(trigger, "trigger"), state)
        if row is None:
            legal = ", ".join(lifecycle.legal(state)) or "nothing"
            raise InvalidRequest("trigger", trigger, f"cannot be asked in {state}; what can is: {legal}")
        (target,) = lifecycle.targets(row, state)
        return self.evaluate(read.after(Move(trigger, state, target, by=by, reason=reason), on), on, row=row)

    def evaluate(self, dossier: Dossier, on: date, *, row: Row | None = None) -> Report:
        """Evaluate every rule that applies to *dossier*, which must be as it would be after its move.

        *row* is the move's row of the lifecycle; None for the check of a state, and for filing, which is no move.
        """
        dossier = dossier.under(self.confirm)
        state = dossier.partnership.state
        move = dossier.move
        asked = None if move is None else move.trigger
        nobody = move is not None and move.by is None
        in_place = dossier.in_place()
        findings, not_asked = [], []
        for rule, how in self._rules_for(state, asked, advances=row is None or row.advances):
            if nobody and rule.policy.authority:
                not_asked.append(rule.policy.code)
            else:
                findings.append(rule.evaluate(dossier, on, how, in_place))
        waivers = unapplied_waivers(findings, self._policies, dossier, on, self._may_waive if self.roles else None)
        return Report(
            pack=self.ref,
            on=on,
            state=state,
            partner=dossier.partner.name,
            findings=tuple(findings),
            trigger=asked,
            lapsed_waivers=waivers.lapsed,
            unused_waivers=waivers.unused,
            asked_waivers=waivers.asked,
            not_asked=tuple(not_asked),
            may_fire=self._may_fire(asked) if asked else (),
            may_waive=self._may_waive,
            unconfirmed=tuple(dossier.label(word.entry.record) for word in dossier.waiting),
        )

    def _rules_for(self, state: str, asked: str | None, *, advances: bool) -> tuple[tuple[Rule, AskedAs], ...]:
        """Return the rules that apply to a state and a trigger, each with how it is asked; cached."""
        key = state, asked, advances
        found = self._rules_by_key.get(key)
        if found is None:
            found = tuple(
                (rule, rule.asked_as(gates=guards or advances, stands=stands))
                for rule in self.rules
                for stands in [state in rule.holds_in and asked != FILE]
                for guards in [asked is not None and rule.guards_trigger(asked)]
                if stands or guards
            )
            self._rules_by_key[key] = found
        return found

    @cached_property
    def _rules_by_key(self) -> dict[tuple[str, str | None, bool], tuple[tuple[Rule, AskedAs], ...]]:
        return {}

    def who_may(self, what: str, name: str) -> tuple[str, ...]:
        """Return the roles that may `fire` the trigger, or `file` the kind, of that name."""
        return tuple(role for role in sorted(self.roles) if self.roles[role].may(what, name))

    def days_back(self, by: Actor) -> int:
        """Return how many days back an actor may date a step."""
        held = (self.roles[name] for name in by.roles if name in self.roles and self.roles[name].is_for(by))
        return max([self.backdate_days, *(role.backdate_days or 0 for role in held)])

    def may_date_back(self, days: int) -> tuple[str, ...]:
        """Return the roles that may date a step further back than *days*."""
        return tuple(name for name in sorted(self.roles) if (self.roles[name].backdate_days or 0) > days)

    def _may_fire(self, trigger: str) -> tuple[str, ...]:
        """Return the roles that may fire a trigger; cached."""
        found = self._roles_by_trigger.get(trigger)
        if found is None:
            found = self._roles_by_trigger[trigger] = self.who_may("fire", trigger)
        return found

    @cached_property
    def _roles_by_trigger(self) -> dict[str, tuple[str, ...]]:
        return {}

    @cached_property
    def _may_waive(self) -> tuple[str, ...]:
        return self.who_may("file", "waiver")

    def due_dates(self, report: Report, dossier: Dossier) -> Mapping[str, date | None]:
        """Return, for every finding that is checked in the state, the last day before its outcome changes."""
        dossier = dossier.under(self.confirm)
        return {
            f.code: self._due(self.by_code[f.code], f, dossier, report.on) for f in report.findings if f.is_standing
        }

    def _due(self, rule: Rule, finding: Finding, dossier: Dossier, on: date) -> date | None:
        """Return the last day before the outcome of *finding* changes; None if no known day changes it.

        A policy that passes states with Until how long it does. That day is not always due: the next certificate may
        be on file already. So the rule is evaluated again on the day after, and again after each new Until, up to the
        first day on which it fails.
        """
        if not finding.is_ok:
            later = [finding.mends_on, rule.changes_after(on), dossier.on_file.next_change(on)]
            return _day_before(min((day for day in later if day is not None), default=None))
        if finding.until is None and finding.waiver is None and not rule.overrides:
            return None  # the most frequent case, without another evaluation
        day = _last_day(finding, rule, dossier, on)
        for _ in range(MOST_FOLLOWED):
            if day is None or day >= NO_END:
                return None
            tomorrow = date.fromordinal(day.toordinal() + 1)
            then = rule.evaluate(dossier, tomorrow)
            following = _last_day(then, rule, dossier, tomorrow)
            if not then.is_ok:
                return day
            day = following
        return day


def _override_data(setting: Override) -> dict[str, Any]:
    """Return what an override decides, for the digest; what applies to everyone is in the rule already."""
    return {
        "values": unstructure(dict(setting.values)),
        "since": setting.since.isoformat(),
        "at_renewal": setting.at_renewal,
        "applies": {name: sorted(words) for name, words in setting.applies.items()},
        "severity": str(setting.severity) if setting.applies and setting.severity else None,
        "enforcement": setting.enforcement if setting.applies else None,
    }


def _last_day(finding: Finding, rule: Rule, dossier: Dossier, on: date) -> date | None:
    """Return the last day on which a finding is known to be ok: by its policy, its waiver and its parameters.

    What is waived is evaluated again whenever a record begins or ends, since more may be wrong then than is covered.
    """
    if finding.waiver is None and not rule.overrides:
        return finding.until
    days: Iterable[date | None] = (
        finding.until,
        finding.nothing_more_until,
        finding.waiver.expires_on if finding.waiver else None,
        _day_before(dossier.on_file.next_change(on)) if finding.waiver else None,
        _day_before(rule.changes_after(on)),
    )
    return min((day for day in days if day is not None), default=None)


def _day_before(day: date | None) -> date | None:
    return None if day is None else date.fromordinal(day.toordinal() - 1)
