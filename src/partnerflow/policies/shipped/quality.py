"""How quality must be watched over, and how the sides must keep in touch."""

from __future__ import annotations

from datetime import date
from typing import Any

from partnerflow.dossier import Dossier
from partnerflow.lifecycle import State
from partnerflow.policies import Problem, Until, Verdict, each, lack, need, policy
from partnerflow.records import CommunicationPlan, QualitySystem, days_after

from .sides import agreed, assigned
from .states import RUNNING

_BOTH = {"school": "2026-08-24", "partner": "2026-08-25"}
_SYSTEM: dict[str, Any] = {
    "kind": "quality_system",
    "tool": "the state's after-school checklist",
    "measures": {
        "reliability": "sessions held of sessions planned",
        "quality": "the checklist, twice a year",
        "alignment": "reading aims shared with the classroom",
    },
    "agreed_by": _BOTH,
}
_POINT_PERSON = {
    "kind": "assignment",
    "role": "quality_point_person",
    "site": "*",
    "person": "A. Anderson",
    "employer": "school",
    "starts_on": "2026-08-24",
    "ends_on": "no_end",
}


def _system(dossier: Dossier) -> QualitySystem:
    return need(dossier.latest(QualitySystem), "quality_system")


@policy(
    "QUA-001",
    "Both sides agreed on how to tell what is reliable, good and to the point",
    holds_in=RUNNING,
    cites=["CS2-3.S3"],
    owner="school",
    fix="Agree with the partner on a measure for each of {measures}, and file them with the day on which each side "
    "agreed.",
    passing=[_SYSTEM],
    failing=[{**_SYSTEM, "agreed_by": {"school": "2026-08-24"}}],
    missing=[{**_SYSTEM, "measures": {"quality": "the checklist"}}],
)
def measures_agreed(
    dossier: Dossier, on: date, *, measures: tuple[str, ...] = ("reliability", "quality", "alignment")
) -> Verdict:
    """Whoever is measured by what they never agreed to will dispute the measure, not mend the work."""
    system = _system(dossier)
    found = need(system.measures, system, "measures")
    for measure in measures:
        if not found.get(measure):
            yield lack(system, f"measures/{measure}")
    yield from agreed(system, "agreed_by", on)


@policy(
    "QUA-002",
    "Quality has a tool, and somebody who looks after it",
    holds_in=RUNNING,
    cites=["CS2-3.A8"],
    owner="school",
    fix="Name the tool, and give somebody the part of {role} with first and last day, within {grace_days} days of the "
    "start.",
    passing=[_SYSTEM, _POINT_PERSON],
    failing={
        "partnership": {"state": State.ACTIVE, "since": "2026-07-01"},
        "records": [_SYSTEM, {**_POINT_PERSON, "ends_on": "2026-08-30"}],
    },
    missing={"partnership": {"state": State.ACTIVE, "since": "2026-07-01"}, "records": [_SYSTEM]},
)
def quality_looked_after(
    dossier: Dossier, on: date, *, role: str = "quality_point_person", grace_days: int = 30
) -> Verdict:
    """A checklist that is nobody's task is filled in by nobody. The days to get there are a setting."""
    said = list(each((role,), lambda part: _looked_after(dossier, part, on)))
    wrong = any(isinstance(one, Problem) or one.day < on for one in said)
    if wrong and dossier.partnership.state == State.ACTIVE:
        since = dossier.entered_on(on)
        if since is None:
            yield lack(dossier.partnership, "since")
        elif on <= (grace := days_after(since, grace_days)):
            yield Until(grace, "the time to find a tool and a point person for quality ends")
            return
    yield from said


def _looked_after(dossier: Dossier, role: str, on: date) -> Verdict:
    yield from assigned(dossier, (role,), on, lambda _: iter(()))
    system = _system(dossier)
    if not system.tool:
        yield lack(system, "tool")


_PLAN: dict[str, Any] = {
    "kind": "communication_plan",
    "channels": [{"way": "mailing list", "address": "riverbend@school.example"}],
    "norms": "an answer within two school days",
    "cadence": "the first Tuesday of the month",
    "review": "each January and June, with the service log",
    "committed_by": _BOTH,
}


def _talk(dossier: Dossier) -> CommunicationPlan:
    return need(dossier.latest(CommunicationPlan), "communication_plan")


@policy(
    "COM-001",
    "Both know how to reach each other, when they meet, and when they look at needs and quality",
    holds_in=RUNNING,
    cites=["CS2-3.A2", "CS2-L3"],
    owner="school",
    fix="File how to reach each side (a way and an address), what each may count on, how often you meet, and when you "
    "look at needs and quality again.",
    passing=[_PLAN],
    failing=[{**_PLAN, "channels": []}],
    missing=[{key: value for key, value in _PLAN.items() if key != "review"}],
)
def in_touch(dossier: Dossier, on: date) -> Verdict:  # noqa: ARG001
    """Most troubles are small on the day on which somebody could have called."""
    plan = _talk(dossier)
    for field in ("norms", "cadence", "review"):
        if not getattr(plan, field):
            yield lack(plan, field)
    channels = need(plan.channels, plan, "channels")
    if not channels:
        yield Problem(plan, "channels", "there is no way to reach each other")
    for place, channel in enumerate(channels):
        for field in ("way", "address"):
            if not getattr(channel, field):
                yield lack(plan, f"channels/{place}/{field}")


@policy(
    "COM-002",
    "Both sides gave their word to keep in touch",
    holds_in=RUNNING,
    cites=["CS2-X4c"],
    owner="school",
    fix="Have the partner and the school or district commit to how often they meet, and file the day of each.",
    passing=[_PLAN],
    failing=[{**_PLAN, "committed_by": {"school": "2026-08-24"}}],
    missing=[{key: value for key, value in _PLAN.items() if key != "cadence"}],
)
def committed_to_talk(dossier: Dossier, on: date) -> Verdict:
    """A plan of one side binds one side."""
    plan = _talk(dossier)
    if not plan.cadence:
        yield lack(plan, "cadence")
    yield from agreed(plan, "committed_by", on)
