"""What a dossier returns: what covers a day, what is current, what was filed, and since when."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any
from uuid import UUID

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partnerflow.dossier import Absent, Dossier, Neighbour, RecordIndex, overlap, period_of, time_zone
from partnerflow.errors import InvalidRecord
from partnerflow.lifecycle import Move, State
from partnerflow.partnership import NOT_STORED, Partnership
from partnerflow.policies import load_pack
from partnerflow.records import (
    NO_END,
    Entry,
    Evaluation,
    Insurance,
    Money,
    Orientation,
    Partner,
    Record,
    Retraction,
    Scope,
    Service,
    StrategicGoal,
    Training,
    Unregistered,
)
from partnerflow.records.conversion import record_text
from partnerflow.testing import EXAMPLE_DAY, OFFICE, days, dossiers, example_dossier, example_records

DAY = date(2026, 9, 1)
ONE = timedelta(days=1)


def dossier(*records: Record | Entry, **parts: Any) -> Dossier:
    """Make a file of records, each under an id of its own."""
    entries = [
        one if isinstance(one, Entry) else Entry(record=one, id=UUID(int=place), version=1)
        for place, one in enumerate(records, start=1)
    ]
    return Dossier(Partner(name="Riverbend"), Partnership("active"), RecordIndex(entries), **parts)


def cover(starts_on: date | None = None, ends_on: date | None = None, line: str = "auto", **more: Any) -> Insurance:
    return Insurance(line=line, starts_on=starts_on, ends_on=ends_on, **more)


THIS_YEAR = cover(date(2026, 7, 1), date(2027, 6, 30))
NEXT_YEAR = cover(date(2027, 7, 1), date(2028, 6, 30))
LAST_YEAR = cover(date(2025, 7, 1), date(2026, 6, 30))


# --- on -------------------------------------------------------------------------------------------------------------


def test_on_gives_what_covers_the_day() -> None:
    held = dossier(LAST_YEAR, THIS_YEAR, NEXT_YEAR)
    assert held.on(Insurance, date(2026, 6, 30)) is LAST_YEAR
    assert held.on(Insurance, date(2026, 7, 1)) is THIS_YEAR
    assert held.on(Insurance, date(2027, 6, 30)) is THIS_YEAR
    assert held.on(Insurance, date(2027, 7, 1)) is NEXT_YEAR


def test_on_gives_what_began_last_whichever_was_filed_first() -> None:
    later = cover(date(2026, 8, 1), date(2027, 12, 31))
    assert dossier(THIS_YEAR, later).on(Insurance, DAY) is later
    assert dossier(later, THIS_YEAR).on(Insurance, DAY) is later
    assert dossier(later, THIS_YEAR).on(Insurance, date(2026, 7, 31)) is THIS_YEAR


@pytest.mark.parametrize("day", [date(2026, 8, 15), date(2026, 8, 16), DAY, date(2027, 6, 30)])
def test_when_what_began_later_ends_nothing_comes_back(day: date) -> None:
    rider = cover(date(2026, 8, 15), date(2026, 8, 15))
    for held in (dossier(THIS_YEAR, rider), dossier(rider, THIS_YEAR)):
        assert held.on(Insurance, day) is rider
        assert held.on(Insurance, date(2026, 8, 14)) is THIS_YEAR
        assert held.through(THIS_YEAR, date(2026, 8, 1)) == date(2026, 8, 14)
        assert set(held.all_on(Insurance, day)) == ({rider} if day == rider.ends_on else set())


def test_a_record_without_its_first_day_stands_before_what_was_filed_after_it() -> None:
    dateless = cover(None, NO_END)
    assert dossier(THIS_YEAR, dateless).on(Insurance, DAY) is dateless
    assert dossier(dateless, THIS_YEAR).on(Insurance, DAY) is THIS_YEAR
    assert dossier(dateless, THIS_YEAR).on(Insurance, date(2026, 6, 30)) is dateless
    assert dossier(NEXT_YEAR, dateless, THIS_YEAR).on(Insurance, DAY) is THIS_YEAR
    assert dossier(NEXT_YEAR, dateless, THIS_YEAR).on(Insurance, date(2027, 7, 1)) is NEXT_YEAR
    assert dossier(LAST_YEAR, dateless, NEXT_YEAR).on(Insurance, date(2026, 1, 1)) is dateless


def test_latest_and_all_give_what_begins_last() -> None:
    assert dossier(NEXT_YEAR, THIS_YEAR).latest(Insurance) is NEXT_YEAR
    assert dossier(NEXT_YEAR, THIS_YEAR).all(Insurance) == (NEXT_YEAR,)


def test_where_nothing_covers_the_day_on_gives_what_covered_last() -> None:
    assert dossier(THIS_YEAR, LAST_YEAR).on(Insurance, date(2029, 1, 1)) is THIS_YEAR
    assert dossier(LAST_YEAR, NEXT_YEAR).on(Insurance, DAY) is LAST_YEAR
    assert dossier(NEXT_YEAR).on(Insurance, DAY) is None
    assert dossier().on(Insurance, DAY) is None


@pytest.mark.parametrize("dateless", [cover(None, NO_END), cover(DAY, None), cover()])
def test_on_does_not_pass_over_a_record_without_its_dates(dateless: Insurance) -> None:
    assert dossier(THIS_YEAR, dateless).on(Insurance, DAY) is dateless
    with pytest.raises(Absent):
        dossier(THIS_YEAR, dateless).through(dateless, DAY)


def test_a_kind_with_a_first_day_only_covers_every_day_from_then_on() -> None:
    trained = [Training(person="x", topic="y", completed_on=date(year, 8, 1)) for year in (2024, 2026, 2027)]
    held = dossier(*trained)
    assert held.on(Training, DAY, person="x", topic="y") is trained[1]
    assert held.through(trained[1], DAY) == date(2027, 7, 31)
    assert held.through(trained[2], date(2028, 1, 1)) == NO_END


# --- through --------------------------------------------------------------------------------------------------------


def test_a_certificate_for_next_year_filed_early_replaces_nothing_before_its_first_day() -> None:
    held = dossier(THIS_YEAR, NEXT_YEAR)
    assert held.on(Insurance, DAY) is THIS_YEAR
    assert held.through(THIS_YEAR, DAY) == date(2027, 6, 30)
    assert held.all(Insurance) == (NEXT_YEAR,)


def test_a_renewal_on_file_puts_the_due_date_off() -> None:
    renewed = cover(
        date(2027, 7, 1), date(2028, 6, 30), line="general_liability", per_occurrence=Money.of(1_000_000, "USD")
    )
    pack, held = load_pack("default"), example_dossier(records=[renewed])
    assert pack.due_dates(pack.check(held, on=EXAMPLE_DAY), held)["SAFE-002"] == date(2028, 6, 30)


def test_through_ends_where_a_newer_record_takes_over() -> None:
    sooner = cover(date(2027, 1, 1), date(2027, 12, 31))
    assert dossier(THIS_YEAR, sooner).through(THIS_YEAR, DAY) == date(2026, 12, 31)
    assert dossier(sooner, THIS_YEAR).through(THIS_YEAR, DAY) == date(2026, 12, 31)


def test_a_correction_for_the_same_first_day_replaces_the_older_outright() -> None:
    shorter = cover(THIS_YEAR.starts_on, date(2026, 8, 15))
    held = dossier(THIS_YEAR, shorter)
    assert held.on(Insurance, DAY) is shorter, "though the first one said that it covers the day"
    assert held.on(Insurance, date(2026, 8, 1)) is shorter
    assert held.filed(Insurance) == (THIS_YEAR, shorter)


covers = st.builds(
    cover,
    st.none() | st.dates(DAY - 20 * ONE, DAY + 20 * ONE),
    st.none() | st.just(NO_END) | st.dates(DAY - 20 * ONE, DAY + 20 * ONE),
)
near = st.integers(-25, 25).map(lambda number: DAY + number * ONE)


@settings(max_examples=500)
@given(st.lists(covers, min_size=1, max_size=5), near)
def test_through_and_replaced_on_are_what_asking_every_day_would_find(series: list[Insurance], day: date) -> None:
    held = dossier(*series)
    given_now = held.on(Insurance, day)
    if given_now is None:
        return
    later = [day + number * ONE for number in range(1, 60)]
    replaced = next((one for one in later if held.on(Insurance, one) is not given_now), None)
    assert held.replaced_on(given_now, day) == replaced
    start, end = period_of(given_now)
    if start is None or end is None:
        with pytest.raises(Absent):
            held.through(given_now, day)
        return
    through = held.through(given_now, day)
    assert through == (end if replaced is None else min(end, replaced - ONE))
    assert all(held.on(Insurance, one) is given_now for one in later if one <= through)


@settings(max_examples=300)
@given(st.lists(covers, max_size=5), near)
def test_on_gives_nothing_that_is_replaced_and_nothing_from_the_future(series: list[Insurance], day: date) -> None:
    held = dossier(*series)
    found = held.on(Insurance, day)
    if found is None:
        assert all(one.starts_on is not None and one.starts_on > day for one in series)
        return
    place = next(place for place, one in enumerate(series) if one is found)
    begun = [(at, one) for at, one in enumerate(series) if one.starts_on is not None and one.starts_on <= day]
    if found.starts_on is None:
        assert all(at < place for at, _ in begun), "what was filed after one without its first day comes after it"
    else:
        assert (found.starts_on, place) == max((one.starts_on, at) for at, one in begun)


# --- latest, all, filed, all_on -------------------------------------------------------------------------------------


def test_of_records_without_days_latest_is_the_newest_filed_and_all_is_the_newest_of_each_key() -> None:
    first, other, second = cover(line="auto"), cover(line="life"), cover(line="auto", insurer="B")
    held = dossier(first, other, second)
    assert held.latest(Insurance) is second
    assert held.latest(Insurance, line="life") is other
    assert held.latest(Insurance, line="none") is None
    assert held.all(Insurance) == (other, second)
    assert held.all(Insurance, line="auto") == (second,)
    assert held.filed(Insurance) == (first, other, second)
    assert held.filed(Insurance, line="auto") == (first, second)


def test_of_a_kind_without_a_key_there_is_one() -> None:
    first, second = Scope(level="school"), Scope(level="district")
    assert dossier(first, second).all(Scope) == (second,)


def test_a_record_may_be_looked_up_by_a_part_of_its_key_and_by_nothing_else() -> None:
    trained = [Training(person=person, topic=topic) for person in "ab" for topic in "xy"]
    held = dossier(*trained)
    assert held.all(Training, person="a") == (trained[0], trained[1])
    assert held.all(Training, topic="y") == (trained[1], trained[3])
    assert held.latest(Training, person="b", topic="x") is trained[2]
    with pytest.raises(TypeError, match="looked up by"):
        held.all(Training, provider="x")


def test_all_on_gives_for_each_key_what_covers_the_day() -> None:
    ended = cover(date(2025, 1, 1), date(2026, 1, 1), line="life")
    dateless = cover(line="fire")
    held = dossier(THIS_YEAR, ended, dateless, NEXT_YEAR)
    assert set(map(id, held.all_on(Insurance, DAY))) == {id(THIS_YEAR), id(dateless)}


@given(dossiers(), days())
def test_what_is_given_was_filed_and_stands(held: Dossier, on: date) -> None:
    retracted = {entry.record.entry_id for entry in held.entries if isinstance(entry.record, Retraction)}
    standing = {id(entry.record) for entry in held.entries if entry.id is None or entry.id not in retracted}
    for cls in {type(entry.record) for entry in held.entries if not entry.redacted}:
        found = [*held.all(cls), *held.filed(cls), *held.all_on(cls, on), held.latest(cls), held.on(cls, on)]
        assert {id(one) for one in found if one is not None} <= standing
        usual = [key for key in held.on_file.series(cls) if not cls.kind_info.key_defaults or key[-1] == ""]
        assert len(held.all(cls)) == len(usual)
        assert len(held.all_on(cls, on)) <= len(held.all(cls))


# --- what stands beside the usual record ----------------------------------------------------------------------------


def test_a_record_with_a_label_stands_beside_the_usual_one_and_is_found_by_its_label_alone() -> None:
    rider = cover(DAY, DAY, label="field day")
    held = dossier(THIS_YEAR, rider)
    for found in (held.all(Insurance), held.filed(Insurance), held.all_on(Insurance, DAY), (held.latest(Insurance),)):
        assert found == (THIS_YEAR,)
    assert held.on(Insurance, DAY) is held.on(Insurance, DAY, line="auto") is THIS_YEAR
    assert held.on(Insurance, DAY, line="auto", label="field day") is rider
    assert held.all(Insurance, label="field day") == held.filed(Insurance, label="field day") == (rider,)
    assert held.through(THIS_YEAR, DAY) == date(2027, 6, 30)
    assert dossier(rider).on(Insurance, DAY, line="auto") is None, "a label evades nothing, and stands for nothing else"
    assert (held.label(THIS_YEAR), held.label(rider)) == ("insurance auto", "insurance auto field day")


def test_a_record_without_a_label_has_the_text_that_it_had() -> None:
    assert "label" not in record_text(THIS_YEAR)[1]
    assert '"label":"field day"' in record_text(cover(label="field day"))[1]


def test_what_hides_a_record_is_known() -> None:
    later = cover(date(2026, 8, 1), date(2027, 12, 31))
    held = dossier(later, THIS_YEAR, NEXT_YEAR)
    assert held.hidden_by(THIS_YEAR, DAY) is later
    assert held.hidden_by(later, DAY) is None
    assert held.hidden_by(NEXT_YEAR, DAY) is None, "it has not begun"
    assert held.hidden_by(later, date(2027, 7, 1)) is NEXT_YEAR
    assert held.hidden_by(LAST_YEAR, DAY) is None, "it is not on file"


# --- retraction -----------------------------------------------------------------------------------------------------


def test_a_retracted_record_is_as_if_it_had_not_been_filed_and_stays_readable() -> None:
    held = dossier(LAST_YEAR, THIS_YEAR, Retraction(entry_id=UUID(int=2), reason="of another partner"))
    assert held.on(Insurance, DAY) is LAST_YEAR
    assert held.all(Insurance) == (LAST_YEAR,)
    assert held.filed(Insurance) == (LAST_YEAR,)
    assert THIS_YEAR in [entry.record for entry in held.entries]


def test_retracting_a_correction_brings_back_what_it_corrected() -> None:
    correction = attrs.evolve(THIS_YEAR, insurer="B")
    assert dossier(THIS_YEAR, correction).on(Insurance, DAY) is correction
    taken_back = dossier(THIS_YEAR, correction, Retraction(entry_id=UUID(int=2), reason="of another partner"))
    assert taken_back.on(Insurance, DAY) is THIS_YEAR


@settings(max_examples=60)
@given(dossiers(), days(), st.data())
def test_a_retraction_is_the_same_as_never_having_filed(held: Dossier, on: date, data: st.DataObject) -> None:
    there = [entry for entry in held.entries if entry.id and not isinstance(entry.record, Retraction)]
    gone = data.draw(st.sampled_from(there))
    assert gone.id is not None
    retraction = Entry(record=Retraction(entry_id=gone.id, reason="wrong"))
    retracted = attrs.evolve(held, on_file=RecordIndex([*held.entries, retraction]))
    never = attrs.evolve(held, on_file=RecordIndex([entry for entry in held.entries if entry is not gone]))
    pack = load_pack("default")
    one, other = pack.check(retracted, on=on), pack.check(never, on=on)
    assert [(f.code, f.outcome, f.until) for f in one.findings] == [
        (f.code, f.outcome, f.until) for f in other.findings
    ]


# --- since when -----------------------------------------------------------------------------------------------------


def test_the_state_was_entered_by_the_last_move_that_changed_it() -> None:
    held = example_dossier()
    assert held.entered_at_version() == 4
    amended = (*(held.moves or ()), Move("amend", "active", "active", by=OFFICE))
    assert attrs.evolve(held, moves=amended).entered_at_version() == 4
    assert attrs.evolve(held, moves=amended).last_made("amend") == 5
    assert held.last_made("amend") == 0
    assert attrs.evolve(held, moves=None).entered_at_version() is None


def test_a_record_filed_at_a_version_is_since_that_version() -> None:
    held = dossier(Entry(record=Evaluation(), version=4), moves=())
    (evaluation,) = held.filed(Evaluation)
    assert held.filed_since(evaluation, 4)
    assert not held.filed_since(evaluation, 5)


@pytest.mark.parametrize(
    ("held", "version"),
    [
        (dossier(Entry(record=Evaluation()), moves=()), 1),
        (dossier(Entry(record=Evaluation(), version=1)), 1),
        (dossier(Entry(record=Evaluation(), version=1), moves=()), None),
    ],
)
def test_since_when_a_record_is_there_is_never_guessed(held: Dossier, version: int | None) -> None:
    (evaluation,) = held.filed(Evaluation)
    with pytest.raises(Absent):
        held.filed_since(evaluation, version)


def test_after_a_move_the_partnership_stands_in_its_target() -> None:
    held = example_dossier(State.ONBOARDING)
    after = held.after(Move("activate", "onboarding", "active", by=OFFICE), DAY)
    assert (after.partnership.state, after.partnership.since) == ("active", DAY)
    assert (after.entries, after.moves) == (held.entries, held.moves)
    same = after.after(Move("amend", "active", "active", by=OFFICE), date(2027, 1, 1))
    assert same.partnership.since == DAY, "a step that leads to the same state does not enter it"


# --- where ----------------------------------------------------------------------------------------------------------


def test_sites_and_places() -> None:
    held = dossier(
        Scope(sites=frozenset({"s1", "s2"})),
        Service(service="a", sites=frozenset({"s1"}), content_areas=frozenset({"math", "art"})),
        Service(service="b", sites=frozenset({"s2"})),
    )
    assert held.sites() == frozenset({"s1", "s2"})
    assert held.places() == {("s1", "math"), ("s1", "art")}
    assert dossier().sites() is None


@pytest.mark.parametrize(
    ("mine", "theirs", "meet"),
    [("ab", "bc", True), ("a", "b", False), ("*", "b", True), ("a", "*", True), ("", "*", False), ("*", "", False)],
)
def test_sets_of_sites_overlap(mine: str, theirs: str, *, meet: bool) -> None:
    assert overlap(frozenset(mine), frozenset(theirs)) is meet


def test_everything_in_a_file_has_a_pointer() -> None:
    neighbour = Neighbour("p", "Northside", Service(service="x"))
    held = dossier(LAST_YEAR, THIS_YEAR, neighbours=(neighbour,))
    assert held.pointer(held.partner, "kind") == "/partner/kind"
    assert held.pointer(held.partnership, "since") == "/partnership/since"
    assert held.pointer(THIS_YEAR, "ends_on") == "/records/1/ends_on"
    assert held.pointer(held.entries[1], "filed_by") == "/records/1/entry/filed_by"
    assert held.pointer(neighbour, "service") == "/neighbours/0/service"
    assert held.pointer("moves") == "moves"
    assert held.pointer(NEXT_YEAR) == "", "what is not in the file has no place in it"
    assert held.pointer(attrs.evolve(neighbour)) == ""


def test_records_that_are_equal_have_each_its_own_place() -> None:
    held = dossier(THIS_YEAR, attrs.evolve(THIS_YEAR))
    assert [held.pointer(entry.record) for entry in held.entries] == ["/records/0", "/records/1"]
    assert [held.pointer(entry) for entry in held.entries] == ["/records/0/entry", "/records/1/entry"]


# --- as a mapping ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", State)
def test_the_example_comes_back_from_its_mapping(state: str) -> None:
    held = example_dossier(state)
    nowhere = [attrs.evolve(entry, file_id=None) for entry in held.entries]
    assert Dossier.from_mapping(held.to_mapping()) == attrs.evolve(held, on_file=RecordIndex(nowhere))


@pytest.mark.parametrize("parts", [{}, {"moves": ()}, {"neighbours": ()}, {"moves": (), "neighbours": ()}])
def test_none_looked_at_and_none_found_are_two_things(parts: dict[str, Any]) -> None:
    again = Dossier.from_mapping(dossier(**parts).to_mapping())
    assert (again.moves, again.neighbours) == (parts.get("moves"), parts.get("neighbours"))


BARE = {"partner": {"name": "x"}, "partnership": {"state": "active"}}


@pytest.mark.parametrize("name", ["America/Los_Angeles", "UTC-07:00", "UTC+05:45"])
def test_a_file_carries_its_time_zone(name: str) -> None:
    zone = time_zone(name)
    held = Dossier.from_mapping({**BARE, "tz": name})
    assert held.tz == zone
    assert held.to_mapping()["tz"] == name
    moment = datetime(2026, 9, 2, 3, tzinfo=UTC)
    assert held.day_of(moment) == moment.astimezone(zone).date()


def test_a_zone_that_is_given_comes_before_that_of_the_file_and_utc_is_written_nowhere() -> None:
    chicago = time_zone("America/Chicago")
    assert Dossier.from_mapping({**BARE, "tz": "Asia/Tokyo"}, tz="America/Chicago").tz == chicago
    assert Dossier.from_mapping(BARE, tz=chicago).tz == chicago
    assert Dossier.from_mapping({**BARE, "tz": None}).tz == UTC
    assert "tz" not in Dossier.from_mapping({**BARE, "tz": "UTC"}).to_mapping()


class Host(tzinfo):
    """A zone of a host's own, which no name finds again."""

    def utcoffset(self, moment: datetime | None) -> timedelta:
        return timedelta(hours=1)


def test_a_zone_without_a_name_is_not_written() -> None:
    assert "tz" not in Dossier.from_mapping(BARE, tz=Host()).to_mapping()


def test_a_zone_that_nobody_knows_is_a_fault_with_its_place() -> None:
    assert "is no time zone" in faults({**BARE, "tz": "Mars/Olympus"})["/tz"]
    assert "is not a text" in faults({**BARE, "tz": 7})["/tz"]


def test_the_smallest_file_is_a_name_and_a_state() -> None:
    held = Dossier.from_mapping({"partner": {"name": "x"}, "partnership": {"state": "active"}})
    assert (held.partner, held.partnership) == (Partner(name="x"), Partnership("active"))
    assert (held.entries, held.moves, held.neighbours) == ((), None, None)
    assert held.partnership.id == NOT_STORED


def faults(mapping: Any) -> dict[str, str]:
    with pytest.raises(InvalidRecord) as caught:
        Dossier.from_mapping(mapping)
    return {fault.path: fault.message for fault in caught.value.faults}


def test_every_fault_of_a_file_is_named_in_one_pass() -> None:
    assert faults(
        {
            "partner": {"name": 3},
            "records": [
                {"kind": "insurance"},
                {"line": "auto"},
                {"kind": "insurence", "line": "auto"},
                "a letter",
                {"kind": "scope", "sites": "s1", "entry": {"version": "1", "by": "me"}},
                {"kind": "orientation", "held_on": "soon"},
            ],
            "moves": {"trigger": "end"},
            "neighbours": [{"partner": "x"}],
            "record": [],
        }
    ) == {
        "/record": "is not part of a dossier; it has moves, neighbours, partner, partnership, records, tz",
        "/partner/name": "3 is not a text",
        "/partnership": "is required",
        "/records/0/line": "is required",
        "/records/1/kind": "is required: which kind of record this is",
        "/records/2/kind": "'insurence' is no kind of record; did you mean 'insurance'?",
        "/records/3/kind": "is required: which kind of record this is",
        "/records/4/sites": "'s1' is not a list",
        "/records/4/entry": "has no by; it has documents, filed_at, filed_by, id, recorded_at, redacted, version, "
        "word_of",
        "/records/4/entry/version": "'1' is not a whole number",
        "/records/5/held_on": "'soon' is not a day such as 2026-09-01 (or no_end)",
        "/moves": "is not a list",
        "/neighbours/0/partnership_id": "is required",
        "/neighbours/0/service": "is required",
    }


@pytest.mark.parametrize("odd", [None, [], "active", 3])
def test_what_is_no_object_is_no_file(odd: Any) -> None:
    assert faults(odd) == {"": "is not an object with partner, partnership and records"}


def filed(number: int, **fields: Any) -> dict[str, Any]:
    return {**fields, "entry": {"id": str(UUID(int=number))}}


def file(*records: dict[str, Any]) -> dict[str, Any]:
    return {"partner": {"name": "x"}, "partnership": {"state": "active"}, "records": list(records)}


def test_a_retraction_of_what_is_not_in_the_file_is_a_fault() -> None:
    retraction = {"kind": "retraction", "entry_id": str(UUID(int=1)), "reason": "wrong"}
    assert Dossier.from_mapping(file(filed(1, kind="scope"), retraction)).latest(Scope) is None
    assert set(faults(file({"kind": "scope"}, retraction))) == {"/records/1/entry_id"}
    assert set(faults(file(retraction))) == {"/records/0/entry_id"}


def test_two_entries_of_one_id_are_a_fault() -> None:
    assert faults(file(filed(1, kind="scope"), filed(2, kind="scope"), filed(1, kind="scope"))) == {
        "/records/2/entry/id": "is the id of /records/0"
    }


def test_the_partner_stands_apart_from_the_records() -> None:
    assert set(faults(file({"kind": "partner", "name": "y"}))) == {"/records/0/kind"}


def test_a_stored_record_of_a_kind_that_nobody_registers_any_more_is_kept() -> None:
    came = file({**filed(1, kind="drone_permit", height=40)})
    held = Dossier.from_mapping(came)
    (entry,) = held.entries
    assert isinstance(entry.record, Unregistered)
    assert entry.kind == "drone_permit"
    assert held.to_mapping()["records"] == came["records"]
    assert load_pack("default").check(held, on=DAY).findings


def test_the_example_has_something_of_every_kind_that_a_policy_asks_for_in_active() -> None:
    kinds = {type(record) for record in example_records()}
    assert {Orientation, StrategicGoal, Insurance} <= kinds
    assert example_records("improvement_plan")[: len(example_records())] == example_records()


@settings(max_examples=60, deadline=None)
@given(dossiers(), st.lists(days(), min_size=1, max_size=8))
def test_the_next_change_is_the_first_day_on_which_some_record_begins_or_is_over(
    dossier: Dossier, asked: list[date]
) -> None:
    periods = [period_of(entry.record) for entry in dossier.entries if not isinstance(entry.record, Unregistered)]
    begun = {start for start, _ in periods if start is not None}
    over = {end + ONE for _, end in periods if end is not None and end < NO_END}
    for day in asked:
        assert dossier.on_file.next_change(day) == min((each for each in begun | over if each > day), default=None)
