"""Every policy says on its card what it means, and means it."""

from __future__ import annotations

import inspect
import pickle
from collections.abc import Mapping
from datetime import date
from typing import Any

import attrs
import pytest

from partnerflow.lifecycle import DEFAULT
from partnerflow.policies import ANY_TRIGGER, FILE, Finding, Pack, Policy, Problem, lack, load_pack, policy
from partnerflow.policies.advice import finding_lines
from partnerflow.policies.shipped import POLICIES, RETIRED
from partnerflow.policies.translation import translation
from partnerflow.records import kinds
from partnerflow.testing import example_dossier

ON = date(2026, 9, 1)
OUTCOMES = {"passing": "passed", "failing": "failed", "missing": "missing"}
EXAMPLES = [(one, shown) for one in POLICIES for shown in OUTCOMES]


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack("default")


def judged(pack: Pack, one: Policy, shown: str) -> Finding:
    return one.evaluate(one.example(shown).dossier(), ON, {**one.defaults, **pack[one.code].pack_parameters})


def of_policies(one: object) -> str:
    return one.code if isinstance(one, Policy) else str(one)


@pytest.mark.parametrize(("one", "shown"), EXAMPLES, ids=of_policies)
def test_an_example_has_the_outcome_it_stands_for(pack: Pack, one: Policy, shown: str) -> None:
    assert judged(pack, one, shown).outcome == OUTCOMES[shown]


@pytest.mark.parametrize(("one", "shown"), [e for e in EXAMPLES if e[1] != "passing"], ids=of_policies)
def test_a_finding_is_explained_with_its_clauses_its_fix_and_every_problem(pack: Pack, one: Policy, shown: str) -> None:
    finding = judged(pack, one, shown)
    said = "\n".join(finding_lines(finding, translation()))
    assert one.code in said
    assert one.title in said
    assert all(clause in said for clause in one.cites)
    assert finding.fix in said
    assert finding.problems
    assert all(problem.message in said and problem.path in said for problem in finding.problems)
    assert "{" not in finding.fix


@pytest.mark.parametrize(("one", "shown"), [e for e in EXAMPLES if e[1] != "passing"], ids=of_policies)
def test_a_problem_points_at_something_whose_parent_is_in_the_file(pack: Pack, one: Policy, shown: str) -> None:
    mapping = one.example(shown).mapping
    for problem in judged(pack, one, shown).problems:
        if problem.path.startswith("/"):
            assert isinstance(parent(mapping, problem.path), (Mapping, list)), problem.path


def parent(mapping: Any, pointer: str) -> Any:
    """Walk to what holds the thing that *pointer* names; the thing itself may be absent."""
    found = mapping
    for step in pointer.split("/")[1:-1]:
        name = step.replace("~1", "/").replace("~0", "~")
        found = found[int(name)] if isinstance(found, list) else found[name]
    return found


@pytest.mark.parametrize("one", POLICIES, ids=of_policies)
def test_a_card_is_filled_in(one: Policy) -> None:
    assert one.title
    assert not one.title.endswith(".")
    assert one.fix.endswith(".")
    assert one.doc
    assert set(one.examples) == set(OUTCOMES)
    assert one.fix.format(**one.defaults)


@pytest.mark.parametrize("one", POLICIES, ids=of_policies)
def test_a_card_names_only_states_and_triggers_of_the_table(one: Policy) -> None:
    assert one.holds_in <= set(DEFAULT.states)
    assert one.guards <= {*DEFAULT.triggers, FILE, ANY_TRIGGER}


@pytest.mark.parametrize("one", POLICIES, ids=of_policies)
def test_every_clause_that_a_policy_cites_is_a_requirement(one: Policy, clause_ids: frozenset[str]) -> None:
    assert set(one.cites) <= clause_ids


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_every_clause_that_a_kind_cites_is_a_requirement(kind: str, clause_ids: frozenset[str]) -> None:
    cites = kinds()[kind].kind_info.cites
    assert cites
    assert set(cites) <= clause_ids


def test_codes_are_unique_and_never_used_again() -> None:
    codes = [one.code for one in POLICIES]
    assert len(codes) == len(set(codes))
    assert RETIRED.keys().isdisjoint(codes)


def test_the_default_pack_asks_every_policy(pack: Pack) -> None:
    assert list(pack.by_code) == [one.code for one in POLICIES]


def test_a_policy_takes_a_dossier_a_day_and_keywords_only() -> None:
    for one in POLICIES:
        dossier, on, *parameters = inspect.signature(one.body).parameters.values()
        assert (dossier.name, on.name) == ("dossier", "on")
        assert all(parameter.kind is parameter.KEYWORD_ONLY for parameter in parameters)
        assert set(one.types) == {parameter.name for parameter in parameters}


@pytest.mark.parametrize(
    "card",
    [
        {"cites": ["EAF-0"], "fix": "Do it."},
        {"cites": [], "fix": "Do it.", "guards": {"approve"}},
        {"cites": ["EAF-0"], "fix": "", "guards": {"approve"}},
        {"cites": ["EAF-0"], "fix": "Do it.", "holds_in": {"active"}, "compares": True},
    ],
)
def test_a_card_that_could_never_be_asked_is_an_error_when_it_is_written(card: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="policy X-001"):
        policy("X-001", "Nothing", **card)


def test_a_fix_that_names_no_parameter_of_the_policy_is_an_error_when_it_is_written() -> None:
    card = policy("X-001", "Nothing", cites=["EAF-0"], fix="At least {minimum}.", guards={"approve"})
    with pytest.raises(KeyError, match="minimum"):
        card(lambda _, __: iter(()))


def test_a_problem_is_what_it_says_and_where() -> None:
    one = Problem("/records/0", "name", "{name} is odd", name="x")
    assert one == Problem("/records/0/name", None, "x is odd")
    assert hash(one) == hash(Problem("/records/0/name", None, "x is odd"))
    assert one != Problem("/records/1", "name", "{name} is odd", name="x")
    assert repr(one) == "Problem('/records/0/name', 'x is odd')"
    assert not one != Problem("/records/0/name", None, "x is odd")  # noqa: SIM202


@pytest.mark.parametrize("problem", [Problem("/partner", "name", "is odd"), lack("insurance")])
def test_a_problem_never_changes(problem: Problem) -> None:
    for name in attrs.fields_dict(Problem):
        with pytest.raises(AttributeError):
            setattr(problem, name, None)


def test_a_problem_that_was_found_in_a_file_is_another_value() -> None:
    dossier = example_dossier()
    problem = Problem(dossier.partner, "name", "is odd")
    found = problem.found_in(dossier)
    assert (problem.where, problem.field) == (dossier.partner, "name")
    assert (found.where, found.field, found.message) == ("/partner/name", None, "is odd")


def test_a_problem_survives_a_pickle() -> None:
    problem = Problem("/partner", "name", "{x} is odd", x=1)
    copy = pickle.loads(pickle.dumps(problem))
    assert attrs.astuple(copy) == attrs.astuple(problem)
