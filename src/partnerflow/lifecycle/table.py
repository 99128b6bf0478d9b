"""The life of a partnership, as a table that a superintendent could read.

Rule 1: a row here is the only place that says which transition leads where.
Rule 2: a table is checked when it is built (soundness.py), so a Lifecycle that exists can be run.
Rule 3: a row names no policy. A policy names the triggers that it guards and the states that it holds in.

A row that *advances* is allowed only when every policy that holds in its target passes; a row that does not advance is
blocked only by the policies that guard it. What must be on file for a row is such a guard: see
`partnerflow.policies.shipped`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs

from partnerflow.clauses import answers
from partnerflow.errors import InvalidRequest

from .row import CHOSEN, SAME, Row, steps, texts
from .soundness import check
from .states import BEFORE_ACTIVE, State, Trigger


def _text_set(value: Iterable[str]) -> frozenset[str]:
    return frozenset(texts(value))


def _rows(value: Iterable[Row]) -> tuple[Row, ...]:
    return tuple(value)


_RUNNING = (State.ACTIVE, State.IMPROVEMENT_PLAN)
_REASON = ("reason",)

TRANSITIONS: tuple[Row, ...] = (
    # One point of entry, for a partner's offer and for a school's request alike.
    Row(Trigger.PROPOSE, sources=(), target=State.INTAKE, event="proposed", cites=("SPPS-III.D4",)),
    # A partnership that began before it was recorded here is recorded as it is, not replayed.
    Row(Trigger.ADOPT, sources=(), target=CHOSEN, event="adopted", carries=_REASON, cites=("SPPS-II.4",)),
    Row(
        Trigger.BEGIN_VETTING, sources=(State.INTAKE,), target=State.VETTING, advances=True,
        event="vetting_begun", cites=("EAF-4.1.b", "SPPS-V.4"),
    ),
    Row(
        Trigger.RETURN_TO_INTAKE, sources=(State.VETTING,), target=State.INTAKE,
        event="returned_to_intake", carries=_REASON, cites=("SPPS-III.D5",),
    ),
    Row(
        Trigger.APPROVE, sources=(State.VETTING,), target=State.ONBOARDING, advances=True,
        event="approved", cites=("EAF-C.3b", "CS2-1.S2"),
    ),
    Row(
        Trigger.RETURN_TO_VETTING, sources=(State.ONBOARDING,), target=State.VETTING,
        event="returned_to_vetting", carries=_REASON, cites=("SPPS-III.D5",),
    ),
    Row(
        Trigger.ACTIVATE, sources=(State.ONBOARDING,), target=State.ACTIVE, advances=True,
        event="activated", cites=("EAF-4.2.0", "CS2-2.S1", "SPPS-V.21"),
    ),
    # A change of terms is a transition of its own; the terms before it stay readable.
    Row(
        Trigger.AMEND, sources=_RUNNING, target=SAME,
        event="amended", carries=_REASON, cites=("SPPS-V.13b",),
    ),
    Row(
        Trigger.RENEW, sources=(State.ACTIVE,), target=State.ACTIVE, advances=True,
        event="renewed", cites=("TK-9", "CS2-X4"),
    ),
    Row(
        Trigger.OPEN_IMPROVEMENT_PLAN, sources=(State.ACTIVE,), target=State.IMPROVEMENT_PLAN,
        event="improvement_plan_opened", carries=_REASON, cites=("EAF-4.3.e2",),
    ),
    Row(
        Trigger.EXTEND_IMPROVEMENT_PLAN, sources=(State.IMPROVEMENT_PLAN,), target=SAME,
        event="improvement_plan_extended", carries=_REASON, cites=("EAF-4.3.e",),
    ),
    Row(
        Trigger.REINSTATE, sources=(State.IMPROVEMENT_PLAN,), target=State.ACTIVE, advances=True,
        event="reinstated", cites=("EAF-4.3.e3",),
    ),
    # Six ways out: two before it began, four after.
    Row(
        Trigger.DECLINE, sources=BEFORE_ACTIVE, target=State.TERMINATED,
        event="declined", carries=_REASON, cites=("SPPS-V.13",),
    ),
    Row(
        Trigger.WITHDRAW, sources=BEFORE_ACTIVE, target=State.TERMINATED,
        event="withdrawn", carries=_REASON, cites=("SPPS-V.13",),
    ),
    Row(
        Trigger.END, sources=_RUNNING, target=State.TERMINATED,
        event="ended", carries=_REASON, cites=("SPPS-V.13",),
    ),
    Row(
        Trigger.TERMINATE_FOR_PERFORMANCE, sources=(State.IMPROVEMENT_PLAN,), target=State.TERMINATED,
        event="terminated_for_performance", carries=_REASON, cites=("EAF-4.3.e",),
    ),
    # Safety, law or breach cannot wait for a plan; a second person's approval takes its place.
    Row(
        Trigger.TERMINATE_FOR_CAUSE, sources=(State.ONBOARDING, *_RUNNING), target=State.TERMINATED,
        event="terminated_for_cause", carries=_REASON, cites=("SPPS-V.13",),
    ),
)  # fmt: skip


@answers("SPPS-III.D5", "TK-18", "EAF-4.2.j")
@attrs.frozen(cache_hash=True)
class Lifecycle:
    """A named, versioned table that was checked: every state can be reached, and can be left or is final.

    Raises UnsoundLifecycle, naming every row concerned.
    """

    name: str
    version: str
    rows: tuple[Row, ...] = attrs.field(converter=_rows)
    states: tuple[str, ...] = attrs.field(default=tuple(State), converter=texts)
    """Every state, first to last; a source or target that is not among them is a fault."""
    final: frozenset[str] = attrs.field(default=frozenset({State.TERMINATED}), converter=_text_set)

    _rows_by_step: dict[tuple[str, str | None], Row] = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        check(str(self), self.rows, self.states, self.final)
        rows = {(row.trigger, source): row for row in self.rows for source in row.sources or (None,)}
        object.__setattr__(self, "_rows_by_step", rows)

    def __str__(self) -> str:
        return f"lifecycle {self.name} {self.version}"

    @property
    def live(self) -> tuple[str, ...]:
        """The states that a partnership can leave: all but the final ones."""
        return tuple(state for state in self.states if state not in self.final)

    @property
    def triggers(self) -> tuple[str, ...]:
        """Every trigger, in the order of the table."""
        return tuple(dict.fromkeys(row.trigger for row in self.rows))

    def row(self, trigger: str, source: str | None) -> Row | None:
        """Return the row for a trigger requested in *source* (None: before the partnership exists), if there is one."""
        return self._rows_by_step.get((trigger, source))

    def legal(self, source: str | None) -> tuple[str, ...]:
        """Return the triggers that may be requested in *source*."""
        return tuple(trigger for trigger, its_source in self._rows_by_step if its_source == source)

    def targets(self, row: Row, source: str | None) -> tuple[str, ...]:
        """Return the states that *row* can lead to from *source*: one, unless the caller may choose."""
        return row.targets(source, self.live)

    def steps(self) -> Iterator[tuple[Row, str | None, str]]:
        """Yield every transition: its row, where from (None: it creates the partnership) and where to."""
        return steps(self.rows, self.live)

    def evolve(
        self,
        *,
        name: str,
        version: str,
        rows: Iterable[Row] = (),
        states: Iterable[str] = (),
        without: Iterable[str] = (),
        final: Iterable[str] = (),
    ) -> Lifecycle:
        """Return a new lifecycle with a name and version of its own, more rows and states, and *without* some triggers.

        A row for a trigger that is already there adds sources to it. Raises UnsoundLifecycle for a table with faults,
        and InvalidRequest for a trigger in *without* that the table does not have.
        """
        gone = _text_set(without)
        if unknown := sorted(gone.difference(self.triggers)):
            raise InvalidRequest("without", ", ".join(unknown), f"{self} has {', '.join(self.triggers)}")
        return Lifecycle(
            name,
            version,
            (*(row for row in self.rows if row.trigger not in gone), *rows),
            states=self.states + texts(states),
            final=self.final | _text_set(final),
        )


DEFAULT = Lifecycle("default", "1", TRANSITIONS)
"""The table of the five guides."""
