"""A database that the code of commit 3282929 wrote reads back byte for byte, and its partnerships go on.

`data/demo-of-3282929.sql` is the SQLite file that the demo of that code left, after more calls of its public API.
`data/demo-of-3282929.json` is what the functions below returned when that code ran them on it: `kept` may never change,
and `on_day` only where a shipped policy or pack changes on purpose. `partnerflow db upgrade` brings its tables to
today's version; each row is what it was.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import create_engine, inspect, select

pytest.importorskip("alembic")

from partnerflow import DISTRICT, Actor, Entry, Head, KeyReused, Money, Partner, Partnerflow, Partnership, Refused, Step
from partnerflow.adapters.sqlalchemy import Tables
from partnerflow.adapters.sqlalchemy.migrations import upgrade_database
from partnerflow.records import Amendment, Insurance, Need, Site

DATA = Path(__file__).with_name("data")
SQL = DATA / "demo-of-3282929.sql"
EXPECTED = json.loads((DATA / "demo-of-3282929.json").read_text(encoding="utf-8"))
NAMES = json.loads((DATA / "names-of-3282929.json").read_text(encoding="utf-8"))
DIGESTS = NAMES["digests"]
STANDING = json.loads((DATA / "standing-of-3282929.json").read_text(encoding="utf-8"))
"""What the policies found there, by that code, on the days below."""
UPGRADING = Path(__file__).parents[1] / "docs" / "how-to" / "migrate.md"
LATER = {"default": datetime(2027, 7, 5, 8, tzinfo=UTC), "northside": datetime(2034, 8, 1, 8, tzinfo=UTC)}
"""The moment at which the database of each tenant is opened again."""
RULES = {"default": ("default", "UTC"), "northside": ("spps-9a", "America/Chicago")}
SQLITE_ALONE = pytest.mark.parametrize("url", ["sqlite"], indirect=True)

ANDERSON = Actor("a.anderson", side="district", roles={"partnership_office"})
OKAFOR = Actor("b.okafor", side="district", roles={"partnership_office"})

Opened = Callable[[str], Partnerflow]


# --- reading a database as JSON -------------------------------------------------------------------------------------


def kept_by(flow: Partnerflow) -> dict[str, Any]:
    """Return all that is kept for a district, as plain JSON data; of long texts the hash."""
    everything = list(flow.find())
    return {
        "partnerships": [row(each, "id partner_id state since version succeeds") for each in everything],
        "transitions": {str(each.id): transitions_of(flow, each) for each in everything},
        "attempts": {
            str(each.id): [row(made, "id trigger source by at recorded_at codes") for made in flow.attempts(each.id)]
            for each in everything
        },
        "entries": {str(each.id): entries_of(flow.dossier(each.id).entries) for each in everything},
        "district": entries_of(flow.district_file()),
        "events": events_of(flow),
        "heads": [row(head, "chain id count link") for head in flow.heads()],
    }


def transitions_of(flow: Partnerflow, partnership: Partnership) -> list[list[Any]]:
    names = "version id trigger source target by at recorded_at reason lifecycle event entered link"
    redacted = "reason_redacted decision_redacted"
    return [[*row(made, names), hashed(made.decision), *row(made, redacted)] for made in flow.history(partnership.id)]


def entries_of(entries: Iterable[Entry]) -> list[list[Any]]:
    names = "file_id seq id kind revision filed_at recorded_at filed_by version link redacted"
    return [
        [*row(entry, names), hashed(entry.text), [[paper.uri, paper.sha256] for paper in entry.documents]]
        for entry in entries
    ]


def events_of(flow: Partnerflow) -> dict[str, list[list[Any]]]:
    told: dict[str, list[list[Any]]] = {}
    for event in flow.store.outgoing():
        line = [*row(event, "sequence id type"), hashed(event.body())]
        told.setdefault(str(event.partnership_id), []).append(line)
    return told


def row(item: object, names: str) -> list[Any]:
    return [plain(getattr(item, name)) for name in names.split()]


def plain(value: Any) -> Any:
    """Return a value as JSON has it."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Actor):
        return value.id
    return [*value] if isinstance(value, tuple) else str(value) if isinstance(value, UUID) else value


def hashed(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def found_by(flow: Partnerflow) -> dict[str, Any]:
    """Return what is found of each partnership on the day of the flow's clock."""
    everything = list(flow.find())
    then = DIGESTS[flow.pack.name]

    def as_then(text: str) -> str:
        """Return a text with the digest that the pack had: it changes with the engine, even where no word does."""
        return text.replace(flow.pack.digest, then).replace(flow.pack.digest[:12], then[:12])

    return {
        "explained": {str(each.id): as_then(flow.explain(each.id).explain()).split("\n") for each in everything},
        "reports": {str(each.id): hashed(as_then(flow.explain(each.id).text())) for each in everything},
        "options": {
            str(each.id): {
                step: hashed(as_then(each.text())) for step, each in flow.options(each.id, by=OKAFOR).items()
            }
            for each in everything
        },
    }


def notices_data(flow: Partnerflow) -> list[list[str]]:
    """Sweep, and return what it told."""
    return sorted(row(notice, "partnership_id telling code due_on days_left") for notice in flow.sweep().notices)


# --- opening it -----------------------------------------------------------------------------------------------------


def restored(path: Path) -> Path:
    """Make the SQLite file as it was left, upgrade its tables, and return its path."""
    raw = sqlite3.connect(path)
    raw.executescript(SQL.read_text(encoding="utf-8"))
    raw.close()
    upgrade_database(f"sqlite:///{path}")
    return path


@pytest.fixture
def opened(url: str, tmp_path: Path) -> Iterator[Opened]:
    """Return what opens the database for a district: the file itself, or its rows on another database."""
    file, flows = restored(tmp_path / "then.db"), list[Partnerflow]()
    if url.startswith("sqlite"):
        url = f"sqlite:///{file}"
    else:
        copied(f"sqlite:///{file}", url)

    def open_for(tenant: str) -> Partnerflow:
        pack, tz = RULES[tenant]
        flows.append(Partnerflow.open(url, tenant=tenant, pack=pack, tz=tz, clock=lambda: LATER[tenant]))
        return flows[-1]

    yield open_for
    for flow in flows:
        flow.store.engine.dispose()


def copied(source: str, target: str) -> None:
    """Copy every row of one database into another that has the tables, and no rows."""
    there, here = create_engine(source), create_engine(target)
    assert set(inspect(there).get_table_names()) == set(Tables().metadata.tables)
    with there.connect() as reading, here.begin() as writing:
        for table in Tables().metadata.sorted_tables:
            rows = [row._asdict() for row in reading.execute(select(table))]
            if rows and table.name != "pf_schema":
                writing.execute(table.insert(), rows)
    there.dispose()
    here.dispose()


def heads_of(listed: list[list[Any]]) -> list[Head]:
    return [Head(chain=chain, id=UUID(id_), count=count, link=link) for chain, id_, count, link in listed]


# --- what is in it --------------------------------------------------------------------------------------------------


def test_every_table_and_most_kinds_of_records_are_in_it(tmp_path: Path) -> None:
    raw = sqlite3.connect(restored(tmp_path / "then.db"))
    for table in NAMES["tables"]:
        assert raw.execute(f"select count(*) from {table}").fetchone()[0] > 0, table
    kinds = {kind for (kind,) in raw.execute("select distinct kind from pf_entry")}
    assert len(kinds) > 80
    assert {"waiver", "waiver_revocation", "rubric_assessment", "retraction", "redaction", "bus_stop"} <= kinds
    for where in ("decision like '%host_records%'", "reason_redacted is not null", "decision_redacted is not null"):
        assert raw.execute(f"select count(*) from pf_transition where {where}").fetchone()[0] > 0, where
    for where in ("documents <> '[]'", "redacted is not null"):
        assert raw.execute(f"select count(*) from pf_entry where {where}").fetchone()[0] > 0, where
    raw.close()


# --- it reads back --------------------------------------------------------------------------------------------------


def test_it_opens_and_every_link_holds_also_against_the_heads_that_were_kept(opened: Opened) -> None:
    for tenant, expected in EXPECTED.items():
        flow = opened(tenant)
        flow.verify()
        flow.verify(against=heads_of(expected["kept"]["heads"]))
        flow.verify(against=heads_of(expected["earlier_heads"]))


def test_events_decisions_records_and_attempts_read_back_byte_for_byte(opened: Opened) -> None:
    for tenant, expected in EXPECTED.items():
        kept = json.loads(json.dumps(kept_by(opened(tenant))))
        for part, then in expected["kept"].items():
            assert kept[part] == then, (tenant, part)


@SQLITE_ALONE
def test_what_is_read_is_the_very_text_that_is_stored(opened: Opened, tmp_path: Path) -> None:
    raw = sqlite3.connect(tmp_path / "then.db")
    for tenant in EXPECTED:
        flow = opened(tenant)
        bodies = raw.execute("select body from pf_outbox where tenant = ? order by partnership_id, sequence", (tenant,))
        assert [(event.body(),) for event in flow.store.outgoing()] == bodies.fetchall()
        for each in flow.find():
            decisions = raw.execute(
                "select decision from pf_transition where tenant = ? and partnership_id = ? order by version",
                (tenant, each.id.hex),
            )
            assert [(made.decision,) for made in flow.history(each.id)] == decisions.fetchall()
    raw.close()


# --- it is judged as it was -----------------------------------------------------------------------------------------


@SQLITE_ALONE
def test_on_a_later_day_it_is_explained_and_decided_in_the_words_of_then(opened: Opened) -> None:
    for tenant, expected in EXPECTED.items():
        found, then = found_by(opened(tenant)), expected["on_day"]
        for partnership_id, lines in then["explained"].items():
            assert found["explained"][partnership_id] == lines
        assert found["reports"] == then["reports"]
        assert found["options"] == then["options"]


def test_what_holds_changes_only_where_the_page_on_upgrades_says_so(opened: Opened) -> None:
    rows = re.findall(r"^\| (.+) \| ([A-Z]+-\d+) \| `(\w+)` \| `(\w+)` \|", UPGRADING.read_text("utf-8"), re.MULTILINE)
    changed = []
    for tenant, standing in STANDING.items():
        flow = opened(tenant)
        for partnership_id, then in standing.items():
            now = {each.code: str(each.outcome) for each in flow.explain(UUID(partnership_id)).findings}
            partner = flow.dossier(UUID(partnership_id)).partner.name
            changed += [
                (partner, code, then.get(code), now.get(code))
                for code in {*then, *now}
                if then.get(code) != now.get(code)
            ]
    assert rows
    assert sorted(changed) == sorted(rows)


def test_a_sweep_on_a_later_day_tells_what_it_told_then_and_tells_it_once(opened: Opened) -> None:
    for tenant, expected in EXPECTED.items():
        flow = opened(tenant)
        assert notices_data(flow) == expected["on_day"]["notices"]
        assert flow.sweep().notices == ()
        flow.verify(against=heads_of(expected["kept"]["heads"]))


# --- it goes on -----------------------------------------------------------------------------------------------------


def test_a_partnership_of_then_goes_on(opened: Opened) -> None:
    flow = opened("default")
    heads = list(flow.heads())
    (active,) = flow.find(ids={"edfi": "19255902"})
    assert (active.state, active.version) == ("active", 5)
    cover = Insurance(
        line="general_liability",
        per_occurrence=Money.of(2_000_000, "USD"),
        starts_on=date(2027, 7, 1),
        ends_on=date(2028, 6, 30),
    )
    assert "SAFE-002" in {finding.code for finding in flow.explain(active.id).broken}
    flow.file(active.id, cover, by=ANDERSON)
    assert "SAFE-002" not in {finding.code for finding in flow.explain(active.id).broken}
    changed = Amendment(what="a third room", requested_by="school", effective_on=date(2027, 8, 1), voluntary=True)
    flow.file(active.id, changed, by=ANDERSON)
    made = flow.fire(active.id, "amend", by=ANDERSON, reason="room 15")
    assert (made.version, made.previous) == (6, flow.history(active.id)[4].link)
    with pytest.raises(Refused):
        flow.fire(active.id, "end", by=ANDERSON, reason="no notice is on file")
    (new,) = flow.file(active.id, Need(need="chess in the second room"), by=ANDERSON)
    flow.retract(active.id, new.id, by=ANDERSON, reason="of another partner")
    flow.redact(active.id, entries=[new.id], steps=[1], by=OKAFOR, reason="names a student")
    flow.propose(active.partner_id, by=ANDERSON)
    flow.propose(Partner(name="Northside Tutors"), by=ANDERSON)
    flow.sweep()
    flow.verify(against=heads)
    flow.verify(against=flow.heads())


def test_what_was_blanked_stays_blank_and_what_nobody_knows_any_more_is_shown(opened: Opened) -> None:
    flow = opened("default")
    (active,) = flow.find(ids={"edfi": "19255902"})
    dossier = flow.dossier(active.id)
    assert [(entry.kind, entry.text) for entry in dossier.redacted] == [("need", "")]
    stops = [entry.text for entry in dossier.entries if entry.kind == "bus_stop"]
    assert stops == ['{"stop":"Main St"}', '{"bench":true,"notes":["a",1,null],"stop":"River Rd"}']
    assert not list(flow.find(text="Xanthippe"))
    flow.file(active.id, Need(need="chess"), by=ANDERSON)
    assert active.id in {each.id for each in flow.find(text="chess")}


def test_the_past_is_seen_as_it_was(opened: Opened) -> None:
    flow, then = opened("default"), datetime(2026, 9, 20, tzinfo=UTC)
    assert [each.state for each in flow.find(as_of=then)] == ["active", "active"]
    (riverbend,) = (each for each in flow.find(as_of=then) if each.version > 1)
    assert flow.dossier(riverbend.id, as_of=then).partnership.state == "active"
    assert [each.state for each in flow.find(partner=riverbend.partner_id)] == ["terminated", "intake"]


def test_a_key_of_then_gives_the_work_of_then_and_no_other(opened: Opened) -> None:
    flow = opened("default")
    heads = list(flow.heads())
    (active,) = flow.find(ids={"edfi": "19255902"})
    ended, back = flow.find(partner=next(flow.find(text="college advising")).partner_id)
    again = flow.propose(
        ended.partner_id,
        succeeds=ended.id,
        by=ANDERSON,
        reason="a new director, a new try",
        idempotency_key="riverbend comes back",
    )
    assert again == back
    made = flow.fire(
        active.id, "begin_vetting", by=ANDERSON, reason="complete", idempotency_key="harbor begin", expected_version=1
    )
    assert made == flow.history(active.id)[1]
    blanked = flow.dossier(active.id).redacted[0]
    retraction = flow.retract(
        active.id, blanked.id, by=ANDERSON, reason="names a student", idempotency_key="harbor takes back"
    )
    assert retraction in flow.dossier(active.id).entries
    declined = next(each.id for each in flow.find(text="adopted") if each.state == "terminated")
    (done,) = flow.fire_many([Step(declined, "decline", reason="no capacity")], by=OKAFOR, key="many fired")
    assert (done.outcome, done.work) == ("done", (flow.history(declined)[-1].id,))
    assert list(flow.heads()) == heads
    with pytest.raises(KeyReused):
        flow.file(DISTRICT, Site(site="255901077", name="Ñuñoa"), by=ANDERSON, idempotency_key="rubric of 2027")
