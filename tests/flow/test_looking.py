"""What is stored can be found, shown as it stands, and explained; looking changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from uuid import uuid4

import attrs
import pytest

from partnerflow import DISTRICT, Actor, Dossier, NotFound, Partner, Partnerflow, Refused, State, rubric
from partnerflow.policies import Pack
from partnerflow.records import BoardPolicy, Definition, Insurance, Need, Scope, Site
from partnerflow.testing import EXAMPLE_DAY
from partnerflow.testing.clock import TickingClock
from partnerflow.testing.examples.rubric import example_evidence


def test_partnerships_are_found_by_everything_said_together(
    flow: Partnerflow, office: Actor, walked_to: Callable
) -> None:
    running = walked_to(flow, "active")
    more = walked_to(flow, "intake", partner=running.partner_id, site="255901044")
    college = flow.adopt(
        Partner(name="Hill College", kind="higher_education", ids={"edfi": "2", "ein": "9"}),
        state="active", by=office, reason="in place",
    )  # fmt: skip
    flow.file(college.id, Scope(level="district", sites={"*"}), by=office)
    every = sorted([running, more, college], key=lambda p: p.id)
    for found, expected in (
        (flow.find(), every),
        (flow.find(state=State.ACTIVE), [p for p in every if p.state == "active"]),
        (flow.find(state="no such state"), []),
        (flow.find(site="255901001"), [p for p in every if p != more]),
        (flow.find(site="255901044", state="intake"), [more]),
        (flow.find(kind="higher_education"), [college]),
        (flow.find(partner=running.partner_id), [p for p in every if p != college]),
        (flow.find(partner=uuid4()), []),
        (flow.find(ids={"edfi": "2"}), [college]),
        (flow.find(ids={"edfi": "2", "ein": "8"}), []),
        (flow.find(ids={"edfi": "2"}, state="active", site="*", kind="higher_education"), [college]),
    ):
        assert list(found) == expected


def test_what_nobody_wrote_is_not_found(flow: Partnerflow) -> None:
    for look in (flow.dossier, flow.history, flow.attempts, flow.partner, flow.explain):
        with pytest.raises(NotFound):
            look(uuid4())
    assert (list(flow.find()), flow.sites(), flow.sweep().notices) == ([], (), ())
    flow.verify()


def test_a_dossier_is_complete_in_itself(
    flow: Partnerflow, office: Actor, board: Actor, walked_to: Callable, pack: Pack, clock: TickingClock
) -> None:
    p = walked_to(flow, "vetting")
    dossier = flow.dossier(p.id)
    assert dossier.partnership == p
    assert [move.trigger for move in dossier.moves] == ["propose", "begin_vetting"]
    assert dossier.neighbours == ()
    again = Dossier.from_mapping(dossier.to_mapping())
    assert again.to_mapping() == dossier.to_mapping()
    for by in (office, board):
        alone = pack.check(again, on=date(2026, 9, 15), trigger="approve", by=by)
        asked = flow.check(p.id, "approve", by=by).report
        assert [finding.code for finding in alone.blocking] == [finding.code for finding in asked.blocking]


def test_a_report_says_what_does_not_hold_now(
    flow: Partnerflow, walked_to: Callable, clock: TickingClock, everything: Callable
) -> None:
    p = walked_to(flow, "active")
    before = everything(flow)
    assert flow.explain(p.id).ok
    at = clock.peek()
    clock.move_on(days=300)
    report = flow.explain(p.id)
    assert (report.state, report.trigger, report.ok) == ("active", None, False)
    assert "general liability cover ends on 2027-06-30, which has passed" in report.explain()
    assert "SPPS-V.4b.2" in report.explain()
    assert flow.explain(p.id, at=at).ok
    assert everything(flow) == before


def test_history_and_attempts_are_oldest_first(flow: Partnerflow, office: Actor, riverbend: Partner) -> None:
    p = flow.propose(riverbend, by=office)
    assert flow.attempts(p.id) == []
    for trigger in ("begin_vetting", "approve", "begin_vetting"):
        with pytest.raises(Refused):
            flow.fire(p.id, trigger, by=office)
    flow.fire(p.id, "decline", by=office, reason="no")
    assert [step.trigger for step in flow.history(p.id)] == ["propose", "decline"]
    assert [attempt.trigger for attempt in flow.attempts(p.id)] == ["begin_vetting", "approve", "begin_vetting"]
    assert "REG-002" in flow.attempts(p.id)[0].codes


def test_a_partner_is_as_last_filed(flow: Partnerflow, office: Actor) -> None:
    p = flow.propose(Partner(name="A", summary="old"), by=office)
    flow.file(p.id, Partner(name="B"), by=office)
    assert flow.partner(p.partner_id) == flow.dossier(p.id).partner == Partner(name="B")


def test_sites_are_the_districts_newest_word(flow: Partnerflow, office: Actor) -> None:
    flow.file(DISTRICT, Site(site="1", name="One"), Site(site="2", name="Two"), by=office)
    flow.file(DISTRICT, Site(site="1", name="First"), by=office)
    assert {site.site: site.name for site in flow.sites()} == {"1": "First", "2": "Two"}


def test_the_districts_own_file_holds_all_that_stands_and_that_was(
    flow: Partnerflow, office: Actor, walked_to: Callable, clock: TickingClock
) -> None:
    assert flow.district_file() == ()
    walked_to(flow, "active")
    assert flow.district_file() == ()
    working = Definition(term="partner", text="whoever helps", version="1", status="working")
    adopted = attrs.evolve(working, text="whoever plans with us", version="2", status="adopted")
    filed = flow.file(DISTRICT, working, BoardPolicy(policy="1240", subject="work_based_learning"), by=office)
    clock.move_on(days=1)
    filed += flow.file(DISTRICT, adopted, by=office)
    assert flow.district_file() == filed
    assert [entry.record for entry in filed if entry.kind == "definition"] == [working, adopted]
    assert {entry.filed_by for entry in filed} == {office}


def test_a_district_is_rated_on_its_own_file(flow: Partnerflow, office: Actor) -> None:
    evidence = [record for record in example_evidence() if record.kind_info.about == "district"]
    assert set(rubric.rate(flow.district_file(), on=EXAMPLE_DAY).levels.values()) != {4}
    flow.file(DISTRICT, *evidence, by=office)
    rating = rubric.rate(flow.district_file(), on=EXAMPLE_DAY)
    assert rating.levels == rubric.rate(evidence, on=EXAMPLE_DAY).levels
    assert set(rating.levels.values()) == {4}


def test_looking_changes_nothing(
    flow: Partnerflow, office: Actor, walked_to: Callable, everything: Callable, clock: TickingClock
) -> None:
    p = walked_to(flow, "active")
    before = everything(flow)
    clock.move_on(days=300)
    for look in (
        lambda: flow.dossier(p.id),
        lambda: flow.dossier(p.id, as_of=clock.peek()),
        lambda: flow.history(p.id),
        lambda: flow.attempts(p.id),
        lambda: list(flow.find()),
        lambda: flow.partner(p.partner_id),
        flow.sites,
        flow.district_file,
        lambda: flow.explain(p.id),
        lambda: flow.check(p.id, "renew", by=office),
        lambda: flow.options(p.id, by=office),
        flow.verify,
        flow.today,
        lambda: repr(flow),
    ):
        look()
        assert everything(flow) == before


def test_a_flow_says_what_it_is(flow: Partnerflow) -> None:
    assert "default@1" in repr(flow)
    assert "lifecycle default 1" in repr(flow)


def test_one_walk_on_both_stores_is_one_walk(
    pack: Pack, walked_to: Callable, office: Actor, everything: Callable, tmp_path
) -> None:
    from itertools import count
    from uuid import UUID

    from partnerflow.adapters.memory import MemoryStore
    from partnerflow.adapters.sqlalchemy import open_store

    seen = []
    for store in (MemoryStore(), open_store(f"sqlite:///{tmp_path / 'partners.db'}")):
        numbers = count(1)
        flow = Partnerflow(
            store=store, pack=pack, clock=TickingClock(_start()), new_id=lambda n=numbers: UUID(int=next(n))
        )
        p = walked_to(flow, "improvement_plan")
        flow.file(p.id, Need(need="more"), Insurance(line="other"), by=office)
        with pytest.raises(Refused):
            flow.fire(p.id, "reinstate", by=office)
        flow.clock.move_on(days=500)
        seen.append((everything(flow), flow.sweep(), everything(flow), flow.dossier(p.id).to_mapping()))
    assert seen[0] == seen[1]


def _start():
    from datetime import UTC, datetime

    return datetime(2026, 9, 15, 15, tzinfo=UTC)
