"""What a school itself must have said to a partnership that comes into it."""

from __future__ import annotations

from datetime import date
from typing import Any

from partnerflow.dossier import Dossier
from partnerflow.policies import Problem, Verdict, each, lack, need, not_applicable, policy
from partnerflow.records import EVERYWHERE, SchoolApproval, Scope

from .states import RUNNING

_SCOPE = {"kind": "scope", "level": "school", "sites": ["255901001"]}
_SIGNED: dict[str, Any] = {
    "kind": "school_approval",
    "site": "255901001",
    "principal": "P. Park",
    "approved": True,
    "signed_on": "2026-08-24",
}


def schools(dossier: Dossier) -> list[str]:
    """Return the schools of a partnership with schools; `not_applicable` where it is with the district as a whole."""
    scope = need(dossier.latest(Scope), "scope")
    if need(scope.level, scope, "level") == "district":
        not_applicable("the partnership is with the district as a whole")
    return sorted(need(scope.sites or None, scope, "sites"))


@policy(
    "SCH-001",
    "The principal of each school signed",
    holds_in=RUNNING,
    cites=["CS2-C.a"],
    owner="school",
    fix="Have the principal of each school named above say yes or no, and file it with the name and the day; where "
    "the scope says every school, name the schools.",
    passing=[_SCOPE, _SIGNED],
    failing=[_SCOPE, {**_SIGNED, "approved": False}],
    missing=[_SCOPE],
)
def principals_signed(dossier: Dossier, on: date) -> Verdict:
    """What a principal never agreed to finds no room, no hour and no key."""
    yield from each(schools(dossier), lambda site: _signed(dossier, site, on))


def _signed(dossier: Dossier, site: str, on: date) -> Verdict:
    if site == EVERYWHERE:
        yield lack("scope", None, "it names no school whose principal could sign")
        return
    approval = dossier.latest(SchoolApproval, site=site)
    if approval is None:
        yield lack("school_approvals", None, "there is none of school {site}", site=site)
        return
    if not approval.principal:
        yield lack(approval, "principal")
    if not need(approval.approved, approval, "approved"):
        yield Problem(approval, "approved", "the principal of school {site} said no", site=site)
    signed = need(approval.signed_on, approval, "signed_on")
    if signed > on:
        yield Problem(
            approval,
            "signed_on",
            "the principal of school {site} signs on {day}",
            site=site,
            day=signed,
            mends_on=signed,
        )
