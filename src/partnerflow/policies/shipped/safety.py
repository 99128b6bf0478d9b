"""What keeps students safe and the district covered."""

from __future__ import annotations

from datetime import date
from typing import Literal

from partnerflow.dossier import Dossier
from partnerflow.policies import Problem, Until, Verdict, best_of, each, lack, need, not_applicable, policy
from partnerflow.records import EVERYWHERE, FacilityAccess, Insurance, Money, Service

from .clearance import cleared
from .licences import INVALID, VALID, licensed
from .people import who_meet_students
from .states import FROM_ONBOARDING, RUNNING

_SERVICE = {"kind": "service", "service": "tutoring", "sites": ["255901001"], "direct_contact": True, "on_site": True}
_PERSON = {"kind": "person", "person": "j.rivera", "direct_contact": True}
_CHECK = {
    "kind": "background_check",
    "person": "j.rivera",
    "result": "clear",
    "cleared_on": "2026-08-01",
    "ends_on": "2029-07-31",
}


@policy(
    "SAFE-001",
    "Everyone who meets students has a clear background check",
    holds_in=FROM_ONBOARDING,
    cites=["EAF-C.3b", "SPPS-V.4b.1"],
    fix="File a clear, current background check for each person named above, or take the person out of contact with "
    "students. A check that did not come out clear is answered by a later clear one, filed or confirmed by the "
    "district, for each of its components; by one for everything (*), where it names none. One without its day must "
    "be retracted by the office and filed again.",
    owner="partner",
    max_waiver_days=0,
    revision=3,
    passing=[_SERVICE, _PERSON, _CHECK],
    failing=[_SERVICE, _PERSON, {**_CHECK, "ends_on": "2026-08-31"}],
    missing=[_SERVICE, _PERSON],
)
def background_checks(
    dossier: Dossier,
    on: date,
    *,
    components: frozenset[str] = frozenset(),
    max_age_months: int = 60,
    one_time_visitors: Literal["checked", "exempt"] = "checked",
) -> Verdict:
    """No adult is alone with a child on somebody's word. It is never waived.

    `components` are the parts that must be clear, where the district asks for certain ones: in one check or in several,
    each until its own last day. A check counts for no longer than `max_age_months`, whatever its last day. One that did
    not come out clear never lapses.
    """
    people = yield from who_meet_students(dossier)
    asked = [person for person in people if one_time_visitors == "checked" or not person.one_time_visitor]
    yield from each(
        asked,
        lambda person: cleared(dossier, person, on, components=components, max_age_months=max_age_months),
    )


_COVER = {
    "kind": "insurance",
    "line": "general_liability",
    "per_occurrence": "1000000 USD",
    "starts_on": "2026-07-01",
    "ends_on": "2027-06-30",
}


@policy(
    "SAFE-002",
    "General liability cover meets the minimum",
    holds_in=RUNNING,
    cites=["SPPS-V.4b.2"],
    labelled=True,
    fix="Ask the partner's insurer for a certificate of at least {minimum} per occurrence.",
    owner="partner",
    better={"actual": "more"},
    passing=[_COVER],
    failing=[{**_COVER, "per_occurrence": "500000 USD"}],
    missing=[],
)
def general_liability(
    dossier: Dossier,
    on: date,
    *,
    minimum: Money = Money.of(1_000_000, "USD"),  # noqa: B008  frozen
    additional_insured: bool = False,
    certificate_holder: bool = False,
    supervised: Literal["covered", "exempt"] = "covered",
) -> Verdict:
    """When somebody is hurt, the partner's insurer pays and not the school.

    A district may ask to be named on the certificate, and may let a programme off whose every service its own staff
    supervise all the time.
    """
    services = dossier.all(Service)
    if supervised == "exempt" and services and all(service.fully_supervised for service in services):
        not_applicable("the district's own staff supervise every service all the time")
    cover = need(dossier.on(Insurance, on, line="general_liability"), "insurance.general_liability")
    amount = need(cover.per_occurrence, cover, "per_occurrence")
    if amount.currency != minimum.currency:
        yield Problem(cover, "per_occurrence", "{actual} is not in {wanted}", actual=amount, wanted=minimum.currency)
    elif amount < minimum:
        yield Problem(cover, "per_occurrence", "{actual} is below {minimum}", actual=amount, minimum=minimum)
    if additional_insured and not need(cover.district_additional_insured, cover, "district_additional_insured"):
        yield Problem(cover, "district_additional_insured", "the district is not insured by it")
    if certificate_holder and not need(cover.district_certificate_holder, cover, "district_certificate_holder"):
        yield Problem(cover, "district_certificate_holder", "the district does not hold the certificate")
    yield Until(dossier.through(cover, on), "general liability cover ends")


_ACCESS = {
    "kind": "facility_access",
    "site": "255901001",
    "paperwork": "permit 26-114",
    "starts_on": "2026-08-15",
    "ends_on": "2027-06-15",
}


@policy(
    "SAFE-003",
    "Access to every site that is worked at is granted, with its paperwork",
    holds_in=RUNNING,
    cites=["EAF-C.3a", "TK-7"],
    labelled=True,
    fix="File the facility access for each site named above, with its paperwork and its dates.",
    owner="school",
    passing=[_SERVICE, _ACCESS],
    failing=[_SERVICE, {**_ACCESS, "ends_on": "2026-08-31"}],
    missing=[_SERVICE],
)
def facility_access(dossier: Dossier, on: date) -> Verdict:
    """Whoever is in the building is there with leave, and the leave is on file."""
    services = need(dossier.all(Service) or None, "services")
    for service in services:
        if service.on_site is None:
            yield lack(service, "on_site")
        elif service.on_site and service.sites is None:
            yield lack(service, "sites")
    on_site = [service for service in services if service.on_site]
    if not on_site:
        not_applicable("no service takes place on the district's premises")
    sites = {site for service in on_site for site in service.sites or ()}
    yield from each(sorted(sites), lambda site: _granted(dossier, site, on))


def _granted(dossier: Dossier, site: str, on: date) -> Verdict:
    """Leave for the site, or for every site: whichever lasts longer."""
    granted = [dossier.on(FacilityAccess, on, site=at) for at in dict.fromkeys((site, EVERYWHERE))]
    if not any(granted):
        yield lack("facility_access", None, "none is on file for site {site}", site=site)
    yield from best_of((access for access in granted if access), lambda access: _with_papers(dossier, access, on), on)


def _with_papers(dossier: Dossier, access: FacilityAccess, on: date) -> Verdict:
    if not access.paperwork:
        yield lack(access, "paperwork")
    yield Until(dossier.through(access, on), "access to site {site} ends", site=access.site)


_LICENSED = {"licences_required": ["School Age Program"]}
_LICENCE = {
    "kind": "licence",
    "licence_type": "School Age Program",
    "identifier": "594835-c",
    "issuer": "State Health and Human Services",
    "status": "active",
    "starts_on": "2026-01-01",
    "ends_on": "2027-12-31",
}


@policy(
    "SAFE-004",
    "Every licence that the work requires is current",
    holds_in=RUNNING,
    cites=["EAF-C.3a", "SPPS-V.4b"],
    fix="File the current licence of each type named above with its status and dates; if none is required, file the "
    "partner with an empty list of licences. One that was revoked or suspended is answered by the same one valid "
    "again, or by one that begins after it, filed or confirmed by the district.",
    owner="partner",
    revision=2,
    passing={"partner": _LICENSED, "records": [_LICENCE]},
    failing={"partner": _LICENSED, "records": [{**_LICENCE, "status": "revoked"}]},
    missing={"partner": _LICENSED, "records": [{key: value for key, value in _LICENCE.items() if key != "ends_on"}]},
)
def licences_current(
    dossier: Dossier, on: date, *, valid: frozenset[str] = VALID, invalid: frozenset[str] = INVALID
) -> Verdict:
    """A licence without an end on file is a licence that nobody has read.

    `valid` and `invalid` are the words that are known for the status of a licence; with any other it is missing. A
    licence that was revoked or suspended stays so, whatever its last day, until another answers it.
    """
    required = need(dossier.partner.licences_required, dossier.partner, "licences_required")
    if not required:
        not_applicable("what the partner does requires no licence")
    yield from each(required, lambda kind: licensed(dossier, kind, on, valid=valid, invalid=invalid))


_EMPLOYER = {"has_employees": True}
_FOR_WORKERS = {
    "kind": "insurance",
    "line": "workers_compensation",
    "starts_on": "2026-07-01",
    "ends_on": "2027-06-30",
}


@policy(
    "SAFE-005",
    "Workers' compensation cover is in force for whoever has employees",
    holds_in=RUNNING,
    cites=["SPPS-V.4b.2", "SPPS-V.4b"],
    labelled=True,
    fix="File the certificate of workers' compensation insurance with its dates; if the partner pays nobody, file the "
    "partner again and say that it has no employees.",
    owner="partner",
    passing={"partner": _EMPLOYER, "records": [_FOR_WORKERS]},
    failing={"partner": _EMPLOYER, "records": [{**_FOR_WORKERS, "ends_on": "2026-08-31"}]},
    missing={"partner": _EMPLOYER},
)
def workers_covered(dossier: Dossier, on: date) -> Verdict:
    """Whoever is hurt at work in a school is somebody's employee, and not the school's."""
    if not need(dossier.partner.has_employees, dossier.partner, "has_employees"):
        not_applicable("the partner has no employees")
    cover = need(dossier.on(Insurance, on, line="workers_compensation"), "insurance.workers_compensation")
    yield Until(dossier.through(cover, on), "workers' compensation cover ends")
