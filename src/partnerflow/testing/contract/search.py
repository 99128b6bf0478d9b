"""Search by everything that a query can have, in the order of ids; neighbours."""
# ruff: noqa: S101  these are tests

from __future__ import annotations

from typing import Any
from uuid import UUID

from partnerflow.flow import Partnerflow
from partnerflow.partnership import Partnership
from partnerflow.ports import ChangeSet, Query, SearchEntry, SearchField, Store
from partnerflow.records import (
    Contact,
    Liaison,
    Need,
    Partner,
    Scope,
    Service,
)

from .fixtures import WHO, Fixtures, adopted, held_by, id_of, ids_of, near_by, serve


def text(*words: str) -> frozenset[tuple[SearchField, str]]:
    """Look for words in anything that is found by its text."""
    return frozenset(("text", word) for word in words)


def found_by(store: Store, **wanted: Any) -> list[UUID]:
    """Return the ids of what is found."""
    return [each.id for each, _ in store.find(Query(**wanted))]


def place(store: Store, begun: Partnership, *, service: str = "", contact: str = "", text: str = "") -> None:
    """Write by hand in which words a partnership is found, given field by field."""
    said: dict[SearchField, str] = {"service": service, "contact": contact, "text": text}
    words: set[tuple[SearchField, str]] = {(field, word) for field, several in said.items() for word in several.split()}
    with store.transaction() as tx:
        tx.snapshots([begun.id], lock=True)
        placed = SearchEntry(partnership_id=begun.id, sites=frozenset(), places=frozenset(), words=frozenset(words))
        tx.write(ChangeSet(search_entries=[placed]))


class SearchTests(Fixtures):
    """Search by everything that a query can have, in the order of ids; neighbours."""

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
