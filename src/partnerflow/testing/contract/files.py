"""Files keep every record to the byte, and every moment to the microsecond."""
# ruff: noqa: S101  these are tests

from __future__ import annotations

from datetime import date, timedelta, timezone
from uuid import UUID

import attrs
import pytest

from partnerflow.canonical import canonical
from partnerflow.errors import Refused
from partnerflow.flow import Partnerflow
from partnerflow.history import entry_link
from partnerflow.partnership import DISTRICT
from partnerflow.ports import ChangeSet, Store
from partnerflow.records import (
    NO_END,
    Document,
    Entry,
    Insurance,
    Need,
    Partner,
    Site,
    Unregistered,
)
from partnerflow.records.conversion import read_record
from partnerflow.testing.clock import TickingClock

from .fixtures import NOBODY, ODD, START, WHO, Fixtures, adopted, held_by, history_of


class FileTests(Fixtures):
    """Files keep every record to the byte, and every moment to the microsecond."""

    def test_records_come_back_to_the_byte(self, flow: Partnerflow, store: Store) -> None:
        """The text is what is hashed, so not a byte of it may change; fields that nobody knows are kept too."""
        begun = adopted(flow)
        paper = Document("s3://bucket/ä b", "0" * 64)
        unknown = {"z": [1.5, None, "ß"], "a": 10**20}
        need = read_record("need", {"need": ODD, "populations": ["b", "a"], "unknown": unknown})
        cover = Insurance(line="general_liability", starts_on=date(2026, 1, 1), ends_on=NO_END)
        filed = flow.file(begun.id, need, cover, by=WHO, documents=[paper])
        held = held_by(store, begun.id)
        assert (held.own_file, held.partner_file[1:]) == (filed[:1], filed[1:])
        assert [entry.record for entry in (*held.own_file, *held.partner_file[1:])] == [need, cover]
        assert [entry.documents for entry in filed] == [(paper,), (paper,)]
        for entry, lying in zip(filed, (*held.own_file, *held.partner_file[1:]), strict=True):
            assert lying.text.encode() == entry.text.encode()
            assert lying.filed_by == WHO
        with store.reading() as tx:
            assert tx.files([begun.id]) == {begun.id: filed[:1]}
        flow.verify()

    def test_files_are_kept_apart_and_in_order(self, flow: Partnerflow, store: Store) -> None:
        """A partner's, a partnership's and the district's, each numbered from 1, through any number of pages."""
        begun = adopted(flow)
        flow.file(begun.id, *(Need(need=f"need {place}") for place in range(520)), by=WHO)
        flow.file(DISTRICT, Site(site="255901001", name="Grand Bend"), by=WHO)
        with store.audit() as audit:
            files = {whose: list(audit.entries(whose)) for whose in audit.ids("file")}
        assert list(files) == sorted([DISTRICT, begun.id, begun.partner_id])
        for file_id, entries in files.items():
            assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
            assert {entry.file_id for entry in entries} == {file_id}
        assert [entry.record for entry in files[begun.id]] == [Need(need=f"need {place}") for place in range(520)]
        assert [event.sequence for event in store.outgoing()] == list(range(1, 522))
        assert list(store.outgoing(begun.id)) == list(store.outgoing())
        assert list(store.outgoing(NOBODY)) == []

    def test_a_kind_that_nobody_registers_any_more_is_kept(self, flow: Partnerflow, store: Store) -> None:
        """Its text and its fields are there, and the chain holds."""
        begun = adopted(flow)
        fields = {"what": ODD, "how_many": 3}
        gone = Unregistered(kind="pledge_of_1998", fields=fields)
        entry = Entry(
            record=gone,
            id=UUID(int=7),
            filed_at=START,
            recorded_at=START,
            filed_by=WHO,
            version=1,
            text=canonical(fields),
            file_id=begun.id,
            seq=1,
        )
        entry = attrs.evolve(entry, link=entry_link(entry, ""))
        with store.transaction() as tx:
            tx.write(ChangeSet(entries=[entry]))
        assert held_by(store, begun.id).own_file == (entry,)
        assert flow.dossier(begun.id).entries[-1].kind == "pledge_of_1998"
        flow.verify()

    def test_moments_are_aware_and_exact(self, flow: Partnerflow, store: Store, clock: TickingClock) -> None:
        """UTC to the microsecond, from whatever zone they came."""
        begun = adopted(flow)
        clock.move_on(days=1)
        at = clock.peek().astimezone(timezone(timedelta(hours=-5, minutes=-30))) - timedelta(microseconds=1)
        step = flow.fire(begun.id, "amend", by=WHO, reason="more", at=at)
        (entry,) = flow.file(begun.id, Need(need="a"), by=WHO, at=at)
        with pytest.raises(Refused):
            flow.fire(begun.id, "approve", by=WHO, at=at)
        (attempt,) = store.attempts(begun.id)
        written = history_of(store, begun.id)[-1]
        lying = held_by(store, begun.id).own_file[0]
        for moment in (written.at, written.move.at, lying.filed_at, attempt.at, list(store.outgoing())[-1].time):
            assert moment is not None
            assert (moment, moment.utcoffset()) == (at, timedelta(0))
        assert (written.recorded_at, lying.recorded_at) == (step.recorded_at, entry.recorded_at)
        assert step.recorded_at.microsecond == START.microsecond

    def test_a_past_view_is_as_recorded_then(self, flow: Partnerflow, clock: TickingClock) -> None:
        """What was recorded later changes no earlier view."""
        begun = adopted(flow)
        flow.file(begun.id, Need(need="first"), by=WHO)
        past, mapping = clock.peek(), flow.dossier(begun.id, as_of=clock.peek()).to_mapping()
        clock.move_on(days=1)
        flow.file(begun.id, Need(need="second"), Partner(name="Renamed"), by=WHO)
        flow.fire(begun.id, "open_improvement_plan", by=WHO, reason="slow")
        assert flow.dossier(begun.id, as_of=past).to_mapping() == mapping
        assert flow.dossier(begun.id).partnership.state == "improvement_plan"
