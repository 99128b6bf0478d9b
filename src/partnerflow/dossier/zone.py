"""Time zones by name, as a file, an option or a host names them."""

from __future__ import annotations

import re
from datetime import UTC, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from partnerflow.errors import InvalidRequest

_OFFSET = re.compile(r"UTC([+-])([01]\d|2[0-3]):([0-5]\d)")


def time_zone(name: str) -> tzinfo:
    """Return the time zone of that name. Raises InvalidRequest for one that this machine does not have."""
    if name == "UTC":
        return UTC  # also where no database of time zones is installed
    if offset := _OFFSET.fullmatch(name):
        ahead = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
        return timezone(ahead if offset[1] == "+" else -ahead)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError, ValueError):
        remedy = "is no time zone that this machine knows, such as America/Chicago (pip install tzdata brings them all)"
        raise InvalidRequest("tz", name, remedy) from None


def zone_name(tz: tzinfo) -> str | None:
    """Return the name by which `time_zone` finds a time zone again; None for UTC, and for one without such a name."""
    name = getattr(tz, "key", None) or (str(tz) if isinstance(tz, timezone) else None)
    try:
        return name if name not in (None, "UTC") and time_zone(str(name)) == tz else None
    except InvalidRequest:
        return None
