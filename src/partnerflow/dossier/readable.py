"""A file as policies are asked about it: without texts that say nothing, and without kinds of unreadable entries.

A policy that reads a kind with an unreadable entry is `missing`; one that reads another kind is not affected. What an
unreadable retraction took back is unknown, so with one of those every kind is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from partnerflow.records import Partner, Redaction, Retraction
from partnerflow.records.registry import ANY_KIND, Record

from .dossier import Absent, Dossier
from .meaningless import file_without_meaningless_texts, may_be_meaningless, without_meaningless_texts
from .neighbour import Neighbour
from .record_index import RecordIndex

TAKES_BACK = frozenset({Retraction.kind_info.name, Redaction.kind_info.name, ANY_KIND})
"""The kinds of entries that take others back, or may."""


class _ReadableIndex(RecordIndex):
    """An index in which every kind that has an unreadable entry is absent."""

    __slots__ = ()

    def standing(self, cls: type[Record]) -> Any:
        for kind, place in self.unreadable.items():
            if kind == cls.kind_info.name or kind in TAKES_BACK:
                raise Absent(f"/records/{place}")
        return super().standing(cls)


@attrs.frozen
class _AsAsked:
    """What differs of a dossier as policies are asked about it; kept with its file, since every policy is asked."""

    partner: Partner
    neighbours: tuple[Neighbour, ...] | None
    changed: Mapping[str, Any]


def as_asked(dossier: Dossier) -> Dossier:
    """Return the dossier as a policy is asked about it; the same where everything on file says something."""
    kept: _AsAsked | None = dossier.on_file.as_asked
    if kept is None or kept.partner is not dossier.partner or kept.neighbours is not dossier.neighbours:
        kept = dossier.on_file.as_asked = _as_asked(dossier)
    return attrs.evolve(dossier, **kept.changed) if kept.changed else dossier


def _as_asked(dossier: Dossier) -> _AsAsked:
    partner, neighbours = _partner_as_asked(dossier.partner), _neighbours_as_asked(dossier.neighbours)
    on_file = file_without_meaningless_texts(dossier.on_file)
    if on_file.unreadable:  # what waits goes on waiting
        on_file = _ReadableIndex(on_file.entries, on_file.confirm, weighed=on_file.weighed)
    now = {"partner": partner, "neighbours": neighbours, "on_file": on_file}
    changed = {name: value for name, value in now.items() if value is not getattr(dossier, name)}
    if changed:  # asked about once more, it is the same
        on_file.as_asked = _AsAsked(partner, neighbours, {})
    return _AsAsked(dossier.partner, dossier.neighbours, changed)


def _partner_as_asked(partner: Partner) -> Partner:
    return without_meaningless_texts(partner) if may_be_meaningless(partner) else partner


def _neighbours_as_asked(neighbours: tuple[Neighbour, ...] | None) -> tuple[Neighbour, ...] | None:
    if not any(may_be_meaningless(neighbour.service) for neighbour in neighbours or ()):
        return neighbours
    told = tuple(attrs.evolve(one, service=without_meaningless_texts(one.service)) for one in neighbours or ())
    return neighbours if told == neighbours else told
