"""An ID names exactly one partnership, or the answer lists those that it may have meant."""

from __future__ import annotations

from typing import Any, TypeAlias

import pytest

from partnerflow import Actor, Partner, Partnerflow
from partnerflow.adapters.memory import MemoryStore
from partnerflow.cli.errors import CannotDo
from partnerflow.cli.resolve import find_entry, find_one
from partnerflow.records import Need

Shell: TypeAlias = Any
OFFICE = Actor("a.anderson", roles={"partnership_office"})


@pytest.fixture
def flow() -> Partnerflow:
    return Partnerflow(store=MemoryStore())


def begin(flow: Partnerflow, name: str, **ids: str) -> Any:
    return flow.propose(Partner(name=name, ids=ids), by=OFFICE)


def refusal(flow: Partnerflow, text: str) -> str:
    with pytest.raises(CannotDo) as caught:
        find_one(flow, text)
    assert caught.value.exit_code == 2
    return caught.value.message


def test_a_whole_id_names_it_with_or_without_hyphens(flow: Partnerflow) -> None:
    made = begin(flow, "Riverbend")
    for text in (str(made.id), str(made.id).upper(), made.id.hex, f" {made.id} "):
        assert find_one(flow, text).partnership == made


def test_the_tail_of_an_id_names_it_from_four_characters_on(flow: Partnerflow) -> None:
    made = begin(flow, "Riverbend")
    begin(flow, "Northside")
    assert find_one(flow, str(made.id)[-12:]).partnership == made
    assert find_one(flow, str(made.id)[-8:]).partnership == made
    assert "no partnership fits" in refusal(flow, str(made.id)[-3:])


def test_an_id_elsewhere_names_it(flow: Partnerflow) -> None:
    made = begin(flow, "Riverbend", edfi="7", ein="12-345")
    begin(flow, "Northside", edfi="8")
    assert find_one(flow, "edfi:7").partnership == made
    assert find_one(flow, "ein:12-345").partnership == made
    assert "no partnership fits 'edfi:9'" in refusal(flow, "edfi:9")


def test_a_name_or_a_part_of_one_names_it_whatever_its_case(flow: Partnerflow) -> None:
    made = begin(flow, "Riverbend Youth Center: West")
    begin(flow, "Northside Tutors")
    for text in ("riverbend", "YOUTH", "center: west", "Riverbend Youth Center: West"):
        assert find_one(flow, text).partnership == made


def test_a_whole_name_goes_before_a_part_of_a_longer_one(flow: Partnerflow) -> None:
    made = begin(flow, "Communities in Schools")
    begin(flow, "Communities in Schools of Grand Bend")
    assert find_one(flow, "communities in schools").partnership == made


def test_what_fits_several_is_an_error_that_lists_them(flow: Partnerflow) -> None:
    both = [begin(flow, "Northside Tutors"), begin(flow, "Southside Tutors")]
    said = refusal(flow, "tutors")
    assert "fits 2 partnerships" in said
    for made, name in zip(both, ("Northside Tutors", "Southside Tutors"), strict=True):
        assert f"{str(made.id)[-12:]}  {name} (intake)" in said


def test_two_partnerships_of_one_partner_are_told_apart_by_id_only(flow: Partnerflow) -> None:
    first = begin(flow, "Riverbend", edfi="7")
    second = flow.propose(first.partner_id, by=OFFICE)
    assert "fits 2 partnerships" in refusal(flow, "Riverbend")
    assert "fits 2 partnerships" in refusal(flow, "edfi:7")
    assert find_one(flow, str(second.id)[-8:]).partnership == second


def test_what_fits_none_is_an_error_that_lists_what_is_near(flow: Partnerflow) -> None:
    begin(flow, "Riverbend Youth Center")
    begin(flow, "YMCA")
    said = refusal(flow, "Rivrbend Yuoth Center")
    assert "Riverbend Youth Center (intake)" in said
    assert "YMCA" not in said
    assert "YMCA (intake)" in refusal(flow, "zzzz")


def test_a_long_list_is_cut_and_says_by_how_much(flow: Partnerflow) -> None:
    for number in range(14):
        begin(flow, f"Tutors {number}")
    assert refusal(flow, "tutors").endswith("and 4 more")


def test_with_nothing_there_yet_it_says_how_to_begin(flow: Partnerflow) -> None:
    assert "partnerflow propose" in refusal(flow, "riverbend")
    assert "is empty" in refusal(flow, "  ")


def test_an_entry_is_named_by_its_id_or_the_tail_of_it(flow: Partnerflow) -> None:
    made = begin(flow, "Riverbend")
    first, second = flow.file(made.id, Need(need="a"), Need(need="b"), by=OFFICE)
    dossier = flow.dossier(made.id)
    assert find_entry(dossier, str(first.id)) == first.id
    assert find_entry(dossier, str(second.id)[-8:]) == second.id
    with pytest.raises(CannotDo, match="no entries on this file end with 'zzzz'") as caught:
        find_entry(dossier, "zzzz")
    assert f"{first.id}  need" in caught.value.message


def test_every_command_takes_every_form(district: Shell) -> None:
    listed = district.does("list")
    tail = next(line.split()[0] for line in listed.splitlines() if "Communities" in line)
    assert len(tail) == 8
    shown = {district.does("show", form) for form in (tail, tail[-4:], "edfi:19255901", "grand bend", "communities")}
    assert len(shown) == 1
