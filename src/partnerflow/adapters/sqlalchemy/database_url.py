"""The URL of a database: read, and shown without what is secret in it."""

from __future__ import annotations

import re

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from partnerflow.errors import Unreadable

_SECRET = re.compile("passw|pwd|secret|token", re.IGNORECASE)
"""The names of query parameters whose values are secret; drivers take a password there too."""
_HIDDEN = "***"


def read_url(url: str) -> URL:
    """Read the URL of a database. Raises Unreadable, which never quotes the URL: nobody knows where its password is."""
    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        raise Unreadable(
            "the database URL",
            "cannot be read: write dialect+driver://user:password@host:port/database; the port is a number, and in the "
            "password an @ is written %40 and a / is written %2F",
        ) from None


def without_secrets(url: str | URL) -> str:
    """Return the URL as it may be shown: without its password, also where it is a parameter. Raises Unreadable."""
    read = read_url(url) if isinstance(url, str) else url
    if read.password is not None and "@" in (read.database or ""):
        return f"{read.drivername}://{_HIDDEN}"  # an @ in the password was not escaped, so what follows is a part of it
    hidden = {name: _HIDDEN for name in read.query if _SECRET.search(name)}
    return read.update_query_dict(hidden).render_as_string(hide_password=True).replace("%2A%2A%2A", _HIDDEN)
