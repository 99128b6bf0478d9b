"""The district's review of a partner before it is approved."""

from __future__ import annotations

from datetime import date

import attrs

from .registry import Record, record
from .texts import Prose


@attrs.frozen(kw_only=True)
class Score:
    """The score for one criterion, and the evidence for it."""

    score: int | None = None
    evidence: Prose | None = None


@attrs.frozen(kw_only=True)
class ReviewStep:
    """One step of the review: when it was done and by whom."""

    done_on: date | None = None
    by: str | None = None


@record(
    "vetting_review",
    about="partnership",
    cites=(
        "EAF-4.1.c",
        "EAF-C.3b",
        "CS2-1.A5",
        "CS2-1.S2",
        "CS2-1.A6",
        "CS2-C.b",
        "CS2-C.c",
        "CS2-C.d",
        "SPPS-IV.OUT6",
    ),
)
class VettingReview(Record):
    """The district's review of a partner before it is approved.

    `scores` are by criterion (EAF-4.1.c, CS2-1.A5), `steps` by step (CS2-1.S2). `fits_communities` tells whether the
    goals of the organisation and the people whom it serves suit every community of the school (CS2-1.A6). `answers` are
    those of the departments that were consulted, by unit (SPPS-IV.OUT6).
    """

    reviewed_on: date | None = None
    scores: dict[str, Score] | None = attrs.field(default=None, hash=False)
    steps: dict[str, ReviewStep] | None = attrs.field(default=None, hash=False)
    fits_communities: bool | None = None
    fit_reason: Prose | None = None
    answers: dict[str, Prose] | None = attrs.field(default=None, hash=False)
