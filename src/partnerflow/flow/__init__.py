"""What a host calls: `Partnerflow`, and beside it one module a use case."""

from __future__ import annotations

from .partnerflow import Partnerflow

__all__ = ["Partnerflow"]
