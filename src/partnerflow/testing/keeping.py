"""What a store must keep, and give back as it was: the first part of the contract, and what its tests stand on."""
# ruff: noqa: S101  these are tests

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import attrs
import pytest

from partnerflow.actors import Actor
from partnerflow.canonical import canonical, sha256
from partnerflow.errors import Refused
from partnerflow.flow import Partnerflow
from partnerflow.flow.loading import load_many
from partnerflow.history import Transition, entry_link, transition_link
from partnerflow.lifecycle import DEFAULT
from partnerflow.obligations import Judgement, Obligation
from partnerflow.partnership import DISTRICT, Partnership
from partnerflow.policies import Pack
from partnerflow.ports import ChangeSet, Erasure, IdempotencyRecord, Snapshot, Store
from partnerflow.records import (
    NO_END,
    Document,
    Entry,
    Insurance,
    Need,
    Partner,
    Service,
    Site,
    Unregistered,
)
from partnerflow.records.conversion import read_record

from .clock import TickingClock

START = datetime(2026, 9, 15, 15, 0, 0, 123456, tzinfo=UTC)
EVERYTHING_GOES = Pack(name="everything goes", version="1", rules=())
WHO = Actor("a.anderson", side="district", roles={"partnership_office"}, sites={"*"})
NOBODY = UUID(int=0xDEAD)
LIVE = DEFAULT.live
OVER = sorted(DEFAULT.final)
ODD = "Ünïcode “quotes” \\ ' \" % _ \n\t 子ども 🏫 \u2028"


def flow_over(store: Store, clock: TickingClock) -> Partnerflow:
    """Return a flow in which everybody may do everything."""
    return Partnerflow(store=store, pack=EVERYTHING_GOES, clock=clock)


def adopted(flow: Partnerflow, partner: Partner | None = None, since: date | None = None) -> Partnership:
    """Adopt a partnership as active."""
    return flow.adopt(partner or Partner(name="Riverbend"), state="active", since=since, by=WHO, reason="in place")


def serve(flow: Partnerflow, begun: Partnership, service: str, sites: set[str], areas: set[str]) -> Entry:
    """File a service."""
    record = Service(service=service, sites=frozenset(sites), content_areas=frozenset(areas))
    (entry,) = flow.file(begun.id, record, by=WHO)
    return entry


def id_of(entry: Entry) -> UUID:
    """Return the id of an entry that is on file."""
    assert entry.id is not None
    return entry.id


def owed(code: str, next_check_on: date | None = None) -> Obligation:
    """Make an obligation that holds."""
    return Obligation(code=code, title=f"what {code} asks", holds=True, due_on=None, next_check_on=next_check_on)


def judge(store: Store, begun: Partnership, digest: str, *owing: Obligation) -> None:
    """Write a judgement by hand."""
    with store.transaction() as tx:
        tx.snapshots([begun.id], lock=True)
        tx.write(ChangeSet(judgements=[Judgement(partnership_id=begun.id, digest=digest, obligations=owing)]))


def held_by(store: Store, partnership_id: UUID) -> Snapshot:
    """Read what a store holds of a partnership."""
    with store.reading() as tx:
        held = tx.snapshots([partnership_id]).get(partnership_id)
    assert held is not None
    return held


def receipt_of(reading: AbstractContextManager[Any], key: str) -> IdempotencyRecord | None:
    """Read what a key has done."""
    with reading as tx:
        found: IdempotencyRecord | None = tx.idempotency_records([key]).get(key)
    return found


def near_by(
    store: Store, places: set[tuple[str, str]], mine: Partnership, states: Sequence[str] = LIVE
) -> list[tuple[str, str, str]]:
    """Find the neighbours at *places*: whose they are, the partner's name, the service."""
    with store.reading() as tx:
        found = tx.neighbours(frozenset(places), apart_from=mine.id, states=states)
    return [(each.partnership_id, each.partner, each.service.service) for each in found]


def ids_of(store: Store) -> list[UUID]:
    """Return the id of every partnership, in order."""
    return [each.id for each, _ in store.find()]


def history_of(store: Store, partnership_id: UUID) -> list[Transition]:
    """Return every transition of a partnership, oldest first."""
    with store.reading() as tx:
        return list(tx.history(partnership_id))


def files_of(store: Store) -> dict[UUID, list[Entry]]:
    """Read every file, in the order of their ids, each as if it were asked for alone."""
    with store.audit() as audit:
        return {file_id: list(audit.entries(file_id)) for file_id in audit.file_ids()}


def all_of(store: Store) -> tuple[list[Any], list[Any], list[Any], list[Any], list[Any]]:
    """Return everything that a store lets anybody look over."""

    def of_each(look: Any) -> list[Any]:
        return [list(look(partnership_id)) for partnership_id in ids_of(store)]

    with store.audit() as audit:
        files = list(audit.entries())
    histories = [history_of(store, each) for each in ids_of(store)]
    return list(store.find()), files, histories, of_each(store.attempts), list(store.outgoing())


def write_much(flow: Partnerflow, begun: Sequence[UUID], entry: Entry) -> None:
    """Take steps, file, blank and begin."""
    for each in begun:
        flow.fire(each, "amend", by=WHO, reason="more")
        flow.file(each, Need(need="more"), by=WHO)
    flow.redact(begun[2], entries=[id_of(entry)], steps=[1], by=WHO, reason="names a student")
    adopted(flow)


class Keeping:
    """What is written is kept to the byte, and nothing else is there."""

    @pytest.fixture
    def clock(self) -> TickingClock:
        """Return a clock whose moments have microseconds."""
        return TickingClock(START)

    @pytest.fixture
    def flow(self, store: Store, clock: TickingClock) -> Partnerflow:
        """Return a flow over the store in which every step of the table may be taken."""
        return flow_over(store, clock)

    # --- one partnership --------------------------------------------------------------------------------------------

    def test_what_is_begun_is_held(self, flow: Partnerflow, store: Store) -> None:
        """A holding says where a partnership stands and how it came there."""
        begun = flow.propose(Partner(name="Riverbend", ids={"edfi": "19"}), by=WHO, reason=ODD)
        held = held_by(store, begun.id)
        (made,) = history_of(store, begun.id)
        assert held.partnership == begun == Partnership("intake", begun.id, begun.partner_id, begun.since, 1, None)
        assert held.moves == (made.move,)
        assert (held.recorded_at, held.link, held.lifecycle_version) == (made.recorded_at, made.link, made.lifecycle)
        assert made.move.by == WHO
        assert made.reason == ODD
        assert [entry.record for entry in held.partner_file] == [Partner(name="Riverbend", ids={"edfi": "19"})]
        assert (held.own_file, held.obligations, held.events) == ((), (), 1)

    def test_every_step_is_added_and_none_is_changed(self, flow: Partnerflow, store: Store) -> None:
        """The history grows by one transition a step, in order, and each comes back as it was written."""
        begun = adopted(flow)
        made = [flow.fire(begun.id, "amend", by=WHO, reason=f"{place} {ODD}") for place in range(3)]
        assert history_of(store, begun.id)[1:] == made
        assert [each.version for each in history_of(store, begun.id)] == [1, 2, 3, 4]
        assert all(each.link == transition_link(each) for each in history_of(store, begun.id))
        assert held_by(store, begun.id).partnership.version == 4
        assert held_by(store, begun.id).moves == tuple(each.move for each in history_of(store, begun.id))

    def test_partnership_that_succeeds_another_says_so(self, flow: Partnerflow, store: Store) -> None:
        """`since`, `succeeds` and the final state are kept."""
        ended = adopted(flow, since=date(2019, 8, 1))
        flow.fire(ended.id, "end", by=WHO, reason="term end")
        again = flow.propose(ended.partner_id, by=WHO, succeeds=ended.id)
        assert ended.since == date(2019, 8, 1)
        assert held_by(store, again.id).partnership.succeeds == ended.id
        assert held_by(store, ended.id).partnership.state == "terminated"
        with store.reading() as tx:
            theirs = tx.partner_files([ended.partner_id]).get(ended.partner_id)
        assert theirs is not None
        assert [each.id for each in theirs.partnerships] == sorted([ended.id, again.id])

    def test_refused_attempts_are_kept_beside_the_history(self, flow: Partnerflow, store: Store) -> None:
        """They come back whole, oldest first."""
        begun = adopted(flow)
        for trigger in ("approve", "renew_", "reinstate"):
            with pytest.raises(Refused):
                flow.fire(begun.id, trigger, by=WHO)
        kept = list(store.attempts(begun.id))
        assert [(each.trigger, each.source, each.by, each.codes) for each in kept] == [
            (trigger, "active", "a.anderson", ()) for trigger in ("approve", "renew_", "reinstate")
        ]
        assert [each.recorded_at for each in kept] == sorted(each.recorded_at for each in kept)
        assert len(history_of(store, begun.id)) == 1

    def test_what_nobody_wrote_is_not_there(self, store: Store) -> None:
        """An id that is not known is None or nothing, never an error of the store."""
        with store.reading() as tx:
            looked: list[Mapping[Any, object]] = [
                tx.snapshots([NOBODY]),
                tx.partner_files([NOBODY]),
                tx.obligations([NOBODY]),
            ]
            looked += [tx.idempotency_records(["no such key"]), tx.partners_known_as([("edfi", "19")])]
            assert list(map(dict, looked)) == [{}] * 5
            assert tx.file(NOBODY) == ()
            assert tx.neighbours(frozenset(), apart_from=NOBODY, states=LIVE) == ()
        with store.transaction() as tx:
            assert not tx.snapshots([NOBODY], lock=True)
            assert not tx.partner_files([NOBODY], lock=True)
            assert dict(tx.idempotency_records(["no such key"], lock=True)) == {}
            assert dict(tx.partners_known_as([("edfi", "19")], lock=True)) == {}
        for found in (history_of(store, NOBODY), store.attempts(NOBODY), store.find(), store.outgoing()):
            assert list(found) == []
        assert ids_of(store) == list(store.due(date.max, "", LIVE, OVER)) == []

    def test_everything_on_every_partnership_comes_in_the_order_of_ids(self, flow: Partnerflow, store: Store) -> None:
        """Each as if it were asked for alone, through any number of pages, with the partner's file for every one."""
        assert list(load_many(store)) == []
        shared = adopted(flow, Partner(name="Shares its file", ids={"edfi": "19"}))
        flow.file(shared.id, Insurance(line="general_liability"), Need(need=ODD), by=WHO)
        begun = [shared.id, *(flow.propose(shared.partner_id, by=WHO).id for _ in range(230)), adopted(flow).id]
        flow.fire(begun[7], "withdraw", by=WHO, reason=ODD)
        flow.fire(begun[8], "begin_vetting", by=WHO, reason=ODD)
        with store.transaction() as tx:
            tx.snapshots([begun[9]], lock=True)
            judged = Judgement(partnership_id=begun[9], digest="d1", obligations=(owed("A"), owed("B")))
            tx.write(ChangeSet(judgements=[judged]))
        alone = {each: held_by(store, each) for each in sorted(begun)}
        assert list(load_many(store)) == list(alone.values())
        assert len(alone[begun[9]].obligations) == 2
        open_ones = [each for each in alone.values() if each.partnership.state not in ("terminated", "vetting")]
        assert list(load_many(store, apart_from=["terminated", "vetting"])) == open_ones
        assert len(open_ones) == len(begun) - 2

    def test_a_part_of_the_partnerships_is_named_by_its_ends(self, flow: Partnerflow, store: Store) -> None:
        """After the first, up to and with the last; parts that meet hold each partnership once."""
        begun = sorted(adopted(flow).id for _ in range(5))

        def part(after: UUID | None, through: UUID | None) -> list[UUID]:
            return [holding.partnership.id for holding in load_many(store, after=after, through=through)]

        assert part(None, begun[1]) + part(begun[1], begun[3]) + part(begun[3], None) == begun
        assert (part(begun[1], begun[3]), part(begun[4], None), part(None, NOBODY)) == (begun[2:4], [], [])

    def test_nobody_who_writes_waits_for_whoever_looks_at_everything(self, flow: Partnerflow, store: Store) -> None:
        """What was written since is seen, where it has not been passed yet."""
        begun = sorted(adopted(flow).id for _ in range(230))
        looking = load_many(store, apart_from=["terminated"])
        assert next(looking).partnership.id == begun[0]
        flow.fire(begun[-1], "end", by=WHO, reason="term end")
        assert [holding.partnership.id for holding in looking] == begun[1:-1]

    # --- files ------------------------------------------------------------------------------------------------------

    def test_records_come_back_to_the_byte(self, flow: Partnerflow, store: Store) -> None:
        """The text is what is hashed, so not a byte of it may change; fields that nobody knows are kept too."""
        begun = adopted(flow)
        paper = Document("s3://bucket/ä b", "0" * 64)
        unknown = {"z": [1.5, None, "ß"], "a": 10**20}
        need = read_record("need", {"need": ODD, "populations": ["b", "a"], "unknown": unknown})
        cover = Insurance(line="general_liability", starts_on=date(2026, 1, 1), ends_on=NO_END)
        filed = flow.file(begun.id, need, cover, by=WHO, documents=[paper])
        held = held_by(store, begun.id)
        assert (held.own_file, held.partner_file[1:]) == (filed[:1], filed[1:])
        assert [entry.record for entry in (*held.own_file, *held.partner_file[1:])] == [need, cover]
        assert [entry.documents for entry in filed] == [(paper,), (paper,)]
        for entry, lying in zip(filed, (*held.own_file, *held.partner_file[1:]), strict=True):
            assert lying.text.encode() == entry.text.encode()
            assert lying.filed_by == WHO
        with store.reading() as tx:
            assert tx.file(begun.id) == filed[:1]
        flow.verify()

    def test_files_are_kept_apart_and_in_order(self, flow: Partnerflow, store: Store) -> None:
        """A partner's, a partnership's and the district's, each numbered from 1, through any number of pages."""
        begun = adopted(flow)
        flow.file(begun.id, *(Need(need=f"need {place}") for place in range(520)), by=WHO)
        flow.file(DISTRICT, Site(site="255901001", name="Grand Bend"), by=WHO)
        with store.audit() as audit:
            files = {whose: list(audit.entries(whose)) for whose in audit.file_ids()}
        assert list(files) == sorted([DISTRICT, begun.id, begun.partner_id])
        for file_id, entries in files.items():
            assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
            assert {entry.file_id for entry in entries} == {file_id}
        assert [entry.record for entry in files[begun.id]] == [Need(need=f"need {place}") for place in range(520)]
        assert [event.sequence for event in store.outgoing()] == list(range(1, 522))
        assert list(store.outgoing(begun.id)) == list(store.outgoing())
        assert list(store.outgoing(NOBODY)) == []

    def test_a_kind_that_nobody_registers_any_more_is_kept(self, flow: Partnerflow, store: Store) -> None:
        """Its text and its fields are there, and the chain holds."""
        begun = adopted(flow)
        fields = {"what": ODD, "how_many": 3}
        gone = Unregistered(kind="pledge_of_1998", fields=fields)
        entry = Entry(
            record=gone, id=UUID(int=7), filed_at=START, recorded_at=START, filed_by=WHO, version=1,
            text=canonical(fields), file_id=begun.id, seq=1,
        )  # fmt: skip
        entry = attrs.evolve(entry, link=entry_link(entry, ""))
        with store.transaction() as tx:
            tx.write(ChangeSet(entries=[entry]))
        assert held_by(store, begun.id).own_file == (entry,)
        assert flow.dossier(begun.id).entries[-1].kind == "pledge_of_1998"
        flow.verify()

    def test_moments_are_aware_and_exact(self, flow: Partnerflow, store: Store, clock: TickingClock) -> None:
        """UTC to the microsecond, from whatever zone they came."""
        begun = adopted(flow)
        clock.move_on(days=1)
        at = clock.peek().astimezone(timezone(timedelta(hours=-5, minutes=-30))) - timedelta(microseconds=1)
        step = flow.fire(begun.id, "amend", by=WHO, reason="more", at=at)
        (entry,) = flow.file(begun.id, Need(need="a"), by=WHO, at=at)
        with pytest.raises(Refused):
            flow.fire(begun.id, "approve", by=WHO, at=at)
        (attempt,) = store.attempts(begun.id)
        written = history_of(store, begun.id)[-1]
        lying = held_by(store, begun.id).own_file[0]
        for moment in (written.at, written.move.at, lying.filed_at, attempt.at, list(store.outgoing())[-1].time):
            assert moment is not None
            assert (moment, moment.utcoffset()) == (at, timedelta(0))
        assert (written.recorded_at, lying.recorded_at) == (step.recorded_at, entry.recorded_at)
        assert step.recorded_at.microsecond == START.microsecond

    def test_a_past_view_is_as_recorded_then(self, flow: Partnerflow, clock: TickingClock) -> None:
        """What was recorded later changes no earlier view."""
        begun = adopted(flow)
        flow.file(begun.id, Need(need="first"), by=WHO)
        past, mapping = clock.peek(), flow.dossier(begun.id, as_of=clock.peek()).to_mapping()
        clock.move_on(days=1)
        flow.file(begun.id, Need(need="second"), Partner(name="Renamed"), by=WHO)
        flow.fire(begun.id, "open_improvement_plan", by=WHO, reason="slow")
        assert flow.dossier(begun.id, as_of=past).to_mapping() == mapping
        assert flow.dossier(begun.id).partnership.state == "improvement_plan"

    # --- blanking and looking it all over ---------------------------------------------------------------------------

    def test_what_is_blanked_leaves_its_place_its_hash_and_its_link(self, flow: Partnerflow, store: Store) -> None:
        """The text of an entry, the reason and the decision of a step; all else of them stays, and all beside them."""
        begun, beside = adopted(flow), adopted(flow)
        paper = Document("s3://bucket/a", "0" * 64)
        for each in (begun, beside):
            flow.file(each.id, Need(need=ODD), Need(need="kept"), by=WHO, documents=[paper])
            flow.fire(each.id, "amend", by=WHO, reason=ODD)
        gone, made = held_by(store, begun.id).own_file[0], flow.history(begun.id)[1]
        flow.retract(begun.id, id_of(gone), by=WHO, reason="wrong")
        files, steps = files_of(store), {each.id: flow.history(each.id) for each in (begun, beside)}
        (said,) = flow.redact(begun.id, entries=[id_of(gone)], steps=[2], by=WHO, reason="names a student")
        unread = Unregistered(kind="need", fields={})
        blank = attrs.evolve(gone, record=unread, text="", redacted=sha256(gone.text))
        step = attrs.evolve(
            made, move=attrs.evolve(made.move, reason=None), decision="", reason_redacted=sha256(ODD),
            decision_redacted=sha256(made.decision),
        )  # fmt: skip
        assert (blank.link, blank.documents, blank.kind, step.link) == (gone.link, (paper,), "need", made.link)
        assert files_of(store) == {**files, begun.id: [blank, *files[begun.id][1:], said]}
        assert history_of(store, begun.id) == [steps[begun.id][0], step]
        assert history_of(store, beside.id) == steps[beside.id]
        held = held_by(store, begun.id)
        assert (held.own_file[0], held.moves[1], held.link) == (blank, step.move, made.link)
        with store.reading() as tx:
            lying = tx.file(begun.id)
            assert (lying[0], lying[-1]) == (blank, said)
        flow.verify()

    def test_attempts_are_forgotten_only_where_it_is_said(self, flow: Partnerflow, store: Store) -> None:
        """Those of one partnership, all of them."""
        begun, beside = adopted(flow), adopted(flow)
        for each in (begun, beside, begun):
            with pytest.raises(Refused):
                flow.fire(each.id, "approve", by=WHO)
        for forgotten, left in ((False, 2), (True, 0)):
            with store.transaction() as tx:
                tx.snapshots([begun.id], lock=True)
                tx.write(ChangeSet(erasure=Erasure(partnership_id=begun.id, attempts=forgotten)))
            assert [len(list(store.attempts(each.id))) for each in (begun, beside)] == [left, 1]

    def test_an_audit_gives_everything_that_is_chained_in_order(self, flow: Partnerflow, store: Store) -> None:
        """Partnerships and histories in the order of their ids, files in that of theirs; or one that is named."""
        with store.audit() as audit:
            every = (
                audit.partnerships(),
                audit.partnership_ids(),
                audit.transitions(),
                audit.file_ids(),
                audit.entries(),
            )
            assert [list(each) for each in every] == [[]] * 5
        begun = [adopted(flow) for _ in range(4)]
        for one in begun[::2]:
            flow.fire(one.id, "amend", by=WHO, reason=ODD)
            flow.file(one.id, Need(need="a"), Need(need="b"), Insurance(line="x"), by=WHO)
        flow.file(DISTRICT, Site(site="255901001", name="Grand Bend"), by=WHO)
        held = {each: held_by(store, each) for each in sorted(one.id for one in begun)}
        files = {each: holding.own_file for each, holding in held.items() if holding.own_file}
        files |= {holding.partnership.partner_id: holding.partner_file for holding in held.values()}
        with store.reading() as tx:
            files[DISTRICT] = tx.file(DISTRICT)
        entries = [entry for each in sorted(files) for entry in files[each]]
        with store.audit() as audit:
            assert list(audit.partnership_ids()) == list(held)
            assert list(audit.partnerships()) == [(each.partnership, each.link) for each in held.values()]
            assert list(audit.transitions()) == [made for each in held for made in history_of(store, each)]
            assert list(audit.file_ids()) == sorted(files)
            assert list(audit.entries()) == entries
            for each, holding in held.items():
                assert list(audit.partnerships(each)) == [(holding.partnership, holding.link)]
                assert list(audit.transitions(each)) == history_of(store, each)
            for whose, lying in files.items():
                assert tuple(audit.entries(whose)) == lying
            for nothing in (audit.partnerships(NOBODY), audit.transitions(NOBODY), audit.entries(NOBODY)):
                assert list(nothing) == []
            links = {(entry.file_id, entry.seq): entry.link for entry in entries if entry.file_id is not None}
            absent = {(NOBODY, 1), (begun[0].id, 0), (begun[0].id, 3)}
            assert dict(audit.links({*links, *absent})) == links
            assert dict(audit.links([])) == {}

    def test_an_audit_is_of_one_moment_and_nobody_who_writes_waits(self, flow: Partnerflow, store: Store) -> None:
        """What is written while somebody looks is not seen, neither what is new nor what is blanked."""
        begun = sorted(adopted(flow).id for _ in range(3))
        (entry,) = flow.file(begun[2], Need(need=ODD), by=WHO)
        flow.retract(begun[2], id_of(entry), by=WHO, reason="wrong")
        before = all_of(store)
        with ThreadPoolExecutor(1) as pool, store.audit() as audit:
            partnerships = audit.partnerships()
            first = next(partnerships)
            pool.submit(write_much, flow, begun, entry).result(timeout=60)
            seen = [first, *partnerships]
            assert [(each.version, link) for each, link in seen] == [(1, step[0].link) for step in before[2]]
            assert list(audit.transitions()) == [made for history in before[2] for made in history]
            assert list(audit.entries()) == before[1]
        assert [each.version for each, _ in store.find()] == [2, 2, 2, 1]
        flow.verify()
