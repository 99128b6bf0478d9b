"""Who is judged does not clear itself: laws over every shipped policy and every kind, without a store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from datetime import date
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin
from uuid import UUID

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partnerflow.actors import Actor
from partnerflow.dossier import Dossier, RecordIndex
from partnerflow.policies import Outcome, Policy, load_pack
from partnerflow.policies.rule import CIRCUMSTANCES
from partnerflow.policies.shipped import POLICIES
from partnerflow.records import (
    BackgroundCheck,
    Confirmation,
    Entry,
    Insurance,
    Partner,
    Person,
    Profile,
    Record,
    Retraction,
    Scope,
    Service,
    Unregistered,
    kinds,
)
from partnerflow.records.registry import fields_of, is_adverse
from partnerflow.testing import EXAMPLE_DAY, OFFICE, dossiers, example_dossier, example_records, records

PACK = load_pack("default")
REP = Actor("i.moreno", side="partner", roles={"partner"}, partner_id=example_dossier().partnership.partner_id)
THEIRS = sorted(PACK.roles["partner"].file - {"partner"})
ON = EXAMPLE_DAY


def filed(dossier: Dossier, *several: Record, by: Actor | None = REP, **known: Any) -> Dossier:
    """Return *dossier* with records that somebody filed last."""
    first = len(dossier.entries) + 1
    new = [
        Entry(record=record, id=UUID(int=0xF000 + first + place), filed_by=by, version=1, **known)
        for place, record in enumerate(several)
    ]
    return attrs.evolve(dossier, on_file=RecordIndex([*dossier.entries, *new]))


def failing(dossier: Dossier) -> set[str]:
    report = PACK.check(dossier, on=ON)
    return {finding.code for finding in report.findings if finding.outcome == "failed"}


def not_ok(dossier: Dossier, codes: set[str]) -> set[str]:
    report = PACK.check(dossier, on=ON)
    return {finding.code for finding in report.findings if finding.code in codes and not finding.is_ok}


# --- law 9 ----------------------------------------------------------------------------------------------------------

ADDS = {
    "REG-002": "a contact counts at once",
    "SURV-001": "each school year has a form of its own",
    "END-003": "a notice that is late is filed after all",
}
"""Policies that the partner may mend although the district's word on it failed, each with the reason."""


def shown(policy: Policy, name: str) -> list[Record]:
    """Return the records of an example on a card."""
    return [entry.record for entry in policy.example(name).dossier().entries] if name in policy.examples else []


def evidence(policy: Policy) -> list[Record]:
    """Return what the partner may file of the example that passes, and is not in the one that fails."""
    failing = shown(policy, "failing")
    return [each for each in shown(policy, "passing") if each.kind_info.name in THEIRS and each not in failing]


@pytest.mark.parametrize("policy", list(filter(evidence, POLICIES)), ids=lambda policy: policy.code)
def test_what_failed_on_the_districts_word_does_not_pass_on_the_partners(policy: Policy) -> None:
    bare = policy.example("failing").dossier()
    ours = [attrs.evolve(entry, filed_by=entry.filed_by or OFFICE) for entry in bare.entries]
    dossier = attrs.evolve(bare, on_file=RecordIndex(ours))
    rule = attrs.evolve(PACK[policy.code], overrides=())
    assert rule(dossier, ON).outcome == "failed"
    assert rule(filed(dossier, *evidence(policy), by=OFFICE), ON).is_ok
    assert rule(filed(dossier, *evidence(policy), by=REP), ON).is_ok is (policy.code in ADDS)


WRONG = [record for policy in POLICIES for record in shown(policy, "failing")]
"""Records of examples that fail."""


@st.composite
def almost_in_order(draw: st.DrawFn, kind: str) -> Record:
    """Draw a record of the example dossier, as it is or with some facts of another; or that other one."""
    other = draw(records(kind))
    known = [record for record in example_records() if record.kind_info.name == kind]
    if not known or draw(st.integers(0, 3)) == 0:
        return other
    record = draw(st.sampled_from(known))
    info = record.kind_info
    facts = [field.name for field in fields_of(type(record)) if field.name not in (*info.key, *info.period)]
    changed = draw(st.sets(st.sampled_from(facts), max_size=2)) if facts else set()
    return attrs.evolve(record, **{name: getattr(other, name) for name in changed})


@st.composite
def calls(draw: st.DrawFn, onto: int, about: Sequence[Record] = ()) -> list[Record]:
    """Draw what the partner files and takes back, one after the other; most is of the kinds of the records *about*."""
    drawn: list[Record] = []
    same = [kind for kind in (record.kind_info.name for record in about) if kind in THEIRS]
    wanted = st.sampled_from([*same, "retraction"]) | st.sampled_from(THEIRS)
    for kind in draw(st.lists(wanted, min_size=1, max_size=4)):
        if kind != "retraction":
            drawn.append(draw(almost_in_order(kind)))
            continue
        own = [place for place, record in enumerate(drawn) if not is_adverse(record)]
        if own:
            place = draw(st.sampled_from(own))
            drawn.append(Retraction(entry_id=UUID(int=0xF000 + onto + 1 + place), reason="wrong"))
    return drawn


@settings(max_examples=40)
@given(st.data())
def test_no_calls_of_the_partner_make_pass_what_failed_on_the_districts_word(data: st.DataObject) -> None:
    any_kind = st.sampled_from(sorted(kinds())).flatmap(almost_in_order)
    words = data.draw(st.lists(st.sampled_from(WRONG) | any_kind, min_size=1, max_size=2))
    ours = [word for word in words if not isinstance(word, (Partner, Retraction, Confirmation))]
    before = example_dossier(records=ours)
    wrong = failing(before) - ADDS.keys()
    after = filed(before, *data.draw(calls(len(before.entries), ours)))
    assert not_ok(after, wrong) == wrong


@given(dossiers(), st.data())
def test_a_file_can_be_judged_whoever_filed_what_and_whatever_of_it_is_gone(made: Dossier, data: st.DataObject) -> None:
    who = st.sampled_from([OFFICE, REP, REP, None])
    entries = [attrs.evolve(entry, filed_by=data.draw(who)) for entry in made.entries]
    for place in data.draw(st.lists(st.integers(0, len(entries) - 1), max_size=3, unique=True)):
        gone = attrs.evolve(entries[place], record=Unregistered(kind=entries[place].kind, fields={}))
        entries[place] = data.draw(st.sampled_from([gone, attrs.evolve(gone, text="", redacted="0" * 64)]))
        if gone.id is not None:
            entries.append(Entry(record=Retraction(entry_id=gone.id, reason="wrong"), filed_by=data.draw(who)))
    report = PACK.check(attrs.evolve(made, on_file=RecordIndex(entries)), on=ON)
    assert not [finding for finding in report.findings if finding.outcome == "error"]


ASKED = {"SAFE-001", "TRN-001", "SAFE-003", "SVC-002", "SCH-001", "LIA-002"}
"""Policies that go by facts which wait: who meets students, where, and when."""


STATED: dict[str, Any] = {"level": "school", "timing": "both", "direct_contact": True, "on_site": True}
"""What a fact is where nothing was drawn for it."""


def stated(record: Record) -> Record:
    """Return it with every fact that decides what is asked."""
    asks = record.kind_info.asks.items()
    defaults = {name: frozenset({"255901001"}) if how == "more" else STATED.get(name, False) for name, how in asks}
    return attrs.evolve(record, **{name: said for name, said in defaults.items() if getattr(record, name) is None})


@settings(max_examples=40)
@given(st.data())
def test_no_calls_of_the_partner_make_pass_what_failed_on_a_fact_that_waits(data: st.DataObject) -> None:
    kinds_of_facts = ["person", "service", "scope"]
    facts = st.sampled_from(kinds_of_facts).flatmap(records)
    bare = example_dossier(without=kinds_of_facts)
    person, *others = [stated(data.draw(records(kind))) for kind in kinds_of_facts]
    meets_students = attrs.evolve(person, direct_contact=True)  # to name the first one who does mends what is missing
    first = filed(bare, meets_students, *others)
    wrong = not_ok(first, ASKED)
    after = filed(first, *data.draw(st.lists(facts, min_size=1, max_size=3)))
    assert not_ok(after, wrong) == wrong


# --- every fact that decides what is asked --------------------------------------------------------------------------


def other_values(wanted: Any) -> Iterator[Any]:
    """Yield values of a field's type that might decide whether something is asked."""
    parts = get_args(wanted)
    if wanted is bool:
        yield from (True, False)
    elif get_origin(wanted) is Literal:
        yield from parts
    elif get_origin(wanted) is tuple:
        yield ()
    elif get_origin(wanted) in (Union, UnionType):
        for part in parts:
            yield from other_values(part)
    elif get_origin(wanted) in (frozenset, AbstractSet):
        yield frozenset()
        yield frozenset({"255901001"})
    elif isinstance(wanted, type) and wanted.__name__ == "Money":
        yield wanted.of(0, "USD")


def asked_of(policy: Policy, dossier: Dossier) -> list[bool]:
    """Return whether a policy is asked, with each way to set what it may leave out."""
    ways = [{}, *({name: wanted} for name, kind in policy.types.items() for wanted in exempting(kind))]
    return [
        policy.evaluate(dossier, ON, {**policy.defaults, **way}).outcome is not Outcome.NOT_APPLICABLE for way in ways
    ]


def exempting(kind: Any) -> Sequence[Any]:
    return ("exempt",) if get_origin(kind) is Literal and "exempt" in get_args(kind) else ()


def changed(dossier: Dossier, place: int, record: Record) -> Dossier:
    entries = list(dossier.entries)
    entries[place] = attrs.evolve(entries[place], record=record)
    return attrs.evolve(dossier, on_file=RecordIndex(entries))


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.code)
def test_every_fact_that_decides_whether_a_policy_is_asked_is_among_those_that_wait(policy: Policy) -> None:
    for name in policy.examples:
        dossier = policy.example(name).dossier()
        before = asked_of(policy, dossier)
        for place, entry in enumerate(dossier.entries):
            info = type(entry.record).kind_info
            for field in fields_of(type(entry.record)):
                if field.name in (*info.key, *info.period, *info.asks):
                    continue
                for value in other_values(field.type):
                    after = asked_of(policy, changed(dossier, place, attrs.evolve(entry.record, **{field.name: value})))
                    let_off = [was and not now for was, now in zip(before, after, strict=True)]
                    assert not any(let_off), f"{info.name}.{field.name} decides whether {policy.code} is asked"


def test_every_word_that_a_pack_tells_partnerships_apart_by_waits() -> None:
    read = {"scope": (Scope, "level"), "kind": (Profile, "partnership_kind")}
    read |= {"classification": (Partner, "classification"), "partner_kind": (Partner, "kind")}
    assert read.keys() == CIRCUMSTANCES.keys()
    assert all(field in cls.kind_info.asks for cls, field in read.values())


# --- the dossier gives one answer -----------------------------------------------------------------------------------


def test_words_without_an_order_are_asked_with_what_else_waits_as_before_and_as_filed() -> None:
    long_term = filed(example_dossier(), Profile(partnership_kind="long_term", owning_office="x"), by=OFFICE)
    shorter = Profile(partnership_kind="short_term_collaboration", owning_office="x")
    assert PACK.check(long_term, on=ON)["MUT-001"].outcome == "passed"
    after = filed(long_term, shorter)
    assert PACK.check(after, on=ON)["MUT-001"].outcome == "passed"
    kinds_read = [view.latest(Profile) for view in (after, *after.in_place())]
    assert [profile and profile.partnership_kind for profile in kinds_read] == [
        "long_term",
        "long_term",
        "short_term_collaboration",
    ]


def test_a_waiting_word_with_an_earlier_end_is_the_one_that_falls_due() -> None:
    ends = Insurance(
        line="general_liability",
        per_occurrence=example_dossier().all(Insurance)[0].per_occurrence,
        starts_on=example_dossier().all(Insurance)[0].starts_on,
        ends_on=date(2026, 12, 31),
    )
    dossier = filed(example_dossier(), ends)
    report = PACK.check(dossier, on=ON)
    assert report["SAFE-002"].until == date(2026, 12, 31)
    assert PACK.due_dates(report, dossier)["SAFE-002"] == date(2026, 12, 31)


def test_what_the_host_hands_over_without_an_entry_counts() -> None:
    bare = example_dossier().to_mapping()
    for record in bare["records"]:
        record.pop("entry")
    whole = PACK.check(Dossier.from_mapping(bare), on=ON)
    assert "SAFE-001" not in {finding.code for finding in whole.blocking}


def test_an_entry_that_nobody_filed_makes_what_reads_it_missing_and_speaks_against_all_the_same() -> None:
    cover = example_dossier().all(Insurance)[0]
    dossier = filed(example_dossier(), attrs.evolve(cover, insurer="another"), by=None)
    report = PACK.check(dossier, on=ON)
    assert report["SAFE-002"].outcome == "missing"
    assert report["SAFE-002"].problems[0].path.endswith("/entry/filed_by")
    assert report["SAFE-001"].outcome == "passed"
    person = example_dossier().all(Person)[0].person
    against = BackgroundCheck(person=person, result="not_clear", cleared_on=ON)
    assert PACK.check(filed(example_dossier(), against, by=None), on=ON)["SAFE-001"].outcome == "failed"


def test_a_file_says_whose_word_a_record_is_and_is_read_back_so() -> None:
    service = Service(service="tutoring", on_site=False)
    dossier = filed(example_dossier(), service, word_of="partner", by=OFFICE)
    read = Dossier.from_mapping(dossier.to_mapping())
    assert read.entries[-1].word_of == "partner"
    assert read.all(Service) == dossier.all(Service)
    assert read.waiting == ()
    theirs = Dossier.from_mapping(filed(example_dossier(), service).to_mapping())
    assert [word.entry.record for word in theirs.waiting] == [service]
    confirmed = filed(theirs, Confirmation(entries=(theirs.entries[-1].id or UUID(int=0),)), by=OFFICE)
    assert confirmed.waiting == ()
    assert service in confirmed.all(Service)
    assert filed(theirs, Confirmation(entries=(theirs.entries[-1].id or UUID(int=0),))).waiting != ()
