"""The rules change while a partnership runs: from when and for whom the new ones count, and what stays on record."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import attrs
import pytest

from partnerflow import Actor, Money, Partner, Partnerflow, Refused, load_pack
from partnerflow.policies import Pack
from partnerflow.ports import Store
from partnerflow.records import Insurance, Scope, Service
from partnerflow.testing.clock import TickingClock

CHICAGO = "America/Chicago"
COVER = Insurance(
    line="general_liability", per_occurrence=Money.of(1_000_000, "USD"), starts_on=date(2026, 7, 1),
    ends_on=date(2027, 6, 30),
)  # fmt: skip
MORE = attrs.evolve(COVER, per_occurrence=Money.of(1_500_000, "USD"))
AT_RENEWAL = """
[[set]]
code = "SAFE-002"
minimum = "1500000 USD"
from_renewal = 2026-10-01
cites = "Board policy 1240"
"""
FOR_THE_DISTRICT = """
[[set]]
code = "SAFE-002"
for = { scope = "district" }
minimum = "1500000 USD"
"""
Change = Callable[..., Partnerflow]


@pytest.fixture
def under(tmp_path: Path, store: Store, clock: TickingClock) -> Change:
    """Return a flow on the store in Chicago, under the default pack with something else set."""

    def under(text: str = "", *, version: str = "2026.2", head: str = "") -> Partnerflow:
        path = tmp_path / f"ours-{version}.toml"
        name = f'[pack]\nname = "ours"\nversion = "{version}"\nextends = "default"\n{head}\n'
        path.write_text(name + text, encoding="utf-8")
        return Partnerflow(store=store, pack=load_pack(str(path)), clock=clock, tz=CHICAGO)

    return under


@pytest.fixture
def before(store: Store, pack: Pack, clock: TickingClock) -> Partnerflow:
    """The flow as it was until now."""
    return Partnerflow(store=store, pack=pack, clock=clock, tz=CHICAGO)


def _on(clock: TickingClock, day: int, hour: int = 15, *, month: int = 10) -> None:
    clock.move_to(datetime(2026, month, day, hour, tzinfo=UTC))


def _broken(flow: Partnerflow, partnership_id: Any) -> list[str]:
    return [finding.code for finding in flow.explain(partnership_id).broken]


# --- from the next renewal -----------------------------------------------------------------------------------------


def test_a_running_partnership_is_asked_for_more_from_its_renewal_on(
    before: Partnerflow, under: Change, walked_to: Callable, office: Actor, clock: TickingClock
) -> None:
    p = walked_to(before, "active").id
    after = under(AT_RENEWAL)
    for day in (1, 2, 30):
        _on(clock, day)
        assert _broken(after, p) == []
        assert after.sweep().notices == ()
    assert after.check(p, "renew", by=office).codes == ("SAFE-002",)
    with pytest.raises(Refused, match="1000000 USD is below 1500000 USD"):
        after.fire(p, "renew", by=office)
    after.file(p, MORE, by=office)
    after.fire(p, "renew", by=office)
    assert _broken(after, p) == []
    after.file(p, COVER, by=office)
    assert _broken(after, p) == ["SAFE-002"]
    assert [notice.code for notice in after.sweep().broken] == ["SAFE-002"]


@pytest.mark.parametrize(("hour", "day"), [(4, date(2026, 9, 30)), (5, date(2026, 10, 1))])
def test_the_day_of_the_renewal_is_the_districts(
    before: Partnerflow, under: Change, walked_to: Callable, office: Actor, clock: TickingClock, hour: int, day: date
) -> None:
    """At 4 o'clock in UTC it is still the day before in Chicago, and what is renewed then runs on as it was."""
    p = walked_to(before, "active").id
    after = under(AT_RENEWAL)
    _on(clock, 1, hour)
    assert after.today() == day
    late = day == date(2026, 10, 1)
    assert after.check(p, "renew", by=office).codes == (("SAFE-002",) if late else ())
    assert "SAFE-002" in Partnerflow(store=after.store, pack=after.pack, clock=clock).check(p, "renew", by=office).codes
    if late:
        after.file(p, MORE, by=office)
    step = after.fire(p, "renew", by=office)
    assert json.loads(step.decision)["report"]["on"] == day.isoformat()
    after.file(p, COVER, by=office)
    _on(clock, 2)
    assert _broken(after, p) == (["SAFE-002"] if late else [])


def test_what_begins_after_that_day_is_asked_for_more_at_once(
    before: Partnerflow, under: Change, walked_to: Callable, office: Actor, clock: TickingClock
) -> None:
    p = walked_to(before, "onboarding").id
    after = under(AT_RENEWAL)
    assert after.check(p, "activate", by=office).allowed
    _on(clock, 1)
    assert after.check(p, "activate", by=office).codes == ("SAFE-002",)
    adopted = after.adopt(Partner(name="A"), state="active", since=date(2019, 8, 1), by=office, reason="in place").id
    after.file(adopted, COVER, by=office)
    assert "SAFE-002" in _broken(after, adopted)


def test_what_was_adopted_before_that_day_keeps_its_terms(
    before: Partnerflow, under: Change, office: Actor, clock: TickingClock
) -> None:
    _on(clock, 30, month=9)
    adopted = before.adopt(Partner(name="A"), state="active", by=office, reason="in place").id
    before.file(adopted, COVER, by=office)
    _on(clock, 2)
    assert "SAFE-002" not in _broken(under(AT_RENEWAL), adopted)


# --- for some of them ----------------------------------------------------------------------------------------------


def test_more_is_asked_of_what_is_for_the_whole_district(
    before: Partnerflow, under: Change, walked_to: Callable, office: Actor
) -> None:
    school, district = (walked_to(before, "active", site=site).id for site in ("255901001", "255901044"))
    before.file(district, Scope(level="district", sites={"255901044"}), by=office)
    after = under(FOR_THE_DISTRICT)
    assert [(n.partnership_id, n.code) for n in after.sweep().notices] == [(district, "SAFE-002")]
    assert (_broken(after, school), _broken(after, district)) == ([], ["SAFE-002"])
    after.file(district, Scope(level="school", sites={"255901044"}), by=office)
    assert [(n.partnership_id, n.telling) for n in after.sweep().notices] == [(district, "mended")]


def test_where_the_file_does_not_say_for_whom_it_is_nothing_less_is_asked(under: Change, office: Actor) -> None:
    after = under(FOR_THE_DISTRICT)
    p = after.adopt(Partner(name="A"), state="active", by=office, reason="in place").id
    after.file(p, MORE, by=office)
    finding = after.explain(p)["SAFE-002"]
    assert (finding.outcome, finding.is_blocking) == ("missing", True)
    assert "scope" in str(finding.problems[0])
    after.file(p, Scope(level="district", sites={"*"}), by=office)
    assert after.explain(p)["SAFE-002"].outcome == "passed"


# --- what stays on record ------------------------------------------------------------------------------------------


def test_a_decision_keeps_the_rules_and_everything_that_they_said(
    before: Partnerflow, under: Change, walked_to: Callable, office: Actor, clock: TickingClock
) -> None:
    p = walked_to(before, "active").id
    ours = under(AT_RENEWAL)
    ours.file(p, MORE, by=office)
    asked = ours.check(p, "renew", by=office)
    kept = json.loads(ours.fire(p, "renew", by=office).decision)
    pin = ours.pack.ref
    assert kept["report"]["pack"] == {"name": "ours", "version": "2026.2", "digest": pin.digest}
    assert (kept["lifecycle"], kept["report"]["on"]) == (str(ours.lifecycle), "2026-09-15")
    assert (kept["allowed"], kept["trigger"]) == (True, "renew")
    assert [(f["code"], f["revision"], f["outcome"]) for f in kept["report"]["findings"]] == [
        (f.code, f.revision, f.outcome) for f in asked.report.findings
    ]
    assert {f["outcome"] for f in kept["report"]["findings"]} >= {"passed", "not_applicable"}
    assert len(kept["report"]["findings"]) == len({f["code"] for f in kept["report"]["findings"]}) > 40


def test_it_is_read_back_under_rules_that_know_nothing_of_it(
    before: Partnerflow, under: Change, walked_to: Callable, paperwork: Callable, office: Actor
) -> None:
    p = walked_to(before, "active").id
    before.file(p, *paperwork(trigger="open_improvement_plan")[len(paperwork()) :], by=office)
    before.file(p, attrs.evolve(COVER, per_occurrence=Money.of(1, "USD")), by=office)
    step = before.fire(p, "open_improvement_plan", by=office, reason="all but uninsured")
    later = under(version="2031.1", head='policies = ["AUTH-001"]')
    (kept,) = (json.loads(s.decision) for s in later.history(p) if s.id == step.id)
    assert [s.decision for s in later.history(p)] == [s.decision for s in before.history(p)]
    assert kept["report"]["pack"]["name"] == "default"
    assert kept["report"]["pack"]["digest"] != later.pack.digest
    (broken,) = (f for f in kept["report"]["findings"] if f["code"] == "SAFE-002")
    assert broken["problems"][0]["message"] == "1 USD is below 1000000 USD"
    assert broken["parameters"]["minimum"] == "1000000 USD"
    assert {"title", "fix", "cites", "revision"} <= broken.keys()
    assert kept["report"]["broken"] == ["SAFE-002"]
    later.verify()


@pytest.mark.parametrize("change", ["retired", "reported only", "not for this partnership"])
def test_a_rule_that_is_no_longer_asked_is_over_once(
    under: Change, before: Partnerflow, office: Actor, walked_to: Callable, clock: TickingClock, change: str
) -> None:
    p = walked_to(before, "active").id
    before.file(p, attrs.evolve(COVER, per_occurrence=Money.of(1, "USD")), by=office)
    assert [notice.telling for notice in before.sweep().notices if notice.code == "SAFE-002"] == ["broken"]
    if change == "retired":
        flow = under(version="2", head='without = ["SAFE-002"]')
    elif change == "reported only":
        flow = under('[[set]]\ncode = "SAFE-002"\nenforcement = "report_only"\n')
    else:
        flow = under('[[set]]\ncode = "SAFE-002"\nsupervised = "exempt"\n')
        services = flow.dossier(p).all(Service)
        flow.file(p, *(attrs.evolve(service, fully_supervised=True) for service in services), by=office)
    clock.move_on(days=1)
    swept = flow.sweep()
    assert "SAFE-002" in [notice.code for notice in swept.over]
    assert [notice.telling for notice in swept.notices if notice.code == "SAFE-002"] == ["over"]
    assert "SAFE-002" not in [notice.code for notice in flow.sweep().notices]
    types = [each.type for each in flow.store.outgoing(p) if each.data.get("policy") == "SAFE-002"]
    assert types == ["org.partnerflow.policy.broken.v1", "org.partnerflow.policy.over.v1"]
