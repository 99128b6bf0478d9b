"""Who is judged does not clear itself: what the partner says against the district's word waits for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

import attrs
import pytest

from partnerflow import Actor, Confirming, Filing, Partner, Partnerflow, Partnership, Refused
from partnerflow.dossier import confirmed_by
from partnerflow.errors import InvalidRequest, NotFound
from partnerflow.records import NO_END, BackgroundCheck, Contact, Insurance, Person, Record, Scope, Service

DAYS: dict[str, Any] = {"starts_on": date(2026, 1, 1), "ends_on": date(2027, 12, 31)}
CHECKED: dict[str, Any] = {"cleared_on": date(2026, 8, 1), "ends_on": date(2028, 8, 1)}
COVER = Insurance(line="general_liability", insurer="Acme", **DAYS)
LESS = Insurance(line="general_liability", insurer="Cheap", **DAYS)


@pytest.fixture
def p(flow: Partnerflow, riverbend: Partner, office: Actor) -> Partnership:
    return flow.propose(riverbend, by=office)


@pytest.fixture
def rep(p: Partnership) -> Actor:
    return Actor("i.moreno", "partner", {"partner"}, partner_id=p.partner_id)


def unconfirmed(flow: Partnerflow, p: Partnership) -> list[Record]:
    return [word.entry.record for word in flow.dossier(p.id).waiting]


def types(flow: Partnerflow, p: Partnership) -> list[str]:
    return [event.type.removeprefix("org.partnerflow.record.").removesuffix(".v1") for event in flow.events_of(p.id)]


def test_the_partners_newer_word_waits_until_the_district_confirms_it(
    flow: Partnerflow, p: Partnership, office: Actor, rep: Actor
) -> None:
    flow.file(p.id, COVER, by=office)
    (entry,) = flow.file(p.id, LESS, by=rep)
    dossier = flow.dossier(p.id)
    on = date(2026, 9, 15)
    assert dossier.on(Insurance, on, line="general_liability") == COVER
    assert dossier.latest(Insurance, line="general_liability") == COVER
    assert dossier.all(Insurance) == (COVER,)
    (word,) = dossier.waiting
    assert (word.entry, word.replaces) == (entry, COVER)
    assert entry in dossier.entries
    assert [each.partnership.id for each in flow.waiting()] == [p.id]
    (confirmation,) = flow.confirm(p.id, entry.id, by=office)  # type: ignore[arg-type]
    assert flow.dossier(p.id).latest(Insurance, line="general_liability") == LESS
    assert unconfirmed(flow, p) == []
    assert flow.confirm(p.id, entry.id, by=office) == (confirmation,)  # type: ignore[arg-type]
    assert types(flow, p)[-3:] == ["filed", "waiting", "confirmed"]
    flow.verify()


def test_a_confirmed_word_is_the_districts_and_the_next_one_waits_again(
    flow: Partnerflow, p: Partnership, office: Actor, rep: Actor
) -> None:
    (first,) = flow.file(p.id, COVER, by=rep)
    assert unconfirmed(flow, p) == []
    flow.confirm(p.id, first.id, by=office)  # type: ignore[arg-type]
    flow.file(p.id, LESS, by=rep)
    assert unconfirmed(flow, p) == [LESS]
    assert flow.dossier(p.id).latest(Insurance, line="general_liability") == COVER


def test_the_same_words_by_the_districts_hand_confirm_and_as_the_partners_word_do_not(
    flow: Partnerflow, p: Partnership, office: Actor, rep: Actor
) -> None:
    flow.file(p.id, COVER, by=office)
    (theirs,) = flow.file(p.id, LESS, by=rep)
    assert flow.file(p.id, LESS, by=rep) == (theirs,)
    assert flow.file(p.id, LESS, by=office, word_of="partner") == (theirs,)
    assert unconfirmed(flow, p) == [LESS]
    (ours,) = flow.file(p.id, LESS, by=office)
    assert ours != theirs
    assert flow.file(p.id, LESS, by=office) == (ours,)
    assert unconfirmed(flow, p) == []
    flow.file(p.id, COVER, by=rep)
    assert unconfirmed(flow, p) == [COVER]


def test_what_the_office_files_for_the_partner_counts_at_once_and_the_partners_next_word_too(
    flow: Partnerflow, p: Partnership, office: Actor, rep: Actor
) -> None:
    flow.file(p.id, COVER, by=office)
    (entry,) = flow.file(p.id, LESS, by=office, word_of="partner")
    assert entry.word_of == "partner"
    assert flow.entries_of(p.id)[-1] == entry
    assert flow.dossier(p.id).latest(Insurance, line="general_liability") == LESS
    newer = attrs.evolve(LESS, certificate="A-7")
    flow.file(p.id, newer, by=rep)
    assert flow.dossier(p.id).latest(Insurance, line="general_liability") == newer
    (result,) = flow.file_many([Filing(p.id, [Contact(name="X")], word_of="partner")], by=office, key="run")
    assert result.outcome == "done"
    assert flow.entries_of(p.id)[-1].word_of == "partner"
    flow.verify()
    with pytest.raises(InvalidRequest, match="word_of"):
        flow.file(p.id, COVER, by=office, word_of="district")  # type: ignore[arg-type]


def test_the_partner_files_for_itself_whatever_it_says_whose_word_it_is(
    flow: Partnerflow, p: Partnership, office: Actor, rep: Actor
) -> None:
    ours = Partner(name="Riverbend", kind="employer", has_employees=True)
    flow.file(p.id, COVER, ours, by=office)
    flow.file(p.id, LESS, Partner(name="Riverbend", kind="civic", has_employees=False), by=rep, word_of="partner")
    list(flow.file_many([Filing(p.id, [LESS], word_of="partner")], by=rep, key="run"))
    dossier = flow.dossier(p.id)
    assert dossier.latest(Insurance, line="general_liability") == COVER
    assert (dossier.partner, len(dossier.waiting)) == (ours, 2)


@pytest.mark.parametrize("word_of", [None, "partner"])
def test_a_kind_that_the_pack_has_confirmed_waits_even_where_nobody_filed_before(
    flow: Partnerflow, p: Partnership, office: Actor, rep: Actor, word_of: Any
) -> None:
    check = BackgroundCheck(person="x", result="clear", **CHECKED)
    (entry,) = flow.file(p.id, check, by=office if word_of else rep, word_of=word_of)
    assert flow.dossier(p.id).all(BackgroundCheck) == ()
    flow.confirm(p.id, entry.id, by=office)  # type: ignore[arg-type]
    assert flow.dossier(p.id).all(BackgroundCheck) == (check,)


LESS_ASKED = {
    "a person who no longer meets students": (
        Person(person="x", direct_contact=True),
        Person(person="x", direct_contact=False),
    ),
    "a visitor who comes only once": (
        Person(person="x", direct_contact=True),
        Person(person="x", direct_contact=True, one_time_visitor=True),
    ),
    "a service at fewer sites": (
        Service(service="s", sites={"1", "2"}),
        Service(service="s", sites={"1"}),
    ),
    "a service that is supervised": (Service(service="s"), Service(service="s", fully_supervised=True)),
    "a service that nobody needs to be let in for": (
        Service(service="s", needs_access={"students"}),
        Service(service="s", needs_access=set()),
    ),
    "another scope": (Scope(level="school", sites={"1"}), Scope(level="district", sites={"1"})),
}


@pytest.mark.parametrize("which", LESS_ASKED)
def test_a_fact_that_asks_for_less_waits_whoever_said_more_before(
    flow: Partnerflow, p: Partnership, office: Actor, rep: Actor, which: str
) -> None:
    more, less = LESS_ASKED[which]
    flow.file(p.id, more, by=rep)
    assert unconfirmed(flow, p) == []
    (entry,) = flow.file(p.id, less, by=rep)
    assert flow.dossier(p.id).all(type(more)) == (more,)
    flow.confirm(p.id, entry.id, by=office)  # type: ignore[arg-type]
    flow.file(p.id, more, by=rep)
    assert unconfirmed(flow, p) == [more], "the district's word by now"


def test_a_partners_name_counts_at_once_and_facts_that_decide_what_is_asked_wait(
    flow: Partnerflow, office: Actor
) -> None:
    first = Partner(name="Riverbend", kind="employer", has_employees=True, licences_required=("care",))
    p = flow.propose(first, by=office)
    rep = Actor("i.moreno", "partner", {"partner"}, partner_id=p.partner_id)
    said = Partner(name="Riverbend Center", website="https://r.example", kind="civic", has_employees=False)
    (entry,) = flow.file(p.id, said, by=rep)
    counts = attrs.evolve(first, name="Riverbend Center", website="https://r.example")
    dossier = flow.dossier(p.id)
    assert dossier.partner == counts == flow.partner(p.partner_id)
    assert dossier.waiting[0].fields == ("kind", "licences_required", "has_employees")
    assert [each.id for each in flow.find(kind="employer")] == [p.id]
    flow.confirm(p.id, entry.id, by=office)  # type: ignore[arg-type]
    assert flow.dossier(p.id).partner == said
    assert [each.id for each in flow.find(kind="civic")] == [p.id]


def test_contacts_count_at_once(flow: Partnerflow, p: Partnership, office: Actor, rep: Actor) -> None:
    flow.file(p.id, Contact(name="X", email="a@b.example", starts_on=date(2026, 1, 1), ends_on=NO_END), by=office)
    moved = Contact(name="X", email="c@b.example", starts_on=date(2026, 1, 1), ends_on=NO_END)
    flow.file(p.id, moved, by=rep)
    assert flow.dossier(p.id).all(Contact) == (moved,)


# --- the worse finding counts ---------------------------------------------------------------------------------------


def outcome(flow: Partnerflow, walked: Partnership, code: str) -> str:
    return flow.explain(walked.id)[code].outcome


def test_a_waiting_word_can_make_things_worse_and_nothing_better(
    flow: Partnerflow, walked_to: Callable, office: Actor
) -> None:
    p = walked_to(flow, "active")
    rep = Actor("i.moreno", "partner", {"partner"}, partner_id=p.partner_id)
    before = flow.dossier(p.id)
    (person, *_) = before.all(Person)
    assert outcome(flow, p, "SAFE-001") == "passed"
    adverse = BackgroundCheck(person=person.person, result="not_clear", cleared_on=date(2026, 9, 14), ends_on=NO_END)
    (against,) = flow.file(p.id, adverse, by=rep)
    assert outcome(flow, p, "SAFE-001") == "failed"
    (gone,) = flow.file(p.id, attrs.evolve(person, direct_contact=False), by=rep)
    clear = attrs.evolve(adverse, result="clear", components={"*"}, cleared_on=date(2026, 9, 15))
    (answer,) = flow.file(p.id, clear, by=rep)
    assert outcome(flow, p, "SAFE-001") == "failed"
    assert len(flow.dossier(p.id).waiting) == 3
    with pytest.raises(Refused):
        flow.retract(p.id, against.id, by=rep, reason="a mistake")  # type: ignore[arg-type]
    assert "to be confirmed before it counts" in flow.explain(p.id).explain()
    flow.confirm(p.id, against.id, answer.id, by=office)  # type: ignore[arg-type]
    assert outcome(flow, p, "SAFE-001") == "passed"
    assert gone.id in {word.entry.id for word in flow.dossier(p.id).waiting}


def test_what_the_district_files_clear_is_not_cleared_by_the_partner(
    flow: Partnerflow, walked_to: Callable, office: Actor
) -> None:
    p = walked_to(flow, "active")
    rep = Actor("i.moreno", "partner", {"partner"}, partner_id=p.partner_id)
    (person, *_) = flow.dossier(p.id).all(Person)
    flow.file(p.id, BackgroundCheck(person=person.person, result="not_clear", **CHECKED), by=office)
    flow.file(p.id, BackgroundCheck(person=person.person, result="clear", components={"*"}, **CHECKED), by=rep)
    assert outcome(flow, p, "SAFE-001") == "failed"


def test_a_wider_scope_that_waits_is_asked_for_already(flow: Partnerflow, walked_to: Callable) -> None:
    p = walked_to(flow, "active")
    rep = Actor("i.moreno", "partner", {"partner"}, partner_id=p.partner_id)
    assert flow.explain(p.id).ok
    scope = flow.dossier(p.id).latest(Scope)
    assert scope is not None
    flow.file(p.id, attrs.evolve(scope, sites={*(scope.sites or ()), "255901044"}), by=rep)
    assert flow.dossier(p.id).latest(Scope) == scope
    assert "SCH-001" in {finding.code for finding in flow.explain(p.id).blocking}


# --- retracting -----------------------------------------------------------------------------------------------------


def test_a_partners_retraction_waits_where_less_would_be_asked_after_it_or_the_district_stands_behind(
    flow: Partnerflow, p: Partnership, office: Actor, rep: Actor
) -> None:
    person, plain = Person(person="x", direct_contact=True), Insurance(line="auto", **DAYS)
    entries = flow.file(p.id, person, COVER, plain, by=rep)
    flow.confirm(p.id, entries[1].id, by=office)  # type: ignore[arg-type]
    taken = [flow.retract(p.id, entry.id, by=rep, reason="has left") for entry in entries]  # type: ignore[arg-type]
    dossier = flow.dossier(p.id)
    assert dossier.all(Person) == (person,)
    assert dossier.all(Insurance) == (COVER,), "the other one was nobody's but its own"
    assert [word.entry for word in dossier.waiting] == taken[:2]
    flow.confirm(p.id, taken[0].id, by=office)  # type: ignore[arg-type]
    assert flow.dossier(p.id).all(Person) == ()
    with pytest.raises(InvalidRequest, match="retract"):
        flow.redact(p.id, entries=[entries[1].id], by=office, reason="x")  # type: ignore[list-item]
    flow.retract(p.id, entries[1].id, by=office, reason="has ended")  # type: ignore[arg-type]
    assert flow.dossier(p.id).all(Insurance) == ()


# --- who may confirm ------------------------------------------------------------------------------------------------


def test_the_partner_confirms_nothing_and_others_what_they_may_file(
    flow: Partnerflow, p: Partnership, office: Actor, rep: Actor
) -> None:
    flow.file(p.id, COVER, Scope(sites={"255901001"}), by=office)
    (entry,) = flow.file(p.id, LESS, by=rep)
    with pytest.raises(Refused, match="partner's side, which confirms nothing"):
        flow.confirm(p.id, entry.id, by=rep)  # type: ignore[arg-type]
    principal = Actor("p.park", "school", {"principal"}, sites={"255901001"})
    with pytest.raises(Refused, match="may file insurance"):
        flow.confirm(p.id, entry.id, by=principal)  # type: ignore[arg-type]
    assert unconfirmed(flow, p) == [LESS]


def test_what_cannot_be_confirmed_is_named(flow: Partnerflow, p: Partnership, office: Actor, rep: Actor) -> None:
    (ours,) = flow.file(p.id, COVER, by=office)
    (theirs,) = flow.file(p.id, Insurance(line="auto"), by=rep)
    flow.retract(p.id, theirs.id, by=office, reason="wrong")  # type: ignore[arg-type]
    for entry_id, why in ((ours.id, "the district's own word"), (theirs.id, "was retracted")):
        with pytest.raises(InvalidRequest, match=why):
            flow.confirm(p.id, entry_id, by=office)  # type: ignore[arg-type]
    with pytest.raises(InvalidRequest, match="name at least one entry"):
        flow.confirm(p.id, by=office)
    with pytest.raises(NotFound):
        flow.confirm(p.id, p.id, by=office)


def test_confirming_with_a_key_is_done_once(flow: Partnerflow, p: Partnership, office: Actor, rep: Actor) -> None:
    flow.file(p.id, COVER, by=office)
    (entry,) = flow.file(p.id, LESS, by=rep)
    made = flow.confirm(p.id, entry.id, by=office, idempotency_key="k")  # type: ignore[arg-type]
    assert flow.confirm(p.id, entry.id, by=office, idempotency_key="k") == made  # type: ignore[arg-type]
    assert sum(each.kind == "confirmation" for each in flow.entries_of(p.id)) == 1


# --- many at once ---------------------------------------------------------------------------------------------------


def checked(flow: Partnerflow, p: Partnership, *people: str) -> list[UUID]:
    """File a check of each person by their own partner; return the ids of the entries."""
    rep = Actor("rep", "partner", {"partner"}, partner_id=p.partner_id)
    filed = flow.file(p.id, *(BackgroundCheck(person=each, result="clear", **CHECKED) for each in people), by=rep)
    return [entry.id for entry in filed if entry.id is not None]


def test_one_call_confirms_entries_of_many_partners_and_again_changes_nothing(
    flow: Partnerflow, office: Actor, everything: Callable
) -> None:
    several = [flow.propose(Partner(name=name), by=office) for name in "ABC"]
    second = flow.propose(several[0].partner_id, by=office)
    for p in several:
        checked(flow, p, "x", "y")
    items = [*map(Confirming.everything, flow.waiting()), Confirming(several[0].id, [several[1].id])]
    assert [item.partnership_id for item in items[:-1]] == sorted(p.id for p in (*several, second))
    done = list(flow.confirm_many(items, by=office, key="k"))
    assert [each.outcome for each in done] == ["done"] * 4 + ["failed"]
    assert isinstance(done[-1].error, NotFound)
    works = {each.item.partnership_id: each.work for each in done[:-1]}
    assert works[second.id] == works[several[0].id], "both partnerships have the partner's file"
    assert list(flow.waiting()) == []
    assert {len(flow.dossier(p.id).all(BackgroundCheck)) for p in (*several, second)} == {2}
    before = everything(flow)
    for key in ("k", "another"):
        again = list(flow.confirm_many(items, by=office, key=key))
        assert [each.work for each in again] == [each.work for each in done]
    assert everything(flow)["holdings"] == before["holdings"]
    flow.verify()


def test_of_many_each_is_confirmed_only_by_who_may_file_it_there(flow: Partnerflow, office: Actor) -> None:
    here, there = (flow.propose(Partner(name=name), by=office) for name in "AB")
    theirs = {}
    for p, site in ((here, "1"), (there, "2")):
        rep = Actor("rep", "partner", {"partner"}, partner_id=p.partner_id)
        flow.file(p.id, Scope(sites={site}), by=office)
        flow.file(p.id, Service(service="s", sites={site, "9"}), by=rep)
        (entry,) = flow.file(p.id, Service(service="s", sites={site}), by=rep)
        theirs[p.id] = entry.id
    items = list(map(Confirming.everything, flow.waiting()))
    assert {item.entries for item in items} == {(entry,) for entry in theirs.values()}
    principal = Actor("p.park", "school", {"principal"}, sites={"1"})
    done = flow.confirm_many(items, by=principal, key="k")
    assert {each.item.partnership_id: each.outcome for each in done} == {here.id: "done", there.id: "refused"}
    assert [dossier.partnership.id for dossier in flow.waiting()] == [there.id]


def test_what_waits_is_looked_for_among_what_is_found(flow: Partnerflow, office: Actor) -> None:
    one, other = (flow.propose(Partner(name=name), by=office) for name in "AB")
    second = flow.propose(one.partner_id, by=office)
    checked(flow, one, "x")
    checked(flow, other, "x")
    flow.fire(second.id, "withdraw", by=office, reason="not now")
    of_one = flow.waiting(flow.find(partner=one.partner_id))
    assert [dossier.partnership.id for dossier in of_one] == [one.id], "what has ended waits for nothing"
    assert [dossier.partnership.id for dossier in flow.waiting([other])] == [other.id]
    assert list(flow.waiting([])) == []


def test_what_a_partner_files_after_the_list_was_read_is_not_confirmed_with_it(
    flow: Partnerflow, p: Partnership, office: Actor
) -> None:
    checked(flow, p, "x")
    seen = list(map(Confirming.everything, flow.waiting()))
    checked(flow, p, "y")
    list(flow.confirm_many(seen, by=office, key="k"))
    (word,) = flow.dossier(p.id).waiting
    assert word.entry.record == BackgroundCheck(person="y", result="clear", **CHECKED)


def test_what_began_to_wait_with_an_upgrade_is_confirmed_before_the_first_sweep_and_nothing_breaks(
    flow: Partnerflow, walked_to: Callable, office: Actor
) -> None:
    p = walked_to(flow, "active")
    before = Partnerflow(store=flow.store, pack=attrs.evolve(flow.pack, confirm=frozenset()), clock=flow.clock)
    (person, *_) = flow.dossier(p.id).all(Person)
    (check,) = (each for each in flow.dossier(p.id).all(BackgroundCheck) if each.person == person.person)
    (office_word,) = (entry for entry in flow.entries_of(p.id) if entry.record == check)
    flow.retract(p.id, office_word.id, by=office, reason="the partner files its own")  # type: ignore[arg-type]
    rep = Actor("rep", "partner", {"partner"}, partner_id=p.partner_id)
    before.file(p.id, check, by=rep)
    before.sweep()
    assert "SAFE-001" not in [obligation.code for obligation in before.obligations(p.id) if not obligation.holds]
    done = list(flow.confirm_many(map(Confirming.everything, flow.waiting()), by=office, key="after the upgrade"))
    assert [each.outcome for each in done] == ["done"]
    assert "SAFE-001" not in [notice.code for notice in flow.sweep().notices]
    assert outcome(flow, p, "SAFE-001") == "passed"


def test_a_confirmation_on_each_of_two_files_hides_no_other(
    flow: Partnerflow, p: Partnership, office: Actor, rep: Actor
) -> None:
    flow.file(p.id, COVER, Scope(level="school", sites={"1"}), by=office)
    entries = flow.file(p.id, LESS, Scope(level="district", sites={"1"}), by=rep)
    made = flow.confirm(p.id, *(entry.id for entry in entries if entry.id), by=office)
    assert [each.file_id for each in made] == [p.partner_id, p.id]
    assert not any("hidden_by" in event.data for event in flow.events_of(p.id))
    assert {entry.id for entry in entries} <= confirmed_by(flow.entries_of(p.id))
