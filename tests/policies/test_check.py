"""`pack.check`: policies alone, on a mapping or a dossier, with or without a trigger and somebody who asks."""

from __future__ import annotations

import json
from datetime import date
from typing import Any
from uuid import UUID

import attrs
import pytest

from partnerflow.actors import Actor
from partnerflow.dossier import Dossier
from partnerflow.errors import InvalidRecord, InvalidRequest
from partnerflow.lifecycle import DEFAULT, Move, Row, State
from partnerflow.policies import FILE, Report, load_pack
from partnerflow.records import Evaluation, Record, Scope
from partnerflow.testing import BOARD, EXAMPLE_DAY, OFFICE, example_dossier

PACK = load_pack("default")
MAPPING = example_dossier().to_mapping()
SITE = "255901001"


def check(state: str = State.ACTIVE, **question: Any) -> Report:
    trigger = question.get("trigger")
    return PACK.check(example_dossier(state, trigger=trigger), on=EXAMPLE_DAY, **question)


def codes(findings: tuple[Any, ...]) -> list[str]:
    return [finding.code for finding in findings]


# --- what is asked --------------------------------------------------------------------------------------------------


def test_a_mapping_and_a_dossier_are_judged_alike() -> None:
    assert PACK.check(MAPPING, on=EXAMPLE_DAY) == PACK.check(example_dossier(), on=EXAMPLE_DAY)
    assert PACK.check(json.loads(json.dumps(MAPPING)), on=EXAMPLE_DAY).ok


@pytest.mark.parametrize("state", State)
def test_without_a_trigger_exactly_what_holds_in_the_state_is_asked(state: str) -> None:
    report = check(state)
    assert set(report.by_code) == {rule.policy.code for rule in PACK if state in rule.holds_in}
    assert report.ok
    assert report.blocking == report.broken
    assert report.not_asked == ()
    assert (report.state, report.trigger, report.on) == (state, None, EXAMPLE_DAY)


STEPS = [(str(source), row) for row in DEFAULT.rows for source in row.sources]


@pytest.mark.parametrize(("source", "row"), STEPS, ids=lambda given: given if isinstance(given, str) else given.trigger)
def test_the_example_may_take_every_step_with_what_that_step_asks_for(source: str, row: Row) -> None:
    by = BOARD if row.trigger == "approve" else OFFICE
    report = check(source, trigger=row.trigger, by=by, reason="board 2026-09-08")
    assert report.ok, report.explain()
    assert report.noted == ()
    (target,) = DEFAULT.targets(row, source)
    assert report.state == target
    asked = {rule.policy.code for rule in PACK if rule.guards_trigger(row.trigger) or target in rule.holds_in}
    assert set(report.by_code) == asked


@pytest.mark.parametrize(("source", "row"), STEPS, ids=lambda given: given if isinstance(given, str) else given.trigger)
def test_only_a_step_that_advances_is_stopped_by_what_holds_in_its_target(source: str, row: Row) -> None:
    dossier = example_dossier(source, trigger=row.trigger, without={"background_check", "insurance", "need"})
    by = BOARD if row.trigger == "approve" else OFFICE
    report = PACK.check(dossier, on=EXAMPLE_DAY, trigger=row.trigger, by=by)
    broken = set(codes(report.broken))
    assert broken == {code for code in ("NEED-001", "SAFE-001", "SAFE-002") if report.state in PACK[code].holds_in}
    assert set(codes(report.blocking)) == (broken if row.advances else set())
    assert broken <= set(codes(report.blocking)) | set(codes(report.noted))


@pytest.mark.parametrize(("state", "trigger"), [("active", "approve"), ("terminated", "end"), ("intake", "propose")])
def test_a_trigger_that_is_not_legal_is_an_error_that_names_those_that_are(state: str, trigger: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        check(state, trigger=trigger)
    assert caught.value.argument == "trigger"
    assert f"cannot be asked in {state}" in caught.value.remedy
    for legal in DEFAULT.legal(state) or ("nothing",):
        assert legal in caught.value.remedy


def test_a_state_that_the_table_does_not_know_is_an_error_that_names_those_that_it_does() -> None:
    with pytest.raises(InvalidRequest, match="lifecycle default 1 has intake, vetting"):
        PACK.check({**MAPPING, "partnership": {"state": "paused"}}, on=EXAMPLE_DAY)


def test_a_table_of_the_host_s_own_is_asked_about_its_own_steps() -> None:
    table = DEFAULT.evolve(
        name="ours",
        version="1",
        states=["paused"],
        rows=[
            Row("pause", sources=["active"], target="paused", event="paused", cites=["TK-9"]),
            Row("resume", sources=["paused"], target="active", event="resumed", cites=["TK-9"], advances=True),
        ],
    )
    resting = {**MAPPING, "partnership": {"state": "paused"}}
    assert PACK.check(resting, on=EXAMPLE_DAY, lifecycle=table).findings == ()
    assert PACK.check(resting, on=EXAMPLE_DAY, trigger="resume", by=OFFICE, lifecycle=table).ok
    late = PACK.check(resting, on=date(2027, 7, 1), trigger="resume", by=OFFICE, lifecycle=table)
    assert "SAFE-002" in codes(late.blocking)


def test_a_mapping_of_the_wrong_shape_is_an_error_with_every_fault() -> None:
    with pytest.raises(InvalidRecord) as caught:
        PACK.check({"partner": {}, "records": [{"kind": "insurance", "line": 3}]}, on=EXAMPLE_DAY)
    assert {fault.path for fault in caught.value.faults} == {"/partner/name", "/partnership", "/records/0/line"}


def test_one_policy_can_be_asked_alone() -> None:
    finding = PACK["SAFE-002"](MAPPING, on=EXAMPLE_DAY)
    assert (finding.code, finding.outcome, finding.until) == ("SAFE-002", "passed", date(2027, 6, 30))
    bare = example_dossier(without={"insurance"})
    assert PACK["SAFE-002"](bare, on=EXAMPLE_DAY).outcome == "missing"
    assert PACK["SAFE-002"].policy(bare, EXAMPLE_DAY).outcome == "missing"


def test_a_policy_judges_the_partnership_as_it_would_stand_after_the_move() -> None:
    report = PACK.check(example_dossier(State.ONBOARDING, without={"insurance"}), on=EXAMPLE_DAY, trigger="activate")
    assert codes(report.blocking) == ["SAFE-002"]
    assert codes(report.broken) == ["SAFE-002"]


# --- who asks -------------------------------------------------------------------------------------------------------


def test_without_anybody_who_asks_authority_is_listed_and_not_asked() -> None:
    report = check(State.VETTING, trigger="approve")
    assert report.ok
    assert report.not_asked == ("LIA-005", "AUTH-001", "AUTH-003")
    assert "not asked, because nobody was named who asks: LIA-005, AUTH-001, AUTH-003" in report.explain()
    assert check(State.VETTING, trigger="approve", by=BOARD).not_asked == ()


def principal(*sites: str, role: str = "principal") -> Actor:
    return Actor("p.park", side="school", roles={role}, sites=set(sites))


def partner(partner_id: UUID | None) -> Actor:
    return Actor("i.moreno", side="partner", roles={"partner"}, partner_id=partner_id)


OURS = example_dossier().partnership.partner_id


def called(one: object) -> str:
    """Name an actor, in words that are the same in every run."""
    if not isinstance(one, Actor):
        return str(one)
    return " ".join([one.id, one.side, *sorted(one.roles), *sorted(one.sites or ()), str(one.partner_id or "")])


@pytest.mark.parametrize(
    ("by", "trigger", "allowed"),
    [
        (OFFICE, "open_improvement_plan", True),
        (principal(SITE), "open_improvement_plan", True),
        (principal(SITE, role="program_lead"), "open_improvement_plan", True),
        (principal("*"), "open_improvement_plan", True),
        (principal("255901044", SITE), "open_improvement_plan", True),
        (principal("255901044"), "open_improvement_plan", False),
        (principal(), "open_improvement_plan", False),
        (attrs.evolve(principal(), sites=None), "open_improvement_plan", False),
        (principal(SITE), "renew", False),
        (attrs.evolve(OFFICE, sites={SITE}), "renew", True),
        (attrs.evolve(OFFICE, sites={"255901044"}), "renew", False),
        (attrs.evolve(OFFICE, roles={"principal", "partnership_office"}, sites={SITE}), "renew", True),
        (partner(OURS), "end", True),
        (partner(OURS), "renew", False),
        (partner(UUID(int=7)), "end", False),
        (partner(None), "end", False),
        (Actor("sis", side="system"), "renew", False),
        (Actor("sis", side="system", roles={"partnership_office"}), "renew", True),
        (Actor("x", roles={"superintendent"}), "renew", False),
    ],
    ids=called,
)
def test_a_step_is_for_those_whose_role_may_take_it_here(by: Actor, trigger: str, *, allowed: bool) -> None:
    report = check(trigger=trigger, by=by)
    assert (report["AUTH-001"].outcome == "passed") is allowed
    assert report.ok is allowed
    assert codes(report.blocking) == ([] if allowed else ["AUTH-001"])


def test_a_refusal_names_who_asked_and_the_roles_that_may() -> None:
    (problem,) = check(trigger="renew", by=principal(SITE))["AUTH-001"].problems
    assert problem.message == "p.park (school) holds no role that may fire renew; these may: partnership_office"
    (problem,) = check(trigger="open_improvement_plan", by=principal("255901044"))["AUTH-001"].problems
    assert problem.message == f"p.park may not act at {SITE}"


def test_a_role_of_certain_sites_may_do_nothing_where_no_site_is_on_file() -> None:
    dossier = example_dossier(trigger="open_improvement_plan", without={"scope"})
    report = PACK.check(dossier, on=EXAMPLE_DAY, trigger="open_improvement_plan", by=principal(SITE))
    assert report["AUTH-001"].outcome == "missing"


def filing(*records: Record, by: Actor, state: str = State.ACTIVE) -> Report:
    move = Move(FILE, state, state, by=by)
    return PACK.evaluate(attrs.evolve(example_dossier(state), move=move, filing=records), EXAMPLE_DAY)


def test_filing_asks_only_who_files() -> None:
    report = filing(Evaluation(rating="effective"), by=principal(SITE))
    assert report.ok
    assert set(report.by_code) == {"AUTH-002", "AUTH-004"}
    assert not filing(Evaluation(rating="effective"), by=partner(OURS)).ok


def test_nobody_files_their_way_into_a_site_that_is_not_theirs() -> None:
    assert filing(Scope(level="school", sites=frozenset({SITE})), by=principal(SITE)).ok
    assert not filing(Scope(level="school", sites=frozenset({SITE, "255901044"})), by=principal(SITE)).ok
    assert not filing(Scope(level="school", sites=frozenset({"255901044"})), by=principal("255901044")).ok


def test_nobody_approves_what_they_proposed() -> None:
    assert codes(check(State.VETTING, trigger="approve", by=OFFICE).blocking) == ["AUTH-003"]
    assert check(State.VETTING, trigger="approve", by=BOARD).ok
    held = example_dossier(State.VETTING)
    headless = attrs.evolve(held, moves=(held.moves or ())[1:])
    report = PACK.check(headless, on=EXAMPLE_DAY, trigger="approve", by=BOARD)
    assert report["AUTH-003"].outcome == "missing", "where the beginning is not on file, nobody knows who proposed it"


def test_cause_needs_another_person_since_the_state_was_entered() -> None:
    assert check(trigger="terminate_for_cause", by=OFFICE).ok
    assert codes(check(trigger="terminate_for_cause", by=BOARD).blocking) == ["END-002"]
    approved = example_dossier(trigger="terminate_for_cause")
    entered_again = attrs.evolve(
        approved,
        moves=(
            *(approved.moves or ()),
            Move("open_improvement_plan", "active", "improvement_plan", by=OFFICE),
            Move("reinstate", "improvement_plan", "active", by=OFFICE),
        ),
    )
    report = PACK.check(entered_again, on=EXAMPLE_DAY, trigger="terminate_for_cause", by=OFFICE)
    assert report["END-002"].problems[0].message == "is from before the partnership came to this state"


# --- what a report says ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trigger", [None, "renew", "open_improvement_plan"])
@pytest.mark.parametrize("without", [set(), {"insurance", "background_check", "agreement", "review"}])
def test_a_report_as_json_is_the_report_as_data(trigger: str | None, without: set[str]) -> None:
    report = PACK.check(example_dossier(without=without), on=EXAMPLE_DAY, trigger=trigger, by=OFFICE)
    data = json.loads(report.to_json())
    assert data == report.to_data()
    assert data["schema"] == "partnerflow.report/1"
    assert data["ok"] is report.ok
    assert data["blocking"] == codes(report.blocking)
    assert data["broken"] == codes(report.broken)
    assert [finding["code"] for finding in data["findings"]] == codes(report.findings)
    assert data["pack"] == {"name": "default", "version": "1", "digest": PACK.digest}


def test_a_problem_points_into_the_mapping_by_json_pointer() -> None:
    low = [{**r, "per_occurrence": "1 USD"} if r["kind"] == "insurance" else r for r in MAPPING["records"]]
    place = next(place for place, record in enumerate(low) if record["kind"] == "insurance")
    report = PACK.check({**MAPPING, "records": low}, on=EXAMPLE_DAY)
    (problem,) = report["SAFE-002"].problems
    assert problem.path == f"/records/{place}/per_occurrence"
    assert problem.message == "1 USD is below 1000000 USD"
    data = next(finding for finding in report.to_data()["findings"] if finding["code"] == "SAFE-002")
    assert data["problems"][0]["template"] == "{actual} is below {minimum}"
    assert data["problems"][0]["facts"] == {"actual": "1 USD", "minimum": "1000000 USD"}


def test_an_explanation_says_what_is_wrong_where_and_what_would_mend_it() -> None:
    report = PACK.check(example_dossier(without={"insurance"}), on=EXAMPLE_DAY)
    said = report.explain()
    assert said.startswith(f"Riverbend Youth Center on 2026-09-15 (active), by pack {PACK.ref}:")
    assert "SAFE-002 missing: General liability cover meets the minimum [SPPS-V.4b.2]" in said
    assert "To mend it: Ask the partner's insurer for a certificate of at least 1000000 USD per occurrence." in said
    assert "everything holds" in check().explain()
    assert "nothing stands in the way of renew" in check(trigger="renew", by=OFFICE).explain()


def test_an_empty_file_is_told_everything_that_is_lacking_at_once() -> None:
    empty = {"partner": {"name": "Riverbend Youth Center"}, "partnership": {"state": "active"}}
    report = PACK.check(empty, on=EXAMPLE_DAY)
    assert {finding.outcome for finding in report.findings} == {"missing"}
    assert len(report.findings) == len([rule for rule in PACK if "active" in rule.holds_in])
    assert report.blocking == tuple(finding for finding in report.findings if finding.severity == "blocking")


def test_a_policy_that_lapsed_says_on_which_day_it_last_held() -> None:
    report = PACK.check(MAPPING, on=date(2027, 7, 15))
    assert report["SAFE-002"].lapsed_on == date(2027, 6, 30)
    assert "general liability cover ends on 2027-06-30, which has passed" in report.explain()


def test_what_time_alone_will_mend_says_when() -> None:
    signed_later = [
        {**record, "signed_by_partner_on": "2026-09-20"} if record["kind"] == "agreement" else record
        for record in MAPPING["records"]
    ]
    later = {**MAPPING, "records": signed_later}
    report = PACK.check(later, on=EXAMPLE_DAY)
    assert report["AGR-001"].mends_on == date(2026, 9, 20)
    assert PACK.due_dates(report, Dossier.from_mapping(later))["AGR-001"] == date(2026, 9, 19)
    assert PACK.check(later, on=date(2026, 9, 20)).ok
