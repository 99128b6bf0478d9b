"""Reports for other readers: JUnit XML for build servers (`junit`), one page of HTML for people (`page`).

Pure functions over the result of checking each file; they need only the standard library.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from partnerflow.policies.report import Report

Checked: TypeAlias = "tuple[str, Report | Exception]"
"""The name of a file, and its report or the error that prevented one."""

_NO_TEXT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_text(text: str) -> str:
    """Return *text* with a stand-in for each character that no XML and no page may hold, not even escaped."""
    return _NO_TEXT.sub("\ufffd", text)
