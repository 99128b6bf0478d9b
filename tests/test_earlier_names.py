"""Names that databases and hosts know since commit 3282929 are unchanged, and packs ask what they asked.

`data/names-of-3282929.json` lists the names, and how each shipped pack asked each policy. New ones need no change
there. If a pack, a policy, a kind of record or a table changes on purpose, change its line there as well.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from partnerflow import DEFAULT
from partnerflow.adapters.sqlalchemy import Tables
from partnerflow.events import EVENT_TYPES
from partnerflow.policies import Pack, load_pack, shipped_packs
from partnerflow.policies.shipped import POLICIES
from partnerflow.records import kinds

EXPECTED = json.loads(Path(__file__).with_name("data").joinpath("names-of-3282929.json").read_text(encoding="utf-8"))


def asked(pack: Pack) -> dict[str, str]:
    """Return how a pack asks each policy: how strictly, where, and with which settings of its own."""
    return {
        rule.policy.code: " | ".join(
            [
                f"{rule.severity} {rule.enforcement}",
                " ".join(sorted(rule.holds_in)),
                " ".join(sorted(rule.guards)),
                "; ".join(map(str, rule.overrides)),
            ]
        )
        for rule in pack
    }


def rights(pack: Pack) -> dict[str, str]:
    """Return what each role of a pack may fire and file."""
    return {
        name: " ".join(sorted([f"fire:{each}" for each in role.fire] + [f"file:{each}" for each in role.file]))
        for name, role in pack.roles.items()
    }


def names() -> dict[str, Any]:
    """Return every name that databases and hosts hold, with its revision or columns."""
    ours = {name: kind for name, kind in kinds().items() if kind.__module__.startswith("partnerflow.")}
    return {
        "asked": {name: asked(load_pack(name)) for name in sorted(shipped_packs())},
        "rights": {name: rights(load_pack(name)) for name in sorted(shipped_packs())},
        "policies": {policy.code: policy.revision for policy in POLICIES},
        "kinds": {name: kind.kind_info.revision for name, kind in sorted(ours.items())},
        "event_types": sorted(each.type for each in EVENT_TYPES),
        "events_of_steps": sorted({row.event for row in DEFAULT.rows}),
        "states": sorted(DEFAULT.states),
        "triggers": sorted({row.trigger for row in DEFAULT.rows}),
        "tables": {table.name: sorted(table.c.keys()) for table in Tables().metadata.sorted_tables},
    }


@pytest.fixture(scope="module")
def today() -> dict[str, Any]:
    return names()


@pytest.mark.parametrize("pack", EXPECTED["asked"])
def test_every_shipped_pack_asks_each_policy_as_it_did(today: dict[str, Any], pack: str) -> None:
    for code, then in EXPECTED["asked"][pack].items():
        assert today["asked"][pack][code] == then, code


@pytest.mark.parametrize("pack", EXPECTED["rights"])
def test_every_role_may_do_what_it_might(today: dict[str, Any], pack: str) -> None:
    for role, then in EXPECTED["rights"][pack].items():
        assert set(today["rights"][pack][role].split()) >= set(then.split()), role


def test_no_pack_has_the_digest_it_had_so_that_every_partnership_is_evaluated_anew() -> None:
    for name, then in EXPECTED["digests"].items():
        assert load_pack(name).digest != then


@pytest.mark.parametrize("numbered", ["policies", "kinds"])
def test_every_policy_and_kind_has_the_revision_it_had(today: dict[str, Any], numbered: str) -> None:
    assert today[numbered].items() >= EXPECTED[numbered].items()


@pytest.mark.parametrize("named", ["event_types", "events_of_steps", "states", "triggers"])
def test_every_event_type_state_and_trigger_has_the_name_it_had(today: dict[str, Any], named: str) -> None:
    assert set(today[named]) >= set(EXPECTED[named])


def test_every_table_has_the_columns_it_had(today: dict[str, Any]) -> None:
    assert {name: today["tables"].get(name) for name in EXPECTED["tables"]} == EXPECTED["tables"]
