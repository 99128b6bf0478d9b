"""What a record may repeat is found without reading the rest of the file."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import attrs
from hypothesis import given
from hypothesis import strategies as st

from partnerflow import Actor, Partner, Partnerflow
from partnerflow.adapters.memory import MemoryStore
from partnerflow.dossier import Dossier
from partnerflow.flow.entries import existing_entry
from partnerflow.flow.file_index import FileIndex
from partnerflow.flow.request import Request
from partnerflow.policies import Pack
from partnerflow.records import Confirmation, Entry, Person, Record, Redaction, Retraction, Unregistered
from partnerflow.testing import OFFICE
from partnerflow.testing.strategies import dossiers

FILE = UUID(int=1)
REP = Actor("r.rivera", side="partner", roles={"partner"})


class WholeFile(FileIndex):
    """A file of which everything is read."""

    def related_to(self, record: Record) -> Sequence[Entry]:
        return self.since(0)


def test_a_record_repeats_the_same_entry_whether_the_whole_file_is_read_or_what_is_related() -> None:
    found = 0

    @given(dossiers(), st.data())
    def law(made: Dossier, data: st.DataObject) -> None:
        nonlocal found
        entries = [
            attrs.evolve(entry, id=entry.id or UUID(int=1000 + at), filed_by=data.draw(st.sampled_from([OFFICE, REP])))
            for at, entry in enumerate(made.entries)
        ]
        ids = [entry.id for entry in entries if entry.id]
        if data.draw(st.booleans()) and ids:
            confirmed = Confirmation(entries=tuple(data.draw(st.lists(st.sampled_from(ids), max_size=3))))
            entries.append(Entry(record=confirmed, id=UUID(int=999), filed_by=OFFICE))
        request = Request(data.draw(st.sampled_from([OFFICE, REP])))
        whole, related = WholeFile(FILE, entries), FileIndex(FILE, entries)
        for record in {id(entry.record): entry.record for entry in entries}.values():
            if not isinstance(record, (Unregistered, Retraction, Redaction, Confirmation)):  # which `file` refuses
                repeated = existing_entry(related, record, (), request=request)
                assert repeated is existing_entry(whole, record, (), request=request)
                found += repeated is not None

    law()
    assert found > 1000


def test_however_many_records_are_filed_together_each_is_compared_with_what_lies_under_its_key() -> None:
    compared: list[int] = []
    related = FileIndex.related_to

    def counted(self: FileIndex, record: Record) -> Sequence[Entry]:
        entries = related(self, record)
        compared.append(len(entries))
        return entries

    flow = Partnerflow(store=MemoryStore(), pack=Pack(name="free", version="1", rules=()))
    begun = flow.propose(Partner(name="Riverbend"), by=OFFICE)
    people = [Person(person=f"p{at % 200}", role=str(at)) for at in range(400)]
    FileIndex.related_to = counted  # type: ignore[method-assign]
    try:
        assert len(flow.file(begun.id, *people, by=OFFICE)) == 400
    finally:
        FileIndex.related_to = related  # type: ignore[method-assign]
    assert compared == [0] * 200 + [1] * 200
