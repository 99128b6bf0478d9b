"""What an outside system lists is taken in as it stands there, and twice changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import attrs
import pytest

from partnerflow import Actor, Partner, Partnerflow, Partnership, Refused
from partnerflow.ports import Licensed, Listing
from partnerflow.records import BackgroundCheck, Entry, Licence, Record, Site

SCHOOL = Site(site="255901001", name="Grand Bend High School", level="school")
ALLIANCE = Listing(Partner(name="Alliance", ids={"edfi": "19"}), "organization")
CARE = Listing(Partner(name="After School Care", ids={"edfi": "1"}, part_of="edfi:19"), "active")
CHESS = Listing(Partner(name="Chess Club", ids={"edfi": "2"}), "unknown")
GONE = Listing(Partner(name="Closed Down", ids={"edfi": "3"}), "inactive")
LICENCE = Licensed("edfi:1", Licence(licence_type="School Age Program", identifier="594835-c", status="active"))
STRAY = Licensed("edfi:19", Licence(licence_type="School Age Program"))
LISTED = (SCHOOL, ALLIANCE, CARE, CHESS, GONE, LICENCE, STRAY)


def test_each_becomes_what_the_other_system_says_that_it_is(flow: Partnerflow, office: Actor) -> None:
    admitted = list(flow.admit(LISTED, by=office))
    assert [(each.what, each.outcome) for each in admitted] == [
        ("site", "filed"),
        ("partner", "registered"),
        ("partner", "adopted"),
        ("partner", "proposed"),
        ("partner", "skipped"),
        ("licence", "filed"),
        ("licence", "skipped"),
    ]
    assert [each.why for each in admitted if each.outcome == "skipped"] == [
        "inactive there", "its holder has no partnership here",
    ]  # fmt: skip
    stands = {flow.partner(p.partner_id).name: p.state for p in flow.find()}
    assert stands == {"After School Care": "active", "Chess Club": "intake"}
    assert flow.sites() == (SCHOOL,)
    (care,) = flow.find(ids={"edfi": "1"})
    assert flow.partner(care.partner_id).licences_required == ("School Age Program",)
    assert flow.explain(care.id)["SAFE-004"].outcome == "missing"  # a licence without its dates is not endless
    flow.verify()


def test_twice_changes_nothing(flow: Partnerflow, office: Actor, everything: Callable) -> None:
    list(flow.admit(LISTED, by=office))
    before = everything(flow)
    again = list(flow.admit(LISTED, by=office))
    assert {each.outcome for each in again} == {"unchanged", "skipped"}
    assert everything(flow) == before


def test_what_only_the_district_knows_is_left_alone(flow: Partnerflow, office: Actor) -> None:
    list(flow.admit(LISTED, by=office))
    (care,) = flow.find(ids={"edfi": "1"})
    ours = attrs.evolve(flow.partner(care.partner_id), classification="partner", kind="community_organization")
    flow.file(care.id, ours, by=office)
    renamed = Listing(
        attrs.evolve(CARE.partner, name="After School Care Inc.", ids={"edfi": "1", "ein": "9"}), "active"
    )
    (updated,) = flow.admit([renamed], by=office)
    assert updated.outcome == "updated"
    assert flow.partner(care.partner_id) == attrs.evolve(
        ours, name="After School Care Inc.", ids={"edfi": "1", "ein": "9"}
    )


def test_an_organisation_that_becomes_active_later_gets_its_partnership(flow: Partnerflow, office: Actor) -> None:
    list(flow.admit([ALLIANCE], by=office))
    (adopted,) = flow.admit([Listing(ALLIANCE.partner, "active")], by=office)
    assert adopted.outcome == "adopted"
    assert [p.state for p in flow.find(ids={"edfi": "19"})] == ["active"]


def test_who_may_not_adopt_may_not_take_in(flow: Partnerflow, everything: Callable) -> None:
    before = everything(flow)
    with pytest.raises(Refused):
        list(flow.admit(LISTED, by=Actor("x")))
    assert everything(flow) == before


def test_a_licence_of_a_later_day_is_filed_beside_the_first(flow: Partnerflow, office: Actor) -> None:
    list(flow.admit(LISTED, by=office))
    newer = Licensed("edfi:1", attrs.evolve(LICENCE.licence, starts_on=date(2026, 1, 1), ends_on=date(2027, 12, 31)))
    (filed,) = flow.admit([newer], by=office)
    assert filed.outcome == "filed"
    (care,) = flow.find(ids={"edfi": "1"})
    assert flow.explain(care.id)["SAFE-004"].outcome == "passed"


# --- whose word it is -----------------------------------------------------------------------------------------------

SAID: dict[str, Any] = {"licence_type": "School Age Program", "identifier": "594835-c", "status": "active"}
VALID = Licence(**SAID, starts_on=date(2026, 1, 1), ends_on=date(2027, 12, 31))
LONGER = attrs.evolve(VALID, ends_on=date(2029, 12, 31))


def of_kind(flow: Partnerflow, p: Partnership, kind: str) -> list[Entry]:
    return [entry for entry in flow.entries_of(p.id) if entry.kind == kind]


def unconfirmed(flow: Partnerflow, p: Partnership) -> list[Record]:
    return [word.entry.record for word in flow.dossier(p.id).waiting]


@pytest.fixture
def care(flow: Partnerflow, office: Actor) -> Partnership:
    list(flow.admit([SCHOOL, CARE], by=office))
    (found,) = flow.find(ids={"edfi": "1"})
    return found


def rep_of(p: Partnership) -> Actor:
    return Actor("i.moreno", "partner", {"partner"}, partner_id=p.partner_id)


def test_what_is_listed_of_partners_is_their_word_and_of_sites_the_districts(flow: Partnerflow, office: Actor) -> None:
    list(flow.admit(LISTED, by=office))
    for p in flow.find():
        assert {entry.word_of for entry in flow.entries_of(p.id) if entry.kind in ("partner", "licence")} == {"partner"}
    assert [entry.word_of for entry in flow.district_file()] == [None]


def test_what_is_listed_counts_at_once_and_the_partners_next_word_on_it_too(
    flow: Partnerflow, office: Actor, care: Partnership
) -> None:
    list(flow.admit([Licensed("edfi:1", VALID)], by=office))
    assert flow.dossier(care.id).all(Licence) == (VALID,)
    flow.file(care.id, LONGER, by=rep_of(care))
    assert (flow.dossier(care.id).all(Licence), unconfirmed(flow, care)) == ((LONGER,), [])


def test_an_import_that_confirms_is_the_districts_word_on_which_the_partners_next_one_waits(
    flow: Partnerflow, office: Actor, care: Partnership
) -> None:
    list(flow.admit([CARE, Licensed("edfi:1", VALID)], by=office, confirm=True))
    assert of_kind(flow, care, "licence")[-1].word_of is None
    flow.file(care.id, LONGER, by=rep_of(care))
    assert (flow.dossier(care.id).all(Licence), unconfirmed(flow, care)) == ((VALID,), [LONGER])


def test_an_import_of_what_waits_leaves_it_waiting_and_confirms_it_only_where_told_to(
    flow: Partnerflow, office: Actor, care: Partnership, everything: Callable
) -> None:
    list(flow.admit([Licensed("edfi:1", VALID)], by=office, confirm=True))
    flow.file(care.id, LONGER, by=rep_of(care))
    before = everything(flow)
    (repeated,) = flow.admit([Licensed("edfi:1", LONGER)], by=office)
    assert (repeated.outcome, unconfirmed(flow, care)) == ("unchanged", [LONGER])
    assert everything(flow) == before
    (confirmed,) = flow.admit([Licensed("edfi:1", LONGER)], by=office, confirm=True)
    assert (confirmed.outcome, unconfirmed(flow, care)) == ("filed", [])
    assert flow.dossier(care.id).all(Licence) == (LONGER,)
    again = everything(flow)
    assert [each.outcome for each in flow.admit([Licensed("edfi:1", LONGER)], by=office, confirm=True)] == ["unchanged"]
    assert everything(flow) == again


def test_an_import_that_confirms_stands_behind_what_was_imported_before_and_once(
    flow: Partnerflow, office: Actor, care: Partnership, everything: Callable
) -> None:
    listed = [CARE, Licensed("edfi:1", VALID)]
    list(flow.admit(listed, by=office))
    assert [each.outcome for each in flow.admit(listed, by=office, confirm=True)] == ["updated", "filed"]
    assert [of_kind(flow, care, kind)[-1].word_of for kind in ("partner", "licence")] == [None, None]
    before = everything(flow)
    assert [each.outcome for each in flow.admit(listed, by=office, confirm=True)] == ["unchanged", "unchanged"]
    assert [each.outcome for each in flow.admit(listed, by=office)] == ["unchanged", "unchanged"]
    assert everything(flow) == before


def test_an_import_takes_in_no_fact_that_waits(flow: Partnerflow, office: Actor, care: Partnership) -> None:
    ours = attrs.evolve(flow.partner(care.partner_id), kind="employer", has_employees=True)
    flow.file(care.id, ours, by=office)
    flow.file(care.id, attrs.evolve(ours, kind="civic", has_employees=False), by=rep_of(care))
    renamed = Listing(attrs.evolve(CARE.partner, name="After School Care Inc."), "active")
    list(flow.admit([renamed], by=office))
    assert flow.partner(care.partner_id) == attrs.evolve(ours, name="After School Care Inc.")


def test_a_kind_that_is_confirmed_always_waits_though_the_office_types_it_in(
    flow: Partnerflow, office: Actor, care: Partnership
) -> None:
    check = BackgroundCheck(person="x", result="clear")
    flow.file(care.id, check, VALID, by=office, word_of="partner")
    assert unconfirmed(flow, care) == [check]
    assert flow.dossier(care.id).all(Licence) == (VALID,)
