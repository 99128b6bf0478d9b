"""Idempotency keys: recognise a request that was made before, and record what a request made.

A key is looked up inside the transaction, after the lock: of two requests with one key at the same time, the second
waits, and then finds what the first one made. A request that fails records nothing, so its key stays unused.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from partnerflow.canonical import canonical, check_text, sha256
from partnerflow.errors import KeyReused
from partnerflow.ports import IdempotencyRecord, Transaction
from partnerflow.records.conversion import moment_text

from .arguments import to_utc

if TYPE_CHECKING:
    from partnerflow.actors import Actor


def request_hash(call: str, by: Actor, at: datetime | None, *said: object) -> str:
    """Hash what was asked, so that a key can tell its own request from another."""
    when = None if at is None else moment_text(to_utc(at, "at"))
    return sha256(canonical([call, by.id, by.side, when, [None if one is None else str(one) for one in said]]))


def find_completed(tx: Transaction, key: str | None, request: str) -> IdempotencyRecord | None:
    """Return what *key* has done already. Raises KeyReused if that was another request."""
    if key is None:
        return None
    check_text(key, "idempotency_key")
    done = tx.receipt(key)
    if done is not None and done.request != request:
        raise KeyReused(key)
    return done


def pending(key: str | None, request: str) -> IdempotencyRecord | None:
    """Make the receipt of a request that has a key, still without its work."""
    return None if key is None else IdempotencyRecord(key=key, request=request, work=())


def complete(receipt: IdempotencyRecord | None, ids: Iterable[UUID | None]) -> IdempotencyRecord | None:
    """Note on a receipt the ids of what its key has made."""
    if receipt is None:
        return None
    return IdempotencyRecord(
        key=receipt.key, request=receipt.request, work=tuple([each for each in ids if each is not None])
    )
