"""Counting what a change of rules would do: which policies would newly block which steps, and which no longer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any

import attrs

from partnerflow.lifecycle import Lifecycle
from partnerflow.policies import Pack, PackRef, load_pack

from .compare import Compared
from .context import Context

SCHEMA = "partnerflow.impact/1"


@attrs.frozen(kw_only=True)
class PolicyCount:
    """How many partnerships in a state a policy would newly block in a step, and how many it would no longer block."""

    state: str
    trigger: str | None
    code: str
    title: str
    blocking: int
    freed: int


@attrs.frozen(kw_only=True)
class StepCount:
    """For how many partnerships in a state an open step would be closed, and for how many a closed one opened."""

    state: str
    trigger: str | None
    compared: int
    closes: int
    opens: int


@attrs.frozen(kw_only=True)
class Impact:
    """What a change of rules would do to every partnership on file."""

    present: PackRef
    new: PackRef
    on: date
    """The day of the evaluation, in the district's time zone."""
    compared: int
    """How many partnerships were evaluated under both packs."""
    concerned: int
    """For how many of them something would change."""
    blocking: int
    """In how many of them a policy would newly block something."""
    freed: int
    """In how many of them a policy would no longer block something."""
    policies: tuple[PolicyCount, ...]
    """By state, trigger (None: what must hold in the state) and code."""
    steps: tuple[StepCount, ...]
    """By state and trigger, where a step would close or open."""
    partnerships: tuple[Compared, ...]
    """Those concerned, in the order of their ids; only the first ones, if their number is limited."""
    unjudged: tuple[Compared, ...]
    """Those that could not be evaluated, likewise."""
    unjudged_count: int
    not_asked: tuple[str, ...]
    """The codes of policies about who acts, of either pack: they were left out."""

    def to_data(self, *, whole: bool = True) -> dict[str, Any]:
        """Return it as plain JSON data; without *whole*, the single partnerships are left out."""
        listed = sorted((*self.partnerships, *self.unjudged), key=lambda one: one.id)
        return {
            "schema": SCHEMA,
            "present": attrs.asdict(self.present),
            "new": attrs.asdict(self.new),
            "on": self.on.isoformat(),
            "compared": self.compared,
            "concerned": self.concerned,
            "blocking": self.blocking,
            "freed": self.freed,
            "policies": [attrs.asdict(count) for count in self.policies],
            "steps": [attrs.asdict(count) for count in self.steps],
            "unjudged": self.unjudged_count,
            "not_asked": list(self.not_asked),
            **({"partnerships": [one.to_data() for one in listed]} if whole else {}),
        }


@attrs.define(kw_only=True)
class Tally:
    """Counts what was compared, and keeps single partnerships up to a limit."""

    present: Pack
    new: Pack
    on: date
    lifecycle: Lifecycle
    keep: int | None = None
    """How many single partnerships to keep; None: all that are concerned."""
    _states: Counter[str] = attrs.field(factory=Counter, init=False)
    _concerned: Counter[str] = attrs.field(factory=Counter, init=False)
    _policies: Counter[tuple[str, str | None, str, str]] = attrs.field(factory=Counter, init=False)
    _steps: Counter[tuple[str, str | None, str]] = attrs.field(factory=Counter, init=False)
    _kept: list[Compared] = attrs.field(factory=list, init=False)
    _unjudged: list[Compared] = attrs.field(factory=list, init=False)

    def add(self, compared: Compared) -> None:
        """Count one partnership."""
        state, changes = compared.state, compared.changes
        if compared.unjudged is not None:
            self._concerned["unjudged"] += 1
            self._add_to(self._unjudged, compared)
            return
        self._states[state] += 1
        if not changes:
            return
        self._add_to(self._kept, compared)
        self._concerned["concerned"] += 1
        self._concerned["blocking"] += any(change.blocking for change in changes)
        self._concerned["freed"] += any(change.freed for change in changes)
        for change in changes:
            self._policies.update((state, change.trigger, code, "blocking") for code in change.blocking)
            self._policies.update((state, change.trigger, code, "freed") for code in change.freed)
            self._steps[state, change.trigger, "closes"] += change.closes
            self._steps[state, change.trigger, "opens"] += change.opens

    def _add_to(self, kept: list[Compared], compared: Compared) -> None:
        if self.keep is None or len(kept) < self.keep:
            kept.append(compared)

    def impact(self) -> Impact:
        """Return what was counted."""
        return Impact(
            present=self.present.ref,
            new=self.new.ref,
            on=self.on,
            compared=self._states.total(),
            concerned=self._concerned["concerned"],
            blocking=self._concerned["blocking"],
            freed=self._concerned["freed"],
            policies=tuple(self._policy_counts()),
            steps=tuple(self._step_counts()),
            partnerships=tuple(self._kept),
            unjudged=tuple(self._unjudged),
            unjudged_count=self._concerned["unjudged"],
            not_asked=not_asked(self.present, self.new),
        )

    def _policy_counts(self) -> Iterator[PolicyCount]:
        found = {(state, trigger, code) for state, trigger, code, _ in self._policies}
        for state, trigger, code in sorted(found, key=lambda one: (*self._place(one[0], one[1]), one[2])):
            counts = {word: self._policies[state, trigger, code, word] for word in ("blocking", "freed")}
            title = _title(code, self.new, self.present)
            yield PolicyCount(state=state, trigger=trigger, code=code, title=title, **counts)

    def _step_counts(self) -> Iterator[StepCount]:
        found = {(state, trigger) for (state, trigger, _), number in self._steps.items() if number}
        for state, trigger in sorted(found, key=lambda one: self._place(*one)):
            counts = {word: self._steps[state, trigger, word] for word in ("closes", "opens")}
            yield StepCount(state=state, trigger=trigger, compared=self._states[state], **counts)

    def _place(self, state: str, trigger: str | None) -> tuple[int, int]:
        """Return the place of a step in the order of the lifecycle; what must hold in a state precedes its steps."""
        return self.lifecycle.states.index(state), 0 if trigger is None else 1 + self.lifecycle.triggers.index(trigger)


def not_asked(*packs: Pack) -> tuple[str, ...]:
    """Return the codes of the policies about who acts."""
    return tuple(sorted({rule.policy.code for pack in packs for rule in pack if rule.policy.authority}))


def _title(code: str, *packs: Pack) -> str:
    return next((pack.by_code[code].policy.title for pack in packs if code in pack.by_code), "(no longer a rule)")


def impact(context: Context, pack: Pack | str | None, compared: Iterable[Compared], *, at: datetime) -> Impact:
    """Count what was compared at a moment; None: this flow's own pack, with what is on file."""
    new = load_pack(pack) if isinstance(pack, str) else pack or context.pack
    tally = Tally(present=context.pack, new=new, on=context.today(at), lifecycle=context.lifecycle)
    for one in compared:
        tally.add(one)
    return tally.impact()
