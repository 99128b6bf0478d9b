"""The types of options: days, moments and outside ids."""

from __future__ import annotations

import re
from datetime import MAXYEAR, MINYEAR, date, datetime
from typing import NamedTuple

import click


def day(value: str) -> date:
    """Read a day as YYYY-MM-DD, and in no other form."""
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise click.BadParameter(f"{value!r} is not a day such as 2026-09-01")


def moment(value: str) -> datetime:
    """Read a moment with its time zone."""
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a moment such as 2026-09-01T08:00+00:00") from None
    if read.tzinfo is None:
        naive = read.isoformat(timespec="minutes")
        raise click.BadParameter(f"{value!r} has no time zone: write {naive}+00:00 for UTC")
    if not MINYEAR < read.year < MAXYEAR:
        raise click.BadParameter(f"{value!r} does not exist in every time zone: name a moment of another year")
    return read


class OutsideId(NamedTuple):
    """An id in another system."""

    system: str
    value: str


def outside_id(value: str) -> OutsideId:
    """Read an id with the system that gave it."""
    system, _, rest = value.partition(":")
    if not system or not rest:
        raise click.BadParameter(f"{value!r} is not written like edfi:19255901")
    return OutsideId(system, rest)


text_or_json = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="The form of the output."
)
"""Adds an option that chooses between text and JSON."""
