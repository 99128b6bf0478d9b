"""Names that databases and hosts know since commit 3282929 are unchanged, and the rules are still the same.

`data/names-of-3282929.json` lists the names. New ones need no change there: the digest of a pack is taken over the
policies, kinds and triggers of that commit. If a pack, a policy, a kind of record or a table changes on purpose, change
its digest, revision or columns there as well.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
import pytest

from partnerflow import DEFAULT
from partnerflow.adapters.sqlalchemy import Tables
from partnerflow.events import EVENT_TYPES
from partnerflow.policies import Pack, load_pack, shipped_packs
from partnerflow.policies.shipped import POLICIES
from partnerflow.records import kinds

EXPECTED = json.loads(Path(__file__).with_name("data").joinpath("names-of-3282929.json").read_text(encoding="utf-8"))


def as_then(pack: Pack) -> Pack:
    """Return a pack without the policies, kinds and triggers that are newer than the file."""
    known = {"file": {*EXPECTED["kinds"], "*"}, "fire": {*EXPECTED["triggers"], "*"}}
    roles = {
        name: attrs.evolve(role, **{what: getattr(role, what) & known[what] for what in known})
        for name, role in pack.roles.items()
    }
    rules = tuple(rule for rule in pack.rules if rule.policy.code in EXPECTED["policies"])
    return attrs.evolve(pack, rules=rules, roles=roles)


def names() -> dict[str, Any]:
    """Return every name that databases and hosts hold, with its digest, revision or columns."""
    ours = {name: kind for name, kind in kinds().items() if kind.__module__.startswith("partnerflow.")}
    return {
        "packs": {name: as_then(load_pack(name)).digest for name in sorted(shipped_packs())},
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


def test_every_shipped_pack_has_the_digest_it_had(today: dict[str, Any]) -> None:
    assert today["packs"].items() >= EXPECTED["packs"].items()


@pytest.mark.parametrize("numbered", ["policies", "kinds"])
def test_every_policy_and_kind_has_the_revision_it_had(today: dict[str, Any], numbered: str) -> None:
    assert today[numbered].items() >= EXPECTED[numbered].items()


@pytest.mark.parametrize("named", ["event_types", "events_of_steps", "states", "triggers"])
def test_every_event_type_state_and_trigger_has_the_name_it_had(today: dict[str, Any], named: str) -> None:
    assert set(today[named]) >= set(EXPECTED[named])


def test_every_table_has_the_columns_it_had(today: dict[str, Any]) -> None:
    assert today["tables"] == EXPECTED["tables"]
