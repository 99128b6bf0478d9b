"""What every write has in common: who requests it, when it happened, why, the expected version, the idempotency key."""

from __future__ import annotations

from datetime import datetime

import attrs

from partnerflow.actors import Actor
from partnerflow.canonical import canonical, sha256
from partnerflow.records.conversion import moment_text

from .arguments import to_utc


@attrs.frozen
class Request:
    """The arguments that every write takes, as the caller gave them; `Partnerflow` describes each."""

    by: Actor
    at: datetime | None = None
    reason: str | None = None
    expected_version: int | None = None
    idempotency_key: str | None = None

    def hash(self, call: str, *arguments: object) -> str:
        """Hash what is requested, so that an idempotency key can tell its own request from another.

        Stored keys are compared with it: what goes in, and in which order, may never change.
        """
        at = None if self.at is None else moment_text(to_utc(self.at, "at"))
        texts = [None if argument is None else str(argument) for argument in arguments]
        return sha256(canonical([call, self.by.id, self.by.side, at, texts]))
