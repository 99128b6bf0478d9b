"""The calls of a host: `Partnerflow`, and below it one module for each use case."""

from __future__ import annotations

from .partnerflow import Partnerflow

__all__ = ["Partnerflow"]
