"""Evidence is only ever added: a newer record supersedes, a retraction is a record, and a waiver is one too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from uuid import uuid4

import attrs
import pytest

from partnerflow import (
    DISTRICT,
    Actor,
    HookError,
    InvalidRecord,
    InvalidRequest,
    Money,
    NotFound,
    Partner,
    Partnerflow,
    Refused,
)
from partnerflow.canonical import canonical
from partnerflow.records import (
    Amendment,
    Approval,
    BackgroundCheck,
    Document,
    DuplicationDecision,
    Evaluation,
    Insurance,
    Need,
    Record,
    Retraction,
    RubricAssessment,
    Scope,
    Service,
    Site,
    Unregistered,
    VettingReview,
    Waiver,
    WaiverRequest,
    record,
)
from partnerflow.records.registry import KINDS
from partnerflow.testing.clock import TickingClock

COVER = Insurance(
    line="general_liability", per_occurrence=Money.of(1_000_000, "USD"), starts_on=date(2026, 7, 1),
    ends_on=date(2027, 6, 30),
)  # fmt: skip
PAPER = Document("s3://papers/1", "0" * 64)


# --- filing --------------------------------------------------------------------------------------------------------


def test_each_record_becomes_an_entry_on_the_file_that_it_is_about(
    flow: Partnerflow, office: Actor, riverbend: Partner, clock: TickingClock
) -> None:
    p = flow.propose(riverbend, by=office)
    came = clock.peek()
    clock.move_on(days=2)
    need, cover = flow.file(p.id, Need(need="reading"), COVER, by=office, at=came, documents=[PAPER])
    assert (need.record, need.file_id, need.seq, need.version) == (Need(need="reading"), p.id, 1, 1)
    assert (cover.record, cover.file_id, cover.seq, cover.version) == (COVER, p.partner_id, 2, None)
    for entry in (need, cover):
        assert (entry.filed_by, entry.filed_at, entry.documents) == (office, came, (PAPER,))
        assert entry.recorded_at is not None
        assert entry.recorded_at >= came + timedelta(days=2)
    assert flow.dossier(p.id).entries == (cover, need)


@pytest.mark.parametrize("state", ["intake", "vetting", "onboarding", "active", "improvement_plan", "terminated"])
def test_records_are_filed_in_every_state(flow: Partnerflow, office: Actor, walked_to: Callable, state: str) -> None:
    p = walked_to(flow, state)
    version = p.version
    flow.file(p.id, Need(need="proof of disposal"), COVER, by=office)
    assert flow.dossier(p.id).partnership == p
    assert p.version == version


def test_filing_what_a_record_that_begins_later_hides_says_so(
    flow: Partnerflow, office: Actor, riverbend: Partner, caplog: pytest.LogCaptureFixture
) -> None:
    p = flow.propose(riverbend, by=office)
    day = flow.context.today(flow.context.clock())
    later, usual = attrs.evolve(COVER, starts_on=day), attrs.evolve(COVER, starts_on=day - timedelta(days=30))
    soon = attrs.evolve(COVER, starts_on=day + timedelta(days=1))
    entries = flow.file(p.id, later, soon, by=office)
    (hidden,) = flow.file(p.id, usual, by=office)
    said = {e.data["entry"]: e.data.get("hidden_by") for e in flow.events_of(p.id) if e.type.endswith("filed.v1")}
    assert said[str(hidden.id)] == str(entries[0].id)
    assert [said[str(entry.id)] for entry in entries] == [None, None]
    assert f"insurance {hidden.id} does not count: {entries[0].id} begins later" in caplog.text
    assert flow.file(p.id, usual, by=office) == (hidden,), "it is on file already"


def test_filing_what_is_hidden_on_the_file_of_the_district_says_so_too(
    flow: Partnerflow, office: Actor, caplog: pytest.LogCaptureFixture
) -> None:
    newer, older = (RubricAssessment(row="D4.1", subject="district", assessed_on=date(2026, 9, day)) for day in (2, 1))
    (stands,) = flow.file(DISTRICT, newer, by=office)
    assert not caplog.records
    (hidden,) = flow.file(DISTRICT, older, by=office)
    assert f"rubric_assessment {hidden.id} does not count: {stands.id} begins later" in caplog.text


def test_filing_leaves_the_version_alone(flow: Partnerflow, office: Actor, riverbend: Partner) -> None:
    p = flow.propose(riverbend, by=office)
    flow.file(p.id, Need(need="a"), by=office, expected_version=1)
    flow.file(p.id, Need(need="b"), by=office, expected_version=1)
    assert flow.dossier(p.id).partnership.version == 1


def test_what_stands_already_is_not_filed_again(
    flow: Partnerflow, office: Actor, riverbend: Partner, everything: Callable
) -> None:
    p = flow.propose(riverbend, by=office)
    filed = flow.file(p.id, Need(need="reading"), COVER, riverbend, by=office, documents=[PAPER])
    before = everything(flow)
    for documents in ((), (PAPER,)):
        assert flow.file(p.id, Need(need="reading"), COVER, riverbend, by=office, documents=documents) == filed
    assert everything(flow) == before


def test_what_was_superseded_or_comes_with_another_paper_is_filed_again(
    flow: Partnerflow, office: Actor, riverbend: Partner
) -> None:
    p = flow.propose(riverbend, by=office)
    first, higher = COVER, attrs.evolve(COVER, per_occurrence=Money.of(2_000_000, "USD"))
    entries = [flow.file(p.id, each, by=office)[0] for each in (first, higher, first)]
    assert len({entry.id for entry in entries}) == 3
    assert flow.dossier(p.id).latest(Insurance) == first
    (other,) = flow.file(p.id, first, by=office, documents=[PAPER])
    assert other.id != entries[-1].id


def test_one_record_twice_in_one_call_is_one_entry(flow: Partnerflow, office: Actor, riverbend: Partner) -> None:
    p = flow.propose(riverbend, by=office)
    one, two = flow.file(p.id, Need(need="a"), Need(need="a"), by=office)
    assert one == two
    assert len(flow.dossier(p.id).entries) == 1
    assert flow.file(p.id, by=office) == ()


def test_many_records_are_filed_all_or_none(
    flow: Partnerflow, office: Actor, riverbend: Partner, everything: Callable
) -> None:
    p = flow.propose(riverbend, by=office)
    before = everything(flow)
    with pytest.raises(InvalidRecord) as invalid:
        flow.file(p.id, Need(need="fine"), Insurance(line="x", starts_on="2026-07-01", ends_on=3), by=office)  # type: ignore[arg-type]
    assert {fault.path for fault in invalid.value.faults} <= {"/starts_on", "/ends_on"}
    with pytest.raises(InvalidRequest, match="NUL"):
        flow.file(p.id, Need(need="fine"), Need(need="nul \0"), by=office)
    assert everything(flow) == before


def test_a_kind_that_nobody_registers_cannot_be_filed(
    flow: Partnerflow, office: Actor, riverbend: Partner, everything: Callable
) -> None:
    p = flow.propose(riverbend, by=office)
    before = everything(flow)
    with pytest.raises(InvalidRecord, match="did you mean 'insurance'"):
        flow.file(p.id, Unregistered(kind="insurances", fields={}), by=office)
    assert everything(flow) == before


@pytest.fixture
def pledge() -> Iterator[type[Record]]:
    @record("pledge", about="partnership")
    class Pledge(Record):
        what: str

    yield Pledge
    KINDS.pop("pledge", None)


def test_a_kind_that_its_host_gave_up_stays_on_file(
    flow: Partnerflow, office: Actor, riverbend: Partner, pledge: type[Record]
) -> None:
    p = flow.propose(riverbend, by=office)
    (filed,) = flow.file(p.id, pledge(what="a library"), by=office)  # type: ignore[call-arg]
    del KINDS["pledge"]
    (kept,) = flow.dossier(p.id).entries
    assert (kept.kind, kept.text, kept.link) == ("pledge", '{"what":"a library"}', filed.link)
    flow.verify()
    flow.file(p.id, Need(need="a"), by=office)
    with pytest.raises(InvalidRecord):
        flow.file(p.id, pledge(what="another"), by=office)  # type: ignore[call-arg]


def test_what_is_about_the_district_is_filed_on_the_district(
    flow: Partnerflow, office: Actor, riverbend: Partner, everything: Callable
) -> None:
    p = flow.propose(riverbend, by=office)
    school = Site(site="255901001", name="Grand Bend High", level="school")
    (entry,) = flow.file(DISTRICT, school, by=office)
    assert flow.file(DISTRICT, school, by=office) == (entry,)
    flow.file(DISTRICT, attrs.evolve(school, name="Grand Bend"), Site(site="2", name="Other"), by=office)
    assert [site.name for site in flow.sites()] == ["Grand Bend", "Other"]
    before = everything(flow)
    with pytest.raises(InvalidRequest, match=r"file\(DISTRICT"):
        flow.file(p.id, school, by=office)
    with pytest.raises(InvalidRequest, match="not about the district"):
        flow.file(DISTRICT, Need(need="a"), by=office)
    with pytest.raises(Refused):
        flow.file(DISTRICT, Site(site="3", name="Theirs"), by=Actor("x"))
    assert everything(flow) == before
    flow.verify()


def test_nothing_is_filed_on_what_is_not_there(flow: Partnerflow, office: Actor, everything: Callable) -> None:
    before = everything(flow)
    with pytest.raises(NotFound):
        flow.file(uuid4(), Need(need="a"), by=office)
    with pytest.raises(NotFound):
        flow.retract(uuid4(), uuid4(), by=office, reason="none")
    assert everything(flow) == before


def test_a_partner_takes_no_id_that_is_anothers(flow: Partnerflow, office: Actor, everything: Callable) -> None:
    mine = flow.propose(Partner(name="A", ids={"edfi": "1"}), by=office)
    flow.propose(Partner(name="B", ids={"edfi": "2"}), by=office)
    before = everything(flow)
    with pytest.raises(InvalidRequest, match="edfi:2: is another partner's"):
        flow.file(mine.id, Partner(name="A", ids={"edfi": "2"}), by=office)
    assert everything(flow) == before
    flow.file(mine.id, Partner(name="A", ids={"edfi": "3"}), by=office)
    assert [each.id for each in flow.find(ids={"edfi": "3"})] == [mine.id]
    assert list(flow.find(ids={"edfi": "1"})) == []


# --- retracting ----------------------------------------------------------------------------------------------------


def test_retracting_evidence_blocks_what_it_let_pass(
    flow: Partnerflow, office: Actor, board: Actor, walked_to: Callable
) -> None:
    p = walked_to(flow, "onboarding")
    (check,) = (entry for entry in flow.dossier(p.id).entries if isinstance(entry.record, BackgroundCheck))
    assert flow.check(p.id, "activate", by=office).allowed
    taken = flow.retract(p.id, check.id, by=office, reason="another person's")
    assert taken.record == Retraction(entry_id=check.id, reason="another person's")
    assert flow.check(p.id, "activate", by=office).codes == ("SAFE-001",)
    assert flow.dossier(p.id).latest(BackgroundCheck) is None
    assert {check.id, taken.id} <= {entry.id for entry in flow.dossier(p.id).entries}
    flow.file(p.id, check.record, by=office)
    assert flow.check(p.id, "activate", by=office).allowed


def test_retracting_what_stood_in_the_way_unblocks(
    flow: Partnerflow, office: Actor, board: Actor, walked_to: Callable
) -> None:
    p = walked_to(flow, "onboarding")
    not_clear = BackgroundCheck(
        person="j.rivera", result="not_clear", cleared_on=date(2026, 9, 1), ends_on=date(2029, 1, 1)
    )
    (wrong,) = flow.file(p.id, not_clear, by=office)
    assert flow.check(p.id, "activate", by=office).codes == ("SAFE-001",)
    flow.retract(p.id, wrong.id, by=office, reason="filed for the wrong person")
    assert flow.check(p.id, "activate", by=office).allowed


def test_retracting_twice_is_retracting_once(
    flow: Partnerflow, office: Actor, riverbend: Partner, everything: Callable
) -> None:
    p = flow.propose(riverbend, by=office)
    need, cover = flow.file(p.id, Need(need="a"), COVER, by=office)
    for entry in (need, cover):
        first = flow.retract(p.id, entry.id, by=office, reason="wrong")
        before = everything(flow)
        assert flow.retract(p.id, entry.id, by=office, reason="wrong, again") == first
        assert everything(flow) == before


def test_a_partners_record_is_taken_back_for_all_its_partnerships(
    flow: Partnerflow, office: Actor, riverbend: Partner
) -> None:
    first = flow.propose(riverbend, by=office)
    second = flow.propose(first.partner_id, by=office)
    (cover,) = flow.file(first.id, COVER, by=office)
    flow.retract(second.id, cover.id, by=office, reason="wrong")
    assert flow.dossier(first.id).latest(Insurance) is flow.dossier(second.id).latest(Insurance) is None


def test_what_cannot_be_taken_back_is_named(
    flow: Partnerflow, office: Actor, riverbend: Partner, everything: Callable
) -> None:
    p = flow.propose(riverbend, by=office)
    other = flow.propose(Partner(name="B"), by=office)
    (need,) = flow.file(p.id, Need(need="a"), by=office)
    taken = flow.retract(p.id, need.id, by=office, reason="wrong")
    with flow.store.reading() as tx:
        (registered,) = tx.files([p.partner_id])[p.partner_id]
    before = everything(flow)
    for entry_id, error in ((uuid4(), NotFound), (taken.id, InvalidRequest), (registered.id, InvalidRequest)):
        with pytest.raises(error):
            flow.retract(p.id, entry_id, by=office, reason="wrong")
    with pytest.raises(NotFound):
        flow.retract(other.id, need.id, by=office, reason="another's file")
    for reason in ("", " "):
        with pytest.raises(InvalidRequest, match="say why"):
            flow.retract(p.id, need.id, by=office, reason=reason)
    with pytest.raises(InvalidRequest, match="call retract"):
        flow.file(p.id, Retraction(entry_id=need.id, reason="wrong"), by=office)
    assert everything(flow) == before


def test_who_may_not_file_a_kind_may_not_take_it_back(
    flow: Partnerflow, office: Actor, riverbend: Partner, everything: Callable
) -> None:
    p = flow.propose(riverbend, by=office)
    theirs = Actor("i.moreno", "partner", {"partner"}, partner_id=p.partner_id)
    (found,) = flow.file(p.id, Evaluation(rating="ineffective"), by=office)
    before = everything(flow)
    with pytest.raises(Refused) as refused:
        flow.retract(p.id, found.id, by=theirs, reason="not fair")
    assert refused.value.decision.codes == ("AUTH-002",)
    flow.retract(p.id, found.id, by=office, reason="not fair")
    with pytest.raises(Refused):  # not even to learn that it was
        flow.retract(p.id, found.id, by=theirs, reason="not fair")
    assert before != everything(flow)


def test_a_service_that_is_taken_back_is_found_nowhere(flow: Partnerflow, office: Actor, riverbend: Partner) -> None:
    p = flow.propose(riverbend, by=office)
    (scope,) = flow.file(p.id, Scope(sites={"s1"}), by=office)
    assert [each.id for each in flow.find(site="s1")] == [p.id]
    flow.retract(p.id, scope.id, by=office, reason="wrong")
    assert list(flow.find(site="s1")) == []


# --- waivers -------------------------------------------------------------------------------------------------------


def _waiver(policy: str = "SAFE-002", *, days: int = 30, requested_by: str = "a.anderson") -> Waiver:
    expires_on = date(2026, 9, 15) + timedelta(days=days)
    return Waiver(policy, reason="the renewal is late", requested_by=requested_by, expires_on=expires_on)


def _request(policy: str = "SAFE-002") -> WaiverRequest:
    return WaiverRequest(policy, reason="the renewal is late", expires_on=date(2026, 10, 15))


def _uncovered(flow: Partnerflow, walked_to: Callable, office: Actor) -> object:
    p = walked_to(flow, "onboarding")
    (cover,) = (entry for entry in flow.dossier(p.id).entries if isinstance(entry.record, Insurance))
    flow.retract(p.id, cover.id, by=office, reason="cancelled")
    return p.id


def test_a_waiver_lets_pass_until_its_last_day_and_is_told_when_it_ends(
    flow: Partnerflow, office: Actor, board: Actor, walked_to: Callable, clock: TickingClock
) -> None:
    p = _uncovered(flow, walked_to, office)
    assert flow.check(p, "activate", by=office).codes == ("SAFE-002",)
    flow.file(p, _request(), by=office)
    flow.file(p, _waiver(), by=board)
    decision = flow.check(p, "activate", by=office)
    assert decision.allowed
    assert (decision.report["SAFE-002"].outcome, decision.report["SAFE-002"].waiver.approved_by) == (
        "missing", "b.okafor",
    )  # fmt: skip
    assert '"approved_by":"b.okafor"' in flow.fire(p, "activate", by=office).decision
    clock.move_on(days=30)
    assert [(n.code, n.days_left) for n in flow.sweep().approaching] == [("SAFE-002", 0)]
    clock.move_on(days=1)
    assert [(n.code, n.due_on) for n in flow.sweep().missed] == [("SAFE-002", date(2026, 10, 15))]


def test_nobody_grants_a_waiver_that_they_asked_for(
    flow: Partnerflow, office: Actor, board: Actor, walked_to: Callable, everything: Callable
) -> None:
    p = _uncovered(flow, walked_to, office)
    before = everything(flow)
    with pytest.raises(Refused) as refused:
        flow.file(p, _waiver(), by=office)
    assert refused.value.decision.codes == ("AUTH-004",)
    with pytest.raises(Refused):
        flow.file(p, _waiver(requested_by="b.okafor"), by=board)
    assert everything(flow) == before


def test_a_waiver_of_a_policy_that_is_not_there_is_an_error(
    flow: Partnerflow, board: Actor, office: Actor, walked_to: Callable, everything: Callable
) -> None:
    p = _uncovered(flow, walked_to, office)
    before = everything(flow)
    with pytest.raises(InvalidRecord, match="'SAFE-999' is no policy of the pack 'default'; did you mean 'SAFE-00"):
        flow.file(p, _waiver("SAFE-999"), by=board)
    assert everything(flow) == before


def test_a_waiver_is_pinned_to_the_policy_of_its_day(
    flow: Partnerflow, board: Actor, office: Actor, riverbend: Partner
) -> None:
    p = flow.propose(riverbend, by=office)
    flow.file(p.id, _request(), by=office)
    (entry,) = flow.file(p.id, _waiver(), by=board)
    assert isinstance(entry.record, Waiver)
    assert entry.record.revision == flow.pack["SAFE-002"].policy.revision
    assert flow.file(p.id, _waiver(), by=board) == (entry,)


# --- the host's own facts ------------------------------------------------------------------------------------------


def test_host_records_are_judged_and_kept_in_the_decision(
    flow: Partnerflow, office: Actor, walked_to: Callable
) -> None:
    p = walked_to(flow, "onboarding")
    asked: list[tuple[object, object]] = []

    def hosted(partnership: object, session: object) -> list[Record]:
        asked.append((partnership, session))
        return [BackgroundCheck(person="j.rivera", result="not_clear", cleared_on=date(2026, 9, 1), ends_on=None)]

    hosting = Partnerflow(store=flow.store, pack=flow.pack, clock=flow.clock, host_records=hosted)
    with pytest.raises(Refused) as refused:
        hosting.fire(p.id, "activate", by=office)
    assert refused.value.decision.codes == ("SAFE-001",)
    assert asked == [(p, None)]
    assert refused.value.decision.host_records[0].result == "not_clear"  # type: ignore[attr-defined]
    assert refused.value.decision.text() == canonical(refused.value.decision.to_data())
    step = hosting.fire(p.id, "return_to_vetting", by=office, reason="the host says not clear")
    assert '"host_records":[{' in step.decision
    assert '"not_clear"' in step.decision
    assert BackgroundCheck not in {type(entry.record) for entry in flow.dossier(p.id).entries[-1:]}
    flow.verify()


def test_the_host_is_asked_once_a_load(flow: Partnerflow, office: Actor, riverbend: Partner) -> None:
    p = flow.propose(riverbend, by=office)
    other = flow.propose(p.partner_id, by=office)
    asked: list[object] = []

    def hosted(partnership, session):
        asked.append(partnership.id)
        assert session is None
        return []

    hosting = Partnerflow(store=flow.store, pack=flow.pack, clock=flow.clock, host_records=hosted)
    both = sorted([p.id, other.id])
    for call, expected in (
        (lambda: hosting.file(p.id, Need(need="a"), by=office), [p.id]),
        (lambda: hosting.file(p.id, COVER, by=office), both),
        (lambda: hosting.check(p.id, "withdraw", by=office), [p.id]),
        (lambda: hosting.options(p.id, by=office), [p.id]),
        (lambda: hosting.dossier(p.id), [p.id]),
        (lambda: hosting.explain(p.id), [p.id]),
        (lambda: hosting.fire(p.id, "withdraw", by=office, reason="no"), [p.id]),
        (lambda: hosting.dossier(p.id, as_of=flow.clock()), []),
        (lambda: hosting.history(p.id), []),
    ):
        asked.clear()
        call()
        assert sorted(asked) == expected  # type: ignore[type-var]


def test_a_host_that_fails_stops_the_change(
    flow: Partnerflow, office: Actor, riverbend: Partner, everything: Callable
) -> None:
    p = flow.propose(riverbend, by=office)
    before = everything(flow)

    def hosted(partnership: object, session: object) -> list[Record]:
        raise ConnectionError("the directory is down")

    hosting = Partnerflow(store=flow.store, pack=flow.pack, clock=flow.clock, host_records=hosted)
    for call in (
        lambda: hosting.fire(p.id, "withdraw", by=office, reason="no"),
        lambda: hosting.file(p.id, Need(need="a"), by=office),
        lambda: hosting.propose(riverbend, by=office),
    ):
        with pytest.raises(HookError):
            call()
    assert everything(flow) == before


# --- who may file --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "mine",
    [COVER, Scope(sites={"s1"}), Service(service="tutoring"), BackgroundCheck(person="j")],
    ids=lambda record: record.kind_info.name,
)
def test_a_partner_files_about_itself_and_nobody_else(
    flow: Partnerflow, office: Actor, riverbend: Partner, mine: Record
) -> None:
    p = flow.propose(riverbend, by=office)
    theirs = Actor("i.moreno", "partner", {"partner"}, partner_id=p.partner_id)
    flow.file(p.id, mine, by=theirs)
    for stranger in (attrs.evolve(theirs, partner_id=uuid4()), attrs.evolve(theirs, partner_id=None)):
        with pytest.raises(Refused, match="acts for another partner"):
            flow.file(p.id, mine, by=stranger)


@pytest.mark.parametrize(
    "judgement",
    [
        Evaluation(rating="effective"),
        VettingReview(),
        Approval(trigger="x"),
        _waiver(),
        DuplicationDecision(with_partnership="x"),
        Amendment(),
    ],
    ids=lambda record: record.kind_info.name,
)
def test_a_partner_judges_nobody(
    flow: Partnerflow, office: Actor, riverbend: Partner, judgement: Record, everything: Callable
) -> None:
    p = flow.propose(riverbend, by=office)
    before = everything(flow)
    with pytest.raises(Refused):
        flow.file(p.id, judgement, by=Actor("i.moreno", "partner", {"partner"}, partner_id=p.partner_id))
    assert everything(flow) == before


@pytest.mark.parametrize("role", ["principal", "program_lead"])
def test_a_school_files_at_its_own_sites(flow: Partnerflow, office: Actor, riverbend: Partner, role: str) -> None:
    p = flow.propose(riverbend, by=office)
    school = Actor("p.park", "school", {role}, sites={"s1", "s2"})
    with pytest.raises(Refused, match="scope is not on file"):
        flow.file(p.id, Evaluation(rating="effective"), by=school)
    with pytest.raises(Refused, match="may not act at s3"):
        flow.file(p.id, Scope(sites={"s1", "s3"}), by=school)
    flow.file(p.id, Scope(sites={"s1"}), by=school)
    flow.file(p.id, Evaluation(rating="effective"), by=school)
    flow.file(p.id, Scope(sites={"s1", "s3"}), by=office)
    for refused in (Evaluation(rating="ineffective"), Scope(sites={"s1"})):
        with pytest.raises(Refused, match="may not act at s3"):
            flow.file(p.id, refused, by=school)
    for never in (COVER, _waiver(), Approval(trigger="x")):
        with pytest.raises(Refused, match="holds no role"):
            flow.file(p.id, never, by=school)
