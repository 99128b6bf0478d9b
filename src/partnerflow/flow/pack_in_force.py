"""The pack under which sweeps run: one at a time in a tenant, so that no two undo in turn what the other reported."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from partnerflow.errors import PackReplaced
from partnerflow.history import PackInForce
from partnerflow.ports import ChangeSet, Transaction

from .context import Context
from .writing import write

_log = logging.getLogger("partnerflow")


def put_in_force(context: Context, since: datetime, *, back_to_earlier: bool) -> PackInForce | None:
    """Record that sweeps run under the context's pack from now on; return the pack that it replaces, if any.

    Raises PackReplaced for a pack that another has replaced already, unless it goes *back_to_earlier* rules.
    """
    pack = context.pack.ref
    with context.reading() as tx:
        if _last_digest(tx.packs()) == pack.digest:  # the most frequent case, without a lock
            return None
    with context.transaction() as tx:
        known = tx.packs(lock=True)
        if _last_digest(known) == pack.digest:
            return None  # another sweep was faster
        if not back_to_earlier and any(each.digest == pack.digest for each in known):
            raise PackReplaced(pack, known[-1], known[-1].since)
        last = PackInForce(number=len(known) + 1, name=pack.name, version=pack.version, digest=pack.digest, since=since)
        write(context, tx, ChangeSet(pack=last))
        if not known:
            return None
        tx.after_commit(lambda: _log.info("sweeps run under %s from now on, and no longer under %s", last, known[-1]))
        return known[-1]


def refuse_replaced(context: Context, tx: Transaction) -> None:
    """Raise PackReplaced where another sweep has put another pack in force meanwhile."""
    known = tx.packs()
    if known and known[-1].digest != context.pack.digest:
        raise PackReplaced(context.pack.ref, known[-1], known[-1].since)


def _last_digest(packs: Sequence[PackInForce]) -> str | None:
    return packs[-1].digest if packs else None
