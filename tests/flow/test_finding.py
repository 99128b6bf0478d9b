"""Whoever looks for partnerships finds them as people say things, as they stand now, in pages, on every store."""
# ruff: noqa: RUF001  letters that look alike are what is tested

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from itertools import product
from typing import Any
from uuid import UUID, uuid4

import attrs
import pytest

from partnerflow import Actor, Filing, InvalidRequest, Money, NotFound, Partner, Partnerflow
from partnerflow.adapters.memory import MemoryStore
from partnerflow.adapters.sqlalchemy import SQLAlchemyStore
from partnerflow.obligations import Judgement
from partnerflow.policies import Pack, load_pack
from partnerflow.ports import ChangeSet, SearchEntry, Store
from partnerflow.records import Contact, Insurance, Liaison, Need, Record, Scope, Service
from partnerflow.testing.clock import TickingClock

OFFICE = Actor("a.anderson", side="district", roles={"partnership_office"})
FREE = Pack(name="free", version="1", rules=())
pytestmark = pytest.mark.parametrize("store", ["memory", "sqlite", "postgresql", "mariadb"], indirect=True)
AS_OF_TODAY = ("site", "kind", "ids", "service", "contact", "text", "due_before")


@pytest.fixture
def flow(store: Any, clock: TickingClock) -> Partnerflow:
    return Partnerflow(store=store, pack=FREE, clock=clock)


def adopted(flow: Partnerflow, partner: Partner | UUID | str, *records: Record, state: str = "active") -> UUID:
    known = Partner(name=partner) if isinstance(partner, str) else partner
    begun = flow.adopt(known, state=state, by=OFFICE, reason="in place").id
    if records:
        flow.file(begun, *records, by=OFFICE)
    return begun


def ended(flow: Partnerflow, partnership_id: UUID) -> UUID:
    flow.fire(partnership_id, "end", by=OFFICE, reason="done")
    return partnership_id


def found(flow: Partnerflow, **wanted: Any) -> list[UUID]:
    return [each.id for each in flow.find(**wanted)]


def partner_of(flow: Partnerflow, partnership_id: UUID) -> UUID:
    return flow.dossier(partnership_id).partnership.partner_id


# --- as people say things --------------------------------------------------------------------------------------------

SAID: dict[str, tuple[str, str]] = {
    # on file: what finds it, and what does not
    "Riverbend Youth Center": ("river | YOUTH | center river | riverbend youth center | rivérbend", "end | youths"),
    "After-school tutoring": ("after-school | after school | afterschool | school | AFTER", "chool | tutoringly"),
    "afterschool snacks": ("afterschool | after", "school"),
    "O'Brien & Söhne GmbH": ("o'brien | O’Brien | obrien | brien | sohne | SÖHNE | o brien gmbh", "rien"),
    "José Núñez, Łódź": ("jose nunez | JOSÉ | núñez lodz | Jose\u0301", "jos x"),
    "Đặng Straße Ærø ırmak": ("dang | đặng | STRASSE | strasse | aero | Ærø | irmak | IRMAK", "rasse"),
    "college_advising": ("college_advising | college | advising | college advising | collegeadvising", "dvising"),
    "r.diaz@riverside.example": ("r.diaz@riverside.example | diaz | @riverside.example | riverside | R.DIAZ@", "iaz"),
    "(512) 555-0142": ("512 555 0142 | 5125550142 | 555-0142 | 5550142 | (512)555.0142 | 0142", "42 | 512550142"),
    "+1 737 555 0199": ("+1 737 | 17375550199 | 7375550199 | 737-555-0199 | 5550199", "0737"),
    "Hawaiʻi Keiki": ("hawaii | hawai'i | Hawaiʻi | keiki", "awaii"),
    "東京大学 センター": ("東京大学 | 大学 | 京 | センター | ンター", "大東"),
    "กรุงเทพ": ("กรุง | เทพ", "ทก"),
    "हिन्दी केन्द्र": ("हिन्दी | हिन् | केन्द्र", "न्दी"),
    "한국어 학교": ("한국어 | 학교 | 하 | 한국", "국어"),
    "שָׁלוֹם مُحَمَّد": ("שלום | שָׁלוֹם | محمد | مُحَمَّد", "לום"),
    "Привет Ёлка": ("привет | ПРИВЕТ | елка | ёлка", "ривет"),
    "100% free, 5² and ½": ("100% | 100 | free | 52", "00"),
    "𝒻𝓊𝓃 ﬁeld 𠮷野家": ("fun | field | FIELD | 𠮷 | 野家", "ield"),
    "a\tb\u00a0c\u2003d": ("a b c d | d c | b", "ab | cd"),
    "x" * 200: ("x | " + "x" * 64 + " | " + "x" * 300, "y"),
}  # fmt: skip


def test_a_text_is_found_as_people_write_it(flow: Partnerflow) -> None:
    whose = {text: adopted(flow, "Common Name", Need(need=text)) for text in SAID}
    for text, (finds, does_not) in SAID.items():
        for words in finds.split(" | "):
            assert whose[text] in found(flow, text=words), (words, text)
        for words in does_not.split(" | "):
            assert whose[text] not in found(flow, text=words), (words, text)
    assert found(flow, text="common") == sorted(whose.values())
    assert found(flow, text="O'Brien") == found(flow, text="obrien") == [whose["O'Brien & Söhne GmbH"]]


def test_words_are_looked_for_where_they_stand(flow: Partnerflow) -> None:
    club = adopted(
        flow,
        Partner(name="Riverbend", summary="mentors"),
        Service(service="tutoring", summary="in small groups", content_areas={"reading"}),
        Contact(name="Ines Moreno", title="director", email="ines@club.example", phone="555-0142"),
        Liaison(side="district", name="P. Park", contact="park@district.example"),
        Need(need="many read below grade"),
    )
    adopted(flow, "Hill")
    places = {
        "service": ("tutoring", "groups", "reading"),
        "contact": ("ines", "moreno", "director", "club.example", "5550142", "park", "district"),
        "": ("riverbend", "mentors", "below grade"),
    }
    for place, field in product(places, ("service", "contact", "text")):
        for words in places[place]:
            assert found(flow, **{field: words}) == ([club] if field in (place, "text") else []), (field, words)
    assert found(flow, service="tutoring", contact="ines", text="riverbend read") == [club]
    assert found(flow, service="tutoring", contact="ines", text="hill") == []
    assert flow.counts(contact="moreno", text="river")["active"] == 1


@pytest.mark.parametrize("field", ["service", "contact", "text"])
def test_without_a_word_or_with_too_many_nothing_is_looked_for(flow: Partnerflow, field: str) -> None:
    for nothing in ("", "  \n", "&%_*", "🏫", "\0", "\ud800"):
        for look in (flow.find, flow.counts):
            with pytest.raises(InvalidRequest, match=f"^{field}=.* has no word to look for: leave it out"):
                look(**{field: nothing})
    many = " ".join(f"w{number}" for number in range(16))
    everything = {"site": "s", "kind": "civic", "ids": {"a": "1", "b": "2"}, "state": "active"}
    partner = Partner(name="Q", kind="civic", ids={"a": "1", "b": "2"})
    begun = adopted(flow, partner, Need(need=many), Contact(name=many), Service(service=many), Scope(sites={"s"}))
    assert found(flow, **{field: many}) == found(flow, **{field: many}, **everything) == [begun]
    with pytest.raises(InvalidRequest, match=f"^{field}=17 words: 16 are the most that can be looked for at once"):
        flow.find(**{field: many + " more"})
    with pytest.raises(InvalidRequest, match=r"^service, text=17 words: "):
        flow.counts(service=many, text="more")


def test_what_no_database_keeps_is_found_in_none(flow: Partnerflow) -> None:
    begun = adopted(flow, Partner(name="a b", kind="a", ids={"s": "a"}), Scope(sites={"a"}), Need(need="a b"))
    for bad in ("\0", "a\0", "\ud800", "a\udfff", "a" * 5000, "a ", "A", "%", "_"):
        for wanted in ({"state": bad}, {"site": bad}, {"kind": bad}, {"ids": {"s": bad}}, {"ids": {bad: "a"}}):
            assert found(flow, **wanted) == [], ascii(bad)
            assert "state" in wanted or set(flow.counts(**wanted).values()) == {0}
    assert found(flow, text="a\0b") == found(flow, text="a\ud800b") == [begun]
    assert found(flow, as_of=flow.clock(), state="\0") == []


# --- as things stand now ---------------------------------------------------------------------------------------------


def test_words_follow_every_change_of_what_stands_on_file(flow: Partnerflow) -> None:
    one = adopted(
        flow, "Alpha", Service(service="choir", summary="evenings"), Contact(name="Ines", email="i@one.example")
    )
    flow.file(one, Service(service="choir", summary="mornings"), Contact(name="Ines", email="i@two.example"), by=OFFICE)
    assert (found(flow, service="evenings"), found(flow, contact="one.example")) == ([], [])
    assert found(flow, service="choir mornings", contact="ines two.example") == [one]
    need, contact = flow.file(one, Need(need="warmth"), Contact(name="Omar"), by=OFFICE)
    assert found(flow, text="warmth omar") == [one]
    for entry in (need, contact):
        flow.retract(one, entry.id, by=OFFICE, reason="wrong")
    assert found(flow, text="warmth") == found(flow, text="omar") == []
    assert found(flow, text="alpha choir") == [one]
    flow.redact(one, entries=[need.id, contact.id], by=OFFICE, reason="names somebody")
    assert found(flow, text="omar") == []
    assert found(flow, text="alpha choir ines") == [one]


def test_a_change_of_the_partner_reaches_all_its_partnerships_those_that_ended_too(flow: Partnerflow) -> None:
    first = adopted(flow, "Alpha", Contact(name="Ines"))
    partner_id = partner_of(flow, first)
    second = ended(flow, adopted(flow, partner_id, Need(need="choir")))
    third = adopted(flow, partner_id)
    other = adopted(flow, "Hill")
    every = sorted([first, second, third])
    assert found(flow, text="alpha ines") == every
    (omar,) = flow.file(first, Partner(name="Beta"), Contact(name="Omar"), by=OFFICE)[1:]
    assert (found(flow, text="alpha"), found(flow, text="beta"), found(flow, contact="omar")) == ([], every, every)
    flow.retract(third, omar.id, by=OFFICE, reason="has left")
    assert (found(flow, contact="omar"), found(flow, contact="ines")) == ([], every)
    assert found(flow, text="beta choir") == [second]
    assert found(flow, text="hill") == [other]
    ended_one = next(flow.find(state="terminated"))
    assert (ended_one.id, ended_one.version) == (second, 2)


def test_a_change_by_the_lot_reaches_them_all_as_well(flow: Partnerflow) -> None:
    first = adopted(flow, "Alpha")
    second = ended(flow, adopted(flow, partner_of(flow, first)))
    filings = [Filing(first, [Partner(name="Beta")]), Filing(adopted(flow, "Hill"), [Need(need="choir")])]
    assert {done.outcome for done in flow.file_many(filings, by=OFFICE, key="k")} == {"done"}
    assert (found(flow, text="alpha"), found(flow, text="beta")) == ([], sorted([first, second]))


def test_a_step_leaves_what_it_is_found_by(flow: Partnerflow) -> None:
    one = adopted(flow, "Alpha", Need(need="choir"), Scope(sites={"s1"}))
    for trigger in ("amend", "open_improvement_plan", "end"):
        flow.fire(one, trigger, by=OFFICE, reason="r")
        assert found(flow, text="alpha choir", site="s1") == [one]


def test_nothing_that_was_purged_is_found_by_its_words(flow: Partnerflow, clock: TickingClock) -> None:
    keeps = Partnerflow(store=flow.store, pack=attrs.evolve(FREE, retention_months=12), clock=clock)
    one = adopted(keeps, "Alpha", Contact(name="Ines"), Need(need="choir"), Scope(sites={"s1"}))
    two = adopted(keeps, partner_of(keeps, one), Need(need="warmth"))
    ended(keeps, one)
    clock.move_on(days=800)
    before = keeps.today() - timedelta(days=1)
    assert [each.partnership_id for each in keeps.purge(before=before, by=OFFICE, reason="over")] == [one]
    assert (found(keeps, text="choir"), found(keeps, contact="ines")) == ([], sorted([one, two]))
    ended(keeps, two)
    clock.move_on(days=800)
    list(keeps.purge(before=keeps.today() - timedelta(days=1), by=OFFICE, reason="over"))
    assert found(keeps, contact="ines") == found(keeps, text="warmth") == []
    assert found(keeps, text="alpha") == sorted([one, two])


def test_what_an_older_release_wrote_no_words_for_is_found_after_a_sweep_or_the_next_change(flow: Partnerflow) -> None:
    going, moved, filed, over = (adopted(flow, name, Scope(sites={"s"})) for name in ("One", "Two", "Three", "Four"))
    ended(flow, over)
    for each in (going, moved, filed, over):
        with flow.store.transaction() as tx:
            tx.snapshots([each], lock=True)
            bare = SearchEntry(partnership_id=each, sites=frozenset({"s"}), places=frozenset())
            unjudged = Judgement(partnership_id=each, digest="", obligations=())
            tx.write(ChangeSet(search_entries=[bare], judgements=[unjudged]))
    assert [found(flow, text=name) for name in ("one", "two", "three", "four")] == [[], [], [], []]
    flow.fire(moved, "amend", by=OFFICE, reason="r")
    flow.file(filed, Insurance(line="other"), by=OFFICE)
    assert [found(flow, text=name) for name in ("one", "two", "three", "four")] == [[], [moved], [filed], []]
    assert flow.sweep().notices == ()
    assert [found(flow, text=name) for name in ("one", "four")] == [[going], [over]]
    assert list(flow.store.due(flow.today(), FREE.digest, flow.lifecycle.live, sorted(flow.lifecycle.final))) == []


# --- what is due -----------------------------------------------------------------------------------------------------


def test_due_before_is_what_ends_before_that_day_or_has_whether_or_not_it_was_swept(
    store: Any, clock: TickingClock
) -> None:
    default = load_pack("default")
    only = Pack(name="only", version="1", rules=(default.by_code["SAFE-002"],))
    flow = Partnerflow(store=store, pack=only, clock=clock)

    def cover(year: int) -> Insurance:
        return Insurance(
            line="general_liability", per_occurrence=Money.of(1_000_000, "USD"), aggregate=Money.of(2_000_000, "USD"),
            starts_on=date(year, 1, 1), ends_on=date(year, 12, 31),
        )  # fmt: skip

    covered, later = adopted(flow, "Alpha", cover(2026)), adopted(flow, "Beta", cover(2026), cover(2027))
    adopted(flow, "Never covered")
    over = adopted(flow, "Over", cover(2026))
    ended(flow, over)

    def due(day: date) -> list[UUID]:
        assert sum(flow.counts(due_before=day).values()) == len(found(flow, due_before=day))
        return found(flow, due_before=day)

    lapses, both = date(2026, 12, 31), sorted([covered, later])
    for _ in range(2):
        assert [due(day) for day in (date(2026, 12, 1), lapses, date(2027, 1, 1))] == [[], [], [covered]]
        assert [due(day) for day in (date(2027, 12, 31), date(2028, 1, 1))] == [[covered], both]
        flow.sweep()
    clock.move_to(datetime(2027, 1, 1, 12, tzinfo=UTC))
    for _ in range(2):  # it lapsed, and is still to be seen to; on the morning before the sweep as on that after it
        assert [due(day) for day in (lapses, date(2027, 1, 1), date(2028, 1, 1))] == [[], [covered], both]
        assert [notice.telling for notice in flow.sweep().notices] in (["missed"], [])
    flow.file(covered, cover(2027), by=OFFICE)
    assert [due(day) for day in (date(2027, 1, 1), date(2028, 1, 1))] == [[], both]


# --- as of a moment --------------------------------------------------------------------------------------------------


def test_a_list_as_of_any_moment_is_what_each_dossier_of_that_moment_says(
    flow: Partnerflow, clock: TickingClock
) -> None:
    moments: list[datetime] = []

    def note() -> None:
        moments.append(clock.peek())
        clock.move_on(days=1)

    note()
    one = flow.propose(Partner(name="A"), by=OFFICE)
    note()
    two = flow.adopt(one.partner_id, state="active", since=date(2019, 8, 1), by=OFFICE, reason="in place")
    flow.fire(one.id, "begin_vetting", by=OFFICE)
    note()
    flow.fire(two.id, "amend", by=OFFICE, reason="more")
    three = flow.propose(Partner(name="B"), by=OFFICE)
    flow.fire(one.id, "return_to_intake", by=OFFICE, reason="more is needed")
    note()
    flow.fire(two.id, "end", by=OFFICE, reason="done")
    flow.fire(three.id, "decline", by=OFFICE, reason="no")
    flow.redact(two.id, steps=[1, 2], by=OFFICE, reason="names somebody")
    note()
    ids = sorted([one.id, two.id, three.id])
    for moment in moments:
        stood = []
        for each in ids:
            try:
                stood.append(flow.dossier(each, as_of=moment).partnership)
            except NotFound:
                continue
        assert list(flow.find(as_of=moment)) == stood
        elsewhere = moment.astimezone(timezone(timedelta(hours=5, minutes=45)))
        assert list(flow.find(as_of=elsewhere)) == stood
        for state in ("intake", "vetting", "active", "terminated", "no such state"):
            expected = [p for p in stood if p.state == state]
            assert list(flow.find(as_of=moment, state=state)) == expected
            of_one = [p for p in expected if p.partner_id == one.partner_id]
            assert list(flow.find(as_of=moment, state=state, partner=one.partner_id)) == of_one
        for after, limit in product([None, *ids, uuid4()], [0, 1, 2, 9]):
            beyond = [p for p in stood if after is None or p.id > after][:limit]
            assert list(flow.find(as_of=moment, after=after, limit=limit)) == beyond
    assert list(flow.find(as_of=moments[-1])) == list(flow.find())


def test_a_list_as_of_a_moment_takes_nothing_that_is_known_of_today_only(flow: Partnerflow) -> None:
    wanted = {"ids": {"s": "1"}, "due_before": date(2026, 9, 1)}
    for name in AS_OF_TODAY:
        with pytest.raises(InvalidRequest, match=r"^as_of=.* goes with state, partner, after and limit"):
            flow.find(as_of=flow.clock(), **{name: wanted.get(name, "a")})
    with pytest.raises(InvalidRequest, match=r"^as_of=2026-09-01T08:00:00: has no time zone"):
        flow.find(as_of=datetime(2026, 9, 1, 8))  # noqa: DTZ001  that is what is refused


# --- pages -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wanted", [{}, {"site": "s"}, {"text": "club ines"}, {"state": "active"}], ids=str)
def test_pages_give_each_that_stays_once_while_others_write(flow: Partnerflow, wanted: dict[str, str]) -> None:
    def begun() -> UUID:
        return adopted(flow, "Club", Scope(sites={"s"}), Contact(name="Ines"))

    stay = [begun() for _ in range(9)]
    leave = [begun() for _ in range(3)]
    seen: list[UUID] = []
    page = found(flow, limit=3, **wanted)
    while len(page) == 3 and len(seen) < 30:
        seen += page
        flow.fire(stay[len(seen) % 9], "amend", by=OFFICE, reason="more")
        if leave:
            flow.file(leave[-1], Partner(name="Hill"), Scope(sites={"t"}), by=OFFICE)
            ended(flow, leave.pop())
        begun()
        page = found(flow, limit=3, after=page[-1], **wanted)
    assert seen == sorted(set(seen))
    assert set(stay) <= set(seen)


def test_a_limit_and_an_id_to_go_on_after_are_taken_as_they_are(flow: Partnerflow) -> None:
    ids = sorted(adopted(flow, f"Club {number}", Scope(sites={"s"})) for number in range(5))
    for wanted in ({}, {"site": "s"}, {"text": "club"}, {"kind": None}, {"as_of": flow.clock()}):
        assert found(flow, limit=0, **wanted) == []
        assert found(flow, limit=2, **wanted) == ids[:2]
        assert found(flow, limit=99, after=ids[1], **wanted) == ids[2:]
        assert found(flow, after=UUID(int=ids[1].int + 1), **wanted) == ids[2:]
        assert found(flow, after=UUID(int=0), **wanted) == ids
        assert found(flow, after=UUID(int=2**128 - 1), **wanted) == found(flow, after=ids[-1], limit=3, **wanted) == []


def test_what_is_no_id_no_day_and_no_limit_is_refused_by_name(flow: Partnerflow) -> None:
    for name in ("after", "partner"):
        with pytest.raises(InvalidRequest, match=f"^{name}='xyz': must be a UUID"):
            flow.find(**{name: "xyz"})
    with pytest.raises(InvalidRequest, match=r"^limit=-1: must be 0 or more"):
        flow.find(limit=-1)
    for look in (flow.find, flow.counts):
        with pytest.raises(InvalidRequest, match=r"^due_before=.* must be a day"):
            look(due_before=flow.clock())


# --- counts and tenants ----------------------------------------------------------------------------------------------


def test_counts_are_of_what_is_found_in_the_order_of_the_table(flow: Partnerflow) -> None:
    kinds, states = ("civic", "health"), ("active", "onboarding", "active", "improvement_plan")
    for number, (kind, state) in enumerate(product(kinds, states)):
        partner = Partner(name=f"Club {number}", kind=kind, ids={"s": f"{number}"})
        adopted(flow, partner, Scope(sites={f"s{number % 3}", "all"}), Service(service="choir"), state=state)
    ended(flow, found(flow, kind="civic")[0])
    cases: tuple[dict[str, Any], ...] = (
        {}, {"site": "all"}, {"site": "s1"}, {"kind": "civic"}, {"kind": "civic", "site": "s2"}, {"ids": {"s": "5"}},
        {"text": "club"}, {"text": "club 3"}, {"service": "choir", "kind": "health"}, {"partner": uuid4()},
        {"due_before": date.max}, {"site": "nowhere"},
    )  # fmt: skip
    for wanted in cases:
        counts = flow.counts(**wanted)
        assert list(counts) == list(flow.lifecycle.states)
        assert counts == {state: len(found(flow, state=state, **wanted)) for state in flow.lifecycle.states}
    assert flow.counts() == {
        "intake": 0, "vetting": 0, "onboarding": 2, "active": 3, "improvement_plan": 2, "terminated": 1,
    }  # fmt: skip


def of_tenant(store: Any, name: str) -> Store:
    return (
        SQLAlchemyStore(store.engine, tenant=name) if isinstance(store, SQLAlchemyStore) else MemoryStore(tenant=name)
    )


def test_tenants_find_only_their_own(store: Any, clock: TickingClock) -> None:
    default = load_pack("default")
    only = Pack(name="only", version="1", rules=(default.by_code["SAFE-002"],))
    flows = [
        Partnerflow(store=of_tenant(store, name), pack=only, clock=clock) for name in ("north", "North", "default")
    ]
    cover = Insurance(
        line="general_liability", per_occurrence=Money.of(1_000_000, "USD"), aggregate=Money.of(2_000_000, "USD"),
        starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31),
    )  # fmt: skip
    whole = Partner(name="Riverbend", kind="civic", ids={"s": "1"})
    records = (Scope(sites={"s"}), Service(service="choir"), Contact(name="Ines"), cover)
    ids = [adopted(flow, whole, *records) for flow in flows]
    wanted: tuple[dict[str, Any], ...] = (
        {}, {"state": "active"}, {"site": "s"}, {"site": "*"}, {"kind": "civic"}, {"ids": {"s": "1"}},
        {"service": "choir"}, {"contact": "ines"}, {"text": "riverbend"}, {"due_before": date(2027, 1, 1)},
        {"as_of": clock.peek()},
    )  # fmt: skip
    for flow, mine in zip(flows, ids, strict=True):
        for each in wanted:
            assert found(flow, **each) == [mine], each
        for theirs in set(ids) - {mine}:
            of_theirs = next(partner_of(f, theirs) for f, i in zip(flows, ids, strict=True) if i == theirs)
            assert found(flow, partner=of_theirs) == found(flow, partner=of_theirs, as_of=clock.peek()) == []
        assert sum(flow.counts().values()) == 1


def test_within_a_transaction_of_the_host_what_is_written_there_is_found(store: Any, clock: TickingClock) -> None:
    if not isinstance(store, SQLAlchemyStore):
        with pytest.raises(InvalidRequest, match="joins no transaction"):
            Partnerflow(store=store, pack=FREE, clock=clock).within(object())
        return
    flow = Partnerflow(store=store, pack=FREE, clock=clock)
    with store.engine.connect() as connection:
        joined = flow.within(connection)
        one = adopted(joined, "Riverbend", Need(need="choir"))
        assert found(joined, text="river choir") == found(joined, as_of=clock.peek()) == [one]
        assert joined.counts(text="river")["active"] == 1
        connection.rollback()
    assert found(flow, text="river") == found(flow) == []
