"""Comparing packs: evaluate every live partnership under the present pack and under a new one. Nothing is written.

Nobody requests anything here, so policies about who acts are left out of both packs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any
from uuid import UUID

import attrs

from partnerflow import gate
from partnerflow.dossier import Dossier
from partnerflow.errors import StoreError, unjudged_text
from partnerflow.lifecycle import Move, Row
from partnerflow.policies import Pack, Rule, load_pack
from partnerflow.ports import Snapshot

from .context import Context
from .loading import build_dossier, load_dossier, load_many, refuse_unfit
from .validation import check_fit
from .writing import new_judgement

SCHEMA = "partnerflow.impact-partnership/1"


@attrs.frozen(kw_only=True)
class Change:
    """What would change for one step of a partnership, or in what must hold in its state."""

    trigger: str | None
    """The step; None for what must hold in the state."""
    blocking: tuple[str, ...] = ()
    """The codes of policies that do not block now and would block."""
    freed: tuple[str, ...] = ()
    """The codes of policies that block now and would no longer block."""
    closes: bool = False
    """Whether nothing blocks now, and something would."""
    opens: bool = False
    """Whether something blocks now, and nothing would."""


@attrs.frozen(kw_only=True)
class Compared:
    """What a change of rules would do to one partnership."""

    id: UUID
    partner: str
    state: str
    changes: tuple[Change, ...] = ()
    """Only where something differs."""
    unjudged: str | None = None
    """Why it could not be evaluated."""

    @property
    def concerned(self) -> bool:
        """Whether anything would change for it."""
        return bool(self.changes)

    def to_data(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        return {
            "schema": SCHEMA,
            "id": str(self.id),
            "partner": self.partner,
            "state": self.state,
            "changes": [
                {
                    "trigger": change.trigger,
                    "blocking": list(change.blocking),
                    "freed": list(change.freed),
                    "closes": change.closes,
                    "opens": change.opens,
                }
                for change in self.changes
            ],
            "unjudged": self.unjudged,
        }


def compare(
    context: Context, pack: Pack | str, *, at: datetime | None, after: UUID | None, through: UUID | None
) -> Iterator[Compared]:
    """Yield every live partnership with what would change for it. Raises PackError at once, before the first."""
    new = load_pack(pack) if isinstance(pack, str) else pack
    gate.of_type(new, Pack, "pack", "must be a pack, its name, or the path of its file")
    check_fit(new, context.lifecycle)
    comparison = _Comparison(context, new, moment(context, at))
    held = _live(context, after, through)
    return map(comparison.compared, held)


def compare_with_stored(
    context: Context, *, at: datetime | None, after: UUID | None, through: UUID | None
) -> Iterator[Compared]:
    """Yield every live partnership with what the next sweep would find otherwise than what was stored last.

    That is what a new release of the library changes under the same pack, and what changed since the last sweep.
    """
    comparison = _Comparison(context, context.pack, moment(context, at))
    held = _live(context, after, through)
    return map(comparison.compared_with_stored, held)


def _live(context: Context, after: UUID | None, through: UUID | None) -> Iterator[Snapshot]:
    """Read the live partnerships whose ids are greater than *after*, up to *through*. Raises InvalidRequest at once."""
    for argument, value in (("after", after), ("through", through)):
        if value is not None:
            gate.identifier(value, argument)
    return load_many(context.store, apart_from=context.lifecycle.final, after=after, through=through)


def moment(context: Context, at: datetime | None) -> datetime:
    """Read the argument `at`, which may be in the future, since nothing is written. Raises InvalidRequest."""
    return gate.moment(context.clock(), "clock") if at is None else gate.moment(at, "at")


@attrs.frozen
class _ComparedStep:
    """What is compared for every partnership in a state: a row of the lifecycle, or None for what must hold there."""

    row: Row | None
    source: str
    target: str
    present: Pack
    """The present pack with only the rules that can block it and that the new pack does not have unchanged."""
    new: Pack
    """The new pack, likewise."""
    shared: Pack
    """The rules that both packs share: evaluated only where it matters whether anything blocks at all."""

    @property
    def matters(self) -> bool:
        """Whether the two packs can differ here."""
        return bool(self.present.rules or self.new.rules)


@attrs.frozen
class _Comparison:
    """One comparison of two packs, over any number of partnerships."""

    context: Context
    new: Pack
    at: datetime
    _steps: dict[str, tuple[_ComparedStep, ...]] = attrs.field(factory=dict, init=False)

    def compared(self, snapshot: Snapshot) -> Compared:
        """Compare one partnership: every step from its state, and what must hold there."""
        return self._compared(snapshot, self._changes)

    def compared_with_stored(self, snapshot: Snapshot) -> Compared:
        """Compare what must hold for one partnership with its obligations on file."""
        return self._compared(snapshot, lambda dossier: self._changes_since(snapshot, dossier))

    def _compared(self, snapshot: Snapshot, changes_of: Callable[[Dossier], Iterator[Change]]) -> Compared:
        partnership = snapshot.partnership
        partner, unjudged = "", None
        changes: tuple[Change, ...] = ()
        try:
            refuse_unfit(self.context, snapshot)
            dossier = self._dossier(snapshot)
            partner, changes = dossier.partner.name, tuple(changes_of(dossier))
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001  whatever it is, the others are compared
            unjudged = unjudged_text(error)
        return Compared(id=partnership.id, partner=partner, state=partnership.state, changes=changes, unjudged=unjudged)

    def _changes_since(self, snapshot: Snapshot, dossier: Dossier) -> Iterator[Change]:
        report = self.new.evaluate(dossier, self.context.today(self.at))
        found = new_judgement(self.context, report, dossier, snapshot.obligations).obligations
        now, then = (
            [each.code for each in obligations if not each.holds] for obligations in (snapshot.obligations, found)
        )
        if set(now) != set(then):
            yield Change(
                trigger=None,
                blocking=tuple(code for code in then if code not in now),
                freed=tuple(code for code in now if code not in then),
                closes=not now,
                opens=not then,
            )

    def _dossier(self, snapshot: Snapshot) -> Dossier:
        if self.context.host_records is None:
            return build_dossier(
                self.context, snapshot.partnership, snapshot.partner_file, snapshot.own_file, snapshot.moves
            )
        with self.context.reading():
            return load_dossier(self.context, snapshot)[0]

    def _changes(self, dossier: Dossier) -> Iterator[Change]:
        state, on = dossier.partnership.state, self.context.today(self.at)
        if state not in self._steps:
            self._steps[state] = tuple(step for step in self._steps_from(state) if step.matters)
        for step in self._steps[state]:
            after = dossier
            if step.row is not None:
                after = dossier.after(Move(step.row.trigger, step.source, step.target, at=self.at), on)
            now, then = (self._blocking(pack, after, step.row, on) for pack in (step.present, step.new))
            if now == then:
                continue
            still = now.keys() & then.keys() or self._blocking(step.shared, after, step.row, on)
            yield Change(
                trigger=None if step.row is None else step.row.trigger,
                blocking=tuple(code for code in then if code not in now),
                freed=tuple(code for code in now if code not in then),
                closes=not now and not still,
                opens=not then and not still,
            )

    def _blocking(self, pack: Pack, after: Dossier, row: Row | None, on: date) -> dict[str, None]:
        """Return the codes that block, in the order of the pack; neighbours are loaded only where a rule compares."""
        if not pack.rules:
            return {}
        if row is not None and pack.compares(row.trigger):
            with self.context.reading() as tx:
                live = self.context.lifecycle.live
                near = tx.neighbours(after.places(), apart_from=after.partnership.id, states=live)
            after = attrs.evolve(after, neighbours=near)
        return dict.fromkeys(finding.code for finding in pack.evaluate(after, on, row=row).blocking)

    def _steps_from(self, state: str) -> Iterator[_ComparedStep]:
        """Yield what must hold in a state, and every step that is legal there."""
        lifecycle, parts = self.context.lifecycle, _split(self.context.pack, self.new)
        yield _ComparedStep(None, state, state, *(_blocking_rules(pack, None, state) for pack in parts))
        for trigger in lifecycle.legal(state):
            row = lifecycle.row(trigger, state)
            if row is not None:
                (target,) = lifecycle.targets(row, state)
                holds_in = target if row.advances else None
                yield _ComparedStep(row, state, target, *(_blocking_rules(pack, trigger, holds_in) for pack in parts))


def _split(present: Pack, new: Pack) -> tuple[Pack, Pack, Pack]:
    """Return each pack with only the rules that the other does not share, and one with only those that both share."""
    both = {rule.policy.code for rule in new if _same(rule, present.by_code.get(rule.policy.code))}
    return (
        attrs.evolve(present, rules=tuple(rule for rule in present if rule.policy.code not in both)),
        attrs.evolve(new, rules=tuple(rule for rule in new if rule.policy.code not in both)),
        attrs.evolve(new, rules=tuple(rule for rule in new if rule.policy.code in both)),
    )


def _same(rule: Rule, other: Rule | None) -> bool:
    """Return whether two rules are equal in everything that a finding is made of."""
    return other is not None and all(
        getattr(rule, field.name) == getattr(other, field.name) for field in attrs.fields(Rule)
    )


def _blocking_rules(pack: Pack, trigger: str | None, holds_in: str | None) -> Pack:
    """Return a pack with only the rules that can block a step: its guards, and, if it advances, its target's rules.

    Policies about who acts are left out.
    """
    rules = (
        rule
        for rule in pack
        if ((trigger is not None and rule.guards_trigger(trigger)) or holds_in in rule.holds_in)
        and not rule.policy.authority
    )
    return attrs.evolve(pack, rules=tuple(rules))
