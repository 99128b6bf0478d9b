"""A report reads like advice, and implies a plan that can be filed."""

from __future__ import annotations

from datetime import date, timedelta

import attrs
import pytest

from partnerflow import Partnerflow
from partnerflow.adapters.memory import MemoryStore
from partnerflow.lifecycle import State
from partnerflow.policies import load_pack
from partnerflow.policies.shipped import POLICIES
from partnerflow.policies.toml import read_pack
from partnerflow.records import Agreement, ImprovementPlan
from partnerflow.testing import BOARD, EXAMPLE_DAY, OFFICE, example_dossier

PACK = load_pack("default")


def agreement(**changes: object) -> Agreement:
    (made,) = (e.record for e in example_dossier().entries if isinstance(e.record, Agreement))
    return attrs.evolve(made, **changes)


def test_it_says_what_is_wrong_where_what_to_do_by_when_who_decides_and_which_clause() -> None:
    said = PACK.check(
        example_dossier(State.ONBOARDING, without={"insurance"}), on=EXAMPLE_DAY, trigger="activate"
    ).explain()
    finding = said[said.index("SAFE-002") :]
    assert "General liability cover meets the minimum [SPPS-V.4b.2]" in finding
    assert "insurance.general_liability: is not on file" in finding
    assert "To mend it: Ask the partner's insurer for a certificate of at least 1000000 USD" in finding
    assert "For the partner, before activate." in finding
    assert "It can be waived for at most 365 days, by partnership_office." in finding
    assert "Who decides on activate: partnership_office" in finding


def test_it_says_since_when_and_until_when() -> None:
    ended = example_dossier(without={"agreement"}, records=[agreement(ends_on=date(2026, 9, 10))])
    assert "now: it ended on 2026-09-10." in PACK.check(ended, on=EXAMPLE_DAY).explain()
    later = EXAMPLE_DAY + timedelta(days=3)
    signed = example_dossier(without={"agreement"}, records=[agreement(signed_by_partner_on=later)])
    assert f"time alone mends it on {later}." in PACK.check(signed, on=EXAMPLE_DAY).explain()


def test_a_child_safety_policy_offers_no_waiver() -> None:
    report = PACK.check(example_dossier(without={"background_check"}), on=EXAMPLE_DAY)
    said = report.explain().split("\n  ")
    (finding,) = (part for part in "\n  ".join(said).split("\n  SAFE-001")[1:])
    assert "can be waived" not in finding.split("\n  Who")[0].split("\n\n")[0]


def test_a_record_is_named_by_its_kind_and_key_beside_its_place() -> None:
    report = PACK.check(example_dossier(without={"agreement"}, records=[agreement(form=None)]), on=EXAMPLE_DAY)
    problem = report["AGR-001"].problems[0]
    assert problem.label == "agreement"
    assert f"{problem.path} (agreement): is not on file" in report.explain()


# --- the plan ---------------------------------------------------------------------------------------------------------


def test_every_finding_that_is_wrong_becomes_an_item_blocking_ones_first() -> None:
    report = PACK.check(example_dossier(without={"insurance", "stakeholder_input"}), on=EXAMPLE_DAY)
    plan = report.improvement_plan("autumn 2026", days=20, advisory_days=50)
    codes = [str(item.what).split(":")[0] for item in plan.items or ()]
    assert codes[0] == "SAFE-002"
    assert set(codes) == {finding.code for finding in report.findings if not finding.is_ok}
    for item in plan.items or ():
        assert item.owner in ("partner", "district", "school")
        assert item.success_measure
    first = (plan.items or ())[0]
    assert (first.owner, first.due_on) == ("partner", EXAMPLE_DAY + timedelta(days=20))
    assert plan.starts_on == EXAMPLE_DAY
    assert plan.ends_on == EXAMPLE_DAY + timedelta(days=50)


def test_nothing_wrong_is_a_plan_without_items() -> None:
    plan = PACK.check(example_dossier(), on=EXAMPLE_DAY).improvement_plan("none")
    assert plan.items == ()


def test_what_only_time_mends_is_not_due_before_it() -> None:
    later = EXAMPLE_DAY + timedelta(days=90)
    signed = example_dossier(without={"agreement"}, records=[agreement(signed_by_partner_on=later)])
    plan = PACK.check(signed, on=EXAMPLE_DAY).improvement_plan("autumn")
    assert [item.due_on for item in plan.items or () if str(item.what).startswith("AGR-001")] == [later]


def test_the_plan_can_be_filed_once_it_has_its_cause() -> None:
    flow = Partnerflow(store=MemoryStore(), pack=PACK)
    p = flow.adopt(example_dossier().partner, state=State.ACTIVE, by=OFFICE, reason="in place")
    implied = flow.explain(p.id).improvement_plan("spring")
    filed = attrs.evolve(implied, cause="ineffective")
    (entry,) = flow.file(p.id, filed, by=BOARD)
    assert isinstance(entry.record, ImprovementPlan)
    finding = flow.check(p.id, "open_improvement_plan", by=OFFICE).report["IMP-002"]
    assert finding.is_ok, finding


@pytest.mark.parametrize(("how", "waits"), [("report_only", True), ("enforce", False)])
def test_what_stops_nothing_can_wait(how: str, waits: bool) -> None:  # noqa: FBT001
    head = '[pack]\nname = "o"\nversion = "1"\npolicies = ["SAFE-002"]\n'
    text = f'{head}[[set]]\ncode = "SAFE-002"\nenforcement = "{how}"\n'
    report = read_pack(text, "o.toml", POLICIES).check(example_dossier(without={"insurance"}), on=EXAMPLE_DAY)
    assert ("when there is time" in report.explain()) is waits
