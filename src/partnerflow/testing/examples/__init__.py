"""An example of everything: one partnership with its file in order, and the evidence of one district for the rubric."""

from __future__ import annotations

from .dossier import example_dossier, example_records
from .moves import BOARD, EXAMPLE_DAY, OFFICE

__all__ = ["BOARD", "EXAMPLE_DAY", "OFFICE", "example_dossier", "example_records"]
