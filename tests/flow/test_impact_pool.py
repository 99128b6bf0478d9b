"""Several processes compare what one would, in the same order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from partnerflow import InvalidRequest, Money, NotFound, Partner, Partnerflow, StoreError, load_pack
from partnerflow.adapters.memory import MemoryStore
from partnerflow.flow import impact_pool
from partnerflow.flow.impact_pool import Slice, compare_slices, processes_that_pay, slices
from partnerflow.records import Insurance
from partnerflow.testing import OFFICE

AT = datetime(2026, 9, 15, 12, tzinfo=UTC)
NEW = """
[pack]
name = "new"
version = "2"
extends = "default"

[[set]]
code = "SAFE-002"
minimum = "2000000 USD"
"""


@pytest.fixture
def flow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Partnerflow]:
    """Seven adopted partnerships in slices of three; every other one has cover for two millions."""
    monkeypatch.setattr(impact_pool, "SLICE", 3)
    with Partnerflow.open(f"sqlite:///{tmp_path / 'p.db'}") as flow:
        for place in range(7):
            begun = flow.adopt(Partner(name=f"Partner {place}"), state="active", by=OFFICE, reason="in place")
            cover = Insurance(
                line="general_liability", per_occurrence=Money.of((1 + place % 2) * 1_000_000, "USD"),
                starts_on=date(2026, 1, 1), ends_on=date(2027, 12, 31),
            )  # fmt: skip
            flow.file(begun.id, cover, by=OFFICE)
        yield flow


@pytest.fixture
def new(tmp_path: Path) -> str:
    (tmp_path / "new.toml").write_text(NEW, encoding="utf-8")
    return str(tmp_path / "new.toml")


def test_several_processes_find_what_one_finds(flow: Partnerflow, new: str) -> None:
    alone = list(flow.compare(new, at=AT))
    assert [one.concerned for one in alone] == [place % 2 == 0 for place in range(7)]
    assert list(flow.compare(new, at=AT, processes=2)) == alone
    assert flow.impact(new, at=AT, processes=2) == flow.impact(new, at=AT)
    after, through = alone[0].id, alone[5].id
    assert list(flow.compare(new, at=AT, after=after, through=through, processes=2)) == alone[1:6]


def test_as_many_as_pay_is_one_for_a_few(flow: Partnerflow, new: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(impact_pool, "compare_slices", None)  # it would be called
    assert list(flow.compare(new, at=AT, processes=None)) == list(flow.compare(new, at=AT))


def test_how_many_processes_pay() -> None:
    assert processes_that_pay(100) == 1
    assert processes_that_pay(1_000_000) >= 1


def test_what_another_process_could_not_do_is_refused(flow: Partnerflow, new: str, tmp_path: Path) -> None:
    by_hand = Partnerflow(store=MemoryStore())
    url = f"sqlite:///{tmp_path / 'p.db'}"
    with (
        Partnerflow.open("sqlite://") as in_memory,
        Partnerflow.open(url, host_records=lambda partnership, session: ()) as with_lambda,
    ):
        for refused, pack in ((by_hand, new), (in_memory, new), (with_lambda, new), (flow, load_pack(new))):
            with pytest.raises(InvalidRequest, match="another process"):
                refused.compare(pack, processes=2)
            list(refused.compare(pack, processes=None))
    with pytest.raises(InvalidRequest, match="must be 1 or more"):
        flow.compare(new, processes=0)
    with pytest.raises(NotFound):
        flow.compare("nobodys", processes=2)


def test_trouble_in_another_process_is_told_as_in_this_one() -> None:
    reopen: Any = partial(Partnerflow.open, "sqlite:///absent/folder/p.db")
    parts = [Slice(None, UUID(int=1))]
    with pytest.raises(StoreError, match="absent/folder"):
        list(compare_slices(reopen, "default", parts, at=AT, processes=2))


def test_slices_meet_and_leave_nobody_out() -> None:
    ids = [UUID(int=number) for number in range(1, 1_203)]
    found = list(slices(iter(ids)))
    assert [(one.after and one.after.int, one.through.int) for one in found] == [
        (None, 500), (500, 1000), (1000, 1202),
    ]  # fmt: skip
    assert list(slices(iter(ids[:500]))) == found[:1]
    assert list(slices(iter([]))) == []
    assert next(slices(iter(ids[5:]), ids[4])).after == ids[4]
