"""Law 9, over the flow and the stores: who is judged does not clear itself, whatever it calls in whatever order.

Two stores see one sequence of calls, some of the district's side and some of the partner. Each call of the partner is
followed by the question whether something passes now that did not before it, though it failed on what the district's
side filed or confirmed, or on a fact or a kind that waits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import attrs
import pytest
from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from sqlalchemy import Engine, create_engine

from partnerflow import (
    Actor,
    Confirming,
    Dossier,
    Entry,
    Filing,
    Partner,
    Partnerflow,
    PartnerflowError,
    gate,
    load_pack,
)
from partnerflow.adapters.memory import MemoryStore
from partnerflow.adapters.sqlalchemy import SQLAlchemyStore, open_store
from partnerflow.dossier import RecordIndex, confirmed_by, weigh_partner
from partnerflow.partnership import Partnership
from partnerflow.records import (
    BackgroundCheck,
    Evaluation,
    Person,
    Record,
    Scope,
    Service,
    Unregistered,
    Waiver,
    WaiverRequest,
    kinds,
)
from partnerflow.records.registry import key_of
from partnerflow.testing import BOARD, EXAMPLE_DAY, OFFICE, example_dossier, example_records, records

PACK = load_pack("default")
START = datetime(EXAMPLE_DAY.year, EXAMPLE_DAY.month, EXAMPLE_DAY.day, 15, tzinfo=UTC)
THEIRS = sorted(PACK.roles["partner"].file)
OURS = sorted(name for name, cls in kinds().items() if cls.kind_info.about != "district")
OURS = [name for name in OURS if name not in ("retraction", "redaction", "confirmation")]
ADDS = {"REG-002": "a contact counts at once"}
"""Policies that the partner may mend although the district's word on it failed, each with the reason."""
BY_FACTS = {"SAFE-001", "TRN-001", "SAFE-003", "SVC-002", "SCH-001", "LIA-002"}
"""Policies that go by facts which wait: who meets students, where, and when."""
FACTS = (Person, Service, Scope)


def words_of(code: str, example: str) -> tuple[Record, ...]:
    """Return what the example of a policy has on file, or what of it the partner may file."""
    dossier = PACK[code].policy.example(example).dossier()
    return (*(entry.record for entry in dossier.entries), dossier.partner)


CODES = [rule.policy.code for rule in PACK if "active" in rule.holds_in]
PASSING = {code: tuple(r for r in words_of(code, "passing") if r.kind_info.name in THEIRS) for code in CODES}
"""For each policy, what the partner may file of what it passes with."""
FAILING = [
    tuple(r for r in words_of(code, example) if r not in words_of(code, "passing") and r.kind_info.name in OURS)
    for code in CODES
    for example in ("failing", "missing")
]
FAILING = [words for words in dict.fromkeys(FAILING) if any(record.kind_info.name in THEIRS for record in words)]
"""What a policy fails with, where the partner may file such words too."""
KEYS = st.sampled_from([None, None, "k1", "k2"])

Call = Callable[[Partnerflow], Any]


def outcome(call: Call, flow: Partnerflow) -> tuple[str, Any]:
    """Return what a call returned, or what it raised, as it can be compared with that of another store."""
    try:
        return "returned", call(flow)
    except PartnerflowError as error:
        return type(error).__name__, str(error)


@st.composite
def fileable(draw: st.DrawFn, kind: str) -> Any:
    """Return a record of a kind that, most often, nobody is refused for its shape."""
    drawn = [draw(records(kind)) for _ in range(3)]
    return next(filter(reads_back, drawn), drawn[0])


def reads_back(record: Record) -> bool:
    try:
        gate.read_back(record)
    except PartnerflowError:
        return False
    return True


LEAST: dict[str, Any] = {"if_true": False, "if_false": True}


def as_little_as_may_be(record: Record) -> Any:
    """Return a record with every fact that decides what is asked as small as it can be."""
    asks = record.kind_info.asks.items()
    return attrs.evolve(
        record,
        **{
            name: LEAST[how] if how in LEAST else type(value)()
            for name, how in asks
            if (value := getattr(record, name)) is not None and how != "any"
        },
    )


def firm(entries: Sequence[Entry]) -> list[Entry]:
    """Return the words that the district's side stands behind."""
    confirmed = confirmed_by(entries)
    return [entry for entry in entries if not entry.is_partners or entry.id in confirmed]


class Clearing(RuleBasedStateMachine):
    """A partner with two partnerships, and the district's side."""

    engine: Engine | None = None
    """Of a server; None: a SQLite database of our own."""

    def __init__(self) -> None:
        super().__init__()
        engine = self.engine
        tenant = "default" if engine is None else str(uuid4())
        self.sql = open_store("sqlite:///:memory:") if engine is None else SQLAlchemyStore(engine, tenant=tenant)
        self.now = START
        self.flows: list[Partnerflow] = []
        for store in (MemoryStore(tenant=tenant), self.sql):
            numbers = count(1)
            new_id = lambda numbers=numbers: UUID(int=next(numbers))  # noqa: E731
            self.flows.append(Partnerflow(store=store, pack=PACK, clock=lambda: self.now, new_id=new_id))
        self.numbers = count(1)

    def teardown(self) -> None:
        for flow in self.flows:
            flow.verify()
        if self.engine is None:
            self.sql.engine.dispose()

    def both(self, call: Call) -> tuple[str, Any]:
        """Call the same on both, which must answer the same."""
        got = [outcome(call, flow) for flow in self.flows]
        assert got[0] == got[1]
        event(got[0][0])
        return got[0]

    @initialize()
    def two_run(self) -> None:
        """Two partnerships of one partner run, with everything on file that they need."""
        example = [
            attrs.evolve(record, evaluated_on=EXAMPLE_DAY) if isinstance(record, Evaluation) else record
            for record in example_records("active")
        ]
        partner: Any = example_dossier().partner
        self.running: list[UUID] = []
        for _ in range(2):
            who = partner
            _, made = self.both(lambda flow: flow.adopt(who, state="active", by=OFFICE, reason="in place"))  # noqa: B023
            assert isinstance(made, Partnership)
            partner = made.partner_id
            assert self.both(lambda flow: flow.file(made.id, *example, by=OFFICE))[0] == "returned"  # noqa: B023
            self.running.append(made.id)
        self.rep = Actor("i.moreno", "partner", {"partner"}, partner_id=partner)

    # --- looking ----------------------------------------------------------------------------------------------------

    @property
    def today(self) -> Any:
        return self.flows[0].today()

    def on_file(self, partnership_id: UUID) -> tuple[Entry, ...]:
        return self.flows[0].entries_of(partnership_id)

    def of_the_district(self, dossier: Dossier, entries: Sequence[Entry]) -> Dossier:
        """Return the dossier as it would be if the partner had said nothing that the district did not confirm."""
        partner_file = [entry for entry in entries if entry.file_id == dossier.partnership.partner_id]
        own = firm(partner_file)
        weighed = weigh_partner([e for e in own if isinstance(e.record, (Partner, Unregistered))])
        ids = {entry.id for entry in firm(entries)}
        index = RecordIndex([entry for entry in dossier.entries if entry.id in ids], PACK.confirm)
        partner = dossier.partner if weighed is None else weighed.partner
        return attrs.evolve(dossier, partner=partner, on_file=index, partner_word=None)

    def stuck(self, partnership_id: UUID) -> set[str]:
        """Return what must not pass after a call of the partner: what does not pass now, for such a reason."""
        flow = self.flows[0]
        dossier = flow.dossier(partnership_id)
        if dossier.partnership.state in flow.lifecycle.final:
            return set()
        report = flow.explain(partnership_id)
        wrong = {finding.code for finding in report.findings if not finding.is_ok}
        district = self.of_the_district(dossier, self.on_file(partnership_id))
        failed = {f.code for f in PACK.evaluate(district, self.today).findings if f.outcome == "failed"}
        found = (wrong & failed) - ADDS.keys()
        if self.has_facts(district):
            found |= wrong & {"SAFE-001"}
        return found

    @staticmethod
    def has_facts(dossier: Dossier) -> bool:
        """Return whether it is on file who meets students: to name the first one mends that nobody has said so."""
        return any(person.direct_contact for person in dossier.all(Person))

    @contextmanager
    def no_clearing(self, *, also: set[str] | None = None) -> Iterator[None]:
        """Hold that nothing passes after what the partner does that must not; *also* names more that must not."""
        before = {each: self.stuck(each) for each in self.running}
        wrong = {each: self.wrong(each) & (also or set()) for each in self.running}
        yield
        for each in self.running:
            state = self.flows[0].dossier(each).partnership.state
            if state in self.flows[0].lifecycle.final:
                continue
            now = self.wrong(each)
            assert before[each] | wrong[each] <= now, (before[each] | wrong[each]) - now
            reports = [flow.explain(each).to_data() for flow in self.flows]
            assert reports[0] == reports[1]
            waiting = [[word.entry.id for word in flow.dossier(each).waiting] for flow in self.flows]
            assert waiting[0] == waiting[1]

    def wrong(self, partnership_id: UUID) -> set[str]:
        return {finding.code for finding in self.flows[0].explain(partnership_id).findings if not finding.is_ok}

    def wrong_by_facts(self, partnership_id: UUID) -> set[str]:
        """Return SAFE-001 where it does not pass by who meets students, whatever checks of the partner's wait."""
        dossier = self.flows[0].dossier(partnership_id)
        confirmed = confirmed_by(dossier.entries)
        kept = [e for e in dossier.entries if e.kind != "background_check" or not e.is_partners or e.id in confirmed]
        report = PACK.evaluate(attrs.evolve(dossier, on_file=RecordIndex(kept, PACK.confirm)), self.today)
        by_facts = {"SAFE-001"} if self.states_facts(partnership_id) else set[str]()
        return by_facts & {finding.code for finding in report.findings if not finding.is_ok}

    def in_another_way(self, data: st.DataObject, place: int) -> Record:
        """Return a record on file that the partner may file too, with one field changed."""
        standing = [
            entry.record
            for entry in self.flows[0].dossier(self.running[place]).entries
            if not isinstance(entry.record, Unregistered) and entry.kind in THEIRS
        ]
        record = data.draw(st.sampled_from([*standing, self.flows[0].dossier(self.running[place]).partner]))
        other = data.draw(fileable(record.kind_info.name))
        fields = [field.name for field in attrs.fields(type(record)) if field.name not in record.kind_info.key]
        return attrs.evolve(record, **{(field := data.draw(st.sampled_from(fields))): getattr(other, field)})

    # --- the district's side ----------------------------------------------------------------------------------------

    @rule(place=st.integers(0, 1), words=st.sampled_from(FAILING), by=st.sampled_from([OFFICE, BOARD]))
    def the_district_files_what_a_policy_fails_with(self, place: int, words: Sequence[Record], by: Actor) -> None:
        self.both(lambda flow: flow.file(self.running[place], *words, by=by))

    @rule(data=st.data(), place=st.integers(0, 1), kind=st.sampled_from(OURS))
    def the_district_files_anything(self, data: st.DataObject, place: int, kind: str) -> None:
        record = data.draw(fileable(kind))
        self.both(lambda flow: flow.file(self.running[place], record, by=OFFICE))

    @rule(data=st.data(), place=st.integers(0, 1))
    def the_district_files_what_is_on_file_in_another_way(self, data: st.DataObject, place: int) -> None:
        record = self.in_another_way(data, place)
        self.both(lambda flow: flow.file(self.running[place], record, by=OFFICE))

    @rule(place=st.integers(0, 1), person=st.sampled_from(["j.rivera", "l.chen"]))
    def the_district_files_an_adverse_check(self, place: int, person: str) -> None:
        against = BackgroundCheck(person=person, result="not_clear", cleared_on=self.today)
        self.both(lambda flow: flow.file(self.running[place], against, by=OFFICE))

    @rule(data=st.data(), place=st.integers(0, 1), kind=st.sampled_from(THEIRS))
    def the_office_types_in_what_the_partner_says_first(self, data: st.DataObject, place: int, kind: str) -> None:
        """On what the district has no word of its own: on that, it would let the partner's next word count."""
        record = data.draw(fileable(kind))
        words = firm(self.on_file(self.running[place]))
        key = (type(record), *key_of(record))
        said = [(type(e.record), *key_of(e.record)) for e in words if not isinstance(e.record, Unregistered)]
        if isinstance(record, Partner) or key in said:
            return
        self.both(lambda flow: flow.file(self.running[place], record, by=OFFICE, word_of="partner"))

    @rule(data=st.data(), place=st.integers(0, 1), many=st.booleans())
    def the_district_confirms(self, data: st.DataObject, place: int, *, many: bool) -> None:
        dossier = self.flows[0].dossier(self.running[place])
        theirs = [word.entry.id for word in dossier.waiting]
        theirs += [entry.id for entry in self.on_file(self.running[place]) if entry.is_partners]
        if not theirs:
            return
        ids: Any = data.draw(st.lists(st.sampled_from(theirs), min_size=1, max_size=2, unique=True))
        if many:
            items = [Confirming(self.running[place], ids)]
            key = f"c{next(self.numbers)}"
            self.both(lambda flow: [done.work for done in flow.confirm_many(items, by=BOARD, key=key)])
        else:
            self.both(lambda flow: flow.confirm(self.running[place], *ids, by=OFFICE))

    @rule(place=st.integers(0, 1), kind=st.sampled_from(["background_check", "insurance", "training", "licence"]))
    def the_district_takes_back_a_kind_and_the_partner_answers(self, place: int, kind: str) -> None:
        for entry in self.flows[0].dossier(self.running[place]).entries:
            if entry.kind == kind:
                self.both(lambda flow: flow.retract(self.running[place], entry.id, by=OFFICE, reason="x"))  # type: ignore[arg-type]  # noqa: B023
        self.the_partner_answers_what_is_wrong(place, None, bulk=False)

    @rule(place=st.integers(0, 1))
    def the_district_confirms_everything(self, place: int) -> None:
        ids = [entry.id for entry in self.on_file(self.running[place]) if entry.is_partners and entry.id]
        if ids:
            self.both(lambda flow: flow.confirm(self.running[place], *ids, by=OFFICE))

    @rule(data=st.data(), place=st.integers(0, 1), blank=st.booleans())
    def the_district_takes_back(self, data: st.DataObject, place: int, *, blank: bool) -> None:
        entries = [entry.id for entry in self.flows[0].dossier(self.running[place]).entries]
        entry_id: Any = data.draw(st.sampled_from(entries))
        self.both(lambda flow: flow.retract(self.running[place], entry_id, by=OFFICE, reason="wrong"))
        if blank:
            self.both(lambda flow: flow.redact(self.running[place], entries=[entry_id], by=OFFICE, reason="a name"))

    @rule(data=st.data(), place=st.integers(0, 1), days=st.integers(0, 90))
    def the_district_waives(self, data: st.DataObject, place: int, days: int) -> None:
        broken = sorted(self.wrong(self.running[place])) or ["SAFE-002"]
        code, last = data.draw(st.sampled_from(broken)), self.today + timedelta(days=days)
        asked = WaiverRequest(code, reason="late", expires_on=last)
        granted = Waiver(code, reason="late", requested_by=OFFICE.id, expires_on=last)
        self.both(lambda flow: flow.file(self.running[place], asked, by=OFFICE))
        self.both(lambda flow: flow.file(self.running[place], granted, by=BOARD))

    @rule(days=st.sampled_from([1, 20, 200]))
    def time_passes(self, days: int) -> None:
        self.now += timedelta(days=days)
        self.both(lambda flow: flow.sweep().notices)

    # --- the partner ------------------------------------------------------------------------------------------------

    @rule(place=st.integers(0, 1), words=st.sampled_from(FAILING), word_of=st.sampled_from([None, None, "partner"]),
          bulk=st.booleans())  # fmt: skip
    def the_district_speaks_against_it_and_the_partner_answers(
        self, place: int, words: Sequence[Record], word_of: Any, *, bulk: bool
    ) -> None:
        self.the_district_files_what_a_policy_fails_with(place, words, OFFICE)
        self.the_partner_answers_what_is_wrong(place, word_of, bulk=bulk)

    @rule(place=st.integers(0, 1), word_of=st.sampled_from([None, "partner"]), bulk=st.booleans())
    def the_partner_answers_what_is_wrong(self, place: int, word_of: Any, *, bulk: bool) -> None:
        """It files, for every policy that does not pass, what that passes with."""
        wrong = sorted(self.wrong(self.running[place]) & PASSING.keys())
        said = list(dict.fromkeys(word for code in wrong for word in PASSING[code]))
        if said:
            self.partner_files(place, said, word_of, None, bulk=bulk)

    @rule(place=st.integers(0, 1), words=st.sampled_from(FAILING), confirmed=st.booleans())
    def the_partner_says_what_speaks_against_it_and_takes_it_back(
        self, place: int, words: Sequence[Record], *, confirmed: bool
    ) -> None:
        p = self.running[place]
        told, made = self.both(lambda flow: flow.file(p, *words, by=self.rep))
        if told != "returned":
            return
        if confirmed:
            self.both(lambda flow: flow.confirm(p, *(entry.id for entry in made), by=OFFICE))
        self.the_partner_takes_back_all_of_its_own(place)

    @rule(data=st.data(), place=st.integers(0, 1), kind=st.sampled_from(THEIRS), key=KEYS, bulk=st.booleans())
    def the_partner_files_anything(
        self, data: st.DataObject, place: int, kind: str, key: str | None, *, bulk: bool
    ) -> None:
        self.partner_files(place, [data.draw(fileable(kind))], None, key, bulk=bulk)

    @rule(place=st.integers(0, 1))
    def the_partner_asks_for_less(self, place: int) -> None:
        """It says again whatever decides what is asked, as little as that can be."""
        dossier = self.flows[0].dossier(self.running[place])
        said = [
            less
            for record in (*(entry.record for entry in dossier.entries), dossier.partner)
            if not isinstance(record, Unregistered) and record.kind_info.name in THEIRS
            if (less := as_little_as_may_be(record)) != record
        ]
        if said:
            self.partner_files(place, said, None, None, bulk=False)

    @rule(place=st.integers(0, 1))
    def the_partner_takes_back_all_of_its_own(self, place: int) -> None:
        p = self.running[place]
        own = [entry.id for entry in self.on_file(p) if entry.is_partners]
        with self.no_clearing(also=self.wrong_by_facts(p)):
            for each in own:
                self.both(lambda flow: flow.retract(p, each, by=self.rep, reason="wrong"))  # type: ignore[arg-type]  # noqa: B023

    @rule(data=st.data(), place=st.integers(0, 1), word_of=st.sampled_from([None, "partner"]), key=KEYS)
    def the_partner_files_what_is_on_file_in_another_way(
        self, data: st.DataObject, place: int, word_of: Any, key: str | None
    ) -> None:
        self.partner_files(place, [self.in_another_way(data, place)], word_of, key, bulk=False)

    @rule(place=st.integers(0, 1), person=st.sampled_from(["j.rivera", "l.chen"]), later=st.integers(0, 2))
    def the_partner_files_a_clear_check(self, place: int, person: str, later: int) -> None:
        said: list[Record] = [
            BackgroundCheck(
                person=person, result="clear", components={"*"},
                cleared_on=self.today + timedelta(days=later), ends_on=self.today + timedelta(days=700),
            ),
            Person(person=person, direct_contact=False),
        ]  # fmt: skip
        self.partner_files(place, said, None, None, bulk=False)

    def partner_files(self, place: int, said: list[Record], word_of: Any, key: str | None, *, bulk: bool) -> None:
        p = self.running[place]
        only_facts = all(isinstance(record, FACTS) for record in said)
        has_facts = all(self.states_facts(each) for each in self.running)
        with self.no_clearing(also=BY_FACTS if only_facts and has_facts else None):
            if bulk:
                filing, run = Filing(p, said, word_of=word_of), f"f{next(self.numbers)}"
                self.both(lambda flow: [done.work for done in flow.file_many([filing], by=self.rep, key=run)])
            else:
                self.both(lambda flow: flow.file(p, *said, by=self.rep, word_of=word_of, idempotency_key=key))

    def states_facts(self, partnership_id: UUID) -> bool:
        """Return whether the district's side, or what counts, says every fact; to say the first mends its absence."""
        dossier = self.flows[0].dossier(partnership_id)
        every = [record for cls in FACTS for record in dossier.all(cls)]
        said = all(getattr(record, field) is not None for record in every for field in record.kind_info.asks)
        return said and all(dossier.all(cls) for cls in FACTS) and self.has_facts(dossier)

    @rule(data=st.data(), place=st.integers(0, 1), key=KEYS, blank=st.booleans())
    def the_partner_takes_back(self, data: st.DataObject, place: int, key: str | None, *, blank: bool) -> None:
        p = self.running[place]
        entries = self.on_file(p)
        own = [entry.id for entry in entries if entry.is_partners]
        entry_id: Any = data.draw(st.sampled_from([*own * 9, *(entry.id for entry in entries)]))
        with self.no_clearing(also=self.wrong_by_facts(p)):
            self.both(lambda flow: flow.retract(p, entry_id, by=self.rep, reason="wrong", idempotency_key=key))
            if blank:
                self.both(lambda flow: flow.redact(p, entries=[entry_id], by=self.rep, reason="a name"))

    @rule(data=st.data(), place=st.integers(0, 1))
    def the_partner_confirms_nothing(self, data: st.DataObject, place: int) -> None:
        p = self.running[place]
        entry_id: Any = data.draw(st.sampled_from([entry.id for entry in self.on_file(p)]))
        with self.no_clearing():
            assert self.both(lambda flow: flow.confirm(p, entry_id, by=self.rep))[0] != "returned"
            items, key = [Confirming(p, [entry_id])], f"c{next(self.numbers)}"
            told = self.both(lambda flow: [done.outcome for done in flow.confirm_many(items, by=self.rep, key=key)])
            assert told[1] != ["done"]

    @rule(data=st.data(), place=st.integers(0, 1))
    def the_partner_begins_anew(self, data: st.DataObject, place: int) -> None:
        """It puts itself on file again, or proposes one more partnership, and files on that."""
        theirs = self.rep.partner_id
        said: Partner = data.draw(fileable("partner"))
        again = [data.draw(fileable(kind)) for kind in THEIRS[:3]]
        with self.no_clearing():
            self.both(lambda flow: flow.register(said, by=self.rep))
            self.both(lambda flow: flow.propose(said, by=self.rep))
            told, made = self.both(lambda flow: flow.propose(theirs, by=self.rep, succeeds=None))  # type: ignore[arg-type]
            if told == "returned":
                self.both(lambda flow: flow.file(made.id, *again, by=self.rep))

    @rule(place=st.integers(0, 1), trigger=st.sampled_from(["renew", "amend", "reinstate", "open_improvement_plan"]))
    def the_partner_takes_a_step(self, place: int, trigger: str) -> None:
        with self.no_clearing():
            self.both(lambda flow: flow.fire(self.running[place], trigger, by=self.rep, reason="as planned"))


def test_no_sequence_of_a_partners_calls_clears_it() -> None:
    run_state_machine_as_test(
        Clearing, settings=settings(max_examples=12, stateful_step_count=25, deadline=None,
                                    suppress_health_check=list(HealthCheck))
    )  # fmt: skip


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_nor_on_a_server(url: str) -> None:
    engine = create_engine(url)
    few = settings(max_examples=3, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(type("OnServer", (Clearing,), {"engine": engine}), settings=few)
    engine.dispose()
