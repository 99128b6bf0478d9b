"""Due dates, pages, counts, and lists as of a past moment."""
# ruff: noqa: S101  these are tests

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import attrs

from partnerflow.flow import Partnerflow
from partnerflow.history import Transition
from partnerflow.obligations import Obligation
from partnerflow.partnership import Partnership
from partnerflow.ports import Query, Store
from partnerflow.records import (
    Partner,
    Scope,
)
from partnerflow.testing.clock import TickingClock

from .fixtures import NOBODY, WHO, Fixtures, adopted, judge, owed
from .search import found_by, text


def as_of(store: Store, moment: datetime, **wanted: Any) -> list[Partnership]:
    """Return everything that was there at a moment."""
    return [each for each, _ in store.find(Query(as_of=moment, **wanted))]


def due(code: str, day: date) -> Obligation:
    """Make an obligation that holds through a day."""
    return attrs.evolve(owed(code), due_on=day)


class ListTests(Fixtures):
    """Due dates, pages, counts, and lists as of a past moment."""

    def test_due_before_is_what_holds_and_ends_sooner(self, flow: Partnerflow, store: Store) -> None:
        """Not on that day itself, not what is broken, and not what never ends."""
        soon, late, broken, never, nothing = (adopted(flow) for _ in range(5))
        first, second = date(2026, 9, 1), date(2026, 10, 1)
        judge(store, soon, "d", due("A", second), due("B", first))
        judge(store, late, "d", due("A", second), owed("B"))
        judge(store, broken, "d", attrs.evolve(due("A", first), holds=False), owed("B"))
        judge(store, never, "d", owed("A"))
        judge(store, nothing, "d")
        both = sorted([soon.id, late.id])
        day = timedelta(days=1)
        expected = {first: [], first + day: [soon.id], second: [soon.id], second + day: both, date.max: both}
        for before, those in expected.items():
            assert found_by(store, due_before=before) == those, before
            assert sum(store.counts(Query(due_before=before)).values()) == len(those)
        assert found_by(store, due_before=date.max, states=["intake"]) == []

    def test_pages_that_meet_hold_each_once(self, flow: Partnerflow, store: Store, clock: TickingClock) -> None:
        """After an id, whether it is there or not, and no more than were asked for; the same as of a moment."""
        first = adopted(flow, Partner(name="A", kind="civic"))
        more = [flow.adopt(first.partner_id, state="active", by=WHO, reason="in place").id for _ in range(6)]
        others = [flow.propose(Partner(name="B"), by=WHO).id for _ in range(4)]
        ours = sorted([first.id, *more])
        moment = clock.peek()
        everything = sorted([*ours, *others])

        def now(after: UUID | None, limit: int | None) -> list[UUID]:
            wanted = Query(states=["active"], partner_id=first.partner_id, kind="civic")
            return [each.id for each, _ in store.find(wanted, after=after, limit=limit)]

        def then(after: UUID | None, limit: int | None) -> list[UUID]:
            wanted = Query(as_of=moment, states=["active"], partner_id=first.partner_id)
            return [each.id for each, _ in store.find(wanted, after=after, limit=limit)]

        for look in (now, then):
            for size in (1, 2, 3, 6, 7, 8):
                found: list[UUID] = []
                while page := look(found[-1] if found else None, size):
                    assert len(page) <= size
                    found += page
                assert found == ours
            assert look(None, 0) == look(ours[-1], 3) == look(UUID(int=2**128 - 1), None) == []
            assert look(NOBODY, None) == ours
        assert [each.id for each, _ in store.find(after=everything[2], limit=5)] == everything[3:8]

    def test_counts_are_of_what_is_found_by_state(self, flow: Partnerflow, store: Store) -> None:
        """A state that none is in is not there."""
        assert dict(store.counts(Query())) == {}
        club = adopted(flow, Partner(name="A", kind="civic", ids={"edfi": "1"}))
        for _ in range(2):
            flow.propose(club.partner_id, by=WHO)
        over = adopted(flow)
        flow.fire(over.id, "end", by=WHO, reason="done")
        flow.file(club.id, Scope(sites=frozenset({"s1"})), by=WHO)
        cases: list[tuple[dict[str, int], dict[str, Any]]] = [
            ({"active": 1, "intake": 2, "terminated": 1}, {}),
            ({"active": 1, "intake": 2}, {"kind": "civic"}),
            ({"active": 1, "intake": 2}, {"partner_id": club.partner_id, "ids": {"edfi": "1"}}),
            ({"active": 1}, {"site": "s1"}),
            ({"active": 1, "terminated": 1}, {"states": ["active", "terminated", "vetting"]}),
            ({"terminated": 1}, {"words": text("river")}),
            ({}, {"states": []}),
            ({}, {"kind": "Civic"}),
        ]
        for expected, wanted in cases:
            assert dict(store.counts(Query(**wanted))) == expected, wanted

    def test_a_list_as_of_a_moment_is_as_recorded_then(
        self, flow: Partnerflow, store: Store, clock: TickingClock
    ) -> None:
        """Where each stood and how it had come there; what leads back to the same state is no new entrance."""
        moments: list[datetime] = []

        def note() -> None:
            moments.append(clock.peek())
            clock.move_on(seconds=1)

        note()
        one, other = flow.propose(Partner(name="A"), by=WHO), adopted(flow, since=date(2019, 8, 1))
        note()
        flow.fire(one.id, "begin_vetting", by=WHO)
        flow.fire(other.id, "amend", by=WHO, reason="more")
        note()
        flow.fire(other.id, "open_improvement_plan", by=WHO, reason="slow")
        note()
        flow.fire(other.id, "reinstate", by=WHO, reason="done")
        flow.fire(one.id, "withdraw", by=WHO, reason="no")
        again = flow.propose(one.partner_id, by=WHO, succeeds=one.id)
        note()
        of_one, of_other = flow.history(one.id), flow.history(other.id)
        long_since = date(2019, 8, 1)

        def taken(made: Transition) -> date:
            return flow.today(made.at)

        expected = [
            [],
            [(one, "intake", 1, taken(of_one[0])), (other, "active", 1, long_since)],
            [(one, "vetting", 2, taken(of_one[1])), (other, "active", 2, long_since)],
            [(one, "vetting", 2, taken(of_one[1])), (other, "improvement_plan", 3, taken(of_other[2]))],
            [
                (one, "terminated", 3, taken(of_one[2])),
                (other, "active", 4, taken(of_other[3])),
                (again, "intake", 1, taken(flow.history(again.id)[0])),
            ],
        ]
        for moment, those in zip(moments, expected, strict=True):
            stood = [attrs.evolve(p, state=s, version=v, since=since) for p, s, v, since in those]
            found = as_of(store, moment)
            assert found == sorted(stood, key=lambda each: each.id)
            assert dict(store.counts(Query(as_of=moment))) == Counter(each.state for each in found)
            for each in found:
                assert flow.dossier(each.id, as_of=moment).partnership == each
        # the time zone of the moment decides on which day a state was entered
        for hours in (-16, 12):
            there = moments[1].astimezone(timezone(timedelta(hours=hours)))
            assert {each.since for each in as_of(store, there)} == {
                of_one[0].at.astimezone(there.tzinfo).date(),
                long_since,
            }
        second = of_one[1].recorded_at
        for moment, state in ((second - timedelta(microseconds=1), "intake"), (second, "vetting")):
            assert [each.state for each in as_of(store, moment, partner_id=one.partner_id)] == [state]

    def test_a_list_as_of_a_moment_is_of_the_states_and_the_partner_asked_for(
        self, flow: Partnerflow, store: Store, clock: TickingClock
    ) -> None:
        """The states of then, not those of now."""
        one, other = adopted(flow), flow.propose(Partner(name="B"), by=WHO)
        moment = clock.peek()
        clock.move_on(seconds=1)
        flow.fire(one.id, "end", by=WHO, reason="done")
        cases: list[tuple[list[Partnership], dict[str, Any]]] = [
            ([one], {"states": ["active"]}),
            ([one, other], {"states": ["intake", "active"]}),
            ([], {"states": ["terminated"]}),
            ([], {"states": ["Active"]}),
            ([], {"states": []}),
            ([other], {"partner_id": other.partner_id}),
            ([], {"partner_id": other.partner_id, "states": ["active"]}),
            ([], {"partner_id": NOBODY}),
        ]
        for expected, wanted in cases:
            found = [each.id for each in as_of(store, moment, **wanted)]
            assert found == sorted(each.id for each in expected), wanted
        assert [each.id for each in as_of(store, clock.peek(), states=["terminated"])] == [one.id]
