"""What the partnership is for, and whether somebody does it already."""
# ruff: noqa: ARG001  every policy is given the day, whether it reads it or not

from __future__ import annotations

from datetime import date

from partnerflow.dossier import Dossier, Neighbour, overlap
from partnerflow.lifecycle import State, Trigger
from partnerflow.policies import Problem, Verdict, best_of, each, lack, need, not_applicable, policy
from partnerflow.records import EVERYWHERE, DuplicationDecision, Need, Scope, Service, StrategicGoal

from .states import FROM_VETTING, RUNNING

_NEED = {
    "kind": "need",
    "need": "no reading support after 15:00",
    "purposes": ["fill_gap"],
    "why_this_partner": "runs it in two schools nearby",
}
_GOAL = {
    "kind": "strategic_goal",
    "goal": "Every child reads by grade 3",
    "outcome": "grade 3 reading",
    "how": "three hours of tutoring a week",
    "current": True,
}


@policy(
    "NEED-001",
    "A need or gap is named, and why this partner can answer it",
    holds_in=FROM_VETTING,
    cites=["EAF-4.1.b", "EAF-0"],
    fix="File a need that says what is lacking, for which purpose a partner is sought, and why this one fits.",
    owner="district",
    passing=[_NEED],
    failing=[{**_NEED, "purposes": []}],
    missing=[],
)
def need_named(dossier: Dossier, on: date) -> Verdict:
    """Partners are chosen to answer something, not because they offered."""
    needs = need(dossier.all(Need) or None, "needs")
    yield from best_of(needs, _need_lacks, on)


def _need_lacks(one: Need) -> Verdict:
    if not one.why_this_partner:
        yield lack(one, "why_this_partner")
    if one.purposes is None:
        yield lack(one, "purposes")
    elif not one.purposes:
        yield Problem(one, "purposes", "states no purpose")


_SCHOOL = {"kind": "scope", "level": "school", "sites": ["255901001"]}
_ITS_NEED = {**_NEED, "site": "255901001", "group": "students"}


@policy(
    "NEED-002",
    "A partnership with a school answers a need of that very school",
    holds_in=FROM_VETTING,
    cites=["SPPS-III.E14b"],
    fix="Ask each school named above what its students, teachers or families lack, and file that need with the school "
    "and whose need it is.",
    severity="advisory",
    owner="school",
    passing=[_SCHOOL, _ITS_NEED],
    failing=[_SCHOOL, {**_ITS_NEED, "site": "255901044"}],
    missing=[_SCHOOL, _NEED],
)
def need_of_the_school(dossier: Dossier, on: date) -> Verdict:
    """What one school lacks, the next one may have in plenty."""
    scope = need(dossier.latest(Scope), "scope")
    if need(scope.level, scope, "level") == "district":
        not_applicable("it is the whole district's")
    sites = need(scope.sites, scope, "sites")
    needs = need(dossier.all(Need) or None, "needs")
    unplaced = [one for one in needs if one.site is None]
    for site in sorted(sites):
        theirs = [one for one in needs if one.site == site or (site == EVERYWHERE and one.site is not None)]
        if theirs:
            yield from best_of(theirs, _whose, on)
        elif unplaced:
            yield from (lack(one, "site") for one in unplaced)
        else:
            yield Problem(scope, "sites", "no need on file is one of site {site}", site=site)


def _whose(one: Need) -> Verdict:
    need(one.group, one, "group")
    yield from ()


@policy(
    "GOAL-001",
    "The partnership serves a goal of the district's plan",
    holds_in=RUNNING,
    cites=["SPPS-I", "SPPS-V.7c"],
    fix="File a strategic goal of the plan in force, with the long-term outcome that it advances and how.",
    owner="district",
    passing=[_GOAL],
    failing=[{**_GOAL, "current": False}],
    missing=[],
)
def goal_aligned(dossier: Dossier, on: date) -> Verdict:
    """Time and rooms given to a partnership are taken from something else; the plan says what for."""
    goals = need(dossier.all(StrategicGoal) or None, "strategic_goals")
    yield from best_of(goals, _goal_lacks, on)


def _goal_lacks(goal: StrategicGoal) -> Verdict:
    for field in ("outcome", "how"):
        if not getattr(goal, field):
            yield lack(goal, field)
    if goal.current is None:
        yield lack(goal, "current")
    if goal.current is False:
        yield Problem(goal, "current", "the plan no longer holds this goal")


_SERVICE = {
    "kind": "service",
    "service": "tutoring",
    "content_areas": ["academic_support"],
    "sites": ["255901001"],
    "grades": ["3"],
    "starts_on": "2026-09-01",
    "ends_on": "2027-06-30",
}
_OTHER = {
    "partnership_id": "0190b4f2-0000-7000-8000-000000000001",
    "partner": "Northside Tutors",
    "service": {key: value for key, value in _SERVICE.items() if key != "kind"},
}
_DECISION = {
    "kind": "duplication_decision",
    "with_partnership": "0190b4f2-0000-7000-8000-000000000001",
    "decision": "both",
    "reason": "the waiting list is longer than either can take",
}


@policy(
    "DUP-001",
    "No service doubles another at the same place without a decision",
    guards={Trigger.APPROVE, Trigger.ACTIVATE},
    cites=["CS2-1.S1d", "EAF-4.4.c2"],
    fix="File a duplication decision for each partnership named above, with the reason; or change the service.",
    compares=True,
    owner="district",
    passing={"partnership": {"state": State.VETTING}, "records": [_SERVICE, _DECISION], "neighbours": [_OTHER]},
    failing={"partnership": {"state": State.VETTING}, "records": [_SERVICE], "neighbours": [_OTHER]},
    missing={"partnership": {"state": State.VETTING}, "records": [_SERVICE]},
)
def not_duplicated(dossier: Dossier, on: date) -> Verdict:
    """Two partners who teach the same children the same thing at the same hour waste both."""
    neighbours = need(dossier.neighbours, "neighbours")
    services = need(dossier.all(Service) or None, "services")
    for service in services:
        for field in ("sites", "content_areas"):
            if getattr(service, field) is None:
                yield lack(service, field)
    doubled = [one for one in neighbours if any(_doubles(service, one.service) for service in services)]
    yield from each(doubled, lambda neighbour: _undecided(dossier, neighbour))


def _doubles(mine: Service, theirs: Service) -> bool:
    """Tell whether two services meet in place, content, children and time; what is not said may meet."""
    return (
        (theirs.sites is None or overlap(mine.sites or frozenset(), theirs.sites))
        and (theirs.content_areas is None or overlap(mine.content_areas or frozenset(), theirs.content_areas))
        and (not mine.grades or not theirs.grades or overlap(mine.grades, theirs.grades))
        and not (mine.ends_on and theirs.starts_on and mine.ends_on < theirs.starts_on)
        and not (theirs.ends_on and mine.starts_on and theirs.ends_on < mine.starts_on)
    )


def _undecided(dossier: Dossier, neighbour: Neighbour) -> Verdict:
    decision = dossier.latest(DuplicationDecision, with_partnership=neighbour.partnership_id)
    if decision is None:
        yield Problem(
            neighbour,
            None,
            "{partner} already offers {service} there (partnership {id})",
            partner=neighbour.partner,
            service=neighbour.service.service,
            id=neighbour.partnership_id,
        )
        return
    if not decision.reason:
        yield lack(decision, "reason")
    if need(decision.decision, decision, "decision") == "decline":
        yield Problem(decision, "decision", "it was decided not to have both")
