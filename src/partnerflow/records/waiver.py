"""Waivers of one policy for a limited time: requested, granted, refused, revoked (EAF-C.3c)."""

from __future__ import annotations

from datetime import date

import attrs

from .registry import POSITIONAL, Record, record


@record("waiver_request", about="partnership", key=("policy",), weighs="against", cites=("EAF-C.3c",))
class WaiverRequest(Record):
    """A request to waive one policy until a day. The person who files it is the requester, and so cannot grant it.

    `revision` is the policy's own; `flow.file` fills it in.
    """

    policy: str = attrs.field(kw_only=False, metadata=POSITIONAL)
    reason: str
    expires_on: date
    revision: int | None = None


@record("waiver", about="partnership", key=("policy",), cites=("EAF-C.3c",))
class Waiver(Record):
    """Permission not to meet one policy until a day. The person who files it approves it, and is not the requester.

    `expires_on` is its last day. `revision` is the policy's own; `flow.file` fills it in.
    """

    policy: str = attrs.field(kw_only=False, metadata=POSITIONAL)
    reason: str
    requested_by: str
    expires_on: date
    revision: int | None = None


@record("waiver_refusal", about="partnership", key=("policy",), weighs="against", cites=("EAF-C.3c",))
class WaiverRefusal(Record):
    """The refusal of a requested waiver. The person who files it refuses."""

    policy: str = attrs.field(kw_only=False, metadata=POSITIONAL)
    reason: str


@record("waiver_revocation", about="partnership", key=("policy",), weighs="against", cites=("EAF-C.3c",))
class WaiverRevocation(Record):
    """The end of a waiver before its last day. Only a waiver granted after it applies again."""

    policy: str = attrs.field(kw_only=False, metadata=POSITIONAL)
    reason: str
