"""Whatever text is on file is found by itself, and by how each of its words begins."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partnerflow import Actor, Partner, Partnerflow
from partnerflow.adapters.memory import MemoryStore
from partnerflow.flow import search_index
from partnerflow.flow.search_index import LONGEST, MOST_INDEXED, index_words
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


def test_no_text_has_more_words_or_longer_ones_than_a_fixed_number() -> None:
    for text in ("word-" * 64_000, "x-" * 160_000, "one " * 80_000 + "last", "漢" * 300_000, "1 " * 100_000):
        found = index_words(text)
        assert len(found) <= MOST_INDEXED
        assert sum(map(len, found)) <= MOST_INDEXED * LONGEST
    several = index_words(" ".join(f"word{place}" for place in range(3 * MOST_INDEXED)))
    assert several == {f"word{place}" for place in range(MOST_INDEXED)}


def test_what_a_text_costs_grows_no_more_once_it_has_so_many_words(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    def counted(run: list[str]) -> Iterator[str]:
        for word in endings(run):
            made.append(word)
            yield word

    endings = search_index._endings
    monkeypatch.setattr(search_index, "_endings", counted)
    index_words("many-" * 64_000)
    assert len(made) <= MOST_INDEXED
    assert sum(map(len, made)) <= MOST_INDEXED * LONGEST
