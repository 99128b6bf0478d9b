"""What an outside system lists is taken in as it stands there, and twice changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import attrs
import pytest

from partnerflow import Actor, Partner, Partnerflow, Refused
from partnerflow.ports import Licensed, Listing
from partnerflow.records import Licence, Site

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
