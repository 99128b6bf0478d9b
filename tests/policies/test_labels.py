"""Policies go by the records without a label, and by those of another only where a pack names it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import attrs
import pytest

from partnerflow.dossier import Dossier
from partnerflow.errors import PackError
from partnerflow.policies import Pack, load_pack
from partnerflow.policies.shipped import POLICIES
from partnerflow.policies.toml import read_pack
from partnerflow.records import Insurance, Money, Record, Scope, kinds
from partnerflow.testing import EXAMPLE_DAY, example_dossier

LABELLED = {cls for cls in kinds().values() if "label" in cls.kind_info.key_defaults}
ENDS = date(2027, 6, 30)


def cover(label: str = "", million: int = 2) -> Insurance:
    amount, starts_on = Money.of(million * 1_000_000, "USD"), date(2026, 7, 1)
    return Insurance(
        line="general_liability",
        label=label,
        per_occurrence=amount,
        starts_on=starts_on,
        ends_on=ENDS,
        aggregate=amount,
    )


def pack(sets: str) -> Pack:
    head = '[pack]\nname = "x"\nversion = "1"\nextends = "default"\n'
    return read_pack(head + sets, "x.toml", POLICIES, extended=load_pack)


def insured(*records: Record) -> Dossier:
    return example_dossier(records=records, without={"insurance"})


def outcome(pack: Pack, dossier: Dossier, on: date = EXAMPLE_DAY) -> str:
    return str(pack["SAFE-002"](dossier, on=on).outcome)


NAMED = pack('[[set]]\ncode = "SAFE-002"\nlabel = "summer"\n')


def test_a_label_that_no_pack_names_stands_beside_and_evades_nothing() -> None:
    default = load_pack("default")
    assert outcome(default, insured(cover(), cover("summer", million=0))) == "passed"
    assert outcome(default, insured(cover("summer"))) == "missing"


def test_a_pack_names_the_label_that_a_policy_goes_by() -> None:
    assert outcome(NAMED, insured(cover("summer"), cover(million=0))) == "passed"
    assert outcome(NAMED, insured(cover("summer", million=0), cover())) == "failed"
    assert outcome(NAMED, insured(cover())) == "missing"
    assert NAMED.digest != pack("").digest


def test_a_due_date_is_that_of_the_label_that_is_named() -> None:
    dossier = insured(cover("summer"))
    assert NAMED.due_dates(NAMED.check(dossier, on=EXAMPLE_DAY), dossier)["SAFE-002"] == ENDS


def test_a_label_may_be_named_for_some_partnerships_and_from_a_day_on() -> None:
    some = pack('[[set]]\ncode = "SAFE-002"\nlabel = "summer"\nfrom = 2026-09-15\nfor = {scope = "district"}\n')
    scope = example_dossier().latest(Scope)
    assert scope is not None

    def of_scope(level: Any) -> Dossier:
        return insured(attrs.evolve(scope, level=level), cover("summer"))

    assert outcome(some, of_scope("district"), date(2026, 9, 14)) == "missing"
    assert outcome(some, of_scope("district"), date(2026, 9, 15)) == "passed"
    assert outcome(some, of_scope("school"), date(2026, 9, 15)) == "missing"


def test_a_policy_that_reads_no_labels_has_no_such_setting() -> None:
    with pytest.raises(PackError, match="label"):
        pack('[[set]]\ncode = "SAFE-004"\nlabel = "summer"\n')


def test_a_policy_says_whether_it_reads_a_kind_with_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: set[str] = set()
    code = ""
    look_up = Dossier._with_defaults

    def noted(self: Dossier, cls: type[Record], key: Mapping[str, object]) -> Mapping[str, object]:
        if cls in LABELLED:
            reads.add(code)
        return look_up(self, cls, key)

    monkeypatch.setattr(Dossier, "_with_defaults", noted)
    for policy in POLICIES:
        code = policy.code
        for name in policy.examples:
            policy(policy.example(name).dossier(), on=EXAMPLE_DAY)
    assert reads == {policy.code for policy in POLICIES if policy.labelled}
