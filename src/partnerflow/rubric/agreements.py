"""Checks that several criteria make of an agreement: that it is in force, and who signed it."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from partnerflow.policies.verdict import Problem, lack, need
from partnerflow.records.coalition import JointAgreement

from .evidence import Evidence, in_force


def executed(evidence: Evidence, agreement: JointAgreement) -> Iterator[Problem]:
    """Check that *agreement* is in force on the day, and signed by every party."""
    yield from in_force(evidence, agreement)
    parties = need(agreement.parties, agreement, "parties")
    if not parties:
        yield Problem(agreement, "parties", "names none")
    for place, party in enumerate(parties):
        if party.signed_on is None:
            yield lack(agreement, f"parties/{place}/signed_on", "is not signed")
        elif party.signed_on > evidence.on:
            day = party.signed_on
            yield Problem(agreement, f"parties/{place}/signed_on", "is to be signed only on {day}", day=day)


def signed_by(agreement: JointAgreement, role: str, kinds: Collection[str]) -> Iterator[Problem]:
    """Check that a person in *role* signed for a party of one of *kinds*."""
    parties = need(agreement.parties, agreement, "parties")
    if not any(party.signer_role == role and party.kind in kinds for party in parties):
        yield Problem(agreement, "parties", "no {role} signed for {kinds}", role=role, kinds=" or ".join(sorted(kinds)))


def party_of(agreement: JointAgreement, what: str, kinds: Collection[str]) -> Iterator[Problem]:
    """Check that there is a party of one of *kinds*."""
    if not any(party.kind in kinds for party in need(agreement.parties, agreement, "parties")):
        yield Problem(agreement, "parties", "no party is {what}", what=what)
