"""The default table, and what a table answers and becomes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import attrs
import pytest

from partnerflow.errors import InvalidRequest
from partnerflow.lifecycle import CHOSEN, DEFAULT, SAME, TRANSITIONS, Lifecycle, Row, State, Trigger

BEFORE_ACTIVE = ("intake", "vetting", "onboarding")
RUNNING = ("active", "improvement_plan")

# trigger, from, to, advances, carries, clauses, event: section 5 of the design, written out by hand
EXPECTED = [
    ("propose", (), "intake", False, (), ("SPPS-III.D4",), "proposed"),
    ("adopt", (), "*", False, ("reason",), ("SPPS-II.4",), "adopted"),
    ("begin_vetting", ("intake",), "vetting", True, (), ("EAF-4.1.b", "SPPS-V.4"), "vetting_begun"),
    ("return_to_intake", ("vetting",), "intake", False, ("reason",), ("SPPS-III.D5",), "returned_to_intake"),
    ("approve", ("vetting",), "onboarding", True, (), ("EAF-C.3b", "CS2-1.S2"), "approved"),
    (
        "return_to_vetting", ("onboarding",), "vetting", False, ("reason",),
        ("SPPS-III.D5",), "returned_to_vetting",
    ),
    ("activate", ("onboarding",), "active", True, (), ("EAF-4.2.0", "CS2-2.S1", "SPPS-V.21"), "activated"),
    ("amend", RUNNING, "=", False, ("reason",), ("SPPS-V.13b",), "amended"),
    ("renew", ("active",), "active", True, (), ("TK-9", "CS2-X4"), "renewed"),
    (
        "open_improvement_plan", ("active",), "improvement_plan", False, ("reason",),
        ("EAF-4.3.e2",), "improvement_plan_opened",
    ),
    (
        "extend_improvement_plan", ("improvement_plan",), "=", False, ("reason",),
        ("EAF-4.3.e",), "improvement_plan_extended",
    ),
    ("reinstate", ("improvement_plan",), "active", True, (), ("EAF-4.3.e3",), "reinstated"),
    ("decline", BEFORE_ACTIVE, "terminated", False, ("reason",), ("SPPS-V.13",), "declined"),
    ("withdraw", BEFORE_ACTIVE, "terminated", False, ("reason",), ("SPPS-V.13",), "withdrawn"),
    ("end", RUNNING, "terminated", False, ("reason",), ("SPPS-V.13",), "ended"),
    (
        "terminate_for_performance", ("improvement_plan",), "terminated", False, ("reason",),
        ("EAF-4.3.e",), "terminated_for_performance",
    ),
    (
        "terminate_for_cause", ("onboarding", *RUNNING), "terminated", False, ("reason",),
        ("SPPS-V.13",), "terminated_for_cause",
    ),
]  # fmt: skip

# the same table, read state by state
LEGAL = {
    None: ("propose", "adopt"),
    "intake": ("begin_vetting", "decline", "withdraw"),
    "vetting": ("return_to_intake", "approve", "decline", "withdraw"),
    "onboarding": ("return_to_vetting", "activate", "decline", "withdraw", "terminate_for_cause"),
    "active": ("amend", "renew", "open_improvement_plan", "end", "terminate_for_cause"),
    "improvement_plan": (
        "amend", "extend_improvement_plan", "reinstate",
        "end", "terminate_for_performance", "terminate_for_cause",
    ),
    "terminated": (),
}  # fmt: skip

SUSPEND = Row("suspend", sources=["active"], target="suspended", event="suspended", cites=["Board policy 1"])
RESUME = Row("resume", sources=["suspended"], target="active", event="resumed", cites=["Board policy 1"])


def suspending(**changes: object) -> Lifecycle:
    wanted = {"name": "river", "version": "7", "states": ["suspended"], "rows": [SUSPEND, RESUME], **changes}
    return DEFAULT.evolve(**wanted)  # type: ignore[arg-type]


def test_the_default_table_is_the_one_of_the_design() -> None:
    assert [
        (row.trigger, row.sources, row.target, row.advances, row.carries, row.cites, row.event) for row in TRANSITIONS
    ] == EXPECTED


def test_the_default_lifecycle_holds_the_whole_table_and_nothing_else() -> None:
    assert DEFAULT.rows == TRANSITIONS
    assert (DEFAULT.name, DEFAULT.version) == ("default", "1")
    assert str(DEFAULT) == "lifecycle default 1"


def test_the_states_are_six_first_to_last_and_only_the_last_is_final() -> None:
    six = ("intake", "vetting", "onboarding", "active", "improvement_plan", "terminated")
    assert DEFAULT.states == tuple(State) == six
    assert DEFAULT.final == {"terminated"}
    assert DEFAULT.live == six[:-1]


def test_the_triggers_are_those_of_the_table_in_its_order() -> None:
    assert DEFAULT.triggers == tuple(Trigger) == tuple(trigger for trigger, *_ in EXPECTED)


def test_no_two_steps_of_the_default_table_share_an_event() -> None:
    assert len({row.event for row in DEFAULT.rows}) == len(DEFAULT.rows)


def test_every_clause_that_a_row_cites_is_in_the_list_of_clauses(clause_ids: frozenset[str]) -> None:
    unknown = {(row.trigger, clause) for row in DEFAULT.rows for clause in row.cites if clause not in clause_ids}
    assert not unknown


def test_whatever_does_not_advance_says_why_unless_it_proposes() -> None:
    assert {row.trigger for row in DEFAULT.rows if row.advances == ("reason" in row.carries)} == {"propose"}


def test_a_row_holds_plain_texts_whatever_it_was_given() -> None:
    row = Row(Trigger.APPROVE, sources=[State.VETTING], target=State.ONBOARDING, event=Trigger.APPROVE, cites=["X"])
    assert {type(text) for text in (row.trigger, *row.sources, row.target, row.event)} == {str}
    assert {type(value) for value in (row.sources, row.cites, row.carries)} == {tuple}


def test_a_table_holds_plain_texts_whatever_it_was_given() -> None:
    given = Lifecycle("default", "1", iter(TRANSITIONS), states=list(State), final=[State.TERMINATED])
    assert given == DEFAULT
    for lifecycle in (given, DEFAULT, suspending(final=[State.TERMINATED])):
        assert {type(text) for text in (*lifecycle.states, *lifecycle.final)} == {str}
        assert (type(lifecycle.rows), type(lifecycle.states)) == (tuple, tuple)
        assert type(lifecycle.final) is frozenset


def renewing(**changes: object) -> Row:
    wanted = {"sources": ["active"], "target": SAME, "event": "renewed", "cites": ["X"], **changes}
    return Row("renew", **wanted)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "build",
    [
        lambda: renewing(sources="active"),
        lambda: renewing(sources=State.ACTIVE),
        lambda: renewing(cites="active"),
        lambda: renewing(carries="active"),
        lambda: Lifecycle("mine", "1", TRANSITIONS, states="active"),
        lambda: Lifecycle("mine", "1", TRANSITIONS, final="active"),
        lambda: suspending(states="active"),
        lambda: suspending(final="active"),
        lambda: suspending(without="active"),
    ],
)
def test_a_lone_text_is_no_collection_of_texts(build: Callable[[], object]) -> None:
    with pytest.raises(TypeError, match="a collection of texts is wanted, not the lone text 'active'"):
        build()


def test_a_row_creates_when_it_has_no_source() -> None:
    assert {row.trigger for row in DEFAULT.rows if row.creates} == {"propose", "adopt"}


@pytest.mark.parametrize("source", LEGAL)
def test_legal_names_what_may_be_asked_in_a_state_in_the_order_of_the_table(source: str | None) -> None:
    assert DEFAULT.legal(source) == LEGAL[source]


def test_nothing_is_legal_in_a_state_that_the_table_does_not_know() -> None:
    assert DEFAULT.legal("suspended") == ()


def test_row_finds_the_row_of_every_legal_step_and_of_no_other() -> None:
    for source, legal in LEGAL.items():
        for trigger in (*DEFAULT.triggers, "suspend"):
            row = DEFAULT.row(trigger, source)
            if trigger in legal:
                assert row is not None
                assert row.trigger == trigger
                assert source in row.sources or (source is None and row.creates)
            else:
                assert row is None


def test_a_question_may_be_asked_in_enums_or_in_plain_texts() -> None:
    assert DEFAULT.row(Trigger.APPROVE, State.VETTING) is DEFAULT.row("approve", "vetting") is not None
    assert DEFAULT.legal(State.ACTIVE) == DEFAULT.legal("active")


@pytest.mark.parametrize(
    ("trigger", "source", "targets"),
    [
        ("propose", None, ("intake",)),
        ("adopt", None, BEFORE_ACTIVE + RUNNING),
        ("approve", "vetting", ("onboarding",)),
        ("amend", "active", ("active",)),
        ("amend", "improvement_plan", ("improvement_plan",)),
        ("end", "improvement_plan", ("terminated",)),
    ],
)
def test_targets_are_one_unless_the_caller_may_choose(
    trigger: str, source: str | None, targets: tuple[str, ...]
) -> None:
    row = DEFAULT.row(trigger, source)
    assert row is not None
    assert DEFAULT.targets(row, source) == targets


def test_the_steps_are_every_row_from_each_of_its_sources_to_each_of_its_targets() -> None:
    steps = list(DEFAULT.steps())
    assert [(row.trigger, source, target) for row, source, target in steps[:7]] == [
        ("propose", None, "intake"),
        *(("adopt", None, state) for state in DEFAULT.live),
        ("begin_vetting", "intake", "vetting"),
    ]
    assert {(row.trigger, source) for row, source, _ in steps} == {
        (trigger, source) for source, legal in LEGAL.items() for trigger in legal
    }
    assert all(target in DEFAULT.targets(row, source) for row, source, target in steps)


def test_a_caller_may_choose_any_state_that_can_be_left_added_ones_too() -> None:
    adopt = next(row for row in DEFAULT.rows if row.target == CHOSEN)
    assert suspending().targets(adopt, None) == (*DEFAULT.live, "suspended")


def test_an_evolved_table_has_the_added_state_and_the_added_rows() -> None:
    evolved = suspending()
    assert evolved.states == (*DEFAULT.states, "suspended")
    assert evolved.live == (*DEFAULT.live, "suspended")
    assert evolved.triggers == (*DEFAULT.triggers, "suspend", "resume")
    assert evolved.legal("active") == (*DEFAULT.legal("active"), "suspend")
    assert evolved.legal("suspended") == ("resume",)
    assert evolved.row("suspend", "active") is SUSPEND


def test_an_evolved_table_has_its_own_name_and_version() -> None:
    evolved = suspending()
    assert (evolved.name, evolved.version) == ("river", "7")
    assert str(evolved) == "lifecycle river 7"
    assert evolved != DEFAULT


def test_evolving_leaves_the_original_as_it_was() -> None:
    before = attrs.astuple(DEFAULT, recurse=False)
    suspending(without=["renew"], final=[])
    assert attrs.astuple(DEFAULT, recurse=False) == before
    assert DEFAULT.rows == TRANSITIONS
    assert DEFAULT.row("suspend", "active") is None
    assert DEFAULT.row("renew", "active") is not None


def test_a_row_for_a_trigger_that_is_there_adds_sources_to_it() -> None:
    more = Row("end", sources=["suspended"], target="terminated", event="ended", cites=["Board policy 1"])
    evolved = suspending(rows=[SUSPEND, more])
    assert evolved.row("end", "suspended") is more
    assert evolved.row("end", "active") is DEFAULT.row("end", "active")
    assert evolved.triggers.count("end") == 1


def test_a_trigger_can_be_left_out() -> None:
    evolved = suspending(without=[Trigger.RENEW])
    assert "renew" not in evolved.triggers
    assert evolved.row("renew", "active") is None
    assert len(evolved.rows) == len(DEFAULT.rows) + 1


def test_a_trigger_that_is_not_there_cannot_be_left_out() -> None:
    with pytest.raises(InvalidRequest, match="without=renwe, resume: lifecycle default 1 has propose, "):
        DEFAULT.evolve(name="river", version="8", without=["renew", "resume", "renwe"])


def test_a_trigger_that_is_left_out_can_be_given_anew_in_one_step() -> None:
    anew = Row("renew", sources=["active"], target=SAME, event="renewed", cites=["Board policy 2"])
    evolved = DEFAULT.evolve(name="river", version="8", rows=[anew], without=["renew"])
    assert evolved.row("renew", "active") is anew


def test_an_evolved_table_keeps_its_final_states_and_may_add_more() -> None:
    assert suspending().final == DEFAULT.final
    archive = Row("archive", sources=["active"], target="archived", event="archived", cites=["Board policy 3"])
    evolved = DEFAULT.evolve(name="river", version="9", rows=[archive], states=["archived"], final=["archived"])
    assert evolved.final == {"terminated", "archived"}
    assert "archived" not in evolved.live


def test_an_evolved_table_can_be_evolved_again() -> None:
    again = suspending().evolve(name="river", version="8", without=["renew"])
    assert again.row("suspend", "active") is SUSPEND
    assert again.row("renew", "active") is None


def test_tables_with_the_same_content_are_equal_and_hash_alike() -> None:
    assert suspending() == suspending()
    assert hash(suspending()) == hash(suspending())
    assert suspending(version="8") != suspending()


def test_a_table_and_its_rows_cannot_be_changed() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        DEFAULT.name = "mine"  # type: ignore[misc]
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        DEFAULT.rows[0].target = "active"  # type: ignore[misc]


def test_reading_the_table_does_not_import_the_state_machine_library() -> None:
    program = (
        "import sys, partnerflow.lifecycle; read = 'transitions' in sys.modules; "
        "import partnerflow.lifecycle.machine; print(read, 'transitions' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False", "True"]
