"""What an agreement settles beyond the seven elements: its form, its plans, its keeper, what it covers, who does what.

The record is `partnerflow.records.agreement`; the seven elements are in `agreement`.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from partnerflow.dossier import Dossier
from partnerflow.policies import Problem, Verdict, lack, need, not_applicable, policy
from partnerflow.records import EVERYWHERE, Profile, Service

from .agreement import but, in_force, names_party, signed
from .states import RUNNING

_BY_CONTRACT = {"kind": "profile", "partnership_kind": "contractual_service"}
_SERVICE = {"kind": "service", "service": "tutoring"}
_PLANS = {
    "communication": "a call on the first Monday of the month",
    "problem_solving": "the two contacts within a week, then the principal",
    "decision_making": "both contacts together",
}
_RESPONSIBILITIES = [
    {"side": "district", "role": "principal", "what": "gives the room"},
    {"side": "partner", "role": "coordinator", "what": "sends two tutors"},
]


@policy(
    "AGR-009",
    "A service that is bought has a signed contract",
    holds_in=RUNNING,
    cites=["TK-3"],
    labelled=True,
    fix="Have both sides sign a contract and file it as the agreement; a memorandum of understanding will not do for "
    "a service that is bought.",
    owner="district",
    passing=[_BY_CONTRACT, but(form="contract")],
    failing=[_BY_CONTRACT, but(form="mou")],
    missing=[_BY_CONTRACT, but(form="contract", signed_by_partner_on=None)],
)
def contract_signed(dossier: Dossier, on: date) -> Verdict:
    """Where money is owed, good will is no paper."""
    profile = need(dossier.latest(Profile), "profile")
    if need(profile.partnership_kind, profile, "partnership_kind") != "contractual_service":
        not_applicable("it is no service that is bought")
    agreement = yield from in_force(dossier, on)
    if need(agreement.form, agreement, "form") != "contract":
        yield Problem(agreement, "form", "is {form}, and no contract", form=agreement.form)
    yield from signed(agreement, on)


@policy(
    "AGR-010",
    "The agreement says how the sides talk, solve problems and decide",
    holds_in=RUNNING,
    cites=["SPPS-III.E6"],
    labelled=True,
    fix="Agree on a plan for each of these and file the agreement again: {topics}.",
    owner="school",
    passing=[but(plans=_PLANS)],
    failing=[but(plans={**_PLANS, "decision_making": ""})],
    missing=[but(plans={"communication": "a call on the first Monday of the month"})],
)
def plans_made(
    dossier: Dossier,
    on: date,
    *,
    topics: frozenset[str] = frozenset({"communication", "problem_solving", "decision_making"}),
) -> Verdict:
    """How one will disagree is easier to settle before one does."""
    agreement = yield from in_force(dossier, on)
    plans = need(agreement.plans, agreement, "plans")
    for topic in sorted(topics):
        plan = plans.get(topic)
        if plan is None:
            yield lack(agreement, f"plans/{topic}")
        elif not plan:
            yield Problem(agreement, f"plans/{topic}", "is empty")


@policy(
    "AGR-011",
    "The agreement names who keeps it",
    holds_in=RUNNING,
    cites=["EAF-4.2.h"],
    labelled=True,
    fix="Name the person who keeps the agreement and all its versions, and file the agreement again.",
    severity="advisory",
    owner="district",
    passing=[but(custodian={"name": "A. Anderson", "role": "counseling program leader"})],
    failing=[but(custodian={"name": ""})],
    missing=[but(custodian={"role": "counseling program leader"})],
)
def custodian_named(dossier: Dossier, on: date) -> Verdict:
    """A paper that nobody keeps is found when it is too late."""
    yield from names_party(dossier, on, "custodian", "name")


@policy(
    "AGR-012",
    "The agreement covers every service",
    holds_in=RUNNING,
    cites=["EAF-4.2.0"],
    labelled=True,
    fix="Name in the agreement each service that it covers, and file it again; where each programme must have an "
    "agreement of its own, propose a partnership for each.",
    owner="district",
    passing=[_SERVICE, but(services=["tutoring"])],
    failing=[_SERVICE, but(services=["mentoring"])],
    missing=[_SERVICE, but(services=None)],
)
def services_covered(dossier: Dossier, on: date, *, coverage: Literal["any", "one_per_service"] = "any") -> Verdict:
    """What grew beside the agreement is covered by nobody's signature."""
    services = need(dossier.all(Service) or None, "services")
    agreement = yield from in_force(dossier, on)
    covered = need(agreement.services, agreement, "services")
    alone = coverage == "one_per_service"
    for service in services:
        if service.service not in covered and (alone or EVERYWHERE not in covered):
            yield Problem(agreement, "services", "{service} is not among them", service=service.service)
    if alone and len(services) > 1:
        yield Problem(agreement, "services", "{count} services share one agreement", count=len(services))


@policy(
    "AGR-013",
    "The agreement says what each side is responsible for",
    holds_in=RUNNING,
    cites=["SPPS-V.7b", "CS2-2.A3", "TK-5"],
    labelled=True,
    fix="Write down for each side ({sides}) which role sees to what, and file the agreement again.",
    owner="school",
    passing=[but(responsibilities=_RESPONSIBILITIES)],
    failing=[but(responsibilities=_RESPONSIBILITIES[:1])],
    missing=[but(responsibilities=[*_RESPONSIBILITIES, {"side": "partner", "what": "reports in June"}])],
)
def responsibilities_shared(
    dossier: Dossier,
    on: date,
    *,
    sides: frozenset[Literal["district", "school", "partner"]] = frozenset({"district", "partner"}),
) -> Verdict:
    """A side with nothing to do is a spectator."""
    agreement = yield from in_force(dossier, on)
    responsibilities = need(agreement.responsibilities, agreement, "responsibilities")
    for place, one in enumerate(responsibilities):
        for field in ("side", "role", "what"):
            if not getattr(one, field):
                yield lack(agreement, f"responsibilities/{place}/{field}")
    for side in sorted(sides - {one.side for one in responsibilities}):
        yield Problem(agreement, "responsibilities", "the {side} has none", side=side)
