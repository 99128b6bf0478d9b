"""What every command shares: the database, the rules, and who acts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .errors import CannotDo

if TYPE_CHECKING:
    from datetime import date, tzinfo

    from partnerflow import Actor, Partnerflow
    from partnerflow.actors import ActorSide
    from partnerflow.policies import Pack

DEFAULT_DB = "sqlite:///partnerflow.db"
_ROLES: dict[str, tuple[str, ...]] = {"district": ("partnership_office",), "partner": ("partner",)}
"""The role of an actor for whom none is given, by side."""


@dataclass  # not attrs: --help would have to import it
class Settings:
    """The shared options that were given on the command line or in the environment; None where one was not."""

    db: str | None = None
    db_by_hand: bool = False
    """Whether the command line named the database, and not the environment."""
    pack: str | None = None
    tz: str | None = None
    tenant: str | None = None
    by: str | None = None
    role: tuple[str, ...] = ()
    side: ActorSide = "district"
    site: tuple[str, ...] = ()
    acts_for: str | None = None

    # --- the database and the rules ---------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """The database's URL; a plain path means a SQLite file."""
        given = self.db or DEFAULT_DB
        return given if "://" in given else f"sqlite:///{given}"

    def flow(self, *, make: bool = False) -> Partnerflow:
        """Open the database until the command ends. Without *make*, raises CannotDo where its file does not exist."""
        from partnerflow import Partnerflow

        file = sqlite_file(self.url)
        if file is not None and not make and not file.exists():
            raise CannotDo(
                f"there is no database at {file}. Name another with --db, or create one: "
                "partnerflow demo, partnerflow import edfi FILE, or partnerflow propose NAME"
            )
        flow = Partnerflow.open(
            self.url, pack=self.pack or "default", tz=self.tz or "UTC", tenant=self.tenant or "default"
        )
        return click.get_current_context().with_resource(flow)

    def rules(self) -> Pack:
        """Load the pack, without a database."""
        from partnerflow.policies import load_pack

        return load_pack(self.pack or "default")

    def today(self, tz: tzinfo | None = None) -> date:
        """Return the day in a time zone; None: the district's."""
        from datetime import datetime

        from partnerflow.dossier import time_zone

        return datetime.now(tz or time_zone(self.tz or "UTC")).date()

    # --- who acts ---------------------------------------------------------------------------------------------------

    def actor(self, flow: Partnerflow | None = None) -> Actor:
        """Return the actor; the partner that they act for is looked up in *flow*."""
        from partnerflow import Actor

        from .resolve import find_one

        roles = self.role or _ROLES.get(self.side)
        if roles is None:
            raise CannotDo(f"with --side {self.side}, give a role too, such as --role principal")
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
        """Return a command line that reads the same data, quoted for a shell; without a password."""
        from shlex import join

        given = [
            ("--db", shown_url(self.url) if self.db_by_hand else None),
            ("--pack", self.pack),
            ("--tenant", self.tenant),
        ]
        options = [word for option, value in given if value is not None for word in (option, value)]
        return join(["partnerflow", *options, *words])


def shown_url(url: str) -> str:
    """Return a database's URL as it may be printed: without its password, and as a path where it is a SQLite file."""
    if (file := sqlite_file(url)) is not None:
        return str(file)
    from partnerflow.adapters.sqlalchemy import without_secrets

    return without_secrets(url)


def sqlite_file(url: str) -> Path | None:
    """Return the file of a SQLite URL, or None for a database in memory and for other databases."""
    scheme, _, path = url.partition(":///")
    path = path.partition("?")[0]
    if not scheme.startswith("sqlite") or path in ("", ":memory:") or path.startswith("file:"):
        return None
    return Path(path)


def _os_user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        raise CannotDo("the system does not tell who you are: give --by NAME") from None
