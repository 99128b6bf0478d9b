"""Run a bulk operation: read items, plan batches, do each batch in one transaction, return a result for each item."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from partnerflow import gate
from partnerflow.errors import Conflict, InvalidRequest, NestedWrite, Refused, StoreError
from partnerflow.flow.arguments import batched
from partnerflow.flow.writing import write
from partnerflow.ports import ChangeSet, IdempotencyRecord, Transaction

from .batches import plan_batches
from .items import BulkOutcome, BulkResult, Item
from .operations import BulkOperation, Input, ParsedItem

LONGEST_KEY = 120
"""How many characters the key of a run may have, so that there is room for the hash of an item beside it."""
MOST_AT_ONCE = 10_000
"""How many items may share a transaction; a statement of a database takes only so many values."""


def run(
    operation: BulkOperation[Item, Input],
    items: Iterable[Item],
    *,
    key: str,
    at_once: int,
    progress: Callable[[int], object] | None,
) -> Iterator[BulkResult[Item]]:
    """Do each item, up to *at_once* of them in a transaction; yield the results in the order of the items.

    Raises InvalidRequest at once, and not only when the first result is read.
    """
    if isinstance(key, str) and not 0 < len(key) <= LONGEST_KEY:
        raise InvalidRequest("key", f"{key[:40]!r}", f"must be 1 to {LONGEST_KEY} characters")
    key = gate.name(key, "key")
    gate.actor(operation.by)
    if not isinstance(at_once, int) or not 1 <= at_once <= MOST_AT_ONCE:
        raise InvalidRequest("at_once", at_once, f"must be 1 to {MOST_AT_ONCE}")
    return _run(operation, gate.several(items, operation.argument), key, at_once, progress)


def _run(
    operation: BulkOperation[Item, Input],
    items: Iterable[Item],
    key: str,
    at_once: int,
    progress: Callable[[int], object] | None,
) -> Iterator[BulkResult[Item]]:
    count = 0
    for some in batched(items, at_once):
        results: dict[int, BulkResult[Item]] = {}
        parsed: list[ParsedItem[Item, Input]] = []
        for place, item in enumerate(some):
            try:
                request, given, request_hash = operation.parse(item)
            except Exception as error:  # noqa: BLE001  whatever it is, only this item fails
                results[place] = _failed(item, error)
            else:
                idempotency = IdempotencyRecord(key=f"{key}/{request_hash}", request=request_hash, work=())
                parsed.append(ParsedItem(place, item, request, given, idempotency))
        sets = operation.read_write_sets([one.item for one in parsed])
        for batch in plan_batches(zip(parsed, sets, strict=True)):
            results |= _run_batch(operation, batch)
        count += len(some)
        if progress is not None:
            progress(count)
        yield from (results[place] for place in range(len(some)))


def _run_batch(
    operation: BulkOperation[Item, Input], batch: Sequence[ParsedItem[Item, Input]]
) -> dict[int, BulkResult[Item]]:
    """Do a batch in one transaction, again if another writer was faster, and otherwise each item alone.

    Nothing was written by a transaction that failed, so trying again is safe. Alone, only the item fails that cannot be
    written. In a host's transaction a StoreError goes up: only the host can roll back.
    """
    in_ours = operation.context.session is None
    for _ in range(2):
        try:
            with operation.context.transaction() as tx:
                return _run_together(operation, tx, batch)
        except StoreError:
            if not in_ours:
                raise
        except NestedWrite:  # no item's fault: the whole run is called where nothing can be written
            raise
        except Exception:  # noqa: BLE001  one of the items cannot be written; alone, only that one fails
            break
    return {one.place: _run_alone(operation, one) for one in batch}


def _run_together(
    operation: BulkOperation[Item, Input], tx: Transaction, batch: Sequence[ParsedItem[Item, Input]]
) -> dict[int, BulkResult[Item]]:
    """Evaluate each item of a batch, and write the changes of those that did not fail."""
    results: dict[int, BulkResult[Item]] = {}
    changes: list[ChangeSet] = []
    loaded = operation.load_batch(tx, batch)
    completed = dict(tx.idempotency_records([one.idempotency.key for one in batch]))
    for one in batch:
        if (before := completed.get(one.idempotency.key)) is not None:
            results[one.place] = BulkResult(item=one.item, outcome="done", work=before.work)
            continue
        try:
            written, refused = loaded.evaluate(one)
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001  whatever it is, only this item fails
            results[one.place] = _failed(one.item, error)
            continue
        changes.append(written)
        if written.idempotency is not None:
            completed[one.idempotency.key] = written.idempotency
            results[one.place] = BulkResult(item=one.item, outcome="done", work=written.idempotency.work)
        elif refused is not None:
            results[one.place] = _failed(one.item, refused)
    write(operation.context, tx, *changes, *loaded.conclude())
    return results


def _run_alone(operation: BulkOperation[Item, Input], one: ParsedItem[Item, Input]) -> BulkResult[Item]:
    try:
        return BulkResult(item=one.item, outcome="done", work=operation.run_alone(one))
    except StoreError:
        raise  # the store failed, and not the item; the run can be started again
    except Exception as error:  # noqa: BLE001  whatever it is, only this item fails
        return _failed(one.item, error)


def _failed(item: Item, error: Exception) -> BulkResult[Item]:
    outcome: BulkOutcome = (
        "refused" if isinstance(error, Refused) else "conflict" if isinstance(error, Conflict) else "failed"
    )
    return BulkResult(item=item, outcome=outcome, error=error)
