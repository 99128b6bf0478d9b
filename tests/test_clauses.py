"""Every clause of the guides is answered by something that is there, waits for something named, or is not ours."""

from __future__ import annotations

import ast
import inspect
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import attrs
import pytest

from partnerflow import Actor, Partnerflow, traceability
from partnerflow.adapters.memory import MemoryStore
from partnerflow.clauses import DOCUMENTS, answers, document_of
from partnerflow.clauses.not_ours import NOT_OURS
from partnerflow.clauses.planned import PLANNED
from partnerflow.events import EVENT_TYPES, NOTICES, Event, event_type
from partnerflow.lifecycle import DEFAULT
from partnerflow.obligations import NoticeKind
from partnerflow.policies import Pack, Policy, load_pack
from partnerflow.policies.shipped import POLICIES
from partnerflow.records import (
    BackgroundCheck,
    Insurance,
    Liaison,
    Record,
    Waiver,
    WaiverRefusal,
    WaiverRequest,
    WaiverRevocation,
    kinds,
    record,
)
from partnerflow.records.conversion import read_record, record_text
from partnerflow.records.registry import KINDS
from partnerflow.rubric import CRITERIA, Criterion, rate
from partnerflow.testing import BOARD, EXAMPLE_DAY, OFFICE, example_dossier, example_records
from partnerflow.testing.clock import TickingClock
from partnerflow.traceability import Answer, TracedClause

SRC = Path(traceability.__file__).parent
ON = date(2026, 9, 1)
"""The day for which the examples of the cards are meant."""


# --- every clause ----------------------------------------------------------------------------------------------------


def test_every_clause_is_answered_planned_or_not_ours(clause_ids: frozenset[str]) -> None:
    known = {each.clause for each in traceability.trace()}
    assert not clause_ids - known, (
        "nothing answers these: cite them where the answer is, or put them in clauses/planned.py "
        f"with the kind of records that they wait for: {', '.join(sorted(clause_ids - known))}"
    )


def test_no_clause_is_two_things_at_once() -> None:
    wrong = [
        f"{each.clause} is {' and '.join(each.statuses)}: {', '.join(map(str, each.answers))} may answer it, so "
        "take it out of clauses/planned.py and clauses/not_ours.py"
        for each in traceability.trace()
        if len(each.statuses) != 1
    ]
    assert not wrong, "\n".join(wrong)


def test_every_clause_that_anything_names_is_one_of_the_guides(clause_ids: frozenset[str]) -> None:
    named = [(clause, str(answer)) for clause, answer in traceability.citations()]
    named += [(clause, f"clauses/planned.py, {kind}") for kind, clauses in PLANNED.items() for clause in clauses]
    named += [(clause, "clauses/not_ours.py") for clause in NOT_OURS]
    wrong = [f"{where} names {clause}, which no guide has" for clause, where in named if clause not in clause_ids]
    assert not wrong, "\n".join(wrong)


def test_every_clause_belongs_to_a_guide_and_stands_with_its_like(clause_ids: frozenset[str]) -> None:
    assert {document_of(clause) for clause in clause_ids} == set(DOCUMENTS)
    found = [each.clause for each in traceability.trace()]
    assert list(dict.fromkeys(map(document_of, found))) == list(DOCUMENTS)
    assert found.index("TK-2") < found.index("TK-10")


@pytest.mark.parametrize("kind", PLANNED)
def test_a_clause_waits_for_a_kind_of_records_that_is_not_there_yet(kind: str) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", kind)
    assert PLANNED[kind], f"nothing waits for {kind}: take it out of clauses/planned.py"
    assert kind not in kinds(), (
        f"the kind {kind} is there: cite {', '.join(PLANNED[kind])} where they are answered, and take the line out of "
        "clauses/planned.py"
    )


def test_a_clause_waits_for_one_kind() -> None:
    waiting = Counter(clause for clauses in PLANNED.values() for clause in clauses)
    assert not [clause for clause, times in waiting.items() if times > 1]


def test_few_clauses_are_not_ours_and_each_says_why() -> None:
    assert len(NOT_OURS) <= 5
    assert all(re.fullmatch(r"[A-Z][^.]+\.", why) for why in NOT_OURS.values())


# --- a policy: a finding names the clause ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack("default")


@pytest.fixture(scope="module")
def answered() -> dict[str, set[str]]:
    """Give, by the name of an answer, the clauses that it answers."""
    found: dict[str, set[str]] = {}
    for clause, answer in traceability.citations():
        found.setdefault(answer.name, set()).add(clause)
    return found


@pytest.mark.parametrize("shown", ["failing", "missing"])
@pytest.mark.parametrize("one", POLICIES, ids=lambda one: one.code)
def test_a_finding_names_the_clauses_that_its_policy_answers(
    pack: Pack, answered: dict[str, set[str]], one: Policy, shown: str
) -> None:
    finding = pack[one.code](one.example(shown).dossier(), on=ON)
    assert not finding.is_ok
    assert set(finding.cites) == answered[one.code]


@pytest.mark.parametrize("one", CRITERIA, ids=lambda one: one.code)
def test_a_rating_names_the_clause_that_its_criterion_answers(answered: dict[str, set[str]], one: Criterion) -> None:
    judged = rate((), on=ON)[one.row][one.code]
    assert not judged.met
    assert judged.lacking
    assert set(judged.criterion.cites) == answered[one.code]


# --- a record: an example round-trips --------------------------------------------------------------------------------

MORE: Mapping[str, Mapping[str, Any]] = json.loads(
    Path(__file__).with_name("data").joinpath("records.json").read_text(encoding="utf-8")
)
"""An example of each kind that stands neither on a card nor in the example file."""


@pytest.fixture(scope="module")
def examples() -> dict[str, list[Mapping[str, Any]]]:
    """Give, by kind, every example there is, as a host would send it."""
    found: dict[str, list[Mapping[str, Any]]] = {kind: [example] for kind, example in MORE.items()}

    def add(kind: str, fields: Mapping[str, Any]) -> None:
        found.setdefault(kind, []).append({name: fields[name] for name in fields if name not in ("kind", "entry")})

    for one in POLICIES:
        for shown in one.examples:
            example = one.example(shown)
            found.setdefault("partner", []).append(example.mapping["partner"])
            for fields in (*example.mapping["records"], *example.filing):
                add(fields["kind"], fields)
    for trigger in DEFAULT.triggers:
        for state in DEFAULT.states:
            for filed in example_records(state, trigger=trigger):
                add(filed.kind_info.name, json.loads(record_text(filed)[1]))
    return found


SHIPPED = {name: cls for name, cls in kinds().items() if cls.__module__.startswith("partnerflow.")}


@pytest.mark.parametrize("kind", SHIPPED)
def test_an_example_of_a_record_that_answers_a_clause_comes_back_as_it_went(
    examples: dict[str, list[Mapping[str, Any]]], kind: str
) -> None:
    assert kind in examples, (
        f"no example of {kind}: put one on the card of a policy that reads it, or in tests/data/records.json"
    )
    for fields in examples[kind]:
        made = read_record(kind, fields)
        again = read_record(kind, json.loads(record_text(made)[1]))
        assert again == made
        assert type(again) is SHIPPED[kind]
        assert not made.extra, f"{kind} has no field {', '.join(made.extra)}"
    assert SHIPPED[kind].kind_info.cites


# --- an event: a call emits it ---------------------------------------------------------------------------------------


class Life:
    """A flow in memory with two rules, and the steps of whole lives in it."""

    def __init__(self) -> None:
        start = datetime(EXAMPLE_DAY.year, EXAMPLE_DAY.month, EXAMPLE_DAY.day, 15, tzinfo=UTC)
        self.clock = TickingClock(start)
        whole = load_pack("default")
        few = attrs.evolve(whole, rules=tuple(whole.by_code[code] for code in ("SAFE-002", "LIA-001")))
        self.flow = Partnerflow(store=MemoryStore(), pack=few, clock=self.clock)

    def walk(self, *triggers: str) -> None:
        """Take a new partnership through these steps."""
        begun = self.flow.propose(example_dossier().partner, by=OFFICE)
        self.flow.file(begun.id, *_papers(), by=OFFICE)
        self._steps(begun.id, triggers)

    def adopted(self, state: str, *triggers: str) -> None:
        """Adopt a partnership, and take it through these steps."""
        taken = self.flow.adopt(example_dossier().partner, state=state, by=OFFICE, reason="in place")
        self._steps(taken.id, triggers)

    def _steps(self, partnership_id: Any, triggers: tuple[str, ...]) -> None:
        for trigger in triggers:
            self.flow.fire(partnership_id, trigger, by=BOARD, reason="as planned")

    def papers_lapse_and_a_liaison_leaves(self) -> None:
        """Let the insurance come due and end, and a liaison be taken back, replaced and blanked."""
        begun = self.flow.propose(example_dossier().partner, by=OFFICE)
        entries = self.flow.file(begun.id, *_papers(), by=OFFICE)
        self._steps(begun.id, ("begin_vetting", "approve", "activate"))
        (insurance,) = (entry.record for entry in entries if isinstance(entry.record, Insurance))
        assert insurance.ends_on is not None
        for day in (insurance.ends_on - timedelta(days=30), insurance.ends_on + timedelta(days=1)):
            self.clock.move_to(datetime(day.year, day.month, day.day, 8, tzinfo=UTC))
            self.flow.sweep()
        entry_id, liaison = next((each.id, each.record) for each in entries if isinstance(each.record, Liaison))
        assert isinstance(liaison, Liaison)
        assert entry_id is not None
        self.flow.retract(begun.id, entry_id, by=OFFICE, reason="has left")
        self.flow.sweep()
        self.flow.file(begun.id, attrs.evolve(liaison, name="J. Reyes"), by=OFFICE)
        self.flow.sweep()
        self.flow.redact(begun.id, entries=[entry_id], by=OFFICE, reason="asked to be forgotten")

    def the_partner_files_and_the_office_confirms(self) -> None:
        """Have the partner file a background check, and the office confirm it."""
        begun = self.flow.propose(example_dossier().partner, by=OFFICE)
        rep = Actor("i.moreno", side="partner", roles={"partner"}, partner_id=begun.partner_id)
        (waiting,) = self.flow.file(begun.id, BackgroundCheck(person="x", result="clear"), by=rep)
        assert waiting.id is not None
        self.flow.confirm(begun.id, waiting.id, by=OFFICE)

    def waivers_come_and_go(self) -> None:
        """Ask for waivers, grant one, refuse the other, and revoke the first."""
        begun = self.flow.propose(example_dossier().partner, by=OFFICE)
        until = self.flow.today() + timedelta(days=30)
        for code in ("SAFE-002", "LIA-001"):
            self.flow.file(begun.id, WaiverRequest(code, reason="on order", expires_on=until), by=OFFICE)
        granted = Waiver("SAFE-002", reason="on order", requested_by=OFFICE.id, expires_on=until)
        for decided in (
            granted,
            WaiverRefusal("LIA-001", reason="no"),
            WaiverRevocation("SAFE-002", reason="too long"),
        ):
            self.flow.file(begun.id, decided, by=BOARD)

    def what_is_broken_is_waived_and_what_is_retired_is_over(self) -> None:
        """Waive one of two policies that are reported as broken, and let the pack do without the other."""
        taken = self.flow.adopt(example_dossier().partner, state="active", by=OFFICE, reason="in place")
        self.flow.sweep()
        until = self.flow.today() + timedelta(days=300)
        self.flow.file(taken.id, WaiverRequest("SAFE-002", reason="on order", expires_on=until), by=OFFICE)
        granted = Waiver("SAFE-002", reason="on order", requested_by=OFFICE.id, expires_on=until)
        self.flow.file(taken.id, granted, by=BOARD)
        self.flow.sweep()
        fewer = attrs.evolve(self.flow.pack, rules=(self.flow.pack["SAFE-002"],))
        Partnerflow(store=self.flow.store, pack=fewer, clock=self.clock).sweep()


def _papers() -> Iterator[Record]:
    return (each for each in example_records() if isinstance(each, (Insurance, Liaison)))


@pytest.fixture(scope="module")
def told() -> list[Event]:
    """Return every event of lives in which every step is taken and every sweep tells something."""
    life = Life()
    begin = (
        "begin_vetting",
        "return_to_intake",
        "begin_vetting",
        "approve",
        "return_to_vetting",
        "approve",
        "activate",
    )
    plan = ("open_improvement_plan", "extend_improvement_plan", "reinstate")
    life.walk(*begin, "amend", "renew", *plan, "end")
    life.walk("decline")
    life.walk("withdraw")
    life.adopted("improvement_plan", "terminate_for_performance")
    life.adopted("active", "terminate_for_cause")
    life.papers_lapse_and_a_liaison_leaves()
    life.waivers_come_and_go()
    life.what_is_broken_is_waived_and_what_is_retired_is_over()
    life.the_partner_files_and_the_office_confirms()
    return list(life.flow.store.outgoing())


TYPES = {**{row.trigger: event_type(f"partnership.{row.event}") for row in DEFAULT.rows}} | {
    each.name: each.type for each in EVENT_TYPES
}


@pytest.mark.parametrize("name", TYPES)
def test_every_event_is_told_by_a_call_and_answers_a_clause(
    told: list[Event], answered: dict[str, set[str]], name: str
) -> None:
    assert TYPES[name] in {event.type for event in told}, (
        f"nothing sends {TYPES[name]}: send it in a use case of flow/, and add a call that does to Life in this file"
    )
    assert answered[name]


def test_no_event_is_told_that_the_table_of_types_does_not_have(told: list[Event]) -> None:
    unknown = {event.type for event in told} - set(TYPES.values())
    assert not unknown, f"add to EVENT_TYPES in events.py: {', '.join(sorted(unknown))}"
    assert {event.type for event in told} == set(TYPES.values())
    assert set(NOTICES) == set(NoticeKind.__args__)  # type: ignore[attr-defined]


def test_a_vacant_liaison_and_an_ending_certificate_are_told_by_the_policy_that_they_break(told: list[Event]) -> None:
    by_sweep = {each.type for each in NOTICES.values()}
    by_policy = [(event.type, event.data["policy"]) for event in told if event.type in by_sweep]
    assert by_policy[:4] == [
        (NOTICES["approaching"].type, "SAFE-002"),
        (NOTICES["missed"].type, "SAFE-002"),
        (NOTICES["broken"].type, "LIA-001"),
        (NOTICES["mended"].type, "LIA-001"),
    ]
    assert {(NOTICES["waived"].type, "SAFE-002"), (NOTICES["over"].type, "LIA-001")} <= set(by_policy[4:])


# --- a function or class: it is public, and marked -------------------------------------------------------------------

PUBLIC = tuple(
    import_module(name)
    for name in (
        "partnerflow",
        "partnerflow.policies",
        "partnerflow.rubric",
        "partnerflow.records",
        "partnerflow.lifecycle",
        "partnerflow.ports",
    )
)
MARKED = [(clause, answer) for clause, answer in traceability.citations() if answer.kind in ("function", "class")]


@pytest.mark.parametrize(("clause", "answer"), MARKED, ids=str)
def test_what_is_marked_is_public_and_says_what_it_is(clause: str, answer: Answer) -> None:
    first, *rest = answer.name.split(".")
    thing: Any = next((getattr(module, first) for module in PUBLIC if hasattr(module, first)), None)
    assert thing is not None, f"{first} is offered by none of {', '.join(module.__name__ for module in PUBLIC)}"
    for name in rest:
        thing = getattr(thing, name)
    assert not any(name.startswith("_") for name in (first, *rest))
    assert clause in thing.__clauses__
    assert inspect.isclass(thing) == (answer.kind == "class")
    assert answer.title


def test_nothing_that_is_marked_is_overlooked() -> None:
    marks = 0
    for path in sorted(SRC.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
                marks += sum(ast.unparse(mark).startswith("answers(") for mark in node.decorator_list)
    assert marks == len({answer.name for _, answer in MARKED})


def test_marking_changes_nothing_but_the_mark() -> None:
    def function() -> None:
        """Do it."""

    assert answers("TK-1", "TK-2")(function) is function
    assert function.__clauses__ == ("TK-1", "TK-2")  # type: ignore[attr-defined]


def test_a_subclass_answers_nothing_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    class Louder(type(load_pack("default"))):  # type: ignore[misc]
        """A pack of somebody else's."""

    Louder.__module__ = traceability.__name__
    monkeypatch.setattr(traceability, "Louder", Louder, raising=False)
    assert "Louder" not in {answer.name for _, answer in traceability.citations()}


def test_the_kinds_of_a_host_answer_nothing_of_ours() -> None:
    before = traceability.trace()
    try:
        record("host_note", about="partner", cites=("TK-1",))(type("HostNote", (Record,), {"__module__": "host"}))
        assert traceability.trace() == before
    finally:
        KINDS.pop("host_note", None)


def test_a_clause_says_what_becomes_of_it() -> None:
    answer = Answer("policy", "SAFE-002", "General liability cover meets the minimum")
    assert str(answer) == "policy SAFE-002"
    assert TracedClause(clause="X", answers=(answer,), waits_for="roster").statuses == ("answered", "planned")
    assert TracedClause(clause="X", answers=(answer,), waits_for="roster").status == "answered"
    assert TracedClause(clause="X", answers=(answer,)).to_data() == {
        "clause": "X",
        "status": "answered",
        "answers": [{"kind": "policy", "name": "SAFE-002", "title": answer.title}],
    }
    assert TracedClause(clause="X", waits_for="roster").to_data() == {
        "clause": "X",
        "status": "planned",
        "waits_for": "roster",
    }
    assert TracedClause(clause="X", why_not="No.").to_data() == {"clause": "X", "status": "not_ours", "why_not": "No."}
