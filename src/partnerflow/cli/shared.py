"""The options that many commands share; each may be given before the command or after it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import click

from .settings import DEFAULT_DB, Settings

_SIDES = click.Choice(["district", "school", "partner", "system"])


def _remember(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:
    """Keep a shared option in the settings, whether it comes before the command or after it."""
    if value in (None, ()):
        return
    settings = ctx.ensure_object(Settings)
    name = parameter.name or ""
    if isinstance(value, str) and not value.strip():
        raise click.BadParameter("is empty", ctx, parameter)
    setattr(settings, name, value)
    if name == "db":
        settings.db_by_hand = ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE


def _option(name: str, text: str, **attributes: Any) -> Callable[..., click.Option]:
    return partial(click.Option, [name], help=text, expose_value=False, callback=_remember, **attributes)


_DB = _option(
    "--db",
    "The database: an SQLAlchemy URL, or the path of a SQLite file "
    f"(default: {DEFAULT_DB}; environment: PARTNERFLOW_DB).",
    metavar="URL",
)
_PACK = _option("--pack", "The policy pack: a name, or the path of a TOML file (default: default).", metavar="NAME")
_TZ = _option("--tz", "The district's time zone, such as America/Chicago (default: UTC).", metavar="ZONE")
_TENANT = _option("--tenant", "The tenant, where one database serves several (default: default).", metavar="NAME")
_BY = _option("--by", "Who acts (default: the user of this system).", metavar="NAME")
_ROLE = _option("--role", "The actor's role (default: partnership_office); repeatable.", metavar="NAME", multiple=True)
_SIDE = _option("--side", "The side that the actor is on (default: district).", type=_SIDES)
_SITE = _option(
    "--site", "A site where the roles count (default: as the pack says); repeatable.", metavar="SITE", multiple=True
)
_ACTS_FOR = _option("--acts-for", "With --side partner: a partnership of the partner that they act for.", metavar="ID")

GROUPS = {
    "database": (_DB,),
    "rules": (_PACK, _TZ),
    "where": (_DB, _PACK, _TZ, _TENANT),
    "who": (_BY, _ROLE, _SIDE, _SITE, _ACTS_FOR),
}


def on_top() -> list[click.Option]:
    """Return every shared option, as the help of the whole command shows it; the environment may name the database."""
    return [make(envvar="PARTNERFLOW_DB" if make is _DB else None) for make in (*GROUPS["where"], *GROUPS["who"])]


def shared(*groups: str) -> list[click.Option]:
    """Return the options of some groups, hidden: the help of the whole command describes them."""
    return [make(hidden=True) for group in groups for make in GROUPS[group]]
