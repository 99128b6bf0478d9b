"""Checks for the author of a policy: that its card is right, and that removing evidence never unblocks.

    from hypothesis import given, strategies as st
    from partnerflow.policies.shipped.safety import general_liability
    from partnerflow.testing import assert_card, assert_removing_never_unblocks, days, records

    def test_the_card():
        assert_card(general_liability)

    @given(st.lists(records("insurance"), max_size=2), days())
    def test_removing_evidence_never_unblocks(filed, on):
        assert_removing_never_unblocks(general_liability, filed, on=on)

Both raise AssertionError with the code of the policy and the example of its card.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import chain
from typing import Any

import attrs

from partnerflow.errors import InvalidRecord
from partnerflow.policies import Finding, Policy, Rule
from partnerflow.policies.card import Example
from partnerflow.records import Record, kinds
from partnerflow.records.conversion import unstructure
from partnerflow.records.registry import kind_of

from .examples import EXAMPLE_DAY

OUTCOMES = {"passing": "passed", "failing": "failed", "missing": "missing"}
"""The outcome that each example of a card must have."""


def assert_card(one: Policy | Rule, *, on: date = EXAMPLE_DAY) -> None:
    """Check the card of a policy, or of the rule that a pack makes of it.

    Raises AssertionError unless the card is complete and every example has its outcome on the day *on*. The message for
    an example whose policy raises includes the error.
    """
    card = _card(one)
    _hold(bool(card.title) and not card.title.endswith("."), f"{card.code}: the title is a phrase, without a full stop")
    _hold(card.fix.endswith("."), f"{card.code}: the fix is a sentence, with a full stop")
    _hold(bool(card.doc), f"{card.code}: a docstring says why there is such a policy")
    absent = ", ".join(sorted(OUTCOMES.keys() - card.examples.keys()))
    _hold(not absent, f"{card.code}: the card shows no example of {absent}")
    for shown, outcome in OUTCOMES.items():
        finding = _evaluate(one, card.example(shown), on)
        problems = "; ".join(f"{problem.path}: {problem.message}" for problem in finding.problems)
        _hold(finding.outcome == outcome, f"{card.code}: the example {shown} is {finding.outcome} on {on}: {problems}")
        _hold("{" not in finding.fix, f"{card.code}: the fix has a place that no parameter fills: {finding.fix}")


def assert_removing_never_unblocks(
    one: Policy | Rule, records: Iterable[Record] = (), *, on: date = EXAMPLE_DAY
) -> None:
    """Delete every part of the card's examples, with *records* added to them, one part at a time.

    Raises AssertionError where a policy that blocked no longer blocks, and names what was deleted.
    """
    card = _card(one)
    filed = [{**unstructure(record), "kind": kind_of(record)} for record in records]
    for shown in card.examples:
        example = card.example(shown)
        whole = {**example.mapping, "records": [*example.mapping["records"], *filed]}
        if _evaluate(one, attrs.evolve(example, mapping=whole), on).is_ok:
            continue
        for deleted, rest in deletions(whole):
            try:
                finding = _evaluate(one, attrs.evolve(example, mapping=rest), on)
            except InvalidRecord:
                continue  # a file that cannot be read is turned away as a whole
            lets = f"{card.code} blocks the example {shown} on {on}, and without {deleted} it lets it through"
            _hold(not finding.is_ok, f"{lets} ({finding.outcome}): {whole}")


def deletions(mapping: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield, for each part of a dossier's mapping, its name and the mapping without it.

    A part is a field, at any depth, or all records of one kind and key. Records that weigh against a partnership are
    kept: only a later record may replace them. So is what `left_alone` names.
    """
    records = mapping.get("records", ())
    against = any(kinds()[record["kind"]].kind_info.weighs == "against" for record in records)
    kept = left_alone(mapping)
    for deleted, rest in chain(_without_a_field(mapping, ""), _without_a_group(mapping)):
        if deleted not in kept and (deleted != "/records" or not against):
            yield deleted, rest


_FIRST_DAY = "it places the record before or after what was filed later under its key, which stands without it"
_KEY = "without it, it is a record under another key, which was there before or was not"
_ENTRY = "without it, the record is the word of the host that supplies it"
_NOBODYS = "one of them is nobody's word, which makes what reads the kind missing until the office retracts it"
_WHOSE = "without it, the word of the partner is the district's"


def left_alone(mapping: Mapping[str, Any]) -> dict[str, str]:
    """Return the parts of a dossier's mapping whose absence means something else than that it is unknown, and why."""
    kept: dict[str, str] = {}
    records = mapping.get("records", ())
    keys = [_key(record) for record in records]
    for place, record in enumerate(records):
        cls = kinds()[record["kind"]]
        if cls.kind_info.period and keys[place] in keys[place + 1 :]:
            kept[f"/records/{place}/{cls.kind_info.period[0]}"] = _FIRST_DAY
        kept.update({f"/records/{place}/{name}": _KEY for name in cls.kind_info.key_defaults})
        kept[f"/records/{place}/entry"] = _ENTRY
        entry = record.get("entry") or {}
        if entry and "filed_by" not in entry:
            kept["/records"] = kept[f"every record of {keys[place]}"] = _NOBODYS
        if len(entry) == 1:
            kept.update({f"/records/{place}/entry/{name}": _ENTRY for name in entry})
        kept[f"/records/{place}/entry/filed_by/side"] = kept[f"/records/{place}/entry/word_of"] = _WHOSE
    return kept


def _without_a_field(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield f"{path}/{name}", {other: value[other] for other in value if other != name}
            for where, rest in _without_a_field(part, f"{path}/{name}"):
                yield where, {**value, name: rest}
    elif isinstance(value, (list, tuple)):
        for place, part in enumerate(value):
            for where, rest in _without_a_field(part, f"{path}/{place}"):
                yield where, [*value[:place], rest, *value[place + 1 :]]


def _without_a_group(mapping: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    records = mapping.get("records", ())
    groups = [_group(record) for record in records]
    for group in dict.fromkeys(groups):
        if group is not None:
            left = [record for record, its in zip(records, groups, strict=True) if its != group]
            yield f"every record of {group}", {**mapping, "records": left}


def _group(record: Mapping[str, Any]) -> str | None:
    """Return the kind and key of a record that counts for a partnership; None for one that weighs against it."""
    return _key(record) if kinds()[record["kind"]].kind_info.weighs == "for" else None


def _key(record: Mapping[str, Any]) -> str:
    """Return the kind and key of a record, in words."""
    info = kinds()[record["kind"]].kind_info
    key = [(name, record.get(name, info.key_defaults.get(name))) for name in info.key]
    return " ".join([info.name, *(str(part) for name, part in key if (name, part) not in info.key_defaults.items())])


def _card(one: Policy | Rule) -> Policy:
    return one if isinstance(one, Policy) else one.policy


def _evaluate(one: Policy | Rule, example: Example, on: date) -> Finding:
    return one(example.dossier(), on)


def _hold(holds: bool, otherwise: str) -> None:  # noqa: FBT001
    if not holds:
        raise AssertionError(otherwise)
