"""A process that writes until it is killed, and logs what it does."""

from __future__ import annotations

import time
from multiprocessing import parent_process
from pathlib import Path
from random import Random

import attrs
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from partnerflow import Partnerflow, PartnerflowError
from partnerflow.errors import StoreBusy, StoreError

from .calls import Call, Ground, calls, host_engine, make, one_policy
from .log import Log


def write(url: str, tenant: str, ground: Ground, writer: int, path: Path) -> None:
    """Make calls until killed; log `begin` before each, and then `done`, `refused`, or `unknown`."""
    log, host = Log(path), host_engine(url)
    flow = Partnerflow.open(url, tenant=tenant, pack=one_policy())
    filed: list[tuple[str, str]] = []
    for call in calls(ground, writer, filed, Random(f"{tenant} {writer}")):
        made = _made(call, flow, host, log)
        if call.do in ("needs", "cover", "needs_and_cover"):
            filed += [(call.subject, name.split()[1]) for name in made]


def _made(call: Call, flow: Partnerflow, host: Engine, log: Log) -> list[str]:
    """Make one call; if the server crashed meanwhile, send it again if it has a key."""
    while _wanted():
        log.say("begin", mark=call.mark, call=attrs.asdict(call))
        try:
            made = make(call, flow, host)
        except (PartnerflowError, DBAPIError) as error:
            unknown = isinstance(error, (StoreError, DBAPIError)) and not isinstance(error, StoreBusy)
            log.say("unknown" if unknown else "refused", mark=call.mark, error=str(error).partition("\n")[0])
            if unknown:
                _until_it_answers(host)
            if not unknown or not call.keyed:
                return []
        else:
            log.say("done", mark=call.mark, made=made)
            return made
    raise SystemExit("the process that started this writer has ended")


def _until_it_answers(host: Engine) -> None:
    """Wait for a server that crashed; a file never does."""
    while _wanted():
        try:
            host.connect().close()
        except DBAPIError:
            time.sleep(0.02)
        else:
            return


def _wanted() -> bool:
    """Return whether the parent process is still alive; otherwise this process must end itself."""
    parent = parent_process()
    return parent is not None and parent.is_alive()
