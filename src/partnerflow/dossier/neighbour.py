"""Partnerships that work at the same place: by what one finds the others, and where two meet."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

import attrs

from partnerflow.records import EVERYWHERE, Entry, Service

from .record_index import RecordIndex


@attrs.frozen
class Neighbour:
    """A service of another live partnership that shares a site and a content area with one of this partnership's."""

    partnership_id: str
    partner: str
    service: Service


def overlap(mine: AbstractSet[str], theirs: AbstractSet[str]) -> bool:
    """Tell whether two sets of sites meet; `{"*"}` meets every one."""
    return bool(mine and theirs) and (EVERYWHERE in mine or EVERYWHERE in theirs or not mine.isdisjoint(theirs))


def services_at(places: frozenset[tuple[str, str]], entries: Iterable[Entry]) -> list[Service]:
    """Return the services on a file that share a place, a site and a content area, with *places*; by name."""
    series = RecordIndex(entries).series(Service).values()
    sharing = (
        service
        for service in (versions[0] for versions in series)
        if any(overlap(frozenset({site}), service.sites or frozenset()) and area in (service.content_areas or ())
               for site, area in places)
    )  # fmt: skip
    return sorted(sharing, key=lambda service: service.service)
