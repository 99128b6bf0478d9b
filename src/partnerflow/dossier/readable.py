"""A file with unreadable entries, as policies are asked about it: every kind that has one is missing.

A policy that reads another kind is not affected. What an unreadable retraction took back is unknown, so with one of
those every kind is missing.
"""

from __future__ import annotations

from typing import Any

import attrs

from partnerflow.records import Redaction, Retraction
from partnerflow.records.registry import Record

from .dossier import Absent, Dossier
from .record_index import RecordIndex

TAKES_BACK = frozenset({Retraction.kind_info.name, Redaction.kind_info.name})


class _ReadableIndex(RecordIndex):
    """An index in which every kind that has an unreadable entry is absent."""

    __slots__ = ()

    def standing(self, cls: type[Record]) -> Any:
        for kind, place in self.unreadable.items():
            if kind == cls.kind_info.name or kind in TAKES_BACK:
                raise Absent(f"/records/{place}")
        return super().standing(cls)


def as_asked(dossier: Dossier) -> Dossier:
    """Return the dossier as a policy is asked about it; the same where everything on file can be read."""
    if not dossier.on_file.unreadable:
        return dossier
    on_file = dossier.on_file
    if on_file.readable is None:  # what waits goes on waiting
        on_file.readable = _ReadableIndex(on_file.entries, on_file.confirm, weighed=on_file.weighed)
    return attrs.evolve(dossier, on_file=on_file.readable)
