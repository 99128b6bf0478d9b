"""Check that the parts of a Partnerflow fit each other."""

from __future__ import annotations

from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

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


def time_zone(name: str) -> tzinfo:
    """Return the time zone of that name. Raises InvalidRequest for one that this machine does not have."""
    if name == "UTC":
        return UTC  # also where no database of time zones is installed
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError, ValueError):
        remedy = "is no time zone that this machine knows, such as America/Chicago (pip install tzdata brings them all)"
        raise InvalidRequest("tz", name, remedy) from None
