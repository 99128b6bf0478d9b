"""Records as plain data and back: nothing is lost, nothing is bent, and every fault is named at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import attrs
import pytest
from babel.numbers import get_currency_precision, list_currencies
from hypothesis import given, settings
from hypothesis import strategies as st

import partnerflow.records
from partnerflow.actors import Actor
from partnerflow.canonical import canonical, canonical_with, check_text, sha256
from partnerflow.errors import InvalidRecord, InvalidRequest
from partnerflow.lifecycle import Move
from partnerflow.partnership import Partnership
from partnerflow.records import (
    NO_END,
    Agreement,
    Evaluation,
    Insurance,
    Money,
    Need,
    Partner,
    Person,
    Record,
    Retraction,
    Scope,
    Service,
    Unregistered,
    VettingReview,
    Waiver,
    days_after,
    kinds,
    months_after,
    record,
)
from partnerflow.records.conversion import moment_text, read_record, record_text, structure, unstructure
from partnerflow.records.fields import Fields
from partnerflow.records.labels import EARLIER
from partnerflow.records.money import DECIMALS
from partnerflow.records.registry import KINDS, fields_of
from partnerflow.testing import actors, example_records, records


def plain(value: Any) -> Any:
    """Return *value* as it comes back from JSON."""
    return json.loads(json.dumps(value))


def faults(caught: pytest.ExceptionInfo[InvalidRecord]) -> dict[str, str]:
    return {fault.path: fault.message for fault in caught.value.faults}


def read(kind: str, **fields: Any) -> Record:
    return read_record(kind, fields)


# --- there and back -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_every_kind_comes_back_as_it_was(kind: str) -> None:
    @settings(max_examples=30)
    @given(records(kind))
    def there_and_back(drawn: Record) -> None:
        assert type(drawn) is kinds()[kind]
        again, text = record_text(drawn)
        assert again == drawn
        assert again.extra == drawn.extra
        assert read_record(kind, json.loads(text)) == drawn
        assert record_text(again)[1] == text == canonical(unstructure(drawn))

    there_and_back()


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_every_kind_of_ours_can_be_imported_from_records(kind: str) -> None:
    cls = kinds()[kind]
    if cls.__module__.startswith("partnerflow."):
        assert cls.__name__ in partnerflow.records.__all__, (
            f"add {cls.__name__} to records/__init__.py: the import, and the name in __all__"
        )


@pytest.mark.parametrize("one", example_records(), ids=lambda one: one.kind_info.name)
def test_the_example_comes_back_as_it_was(one: Record) -> None:
    assert read_record(one.kind_info.name, plain(unstructure(one))) == one


@given(records())
def test_facts_that_are_absent_are_left_out_and_come_back_absent(drawn: Record) -> None:
    said = unstructure(drawn)
    for field in fields_of(type(drawn)):
        if getattr(drawn, field.name) is None:
            assert field.name not in said


@given(actors())
def test_an_actor_comes_back_as_it_was(by: Actor) -> None:
    assert structure(plain(unstructure(by)), Actor, "actor") == by


def test_nothing_and_none_are_two_things() -> None:
    assert read("agreement", trained_people=[]) == Agreement(trained_people=frozenset())
    assert unstructure(Agreement(trained_people=frozenset())) == {"trained_people": []}
    assert read("agreement") == Agreement(trained_people=None)


def test_an_explicit_null_is_an_absent_fact() -> None:
    assert read("insurance", line="auto", insurer=None, starts_on=None) == Insurance(line="auto")


def test_sets_are_written_in_order() -> None:
    assert unstructure(Scope(sites=frozenset({"b", "a", "c"}))) == {"sites": ["a", "b", "c"]}
    assert record_text(Scope(sites={"b", "a"}))[0] == Scope(sites=frozenset({"a", "b"}))  # type: ignore[arg-type]


# --- days, moments, amounts -----------------------------------------------------------------------------------------


def test_without_end_is_said() -> None:
    assert read("insurance", line="auto", ends_on="no_end") == Insurance(line="auto", ends_on=NO_END)
    assert unstructure(Insurance(line="auto", ends_on=NO_END)) == {"line": "auto", "ends_on": "no_end"}
    assert read("insurance", line="auto").ends_on is None  # type: ignore[attr-defined]


@given(st.dates())
def test_a_day_is_written_one_way_only(day: date) -> None:
    said = unstructure(Insurance(line="auto", starts_on=day))["starts_on"]
    assert said == ("no_end" if day == NO_END else day.isoformat())
    assert read("insurance", line="auto", starts_on=said) == Insurance(line="auto", starts_on=day)


@pytest.mark.parametrize(
    "odd",
    [
        "2026-9-1",
        "20260901",
        "2026-W36-2",
        "01.09.2026",
        "2026-02-30",
        "2026-09-01T00:00:00",
        "",
        20260901,
        True,
        0.5,
        [],
    ],
)
def test_anything_else_is_no_day(odd: Any) -> None:
    with pytest.raises(InvalidRecord) as caught:
        read("insurance", line="auto", starts_on=odd)
    assert faults(caught) == {"/starts_on": f"{odd!r} is not a day such as 2026-09-01 (or no_end)"}


def test_a_moment_is_no_day() -> None:
    slip: Any = datetime(2026, 9, 1, tzinfo=UTC)
    with pytest.raises(InvalidRecord, match="is not a day"):
        record_text(Insurance(line="auto", starts_on=slip))


@given(st.datetimes(timezones=st.timezones()).filter(lambda moment: 1 < moment.year < 9999))
def test_a_moment_is_written_in_utc_always_equally_long(moment: datetime) -> None:
    text = moment_text(moment)
    assert len(text) == len("2026-09-01T08:00:00.000000Z")
    move = structure({"trigger": "end", "source": None, "target": "x", "at": text}, Move, "move")
    assert move.at == moment.astimezone(UTC)


@pytest.mark.parametrize(
    ("odd", "why"),
    [
        ("2026-09-01T08:00:00", "has no time zone"),
        (datetime(2026, 9, 1, 8), "has no time zone"),  # noqa: DTZ001
        ("yesterday", "is not a moment"),
        (1756713600, "is not a moment"),
        ("0001-01-01T00:00:00+14:00", "is not a moment that the calendar has in UTC"),
        ("9999-12-31T23:59:59-12:00", "is not a moment that the calendar has in UTC"),
    ],
)
def test_a_moment_without_a_time_zone_or_off_the_calendar_is_refused(odd: Any, why: str) -> None:
    with pytest.raises(InvalidRecord) as caught:
        structure({"trigger": "end", "source": None, "target": "x", "at": odd}, Move, "move")
    assert why in faults(caught)["/at"]


def test_naive_datetimes_are_not_written() -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        moment_text(datetime(2026, 9, 1, 8))  # noqa: DTZ001
    assert moment_text(datetime(2026, 9, 1, 8, tzinfo=timezone(timedelta(hours=2)))) == "2026-09-01T06:00:00.000000Z"


@given(st.integers(-(10**18), 10**18), st.sampled_from(["USD", "EUR", "JPY", "KWD", "CLF"]))
def test_an_amount_is_exact(minor: int, currency: str) -> None:
    amount = Money(minor, currency)
    assert Money.parse(str(amount)) == amount
    assert read("insurance", line="auto", aggregate=str(amount)) == Insurance(line="auto", aggregate=amount)


def test_an_amount_is_read_in_the_units_of_its_currency() -> None:
    assert Money.of(1_000_000, "USD") == Money.parse("1000000 USD") == Money(100_000_000, "USD")
    assert Money.parse("12.50 USD") == Money.of(Decimal("12.5"), "USD") == Money(1250, "USD")
    assert Money.parse("500 JPY") == Money(500, "JPY")
    assert str(Money(1250, "USD")) == "12.50 USD"
    assert str(Money(1_000_000_00, "USD")) == "1000000 USD"
    assert str(Money(1, "KWD")) == "0.001 KWD"
    assert Money.parse("1.2345 CLF") == Money(12345, "CLF")


def test_a_currency_has_the_decimals_that_iso_4217_gives_it() -> None:
    """Babel knows those of CLDR, which are fewer where nobody pays in the smallest unit any more."""
    rounded_in_cldr = {"IQD": 0}
    assert {code: get_currency_precision(code) for code in DECIMALS} == DECIMALS | rounded_in_cldr
    for code in list_currencies():
        assert get_currency_precision(code) <= DECIMALS.get(code, 2)


@pytest.mark.parametrize(
    "odd", ["1000000", "1,000,000 USD", "$5", "USD 5", "1.234 USD", "0.5 JPY", "1e6 USD", "5 usd", "", 5, 5.0, None]
)
def test_anything_else_is_no_amount(odd: Any) -> None:
    with pytest.raises(ValueError, match=r"is not an amount|has more decimals"):
        Money.parse(odd)


def test_amounts_of_two_currencies_are_not_compared() -> None:
    assert Money.of(1, "USD") < Money.of(2, "USD") <= Money.of(2, "USD")
    with pytest.raises(ValueError, match="two currencies"):
        assert Money.of(1, "USD") < Money.of(2, "EUR")


@given(st.dates(), st.integers(0, 200_000))
def test_months_and_days_after_stay_on_the_calendar(day: date, number: int) -> None:
    assert day <= months_after(day, number) <= NO_END
    assert day <= days_after(day, number) <= NO_END


def test_a_month_later_is_the_same_day_or_the_last_there_is() -> None:
    assert months_after(date(2026, 1, 31), 1) == date(2026, 2, 28)
    assert months_after(date(2024, 2, 29), 12) == date(2025, 2, 28)
    assert months_after(date(2026, 8, 12), 24) == date(2028, 8, 12)
    assert days_after(date(2026, 12, 31), 1) == date(2027, 1, 1)


# --- what is refused ------------------------------------------------------------------------------------------------


def test_every_fault_is_named_in_one_pass_with_its_pointer() -> None:
    with pytest.raises(InvalidRecord) as caught:
        read(
            "agreement",
            form="treaty",
            version=1,
            starts_on="soon",
            district_contact={"name": 3, "phone": "555"},
            milestones=[{"milestone": "80% attend"}, {"district_goals": "reading"}, "more"],
            time_and_space={"accepted_by": ["district", "both"]},
            trained_people="j.rivera",
        )
    assert faults(caught) == {
        "/form": "'treaty' is not one of contract, mou",
        "/version": "1 is not a text",
        "/starts_on": "'soon' is not a day such as 2026-09-01 (or no_end)",
        "/district_contact": "has no phone; it has contact, name, role",
        "/district_contact/name": "3 is not a text",
        "/milestones/1/milestone": "is required",
        "/milestones/1/district_goals": "'reading' is not a list",
        "/milestones/2": "'more' is not an object",
        "/time_and_space/accepted_by/1": "'both' is not one of district, partner",
        "/trained_people": "'j.rivera' is not a list",
    }
    assert "record of kind agreement: 10 fault(s)" in str(caught.value)


def test_faults_in_a_mapping_of_things_are_named_by_their_key() -> None:
    with pytest.raises(InvalidRecord) as caught:
        read("vetting_review", scores={"a/b~c": {"score": "3"}, "fit": 3}, steps=[])
    assert faults(caught) == {
        "/scores/a~1b~0c/score": "'3' is not a whole number",
        "/scores/fit": "3 is not an object",
        "/steps": "[] is not an object",
    }


@pytest.mark.parametrize(
    ("fields", "path", "message"),
    [
        ({}, "/line", "is required"),
        ({"line": None}, "/line", "None is not a text"),
        ({"line": "auto", "district_additional_insured": 1}, "/district_additional_insured", "1 is not true or false"),
        ({"line": "auto", "aggregate": 1000000}, "/aggregate", "1000000 is not an amount such as '1000000 USD'"),
        ({"line": "auto", "insurer": "x" * 99 + "\n"}, "", ""),
    ],
)
def test_shapes_are_strict(fields: dict[str, Any], path: str, message: str) -> None:
    if not path:
        assert read_record("insurance", fields)
        return
    with pytest.raises(InvalidRecord) as caught:
        read_record("insurance", fields)
    assert faults(caught) == {path: message}


def test_a_retraction_names_an_entry_by_its_id() -> None:
    with pytest.raises(InvalidRecord) as caught:
        read("retraction", entry_id="the first one", reason="wrong")
    assert faults(caught) == {"/entry_id": "'the first one' is not an id (UUID)"}
    named = UUID(int=5)
    assert read("retraction", entry_id=str(named), reason="wrong") == Retraction(entry_id=named, reason="wrong")


def test_a_partner_has_a_name() -> None:
    with pytest.raises(InvalidRecord):
        read("partner", name="")


@pytest.mark.parametrize("data", [None, [], "partner", 3])
def test_what_is_no_object_is_no_record(data: Any) -> None:
    with pytest.raises(InvalidRecord, match="is not an object"):
        structure(data, Partner, "partner", "/partner")
    with pytest.raises(InvalidRecord, match="is not an object"):
        structure(data, Partnership, "partnership", "/partnership")


SLIPS: list[Any] = [
    Insurance(line=3),  # type: ignore[arg-type]
    Insurance(line="auto", aggregate=5),  # type: ignore[arg-type]
    Insurance(line="auto", starts_on="2026-09-01T00:00"),  # type: ignore[arg-type]
    Need(need="reading", purposes="fill_gap"),  # type: ignore[arg-type]
    Need(need="reading", purposes=frozenset({"gap"})),  # type: ignore[arg-type]
    Scope(level="city"),  # type: ignore[arg-type]
    Service(service="tutoring", direct_contact="yes"),  # type: ignore[arg-type]
    Person(person="x", direct_contact=1),  # type: ignore[arg-type]
    Partner(name="x", licences_required="School Age Program"),  # type: ignore[arg-type]
    Evaluation(goals={"reading": 0.5}),  # type: ignore[dict-item]
    VettingReview(scores={"fit": 3}),  # type: ignore[dict-item]
    Waiver("SAFE-002", reason="late", requested_by="a", expires_on=None),  # type: ignore[arg-type]
    Insurance(line="auto", extra={"x": object()}),  # type: ignore[call-arg]
    Insurance(line="auto", extra={"x": float("nan")}),  # type: ignore[call-arg]
]


@pytest.mark.parametrize("slip", SLIPS, ids=repr)
def test_a_record_made_in_python_is_checked_for_its_shape(slip: Record) -> None:
    with pytest.raises(InvalidRecord):
        record_text(slip)


@pytest.mark.parametrize("odd", ["nul \x00", "half \ud800", "half \udfff of a pair"])
@pytest.mark.parametrize("place", ["line", "insurer", "extra"])
def test_text_that_no_database_keeps_is_refused(odd: str, place: str) -> None:
    said: dict[str, Any] = {"line": "auto", **({"extra": {"note": [odd]}} if place == "extra" else {place: odd})}
    with pytest.raises(InvalidRequest, match="remove it"):
        record_text(Insurance(**said))
    with pytest.raises(InvalidRequest, match="remove it"):
        check_text(odd, "reason")


@pytest.mark.parametrize("fine", [r"a backslash \u0000 in print", "\\\\u0000", "née 中 🎉", "tab\tand\nline", "\x01"])
def test_text_that_is_merely_unusual_is_kept(fine: str) -> None:
    again, text = record_text(Insurance(line="auto", insurer=fine))
    assert again == Insurance(line="auto", insurer=fine)
    assert json.loads(text)["insurer"] == fine
    check_text(fine, "reason")


def test_numbers_that_are_none_are_refused() -> None:
    for odd in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="not JSON compliant"):
            canonical({"x": odd})


@given(st.dictionaries(st.text(max_size=3), st.integers() | st.text(max_size=3), max_size=5), st.text(max_size=3))
def test_an_object_of_which_a_part_is_written_already_is_written_as_a_whole_is(data: dict[str, Any], name: str) -> None:
    whole = {**data, name: {"b": [1], "a": None}}
    try:
        wanted = canonical(whole)
    except InvalidRequest:
        return  # what no database can keep
    assert canonical_with(whole, name, canonical(whole[name])) == wanted
    assert canonical_with(data, name, canonical(whole[name])) == wanted


def test_text_is_canonical() -> None:
    assert canonical({"b": 1, "a": ["é", None, True]}) == '{"a":["é",null,true],"b":1}'
    assert sha256("é") == "4a99557e4033c3539de2eb65472017cad5f9557f7a0625a09f1c3f6e2ba69c4c"


# --- fields and kinds that nobody knows ------------------------------------------------------------------------------


def test_fields_that_a_kind_does_not_know_survive() -> None:
    came = {"line": "auto", "broker": {"name": "X", "tags": [1, None]}, "extra": "a field of theirs"}
    one = read_record("insurance", came)
    assert one.extra == {"broker": {"name": "X", "tags": [1, None]}, "extra": "a field of theirs"}
    assert unstructure(one) == came
    assert attrs.evolve(one, line="life").extra == one.extra  # type: ignore[call-arg]


def test_a_kind_that_nobody_registers_is_kept_whole() -> None:
    came = {"kind": "drone_permit", "height": 40, "by": {"x": [1]}, "entry": {"version": 1}}
    one = read_record("drone_permit", came)
    assert isinstance(one, Unregistered)
    assert one.kind == "drone_permit"
    assert unstructure(one) == {"height": 40, "by": {"x": [1]}}


# --- kinds of a host's own ------------------------------------------------------------------------------------------


@pytest.fixture
def _kinds_as_they_were() -> Iterator[None]:
    kinds()
    before = dict(KINDS)
    yield
    KINDS.clear()
    KINDS.update(before)


@pytest.mark.usefixtures("_kinds_as_they_were")
def test_a_host_registers_a_kind_of_its_own() -> None:
    @record("drone_permit", about="partnership", key=("site",), period=("from_on",))
    class DronePermit(Record):
        """Leave to fly."""

        site: str
        height: int | None = None
        from_on: date | None = None

    one = DronePermit(site="s1", height=40, from_on=date(2026, 9, 1))
    assert kinds()["drone_permit"] is DronePermit
    assert read_record("drone_permit", plain(unstructure(one))) == one
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        one.height = 50  # type: ignore[misc]


@pytest.mark.usefixtures("_kinds_as_they_were")
def test_records_of_a_host_s_own_kind_can_be_drawn() -> None:
    @record("drone_permit", about="partnership", key=("site",))
    class DronePermit(Record):
        """Leave to fly."""

        site: str
        heights: tuple[int, ...] | None = None

    @settings(max_examples=20)
    @given(records("drone_permit"))
    def drawn(one: Record) -> None:
        assert isinstance(one, DronePermit)
        assert record_text(one)[0] == one

    drawn()


LABELLED = sorted(name for name, cls in kinds().items() if "label" in cls.kind_info.key)


@pytest.mark.parametrize("said", ["summer", 5, None, {"printed": True}])
@pytest.mark.parametrize("kind", LABELLED)
def test_a_label_from_before_there_were_labels_is_no_part_of_the_key(kind: str, said: object) -> None:
    """A database of 3282929 may have it as a field that nobody knew: the record is the usual one, and keeps it."""
    key = {name: "x" for name in kinds()[kind].kind_info.key if name != "label"}
    read: Any = read_record(kind, {**key, "label": said}, revision=1)
    assert (read.label, read.extra) == ("", {EARLIER: said})
    assert read_record(kind, unstructure(read)) == read
    again: Any = read_record(kind, {**key, "label": "summer"}, revision=2)
    assert (again.label, again.extra) == ("summer", {})


@pytest.mark.usefixtures("_kinds_as_they_were")
def test_an_older_revision_is_read_as_today_s() -> None:
    def upcast(revision: int, fields: dict[str, Any]) -> dict[str, Any]:
        if revision < 2:
            fields["metres"] = fields.pop("feet") * 3 // 10
        return fields

    @record("drone_permit", about="partnership", revision=3, upcast=upcast)
    class DronePermit(Record):
        """Leave to fly."""

        metres: int | None = None

    assert read_record("drone_permit", {"feet": 100, "x": 1}, revision=1) == DronePermit(metres=30, extra={"x": 1})  # type: ignore[call-arg]
    assert read_record("drone_permit", {"metres": 30}, revision=2) == DronePermit(metres=30)
    assert read_record("drone_permit", {"metres": 30}, revision=3) == DronePermit(metres=30)
    stored = {"feet": 100}
    read_record("drone_permit", stored, revision=1)
    assert stored == {"feet": 100}, "what is stored is never rewritten"


@pytest.mark.usefixtures("_kinds_as_they_were")
def test_a_name_that_is_taken_is_refused_and_whose_it_is_is_said() -> None:
    with pytest.raises(InvalidRequest, match=r"insurance: is taken by partnerflow\.records\.safety\.Insurance"):

        @record("insurance", about="partner")
        class Cover(Record):
            """Not ours."""

    assert kinds()["insurance"] is Insurance


@pytest.mark.usefixtures("_kinds_as_they_were")
@pytest.mark.parametrize(
    ("card", "why"),
    [
        ({"key": ("sites",)}, "has the fields"),
        ({"period": ("since",)}, "has the fields"),
        ({"key": ("height",)}, "drop its default"),
        ({"key": ("label",), "weighs": "against"}, "drop its default"),
        ({"key": ("label",), "adverse": {"label": frozenset({"revoked"})}}, "drop its default"),
    ],
)
def test_a_key_or_period_that_names_no_field_is_refused(card: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidRequest, match=why):

        @record("drone_permit", about="partnership", **card)
        class DronePermit(Record):
            """Leave to fly."""

            site: str
            height: int | None = None
            label: str = ""

    assert "drone_permit" not in kinds()


@pytest.mark.usefixtures("_kinds_as_they_were")
def test_a_field_of_the_key_may_have_a_default_which_old_texts_are_read_with() -> None:
    @record("drone_permit", about="partnership", key=("site", "label"))
    class DronePermit(Record):
        """Leave to fly."""

        site: str
        label: str = ""

    assert DronePermit.kind_info.key_defaults == {"label": ""}
    assert read_record("drone_permit", {"site": "s1"}) == DronePermit(site="s1", label="")


def test_no_kind_that_may_speak_against_a_partnership_has_a_key_that_can_be_left_out() -> None:
    labelled = {name: cls.kind_info for name, cls in kinds().items() if cls.kind_info.key_defaults}
    assert {"insurance", "agreement", "facility_access"} <= labelled.keys()
    assert all(info.weighs == "for" and not info.adverse for info in labelled.values())


@pytest.mark.usefixtures("_kinds_as_they_were")
@pytest.mark.parametrize("taken", ["kind", "entry"])
def test_a_field_may_not_bear_a_name_that_stands_beside_the_fields_in_a_mapping(taken: str) -> None:
    made = type("DronePermit", (Record,), {"__annotations__": {taken: "str"}, "__doc__": "Leave to fly."})
    with pytest.raises(InvalidRequest, match="is a key beside the fields"):
        record("drone_permit", about="partnership")(made)


def test_every_kind_says_what_it_is_about_and_only_that() -> None:
    for name, cls in kinds().items():
        info = cls.kind_info
        assert info.name == name
        assert cls.__doc__
        fields = {field.name for field in fields_of(cls)}
        assert {*info.key, *info.period} <= fields
        assert len(info.period) <= 2
    against = {name for name, cls in kinds().items() if cls.kind_info.weighs == "against"}
    assert against == {
        "access_grant", "commitment", "confirmation", "evaluation", "friction", "person", "plan_closing", "retraction",
        "review_decision", "scope", "service", "support_action", "waiver_refusal", "waiver_request",
        "waiver_revocation", "workplace_quality_review",
    }  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(records())
def test_the_plain_pass_reads_a_record_as_the_pass_does_that_finds_every_fault(filed: Record) -> None:
    kind, fields = filed.kind_info.name, json.loads(canonical({**unstructure(filed), "unknown": [1]}))
    plainly = read_record(kind, fields)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Fields, "read", _refused)
        assert read_record(kind, fields) == plainly
    assert plainly.extra["unknown"] == [1]


def _refused(*_: object) -> None:
    raise ValueError
