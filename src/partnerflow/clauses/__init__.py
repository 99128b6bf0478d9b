"""The clauses of the guides: `answers` marks the code that answers one; `partnerflow.traceability` collects the marks.

Policies, rows of the lifecycle, kinds of records, types of events and rows of the rubric cite clauses on their own
cards. A class or function that answers one is marked with `answers`. A clause without an answer is listed in `planned`
or `not_ours`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T", bound=Callable[..., Any])

DOCUMENTS = {
    "EAF": "An advising framework: external partnerships",
    "D4": "A rubric of college and career pathways: cross-sector partnerships",
    "TK": "A toolkit for partnerships of schools and communities",
    "SPPS": "A school district's initiative to manage its partnerships",
    "CS2": "A practice guide for community schools",
}
"""The guides that the clauses are from, by the first word of their ids."""


def answers(*clauses: str) -> Callable[[T], T]:
    """Mark a class or function, unchanged, as an answer to *clauses*, which `partnerflow.traceability` finds."""

    def mark(thing: T) -> T:
        thing.__clauses__ = clauses  # type: ignore[attr-defined]
        return thing

    return mark


def document_of(clause: str) -> str:
    """Return the first word of a clause's id, a key of DOCUMENTS where the clause is one of ours."""
    return clause.partition("-")[0].partition(".")[0]
