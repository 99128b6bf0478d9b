"""Asking every live partnership by the present rules and by new ones, one after the other. Nothing is written.

Who may ask is not compared: nobody asks here, so the policies that read who does are left out of both.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any
from uuid import UUID

import attrs

from partnerflow.dossier import Dossier
from partnerflow.errors import PartnerflowError, UnknownState
from partnerflow.lifecycle import Move, Row
from partnerflow.policies import Pack, Rule, load_pack
from partnerflow.ports import Snapshot

from .arguments import to_utc
from .context import Context
from .loading import build_dossier, load_dossier, load_many
from .validation import check_fit

SCHEMA = "partnerflow.impact-partnership/1"


@attrs.frozen(kw_only=True)
class Change:
    """What would change for one step of a partnership, or in what must hold where it stands."""

    trigger: str | None
    """The step; None for what must hold in the state."""
    blocking: tuple[str, ...] = ()
    """The codes of policies that do not block now and would."""
    freed: tuple[str, ...] = ()
    """The codes of policies that block now and would not."""
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
    """Why it could not be judged at all."""

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
    """Return every live partnership with what would change for it, in a stream. Raises PackError before the first."""
    new = load_pack(pack) if isinstance(pack, str) else pack
    check_fit(new, context.lifecycle)
    asking = _Asking(context, new, moment(context, at))
    held = load_many(context.store, apart_from=context.lifecycle.final, after=after, through=through)
    return map(asking.compared, held)


def moment(context: Context, at: datetime | None) -> datetime:
    """Read the argument `at`, which may be a day to come: nothing is written down. Raises InvalidRequest."""
    return to_utc(context.clock(), "clock") if at is None else to_utc(at, "at")


@attrs.frozen
class _Step:
    """What is asked of every partnership in a state: a row of the table, or None for what must hold there."""

    row: Row | None
    source: str
    target: str
    present: Pack
    """Of the present pack, the rules that bear on it and that the new pack does not have just so."""
    new: Pack
    """Of the new pack, likewise."""
    shared: Pack
    """The rules that both have: they say the same, so they are asked only to tell whether anything blocks at all."""

    @property
    def matters(self) -> bool:
        """Whether the two packs can differ here."""
        return bool(self.present.rules or self.new.rules)


@attrs.frozen
class _Asking:
    """One comparison of two packs, over any number of partnerships."""

    context: Context
    new: Pack
    at: datetime
    _steps: dict[str, tuple[_Step, ...]] = attrs.field(factory=dict, init=False)

    def compared(self, snapshot: Snapshot) -> Compared:
        """Ask everything that can be asked of one partnership, under both packs."""
        stands = snapshot.partnership
        partner, unjudged = "", None
        changes: tuple[Change, ...] = ()
        try:
            if stands.state not in self.context.lifecycle.states:
                raise UnknownState(stands.state, snapshot.lifecycle_version, str(self.context.lifecycle))
            dossier = self._dossier(snapshot)
            partner, changes = dossier.partner.name, tuple(self._changes(dossier))
        except PartnerflowError as error:
            unjudged = str(error)
        return Compared(id=stands.id, partner=partner, state=stands.state, changes=changes, unjudged=unjudged)

    def _dossier(self, snapshot: Snapshot) -> Dossier:
        if self.context.host_records is None:
            return build_dossier(
                snapshot.partnership, snapshot.partner_file, snapshot.own_file, snapshot.moves, tz=self.context.tz
            )
        with self.context.store.reading():
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
        """Name what blocks, in the order of the pack; others are looked up only where a rule compares with them."""
        if not pack.rules:
            return {}
        if row is not None and pack.compares(row.trigger):
            with self.context.store.reading() as tx:
                live = self.context.lifecycle.live
                near = tx.neighbours(after.places(), apart_from=after.partnership.id, states=live)
            after = attrs.evolve(after, neighbours=near)
        return dict.fromkeys(finding.code for finding in pack.evaluate(after, on, row=row).blocking)

    def _steps_from(self, state: str) -> Iterator[_Step]:
        """Return what must hold in a state, and every step that can be asked there."""
        lifecycle, parts = self.context.lifecycle, _apart(self.context.pack, self.new)
        yield _Step(None, state, state, *(_bearing(pack, None, state) for pack in parts))
        for trigger in lifecycle.legal(state):
            row = lifecycle.row(trigger, state)
            if row is not None:
                (target,) = lifecycle.targets(row, state)
                holds_in = target if row.advances else None
                yield _Step(row, state, target, *(_bearing(pack, trigger, holds_in) for pack in parts))


def _apart(present: Pack, new: Pack) -> tuple[Pack, Pack, Pack]:
    """Return the rules of each pack that the other does not have just so, and those that both have."""
    both = {rule.policy.code for rule in new if _same(rule, present.by_code.get(rule.policy.code))}
    return (
        attrs.evolve(present, rules=tuple(rule for rule in present if rule.policy.code not in both)),
        attrs.evolve(new, rules=tuple(rule for rule in new if rule.policy.code not in both)),
        attrs.evolve(new, rules=tuple(rule for rule in new if rule.policy.code in both)),
    )


def _same(rule: Rule, other: Rule | None) -> bool:
    """Tell whether two rules are one in everything that a finding is made of."""
    return other is not None and all(
        getattr(rule, field.name) == getattr(other, field.name) for field in attrs.fields(Rule)
    )


def _bearing(pack: Pack, trigger: str | None, holds_in: str | None) -> Pack:
    """Leave of a pack what can stop a step: its own guards, and, where it advances, what holds in its target.

    Without those that read who asks, since nobody does.
    """
    rules = (
        rule
        for rule in pack
        if ((trigger is not None and rule.asked_for(trigger)) or holds_in in rule.holds_in)
        and not rule.policy.authority
    )
    return attrs.evolve(pack, rules=tuple(rules))
