"""Plan which items of a bulk run share a transaction.

Theory of operation. An item in a transaction of its own spends most of its time on locks, single reads and the commit.
So many items share one transaction, a batch: what all of them need is locked and loaded at its start, in a few
statements; then each item is evaluated on what was loaded; at the end all changes are written together.

An item must be evaluated as if the items before it had been done. What was loaded at the start of its batch shows their
work only if they are in earlier batches. So each item has a read set, the keys of everything that its evaluation reads,
and a write set, the keys of everything that it changes, and two rules place it:

- It comes after the batch of every earlier item that writes something it reads, because it must see that write.
- It comes no earlier than the batch of any earlier item that reads something it writes, because that item must not see
  the write. They may share a batch: in it, both see what was there at its start.

Each item goes into the first batch that both rules allow. So most runs are one batch: only steps of the same
partnership, confirmations for the same partner, and steps that are compared with one another come one after the other.
Filings, and adoptions of new partners, have empty sets: what they write is small, and a batch of them keeps what it
loaded up to date (`locking`, `FileIndex`, `PartnerIds`).

What a crash leaves: each batch is committed whole or not at all, together with the idempotency keys of its items. A run
that is started again finds the items that were done by their keys, and goes on with the others.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import NamedTuple, TypeVar

T = TypeVar("T")


class ReadWriteSets(NamedTuple):
    """What the evaluation of an item reads, and what the item changes: as keys that need only be equal or not."""

    reads: frozenset[Hashable]
    writes: frozenset[Hashable]


def plan_batches(items: Iterable[tuple[T, ReadWriteSets]]) -> list[list[T]]:
    """Put each item into the first batch in which it sees the work of all items before it, and of none after it."""
    batches: list[list[T]] = []
    last_read: dict[Hashable, int] = {}
    """The last batch in which each key is read."""
    last_written: dict[Hashable, int] = {}
    for item, (reads, writes) in items:
        number = 0
        for key in reads:
            number = max(number, last_written.get(key, -1) + 1)
        for key in writes:
            number = max(number, last_read.get(key, 0))
        if number == len(batches):
            batches.append([])
        batches[number].append(item)
        last_read |= {key: max(number, last_read.get(key, 0)) for key in reads}
        last_written |= {key: max(number, last_written.get(key, 0)) for key in writes}
    return batches
