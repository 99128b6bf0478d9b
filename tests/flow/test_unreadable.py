"""One entry that nobody can read is one unreadable entry: named, missing for the policies that read its kind."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
from sqlalchemy import create_engine, text

from partnerflow import Actor, InvalidRequest, Partner, Partnerflow, Partnership, Refused, Tampered, Unreadable
from partnerflow.flow import submission
from partnerflow.flow.bulk import Filing, Step
from partnerflow.records import BackgroundCheck, Contact, Insurance, Person
from partnerflow.records.registry import Unread
from partnerflow.testing import EXAMPLE_DAY

Call = Callable[..., Any]
COVER = Insurance(
    line="general_liability", starts_on=EXAMPLE_DAY - timedelta(days=40), ends_on=EXAMPLE_DAY + timedelta(days=300)
)

pytestmark = pytest.mark.parametrize("store", ["sqlite"], indirect=True)


@pytest.fixture
def both(flow: Partnerflow, walked_to: Call, riverbend: Partner) -> tuple[Partnership, Partnership]:
    """Two partnerships that run, of two partners."""
    another = attrs.evolve(riverbend, name="Another", ids={})
    return walked_to(flow, "active"), walked_to(flow, "active", partner=another, site="255901002")


@pytest.fixture
def change(tmp_path: Path) -> Callable[[str], None]:
    """Change the database by hand."""

    def execute(statement: str) -> None:
        engine = create_engine(f"sqlite:///{tmp_path / 'partners.db'}")
        with engine.begin() as connection:
            assert connection.execute(text(statement)).rowcount > 0
        engine.dispose()

    return execute


def file_as_an_earlier_release_did(flow: Partnerflow, p: Partnership, by: Actor, patch: pytest.MonkeyPatch) -> Any:
    """File a certificate with a text for a document, which releases before the gate let in."""
    with patch.context() as before:
        before.setattr(submission.gate, "read_documents", tuple)
        (entry,) = flow.file(p.id, COVER, by=by, documents=["https://portal/cert.pdf"])  # type: ignore[list-item]
    return entry.id


def outcome(flow: Partnerflow, p: Partnership, code: str) -> str:
    return str(flow.explain(p.id)[code].outcome)


def everybodys_calls_work(flow: Partnerflow, other: Partnership, by: Actor) -> None:
    assert len(list(flow.find())) == 2
    assert [row.error for row in flow.inventory() if row.partnership.id == other.id] == [None]
    assert list(flow.heads())
    assert flow.impact("default").compared
    flow.sweep(everything=True)
    flow.file(other.id, Contact(name="Somebody"), by=by)
    assert flow.options(other.id, by=by)


def test_one_document_that_is_a_text_bricks_nobody(
    flow: Partnerflow, both: tuple[Partnership, Partnership], office: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    p, other = both
    entry_id = file_as_an_earlier_release_did(flow, p, office, monkeypatch)
    (unread,) = [each for each in flow.entries_of(p.id) if isinstance(each.record, Unread)]
    assert (unread.id, unread.kind) == (entry_id, "insurance")
    flow.verify()
    assert outcome(flow, p, "SAFE-002") == "missing"
    assert outcome(flow, p, "SAFE-001") == outcome(flow, other, "SAFE-001")
    with pytest.raises(Refused):
        flow.fire(p.id, "renew", by=office)
    done = list(flow.file_many([Filing(each.id, (Contact(name="A"),)) for each in both], by=office, key="k"))
    done += flow.fire_many([Step(p.id, "end", reason="x")], by=office, key="s")
    assert {each.outcome for each in done} <= {"done", "refused"}
    everybodys_calls_work(flow, other, office)


def test_it_is_retracted_and_redacted_by_the_office_alone(
    flow: Partnerflow, both: tuple[Partnership, Partnership], office: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    p, _ = both
    stood = outcome(flow, p, "SAFE-002")
    entry_id = file_as_an_earlier_release_did(flow, p, office, monkeypatch)
    partner = Actor("rep", side="partner", roles={"partner"}, partner_id=p.partner_id)
    with pytest.raises(Refused):
        flow.retract(p.id, entry_id, by=partner, reason="x")
    with pytest.raises(InvalidRequest):
        flow.redact(p.id, entries=[entry_id], by=office, reason="x")
    flow.retract(p.id, entry_id, by=office, reason="nobody can read it")
    assert outcome(flow, p, "SAFE-002") == stood
    flow.redact(p.id, entries=[entry_id], by=office, reason="nobody can read it")
    flow.verify()


@pytest.mark.parametrize(
    ("column", "value"),
    [("text", "{"), ("text", '{"line": 7}'), ("filed_by", "{}"), ("filed_by", "?"), ("documents", "?")],
)
def test_whatever_of_an_entry_cannot_be_read_its_kind_is_missing_and_the_change_is_seen(
    column: str,
    value: str,
    flow: Partnerflow,
    both: tuple[Partnership, Partnership],
    office: Actor,
    change: Callable[[str], None],
) -> None:
    p, other = both
    flow.file(p.id, Insurance(line="another"), by=office)
    change(f"UPDATE pf_entry SET {column} = '{value}' WHERE text LIKE '%another%'")
    assert outcome(flow, p, "SAFE-002") == "missing"
    with pytest.raises(Tampered):
        flow.verify()
    everybodys_calls_work(flow, other, office)


def test_beside_an_unreadable_entry_what_waits_goes_on_waiting(
    flow: Partnerflow, both: tuple[Partnership, Partnership], office: Actor, change: Callable[[str], None]
) -> None:
    p, _ = both
    partner = Actor("rep", side="partner", roles={"partner"}, partner_id=p.partner_id)
    flow.file(p.id, Person(person="new", direct_contact=True), by=office)
    check = BackgroundCheck(person="new", result="clear", cleared_on=EXAMPLE_DAY, ends_on=COVER.ends_on)
    flow.file(p.id, check, by=partner)
    stood = outcome(flow, p, "SAFE-001")
    assert stood in ("missing", "failed")
    flow.file(p.id, Insurance(line="another"), by=office)
    change("UPDATE pf_entry SET text = '?' WHERE text LIKE '%another%'")
    assert outcome(flow, p, "SAFE-001") == stood


def test_an_unreadable_retraction_makes_everything_missing(
    flow: Partnerflow, both: tuple[Partnership, Partnership], office: Actor, change: Callable[[str], None]
) -> None:
    p, other = both
    (entry,) = flow.file(p.id, Insurance(line="another"), by=office)
    assert entry.id is not None
    flow.retract(p.id, entry.id, by=office, reason="x")
    change("UPDATE pf_entry SET text = '?' WHERE kind = 'retraction'")
    assert {outcome(flow, p, code) for code in ("SAFE-001", "SAFE-002")} == {"missing"}
    everybodys_calls_work(flow, other, office)


def test_of_a_partner_whose_record_cannot_be_read_nothing_is_known(
    flow: Partnerflow, both: tuple[Partnership, Partnership], office: Actor, change: Callable[[str], None]
) -> None:
    p, other = both
    flow.file(other.id, Partner(name="Renamed", kind="community_organization"), by=office)
    change("UPDATE pf_entry SET text = '?' WHERE text LIKE '%Renamed%'")
    assert flow.partner(other.partner_id) == Partner(name="unreadable")
    everybodys_calls_work(flow, p, office)
    flow.file(other.id, Partner(name="Renamed again"), by=office)
    assert flow.partner(other.partner_id).name == "Renamed again"


def test_a_step_that_cannot_be_read_leaves_the_partnership_listed_and_marked(
    flow: Partnerflow, both: tuple[Partnership, Partnership], office: Actor, change: Callable[[str], None]
) -> None:
    p, other = both
    change(f"UPDATE pf_transition SET \"by\" = '?' WHERE partnership_id = '{p.id.hex}' AND version = 2")
    (row,) = [row for row in flow.inventory() if row.partnership.id == p.id]
    assert "cannot" not in row.partner
    assert row.error is not None
    for call in (lambda: flow.fire(p.id, "renew", by=office), lambda: flow.explain(p.id)):
        with pytest.raises(Unreadable, match=str(p.id)):
            call()  # type: ignore[no-untyped-call]
    done = list(flow.fire_many([Step(p.id, "renew"), Step(other.id, "renew")], by=office, key="k"))
    assert isinstance(done[0].error, Unreadable)
    assert not isinstance(done[1].error, Unreadable)
    swept = flow.sweep(everything=True)
    assert [*swept.unjudged] == [p.id]
    assert isinstance(swept.unjudged[p.id], Unreadable)
    (compared,) = [each for each in flow.compare("default") if each.id == p.id]
    assert compared.unjudged is not None
    with pytest.raises(Tampered):
        flow.verify()
