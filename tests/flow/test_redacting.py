"""What should not be kept is blanked, and nothing else changes: no judgement, no chain, no view of the past."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from types import FrameType
from typing import Any
from uuid import UUID, uuid4

import attrs
import pytest
from hypothesis import given, settings

from partnerflow import (
    DISTRICT,
    Actor,
    Dossier,
    Entry,
    InvalidRequest,
    KeyReused,
    NotFound,
    Partner,
    Partnerflow,
    Partnership,
    Refused,
    load_pack,
)
from partnerflow.adapters.memory import MemoryStore
from partnerflow.canonical import sha256
from partnerflow.dossier import RecordIndex
from partnerflow.errors import PackError
from partnerflow.lifecycle import DEFAULT, State
from partnerflow.policies import Pack
from partnerflow.policies.shipped import POLICIES
from partnerflow.policies.toml import read_pack
from partnerflow.ports import Store
from partnerflow.records import (
    Contact,
    Insurance,
    Need,
    Person,
    Record,
    Redaction,
    Retraction,
    Service,
    Site,
    Unregistered,
    Waiver,
    WaiverRequest,
    WaiverRevocation,
)
from partnerflow.testing import BOARD, EXAMPLE_DAY, OFFICE, days, dossiers, example_records
from partnerflow.testing.clock import TickingClock
from partnerflow.testing.contract.fixtures import files_of, history_of, ids_of

SECRET = "Xanthippe"
"""A word that must be nowhere once it was blanked."""
WHY = "a court says so"
PRINCIPAL = Actor("p.park", side="school", roles={"principal"}, sites={"255901001"})


@pytest.fixture
def active(flow: Partnerflow, walked_to: Callable[..., Partnership]) -> Partnership:
    return walked_to(flow, "active")


@pytest.fixture
def memory(pack: Pack, clock: TickingClock) -> Partnerflow:
    return Partnerflow(store=MemoryStore(), pack=pack, clock=clock)


def taken_back(flow: Partnerflow, p: Partnership, *records: Record) -> list[UUID]:
    """File records and take them back at once; give the ids of their entries."""
    filed = [id_of(entry) for entry in flow.file(p.id, *records, by=OFFICE)]
    for entry_id in filed:
        flow.retract(p.id, entry_id, by=OFFICE, reason="says too much")
    return filed


def id_of(entry: Entry) -> UUID:
    assert entry.id is not None
    return entry.id


def entry_of(flow: Partnerflow, p: Partnership, entry_id: UUID) -> Entry:
    (found,) = (entry for entry in flow.dossier(p.id).entries if entry.id == entry_id)
    return found


def all_texts(store: Store) -> str:
    """Return everything that a store keeps, as one text."""
    ids = ids_of(store)
    kept: list[object] = [files_of(store), list(store.find()), list(store.outgoing())]
    with store.reading() as tx:
        for each in ids:
            kept += [tx.snapshots([each]).get(each), history_of(store, each), list(store.attempts(each))]
    texts = [entry.text for entries in files_of(store).values() for entry in entries]
    return "\n".join([*map(repr, kept), *texts])


def answers(flow: Partnerflow, p: Partnership) -> dict[str, Any]:
    """Return all that is judged of a partnership now: as it stands, and for every step, by either of two people."""
    found: dict[str, Any] = {"stands": flow.explain(p.id)}
    for by in (OFFICE, BOARD):
        found |= {f"{step} by {by.id}": decision.report for step, decision in flow.options(p.id, by=by).items()}
    return {name: {f.code: (f.outcome, f.waiver, f.until) for f in report.findings} for name, report in found.items()}


def ended(flow: Partnerflow, p: Partnership) -> None:
    """End a partnership, with what the step asks for."""
    flow.file(p.id, *example_records("active", trigger="end")[len(example_records("active")) :], by=OFFICE)
    flow.fire(p.id, "end", by=OFFICE, reason="the term ended")


# --- what is blanked, and what stays ---------------------------------------------------------------------------------


def test_a_record_that_was_blanked_keeps_its_place_its_filing_and_its_hash(
    flow: Partnerflow, active: Partnership
) -> None:
    (filed,) = flow.file(active.id, Need(need=SECRET), by=OFFICE)
    flow.retract(active.id, id_of(filed), by=OFFICE, reason="names a student")
    (said,) = flow.redact(active.id, entries=[id_of(filed)], by=BOARD, reason=WHY)
    assert said.record == Redaction(entries=(id_of(filed),), steps=(), reason=WHY)
    assert (said.filed_by, said.file_id) == (BOARD, active.id)
    blank = entry_of(flow, active, id_of(filed))
    assert blank == attrs.evolve(
        filed, text="", record=Unregistered(kind="need", fields={}), redacted=sha256(filed.text)
    )
    assert SECRET not in all_texts(flow.store)
    flow.verify()


@pytest.mark.parametrize("version", [1, 3, 4])
def test_a_step_loses_its_reason_and_its_decision_and_no_more(
    flow: Partnerflow, active: Partnership, version: int
) -> None:
    before = flow.history(active.id)
    flow.redact(active.id, steps=[version], by=OFFICE, reason=WHY)
    after, step = flow.history(active.id), before[version - 1]
    assert after[version - 1] == attrs.evolve(
        step, move=attrs.evolve(step.move, reason=None), decision="",
        reason_redacted=sha256(step.reason or ""), decision_redacted=sha256(step.decision),
    )  # fmt: skip
    assert [made for made in after if made.version != version] == [made for made in before if made.version != version]
    assert flow.dossier(active.id).moves == tuple(made.move for made in after)
    flow.verify()


def test_it_is_told_without_a_word_of_what_it_was(flow: Partnerflow, active: Partnership) -> None:
    (need,) = taken_back(flow, active, Need(need=SECRET))
    flow.redact(active.id, entries=[need], steps=[2], by=OFFICE, reason=f"{WHY}: {SECRET}")
    told = list(flow.store.outgoing())[-1]
    assert told.type == "org.partnerflow.record.redacted.v1"
    assert (told.data["redacted"], told.data["steps"]) == ([str(need)], [2])
    assert SECRET not in told.body()


def test_one_redaction_lies_on_each_file_concerned(flow: Partnerflow, active: Partnership) -> None:
    need, cover = taken_back(flow, active, Need(need="a"), Insurance(line="x"))
    given = flow.redact(active.id, entries=[need, cover], steps=[3, 2, 3], by=OFFICE, reason=WHY)
    assert [(entry.file_id, entry.record) for entry in given] == [
        (active.partner_id, Redaction(entries=(cover,), steps=(), reason=WHY)),
        (active.id, Redaction(entries=(need,), steps=(2, 3), reason=WHY)),
    ]
    flow.verify()


def test_no_version_is_counted_and_work_goes_on(flow: Partnerflow, active: Partnership) -> None:
    (need,) = taken_back(flow, active, Need(need="a"))
    flow.redact(active.id, entries=[need], steps=[1, 2], by=OFFICE, reason=WHY)
    assert flow.dossier(active.id).partnership.version == active.version
    flow.file(active.id, Need(need="a"), by=OFFICE)
    flow.sweep()
    ended(flow, active)
    flow.verify()


def test_when_it_happened_may_be_said(flow: Partnerflow, active: Partnership, clock: TickingClock) -> None:
    (need,) = taken_back(flow, active, Need(need="a"))
    clock.move_on(days=3)
    at = clock.peek() - timedelta(days=1)
    (said,) = flow.redact(active.id, entries=[need], by=OFFICE, reason=WHY, at=at)
    assert said.filed_at == at
    with pytest.raises(InvalidRequest, match="in the future"):
        flow.redact(active.id, steps=[1], by=OFFICE, reason=WHY, at=clock.peek() + timedelta(days=1))


# --- what is still judged is never blanked ---------------------------------------------------------------------------


def test_nothing_that_counts_can_be_blanked(flow: Partnerflow, active: Partnership) -> None:
    before = answers(flow, active)
    for entry in flow.dossier(active.id).entries:
        with pytest.raises(InvalidRequest, match=rf"is a {entry.kind} that still counts: .*retract this"):
            flow.redact(active.id, entries=[id_of(entry)], by=OFFICE, reason=WHY)
    assert flow.dossier(active.id).redacted == ()
    assert answers(flow, active) == before


@pytest.mark.parametrize("state", ["intake", "improvement_plan", "terminated"])
def test_what_a_newer_record_replaced_still_counts_in_any_state(
    flow: Partnerflow, walked_to: Callable[..., Partnership], state: str
) -> None:
    """Policies read how things were before, too: who was assigned, when the first meeting was."""
    p = walked_to(flow, state)
    old, new = flow.file(p.id, Need(need="a"), Need(need="a", purposes=frozenset({"fill_gap"})), by=OFFICE)
    for entry in (old, new):
        with pytest.raises(InvalidRequest, match="still counts"):
            flow.redact(p.id, entries=[id_of(entry)], by=OFFICE, reason=WHY)
    flow.retract(p.id, id_of(old), by=OFFICE, reason="says too much")
    flow.redact(p.id, entries=[id_of(old)], by=OFFICE, reason=WHY)
    assert flow.dossier(p.id).latest(Need, need="a") == new.record
    flow.verify()


def test_one_that_counts_keeps_all_the_others(flow: Partnerflow, active: Partnership) -> None:
    (gone,) = taken_back(flow, active, Need(need=SECRET))
    (stands,) = flow.file(active.id, Need(need="stands"), by=OFFICE)
    before = all_texts(flow.store)
    with pytest.raises(InvalidRequest, match="still counts"):
        flow.redact(active.id, entries=[gone, id_of(stands)], steps=[1], by=OFFICE, reason=WHY)
    assert all_texts(flow.store) == before


def test_what_counts_for_good_is_kept(flow: Partnerflow, active: Partnership) -> None:
    """Who asked for a waiver may never grant it, taken back or not; a redaction is itself the trace."""
    flow.file(active.id, WaiverRequest("SAFE-003", reason="late", expires_on=date(2026, 10, 1)), by=OFFICE)
    asked, granted, revoked = flow.file(
        active.id,
        WaiverRequest("SAFE-002", reason="late", expires_on=date(2026, 10, 1)),
        Waiver("SAFE-003", reason="late", requested_by=OFFICE.id, expires_on=date(2026, 10, 1)),
        WaiverRevocation("SAFE-003", reason="no"),
        by=BOARD,
    )
    retraction = flow.retract(active.id, id_of(asked), by=OFFICE, reason="not needed")
    flow.retract(active.id, id_of(granted), by=BOARD, reason="not needed")
    (redaction,) = flow.redact(active.id, entries=[id_of(granted)], by=OFFICE, reason=WHY)
    for kept in (asked, revoked, retraction, redaction):
        with pytest.raises(InvalidRequest, match=rf"a {kept.kind} counts for good, and is kept"):
            flow.redact(active.id, entries=[id_of(kept)], by=OFFICE, reason=WHY)
    with pytest.raises(InvalidRequest, match="a redaction cannot be retracted"):
        flow.retract(active.id, id_of(redaction), by=OFFICE, reason="back")
    with pytest.raises(InvalidRequest, match="call redact"):
        flow.file(active.id, Redaction(entries=(id_of(granted),), steps=(), reason="x"), by=OFFICE)


def test_who_asked_for_a_waiver_never_grants_it_whatever_is_blanked(flow: Partnerflow, active: Partnership) -> None:
    request = WaiverRequest("SAFE-002", reason="late", expires_on=date(2026, 10, 1))
    (asked,) = flow.file(active.id, request, by=BOARD)
    flow.retract(active.id, id_of(asked), by=OFFICE, reason="not needed")
    with pytest.raises(InvalidRequest):
        flow.redact(active.id, entries=[id_of(asked)], by=BOARD, reason=WHY)
    grant = Waiver("SAFE-002", reason="late", requested_by=OFFICE.id, expires_on=date(2026, 10, 1))
    with pytest.raises(Refused, match="asked for the waiver"):
        flow.file(active.id, grant, by=BOARD)


def test_what_a_partner_is_known_by_now_is_kept_and_what_it_was_known_by_can_go(
    flow: Partnerflow, active: Partnership, riverbend: Partner, clock: TickingClock
) -> None:
    file = files_of(flow.store)[active.partner_id]
    (first,) = (entry for entry in file if isinstance(entry.record, Partner))
    with pytest.raises(InvalidRequest, match="newest record: file the partner again"):
        flow.redact(active.id, entries=[id_of(first)], by=OFFICE, reason=WHY)
    before = clock()
    (second,) = flow.file(active.id, attrs.evolve(riverbend, name="Northside"), by=OFFICE)
    with pytest.raises(InvalidRequest, match="newest record"):
        flow.redact(active.id, entries=[id_of(second)], by=OFFICE, reason=WHY)
    steps = [step.version for step in flow.history(active.id)]  # each decision names the partner that it was about
    flow.redact(active.id, entries=[id_of(first)], steps=steps, by=OFFICE, reason=WHY)
    assert flow.dossier(active.id).partner.name == "Northside"
    then = flow.dossier(active.id, as_of=before)
    assert then.partner == Partner(name="redacted")  # and nothing else is known of it
    assert [entry.kind for entry in then.redacted] == ["partner"]
    assert riverbend.name not in all_texts(flow.store)
    flow.verify()


@settings(max_examples=150)
@given(dossiers(), days())
def test_no_policy_can_tell_whether_what_was_taken_back_is_blank(dossier: Dossier, on: date) -> None:
    pack = load_pack("default")
    gone = {entry.record.entry_id for entry in dossier.entries if isinstance(entry.record, Retraction)}
    kept = (Retraction, WaiverRequest, WaiverRevocation)

    def blanked(entry: Entry) -> Entry:
        if entry.id not in gone or isinstance(entry.record, kept):
            return entry
        return attrs.evolve(entry, record=Unregistered(kind=entry.kind, fields={}), redacted="0" * 64)

    other = attrs.evolve(dossier, on_file=RecordIndex(map(blanked, dossier.entries)))
    state = dossier.partnership.state
    for trigger in (None, *DEFAULT.legal(state)):
        here, there = (pack.check(each, on=on, trigger=trigger, by=OFFICE) for each in (dossier, other))
        assert there == here


@pytest.mark.parametrize("state", State)
def test_no_redaction_of_anything_lets_anything_through(
    flow: Partnerflow, walked_to: Callable[..., Partnership], state: str
) -> None:
    """Everything on file is taken back and blanked, one after the other; only the taking back changes an answer."""
    p = walked_to(flow, state)
    for entry in flow.dossier(p.id).entries:
        if not isinstance(entry.record, (WaiverRequest, WaiverRevocation)):
            flow.retract(p.id, id_of(entry), by=OFFICE, reason="says too much")
    steps = range(1, p.version + 1)
    lying = [id_of(e) for e in flow.dossier(p.id).entries if not isinstance(e.record, Retraction)]
    before = answers(flow, p)
    for some in (lying[::2], lying[1::2]):
        flow.redact(p.id, entries=some, steps=steps, by=OFFICE, reason=WHY)
        assert answers(flow, p) == before
    assert len(flow.dossier(p.id).redacted) == len(lying)
    flow.verify()


def test_taking_back_what_was_filed_after_brings_nothing_back_that_was_blanked(
    flow: Partnerflow, active: Partnership
) -> None:
    line: Any = {"line": "umbrella"}
    old, newer, newest = flow.file(active.id, *(Insurance(**line, insurer=name) for name in ("A", "B", "C")), by=OFFICE)
    flow.retract(active.id, id_of(newer), by=OFFICE, reason="wrong")
    flow.redact(active.id, entries=[id_of(newer)], by=OFFICE, reason=WHY)
    flow.retract(active.id, id_of(newest), by=OFFICE, reason="wrong")
    assert flow.dossier(active.id).latest(Insurance, **line) == old.record
    again = flow.retract(active.id, id_of(newer), by=OFFICE, reason="wrong")
    assert isinstance(again.record, Retraction)
    flow.verify()


# --- where else it stood ---------------------------------------------------------------------------------------------


def found(flow: Partnerflow, **wanted: Any) -> set[UUID]:
    return {each.id for each in flow.find(**wanted)}


def test_what_the_partner_filed_and_took_back_can_be_blanked(flow: Partnerflow, active: Partnership) -> None:
    rep = Actor("r.rivera", side="partner", roles={"partner"}, partner_id=active.partner_id)
    (entry,) = flow.file(active.id, Contact(name=SECRET), by=rep)
    assert entry.id is not None
    flow.retract(active.id, entry.id, by=rep, reason="the wrong person")
    flow.redact(active.id, entries=[entry.id], by=OFFICE, reason=WHY)
    assert flow.dossier(active.id).waiting == ()


def test_what_was_blanked_is_in_no_memory_of_the_process(flow: Partnerflow, active: Partnership) -> None:
    name = "".join(["Rosa", "munde ", "Quist", "gaard"])  # in one piece nowhere but on file
    (person,) = flow.file(active.id, Contact(name=name), by=OFFICE)
    (need,) = flow.file(active.id, Need(need=f"a tutor for {name}"), by=OFFICE)
    ids = [entry.id for entry in (person, need) if entry.id is not None]
    flow.file(active.id, Contact(name="Somebody else"), Need(need="another"), by=OFFICE)
    for entry_id in ids:
        flow.retract(active.id, entry_id, by=OFFICE, reason=WHY)
    del person, need
    word = name.split()[1]
    assert _in_memory(word)
    flow.redact(active.id, entries=ids, by=OFFICE, reason=WHY)
    assert not _in_memory(word)
    assert not _in_memory(word.casefold())


def _in_memory(word: str) -> list[str]:
    gc.collect()
    several = (gc.get_referents(each) for each in gc.get_objects() if type(each) is not FrameType)
    return [text for each in several for text in each if type(text) is str and word in text and text != word]


def test_nobody_is_found_by_a_word_that_was_blanked_ended_partnerships_included(
    flow: Partnerflow, walked_to: Callable[..., Partnership]
) -> None:
    first = walked_to(flow, "active")
    second = walked_to(flow, "active", partner=first.partner_id, site="another site")
    (contact,) = flow.file(first.id, Contact(name=SECRET, phone="555 0199"), by=OFFICE)
    assert found(flow, contact=SECRET) == {first.id, second.id}
    ended(flow, second)
    flow.retract(first.id, id_of(contact), by=OFFICE, reason="asked us to")
    flow.redact(first.id, entries=[id_of(contact)], by=OFFICE, reason=WHY)
    assert found(flow, contact=SECRET) == found(flow, text=SECRET) == set()
    assert found(flow, site="another site") == {second.id}
    assert SECRET.casefold() not in all_texts(flow.store).casefold()


def test_what_lay_on_the_partners_file_is_gone_for_all_its_partnerships(
    flow: Partnerflow, walked_to: Callable[..., Partnership]
) -> None:
    first = walked_to(flow, "active")
    second = walked_to(flow, "intake", partner=first.partner_id, site="another site")
    (cover,) = taken_back(flow, first, Insurance(line="umbrella", insurer=SECRET))
    before = {each.id: answers(flow, each) for each in (first, second)}
    flow.redact(second.id, entries=[cover], by=OFFICE, reason=WHY)
    for each in (first, second):
        (blank,) = flow.dossier(each.id).redacted
        assert blank.id == cover
        assert answers(flow, each) == before[each.id]
    flow.verify()


def test_a_file_of_the_districts_own_and_of_others_is_not_touched(
    flow: Partnerflow, active: Partnership, walked_to: Callable[..., Partnership]
) -> None:
    (site,) = flow.file(DISTRICT, Site(site="s", name="S"), by=OFFICE)
    other = walked_to(flow, "intake", partner=Partner(name="Other"), site="another site")
    (elsewhere,) = taken_back(flow, other, Need(need="a"))
    with pytest.raises(InvalidRequest, match="the district's own file is kept"):
        flow.redact(DISTRICT, entries=[id_of(site)], by=OFFICE, reason=WHY)
    for entry_id in (id_of(site), elsewhere, uuid4()):
        with pytest.raises(NotFound, match=str(entry_id)):
            flow.redact(active.id, entries=[entry_id], by=OFFICE, reason=WHY)
    with pytest.raises(NotFound, match="step"):
        flow.redact(active.id, steps=[active.version + 1], by=OFFICE, reason=WHY)
    with pytest.raises(NotFound, match="partnership"):
        flow.redact(uuid4(), steps=[1], by=OFFICE, reason=WHY)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"reason": " "}, "say why"),
        ({"steps": []}, "by entries or by steps"),
        ({"entries": ["4f1c2a9e"]}, "must be a UUID"),
        ({"steps": ["1"]}, "must be versions"),
        ({"steps": [True]}, "must be versions"),
    ],
)
def test_it_must_be_said_what_and_why(flow: Partnerflow, active: Partnership, wrong: Any, says: str) -> None:
    with pytest.raises(InvalidRequest, match=says):
        flow.redact(active.id, **{"steps": [1], "by": OFFICE, "reason": WHY, **wrong})


# --- who, and once ---------------------------------------------------------------------------------------------------


def test_only_who_may_file_a_redaction_may_redact(flow: Partnerflow, active: Partnership) -> None:
    (need,) = taken_back(flow, active, Need(need="a"))
    before = all_texts(flow.store)
    for by in (PRINCIPAL, Actor("x.unknown", side="district", roles=set())):
        with pytest.raises(Refused, match="no role that may file redaction"):
            flow.redact(active.id, entries=[need], by=by, reason=WHY)
    assert all_texts(flow.store) == before
    lawyer = '[pack]\nname = "x"\nversion = "1"\n[roles.counsel]\nfile = ["redaction"]\n'
    theirs = Partnerflow(store=flow.store, pack=read_pack(lawyer, "x.toml", POLICIES), clock=flow.clock)
    theirs.redact(active.id, entries=[need], by=Actor("c.ng", side="district", roles={"counsel"}), reason=WHY)
    with pytest.raises(Refused):  # nor is anybody told what was blanked
        flow.redact(active.id, entries=[need], by=PRINCIPAL, reason=WHY)


def test_what_is_blank_stays_blank_and_the_same_is_said_again(flow: Partnerflow, active: Partnership) -> None:
    need, other = taken_back(flow, active, Need(need="a"), Need(need="b"))
    first = flow.redact(active.id, entries=[need], steps=[1], by=OFFICE, reason=WHY)
    before = all_texts(flow.store)
    assert flow.redact(active.id, entries=[need], steps=[1], by=BOARD, reason="another") == first
    assert all_texts(flow.store) == before
    both = flow.redact(active.id, entries=[other, need], steps=[1, 2], by=OFFICE, reason="more")
    assert both[:1] == first
    assert both[1].record == Redaction(entries=(other,), steps=(2,), reason="more")
    flow.verify()


def test_a_key_does_its_work_once(flow: Partnerflow, active: Partnership) -> None:
    need, other = taken_back(flow, active, Need(need="a"), Need(need="b"))
    given: Any = {"entries": [need], "steps": [2], "by": OFFICE, "reason": WHY, "idempotency_key": "k"}
    first = flow.redact(active.id, **given)
    before = all_texts(flow.store)
    assert flow.redact(active.id, **given) == first
    assert all_texts(flow.store) == before
    others: list[dict[str, Any]] = [{"entries": [other]}, {"steps": []}, {"reason": "no"}, {"by": BOARD}]
    for another in others:
        with pytest.raises(KeyReused):
            flow.redact(active.id, **{**given, **another})


def test_a_refusal_uses_up_no_key(flow: Partnerflow, active: Partnership) -> None:
    (need,) = flow.file(active.id, Need(need="a"), by=OFFICE)
    given: Any = {"entries": [id_of(need)], "by": OFFICE, "reason": WHY, "idempotency_key": "k"}
    with pytest.raises(InvalidRequest):
        flow.redact(active.id, **given)
    flow.retract(active.id, id_of(need), by=OFFICE, reason="wrong")
    (said,) = flow.redact(active.id, **given)
    assert isinstance(said.record, Redaction)


def test_a_step_that_was_blanked_is_still_given_for_its_key(
    flow: Partnerflow, walked_to: Callable[..., Partnership]
) -> None:
    p = walked_to(flow, "intake")
    first = flow.fire(p.id, "begin_vetting", by=OFFICE, reason=SECRET, idempotency_key="k")
    flow.redact(p.id, steps=[2], by=OFFICE, reason=WHY)
    again = flow.fire(p.id, "begin_vetting", by=OFFICE, reason=SECRET, idempotency_key="k")
    assert (again.id, again.link, again.reason) == (first.id, first.link, None)


# --- views of the past -----------------------------------------------------------------------------------------------


def test_a_past_view_is_what_it_was_but_for_what_says_that_it_is_gone(
    flow: Partnerflow, active: Partnership, clock: TickingClock
) -> None:
    (need,) = flow.file(active.id, Need(need=SECRET), by=OFFICE)
    past, whole = clock.peek(), flow.dossier(active.id, as_of=clock.peek()).to_mapping()
    clock.move_on(days=1)
    flow.retract(active.id, id_of(need), by=OFFICE, reason="names a student")
    flow.redact(active.id, entries=[id_of(need)], by=OFFICE, reason=WHY)
    then = flow.dossier(active.id, as_of=past)
    (gone,) = then.redacted
    assert (gone.id, gone.filed_by, gone.redacted) == (need.id, OFFICE, sha256(need.text))
    now = then.to_mapping()
    place = [entry.id for entry in then.entries].index(need.id)
    assert now["records"][place] == {
        "kind": "need", "entry": {**whole["records"][place]["entry"], "redacted": sha256(need.text)}
    }  # fmt: skip
    now["records"][place] = whole["records"][place]
    assert now == whole


def test_a_file_with_blanks_is_read_back_as_it_was_written(
    flow: Partnerflow, active: Partnership, riverbend: Partner
) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    from partnerflow.policies.schemas import dossier_schema

    (first,) = (e for e in files_of(flow.store)[active.partner_id] if isinstance(e.record, Partner))
    flow.file(active.id, attrs.evolve(riverbend, name="Northside"), by=OFFICE)
    gone = taken_back(flow, active, Insurance(line="x"), Service(service="y"), Need(need="z"))
    flow.redact(active.id, entries=[*gone, id_of(first)], steps=[1], by=OFFICE, reason=WHY)
    dossier = flow.dossier(active.id)
    mapping = json.loads(json.dumps(dossier.to_mapping()))
    back = Dossier.from_mapping(mapping)
    assert [(e.id, e.redacted) for e in back.redacted] == [(e.id, e.redacted) for e in dossier.redacted]
    assert {e.id for e in back.redacted} == {*gone, first.id}
    assert back.to_mapping() == mapping
    jsonschema.Draft202012Validator(dossier_schema()).validate(mapping)
    assert flow.pack.check(mapping, on=EXAMPLE_DAY).findings == flow.pack.check(dossier, on=EXAMPLE_DAY).findings


# --- purging ---------------------------------------------------------------------------------------------------------

LONG_AFTER = 366 * 8
BEFORE = date(2030, 1, 1)


def purge(flow: Partnerflow, before: date = BEFORE) -> dict[UUID, tuple[int, int]]:
    given = {
        each.partnership_id: (each.entries, each.steps) for each in flow.purge(before=before, by=OFFICE, reason=WHY)
    }
    flow.verify()
    return given


@pytest.fixture
def past(flow: Partnerflow, walked_to: Callable[..., Partnership], clock: TickingClock) -> Partnership:
    """A partnership that ended more than seven years ago, as the pack wants it kept."""
    p = walked_to(flow, "active")
    flow.file(p.id, Need(need=SECRET), Contact(name=SECRET, phone="555 0199"), Person(person=SECRET), by=OFFICE)
    with pytest.raises(Refused):
        flow.fire(p.id, "terminate_for_cause", by=OFFICE, reason=SECRET)
    ended(flow, p)
    clock.move_on(days=LONG_AFTER)
    return p


def test_a_partnership_that_ended_long_ago_is_forgotten_but_for_its_traces(
    flow: Partnerflow, past: Partnership, riverbend: Partner
) -> None:
    heads = list(flow.heads())
    lying = len(flow.dossier(past.id).entries)
    assert purge(flow) == {past.id: (lying, past.version + 1)}
    assert SECRET.casefold() not in all_texts(flow.store).casefold()
    dossier = flow.dossier(past.id)
    assert (dossier.partner, dossier.partnership.state) == (riverbend, "terminated")
    assert len(dossier.redacted) == lying
    assert {e.kind for e in dossier.entries if not e.redacted} == {"redaction"}
    assert {(step.reason, step.decision) for step in flow.history(past.id)} == {(None, "")}
    assert [step.by for step in flow.history(past.id)][:2] == [OFFICE.id, OFFICE.id]
    assert flow.attempts(past.id) == []
    assert found(flow, contact=SECRET) == found(flow, text=SECRET) == found(flow, site="255901001") == set()
    assert found(flow, partner=past.partner_id) == {past.id}
    flow.verify(against=heads)


def test_a_purged_partnership_owes_nothing_and_nothing_is_told_of_it(
    flow: Partnerflow, past: Partnership, clock: TickingClock
) -> None:
    flow.sweep()
    purge(flow)
    with flow.store.reading() as tx:
        holding = tx.snapshots([past.id]).get(past.id)
    assert holding is not None
    assert holding.obligations == ()
    clock.move_on(days=400)
    assert flow.sweep().notices == ()


def test_purging_again_finds_nothing_to_do(flow: Partnerflow, past: Partnership) -> None:
    purge(flow)
    before = all_texts(flow.store)
    assert purge(flow) == {}
    assert all_texts(flow.store) == before


def test_what_was_filed_since_is_kept_as_long_from_its_own_recording_and_goes_then(
    flow: Partnerflow, past: Partnership, clock: TickingClock
) -> None:
    purge(flow)
    (late,) = flow.file(past.id, Need(need=SECRET), by=OFFICE)
    flow.retract(past.id, id_of(late), by=OFFICE, reason="too late")
    assert purge(flow) == {}
    assert SECRET in all_texts(flow.store)
    clock.move_on(days=84 * 31)
    assert purge(flow, flow.today()) == {past.id: (2, 0)}
    assert SECRET not in all_texts(flow.store)


def test_an_ending_that_is_dated_back_shortens_the_keeping_of_nothing(
    flow: Partnerflow, pack: Pack, clock: TickingClock
) -> None:
    long_ago, now = clock.peek(), clock.peek() + timedelta(days=LONG_AFTER)
    clock.move_to(now)
    loose = attrs.evolve(pack, backdate_days=LONG_AFTER + 1)
    loose_flow = Partnerflow(store=flow.store, pack=loose, clock=clock)
    p = loose_flow.propose(Partner(name="Riverbend"), by=OFFICE, at=long_ago)
    loose_flow.file(p.id, Need(need=SECRET), Contact(name=SECRET), by=OFFICE)
    loose_flow.fire(p.id, "withdraw", by=OFFICE, reason=SECRET, at=long_ago + timedelta(days=1))
    assert purge(loose_flow, flow.today()) == {}
    assert SECRET in all_texts(flow.store)
    clock.move_on(days=84 * 31)
    assert purge(loose_flow, flow.today()) == {p.id: (2, 2)}


def test_a_refused_attempt_is_kept_as_long_from_its_own_recording_and_goes_then(
    flow: Partnerflow, past: Partnership, clock: TickingClock
) -> None:
    (before,) = flow.attempts(past.id)
    with pytest.raises(Refused):
        flow.fire(past.id, "activate", by=OFFICE)
    (_, of_today) = flow.attempts(past.id)
    (purged,) = flow.purge(before=flow.today(), by=OFFICE, reason="past")
    assert (purged.attempts, flow.attempts(past.id)) == (1, [of_today])
    assert before.at < of_today.at
    assert list(flow.purge(before=flow.today(), by=OFFICE, reason="past")) == []
    clock.move_on(days=LONG_AFTER)
    (later,) = flow.purge(before=flow.today(), by=OFFICE, reason="past")
    assert (later.attempts, flow.attempts(past.id)) == (1, [])
    flow.verify()


@pytest.mark.parametrize(
    ("days_after", "before", "gone"),
    [
        (LONG_AFTER, date(2026, 9, 16), 1),
        (LONG_AFTER, date(2026, 9, 15), 0),  # it ended on that day, not before it
        (366 * 6, date(2099, 1, 1), 0),  # the pack wants seven years
    ],
)
def test_only_what_ended_before_the_day_and_longer_ago_than_the_pack_keeps_it(
    flow: Partnerflow, walked_to: Callable[..., Partnership], clock: TickingClock, days_after: int, before: date,
    gone: int,
) -> None:  # fmt: skip
    p = walked_to(flow, "terminated")
    clock.move_on(days=days_after)
    assert len(purge(flow, before)) == gone
    assert bool(flow.dossier(p.id).redacted) is bool(gone)


def test_what_runs_is_not_touched_nor_the_file_of_its_partner(
    flow: Partnerflow, past: Partnership, walked_to: Callable[..., Partnership]
) -> None:
    runs = walked_to(flow, "intake", partner=past.partner_id, site="another site")
    before, file = answers(flow, runs), files_of(flow.store)[past.partner_id]
    own = len(files_of(flow.store)[past.id])
    assert purge(flow) == {past.id: (own, past.version + 1)}
    assert answers(flow, runs) == before
    assert files_of(flow.store)[past.partner_id] == file
    assert found(flow, contact=SECRET) >= {runs.id}


def test_the_partners_file_goes_with_the_last_of_its_partnerships_and_its_words_everywhere(
    flow: Partnerflow, walked_to: Callable[..., Partnership], clock: TickingClock
) -> None:
    first = walked_to(flow, "active")
    last = walked_to(flow, "active", partner=first.partner_id, site="another site")
    flow.file(first.id, Contact(name=SECRET, phone="555 0199"), by=OFFICE)
    ended(flow, first)
    clock.move_on(days=LONG_AFTER)
    assert set(purge(flow)) == {first.id}
    assert found(flow, contact=SECRET) == {first.id, last.id}
    ended(flow, last)
    clock.move_on(days=LONG_AFTER)
    assert set(purge(flow, date(2099, 1, 1))) == {first.id, last.id}
    assert found(flow, contact=SECRET) == found(flow, text=SECRET) == set()
    kinds = {entry.kind for entry in files_of(flow.store)[first.partner_id] if not entry.redacted}
    assert kinds == {"partner", "redaction"}


def test_a_partner_that_comes_back_after_a_purge_is_judged_as_one_that_was_never_here(
    flow: Partnerflow, past: Partnership, riverbend: Partner, paperwork: Callable[..., tuple[Record, ...]]
) -> None:
    purge(flow)
    again = flow.propose(past.partner_id, by=OFFICE)
    fresh = flow.propose(attrs.evolve(riverbend, ids={}), by=OFFICE)
    assert {entry.kind for entry in flow.dossier(again.id).entries if not entry.redacted} == {"redaction"}
    assert answers(flow, again) == answers(flow, fresh)
    for each in (again, fresh):
        flow.file(each.id, *paperwork(site=f"site of {each.id}"), by=OFFICE)
        taken_back(flow, each, Insurance(line="general_liability"))
    assert answers(flow, again) == answers(flow, fresh)
    flow.verify()


def test_work_is_done_as_it_is_read_and_goes_on_where_it_was(
    flow: Partnerflow, walked_to: Callable[..., Partnership], clock: TickingClock, riverbend: Partner
) -> None:
    names = (attrs.evolve(riverbend, name=name, ids={}) for name in ("A", "B", "C"))
    several = {walked_to(flow, "terminated", partner=each, site=f"at {each.name}").id for each in names}
    clock.move_on(days=LONG_AFTER)
    before = all_texts(flow.store)
    reading = flow.purge(before=BEFORE, by=OFFICE, reason=WHY)
    assert all_texts(flow.store) == before
    first = next(reading).partnership_id
    assert {each.id for each in flow.find() if flow.dossier(each.id).redacted} == {first}
    assert set(purge(flow)) == several - {first}


def test_only_who_may_redact_may_purge(flow: Partnerflow, past: Partnership) -> None:
    before = all_texts(flow.store)
    with pytest.raises(Refused, match="no role that may file redaction"):
        list(flow.purge(before=BEFORE, by=PRINCIPAL, reason=WHY))
    assert all_texts(flow.store) == before


def test_the_pack_must_say_how_long_it_is_kept(flow: Partnerflow, past: Partnership) -> None:
    silent = read_pack('[pack]\nname = "x"\nversion = "1"\n', "x.toml", POLICIES)
    theirs = Partnerflow(store=flow.store, pack=silent, clock=flow.clock)
    with pytest.raises(InvalidRequest, match="retention_months"):
        theirs.purge(before=BEFORE, by=OFFICE, reason=WHY)
    with pytest.raises(PackError, match="retention_months"):
        read_pack('[pack]\nname = "x"\nversion = "1"\nretention_months = -1\n', "x.toml", POLICIES)


@pytest.mark.parametrize(
    ("wrong", "says"), [({"reason": ""}, "say why"), ({"before": datetime(2030, 1, 1, tzinfo=UTC)}, "must be a day")]
)
def test_a_purge_says_until_when_and_why(flow: Partnerflow, wrong: Any, says: str) -> None:
    with pytest.raises(InvalidRequest, match=says):
        flow.purge(**{"before": BEFORE, "by": OFFICE, "reason": WHY, **wrong})
