"""Where policies turn: the first and the last day, the exception, and what is said where several things are wrong."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import attrs
import pytest

from partnerflow.actors import Actor
from partnerflow.lifecycle import Move
from partnerflow.partnership import NOT_STORED
from partnerflow.policies import Finding, Policy, Role, load_pack
from partnerflow.policies.card import Example
from partnerflow.policies.shipped import POLICIES

ON = date(2026, 9, 1)
NEXT = ON + timedelta(days=1)
CODES: dict[str, Policy] = {policy.code: policy for policy in POLICIES}
PACK = load_pack("default")


def ask(code: str, example: Example, on: date = ON, **parameters: Any) -> Finding:
    one = CODES[code]
    return one.evaluate(example.dossier(), on, {**one.defaults, **PACK[code].pack_parameters, **parameters})


def shown(code: str, changes: Mapping[str, Any] = {}, *records: Mapping[str, Any], of: str = "passing") -> Example:
    """Return the example on a card with *changes*, by their paths (None takes a part away), and more *records*."""
    card = CODES[code].example(of)
    mapping = copied(card.mapping)
    for path, value in changes.items():
        *way, last = [int(step) if step.isdigit() else step for step in path.split("/")]
        part = mapping
        for step in way:
            part = part[step]
        part[last] = value
    mapping["records"] = [*filter(None, mapping["records"]), *records]
    return attrs.evolve(card, mapping=mapping)


def copied(part: Any) -> Any:
    if isinstance(part, Mapping):
        return {name: copied(value) for name, value in part.items()}
    return [copied(value) for value in part] if isinstance(part, (list, tuple)) else part


def of(code: str, *records: Mapping[str, Any], of_partner: Mapping[str, Any] = {}, **parts: Any) -> Example:
    """Return a file in the state of the card's examples with these records alone."""
    state = CODES[code].example("passing").mapping["partnership"]["state"]
    return Example.of({"partner": of_partner, "records": list(records), **parts}, state)


def said(finding: Finding) -> list[str]:
    return [problem.message for problem in finding.problems]


def told(finding: Finding) -> list[tuple[str, str]]:
    return [(problem.path, problem.message) for problem in finding.problems]


# --- days -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "path"),
    [
        ("AGR-001", "records/0/signed_by_district_on"),
        ("AGR-001", "records/0/signed_by_partner_on"),
        ("AGR-009", "records/1/signed_by_partner_on"),
        ("MUT-001", "records/0/accepted_by/partner"),
        ("MUT-001", "records/2/accepted_by/school"),
        ("MUT-003", "records/0/confirmed_on"),
        ("QUA-001", "records/0/agreed_by/school"),
        ("COM-002", "records/0/committed_by/partner"),
        ("SCH-001", "records/1/signed_on"),
        ("VET-002", "records/0/steps/fit/done_on"),
        ("IMP-003", "records/1/closed_on"),
        ("IMP-004", "records/1/closed_on"),
        ("FND-003", "records/0/discussed_on"),
    ],
)
def test_what_is_done_on_the_day_counts_and_what_is_to_follow_says_when(code: str, path: str) -> None:
    assert ask(code, shown(code, {path: str(ON)})).outcome == "passed"
    finding = ask(code, shown(code, {path: str(NEXT)}))
    assert (finding.outcome, finding.mends_on) == ("failed", NEXT)
    assert all(f"/{path}".startswith(problem.path) for problem in finding.problems)
    assert ask(code, shown(code, {path: str(NEXT)}), NEXT).outcome == "passed"


LASTS = {
    "SAFE-001": date(2029, 7, 31),
    "SAFE-002": date(2027, 6, 30),
    "SAFE-003": date(2027, 6, 15),
    "SAFE-004": date(2027, 12, 31),
    "SAFE-005": date(2027, 6, 30),
    "AGR-001": date(2027, 8, 31),
    "AGR-006": date(2027, 8, 31),
    "SVC-002": date(2027, 6, 15),
    "ACC-001": date(2027, 6, 15),
    "FND-002": date(2026, 11, 30),
    "TRN-001": date(2028, 8, 10),
    "IMP-005": date(2026, 12, 18),
    "REN-001": date(2027, 8, 25),
    "SURV-001": date(2027, 8, 29),
}
"""Until when the passing example of a card stands; that of any other stands without end."""


@pytest.mark.parametrize("one", POLICIES, ids=lambda one: one.code)
def test_an_example_stands_through_its_last_day(one: Policy) -> None:
    last = LASTS.get(one.code)
    assert ask(one.code, shown(one.code)).until == last
    if last is not None and one.code != "ACC-001":  # a grant that ended is asked no longer
        assert ask(one.code, shown(one.code), last).until == last
        after = ask(one.code, shown(one.code), last + timedelta(days=1))
        assert (after.outcome, after.lapsed_on) == ("failed", last)


@pytest.mark.parametrize(
    ("code", "path"),
    [
        ("LIA-001", "records/1/ends_on"),
        ("LIA-002", "records/1/ends_on"),
        ("LIA-003", "records/0/ends_on"),
        ("LIA-004", "records/0/ends_on"),
        ("LIA-005", "records/0/ends_on"),
        ("REG-002", "records/0/ends_on"),
        ("QUA-002", "records/1/ends_on"),
    ],
)
def test_somebody_who_leaves_is_asked_for_until_the_last_day(code: str, path: str) -> None:
    leaving = shown(code, {path: "2026-12-31"})
    assert ask(code, leaving).until == date(2026, 12, 31)
    finding = ask(code, leaving, date(2027, 1, 1))
    assert (finding.outcome, finding.lapsed_on) == ("failed", date(2026, 12, 31))


def test_what_lapsed_more_than_once_lapsed_on_the_first_day() -> None:
    ended = [
        {**copied(CODES["LIA-001"].examples["passing"][place]), "ends_on": day}
        for place, day in enumerate(["2026-08-30", "2026-08-20"])
    ]
    finding = ask("LIA-001", of("LIA-001", *ended))
    assert (len(finding.problems), finding.lapsed_on) == (2, date(2026, 8, 20))


def test_what_time_mends_bit_by_bit_is_mended_on_the_last_day() -> None:
    days = {"records/0/accepted_by/partner": "2026-09-10", "records/1/accepted_by/partner": "2026-09-20"}
    assert ask("MUT-001", shown("MUT-001", days)).mends_on == date(2026, 9, 20)
    assert ask("MUT-001", shown("MUT-001", {**days, "records/2/text": ""})).mends_on is None


def test_an_agreement_is_asked_for_until_another_takes_its_place() -> None:
    (agreement,) = shown("AGR-002").mapping["records"]
    after = {**agreement, "starts_on": "2027-01-01", "ends_on": "2027-12-31", "district_contact": {"name": ""}}
    assert ask("AGR-002", shown("AGR-002", {}, after)).until == date(2026, 12, 31)
    assert ask("AGR-002", shown("AGR-002", {}, after), date(2027, 1, 1)).outcome == "failed"


@pytest.mark.parametrize("field", ["starts_on", "ends_on"])
def test_an_agreement_without_its_days_answers_for_nothing(field: str) -> None:
    finding = ask("AGR-002", shown("AGR-002", {f"records/0/{field}": None}))
    assert told(finding) == [(f"/records/0/{field}", "is not on file")]


# --- exceptions -------------------------------------------------------------------------------------------------------

NOBODY = [{"kind": "service", "service": "supplies", "direct_contact": False}]
DISTRICT = {"kind": "scope", "level": "district", "sites": ["*"]}
ONE_SCHOOL = {"kind": "scope", "level": "school", "sites": ["255901001"]}
ELSEWHERE = {"kind": "service", "service": "summer camp", "on_site": False, "needs_access": []}
OFFICER = {"trigger": "open_improvement_plan", "by": {"id": "a", "side": "district", "roles": ["partnership_office"]}}
LET_OFF = {
    "NEED-002": of("NEED-002", DISTRICT),
    "MUT-006": of("MUT-006", of_partner={"kind": "nonprofit"}),
    "SAFE-001": of("SAFE-001", *NOBODY),
    "SAFE-003": of("SAFE-003", ELSEWHERE),
    "SAFE-004": of("SAFE-004", of_partner={"licences_required": []}),
    "SAFE-005": of("SAFE-005", of_partner={"has_employees": False}),
    "AGR-008": of("AGR-008", *NOBODY),
    "AGR-009": of("AGR-009", {"kind": "profile", "partnership_kind": "long_term"}),
    "SVC-002": of("SVC-002", ELSEWHERE),
    "SVC-003": of("SVC-003", ONE_SCHOOL),
    "ACC-001": shown("ACC-001", {"records/0": None}),
    "ACC-002": shown("ACC-002", {"records/0": None}),
    "FND-001": shown("FND-001", {"records/0/cost": "0 USD", "records/1": None}),
    "LIA-002": of("LIA-002", DISTRICT),
    "LIA-005": of("LIA-005", asks=OFFICER),
    "TRN-001": of("TRN-001", *NOBODY),
    "SCH-001": of("SCH-001", DISTRICT),
    "CON-001": of("CON-001", {"kind": "data_sharing_agreement", "elements": []}),
    "END-003": shown("END-003", {"moves/0/trigger": "decline", "moves/0/source": "vetting", "records/0": None}),
    "AUTH-004": of("AUTH-004", asks={**OFFICER, "trigger": "file"}, filing=[{"kind": "evaluation"}]),
}
ONLY_WHERE_SET = {"SAFE-002", "ORI-001"}
"""Those that let somebody off only where a district says so, which other tests show."""


def test_every_policy_that_lets_somebody_off_is_shown_here() -> None:
    lets_off = {one.code for one in POLICIES if "not_applicable" in one.body.__code__.co_names}
    assert lets_off <= LET_OFF.keys() | ONLY_WHERE_SET


@pytest.mark.parametrize("code", LET_OFF)
def test_whom_it_does_not_concern_is_let_off(code: str) -> None:
    finding = ask(code, LET_OFF[code])
    assert (finding.outcome, finding.problems) == ("not_applicable", ())


@pytest.mark.parametrize(
    ("exempt", "succeeds", "outcome"),
    [
        (True, "0190b4f2-0000-7000-8000-000000000001", "not_applicable"),
        (False, "0190b4f2-0000-7000-8000-000000000001", "missing"),
        (True, None, "missing"),
    ],
)
def test_only_who_comes_back_may_do_without_an_orientation(exempt: bool, succeeds: str | None, outcome: str) -> None:  # noqa: FBT001
    again = of("ORI-001", partnership={"state": "active", "succeeds": succeeds})
    assert ask("ORI-001", again, returning_exempt=exempt).outcome == outcome


def test_only_supervision_of_every_service_takes_the_place_of_cover() -> None:
    services = [
        {"kind": "service", "service": "tutoring", "fully_supervised": True},
        {"kind": "service", "service": "chess", "fully_supervised": False},
    ]
    assert ask("SAFE-002", of("SAFE-002", *services), supervised="exempt").outcome == "missing"
    assert ask("SAFE-002", of("SAFE-002", services[0]), supervised="exempt").outcome == "not_applicable"
    assert ask("SAFE-002", of("SAFE-002", services[0])).outcome == "missing"
    assert ask("SAFE-002", of("SAFE-002"), supervised="exempt").outcome == "missing", "no service is none supervised"


# --- each thing by itself ---------------------------------------------------------------------------------------------

WRONG: list[tuple[str, dict[str, Any], list[str]]] = [
    ("SAFE-002", {"records/0/per_occurrence": "2000000 EUR"}, ["2000000 EUR is not in USD"]),
    ("SAFE-001", {"records/2/result": "not_clear"}, ["the check of j.rivera did not come out clear"]),
    ("TRN-001", {"records/3/high_quality": False}, ["the training of j.rivera was not good enough"]),
    ("MUT-004", {"records/0/held_by": ["partner"]}, ["the district is not among them"]),
    ("MUT-004", {"records/0/held_by": ["school"]}, ["the partner is not among them"]),
    ("MUT-002", {"records/0/by_side": {"school": "a room"}}, ["it says nothing of the partner"]),
    ("MUT-002", {"records/0/by_side": {"partner": "two tutors"}}, ["it says nothing of the district"]),
    ("ORI-002", {"records/0/sides": ["school"]}, ["the partner is not among them"]),
    ("ORI-002", {"records/0/sides": ["partner"]}, ["neither the district nor the school is among them"]),
    ("ORI-002", {"records/0/topics": ["vision", "expectations"]}, ["priorities was not spoken of"]),
    (
        "LIA-001",
        {"records/0/employer": "other"},
        ["neither the district nor a school nor the partner employs the liaison"],
    ),
    ("LIA-002", {"records/1/employer": "partner"}, ["the school does not employ the champion"]),
    ("LIA-004", {"records/0/employer": "partner"}, ["neither the district nor the school employs them"]),
    ("EVA-001", {"records/0/benefits/partner": "ineffective"}, ["the partner says that it gains nothing"]),
    ("EVA-002", {"records/0/decision": "end"}, ["it was decided to end the partnership"]),
    ("EVA-003", {"records/0/evaluated_on": "2026-04-30"}, ["is from before the present term"]),
    ("EVA-003", {"records/0/evaluated_on": "2026-10-01"}, ["is dated 2026-10-01, which is to come"]),
    ("END-001", {"records/0/cause": "safety"}, ["safety is not for this step"]),
    ("COM-001", {"records/0/channels": []}, ["there is no way to reach each other"]),
    ("AGR-005", {"records/0/milestones": []}, ["none is agreed"]),
    ("IMP-002", {"records/0/items": []}, ["nothing is to be done"]),
    ("FND-003", {"records/0/discussed_by": ["partner"]}, ["neither the district nor a school took part"]),
    ("DUP-001", {"records/1/decision": "decline"}, ["it was decided not to have both"]),
]


@pytest.mark.parametrize(("code", "changes", "sentences"), WRONG)
def test_what_is_wrong_is_said(code: str, changes: dict[str, Any], sentences: list[str]) -> None:
    finding = ask(code, shown(code, changes))
    assert (finding.outcome, said(finding)) == ("failed", sentences)
    (path,) = changes
    assert all(f"/{path}".startswith(problem.path) and problem.path for problem in finding.problems)


ABSENT = [
    ("MUT-002", "records/0/version"),
    ("MUT-002", "records/0/accepted_by"),
    ("AGR-004", "records/0/time_and_space/schedule"),
    ("AGR-004", "records/0/time_and_space/space"),
    ("SAFE-001", "records/2/result"),
    ("IMP-003", "records/1/closed_on"),
    ("IMP-003", "records/1/outcome"),
    ("MUT-002", "records/0/written_on"),
    ("MUT-002", "records/0/by_side"),
    ("AGR-012", "records/1/services"),
    ("TRN-001", "records/2/completed_on"),
    ("TRN-001", "records/2/high_quality"),
    ("LIA-002", "records/1/position"),
    ("ORI-001", "records/0/partner_attended"),
    ("ORI-002", "records/0/topics"),
    ("QUA-001", "records/0/agreed_by"),
    ("SAFE-002", "records/0/per_occurrence"),
    ("SCH-001", "records/1/approved"),
    ("SCH-001", "records/1/signed_on"),
    ("REG-002", "partner/kind"),
    ("REG-002", "records/1/level"),
    ("REG-002", "records/1/sites"),
    ("REG-002", "records/2/summary"),
    ("REG-002", "records/2/content_areas"),
    ("NEED-001", "records/0/purposes"),
    ("NEED-001", "records/0/why_this_partner"),
    ("NEED-002", "records/1/group"),
    ("GOAL-001", "records/0/outcome"),
    ("GOAL-001", "records/0/how"),
    ("GOAL-001", "records/0/current"),
    ("MUT-001", "records/0/version"),
    ("MUT-001", "records/1/text"),
    ("MUT-004", "records/0/held_by"),
    ("MUT-005", "records/0/category"),
    ("MUT-008", "records/0/stated_on"),
    ("MUT-008", "records/0/measure"),
    ("SAFE-003", "records/0/on_site"),
    ("SAFE-003", "records/0/sites"),
    ("SAFE-003", "records/1/paperwork"),
    ("SAFE-004", "records/0/identifier"),
    ("SAFE-004", "records/0/starts_on"),
    ("SAFE-004", "records/0/ends_on"),
    ("AGR-001", "records/0/form"),
    ("AGR-006", "records/0/confidentiality"),
    ("AGR-006", "records/0/purpose"),
    ("AGR-006", "records/0/basis"),
    ("AGR-006", "records/0/caseload_system"),
    ("AMD-001", "records/0/what"),
    ("AMD-001", "records/0/requested_by"),
    ("SVC-001", "records/0/timing"),
    ("SVC-001", "records/0/slots/0/day"),
    ("SVC-002", "records/0/needs_access"),
    ("SVC-002", "records/0/sites"),
    ("SVC-002", "records/1/granted_by"),
    ("ACC-001", "records/0/purpose"),
    ("ACC-001", "records/0/elements"),
    ("ACC-001", "records/1/confidentiality"),
    ("ACC-001", "records/1/purpose"),
    ("ACC-001", "records/1/starts_on"),
    ("ACC-002", "records/0/holder"),
    ("ACC-002", "records/0/starts_on"),
    ("FND-002", "records/0/sources/0/ends_on"),
    ("LIA-001", "records/0/name"),
    ("LIA-001", "records/1/contact"),
    ("LIA-003", "records/0/person"),
    ("LIA-003", "records/0/employer"),
    ("LIA-004", "records/0/assigned_by"),
    ("LIA-005", "records/0/assigned_by"),
    ("ORI-001", "records/0/led_by"),
    ("SCH-001", "records/1/principal"),
    ("COM-001", "records/0/norms"),
    ("COM-001", "records/0/cadence"),
    ("COM-001", "records/0/channels/0/address"),
    ("STK-001", "records/0/given_on"),
    ("CON-001", "records/1/answered_on"),
    ("EVA-001", "records/0/done_by"),
    ("EVA-001", "records/0/evaluated_on"),
    ("EVA-003", "records/0/rating"),
    ("EVA-003", "records/0/evaluated_on"),
    ("EVA-002", "records/0/reasons"),
    ("EVA-002", "records/0/needs"),
    ("EVA-002", "records/0/took_part"),
    ("IMP-001", "records/0/evidence"),
    ("IMP-001", "records/0/evaluated_on"),
    ("IMP-002", "records/0/cause"),
    ("IMP-002", "records/0/starts_on"),
    ("IMP-002", "records/0/ends_on"),
    ("END-001", "records/0/voluntary"),
    ("END-001", "records/0/asked_by"),
    ("END-001", "records/0/notice_on"),
    ("END-001", "records/0/close_out"),
    ("VET-003", "records/0/fit_reason"),
    ("DUP-001", "records/1/reason"),
]


@pytest.mark.parametrize(("code", "path"), ABSENT)
def test_what_is_not_said_is_missing_and_named(code: str, path: str) -> None:
    finding = ask(code, shown(code, {path: None}))
    assert finding.outcome == "missing"
    assert f"/{path}" in {problem.path for problem in finding.problems}


def test_nobody_who_can_be_reached_is_said_of_the_contacts_together() -> None:
    finding = ask("REG-002", shown("REG-002", {"records/0/email": None}))
    assert told(finding) == [
        ("contacts", "nobody at the partner is on file with an e-mail address or a telephone number")
    ]
    assert ask("REG-002", shown("REG-002", {"records/0/email": None, "records/0/phone": "555 0100"})).until is None


@pytest.mark.parametrize(
    "email", ["n/a", "ines", "ines@", "@riverbend.example", "ines@riverbend", "a b@c.example", "-"]
)
def test_an_address_that_is_none_and_a_number_without_a_digit_reach_nobody(email: str) -> None:
    by_mail = {"records/0/email": email, "records/0/phone": "call us"}
    assert ask("REG-002", shown("REG-002", by_mail)).outcome == "missing"
    assert ask("REG-002", shown("REG-002", {**by_mail, "records/0/phone": "555 0100"})).outcome == "passed"
    assert ask("REG-002", shown("REG-002", {"records/0/email": "ines@mail.riverbend.example"})).outcome == "passed"


def test_every_step_and_every_licence_that_is_lacking_is_named() -> None:
    steps = {"records/0/steps/research": {}, "records/0/steps/capacity/by": "", "records/0/steps/fit": {}}
    assert told(ask("VET-002", shown("VET-002", steps))) == [
        ("/records/0/steps/research", "is not done"),
        ("/records/0/steps/capacity/by", "is not on file"),
        ("/records/0/steps/fit", "is not done"),
    ]
    licences = shown("SAFE-004", {"partner/licences_required": ["Transport", "School Age Program", "Kitchen"]})
    assert said(ask("SAFE-004", licences)) == ["none is on file of type Transport", "none is on file of type Kitchen"]


def test_a_score_counts_from_the_minimum_on_and_needs_its_grounds() -> None:
    assert ask("VET-001", shown("VET-001", {"records/0/scores/delivery/score": 1})).outcome == "passed"
    assert ask("VET-001", shown("VET-001", {"records/0/scores/delivery/score": 5})).outcome == "passed"
    assert said(ask("VET-001", shown("VET-001", {"records/0/scores/delivery/score": 6}))) == ["6 is above 5"]
    assert ask("VET-001", shown("VET-001", {"records/0/scores/delivery/score": 90}), highest=100).outcome == "passed"
    low = shown("VET-001", {"records/0/scores/delivery/score": 1, "records/0/scores/capacity/evidence": None})
    assert told(ask("VET-001", low, minimum=2)) == [
        ("/records/0/scores/delivery", "1 is below 2"),
        ("/records/0/scores/capacity/evidence", "is not on file"),
    ]


def test_one_goal_that_both_hold_will_do_whoever_holds_the_others() -> None:
    (goal,) = shown("MUT-004").mapping["records"]
    alone = {**goal, "goal": "a new gymnasium", "held_by": ["school"]}
    assert ask("MUT-004", shown("MUT-004", {}, alone)).outcome == "passed"
    assert ask("MUT-004", of("MUT-004", {**goal, "held_by": ["school", "partner"]})).outcome == "passed"
    business = {**goal, "goal": "buildings", "category": "organization", "domain": "other"}
    assert ask("MUT-005", shown("MUT-005", {}, business)).outcome == "passed"


def test_a_gain_in_words_or_in_kinds_will_do_and_an_empty_one_is_none() -> None:
    for changes in ({"records/0/text": None}, {"records/0/kinds": None}, {"records/0/kinds": []}):
        assert ask("MUT-003", shown("MUT-003", changes)).outcome == "passed"
    nothing = {"records/0/kinds": [], "records/0/text": ""}
    assert said(ask("MUT-003", shown("MUT-003", nothing))) == ["the partner gains nothing"]
    for path in ("records/0/kinds", "records/0/text"):
        assert ask("MUT-003", shown("MUT-003", {**nothing, path: None})).outcome == "missing"


def test_an_expectation_may_be_written_on_the_day_of_the_first_meeting_and_no_earlier() -> None:
    assert ask("MUT-002", shown("MUT-002", {"records/0/written_on": "2026-08-22"})).outcome == "passed"
    later = {"kind": "expectations_meeting", "held_on": "2026-08-30"}
    assert ask("MUT-002", shown("MUT-002", {}, later)).outcome == "passed", "the first meeting counts, not the last"
    early = shown("MUT-002", {"records/0/written_on": "2026-08-21"})
    assert said(ask("MUT-002", early)) == ["is before the first meeting, on 2026-08-22"]


# --- who meets students, and where ------------------------------------------------------------------------------------


def test_only_who_meets_students_is_asked_for_and_who_is_not_said_to_is_missing() -> None:
    packer = {"kind": "person", "person": "m.diaz", "direct_contact": False}
    assert ask("SAFE-001", shown("SAFE-001", {}, packer)).outcome == "passed"
    unsaid = shown("SAFE-001", {}, {"kind": "person", "person": "m.diaz"})
    assert told(ask("SAFE-001", unsaid)) == [("/records/3/direct_contact", "is not on file")]
    meets = {"kind": "service", "service": "tutoring", "direct_contact": True}
    assert told(ask("SAFE-001", of("SAFE-001", meets, packer))) == [("people", "is not on file")]
    assert ask("SAFE-001", of("SAFE-001", *NOBODY, meets, packer)).outcome == "missing"


def test_training_runs_out_after_its_months_or_with_its_period_whichever_comes_first() -> None:
    assert ask("TRN-001", shown("TRN-001"), months=6).until == date(2027, 2, 10)
    again = {**CODES["TRN-001"].example("passing").mapping["records"][2], "completed_on": "2026-12-01"}
    assert ask("TRN-001", shown("TRN-001", {}, again)).until == date(2026, 11, 30)


def test_leave_is_asked_at_the_sites_of_services_that_need_it_alone() -> None:
    evening = {"kind": "service", "service": "choir", "sites": ["255901044"], "needs_access": []}
    assert ask("SVC-002", shown("SVC-002", {}, evening)).outcome == "passed"
    assert said(ask("SVC-002", shown("SVC-002", {}, {**evening, "needs_access": ["teachers"]}))) == [
        "none is on file of site 255901044"
    ]
    outside = {"kind": "service", "service": "camp", "sites": ["255901044"], "on_site": False}
    assert ask("SAFE-003", shown("SAFE-003", {}, outside)).outcome == "passed"


def test_times_are_times_and_a_slot_ends_after_it_starts() -> None:
    path = "records/0/slots/0"
    for starts, ends in (("15:00", "15:00"), ("16:00", "15:30")):
        finding = ask("SVC-001", shown("SVC-001", {f"{path}/starts": starts, f"{path}/ends": ends}))
        assert told(finding) == [(f"/{path}", f"ends at {ends}, before it starts")]
    finding = ask("SVC-001", shown("SVC-001", {f"{path}/starts": "24:00"}))
    assert told(finding)[0] == (f"/{path}/starts", "24:00 is no time such as 15:00")
    assert ask("SVC-001", shown("SVC-001", {"records/0/timing": "both", path: {}})).outcome == "passed"
    assert ask("SVC-001", shown("SVC-001", {"records/0/timing": "both", "records/0/out_of_school": None})).outcome == (
        "missing"
    )


def test_each_school_that_is_named_beside_every_school_needs_its_plan() -> None:
    both = {"records/0/sites": ["*", "255901001"]}
    assert ask("SVC-003", shown("SVC-003", both)).outcome == "passed"
    other = shown("SVC-003", {**both, "records/3/needs": ["families cannot be reached in Somali"]})
    assert said(ask("SVC-003", other)) == ["families cannot be reached in Somali is a need of site 255901044"]
    unplaced = shown("SVC-003", {"records/1/site": None})
    assert ask("SVC-003", unplaced).outcome == "missing"


def test_a_need_of_any_school_answers_for_every_school_and_an_unplaced_one_for_none() -> None:
    everywhere = {"records/0/sites": ["*"]}
    assert ask("NEED-002", shown("NEED-002", everywhere)).outcome == "passed"
    assert told(ask("NEED-002", shown("NEED-002", {**everywhere, "records/1/site": None}))) == [
        ("/records/1/site", "is not on file")
    ]
    assert said(ask("NEED-002", shown("NEED-002", {"records/0/sites": ["255901001", "255901044"]}))) == [
        "no need on file is one of site 255901044"
    ]


def test_a_champion_of_another_school_is_none_here() -> None:
    away = shown("LIA-002", {"records/1/site": "255901044"})
    assert told(ask("LIA-002", away)) == [("assignments", "nobody is on file as champion")]
    assert ask("LIA-002", shown("LIA-002", {"records/1/site": "*"})).outcome == "passed"


def test_the_right_may_be_to_do_everything_and_is_ones_own() -> None:
    assert ask("LIA-005", shown("LIA-005", {"records/0/rights": ["*"]})).outcome == "passed"
    other = ask("LIA-005", shown("LIA-005", {"records/0/person": "M. Diaz"}))
    assert told(other) == [("assignments", "nobody is on file as coordinator")]
    roles = {**OFFICER, "by": {"id": "a", "side": "school", "roles": ["coordinator", "principal"]}}
    assert ask("LIA-005", of("LIA-005", asks=roles)).outcome == "not_applicable"


@pytest.mark.parametrize(
    ("theirs", "outcome"),
    [
        ({}, "failed"),
        ({"sites": None}, "failed"),
        ({"content_areas": None}, "failed"),
        ({"grades": None}, "failed"),
        ({"starts_on": None, "ends_on": None}, "failed"),
        ({"sites": ["255901044"]}, "passed"),
        ({"content_areas": ["health"]}, "passed"),
        ({"grades": ["4"]}, "passed"),
        ({"starts_on": "2027-06-30"}, "failed"),
        ({"starts_on": "2027-07-01"}, "passed"),
        ({"ends_on": "2026-09-01", "starts_on": "2026-01-01"}, "failed"),
        ({"ends_on": "2026-08-31", "starts_on": "2026-01-01"}, "passed"),
    ],
)
def test_services_meet_in_place_content_children_and_time(theirs: dict[str, Any], outcome: str) -> None:
    changes = {f"neighbours/0/service/{name}": value for name, value in theirs.items()}
    finding = ask("DUP-001", shown("DUP-001", {**changes, "records/1": None}))
    assert finding.outcome == outcome


# --- money, quality, and a new term -----------------------------------------------------------------------------------


def test_a_source_may_give_as_much_as_the_district_bears_and_no_more() -> None:
    plan = {"kind": "funding_plan", "steps": []}
    sources = [{"source": "City", "status": "won", "percent": 75, "ends_on": "2027-12-31"}]
    rest = {**sources[0], "source": "Trust", "percent": 25}
    assert ask("FND-002", of("FND-002", {**plan, "sources": [*sources, rest]})).outcome == "passed"
    heavy = of("FND-002", {**plan, "sources": [{**sources[0], "percent": 76}, rest]})
    assert said(ask("FND-002", heavy)) == ["City gives 76 in 100", "no step of a joint plan is under way"]
    assert ask("FND-002", of("FND-002", {**plan, "sources": sources})).until == date(2027, 7, 3)
    endless = of("FND-002", {**plan, "sources": [{**sources[0], "ends_on": "no_end"}]})
    assert (ask("FND-002", endless).outcome, ask("FND-002", endless).until) == ("passed", None)
    unwon = of("FND-002", {**plan, "sources": [{**sources[0], "status": "applied", "percent": 100}]})
    assert ask("FND-002", unwon).outcome == "passed"


def test_money_in_another_currency_is_named_and_a_won_source_needs_its_amount() -> None:
    other = shown("FND-001", {"records/1/sources/1/amount": "20000 EUR"})
    assert told(ask("FND-001", other)) == [
        ("/records/1/sources/1/amount", "20000 EUR is not in USD"),
        ("/records/1/sources", "30000 USD is won of a cost of 50000 USD"),
    ]
    unsaid = shown("FND-001", {"records/0/cost": "30000 USD", "records/1/sources/1/amount": None})
    assert told(ask("FND-001", unsaid)) == [("/records/1/sources/1/amount", "is not on file")]


@pytest.mark.parametrize(
    ("partnership", "outcome", "until"),
    [
        ({"state": "active", "since": "2026-08-02"}, "passed", date(2026, 9, 1)),
        ({"state": "active", "since": "2026-08-01"}, "missing", None),
        ({"state": "active", "since": None}, "missing", None),
        ({"state": "improvement_plan", "since": "2026-08-30"}, "missing", None),
    ],
)
def test_quality_has_some_days_to_find_who_looks_after_it(
    partnership: dict[str, Any], outcome: str, until: date | None
) -> None:
    finding = ask("QUA-002", shown("QUA-002", {"partnership": partnership, "records/1": None}))
    assert (finding.outcome, finding.until) == (outcome, until)
    assert ("/partnership/since" in {problem.path for problem in finding.problems}) == (partnership["since"] is None)


def test_who_looks_after_quality_stays_through_the_last_day_without_any_days_of_grace() -> None:
    old = {"partnership": {"state": "active", "since": "2026-01-01"}, "records/1/ends_on": str(ON)}
    assert ask("QUA-002", shown("QUA-002", old)).until == ON
    new = {"partnership": {"state": "active", "since": str(ON)}, "records/1/ends_on": str(ON)}
    assert ask("QUA-002", shown("QUA-002", new)).until == ON, "not yet the grace, since nothing is wrong yet"


@pytest.mark.parametrize(
    ("code", "path", "sentence"),
    [
        ("MUT-007", "records/1/entry/version", "is from before the present term"),
        ("EVA-002", "records/0/entry/version", "is from before the present term"),
        ("EVA-003", "records/0/entry/version", "is from before the present term"),
        ("IMP-001", "records/0/entry/version", "is from before the partnership became active again"),
        ("END-002", "records/0/entry/version", "is from before the partnership came to this state"),
    ],
)
def test_what_was_filed_before_the_present_run_counts_no_longer(code: str, path: str, sentence: str) -> None:
    finding = ask(code, shown(code, {path: 0}))
    assert (finding.outcome, said(finding)) == ("failed", [sentence])


def test_a_change_needs_an_amendment_of_its_own() -> None:
    again = {"trigger": "amend", "source": "active", "target": "active", "by": {"id": "a.anderson"}}
    moves = [*CODES["AMD-001"].example("passing").mapping["moves"], again]
    assert said(ask("AMD-001", shown("AMD-001", {"moves": moves}))) == ["was for an earlier change"]
    assert ask("AMD-001", shown("AMD-001", {"moves": moves, "records/0/entry/version": 2})).outcome == "passed"
    revised = {"moves": moves, "records/0/decision": "revise"}
    assert ask("EVA-002", shown("EVA-002", revised)).outcome == "passed"
    assert said(ask("EVA-002", shown("EVA-002", {**revised, "records/0/entry/version": 2}))) == [
        "it was decided to revise it, and nothing was amended since"
    ]


def test_a_closed_plan_leaves_its_days_to_decide() -> None:
    closing = {"kind": "plan_closing", "plan": "autumn 2026", "outcome": "met", "closed_on": "2026-08-20"}
    assert ask("IMP-005", shown("IMP-005", {}, closing)).until == date(2026, 9, 19)
    assert ask("IMP-005", shown("IMP-005", {}, closing), decide_within=12).until == ON
    assert ask("IMP-005", shown("IMP-005", {}, {**closing, "outcome": None})).outcome == "missing"


def test_a_step_without_its_time_is_named_by_its_place() -> None:
    moves = CODES["REN-001"].example("passing").mapping["moves"]
    finding = ask("REN-001", shown("REN-001", {"moves": [moves[0], {**moves[1], "at": None}]}))
    assert told(finding) == [("/moves/1/at", "is not on file")]


@pytest.mark.parametrize(
    ("began", "until"),
    [("2026-06-30", "2026-08-29"), ("2026-07-01", "2027-08-29"), ("2026-01-05", "2026-08-29")],
)
def test_the_first_form_is_of_the_school_year_in_which_it_began(began: str, until: str) -> None:
    moves = [{**CODES["SURV-001"].example("passing").mapping["moves"][0], "at": f"{began}T15:00:00+00:00"}]
    before = date(2026, 7, 2)
    finding = ask("SURV-001", shown("SURV-001", {"records/0": None, "moves": moves}), before)
    assert finding.until == date.fromisoformat(until)


@pytest.mark.parametrize(
    ("year", "outcome"), [("2025-26", "passed"), ("2025-27", "failed"), ("2025-25", "failed"), ("1999-00", "failed")]
)
def test_a_school_year_is_two_years_that_follow_each_other(year: str, outcome: str) -> None:
    finding = ask("SURV-001", shown("SURV-001", {"records/0/year": year}))
    assert finding.outcome == outcome
    assert any("is no school year" in one for one in said(finding)) == (year in ("2025-27", "2025-25"))


# --- who may ----------------------------------------------------------------------------------------------------------

ROLES = {
    "everyone": Role(name="everyone", fire=frozenset({"amend"})),
    "tutor": Role(name="tutor", fire=frozenset({"amend", "propose"}), own_partner=True),
    "head": Role(name="head", fire=frozenset({"amend", "propose"}), own_sites=True),
    "both": Role(name="both", fire=frozenset({"amend"}), own_partner=True, own_sites=True),
}
SITES = {"kind": "scope", "level": "school", "sites": ["255901001", "255901044"]}
OTHER = "0190b4f2-0000-7000-8000-000000000009"


def asking(*roles: str, trigger: str = "amend", scope: Mapping[str, Any] | None = SITES, **by: Any) -> Finding:
    asks = {"trigger": trigger, "by": {"id": "m.diaz", "side": "school", "roles": list(roles), **by}}
    records = [scope] if scope else []
    return ask("AUTH-001", Example.of({"asks": asks, "records": records}, "active"), roles=ROLES)


def test_who_holds_no_role_for_it_is_told_who_does() -> None:
    sentence = "m.diaz (school) holds no role that may {} {}; these may: {}"
    assert told(asking("clerk")) == [("", sentence.format("fire", "amend", "both, everyone, head, tutor"))]
    assert said(asking("everyone", trigger="propose")) == [sentence.format("fire", "propose", "head, tutor")]
    assert said(asking("everyone", trigger="approve")) == [sentence.format("fire", "approve", "nobody")]


def test_one_role_without_limits_is_enough_and_else_the_one_with_the_fewest_is_told() -> None:
    assert asking("head", "everyone").outcome == "passed"
    assert said(asking("both", "tutor", partner_id=OTHER, sites=["255901001"])) == [
        "m.diaz acts for another partner",
        "m.diaz may not act at 255901044",
    ]
    assert said(asking("both", "head", partner_id=OTHER, sites=["255901001"])) == ["m.diaz may not act at 255901044"]


def test_who_acts_at_certain_sites_may_act_where_all_of_them_are_theirs() -> None:
    assert asking("head", sites=["255901001", "255901044"]).outcome == "passed"
    assert asking("head", sites=["*"]).outcome == "passed"
    assert said(asking("everyone", sites=["255901001"])) == ["m.diaz may not act at 255901044"]
    assert said(asking("head")) == ["m.diaz may not act at 255901001, 255901044"]
    assert told(asking("head", sites=["255901001"], scope=None)) == [
        ("scope", "m.diaz may act at some sites only, and the scope is not on file")
    ]
    assert asking("everyone", scope=None).outcome == "passed"


def proposing(*, entries: bool = False, stored: bool = False, **by: Any) -> Finding:
    """Ask for a proposal as the flow asks it: of an organisation that is not stored yet, with no state before."""
    made = Example.of({"records": [SITES] if entries else []}, "intake").dossier()
    actor = Actor(**{"id": "m.diaz", "side": "partner", "roles": frozenset({"tutor"}), **by})
    move = Move("propose", None, "intake", by=actor)
    partnership = made.partnership if stored else attrs.evolve(made.partnership, partner_id=NOT_STORED)
    roles = {**CODES["AUTH-001"].defaults, "roles": ROLES}
    return CODES["AUTH-001"].evaluate(attrs.evolve(made, move=move, partnership=partnership), ON, roles)


def test_a_new_organisation_puts_itself_forward_and_nobody_elses() -> None:
    assert proposing().outcome == "passed"
    assert said(proposing(partner_id=UUID(OTHER))) == ["m.diaz acts for another partner"]
    assert said(proposing(entries=True)) == ["m.diaz acts for another partner"]
    head = {"roles": frozenset({"head"}), "side": "school", "sites": frozenset({"255901001"})}
    assert proposing(**head).outcome == "passed", "nothing is on file yet that could say where"


def test_who_is_not_named_is_missing_at_the_place_where_one_would_be() -> None:
    nobody = {"trigger": "approve", "by": None}
    for code in ("AUTH-001", "AUTH-002", "AUTH-004", "END-002", "LIA-005"):
        example = attrs.evolve(CODES[code].example("passing"), asks={**nobody, "trigger": "file"})
        assert told(ask(code, example)) == [("move.by", "is not on file")]
        silent = attrs.evolve(example, asks=None)
        assert told(ask(code, silent)) == [("move", "is not on file")]
    proposal = shown("AUTH-003")
    assert told(ask("AUTH-003", attrs.evolve(proposal, asks=nobody))) == [("move.by", "is not on file")]
    assert told(ask("AUTH-003", attrs.evolve(proposal, asks=None))) == [("move", "is not on file")]
    assert told(ask("AUTH-003", shown("AUTH-003", {"moves/0/by": None}))) == [("/moves/0/by", "is not on file")]
    assert told(ask("AUTH-003", shown("AUTH-003", of="failing"))) == [("/moves/0/by", "a.anderson proposed it")]
    assert told(ask("AUTH-003", shown("AUTH-003", {"moves": []}))) == [("moves", "is not on file")]


def test_who_asked_for_a_waiver_at_any_time_does_not_grant_it() -> None:
    asked = {
        "kind": "waiver_request",
        "policy": "SAFE-002",
        "reason": "late",
        "expires_on": "2026-10-01",
        "entry": {"filed_by": {"id": "b.okafor"}},
    }
    refused = ["b.okafor asked for the waiver of SAFE-002"]
    assert said(ask("AUTH-004", shown("AUTH-004", {}, asked))) == refused
    assert ask("AUTH-004", shown("AUTH-004", {}, {**asked, "policy": "SAFE-003"})).outcome == "passed"
    assert told(ask("AUTH-004", shown("AUTH-004", {}, {**asked, "entry": {}}))) == [
        ("/records/1/entry/filed_by", "is not on file")
    ]
    card = shown("AUTH-004")
    with_it = {key: value for key, value in asked.items() if key != "entry"}
    assert said(ask("AUTH-004", attrs.evolve(card, filing=[*card.filing, with_it]))) == refused
    other = attrs.evolve(card, filing=[*card.filing, {**with_it, "policy": "SAFE-003"}])
    assert ask("AUTH-004", other).outcome == "passed"


def test_the_last_approval_is_pointed_at() -> None:
    (approval,) = shown("END-002").mapping["records"]
    again = shown("END-002", {}, approval, of="failing")
    assert told(ask("END-002", again)) == [("/records/1/entry/filed_by", "only b.okafor, who asks, approved it")]
    old = {**approval, "entry": {**approval["entry"], "version": 0}}
    assert told(ask("END-002", shown("END-002", {"records/0": None}, old, old))) == [
        ("/records/1", "is from before the partnership came to this state")
    ]
    assert ask("END-002", shown("END-002", {}, old)).outcome == "passed"


# --- several of a kind ------------------------------------------------------------------------------------------------


def test_the_form_of_an_agreement_is_one_that_is_signed_here() -> None:
    finding = ask("AGR-001", shown("AGR-001", {"records/0/form": "mou"}), forms=frozenset({"contract"}))
    assert told(finding) == [("/records/0/form", "mou is not what is signed here: contract")]
    assert ask("AGR-001", shown("AGR-001", {"records/0/form": "mou"})).outcome == "passed"
    assert ask("AGR-001", shown("AGR-001", {"records/0/form": "contract"})).outcome == "passed"


@pytest.mark.parametrize(
    ("code", "path"),
    [
        ("AGR-006", "records/0/elements/0/kept_in"),
        ("AGR-005", "records/0/milestones/0/district_goals"),
        ("AGR-013", "records/0/responsibilities/0/role"),
        ("IMP-002", "records/0/items/0/owner"),
        ("IMP-002", "records/0/items/0/what"),
        ("IMP-002", "records/0/items/0/due_on"),
        ("IMP-002", "records/0/items/0/success_measure"),
        ("FND-002", "records/0/steps/0/what"),
        ("FND-002", "records/0/steps/0/owner_side"),
        ("COM-001", "records/0/channels/0/way"),
    ],
)
def test_each_part_of_a_list_is_looked_at(code: str, path: str) -> None:
    finding = ask(code, shown(code, {path: None}))
    assert f"/{path}" in {problem.path for problem in finding.problems}
    assert not finding.is_ok


def test_each_side_rates_what_it_gained_and_the_school_may_speak_for_the_district() -> None:
    for side, rest in (("partner", {"school": "effective"}), ("district", {"partner": "effective"})):
        finding = ask("EVA-001", shown("EVA-001", {"records/0/benefits": rest}))
        assert told(finding) == [(f"/records/0/benefits/{side}", f"the {side} has not rated what it gained")]
    gained = {"partner": "effective", "school": "ineffective", "district": "effective"}
    assert ask("EVA-001", shown("EVA-001", {"records/0/benefits": gained})).outcome == "passed"


def test_of_school_and_district_the_first_to_agree_speaks_for_both() -> None:
    both = {"records/0/agreed_by": {"district": "2026-12-01", "school": "2026-08-24", "partner": "2026-08-25"}}
    assert ask("QUA-001", shown("QUA-001", both)).outcome == "passed"
    nobody = shown("QUA-001", {"records/0/agreed_by": {"partner": "2026-08-25"}})
    assert said(ask("QUA-001", nobody)) == ["the district is not among them"]


def test_only_lawyers_answer_for_the_law() -> None:
    other = shown("CON-001", {"records/1/matter": "metrics"})
    assert told(ask("CON-001", other)) == [("consultations", "is not on file")]
    (_, asked) = shown("CON-001").mapping["records"]
    silent = {**asked, "unit": "procurement", "matter": "metrics", "answer": ""}
    assert ask("CON-001", shown("CON-001", {"records/1/answer": ""}, {**silent, "answer": "fine"})).outcome == "failed"


def test_a_principal_signs_for_a_school_by_name_and_every_school_has_none() -> None:
    finding = ask("SCH-001", shown("SCH-001", {"records/0/sites": ["*"]}))
    assert told(finding) == [("scope", "it names no school whose principal could sign")]
    (_, signed) = shown("SCH-001").mapping["records"]
    everywhere = shown("SCH-001", {"records/0/sites": ["*"]}, {**signed, "site": "*"})
    assert ask("SCH-001", everywhere).outcome == "missing"


def test_somebody_in_another_part_takes_no_part_here() -> None:
    other = shown("LIA-003", {"records/0/role": "evaluator"})
    assert told(ask("LIA-003", other)) == [("assignments", "nobody is on file as team_member or coordinator")]
    (member,) = shown("LIA-003").mapping["records"]
    beside = shown("LIA-003", {}, {**member, "role": "evaluator", "person": "", "ends_on": "2026-12-31"})
    assert (ask("LIA-003", beside).outcome, ask("LIA-003", beside).until) == ("passed", None)


def test_a_registration_lacks_its_scope_by_name() -> None:
    finding = ask("REG-002", shown("REG-002", {"records/1": None}))
    assert told(finding) == [("scope", "is not on file")]
    unreachable = {"kind": "contact", "name": "L. Chen", "starts_on": "2026-01-01", "ends_on": "no_end"}
    short = shown("REG-002", {"records/0/ends_on": "2026-12-31"}, unreachable)
    assert ask("REG-002", short).until == date(2026, 12, 31), "who cannot be reached stays in vain"


def test_a_sole_source_is_told_by_its_own_place() -> None:
    lost = {"source": "Trust", "status": "lost"}
    won = {"source": "City", "status": "won", "percent": 60}
    plan = {"kind": "funding_plan", "sources": [lost, won], "steps": []}
    assert told(ask("FND-002", of("FND-002", plan))) == [("/records/0/sources/1/ends_on", "is not on file")]
    ending = {**plan, "sources": [lost, {**won, "ends_on": "2026-10-01"}]}
    assert said(ask("FND-002", of("FND-002", ending))) == [
        "no step of a joint plan is under way",
        "the sole source comes close to its end on 2026-04-03, which has passed",
    ]
    unsaid = {**plan, "sources": [{"source": "Trust"}, {**won, "ends_on": "2027-12-31"}]}
    assert told(ask("FND-002", of("FND-002", unsaid))) == [("/records/0/sources/0/status", "is not on file")]
    two = {**plan, "sources": [{**won, "percent": 40}, {**won, "source": "Trust", "percent": 40}]}
    assert ask("FND-002", of("FND-002", two)).outcome == "passed", "of two, neither needs an end"


def test_a_cost_of_the_smallest_coin_is_a_cost() -> None:
    assert ask("FND-001", shown("FND-001", {"records/0/cost": "0.01 USD"})).outcome == "passed"
    none = shown("FND-001", {"records/0/cost": "0.01 USD", "records/1/sources": []})
    assert said(ask("FND-001", none)) == ["0 USD is won of a cost of 0.01 USD"]


def test_both_the_vision_and_a_common_goal_are_said_anew() -> None:
    old = {"records/0/entry/version": 4}
    assert told(ask("MUT-007", shown("MUT-007", old))) == [("/records/0", "is from before the present term")]
    card = shown("MUT-007").mapping["records"]
    again = {**card[1], "goal": "a new gymnasium"}
    old = {"records/1/entry/version": 4}
    assert ask("MUT-007", shown("MUT-007", old, again)).outcome == "passed", "one of the goals will do"
    alone = shown("MUT-007", {"records/1/held_by": ["partner"]})
    assert told(ask("MUT-007", alone)) == [("shared_goals", "is not on file")]
    assert said(ask("MUT-007", shown("MUT-007", old, {**again, "held_by": ["district"]}))) == [
        "is from before the present term"
    ]


def test_only_what_begins_a_term_renews() -> None:
    moves = CODES["REN-001"].example("passing").mapping["moves"]
    amended = {**moves[1], "trigger": "amend"}
    assert ask("REN-001", shown("REN-001", {"moves": [moves[0], amended]})).outcome == "failed"
    assert told(ask("REN-001", shown("REN-001", {"moves": [amended]}))) == [("/moves", "none of them begins a term")]


def test_a_form_stands_until_another_of_its_year_takes_its_place() -> None:
    (form,) = shown("SURV-001").mapping["records"]
    later = {**form, "submitted_on": "2026-11-01", "aligned_goals": None}
    assert ask("SURV-001", shown("SURV-001", {}, later)).until == date(2026, 10, 31)
    running = CODES["SURV-001"].example("passing").mapping["moves"]
    before = {**running[0], "trigger": "approve", "source": "vetting", "target": "onboarding", "at": None}
    onboarded = shown("SURV-001", {"records/0": None, "moves": [before, *running]})
    assert ask("SURV-001", onboarded).lapsed_on == date(2025, 8, 29), "it runs from the day on which it was activated"
    again = {**running[0], "trigger": "renew", "source": "active", "at": "2026-08-25T15:00:00+00:00"}
    renewed = shown("SURV-001", {"records/0": None, "moves": [*running, again]})
    assert ask("SURV-001", renewed).lapsed_on == date(2025, 8, 29), "the first day counts, not the last"


def test_a_grant_that_begins_first_is_asked_first() -> None:
    (grant, *_) = shown("ACC-001").mapping["records"]
    coming = [{**grant, "what": f"list {day}", "starts_on": f"2026-{day}"} for day in ("12-01", "10-01", "11-01")]
    assert ask("ACC-001", shown("ACC-001", {}, *coming)).until == date(2026, 9, 30)


def test_one_goal_of_the_plan_that_is_in_force_will_do() -> None:
    goal = {"kind": "strategic_goal", "goal": "Graduation", "outcome": "diplomas", "how": "mentors", "current": False}
    assert ask("GOAL-001", shown("GOAL-001", {}, goal)).outcome == "passed"


@pytest.mark.parametrize(
    ("code", "path", "words"),
    [
        ("LIA-002", "records/1/position", ["principal", "assistant_principal", "administrator"]),
        ("MUT-005", "records/0/category", ["student_learning", "student_development"]),
        ("REG-001", "partner/classification", ["partner", "vendor"]),
        ("MUT-006", "partner/kind", ["employer", "chamber", "industry_association"]),
        ("LIA-003", "records/0/role", ["team_member", "coordinator"]),
        ("LIA-004", "records/0/role", ["coordinator", "liaison"]),
        ("LIA-003", "records/0/employer", ["school", "district"]),
        ("LIA-002", "records/1/employer", ["school", "district"]),
        ("SVC-001", "records/0/timing", ["school_day", "both", "out_of_school_time"]),
        ("SVC-001", "records/0/out_of_school", ["before", "after"]),
    ],
)
def test_each_of_the_words_that_will_do_does(code: str, path: str, words: list[str]) -> None:
    assert [ask(code, shown(code, {path: word})).outcome for word in words] == ["passed"] * len(words)


def test_what_is_wrong_lies_in_the_file_where_it_is_said_to_lie() -> None:
    parts = frozenset({"fingerprint"})
    card = shown("SAFE-001", {"records/2/components": ["tuberculosis"]})
    assert told(ask("SAFE-001", card, components=parts)) == [
        ("/records/2/components", "the check of j.rivera has no fingerprint")
    ]
    assert told(ask("SAFE-001", shown("SAFE-001"), components=parts)) == [("/records/2/components", "is not on file")]
    for field in ("district_additional_insured", "district_certificate_holder"):
        asked = {"additional_insured": True, "certificate_holder": True}
        both = {"records/0/district_additional_insured": True, "records/0/district_certificate_holder": True}
        finding = ask("SAFE-002", shown("SAFE-002", {**both, f"records/0/{field}": None}), **asked)
        assert told(finding) == [(f"/records/0/{field}", "is not on file")]
    two = {"kind": "service", "service": "mentoring"}
    assert [path for path, _ in told(ask("AGR-012", shown("AGR-012", {}, two), coverage="one_per_service"))] == [
        "/records/1/services",
        "/records/1/services",
    ]
    everywhere = of("SVC-003", {"kind": "scope", "level": "district", "sites": ["*"]})
    assert told(ask("SVC-003", everywhere)) == [("service_plans", "is not on file")]
    assert told(ask("SVC-003", of("SVC-003"))) == [("scope/sites", "is not on file")]
    closing = {"kind": "plan_closing", "plan": "autumn 2026", "closed_on": "2026-08-20"}
    assert told(ask("IMP-005", shown("IMP-005", {}, closing))) == [("/records/1/outcome", "is not on file")]
    unclosed = {"kind": "plan_closing", "plan": "autumn 2026", "outcome": "met"}
    assert told(ask("IMP-005", shown("IMP-005", {}, unclosed))) == [("/records/1/closed_on", "is not on file")]


def test_a_data_sharing_agreement_is_asked_for_until_another_takes_its_place() -> None:
    sharing = shown("ACC-001").mapping["records"][1]
    after = {**sharing, "starts_on": "2026-12-01", "ends_on": "2027-12-31"}
    assert ask("ACC-001", shown("ACC-001", {"records/0": None}, after)).until == date(2026, 11, 30)


def test_one_service_that_doubles_another_is_enough() -> None:
    (tutoring, _) = shown("DUP-001").mapping["records"]
    camp = {**tutoring, "service": "camp", "content_areas": ["health"]}
    assert ask("DUP-001", shown("DUP-001", {"records/1": None}, camp)).outcome == "failed"


def test_a_licence_without_its_number_is_named_by_its_type() -> None:
    ended = shown("SAFE-004", {"records/0/identifier": None, "records/0/ends_on": "2026-08-01"})
    assert "licence School Age Program ends on 2026-08-01, which has passed" in said(ask("SAFE-004", ended))
    numbered = shown("SAFE-004", {"records/0/ends_on": "2026-08-01"})
    assert said(ask("SAFE-004", numbered)) == ["licence 594835-c ends on 2026-08-01, which has passed"]


def test_schools_without_any_plan_are_each_named_once() -> None:
    bare = shown("SVC-003", {"records/3": None, "records/4": None})
    assert said(ask("SVC-003", bare)) == [
        "none is on file for site 255901001",
        "none is on file for site 255901044",
    ]


def test_a_partner_that_comes_back_is_asked_like_any_other_unless_a_district_says_so() -> None:
    partnership = {"state": "active", "succeeds": "0190b4f2-0000-7000-8000-000000000001"}
    assert CODES["ORI-001"](of("ORI-001", partnership=partnership).dossier(), ON).outcome == "missing"


def test_a_year_that_is_none_is_pointed_at() -> None:
    began = CODES["SURV-001"].example("failing").mapping["moves"]
    finding = ask("SURV-001", shown("SURV-001", {"records/0/year": "last year", "moves": began}))
    assert ("/records/0/year", "last year is no school year such as 2026-27") in told(finding)


def test_what_rests_on_the_sharing_of_data_needs_its_days_even_where_nothing_is_granted() -> None:
    for field in ("starts_on", "ends_on"):
        bare = shown("ACC-001", {"records/0": None, f"records/1/{field}": None})
        assert told(ask("ACC-001", bare)) == [(f"/records/0/{field}", "is not on file")]
    donors = ask("ACC-001", shown("ACC-001", {"records/0/purpose": "to find donors"}))
    assert [path for path, _ in told(donors)] == ["/records/0/purpose"]


def test_a_licence_that_lacks_its_end_hides_no_other() -> None:
    changes = {"partner/licences_required": ["School Age Program", "Transport"], "records/0/ends_on": None}
    assert told(ask("SAFE-004", shown("SAFE-004", changes))) == [
        ("/records/0/ends_on", "is not on file"),
        ("licences", "none is on file of type Transport"),
    ]


def test_cover_is_named_by_its_line() -> None:
    assert told(ask("SAFE-005", shown("SAFE-005", of="missing"))) == [
        ("insurance.workers_compensation", "is not on file")
    ]
    assert told(ask("SAFE-002", of("SAFE-002"))) == [("insurance.general_liability", "is not on file")]


def test_a_level_is_asked_for_where_the_district_has_a_list() -> None:
    gold = frozenset({"gold"})
    assert told(ask("REG-003", shown("REG-003"), levels=gold)) == [("/records/0/level", "is not on file")]
    silver = ask("REG-003", shown("REG-003", {"records/0/level": "silver"}), levels=gold)
    assert told(silver) == [("/records/0/level", "silver is no level here; these are: gold")]


def test_the_side_that_has_not_agreed_is_named() -> None:
    assert said(ask("QUA-001", shown("QUA-001", of="failing"))) == ["the partner is not among them"]


def test_the_days_of_grace_are_for_a_tool_too() -> None:
    partnership = {"state": "active", "since": "2026-08-20"}
    toolless = shown("QUA-002", {"partnership": partnership, "records/0/tool": None})
    assert (ask("QUA-002", toolless).outcome, ask("QUA-002", toolless).until) == ("passed", date(2026, 9, 19))
