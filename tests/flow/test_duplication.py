"""Two partners who offer the same at the same place are seen before both are let in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import attrs
import pytest

from partnerflow import Actor, Filing, Partner, Partnerflow, Refused
from partnerflow.records import DuplicationDecision, Service, Waiver, WaiverRequest


def test_the_second_at_a_site_is_held_up_until_somebody_decides(
    flow: Partnerflow, office: Actor, board: Actor, walked_to: Callable
) -> None:
    first = walked_to(flow, "active")
    second = walked_to(flow, "vetting", partner=_tutors())
    with pytest.raises(Refused) as refused:
        flow.fire(second.id, "approve", by=board)
    assert refused.value.decision.codes == ("DUP-001",)
    assert f"Riverbend Youth Center already offers tutoring there (partnership {first.id})" in str(refused.value)
    assert flow.attempts(second.id)[0].codes == ("DUP-001",)
    flow.file(second.id, _decided(first.id, "decline"), by=office)
    assert flow.check(second.id, "approve", by=board).codes == ("DUP-001",)
    flow.file(second.id, _decided(first.id, "both"), by=office)
    assert flow.fire(second.id, "approve", by=board).target == "onboarding"
    assert flow.check(first.id, "renew", by=office).allowed  # who was there first is left in peace


def test_another_site_another_subject_or_an_ended_neighbour_is_no_duplication(
    flow: Partnerflow, office: Actor, board: Actor, walked_to: Callable
) -> None:
    first = walked_to(flow, "active")
    elsewhere = walked_to(flow, "vetting", partner=_tutors(), site="255901044")
    assert flow.check(elsewhere.id, "approve", by=board).allowed
    second = walked_to(flow, "vetting", partner=_tutors())
    assert not flow.check(second.id, "approve", by=board).allowed
    service = flow.dossier(second.id).latest(Service)
    flow.file(second.id, attrs.evolve(service, content_areas={"music"}), by=office)
    assert flow.check(second.id, "approve", by=board).allowed
    flow.file(second.id, service, by=office)
    assert not flow.check(second.id, "approve", by=board).allowed
    flow.file(first.id, *_notice(), by=office)
    flow.fire(first.id, "end", by=office, reason="term end")
    assert flow.check(second.id, "approve", by=board).allowed


def test_leave_to_double_one_partner_is_none_to_double_another(
    flow: Partnerflow, office: Actor, board: Actor, walked_to: Callable
) -> None:
    walked_to(flow, "active")
    second = walked_to(flow, "vetting", partner=_tutors())
    until = flow.today() + timedelta(days=30)
    flow.file(second.id, WaiverRequest("DUP-001", reason="one term", expires_on=until), by=office)
    granted = Waiver("DUP-001", reason="one term", requested_by=office.id, expires_on=until)
    flow.file(second.id, granted, by=board)
    assert flow.check(second.id, "approve", by=board).allowed
    walked_to(flow, "intake", partner=attrs.evolve(_tutors(), name="Eastside Tutors"))
    assert flow.check(second.id, "approve", by=board).codes == ("DUP-001",)
    (done,) = flow.file_many([Filing(second.id, [granted])], by=board, key="again")
    assert done.error is None
    assert flow.check(second.id, "approve", by=board).allowed


def test_one_partner_can_double_itself_too(flow: Partnerflow, board: Actor, walked_to: Callable) -> None:
    first = walked_to(flow, "active")
    second = walked_to(flow, "vetting", partner=first.partner_id)
    assert flow.check(second.id, "approve", by=board).codes == ("DUP-001",)


def test_a_service_at_every_site_is_a_neighbour_of_each(
    flow: Partnerflow, office: Actor, board: Actor, walked_to: Callable
) -> None:
    first = walked_to(flow, "active", site="255901044")
    second = walked_to(flow, "vetting", partner=_tutors())
    assert flow.check(second.id, "approve", by=board).allowed
    service = flow.dossier(first.id).latest(Service)
    flow.file(first.id, attrs.evolve(service, sites={"*"}), by=office)
    assert flow.check(second.id, "approve", by=board).codes == ("DUP-001",)


def test_a_dossier_shows_its_neighbours_and_a_past_one_says_that_nobody_looked(
    flow: Partnerflow, walked_to: Callable
) -> None:
    first, second = walked_to(flow, "active"), walked_to(flow, "intake", partner=_tutors())
    (near,) = flow.dossier(second.id).neighbours
    assert (near.partnership_id, near.partner, near.service.service) == (
        str(first.id), "Riverbend Youth Center", "tutoring",
    )  # fmt: skip
    assert flow.dossier(second.id, as_of=flow.clock()).neighbours is None


def _tutors() -> Partner:
    return Partner(
        name="Northside Tutors", kind="community_organization", classification="partner",
        licences_required=("School Age Program",),
    )  # fmt: skip


def _decided(with_partnership: object, decision: str) -> DuplicationDecision:
    return DuplicationDecision(with_partnership=str(with_partnership), decision=decision, reason="a long waiting list")  # type: ignore[arg-type]


def _notice() -> tuple:
    from partnerflow.testing import example_records

    return tuple(each for each in example_records(trigger="end") if each.kind_info.name == "termination_notice")
