"""Whether the parts of a flow fit each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from partnerflow.errors import PackError

if TYPE_CHECKING:
    from partnerflow.lifecycle import Lifecycle
    from partnerflow.policies import Pack


def check_fit(pack: Pack, lifecycle: Lifecycle) -> None:
    """Raise PackError where *pack* names a state or a trigger that *lifecycle* does not have: a rule never asked."""
    states, triggers = pack.names()
    for name, given, known in (("state", states, lifecycle.states), ("trigger", triggers, lifecycle.triggers)):
        for odd in sorted(given - set(known)):
            raise PackError(f"pack {pack.name}", f"{name} {odd}", f"{lifecycle} has {', '.join(known)}")
