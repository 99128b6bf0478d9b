"""The one value that policies read: a partnership, the records on its and its partner's file, and its moves.

A policy needs nothing else. A dossier is loaded from a store, or read from a mapping (the JSON that a host would send),
`{"partner": {...}, "partnership": {...}, "records": [{"kind": "insurance", ...}, ...]}`, and can be written as one.
"""

from __future__ import annotations

from .dossier import Absent, Dossier
from .mapping import unknown_kind
from .neighbour import Neighbour, overlap, services_at
from .record_index import ONE_DAY, RecordIndex, Succession, period_of
from .waiting import WaitingWord, confirmed_by, taken_back, weigh_partner
from .zone import time_zone, zone_name

__all__ = [
    "ONE_DAY",
    "Absent",
    "Dossier",
    "Neighbour",
    "RecordIndex",
    "Succession",
    "WaitingWord",
    "confirmed_by",
    "overlap",
    "period_of",
    "services_at",
    "taken_back",
    "time_zone",
    "unknown_kind",
    "weigh_partner",
    "zone_name",
]
