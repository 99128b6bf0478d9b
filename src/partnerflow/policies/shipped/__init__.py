"""The policies that come with us, one module a subject, named as in `partnerflow.records`."""

from __future__ import annotations

from partnerflow.policies import Policy

from . import (
    access,
    agreement,
    engagement,
    evaluation,
    funding,
    governance,
    mutual,
    onboarding,
    partner,
    programme,
    quality,
    renewal,
    safety,
    school,
    services,
    terms,
    vetting,
)

_MODULES = (
    partner,
    programme,
    vetting,
    mutual,
    safety,
    agreement,
    terms,
    services,
    access,
    funding,
    onboarding,
    school,
    quality,
    engagement,
    evaluation,
    renewal,
    governance,
)

POLICIES: tuple[Policy, ...] = tuple(
    value for module in _MODULES for value in vars(module).values() if isinstance(value, Policy)
)
"""Every policy, in the order in which a partnership meets them."""

RETIRED: dict[str, str] = {}
"""Codes that once were, and what answers for them now. A code is never used again."""
