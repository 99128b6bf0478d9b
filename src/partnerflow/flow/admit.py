"""Taking in what an outside system lists, as it stands there; doing it twice changes nothing.

An organisation that the system calls active is adopted as active, with all that its file lacks on record; one of which
it does not say is proposed; one that is inactive is left out and named. An organisation that only stands for others is
put on file without a partnership.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Literal, cast
from uuid import UUID

import attrs

from partnerflow.lifecycle import State
from partnerflow.partnership import DISTRICT, Partnership
from partnerflow.ports import ChangeSet, Licensed, Listing
from partnerflow.records import Partner, Site

from . import work
from .file import DistrictFile, for_district, shapes

if TYPE_CHECKING:
    from partnerflow.actors import Actor

    from .partnerflow import Partnerflow

SITES_AT_ONCE = 500
"""How many sites are filed in one transaction."""
Outcome = Literal["adopted", "proposed", "registered", "filed", "updated", "unchanged", "skipped"]


@attrs.frozen(kw_only=True)
class Admission:
    """What became of one thing that was listed."""

    what: Literal["site", "partner", "licence"]
    name: str
    outcome: Outcome
    partnership_id: UUID | None = None
    why: str = ""
    """For what was skipped: the reason."""


def admit(flow: Partnerflow, listed: Iterable[Site | Listing | Licensed], *, by: Actor) -> Iterator[Admission]:
    """Take each in as it comes, each in a transaction of its own, but sites in a row together."""
    for are_sites, several in groupby(listed, lambda one: isinstance(one, Site)):
        if are_sites:
            for some in work.batched(cast("Iterator[Site]", several), SITES_AT_ONCE):
                yield from _sites(flow, some, by)
            continue
        for one in several:
            yield _partner(flow, one, by) if isinstance(one, Listing) else _licence(flow, cast("Licensed", one), by)


def _sites(flow: Partnerflow, sites: Sequence[Site], by: Actor) -> list[Admission]:
    """File some sites in one transaction, so that the district's file is read once for all of them."""
    admitted: list[Admission] = []
    changes: list[ChangeSet] = []
    with flow.store.transaction() as tx:
        lying = DistrictFile(tx.file(DISTRICT))
        for site in sites:
            added = for_district(flow, lying, shapes(DISTRICT, [site]), (), by=by, at=None, receipt=None).changes
            lying.add(added.entries)
            changes.append(added)
            outcome: Outcome = "filed" if added.entries else "unchanged"
            admitted.append(Admission(what="site", name=site.name, outcome=outcome))
        work.keep(flow, tx, *changes)
    return admitted


def _partner(flow: Partnerflow, listing: Listing, by: Actor) -> Admission:
    partner = listing.partner
    if listing.standing == "inactive":
        return Admission(what="partner", name=partner.name, outcome="skipped", why="inactive there")
    partner_id = _known(flow, partner)
    if listing.standing == "organization":
        if partner_id is None:
            flow.register(partner, by=by)
            return Admission(what="partner", name=partner.name, outcome="registered")
        return Admission(what="partner", name=partner.name, outcome="unchanged", why="is on file")
    partnership = None if partner_id is None else next(flow.find(partner=partner_id), None)
    if partnership is not None:
        return _updated(flow, partnership, partner, by)
    subject = partner if partner_id is None else partner_id
    if listing.standing == "active":
        made = flow.adopt(subject, state=State.ACTIVE, by=by, reason="active in the system that it was taken in from")
        return Admission(what="partner", name=partner.name, outcome="adopted", partnership_id=made.id)
    made = flow.propose(subject, by=by)
    return Admission(what="partner", name=partner.name, outcome="proposed", partnership_id=made.id)


def _updated(flow: Partnerflow, partnership: Partnership, listed: Partner, by: Actor) -> Admission:
    """Carry over what the outside system knows, and leave alone what only the district does."""
    on_file = flow.partner(partnership.partner_id)
    newer = attrs.evolve(on_file, name=listed.name, part_of=listed.part_of, ids={**on_file.ids, **listed.ids})
    outcome: Outcome = "unchanged"
    if newer != on_file:
        flow.file(partnership.id, newer, by=by)
        outcome = "updated"
    return Admission(what="partner", name=listed.name, outcome=outcome, partnership_id=partnership.id)


def _licence(flow: Partnerflow, licensed: Licensed, by: Actor) -> Admission:
    """File a licence, and that its type is required: it would not have been given otherwise."""
    licence = licensed.licence
    name = f"{licence.identifier or licence.licence_type} of {licensed.partner}"
    system, _, value = licensed.partner.partition(":")
    partnership = next(flow.find(ids={system: value}), None)
    if partnership is None:
        return Admission(what="licence", name=name, outcome="skipped", why="its holder has no partnership here")
    partner = flow.partner(partnership.partner_id)
    required = partner.licences_required or ()
    needed = licence.licence_type not in required
    with_type = attrs.evolve(partner, licences_required=(*required, licence.licence_type))
    before = {entry.id for entry in flow.dossier(partnership.id).entries}
    filed = flow.file(partnership.id, *([with_type] if needed else []), licence, by=by)[-1]
    outcome: Outcome = "filed" if needed or filed.id not in before else "unchanged"
    return Admission(what="licence", name=name, outcome=outcome, partnership_id=partnership.id)


def _known(flow: Partnerflow, partner: Partner) -> UUID | None:
    with flow.store.reading() as tx:
        found = (tx.partner_known_as(system, value) for system, value in sorted(partner.ids.items()))
        return next((partner_id for partner_id in found if partner_id is not None), None)
