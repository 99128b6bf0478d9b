"""The database's own upkeep: of which version its tables are, bringing them to this release's, and protecting them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import click

from partnerflow.errors import SchemaMismatch

from .command import command
from .console import say
from .errors import Answered, CannotDo
from .settings import Settings, sqlite_file

F = TypeVar("F", bound=Callable[..., int | None])


@click.group("db")
def db() -> None:
    """See to the tables: make them, bring them to this release, and protect history."""


def _where(function: F) -> F:
    prefix = click.option(
        "--prefix", default="pf_", metavar="TEXT", help="What the names of our tables begin with (default: pf_)."
    )
    schema = click.option("--schema", metavar="NAME", help="The schema they lie in, if not the database's default.")
    return prefix(schema(function))


@command("upgrade", "partnerflow db upgrade --db postgresql+psycopg://host/district", shares=("database",))
@_where
@click.option("--to", type=int, metavar="VERSION", help="To this version, if not to the newest.")
@click.pass_obj
def upgrade(settings: Settings, prefix: str, schema: str | None, to: int | None) -> None:
    """Make our tables, or bring them to the version that this release reads.

    Everything on file stays. Several processes may do this at once: one does it, and the others find it done. A system
    that has migrations of its own calls ours from there instead.
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
    """Tell of which version the tables are, and which this release reads."""
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

    Otherwise it is said what to run, and the exit code is 1.
    """
    from partnerflow.adapters.sqlalchemy.migrations import version_at

    _must_be_there(settings)
    try:
        found = version_at(settings.url, prefix=prefix, schema=schema, check=True)
    except SchemaMismatch as error:
        raise Answered(str(error)) from None
    say(f"the tables are of schema version {found}, which this release of partnerflow reads")


@command("protect", "partnerflow db protect --db postgresql+psycopg://host/district", shares=("database",))
@_where
@click.pass_obj
def protect(settings: Settings, prefix: str, schema: str | None) -> None:
    """Have the database itself refuse whoever would change or delete history.

    All that is let through is what `partnerflow redact` blanks. Doing it again does no harm, and after an upgrade it
    takes in what is new. It needs a user who may make triggers on our tables.
    """
    _change_protection(settings, prefix, schema, protected=True)
    say("history is protected: the database refuses to change or delete it, but for what redact blanks")


@command("unprotect", "partnerflow db unprotect --db postgresql+psycopg://host/district", shares=("database",))
@_where
@click.pass_obj
def unprotect(settings: Settings, prefix: str, schema: str | None) -> None:
    """Take that protection off again."""
    _change_protection(settings, prefix, schema, protected=False)
    say("history is not protected: whoever may write to the tables can change it, and only verify would tell")


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
    """Make no file by looking for it."""
    file = sqlite_file(settings.url)
    if file is not None and not file.exists():
        raise CannotDo(f"there is no database at {file}. Name another with --db, or make one: partnerflow db upgrade")
