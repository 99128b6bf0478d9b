"""From a file that passes, every fact that a policy read is one that it needs: without it, it blocks.

What a policy reads is seen by watching the fields of the records while it is asked; what it only reads to find its way
(the key of a record, the days by which one is chosen) and what may be left unsaid is listed, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import attrs
import pytest

from partnerflow.dossier import Dossier
from partnerflow.errors import InvalidRecord
from partnerflow.policies import Policy, load_pack
from partnerflow.policies.shipped import POLICIES
from partnerflow.records import Partner, Record, kinds
from partnerflow.testing import EXAMPLE_DAY, example_dossier

PACK = load_pack("default")
ON = date(2026, 9, 1)

_MEETS_MORE = "a service that does not say it may meet more of the others, and needs their decisions all the same"
MAY_BE_UNSAID: dict[tuple[str, str], str] = {
    **dict.fromkeys((("DUP-001", f"service/{field}") for field in ("grades", "starts_on", "ends_on")), _MEETS_MORE),
    ("MUT-003", "benefit/text"): "what a side gains is said in kinds or in words",
}
"""(code, "kind/field"): why a policy may read it and still pass without it."""


@contextmanager
def watched(dossier: Dossier) -> Iterator[set[tuple[int, str]]]:
    """Note every field of the dossier's records, and of the partner, that is read."""
    seen: set[tuple[int, str]] = set()
    mine = {id(entry.record) for entry in dossier.entries} | {id(dossier.partner)}

    def spy(self: Any, name: str) -> Any:
        if id(self) in mine:
            seen.add((id(self), name))
        return object.__getattribute__(self, name)

    Record.__getattribute__ = spy  # type: ignore[method-assign,assignment]
    try:
        yield seen
    finally:
        del Record.__getattribute__


def facts_read(policy: Policy, dossier: Dossier, given: dict[str, object]) -> list[tuple[str, str]]:
    """Return what *policy* reads of a file that passes, as the place in the mapping and the kind and field."""
    parameters = {**policy.defaults, **given}
    with watched(dossier) as seen:
        finding = policy.evaluate(dossier, ON, parameters)
    assert finding.is_ok
    found = []
    for place, record in [("/partner", dossier.partner)] + [
        (f"/records/{at}", entry.record) for at, entry in enumerate(dossier.entries)
    ]:
        info = record.kind_info
        for field in attrs.fields(type(record)):
            read = (id(record), field.name) in seen and field.name not in ("extra", *info.key)
            if read and getattr(record, field.name) != field.default:
                found.append((f"{place}/{field.name}", f"{info.name}/{field.name}"))
    return found


def without(mapping: dict[str, Any], place: str) -> dict[str, Any]:
    part, *rest = place.lstrip("/").split("/")
    if part == "partner":
        return {**mapping, "partner": {k: v for k, v in mapping["partner"].items() if k != rest[0]}}
    at, field = int(rest[0]), rest[1]
    records = [
        {k: v for k, v in record.items() if k != field} if here == at else record
        for here, record in enumerate(mapping["records"])
    ]
    return {**mapping, "records": records}


@pytest.mark.parametrize("policy", [one for one in POLICIES if one.holds_in or one.guards], ids=lambda one: one.code)
def test_without_a_fact_that_it_read_a_policy_blocks(policy: Policy) -> None:
    card = policy.example("passing")
    dossier, given = card.dossier(), dict(PACK[policy.code].pack_parameters)
    wrong = []
    for place, name in facts_read(policy, dossier, given):
        try:
            rest = attrs.evolve(card, mapping=without(dict(card.mapping), place)).dossier()
        except InvalidRecord:
            continue
        if policy.evaluate(rest, ON, {**policy.defaults, **given}).is_ok is ((policy.code, name) not in MAY_BE_UNSAID):
            wrong.append(name)
    assert not wrong, f"{policy.code} passes without {wrong}, which it read"


def test_the_watch_sees_what_is_read() -> None:
    dossier = example_dossier()
    with watched(dossier) as seen:
        assert dossier.partner.name
    assert seen == {(id(dossier.partner), "name")}


def test_everything_listed_as_unsaid_is_there() -> None:
    for code, name in MAY_BE_UNSAID:
        kind, field = name.split("/")
        assert field in attrs.fields_dict(kinds()[kind] if kind != "partner" else Partner)
        assert code in {policy.code for policy in POLICIES}
    assert EXAMPLE_DAY
