"""The stretches of a partnership's life over which the shipped policies hold."""

from __future__ import annotations

from partnerflow.lifecycle import State

RUNNING = frozenset({State.ACTIVE, State.IMPROVEMENT_PLAN})
FROM_ONBOARDING = RUNNING | {State.ONBOARDING}
FROM_VETTING = FROM_ONBOARDING | {State.VETTING}
