"""A waiver covers what it was granted for, and less of the same; anything else under its code blocks."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from datetime import date, timedelta

import attrs
import pytest
from hypothesis import given, settings

from partnerflow.dossier import Dossier, RecordIndex
from partnerflow.errors import InvalidRecord
from partnerflow.policies import Finding, Problem, Report, Until, load_pack, policy
from partnerflow.policies.coverage import uncovered
from partnerflow.policies.shipped import POLICIES
from partnerflow.policies.toml import read_pack
from partnerflow.policies.verdict import Verdict, best_of
from partnerflow.records import CoveredProblem, Insurance, Money, Record, Service, Waiver
from partnerflow.records.conversion import read_record, unstructure
from partnerflow.testing import BOARD, EXAMPLE_DAY, OFFICE, days, deletions, dossiers, example_dossier

PACK = load_pack("default")
FAR = date(2027, 3, 1)
WAIVABLE = sorted(each.code for each in POLICIES if each.max_waiver_days)


def cover(amount: int, ends_on: date = date(2026, 12, 31), currency: str = "USD") -> Insurance:
    return Insurance(
        line="general_liability",
        per_occurrence=Money.of(amount, currency),
        starts_on=date(2026, 7, 2),
        ends_on=ends_on,
    )


def file(records: Sequence[Record]) -> Dossier:
    made = example_dossier(without={"insurance"})
    like = made.entries[-1]
    entries = [attrs.evolve(like, record=record, id=None, filed_by=BOARD) for record in records]
    return attrs.evolve(made, on_file=RecordIndex([*made.entries, *entries]))


def granted(code: str, dossier: Dossier, on: date = EXAMPLE_DAY) -> Waiver:
    return Waiver(
        code,
        reason="late",
        requested_by=OFFICE.id,
        expires_on=FAR,
        revision=PACK[code].policy.revision,
        covers=PACK[code].covered_by_grant(dossier, on),
    )


def later(before: list[Record], after: list[Record], on: date = EXAMPLE_DAY) -> Report:
    """Return the report on *after*, with a waiver of SAFE-002 that was granted for *before*."""
    return PACK.check(file([*after, granted("SAFE-002", file(before))]), on=on)


# --- what it covers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("on", [EXAMPLE_DAY, date(2026, 12, 31)])
@pytest.mark.parametrize("after", [cover(950_000), cover(999_999), cover(950_000, date(2027, 6, 30))])
def test_it_covers_what_was_wrong_when_it_was_granted_and_less_of_it(after: Insurance, on: date) -> None:
    report = later([cover(950_000)], [after], on)
    assert report.ok
    assert report["SAFE-002"].outcome == "failed"


@pytest.mark.parametrize(
    "after",
    [
        [cover(949_999)],
        [cover(1)],
        [cover(960_000, currency="EUR")],
        [cover(950_000, date(2026, 9, 1))],
        [attrs.evolve(cover(950_000), ends_on=None)],
        [attrs.evolve(cover(950_000), per_occurrence=None)],
        [],
    ],
)
def test_anything_else_under_its_code_blocks_and_the_waiver_is_named(after: list[Record]) -> None:
    report = later([cover(950_000)], after)
    assert [finding.code for finding in report.blocking] == ["SAFE-002"]
    finding = report["SAFE-002"]
    assert finding.waiver is None
    assert finding.short_waiver is not None
    assert finding.short_waiver.expires_on == FAR
    assert list(map(str, report.lapsed_waivers)) == ["SAFE-002: it was not granted for all that is wrong now"]
    assert report.unused_waivers == ()


def test_what_was_missing_is_covered_and_what_is_filed_then_is_not() -> None:
    assert later([], []).ok
    assert not later([], [cover(950_000)]).ok
    assert later([], [cover(1_000_000)]).unused_waivers == ("SAFE-002",)


def test_beside_what_is_waived_the_next_thing_that_will_be_wrong_is_due() -> None:
    dossier = file([cover(950_000, date(2026, 9, 30)), granted("SAFE-002", file([cover(950_000, date(2026, 9, 30))]))])
    report = PACK.check(dossier, on=EXAMPLE_DAY)
    assert report.ok
    assert PACK.due_dates(report, dossier)["SAFE-002"] == date(2026, 9, 30)
    assert PACK.check(dossier, on=date(2026, 9, 30)).ok
    assert not PACK.check(dossier, on=date(2026, 10, 1)).ok


def test_granted_ahead_it_covers_the_passing_of_the_day_that_its_policy_named() -> None:
    ahead = [cover(1_000_000)]
    assert later(ahead, ahead, FAR).ok
    assert not later(ahead, ahead, FAR + timedelta(days=1)).ok, "its own last day"
    assert not later(ahead, [cover(1_000_000, date(2026, 11, 30))], FAR).ok, "another day"
    assert not later(ahead, [], FAR).ok
    assert later([cover(950_000)], [cover(950_000)], date(2027, 1, 1)).blocking, "not ahead: something was wrong then"


def test_of_two_waivers_that_count_one_that_covers_all_is_applied() -> None:
    low, none = granted("SAFE-002", file([cover(950_000)])), granted("SAFE-002", file([]))
    for waivers in ([low, none], [none, low]):
        assert PACK.check(file([cover(950_000), *waivers]), on=EXAMPLE_DAY).ok


@pytest.mark.parametrize("covers", [None, ()])
def test_a_waiver_without_a_list_covers_nothing(covers: tuple[CoveredProblem, ...] | None) -> None:
    assert not PACK.check(file([attrs.evolve(granted("SAFE-002", file([])), covers=covers)]), on=EXAMPLE_DAY).ok


def test_a_waiver_of_the_older_revision_covers_everything_to_its_last_day() -> None:
    fields = {name: value for name, value in unstructure(granted("SAFE-002", file([]))).items() if name != "covers"}
    old = read_record("waiver", fields, revision=1)
    for records in ([], [cover(1)], [cover(1, date(2026, 7, 3))]):
        assert PACK.check(file([*records, old]), on=FAR).ok
        assert not PACK.check(file([*records, old]), on=FAR + timedelta(days=1)).ok
        assert not PACK.check(file([*records, read_record("waiver", fields)]), on=EXAMPLE_DAY).ok


# --- as a law -------------------------------------------------------------------------------------------------------


def told(finding: Finding, apart_from: Collection[str] = ()) -> set[tuple[str, str, str, str]]:
    """Return the problems of a finding, each by its record, its place in it, its sentence and most of its facts."""
    found = set()
    for problem in finding.problems:
        place = re.sub(r"^/(records|neighbours)/\d+", "", problem.path)
        facts = {name: str(fact) for name, fact in problem.facts.items() if name not in apart_from}
        found.add((problem.label, place, problem.template, str(sorted(facts.items()))))
    return found


@settings(max_examples=50)
@given(dossiers(), dossiers(), days())
def test_no_change_of_facts_makes_a_waiver_cover_what_it_did_not_list(
    before: Dossier, after: Dossier, on: date
) -> None:
    like = example_dossier().entries[-1]
    bare = [each for each in after.entries if not isinstance(each.record, Waiver)]
    for code in WAIVABLE:
        first, better = PACK[code].before_waivers(before, EXAMPLE_DAY), PACK[code].policy.better
        entry = attrs.evolve(like, record=granted(code, before), id=None, filed_by=BOARD)
        finding = PACK[code](attrs.evolve(after, on_file=RecordIndex([*bare, entry])), on)
        if first.problems and finding.problems and on <= FAR and not better:
            assert (finding.waiver is not None) is (told(finding) <= told(first))
        elif first.problems and finding.waiver is not None:
            assert told(finding, better) <= told(first, better)
        elif finding.waiver is not None:  # granted ahead
            assert [problem.facts["day"] for problem in finding.problems] == [first.until]


def without_a_part(dossier: Dossier) -> Iterator[Dossier]:
    """Yield a file, and the same without each of its parts."""
    yield dossier
    for _, rest in deletions(dossier.to_mapping()):
        with suppress(InvalidRecord):
            yield attrs.evolve(Dossier.from_mapping(rest), move=dossier.move, filing=dossier.filing)


@pytest.mark.usefixtures("records_read_once")
@pytest.mark.parametrize("code", WAIVABLE)
def test_of_every_policy_a_waiver_covers_what_its_examples_lack_and_nothing_else(code: str) -> None:
    files = [
        file
        for shown in PACK[code].policy.examples
        for file in without_a_part(PACK[code].policy.example(shown).dossier())
    ]
    wrong = [(one, found) for one in files if (found := PACK[code].before_waivers(one, EXAMPLE_DAY)).problems]
    assert wrong
    for before, first in wrong:
        waiver = granted(code, before)
        for after, then in wrong:
            left = uncovered(then, waiver, after, {})
            assert bool(left) is not (told(then) <= told(first))


# --- a policy of a host ---------------------------------------------------------------------------------------------


@policy("X-001", "No more than three", cites=["X-1"], fix="Have fewer.", holds_in={"active"}, better={"count": "less"})
def few(dossier: Dossier, on: date) -> Verdict:
    """Fewer are better."""
    for service in dossier.all(Service):
        yield Problem(service, "sites", "{count} are too many", count=len(service.sites or ()))


def test_a_policy_names_the_measure_by_which_less_of_the_same_stays_covered() -> None:
    pack = read_pack('[pack]\nname = "few"\nversion = "1"\n', "few.toml", [few])

    def of(sites: int) -> Dossier:
        return file([Service(service="chess", sites={f"s{n}" for n in range(sites)})])

    covers = pack["X-001"].covered_by_grant(of(5), EXAMPLE_DAY)
    waiver = attrs.evolve(granted("SAFE-002", of(5)), policy="X-001", revision=1, covers=covers)
    for sites, ok in ((4, True), (5, True), (6, False), (10, False)):
        made = of(sites)
        entry = attrs.evolve(made.entries[-1], record=waiver, id=None, filed_by=BOARD)
        report = pack.check(attrs.evolve(made, on_file=RecordIndex([*made.entries, entry])), on=EXAMPLE_DAY)
        assert report.ok is ok, sites


def test_the_best_of_several_that_are_wrong_says_how_long_nothing_more_is() -> None:
    def judge(day: date) -> Verdict:
        yield Problem("", None, "is wrong")
        yield Until(day, "it ends")

    said = list(best_of([FAR, EXAMPLE_DAY], judge, EXAMPLE_DAY))
    assert [each.day for each in said if isinstance(each, Until)] == [FAR, EXAMPLE_DAY]
