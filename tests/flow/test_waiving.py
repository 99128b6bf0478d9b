"""A waiver from the asking to its end: asked for, granted, refused, revoked, run out; and who may do which."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import attrs
import pytest

from partnerflow import Actor, Filing, InvalidRecord, InvalidRequest, Money, Partnerflow, PartnerflowError, Refused
from partnerflow.records import (
    BackgroundCheck,
    CoveredProblem,
    Insurance,
    Record,
    Scope,
    Waiver,
    WaiverRefusal,
    WaiverRequest,
    WaiverRevocation,
)
from partnerflow.testing.clock import TickingClock

SITE = "255901001"
PRINCIPAL = Actor("p.park", side="school", roles={"principal"}, sites={SITE})
LEAD = Actor("l.lopez", side="school", roles={"program_lead"}, sites={SITE})
LAST_DAY = date(2026, 10, 15)
WHY = "the insurer of Ines Moreno is slow"
ASKED = WaiverRequest("SAFE-002", reason=WHY, expires_on=LAST_DAY)
GRANTED = Waiver("SAFE-002", reason=WHY, requested_by=PRINCIPAL.id, expires_on=LAST_DAY)
REFUSED = WaiverRefusal("SAFE-002", reason="Ines Moreno has had a month already")
REVOKED = WaiverRevocation("SAFE-002", reason="Ines Moreno does not answer")
LOW = Insurance(
    line="general_liability", per_occurrence=Money.of(500_000, "USD"), starts_on=date(2026, 7, 1),
    ends_on=date(2027, 6, 30),
)  # fmt: skip


@pytest.fixture
def underinsured(flow: Partnerflow, office: Actor, walked_to: Callable) -> UUID:
    """A running partnership whose cover is too low, and nothing else wrong with it."""
    p: UUID = walked_to(flow, "active").id
    flow.file(p, LOW, by=office)
    assert blocking(flow, p) == ["SAFE-002"]
    return p


def grant(flow: Partnerflow, partnership_id: UUID, by: Actor, said: Waiver = GRANTED) -> Any:
    """Grant what the principal asked for, and return the entry."""
    flow.file(partnership_id, attrs.evolve(ASKED, policy=said.policy), by=PRINCIPAL)
    (entry,) = flow.file(partnership_id, said, by=by)
    return entry


def blocking(flow: Partnerflow, partnership_id: UUID) -> list[str]:
    return [finding.code for finding in flow.explain(partnership_id).blocking]


def texts(remarks: Iterable[object]) -> list[str]:
    return [str(remark) for remark in remarks]


def told(flow: Partnerflow) -> list[dict[str, Any]]:
    """Return the events about waivers, each with its short name."""
    found = []
    for event in flow.store.outgoing():
        name = event.type.removeprefix("org.partnerflow.").removesuffix(".v1")
        if name.startswith("waiver."):
            found.append({"name": name, **event.data})
    return found


# --- the course of it ----------------------------------------------------------------------------------------------


def test_a_principal_asks_and_it_is_listed_and_lets_nothing_pass(flow: Partnerflow, underinsured: UUID) -> None:
    (entry,) = flow.file(underinsured, ASKED, by=PRINCIPAL)
    report = flow.explain(underinsured)
    assert [finding.code for finding in report.blocking] == ["SAFE-002"]
    assert texts(report.asked_waivers) == ["SAFE-002: by p.park, through 2026-10-15"]
    assert told(flow) == [
        {
            "name": "waiver.requested", "partnership": str(underinsured), "entry": str(entry.id),
            "policy": "SAFE-002", "expires_on": "2026-10-15",
        }
    ]  # fmt: skip


def test_the_board_grants_it_and_the_step_passes_in_the_open(
    flow: Partnerflow, office: Actor, board: Actor, underinsured: UUID
) -> None:
    flow.file(underinsured, ASKED, by=PRINCIPAL)
    assert flow.check(underinsured, "renew", by=office).codes == ("SAFE-002",)
    (entry,) = flow.file(underinsured, GRANTED, by=board)
    step = flow.fire(underinsured, "renew", by=office)
    (kept,) = (f for f in json.loads(step.decision)["report"]["findings"] if f["code"] == "SAFE-002")
    assert (kept["outcome"], kept["waiver"]["entry_id"]) == ("failed", str(entry.id))
    assert (kept["waiver"]["requested_by"], kept["waiver"]["approved_by"]) == ("p.park", "b.okafor")
    report = flow.explain(underinsured)
    assert (report.ok, report.asked_waivers) == (True, ())
    assert [event["name"] for event in told(flow)] == ["waiver.requested", "waiver.granted"]
    assert told(flow)[-1]["expires_on"] == "2026-10-15"


def test_its_last_day_is_a_due_date_and_the_day_after_it_blocks_again(
    flow: Partnerflow, office: Actor, board: Actor, underinsured: UUID, clock: TickingClock
) -> None:
    flow.sweep()
    entry = grant(flow, underinsured, board)
    swept = flow.sweep()
    assert [(notice.code, notice.due_on) for notice in swept.waived] == [("SAFE-002", LAST_DAY)]
    assert swept.mended == ()
    (event,) = (each for each in flow.store.outgoing() if each.type == "org.partnerflow.policy.waived.v1")
    assert event.data["waiver"] == {"entry": str(entry.id), "expires_on": LAST_DAY.isoformat()}
    heard = []
    for day in range(1, 31):
        clock.move_on(days=1)
        heard += [(day, n.telling, n.due_on) for n in flow.sweep().notices if n.code == "SAFE-002"]
    assert heard == [(23, "approaching", LAST_DAY), (30, "approaching", LAST_DAY)]
    assert flow.today() == LAST_DAY
    assert blocking(flow, underinsured) == []
    clock.move_on(days=1)
    assert [(n.code, n.due_on) for n in flow.sweep().missed] == [("SAFE-002", LAST_DAY)]
    assert flow.check(underinsured, "renew", by=office).codes == ("SAFE-002",)
    assert texts(flow.explain(underinsured).lapsed_waivers) == ["SAFE-002: it expired on 2026-10-15"]


def test_what_breaks_beside_what_is_waived_is_reported_with_the_waiver_named(
    flow: Partnerflow, office: Actor, board: Actor, underinsured: UUID, clock: TickingClock
) -> None:
    flow.sweep()
    entry = grant(flow, underinsured, board)
    flow.sweep()
    flow.file(underinsured, attrs.evolve(LOW, per_occurrence=Money.of(1, "USD")), by=office)
    assert blocking(flow, underinsured) == ["SAFE-002"]
    assert [notice.code for notice in flow.sweep().broken] == ["SAFE-002"]
    *_, event = flow.store.outgoing(underinsured)
    assert event.data["waiver"]["entry"] == str(entry.id)
    flow.file(underinsured, attrs.evolve(LOW, per_occurrence=Money.of(900_000, "USD")), by=office)
    assert blocking(flow, underinsured) == []
    assert [notice.code for notice in flow.sweep().waived] == ["SAFE-002"]
    clock.move_on(days=60)
    assert [notice.code for notice in flow.sweep().missed] == ["SAFE-002"]


def test_filing_writes_what_a_waiver_covers_and_never_the_caller(
    flow: Partnerflow, office: Actor, board: Actor, underinsured: UUID
) -> None:
    forged = CoveredProblem(
        kind="insurance", key=("general_liability",), field="per_occurrence",
        sentence="{actual} is below {minimum}", facts={"actual": "1 USD", "minimum": "1000000 USD"},
    )  # fmt: skip
    entry = grant(flow, underinsured, board, attrs.evolve(GRANTED, covers=(forged,), covers_all=True))
    assert entry.record.covers == (attrs.evolve(forged, facts={**forged.facts, "actual": "500000 USD"}),)
    assert entry.record.covers_all is False
    assert blocking(flow, underinsured) == []
    flow.file(underinsured, attrs.evolve(LOW, per_occurrence=Money.of(2, "USD")), by=office)
    assert blocking(flow, underinsured) == ["SAFE-002"]


def test_what_a_waiver_quotes_is_blanked_with_what_it_is_quoted_from(
    flow: Partnerflow, office: Actor, board: Actor, underinsured: UUID
) -> None:
    entry = grant(flow, underinsured, board)
    (low,) = (each for each in flow.dossier(underinsured).entries if each.record == LOW)
    assert low.id is not None
    flow.retract(underinsured, low.id, by=office, reason="of another partner")
    flow.redact(underinsured, entries=[low.id], by=office, reason="of another partner")
    after = {each.id: each for each in flow.dossier(underinsured).entries}
    assert after[entry.id].redacted
    assert "500000" not in " ".join(each.text for each in after.values())
    flow.verify()


def test_waivers_of_the_partners_other_partnerships_that_quote_what_is_blanked_are_blanked_with_it(
    flow: Partnerflow, office: Actor, board: Actor, underinsured: UUID
) -> None:
    partner_id = flow.dossier(underinsured).partnership.partner_id
    other = flow.adopt(partner_id, state="active", by=office, reason="in place").id
    flow.file(other, Scope(sites={SITE}), by=office)
    quoting, covering_nothing_of_it = (
        grant(flow, other, board, attrs.evolve(GRANTED, policy=code)) for code in ("SAFE-002", "NEED-001")
    )
    flow.sweep()
    (low,) = (entry.id for entry in flow.entries_of(underinsured) if entry.record == LOW)
    assert low is not None
    flow.retract(underinsured, low, by=office, reason="of another partner")
    made = flow.redact(underinsured, entries=[low], by=office, reason="of another partner", idempotency_key="k")
    after = {entry.id: entry for entry in flow.entries_of(other)}
    assert after[quoting.id].redacted
    assert after[covering_nothing_of_it.id].redacted is None
    assert "500000" not in " ".join(entry.text for p in (underinsured, other) for entry in flow.entries_of(p))
    (redaction,) = (entry for entry in after.values() if entry.kind == "redaction" and entry.file_id == other)
    assert redaction.record.entries == (quoting.id,)  # type: ignore[attr-defined]
    for p, entry in ((other, redaction), (underinsured, made[0])):
        last = flow.events_of(p)[-1]
        assert (last.type, last.data["entry"]) == ("org.partnerflow.record.redacted.v1", str(entry.id))
    assert flow.explain(other)["SAFE-002"].waiver is None
    assert next(each for each in flow.obligations(other) if each.code == "SAFE-002").due_on == LOW.ends_on
    assert flow.redact(underinsured, entries=[low], by=office, reason="of another partner", idempotency_key="k") == made
    flow.verify()


def test_evidence_in_the_same_call_is_part_of_what_a_waiver_is_granted_for(
    flow: Partnerflow, board: Actor, underinsured: UUID, everything: Callable
) -> None:
    flow.file(underinsured, ASKED, by=PRINCIPAL)
    lower = attrs.evolve(LOW, per_occurrence=Money.of(100_000, "USD"))
    granted, _ = flow.file(underinsured, GRANTED, lower, by=board)
    assert blocking(flow, underinsured) == []
    assert flow.file(underinsured, GRANTED, lower, by=board)[0] == granted
    assert flow.dossier(underinsured).latest(Insurance, line="general_liability") == lower
    (covered,) = granted.record.covers  # type: ignore[attr-defined]
    assert "100000" in " ".join(covered.facts.values()).replace(",", "")
    before = everything(flow)
    (again,) = flow.file_many([Filing(underinsured, [GRANTED, lower])], by=board, key="k")
    assert again.work[0] == granted.id
    assert everything(flow)["holdings"] == before["holdings"]
    flow.verify()


def test_what_was_waived_is_missed_when_the_waiver_is_over_and_mended_only_when_it_holds_without_one(
    flow: Partnerflow, office: Actor, board: Actor, underinsured: UUID, clock: TickingClock
) -> None:
    def heard() -> list[tuple[str, date | None]]:
        return [(n.telling, n.due_on) for n in flow.sweep().notices if n.code == "SAFE-002" and n.days_left is None]

    assert heard() == [("broken", None)]
    grant(flow, underinsured, board)
    assert heard() == [("waived", LAST_DAY)]
    better = attrs.evolve(LOW, per_occurrence=Money.of(600_000, "USD"))
    flow.file(underinsured, better, by=office)
    assert heard() == [], "less of the same is waived, and not mended"
    clock.move_on(days=31)
    assert heard() == [("missed", LAST_DAY)]
    assert heard() == []
    whole = attrs.evolve(LOW, per_occurrence=Money.of(2_000_000, "USD"))
    flow.file(underinsured, whole, by=office)
    assert [telling for telling, _ in heard()] == ["mended"]
    assert heard() == []


def test_a_refusal_answers_the_request_and_lets_nothing_pass(
    flow: Partnerflow, board: Actor, underinsured: UUID
) -> None:
    flow.file(underinsured, ASKED, by=PRINCIPAL)
    flow.file(underinsured, REFUSED, by=board)
    report = flow.explain(underinsured)
    assert (report.ok, report.asked_waivers) == (False, ())
    assert [event["name"] for event in told(flow)] == ["waiver.requested", "waiver.refused"]


def test_a_revocation_blocks_again_at_once(flow: Partnerflow, board: Actor, underinsured: UUID) -> None:
    grant(flow, underinsured, board)
    flow.sweep()
    flow.file(underinsured, REVOKED, by=board)
    assert blocking(flow, underinsured) == ["SAFE-002"]
    assert texts(flow.explain(underinsured).lapsed_waivers) == ["SAFE-002: it was revoked"]
    assert [notice.code for notice in flow.sweep().broken] == ["SAFE-002"]
    assert [event["name"] for event in told(flow)] == ["waiver.requested", "waiver.granted", "waiver.revoked"]


def test_a_revocation_cannot_be_taken_back_only_granted_over(
    flow: Partnerflow, office: Actor, board: Actor, underinsured: UUID, everything: Callable
) -> None:
    grant(flow, underinsured, board)
    (revocation,) = flow.file(underinsured, REVOKED, by=board)
    before = everything(flow)
    for by in (office, board):
        with pytest.raises(InvalidRequest, match="grant the waiver again"):
            flow.retract(underinsured, revocation.id, by=by, reason="on second thoughts")
    assert everything(flow) == before
    assert blocking(flow, underinsured) == ["SAFE-002"]


def test_the_same_words_count_again_after_they_were_answered(
    flow: Partnerflow, board: Actor, underinsured: UUID
) -> None:
    said: list[tuple[Record, Actor]] = [
        (ASKED, PRINCIPAL), (REFUSED, board), (ASKED, PRINCIPAL), (GRANTED, board), (REVOKED, board),
        (ASKED, PRINCIPAL), (REFUSED, board), (GRANTED, board),
    ]  # fmt: skip
    for record, by in said:
        flow.file(underinsured, record, by=by)
        flow.file(underinsured, record, by=by)  # said twice, it is said once
    assert blocking(flow, underinsured) == []
    flow.file(underinsured, REVOKED, by=board)
    assert blocking(flow, underinsured) == ["SAFE-002"]
    assert [event["name"].removeprefix("waiver.") for event in told(flow)] == [
        "requested", "refused", "requested", "granted", "revoked", "requested", "refused", "granted", "revoked",
    ]  # fmt: skip


def test_its_events_hold_no_reason_and_no_name(flow: Partnerflow, board: Actor, underinsured: UUID) -> None:
    for record, by in ((ASKED, PRINCIPAL), (REFUSED, board), (GRANTED, board), (REVOKED, board)):
        flow.file(underinsured, record, by=by)
    bodies = " ".join(event.body() for event in flow.store.outgoing())
    assert all(event.keys() == {"name", "partnership", "entry", "policy", "expires_on"} for event in told(flow))
    for word in (WHY, REFUSED.reason, REVOKED.reason, "Moreno", PRINCIPAL.id, board.id):
        assert word not in bodies


# --- who may -------------------------------------------------------------------------------------------------------


def test_who_asked_cannot_grant_it_whatever_the_waiver_says(
    flow: Partnerflow, office: Actor, board: Actor, underinsured: UUID, everything: Callable
) -> None:
    flow.file(underinsured, ASKED, by=office)
    before = everything(flow)
    for requested_by in (office.id, PRINCIPAL.id):
        with pytest.raises(Refused) as refused:
            flow.file(underinsured, attrs.evolve(GRANTED, requested_by=requested_by), by=office)
        assert refused.value.decision.codes == ("AUTH-004",)
    assert everything(flow) == before
    flow.file(underinsured, attrs.evolve(GRANTED, requested_by=office.id), by=board)
    assert blocking(flow, underinsured) == []


@pytest.mark.parametrize("record", [GRANTED, REFUSED, REVOKED], ids=lambda record: record.kind_info.name)
def test_only_a_role_that_may_grant_a_waiver_answers_a_request(
    flow: Partnerflow, underinsured: UUID, record: Record, everything: Callable
) -> None:
    flow.file(underinsured, ASKED, by=PRINCIPAL)
    before = everything(flow)
    for nobody in (LEAD, attrs.evolve(LEAD, roles=frozenset())):
        with pytest.raises(Refused) as refused:
            flow.file(underinsured, record, by=nobody)
        assert refused.value.decision.codes == ("AUTH-002",)
    assert everything(flow) == before


def test_schools_and_the_partner_may_ask_for_their_own(flow: Partnerflow, underinsured: UUID) -> None:
    partner_id = flow.dossier(underinsured).partnership.partner_id
    theirs = Actor("i.moreno", side="partner", roles={"partner"}, partner_id=partner_id)
    for by in (PRINCIPAL, LEAD, theirs):
        flow.file(underinsured, ASKED, by=by)
        assert texts(flow.explain(underinsured).asked_waivers) == [f"SAFE-002: by {by.id}, through 2026-10-15"]
    elsewhere = attrs.evolve(PRINCIPAL, sites=frozenset({"255901044"}))
    for by in (elsewhere, attrs.evolve(theirs, partner_id=UUID(int=1))):
        with pytest.raises(Refused):
            flow.file(underinsured, ASKED, by=by)


# --- what it is about ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("record", [ASKED, GRANTED], ids=lambda record: record.kind_info.name)
def test_it_is_pinned_to_the_policy_of_its_day(
    flow: Partnerflow, board: Actor, underinsured: UUID, record: Any
) -> None:
    by = PRINCIPAL if record is ASKED else board
    if record is GRANTED:
        flow.file(underinsured, ASKED, by=PRINCIPAL)
    (entry,) = flow.file(underinsured, record, by=by, idempotency_key="k")
    assert (entry.record.policy, entry.record.reason, entry.record.expires_on) == ("SAFE-002", WHY, LAST_DAY)
    assert entry.record.revision == flow.pack["SAFE-002"].policy.revision
    policies = {rule.policy.code: rule.policy for rule in flow.pack}
    raised = attrs.evolve(policies["SAFE-002"], revision=policies["SAFE-002"].revision + 1)
    rules = tuple(attrs.evolve(r, policy=raised) if r.policy.code == "SAFE-002" else r for r in flow.pack)
    later = Partnerflow(store=flow.store, pack=attrs.evolve(flow.pack, rules=rules), clock=flow.clock)
    assert later.file(underinsured, record, by=by, idempotency_key="k") == (entry,)
    assert blocking(later, underinsured) == ["SAFE-002"]
    (again,) = later.file(underinsured, record, by=by)
    assert (again.id != entry.id, again.record.revision) == (True, raised.revision)


@pytest.mark.parametrize("revision", [None, 1])
@pytest.mark.parametrize("said", [ASKED, GRANTED, REFUSED, REVOKED], ids=lambda said: said.kind_info.name)
def test_a_code_that_is_none_is_an_error_that_names_the_nearest(
    flow: Partnerflow, board: Actor, underinsured: UUID, everything: Callable, said: Any, revision: int | None
) -> None:
    before = everything(flow)
    changes = {} if said in (REFUSED, REVOKED) else {"revision": revision}
    for code in ("SAFE-02", "safe-002"):
        with pytest.raises(InvalidRecord, match="did you mean 'SAFE-002'") as wrong:
            flow.file(underinsured, attrs.evolve(said, policy=code, **changes), by=board)
        assert [fault.path for fault in wrong.value.faults] == ["/policy"]
    with pytest.raises(InvalidRecord, match=r"'no such' is no policy of the pack 'default'$"):
        flow.file(underinsured, attrs.evolve(said, policy="no such", **changes), by=board)
    with pytest.raises(InvalidRecord, match="/policy"):
        flow.file(underinsured, attrs.evolve(said, policy=2, **changes), by=board)
    assert everything(flow) == before


def test_child_safety_is_never_waived_and_the_report_says_so(
    flow: Partnerflow, office: Actor, board: Actor, walked_to: Callable
) -> None:
    p = walked_to(flow, "active").id
    flow.file(p, BackgroundCheck(person="j.rivera", result="not_clear"), by=office)
    with pytest.raises(InvalidRecord, match="SAFE-001 cannot be waived"):
        grant(flow, p, board, attrs.evolve(GRANTED, policy="SAFE-001"))
    report = flow.explain(p)
    assert "SAFE-001" in [finding.code for finding in report.blocking]
    assert report["SAFE-001"].waiver is None


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"expires_on": date(2029, 6, 30)}, "longer than the 365 days"),
        ({"expires_on": date(2020, 1, 1)}, "it expired on 2020-01-01"),
        ({"revision": 99}, "it was given for revision 99"),
        ({"reason": " "}, "/reason"),
        ({"reason": "-"}, "/reason"),
    ],
)
def test_a_waiver_that_could_never_count_is_refused_when_it_is_filed(
    flow: Partnerflow, board: Actor, underinsured: UUID, everything: Callable, changes: dict[str, Any], why: str
) -> None:
    grant(flow, underinsured, board)
    before = everything(flow)
    with pytest.raises(InvalidRecord, match=why):
        flow.file(underinsured, attrs.evolve(GRANTED, **changes), by=board)
    (refused,) = flow.file_many([Filing(underinsured, [attrs.evolve(GRANTED, **changes)])], by=board, key="k")
    assert isinstance(refused.error, InvalidRecord)
    assert everything(flow) == before
    assert blocking(flow, underinsured) == []


def test_one_person_under_two_ids_is_one_person(flow: Partnerflow, office: Actor, underinsured: UUID) -> None:
    flow.file(underinsured, ASKED, by=office)
    for same in (f" {office.id}", office.id.upper(), "\u200b".join(office.id)):
        named = attrs.evolve(GRANTED, requested_by=office.id)
        with pytest.raises(PartnerflowError):
            flow.file(underinsured, named, by=attrs.evolve(office, id=same))
    assert blocking(flow, underinsured) == ["SAFE-002"]


def test_a_past_day_is_judged_with_the_waivers_of_that_day(
    flow: Partnerflow, board: Actor, underinsured: UUID, clock: TickingClock
) -> None:
    grant(flow, underinsured, board)
    moment: datetime = clock.peek()
    clock.move_on(days=1)
    flow.file(underinsured, REVOKED, by=board)
    then = flow.dossier(underinsured, as_of=moment)
    assert flow.pack.check(then, on=moment.date()).ok
    now = flow.dossier(underinsured)
    assert not flow.pack.check(now, on=moment.date() + timedelta(days=1)).ok
