"""Granting waivers: refuse what could never count, and write into each what it covers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import attrs

from partnerflow.errors import Fault, InvalidRecord
from partnerflow.policies.waivers import why_never
from partnerflow.ports import Transaction
from partnerflow.records import Entry, Record, Waiver, WaiverRequest
from partnerflow.records.conversion import record_text, unstructure

from .arguments import Times
from .context import Context
from .evaluate import with_neighbours
from .loading import Loaded
from .submission import Submission


def refuse_what_never_counts(context: Context, records: Iterable[Record], times: Times) -> None:
    """Raise InvalidRecord for a waiver that can never apply, and for one without a reason.

    Who may grant it is for the policies that guard the filing.
    """
    for record in records:
        if isinstance(record, (Waiver, WaiverRequest)) and (faults := list(_faults(context, record, times))):
            raise InvalidRecord(record.kind_info.name, faults)


def with_coverage(context: Context, tx: Transaction, submission: Submission, loaded: Loaded) -> Submission:
    """Return it with what each waiver covers: what its policy reports of the file today, never what a caller says."""
    records = [
        record_text(_covering(context, tx, record, loaded)) if isinstance(record, Waiver) else (record, text)
        for record, text in submission.records
    ]
    return Submission(submission.subject, records, submission.documents)


def _covering(context: Context, tx: Transaction, waiver: Waiver, loaded: Loaded) -> Waiver:
    rule, dossier = context.pack[waiver.policy], loaded.dossier
    if rule.policy.compares:
        dossier = with_neighbours(context, tx, dossier)
    covers = rule.covered_by_grant(dossier, context.today(loaded.times.now))
    return attrs.evolve(waiver, covers=covers, covers_all=False)


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
