"""Waivers of one policy for a limited time: requested, granted, refused, revoked (EAF-C.3c)."""

from __future__ import annotations

from datetime import date
from typing import Any

import attrs

from .registry import POSITIONAL, Record, record
from .texts import Prose


@record("waiver_request", about="partnership", key=("policy",), weighs="against", waits="never", cites=("EAF-C.3c",))
class WaiverRequest(Record):
    """A request to waive one policy until a day. The person who files it is the requester, and so cannot grant it.

    `revision` is the policy's own; `flow.file` fills it in.
    """

    policy: str = attrs.field(kw_only=False, metadata=POSITIONAL)
    reason: Prose
    expires_on: date
    revision: int | None = None


@attrs.frozen(kw_only=True)
class CoveredProblem:
    """A problem that a waiver covers, as its policy reported it when the waiver was granted."""

    kind: str = ""
    """The kind of the record where it is, or `neighbour`; empty where it is in none."""
    key: tuple[str, ...] = ()
    """The key of that record, as texts."""
    field: str = ""
    """The field of that record, or the place as a path."""
    sentence: str
    """The template of the sentence."""
    facts: dict[str, str] = attrs.field(factory=dict, hash=False)
    """The facts in it, as texts."""


def _as_it_was_granted(revision: int, fields: dict[str, Any]) -> dict[str, Any]:
    """Read a waiver from before waivers listed what they cover: it covers everything, to its last day."""
    return {**fields, "covers_all": True} if revision < 2 else fields


@record(
    "waiver",
    about="partnership",
    key=("policy",),
    revision=2,
    upcast=_as_it_was_granted,
    waits="never",
    cites=("EAF-C.3c",),
)
class Waiver(Record):
    """Permission not to meet one policy until a day. The person who files it approves it, and is not the requester.

    `expires_on` is its last day. `revision` is the policy's own; `flow.file` fills it in, and `covers`: what the policy
    reports of the file on the day of the grant. A waiver without that list covers nothing, unless `covers_all` says
    otherwise, as for waivers from before there were lists.
    """

    policy: str = attrs.field(kw_only=False, metadata=POSITIONAL)
    reason: Prose
    requested_by: str
    expires_on: date
    revision: int | None = None
    covers: tuple[CoveredProblem, ...] | None = None
    covers_all: bool = False


@record("waiver_refusal", about="partnership", key=("policy",), weighs="against", waits="never", cites=("EAF-C.3c",))
class WaiverRefusal(Record):
    """The refusal of a requested waiver. The person who files it refuses."""

    policy: str = attrs.field(kw_only=False, metadata=POSITIONAL)
    reason: Prose


@record("waiver_revocation", about="partnership", key=("policy",), weighs="against", waits="never", cites=("EAF-C.3c",))
class WaiverRevocation(Record):
    """The end of a waiver before its last day. Only a waiver granted after it applies again."""

    policy: str = attrs.field(kw_only=False, metadata=POSITIONAL)
    reason: Prose
