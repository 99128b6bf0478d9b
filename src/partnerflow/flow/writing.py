"""Build what a request writes (entries, a transition, obligations, events), write it, and notify after the commit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import attrs

from partnerflow.decision import Decision
from partnerflow.dossier import Dossier
from partnerflow.events import Event, Fact
from partnerflow.history import START, Transition, entry_link, transition_link
from partnerflow.lifecycle import Row
from partnerflow.lifecycle.machine import run
from partnerflow.obligations import Judgement, Obligation, judged
from partnerflow.policies.report import Report
from partnerflow.ports import ChangeSet, Transaction
from partnerflow.records import Document, Entry, Record

from .context import Context

if TYPE_CHECKING:
    from partnerflow.actors import Actor

NOTHING = ChangeSet()


def new_entries(
    context: Context, records: Sequence[tuple[Record, str]], file_id: UUID, before: Sequence[Entry], *, by: Actor,
    at: datetime, now: datetime, version: int | None, documents: tuple[Document, ...] = (),
) -> tuple[Entry, ...]:  # fmt: skip
    """Make the entries of *records* (each with its text), chained to what lies on the file."""
    made: list[Entry] = []
    previous, seq = (before[-1].link, before[-1].seq) if before else (START, 0)
    for place, (record, text) in enumerate(records, 1):
        entry = Entry(
            record=record, id=context.new_id(), filed_at=at, recorded_at=now, filed_by=by, version=version,
            documents=documents, text=text, revision=record.kind_info.revision, file_id=file_id, seq=seq + place,
        )  # fmt: skip
        entry = attrs.evolve(entry, link=entry_link(entry, previous))
        previous = entry.link
        made.append(entry)
    return tuple(made)


def new_transition(
    context: Context, decision: Decision, row: Row, dossier: Dossier, *, now: datetime, previous: str,
    partner_file: Sequence[Entry], own_file: Sequence[Entry],
) -> Transition:  # fmt: skip
    """Take the step in the machine and make its transition; *dossier* is as it was."""
    move, partnership = decision.move, dossier.partnership
    state = run(context.lifecycle, move.trigger, move.source, move.target)
    version = 1 if move.source is None else partnership.version + 1
    transition = Transition(
        id=context.new_id(),
        partnership_id=partnership.id,
        version=version,
        move=move if move.target == state else attrs.evolve(move, target=state),
        recorded_at=now,
        lifecycle=decision.lifecycle,
        event=f"org.partnerflow.partnership.{row.event}.v1",
        decision=decision.text(),
        partner_seq=len(partner_file),
        partner_link=partner_file[-1].link if partner_file else START,
        file_seq=len(own_file),
        file_link=own_file[-1].link if own_file else START,
        previous=previous,
        entered=(state == move.source and dossier.entered_at_version()) or version,
    )
    return attrs.evolve(transition, link=transition_link(transition))


def new_judgement(context: Context, report: Report, dossier: Dossier, before: Sequence[Obligation]) -> Judgement:
    """Make what must go on being true, and until when, of what *report* found."""
    return Judgement(
        partnership_id=dossier.partnership.id,
        digest=context.pack.digest,
        obligations=judged(report, context.pack.due_dates(report, dossier), before, context.pack.leads),
    )


def number_events(context: Context, facts: Iterable[Fact], partnership_id: UUID, after: int) -> tuple[Event, ...]:
    """Return facts their ids and their place among the events of their partnership."""
    return tuple(
        Event(
            id=context.new_id(), type=fact.type, tenant=context.store.tenant, partnership_id=partnership_id,
            sequence=place, time=fact.time, data=fact.data,
        )
        for place, fact in enumerate(facts, after + 1)
    )  # fmt: skip


def write(context: Context, tx: Transaction, *changes: ChangeSet) -> None:
    """Write what there is to write, and have the receivers of `after` told of its events once they are committed."""
    said = [change for change in changes if change != NOTHING]
    if not said:
        return
    tx.write(*said)
    told = [event for change in said for event in change.events]
    if not told:
        return

    def tell() -> None:
        for event in told:
            context.after.tell(event)

    tx.after_commit(tell)
