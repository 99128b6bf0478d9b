"""The laws that hold for every policy of the default pack, whatever is on file."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from copy import deepcopy
from datetime import date, timedelta
from functools import lru_cache
from itertools import chain
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

import attrs
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from partnerflow.actors import Actor
from partnerflow.canonical import canonical
from partnerflow.dossier import Dossier, RecordIndex
from partnerflow.errors import InvalidRecord
from partnerflow.lifecycle import DEFAULT, Move, State, Trigger
from partnerflow.policies import FILE, Pack, Report, Verdict, load_pack, policy
from partnerflow.policies.shipped import POLICIES
from partnerflow.policies.toml import read_pack
from partnerflow.records import (
    NO_END,
    Agreement,
    Contact,
    CoveredProblem,
    Entry,
    ExpectationsMeeting,
    FacilityAccess,
    Insurance,
    Money,
    Need,
    Orientation,
    Person,
    PlanClosing,
    Record,
    Service,
    Training,
    Waiver,
)
from partnerflow.records.registry import key_of
from partnerflow.testing import (
    BOARD,
    EXAMPLE_DAY,
    OFFICE,
    actors,
    days,
    deletions,
    dossiers,
    example_dossier,
    example_records,
)

PACK = load_pack("default")
CHANGING = read_pack(
    """
    [pack]
    name = "changing"
    version = "1"

    [[set]]
    code = "SAFE-002"
    minimum = "1500000 USD"
    from = 2026-11-01

    [[set]]
    code = "SAFE-002"
    minimum = "900000 USD"
    from = 2027-02-01

    [[set]]
    code = "TRN-001"
    months = 6
    from = 2027-01-01

    [[set]]
    code = "IMP-005"
    decide_within = 5
    from = 2026-10-01

    [[set]]
    code = "SAFE-002"
    for = { scope = "school" }
    minimum = "1100000 USD"
    from = 2026-10-15

    [[set]]
    code = "TRN-001"
    for = { kind = ["long_term", "contractual_service"] }
    months = 3
    from_renewal = 2026-12-01

    [[set]]
    code = "VET-002"
    steps = ["research", "conversation", "capacity", "fit", "site_visit"]
    from_renewal = 2026-10-01

    [[set]]
    code = "REG-001"
    accepted = ["partner"]
    from_renewal = 2026-08-15

    [[set]]
    code = "LIA-001"
    for = { classification = "partner", partner_kind = "community_organization" }
    enforcement = "report_only"

    [[set]]
    code = "AGR-006"
    for = { kind = "long_term" }
    enforcement = "off"

    [[set]]
    code = "AGR-001"
    severity = "advisory"
    """,
    "changing.toml",
    POLICIES,
)
ON = date(2026, 9, 1)


def effort(examples: int) -> settings:
    """Draw so many examples, or EFFORT times as many: `EFFORT=50 pytest tests/policies/test_laws.py` takes a night."""
    return settings(max_examples=examples * int(os.environ.get("EFFORT", "1")))


class Question(NamedTuple):
    """What is asked of a file."""

    on: date
    trigger: str | None = None
    by: Actor | None = None
    filing: tuple[Record, ...] = ()


def asked(dossier: Dossier, question: Question, pack: Pack = PACK) -> Report:
    if question.trigger == FILE:
        state = dossier.partnership.state
        move = Move(FILE, state, state, by=question.by)
        return pack.evaluate(attrs.evolve(dossier, move=move, filing=question.filing), question.on)
    return pack.check(dossier, on=question.on, trigger=question.trigger, by=question.by)


def questions(state: str, on: date, by: Actor | None = OFFICE) -> list[Question]:
    return [Question(on), *(Question(on, trigger, by) for trigger in DEFAULT.legal(state))]


def blocking(report: Report) -> set[str]:
    """Return what would block if nothing were waived: who waived that something is lacking waived its removal too."""
    bare = (attrs.evolve(finding, waiver=None) if finding.waiver else finding for finding in report.findings)
    return {finding.code for finding in bare if finding.gates and finding.is_blocking}


def waived(code: str, dossier: Dossier, **covers: Any) -> Dossier:
    given = covers or {"covers_all": True}
    waiver = Waiver(code, reason="late", requested_by=OFFICE.id, expires_on=date(2026, 12, 31), revision=1, **given)
    entry = attrs.evolve(dossier.entries[-1], record=waiver, id=UUID(int=1), filed_by=BOARD)
    return attrs.evolve(dossier, on_file=RecordIndex([*dossier.entries, entry]))


RUNNING = (State.ONBOARDING, State.ACTIVE, State.IMPROVEMENT_PLAN)
SEVERAL = sorted({r.kind_info.name for r in example_records() if r.kind_info.key or r.kind_info.period})
"""Kinds of which several may bear on a partnership at once, or one after the other."""

NOTE: dict[str, Any] = {"starts_on": date(2026, 1, 1), "ends_on": NO_END, "phone": "555 0100"}
LEAVE: dict[str, Any] = {"starts_on": date(2026, 9, 1), "paperwork": "permit 26-115"}
(AGREED,) = (record for record in example_records() if isinstance(record, Agreement))
NAMELESS = attrs.evolve(AGREED, partner_contact=None)
EXPIRED: dict[str, Any] = {"starts_on": date(2025, 9, 1), "ends_on": date(2026, 8, 31)}


def replacing(kind: str, *records: Record, state: str = State.ACTIVE) -> Dossier:
    return example_dossier(state, without={kind}, records=records)


TRICKY = {
    "leave for one site without its paperwork, and for every site with it": replacing(
        "facility_access",
        FacilityAccess(site="255901001", starts_on=date(2026, 9, 1), ends_on=NO_END),
        FacilityAccess(site="*", ends_on=date(2026, 12, 31), **LEAVE),
    ),
    "leave for one site that ended, and for every site that will": replacing(
        "facility_access",
        FacilityAccess(site="255901001", ends_on=date(2026, 9, 10), **LEAVE),
        FacilityAccess(site="*", ends_on=date(2026, 12, 31), **LEAVE),
    ),
    "somebody who can be reached, and somebody of whom no days are known": replacing(
        "contact", Contact(name="Ines Moreno", **NOTE), Contact(name="L. Chen", phone="555 0101")
    ),
    "somebody who cannot be reached, and somebody who left": replacing(
        "contact",
        Contact(name="Ines Moreno", **{**NOTE, "phone": None}),
        Contact(name="L. Chen", **{**NOTE, "ends_on": date(2026, 8, 1)}),
    ),
    "an agreement with a lack, and an older one in order that was filed later": replacing(
        "agreement", NAMELESS, attrs.evolve(AGREED, **EXPIRED)
    ),
    "an agreement that ended, and one with a lack that begins after a gap": replacing(
        "agreement",
        attrs.evolve(AGREED, **EXPIRED),
        attrs.evolve(NAMELESS, starts_on=date(2027, 1, 1), ends_on=date(2027, 12, 31)),
    ),
    "an agreement with a lack that ends before an older one in order": replacing(
        "agreement", AGREED, attrs.evolve(NAMELESS, starts_on=date(2026, 9, 2), ends_on=date(2026, 12, 31))
    ),
    "a correction without its first day": replacing("agreement", NAMELESS, attrs.evolve(AGREED, starts_on=None)),
    "two needs, each with its own lack": replacing(
        "need", Need(need="reading", purposes=frozenset({"fill_gap"})), Need(need="maths", why_this_partner="they can")
    ),
    "one who was trained badly, and one of whose training little is known": example_dossier(
        records=[
            Person(person="l.chen", direct_contact=True),
            Training(person="l.chen", topic="content_area"),
            Training(person="j.rivera", topic="content_area", completed_on=date(2026, 8, 13), high_quality=False),
        ]
    ),
    "a person and a service of which it is not said whether they meet students": example_dossier(
        records=[Person(person="l.chen"), Service(service="mentoring"), Person(person="m.diaz")]
    ),
    "a plan that was closed at the end of the calendar, and leave to leave it so": waived(
        "IMP-005",
        example_dossier(
            State.IMPROVEMENT_PLAN,
            records=[PlanClosing(plan="autumn 2026", outcome="met", closed_on=date(9999, 12, 20))],
        ),
    ),
    "cover that ended, and leave to go without it for a while": waived("SAFE-002", replacing("insurance")),
    "cover that is low, and leave to have none": waived(
        "SAFE-002",
        replacing(
            "insurance",
            Insurance(
                line="general_liability",
                per_occurrence=Money.of(1, "USD"),
                starts_on=date(2026, 7, 2),
                ends_on=date(2027, 7, 1),
            ),
        ),
        covers=(CoveredProblem(field="insurance.general_liability", sentence="is not on file"),),
    ),
    "another orientation and another meeting are to be held, of which nothing good is known": example_dossier(
        records=[Orientation(held_on=date(2026, 10, 1)), ExpectationsMeeting(held_on=date(2026, 11, 1))]
    ),
    "a plan that still runs, and was closed so long ago that a decision is overdue": example_dossier(
        State.IMPROVEMENT_PLAN,
        records=[PlanClosing(plan="autumn 2026", outcome="met", closed_on=date(2026, 7, 1))],
    ),
    "a plan that was closed for the second time": example_dossier(
        State.IMPROVEMENT_PLAN,
        records=[
            PlanClosing(plan="autumn 2026", outcome="met", closed_on=date(2026, 9, 10)),
            PlanClosing(plan="autumn 2026", outcome="unsuccessful", closed_on=date(2026, 9, 12)),
        ],
    ),
}
"""Files in which something that is wrong, or ends, stands beside something that is not, or does not."""


# --- law 2: removing evidence never unblocks ------------------------------------------------------------------------


def without_a_part(mapping: dict[str, Any], kind: str | None = None) -> Iterator[tuple[str, Any]]:
    """Return *mapping* without each of its parts; without parts of its records of one *kind* only, where one is named.

    Records that weigh against a partnership go only with all the others.
    """
    places = (f"/records/{at}/" for at, record in enumerate(mapping.get("records", [])) if record["kind"] == kind)
    wanted = ("",) if kind is None else (f"every record of {kind} ", *places)
    bare = {name: part for name, part in mapping.items() if name != "records"}
    for deleted, rest in chain([("/records", bare)], deletions(mapping)):
        if f"{deleted} ".startswith(wanted):
            yield deleted, rest


def read(mapping: Any) -> Dossier | None:
    """Read a file; one that cannot be read is turned away as a whole, which blocks everything."""
    try:
        return Dossier.from_mapping(mapping)
    except InvalidRecord:
        return None


@lru_cache(maxsize=256)
def asking_only(codes: frozenset[str]) -> Pack:
    """Return the pack with these policies alone: what the others say of a file changes nothing that these say."""
    return attrs.evolve(PACK, rules=tuple(rule for rule in PACK if rule.policy.code in codes))


def nothing_is_let_through(
    mapping: dict[str, Any],
    asking: list[Question],
    deleting: Iterable[tuple[str, Any]] | None = None,
    of: Collection[str] | None = None,
) -> None:
    """Ask what blocked again, of the file without each of its parts; of these codes alone, where they are given."""
    whole = Dossier.from_mapping(mapping)
    before = [blocking(asked(whole, question)) for question in asking]
    wanted = [(one, blocked if of is None else blocked & set(of)) for one, blocked in zip(asking, before, strict=True)]
    wanted = [(question, blocked) for question, blocked in wanted if blocked]
    for deleted, rest in (without_a_part(mapping) if deleting is None else deleting) if wanted else ():
        dossier = read(rest)
        if dossier is None:
            continue
        for question, blocked in wanted:
            let_through = blocked - blocking(asked(dossier, question, asking_only(frozenset(blocked))))
            assert not let_through, f"without {deleted}, {question.trigger} is let through by {let_through}"


@pytest.mark.usefixtures("records_read_once")
@pytest.mark.parametrize("shown", ["passing", "failing", "missing"])
@pytest.mark.parametrize("one", POLICIES, ids=lambda one: one.code)
def test_no_deletion_from_an_example_on_a_card_unblocks(one: Any, shown: str) -> None:
    card = one.example(shown)
    mapping = {**card.mapping, "records": list(card.mapping["records"])}
    asking = questions(card.mapping["partnership"]["state"], ON)
    if card.asks:
        dossier = card.dossier()
        assert dossier.move is not None
        asking = [Question(ON, dossier.move.trigger, dossier.move.by, dossier.filing)]
    nothing_is_let_through(mapping, asking, of={one.code})


@pytest.mark.usefixtures("records_read_once")
@pytest.mark.parametrize("state", State)
def test_no_deletion_from_a_file_that_is_in_order_unblocks(state: str) -> None:
    base = len(example_records(state))
    for_steps = [one for trigger in DEFAULT.legal(state) for one in example_records(state, trigger=trigger)[base:]]
    mapping = example_dossier(state, records=for_steps).to_mapping()
    nothing_is_let_through(mapping, questions(state, EXAMPLE_DAY))


@pytest.mark.usefixtures("records_read_once")
@pytest.mark.parametrize("name", TRICKY)
def test_no_deletion_from_a_tricky_file_unblocks(name: str) -> None:
    nothing_is_let_through(TRICKY[name].to_mapping(), [Question(ON), Question(EXAMPLE_DAY), Question(date(2027, 1, 1))])


@pytest.mark.usefixtures("records_read_once")
@pytest.mark.parametrize("kind", SEVERAL)
def test_no_deletion_of_any_of_several_records_of_a_kind_unblocks(kind: str) -> None:
    @effort(8)
    @given(st.sampled_from(RUNNING).flatmap(lambda state: dossiers(state=state, kinds=[kind])), days(), st.data())
    def holds(dossier: Dossier, on: date, data: st.DataObject) -> None:
        mapping = dossier.to_mapping()
        asked_too = data.draw(st.sampled_from(questions(dossier.partnership.state, on)))
        nothing_is_let_through(mapping, [Question(on), asked_too], without_a_part(mapping, kind))

    holds()


@effort(60)
@given(dossiers(), days(), actors(), st.randoms(use_true_random=False))
def test_no_row_of_deletions_unblocks(dossier: Dossier, on: date, by: Actor, random: Random) -> None:
    mapping = dossier.to_mapping()
    every = questions(dossier.partnership.state, on, by)
    asking = random.sample(every, min(2, len(every)))
    before = [blocking(asked(dossier, question)) for question in asking]
    for _ in range(8):
        deleted, mapping = random.choice(list(without_a_part(mapping)))
        rest = read(mapping)
        if rest is None:
            return
        now = [blocking(asked(rest, question)) for question in asking]
        assert all(was <= still for was, still in zip(before, now, strict=True)), deleted
        before = now


# --- every due date is true -----------------------------------------------------------------------------------------


def looked_at(dossier: Dossier, first: date, last: date) -> list[date]:
    """Return days on which something might change: around every day on file, and each year."""
    found = {first, last, first + (last - first) / 2}
    for entry in dossier.entries:
        said = {value for value in attrs.asdict(entry.record, recurse=False).values() if type(value) is date}
        found |= {day + timedelta(days=n) for day in said if day.year < NO_END.year for n in (-1, 0, 1, 5, 6, 30, 31)}
    found |= {first + timedelta(days=183 * n) for n in range(30)}
    return sorted(day for day in found if first <= day <= last)


def due_dates_are_true(pack: Pack, dossier: Dossier, *days: date, of: Collection[str] | None = None) -> None:
    """Hold the due dates as told on each of *days* against every day on which something might change."""
    known: dict[tuple[str, date], bool] = {}

    def sound(code: str, day: date) -> bool:
        if (code, day) not in known:
            known[code, day] = pack[code](dossier, on=day).is_ok
        return known[code, day]

    for on in days:
        report = pack.check(dossier, on=on)
        due = pack.due_dates(report, dossier)
        assert set(due) == {finding.code for finding in report.findings if finding.is_standing}
        for finding in report.findings:
            if not finding.is_standing or (of is not None and finding.code not in of):
                continue
            day = due[finding.code]
            for other in looked_at(dossier, on, on + timedelta(days=15 * 365) if day is None else day):
                assert sound(finding.code, other) is finding.is_ok, f"{finding.code}, due {day}, turns by {other}"
            if day is not None and finding.is_ok:
                assert not sound(finding.code, day + timedelta(days=1)), f"{finding.code}, due {day}, stands after it"


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("pack", [PACK, CHANGING], ids=lambda pack: pack.name)
def test_every_due_date_of_a_file_in_order_is_true(pack: Pack, state: str) -> None:
    days = (EXAMPLE_DAY, date(2026, 10, 31), date(2027, 1, 1), date(2027, 6, 30), date(2030, 1, 1))
    due_dates_are_true(pack, example_dossier(state), *days)


@pytest.mark.parametrize("shown", ["passing", "failing", "missing"])
@pytest.mark.parametrize("one", [one for one in POLICIES if one.holds_in], ids=lambda one: one.code)
def test_every_due_date_of_an_example_on_a_card_is_true(one: Any, shown: str) -> None:
    due_dates_are_true(CHANGING, one.example(shown).dossier(), ON, of={one.code})


@pytest.mark.parametrize("pack", [PACK, CHANGING], ids=lambda pack: pack.name)
@pytest.mark.parametrize("name", TRICKY)
def test_every_due_date_of_a_tricky_file_is_true(name: str, pack: Pack) -> None:
    days = (date(2026, 8, 31), EXAMPLE_DAY, date(2026, 12, 31), date(2027, 1, 1), date(2028, 6, 1))
    due_dates_are_true(pack, TRICKY[name], *days)


@pytest.mark.parametrize("kind", SEVERAL)
def test_every_due_date_is_true_where_there_are_several_records_of_a_kind(kind: str) -> None:
    @effort(12)
    @given(st.sampled_from(RUNNING).flatmap(lambda state: dossiers(state=state, kinds=[kind])), days())
    def true(dossier: Dossier, on: date) -> None:
        due_dates_are_true(PACK, dossier, on)

    true()


@effort(60)
@given(dossiers(), days(), st.sampled_from([PACK, CHANGING]))
def test_every_due_date_of_any_file_is_true(dossier: Dossier, on: date, pack: Pack) -> None:
    due_dates_are_true(pack, dossier, on)


def test_what_is_asked_from_a_day_falls_due_for_those_of_whom_it_is_asked_by_then() -> None:
    running, new = example_dossier(), example_dossier(State.ONBOARDING)
    report = CHANGING.check(running, on=EXAMPLE_DAY)
    due, due_new = (CHANGING.due_dates(CHANGING.check(one, on=EXAMPLE_DAY), one) for one in (running, new))
    assert due["SAFE-002"] == date(2026, 10, 14), "a school is asked for more cover on the next day"
    assert (due["VET-002"], due_new["VET-002"]) == (None, date(2026, 9, 30)), (
        "who runs keeps the terms, who begins does not"
    )
    assert due["TRN-001"] == date(2027, 2, 12), "after six months, as for everyone, and not after three"
    assert (report["AGR-006"].outcome, due["AGR-006"]) == ("not_applicable", None)
    assert not report["LIA-001"].enforced


def test_a_file_in_order_falls_due_when_its_papers_end() -> None:
    dossier = example_dossier()
    due = PACK.due_dates(PACK.check(dossier, on=EXAMPLE_DAY), dossier)
    assert due["SAFE-002"] == date(2027, 6, 30)
    assert due["AGR-001"] == date(2027, 8, 31)
    assert due["TRN-001"] == date(2028, 8, 12)
    assert due["VET-001"] is None
    assert due["LIA-001"] is None, "a liaison without end never falls due"


# --- order never matters --------------------------------------------------------------------------------------------


def findings(report: Report, places: dict[int, int] | None = None) -> dict[str, Any]:
    """Return what *report* says, each record named by the place that it has in the file as first drawn."""

    def named(path: str) -> str:
        _, first, *rest = path.split("/") if path.startswith("/records/") else ("", "")
        return "/".join(["", first, str((places or {}).get(int(rest[0]), int(rest[0]))), *rest[1:]]) if rest else path

    return {
        found.code: (
            attrs.evolve(found, problems=()),
            {(named(problem.path), problem.message, problem.absent, problem.mends_on) for problem in found.problems},
        )
        for found in report.findings
    }


def order_never_matters(dossier: Dossier, on: date, random: Random) -> None:
    """File the same in another order, those that supersede each other (one kind, one key) apart."""

    def series(entry: Entry) -> tuple[Any, ...]:
        if entry.redacted:  # it supersedes nothing any more
            return entry.kind, id(entry.record)
        return (entry.kind, *key_of(entry.record))

    shuffled = list(dossier.entries)
    random.shuffle(shuffled)
    in_order = {key: iter([e for e in dossier.entries if series(e) == key]) for key in map(series, shuffled)}
    permuted = [next(in_order[series(entry)]) for entry in shuffled]
    first = {id(entry.record): place for place, entry in enumerate(dossier.entries)}
    places = {place: first[id(entry.record)] for place, entry in enumerate(permuted)}
    other = attrs.evolve(dossier, on_file=RecordIndex(permuted))
    for question in questions(dossier.partnership.state, on):
        here, there = asked(dossier, question), asked(other, question)
        assert findings(here) == findings(there, places)
        assert sorted(map(str, here.lapsed_waivers)) == sorted(map(str, there.lapsed_waivers))
        assert sorted(here.unused_waivers) == sorted(there.unused_waivers)
        assert PACK.due_dates(here, dossier) == PACK.due_dates(there, other)


@effort(60)
@given(dossiers(), days(), st.randoms(use_true_random=False))
def test_the_order_of_records_that_do_not_supersede_each_other_never_matters(
    dossier: Dossier, on: date, random: Random
) -> None:
    order_never_matters(dossier, on, random)


@pytest.mark.parametrize("name", TRICKY)
def test_the_order_of_records_in_a_tricky_file_never_matters(name: str) -> None:
    for seed in range(10):
        order_never_matters(TRICKY[name], EXAMPLE_DAY, Random(seed))


@effort(30)
@given(dossiers(), days(), st.permutations(PACK.rules))
def test_the_order_of_policies_never_matters(dossier: Dossier, on: date, rules: Any) -> None:
    other = attrs.evolve(PACK, rules=tuple(rules))
    for question in questions(dossier.partnership.state, on):
        assert findings(asked(dossier, question)) == findings(asked(dossier, question, other))


# --- a check is a function -------------------------------------------------------------------------------------------


@effort(30)
@given(dossiers(), days(), actors())
def test_the_same_file_gives_the_same_report_and_stays_as_it_was(dossier: Dossier, on: date, by: Actor) -> None:
    mapping = dossier.to_mapping()
    kept = deepcopy(mapping)
    for question in questions(dossier.partnership.state, on, by):
        one = PACK.check(mapping, on=on, trigger=question.trigger, by=by)
        assert one == PACK.check(mapping, on=on, trigger=question.trigger, by=by)
        assert one == asked(dossier, question)
        assert one.to_json() == asked(dossier, question).to_json()
        assert one.explain() == asked(dossier, question).explain()
    assert mapping == kept
    assert dossier.to_mapping() == kept


@effort(30)
@given(dossiers(), days())
def test_fields_that_nobody_knows_change_nothing(dossier: Dossier, on: date) -> None:
    mapping = dossier.to_mapping()
    odd = {"x_odd": {"direct_contact": False}, "waived": True}
    more = {
        **mapping,
        "partner": {**mapping["partner"], **odd},
        "records": [{**record, **odd} for record in mapping["records"]],
    }
    for question in questions(dossier.partnership.state, on):
        assert PACK.check(more, on=on, trigger=question.trigger, by=question.by) == asked(dossier, question)


@effort(60)
@given(dossiers(), days(), st.none() | actors())
def test_a_trigger_is_stopped_by_what_gates_it_and_nothing_else(dossier: Dossier, on: date, by: Actor | None) -> None:
    for trigger in DEFAULT.legal(dossier.partnership.state):
        row = DEFAULT.row(trigger, dossier.partnership.state)
        assert row is not None
        report = PACK.check(dossier, on=on, trigger=trigger, by=by)
        for finding in report.findings:
            rule = PACK[finding.code]
            assert finding.gates == (rule.guards_trigger(trigger) or row.advances)
            assert finding.is_standing == (report.state in rule.holds_in)
        assert report.ok is not any(f.gates and f.is_blocking for f in report.findings)
        assert len(report.by_code) == len(report.findings), "one finding a policy, passes included"


# --- a policy that crashes ------------------------------------------------------------------------------------------


@policy("X-001", "Crashes", holds_in={State.ACTIVE}, guards={Trigger.END}, cites=["EAF-0"], fix="Mend the policy.")
def crashing(dossier: Dossier, on: date) -> Verdict:
    """Fail in the middle of a word."""
    if dossier.partner.name:
        raise RuntimeError("no such thing {here}")
    yield from ()


@policy("X-002", "Says what is no answer", holds_in={State.ACTIVE}, cites=["EAF-0"], fix="Mend the policy.")
def babbling(dossier: Dossier, on: date) -> Verdict:
    """Yield something else than a Problem or an Until."""
    yield "all is well"  # type: ignore[misc]


@policy("X-003", "Cannot finish its sentence", holds_in={State.ACTIVE}, cites=["EAF-0"], fix="Mend the policy.")
def stammering(dossier: Dossier, on: date) -> Verdict:
    """Name a fact that it does not give."""
    from partnerflow.policies import Problem

    yield Problem("", None, "{nothing} is wrong")


CRASHING = read_pack('[pack]\nname = "x"\nversion = "1"\n', "x.toml", [*POLICIES, crashing, babbling, stammering])


@pytest.mark.parametrize("code", ["X-001", "X-002", "X-003"])
def test_a_policy_that_crashes_blocks_and_says_so(code: str) -> None:
    report = CRASHING.check(example_dossier(), on=EXAMPLE_DAY)
    assert report[code].outcome == "error"
    assert report[code] in report.blocking
    assert code in report.explain()
    assert "the policy itself failed" in report.explain()


def test_a_policy_that_crashes_disturbs_no_other() -> None:
    with_it = CRASHING.check(example_dossier(), on=EXAMPLE_DAY)
    without = PACK.check(example_dossier(), on=EXAMPLE_DAY)
    assert with_it.findings[: len(without.findings)] == without.findings


@pytest.mark.parametrize("code", ["X-001", "X-002", "X-003"])
def test_a_policy_that_crashes_cannot_be_waived(code: str) -> None:
    waiver = Waiver(
        code, reason="let it be", requested_by=BOARD.id, expires_on=date(2026, 12, 1), revision=1, covers_all=True
    )
    report = CRASHING.check(example_dossier(records=[waiver]), on=EXAMPLE_DAY)
    assert report[code] in report.blocking
    assert report[code].waiver is None


def test_a_crash_blocks_even_where_the_pack_makes_the_policy_advisory() -> None:
    text = '[pack]\nname = "x"\nversion = "1"\n[[set]]\ncode = "X-001"\nseverity = "advisory"\n'
    pack = read_pack(text, "x.toml", [crashing])
    assert [finding.code for finding in pack.check(example_dossier(), on=EXAMPLE_DAY).blocking] == ["X-001"]


@pytest.mark.parametrize("state", State)
def test_a_report_has_no_truth_value(state: str) -> None:
    report = PACK.check(example_dossier(state), on=EXAMPLE_DAY)
    with pytest.raises(TypeError, match=r"ask report\.ok"):
        bool(report)


@given(dossiers())
@example(example_dossier())
def test_every_drawn_dossier_survives_being_written_and_read(dossier: Dossier) -> None:
    mapping = dossier.to_mapping()
    assert Dossier.from_mapping(mapping).to_mapping() == mapping


@given(dossiers(), days(), st.sampled_from([None, *Trigger]))
def test_the_text_of_a_report_is_its_data_as_canonical_json(
    dossier: Dossier, on: date, trigger: Trigger | None
) -> None:
    legal = DEFAULT.legal(dossier.partnership.state)
    report = PACK.check(dossier, on=on, trigger=trigger if trigger in legal else None)
    assert report.text() == canonical(report.to_data())
