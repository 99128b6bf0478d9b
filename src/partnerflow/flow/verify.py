"""Checking every link of every chain, and naming each that does not hold."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from partnerflow.errors import PartnerflowError, Tampered
from partnerflow.history import START, Transition, entry_link, transition_link
from partnerflow.ports import Holding
from partnerflow.records import Entry, kinds
from partnerflow.records.conversion import read_record

if TYPE_CHECKING:
    from .partnerflow import Partnerflow


def verify(flow: Partnerflow) -> None:
    """Read everything in a stream, one file and one partnership at a time. Raises Tampered."""
    broken = [*_readable("the files", _files(flow)), *_readable("the histories", _histories(flow))]
    if broken:
        raise Tampered(list(dict.fromkeys(broken)))


def _files(flow: Partnerflow) -> Iterator[str]:
    for file_id, entries in flow.store.files():
        yield from _readable(f"file {file_id}", _entries(file_id, entries))


def _entries(file_id: UUID, entries: Iterable[Entry]) -> Iterator[str]:
    previous = START
    for place, entry in enumerate(entries, 1):
        name = f"file {file_id}, record {entry.seq} ({entry.kind}, entry {entry.id})"
        if entry.seq != place:
            yield f"{name}: place {place} is missing"
        if entry.link != entry_link(entry, previous):
            yield f"{name}: what is stored does not match its link"
        elif not _says_its_text(entry):
            yield f"{name}: its record is not what its text says"
        previous = entry.link


def _says_its_text(entry: Entry) -> bool:
    """Tell whether the record that policies read is what the text says that was hashed."""
    if kinds().get(entry.kind) is not type(entry.record):
        return True  # nobody reads the kind any more, so there is only its text
    return read_record(entry.kind, json.loads(entry.text), revision=entry.revision) == entry.record


def _histories(flow: Partnerflow) -> Iterator[str]:
    for partnership_id in flow.store.partnership_ids():
        yield from _readable(f"partnership {partnership_id}", _history(flow, partnership_id))


def _history(flow: Partnerflow, partnership_id: UUID) -> Iterator[str]:
    with flow.store.reading() as tx:
        holding = tx.holding(partnership_id)
    if holding is None:
        yield f"partnership {partnership_id}: has no history"
        return
    last: Transition | None = None
    for place, transition in enumerate(flow.store.history(partnership_id), 1):
        name = f"partnership {partnership_id}, transition {transition.version} ({transition.trigger})"
        yield from (f"{name}: {fault}" for fault in _faults(transition, last, place, holding))
        last = transition
    yield from (f"partnership {partnership_id}: {fault}" for fault in _ends(holding, last))


def _faults(transition: Transition, last: Transition | None, place: int, holding: Holding) -> Iterator[str]:
    if transition.version != place:
        yield f"version {place} is missing"
    if transition.link != transition_link(transition):
        yield "what is stored does not match its link"
    if transition.previous != (last.link if last else START):
        yield "it does not follow the link before it"
    if transition.source != (last.target if last else None):
        yield f"it leaves {transition.source}, not where the one before it led"
    for whose, seq, link, entries in (
        ("the partner's file", transition.partner_seq, transition.partner_link, holding.partner_file),
        ("its own file", transition.file_seq, transition.file_link, holding.own_file),
    ):
        if link != _link_at(entries, seq):
            yield f"{whose} is not the one that it was judged on, up to record {seq}"


def _link_at(entries: Sequence[Entry], seq: int) -> str | None:
    if seq == 0:
        return START
    return entries[seq - 1].link if seq <= len(entries) else None


def _ends(holding: Holding, last: Transition | None) -> Iterator[str]:
    """Compare where the history ends with where the partnership is said to stand."""
    stands = holding.partnership
    if last is None or (last.target, last.version) != (stands.state, stands.version):
        ends = f"{last.target} at version {last.version}" if last else "nowhere"
        yield f"stands in {stands.state} at version {stands.version}, but its history ends {ends}"


def _readable(name: str, faults: Iterator[str]) -> Iterator[str]:
    """Name what cannot even be read, instead of stopping at it."""
    try:
        yield from faults
    except (ValueError, TypeError, LookupError, PartnerflowError) as error:
        yield f"{name}: cannot be read: {type(error).__name__}"
