"""Other partnerships that share a site and a content area."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

import attrs

from partnerflow.records import EVERYWHERE, Entry, Service

from .record_index import RecordIndex


@attrs.frozen
class Neighbour:
    """A service of another live partnership, at a site and in a content area of one of this partnership's services."""

    partnership_id: str
    partner: str
    service: Service


def overlap(mine: AbstractSet[str], theirs: AbstractSet[str]) -> bool:
    """Return whether two sets of sites have one in common; `{"*"}` stands for every site."""
    return bool(mine and theirs) and (EVERYWHERE in mine or EVERYWHERE in theirs or not mine.isdisjoint(theirs))


def services_at(places: frozenset[tuple[str, str]], entries: Iterable[Entry]) -> list[Service]:
    """Return the services among *entries* at one of *places*, pairs of site and content area; in order of name."""
    current = RecordIndex(entries).newest(Service)
    return sorted((one for one in current if _is_at(one, places)), key=lambda service: service.service)


def _is_at(service: Service, places: frozenset[tuple[str, str]]) -> bool:
    sites, areas = service.sites or frozenset(), service.content_areas or frozenset()
    return any(area in areas and overlap(frozenset({site}), sites) for site, area in places)
