"""Leave to fall short of one policy for a while: asked for, granted, refused, revoked (EAF-C.3c)."""

from __future__ import annotations

from datetime import date

import attrs

from .registry import Record, record


@record("waiver_request", about="partnership", key=("policy",), weighs="against", cites=("EAF-C.3c",))
class WaiverRequest(Record):
    """Somebody asks to let one policy pass until a day. Who files it asks, and so cannot grant it.

    `revision` is that of the policy it is asked for; `flow.file` fills it in.
    """

    policy: str = attrs.field(kw_only=False)
    reason: str
    expires_on: date
    revision: int | None = None


@record("waiver", about="partnership", key=("policy",), cites=("EAF-C.3c",))
class Waiver(Record):
    """Leave to fall short of one policy for a while. Who files it approves it, and is not who asked for it.

    `expires_on` is its last day. `revision` is that of the policy it was given for; `flow.file` fills it in.
    """

    policy: str = attrs.field(kw_only=False)
    reason: str
    requested_by: str
    expires_on: date
    revision: int | None = None


@record("waiver_refusal", about="partnership", key=("policy",), weighs="against", cites=("EAF-C.3c",))
class WaiverRefusal(Record):
    """A waiver that was asked for is not granted. Who files it refuses."""

    policy: str = attrs.field(kw_only=False)
    reason: str


@record("waiver_revocation", about="partnership", key=("policy",), weighs="against", cites=("EAF-C.3c",))
class WaiverRevocation(Record):
    """A waiver that was granted counts no longer. Only a waiver granted after it counts again."""

    policy: str = attrs.field(kw_only=False)
    reason: str
