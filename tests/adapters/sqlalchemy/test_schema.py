"""What a database must be, and what it is told when it is not."""

from __future__ import annotations

from pathlib import Path
from traceback import format_exception

import pytest
from sqlalchemy import create_engine, inspect, make_url, text, update

from partnerflow import Actor, InvalidRequest, Partner, Partnerflow, SchemaMismatch, StoreError, Unreadable
from partnerflow.adapters.sqlalchemy import SCHEMA_VERSION, SQLAlchemyStore, Tables, create_tables, without_secrets
from partnerflow.records import Need
from partnerflow.testing.contract.fixtures import files_of

OFFICE = Actor("a.anderson", side="district", roles={"partnership_office"})


def test_the_tenant_leads_every_key_of_every_table_but_the_schemas() -> None:
    for table in Tables().metadata.sorted_tables:
        if table.name == "pf_schema":
            continue
        assert next(iter(table.primary_key.columns)).name == "tenant", table.name
        for index in table.indexes:
            assert next(iter(index.columns)).name == "tenant", index.name
        for constraint in table.constraints:
            assert next(iter(constraint.columns)).name == "tenant", f"{table.name}: {constraint.name}"


def test_two_tenants_in_one_database_never_see_each_other(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'both.db'}"
    north, south = (Partnerflow.open(url, tenant=tenant) for tenant in ("north", "south"))
    same = Partner(name="Riverbend", ids={"edfi": "1"})
    p, q = north.propose(same, by=OFFICE, idempotency_key="k"), south.propose(same, by=OFFICE, idempotency_key="k")
    assert [found.id for found in north.find()] == [p.id]
    assert [found.id for found in south.find(ids={"edfi": "1"})] == [q.id]
    assert {event.tenant for event in north.store.outgoing()} == {"north"}
    assert len(files_of(south.store)) == 1


def test_opening_twice_makes_the_tables_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'p.db'}"
    p = Partnerflow.open(url).propose(Partner(name="Riverbend"), by=OFFICE)
    assert Partnerflow.open(url).dossier(p.id).partner.name == "Riverbend"


@pytest.mark.parametrize("version", [0, 1, SCHEMA_VERSION + 1, 99])
def test_tables_of_another_version_are_named_with_both_versions(tmp_path: Path, version: int) -> None:
    url = f"sqlite:///{tmp_path / 'p.db'}"
    Partnerflow.open(url)
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(update(Tables().schema).values(version=version))
    for opening in (lambda: Partnerflow.open(url), lambda: create_tables(engine)):
        with pytest.raises(SchemaMismatch, match=f"of schema version {version}.*reads version {SCHEMA_VERSION}"):
            opening()
    engine.dispose()


def test_some_tables_of_ours_without_their_version_are_not_taken_for_a_fresh_database(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'p.db'}"
    engine = create_engine(url)
    Tables().partner.create(engine)
    with pytest.raises(SchemaMismatch, match="pf_schema"):
        Partnerflow.open(url)
    assert inspect(engine).get_table_names() == ["pf_partner"]
    engine.dispose()


def test_a_file_that_is_no_database_is_named_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("minutes of the meeting\n" * 100, encoding="utf-8")
    with pytest.raises(Unreadable, match=r"notes\.txt.*not a database"):
        Partnerflow.open(f"sqlite:///{path}")
    assert path.read_text(encoding="utf-8") == "minutes of the meeting\n" * 100


@pytest.mark.parametrize("url", ["nonsense", "nosuch://x", "sqlite:////no/such/folder/p.db"])
def test_what_cannot_be_opened_is_named(url: str) -> None:
    with pytest.raises(Unreadable):
        Partnerflow.open(url)


SECRETIVE = {
    "nosuch://me:s3cret@host/db": "nosuch://me:***@host/db",
    "postgresql+psycopg://host/db?password=s3cret&sslmode=require": "postgresql+psycopg://host/db?password=***&sslmode=require",
    "mysql+pymysql://me@host/db?passwd=s3cret": "mysql+pymysql://me@host/db?passwd=***",
    "postgresql+psycopg://me:an@s3cret/word@host/db": "postgresql+psycopg://***",
}
"""URLs with a password, each as it is shown."""


@pytest.mark.parametrize(("url", "shown"), SECRETIVE.items())
def test_a_password_is_hidden_wherever_it_is(url: str, shown: str) -> None:
    assert without_secrets(url) == without_secrets(make_url(url)) == shown


@pytest.mark.parametrize("url", ["nosuch://me:s3cret@host/db", "postgresql://me:s3cret@host:s3cret/db", "s3cret"])
def test_a_url_that_cannot_be_used_is_an_error_without_its_password(url: str) -> None:
    with pytest.raises(Unreadable) as caught:
        Partnerflow.open(url)
    assert "s3cret" not in str(caught.value)
    assert "s3cret" not in "".join(format_exception(caught.value))


@pytest.mark.parametrize("prefix", ["", "1a", "a;drop", "a b", 'x"y'])
def test_a_prefix_that_is_no_name_is_refused(prefix: str) -> None:
    with pytest.raises(InvalidRequest, match="prefix"):
        Tables(prefix=prefix)


def test_the_prefix_is_the_hosts_to_choose(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'p.db'}")
    tables = Tables(prefix="partner_desk_")
    create_tables(engine, tables)
    flow = Partnerflow(store=SQLAlchemyStore(engine, tables=tables))
    flow.propose(Partner(name="Riverbend"), by=OFFICE)
    assert all(name.startswith("partner_desk_") for name in inspect(engine).get_table_names())
    engine.dispose()


def test_a_stored_record_that_cannot_be_read_any_more_is_kept_and_judged_by_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'p.db'}"
    flow = Partnerflow.open(url)
    p = flow.propose(Partner(name="Riverbend"), by=OFFICE)
    flow.file(p.id, Need(need="reading"), by=OFFICE)
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE pf_entry SET text = '{' WHERE kind = 'need'"))
    engine.dispose()
    dossier = flow.dossier(p.id)
    assert dossier.latest(Need) is None
    assert [entry.kind for entry in dossier.entries] == ["need"]


def test_a_database_that_may_not_be_written_says_so_and_keeps_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "p.db"
    p = Partnerflow.open(f"sqlite:///{path}").propose(Partner(name="Riverbend"), by=OFFICE)
    reader = create_engine(f"sqlite:///file:{path}?mode=ro&uri=true")
    flow = Partnerflow(store=SQLAlchemyStore(reader))
    assert flow.dossier(p.id).partnership == p
    with pytest.raises(StoreError, match="readonly"):
        flow.fire(p.id, "withdraw", by=OFFICE, reason="changed their mind")
    reader.dispose()


def test_what_was_redacted_can_be_read_nowhere_in_the_file_of_the_database(tmp_path: Path) -> None:
    path = tmp_path / "p.db"
    with Partnerflow.open(f"sqlite:///{path}") as flow:
        p = flow.propose(Partner(name="Riverbend"), by=OFFICE, reason="a letter on Zyxwv Quork")
        for number in range(30):
            flow.file(p.id, Need(need=f"help for Zyxwv Quork, {number}"), by=OFFICE)
        entries = [entry.id for entry in flow.entries_of(p.id) if entry.kind == "need"]
        flow.file(p.id, Need(need="help in the second grade"), by=OFFICE)
        for entry in entries:
            flow.retract(p.id, entry, by=OFFICE, reason="names a student")
        assert any(b"Quork" in file.read_bytes() for file in tmp_path.iterdir())
        flow.redact(p.id, entries=entries, steps=[1], by=OFFICE, reason="names a student")
    for file in tmp_path.iterdir():
        assert b"quork" not in file.read_bytes().lower(), file.name
