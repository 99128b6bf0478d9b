"""Check that the parts of a Partnerflow fit each other."""

from __future__ import annotations

from partnerflow import gate
from partnerflow.errors import Fault, InvalidRequest, PackError
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


def longest_text(characters: int) -> int:
    """Read the argument `longest_text`. Raises InvalidRequest for what no text, or no whole record, could have."""
    if type(characters) is not int or not 1 <= characters <= gate.LONGEST_RECORD:
        raise InvalidRequest("longest_text", repr(characters)[:80], f"must be 1 to {gate.LONGEST_RECORD} characters")
    return characters
