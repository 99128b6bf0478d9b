"""Idempotency keys: recognise a request that was made before, and record what a request made.

A key is looked up inside the transaction, after the lock: of two requests with the same key, the second waits, and then
finds what the first one made. The record of a key is written with the work itself, so a request that fails, is refused
or crashes leaves its key unused.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from partnerflow.errors import KeyReused
from partnerflow.ports import IdempotencyRecord, Transaction
from partnerflow.records import Entry

from .request import Request


def find_completed(tx: Transaction, request: Request, request_hash: str) -> IdempotencyRecord | None:
    """Return what the request's key has made already, if anything. Raises KeyReused if that was another request."""
    key = request.idempotency_key
    if key is None:
        return None
    completed = tx.idempotency_records([key], lock=True).get(key)
    if completed is not None and completed.request != request_hash:
        raise KeyReused(key)
    return completed


def entries_made(completed: IdempotencyRecord, *files: Iterable[Entry]) -> tuple[Entry, ...]:
    """Return the entries that a key made, from the files that they are on."""
    by_id = {entry.id: entry for file in files for entry in file}
    return tuple(by_id[entry_id] for entry_id in completed.work)


def pending(request: Request, request_hash: str) -> IdempotencyRecord | None:
    """Return the record of a request that has a key, still without the ids of what it makes."""
    key = request.idempotency_key
    return None if key is None else IdempotencyRecord(key=key, request=request_hash, work=())


def complete(record: IdempotencyRecord | None, ids: Iterable[UUID | None]) -> IdempotencyRecord | None:
    """Add to the record of a key the ids of what was made."""
    if record is None:
        return None
    work = tuple([each for each in ids if each is not None])
    return IdempotencyRecord(key=record.key, request=record.request, work=work)
