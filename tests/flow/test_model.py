"""Whatever is called in whatever order: the stores agree, and no state is reached except by a row of the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import attrs
import pytest
from hypothesis import event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import Engine, create_engine

from partnerflow import (
    DEFAULT,
    DISTRICT,
    NO_END,
    Actor,
    Adoption,
    Dossier,
    Entry,
    Filing,
    Head,
    PackReplaced,
    Partner,
    Partnerflow,
    PartnerflowError,
    Refused,
    Step,
    Transition,
    load_pack,
)
from partnerflow.adapters.memory import MemoryStore
from partnerflow.adapters.sqlalchemy import SQLAlchemyStore, open_store
from partnerflow.canonical import sha256
from partnerflow.partnership import Partnership
from partnerflow.policies import Pack
from partnerflow.records import (
    Amendment,
    Approval,
    BackgroundCheck,
    DuplicationDecision,
    Insurance,
    Need,
    Record,
    Retraction,
    Scope,
    Service,
    Site,
    Unregistered,
    Waiver,
    WaiverRefusal,
    WaiverRequest,
    WaiverRevocation,
)
from partnerflow.testing import BOARD, EXAMPLE_DAY, OFFICE, example_dossier, example_records
from partnerflow.testing.clock import TickingClock
from partnerflow.testing.contract.fixtures import files_of, ids_of

SITES = ("255901001", "255901044")
PRINCIPAL = Actor("p.park", "school", {"principal"}, sites={SITES[0]})
NOBODY = Actor("x")
PACK = load_pack("default")
STRICTER = attrs.evolve(PACK, version="2", leads=(60, 0))
FORGETFUL = attrs.evolve(PACK, retention_months=6)
TRIGGERS = (*DEFAULT.triggers, "no_such_thing")
ENDS = {row.trigger for row in DEFAULT.rows if row.target in DEFAULT.final}
STEPS = {(row.trigger, source, target) for row, source, target in DEFAULT.steps()}
REASONS = st.sampled_from([None, "", "as planned", "Ünïcode “reason” 🏫"])
KEYS = st.sampled_from([None, None, None, None, "k1", "k2", "k3", "K3"])
WORDS = st.sampled_from(
    [None, None, "riverbend", "RIVER bend", "ren", "moreno", "tutor", "Réading", "partner 1", "a", "%"]
)
NEVER = UUID(int=0xDEAD)

Call = Callable[[Partnerflow], Any]


def paperwork(state: str, trigger: str | None, site: str, today: date) -> list[Record]:
    """Everything that a state promises and a trigger asks for, at a site, with its days moved to *today*."""
    days = today - EXAMPLE_DAY
    return [_moved(_at(record, site), days) for record in example_records(state, trigger=trigger)]


def _at(record: Record, site: str) -> Record:
    if isinstance(record, (Scope, Service)):
        return attrs.evolve(record, sites=frozenset({site}))
    at_one: Any = record if getattr(record, "site", None) in SITES else None
    return record if at_one is None else attrs.evolve(at_one, site=site)


def _moved(value: Any, days: timedelta) -> Any:
    """Move every day in a record, however deep it lies, but the one that says that there is none."""
    if isinstance(value, date):
        return value if value == NO_END else value + days
    if isinstance(value, tuple):
        return tuple(_moved(each, days) for each in value)
    if isinstance(value, Mapping):
        return {name: _moved(each, days) for name, each in value.items()}
    if attrs.has(type(value)):
        return attrs.evolve(value, **{f.name: _moved(getattr(value, f.name), days) for f in attrs.fields(type(value))})
    return value


@st.composite
def odd_records(draw: st.DrawFn) -> Record:
    """A record that is worn, wrong, not ours to file, or of no shape at all."""
    site = draw(st.sampled_from(SITES))
    whole = draw(st.sampled_from(paperwork("improvement_plan", draw(st.sampled_from(TRIGGERS)), site, EXAMPLE_DAY)))
    optional = [f.name for f in attrs.fields(type(whole)) if f.default is None]
    worn = attrs.evolve(whole, **{draw(st.sampled_from(optional)): None}) if optional else whole
    return draw(
        st.sampled_from(
            [
                whole,
                worn,
                BackgroundCheck(person="j.rivera", result="not_clear", cleared_on=EXAMPLE_DAY, ends_on=NO_END),
                Insurance(line="general_liability", starts_on="soon"),  # type: ignore[arg-type]
                Need(need="nul \0"),
                Unregistered(kind="no_such_kind", fields={}),
                Retraction(entry_id=NEVER, reason="by the back door"),
                Site(site="s", name="S"),
                Partner(name="Renamed", kind="civic", ids={"edfi": draw(st.sampled_from("12"))}),
                Approval(trigger="terminate_for_cause"),
                Amendment(what=draw(st.sampled_from("ab")), requested_by="school"),
            ]
        )
    )


class Twins(RuleBasedStateMachine):
    """Two stores under one sequence of calls, with the same clock and the same ids."""

    def __init__(self, engine: Engine | None = None) -> None:
        super().__init__()
        # on a server every example is a tenant of its own, among all those before it
        self.ours = engine is None
        tenant = "default" if engine is None else str(uuid4())
        self.sql = open_store("sqlite:///:memory:") if engine is None else SQLAlchemyStore(engine, tenant=tenant)
        self.clocks = [TickingClock(datetime(2026, 9, 15, 15, tzinfo=UTC)) for _ in range(2)]
        self.flows = [
            self.flow(store, clock)
            for store, clock in zip((MemoryStore(tenant=tenant), self.sql), self.clocks, strict=True)
        ]
        self.begun: list[UUID] = []
        self.partners: list[UUID] = []
        self.keyed: dict[str, tuple[Call, Any]] = {}
        self.views: list[tuple[UUID, datetime, Any]] = []
        self.heads: list[Head] = []
        self.swept: list[Pack] = []

    @staticmethod
    def flow(store: Any, clock: TickingClock) -> Partnerflow:
        numbers = count(1)
        flow = Partnerflow(store=store, pack=PACK, clock=clock, new_id=lambda: UUID(int=next(numbers)))
        heard: list[Any] = []
        flow.after.connect(lambda sender, event: heard.append(event))
        flow.after.heard = heard  # type: ignore[attr-defined]
        return flow

    def teardown(self) -> None:
        self.look_back()
        if self.ours:
            self.sql.engine.dispose()

    # --- calling both -----------------------------------------------------------------------------------------------

    def both(self, call: Call) -> Any:
        """Call the same on both; give what they gave, or the error that they raised, which must be the same."""
        got = [_outcome(call, flow) for flow in self.flows]
        assert got[0] == got[1]
        event(got[0][0] if got[0][0] != "gave" else "gave")
        return got[0]

    def keep(self, call: Callable[..., Any], key: str | None) -> Any:
        """Call it with a key, and remember the work that it did, if it did any."""
        got = self.both(lambda flow: call(flow, idempotency_key=key))
        if key is not None and key not in self.keyed and got[0] == "gave":
            self.keyed[key] = (lambda flow, **more: call(flow, idempotency_key=key, **more)), got
        return got

    def today(self) -> date:
        return self.clocks[0].peek().date()

    def stands(self, partnership_id: UUID) -> Partnership:
        with self.flows[0].store.reading() as tx:
            holding = tx.snapshots([partnership_id]).get(partnership_id)
        assert holding is not None
        return holding.partnership

    def somebody(self, data: st.DataObject, partnership_id: UUID | None = None) -> Actor:
        partner = self.stands(partnership_id).partner_id if partnership_id else None
        theirs = Actor("i.moreno", "partner", {"partner"}, partner_id=partner)
        return data.draw(st.sampled_from([OFFICE, BOARD, OFFICE, BOARD, PRINCIPAL, theirs, NOBODY]))

    def a_partnership(self, data: st.DataObject) -> UUID:
        return data.draw(st.sampled_from(self.begun))

    def moment(self, data: st.DataObject) -> datetime | None:
        """Some moment for `at`: mostly now, at times lately, too long ago, or not yet."""
        back = data.draw(st.sampled_from([None, None, None, 0.001, 1, 365 * 10, -1]))
        return None if back is None else self.clocks[0].peek() - timedelta(days=back)

    def added(self, got: Any) -> None:
        if got[0] == "gave" and got[1].id not in self.begun:
            self.begun.append(got[1].id)
            self.partners.append(got[1].partner_id)

    # --- beginning --------------------------------------------------------------------------------------------------

    @initialize(state=st.sampled_from(["intake", "vetting", "onboarding", "active", "improvement_plan"]))
    def some_are_there(self, state: str) -> None:
        """One that was just proposed, one that was walked as far as may be, and one that was there before us."""
        for site, steps in (
            (SITES[0], ()),
            (SITES[1], ("begin_vetting", "approve", "activate", "open_improvement_plan")),
        ):
            self.added(self.both(lambda flow: flow.propose(example_dossier().partner, by=OFFICE)))
            p = self.begun[-1]
            for trigger in steps[: DEFAULT.states.index(state)]:
                records = paperwork("active", trigger, site, self.today())
                assert self.both(lambda flow: flow.file(p, *records, by=OFFICE))[0] == "gave"  # noqa: B023
                assert self.both(lambda flow: flow.fire(p, trigger, by=BOARD, reason="so it is"))[0] == "gave"  # noqa: B023
        assert self.stands(self.begun[-1]).state == state
        self.added(self.both(lambda flow: flow.adopt(Partner(name="A"), state=state, by=OFFICE, reason="in place")))

    @rule(data=st.data(), key=KEYS, reason=REASONS, known=st.booleans(), edfi=st.sampled_from(["", "1", "2"]))
    def propose(self, data: st.DataObject, key: str | None, reason: str | None, *, known: bool, edfi: str) -> None:
        partner = example_dossier().partner if not edfi else Partner(name=f"Partner {edfi}", ids={"edfi": edfi})
        what = data.draw(st.sampled_from([*self.partners, NEVER])) if known else partner
        succeeds = data.draw(st.none() | st.sampled_from(self.begun)) if known else None
        by = self.somebody(data)

        def call(flow: Partnerflow, **more: Any) -> Any:
            return flow.propose(what, by=by, reason=reason, succeeds=succeeds, **more)

        self.added(self.keep(call, key))

    @rule(
        data=st.data(), key=KEYS, reason=REASONS, state=st.sampled_from([*DEFAULT.states, "nowhere"]),
        since=st.sampled_from([None, date(2019, 8, 1), date(2099, 1, 1)]),
    )  # fmt: skip
    def adopt(self, data: st.DataObject, key: str | None, reason: str | None, state: str, since: date | None) -> None:
        by = self.somebody(data)

        def call(flow: Partnerflow, **more: Any) -> Any:
            return flow.adopt(Partner(name="A"), state=state, since=since, by=by, reason=reason or "", **more)

        self.added(self.keep(call, key))

    # --- evidence ---------------------------------------------------------------------------------------------------

    @rule(data=st.data(), records=st.lists(odd_records(), max_size=3), key=KEYS)
    def file(self, data: st.DataObject, records: list[Record], key: str | None) -> None:
        subject = data.draw(st.sampled_from([*self.begun, *self.begun, DISTRICT, NEVER]))
        by = self.somebody(data, None if subject in (DISTRICT, NEVER) else subject)
        version, at = data.draw(st.sampled_from([None, None, None, 1, 3])), self.moment(data)

        def call(flow: Partnerflow, **more: Any) -> Any:
            return flow.file(subject, *records, by=by, at=at, **{"expected_version": version, **more})

        self.keep(call, key)

    @rule(data=st.data(), state=st.sampled_from(["active", "improvement_plan"]), site=st.sampled_from(SITES))
    def file_all(self, data: st.DataObject, state: str, site: str) -> None:
        p, records = self.a_partnership(data), paperwork(state, None, site, self.today())
        self.both(lambda flow: flow.file(p, *records, by=OFFICE))

    @rule(
        data=st.data(), policy=st.sampled_from(["SAFE-002", "SAFE-001", "DUP-001", "no_such"]), days=st.integers(0, 400)
    )
    def waive(self, data: st.DataObject, policy: str, days: int) -> None:
        p, by, last = self.a_partnership(data), self.somebody(data), self.today() + timedelta(days=days)
        granted = Waiver(policy, reason="late", requested_by="a.anderson", expires_on=last)
        asked = WaiverRequest(policy, reason="late", expires_on=last)
        answers = [WaiverRefusal(policy, reason="no"), WaiverRevocation(policy, reason="no longer")]
        said = data.draw(st.sampled_from([granted, granted, asked, *answers]))
        self.both(lambda flow: flow.file(p, said, by=by))

    @rule(data=st.data(), reason=REASONS, key=KEYS)
    def retract(self, data: st.DataObject, reason: str | None, key: str | None) -> None:
        p = self.a_partnership(data)
        entries = [entry.id for entry in self.flows[0].dossier(p).entries if entry.id] + [NEVER]
        entry_id, by = data.draw(st.sampled_from(entries)), self.somebody(data, p)
        self.keep(lambda flow, **more: flow.retract(p, entry_id, by=by, reason=reason or "", **more), key)

    @rule(data=st.data(), reason=REASONS, key=KEYS)
    def redact(self, data: st.DataObject, reason: str | None, key: str | None) -> None:
        """Blank something that was taken back, or that still counts, and some step or none."""
        p = self.a_partnership(data)
        lying = self.flows[0].dossier(p).entries
        taken_back = [entry.record.entry_id for entry in lying if isinstance(entry.record, Retraction)]
        entries = data.draw(st.lists(st.sampled_from([*taken_back * 4, *(e.id for e in lying), NEVER]), max_size=2))
        steps = data.draw(st.lists(st.integers(1, self.stands(p).version + 1), max_size=2))
        by = self.somebody(data, p)

        def call(flow: Partnerflow, **more: Any) -> Any:
            return flow.redact(p, entries=entries, steps=steps, by=by, reason=reason or "", **more)

        got = self.keep(call, key)
        event(f"{got[0]} a redaction")

    @rule(data=st.data())
    def take_back_and_blank(self, data: st.DataObject) -> None:
        """What was retracted is blanked at once, with the step before it."""
        p = self.a_partnership(data)
        entries = [entry for entry in self.flows[0].dossier(p).entries if entry.id and not entry.redacted]
        if not entries:
            return
        entry_id, steps = data.draw(st.sampled_from(entries)).id, [self.stands(p).version]
        if self.both(lambda flow: flow.retract(p, entry_id, by=BOARD, reason="wrong"))[0] == "gave":
            got = self.both(lambda flow: flow.redact(p, entries=[entry_id], steps=steps, by=BOARD, reason="a name"))
            event(f"{got[0]} a redaction of what was taken back")

    @rule(data=st.data(), long_after=st.booleans())
    def purge(self, data: st.DataObject, *, long_after: bool) -> None:
        """What ended long enough ago is forgotten, and a second time there is nothing left of it."""
        if long_after:
            p, trigger = self.a_partnership(data), data.draw(st.sampled_from(["withdraw", "decline", "end"]))
            self.both(lambda flow: flow.file(p, *paperwork("active", "end", SITES[0], self.today()), by=OFFICE))
            self.both(lambda flow: flow.fire(p, trigger, by=BOARD, reason="it is over"))
            self.time_passes(200)
        before, by = self.today() - timedelta(days=data.draw(st.integers(0, 60))), self.somebody(data)
        for again in (False, True):
            got = self.both(lambda flow: list(_under(flow, FORGETFUL).purge(before=before, by=by, reason="past")))
            event(f"{got[0]} a purge{' of some' * bool(got[0] == 'gave' and got[1])}")
            assert not (again and got[0] == "gave" and got[1])

    # --- steps ------------------------------------------------------------------------------------------------------

    @rule(data=st.data(), trigger=st.sampled_from(TRIGGERS), reason=REASONS, key=KEYS)
    def fire(self, data: st.DataObject, trigger: str, reason: str | None, key: str | None) -> None:
        p = data.draw(st.sampled_from([*self.begun, NEVER]))
        by = self.somebody(data, None if p == NEVER else p)
        version, at = data.draw(st.sampled_from([None, None, None, 1, 2, 3])), self.moment(data)

        def call(flow: Partnerflow, **more: Any) -> Any:
            return flow.fire(p, trigger, by=by, reason=reason, at=at, **{"expected_version": version, **more})

        self.keep(call, key)

    @rule(data=st.data(), site=st.sampled_from(SITES))
    def go_on(self, data: st.DataObject, site: str) -> None:
        self.advance(data, site, None)

    @rule(data=st.data(), site=st.sampled_from(SITES), key=KEYS)
    def step(self, data: st.DataObject, site: str, key: str | None) -> None:
        self.advance(data, site, key)

    def advance(self, data: st.DataObject, site: str, key: str | None) -> None:
        """Put everything on file that a legal step asks for, and take it: what checking says, firing does."""
        p = self.a_partnership(data)
        before = self.stands(p)
        legal = DEFAULT.legal(before.state)
        if not legal:
            return
        onward = [trigger for trigger in legal if trigger not in ENDS]
        trigger = data.draw(st.sampled_from([*onward, *onward, *onward, *legal]))
        by, other = data.draw(st.sampled_from([(OFFICE, BOARD), (BOARD, OFFICE)]))
        records = paperwork("active", trigger, site, self.today())
        records += [Amendment(what=f"at version {before.version}", requested_by="school")]
        approvals = [record for record in records if isinstance(record, Approval)]
        self.both(lambda flow: flow.file(p, *(r for r in records if not isinstance(r, Approval)), by=by))
        self.both(lambda flow: flow.file(p, *approvals, by=other))
        for neighbour in self.flows[0].dossier(p).neighbours or ():
            decided = DuplicationDecision(
                with_partnership=neighbour.partnership_id, decision="both", reason="many wait"
            )
            if data.draw(st.booleans()):
                self.both(lambda flow: flow.file(p, decided, by=by))  # noqa: B023
        asked = self.both(lambda flow: flow.check(p, trigger, by=by, reason="as planned"))[1]
        got = self.keep(lambda flow, **more: flow.fire(p, trigger, by=by, reason="as planned", **more), key)
        if got[0] == "gave" and self.stands(p).version == before.version:
            event(f"took {got[1].trigger} before, with the same key")
        elif got[0] == "gave":
            event(f"took {got[1].trigger}")
            assert asked.allowed
            assert (trigger, before.state, self.stands(p).state) in STEPS
        else:
            event(f"{got[0]} {trigger}")
            assert got[0] == "KeyReused" or (got[0] == "Refused" and list(asked.codes) == got[2]["report"]["blocking"])

    # --- many at once -----------------------------------------------------------------------------------------------

    @rule(
        data=st.data(), reason=REASONS, key=st.sampled_from("ab"), at_once=st.sampled_from([1, 2, 1000]),
        prepared=st.booleans(),
    )  # fmt: skip
    def fire_many(self, data: st.DataObject, reason: str | None, key: str, at_once: int, *, prepared: bool) -> None:
        """Steps that may be taken and steps that may not, some of them of one partnership."""
        wanted = data.draw(st.lists(st.sampled_from([*self.begun * 3, NEVER]), min_size=1, max_size=5))
        legal = {p: DEFAULT.legal(self.stands(p).state) for p in wanted if p != NEVER}
        versions = st.sampled_from([None, None, None, 1, 2])
        steps = [
            Step(
                p, data.draw(st.sampled_from([*legal.get(p, ()) * 3, *TRIGGERS])), reason=reason,
                expected_version=data.draw(versions),
            )
            for p in wanted
        ]  # fmt: skip
        for step in steps if prepared else ():
            records = paperwork("active", step.trigger, data.draw(st.sampled_from(SITES)), self.today())
            self.both(lambda flow: flow.file(step.partnership_id, *records, by=OFFICE))  # noqa: B023
        by = BOARD if prepared else self.somebody(data)
        self.many(lambda flow: flow.fire_many(steps, by=by, key=key, at_once=at_once), steps)

    @rule(data=st.data(), key=st.sampled_from("ab"), at_once=st.sampled_from([1, 2, 1000]))
    def file_many(self, data: st.DataObject, key: str, at_once: int) -> None:
        """Records on partnerships, on their partners and on the district; some of no shape, some filed already."""
        subjects = data.draw(st.lists(st.sampled_from([*self.begun * 3, DISTRICT, NEVER]), min_size=1, max_size=5))
        whole = paperwork("active", None, SITES[0], self.today())
        filings = [
            Filing(subject, data.draw(st.sampled_from([whole, *[[]] * 2]) | st.lists(odd_records(), max_size=2)))
            for subject in subjects
        ]
        by = self.somebody(data)
        self.many(lambda flow: flow.file_many(filings, by=by, key=key, at_once=at_once), filings)

    @rule(data=st.data(), key=st.sampled_from("ab"), at_once=st.sampled_from([1, 2, 1000]))
    def adopt_many(self, data: st.DataObject, key: str, at_once: int) -> None:
        """Partners that are new, known, and known by the same id; some in a state in which none can be taken in."""
        new = [Partner(name="Many"), *(Partner(name=f"Partner {n}", ids={"edfi": n}) for n in "12")]
        who = data.draw(st.lists(st.sampled_from([*new, *self.partners, NEVER]), min_size=1, max_size=3))
        states = st.sampled_from(["active", "onboarding", "terminated"])
        adoptions = [Adoption(each, state=data.draw(states), reason="in place") for each in who]
        for done in self.many(lambda flow: flow.adopt_many(adoptions, by=OFFICE, key=key, at_once=at_once), adoptions):
            if done[1] == "done":
                self.added(("gave", self.stands(*done[2])))

    def many(self, call: Call, items: Sequence[Any]) -> list[Any]:
        """Work through a batch on both, and once more: what was done is done once, and all else is asked anew."""
        first, second = (self.both(lambda flow: list(map(_told, call(flow))))[1] for _ in range(2))
        assert [done[0] for done in first] == items
        for one, other in zip(first, second, strict=True):
            event(f"{one[1]} of a batch of {type(one[0]).__name__}")
            assert one[1] != "done" or other[1:] == one[1:]
        return first

    # --- time -------------------------------------------------------------------------------------------------------

    @rule(days=st.sampled_from([0, 1, 1, 7, 30, 200, 400]))
    def time_passes(self, days: int) -> None:
        for clock in self.clocks:
            clock.move_on(days=days)

    @rule(pack=st.sampled_from([PACK, PACK, PACK, STRICTER]), back=st.booleans())
    def sweep(self, pack: Pack, *, back: bool) -> None:
        """One pack at a time: one that was replaced tells nothing, unless somebody says that it is in force again."""
        stood = [self.stands(p) for p in self.begun]
        flows = [_under(flow, pack) for flow in self.flows]
        if pack in self.swept and pack is not self.swept[-1] and not back:
            before = _seen(self.flows[0])
            for flow in flows:
                with pytest.raises(PackReplaced):
                    flow.sweep()
            assert _seen(self.flows[0]) == before
            return
        self.swept.append(pack)
        one, other = (flow.sweep(back_to_earlier_rules=back) for flow in flows)
        assert one == other
        event(f"told {len(one.notices)}" if len(one.notices) < 3 else "told many")
        assert [self.stands(p) for p in self.begun] == stood
        live = {s.id for s in stood if s.state not in DEFAULT.final}
        owed_afterwards = {rule.policy.code for rule in pack if rule.holds_in & DEFAULT.final}
        assert all(each.partnership_id in live or each.code in owed_afterwards for each in one.notices)
        assert [flow.sweep().notices for flow in flows] == [(), ()]

    # --- again ------------------------------------------------------------------------------------------------------

    @rule(data=st.data())
    def replay(self, data: st.DataObject) -> None:
        """A key that has done its work gives it again, and nothing changes."""
        if not self.keyed:
            return
        key = data.draw(st.sampled_from(sorted(self.keyed)))
        call, got = self.keyed[key]
        before = _seen(self.flows[0])
        _is_so_still(self.both(call), got)
        assert _seen(self.flows[0]) == before

    @rule(data=st.data())
    def reuse(self, data: st.DataObject) -> None:
        """The same key with another request is an error, and nothing changes."""
        if not self.keyed:
            return
        key, p = data.draw(st.sampled_from(sorted(self.keyed))), self.a_partnership(data)
        before = _seen(self.flows[0])
        got = self.both(lambda flow: flow.file(p, Need(need="never said before"), by=OFFICE, idempotency_key=key))
        assert got[0] == "KeyReused"
        assert _seen(self.flows[0]) == before

    # --- looking ----------------------------------------------------------------------------------------------------

    @rule(data=st.data())
    def remember_the_view(self, data: st.DataObject) -> None:
        p, moment = self.a_partnership(data), self.clocks[0].peek()
        for clock in self.clocks:
            clock.move_on(seconds=1)
        self.views.append((p, moment, self.both(lambda flow: flow.dossier(p, as_of=moment))))
        self.heads += self.both(lambda flow: list(flow.heads()))[1]

    @rule(data=st.data(), service=WORDS, contact=WORDS, text=WORDS, days=st.sampled_from([None, None, 1, 300]))
    def search(
        self, data: st.DataObject, service: str | None, contact: str | None, text: str | None, days: int | None
    ) -> None:
        """What is found is found on both, page by page too, and is what is counted."""
        before = None if days is None else self.today() + timedelta(days=days)
        wanted = {"service": service, "contact": contact, "text": text, "due_before": before}
        found = self.both(lambda flow: list(flow.find(**wanted)))
        counted = self.both(lambda flow: flow.counts(**wanted))
        if found[0] != "gave":
            assert found == counted
            return
        by = "words" if service or contact or text else "days" if days else "nothing"
        event(f"found {min(len(found[1]), 2)} by {by}")
        assert sum(counted[1].values()) == len(found[1])
        after = data.draw(st.none() | st.sampled_from(self.begun))
        page = self.both(lambda flow: list(flow.find(**wanted, after=after, limit=2)))[1]
        assert page == [each for each in found[1] if after is None or each.id > after][:2]

    @rule(data=st.data(), state=st.sampled_from([None, None, *DEFAULT.states]))
    def list_as_of(self, data: st.DataObject, state: str | None) -> None:
        """A list as of a moment is what each dossier says of that moment."""
        moments = [moment for _, moment, _ in self.views] + [self.clocks[0].peek()]
        moment = data.draw(st.sampled_from(moments))
        found = self.both(lambda flow: list(flow.find(as_of=moment, state=state)))[1]
        flow = self.flows[0]
        then = [_outcome(lambda flow: flow.dossier(p, as_of=moment).partnership, flow) for p in sorted(self.begun)]  # noqa: B023
        assert found == [got[1] for got in then if got[0] == "gave" and state in (None, got[1].state)]

    @rule(data=st.data(), site=st.sampled_from((None, *SITES, "*")), kind=st.sampled_from([None, "civic"]))
    def look(self, data: st.DataObject, site: str | None, kind: str | None) -> None:
        p, by = self.a_partnership(data), self.somebody(data)
        state = data.draw(st.sampled_from([None, *DEFAULT.states]))
        ids = data.draw(st.sampled_from([None, {"edfi": "1"}, {}]))
        self.both(lambda flow: list(flow.find(state=state, site=site, kind=kind, ids=ids)))
        self.both(lambda flow: flow.dossier(p))
        self.both(lambda flow: flow.options(p, by=by))
        self.both(lambda flow: flow.explain(p))
        self.both(lambda flow: flow.sites())
        self.both(lambda flow: flow.partner(self.stands(p).partner_id))
        for pack in (PACK, STRICTER):
            asked = self.today(), pack.digest, DEFAULT.live, sorted(DEFAULT.final)
            due = [set(flow.store.due(*asked)) for flow in self.flows]
            assert due[0] == due[1]

    # --- what is always so ------------------------------------------------------------------------------------------

    @invariant()
    def the_stores_agree(self) -> None:
        assert self.clocks[0].peek() == self.clocks[1].peek()
        assert _seen(self.flows[0]) == _seen(self.flows[1])

    @invariant()
    def every_state_was_reached_by_rows_of_the_table(self) -> None:
        flow = self.flows[0]
        for p in ids_of(flow.store):
            stands, history = self.stands(p), flow.history(p)
            assert [step.version for step in history] == list(range(1, stands.version + 1))
            assert history[-1].target == stands.state
            source = None
            for step in history:
                assert step.source == source
                assert (step.trigger, step.source, step.target) in STEPS
                source = step.target

    @invariant()
    def what_is_told_is_told_in_order_and_once(self) -> None:
        for flow in self.flows:
            told = list(flow.store.outgoing())
            places: dict[UUID, int] = {}
            for each in told:
                assert each.sequence == places.get(each.partnership_id, 0) + 1
                places[each.partnership_id] = each.sequence
            assert sorted(each.id for each in told) == sorted(each.id for each in flow.after.heard)  # type: ignore[attr-defined]

    @rule()
    def look_back(self) -> None:
        """No past view has changed but for what says that it was blanked, and every chain holds and went on."""
        for p, moment, view in self.views:
            _is_so_still(self.both(lambda flow: flow.dossier(p, as_of=moment)), view)  # noqa: B023
        for flow in self.flows:
            flow.verify(against=self.heads)


def _outcome(call: Call, flow: Partnerflow) -> tuple[Any, ...]:
    try:
        return "gave", call(flow)
    except PartnerflowError as error:
        decision = error.decision.to_data() if isinstance(error, Refused) else None
        return type(error).__name__, str(error), decision


def _told(done: Any) -> tuple[Any, ...]:
    """Return what became of an item, with its error as something that can be compared."""
    error = done.error
    decision = error.decision.to_data() if isinstance(error, Refused) else None
    return done.item, done.outcome, done.work, type(error).__name__, str(error), decision


def _is_so_still(now: Any, then: Any) -> None:
    """Compare what was given then with what is given now: the same, or blanked since, and that by its hash."""
    if isinstance(then, (tuple, list)):
        assert len(now) == len(then)
        for one, other in zip(now, then, strict=True):
            _is_so_still(one, other)
    elif isinstance(then, Dossier):
        blank = {entry.id: entry for entry in now.redacted}
        assert now.partner in (then.partner, Partner(name="redacted"))
        assert now.partnership == then.partnership
        stood = [entry for entry in now.entries if entry.id not in blank]
        assert stood == [entry for entry in then.entries if entry.id not in blank]
        _is_so_still([blank[entry.id] for entry in then.entries if entry.id in blank],
                     [entry for entry in then.entries if entry.id in blank])  # fmt: skip
        for one, other in zip(now.moves, then.moves, strict=True):
            assert one in (other, attrs.evolve(other, reason=None))
    elif isinstance(then, Entry) and now != then:
        blank_record = Unregistered(kind=then.kind, fields={})
        assert now == attrs.evolve(then, record=blank_record, text="", redacted=sha256(then.text))
    elif isinstance(then, Transition) and now != then:
        assert now == attrs.evolve(
            then, move=attrs.evolve(then.move, reason=None), decision="",
            reason_redacted=sha256(then.reason or ""), decision_redacted=sha256(then.decision),
        )  # fmt: skip
    else:
        assert now == then


def _under(flow: Partnerflow, pack: Pack) -> Partnerflow:
    """Return the same flow under another pack, with the same receivers."""
    other = Partnerflow(store=flow.store, pack=pack, clock=flow.clock, new_id=flow.new_id)
    other.after.connect(lambda sender, event: flow.after.heard.append(event))  # type: ignore[attr-defined]
    return other


def _seen(flow: Partnerflow) -> dict[str, Any]:
    """Everything that anybody can see."""
    store = flow.store
    ids: Sequence[UUID] = ids_of(store)
    with store.reading() as tx:
        holdings = list(tx.snapshots(ids).items())
        history = [list(tx.history(each)) for each in ids]
    return {
        "found": list(store.find()),
        "holdings": holdings,
        "history": history,
        "attempts": [list(store.attempts(each)) for each in ids],
        "files": list(files_of(store).items()),
        "outgoing": list(store.outgoing()),
    }


TestTwins = Twins.TestCase
TestTwins.settings = settings(max_examples=20, stateful_step_count=30, deadline=None)


@pytest.mark.parametrize("url", ["postgresql", "mariadb"], indirect=True)
def test_a_server_is_a_twin_too(url: str) -> None:
    engine = create_engine(url)
    few = settings(max_examples=5, stateful_step_count=25, deadline=None)
    run_state_machine_as_test(lambda: Twins(engine), settings=few)
    engine.dispose()
