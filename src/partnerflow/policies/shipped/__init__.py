"""The policies that come with us, one module a subject, named as in `partnerflow.records`."""

from __future__ import annotations

from partnerflow.policies import Policy

from . import agreement, evaluation, governance, onboarding, partner, programme, safety, vetting

_MODULES = (partner, programme, vetting, safety, agreement, onboarding, evaluation, governance)

POLICIES: tuple[Policy, ...] = tuple(
    value for module in _MODULES for value in vars(module).values() if isinstance(value, Policy)
)
"""Every policy, in the order in which a partnership meets them."""

RETIRED: dict[str, str] = {}
"""Codes that once were, and what answers for them now. A code is never used again."""
