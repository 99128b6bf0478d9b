"""Who the partner is: what the district must know before it looks any closer."""
# ruff: noqa: ARG001  every policy is given the day, whether it reads it or not

from __future__ import annotations

import re
from datetime import date
from typing import Literal

from partnerflow.dossier import Dossier
from partnerflow.policies import Problem, Until, Verdict, best_of, lack, need, policy
from partnerflow.records import Contact, Profile, Scope, Service

from .states import FROM_VETTING

_CONTACT = {
    "kind": "contact",
    "name": "Ines Moreno",
    "email": "ines@riverbend.example",
    "starts_on": "2026-01-01",
    "ends_on": "no_end",
}
_SCOPE = {"kind": "scope", "level": "school", "sites": ["255901001"]}
_SERVICE = {
    "kind": "service",
    "service": "tutoring",
    "summary": "Small groups after school",
    "content_areas": ["academic_support"],
    "sites": ["255901001"],
}
_PARTNER = {"name": "Riverbend Youth Center", "kind": "community_organization"}


@policy(
    "REG-001",
    "The organisation is classed as partner, sponsor or vendor",
    holds_in=FROM_VETTING,
    cites=["SPPS-V.2a", "SPPS-KPI-Y1.6"],
    fix="Decide what the district calls this organisation and file the partner again with its classification.",
    owner="district",
    passing={"partner": {"classification": "partner"}},
    failing={"partner": {"classification": "sponsor"}},
    missing=[],
)
def classified(dossier: Dossier, on: date, *, accepted: frozenset[str] = frozenset({"partner", "vendor"})) -> Verdict:
    """Checks differ by class, and only some classes serve students; a sponsor gives without running a programme."""
    found = need(dossier.partner.classification, dossier.partner, "classification")
    if found not in accepted:
        yield Problem(
            dossier.partner,
            "classification",
            "a {found} does not run a programme here; {accepted} do",
            found=found,
            accepted=" and ".join(sorted(accepted)),
        )


@policy(
    "REG-002",
    "The registration is complete",
    holds_in=FROM_VETTING,
    cites=["SPPS-V.4", "SPPS-V.4a", "EAF-4.2.i", "SPPS-V.3"],
    fix="File what is named above: the kind of organisation, a contact who can be reached, the scope, and each service "
    "with its summary and content areas.",
    owner="partner",
    revision=2,
    passing={"partner": _PARTNER, "records": [_CONTACT, _SCOPE, _SERVICE]},
    failing={"partner": _PARTNER, "records": [{**_CONTACT, "ends_on": "2026-06-30"}, _SCOPE, _SERVICE]},
    missing={"partner": _PARTNER, "records": [_CONTACT, _SCOPE]},
)
def registration_complete(dossier: Dossier, on: date) -> Verdict:
    """Who they are, whom to call, what they offer and where: the inventory can be trusted only if nobody skips this."""
    if not dossier.partner.kind:
        yield lack(dossier.partner, "kind")
    yield from _scope(dossier)
    yield from _services(dossier)
    yield from _reachable(dossier, on)


def _scope(dossier: Dossier) -> Verdict:
    scope = dossier.latest(Scope)
    if scope is None:
        yield lack("scope")
        return
    if scope.level is None:
        yield lack(scope, "level")
    if not scope.sites:
        yield lack(scope, "sites", "names no site")


def _services(dossier: Dossier) -> Verdict:
    services = dossier.all(Service)
    if not services:
        yield lack("services")
    for service in services:
        for field in ("summary", "content_areas", "sites"):
            if not getattr(service, field):
                yield lack(service, field)


def _reachable(dossier: Dossier, on: date) -> Verdict:
    """Yield until when somebody at the partner can be reached; the one who stays longest counts."""
    contacts = dossier.all_on(Contact, on) or tuple(
        contact for contact in [dossier.on(Contact, on)] if contact is not None
    )
    reachable = [contact for contact in contacts if _is_reachable(contact)]
    if not reachable:
        yield lack("contacts", None, "nobody at the partner is on file with an e-mail address or a telephone number")
    yield from best_of(reachable, lambda contact: _stays(dossier, contact, on), on)


def _is_reachable(contact: Contact) -> bool:
    """Return whether a contact has an e-mail address that is one, or a telephone number with a digit in it."""
    return bool(_ADDRESS.fullmatch(contact.email or "")) or any(map(str.isdigit, contact.phone or ""))


_ADDRESS = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")


def _stays(dossier: Dossier, contact: Contact, on: date) -> Verdict:
    yield Until(dossier.through(contact, on), "the last contact leaves")


_PROFILE = {"kind": "profile", "partnership_kind": "long_term", "owning_office": "Community Partnerships"}
ProfileField = Literal[
    "partnership_kind", "duration", "intensity", "focus", "maturity", "level", "owning_office", "themes", "source"
]


@policy(
    "REG-003",
    "The kind of partnership and its owning office are stated",
    holds_in=FROM_VETTING,
    cites=["TK-2", "SPPS-V.2d", "SPPS-II.2"],
    fix="File the profile of the partnership with what is named above; what the district asks for is: {fields}.",
    owner="district",
    passing=[_PROFILE],
    failing=[{**_PROFILE, "owning_office": ""}],
    missing=[{"kind": "profile", "focus": "reading"}],
)
def kind_stated(
    dossier: Dossier,
    on: date,
    *,
    fields: tuple[ProfileField, ...] = ("partnership_kind", "owning_office"),
    levels: frozenset[str] = frozenset(),
) -> Verdict:
    """What is asked of a contract is not what is asked of an afternoon, so one must know which it is.

    A district that has a list of levels names them in `levels`; any word will do where it has none.
    """
    profile = need(dossier.latest(Profile), "profile")
    for field in fields:
        stated = getattr(profile, field)
        if stated is None:
            yield lack(profile, field)
        elif not stated:
            yield Problem(profile, field, "is empty")
    if levels and need(profile.level, profile, "level") not in levels:
        yield Problem(
            profile,
            "level",
            "{level} is no level here; these are: {levels}",
            level=profile.level,
            levels=", ".join(sorted(levels)),
        )
