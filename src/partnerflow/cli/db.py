"""The commands of `db`: the version of the tables, migrating them, and protecting history."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import click

from partnerflow.errors import SchemaMismatch

from .command import command
from .console import say
from .errors import CannotDo, SaidNo
from .settings import Settings, sqlite_file

F = TypeVar("F", bound=Callable[..., int | None])


@click.group("db")
def db() -> None:
    """Create the tables, migrate them, and protect history."""


def _where(function: F) -> F:
    prefix = click.option(
        "--prefix", default="pf_", metavar="TEXT", help="The prefix of the names of our tables (default: pf_)."
    )
    schema = click.option("--schema", metavar="NAME", help="The schema of our tables (default: the database's own).")
    return prefix(schema(function))


@command("upgrade", "partnerflow db upgrade --db postgresql+psycopg://host/district", shares=("database",))
@_where
@click.option("--to", type=int, metavar="VERSION", help="The version to migrate to (default: the newest).")
@click.pass_obj
def upgrade(settings: Settings, prefix: str, schema: str | None, to: int | None) -> None:
    """Create our tables, or migrate them to the version that this release reads.

    Everything on file stays. Several processes may run this at once: one does the work, and the others wait for it. A
    system with migrations of its own calls ours from there instead.
    """
    from partnerflow.adapters.sqlalchemy.migrations import upgrade_database

    try:
        before, after = upgrade_database(settings.url, version=to, prefix=prefix, schema=schema)
    except ModuleNotFoundError as error:
        raise CannotDo(f'db upgrade needs {error.name}: pip install "partnerflow[migrations]"') from None
    if before == after:
        say(f"nothing to do: the tables are of schema version {after}")
    elif before == 0:
        say(f"made the tables, of schema version {after}")
    else:
        say(f"brought the tables from schema version {before} to {after}")


@command("current", "partnerflow db current", shares=("database",))
@_where
@click.pass_obj
def current(settings: Settings, prefix: str, schema: str | None) -> None:
    """Print the version of the tables, and the version that this release reads."""
    from partnerflow.adapters.sqlalchemy import SCHEMA_VERSION
    from partnerflow.adapters.sqlalchemy.migrations import version_at

    _must_be_there(settings)
    found = version_at(settings.url, prefix=prefix, schema=schema)
    here = (
        f"the tables are of schema version {found}" if found else "there are no tables of ours, whole and of a version"
    )
    say(f"{here}; this release of partnerflow reads version {SCHEMA_VERSION}")


@command("check", "partnerflow db check", shares=("database",))
@_where
@click.pass_obj
def check(settings: Settings, prefix: str, schema: str | None) -> None:
    """Check that the tables are of the version that this release reads.

    If they are not, it prints what to run, and the exit code is 1.
    """
    from partnerflow.adapters.sqlalchemy.migrations import version_at

    _must_be_there(settings)
    try:
        found = version_at(settings.url, prefix=prefix, schema=schema, check=True)
    except SchemaMismatch as error:
        raise SaidNo(str(error)) from None
    say(f"the tables are of schema version {found}, which this release of partnerflow reads")


@command("protect", "partnerflow db protect --db postgresql+psycopg://host/district", shares=("database",))
@_where
@click.pass_obj
def protect(settings: Settings, prefix: str, schema: str | None) -> None:
    """Make the database itself refuse changes and deletions of history, by triggers.

    The triggers let through only what `partnerflow redact` blanks. Run it again after an upgrade, so that it covers
    what is new. The database user needs the right to create triggers on our tables.
    """
    _change_protection(settings, prefix, schema, protected=True)
    say("history is protected: the database refuses to change or delete it, but for what redact blanks")


@command("unprotect", "partnerflow db unprotect --db postgresql+psycopg://host/district", shares=("database",))
@_where
@click.pass_obj
def unprotect(settings: Settings, prefix: str, schema: str | None) -> None:
    """Remove that protection."""
    _change_protection(settings, prefix, schema, protected=False)
    say("history is not protected: anybody who may write to the tables can change it, and only verify would tell")


def _change_protection(settings: Settings, prefix: str, schema: str | None, *, protected: bool) -> None:
    from partnerflow.adapters.sqlalchemy import Tables, protect_history, unprotect_history
    from partnerflow.adapters.sqlalchemy.schema import engine_of, named_if_unreadable

    _must_be_there(settings)
    tables = Tables(prefix=prefix, schema=schema)
    with named_if_unreadable(settings.url):
        engine = engine_of(settings.url)
        try:
            (protect_history if protected else unprotect_history)(engine, tables)
        finally:
            engine.dispose()


for _command in (upgrade, current, check, protect, unprotect):
    db.add_command(_command)


def _must_be_there(settings: Settings) -> None:
    """Raise CannotDo where the database's file does not exist, which connecting would create."""
    file = sqlite_file(settings.url)
    if file is not None and not file.exists():
        raise CannotDo(f"there is no database at {file}. Name another with --db, or create one: partnerflow db upgrade")
