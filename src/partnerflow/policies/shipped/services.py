"""When the services take place, whom they need during the school day, and whether each school has its own plan."""
# ruff: noqa: ARG001  every policy is given the day, whether it reads it or not

from __future__ import annotations

import re
from datetime import date
from typing import Any

from partnerflow.dossier import Dossier
from partnerflow.policies import Problem, Until, Verdict, best_of, each, lack, need, not_applicable, policy
from partnerflow.records import EVERYWHERE, Need, SchoolDayLeave, Service, ServicePlan, Slot

from .states import FROM_ONBOARDING, RUNNING

_SERVICE: dict[str, Any] = {
    "kind": "service",
    "service": "tutoring",
    "sites": ["255901001"],
    "timing": "out_of_school_time",
    "out_of_school": "after",
    "slots": [{"day": "tue", "starts": "15:00", "ends": "17:00"}],
}
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_WEEKEND = frozenset({"sat", "sun"})


@policy(
    "SVC-001",
    "Each service says when it takes place, and its hours agree with that",
    holds_in=FROM_ONBOARDING,
    cites=["TK-1", "TK-17"],
    fix="Say of each service named above whether it is during the school day or outside of it, whether before or "
    "after, and at which hours; outside means before {school_starts} or from {school_ends} on.",
    severity="advisory",
    owner="partner",
    passing=[_SERVICE],
    failing=[{**_SERVICE, "slots": [{"day": "tue", "starts": "13:30", "ends": "15:30"}]}],
    missing=[{**_SERVICE, "out_of_school": None}],
)
def timing_stated(dossier: Dossier, on: date, *, school_starts: str = "08:00", school_ends: str = "15:00") -> Verdict:
    """Different things must be in order during lessons and after them."""
    services = need(dossier.all(Service) or None, "services")
    yield from each(services, lambda service: _timing(service, school_starts, school_ends))


def _timing(service: Service, school_starts: str, school_ends: str) -> Verdict:
    timing = need(service.timing, service, "timing")
    if timing == "school_day":
        return
    if service.out_of_school is None:
        yield lack(service, "out_of_school")
    if timing == "both":
        return
    for place, slot in enumerate(need(service.slots, service, "slots")):
        yield from _hours(service, place, slot, school_starts, school_ends)


def _hours(service: Service, place: int, slot: Slot, school_starts: str, school_ends: str) -> Verdict:
    """Yield what is wrong with one slot of a service outside of the school day; times of one form sort as texts."""
    where = f"slots/{place}"
    if slot.day is None:
        yield lack(service, f"{where}/day")
    for field, said in (("starts", slot.starts), ("ends", slot.ends)):
        if said is None:
            yield lack(service, f"{where}/{field}")
        elif not _CLOCK.fullmatch(said):
            yield Problem(service, f"{where}/{field}", "{said} is no time such as 15:00", said=said)
    if slot.starts is None or slot.ends is None:
        return
    if slot.ends <= slot.starts:
        yield Problem(service, where, "ends at {ends}, before it starts", ends=slot.ends)
    elif slot.day not in _WEEKEND and slot.starts < school_ends and slot.ends > school_starts:
        yield Problem(
            service,
            where,
            "{service} is outside of the school day, and {day} {starts} to {ends} is within it",
            service=service.service,
            day=slot.day,
            starts=slot.starts,
            ends=slot.ends,
        )


_IN_SCHOOL = {"kind": "service", "service": "reading lab", "sites": ["255901001"], "needs_access": ["students"]}
_LEAVE = {
    "kind": "school_day_leave",
    "site": "255901001",
    "granted_by": "P. Park, principal",
    "starts_on": "2026-09-01",
    "ends_on": "2027-06-15",
}


@policy(
    "SVC-002",
    "Who needs teachers or students during the school day has the school's leave",
    holds_in=RUNNING,
    cites=["TK-6"],
    labelled=True,
    fix="File the leave of each school named above, with who granted it and its dates; where a service needs nobody "
    "during the school day, say that it needs access to nobody.",
    owner="school",
    passing=[_IN_SCHOOL, _LEAVE],
    failing=[_IN_SCHOOL, {**_LEAVE, "starts_on": "2025-09-01", "ends_on": "2026-06-15"}],
    missing=[_IN_SCHOOL],
)
def school_day_leave(dossier: Dossier, on: date) -> Verdict:
    """An hour out of class is the school's to give, not the partner's to take."""
    services = need(dossier.all(Service) or None, "services")
    for service in services:
        if service.needs_access is None:
            yield lack(service, "needs_access")
        elif service.needs_access and service.sites is None:
            yield lack(service, "sites")
    sites = {site for service in services if service.needs_access for site in service.sites or ()}
    if not any(service.needs_access for service in services):
        not_applicable("no service needs teachers or students during the school day")
    yield from each(sorted(sites), lambda site: _left(dossier, site, on))


def _left(dossier: Dossier, site: str, on: date) -> Verdict:
    leave = dossier.on(SchoolDayLeave, on, site=site)
    if leave is None:
        yield lack("school_day_leave", None, "none is on file of site {site}", site=site)
        return
    if not leave.granted_by:
        yield lack(leave, "granted_by")
    yield Until(dossier.through(leave, on), "leave for the school day at site {site} ends", site=site)


_TWO_SCHOOLS = {"kind": "scope", "level": "school", "sites": ["255901001", "255901044"]}
_HERE = {"kind": "need", "need": "no reading support after 15:00", "site": "255901001"}
_THERE = {"kind": "need", "need": "families cannot be reached in Somali", "site": "255901044"}
_FOR_HERE = {"kind": "service_plan", "site": "255901001", "needs": ["no reading support after 15:00"]}
_FOR_THERE = {"kind": "service_plan", "site": "255901044", "needs": ["families cannot be reached in Somali"]}


@policy(
    "SVC-003",
    "Each of several schools has a plan that answers a need of its own",
    holds_in=RUNNING,
    cites=["CS2-2.A2", "CS2-X4b"],
    fix="File a service plan for each school named above that names at least one need of that very school, and how "
    "the services are made to fit it.",
    severity="advisory",
    owner="partner",
    passing=[_TWO_SCHOOLS, _HERE, _THERE, _FOR_HERE, _FOR_THERE],
    failing=[_TWO_SCHOOLS, _HERE, _THERE, _FOR_HERE, {**_FOR_THERE, "needs": ["no reading support after 15:00"]}],
    missing=[_TWO_SCHOOLS, _HERE, _THERE, _FOR_HERE],
)
def plan_for_each_school(dossier: Dossier, on: date) -> Verdict:
    """The same programme everywhere fits nowhere. One school alone needs no plan beside the agreement."""
    sites = need(dossier.sites(), "scope", "sites")
    if len(sites) < 2 and EVERYWHERE not in sites:
        not_applicable("it is for one school")
    named = sorted(sites - {EVERYWHERE})
    if named:
        yield from each(named, lambda site: _planned(dossier, site, on))
        return
    plans = need(dossier.all(ServicePlan) or None, "service_plans")
    yield from best_of(plans, lambda plan: _planned(dossier, plan.site, on), on)


def _planned(dossier: Dossier, site: str, on: date) -> Verdict:
    plan = dossier.latest(ServicePlan, site=site)
    if plan is None:
        yield lack("service_plans", None, "none is on file for site {site}", site=site)
        return
    linked = need(plan.needs, plan, "needs")
    if not linked:
        yield Problem(plan, "needs", "links no need")
    yield from best_of(sorted(linked), lambda name: _of_that_school(dossier, plan, name), on)


def _of_that_school(dossier: Dossier, plan: ServicePlan, name: str) -> Verdict:
    linked = dossier.latest(Need, need=name)
    if linked is None:
        yield Problem(plan, "needs", "no need of that name is on file: {need}", need=name)
    elif need(linked.site, linked, "site") != plan.site:
        yield Problem(plan, "needs", "{need} is a need of site {site}", need=name, site=linked.site)
