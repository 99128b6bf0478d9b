"""The states and triggers of the default table, as names.

Signatures elsewhere take `str`, so that a host's own states and triggers fit beside these.
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Where a partnership stands."""

    INTAKE = "intake"
    VETTING = "vetting"
    ONBOARDING = "onboarding"
    ACTIVE = "active"
    IMPROVEMENT_PLAN = "improvement_plan"
    TERMINATED = "terminated"


class Trigger(StrEnum):
    """What can be asked of a partnership."""

    PROPOSE = "propose"
    ADOPT = "adopt"
    BEGIN_VETTING = "begin_vetting"
    RETURN_TO_INTAKE = "return_to_intake"
    APPROVE = "approve"
    RETURN_TO_VETTING = "return_to_vetting"
    ACTIVATE = "activate"
    AMEND = "amend"
    RENEW = "renew"
    OPEN_IMPROVEMENT_PLAN = "open_improvement_plan"
    EXTEND_IMPROVEMENT_PLAN = "extend_improvement_plan"
    REINSTATE = "reinstate"
    DECLINE = "decline"
    WITHDRAW = "withdraw"
    END = "end"
    TERMINATE_FOR_PERFORMANCE = "terminate_for_performance"
    TERMINATE_FOR_CAUSE = "terminate_for_cause"


BEFORE_ACTIVE = (State.INTAKE, State.VETTING, State.ONBOARDING)
"""Where a partnership stands before it first runs."""
TERM_BEGINS = frozenset({Trigger.ADOPT, Trigger.ACTIVATE, Trigger.RENEW})
"""The steps with which a term of a partnership begins (TK-9)."""
