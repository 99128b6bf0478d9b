"""Records from before their kind had a label: what was filed under that name was a field that nobody knew."""

from __future__ import annotations

from typing import Any

EARLIER = "label_before_labels"
"""The name under which such a field is kept, unchanged and read by no policy."""


def without_label(revision: int, fields: dict[str, Any]) -> dict[str, Any]:
    """Read a record of a kind that has labels since its revision 2: one of revision 1 is the usual record."""
    if revision >= 2 or "label" not in fields:
        return fields
    return {EARLIER if name == "label" else name: value for name, value in fields.items()}
