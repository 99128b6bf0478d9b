"""What a store must find, and in which order: the second part of the contract."""
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
from partnerflow.ports import ChangeSet, Query, SearchEntry, SearchField, Store
from partnerflow.records import Contact, Liaison, Need, Partner, Scope, Service

from .clock import TickingClock
from .keeping import NOBODY, WHO, Keeping, adopted, held_by, id_of, ids_of, judge, near_by, owed, serve


def text(*words: str) -> frozenset[tuple[SearchField, str]]:
    """Look for words in anything that is found by its text."""
    return frozenset(("text", word) for word in words)


def found_by(store: Store, **wanted: Any) -> list[UUID]:
    """Return the ids of what is found."""
    return [each.id for each, _ in store.find(Query(**wanted))]


def as_of(store: Store, moment: datetime, **wanted: Any) -> list[Partnership]:
    """Return everything that was there at a moment."""
    return [each for each, _ in store.find(Query(as_of=moment, **wanted))]


def place(store: Store, begun: Partnership, *, service: str = "", contact: str = "", text: str = "") -> None:
    """Write by hand in which words a partnership is found, given field by field."""
    said: dict[SearchField, str] = {"service": service, "contact": contact, "text": text}
    words: set[tuple[SearchField, str]] = {(field, word) for field, several in said.items() for word in several.split()}
    with store.transaction() as tx:
        tx.snapshots([begun.id], lock=True)
        placed = SearchEntry(partnership_id=begun.id, sites=frozenset(), places=frozenset(), words=frozenset(words))
        tx.write(ChangeSet(search_entries=[placed]))


def due(code: str, day: date) -> Obligation:
    """Make an obligation that holds through a day."""
    return attrs.evolve(owed(code), due_on=day)


class Finding(Keeping):
    """Everything is found by what it is found by now, or was as of a past moment, and in the order of ids."""

    # --- finding ----------------------------------------------------------------------------------------------------

    def test_find_takes_every_filter_and_keeps_to_the_order_of_ids(self, flow: Partnerflow, store: Store) -> None:
        """Each filter narrows, all of them together too, and names come along."""
        club = adopted(flow, Partner(name="River 100% Club", kind="civic", ids={"edfi": "1", "ein": "9"}))
        more = flow.propose(club.partner_id, by=WHO)
        other = flow.propose(Partner(name="Hill College", kind="higher_education", ids={"edfi": "2"}), by=WHO)
        flow.file(club.id, Scope(level="school", sites=frozenset({"s1", "s2"})), by=WHO)
        flow.file(other.id, Scope(level="district", sites=frozenset({"*"})), by=WHO)
        both, every = sorted([club.id, more.id]), sorted([club.id, more.id, other.id])
        cases: list[tuple[list[UUID], dict[str, Any]]] = [
            (every, {}),
            (both, {"partner_id": club.partner_id}),
            (sorted([more.id, other.id]), {"states": ["intake"]}),
            (every, {"states": ["intake", "active"]}),
            ([], {"states": []}),
            (sorted([club.id, other.id]), {"site": "s1"}),
            ([other.id], {"site": "s3"}),
            (sorted([club.id, other.id]), {"site": "*"}),
            (both, {"kind": "civic"}),
            (both, {"words": text("river", "10")}),
            ([], {"words": text("iver")}),
            (both, {"ids": {"edfi": "1", "ein": "9"}}),
            ([], {"ids": {"edfi": "1", "ein": "8"}}),
            (every, {"ids": {}}),
            (
                [club.id],
                {"ids": {"edfi": "1"}, "states": ["active"], "site": "s2", "kind": "civic", "words": text("club")},
            ),
        ]
        for wanted, given in cases:
            found = list(store.find(Query(**given)))
            assert [partnership.id for partnership, _ in found] == wanted, given
        assert [name for _, name in store.find(Query(partner_id=other.partner_id))] == ["Hill College"]
        assert ids_of(store) == every
        assert [partnership for partnership, _ in store.find(Query(states=["active"]))] == [
            held_by(store, club.id).partnership
        ]

    def test_what_is_found_is_the_newest_word(self, flow: Partnerflow, store: Store) -> None:
        """A partner that is renamed is found by its new name, kind and ids; a partnership by its new sites."""
        begun = adopted(flow, Partner(name="Old", kind="civic", ids={"edfi": "1", "ein": "9"}))
        flow.file(begun.id, Scope(sites=frozenset({"s1"})), by=WHO)
        flow.file(
            begun.id, Scope(sites=frozenset({"s2"})), Partner(name="New", kind="health", ids={"edfi": "3"}), by=WHO
        )
        assert [
            name for _, name in store.find(Query(kind="health", words=text("new"), site="s2", ids={"edfi": "3"}))
        ] == ["New"]
        stales: list[dict[str, Any]] = [
            {"kind": "civic"},
            {"words": text("old")},
            {"site": "s1"},
            {"ids": {"ein": "9"}},
        ]
        for stale in stales:
            assert list(store.find(Query(**stale))) == []
        with store.reading() as tx:
            known = tx.partners_known_as([("edfi", "3"), ("edfi", "1"), ("ein", "9")])
            assert dict(known) == {("edfi", "3"): begun.partner_id}

    def test_capital_letters_tell_names_apart(self, flow: Partnerflow, store: Store) -> None:
        """States, sites, kinds, outside ids and keys are names, and `Active` is not `active`."""
        begun = adopted(flow, Partner(name="A", kind="civic", ids={"edfi": "a"}))
        flow.file(begun.id, Scope(sites=frozenset({"s"})), by=WHO, idempotency_key="k")
        others: list[dict[str, Any]] = [
            {"states": ["Active"]},
            {"site": "S"},
            {"kind": "Civic"},
            {"ids": {"edfi": "A"}},
        ]
        for other in others:
            assert list(store.find(Query(**other))) == []
        again = flow.propose(Partner(name="B", ids={"edfi": "A", "EDFI": "a"}), by=WHO, idempotency_key="K")
        assert again.partner_id != begun.partner_id

    def test_neighbours_share_a_site_and_a_content_area(self, flow: Partnerflow, store: Store) -> None:
        """Of others, in the states asked for, in the order of ids and then of names; `*` is every site."""
        mine, near, wide, far, over = (adopted(flow, Partner(name=name)) for name in "ABCDE")
        serve(flow, mine, "tutoring", {"s1"}, {"reading"})
        serve(flow, near, "zebra", {"s1", "s2"}, {"reading", "art"})
        serve(flow, near, "apple", {"s1"}, {"reading"})
        serve(flow, near, "music", {"s1"}, {"music"})
        serve(flow, wide, "choir", {"*"}, {"reading"})
        serve(flow, far, "tutoring", {"s2"}, {"reading"})
        serve(flow, over, "tutoring", {"s1"}, {"reading"})
        flow.fire(over.id, "end", by=WHO, reason="done")
        expected = sorted([(str(near.id), "B", "apple"), (str(near.id), "B", "zebra"), (str(wide.id), "C", "choir")])
        assert near_by(store, {("s1", "reading")}, mine) == expected
        assert near_by(store, {("s2", "art")}, mine) == [(str(near.id), "B", "zebra")]
        assert near_by(store, {("s3", "reading")}, mine) == [(str(wide.id), "C", "choir")]
        assert {found[1] for found in near_by(store, {("*", "reading")}, mine)} == {"B", "C", "D"}
        assert near_by(store, {("s1", "reading")}, mine, states=["terminated"]) == [(str(over.id), "E", "tutoring")]
        assert near_by(store, {("s1", "chess")}, mine) == []

    def test_neighbours_are_as_last_filed(self, flow: Partnerflow, store: Store) -> None:
        """A service that moved away or was retracted is no neighbour any more."""
        mine, near = adopted(flow), adopted(flow)
        serve(flow, near, "tutoring", {"s1"}, {"reading"})
        art = serve(flow, near, "art", {"s1"}, {"art"})
        serve(flow, near, "tutoring", {"s2"}, {"reading"})
        flow.retract(near.id, id_of(art), by=WHO, reason="never took place")
        assert near_by(store, {("s1", "reading"), ("s1", "art")}, mine) == []
        assert [found[2] for found in near_by(store, {("s2", "reading")}, mine)] == ["tutoring"]

    # --- words ------------------------------------------------------------------------------------------------------

    def test_each_word_begins_one_that_stands_in_its_field(self, flow: Partnerflow, store: Store) -> None:
        """To the letter: letter case and accents are folded before a store sees them, and `%` and `_` are letters."""
        one, other = adopted(flow), adopted(flow)
        place(store, one, service="reading rose_bed", contact="re", text="reading réading 子ども " + "z" * 64)
        place(store, other, service="writing", text="readings reader Reading")
        cases: list[tuple[list[Partnership], set[tuple[SearchField, str]]]] = [
            ([one], {("service", "read")}),
            ([one], {("service", "reading")}),
            ([], {("service", "readings")}),
            ([], {("service", "eading")}),
            ([one, other], {("text", "read")}),
            ([one, other], {("text", "reading")}),
            ([other], {("text", "readings")}),
            ([one], {("text", "ré")}),
            ([other], {("text", "R")}),
            ([one], {("text", "子")}),
            ([one], {("text", "z" * 64)}),
            ([one], {("contact", "re")}),
            ([], {("contact", "rea")}),
            ([one], {("service", "rose_")}),
            ([], {("service", "r_se")}),
            ([], {("service", "%")}),
            ([one], {("service", "read"), ("service", "rose"), ("text", "子")}),
            ([], {("service", "read"), ("service", "writ")}),
            ([other], {("service", "w"), ("text", "read")}),
        ]
        for expected, words in cases:
            assert found_by(store, words=frozenset(words)) == sorted(each.id for each in expected), words
            assert sum(store.counts(Query(words=frozenset(words))).values()) == len(expected)
        assert found_by(store, words=text("read"), states=["intake"]) == []

    def test_words_are_as_last_said(self, flow: Partnerflow, store: Store) -> None:
        """Those that are said no more are gone, and those of others stay."""
        one, other = adopted(flow), adopted(flow)
        place(store, one, service="choir", text="choir north")
        place(store, other, text="choir north")
        place(store, one, contact="choir", text="choir south")
        expected = {"choir": [one, other], "north": [other], "south": [one]}
        for word, those in expected.items():
            assert found_by(store, words=text(word)) == sorted(each.id for each in those), word
        assert found_by(store, words=frozenset([("service", "choir")])) == []
        assert found_by(store, words=frozenset([("contact", "choir")])) == [one.id]
        place(store, one)
        assert found_by(store, words=text("choir")) == [other.id]

    def test_a_host_finds_by_the_words_of_services_contacts_and_the_rest(self, flow: Partnerflow) -> None:
        """In any letter case, with accents or without, until what they stood in is taken back."""
        club, hill = adopted(flow, Partner(name="Café Río: Jóvenes 2.0")), adopted(flow, Partner(name="Hill"))
        contact, *_ = flow.file(
            club.id,
            Contact(name="José Núñez", title="Director", email="jose@river.example", phone="555-0101"),
            Liaison(side="district", name="P. Park", contact="park@district.example"),
            Service(service="Tutoring", summary="Straße ÉTUDE", content_areas=frozenset({"reading"})),
            Need(need="Many read below grade"),
            by=WHO,
        )
        found: dict[str, tuple[str, ...]] = {
            "service": ("tutor", "TUTORING", "strasse etu", "Étude", "reading", "STRASS"),
            "contact": ("jose nunez", "NÚÑ", "river.example", "0101", "park", "dir"),
            "text": ("cafe rio", "jóvenes 2", "below grade", "tutor jose"),
        }
        not_found: dict[str, tuple[str, ...]] = {
            "service": ("jose", "cafe", "below", "utor", "hill"),
            "contact": ("tutor", "cafe", "below", "park tutor", "hill"),
            "text": ("ose", "nothing", "cafe nothing", "cafe hill"),
        }
        for expected, cases in (([club.id], found), ([], not_found)):
            for field, several in cases.items():
                for words in several:
                    wanted: dict[str, Any] = {field: words}
                    assert [each.id for each in flow.find(**wanted)] == expected, wanted
        assert [each.id for each in flow.find(service="tutor", contact="jose", text="grade")] == [club.id]
        assert [each.id for each in flow.find(text="HILL")] == [hill.id]
        flow.retract(club.id, id_of(contact), by=WHO, reason="has left")
        assert list(flow.find(contact="jose")) == list(flow.find(text="jose")) == []
        assert [each.id for each in flow.find(contact="park")] == [club.id]

    # --- days, pages and counts -------------------------------------------------------------------------------------

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

    # --- as of a moment ---------------------------------------------------------------------------------------------

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
