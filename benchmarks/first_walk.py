"""What the first walk costs, as ratios measured in one run: run it with `python benchmarks/first_walk.py [--quick]`.

Absolute times move with the machine and with what else it does; a ratio of two things that took turns on it moves far
less. So every number here is ours against something smaller, both measured in the same round, and what is shown is the
median over the rounds. It measures and asserts nothing: it exits 0 whatever it finds.
"""

from __future__ import annotations

import argparse
import gc
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

import attrs
from measuring import Measured, Side, compare, heading, show
from stores.ground import active, flow_on, packs
from transitions import Machine

from partnerflow import DEFAULT, Dossier, Money, Partner, Partnerflow
from partnerflow.adapters.memory import MemoryStore
from partnerflow.dossier import RecordIndex
from partnerflow.policies import Pack, load_pack
from partnerflow.records import (
    Agreement,
    BackgroundCheck,
    Contact,
    DataSharingAgreement,
    ExpectationsMeeting,
    FacilityAccess,
    Insurance,
    Liaison,
    Licence,
    Need,
    Orientation,
    Person,
    Record,
    Scope,
    Service,
    StrategicGoal,
    Training,
    VettingReview,
)
from partnerflow.testing import EXAMPLE_DAY, OFFICE, example_dossier

FIRES = 20
"""How many steps are timed in a row, each on a partnership of its own."""
BARE_FIRES = 200
"""How many steps of a bare machine are timed in a row, each on a model of its own."""


# --- 1. a step in memory -------------------------------------------------------------------------------------------


def in_memory(rounds: int) -> None:
    heading(
        "1. A step in memory (CPU)",
        "flow.fire(id, 'renew', by=office) on a MemoryStore, each on a partnership of its own",
        "the same step of the same table on a machine of `transitions` alone, which keeps and judges nothing",
    )
    bare = Side(on_a_bare_machine, BARE_FIRES)
    for label, pack, records in packs():
        ours = Side(lambda pack=pack, records=records: renewing(flow_on(MemoryStore(), pack), records), FIRES)
        show(label, compare(ours, bare, rounds)[0])


class Model:
    """What a bare machine moves; it puts the state and the triggers on it."""

    renew: Callable[[], bool]


def on_a_bare_machine() -> Callable[[], object]:
    """Return what takes the step on the next of many models, as the guide of `transitions` has it."""
    models = [Model() for _ in range(BARE_FIRES + 1)]
    machine = Machine(models, states=list(DEFAULT.states), initial="active", auto_transitions=False)
    for row, source, target in DEFAULT.steps():
        if source is not None:
            machine.add_transition(row.trigger, source, target)
    coming = iter(models)
    return lambda: next(coming).renew()


def renewing(flow: Partnerflow, records: Sequence[Record]) -> Callable[[], object]:
    coming = iter([active(flow, records) for _ in range(FIRES + 1)])
    return lambda: flow.fire(next(coming), "renew", by=OFFICE)


# --- 2. a full report ----------------------------------------------------------------------------------------------


@attrs.frozen
class Values:
    """What the lambdas read: the records themselves, found beforehand."""

    partner: Partner
    contact: Contact
    person: Person
    check: BackgroundCheck
    cover: Insurance
    licence: Licence
    fundamentals: Training
    content: Training
    scope: Scope
    service: Service
    need: Need
    goal: StrategicGoal
    review: VettingReview
    access: FacilityAccess
    agreement: Agreement
    sharing: DataSharingAgreement
    district: Liaison
    theirs: Liaison
    orientation: Orientation
    meeting: ExpectationsMeeting


ENOUGH = 100_000_000  # cents
TWO_YEARS = timedelta(days=730)
CRITERIA = ("efficacy", "efficiency", "student_outcomes", "familiarity", "alignment", "communication", "delivery")
STEPS = ("research", "conversation", "capacity", "fit")

# What the default pack asks of a partnership in `active`, as somebody in a hurry would write it: codes only, no reason,
# no due date, and an exception as soon as something is not on file.
LAMBDAS: tuple[tuple[str, Callable[[Values, date], bool]], ...] = (
    ("REG-001", lambda v, _: v.partner.classification in ("partner", "vendor")),
    ("REG-002", lambda v, _: bool(v.partner.kind and v.scope.level and v.scope.sites and v.service.summary)),
    ("REG-002", lambda v, on: v.contact.starts_on <= on <= v.contact.ends_on and bool(v.contact.email)),
    ("NEED-001", lambda v, _: bool(v.need.purposes and v.need.why_this_partner)),
    ("GOAL-001", lambda v, _: bool(v.goal.outcome and v.goal.how and v.goal.current)),
    ("VET-001", lambda v, _: all(v.review.scores[c].score >= 1 and v.review.scores[c].evidence for c in CRITERIA)),
    ("VET-002", lambda v, on: all(v.review.steps[s].done_on <= on and v.review.steps[s].by for s in STEPS)),
    ("VET-003", lambda v, _: bool(v.review.fits_communities and v.review.fit_reason)),
    ("SAFE-001", lambda v, on: v.check.result == "clear" and v.check.cleared_on <= on <= v.check.ends_on),
    ("SAFE-002", lambda v, on: v.cover.per_occurrence.minor >= ENOUGH and v.cover.starts_on <= on <= v.cover.ends_on),
    ("SAFE-003", lambda v, on: v.access.site in v.service.sites and v.access.starts_on <= on <= v.access.ends_on),
    (
        "SAFE-004",
        lambda v, on: (
            v.licence.licence_type in v.partner.licences_required and v.licence.starts_on <= on <= v.licence.ends_on
        ),
    ),
    (
        "AGR-001",
        lambda v, on: (
            v.agreement.signed_by_district_on <= on
            and v.agreement.signed_by_partner_on <= on
            and v.agreement.starts_on <= on <= v.agreement.ends_on
        ),
    ),
    ("AGR-002", lambda v, _: bool(v.agreement.district_contact.name)),
    ("AGR-003", lambda v, _: bool(v.agreement.partner_contact.name and v.agreement.partner_contact.contact)),
    ("AGR-004", lambda v, _: v.agreement.time_and_space.accepted_by >= {"district", "partner"}),
    ("AGR-005", lambda v, _: all(m.district_goals and m.partner_goals for m in v.agreement.milestones)),
    (
        "AGR-006",
        lambda v, on: all(e.kept_in for e in v.sharing.elements) and v.sharing.starts_on <= on <= v.sharing.ends_on,
    ),
    (
        "AGR-007",
        lambda v, _: bool(v.agreement.transition.who and v.agreement.transition.when and v.agreement.transition.what),
    ),
    ("AGR-008", lambda v, _: v.person.person in v.agreement.trained_people),
    ("LIA-001", lambda v, on: v.district.starts_on <= on <= v.district.ends_on),
    ("LIA-001", lambda v, on: v.theirs.starts_on <= on <= v.theirs.ends_on),
    (
        "TRN-001",
        lambda v, on: all(on <= t.completed_on + TWO_YEARS for t in (v.fundamentals, v.content)),
    ),
    ("ORI-001", lambda v, on: bool(v.orientation.partner_attended and v.orientation.held_on <= on)),
    ("ORI-002", lambda v, _: v.meeting.accepted_by >= {"district", "partner"}),
)  # fmt: skip


def values_of(dossier: Dossier) -> Values:
    """Find what the lambdas read, once; they do not pay for it."""
    newest = {type(entry.record): entry.record for entry in dossier.entries}
    found: dict[str, Any] = {
        "partner": dossier.partner,
        "fundamentals": dossier.latest(Training, person="j.rivera", topic="advising_fundamentals"),
        "content": dossier.latest(Training, person="j.rivera", topic="content_area"),
        "district": dossier.latest(Liaison, side="district"),
        "theirs": dossier.latest(Liaison, side="partner"),
    }
    kinds = {
        "contact": Contact, "person": Person, "check": BackgroundCheck, "cover": Insurance, "licence": Licence,
        "scope": Scope, "service": Service, "need": Need, "goal": StrategicGoal, "review": VettingReview,
        "access": FacilityAccess, "agreement": Agreement, "sharing": DataSharingAgreement, "orientation": Orientation,
        "meeting": ExpectationsMeeting,
    }  # fmt: skip
    return Values(**found, **{name: newest[kind] for name, kind in kinds.items()})


def broken_dossier() -> Dossier:
    """Return the example with seven things wrong, and nothing absent."""
    whole = values_of(example_dossier("active"))
    return example_dossier(
        "active",
        partner=attrs.evolve(whole.partner, classification="sponsor"),
        records=[
            attrs.evolve(whole.check, result="flagged"),
            attrs.evolve(whole.cover, per_occurrence=Money.of(500_000, "USD")),
            attrs.evolve(whole.access, ends_on=date(2026, 9, 1)),
            attrs.evolve(whole.goal, current=False),
            attrs.evolve(whole.theirs, ends_on=date(2026, 9, 1)),
            attrs.evolve(whole.orientation, partner_attended=False),
        ],
    )


def report(rounds: int) -> None:
    pack = load_pack("default")
    valid, broken = example_dossier("active"), broken_dossier()
    asked = len(pack.check(valid, on=EXAMPLE_DAY).findings)
    heading(
        "2. A full report (CPU)",
        f"pack.check(dossier, on=day): the default pack in `active`, {asked} findings with reasons and due dates",
        f"{len(LAMBDAS)} lambdas over records found beforehand: the codes of what fails, and no more",
    )
    for label, dossier in (("valid", valid), ("broken in seven places", broken)):
        show(f"{label} ({found_by_both(pack, dossier)})", compare(*reporting(pack, dossier), rounds)[0])
    show("valid, indexed anew, as every load is", compare(*reporting(pack, valid, anew=True), rounds)[0])


def found_by_both(pack: Pack, dossier: Dossier) -> str:
    ours = [finding.code for finding in pack.check(dossier, on=EXAMPLE_DAY).blocking]
    theirs = failing(values_of(dossier))
    return f"both find {len(ours)}" if set(ours) == set(theirs) else f"ours finds {ours}, the lambdas {theirs}"


def failing(values: Values) -> list[str]:
    return [code for code, holds in LAMBDAS if not holds(values, EXAMPLE_DAY)]


def reporting(pack: Pack, dossier: Dossier, *, anew: bool = False) -> tuple[Side, Side]:
    values = values_of(dossier)

    def loaded() -> Dossier:
        return attrs.evolve(dossier, on_file=RecordIndex(dossier.entries)) if anew else dossier

    return (
        Side(lambda: lambda: pack.check(loaded(), on=EXAMPLE_DAY), 100),
        Side(lambda: lambda: failing(values), 1000),
    )


# --- 3. imports ----------------------------------------------------------------------------------------------------

RULES, ALL = "import attrs, cattrs", "import attrs, cattrs, transitions, blinker"
FIRST_USE = "from partnerflow.policies import load_pack; load_pack('default')"
FIRST_FLOW = (
    "from partnerflow import Partnerflow; from partnerflow.adapters.memory import MemoryStore; "
    "Partnerflow(store=MemoryStore())"
)
IMPORTS = (
    ("from partnerflow import Partnerflow", "from partnerflow import Partnerflow", ALL, "1.2x"),
    ("from partnerflow.policies import load_pack", "from partnerflow.policies import load_pack", RULES, "1.2x"),
    ("... and load_pack('default') called", FIRST_USE, RULES, ""),
    ("... and Partnerflow(store=MemoryStore()) made", FIRST_FLOW, ALL, ""),
)


def imports(rounds: int) -> None:
    heading(
        "3. Imports, each in a fresh interpreter (CPU inside it)",
        "what the line says",
        f"`{RULES}` for load_pack, `{ALL}` for Partnerflow",
    )
    wanted = dict.fromkeys(statement for _, ours, other, _ in IMPORTS for statement in (ours, other))
    taken: dict[str, list[float]] = {statement: [] for statement in wanted}
    for _ in range(rounds + 1):
        for statement, seconds in taken.items():
            seconds.append(cpu_of(statement))
    for label, ours, other, goal in IMPORTS:
        show(label, Measured(taken[ours][1:], taken[other][1:]), goal)


def cpu_of(statement: str) -> float:
    """Return the CPU seconds that *statement* takes in an interpreter of its own, once that has started."""
    code = f"import time\nbegun = time.process_time()\n{statement}\nprint(time.process_time() - begun)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout)


# --- all of it -----------------------------------------------------------------------------------------------------


def main() -> None:
    parser = argparse.ArgumentParser(description="Print what the first walk costs, as ratios measured in one run.")
    parser.add_argument("--quick", action="store_true", help="fewer rounds: in seconds, and less sure")
    quick = parser.parse_args().quick
    begun = time.perf_counter()
    gc.freeze()  # what the imports made need not be looked through before every round
    print(f"Python {platform.python_version()}")
    in_memory(5 if quick else 25)
    report(5 if quick else 25)
    imports(2 if quick else 11)
    print(f"\nmedians over rounds in which both sides took turns; {time.perf_counter() - begun:.0f} s in all")


if __name__ == "__main__":
    main()
