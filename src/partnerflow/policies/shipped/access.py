"""What the partner is let into, and what must be in order for that."""

from __future__ import annotations

from datetime import date
from typing import Any

from partnerflow.dossier import ONE_DAY, Dossier
from partnerflow.policies import Problem, Until, Verdict, each, lack, need, not_applicable, policy
from partnerflow.records import AccessGrant, Agreement, DataSharingAgreement

from .agreement import AGREEMENT, in_force
from .states import RUNNING

_GRANT: dict[str, Any] = {
    "kind": "access_grant",
    "access": "student_data",
    "what": "attendance, grade 3",
    "holder": "data coordinator",
    "purpose": "to see whether tutoring helps",
    "elements": ["attendance"],
    "starts_on": "2026-09-01",
    "ends_on": "2027-06-15",
}
_SHARING = {
    "kind": "data_sharing_agreement",
    "elements": [{"element": "attendance"}, {"element": "grades"}],
    "purpose": "to see whether tutoring helps",
    "confidentiality": "annex B",
    "starts_on": "2026-09-01",
    "ends_on": "2027-08-31",
}


@policy(
    "ACC-001",
    "Data on students are open only as far as the data-sharing agreement goes",
    holds_in=RUNNING,
    cites=["EAF-4.4.a", "EAF-C.5b", "TK-7"],
    labelled=True,
    fix="Take back or narrow each grant named above, or file a data-sharing agreement in force, with confidentiality, "
    "that covers its elements and its purpose.",
    owner="district",
    max_waiver_days=0,
    passing=[_GRANT, _SHARING, AGREEMENT],
    failing=[{**_GRANT, "elements": ["attendance", "discipline"]}, _SHARING, AGREEMENT],
    missing=[_GRANT, AGREEMENT],
)
def data_access_agreed(dossier: Dossier, on: date) -> Verdict:
    """What an agreement does not name was never promised to be kept. It is never waived."""
    sharing = need(dossier.on(DataSharingAgreement, on), "data_sharing_agreement")
    for field in ("starts_on", "ends_on"):
        need(getattr(sharing, field), sharing, field)
    replaced = dossier.replaced_on(sharing, on)
    if replaced is not None:
        yield Until(replaced - ONE_DAY, "another data-sharing agreement takes its place")
    coming = [grant.starts_on for grant in dossier.filed(AccessGrant) if grant.starts_on and grant.starts_on > on]
    if coming:
        yield Until(min(coming) - ONE_DAY, "another grant begins")
    grants = [grant for grant in dossier.all_on(AccessGrant, on) if grant.access == "student_data"]
    if not grants:
        not_applicable("no grant opens data on students")
    yield from each(grants, lambda grant: _covered(dossier, grant, sharing, on))


def _covered(dossier: Dossier, grant: AccessGrant, sharing: DataSharingAgreement, on: date) -> Verdict:
    """Yield what a grant has beyond the agreements, and until when both it and they are in force."""
    for field in ("purpose", "elements"):
        if not getattr(grant, field):
            yield lack(grant, field)
    if not sharing.confidentiality:
        yield lack(sharing, "confidentiality")
    covered = {shared.element for shared in need(sharing.elements, sharing, "elements")}
    for element in sorted((grant.elements or frozenset()) - covered):
        yield Problem(grant, "elements", "{element} is not in the data-sharing agreement", element=element)
    purpose = need(sharing.purpose, sharing, "purpose")
    if grant.purpose and grant.purpose != purpose:
        yield Problem(grant, "purpose", "the agreement shares data {purpose}", purpose=purpose)
    yield Until(dossier.through(sharing, on), "the data-sharing agreement ends")
    agreement = need(dossier.on(Agreement, on), "agreement")
    yield Until(dossier.through(agreement, on), "the agreement ends")
    yield Until(dossier.through(grant, on), "the grant of {what} ends", what=grant.what)


_CURRICULUM = {
    "kind": "access_grant",
    "access": "curriculum",
    "what": "the reading units of grade 4",
    "holder": "lead tutor",
    "starts_on": "2026-09-01",
    "ends_on": "2027-06-15",
}


@policy(
    "ACC-002",
    "Every grant of access has a holder, a first and a last day",
    holds_in=RUNNING,
    cites=["TK-7"],
    labelled=True,
    fix="File each grant named above again with who holds it, since when and until when; each resource needs a grant "
    "of its own.",
    owner="district",
    passing=[_CURRICULUM, AGREEMENT],
    failing=[{**_CURRICULUM, "holder": ""}, AGREEMENT],
    missing=[{**_CURRICULUM, "ends_on": None}, AGREEMENT],
)
def grants_held(dossier: Dossier, on: date) -> Verdict:
    """What was lent to nobody in particular comes back from nobody."""
    yield from in_force(dossier, on)
    grants = dossier.all(AccessGrant)
    if not grants:
        not_applicable("nothing is granted")
    for grant in grants:
        if grant.holder == "":
            yield Problem(grant, "holder", "is empty")
        for field in ("holder", "starts_on", "ends_on"):
            if getattr(grant, field) is None:
                yield lack(grant, field)
