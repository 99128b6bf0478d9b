"""What a change of rules would do, over everything that is kept: exactly whom it stops, whom it frees, and by what."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import attrs
import pytest

from partnerflow import DEFAULT, InvalidRequest, Money, PackError, Partner, Partnerflow, load_pack
from partnerflow.adapters.memory import MemoryStore
from partnerflow.flow.compare import Change, Compared
from partnerflow.flow.impact import Tally
from partnerflow.lifecycle import Row
from partnerflow.policies import Pack
from partnerflow.ports import Store
from partnerflow.records import DuplicationDecision, Insurance, Liaison, Record
from partnerflow.testing import BOARD, EXAMPLE_DAY, OFFICE
from partnerflow.testing.clock import TickingClock

NOON = datetime(EXAMPLE_DAY.year, EXAMPLE_DAY.month, EXAMPLE_DAY.day, 12, tzinfo=UTC)
HEAD = '[pack]\nname = "{name}"\nversion = "1"\nextends = "default"\n'


def cover(millions: int) -> Insurance:
    return Insurance(
        line="general_liability", per_occurrence=Money.of(millions * 1_000_000, "USD"),
        starts_on=date(2026, 7, 1), ends_on=date(2027, 6, 30),
    )  # fmt: skip


@pytest.fixture
def pack_of(tmp_path: Path) -> Callable[..., Pack]:
    """Make a pack that is the default one with something set."""

    def make(settings: str = "", name: str = "new") -> Pack:
        path = tmp_path / f"{name}.toml"
        path.write_text(HEAD.format(name=name) + settings, encoding="utf-8")
        return load_pack(str(path))

    return make


def raised(to: str = "2000000 USD", **more: str) -> str:
    said = "".join(f"{name} = {value}\n" for name, value in more.items())
    return f'[[set]]\ncode = "SAFE-002"\nminimum = "{to}"\n{said}'


@pytest.fixture
def inventory(flow: Partnerflow, walked_to: Callable, riverbend: Partner) -> dict[str, UUID]:
    """Partnerships in every state, by name; those called rich have cover for five millions."""
    found = {}
    for place, state in enumerate(("intake", "vetting", "onboarding", "active", "improvement_plan", "terminated")):
        for name, millions in ((f"rich {state}", 5), (f"poor {state}", 1)):
            partner = attrs.evolve(riverbend, name=name, ids={})
            begun = walked_to(flow, state, partner=partner, site=f"site {place} {name}")
            flow.file(begun.id, cover(millions), by=OFFICE)
            found[name] = begun.id
    return found


def changes(impact: Any) -> dict[str, dict[str | None, tuple[tuple[str, ...], tuple[str, ...]]]]:
    """Return what changes, by partner and step: what newly blocks, and what is freed."""
    return {
        one.partner: {change.trigger: (change.blocking, change.freed) for change in one.changes}
        for one in impact.partnerships
    }


STOPPED = (("SAFE-002",), ())
FREED = ((), ("SAFE-002",))


# --- whom, where, by what ------------------------------------------------------------------------------------------


def test_a_raised_minimum_stops_exactly_those_below_it_where_it_is_asked(
    flow: Partnerflow, inventory: dict[str, UUID], pack_of: Callable
) -> None:
    """It holds in active and in a plan, so it stops the steps that lead there, and stands between nobody and an end."""
    impact = flow.impact(pack_of(raised()))
    assert changes(impact) == {
        "poor onboarding": {"activate": STOPPED},
        "poor active": {None: STOPPED, "renew": STOPPED},
        "poor improvement_plan": {None: STOPPED, "reinstate": STOPPED},
    }
    assert [one.id for one in impact.partnerships] == sorted(inventory[name] for name in changes(impact))
    assert (impact.compared, impact.concerned, impact.blocking, impact.freed) == (10, 3, 3, 0)
    assert [(c.state, c.trigger, c.code, c.blocking, c.freed) for c in impact.policies] == [
        ("onboarding", "activate", "SAFE-002", 1, 0),
        ("active", None, "SAFE-002", 1, 0),
        ("active", "renew", "SAFE-002", 1, 0),
        ("improvement_plan", None, "SAFE-002", 1, 0),
        ("improvement_plan", "reinstate", "SAFE-002", 1, 0),
    ]
    assert {count.title for count in impact.policies} == {flow.pack["SAFE-002"].policy.title}


def test_the_way_back_frees_the_same(flow: Partnerflow, inventory: dict[str, UUID], pack_of: Callable) -> None:
    strict = Partnerflow(store=flow.store, pack=pack_of(raised(), "strict"), clock=flow.clock)
    impact = strict.impact(flow.pack)
    assert changes(impact)["poor active"] == {None: FREED, "renew": FREED}
    assert (impact.concerned, impact.blocking, impact.freed) == (3, 0, 3)


def test_a_step_closes_only_where_nothing_stopped_it_before(
    flow: Partnerflow, inventory: dict[str, UUID], pack_of: Callable
) -> None:
    """Whoever could not renew anyway is stopped by one thing more, and loses no open step."""
    ended = Liaison(
        side="partner", name="I. M.", contact="i@x.example", starts_on=date(2026, 8, 1), ends_on=date(2026, 9, 1)
    )
    closes = {change.trigger: change.closes for change in _of(flow.impact(pack_of(raised())), "poor active")}
    assert closes == {None: True, "renew": True}
    flow.file(inventory["poor active"], ended, by=OFFICE)
    impact = flow.impact(pack_of(raised()))
    assert [change.closes for change in _of(impact, "poor active")] == [False, False]
    assert [(s.state, s.trigger, s.compared, s.closes, s.opens) for s in impact.steps] == [
        ("onboarding", "activate", 2, 1, 0),
        ("improvement_plan", None, 2, 1, 0),
    ]
    eased = flow.impact(pack_of('[[set]]\ncode = "LIA-001"\nseverity = "advisory"\n', "eased"))
    assert [(c.trigger, c.freed, c.opens) for c in _of(eased, "poor active")] == [
        (None, ("LIA-001",), True),
        ("renew", ("LIA-001",), True),
    ]


def _of(impact: Any, partner: str) -> tuple[Change, ...]:
    (found,) = (one for one in impact.partnerships if one.partner == partner)
    return found.changes


def test_a_guard_that_is_put_before_an_ending_is_found_too(
    flow: Partnerflow, inventory: dict[str, UUID], pack_of: Callable
) -> None:
    """Steps that do not advance are held up by their own guards alone, and by these only."""
    guarded = pack_of(raised() + 'guards = ["end"]\n')
    assert changes(flow.impact(guarded)) == {
        "poor onboarding": {"activate": STOPPED},
        "poor active": {None: STOPPED, "renew": STOPPED, "end": STOPPED},
        "poor improvement_plan": {None: STOPPED, "reinstate": STOPPED, "end": STOPPED},
    }


def test_a_comparison_with_others_reads_the_others(
    flow: Partnerflow, walked_to: Callable, riverbend: Partner, pack_of: Callable
) -> None:
    """A pilot that becomes earnest stops whoever doubles another's service, and nobody who decided to."""
    pilot = pack_of('[[set]]\ncode = "DUP-001"\nenforcement = "report_only"\n', "pilot")
    piloting = Partnerflow(store=flow.store, pack=pilot, clock=flow.clock)
    one = walked_to(piloting, "active", partner=attrs.evolve(riverbend, name="first", ids={}))
    walked_to(piloting, "onboarding", partner=attrs.evolve(riverbend, name="doubles", ids={}))
    walked_to(piloting, "onboarding", partner=attrs.evolve(riverbend, name="elsewhere", ids={}), site="another")
    impact = piloting.impact(flow.pack)
    assert changes(impact) == {"doubles": {"activate": (("DUP-001",), ())}}
    doubles = impact.partnerships[0].id
    both = DuplicationDecision(with_partnership=str(one.id), decision="both", reason="two rooms full")
    piloting.file(doubles, both, by=BOARD)
    assert changes(piloting.impact(flow.pack)) == {}


def test_without_a_pack_it_finds_what_the_next_sweep_will_tell(
    flow: Partnerflow, inventory: dict[str, UUID], pack_of: Callable, clock: TickingClock
) -> None:
    flow.sweep()
    assert flow.impact().concerned == 0
    upgraded = Partnerflow(store=flow.store, pack=pack_of(raised()), clock=clock)
    found = upgraded.impact()
    assert {(one.id, change.blocking, change.freed) for one in found.partnerships for change in one.changes} == {
        (inventory[f"poor {state}"], ("SAFE-002",), ()) for state in ("active", "improvement_plan")
    }
    assert [notice.partnership_id for notice in upgraded.sweep().broken] == [one.id for one in found.partnerships]
    assert upgraded.impact().concerned == 0
    assert flow.impact().freed == 2


def test_the_same_rules_change_nothing(flow: Partnerflow, inventory: dict[str, UUID], pack_of: Callable) -> None:
    impact = flow.impact(pack_of())
    assert (impact.compared, impact.concerned, impact.policies, impact.steps) == (10, 0, (), ())
    assert impact.partnerships == ()


def test_rules_that_differ_but_say_the_same_change_nothing(
    flow: Partnerflow, inventory: dict[str, UUID], pack_of: Callable
) -> None:
    """Each rule holds in one state more, which nobody alive is in: every one is asked, and none answers otherwise."""
    codes = [rule.policy.code for rule in flow.pack if not (rule.policy.compares or rule.policy.authority)]
    settings = "".join(f'[[set]]\ncode = "{code}"\nholds_in = ["terminated"]\n' for code in codes)
    assert flow.impact(pack_of(settings)).concerned == 0
    both = flow.impact(pack_of(settings + raised(), "both"))
    assert changes(both) == changes(flow.impact(pack_of(raised())))
    assert both.steps == flow.impact(pack_of(raised())).steps


def test_what_it_finds_is_what_the_flow_itself_would_say(
    flow: Partnerflow, inventory: dict[str, UUID], pack_of: Callable
) -> None:
    """Each change is the difference between two flows that are really run under the two packs."""
    new = pack_of(
        raised() + '[[set]]\ncode = "TRN-001"\nmonths = 1\n[[set]]\ncode = "VET-001"\nseverity = "advisory"\n'
    )
    at = datetime(2026, 9, 28, 12, tzinfo=UTC)
    flow.clock.move_to(at)  # type: ignore[attr-defined]
    other = Partnerflow(store=flow.store, pack=new, clock=flow.clock)
    authority = {rule.policy.code for rule in flow.pack if rule.policy.authority}
    for one in flow.compare(new):
        said = {change.trigger: change for change in one.changes}
        assert {trigger: (c.blocking, c.freed) for trigger, c in said.items()} == dict(
            _really(flow, other, one.id, authority)
        )


def _really(flow: Partnerflow, other: Partnerflow, id_: UUID, authority: set[str]) -> Iterator[Any]:
    asked: dict[str | None, Any] = {None: (flow.explain(id_), other.explain(id_))}
    now, then = (each.options(id_, by=OFFICE) for each in (flow, other))
    asked |= {trigger: (now[trigger].report, then[trigger].report) for trigger in now}
    for trigger, reports in asked.items():
        before, after = ([f.code for f in report.blocking if f.code not in authority] for report in reports)
        if before != after:
            yield (
                trigger,
                (tuple(c for c in after if c not in before), tuple(c for c in before if c not in after)),
            )


# --- when ----------------------------------------------------------------------------------------------------------


def test_a_change_that_has_a_date_shows_on_that_day(
    flow: Partnerflow, inventory: dict[str, UUID], pack_of: Callable
) -> None:
    """A moment to come may be asked for, since nothing is written; a day is a day of the district."""
    new = pack_of(raised(**{"from": "2026-12-01"}))
    assert flow.impact(new).concerned == 0
    then = flow.impact(new, at=datetime(2026, 12, 1, tzinfo=UTC))
    assert (then.on, then.concerned) == (date(2026, 12, 1), 3)
    west = Partnerflow(store=flow.store, pack=flow.pack, clock=flow.clock, tz="America/Los_Angeles")
    assert west.impact(new, at=datetime(2026, 12, 1, tzinfo=UTC)).on == date(2026, 11, 30)
    with pytest.raises(InvalidRequest, match="time zone"):
        flow.impact(new, at=datetime(2026, 12, 1))  # noqa: DTZ001


# --- what it is not ------------------------------------------------------------------------------------------------


def test_nothing_is_written_and_nobody_is_told(
    flow: Partnerflow, inventory: dict[str, UUID], pack_of: Callable, everything: Callable
) -> None:
    told: list[object] = []
    flow.after.connect(told.append)
    before = everything(flow)
    flow.impact(pack_of(raised()))
    assert everything(flow) == before
    assert told == []
    flow.verify()


def test_policies_that_read_who_asks_are_left_out_and_named(
    flow: Partnerflow, inventory: dict[str, UUID], pack_of: Callable
) -> None:
    impact = flow.impact(pack_of('[roles.partnership_office]\nfire = ["propose"]\nfile = ["*"]\n'))
    assert impact.concerned == 0
    assert set(impact.not_asked) == {rule.policy.code for rule in flow.pack if rule.policy.authority}


def test_a_pack_that_does_not_fit_is_refused_before_anything_is_read(flow: Partnerflow, pack_of: Callable) -> None:
    odd = pack_of('[[set]]\ncode = "SAFE-002"\nholds_in = ["limbo"]\n')
    with pytest.raises(PackError, match="limbo"):
        flow.compare(odd)
    with pytest.raises(PackError):
        flow.impact("no-such-file.toml")


def test_a_partnership_that_cannot_be_judged_is_named_and_holds_up_no_other(
    flow: Partnerflow, inventory: dict[str, UUID], pack_of: Callable
) -> None:
    pausing = DEFAULT.evolve(
        name="ours", version="2", states=["paused"],
        rows=[
            Row("pause", sources=["active"], target="paused", event="paused", cites=["local"]),
            Row("resume", sources=["paused"], target="active", event="resumed", cites=["local"], advances=True),
        ],
    )  # fmt: skip
    ours = Partnerflow(store=flow.store, pack=flow.pack, lifecycle=pausing, clock=flow.clock)
    ours.fire(inventory["poor active"], "pause", by=OFFICE)
    impact = flow.impact(pack_of(raised()))
    assert (impact.compared, impact.unjudged_count) == (9, 1)
    assert [one.id for one in impact.unjudged] == [inventory["poor active"]]
    assert "paused" in str(impact.unjudged[0].unjudged)
    assert set(changes(impact)) == {"poor onboarding", "poor improvement_plan"}
    data = impact.to_data()
    assert (data["unjudged"], len(data["partnerships"])) == (1, 3)
    assert changes(ours.impact(pack_of(raised())))["poor active"] == {"resume": STOPPED}


def test_facts_that_only_the_host_knows_count(flow: Partnerflow, inventory: dict[str, UUID], pack_of: Callable) -> None:
    def insured(partnership: Any, session: object | None) -> list[Record]:
        return [cover(7)] if partnership.id == inventory["poor active"] else []

    hosted = Partnerflow(store=flow.store, pack=flow.pack, clock=flow.clock, host_records=insured)
    assert set(changes(hosted.impact(pack_of(raised())))) == {"poor onboarding", "poor improvement_plan"}


# --- parts, data and counts ----------------------------------------------------------------------------------------


def test_parts_by_id_add_up_to_the_whole(flow: Partnerflow, inventory: dict[str, UUID], pack_of: Callable) -> None:
    new = pack_of(raised())
    whole = list(flow.compare(new))
    assert [one.id for one in whole] == sorted(one.id for one in whole)
    assert len(whole) == 10
    middle = whole[4].id
    assert [*flow.compare(new, through=middle), *flow.compare(new, after=middle)] == whole
    assert flow.impact(new, after=middle).compared == 5


def test_as_data_it_is_plain_json(flow: Partnerflow, inventory: dict[str, UUID], pack_of: Callable) -> None:
    impact = flow.impact(pack_of(raised()))
    data = impact.to_data()
    assert json.loads(json.dumps(data)) == data
    assert data["schema"] == "partnerflow.impact/1"
    assert data["new"] == {"name": "new", "version": "1", "digest": impact.new.digest}
    assert data["present"]["digest"] == flow.pack.digest
    by_partner = {one["partner"]: one for one in data["partnerships"]}
    assert by_partner["poor active"] == {
        "schema": "partnerflow.impact-partnership/1",
        "id": str(inventory["poor active"]),
        "partner": "poor active",
        "state": "active",
        "changes": [
            {"trigger": None, "blocking": ["SAFE-002"], "freed": [], "closes": True, "opens": False},
            {"trigger": "renew", "blocking": ["SAFE-002"], "freed": [], "closes": True, "opens": False},
        ],
        "unjudged": None,
    }
    assert "partnerships" not in impact.to_data(whole=False)


def test_every_store_says_the_same(pack_of: Callable, clock: TickingClock, tmp_path: Path) -> None:
    """The same partnerships, kept in memory and in SQLite, under the same ids."""
    from partnerflow.adapters.sqlalchemy import open_store

    sqlite = open_store(f"sqlite:///{tmp_path / 'same.db'}")
    stores: list[Store] = [MemoryStore(), sqlite]
    said = []
    for store in stores:
        ids = (UUID(int=number) for number in range(1, 1_000))
        flow = Partnerflow(store=store, clock=lambda: NOON, new_id=lambda ids=ids: next(ids))
        for place in range(7):
            begun = flow.adopt(Partner(name=f"P{place}"), state="active", by=OFFICE, reason="in place")
            flow.file(begun.id, cover(1 + place % 3), by=OFFICE)
        said.append(flow.impact(pack_of(raised())).to_data())
    sqlite.engine.dispose()
    assert said[0] == said[1]
    assert said[0]["blocking"] == 3


def test_a_tally_keeps_no_more_than_is_wanted(flow: Partnerflow, pack: Pack) -> None:
    """However many are concerned, the counts are whole."""
    tally = Tally(present=pack, new=pack, on=EXAMPLE_DAY, lifecycle=flow.lifecycle, keep=2)
    stopped = Change(trigger="renew", blocking=("SAFE-002",), closes=True)
    for number in range(5):
        tally.add(Compared(id=UUID(int=number), partner="P", state="active", changes=(stopped,)))
        tally.add(Compared(id=UUID(int=number), partner="", state="limbo", unjudged="unknown state"))
    impact = tally.impact()
    assert (impact.compared, impact.concerned, len(impact.partnerships)) == (5, 5, 2)
    assert (impact.unjudged_count, len(impact.unjudged)) == (5, 2)
    assert (impact.policies[0].blocking, impact.steps[0].closes) == (5, 5)
