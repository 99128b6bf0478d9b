"""Everything that a call gives to be stored is read back first, and refused by name where it would not read back."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest

from partnerflow import Actor, InvalidRecord, InvalidRequest, Partner, gate
from partnerflow.policies import load_pack
from partnerflow.records import (
    Contact,
    Document,
    Insurance,
    Licence,
    Money,
    Need,
    Person,
    Record,
    Retraction,
    Scope,
    Site,
    Waiver,
)
from partnerflow.testing.examples import example_dossier, example_records

FIRST, LAST = date(2026, 7, 1), date(2027, 6, 30)
DIGEST = "0" * 64


@pytest.mark.parametrize("record", example_records(), ids=lambda record: record.kind_info.name)
def test_a_sound_record_comes_back_as_it_was_given(record: Record) -> None:
    read, text = gate.read_back(record)
    assert read == record
    assert gate.read_back(read) == (record, text)


@pytest.mark.parametrize(
    ("record", "place"),
    [
        (Partner(name="   "), "/name"),
        (Partner(name="\u200b"), "/name"),
        (Partner(name="\u3164\u00ad"), "/name"),
        (Contact(name=""), "/name"),
        (Person(person=" "), "/person"),
        (Retraction(entry_id=uuid4(), reason="\u2060"), "/reason"),
        (Retraction(entry_id=uuid4(), reason="..."), "/reason"),
        (Waiver("SAFE-002", reason="- / -", requested_by="a", expires_on=LAST), "/reason"),
        (Need(need="???"), "/need"),
        (Partner(name="Riverbend\n  everything holds"), "/name"),
        (Partner(name="Riverbend\u2028holds"), "/name"),
        (Partner(name="River\u202ebend"), "/name"),
        (Partner(name="Riverbend\u200f"), "/name"),
        (Partner(name="Riverbend\u200d"), "/name"),
        (Partner(name="A", summary="every\u2066body"), "/summary"),
        (Partner(name="A", summary="\x1b[31m"), "/summary"),
        (Partner(name="A", ids={"e\nin": "9"}), "/ids/e\nin"),
        (Partner(name="A", ids={"ein": "9\u200e"}), "/ids/ein"),
        (Partner(name="A", extra={"theirs": [{"deep": "\x07"}]}), "/theirs/0/deep"),
        (Scope(sites={"19\r"}), "/sites"),
        (Contact(name="A", title="a-" * 300), "/title"),
        (Partner(name="A", summary="a" * (gate.LONGEST_TEXT + 1)), "/summary"),
        (Partner(name="A", extra={"theirs": 10**400}), "/theirs"),
        (Partner(name="A", extra={"theirs": 1e300}), "/theirs"),
        (Site(site="a\nb", name="A"), "/site"),
        (Insurance(line="x", label="field\nday"), "/label"),
        (Licence(licence_type="x", status="active\n"), "/status"),
        (Insurance(line="x", starts_on=LAST, ends_on=FIRST), "/ends_on"),
        (Insurance(line="x", per_occurrence=Money.of(-5, "USD")), "/per_occurrence"),
    ],
)
def test_what_nothing_could_show_is_refused_with_its_place(record: Record, place: str) -> None:
    with pytest.raises(InvalidRecord) as refused:
        gate.read_back(record)
    assert [fault.path for fault in refused.value.faults] == [place]


@pytest.mark.parametrize(
    "extra", [{"a": float("nan")}, {"a": float("inf")}, {"a": object()}, {"a": {1, 2}}, {"a": b"x"}, {"a": 10**5000}]
)
def test_what_is_no_plain_data_is_refused(extra: dict[str, Any]) -> None:
    with pytest.raises(InvalidRecord):
        gate.read_back(Partner(name="A", extra=extra))


def test_what_lies_too_deep_is_refused() -> None:
    for depth in (50, 5000):
        deep: Any = "x"
        for _ in range(depth):
            deep = [deep]
        with pytest.raises(InvalidRecord):
            gate.read_back(Partner(name="A", extra={"a": deep}))


@pytest.mark.parametrize(
    "record",
    [
        Partner(name="\u0645\u0631\u0643\u0632 \u0645", summary="two\nlines\tand a tab \u200f\u0646"),
        Partner(name="\u0645\u06cc\u200c\u062e\u0648\u0627"),
        Partner(name="Club \U0001f469\u200d\U0001f469\u200d\U0001f467"),
        Partner(name="東京\u200bクラブ", website=""),
        Partner(name="José, O'Neil & Søn — “Café”"),
        Need(need="two\nlines " + "x" * gate.LONGEST_NAME, feedback="y" * gate.LONGEST_TEXT, extra={"theirs": 10**20}),
        Insurance(line="x", per_occurrence=Money.of(0, "USD"), starts_on=FIRST, ends_on=FIRST),
    ],
)
def test_what_people_write_is_let_in(record: Record) -> None:
    assert gate.read_back(record)[0] == record


@pytest.mark.parametrize(
    "documents",
    [
        ["https://portal/cert.pdf"],
        "https://portal/cert.pdf",
        None,
        [None],
        7,
        [Document(uri=None, sha256=DIGEST)],  # type: ignore[arg-type]
        [Document(uri=" ", sha256=DIGEST)],
        [Document(uri="https://portal/\n", sha256=DIGEST)],
    ],
)
def test_what_is_no_document_is_refused(documents: Any) -> None:
    with pytest.raises((InvalidRecord, InvalidRequest), match="documents"):
        gate.read_documents(documents)


@pytest.mark.parametrize(
    "by",
    [
        None,
        "a.anderson",
        Actor(" "),
        Actor("a\u200b"),
        Actor("a\nb"),
        Actor("a\x00"),
        Actor("a" * 200),
        Actor("a", roles={1}),  # type: ignore[arg-type]
        Actor("a", roles={b"office"}),  # type: ignore[arg-type]
        Actor("a", sites={("x",)}),  # type: ignore[arg-type]
        Actor("a", roles={"\u202e"}),
        Actor("a", partner_id="00000000-0000-0000-0000-000000000001"),  # type: ignore[arg-type]
    ],
)
def test_who_could_not_be_read_back_cannot_act(by: Any) -> None:
    with pytest.raises(InvalidRequest, match=r"^by="):
        gate.actor(by)


def test_a_reason_or_a_key_that_shows_as_nothing_is_none() -> None:
    for blank in (None, "", " ", "\t", "\u200b", "\u00a0\u3164"):
        assert gate.reason(blank) is None
        assert gate.idempotency_key(blank) is None
    for wrong in (b"x", 7, "\x00", "x\ud800", "x" * 600_000):
        with pytest.raises(InvalidRequest, match=r"^reason="):
            gate.reason(wrong)  # type: ignore[arg-type]
        with pytest.raises(InvalidRequest, match=r"^idempotency_key="):
            gate.idempotency_key(wrong)  # type: ignore[arg-type]


def test_an_argument_of_another_type_is_refused_by_its_name() -> None:
    moment = datetime(2026, 9, 1, tzinfo=UTC)
    for read, wrong in (
        (gate.identifier, [None, "x", str(uuid4()), 7]),
        (gate.day, [None, "2026-09-01", moment]),
        (gate.moment, [None, "2026-09-01", FIRST, moment.replace(tzinfo=None)]),
        (gate.name, [None, 7, "", "a\nb", "a" * 200]),
        (gate.several, [None, "x", b"x", 7, {"a": 1}]),
    ):
        for value in wrong:
            with pytest.raises(InvalidRequest, match=r"^that="):
                read(value, "that")  # type: ignore[operator]


def test_a_file_with_a_period_that_ends_before_it_begins_points_at_it() -> None:
    data = example_dossier("active").to_mapping()
    data["records"].append({"kind": "insurance", "line": "x", "starts_on": "2026-07-01", "ends_on": "2025-06-30"})
    with pytest.raises(InvalidRecord, match=r"/records/\d+/ends_on: 2025-06-30 is before 2026-07-01"):
        load_pack("default").check(data, on=FIRST)


def test_a_record_of_an_earlier_release_that_the_gate_would_refuse_still_opens() -> None:
    data = example_dossier("active").to_mapping()
    data["partner"]["name"] = "River\nbend"
    item = {"kind": "insurance", "line": "x", "starts_on": "2026-07-01", "ends_on": "2025-06-30"}
    data["records"].append(item | {"entry": {"id": str(uuid4())}})
    assert load_pack("default").check(data, on=FIRST).findings
