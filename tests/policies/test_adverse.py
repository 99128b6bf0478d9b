"""What speaks against somebody is never outlived: a law over every kind with adverse words, and every shipped pack."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta
from functools import cache
from typing import Any
from uuid import UUID

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partnerflow.actors import Actor
from partnerflow.dossier import Dossier, RecordIndex
from partnerflow.errors import InvalidRecord
from partnerflow.policies import Pack, load_pack, shipped_packs
from partnerflow.records import NO_END, BackgroundCheck, Entry, Partner, Record, Retraction, kinds
from partnerflow.testing import EXAMPLE_DAY, OFFICE, deletions, example_dossier, example_records, records

REP = Actor("i.moreno", side="partner", roles={"partner"}, partner_id=example_dossier().partnership.partner_id)
ADVERSE = sorted(name for name, cls in kinds().items() if cls.kind_info.adverse)
PACKS = [load_pack(name) for name in sorted(shipped_packs())]
FIRST = 0xF000
LONG_AGO = EXAMPLE_DAY - timedelta(500)
ASKED_FOR = frozenset({"fingerprint", "tuberculosis"})
"""The components that shipped packs ask for."""
ABOUT: dict[str, dict[str, Any]] = {
    "background_check": {"components": {"driving"}},
    "licence": {"identifier": "another"},
}
"""What an adverse record is about, which nothing in the file in order is about: nothing there answers it."""


def entry(record: Record, number: int, by: Actor | None = OFFICE, **known: Any) -> Entry:
    return Entry(record=record, id=UUID(int=FIRST + number), filed_by=by, version=1, **known)


def having(dossier: Dossier, *entries: Entry) -> Dossier:
    return attrs.evolve(dossier, on_file=RecordIndex([*dossier.entries, *entries]))


@cache
def in_order() -> Dossier:
    """Return a file in which nothing that may be adverse is wrong, under any pack and for years."""
    sound = [
        attrs.evolve(record, **dict(zip(record.kind_info.period, (LONG_AGO, NO_END), strict=True)))
        for record in example_records()
        if record.kind_info.adverse
    ]
    cleared = [attrs.evolve(r, components=ASKED_FOR) if isinstance(r, BackgroundCheck) else r for r in sound]
    return example_dossier(without=ADVERSE, records=cleared)


@cache
def asking(kind: str, pack: Pack) -> set[str]:
    """Name the policies of a pack that an adverse record of the kind makes fail; each passes without it."""
    bare, hit = in_order(), having(in_order(), entry(speaking_against(kind), 0))
    standing = [rule for rule in pack if rule.holds_in]
    return {rule.policy.code for rule in standing if rule(bare, EXAMPLE_DAY).is_ok and not rule(hit, EXAMPLE_DAY).is_ok}


def like(kind: str) -> Any:
    """Return the record of a kind that is in the file in order."""
    return next(each.record for each in in_order().entries if each.kind == kind)


def speaking_against(kind: str, **facts: Any) -> Record:
    """Return a record like the one of the file in order, and adverse."""
    ((field, words),) = kinds()[kind].kind_info.adverse.items()
    return attrs.evolve(like(kind), **{**ABOUT[kind], **facts, field: min(words)})


def answers(kind: str, record: Record) -> bool:
    """Return whether the district may mean *record* as an answer: by evidence, or by asking for less or nothing."""
    info = record.kind_info
    return info.name == kind or bool(info.asks) or info.waits == "never"


@st.composite
def beside(draw: st.DrawFn, kind: str) -> list[Entry]:
    """Draw what anybody files afterwards, but for the answers of the district's side."""
    drawn: list[Entry] = []
    wanted = st.sampled_from([kind, "person", "service", "retraction"]) | st.sampled_from(sorted(kinds()))
    for number, name in enumerate(draw(st.lists(wanted, max_size=6)), start=1):
        by, word_of = draw(st.sampled_from([(OFFICE, None), (OFFICE, "partner"), (REP, None), (None, None)]))
        record = draw(records(name))
        if name == "retraction":
            record = Retraction(entry_id=UUID(int=FIRST), reason="a mistake")
        elif name == kind and draw(st.booleans()):
            record = attrs.evolve(like(kind), **{record.kind_info.period[0]: draw(DAYS)})
        is_answer = by is OFFICE and answers(kind, record) and (word_of is None or name != kind)
        if not is_answer and not isinstance(record, Partner):
            drawn.append(entry(record, number, by, word_of=word_of))
    return drawn


ASKED = [(kind, pack) for kind in ADVERSE for pack in PACKS if asking(kind, pack)]
DAYS = st.integers(-400, 2000).map(lambda days: EXAMPLE_DAY + timedelta(days))


@pytest.mark.parametrize("kind", ADVERSE)
def test_an_adverse_record_of_any_kind_makes_a_policy_of_the_default_pack_fail(kind: str) -> None:
    assert asking(kind, load_pack("default"))


of_every_pack = pytest.mark.parametrize(
    ("kind", "pack"), [pytest.param(kind, pack, id=f"{kind}-{pack.name}") for kind, pack in ASKED]
)


@pytest.mark.usefixtures("records_read_once")
@of_every_pack
def test_no_deletion_from_its_file_makes_an_adverse_record_pass(kind: str, pack: Pack) -> None:
    first = kinds()[kind].kind_info.period[0]
    hit = having(in_order(), entry(speaking_against(kind, **{first: EXAMPLE_DAY}), 0))
    for deleted, rest in deletions(hit.to_mapping()):
        with suppress(InvalidRecord):
            dossier = Dossier.from_mapping(rest)
            assert {code for code in asking(kind, pack) if pack[code](dossier, EXAMPLE_DAY).is_ok} == set(), deleted


@of_every_pack
def test_an_adverse_record_is_not_outlived_whatever_is_filed_beside_it(kind: str, pack: Pack) -> None:
    """No later day, and no record of any kind by anybody, makes a finding pass; only an answer of the district does."""

    @settings(max_examples=25)
    @given(st.data())
    def holds(data: st.DataObject) -> None:
        first, last = kinds()[kind].kind_info.period
        began = data.draw(DAYS.filter(lambda day: day <= EXAMPLE_DAY))
        ended = data.draw(st.sampled_from([None, NO_END, began, began + timedelta(90)]))
        hit = having(in_order(), entry(speaking_against(kind, **{first: began, last: ended}), 0))
        after = having(hit, *data.draw(beside(kind)))
        on: date = data.draw(DAYS.filter(lambda day: day >= EXAMPLE_DAY))
        assert {code for code in asking(kind, pack) if pack[code](after, on).is_ok} == set()

    holds()
