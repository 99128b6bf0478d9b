"""What every write has in common: who requests it, when it happened, why, the expected version, the idempotency key."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import attrs

from partnerflow import gate
from partnerflow.actors import Actor
from partnerflow.canonical import canonical, sha256
from partnerflow.records.conversion import moment_text


@attrs.frozen
class Request:
    """The arguments that every write takes, each read at the gate; `Partnerflow` describes them."""

    by: Actor = attrs.field(converter=gate.actor)
    at: datetime | None = attrs.field(default=None, converter=gate.happened_at)
    reason: str | None = attrs.field(default=None, converter=gate.reason)
    expected_version: int | None = attrs.field(default=None, converter=gate.version)
    idempotency_key: str | None = attrs.field(default=None, converter=gate.idempotency_key)
    word_of: Literal["partner"] | None = attrs.field(default=None, converter=gate.word_of)
    """On whose word the actor files: the partner's; None: their own."""

    def hash(self, call: str, *arguments: object) -> str:
        """Hash what is requested, so that an idempotency key can tell its own request from another.

        Stored keys are compared with it: what goes in, and in which order, may never change.
        """
        at = None if self.at is None else moment_text(self.at)
        texts = [None if argument is None else str(argument) for argument in arguments]
        if self.word_of is not None:
            texts.append(f"word of {self.word_of}")
        return sha256(canonical([call, self.by.id, self.by.side, at, texts]))
