"""Taking in what an outside system lists; doing it twice changes nothing.

An organisation that the system calls active is adopted as active, and what its file lacks is recorded. One whose
status it does not know is proposed. One that is inactive is skipped, and one that only represents others is put on file
without a partnership.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Literal, TypeAlias, cast
from uuid import UUID

import attrs

from partnerflow import gate
from partnerflow.lifecycle import State
from partnerflow.partnership import DISTRICT, Partnership
from partnerflow.ports import ChangeSet, Licensed, Listing, Query
from partnerflow.records import Entry, Licence, Partner, Record, Site

from .arguments import batched, read_times
from .begin import adopt, propose
from .context import Context
from .district import file_on_district
from .evaluate import refuse_unless_may_file_on_new
from .file import file
from .file_index import FileIndex
from .queries import dossier, entries_of, partner
from .register import register
from .request import Request
from .submission import check_submission
from .writing import write

SITES_IN_BATCH = 500
"""How many sites are filed in one transaction."""
AdmissionOutcome: TypeAlias = Literal["adopted", "proposed", "registered", "filed", "updated", "unchanged", "skipped"]


@attrs.frozen(kw_only=True)
class Admission:
    """What was done about one thing that was listed."""

    what: Literal["site", "partner", "licence"]
    name: str
    outcome: AdmissionOutcome
    partnership_id: UUID | None = None
    why: str = ""
    """The reason, for what was skipped."""


def admit(context: Context, listed: Iterable[Site | Listing | Licensed], request: Request) -> Iterator[Admission]:
    """Take in each thing as it is read, in a transaction of its own; successive sites share one."""
    return _admit(context, gate.several(listed, "listed"), request)


def _admit(context: Context, listed: Iterable[Site | Listing | Licensed], request: Request) -> Iterator[Admission]:
    for are_sites, several in groupby(listed, lambda one: isinstance(one, Site)):
        if are_sites:
            for sites in batched(cast("Iterator[Site]", several), SITES_IN_BATCH):
                yield from _admit_sites(context, sites, request)
            continue
        for one in several:
            if isinstance(one, Listing):
                gate.of_type(one.partner, Partner, "listed", "a Listing must have a Partner")
                yield _admit_partner(context, one, request)
            else:
                licensed = gate.of_type(one, Licensed, "listed", "must be a Site, a Listing or a Licensed")
                gate.of_type(licensed.licence, Licence, "listed", "a Licensed must have a Licence")
                gate.of_type(licensed.partner, str, "listed", 'must name its partner, as in "edfi:19255901"')
                yield _admit_licence(context, licensed, request)


def _admit_sites(context: Context, sites: Sequence[Site], request: Request) -> list[Admission]:
    """File some sites in one transaction, so that the district's file is read only once."""
    admitted: list[Admission] = []
    changes: list[ChangeSet] = []
    with context.transaction() as tx:
        district = FileIndex(DISTRICT, tx.files([DISTRICT])[DISTRICT])
        for site in sites:
            filed = file_on_district(context, district, check_submission(context, DISTRICT, [site]), request).changes
            changes.append(filed)
            outcome: AdmissionOutcome = "filed" if filed.entries else "unchanged"
            admitted.append(Admission(what="site", name=site.name, outcome=outcome))
        write(context, tx, *changes)
    return admitted


def _admit_partner(context: Context, listing: Listing, request: Request) -> Admission:
    listed = listing.partner
    if listing.standing == "inactive":
        return Admission(what="partner", name=listed.name, outcome="skipped", why="inactive there")
    _refuse_unless_may_file(context, listed, listed, request)
    partner_id = _known_partner(context, listed)
    if listing.standing == "organization":
        if partner_id is None:
            register(context, listed, request)
            return Admission(what="partner", name=listed.name, outcome="registered")
        return Admission(what="partner", name=listed.name, outcome="unchanged", why="is on file")
    partnership = None if partner_id is None else _first(context, Query(partner_id=partner_id))
    if partnership is not None:
        return _update_partner(context, partnership, listed, request)
    subject = listed if partner_id is None else partner_id
    if listing.standing == "active":
        because = attrs.evolve(request, reason="active in the system that it was taken in from")
        made = adopt(context, subject, because, state=State.ACTIVE, since=None)
        return Admission(what="partner", name=listed.name, outcome="adopted", partnership_id=made.id)
    made = propose(context, subject, request, succeeds=None)
    return Admission(what="partner", name=listed.name, outcome="proposed", partnership_id=made.id)


def _update_partner(context: Context, partnership: Partnership, listed: Partner, request: Request) -> Admission:
    """Copy what the outside system knows, and leave what only the district knows.

    As the district's own word it is filed even where the partner said the same: that confirms it.
    """
    on_file = partner(context, partnership.partner_id)
    newer = attrs.evolve(on_file, name=listed.name, part_of=listed.part_of, ids={**on_file.ids, **listed.ids})
    outcome: AdmissionOutcome = "unchanged"
    if newer != on_file or request.word_of is None:
        before = {entry.id for entry in entries_of(context, partnership.id)}
        (filed,) = _file(context, partnership.id, [newer], request)
        outcome = "unchanged" if filed.id in before else "updated"
    return Admission(what="partner", name=listed.name, outcome=outcome, partnership_id=partnership.id)


def _admit_licence(context: Context, licensed: Licensed, request: Request) -> Admission:
    """File a licence, and that the partner needs one of its type: otherwise the system would not list it."""
    licence = licensed.licence
    name = f"{licence.identifier or licence.licence_type} of {licensed.partner}"
    system, _, value = licensed.partner.partition(":")
    _refuse_unless_may_file(context, Partner(name=licensed.partner), licence, request)
    partnership = _first(context, Query(ids={system: value}))
    if partnership is None:
        return Admission(what="licence", name=name, outcome="skipped", why="its holder has no partnership here")
    holder = partner(context, partnership.partner_id)
    required = holder.licences_required or ()
    type_is_new = licence.licence_type not in required
    with_type = attrs.evolve(holder, licences_required=(*required, licence.licence_type))
    before = {entry.id for entry in dossier(context, partnership.id, as_of=None).entries}
    filed = _file(context, partnership.id, [*([with_type] if type_is_new else []), licence], request)[-1]
    outcome: AdmissionOutcome = "filed" if type_is_new or filed.id not in before else "unchanged"
    return Admission(what="licence", name=name, outcome=outcome, partnership_id=partnership.id)


def _refuse_unless_may_file(context: Context, partner: Partner, record: Record, request: Request) -> None:
    """Raise Refused before anything is looked up: who may not file it is not told who is on file."""
    at = read_times(context, request.at).at
    refuse_unless_may_file_on_new(context, partner, (record,), by=request.by, at=at)


def _first(context: Context, query: Query) -> Partnership | None:
    return next((partnership for partnership, _ in context.store.find(query, limit=1)), None)


def _file(context: Context, partnership_id: UUID, records: Sequence[Record], request: Request) -> tuple[Entry, ...]:
    return file(context, check_submission(context, partnership_id, records), request)


def _known_partner(context: Context, listed: Partner) -> UUID | None:
    with context.reading() as tx:
        ids = sorted(listed.ids.items())
        known = tx.partners_known_as(ids)
        return next((known[pair] for pair in ids if pair in known), None)
