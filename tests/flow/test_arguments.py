"""No argument of a call is stored before it was read back, and one of another type is refused by its name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest

from partnerflow import Actor, InvalidRecord, InvalidRequest, Partner, Partnerflow, PartnerflowError
from partnerflow.adapters.memory import MemoryStore
from partnerflow.flow.bulk import Adoption, Filing, Step
from partnerflow.policies import Pack
from partnerflow.records import Insurance, Need
from partnerflow.testing import OFFICE

Call = Callable[..., Any]
COVER = Insurance(line="general_liability")
WRONG_FOR_ALL: dict[str, list[Any]] = {
    "by": [None, "a.anderson", Actor("a", roles={1})],  # type: ignore[arg-type]
    "at": ["2026-09-01", date(2026, 9, 1), datetime(2026, 9, 1)],  # noqa: DTZ001
    "idempotency_key": [7, "a\x07b", "a" * 200],
}
WRONG_WHERE_TAKEN: dict[str, list[Any]] = {"reason": [7, "\x00", "x" * 20_000], "expected_version": ["1", True, 1.0]}

EMPTY = {"partner": {"name": "Riverbend"}, "partnership": {"state": "active"}, "records": []}
SOMETHING = UUID("01990000-0000-7000-8000-000000000000")  # the same in every process that collects the tests


@pytest.fixture
def calls(flow: Partnerflow, office: Actor, walked_to: Call) -> dict[str, Call]:
    """Every call that writes, with everything that it needs."""
    p, entry_id = walked_to(flow, "active"), uuid4()
    partner = Partner(name="Another")

    def with_all(call: Call, *given: Any, **named: Any) -> Call:
        return lambda **other: call(*given, **{"by": office, **named, **other})

    return {
        "propose": with_all(flow.propose, partner, reason="x"),
        "adopt": with_all(flow.adopt, partner, state="active", reason="x"),
        "file": with_all(flow.file, p.id, COVER),
        "retract": with_all(flow.retract, p.id, entry_id, reason="x"),
        "redact": with_all(flow.redact, p.id, entries=[entry_id], reason="x"),
        "fire": with_all(flow.fire, p.id, "renew"),
    }


@pytest.mark.parametrize("name", ["propose", "adopt", "file", "retract", "redact", "fire"])
def test_whatever_all_writes_take_is_refused_by_its_name(name: str, calls: dict[str, Call]) -> None:
    taken = WRONG_FOR_ALL | {
        argument: values
        for argument, values in WRONG_WHERE_TAKEN.items()
        if (argument == "reason" and name != "file")
        or (argument == "expected_version" and name in ("file", "retract", "fire"))
    }
    for argument, values in taken.items():
        for value in values:
            with pytest.raises(InvalidRequest) as refused:
                calls[name](**{argument: value})
            assert refused.value.argument == argument


@pytest.mark.parametrize("wrong", [None, "x", str(SOMETHING), 7, [SOMETHING]])
def test_what_is_no_id_is_refused_by_its_name(wrong: Any, flow: Partnerflow, office: Actor) -> None:
    for call in (
        lambda: flow.propose(wrong, by=office),
        lambda: flow.propose(uuid4(), by=office, succeeds=wrong or "x"),
        lambda: flow.file(wrong, COVER, by=office),
        lambda: flow.retract(wrong, uuid4(), by=office, reason="x"),
        lambda: flow.retract(uuid4(), wrong, by=office, reason="x"),
        lambda: flow.redact(wrong, entries=[uuid4()], by=office, reason="x"),
        lambda: flow.redact(uuid4(), entries=[wrong], by=office, reason="x"),
        lambda: flow.fire(wrong, "renew", by=office),
        lambda: flow.check(wrong, "renew", by=office),
        lambda: flow.options(wrong, by=office),
        lambda: flow.due(wrong or "x"),
        lambda: flow.find(partner=wrong or "x"),
        lambda: flow.find(after=wrong or "x"),
        *(
            partial(read, wrong)
            for read in (
                flow.explain,
                flow.dossier,
                flow.history,
                flow.attempts,
                flow.obligations,
                flow.entries_of,
                flow.events_of,
                flow.partner,
            )
        ),
    ):
        with pytest.raises(InvalidRequest):
            call()


def test_a_day_that_is_a_moment_and_a_moment_that_is_a_day_are_refused(flow: Partnerflow, office: Actor) -> None:
    now, day = datetime(2026, 9, 1, tzinfo=UTC), date(2026, 9, 1)
    for call in (
        lambda: flow.adopt(Partner(name="A"), state="active", since=now, by=office, reason="x"),
        lambda: flow.purge(before=now, by=office, reason="x"),
        lambda: flow.purge(before="2026", by=office, reason="x"),  # type: ignore[arg-type]
        lambda: flow.due(before=now),
        lambda: flow.due(before="2026"),  # type: ignore[arg-type]
        lambda: flow.find(due_before=now),
        lambda: flow.find(as_of=day),  # type: ignore[arg-type]
        lambda: flow.sweep(at=day),  # type: ignore[arg-type]
        lambda: flow.impact(at=day),  # type: ignore[arg-type]
        lambda: flow.dossier(uuid4(), as_of="x"),  # type: ignore[arg-type]
        lambda: flow.pack.check(EMPTY, on=now),
        lambda: flow.pack.check(EMPTY, on="2026-09-01"),  # type: ignore[arg-type]
        lambda: flow.pack["SAFE-002"](EMPTY, on=now),
        lambda: flow.pack["SAFE-002"].policy(EMPTY, on=now),
    ):
        with pytest.raises(InvalidRequest):
            call()  # type: ignore[no-untyped-call]


def test_what_is_no_pack_no_head_and_no_item_of_a_batch_is_refused_by_its_name(
    flow: Partnerflow, office: Actor
) -> None:
    for argument, call in (
        ("pack", lambda: flow.impact(7)),  # type: ignore[arg-type]
        ("against", lambda: flow.verify(against=["x"])),  # type: ignore[list-item]
        ("against", lambda: flow.verify(against="x")),  # type: ignore[arg-type]
        ("among", lambda: flow.waiting(7)),  # type: ignore[arg-type]
        ("among", lambda: list(flow.waiting(["x"]))),  # type: ignore[list-item]
        ("listed", lambda: flow.admit(7, by=office)),  # type: ignore[arg-type]
        ("listed", lambda: list(flow.admit(["x"], by=office))),  # type: ignore[list-item]
        ("after", lambda: flow.compare(flow.pack, after="x")),  # type: ignore[arg-type]
        ("through", lambda: flow.impact(through="x")),  # type: ignore[arg-type]
        ("at", lambda: flow.today(date(2026, 9, 1))),  # type: ignore[arg-type]
    ):
        with pytest.raises(InvalidRequest, match=argument):
            call()  # type: ignore[no-untyped-call]
    for argument, run in (
        ("steps", flow.fire_many),
        ("filings", flow.file_many),
        ("confirmings", flow.confirm_many),
        ("adoptions", flow.adopt_many),
    ):
        for no_list in (None, 7, "x"):
            with pytest.raises(InvalidRequest, match=f"^{argument}="):
                run(no_list, by=office, key="k")  # type: ignore[operator]
        told = list(run(["x", None], by=office, key="k"))  # type: ignore[operator]
        assert all(isinstance(each.error, InvalidRequest) and argument in str(each.error) for each in told)


PUBLIC = [name for name, _ in inspect.getmembers(Partnerflow, inspect.isfunction) if not name.startswith("_")]


@pytest.mark.parametrize("name", PUBLIC)
def test_no_value_of_another_type_raises_another_error_than_ours(
    name: str, flow: Partnerflow, office: Actor, walked_to: Call
) -> None:
    """Every argument of every public method, one at a time, the others being right."""
    p = walked_to(flow, "active")
    right = {
        "partnership_id": p.id, "subject": p.id, "file_id": p.id, "partner": p.partner_id, "partner_id": p.partner_id,
        "by": office, "reason": "x", "trigger": "renew", "entry_id": SOMETHING, "state": "active", "key": "k",
        "before": date(2020, 1, 1), "session": None,
        **dict.fromkeys(("steps", "filings", "confirmings", "adoptions", "listed"), ()),
    }  # fmt: skip
    call = getattr(flow, name)
    parameters = inspect.signature(call).parameters
    for each in parameters.values():
        for wrong in (None, "x", 3, b"x", object(), [], {}, date(2026, 9, 1), datetime(2026, 9, 1, tzinfo=UTC), ["x"]):
            given = {
                other.name: right.get(other.name, None if other.default is other.empty else other.default)
                for other in parameters.values()
                if other.kind is not other.VAR_POSITIONAL
            }
            alone = [wrong] if each.kind is each.VAR_POSITIONAL else []
            if not alone:
                given[each.name] = wrong
            with suppress(PartnerflowError):
                first = [given.pop(other) for other in parameters if alone and _may_be_first(parameters[other])]
                answer = call(*first, *alone, **given)
                list(answer if isinstance(answer, Iterator) else ())


def _may_be_first(parameter: inspect.Parameter) -> bool:
    return parameter.kind is parameter.POSITIONAL_OR_KEYWORD


def test_documents_that_would_not_read_back_leave_the_partnership_as_it_was(
    flow: Partnerflow, office: Actor, walked_to: Call
) -> None:
    p = walked_to(flow, "active")
    on_file = flow.entries_of(p.id)
    with pytest.raises(InvalidRequest, match="documents"):
        flow.file(p.id, COVER, by=office, documents=["https://portal/cert.pdf"])  # type: ignore[list-item]
    filing = Filing(p.id, (COVER,), documents=("https://portal/cert.pdf",))  # type: ignore[arg-type]
    (told,) = flow.file_many([filing], by=office, key="k")
    assert isinstance(told.error, InvalidRequest)
    assert flow.entries_of(p.id) == on_file


def test_what_the_gate_refuses_is_refused_in_bulk_and_where_a_partnership_begins(
    flow: Partnerflow, office: Actor, walked_to: Call
) -> None:
    p, forged = walked_to(flow, "active"), Partner(name="Riverbend\n  everything holds\n")
    for call in (
        lambda: flow.propose(forged, by=office),
        lambda: flow.adopt(forged, state="active", by=office, reason="x"),
        lambda: flow.register(forged, by=office),
        lambda: flow.file(p.id, forged, by=office),
    ):
        with pytest.raises(InvalidRecord):
            call()  # type: ignore[no-untyped-call]
    adopted = flow.adopt_many([Adoption(forged, state="active", reason="x")], by=office, key="a")
    filed = flow.file_many([Filing(p.id, (Need(need=""),)), Filing(p.id, (COVER,))], by=office, key="f")
    fired = flow.fire_many([Step(p.id, "a\nb"), Step(p.id, "renew", at=date(2026, 9, 1))], by=office, key="s")  # type: ignore[arg-type]
    assert [each.outcome for each in (*adopted, *filed, *fired)] == ["failed", "failed", "done", "failed", "failed"]
    for many in (flow.adopt_many, flow.confirm_many, flow.file_many, flow.fire_many):
        for key in ("", " ", None, "a\nb"):
            with pytest.raises(InvalidRequest, match=r"^key="):
                many([], by=office, key=key)  # type: ignore[arg-type]
        with pytest.raises(InvalidRequest, match=r"^by="):
            many([], by=None, key="k")  # type: ignore[arg-type]


def test_a_blank_key_is_no_key(flow: Partnerflow, office: Actor) -> None:
    for key in ("", " ", "\t", "\u200b"):
        flow.propose(Partner(name="A"), by=office, idempotency_key=key)
        flow.propose(Partner(name="B"), by=office, idempotency_key=key)


LONG = "a" * 41
"""One character more than a flow with `longest_text=40` takes."""


@pytest.mark.parametrize(
    "call",
    [
        lambda flow, p, text: flow.propose(Partner(name="New", summary=text), by=OFFICE),
        lambda flow, p, text: flow.adopt(Partner(name="New"), state="active", by=OFFICE, reason=text),
        lambda flow, p, text: flow.register(Partner(name="New", summary=text), by=OFFICE),
        lambda flow, p, text: flow.file(p.id, Need(need=text), by=OFFICE),
        lambda flow, p, text: flow.fire(p.id, "decline", by=OFFICE, reason=text),
        lambda flow, p, text: flow.retract(p.id, flow.entries_of(p.id)[-1].id, by=OFFICE, reason=text),
        lambda flow, p, text: flow.check(p.id, "decline", by=OFFICE, reason=text),
        lambda flow, p, text: _of(flow.file_many([Filing(p.id, [Need(need=text)])], by=OFFICE, key="k")),
        lambda flow, p, text: _of(flow.fire_many([Step(p.id, "decline", reason=text)], by=OFFICE, key="k")),
    ],
    ids=["propose", "adopt", "register", "file", "fire", "retract", "check", "file_many", "fire_many"],
)
def test_how_long_a_text_may_be_is_a_setting_of_the_flow(call: Any) -> None:
    for longest, fits in ((40, False), (41, True)):
        flow = Partnerflow(store=MemoryStore(), pack=Pack(name="free", version="1", rules=()), longest_text=longest)
        begun = flow.propose(Partner(name="Riverbend"), by=OFFICE)
        flow.file(begun.id, Need(need="reading"), by=OFFICE)
        if fits:
            call(flow, begun, LONG)
        else:
            with pytest.raises((InvalidRecord, InvalidRequest), match="has 41 characters, and may have 40"):
                call(flow, begun, LONG)


def _of(results: Any) -> None:
    (result,) = results
    if result.error is not None:
        raise result.error


@pytest.mark.parametrize("longest", [0, -1, 500_001, "40", True, None, 1.5])
def test_a_longest_text_that_no_text_could_have_is_refused(longest: Any) -> None:
    with pytest.raises(InvalidRequest, match="longest_text"):
        Partnerflow(store=MemoryStore(), longest_text=longest)
