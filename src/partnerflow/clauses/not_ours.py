"""Clauses that require nothing of a library, each with the reason."""

from __future__ import annotations

from collections.abc import Mapping

NOT_OURS: Mapping[str, str] = {
    "SPPS-V.5a": "It is an activity of the district's own project: there is nothing to keep, to judge or to tell.",
}
