"""Keeping watch: sweep and verify."""

from __future__ import annotations

from datetime import datetime

import click

from . import views
from .command import command
from .parameters import moment
from .screen import say
from .settings import Settings


@command("sweep", "partnerflow sweep", "partnerflow sweep --at 2026-09-01T06:00+00:00")
@click.option("--at", type=moment, help="As of this moment, if not now.")
@click.pass_obj
def sweep(settings: Settings, at: datetime | None) -> None:
    """Tell what comes due, was missed, broke or was mended.

    Run it every day: it tells each thing once, as events too, and changes no state.
    """
    flow = settings.flow()
    swept = flow.sweep(at=at)
    if not swept.notices:
        say("nothing new to tell")
        return
    views.notices(flow, swept)
    tellings = [one.telling for one in swept.notices]
    say("\n" + ", ".join(f"{tellings.count(telling)} {telling}" for telling in dict.fromkeys(tellings)))


@command("verify", "partnerflow verify")
@click.pass_obj
def verify(settings: Settings) -> None:
    """Check that nothing stored was changed.

    Otherwise every link that does not hold is named, and the exit code is 1.
    """
    flow = settings.flow()
    flow.verify()
    ids = list(flow.store.partnership_ids())
    say(f"every link holds: the histories of {views.counted(len(ids), 'partnership')}, and every file")
