"""The schools, institutions and days of the example district, and who signs for it."""

from __future__ import annotations

from datetime import date

from partnerflow.records.coalition import Party

PATHWAYS = ("health", "engineering")
SCHOOLS = ("255901001", "255901044")
COLLEGE, BUSINESS, CHURCH = "Plains College", "Mesa Robotics", "Grace Fellowship"
SUPERINTENDENT, PRESIDENT, OWNER = "superintendent", "president", "owner"
SIGNED, SINCE = date(2025, 8, 20), date(2025, 9, 1)
GOAL = "every graduate has a next step"


def parties(partner: str, kind: str, role: str) -> tuple[Party, ...]:
    """Return the district and a partner as the signers of an agreement; *role* is who signed for the partner."""
    return (
        Party(institution="the district", kind="district", signer_role=SUPERINTENDENT, signed_on=SIGNED),
        Party(institution=partner, kind=kind, signer_role=role, signed_on=SIGNED),
    )
