"""A waiver lets one finding pass for a while, in the open, on another person's word."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partnerflow.actors import normal_id
from partnerflow.dossier import Dossier, RecordIndex
from partnerflow.lifecycle import Move, State
from partnerflow.policies import FILE, Report, WaiverNote, load_pack
from partnerflow.policies.shipped import POLICIES
from partnerflow.policies.toml import read_pack
from partnerflow.records import (
    Entry,
    Insurance,
    Money,
    Record,
    Retraction,
    Waiver,
    WaiverRefusal,
    WaiverRequest,
    WaiverRevocation,
)
from partnerflow.testing import BOARD, EXAMPLE_DAY, OFFICE, days, dossiers, example_dossier

PACK = load_pack("default")
LAST_DAY = date(2026, 10, 31)
LOW = Insurance(
    line="general_liability",
    per_occurrence=Money.of(500_000, "USD"),
    starts_on=date(2026, 7, 2),
    ends_on=date(2027, 7, 1),
)
NEVER = {policy.code for policy in POLICIES if policy.max_waiver_days == 0}


def waiver(code: str = "SAFE-002", **changes: Any) -> Waiver:
    said = {"reason": "the renewal is late", "requested_by": OFFICE.id, "expires_on": LAST_DAY, "revision": 1}
    return Waiver(code, **{**said, "covers_all": True, **changes})


def said(remarks: tuple[WaiverNote, ...]) -> tuple[str, ...]:
    return tuple(map(str, remarks))


def filed(record: Record, **changes: Any) -> Entry:
    """Lay a record on file as the board, on the day before the example's."""
    like = example_dossier().entries[-1]
    return attrs.evolve(like, **{"record": record, "id": None, "filed_by": BOARD, **changes})


def dossier(*entries: Entry, without: frozenset[str] = frozenset({"insurance"})) -> Dossier:
    made = example_dossier(without=without)
    return attrs.evolve(made, on_file=RecordIndex([*made.entries, *entries]))


def check(*entries: Entry, on: date = EXAMPLE_DAY, **more: Any) -> Report:
    return PACK.check(dossier(*entries, **more), on=on)


# --- what a waiver does ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("entries", "outcome"), [([], "missing"), ([filed(LOW)], "failed")])
def test_a_finding_keeps_its_outcome_and_no_longer_blocks(entries: list[Entry], outcome: str) -> None:
    bare, waived = check(*entries), check(*entries, filed(waiver()))
    assert (bare["SAFE-002"].outcome, waived["SAFE-002"].outcome) == (outcome, outcome)
    assert waived["SAFE-002"].problems == bare["SAFE-002"].problems
    assert bare["SAFE-002"] in bare.blocking
    assert waived.ok
    assert waived["SAFE-002"] in waived.noted


def test_a_waived_finding_names_who_asked_who_approved_until_when_and_why() -> None:
    finding = check(filed(waiver()))["SAFE-002"]
    assert finding.waiver is not None
    assert (finding.waiver.requested_by, finding.waiver.approved_by) == (OFFICE.id, BOARD.id)
    assert (finding.waiver.expires_on, finding.waiver.reason) == (LAST_DAY, "the renewal is late")
    said = check(filed(waiver())).explain()
    assert "waived through 2026-10-31, by b.okafor at a.anderson's request: the renewal is late" in said


def test_a_waiver_counts_through_its_last_day_and_falls_due_then() -> None:
    entries = (filed(waiver()),)
    assert check(*entries, on=LAST_DAY).ok
    after = check(*entries, on=LAST_DAY + timedelta(days=1))
    assert [finding.code for finding in after.blocking] == ["SAFE-002"]
    assert said(after.lapsed_waivers) == ("SAFE-002: it expired on 2026-10-31",)
    assert PACK.due_dates(check(*entries), dossier(*entries))["SAFE-002"] == LAST_DAY


@settings(max_examples=100)
@given(dossiers(), days())
def test_no_waiver_changes_an_outcome_or_touches_another_finding(drawn: Dossier, on: date) -> None:
    bare = [entry for entry in drawn.entries if not isinstance(entry.record, Waiver)]
    without = PACK.check(attrs.evolve(drawn, on_file=RecordIndex(bare)), on=on)
    for finding in PACK.check(drawn, on=on).findings:
        was = without[finding.code]
        assert finding.outcome == was.outcome
        assert finding.waiver is None or finding.outcome in ("failed", "missing")
        assert finding.waiver is None or finding.code not in NEVER
        assert finding.waiver is not None or finding.is_ok is was.is_ok


# --- when a waiver does not count -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (filed(waiver(), filed_by=OFFICE), "a.anderson asked for it and approved it"),
        (filed(waiver(), filed_by=None), "nobody is on file as having approved it"),
        (filed(waiver(), filed_at=None), "nobody is on file as having approved it"),
        (filed(waiver(revision=None)), "it was given for revision None; the policy is at revision 1"),
        (filed(waiver(revision=2)), "it was given for revision 2; the policy is at revision 1"),
        (filed(waiver(expires_on=date(2026, 9, 14))), "it expired on 2026-09-14"),
        (filed(waiver(expires_on=date.max)), "it runs for longer than the 365 days that SAFE-002 may be waived for"),
    ],
)
def test_a_waiver_that_does_not_count_blocks_as_if_it_were_not_there_and_says_why(entry: Entry, why: str) -> None:
    report = check(entry)
    assert [finding.code for finding in report.blocking] == ["SAFE-002"]
    assert said(report.lapsed_waivers) == (f"SAFE-002: {why}",)
    assert f"waiver does not count: SAFE-002: {why}" in report.explain()


def test_the_longest_waiver_runs_exactly_as_long_as_its_policy_allows() -> None:
    entry = filed(waiver())
    assert entry.filed_at is not None
    last = entry.filed_at.date() + timedelta(days=365)
    assert check(filed(waiver(expires_on=last))).ok
    assert not check(filed(waiver(expires_on=last + timedelta(days=1)))).ok


@pytest.mark.parametrize("code", sorted(NEVER))
def test_child_safety_and_authority_are_never_waived(code: str) -> None:
    example = next(policy for policy in POLICIES if policy.code == code).example("missing").dossier()
    entry = filed(waiver(code))
    waived = attrs.evolve(example, on_file=RecordIndex([*example.entries, entry]))
    finding = PACK[code](waived, on=date(2026, 9, 1))
    assert finding.waiver is None
    assert finding.is_blocking


def test_everyone_who_meets_students_is_checked_without_exception() -> None:
    assert "SAFE-001" in NEVER
    report = check(filed(waiver("SAFE-001")), without=frozenset({"background_check"}))
    assert [finding.code for finding in report.blocking] == ["SAFE-001"]
    assert said(report.lapsed_waivers) == ("SAFE-001: SAFE-001 cannot be waived",)


def test_a_waiver_of_what_this_pack_does_not_ask_is_listed() -> None:
    assert said(check(filed(waiver("OURS-001"))).lapsed_waivers) == ("OURS-001: no policy of this pack has that code",)


def test_a_waiver_that_nothing_needs_is_listed() -> None:
    report = check(filed(waiver()), without=frozenset())
    assert report.ok
    assert report["SAFE-002"].waiver is None
    assert report.unused_waivers == ("SAFE-002",)
    assert "waiver of SAFE-002 is not needed" in report.explain()


def test_of_several_waivers_that_count_the_newest_is_applied() -> None:
    shorter = waiver(expires_on=date(2026, 9, 20))
    for entries, until in (((waiver(), shorter), shorter.expires_on), ((shorter, waiver()), LAST_DAY)):
        applied = check(*map(filed, entries))["SAFE-002"].waiver
        assert applied is not None
        assert applied.expires_on == until


@pytest.mark.parametrize(
    "newer",
    [
        filed(waiver(expires_on=date(2029, 6, 30))),
        filed(waiver(expires_on=date(2020, 1, 1))),
        filed(waiver(expires_on=EXAMPLE_DAY - timedelta(days=1))),
        filed(waiver(requested_by=BOARD.id)),
        filed(waiver(revision=None)),
        filed(waiver(), filed_by=attrs.evolve(BOARD, roles={"principal"})),
        filed(waiver(), filed_by=None),
    ],
)
def test_a_waiver_that_does_not_count_never_hides_one_that_does(newer: Entry) -> None:
    for entries in ((filed(waiver()), newer), (newer, filed(waiver()))):
        report = check(*entries)
        assert report.ok
        assert report["SAFE-002"].waiver is not None
        assert report["SAFE-002"].waiver.expires_on == LAST_DAY
    assert [note.code for note in check(filed(waiver()), newer).lapsed_waivers] == ["SAFE-002"], "and it is named"
    assert check(newer, filed(waiver())).lapsed_waivers == ()


@settings(max_examples=60)
@given(st.text(max_size=12), st.sampled_from(["", " ", "\u200b", "\u00ad"]), st.sampled_from(["", "\u00a0", "\u2060"]))
def test_two_ways_to_write_one_id_are_never_two_people(text: str, before: str, after: str) -> None:
    asked = before + "o\ufb03ce" + text
    for granted in (asked, "OFFICE" + text + after, f"\uff4fffice{text}", asked.upper().lower()):
        entry = filed(waiver(requested_by=asked), filed_by=attrs.evolve(BOARD, id=granted))
        assert (normal_id(granted) == normal_id(asked)) is not check(entry).ok
    assert normal_id("OFFICE " + text.strip()) == normal_id("o\ufb03ce\u00a0" + text.strip())


def test_a_retracted_waiver_no_longer_counts() -> None:
    entry = filed(waiver(), id=example_dossier().partnership.id)
    assert entry.id is not None
    taken_back = filed(Retraction(entry_id=entry.id, reason="not ours to give"))
    assert check(entry).ok
    assert not check(entry, taken_back).ok


def test_a_waiver_of_one_policy_leaves_every_other_blocked() -> None:
    report = check(filed(waiver()), without=frozenset({"insurance", "licence"}))
    assert [finding.code for finding in report.blocking] == ["SAFE-004"]


def test_a_gate_opens_under_a_waiver_too() -> None:
    made = dossier(filed(waiver()))
    asked = attrs.evolve(made, partnership=attrs.evolve(made.partnership, state=State.ONBOARDING))
    assert PACK.check(asked, on=EXAMPLE_DAY, trigger="activate", by=OFFICE).ok


def test_a_policy_under_another_revision_asks_for_a_new_waiver() -> None:
    changed = [attrs.evolve(policy, revision=2) if policy.code == "SAFE-002" else policy for policy in POLICIES]
    pack = read_pack('[pack]\nname = "next"\nversion = "2"\n', "next.toml", changed)
    assert not pack.check(dossier(filed(waiver())), on=EXAMPLE_DAY).ok
    assert pack.check(dossier(filed(waiver(revision=2))), on=EXAMPLE_DAY).ok


# --- asked for, granted, refused, revoked ---------------------------------------------------------------------------


def request(**changes: Any) -> WaiverRequest:
    return WaiverRequest(
        "SAFE-002", **{"reason": "the renewal is late", "expires_on": LAST_DAY, "revision": 1, **changes}
    )


REFUSED, REVOKED = WaiverRefusal("SAFE-002", reason="no"), WaiverRevocation("SAFE-002", reason="the site is closed")
ASKED = f"SAFE-002: by {OFFICE.id}, through {LAST_DAY}"


def test_a_waiver_that_is_asked_for_lets_nothing_pass_and_is_listed_until_it_is_answered() -> None:
    asked = filed(request(), filed_by=OFFICE)
    report = check(asked)
    assert not report.ok
    assert said(report.asked_waivers) == (ASKED,)
    assert ASKED in report.explain()
    for answer in (waiver(), REFUSED, REVOKED):
        assert check(asked, filed(answer)).asked_waivers == ()
        assert said(check(filed(answer), asked).asked_waivers) == (ASKED,)


def test_a_record_is_followed_by_what_was_filed_later_under_its_key_and_stands() -> None:
    given = waiver()
    for others, kinds, followed in (
        ([REVOKED], (WaiverRevocation,), True),
        ([REFUSED, REVOKED], (WaiverRefusal, WaiverRevocation), True),
        ([REVOKED], (WaiverRefusal,), False),
        ([REVOKED], (), False),
        ([attrs.evolve(REVOKED, policy="SAFE-001")], (WaiverRevocation,), False),
        ([], (WaiverRevocation,), False),
    ):
        entries = [filed(one, id=UUID(int=place)) for place, one in enumerate(others, 1)]
        gone = [filed(Retraction(entry_id=UUID(int=place), reason="by mistake")) for place, _ in enumerate(others, 1)]
        assert RecordIndex([filed(given), *entries]).followed_by(given, kinds) is followed
        assert not RecordIndex([*entries, filed(given)]).followed_by(given, kinds)
        assert not RecordIndex([filed(given), *entries, *gone]).followed_by(given, kinds)
        assert not RecordIndex(entries).followed_by(given, kinds), "what is not on file is followed by nothing"


def test_a_refusal_takes_back_no_waiver_that_was_granted() -> None:
    assert check(filed(waiver()), filed(REFUSED)).ok


def test_a_waiver_that_was_revoked_counts_no_longer_until_another_is_granted() -> None:
    revoked = check(filed(waiver()), filed(REVOKED))
    assert not revoked.ok
    assert said(revoked.lapsed_waivers) == ("SAFE-002: it was revoked",)
    assert check(filed(waiver()), filed(REVOKED), filed(waiver(reason="the site is open again"))).ok


def test_a_waiver_that_somebody_without_the_role_granted_does_not_count() -> None:
    report = check(filed(waiver(), filed_by=attrs.evolve(BOARD, roles={"principal"})))
    assert not report.ok
    assert said(report.lapsed_waivers) == (f"SAFE-002: {BOARD.id} held no role that may grant it",)


def test_who_filed_a_request_cannot_grant_it_whatever_the_waiver_says() -> None:
    asked = filed(request(), filed_by=OFFICE, id=UUID(int=7))
    taken_back = filed(Retraction(entry_id=UUID(int=7), reason="so that I can grant it"), filed_by=OFFICE)
    theirs = filed(request(), filed_by=attrs.evolve(OFFICE, id="somebody.else"))
    for entries, with_it in (((asked,), ()), ((asked, taken_back), ()), ((), (request(),))):
        file = dossier(theirs, *entries)
        for by, allowed in ((OFFICE, False), (BOARD, not with_it)):
            move = Move(FILE, file.partnership.state, file.partnership.state, by=by)
            for name in (by.id, f" {by.id.upper()}"):
                asking = attrs.evolve(move, by=attrs.evolve(by, id=name))
                granting = attrs.evolve(file, move=asking, filing=(*with_it, waiver(requested_by="somebody.else")))
                expected = allowed or (not entries and by is OFFICE and not with_it)
                assert PACK["AUTH-004"](granting, on=EXAMPLE_DAY).is_ok is expected


def test_a_waiver_answers_a_request_on_file_by_the_person_whom_it_names() -> None:
    asked = filed(request(), filed_by=OFFICE, id=UUID(int=7))
    other = filed(attrs.evolve(request(), policy="SAFE-004"), filed_by=OFFICE)
    taken_back = filed(Retraction(entry_id=UUID(int=7), reason="no longer"), filed_by=OFFICE)
    for entries, requested_by, outcome in (
        ((asked,), OFFICE.id, "passed"),
        ((asked,), f"{OFFICE.id.title()} ", "passed"),
        ((asked,), "nobody.at.all", "missing"),
        ((asked,), "", "missing"),
        ((), OFFICE.id, "missing"),
        ((other,), OFFICE.id, "missing"),
        ((asked, taken_back), OFFICE.id, "missing"),
    ):
        file = dossier(*entries)
        move = Move(FILE, file.partnership.state, file.partnership.state, by=BOARD)
        granting = attrs.evolve(file, move=move, filing=(waiver(requested_by=requested_by),))
        assert PACK["AUTH-004"](granting, on=EXAMPLE_DAY).outcome == outcome, (entries, requested_by)


def test_a_waiver_runs_through_its_last_day_in_the_district_and_its_cap_counts_from_there() -> None:
    """Filed at 03:00 UTC is still the day before in Chicago: the cap ends a day earlier there."""
    late = filed(waiver(expires_on=date(2027, 9, 14)), filed_at=datetime(2026, 9, 14, 3, tzinfo=UTC))
    there = attrs.evolve(dossier(late), tz=timezone(timedelta(hours=-5)))
    assert PACK.check(dossier(late), on=EXAMPLE_DAY).ok
    assert not PACK.check(there, on=EXAMPLE_DAY).ok
