"""A report says all that its findings hold, word for word: as data for programs, as lines for people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import attrs
import pytest

from partnerflow.dossier import Dossier, RecordIndex
from partnerflow.lifecycle import State, Trigger
from partnerflow.policies import Outcome, Pack, Policy, Problem, Report, Severity, Until, Verdict, need, policy
from partnerflow.policies.advice import who_and_when
from partnerflow.policies.toml import read_pack
from partnerflow.policies.translation import translation
from partnerflow.policies.verdict import best_of, each, filled
from partnerflow.records import Waiver, WaiverRefusal, WaiverRequest
from partnerflow.testing import BOARD, EXAMPLE_DAY, OFFICE, example_dossier

LATER = EXAMPLE_DAY + timedelta(days=40)


@policy(
    "X-001",
    "A summary of some words",
    cites=["EAF-C.2", "TK-5"],
    fix="Write {words} words.",
    holds_in={State.ACTIVE},
    owner="partner",
    max_waiver_days=90,
    revision=3,
)
def summarised(
    dossier: Dossier, on: date, *, words: int = 3, themes: frozenset[str] = frozenset({"b", "a"})
) -> Verdict:
    """What a newcomer reads first."""
    yield Problem(dossier.partner, "summary", "«{said}» has fewer than {words} words", said="é", words=words)
    yield Problem("", None, "there are: {themes}", themes=themes)


@policy("X-002", "It stands for a while", cites=["EAF-C.2"], fix="Wait.", holds_in={State.ACTIVE}, severity="advisory")
def standing(dossier: Dossier, on: date) -> Verdict:
    """Some things end."""
    yield Until(LATER, "it ends")
    yield Until(LATER + timedelta(days=1), "something else ends")
    yield Until(LATER, "this too")


@policy(
    "X-003",
    "Who renews says why",
    cites=["EAF-C.2"],
    fix="Say why.",
    guards={Trigger.RENEW, Trigger.AMEND},
    authority=True,
)
def said_why(dossier: Dossier, on: date) -> Verdict:
    """A reason is remembered."""
    need(dossier.move and dossier.move.reason, "move.reason")
    yield from ()


def pack(more: str = "", *policies: Policy) -> Pack:
    head = '[pack]\nname = "small"\nversion = "1"\ntitle = "A small pack"\n'
    return read_pack(head + more, "small.toml", policies or [summarised, standing, said_why])


CLERK = '[roles.clerk]\nfile = ["waiver"]\nfire = ["renew", "amend"]\n[roles.guest]\nfire = ["withdraw"]\n'


# --- as data ----------------------------------------------------------------------------------------------------------


def test_the_data_of_a_report_are_all_that_it_says() -> None:
    small = pack(CLERK)
    report = small.check(example_dossier(), on=EXAMPLE_DAY, trigger="renew")
    data = report.to_data()
    findings = data.pop("findings")
    assert data == {
        "schema": "partnerflow.report/1",
        "pack": {"name": "small", "version": "1", "digest": small.digest},
        "on": "2026-09-15",
        "state": "active",
        "trigger": "renew",
        "partner": "Riverbend Youth Center",
        "ok": False,
        "blocking": ["X-001"],
        "broken": ["X-001"],
        "lapsed_waivers": [],
        "unused_waivers": [],
        "asked_waivers": [],
        "not_asked": ["X-003"],
        "may_fire": ["clerk"],
        "may_waive": ["clerk"],
    }
    assert findings == [
        {
            "code": "X-001",
            "revision": 3,
            "outcome": "failed",
            "title": "A summary of some words",
            "severity": "blocking",
            "enforced": True,
            "gates": True,
            "stands": True,
            "fix": "Write 3 words.",
            "advice": "Write {words} words.",
            "parameters": {"words": 3, "themes": "['a', 'b']"},
            "owner": "partner",
            "lapsed_on": None,
            "waivable_days": 90,
            "cites": ["EAF-C.2", "TK-5"],
            "problems": [
                {
                    "path": "/partner/summary",
                    "label": "",
                    "message": "«é» has fewer than 3 words",
                    "template": "«{said}» has fewer than {words} words",
                    "facts": {"said": "é", "words": 3},
                },
                {
                    "path": "",
                    "label": "",
                    "message": "there are: a, b",
                    "template": "there are: {themes}",
                    "facts": {"themes": "['a', 'b']"},
                },
            ],
            "waiver": None,
        },
        {"code": "X-002", "revision": 1, "outcome": "passed", "until": str(LATER)},
    ]


def test_the_text_of_a_report_keeps_every_letter_and_lies_open() -> None:
    text = pack().check(example_dossier(), on=EXAMPLE_DAY).to_json()
    assert "«é»" in text
    assert text.startswith('{\n  "schema": ')
    assert json.loads(text)["findings"][0]["problems"][0]["message"] == "«é» has fewer than 3 words"


def test_roles_are_no_parameter_that_a_reader_is_told() -> None:
    @policy("X-004", "Roles", cites=["EAF-C.2"], fix="No.", holds_in={State.ACTIVE})
    def roles_read(dossier: Dossier, on: date, *, roles: Any = {}, other: str = "x") -> Verdict:  # noqa: B006
        yield Problem("", None, "no")

    (finding,) = pack(CLERK, roles_read).check(example_dossier(), on=EXAMPLE_DAY).to_data()["findings"]
    assert finding["parameters"] == {"other": "x"}


# --- in words ---------------------------------------------------------------------------------------------------------


def test_the_words_of_a_report_in_their_order() -> None:
    said = pack(CLERK).check(example_dossier(), on=EXAMPLE_DAY, trigger="amend").explain().splitlines()
    assert said[0].startswith("Riverbend Youth Center on 2026-09-15 (amend -> active), by pack small@1 (")
    assert said[1:] == [
        "  nothing stands in the way of amend",
        "",
        "  noted, but stopping nothing:",
        "  X-001 failed: A summary of some words [EAF-C.2, TK-5]",
        "      /partner/summary: «é» has fewer than 3 words",
        "      there are: a, b",
        "      To mend it: Write 3 words.",
        "      For the partner, now. It can be waived for at most 90 days, by clerk.",
        "  not asked, because nobody was named who asks: X-003",
    ]


def test_who_decides_is_said_where_something_stops_the_step() -> None:
    small = pack(CLERK)
    stopped = small.check(example_dossier(), on=EXAMPLE_DAY, trigger="amend", by=OFFICE)
    assert stopped.explain().splitlines()[-1] == "  Who decides on amend: clerk"
    assert "Who decides" not in small.check(example_dossier(), on=EXAMPLE_DAY).explain()
    going = small.check(example_dossier(), on=EXAMPLE_DAY, trigger="amend", by=OFFICE, reason="it helps")
    assert "Who decides" not in going.explain()
    assert "Who decides" not in pack().check(example_dossier(), on=EXAMPLE_DAY, trigger="amend", by=OFFICE).explain()


def test_everything_holds_is_said_where_no_step_is_asked() -> None:
    said = pack("", standing).check(example_dossier(), on=EXAMPLE_DAY).explain().splitlines()
    assert said[1:] == ["  everything holds"]


def with_waivers(*records: Any, **changes: Any) -> Dossier:
    made = example_dossier()
    entries = [
        attrs.evolve(made.entries[-1], **{"record": one, "id": UUID(int=7), "filed_by": BOARD, **changes})
        for one in records
    ]
    return attrs.evolve(made, on_file=RecordIndex([*made.entries, *entries]))


def waiver(code: str, **changes: Any) -> Waiver:
    said = {
        "reason": "late",
        "requested_by": OFFICE.id,
        "expires_on": date(2026, 10, 1),
        "revision": 1,
        "covers_all": True,
    }
    return Waiver(code, **{**said, **changes})


def test_a_waiver_that_is_applied_not_needed_lapsed_or_asked_for_is_told_apart() -> None:
    waivers = [waiver("X-001", revision=3), waiver("X-002"), waiver("X-003"), waiver("Y-001")]
    asking = WaiverRequest(policy="X-001", reason="late", expires_on=date(2026, 10, 5))
    report = pack().check(with_waivers(*waivers, asking), on=EXAMPLE_DAY)
    assert report["X-001"].waiver is not None
    assert attrs.asdict(report["X-001"].waiver) == {
        "entry_id": str(UUID(int=7)),
        "requested_by": OFFICE.id,
        "approved_by": BOARD.id,
        "expires_on": date(2026, 10, 1),
        "reason": "late",
    }
    assert report.unused_waivers == ("X-002",)
    assert [remark.code for remark in report.lapsed_waivers] == ["Y-001"]
    assert [str(remark) for remark in report.asked_waivers] == [f"X-001: by {BOARD.id}, through 2026-10-05"]
    said = report.explain()
    assert "  X-001 failed, waived: A summary of some words" in said
    assert "To mend it" not in said
    assert "  waiver of X-002 is not needed" in said.splitlines()
    assert "to be granted or refused by nobody: X-001: by" in said
    assert f"waived through 2026-10-01, by {BOARD.id} at {OFFICE.id}'s request: late" in said
    (told, _) = report.to_data()["findings"]
    assert told["waiver"] == {
        "entry_id": str(UUID(int=7)),
        "requested_by": OFFICE.id,
        "approved_by": BOARD.id,
        "expires_on": "2026-10-01",
        "reason": "late",
    }
    unnumbered = pack().check(with_waivers(waivers[0], id=None), on=EXAMPLE_DAY)
    assert unnumbered["X-001"].waiver == attrs.evolve(report["X-001"].waiver, entry_id=None)


def test_a_request_by_nobody_on_file_is_told_until_an_answer_comes_after_it() -> None:
    asking = WaiverRequest(policy="X-001", reason="late", expires_on=date(2026, 10, 5))
    report = pack().check(with_waivers(asking, filed_by=None), on=EXAMPLE_DAY)
    assert [str(remark) for remark in report.asked_waivers] == ["X-001: by nobody on file, through 2026-10-05"]
    refusal = WaiverRefusal(policy="X-001", reason="no")
    assert pack().check(with_waivers(asking, refusal), on=EXAMPLE_DAY).asked_waivers == ()
    assert len(pack().check(with_waivers(refusal, asking), on=EXAMPLE_DAY).asked_waivers) == 1
    other = WaiverRefusal(policy="X-002", reason="no")
    assert len(pack().check(with_waivers(asking, other), on=EXAMPLE_DAY).asked_waivers) == 1


def test_a_plan_has_thirty_days_for_what_stops_and_sixty_for_what_does_not_blocking_first() -> None:
    @policy("X-000", "Nice to have", cites=["EAF-C.2"], fix="Do it.", holds_in={State.ACTIVE}, severity="advisory")
    def nice(dossier: Dossier, on: date) -> Verdict:
        yield Problem("", None, "it is not")

    from partnerflow.policies.advice import improvement_plan

    report = pack("", nice, summarised).check(example_dossier(), on=EXAMPLE_DAY)
    for plan in (report.improvement_plan("autumn"), improvement_plan(report, "autumn")):
        assert [(item.what, item.owner, item.due_on, item.success_measure) for item in plan.items or ()] == [
            ("X-001: Write 3 words.", "partner", date(2026, 10, 15), "X-001 holds: A summary of some words"),
            ("X-000: Do it.", "district", date(2026, 11, 14), "X-000 holds: Nice to have"),
        ]
        assert (plan.starts_on, plan.ends_on) == (EXAMPLE_DAY, date(2026, 11, 14))
    nothing = pack("", standing).check(example_dossier(), on=EXAMPLE_DAY).improvement_plan("none")
    assert nothing.ends_on == date(2026, 10, 15)


# --- the words that policies answer in --------------------------------------------------------------------------------


def verdict(*said: Problem | Until) -> Verdict:
    yield from said


def test_the_best_of_several_is_the_one_that_holds_longest() -> None:
    def judge(days: tuple[int, ...]) -> Verdict:
        return verdict(*(Until(EXAMPLE_DAY + timedelta(days=n), f"{n}") for n in days))

    def best(*several: tuple[int, ...]) -> list[Any]:
        return [said.what for said in best_of(several, judge, EXAMPLE_DAY) if isinstance(said, Until)]

    assert best((5, 3), (9, 2), (4,)) == ["4"]
    assert best((3,), ()) == [""], "without end"
    assert best((0,)) == ["0"]
    assert best((5, 5), (5,)) == ["5"]
    assert list(best_of([], judge, EXAMPLE_DAY)) == []


def test_what_is_wrong_with_the_others_is_said_only_once_the_best_has_ended() -> None:
    wrong = Problem("", None, "wrong")

    def judge(days: int | None) -> Verdict:
        return verdict(wrong if days is None else Until(EXAMPLE_DAY + timedelta(days=days), "ends"))

    assert wrong not in list(best_of([None, 0], judge, EXAMPLE_DAY))
    assert [type(said) for said in best_of([None, -1], judge, EXAMPLE_DAY)] == [Problem, Until]
    assert list(best_of([None], judge, EXAMPLE_DAY)) == [wrong]


def test_what_is_absent_of_one_hides_nothing_of_the_next() -> None:
    def judge(one: str) -> Iterator[Problem | Until]:
        need(None if one == "a" else one, "/records/0", "name")
        yield Problem("", None, one)

    said = [problem for problem in each(["a", "b"], judge) if isinstance(problem, Problem)]
    assert [(problem.path, problem.message, problem.absent) for problem in said] == [
        ("/records/0/name", "is not on file", True),
        ("", "b", False),
    ]


def test_a_sentence_is_filled_where_it_has_a_place_to_fill() -> None:
    assert filled("nothing to fill", {}) == "nothing to fill"
    assert filled("{a} and {b}", {"a": frozenset({"y", "x"}), "b": ("n", "m")}) == "x, y and n, m"
    with pytest.raises(ValueError, match=r"Single '\{'"):
        filled("odd{", {})
    with pytest.raises(ValueError, match="Single '}'"):
        filled("odd}", {})
    assert repr(Until(EXAMPLE_DAY, "{what} ends", what="cover")) == "Until(2026-09-15, 'cover ends')"


def test_a_finding_names_the_earliest_day_and_the_gravest_outcome() -> None:
    @policy("X-005", "Several", cites=["EAF-C.2"], fix="No.", holds_in={State.ACTIVE})
    def several(dossier: Dossier, on: date, *, days: tuple[int, ...] = ()) -> Verdict:
        """Some days."""
        for n in days:
            yield Until(EXAMPLE_DAY + timedelta(days=n), "it ends")

    finding = several(example_dossier(), EXAMPLE_DAY, days=(3, 1, 2))
    assert (finding.outcome, finding.until, finding.lapsed_on) == ("passed", EXAMPLE_DAY + timedelta(days=1), None)
    lapsed = several(example_dossier(), EXAMPLE_DAY, days=(-1, -3, -2, 4))
    assert [problem.label for problem in lapsed.problems] == ["", "", ""]
    assert (lapsed.outcome, lapsed.until, lapsed.lapsed_on) == ("failed", None, EXAMPLE_DAY - timedelta(days=3))
    assert several(example_dossier().to_mapping(), EXAMPLE_DAY, days=(0,)).until == EXAMPLE_DAY


def test_a_policy_that_fails_is_an_error_that_says_how_and_is_never_waived() -> None:
    @policy("X-006", "Breaks", cites=["EAF-C.2"], fix="No.", holds_in={State.ACTIVE}, severity="advisory")
    def broken(dossier: Dossier, on: date) -> Verdict:
        """Find something wrong, then break."""
        yield Problem("/partner", "name", "is odd")
        raise LookupError("no {such} word")

    finding = broken(example_dossier(), EXAMPLE_DAY)
    assert (finding.outcome, finding.severity, finding.waivable_days) == (Outcome.ERROR, Severity.BLOCKING, 0)
    assert [problem.message for problem in finding.problems] == [
        "is odd",
        "the policy itself failed: LookupError: no {such} word",
    ]
    assert finding.is_blocking


def test_a_card_says_what_it_is_unless_it_says_otherwise() -> None:
    def nothing(dossier: Dossier, on: date, *, days: int = 1) -> Verdict:
        yield from ()

    plain = policy("X-007", "Plain", cites=["EAF-C.2"], fix="No.", guards={Trigger.RENEW}, failing=[])(nothing)
    assert (plain.severity, plain.owner, plain.revision, plain.max_waiver_days) == ("blocking", "district", 1, 365)
    assert (plain.authority, plain.compares, plain.holds_in, plain.guards) == (False, False, frozenset(), {"renew"})
    assert plain.examples == {"failing": []}
    assert (plain.doc, plain.defaults, plain.types) == ("", {"days": 1}, {"days": int})
    assert plain.example("failing").mapping == {
        "partner": {"name": "Riverbend Youth Center"},
        "partnership": {"state": "active"},
        "records": [],
    }
    every = policy("X-008", "Every", cites=["EAF-C.2"], fix="No.", guards={"*"}, passing={"records": []})(nothing)
    assert every.example("passing").mapping["partnership"] == {"state": "intake"}
    held = policy("X-009", "Held", cites=["EAF-C.2"], fix="No.", holds_in={"onboarding"}, guards={"renew"}, passing=[])
    assert held(nothing).example("passing").mapping["partnership"] == {"state": "onboarding"}


def test_a_report_is_looked_up_by_code() -> None:
    report: Report = pack().check(example_dossier(), on=EXAMPLE_DAY)
    assert [found.code for found in report.findings] == ["X-001", "X-002"]
    assert report.by_code["X-001"] is report["X-001"]
    assert (report.ok, report.blocking, report.broken) == (False, (report["X-001"],), (report["X-001"],))
    assert report.noted == ()


def test_a_report_is_neither_true_nor_false() -> None:
    with pytest.raises(TypeError, match=r"ask report\.ok"):
        bool(pack().check(example_dossier(), on=EXAMPLE_DAY))


@pytest.mark.parametrize("said", [Problem("", None, "{odd} is wrong"), Until(date(2020, 1, 1), "{odd} ends")])
def test_a_sentence_that_cannot_be_finished_is_the_policys_own_error(said: Problem | Until) -> None:
    @policy("X-010", "Stammers", cites=["EAF-C.2"], fix="No.", holds_in={State.ACTIVE})
    def stammering(dossier: Dossier, on: date) -> Verdict:
        yield said

    finding = stammering(example_dossier(), EXAMPLE_DAY)
    assert finding.outcome == "error"
    assert [problem.message for problem in finding.problems] == ["the policy itself failed: KeyError: 'odd'"]


def test_an_example_of_a_step_stands_where_the_step_may_first_be_taken() -> None:
    @policy("X-011", "Amends", cites=["EAF-C.2"], fix="No.", guards={Trigger.AMEND}, passing=[])
    def amending(dossier: Dossier, on: date) -> Verdict:
        yield from ()

    assert amending.example("passing").mapping["partnership"] == {"state": "active"}


def test_what_is_asked_before_filing_and_where_nobody_may_waive_is_said() -> None:
    finding = pack("", summarised).check(example_dossier(), on=EXAMPLE_DAY)["X-001"]
    assert who_and_when(finding, translation(), trigger="file") == (
        "For the partner, before it is filed. It can be waived for at most 90 days, by nobody."
    )
