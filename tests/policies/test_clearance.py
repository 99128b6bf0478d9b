"""SAFE-001: what the background checks of one person say together, and that an adverse one is never outlived."""

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
from partnerflow.policies.shipped.safety import background_checks
from partnerflow.records import NO_END, BackgroundCheck, Entry, Partner, Person, Service
from partnerflow.testing import OFFICE, assert_removing_never_unblocks

DAY = date(2026, 9, 15)
REP = Actor("i.moreno", side="partner", roles={"partner"})
FINGERPRINT, TUBERCULOSIS = frozenset({"fingerprint"}), frozenset({"tuberculosis"})
BOTH = FINGERPRINT | TUBERCULOSIS
EVERYTHING = frozenset({"*"})


def check(on: date | None = date(2026, 8, 1), until: date | None = date(2029, 7, 31), **more: Any) -> BackgroundCheck:
    """Return a clear check of one person, with its day and its last day."""
    facts: dict[str, Any] = {"person": "j.rivera", "result": "clear", "cleared_on": on, "ends_on": until}
    return BackgroundCheck(**{**facts, **more})


def adverse(on: date | None = date(2026, 8, 1), until: date | None = date(2029, 7, 31), **more: Any) -> BackgroundCheck:
    return check(on, until, result="not_clear", **more)


def later(**more: Any) -> BackgroundCheck:
    """Return a clear check after the others."""
    return check(date(2026, 9, 1), date(2028, 8, 31), **more)


def file(*filed: BackgroundCheck | Entry) -> Dossier:
    """Return a file with these checks of somebody who meets students; the host supplies those without an entry."""
    records: list[Any] = [
        Service(service="tutoring", direct_contact=True),
        Person(person="j.rivera", direct_contact=True),
        *filed,
    ]
    entries = [one if isinstance(one, Entry) else Entry(record=one) for one in records]
    return Dossier(Partner(name="Riverbend"), Partnership("active"), RecordIndex(entries))


def by(actor: Actor | None, record: BackgroundCheck, number: int = 1) -> Entry:
    return Entry(record=record, id=UUID(int=number), filed_by=actor)


def ask(*filed: BackgroundCheck | Entry, on: date = DAY, **parameters: Any) -> Finding:
    return background_checks(file(*filed), on, **parameters)


def outcome(*filed: BackgroundCheck | Entry, on: date = DAY, **parameters: Any) -> str:
    return str(ask(*filed, on=on, **parameters).outcome)


# --- component by component -----------------------------------------------------------------------------------------

PAPERS = (check(components=FINGERPRINT), check(date(2026, 8, 15), date(2027, 8, 14), components=TUBERCULOSIS))


@pytest.mark.parametrize("papers", [PAPERS, PAPERS[::-1]])
def test_two_papers_suffice_together_until_the_earlier_of_their_last_days(papers: tuple[BackgroundCheck, ...]) -> None:
    found = ask(*papers, components=BOTH)
    assert (found.outcome, found.until) == ("passed", date(2027, 8, 14))
    after = ask(*papers, components=BOTH, on=date(2027, 8, 15))
    assert [problem.message for problem in after.problems] == [
        "the background check of j.rivera ends on 2027-08-14, which has passed"
    ]


def test_oaklands_two_components_are_met_by_two_papers() -> None:
    oakland = load_pack("oakland")["SAFE-001"]
    assert oakland(file(*PAPERS), DAY).is_ok
    assert not oakland(file(PAPERS[0]), DAY).is_ok
    assert oakland(file(check(components=EVERYTHING)), DAY).is_ok


def test_the_newest_check_on_each_component_is_judged_and_hides_none_on_another() -> None:
    ended = check(date(2026, 9, 1), date(2026, 9, 10), components=FINGERPRINT)
    assert outcome(*PAPERS, ended, components=BOTH) == "failed", "the older one does not come back"
    assert outcome(ended, *PAPERS, components=BOTH) == "failed", "whichever was filed first"
    assert outcome(*PAPERS, later(components=EVERYTHING), components=BOTH) == "passed"


def test_a_check_that_names_no_components_is_missing_where_some_are_asked_for() -> None:
    assert outcome(check(), components=BOTH) == "missing"
    assert outcome(*PAPERS, later(), components=BOTH) == "missing", "nobody knows what it is about"
    assert outcome(check(), *PAPERS, components=BOTH) == "passed"
    assert outcome(check(), PAPERS[1], components=BOTH) == "missing"
    assert outcome(check()) == "passed"


def test_where_no_components_are_asked_for_the_newest_check_counts() -> None:
    assert outcome(check(), later()) == "passed"
    assert outcome(check(), check(date(2026, 9, 1), date(2026, 9, 10))) == "failed"


def test_a_clear_check_of_next_month_counts_from_its_day_on() -> None:
    soon = check(date(2026, 10, 1), date(2027, 9, 30))
    found = ask(check(), soon)
    assert (found.outcome, found.until) == ("passed", date(2026, 9, 30))
    assert ask(check(), soon, on=date(2026, 10, 1)).until == date(2027, 9, 30)
    assert outcome(soon) == "missing"


@pytest.mark.parametrize("ends_on", [NO_END, date(2040, 1, 1)])
def test_a_check_counts_for_no_longer_than_its_greatest_age(ends_on: date) -> None:
    assert ask(check(until=ends_on)).until == date(2031, 8, 1)
    assert ask(check(until=ends_on), max_age_months=12).until == date(2027, 8, 1)
    assert outcome(check(until=ends_on), on=date(2027, 8, 2), max_age_months=12) == "failed"


@pytest.mark.parametrize("lacking", [check(result=None), check(on=None), check(until=None)])
def test_a_check_without_a_fact_is_missing(lacking: BackgroundCheck) -> None:
    assert outcome(lacking) == "missing"


# --- what speaks against --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("on", [DAY, date(2027, 8, 1), date(2029, 8, 1), date(2050, 1, 1)])
@pytest.mark.parametrize("until", [date(2026, 8, 1), date(2027, 7, 31), NO_END, None])
def test_an_adverse_check_does_not_end_with_its_last_day(on: date, until: date | None) -> None:
    assert outcome(check(date(2026, 1, 1), NO_END), adverse(until=until), on=on) == "failed"


@pytest.mark.parametrize(
    ("against", "answers", "passes"),
    [
        (FINGERPRINT, [FINGERPRINT], True),
        (FINGERPRINT, [TUBERCULOSIS], False),
        (FINGERPRINT, [None], False),
        (FINGERPRINT, [EVERYTHING], True),
        (BOTH, [FINGERPRINT, TUBERCULOSIS], True),
        (BOTH, [FINGERPRINT], False),
        (None, [None], False),
        (None, [frozenset()], False),
        (None, [BOTH], False),
        (None, [EVERYTHING], True),
        (EVERYTHING, [BOTH], False),
        (EVERYTHING, [EVERYTHING], True),
    ],
)
def test_an_adverse_check_is_answered_by_later_clear_ones_of_each_of_its_components(
    *, against: Any, answers: list[Any], passes: bool
) -> None:
    filed = [adverse(components=against), *(later(components=components) for components in answers)]
    assert outcome(*filed) == ("passed" if passes else "failed")


@pytest.mark.parametrize(
    ("answers", "passes"),
    [([BOTH], True), ([FINGERPRINT, TUBERCULOSIS], True), ([FINGERPRINT], False), ([None], False)],
)
def test_one_that_names_no_component_is_answered_by_clear_ones_of_all_that_the_pack_asks_for(
    *, answers: list[Any], passes: bool
) -> None:
    filed = [*PAPERS[:1], adverse(date(2026, 8, 20)), *(later(components=components) for components in answers)]
    assert (outcome(*filed, components=BOTH) == "passed") is passes


def test_only_a_check_that_begins_later_or_corrects_the_same_day_is_later() -> None:
    against = adverse(date(2026, 8, 20), components=FINGERPRINT)
    before = check(date(2026, 8, 1), NO_END, components=FINGERPRINT)
    assert outcome(against, before) == "failed", "filed later, and about an earlier day"
    same = check(date(2026, 8, 20), components=FINGERPRINT)
    assert outcome(against, same) == "passed"
    assert outcome(same, against) == "failed"
    assert outcome(later(components=FINGERPRINT), against) == "passed", "whichever was filed first"


def test_an_adverse_check_without_its_day_is_answered_by_none_and_a_clear_one_without_its_day_answers_none() -> None:
    assert outcome(adverse(None), later(components=EVERYTHING)) == "failed"
    other = adverse(components=frozenset({"driving"}))
    dateless = check(None, components=frozenset({"driving"}))
    assert outcome(other, *PAPERS, dateless, components=BOTH) == "failed"


@pytest.mark.parametrize(("actor", "passes"), [(OFFICE, True), (REP, False), (None, False)])
def test_only_a_word_of_the_districts_side_answers(*, actor: Actor | None, passes: bool) -> None:
    against = by(REP, adverse(components=FINGERPRINT), 1)
    assert (outcome(against, by(actor, later(components=FINGERPRINT), 2)) == "passed") is passes


def test_a_check_without_a_result_may_be_adverse_and_stays_like_one() -> None:
    unknown = check(result=None, components=FINGERPRINT)
    assert outcome(unknown, later(components=TUBERCULOSIS)) == "missing"
    assert outcome(unknown, later(components=FINGERPRINT)) == "passed"


def test_an_adverse_check_does_not_wait_for_a_day_that_was_mistyped() -> None:
    ahead = adverse(date(2062, 9, 1), date(2065, 8, 31))
    for filed in ([ahead], [check(), ahead], [ahead, check()]):
        finding = ask(*filed)
        assert finding.outcome == "failed"
        assert finding.problems[0].path.endswith("/result")
    assert ask(check(), check(date(2027, 1, 1), date(2029, 1, 1))).outcome == "passed"


def test_the_fix_says_what_answers_an_adverse_check() -> None:
    assert "answered by a later clear one" in ask(adverse()).fix
    assert "retracted by the office" in ask(adverse(None)).fix


near = st.dates(date(2026, 7, 20), date(2026, 9, 10))
several = st.frozensets(st.sampled_from(["fingerprint", "tuberculosis", "driving", "*"]), max_size=3)
checks = st.builds(
    check,
    st.none() | near,
    st.none() | st.just(NO_END) | near,
    result=st.sampled_from(["clear", "not_clear", None]),
    components=st.none() | several,
).filter(lambda one: (one.cleared_on or date.min) <= (one.ends_on or NO_END))
filings = st.lists(st.tuples(st.sampled_from([OFFICE, REP, None]), checks), max_size=6)


@settings(max_examples=60)
@given(
    st.tuples(filings, filings),
    st.builds(adverse, near, st.none() | st.just(NO_END) | near, components=several.filter(bool)).filter(
        lambda one: one.cleared_on <= (one.ends_on or NO_END)
    ),
    st.sampled_from([frozenset(), FINGERPRINT, BOTH]),
)
@example(([], [(OFFICE, later(components=TUBERCULOSIS))]), adverse(components=FINGERPRINT), frozenset())
@example(([], [(REP, later(components=FINGERPRINT))]), adverse(components=FINGERPRINT), frozenset())
@example(([], [(OFFICE, later())]), adverse(until=date(2026, 8, 31), components=FINGERPRINT), frozenset())
def test_an_adverse_record_is_never_outlived(beside: Any, against: BackgroundCheck, components: frozenset[str]) -> None:
    """Whatever is on file beside it, only later clear words of the district's on each of its components answer it."""
    before, after = beside
    filed, place = [*before, (OFFICE, against), *after], len(before)
    entries = [by(actor, record, number) for number, (actor, record) in enumerate(filed, start=1)]
    assert against.cleared_on is not None
    answered = {
        part
        for number, (actor, record) in enumerate(filed)
        if actor is OFFICE
        and record.result == "clear"
        and record.cleared_on
        and (record.cleared_on, number) > (against.cleared_on, place)
        for part in record.components or ()
    }
    if "*" in answered or against.components <= answered:  # type: ignore[operator]
        return
    for days in (0, 1, 100, 2000):
        assert not background_checks(file(*entries), DAY + timedelta(days), components=components).is_ok


@settings(max_examples=15)
@given(st.lists(checks, max_size=3))
def test_removing_any_part_of_any_checks_never_unblocks(filed: list[BackgroundCheck]) -> None:
    assert_removing_never_unblocks(background_checks, filed, on=DAY)
