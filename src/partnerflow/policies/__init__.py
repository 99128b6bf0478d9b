"""Policies and packs, pure: usable without a store or a flow.

    from datetime import date
    from partnerflow.policies import load_pack

    mapping = {"partner": {"name": "Riverbend"}, "partnership": {"state": "vetting"}, "records": []}
    report = load_pack("default").check(mapping, on=date(2026, 9, 1), trigger="approve")

Names are loaded when first used, so importing this package is cheap, and never imports sqlalchemy, transitions or
blinker.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from partnerflow.dossier import Dossier, Neighbour

    from .card import ANY_TRIGGER, FILE, Policy, policy
    from .finding import AppliedWaiver, Finding, Outcome, Severity, WaiverNote
    from .pack import Pack, Role
    from .registry import load_pack, offered_packs, shipped_packs
    from .report import Report
    from .report_data import PackRef
    from .rule import Override, Rule
    from .verdict import Problem, Until, Verdict, best_of, each, lack, need, not_applicable

_HOME = {
    "Dossier": "partnerflow.dossier",
    "Neighbour": "partnerflow.dossier",
    **dict.fromkeys(("Pack", "Role"), "partnerflow.policies.pack"),
    **dict.fromkeys(("load_pack", "offered_packs", "shipped_packs"), "partnerflow.policies.registry"),
    **dict.fromkeys(("Rule", "Override"), "partnerflow.policies.rule"),
    "Report": "partnerflow.policies.report",
    "PackRef": "partnerflow.policies.report_data",
    **dict.fromkeys(("ANY_TRIGGER", "FILE", "Policy", "policy"), "partnerflow.policies.card"),
    **dict.fromkeys(("Finding", "AppliedWaiver", "Outcome", "WaiverNote", "Severity"), "partnerflow.policies.finding"),
    **dict.fromkeys(
        ("Problem", "Until", "Verdict", "best_of", "each", "lack", "need", "not_applicable"),
        "partnerflow.policies.verdict",
    ),
}

__all__ = [
    "ANY_TRIGGER",
    "FILE",
    "AppliedWaiver",
    "Dossier",
    "Finding",
    "Neighbour",
    "Outcome",
    "Override",
    "Pack",
    "PackRef",
    "Policy",
    "Problem",
    "Report",
    "Role",
    "Rule",
    "Severity",
    "Until",
    "Verdict",
    "WaiverNote",
    "best_of",
    "each",
    "lack",
    "load_pack",
    "need",
    "not_applicable",
    "offered_packs",
    "policy",
    "shipped_packs",
]


def __getattr__(name: str) -> object:
    try:
        return getattr(import_module(_HOME[name]), name)
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None


def __dir__() -> list[str]:
    return __all__
