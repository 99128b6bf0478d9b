"""The packs that come with us: what each asks, and that two real districts need nothing but TOML."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from importlib import resources
from typing import Any

import attrs
import pytest

from partnerflow.dossier import Dossier
from partnerflow.lifecycle import State
from partnerflow.policies import Pack, load_pack, shipped_packs
from partnerflow.policies.shipped import POLICIES
from partnerflow.records import (
    Agreement,
    AnnualForm,
    BackgroundCheck,
    Insurance,
    Money,
    Partner,
    Person,
    Record,
    Service,
)
from partnerflow.testing import EXAMPLE_DAY, example_dossier

GUIDES = {"eaf": "EAF", "spps-9a": "SPPS", "community-schools": "CS2"}
RUNNING = (State.ACTIVE, State.IMPROVEMENT_PLAN)


def lying(kind: type[Record], **changes: Any) -> Record:
    """Return the example's record of a kind, changed."""
    (record, *_) = (entry.record for entry in example_dossier().entries if isinstance(entry.record, kind))
    return attrs.evolve(record, **changes)


def blocking(pack: Pack, dossier: Dossier, on: date = EXAMPLE_DAY) -> set[str]:
    return {finding.code for finding in pack.check(dossier, on=on).blocking}


def test_the_packs_are_those_of_the_guides_their_union_and_two_districts() -> None:
    assert set(shipped_packs()) == {*GUIDES, "default", "minneapolis", "oakland"}
    assert all(load_pack(name).title for name in shipped_packs())


def test_default_is_the_union() -> None:
    assert {rule.policy.code for rule in load_pack("default")} == {policy.code for policy in POLICIES}


@pytest.mark.parametrize(("name", "guide"), GUIDES.items())
def test_a_guides_pack_asks_everything_that_cites_it(name: str, guide: str) -> None:
    citing = {policy.code for policy in POLICIES if any(clause.startswith(guide) for clause in policy.cites)}
    absent = citing - {rule.policy.code for rule in load_pack(name)}
    assert not absent, f"in packs/{name}.toml add to `policies`: {', '.join(sorted(absent))}"


@pytest.mark.parametrize("name", shipped_packs())
def test_whoever_may_act_and_how_it_ends_is_asked_by_every_pack(name: str) -> None:
    always = {policy.code for policy in POLICIES if policy.code.split("-")[0] in ("AUTH", "END", "IMP", "AMD")}
    absent = always - {rule.policy.code for rule in load_pack(name)}
    assert not absent, f"in packs/{name}.toml add to `policies`: {', '.join(sorted(absent))}"


@pytest.mark.parametrize("name", ["default", *GUIDES])
@pytest.mark.parametrize("state", State)
def test_the_example_holds_under_every_pack_of_the_guides(name: str, state: State) -> None:
    report = load_pack(name).check(example_dossier(state), on=EXAMPLE_DAY)
    assert report.ok, f"add to src/partnerflow/testing/examples/evidence.py what this asks for:\n{report.explain()}"


@pytest.mark.parametrize("name", ["minneapolis", "oakland"])
def test_a_district_is_nothing_but_toml_over_a_guides_pack(name: str) -> None:
    text = (resources.files("partnerflow.policies") / "packs" / f"{name}.toml").read_text("utf-8")
    assert any(f'extends = "{guide}"' in text for guide in GUIDES)
    for rule in load_pack(name):
        assert rule.policy in POLICIES


# --- Minneapolis ----------------------------------------------------------------------------------------------------

COVER = lying(
    Insurance,
    per_occurrence=Money.of(1_500_000, "USD"),
    district_additional_insured=True,
    district_certificate_holder=True,
)
CONTRACT = lying(Agreement, form="contract")


def minneapolis(*records: Record, without: frozenset[str] = frozenset()) -> Dossier:
    return example_dossier(without={"insurance", "agreement", *without}, records=[COVER, CONTRACT, *records])


@pytest.mark.parametrize("state", RUNNING)
def test_minneapolis_is_content_with_what_it_asks_for(state: State) -> None:
    dossier = example_dossier(state, without={"insurance", "agreement"}, records=[COVER, CONTRACT])
    assert load_pack("minneapolis").check(dossier, on=EXAMPLE_DAY).ok


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"per_occurrence": Money.of(1_499_999, "USD")}, "SAFE-002"),
        ({"per_occurrence": None, "aggregate": Money.of(3_000_000, "USD")}, "SAFE-002"),
        ({"district_additional_insured": False}, "SAFE-002"),
        ({"district_certificate_holder": None}, "SAFE-002"),
    ],
)
def test_minneapolis_wants_its_own_cover(changes: dict[str, Any], code: str) -> None:
    low = attrs.evolve(COVER, **changes)
    assert blocking(load_pack("minneapolis"), minneapolis(low)) == {code}


def test_minneapolis_waives_insurance_where_its_staff_are_there_all_the_time() -> None:
    bare = frozenset({"insurance"})
    watched = [lying(Service, fully_supervised=True)]
    without_cover = example_dossier(without={*bare, "agreement", "service"}, records=[CONTRACT, *watched])
    assert blocking(load_pack("minneapolis"), without_cover) == set()
    alone = [lying(Service, fully_supervised=False)]
    unwatched = example_dossier(without={*bare, "agreement", "service"}, records=[CONTRACT, *alone])
    assert blocking(load_pack("minneapolis"), unwatched) == {"SAFE-002"}
    unsaid = example_dossier(without={*bare, "agreement", "service"}, records=[CONTRACT, lying(Service)])
    assert blocking(load_pack("minneapolis"), unsaid) == {"SAFE-002"}


def test_minneapolis_wants_a_contract_and_no_start_before_the_last_signature() -> None:
    pack = load_pack("minneapolis")
    assert blocking(pack, minneapolis(lying(Agreement, form="mou"))) == {"AGR-001"}
    unsigned = attrs.evolve(CONTRACT, signed_by_district_on=None)
    onboarding = example_dossier(State.ONBOARDING, without={"insurance", "agreement"}, records=[COVER, unsigned])
    refused = pack.check(onboarding, on=EXAMPLE_DAY, trigger="activate")
    assert "AGR-001" in {finding.code for finding in refused.blocking}


def test_minneapolis_wants_one_contract_a_programme() -> None:
    second = lying(Service, service="mentoring")
    both = attrs.evolve(CONTRACT, services=frozenset({"tutoring", "mentoring", lying(Service).service}))  # type: ignore[attr-defined]
    assert "AGR-012" in blocking(load_pack("minneapolis"), minneapolis(second, both))
    assert "AGR-012" not in blocking(load_pack("default"), minneapolis(second, both))


def test_minneapolis_wants_the_year_end_survey() -> None:
    pack, later = load_pack("minneapolis"), date(2027, 9, 15)
    dossier = minneapolis()
    assert "SURV-001" in blocking(pack, dossier, later)
    assert "SURV-001" not in blocking(load_pack("default"), dossier, later)
    form = AnnualForm(year="2026-27", submitted_on=date(2027, 6, 20), aligned_goals=frozenset({"reading"}))
    assert "SURV-001" not in blocking(pack, minneapolis(form), later)


# --- Oakland --------------------------------------------------------------------------------------------------------

CLEARED = lying(BackgroundCheck, components=frozenset({"fingerprint", "tuberculosis"}))
ENDORSED = lying(Insurance, district_additional_insured=True)


def oakland(
    *records: Record, without: frozenset[str] = frozenset(), cleared: Iterable[Record] = (CLEARED,), **changes: Any
) -> Dossier:
    return example_dossier(
        without={"background_check", "insurance", *without},
        records=[*cleared, ENDORSED, *_other_lines(), *records],
        **changes,
    )


def _other_lines() -> list[Record]:
    found = [entry.record for entry in example_dossier().entries if isinstance(entry.record, Insurance)]
    return [record for record in found if record.line != ENDORSED.line]  # type: ignore[attr-defined]


def test_oakland_is_content_with_what_it_asks_for() -> None:
    assert blocking(load_pack("oakland"), oakland()) == set()


@pytest.mark.parametrize("components", [frozenset({"fingerprint"}), frozenset({"tuberculosis"}), frozenset(), None])
def test_oakland_wants_fingerprints_and_a_tuberculosis_test(components: Any) -> None:
    partly = oakland(attrs.evolve(CLEARED, components=components), cleared=())
    assert blocking(load_pack("oakland"), partly) == {"SAFE-001"}
    assert blocking(load_pack("default"), partly) == set()


def test_oaklands_two_components_may_come_on_two_papers() -> None:
    parts = [attrs.evolve(CLEARED, components=frozenset({part})) for part in ("fingerprint", "tuberculosis")]
    assert blocking(load_pack("oakland"), oakland(*parts, cleared=())) == set()


def test_oakland_exempts_a_visitor_who_comes_once() -> None:
    visitor = Person(person="v.once", direct_contact=True, one_time_visitor=True)
    regular = attrs.evolve(visitor, one_time_visitor=False)
    assert "SAFE-001" not in blocking(load_pack("oakland"), oakland(visitor))
    assert "SAFE-001" in blocking(load_pack("oakland"), oakland(regular))
    assert "SAFE-001" in blocking(load_pack("default"), oakland(visitor))


@pytest.mark.parametrize(("employs", "asked"), [(True, {"SAFE-005"}), (None, {"SAFE-005"}), (False, set())])
def test_oakland_wants_workers_compensation_only_of_who_employs(employs: Any, asked: set[str]) -> None:
    partner: Partner = attrs.evolve(example_dossier().partner, has_employees=employs)
    assert blocking(load_pack("oakland"), oakland(partner=partner)) == asked


def test_oakland_renews_every_year() -> None:
    """The example became active on 2026-09-01."""
    pack = load_pack("oakland")
    assert pack["REN-001"](oakland(), on=date(2027, 9, 1)).is_ok
    assert "REN-001" in blocking(pack, oakland(), date(2027, 9, 2))
    assert "REN-001" not in blocking(load_pack("default"), oakland(), date(2027, 9, 2))
