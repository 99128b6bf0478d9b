"""How quality is monitored, and how the sides communicate."""

from __future__ import annotations

from datetime import date

import attrs

from .mutual import Side
from .registry import Record, record
from .texts import Prose


@record("quality_system", about="partnership", cites=("CS2-3.S3", "CS2-3.A8"))
class QualitySystem(Record):
    """How the reliability, quality and alignment of services are measured. Who monitors them is an assignment."""

    tool: str | None = None
    """The instrument that measures quality."""
    measures: dict[str, Prose] | None = attrs.field(default=None, hash=False)
    """How "reliability", "quality" and "alignment" are measured."""
    agreed_by: dict[Side, date] | None = attrs.field(default=None, hash=False)


@attrs.frozen(kw_only=True)
class Channel:
    """One way to reach each other, such as a mailing list."""

    way: str | None = None
    address: str | None = None


@record("communication_plan", about="partnership", cites=("CS2-3.A2", "CS2-L3", "CS2-X4c"))
class CommunicationPlan(Record):
    """How the sides communicate, how often, and when they review needs and quality."""

    channels: tuple[Channel, ...] | None = None
    norms: Prose | None = None
    """What each side can expect, such as an answer within two days."""
    cadence: Prose | None = None
    """How often they meet."""
    review: Prose | None = None
    """When and how needs and quality are reviewed."""
    committed_by: dict[Side, date] | None = attrs.field(default=None, hash=False)
