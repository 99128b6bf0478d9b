"""The command `demo`: which database it makes, and what it prints last. What happens in it is in `demo_scenario`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from shlex import join
from typing import TYPE_CHECKING

import click

from . import demo_scenario
from .command import command
from .console import say
from .errors import CannotDo
from .settings import Settings, shown_url, sqlite_file

if TYPE_CHECKING:
    from partnerflow import Partnerflow


@command("demo", "partnerflow demo", "partnerflow demo --keep /tmp/riverbend.db", shares=("database",))
@click.option("--keep", metavar="PATH", help="The SQLite file to create, instead of demo.db.")
@click.pass_obj
def demo(settings: Settings, keep: str | None) -> None:
    """Run through a partnership's whole life, on real data.

    It imports the sample of the Ed-Fi standard, and takes one new partnership through a school year: refusals with
    their explanations, a waiver, a lapse found by a sweep, an improvement plan, a termination. Everything is done
    through the public API, on a fresh database that is left for you to look at: demo.db in the working directory or, if
    there is one already, demo-2.db and so on.
    """
    from partnerflow import Partnerflow

    url = _fresh(settings, keep)
    calendar = demo_scenario.Calendar()
    with Partnerflow.open(url, clock=calendar) as flow:
        _refuse_unless_empty(flow, url)
        riverbend = demo_scenario.run(flow, calendar)
        demo_scenario.look_back(flow, riverbend)
    _say_what_next(url)


def _fresh(settings: Settings, keep: str | None) -> str:
    """Return the URL of the database: one named on this command line, never the one of the environment."""
    if keep is not None and settings.db_by_hand:
        raise CannotDo("give either --db or --keep")
    if settings.db_by_hand:
        return settings.url
    if keep is None:
        return f"sqlite:///{next(path for path in _names() if not path.exists())}"
    if Path(keep).exists():
        raise CannotDo(f"{keep} exists already: remove it, or name another file")
    return f"sqlite:///{keep}"


def _names() -> Iterator[Path]:
    yield Path("demo.db")
    yield from (Path(f"demo-{number}.db") for number in count(2))


def _refuse_unless_empty(flow: Partnerflow, url: str) -> None:
    if next(flow.heads(), None) is not None:
        raise CannotDo(f"{shown_url(url)} has something on file already: name a fresh database, or leave --db out")


def _say_what_next(url: str) -> None:
    file = sqlite_file(url)
    where = shown_url(url)
    say(f"\nAll of this is in {file.resolve() if file else where}. Try:")
    for words in (("why", "Communities"), ("show", "riverbend"), ("history", "riverbend", "--told")):
        say(f"  {join(['partnerflow', '--db', where, *words])}", style="pf.command", whole=True)
