"""SAFE-004: the status of licences is read, and one that was revoked or suspended is never outlived."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from partnerflow.actors import Actor
from partnerflow.dossier import Dossier, RecordIndex
from partnerflow.partnership import Partnership
from partnerflow.policies import Finding, load_pack
from partnerflow.policies.shipped.safety import licences_current
from partnerflow.records import NO_END, Entry, Licence, Partner
from partnerflow.testing import OFFICE, assert_removing_never_unblocks

DAY = date(2026, 9, 15)
REP = Actor("i.moreno", side="partner", roles={"partner"})
CARE = "School Age Program"


def licence(
    number: str | None = "A-1",
    status: str | None = "active",
    on: date | None = date(2026, 1, 1),
    until: date | None = date(2027, 12, 31),
) -> Licence:
    return Licence(licence_type=CARE, identifier=number, status=status, starts_on=on, ends_on=until)


def ask(*filed: Licence | Entry, on: date = DAY, **parameters: Any) -> Finding:
    """Ask of a file with these licences; the host supplies those without an entry."""
    entries = [one if isinstance(one, Entry) else Entry(record=one) for one in filed]
    partner = Partner(name="Riverbend", licences_required=(CARE,))
    return licences_current(Dossier(partner, Partnership("active"), RecordIndex(entries)), on, **parameters)


def outcome(*filed: Licence | Entry, on: date = DAY, **parameters: Any) -> str:
    return str(ask(*filed, on=on, **parameters).outcome)


def by(actor: Actor | None, record: Licence, number: int) -> Entry:
    return Entry(record=record, id=UUID(int=number), filed_by=actor)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("active", "passed"),
        ("Active", "passed"),
        (" VALID ", "passed"),
        ("Regulated", "passed"),
        ("revoked", "failed"),
        ("Suspended", "failed"),
        ("expired", "failed"),
        ("surrendered", "failed"),
        ("denied", "failed"),
        ("on probation", "missing"),
        ("active?", "missing"),
        ("", "missing"),
        (None, "missing"),
    ],
)
def test_the_status_of_a_licence_is_read(status: str | None, expected: str) -> None:
    assert outcome(licence(status=status)) == expected


def test_a_pack_has_words_of_its_own_for_the_status() -> None:
    assert outcome(licence(status="Vigente"), valid=frozenset({"vigente"})) == "passed"
    assert outcome(licence(status="vigente"), valid=frozenset({"Vigente"})) == "passed"
    assert outcome(licence(status="active"), valid=frozenset({"vigente"})) == "missing"
    assert outcome(licence(status="baja"), invalid=frozenset({"baja"})) == "failed"
    assert outcome(licence(status="revoked"), valid=frozenset({"revoked"})) == "failed", "whatever a pack says"


def test_any_valid_licence_of_a_type_is_enough_and_the_longest_decides() -> None:
    longest = licence("B-2", until=date(2028, 6, 30))
    found = ask(licence(), longest, licence("C-3", "expired", date(2026, 2, 1)))
    assert (found.outcome, found.until) == ("passed", date(2028, 6, 30))
    assert ask(longest, licence("C-3", "expired")).outcome == "passed"
    assert outcome(licence(status="expired"), licence("B-2", "surrendered")) == "failed"


def test_the_newest_record_of_a_licence_hides_the_ones_before() -> None:
    assert outcome(licence(), licence(status="expired")) == "failed"
    assert outcome(licence(), licence(" a-1 ", status="expired")) == "failed", "it is the same number"
    assert outcome(licence(), licence(None, "expired", date(2026, 2, 1))) == "failed", "it may be the same licence"
    assert outcome(licence(on=date(2026, 2, 1)), licence(status="expired")) == "passed"
    next_year = licence(on=date(2027, 1, 1), until=date(2028, 12, 31))
    assert ask(next_year, licence()).until == date(2026, 12, 31)
    assert ask(next_year, licence(), on=date(2027, 1, 1)).until == date(2028, 12, 31)
    assert outcome(next_year) == "missing"


@pytest.mark.parametrize(
    "lacking", [licence(None), licence(status=None), licence(on=None), licence(until=None), licence(number="")]
)
def test_a_licence_without_a_fact_is_missing(lacking: Licence) -> None:
    assert outcome(lacking) == "missing"


@pytest.mark.parametrize("status", ["revoked", "Suspended", None, "on probation"])
@pytest.mark.parametrize("until", [date(2026, 6, 30), NO_END, None])
def test_one_that_was_revoked_or_that_nobody_can_read_blocks_beside_a_valid_one(
    status: str | None, until: date | None
) -> None:
    against = licence("B-2", status, date(2026, 1, 1), until)
    for on in (DAY, date(2027, 12, 31)):
        assert not ask(licence(), against, on=on).is_ok
        assert not ask(against, licence(), on=on).is_ok


@pytest.mark.parametrize("status", ["revoked", "suspended", None, "on probation"])
@pytest.mark.parametrize(
    ("answer", "passes"),
    [
        (licence(), True),
        (licence(on=date(2026, 2, 1)), True),
        (licence("B-2", on=date(2026, 1, 2)), True),
        (licence("B-2"), False),
        (licence("B-2", on=date(2025, 1, 1)), False),
        (licence(on=date(2025, 1, 1)), False),
        (licence("B-2", "expired", date(2026, 2, 1)), False),
        (licence(on=None), False),
    ],
)
def test_it_is_answered_by_the_same_one_valid_again_or_by_one_that_begins_after_it(
    *, status: str | None, answer: Licence, passes: bool
) -> None:
    against = licence(status=status)
    assert ask(against, answer).is_ok is passes
    assert ask(by(REP, against, 1), by(OFFICE, answer, 2)).is_ok is passes
    assert not ask(by(REP, against, 1), by(REP, answer, 2)).is_ok, "a partner does not answer for itself"
    assert not ask(by(REP, against, 1), by(None, answer, 2)).is_ok


def test_one_that_was_revoked_and_has_no_first_day_is_answered_by_none() -> None:
    assert outcome(licence(status="revoked", on=None), licence()) == "failed"


def test_minneapolis_and_the_others_read_the_status_with_the_words_of_the_policy() -> None:
    for pack in ("default", "minneapolis", "spps-9a"):
        rule = load_pack(pack)["SAFE-004"]
        partner = Partner(name="Riverbend", licences_required=(CARE,))
        held = Dossier(partner, Partnership("active"), RecordIndex([Entry(record=licence(status="revoked"))]))
        assert rule(held, DAY).outcome == "failed"


near = st.dates(date(2026, 1, 1), date(2026, 9, 10))
licences = st.builds(
    licence,
    st.sampled_from(["A-1", "B-2", None]),
    st.sampled_from(["active", "expired", "revoked", "on probation", None]),
    st.none() | near,
    st.none() | st.just(NO_END) | near,
).filter(lambda one: (one.starts_on or date.min) <= (one.ends_on or NO_END))
filings = st.lists(st.tuples(st.sampled_from([OFFICE, REP, None]), licences), max_size=5)


@settings(max_examples=60)
@given(
    st.tuples(filings, filings),
    st.builds(
        licence, st.sampled_from(["A-1", None]), st.just("revoked"), near, st.none() | st.just(NO_END) | near
    ).filter(lambda one: one.starts_on <= (one.ends_on or NO_END)),
)
@example(([], [(OFFICE, licence("B-2"))]), licence(status="revoked"))
@example(([], [(OFFICE, licence("B-2"))]), licence(status="revoked", until=date(2026, 6, 30)))
def test_a_licence_that_was_revoked_is_never_outlived(beside: Any, against: Licence) -> None:
    before, after = beside
    filed, place = [*before, (OFFICE, against), *after], len(before)
    entries = [by(actor, record, number) for number, (actor, record) in enumerate(filed, start=1)]
    assert against.starts_on is not None
    for number, (actor, record) in enumerate(filed):
        if actor is OFFICE and record.status == "active" and record.starts_on is not None:
            same = number > place and record.identifier is not None and record.identifier == against.identifier
            if record.starts_on > against.starts_on or (same and record.starts_on == against.starts_on):
                return
    for days in (0, 1, 100, 2000):
        assert not ask(*entries, on=DAY + timedelta(days)).is_ok


@settings(max_examples=15)
@given(st.lists(licences, max_size=3))
def test_removing_any_part_of_any_licences_never_unblocks(filed: list[Licence]) -> None:
    assert_removing_never_unblocks(licences_current, filed, on=DAY)
