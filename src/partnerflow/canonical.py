"""Canonical JSON: the one way in which data becomes text that is hashed, compared and read back years later.

The text that is hashed is always the text that is stored, never JSON that a database has parsed and written again.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping

from partnerflow.errors import InvalidRequest

_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
"""NUL as JSON writes it. After a backslash that is itself escaped, the same characters are ordinary text."""

_write = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def canonical(data: object) -> str:
    """Write plain data as JSON: keys sorted, no spaces, no NaN, and no character that a database would refuse.

    Raises InvalidRequest for a NUL character or half a surrogate pair, before any database is touched.
    """
    text = _write(data)
    check_text(_NUL.sub("\x00", text) if r"\u0000" in text else text, "text")
    return text


def canonical_with(data: Mapping[str, object], name: str, written: str) -> str:
    """Write an object as `canonical` does, where the text of the member *name* is already *written*."""
    before = canonical({each: data[each] for each in data if each < name})[1:-1]
    after = canonical({each: data[each] for each in data if each > name})[1:-1]
    return "{" + ",".join(filter(None, (before, f"{canonical(name)}:{written}", after))) + "}"


def check_text(text: str, argument: str) -> None:
    """Raise InvalidRequest for text that no database can store: NUL, or half of a surrogate pair."""
    if "\x00" in text:
        raise InvalidRequest(argument, repr(text[:40]), "holds a NUL character, which no database keeps: remove it")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidRequest(
            argument, ascii(text[:40]), "holds half of a surrogate pair, which is no text: remove it"
        ) from None


def sha256(text: str) -> str:
    """Return the SHA-256 of *text* as UTF-8, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()
