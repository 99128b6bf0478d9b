"""Clauses that wait for records of programmes that are not there yet: rosters, meetings, indicators and the like.

Remove a clause from here when something answers it, and a whole line when its kind of records exists.
"""

from __future__ import annotations

from collections.abc import Mapping

# fmt: off
PLANNED: Mapping[str, tuple[str, ...]] = {
    "action_item": ("CS2-CTA3", "CS2-CTA3b"),
    "asset": ("CS2-1.A2",),
    "budget": ("CS2-X2",),
    "committee": ("SPPS-III.E14", "SPPS-V.1", "CS2-N1", "CS2-X1", "CS2-X1b", "CS2-X1c"),
    "communication": ("EAF-4.4.0", "SPPS-V.12", "CS2-2.A10"),
    "contribution": ("CS2-I1", "CS2-I2", "CS2-I3", "CS2-I4", "CS2-I6", "CS2-I7", "CS2-I8"),
    "coordinator_support": ("CS2-1.A7", "CS2-X3f"),
    "curriculum_link": ("SPPS-III.E10", "SPPS-III.E12"),
    "data_submission": ("EAF-4.3.a", "EAF-4.3.b"),
    "engagement_activity": ("EAF-C.2b",),
    "evaluation_plan": (
        "EAF-4.3.0", "SPPS-II.3b", "SPPS-V.11", "SPPS-V.19", "SPPS-KPI-Y2.6", "SPPS-KPI-Y2.6b", "SPPS-KPI-Y3.6",
        "SPPS-KPI-Y3.6c",
    ),
    "feedback": ("EAF-4.3.d",),
    "fundraising": ("CS2-X6d",),
    "handover": ("CS2-X3", "CS2-X3c"),
    "indicator_value": (
        "EAF-4.3.a2", "D4.P8", "TK-16", "TK-19", "SPPS-I.2", "SPPS-V.8", "SPPS-V.9", "SPPS-V.10", "SPPS-V.16",
        "SPPS-KPI-0.1", "SPPS-KPI-0.2", "SPPS-KPI-0.3", "SPPS-KPI-0.4", "SPPS-KPI-Y1.1", "SPPS-KPI-Y1.1c",
        "SPPS-KPI-Y1.2", "SPPS-KPI-Y1.2b", "SPPS-KPI-Y2.2", "SPPS-KPI-Y3.2", "SPPS-KPI-Y1.3", "SPPS-KPI-Y1.3b",
        "SPPS-KPI-Y2.3", "SPPS-KPI-Y3.3", "SPPS-KPI-Y1.4", "SPPS-KPI-Y1.4c", "SPPS-KPI-Y2.4", "SPPS-KPI-Y3.4",
        "SPPS-KPI-Y2.1", "SPPS-KPI-Y3.1", "SPPS-KPI-Y3.6b", "CS2-I5", "CS2-3.A1",
    ),
    "information_share": ("EAF-4.4.b",),
    "initiative": ("SPPS-0.2",),
    "instrument": ("CS2-X5",),
    "lead_agency": ("CS2-X3b", "CS2-X3d"),
    "meeting": (
        "EAF-4.4.d", "EAF-4.4.d2", "CS2-C.e", "CS2-1.S3b", "CS2-1.A8", "CS2-1.A9", "CS2-2.A6", "CS2-2.A11",
        "CS2-2.A11b", "CS2-3.A3", "CS2-3.A6", "CS2-3.A9", "CS2-X2b", "CS2-CTA2",
    ),
    "monitoring_note": ("EAF-4.3.c", "CS2-X3e", "CS2-X5b"),
    "needs_assessment": (
        "EAF-C.1", "EAF-C.1b", "EAF-4.1.a2", "SPPS-V.10b", "SPPS-V.17", "CS2-L1", "CS2-1.S1", "CS2-1.S1b",
        "CS2-1.S1c", "CS2-1.A1", "CS2-X4a", "CS2-X5d",
    ),
    "opportunity": ("SPPS-II.4b",),
    "org_unit": ("SPPS-IV.IN",),
    "purchase_contract": ("SPPS-IV.OUT1", "SPPS-IV.OUT2", "SPPS-KPI-Y1.2c"),
    "quality_assessment": ("CS2-3.A7",),
    "recognition": ("SPPS-III.D8", "CS2-2.A9b"),
    "recruitment_target": ("SPPS-V.18", "CS2-1.A4"),
    "referral": ("EAF-4.4.e",),
    "relationship_form": ("SPPS-V.7", "SPPS-V.14"),
    "resource_request": ("SPPS-V.5b",),
    "roster": ("EAF-4.4.a2", "SPPS-V.4b.3", "SPPS-KPI-Y1.5", "SPPS-KPI-Y1.5b", "SPPS-KPI-Y2.5", "SPPS-KPI-Y3.5"),
    "self_review": ("CS2-CTA1", "CS2-CTA2b"),
    "service_record": ("EAF-4.1.0", "EAF-4.2.e2", "EAF-4.3.b2", "CS2-X4e"),
    "survey": ("EAF-4.3.c2", "CS2-D1", "CS2-D2", "CS2-D3", "CS2-D4", "CS2-D5", "CS2-D6", "CS2-2.S3b", "CS2-X1d"),
    "system_review": ("SPPS-KPI-Y2.1b",),
    "touchpoint": ("CS2-D0", "CS2-1.A3", "CS2-2.A7", "CS2-2.A9", "CS2-3.S1", "CS2-X5c"),
    "training_session": (
        "TK-11", "SPPS-III.E8", "SPPS-V.20", "SPPS-KPI-Y2.7", "SPPS-KPI-Y3.7", "SPPS-KPI-Y3.7b", "SPPS-KPI-Y3.7c",
    ),
    "work_item": ("SPPS-V.0",),
}
# fmt: on
"""By the kind of records that they wait for."""
