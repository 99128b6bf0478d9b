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
from partnerflow.ports import ChangeSet, Licensed, Listing, Query
from partnerflow.records import Entry, Partner, Record, Site

from . import look
from .arguments import batched
from .context import Context
from .file import DistrictFile, file, for_district, shapes
from .propose import adopt, propose, register
from .writing import write

if TYPE_CHECKING:
    from partnerflow.actors import Actor

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


def admit(context: Context, listed: Iterable[Site | Listing | Licensed], *, by: Actor) -> Iterator[Admission]:
    """Take each in as it comes, each in a transaction of its own, but sites in a row together."""
    for are_sites, several in groupby(listed, lambda one: isinstance(one, Site)):
        if are_sites:
            for some in batched(cast("Iterator[Site]", several), SITES_AT_ONCE):
                yield from _sites(context, some, by)
            continue
        for one in several:
            yield (
                _partner(context, one, by) if isinstance(one, Listing) else _licence(context, cast("Licensed", one), by)
            )


def _sites(context: Context, sites: Sequence[Site], by: Actor) -> list[Admission]:
    """File some sites in one transaction, so that the district's file is read once for all of them."""
    admitted: list[Admission] = []
    changes: list[ChangeSet] = []
    with context.store.transaction() as tx:
        lying = DistrictFile(tx.file(DISTRICT))
        for site in sites:
            added = for_district(context, lying, shapes(DISTRICT, [site]), (), by=by, at=None, receipt=None).changes
            lying.add(added.entries)
            changes.append(added)
            outcome: Outcome = "filed" if added.entries else "unchanged"
            admitted.append(Admission(what="site", name=site.name, outcome=outcome))
        write(context, tx, *changes)
    return admitted


def _partner(context: Context, listing: Listing, by: Actor) -> Admission:
    partner = listing.partner
    if listing.standing == "inactive":
        return Admission(what="partner", name=partner.name, outcome="skipped", why="inactive there")
    partner_id = _known(context, partner)
    if listing.standing == "organization":
        if partner_id is None:
            register(context, partner, by=by, at=None)
            return Admission(what="partner", name=partner.name, outcome="registered")
        return Admission(what="partner", name=partner.name, outcome="unchanged", why="is on file")
    partnership = None if partner_id is None else _first(context, Query(partner_id=partner_id))
    if partnership is not None:
        return _updated(context, partnership, partner, by)
    subject = partner if partner_id is None else partner_id
    if listing.standing == "active":
        reason = "active in the system that it was taken in from"
        made = adopt(
            context, subject, state=State.ACTIVE, by=by, reason=reason, since=None, at=None, idempotency_key=None
        )
        return Admission(what="partner", name=partner.name, outcome="adopted", partnership_id=made.id)
    made = propose(context, subject, by=by, reason=None, succeeds=None, at=None, idempotency_key=None)
    return Admission(what="partner", name=partner.name, outcome="proposed", partnership_id=made.id)


def _updated(context: Context, partnership: Partnership, listed: Partner, by: Actor) -> Admission:
    """Carry over what the outside system knows, and leave alone what only the district does."""
    on_file = look.partner(context, partnership.partner_id)
    newer = attrs.evolve(on_file, name=listed.name, part_of=listed.part_of, ids={**on_file.ids, **listed.ids})
    outcome: Outcome = "unchanged"
    if newer != on_file:
        _file(context, partnership.id, newer, by=by)
        outcome = "updated"
    return Admission(what="partner", name=listed.name, outcome=outcome, partnership_id=partnership.id)


def _licence(context: Context, licensed: Licensed, by: Actor) -> Admission:
    """File a licence, and that its type is required: it would not have been given otherwise."""
    licence = licensed.licence
    name = f"{licence.identifier or licence.licence_type} of {licensed.partner}"
    system, _, value = licensed.partner.partition(":")
    partnership = _first(context, Query(ids={system: value}))
    if partnership is None:
        return Admission(what="licence", name=name, outcome="skipped", why="its holder has no partnership here")
    partner = look.partner(context, partnership.partner_id)
    required = partner.licences_required or ()
    needed = licence.licence_type not in required
    with_type = attrs.evolve(partner, licences_required=(*required, licence.licence_type))
    before = {entry.id for entry in look.dossier(context, partnership.id, as_of=None).entries}
    filed = _file(context, partnership.id, *([with_type] if needed else []), licence, by=by)[-1]
    outcome: Outcome = "filed" if needed or filed.id not in before else "unchanged"
    return Admission(what="licence", name=name, outcome=outcome, partnership_id=partnership.id)


def _first(context: Context, query: Query) -> Partnership | None:
    return next((partnership for partnership, _ in context.store.find(query, limit=1)), None)


def _file(context: Context, partnership_id: UUID, *records: Record, by: Actor) -> tuple[Entry, ...]:
    return file(
        context, partnership_id, records, by=by, documents=(), at=None, expected_version=None, idempotency_key=None
    )


def _known(context: Context, partner: Partner) -> UUID | None:
    with context.store.reading() as tx:
        found = (tx.partner_known_as(system, value) for system, value in sorted(partner.ids.items()))
        return next((partner_id for partner_id in found if partner_id is not None), None)
