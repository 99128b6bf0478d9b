"""Partnerships begin in two ways, proposed or adopted, and a partner may have any number of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from uuid import uuid4

import pytest

from partnerflow import Actor, InvalidRecord, InvalidRequest, NotFound, Partner, Partnerflow, Refused, State
from partnerflow.records import BackgroundCheck, Insurance, Scope
from partnerflow.testing.clock import TickingClock


def test_what_is_proposed_stands_in_intake(flow: Partnerflow, office: Actor, riverbend: Partner) -> None:
    p = flow.propose(riverbend, by=office, reason="they offered")
    assert (p.state, p.since, p.version, p.succeeds) == (State.INTAKE, date(2026, 9, 15), 1, None)
    assert flow.partner(p.partner_id) == riverbend
    (first,) = flow.history(p.id)
    assert (first.trigger, first.source, first.target, first.by, first.reason) == (
        "propose", None, "intake", "a.anderson", "they offered",
    )  # fmt: skip
    (told,) = flow.store.outgoing()
    assert told.type == "org.partnerflow.partnership.proposed.v1"


def test_one_partner_has_many_partnerships_and_files_its_certificate_once(
    flow: Partnerflow, office: Actor, riverbend: Partner
) -> None:
    first = flow.propose(riverbend, by=office)
    second = flow.propose(first.partner_id, by=office)
    assert (second.partner_id, second.state) == (first.partner_id, "intake")
    assert first.id != second.id
    flow.file(first.id, Insurance(line="general_liability"), Scope(sites={"s1"}), by=office)
    assert [entry.kind for entry in flow.dossier(first.id).entries] == ["insurance", "scope"]
    assert [entry.kind for entry in flow.dossier(second.id).entries] == ["insurance"]


def test_a_partner_that_is_known_elsewhere_is_not_taken_in_twice(flow: Partnerflow, office: Actor) -> None:
    known = flow.propose(Partner(name="A", ids={"edfi": "1", "ein": "9"}), by=office)
    for begin in (
        lambda partner: flow.propose(partner, by=office),
        lambda partner: flow.adopt(partner, state="active", by=office, reason="in place"),
    ):
        with pytest.raises(InvalidRequest, match=f"edfi:1: is partner {known.partner_id}"):
            begin(Partner(name="B", ids={"edfi": "1"}))
    flow.propose(Partner(name="B", ids={"edfi": "9"}), by=office)
    assert len(list(flow.find())) == 2


def test_a_partner_that_nobody_knows_is_not_found(flow: Partnerflow, office: Actor) -> None:
    with pytest.raises(NotFound):
        flow.propose(uuid4(), by=office)
    with pytest.raises(NotFound):
        flow.adopt(uuid4(), state="active", by=office, reason="in place")


@pytest.mark.parametrize("state", ["intake", "vetting", "onboarding", "active", "improvement_plan"])
def test_what_was_there_before_us_is_adopted_as_it_stands(flow: Partnerflow, office: Actor, state: str) -> None:
    a = flow.adopt(Partner(name="A"), state=state, since=date(2019, 8, 1), by=office, reason="in place")
    assert (a.state, a.since, a.version) == (state, date(2019, 8, 1), 1)
    (first,) = flow.history(a.id)
    assert (first.trigger, first.target, first.reason) == ("adopt", state, "in place")
    assert flow.dossier(a.id).partnership == a


def test_what_an_adopted_partnership_lacks_is_recorded_and_reported(flow: Partnerflow, office: Actor) -> None:
    a = flow.adopt(Partner(name="A"), state="active", by=office, reason="in place")
    assert '"SAFE-002"' in flow.history(a.id)[0].decision
    report = flow.explain(a.id)
    assert {"SAFE-002", "AGR-001", "NEED-001"} <= {finding.code for finding in report.broken}
    assert {notice.code for notice in flow.sweep().broken} == {finding.code for finding in report.broken}


def test_nothing_is_adopted_into_a_final_or_unknown_state(flow: Partnerflow, office: Actor) -> None:
    for state in ("terminated", "Active", ""):
        with pytest.raises(InvalidRequest, match="can be adopted as intake, vetting"):
            flow.adopt(Partner(name="A"), state=state, by=office, reason="in place")
    assert list(flow.find()) == []


def test_adopting_needs_a_reason(flow: Partnerflow, office: Actor) -> None:
    for reason in ("", "  \n"):
        with pytest.raises(Refused) as refused:
            flow.adopt(Partner(name="A"), state="active", by=office, reason=reason)
        assert refused.value.lacks == ("reason",)
    assert list(flow.find()) == []


def test_nothing_was_adopted_after_the_day_on_which_it_was(
    flow: Partnerflow, office: Actor, clock: TickingClock
) -> None:
    at = clock.peek()
    clock.move_on(days=10)
    with pytest.raises(InvalidRequest, match="since=2026-09-16"):
        flow.adopt(Partner(name="A"), state="active", since=date(2026, 9, 16), at=at, by=office, reason="in place")
    a = flow.adopt(Partner(name="A"), state="active", since=date(2026, 9, 15), at=at, by=office, reason="in place")
    assert a.since == date(2026, 9, 15)


def test_one_that_comes_back_names_the_one_it_succeeds(flow: Partnerflow, office: Actor, walked_to: Callable) -> None:
    ended = walked_to(flow, "terminated")
    back = flow.propose(ended.partner_id, by=office, succeeds=ended.id)
    assert (back.succeeds, back.state, back.id != ended.id) == (ended.id, "intake", True)
    assert flow.dossier(back.id).partnership.succeeds == ended.id


def test_only_an_ended_partnership_of_the_same_partner_is_succeeded(flow: Partnerflow, office: Actor) -> None:
    running = flow.adopt(Partner(name="A"), state="active", by=office, reason="in place")
    other = flow.propose(Partner(name="B"), by=office)
    flow.fire(other.id, "withdraw", by=office, reason="no")
    with pytest.raises(InvalidRequest, match="is in active"):
        flow.propose(running.partner_id, by=office, succeeds=running.id)
    with pytest.raises(InvalidRequest, match="another partner"):
        flow.propose(running.partner_id, by=office, succeeds=other.id)
    with pytest.raises(NotFound):
        flow.propose(running.partner_id, by=office, succeeds=uuid4())


def test_a_partner_of_the_wrong_shape_leaves_nothing(flow: Partnerflow, office: Actor, everything: Callable) -> None:
    before = everything(flow)
    for wrong in (
        Partner(name="A", summary=3),
        Partner(name="A", classification="friend"),
        Partner(name="A", ids={"edfi": 1}),
    ):  # type: ignore[arg-type]
        for call in (
            lambda partner: flow.propose(partner, by=office),
            lambda partner: flow.register(partner, by=office),
        ):
            with pytest.raises(InvalidRecord):
                call(wrong)
    for text in ("nul \0", "half \ud800"):
        with pytest.raises(InvalidRequest):
            flow.propose(Partner(name=text), by=office)
        with pytest.raises(InvalidRequest):
            flow.propose(Partner(name="A"), by=office, reason=text)
    assert everything(flow) == before


def test_who_may_not_propose_is_refused_and_leaves_nothing(flow: Partnerflow, everything: Callable) -> None:
    before = everything(flow)
    with pytest.raises(Refused) as refused:
        flow.propose(Partner(name="A"), by=Actor("x"))
    assert refused.value.decision.codes == ("AUTH-001",)
    with pytest.raises(Refused):
        flow.adopt(Partner(name="A"), state="active", reason="in place", by=Actor("p", "school", {"principal"}))
    with pytest.raises(Refused):
        flow.register(Partner(name="A"), by=Actor("x"))
    assert everything(flow) == before


def test_an_organisation_can_be_on_file_without_a_partnership(flow: Partnerflow, office: Actor) -> None:
    known = flow.register(Partner(name="Alliance", ids={"edfi": "19"}), by=office)
    assert flow.register(Partner(name="Other name", ids={"edfi": "19"}), by=office) == known
    assert flow.partner(known).name == "Alliance"
    assert list(flow.find()) == []
    assert flow.propose(known, by=office).partner_id == known
    flow.verify()


def test_what_is_about_the_partner_judges_each_of_its_live_partnerships(
    flow: Partnerflow, office: Actor, walked_to: Callable, clock: TickingClock
) -> None:
    first = walked_to(flow, "active")
    second = walked_to(flow, "active", partner=first.partner_id, site="255901044")
    assert flow.sweep().notices == ()
    flow.file(
        first.id, BackgroundCheck(person="j.rivera", result="not_clear", cleared_on=clock.peek().date()), by=office
    )
    told = flow.sweep().broken
    assert sorted((notice.partnership_id, notice.code) for notice in told) == sorted(
        [(first.id, "SAFE-001"), (second.id, "SAFE-001")]
    )
