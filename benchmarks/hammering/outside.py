"""A check from outside: whether the tables are consistent, and have what was acknowledged."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs
from sqlalchemy import Row, Table, select

from partnerflow import Partnerflow, PartnerflowError, Tampered
from partnerflow.adapters.sqlalchemy import SQLAlchemyStore
from partnerflow.flow.loading import build_dossier, load_many

from .calls import MARK, NOTES, Call

Rows = list[Row[Any]]


@attrs.define
class Said:
    """The entries of a call in the log."""

    call: Call
    word: str = "begin"
    """The last entry: begin, done, refused or unknown."""
    made: list[str] = attrs.field(factory=list)
    """What it was acknowledged to have done, by name."""
    unsure: bool = False
    """Whether the outcome was unknown once; then a refusal of the second attempt does not mean that it was not done."""

    def hear(self, word: str, made: Iterable[str] = ()) -> None:
        """Add the next entry."""
        self.unsure = self.unsure or word == "unknown"
        self.word = "unknown" if self.unsure and word == "refused" else word
        self.made += made


@attrs.frozen
class Verdict:
    """Every fault, in words."""

    lost: set[str] = attrs.field(factory=set)
    half: set[str] = attrs.field(factory=set)
    doubled: set[str] = attrs.field(factory=set)

    def add(self, other: Verdict) -> None:
        """Add another."""
        for name in ("lost", "half", "doubled"):
            getattr(self, name).update(getattr(other, name))

    def __bool__(self) -> bool:
        return bool(self.lost or self.half or self.doubled)


def judge(flow: Partnerflow, said: Mapping[str, Said], kept: dict[str, list[str]]) -> Verdict:
    """Compare the log with the tables; *kept* is the content at the last comparison, and is updated.

    Nobody may be writing meanwhile.
    """
    verdict, found = Verdict(), Found.of(flow)
    verdict.half.update(found.faults())
    written = found.by_mark()
    for mark, each in said.items():
        there = written.pop(mark, [])
        kinds, wanted = Counter(name.split()[0] for name in there), each.call.writes()
        label = f"{mark} ({each.call.do}, {each.word}): there is {dict(kinds)}, of {dict(+wanted)}"
        if gone := {*each.made, *kept.get(mark, [])}.difference(there):
            verdict.lost.add(f"{label}; gone: {', '.join(sorted(gone))}")
        elif kinds - wanted:
            verdict.doubled.add(label)
        elif there and (wanted - kinds or each.word == "refused"):
            verdict.half.add(label)
        kept[mark] = there
    verdict.half.update(f"{mark}: nobody said that it was begun" for mark in written)
    return verdict


@attrs.frozen
class Found:
    """The rows of a tenant, in one snapshot."""

    flow: Partnerflow
    partnerships: Rows
    transitions: Rows
    entries: Rows
    events: Rows
    receipts: Rows
    notes: Rows

    @classmethod
    def of(cls, flow: Partnerflow) -> Found:
        """Read everything of the flow's tenant."""
        store = flow.store
        assert isinstance(store, SQLAlchemyStore)
        t = store.tables
        with store.engine.connect() as connection:

            def rows(table: Table, *order: str) -> Rows:
                wanted = select(table).filter_by(tenant=store.tenant).order_by(*(table.c[name] for name in order))
                return list(connection.execute(wanted))

            return cls(
                flow,
                partnerships=rows(t.partnership, "id"),
                transitions=rows(t.transition, "partnership_id", "version"),
                entries=rows(t.entry, "file_id", "seq"),
                events=rows(t.outbox, "partnership_id", "sequence"),
                receipts=rows(t.receipt, "key"),
                notes=rows(NOTES, "mark"),
            )

    def by_mark(self) -> dict[str, list[str]]:
        """Return the names of what was written, by the mark of the call that wrote it."""
        written: defaultdict[str, list[str]] = defaultdict(list)

        def note(text: str | None, name: str) -> None:
            if mark := re.search(MARK, text or ""):
                written[mark[0]].append(name)

        for row in self.transitions:
            note(row.reason, f"transition {row.id} {row.link}")
            if row.source is None:
                note(row.reason, f"partnership {row.partnership_id}")
        for row in self.entries:
            note(row.text, f"entry {row.id} {row.link}")
        for row in self.receipts:
            note(row.key, f"receipt {row.key} {row.work}")
        for row in self.notes:
            note(row.mark, f"note {row.mark}")
        return dict(written)

    def faults(self) -> Iterator[str]:
        """Yield every inconsistency: gaps, events that are not one to one, keys without work, chains, due dates."""
        yield from self._gaps()
        yield from self._untold()
        done = {str(row.id) for row in (*self.partnerships, *self.transitions, *self.entries)}
        for row in self.receipts:
            if missing := set(json.loads(row.work)) - done:
                yield f"receipt {row.key}: of its work, {missing} is not there"
        yield from self._due_dates()
        try:
            self.flow.verify()
        except Tampered as error:
            yield from error.links

    def _gaps(self) -> Iterator[str]:
        histories, outbox = _grouped(self.transitions, "partnership_id"), _grouped(self.events, "partnership_id")
        for row in self.partnerships:
            history = histories.pop(row.id, [])
            if [made.version for made in history] != list(range(1, row.version + 1)):
                yield f"partnership {row.id} at version {row.version}: {[made.version for made in history]}"
            elif (history[-1].link, history[-1].target) != (row.link, row.state):
                yield f"partnership {row.id}: stands otherwise than its history ends"
            told = [event.sequence for event in outbox.pop(row.id, [])]
            if told != list(range(1, row.events + 1)):
                yield f"partnership {row.id} with {row.events} events: {told}"
        yield from (f"a history or an outbox of nobody's: {whose}" for whose in {*histories, *outbox})
        for file_id, entries in _grouped(self.entries, "file_id").items():
            if [entry.seq for entry in entries] != list(range(1, len(entries) + 1)):
                yield f"file {file_id}: {[entry.seq for entry in entries]}"

    def _untold(self) -> Iterator[str]:
        """Every transition has one event, and every entry except the one that registered an organisation."""
        data = [json.loads(row.body)["data"] for row in self.events]
        told = Counter(each.get("transition") or each.get("entry") for each in data)
        filed = [row for row in self.entries if row.kind != "partner"]
        happened = {str(row.id) for row in (*self.transitions, *filed)}
        for what in {*told, *happened}:
            if told[what] != (what in happened):
                yield f"{what} has {told[what]} events"

    def _due_dates(self) -> Iterator[str]:
        """The stored due dates are those of evaluating each partnership again."""
        flow = self.flow
        for holding in load_many(flow.store):
            whose = holding.partnership
            try:
                dossier = build_dossier(flow.context, whose, holding.partner_file, holding.own_file, holding.moves)
            except PartnerflowError as error:
                yield f"partnership {whose.id} cannot be judged: {error}"
                continue
            due = flow.pack.due_dates(flow.pack.evaluate(dossier, flow.today()), dossier)
            stored = {obligation.code: obligation.due_on for obligation in holding.obligations}
            if stored != due:
                yield f"partnership {whose.id}: due are {due}, stored is {stored}"


def _grouped(rows: Rows, by: str) -> dict[Any, Rows]:
    found: defaultdict[Any, Rows] = defaultdict(list)
    for row in rows:
        found[getattr(row, by)].append(row)
    return dict(found)
