"""How quality is watched over, and how the sides keep talking."""

from __future__ import annotations

from datetime import date

import attrs

from .mutual import Side
from .registry import Record, record


@record("quality_system", about="partnership", cites=("CS2-3.S3", "CS2-3.A8"))
class QualitySystem(Record):
    """How one tells whether services are reliable, good and to the point; who watches over it is an assignment."""

    tool: str | None = None
    """The instrument by which quality is measured."""
    measures: dict[str, str] | None = attrs.field(default=None, hash=False)
    """How one measures "reliability", "quality" and "alignment"."""
    agreed_by: dict[Side, date] | None = attrs.field(default=None, hash=False)


@attrs.frozen(kw_only=True)
class Channel:
    """One way to reach each other, such as a mailing list."""

    way: str | None = None
    address: str | None = None


@record("communication_plan", about="partnership", cites=("CS2-3.A2", "CS2-L3", "CS2-X4c"))
class CommunicationPlan(Record):
    """How the sides talk to each other, how often, and when they look at needs and quality again."""

    channels: tuple[Channel, ...] | None = None
    norms: str | None = None
    """What each may count on, such as an answer within two days."""
    cadence: str | None = None
    """How often they meet."""
    review: str | None = None
    """When and how needs and quality are looked at again."""
    committed_by: dict[Side, date] | None = attrs.field(default=None, hash=False)
