"""Where the data lies, by which rules, and who acts: what every command shares."""

from __future__ import annotations

import getpass
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click

from .errors import CannotDo

if TYPE_CHECKING:
    from datetime import date

    from partnerflow import Actor, Partnerflow
    from partnerflow.actors import ActorSide
    from partnerflow.policies import Pack

DEFAULT_DB = "sqlite:///partnerflow.db"
_ROLES: dict[str, tuple[str, ...]] = {"district": ("partnership_office",), "partner": ("partner",)}
"""The role of somebody who names none, by their side."""


@attrs.define
class Settings:
    """What was said of this on the command line or in the environment; None where nothing was."""

    db: str | None = None
    db_by_hand: bool = False
    """Whether the command line itself named the database, and not the environment."""
    pack: str | None = None
    tz: str | None = None
    tenant: str | None = None
    by: str | None = None
    role: tuple[str, ...] = ()
    side: ActorSide = "district"
    site: tuple[str, ...] = ()
    acts_for: str | None = None

    # --- where ------------------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """The database's URL; a plain path means a SQLite file."""
        given = self.db or DEFAULT_DB
        return given if "://" in given else f"sqlite:///{given}"

    def flow(self, *, make: bool = False) -> Partnerflow:
        """Open the database; unless *make* is said, one that is not there is an error and not made by mistake."""
        from partnerflow import Partnerflow

        file = sqlite_file(self.url)
        if file is not None and not make and not file.exists():
            raise CannotDo(
                f"there is no database at {file}. Name another with --db, or make one: "
                "partnerflow demo, partnerflow import edfi FILE, or partnerflow propose NAME"
            )
        flow = Partnerflow.open(
            self.url, pack=self.pack or "default", tz=self.tz or "UTC", tenant=self.tenant or "default"
        )
        click.get_current_context().call_on_close(lambda: close(flow))
        return flow

    def rules(self) -> Pack:
        """Load the pack, with no database."""
        from partnerflow.policies import load_pack

        return load_pack(self.pack or "default")

    def today(self) -> date:
        """Return the day in the district's time zone."""
        from partnerflow.adapters import system
        from partnerflow.flow.validation import time_zone

        return system.now().astimezone(time_zone(self.tz or "UTC")).date()

    # --- who --------------------------------------------------------------------------------------------------------

    def actor(self, flow: Partnerflow | None = None) -> Actor:
        """Return who acts; the partner that they act for is looked up in *flow*."""
        from partnerflow import Actor

        from .resolve import find_one

        roles = self.role or _ROLES.get(self.side)
        if roles is None:
            raise CannotDo(f"with --side {self.side}, say in which role as well, such as --role principal")
        partner_id = None
        if self.acts_for is not None and flow is not None:
            partner_id = find_one(flow, self.acts_for).partnership.partner_id
        return Actor(
            self.by or _os_user(),
            side=self.side,
            roles=frozenset(roles),
            sites=frozenset(self.site) or None,
            partner_id=partner_id,
        )

    # --- what to type next ------------------------------------------------------------------------------------------

    def command(self, *words: str) -> str:
        """Write a command that would look at the same data, ready to be typed."""
        said = [("--db", self.db if self.db_by_hand else None), ("--pack", self.pack), ("--tenant", self.tenant)]
        options = [word for option, value in said if value is not None for word in (option, value)]
        return shlex.join(["partnerflow", *options, *words])


def sqlite_file(url: str) -> Path | None:
    """Return the file of a SQLite URL, or None where it has none or is of another database."""
    scheme, _, path = url.partition(":///")
    path = path.partition("?")[0]
    if not scheme.startswith("sqlite") or path in ("", ":memory:") or path.startswith("file:"):
        return None
    return Path(path)


def close(flow: Partnerflow) -> None:
    """Let go of the database, where the store holds one."""
    engine = getattr(flow.store, "engine", None)
    if engine is not None:
        engine.dispose()


def _os_user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        raise CannotDo("the system does not say who you are: say --by NAME") from None
