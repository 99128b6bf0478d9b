"""The states and triggers of the default table, as names.

Signatures elsewhere take `str`, so that a host can use states and triggers of its own.
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """The states of a partnership."""

    INTAKE = "intake"
    VETTING = "vetting"
    ONBOARDING = "onboarding"
    ACTIVE = "active"
    IMPROVEMENT_PLAN = "improvement_plan"
    TERMINATED = "terminated"


class Trigger(StrEnum):
    """What can be requested of a partnership."""

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
"""The states before a partnership first runs."""
TERM_BEGINS = frozenset({Trigger.ADOPT, Trigger.ACTIVATE, Trigger.RENEW})
"""The triggers that begin a term of a partnership (TK-9)."""
