"""A text that says nothing is worth what no text is worth: no policy passes with one where it blocks without any."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, NamedTuple

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partnerflow import Partner, Partnerflow
from partnerflow.adapters.memory import MemoryStore
from partnerflow.dossier import Dossier, Neighbour
from partnerflow.dossier.meaningless import may_be_meaningless, without_meaningless_texts
from partnerflow.dossier.readable import as_asked
from partnerflow.errors import InvalidRecord
from partnerflow.policies import Policy, Problem, Verdict, lack, load_pack, policy
from partnerflow.policies.shipped import POLICIES
from partnerflow.records import (
    Agreement,
    Assignment,
    Milestone,
    Need,
    Person,
    Profile,
    Record,
    Service,
    SharedElement,
    Unregistered,
)
from partnerflow.records.agreement import DataSharingAgreement
from partnerflow.records.texts import says_something
from partnerflow.testing import EXAMPLE_DAY, OFFICE, dossiers, example_dossier, records

PACK = load_pack("default")
ON = date(2026, 9, 1)
SAYS_NOTHING = ("-", "...", "???", " ", "—", "\u200b", "👍", "\u3164", "_", "ـ")
A_NUMBER = ("12", "15:00", "½")
SAYS_SOMETHING = ("x", "Ñ", "نعم", "是", "ใช่", "да")


class Text(NamedTuple):
    """A text of an example, or a list of texts."""

    place: str
    without: dict[str, Any]
    """The file without it."""
    having: Callable[[str], dict[str, Any]]
    """Returns the file with another text in its place."""


def texts_of(policy: Policy) -> Iterator[Text]:
    """Yield every text of the example that passes."""
    whole = dict(policy.example("passing").mapping)
    for place in places(whole["partner"], "partner"):
        yield Text(place, changed(whole, place), lambda text, place=place: changed(whole, place, text))
    for at, record in enumerate(whole["records"]):
        for place in places({k: v for k, v in record.items() if k not in ("kind", "entry")}, f"records/{at}"):
            yield Text(place, changed(whole, place), lambda text, place=place: changed(whole, place, text))


def places(value: Any, path: str) -> Iterator[str]:
    """Yield the place of each text, and of each list of texts."""
    if isinstance(value, str) or (isinstance(value, list) and value and all(isinstance(each, str) for each in value)):
        yield path
    elif isinstance(value, (dict, list)):
        for name, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(part, f"{path}/{name}")


def changed(value: Any, place: str, *text: str) -> Any:
    """Return a file with *text* at a place, or without anything there."""
    name, _, rest = place.partition("/")
    at: Any = name if isinstance(value, dict) else int(name)
    if not rest and not text:
        return {key: part for key, part in value.items() if key != at}
    new = changed(value[at], rest, *text) if rest else text[0] if isinstance(value[at], str) else [text[0]]
    return {**value, at: new} if isinstance(value, dict) else [*value[:at], new, *value[at + 1 :]]


def outcome(policy: Policy, mapping: dict[str, Any]) -> str:
    """Return the outcome of a policy, or `unreadable` for a file that is turned away as a whole."""
    try:
        dossier = attrs.evolve(policy.example("passing"), mapping=mapping).dossier()
    except InvalidRecord:
        return "unreadable"
    return str(PACK[policy.code].evaluate(dossier, ON).outcome)


BLOCKS = ("failed", "missing", "unreadable")


@pytest.mark.parametrize("policy", POLICIES, ids=lambda one: one.code)
def test_a_policy_that_blocks_without_a_text_blocks_with_one_that_says_nothing(policy: Policy) -> None:
    passes = []
    for text in texts_of(policy):
        if (absent := outcome(policy, text.without)) in ("failed", "missing"):
            passes += [(text.place, "") for _ in range(outcome(policy, text.having("")) not in BLOCKS)]
            passes += [
                (text.place, said)
                for said in SAYS_NOTHING
                if outcome(policy, text.having(said)) not in (absent, "unreadable")
            ]
    assert not passes


@pytest.mark.parametrize("said", SAYS_NOTHING)
def test_what_a_record_is_about_must_say_something_too(said: str) -> None:
    """It cannot be left out of the record, so the record is left out of the file."""
    need = Need(need=said, purposes=frozenset({"fill_gap"}), why_this_partner="they can")
    file = example_dossier("vetting", without={"need"}, records=[need])
    assert PACK.check(file, on=EXAMPLE_DAY)["NEED-001"].outcome == "missing"


def test_a_record_that_counts_against_a_partnership_stays_whatever_its_name() -> None:
    file = example_dossier(records=[Person(person="-", direct_contact=True), Service(service="?", direct_contact=True)])
    assert PACK.check(file, on=EXAMPLE_DAY)["SAFE-001"].outcome == "missing"
    assert [one.person for one in as_asked(file).all(Person)][-1] == "-"


@pytest.mark.parametrize("said", ["12", "15:00", "½", "Ⅻ"])
def test_a_number_says_something_where_no_words_are_expected(said: str) -> None:
    assert says_something(said, is_prose=False)
    assert not says_something(said, is_prose=True)
    assert as_asked(of(Profile(level=said, focus=said))).latest(Profile) == Profile(level=said)


@pytest.mark.parametrize("said", ["x", "Ñ", "نعم", "是", "ใช่", "да", "हाँ", "-x", "3rd"])
def test_a_letter_of_any_script_says_something(said: str) -> None:
    assert says_something(said, is_prose=True)
    assert as_asked(of(Profile(focus=said))).latest(Profile) == Profile(focus=said)


def of(*filed: Record) -> Dossier:
    return example_dossier(without={record.kind_info.name for record in filed}, records=filed)


def test_a_list_is_absent_where_nothing_in_it_says_anything_and_stays_where_something_does() -> None:
    said = [as_asked(of(Profile(themes=themes))).latest(Profile) for themes in ({"-", "..."}, {"-", "art"}, set())]
    assert [each and each.themes for each in said] == [None, {"-", "art"}, frozenset()]


def test_of_a_part_that_does_not_say_what_it_is_about_nobody_knows_what_the_list_has() -> None:
    """An agreement on data that lists nothing shares nothing; one that lists "-" shares nobody knows what."""
    sharing = DataSharingAgreement(elements=(SharedElement(element="-", kept_in="log"),))
    assert without_meaningless_texts(sharing).elements is None
    goals = Milestone(milestone="80% attend", district_goals=("-",), partner_goals=("reach",))
    (left,) = without_meaningless_texts(Agreement(milestones=(goals,))).milestones or ()
    assert left == attrs.evolve(goals, district_goals=None)


def test_a_star_in_a_list_or_a_key_is_everything() -> None:
    everywhere = Assignment(role="coordinator", site="*", rights=frozenset({"*"}))
    assert without_meaningless_texts(everywhere) is everywhere


def test_of_a_neighbour_that_says_nothing_of_its_services_nobody_knows_that_they_differ() -> None:
    there = Neighbour("0190b4f2-0000-7000-8000-000000000001", "Northside", Service(service="chess", sites={"-"}))
    file = attrs.evolve(example_dossier("vetting"), neighbours=(there,))
    assert PACK.check(file, on=EXAMPLE_DAY, trigger="approve")["DUP-001"].outcome == "failed"


@policy("X-001", "Says who", holds_in={"active"}, cites=["EAF-0"], fix="Say who.")
def plain_reading(dossier: Dossier, on: date) -> Verdict:
    """Read a text as anybody would, and not by `need`."""
    profile = dossier.latest(Profile)
    if profile is None or profile.owning_office is None:
        yield lack("profile", "owning_office")
    elif profile.owning_office.startswith("-"):
        yield Problem(profile, "owning_office", "it is there")


def test_a_policy_of_a_host_finds_it_missing_however_it_reads_it() -> None:
    file = of(Profile(owning_office="-"))
    assert plain_reading(file, EXAMPLE_DAY).outcome == "missing"


def test_what_is_on_file_stays_as_it_was_filed() -> None:
    file = of(Profile(owning_office="-"))
    PACK.check(file, on=EXAMPLE_DAY)
    assert file.latest(Profile) == Profile(owning_office="-")
    assert file.to_mapping()["records"][-1]["owning_office"] == "-"


@given(records() | st.builds(Need, need=st.text(), feedback=st.text(max_size=3)))
def test_the_quick_look_misses_nothing(record: Record) -> None:
    assert may_be_meaningless(record) or without_meaningless_texts(record) is record


@given(dossiers())
def test_a_file_without_such_texts_is_asked_about_as_it_is(dossier: Dossier) -> None:
    asked = as_asked(dossier)
    assert as_asked(asked) is asked
    plain = attrs.evolve(dossier, partner=asked.partner, neighbours=asked.neighbours)
    silent = [e for e in dossier.entries if not isinstance(e.record, Unregistered) and may_be_meaningless(e.record)]
    assert silent or as_asked(plain) is plain


@pytest.mark.parametrize("said", [*SAYS_NOTHING, "*"])
@pytest.mark.parametrize("store", ["sqlite:///:memory:", None])
def test_what_a_store_returns_is_looked_at_when_it_is_read(store: str | None, said: str) -> None:
    flow = Partnerflow(store=MemoryStore(), pack=PACK) if store is None else Partnerflow.open(store)
    with flow:
        p = flow.propose(Partner(name="Riverbend"), by=OFFICE)
        filed = {entry.id for entry in flow.file(p.id, Profile(owning_office=said, focus=said), by=OFFICE)}
        dossier = flow.dossier(p.id)
        assert as_asked(dossier).latest(Profile) == Profile()
        assert dossier.latest(Profile) == Profile(owning_office=said, focus=said)
        assert {entry.id for entry in as_asked(dossier).entries if entry.record == Profile()} == filed
        flow.verify()


@settings(max_examples=60)
@given(dossiers(state="active"), st.data())
def test_in_any_file_a_text_that_says_nothing_is_worth_what_none_is(dossier: Dossier, data: st.DataObject) -> None:
    whole = dossier.to_mapping()
    listed = [
        place
        for at, record in enumerate(whole["records"])
        for place in places({k: v for k, v in record.items() if k not in ("kind", "entry")}, f"records/{at}")
    ]
    place = data.draw(st.sampled_from(listed))
    said = changed(whole, place, data.draw(st.sampled_from(SAYS_NOTHING)))
    try:
        silent, absent = Dossier.from_mapping(said), Dossier.from_mapping(changed(whole, place))
    except InvalidRecord:  # it is no text, or the record is about it
        return
    now, then = (PACK.check(each, on=EXAMPLE_DAY) for each in (silent, absent))
    assert {one.code: (one.outcome, one.until) for one in now.findings} == {
        one.code: (one.outcome, one.until) for one in then.findings
    }
