"""Build what a request writes (entries, a transition, obligations, events), write it, and notify after the commit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

import attrs

from partnerflow.actors import Actor
from partnerflow.decision import Decision
from partnerflow.dossier import Dossier
from partnerflow.errors import Unreadable
from partnerflow.events import Event, Fact
from partnerflow.history import START, Transition, entry_link, transition_link
from partnerflow.lifecycle import Row
from partnerflow.obligations import Judgement, Obligation, derive_obligations
from partnerflow.policies.report import Report
from partnerflow.ports import ChangeSet, Transaction
from partnerflow.records import Document, Entry, Record

from .arguments import Times
from .context import Context
from .file_index import FileEnd
from .search_index import index_words

NOTHING = ChangeSet()


class Chains(NamedTuple):
    """What a transition is linked to: the transition before it, and all that is on the two files."""

    previous: str
    partner_file: Sequence[Entry]
    own_file: Sequence[Entry]


def new_entries(
    context: Context,
    records: Sequence[tuple[Record, str]],
    end: FileEnd,
    *,
    by: Actor,
    times: Times,
    documents: tuple[Document, ...] = (),
    word_of: Literal["partner"] | None = None,
) -> tuple[Entry, ...]:
    """Return the entries of *records* (each with its text), chained to the end of their file."""
    made: list[Entry] = []
    before = end.entries
    previous, seq = (before[-1].link, before[-1].seq) if before else (START, 0)
    if before and not seq:
        raise Unreadable(f"file {end.file_id}", "the number of its last entry cannot be read")
    for place, (record, text) in enumerate(records, 1):
        entry = Entry(
            record=record,
            id=context.new_id(),
            filed_at=times.at,
            recorded_at=times.recorded_at,
            filed_by=by,
            word_of=word_of,
            version=end.version,
            documents=documents,
            text=text,
            revision=record.kind_info.revision,
            file_id=end.file_id,
            seq=seq + place,
        )
        entry = attrs.evolve(entry, link=entry_link(entry, previous))
        previous = entry.link
        made.append(entry)
    return tuple(made)


def new_transition(
    context: Context, decision: Decision, row: Row, dossier: Dossier, recorded_at: datetime, chains: Chains
) -> Transition:
    """Take the step in the state machine and return its transition; *dossier* is as it was before."""
    from partnerflow.lifecycle.machine import run  # here, so that importing Partnerflow does not load `transitions`

    move, partnership = decision.move, dossier.partnership
    state = run(context.lifecycle, move.trigger, move.source, move.target)
    version = 1 if move.source is None else partnership.version + 1
    _, partner_file, own_file = chains
    transition = Transition(
        id=context.new_id(),
        partnership_id=partnership.id,
        version=version,
        move=move if move.target == state else attrs.evolve(move, target=state),
        recorded_at=recorded_at,
        lifecycle=decision.lifecycle,
        event=f"org.partnerflow.partnership.{row.event}.v1",
        decision=decision.text(),
        partner_seq=len(partner_file),
        partner_link=partner_file[-1].link if partner_file else START,
        file_seq=len(own_file),
        file_link=own_file[-1].link if own_file else START,
        previous=chains.previous,
        entered=(state == move.source and dossier.entered_at_version()) or version,
    )
    return attrs.evolve(transition, link=transition_link(transition))


def new_judgement(context: Context, report: Report, dossier: Dossier, before: Sequence[Obligation]) -> Judgement:
    """Return the obligations that follow from *report*, with their due dates; *before* are those on file."""
    due_dates, ended = context.pack.due_dates(report, dossier), report.state in context.lifecycle.final
    return Judgement(
        partnership_id=dossier.partnership.id,
        digest=context.pack.digest,
        obligations=derive_obligations(report, due_dates, before, context.pack.leads, ended=ended),
    )


def number_events(context: Context, facts: Iterable[Fact], partnership_id: UUID, after: int) -> tuple[Event, ...]:
    """Return facts as events, with ids and numbers; *after* is how many events the partnership has had."""
    return tuple(
        Event(
            id=context.new_id(),
            type=fact.type,
            tenant=context.store.tenant,
            partnership_id=partnership_id,
            sequence=sequence,
            time=fact.time,
            data=fact.data,
        )
        for sequence, fact in enumerate(facts, after + 1)
    )


def write(context: Context, tx: Transaction, *changes: ChangeSet) -> None:
    """Write the changes, and notify the receivers of `after` once they are committed.

    The store calls back, and not we: in a host's transaction the commit is the host's, may come much later, and may
    never come. Then nobody is notified.
    """
    written = [change for change in changes if change != NOTHING]
    if not written:
        return
    tx.write(*written)
    if any(change.erasure is not None for change in written):
        tx.after_commit(index_words.cache_clear)  # what was blanked stays in no memory of ours
    events = [event for change in written for event in change.events]
    if not events:
        return

    def notify() -> None:
        for event in events:
            context.after.notify(event)

    tx.after_commit(notify)
