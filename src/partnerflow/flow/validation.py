"""Check that the parts of a Partnerflow fit each other."""

from __future__ import annotations

from partnerflow.errors import Fault, PackError
from partnerflow.lifecycle import Lifecycle
from partnerflow.policies import Pack


def check_fit(pack: Pack, lifecycle: Lifecycle) -> None:
    """Raise PackError where *pack* names a state or trigger that *lifecycle* lacks: that rule would never be asked."""
    states, triggers = pack.names()
    faults = [
        Fault(f"{kind} {unknown}", f"{lifecycle} has {', '.join(known)}")
        for kind, named, known in (("state", states, lifecycle.states), ("trigger", triggers, lifecycle.triggers))
        for unknown in sorted(named - set(known))
    ]
    if faults:
        raise PackError(f"pack {pack.name}", *faults)
