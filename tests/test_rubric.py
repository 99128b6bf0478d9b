"""The rubric: what each level asks for, on which evidence it is met, and that taking evidence away never helps."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime
from itertools import chain
from random import Random
from typing import Any
from uuid import UUID

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partnerflow import Actor, rubric
from partnerflow.adapters.memory import MemoryStore
from partnerflow.dossier import Dossier
from partnerflow.errors import InvalidRecord, InvalidRequest, NotFound
from partnerflow.flow import Partnerflow
from partnerflow.partnership import DISTRICT, Partnership
from partnerflow.records import (
    Entry,
    Friction,
    GraduateDestinations,
    Indicator,
    Partner,
    PathwayInput,
    Record,
    Retraction,
    RubricAssessment,
    StakeholderInput,
    WorkplaceQualityReview,
    kinds,
)
from partnerflow.records.conversion import read_record, unstructure
from partnerflow.rubric import RubricSettings
from partnerflow.rubric.criterion import criterion
from partnerflow.rubric.evidence import Evidence, Observations
from partnerflow.testing import EXAMPLE_DAY, OFFICE, deletions
from partnerflow.testing import records as drawn
from partnerflow.testing.examples.rubric import example_evidence, example_practice

ON = EXAMPLE_DAY
EVIDENCE = example_evidence()
SITE = "255901001"
MINE = sorted({one.kind_info.name for one in (*EVIDENCE, *example_practice())})
CRITERIA = {one.code: one for one in rubric.CRITERIA}
STRICT = RubricSettings(cumulative=frozenset({2, 3, 4}))
AGAINST = {"commitment", "workplace_quality_review"}

Mapping = dict[str, Any]


def mapping(one: Record) -> Mapping:
    return {**json.loads(json.dumps(unstructure(one))), "kind": one.kind_info.name}


EXAMPLE = [mapping(one) for one in EVIDENCE]


def met(records: Any, **asked: Any) -> dict[str, bool]:
    rated = rubric.rate(records, **{"on": ON, **asked})
    return {
        judged.criterion.code: judged.met for row in rated.rows for level in row.levels for judged in level.criteria
    }


def messages(rated: rubric.Rating, code: str) -> list[str]:
    judged = rated[code.partition("-")[0]][code]
    return [f"{problem.path} {problem.message}".strip() for problem in judged.lacking]


# --- the rubric itself ----------------------------------------------------------------------------------------------


def test_there_are_six_rows_of_four_levels_and_every_level_asks_for_something() -> None:
    assert [row.code for row in rubric.ROWS] == [f"D4.{number}" for number in range(1, 7)]
    for row in rubric.ROWS:
        assert [(level.number, level.name) for level in row.levels] == list(rubric.LEVELS.items())
        for level in row.levels:
            assert level.criteria
            for one in level.criteria:
                assert one.cites == (one.code,)
                assert (one.row, one.level) == (row.code, level.number)
                assert one.title
                assert one.doc


def test_every_criterion_is_a_clause_and_every_clause_of_a_level_has_its_criterion(
    clause_ids: frozenset[str],
) -> None:
    of_levels = {clause for clause in clause_ids if clause.startswith("D4.") and "-L" in clause}
    assert {code for one in rubric.CRITERIA for code in one.cites} == of_levels
    assert len(CRITERIA) == len(rubric.CRITERIA) == 41


def test_rating_needs_no_machine_no_store_and_no_bus() -> None:
    code = "import datetime; from partnerflow import rubric; rubric.rate([], on=datetime.date(2026, 9, 1))"
    script = f"import sys\n{code}\nprint(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert {"sqlalchemy", "transitions", "blinker", "click"}.isdisjoint(ran.stdout.split())


# --- levels ---------------------------------------------------------------------------------------------------------


def test_the_example_meets_the_highest_level_of_every_row() -> None:
    rated = rubric.rate(EVIDENCE, on=ON)
    assert set(rated.levels.values()) == {4}
    assert all(row.next == () and row.met_by for row in rated.rows)
    assert set(rubric.rate(EVIDENCE, on=ON, site=SITE).levels.values()) == {4}


def test_nothing_on_file_meets_nothing() -> None:
    rated = rubric.rate([], on=ON)
    assert set(rated.levels.values()) == {0}
    for row in rated.rows:
        assert {judged.criterion.level for judged in row.next} == {1}
        assert row.met_by == ()
        for level in row.levels:
            assert all(judged.lacking and not judged.met for judged in level.criteria)


@pytest.mark.parametrize("code", CRITERIA)
def test_without_its_evidence_a_criterion_lacks_and_names_its_clause(code: str) -> None:
    row = code.partition("-")[0]
    shown_by = rubric.rate(EVIDENCE, on=ON)[row][code].met_by
    assert shown_by
    rated = rubric.rate([one for one in EVIDENCE if one not in shown_by], on=ON, settings=STRICT)
    judged = rated[row][code]
    assert judged.lacking
    assert not judged.met
    assert rated[row].level < judged.criterion.level
    if rated[row].level == judged.criterion.level - 1:
        assert judged in rated[row].next
        assert f"[{code}]" in rated.explain()
        assert judged.lacking[0].message in rated.explain()
    data = json.loads(rated.to_json())
    shown = {each["criterion"]: each for one in data["rows"] for level in one["levels"] for each in level["criteria"]}
    assert shown[code]["cites"] == [code]
    assert [f"{each['path']} {each['message']}".strip() for each in shown[code]["lacking"]] == messages(rated, code)


def dropping(*codes: str) -> list[Record]:
    """Return the example without what shows these criteria."""
    rated = rubric.rate(EVIDENCE, on=ON)
    gone = [one for code in codes for one in rated[code.partition("-")[0]][code].met_by]
    return [one for one in EVIDENCE if one not in gone]


@pytest.mark.parametrize("low", ["D4.1-L1", "D4.1-L2", "D4.1-L2b"])
def test_level_4_needs_every_lower_level(low: str) -> None:
    row = rubric.rate(dropping(low), on=ON)["D4.1"]
    assert all(judged.met for judged in row.levels[3].criteria)
    assert not row.levels[3].met
    assert row.level == 3
    assert [judged.criterion.code for judged in row.next] == [low]


def test_levels_2_and_3_stand_by_themselves_unless_the_district_says_otherwise() -> None:
    records = dropping("D4.1-L1")
    assert rubric.rate(records, on=ON)["D4.1"].level == 3
    assert rubric.rate(records, on=ON, settings=RubricSettings(cumulative=frozenset({3, 4})))["D4.1"].level == 2
    strict = rubric.rate(records, on=ON, settings=RubricSettings(cumulative=frozenset({2, 3, 4})))["D4.1"]
    assert strict.level == 0
    assert [judged.criterion.code for judged in strict.next] == ["D4.1-L1"]
    assert [level.needs for level in strict.levels] == [(), (1,), (1, 2), (1, 2, 3)]
    assert "although level 1 is not met" in rubric.rate(records, on=ON).explain()


@pytest.mark.parametrize("wrong", [frozenset(), frozenset({2, 3}), frozenset({1, 4}), frozenset({4, 5})])
def test_level_4_always_needs_the_lower_ones(wrong: frozenset[int]) -> None:
    with pytest.raises(InvalidRequest, match="name 4"):
        RubricSettings(cumulative=wrong)


@pytest.mark.parametrize("wrong", [0, -1, True, "12", None])
def test_a_setting_is_a_number_from_1_on(wrong: Any) -> None:
    with pytest.raises(InvalidRequest, match=r"settings\.council_months"):
        RubricSettings(council_months=wrong)


# --- what each criterion looks at -----------------------------------------------------------------------------------


def change(kind: str, where: Callable[[Mapping], bool] = lambda _: True, /, **fields: Any) -> list[Mapping]:
    """Return the example with some fields of the records of a kind changed; None: taken out."""
    touched = [one for one in EXAMPLE if one["kind"] == kind and where(one)]
    assert touched, f"the example has no such {kind}"
    return [
        {name: value for name, value in {**one, **fields}.items() if value is not None} if one in touched else one
        for one in EXAMPLE
    ]


def without(kind: str, where: Callable[[Mapping], bool] = lambda _: True) -> list[Mapping]:
    return [one for one in EXAMPLE if one["kind"] != kind or not where(one)]


def named(field: str, value: object) -> Callable[[Mapping], bool]:
    return lambda one: bool(one.get(field) == value)


def part(kind: str, where: Callable[[Mapping], bool], field: str, place: int, /, **fields: Any) -> list[Mapping]:
    """Return the example with one part of a record changed."""
    (one,) = (one for one in EXAMPLE if one["kind"] == kind and where(one))
    parts = [dict(each) for each in one[field]]
    parts[place] = {name: value for name, value in {**parts[place], **fields}.items() if value is not None}
    return change(kind, where, **{field: parts})


BRIDGE, EARLY, REGION, DOORS = (
    named("agreement", name) for name in ("college bridge", "early college", "our region", "open doors")
)
ROLES = ["superintendent", "cabinet", "principal", "college_administrator"]
STEPS = {"application": 9, "admissions": 9, "financial_aid": 9, "enrollment": 9, "placement": 9, "registration": 9}

SPOILT: dict[str, tuple[str, list[Mapping], str]] = {
    "reached by somebody else": (
        "D4.1-L1",
        change("leader_engagement", named("institution_kind", "higher_education"), district_role="teacher"),
        "is teacher, not one of superintendent",
    ),
    "no intent": (
        "D4.1-L1",
        change("leader_engagement", named("institution_kind", "higher_education"), intents=["smooth_transitions"]),
        "lacks formal_agreement",
    ),
    "long ago": (
        "D4.1-L1",
        change("leader_engagement", named("institution_kind", "higher_education"), held_on="2025-09-14"),
        "is longer ago than 12 months, on 2025-09-14",
    ),
    "far away": (
        "D4.1-L1",
        change("leader_engagement", named("institution_kind", "higher_education"), nearby=False),
        "says nothing",
    ),
    "a role absent": ("D4.1-L2", change("joint_meeting", named("meeting", "transitions"), roles=ROLES), "board_member"),
    "no review": ("D4.1-L2", change("joint_meeting", named("meeting", "transitions"), reviewed=None), "not on file"),
    "no goal of success": (
        "D4.1-L2b",
        change("partnership_profile", named("partnership", "college bridge"), goals=[{"goal": "x", "aim": "access"}]),
        "none is about success",
    ),
    "a partnership that ended": (
        "D4.1-L2b",
        change("partnership_profile", named("partnership", "college bridge"), ends_on="2026-09-14"),
        "ended on 2026-09-14",
    ),
    "not signed by the president": (
        "D4.1-L3",
        part("joint_agreement", BRIDGE, "parties", 1, signer_role="clerk"),
        "no president signed",
    ),
    "a draft": ("D4.1-L3", part("joint_agreement", BRIDGE, "parties", 0, signed_on=None), "is not signed"),
    "to be signed": (
        "D4.1-L3",
        part("joint_agreement", BRIDGE, "parties", 0, signed_on="2026-09-16"),
        "is to be signed only on 2026-09-16",
    ),
    "an open commitment, overdue": (
        "D4.1-L4",
        change("commitment", named("side", "college"), fulfilled_on=None, due_on="2026-09-14"),
        "was due on 2026-09-14 and is not fulfilled",
    ),
    "a commitment without a day": (
        "D4.1-L4",
        change("commitment", named("side", "college"), fulfilled_on=None, due_on=None),
        "due_on is not on file",
    ),
    "commitments of one side only": (
        "D4.1-L4",
        change("commitment", named("side", "college"), side="district"),
        "none of the college",
    ),
    "no procedure": ("D4.1-L4b", change("commitment", procedure=None), "procedure is not on file"),
    "a winter without a meeting": (
        "D4.2-L1",
        without("joint_meeting", lambda one: one["meeting"] in ("counselors 2025-12", "counselors 2026-02")),
        "none from 2025-10-12 to 2026-04-12",
    ),
    "one family not reached": (
        "D4.2-L1b",
        change("outreach_reach", lambda one: one["audience"] == "families", reached=411),
        "411 of 412 are reached, not all",
    ),
    "no topic": ("D4.2-L1b", without("outreach_reach", named("topic", "enrollment")), "of students of grade 9"),
    "nobody there to reach": ("D4.2-L1b", change("outreach_reach", reached=0, of=0), "0 of 0"),
    "a school without anybody": (
        "D4.2-L2",
        without("counselor_assignment", named("site", SITE)),
        f"nobody is assigned at {SITE}",
    ),
    "assigned by somebody else": ("D4.2-L2", change("counselor_assignment", assigned_by_role="clerk"), "principal"),
    "a step nobody counts": ("D4.2-L2b", change("matriculation_count", steps=STEPS), "lacks orientation"),
    "more than there are": ("D4.2-L2b", change("matriculation_count", students=8), "150 is not a part of 8"),
    "a plan only made": ("D4.2-L3", change("joint_plan", status="created"), "is created, not one of implemented"),
    "no count since": ("D4.2-L3", change("joint_plan", remedial_after=None), "remedial_after is not on file"),
    "a year that fell": (
        "D4.2-L4",
        change("yearly_measure", lambda m: m["measure"] == "completion" and m["school_year"] == 2025, counted=90),
        "completion did not rise from 2024 to 2025",
    ),
    "a year that stood still": (
        "D4.2-L4",
        change("yearly_measure", lambda m: m["measure"] == "completion" and m["school_year"] == 2025, counted=110),
        "completion did not rise from 2024 to 2025",
    ),
    "a year that is missing": (
        "D4.2-L4",
        without("yearly_measure", lambda m: m["measure"] == "persistence" and m["school_year"] == 2023),
        "no persistence for 2023 is on file",
    ),
    "a year in which nothing was done": (
        "D4.2-L4b",
        part(
            "improvement_commitment", named("commitment", "nobody lost in summer"), "actions", 0, done_on="2026-06-02"
        ),
        "none was done from 2024-09-15 to 2025-09-15",
    ),
    "a pathway not looked at": (
        "D4.3-L1",
        without("capacity_analysis", named("pathway", "health")),
        "none of health is on file",
    ),
    "a gap of no type": (
        "D4.3-L1",
        part("capacity_analysis", named("pathway", "health"), "gaps", 0, type=None),
        "gaps/0/type is not on file",
    ),
    "no courses": ("D4.3-L2", change("joint_agreement", EARLY, courses=[]), "courses says nothing"),
    "a clause lacking": (
        "D4.3-L3",
        change("joint_agreement", EARLY, clauses=["transportation", "registration"]),
        "lacks hiring",
    ),
    "fewer earn": (
        "D4.3-L3b",
        change("yearly_measure", lambda m: m["measure"] == "early_credit_earned", counted=1),
        "early_credit_earned did not rise",
    ),
    "a map with a missing link": ("D4.3-L4", change("pathway_map", credentials=[]), "credentials says nothing"),
    "no benefit": (
        "D4.4-L1",
        change("partnership_profile", named("partnership", "robots"), partner_benefit=None),
        "partner_benefit is not on file",
    ),
    "only money": (
        "D4.4-L1",
        change("partnership_profile", named("partnership", "robots"), contributions=["money"]),
        "names none of",
    ),
    "who reached out, unknown": (
        "D4.4-L1b",
        change("leader_engagement", named("institution_kind", "chamber"), district_role=None),
        "district_role is not on file",
    ),
    "no civic party": ("D4.4-L2", part("joint_agreement", REGION, "parties", 3, kind="employer"), "no party is civic"),
    "not confirmed": (
        "D4.4-L2b",
        part("joint_agreement", REGION, "competencies", 0, confirmed_on=None),
        "safety in health is not confirmed",
    ),
    "a pathway without competencies": (
        "D4.4-L2b",
        part("joint_agreement", REGION, "competencies", 0, pathway="engineering"),
        "lists none for health",
    ),
    "nobody leads the board": (
        "D4.4-L3",
        change("membership", named("body_kind", "advisory_board"), leads=False),
        "leads says nothing",
    ),
    "a side absent": (
        "D4.4-L3b",
        change("joint_meeting", named("meeting", "progress"), sides=["district", "business", "postsecondary"]),
        "lacks civic",
    ),
    "a goal nobody looked at": (
        "D4.4-L3b",
        change("shared_vision", goals=[{"goal": "clean air"}]),
        "none has reviewed clean air",
    ),
    "no social indicator": ("D4.4-L4", without("indicator", named("domain", "social")), "none that is social"),
    "no value": ("D4.4-L4", change("indicator", named("domain", "social"), values={"2024": 1}), "lacks 2025"),
    "industry gives no staff": (
        "D4.5-L1",
        without("workplace_resource", named("resource", "staff of the industry for the site")),
        "the industry has committed no staff at the level of the site",
    ),
    "a council that does not meet": (
        "D4.5-L1b",
        change("joint_meeting", named("body", "health council"), held_on="2026-03-14"),
        "is longer ago than 6 months",
    ),
    "a pathway without a council": ("D4.5-L1b", without("advisory_council", named("pathway", "health")), "health has"),
    "a topic not settled": (
        "D4.5-L2",
        change("board_policy", covers=["liability", "access", "supervision"]),
        "covers transportation",
    ),
    "an outcome without work": (
        "D4.5-L2b",
        part("graduate_profile", lambda _: True, "outcomes", 0, activities=[]),
        "works with others has none",
    ),
    "an outcome that industry has not agreed to": (
        "D4.5-L2b",
        part("graduate_profile", lambda _: True, "outcomes", 0, agreed_by=["district_director"]),
        "no industry_partner has agreed",
    ),
    "a council without a liaison": (
        "D4.5-L3",
        change("council_liaison", named("pathway", "health"), ends_on="2026-09-14"),
        "ended on 2026-09-14",
    ),
    "a partner that did not come": ("D4.5-L3b", change("workplace_orientation", attended=False), "attended says"),
    "a partner that nobody asked": (
        "D4.5-L3b",
        change("workplace_program", partners=["Mesa Robotics", "Lakes Clinic"]),
        "Lakes Clinic has had none",
    ),
    "criteria of nobody": ("D4.5-L4", change("workplace_criteria", author=None), "author is not on file"),
    "a gap between groups": (
        "D4.5-L4b",
        part("workplace_access", named("site", SITE), "groups", 0, taking_part=7),
        "two groups are 32 points apart, more than 10",
    ),
    "a group that nobody counted": (
        "D4.5-L4b",
        part("workplace_access", named("site", SITE), "groups", 0, taking_part=None),
        "groups/0/taking_part is not on file",
    ),
    "too low": (
        "D4.5-L4c",
        change("workplace_quality_review", scores={"safe": 2, "useful": 4}),
        "safe scores 2, below 3",
    ),
    "not judged by every criterion": ("D4.5-L4c", change("workplace_quality_review", scores={"safe": 4}), "useful"),
    "judged long ago": ("D4.5-L4c", change("workplace_quality_review", reviewed_on="2025-06-15"), "longer ago than 12"),
    "a sample for no service": ("D4.5-L4d", change("classroom_strategy", service=None), "service is not on file"),
    "a partner that was not thanked": (
        "D4.5-L4e",
        change("partner_recognition", recognized_on="2025-05-20"),
        "longer ago than 12 months",
    ),
    "somebody not heard": (
        "D4.6-L1",
        without("pathway_input", lambda one: one["group"] == "parents" and one["topic"] == "themes"),
        "parents have not been heard on themes",
    ),
    "not weighed": ("D4.6-L1b", change("pathway_review", rigorous=None), "rigorous is not on file"),
    "weighed without listening": ("D4.6-L1b", change("pathway_review", inputs=[]), "inputs says nothing"),
    "written alone": (
        "D4.6-L2",
        change("engagement_strategy", written_with=[{"name": "family office", "kind": "district"}]),
        "names no organisation from outside",
    ),
    "a role without action": (
        "D4.6-L2",
        part("engagement_strategy", lambda _: True, "actions", 2, what=None),
        "lacks decision_maker",
    ),
    "the district does it all": (
        "D4.6-L3",
        part("joint_agreement", DOORS, "functions", 0, responsible="the district"),
        "none is a community",
    ),
    "nobody of the community answers": (
        "D4.6-L4",
        change("membership", named("sector", "community"), accountable_for=[]),
        "lacks pathway_implementation",
    ),
    "an indicator that no leader answers for": (
        "D4.6-L4",
        change("indicator", named("domain", "economic"), accountable=[{"name": "X", "sector": "community"}]),
        "no leader of community answers for it",
    ),
}


def test_every_criterion_is_spoilt_once() -> None:
    assert {code for code, _, _ in SPOILT.values()} == set(CRITERIA)


@pytest.mark.parametrize("how", SPOILT)
def test_what_is_lacking_is_said(how: str) -> None:
    code, records, sentence = SPOILT[how]
    rated = rubric.rate(records, on=ON)
    found = messages(rated, code)
    assert any(sentence in message for message in found), found
    assert f"'{code}'" in repr(rated.to_data())


def test_a_problem_points_into_the_records() -> None:
    records = change("joint_plan", status="created")
    (problem,) = rubric.rate(records, on=ON)["D4.2"]["D4.2-L3"].lacking
    place = next(at for at, one in enumerate(records) if one["kind"] == "joint_plan")
    assert problem.path == f"/records/{place}/status"
    assert problem.template == "is {actual}, not one of {words}"
    assert problem.facts == {"actual": "created", "words": "implemented"}


def test_what_a_partnership_was_told_counts_like_what_the_district_was_told() -> None:
    heard = [
        StakeholderInput(group=one.group, topic=one.topic, said=one.said, given_on=one.given_on)
        for one in EVIDENCE
        if isinstance(one, PathwayInput)
    ]
    others = [one for one in EVIDENCE if not isinstance(one, PathwayInput)]
    assert not met(others)["D4.6-L1"]
    assert met([*others, *heard])["D4.6-L1"]


def test_a_commitment_of_another_agreement_is_no_matter_of_colleges() -> None:
    late = {"kind": "commitment", "agreement": "our region", "commitment": "a bus", "due_on": "2026-01-01"}
    assert met([*EXAMPLE, late])["D4.1-L4"]
    unknown = {**late, "agreement": "nobody knows"}
    assert not met([*EXAMPLE, unknown])["D4.1-L4"]


def test_only_a_later_review_answers_a_bad_one() -> None:
    bad = WorkplaceQualityReview(reviewed_on=date(2026, 8, 1), reviewer="x", scores={"safe": 1, "useful": 1})
    good = attrs.evolve(bad, reviewed_on=date(2026, 9, 1), scores={"safe": 3, "useful": 3})
    assert not met([*EVIDENCE, bad])["D4.5-L4c"]
    assert met([*EVIDENCE, bad, good])["D4.5-L4c"]
    assert not met([*EVIDENCE, bad, good], on=date(2026, 8, 15))["D4.5-L4c"]


def test_each_threshold_is_the_districts_own() -> None:
    looser = RubricSettings(
        engagement_months=24,
        collaboration_days=200,
        rising_years=1,
        council_months=12,
        access_gap=40,
        quality_score=2,
        recognition_months=24,
        early_college_clauses=("transportation",),
        improvement_years=1,
    )
    for how in (
        "long ago",
        "a winter without a meeting",
        "a year that is missing",
        "a year in which nothing was done",
        "a clause lacking",
        "a council that does not meet",
        "a gap between groups",
        "too low",
        "a partner that was not thanked",
    ):
        code, records, _ = SPOILT[how]
        assert not met(records)[code]
        assert met(records, settings=looser)[code], how


# --- sites, shapes, retractions -------------------------------------------------------------------------------------


def test_for_a_site_only_what_names_it_or_all_of_them_counts() -> None:
    for said, counts in ((SITE, True), ("*", True), ("255901044", False), (None, False)):
        records = change("joint_plan", site=said)
        assert met(records, site=SITE)["D4.2-L3"] is counts
        assert met(records)["D4.2-L3"]


def test_a_site_is_asked_about_itself_alone() -> None:
    records = without("counselor_assignment", named("site", "255901044"))
    assert not met(records)["D4.2-L2"]
    assert met(records, site=SITE)["D4.2-L2"]
    assert not met(records, site="255901044")["D4.2-L2"]


def test_a_commitment_that_names_no_site_counts_against_all_of_them() -> None:
    late = {"kind": "commitment", "agreement": "college bridge", "commitment": "a bus", "due_on": "2026-01-01"}
    assert not met([*EXAMPLE, late], site=SITE)["D4.1-L4"]
    assert met([*EXAMPLE, {**late, "site": "255901044"}], site=SITE)["D4.1-L4"] is True


def test_records_come_in_every_shape() -> None:
    whole = rubric.rate(EVIDENCE, on=ON).to_data()
    entries = [Entry(record=one) for one in EVIDENCE]
    for given_as in (list(EVIDENCE), iter(EVIDENCE), entries, EXAMPLE, {"records": EXAMPLE}):
        assert rubric.rate(given_as, on=ON).to_data() == whole


@pytest.mark.parametrize("wrong", [[3], ["joint_plan"], {"kind": "joint_plan"}])
def test_what_is_no_record_is_refused(wrong: Any) -> None:
    with pytest.raises((InvalidRequest, InvalidRecord)):
        rubric.rate(wrong, on=ON)


def test_a_mapping_of_the_wrong_shape_is_named_by_its_place() -> None:
    with pytest.raises(InvalidRecord) as caught:
        rubric.rate([{"kind": "joint_plan", "plan": 3}, {"kind": "joint_plam", "plan": "x"}], on=ON)
    assert [fault.path for fault in caught.value.faults] == ["/records/0/plan", "/records/1/kind"]


def test_what_was_retracted_does_not_count() -> None:
    entries = [Entry(record=one, id=UUID(int=place + 1)) for place, one in enumerate(EVIDENCE)]
    plan = next(entry for entry in entries if entry.kind == "joint_plan")
    assert plan.id is not None
    taken_back = Entry(record=Retraction(entry_id=plan.id, reason="another district's"), id=UUID(int=999))
    assert not met([*entries, taken_back])["D4.2-L3"]


def test_a_criterion_that_breaks_down_is_not_met() -> None:
    @criterion("D4.1-L1", "broken")
    def broken(evidence: Evidence) -> Observations:
        raise ZeroDivisionError("oh")

    @criterion("D4.1-L1", "silent")
    def silent(evidence: Evidence) -> Observations:
        return iter(())

    evidence = Evidence(Dossier(Partner(name="the district"), Partnership("-")), ON, None, RubricSettings())
    for one, sentence in (
        (broken, "the criterion itself failed: ZeroDivisionError: oh"),
        (silent, "nothing on file shows it"),
    ):
        judged = one(evidence)
        assert not judged.met
        assert [problem.message for problem in judged.lacking] == [sentence]


@settings(max_examples=60)
@given(st.lists(st.sampled_from(MINE).flatmap(drawn), min_size=1, max_size=12), st.dates(date(2000, 1, 1)))
def test_whatever_is_on_file_no_criterion_breaks_down(odd: list[Record], on: date) -> None:
    for records in ([*EVIDENCE, *odd], odd):
        rated = rubric.rate(records, on=on)
        assert "itself failed" not in rated.explain()
        assert json.loads(rated.to_json())["schema"] == rubric.SCHEMA


def test_a_rating_has_no_truth_value_and_names_what_it_has() -> None:
    rated = rubric.rate(EVIDENCE, on=ON)
    with pytest.raises(TypeError, match="no truth value"):
        bool(rated)
    with pytest.raises(NotFound, match=r"D4\.9"):
        rated["D4.9"]
    with pytest.raises(NotFound, match=r"D4\.1-L9"):
        rated["D4.1"]["D4.1-L9"]


# --- law 2: taking evidence away never makes anything met -----------------------------------------------------------

EVERY = "every record of "


def deleting(records: list[Mapping], *parts: str) -> Iterator[tuple[str, list[Mapping]]]:
    """Return *records* without each part whose name begins so: a field, or all of one kind and key."""
    for deleted, rest in deletions({"records": records}):
        if f"{deleted} ".startswith(parts):
            yield deleted, rest["records"]


def fields(records: list[Mapping], wanted: list[Mapping]) -> Iterator[str]:
    """Name the fields of those *wanted* among *records*."""
    return (f"/records/{place}/" for place, one in enumerate(records) if one in wanted)


def standing(rated: rubric.Rating) -> set[str]:
    judged = chain.from_iterable(level.criteria for row in rated.rows for level in row.levels)
    return {one.criterion.code for one in judged if one.met}


def nothing_becomes_met(records: list[Mapping], smaller: Iterable[tuple[str, list[Mapping]]], **asked: Any) -> None:
    asked = {"on": ON, **asked}
    known = {id(one): read_record(one["kind"], one) for one in records}
    before = rubric.rate(known.values(), **asked)
    held = standing(before)
    for deleted, rest in smaller:
        try:
            read = [known.get(id(one)) or read_record(one["kind"], one) for one in rest]
        except (InvalidRecord, KeyError):
            continue  # what cannot be read rates nothing
        after = rubric.rate(read, **asked)
        gained = standing(after) - held
        assert not gained, f"without {deleted}, {gained} is met"
        assert all(after.levels[row] <= level for row, level in before.levels.items()), deleted


@pytest.mark.parametrize("how", SPOILT)
def test_no_deletion_from_a_spoilt_file_helps(how: str) -> None:
    code, records, _ = SPOILT[how]
    touched = [one for one in records if one not in EXAMPLE] or [
        mapping(one) for one in rubric.rate(records, on=ON)[code.partition("-")[0]][code].met_by[:3]
    ]
    same_kind = (f"{EVERY}{one['kind']} " for one in touched)
    nothing_becomes_met(records, deleting(records, *same_kind, *fields(records, touched)))


def test_every_deletion_from_the_whole_example_leaves_every_row_where_it_is_or_lower() -> None:
    one_a_kind = list({one["kind"]: one for one in EXAMPLE}.values())
    nothing_becomes_met(EXAMPLE, deleting(EXAMPLE, EVERY, *fields(EXAMPLE, one_a_kind)))


def blurred(records: list[Mapping], random: Random) -> list[Mapping]:
    """Return a file that is neither whole nor empty: records and facts gone, days moved, others filed again."""
    found = [one for one in records if random.random() > 0.04]
    for _ in range(random.randrange(6)):
        place = random.randrange(len(found))
        _, (found[place],) = random.choice(list(deleting([found[place]], "/records/0/")))
    for _ in range(random.randrange(4)):
        one = dict(random.choice(found))
        for name in [name for name, value in one.items() if name.endswith("_on") and isinstance(value, str)]:
            one[name] = random.choice(["2025-03-01", "2026-08-01", "2027-01-01", "no_end"])
        found.insert(random.randrange(len(found) + 1), one)
    return found


@settings(max_examples=40)
@given(st.integers(0, 2**32), st.sampled_from([None, SITE]), st.sampled_from([ON, date(2026, 3, 1)]))
def test_no_row_of_deletions_helps(seed: int, site: str | None, on: date) -> None:
    random = Random(seed)
    records = blurred(EXAMPLE, random)
    for _ in range(8):
        try:
            rubric.rate(records, on=on)
        except InvalidRecord:
            return  # a name that must be there is gone
        some = random.sample(records, 4)
        chosen = random.choice(list(deleting(records, EVERY, *fields(records, some))))
        nothing_becomes_met(records, [chosen], on=on, site=site)
        records = chosen[1]


@settings(max_examples=40)
@given(st.permutations(EVIDENCE))
def test_the_same_evidence_gives_the_same_rating_in_whatever_order(shuffled: list[Record]) -> None:
    assert met(shuffled) == met(EVIDENCE)


# --- ratings that are kept ------------------------------------------------------------------------------------------


def test_a_rating_becomes_records_that_somebody_stands_for() -> None:
    rated = rubric.rate(dropping("D4.1-L4b", "D4.2-L1"), on=ON)
    made = rated.assessments(assessor="a.anderson", next_review_on=date(2027, 9, 15))
    assert [(one.row, one.level) for one in made] == list(rated.levels.items())
    first = made[0]
    assert (first.subject, first.subject_kind, first.assessor, first.assessed_on) == (
        "district",
        "district",
        "a.anderson",
        ON,
    )
    assert "joint_agreement college bridge" in (first.evidence or ())
    assert any("commitment" in sentence for sentence in first.lacking or ())
    for one in made:
        assert read_record("rubric_assessment", mapping(one)) == one
    of_site = rubric.rate(EVIDENCE, on=ON, site=SITE).assessments(assessor="x")[0]
    assert (of_site.subject, of_site.subject_kind) == (SITE, "site")
    with pytest.raises(InvalidRequest, match="subject_kind"):
        rated.assessments(assessor="x", subject="p-1")


def test_levels_over_time_are_read_from_the_kept_series() -> None:
    def one(year: int, level: Any, subject: str = "district") -> RubricAssessment:
        return RubricAssessment(
            row="D4.1", subject=subject, level=level, assessor="a.anderson", assessed_on=date(year, 9, 1)
        )

    undated = attrs.evolve(one(2020, 4), assessed_on=None)
    found = rubric.levels([one(2025, 3), one(2024, 1), one(2026, 2), one(2026, 4, SITE), undated, *EVIDENCE])
    assert [(each.subject, each.on.year, each.level, each.change) for each in found] == [
        (SITE, 2026, 4, None),
        ("district", 2024, 1, None),
        ("district", 2025, 3, 2),
        ("district", 2026, 2, -1),
    ]
    assert {each.row for each in found} == {"D4.1"}


def test_a_districts_evidence_and_ratings_lie_on_its_file() -> None:
    store = MemoryStore()
    flow = Partnerflow(store=store)
    office = Actor("a.anderson", side="district", roles={"partnership_office"})
    mine = [one for one in (*EVIDENCE, *example_practice()) if one.kind_info.about == "district"]
    flow.file(DISTRICT, *mine, by=office, at=datetime(2026, 9, 15, tzinfo=UTC))
    with store.reading() as tx:
        lying = tx.files([DISTRICT])[DISTRICT]
    assert [entry.record for entry in lying] == mine
    rated = rubric.rate(lying, on=ON)
    assert set(rated.levels.values()) == {4}
    flow.file(DISTRICT, *rated.assessments(assessor=OFFICE.id), by=office)
    with store.reading() as tx:
        kept = rubric.levels(tx.files([DISTRICT])[DISTRICT])
    assert [(each.on, each.level, each.change) for each in kept if each.row == "D4.1"] == [
        (date(2025, 9, 15), 2, None),
        (ON, 4, 2),
    ]


# --- the records ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("one", [*EVIDENCE, *example_practice()], ids=lambda one: one.kind_info.name)
def test_every_example_comes_back_as_it_was(one: Record) -> None:
    assert read_record(one.kind_info.name, mapping(one)) == one


def test_every_kind_of_the_rubric_has_an_example() -> None:
    modules = ("coalition", "college", "pathways", "workplace", "practice")
    mine = {name for name, cls in kinds().items() if cls.__module__.removeprefix("partnerflow.records.") in modules}
    assert {one.kind_info.name for one in (*EVIDENCE, *example_practice())} == mine
    assert {name for name in mine if kinds()[name].kind_info.weighs == "against"} == AGAINST | {
        "friction",
        "support_action",
    }


# --- what else can be read ------------------------------------------------------------------------------------------


def test_pathways_without_anybody_nearby_are_named() -> None:
    records = [*EVIDENCE, *example_practice()]
    assert rubric.without_prospect(records) == {"college": ("engineering",), "employer": ("health",)}
    assert rubric.without_prospect([]) == {"college": (), "employer": ()}


def test_pathways_that_no_partnership_supports_are_named_by_type() -> None:
    found = rubric.without_partnership(EVIDENCE, on=ON)
    assert found["businesses"] == ("health",)
    assert found["colleges"] == found["civic"] == found["community"] == ("health", "engineering")
    ended = change("partnership_profile", ends_on="2026-09-14")
    assert rubric.without_partnership(ended, on=ON)["businesses"] == ("health", "engineering")
    assert rubric.without_partnership(ended, on=date(2026, 9, 14))["businesses"] == ("health",)


def test_the_share_of_graduates_who_went_on_is_counted() -> None:
    (counts,) = (one for one in example_practice() if isinstance(one, GraduateDestinations))
    found = rubric.went_on([counts])
    assert [(one.pathway, one.school_year, one.institution, one.share) for one in found] == [
        ("health", 2025, "Clinic School", 15),
        ("health", 2025, "Plains College", 55),
        ("health", 2025, "*", 70),
    ]
    assert rubric.went_on([attrs.evolve(counts, graduates=None)]) == ()
    assert rubric.went_on([attrs.evolve(counts, went_on=None)]) == ()
    assert [one.share for one in rubric.went_on([attrs.evolve(counts, went_on={})])] == [0]


def test_what_rubs_is_shown_until_it_is_settled() -> None:
    (rubs,) = (one for one in example_practice() if isinstance(one, Friction))
    settled = attrs.evolve(rubs, status="settled", settled_on=date(2026, 9, 1))
    assert rubric.open_frictions([rubs]) == (rubs,)
    assert rubric.open_frictions([rubs, settled]) == ()
    assert rubric.open_frictions([attrs.evolve(settled, settled_on=None)]) != ()


def test_departments_without_an_answer_are_named() -> None:
    assert rubric.unanswered(example_practice()) == {"experience": ("transport",)}


def test_institutions_that_have_not_accepted_the_vision_are_named() -> None:
    records = change("shared_vision", acceptances=[{"institution": "the city"}, {"institution": "Plains College"}])
    assert rubric.not_accepted(records, on=ON) == ("the city", "Plains College")
    assert rubric.not_accepted(EVIDENCE, on=ON) == ()
    assert rubric.not_accepted(EVIDENCE, on=date(2025, 1, 1)) == ("the district", "Plains College")


def test_goals_of_one_side_only_are_named() -> None:
    records = change("shared_vision", goals=[{"goal": "a", "owners": ["x", "x"]}, {"goal": "b"}])
    assert rubric.owned_by_one_side(records) == ("a", "b")
    assert rubric.owned_by_one_side(EVIDENCE) == ()


def test_help_that_has_not_come_is_named() -> None:
    assert rubric.overdue_support(example_practice(), on=ON) == ("a desk in the school",)
    assert rubric.overdue_support(example_practice(), on=date(2026, 9, 1)) == ()


def test_an_indicator_tells_how_it_moved() -> None:
    found = rubric.moved(EVIDENCE)
    assert (found[0].domain, found[0].changes) == ("educational", (("2024", 12), ("2025", 30)))
    assert rubric.moved([Indicator(indicator="x", values={"2025": 3})]) == ()


def test_no_person_of_the_example_stands_in_the_words_of_a_rating() -> None:
    said = rubric.rate(EVIDENCE, on=ON).explain()
    for person in ("L. Chen", "M. Ortiz", "R. Diaz"):
        assert person not in said
