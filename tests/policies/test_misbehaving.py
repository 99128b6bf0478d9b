"""Whatever a policy does becomes one finding `error` of its own: the rest of the report is there, and can be stored."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import attrs
import pytest

from partnerflow.dossier import Dossier
from partnerflow.errors import error_text
from partnerflow.policies import Outcome, Pack, Policy, Problem, Rule, Severity, Until, load_pack, need, policy
from partnerflow.testing import EXAMPLE_DAY, example_dossier

PACK = load_pack("default")
MOMENT = datetime(2027, 1, 1, tzinfo=UTC)
SOUND = PACK.check(example_dossier(), on=EXAMPLE_DAY)


class Unreadable:
    """A value of the author's own whose text cannot be had."""

    def __str__(self) -> str:
        raise ValueError("no text")

    __repr__ = __str__


class UnreadableError(Exception):
    def __str__(self) -> str:
        raise ConnectionError("the message catalogue is down")


class LeavingError(BaseException):
    """What a command-line tool raises to get out, past every `except Exception`."""


def raising(error: BaseException) -> Callable[..., Any]:
    def body(dossier: Dossier, on: date) -> Any:
        raise error
        yield

    return body


def yielding(*said: Any) -> Callable[..., Any]:
    def body(dossier: Dossier, on: date) -> Any:
        yield from said

    return body


def returning(what: Any) -> Callable[..., Any]:
    return lambda dossier, on: what


def needing(where: Any, field: Any = None) -> Callable[..., Any]:
    def body(dossier: Dossier, on: date) -> Any:
        yield from ()
        need(None, where, field)

    return body


WAYS: dict[str, tuple[Callable[..., Any], str]] = {
    "sys.exit(0)": (raising(SystemExit(0)), "SystemExit: 0"),
    "another way out": (raising(LeavingError("done")), "LeavingError: done"),
    "GeneratorExit": (raising(GeneratorExit()), "GeneratorExit"),
    "an error without a text": (raising(AssertionError()), "failed: AssertionError\n"),
    "an error whose text fails": (raising(UnreadableError()), "UnreadableError: its text cannot be read"),
    "an error that no database keeps": (raising(ValueError("half \ud800, NUL \x00")), r"half \ud800, NUL \x00"),
    "an error without end": (raising(ValueError("x" * 10_000)), "xxx"),
    "recursion": (raising(RecursionError("too deep")), "RecursionError: too deep"),
    "a text": (yielding("all is well"), "it yielded a str"),
    "a day": (yielding(date(2026, 1, 1)), "it yielded a date"),
    "None": (yielding(None), "it yielded a NoneType"),
    "a text as its whole answer": (returning(""), "it returned a str"),
    "a mapping as its whole answer": (returning({}), "it returned a dict"),
    "nothing to go through": (returning(False), "not iterable"),
    "a moment for a day": (yielding(Until(MOMENT, "it ends")), "compare"),
    "no day": (yielding(Until(None, "it ends")), "TypeError"),  # type: ignore[arg-type]
    "a sentence without its fact": (yielding(Problem("", None, "{nothing} is wrong")), "KeyError"),
    "half a sentence": (yielding(Problem("", None, "{half is wrong", half=1)), "ValueError"),
    "a day that passed, without its fact": (yielding(Until(date(2000, 1, 1), "{it} ends")), "KeyError"),
    "a fact without a text": (yielding(Problem("", None, "is {fact}", fact=Unreadable())), "no text"),
    "a fact without a text that is not said": (yielding(Problem("", None, "is wrong", fact=Unreadable())), "no text"),
    "no number": (yielding(Problem("", None, "is {fact}", fact=float("nan"))), "not JSON compliant"),
    "half a surrogate pair": (yielding(Problem("", None, "is {fact}", fact="\ud800")), "surrogate"),
    "NUL in a sentence": (yielding(Problem("", None, "is \x00")), "NUL"),
    "NUL in a place": (yielding(Problem("here\x00", None, "is wrong")), "NUL"),
    "a moment that mends it": (
        yielding(Problem("", None, "x", mends_on=datetime(2027, 1, 1, tzinfo=UTC))),
        "is no day",
    ),
    "a text that mends it": (yielding(Problem("", None, "x", mends_on="soon")), "is no day"),  # type: ignore[arg-type]
    "a place that cannot be looked up": (needing("x", ["field"]), "unhashable"),
    "a place that no database keeps": (needing("x\ud800"), "surrogate"),
    "a field without a text": (needing(object(), Unreadable()), "no text"),
}


def of(body: Callable[..., Any], severity: Severity = Severity.BLOCKING) -> Policy:
    made = policy("EVL-001", "Says yes", holds_in={"active"}, cites=["Board policy 7"], fix="Ask.")(body)
    return attrs.evolve(made, severity=severity)


def with_rule(made: Policy) -> Pack:
    return attrs.evolve(PACK, rules=(Rule(policy=made, severity=made.severity, holds_in=made.holds_in), *PACK.rules))


@pytest.mark.parametrize("way", WAYS)
def test_whatever_a_policy_does_is_one_finding_of_its_own(way: str) -> None:
    body, said = WAYS[way]
    pack = with_rule(of(body, Severity.ADVISORY))
    report = pack.check(example_dossier(), on=EXAMPLE_DAY)
    assert report["EVL-001"].outcome is Outcome.ERROR
    assert [finding.code for finding in report.blocking] == ["EVL-001"]
    assert report.findings[1:] == SOUND.findings, "the other policies are evaluated as usual"
    assert said in report.explain()
    assert len(report.explain()) < len(SOUND.explain()) + 2000
    assert json.loads(report.text()) == json.loads(report.to_json()), "it can be stored and sent"
    assert "EVL-001" in report.explain("es")
    assert pack.due_dates(report, example_dossier()).keys() >= {"EVL-001", "SAFE-001"}


def test_an_interrupt_by_the_keyboard_is_no_finding() -> None:
    with pytest.raises(KeyboardInterrupt):
        of(raising(KeyboardInterrupt()))(example_dossier(), EXAMPLE_DAY)


def test_a_policy_that_holds_through_today_whatever_day_it_is_is_not_followed_without_end() -> None:
    asked: list[date] = []

    def body(dossier: Dossier, on: date) -> Any:
        asked.append(on)
        yield Until(on, "today ends")

    pack = with_rule(of(body))
    report = pack.check(example_dossier(), on=EXAMPLE_DAY)
    due = pack.due_dates(report, example_dossier())["EVL-001"]
    assert due is not None
    assert due > EXAMPLE_DAY + timedelta(days=366)
    assert len(asked) < 2000


def test_the_text_of_an_error_is_told_whatever_it_is() -> None:
    assert error_text(SystemExit()) == "SystemExit"
    assert error_text(KeyError("liaison 17")) == "KeyError: 'liaison 17'"
    error_text(UnreadableError()).encode()
