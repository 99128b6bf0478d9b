"""Granting waivers: refuse what could never count, and write into each what it covers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

import attrs

from partnerflow.dossier import Dossier
from partnerflow.errors import Fault, InvalidRecord
from partnerflow.policies.waivers import why_never
from partnerflow.ports import Transaction
from partnerflow.records import Entry, Record, Waiver, WaiverRequest
from partnerflow.records.conversion import record_text, unstructure
from partnerflow.records.registry import About

from .arguments import Times
from .context import Context
from .entries import entries_for
from .evaluate import with_neighbours
from .file_index import FileIndex
from .loading import Loaded, build_dossier
from .reevaluate import with_entries
from .request import Request
from .submission import Submission


def refuse_what_never_counts(context: Context, records: Iterable[Record], times: Times) -> None:
    """Raise InvalidRecord for a waiver that can never apply, and for one without a reason.

    Who may grant it is for the policies that guard the filing.
    """
    for record in records:
        if isinstance(record, (Waiver, WaiverRequest)) and (faults := list(_faults(context, record, times))):
            raise InvalidRecord(record.kind_info.name, faults)


def with_coverage(
    context: Context, tx: Transaction, submission: Submission, loaded: Loaded, request: Request
) -> Submission:
    """Return it with what each waiver covers: what its policy reports of the file today, never what a caller says.

    What is filed in the same call is on the file already.
    """
    if not any(isinstance(record, Waiver) for record, _ in submission.records):
        return submission
    dossier, today = _with_the_rest(context, submission, loaded, request), context.today(loaded.times.now)
    records = [
        record_text(_covering(context, tx, record, dossier, today)) if isinstance(record, Waiver) else (record, text)
        for record, text in submission.records
    ]
    return Submission(submission.subject, records, submission.documents)


def _with_the_rest(context: Context, submission: Submission, loaded: Loaded, request: Request) -> Dossier:
    """Return the dossier with everything of a submission but its waivers."""
    rest = [each for each in submission.records if not isinstance(each[0], Waiver)]
    if not rest:
        return loaded.dossier
    snapshot = loaded.snapshot
    partnership = snapshot.partnership
    files: dict[About, FileIndex] = {
        "partner": FileIndex(partnership.partner_id, snapshot.partner_file),
        "partnership": FileIndex(partnership.id, snapshot.own_file, partnership.version),
    }
    filed = entries_for(context, files, attrs.evolve(submission, records=rest), request, loaded.times)
    known = {entry.id for entry in (*snapshot.partner_file, *snapshot.own_file)}
    after = with_entries(snapshot, [entry for entry in dict.fromkeys(filed) if entry.id not in known])
    return build_dossier(context, partnership, after.partner_file, after.own_file, after.moves, loaded.host_records)


def _covering(context: Context, tx: Transaction, waiver: Waiver, dossier: Dossier, today: date) -> Waiver:
    rule = context.pack[waiver.policy]
    if rule.policy.compares:
        dossier = with_neighbours(context, tx, dossier)
    return attrs.evolve(waiver, covers=rule.covered_by_grant(dossier, today), covers_all=False)


def quoting(targets: Iterable[Entry], on_file: Iterable[Entry]) -> list[Entry]:
    """Return the waivers on file that quote one of *targets* in what they cover, without those that are among them."""
    known = {target.id for target in targets}
    words = {word for target in targets if not target.redacted for word in _texts(unstructure(target.record))}
    return [
        entry
        for entry in on_file
        if isinstance(entry.record, Waiver) and entry.id not in known and not words.isdisjoint(_quoted(entry.record))
    ]


def _quoted(waiver: Waiver) -> Iterator[str]:
    for problem in waiver.covers or ():
        yield from problem.key
        yield from problem.facts.values()


def _texts(value: object) -> Iterator[str]:
    """Yield every text in plain data."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def _faults(context: Context, record: Waiver | WaiverRequest, times: Times) -> Iterator[Fault]:
    if isinstance(record, Waiver):
        policy = context.pack[record.policy].policy
        if (never := why_never(record, policy, context.today(times.at))) is not None:
            yield Fault("", str(never))
