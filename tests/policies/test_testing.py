"""What is offered to the authors of policies finds what it is there to find, and nothing in ours."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import attrs
import pytest

from partnerflow.dossier import Dossier
from partnerflow.policies import Policy, Problem, Verdict, load_pack, need, policy
from partnerflow.policies.shipped import POLICIES
from partnerflow.records import Evaluation, Insurance, Money
from partnerflow.testing import assert_card, assert_removing_never_unblocks, deletions, left_alone

ON = date(2026, 9, 1)
PACK = load_pack("default")
COVER = {"kind": "insurance", "line": "general_liability", "per_occurrence": "1000000 USD"}
LOW = {**COVER, "per_occurrence": "5 USD"}
SOUND: dict[str, Any] = {
    "title": "Cover is there",
    "holds_in": {"active"},
    "cites": ["Board policy 1"],
    "fix": "File the cover.",
    "passing": [COVER],
    "failing": [LOW],
    "missing": [],
}


def cover(dossier: Dossier, on: date) -> Verdict:
    """Somebody has to pay."""
    found = need(dossier.latest(Insurance), "insurance")
    if need(found.per_occurrence, found, "per_occurrence").minor < 100_000:
        yield Problem(found, "per_occurrence", "is low")


def lenient(dossier: Dossier, on: date) -> Verdict:
    """Somebody has to pay, if anybody says how much."""
    found = need(dossier.latest(Insurance), "insurance")
    if found.per_occurrence is not None and found.per_occurrence.minor < 100_000:
        yield Problem(found, "per_occurrence", "is low")


def careless(dossier: Dossier, on: date) -> Verdict:
    """Somebody has to pay, if there is cover at all."""
    found = dossier.latest(Insurance)
    if found is not None:
        yield Problem(found, "per_occurrence", "is low")


def crashing(dossier: Dossier, on: date) -> Verdict:
    """Nobody knows."""
    yield from ()
    raise RuntimeError("out of order")


def unexplained(dossier: Dossier, on: date) -> Verdict:
    yield from cover(dossier, on)


def card(body: Callable[..., Verdict] = cover, **changes: Any) -> Policy:
    return policy("X-001", **{**SOUND, **changes})(body)


@pytest.mark.parametrize("one", POLICIES, ids=lambda one: one.code)
def test_every_policy_of_ours_stands_up_to_what_is_asked_of_others(one: Policy) -> None:
    as_on_the_card = attrs.evolve(PACK[one.code], overrides=())
    assert_card(as_on_the_card, on=ON)
    assert_removing_never_unblocks(as_on_the_card, on=ON)


def test_a_sound_card_is_let_through() -> None:
    assert_card(card(), on=ON)
    assert_removing_never_unblocks(card(), on=ON)


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (card(title="Cover is there."), "the title is a phrase"),
        (card(fix="File the cover"), "the fix is a sentence"),
        (card(unexplained), "a docstring says why"),
        (card(missing=None, failing=None), "shows no example of failing, missing"),
        (card(passing=[LOW]), "the example passing is failed on 2026-09-01: /records/0/per_occurrence: is low"),
        (card(missing=[COVER]), "the example missing is passed"),
        (card(crashing), "the example passing is error .* RuntimeError: out of order"),
    ],
)
def test_what_is_wrong_with_a_card_is_said(made: Policy, why: str) -> None:
    with pytest.raises(AssertionError, match=f"X-001: .*{why}"):
        assert_card(made, on=ON)


@pytest.mark.parametrize(
    ("body", "deleted"),
    [(lenient, "/records/0/per_occurrence"), (careless, "/records")],
)
def test_a_policy_that_reads_what_is_absent_as_good_is_found_out(body: Any, deleted: str) -> None:
    with pytest.raises(AssertionError, match=f"X-001 blocks the example .* without {deleted} it lets it"):
        assert_removing_never_unblocks(card(body), on=ON)


def test_records_that_the_examples_lack_are_filed_beside_them() -> None:
    only_passing = card(lenient, failing=None, missing=None)
    assert_removing_never_unblocks(only_passing, on=ON)
    low = Insurance(line="auto", per_occurrence=Money(5, "USD"))
    with pytest.raises(AssertionError, match="without /records/1/per_occurrence it lets it through"):
        assert_removing_never_unblocks(only_passing, [low], on=ON)


def test_records_that_weigh_against_a_partnership_are_left_standing() -> None:
    against = {"kind": Evaluation.kind_info.name, "from_on": "2026-01-01"}
    mapping = {"partner": {"name": "x"}, "partnership": {"state": "active"}, "records": [LOW, against]}
    deleted = [name for name, _ in deletions(mapping)]
    assert "every record of insurance general_liability" in deleted
    assert "/records/1/from_on" in deleted
    assert "/records" not in deleted
    assert not [name for name in deleted if name.startswith("every record of evaluation")]
    assert "/records" in [name for name, _ in deletions({**mapping, "records": [LOW]})]


def test_records_of_which_one_is_nobodys_word_are_left_alone_for_only_the_office_takes_that_back() -> None:
    nobodys = {"records": [LOW, {**LOW, "entry": {"id": "0198f000-0000-7000-8000-000000000001", "version": 4}}]}
    somebodys = {"records": [LOW, LOW]}
    whole = {"/records", "every record of insurance general_liability"}
    assert whole <= {name for name, _ in deletions(somebodys)}
    assert whole <= left_alone(nobodys).keys()
    assert not whole & {name for name, _ in deletions(nobodys)}


def test_what_says_something_else_by_its_absence_is_left_alone_each_with_its_reason() -> None:
    entry = {"id": "0198f000-0000-7000-8000-000000000001", "filed_by": {"id": "i", "side": "partner", "roles": []}}
    low = {**LOW, "starts_on": "2026-07-01"}
    filings = [{}, {"label": "field day"}, {"entry": entry}, {"entry": {"filed_by": entry["filed_by"]}}]
    mapping = {"records": [{**low, **filing} for filing in filings]}
    kept = left_alone(mapping)
    assert kept.keys() == {
        *(
            f"/records/{place}/{field}"
            for place in range(4)
            for field in ("label", "entry", "entry/filed_by/side", "entry/word_of")
        ),
        *(f"/records/{place}/starts_on" for place in (0, 2)),
        "/records/3/entry/filed_by",
    }
    assert all(kept.values())
    deleted = [name for name, _ in deletions(mapping)]
    assert not kept.keys() & set(deleted)
    assert {"/records/1/starts_on", "/records/3/starts_on", "/records/2/entry/filed_by"} <= set(deleted)
    assert "every record of insurance general_liability field day" in deleted
