"""Compare packs in several processes, each with a database connection of its own.

The partnerships are cut into slices by id. A process takes one slice after the other, and the results come back in the
order of the slices, so that they read as if one process had compared everything.
"""

from __future__ import annotations

import gc
import os
import pickle
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import datetime
from multiprocessing import get_context
from typing import ClassVar, NamedTuple, Protocol, TypeAlias
from uuid import UUID

from partnerflow.errors import InvalidRequest, PartnerflowError, StoreError
from partnerflow.policies import Pack
from partnerflow.ports import EVERYTHING

from .compare import Compared, compare, moment
from .context import Context

SLICE = 500
"""How many partnerships a process takes at a time."""
WORTH_IT = 5_000
"""From how many partnerships on it pays to start several processes."""


class Comparing(Protocol):
    """A flow that a process has opened for itself."""

    def compare(
        self, pack: str, *, at: datetime | None = None, after: UUID | None = None, through: UUID | None = None
    ) -> Iterator[Compared]:
        """Compare a slice of the partnerships."""
        ...


Reopen: TypeAlias = Callable[[], Comparing]
"""Opens the flow again, in another process."""


class Slice(NamedTuple):
    """Partnerships that follow each other in the order of ids."""

    after: UUID | None
    through: UUID


def processes_that_pay(partnerships: int) -> int:
    """Return how many processes to use: one, or for many partnerships one for each core that we may use."""
    if partnerships < WORTH_IT:
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def slices(ids: Iterable[UUID], after: UUID | None = None) -> Iterator[Slice]:
    """Cut ids, in their order, into slices; only the ends of each are kept in memory."""
    number, last = 0, UUID(int=0)
    for number, last in enumerate(ids, 1):
        if number % SLICE == 0:
            yield Slice(after, last)
            after = last
    if number % SLICE:
        yield Slice(after, last)


def compare_with(
    context: Context,
    reopen: Reopen | None,
    pack: Pack | str,
    *,
    at: datetime | None,
    after: UUID | None,
    through: UUID | None,
    processes: int | None,
) -> Iterator[Compared]:
    """Compare in so many processes, None for as many as pay.

    Raises PackError before the first, InvalidRequest for what cannot be sent to another process, and StoreError where
    one of them fails.
    """
    when = moment(context, at)
    here = compare(context, pack, at=when, after=after, through=through)
    refusal = _not_elsewhere(reopen, pack)
    if processes is None:
        many = 1 if refusal else processes_that_pay(sum(context.store.counts(EVERYTHING).values()))
    elif not isinstance(processes, int) or processes < 1:
        raise InvalidRequest("processes", processes, "must be 1 or more")
    else:
        many = processes
    if many == 1:
        return here
    if refusal or reopen is None or not isinstance(pack, str):
        raise InvalidRequest("processes", processes, refusal)
    ids = (each.id for each, _ in context.store.find(after=after) if _within(each.id, after, through))
    return compare_slices(reopen, pack, slices(ids, after), at=when, processes=many)


def _not_elsewhere(reopen: Reopen | None, pack: Pack | str) -> str:
    """Return why another process cannot do the same, or an empty text."""
    if reopen is None:
        return "another process can open only what Partnerflow.open opened, and no database in memory"
    if not isinstance(pack, str):
        return "another process loads the pack itself: pass its name or the path of its file"
    try:
        pickle.dumps(reopen)
    except Exception as error:  # noqa: BLE001  pickle raises whatever the value's own code does
        return f"another process cannot be given what Partnerflow.open was: {error}"
    return ""


def _within(partnership_id: UUID, after: UUID | None, through: UUID | None) -> bool:
    return (after is None or partnership_id > after) and (through is None or partnership_id <= through)


def compare_slices(
    reopen: Reopen, pack: str, parts: Iterable[Slice], *, at: datetime, processes: int
) -> Iterator[Compared]:
    """Yield what one process would, in the same order. Raises StoreError where a process fails."""
    waiting: deque[Future[list[Compared] | str]] = deque()
    # spawn: a forked process would share our open connections
    executor = ProcessPoolExecutor(processes, get_context("spawn"), _Worker.begin, (reopen, pack, at))
    try:
        for part in parts:
            waiting.append(executor.submit(_Worker.compare, part))
            if len(waiting) > 2 * processes:  # so that results that nobody has read yet do not pile up
                yield from _result(waiting.popleft())
        while waiting:
            yield from _result(waiting.popleft())
    except BrokenProcessPool:
        raise StoreError("a process of the comparison has died, perhaps for want of memory: use only one") from None
    finally:
        executor.shutdown(cancel_futures=True)


def _result(future: Future[list[Compared] | str]) -> list[Compared]:
    found = future.result()
    if isinstance(found, str):
        raise StoreError(found)
    return found


class _Worker:
    """What one process of the pool keeps between slices."""

    job: ClassVar[tuple[Reopen, str, datetime]]
    flow: ClassVar[Comparing | None] = None

    @classmethod
    def begin(cls, reopen: Reopen, pack: str, at: datetime) -> None:
        """Begin a process. It opens nothing yet: an error here would lose its message."""
        # what is read is dropped a slice at a time, so collecting garbage less often saves a tenth of the time
        gc.set_threshold(50_000, 20, 20)
        cls.job = reopen, pack, at

    @classmethod
    def compare(cls, part: Slice) -> list[Compared] | str:
        """Compare a slice. An error comes back as text, since not every exception can be pickled."""
        reopen, pack, at = cls.job
        try:
            flow = cls.flow = cls.flow or reopen()
            return list(flow.compare(pack, at=at, after=part.after, through=part.through))
        except PartnerflowError as error:
            return str(error)
