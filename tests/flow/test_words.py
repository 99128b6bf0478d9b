"""Whatever text is on file is found by itself, and by how each of its words begins."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from partnerflow import Actor, Partner, Partnerflow
from partnerflow.adapters.memory import MemoryStore
from partnerflow.policies import Pack
from partnerflow.records import Need

OFFICE = Actor("a.anderson", side="district", roles={"partnership_office"})
FREE = Pack(name="free", version="1", rules=())
LETTERS = st.characters(exclude_categories=["Cs", "Cn", "Co", "Cc", "Cf", "Zl", "Zp"])


def has_a_word(text: str) -> bool:
    return any(letter.isalnum() and not "\u02b9" <= letter <= "\u02ff" for letter in text)


@given(st.lists(st.text(LETTERS, min_size=1, max_size=12), min_size=1, max_size=5).map(" ".join), st.data())
def test_whatever_is_on_file_is_found_by_itself_and_by_how_it_begins(text: str, data: st.DataObject) -> None:
    if not has_a_word(text):
        return
    flow = Partnerflow(store=MemoryStore(), pack=FREE)
    begun = flow.adopt(Partner(name="Q"), state="active", by=OFFICE, reason="in place").id
    flow.file(begun, Need(need=text), by=OFFICE)
    parts = text.split()
    one = data.draw(st.sampled_from(parts))
    begins = one[: data.draw(st.integers(1, len(one)))]
    for looked_for in (text, " ".join(reversed(parts)), one, begins, begins.casefold()):
        if has_a_word(looked_for):
            assert [each.id for each in flow.find(text=looked_for)] == [begun], ascii(looked_for)
