"""What other rules would do to everything that is kept: found by several processes, and told as it is found."""

from __future__ import annotations

import gc
import json
import os
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import datetime
from functools import cache
from multiprocessing import get_context
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias, get_args
from uuid import UUID

import attrs
import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from partnerflow.errors import PartnerflowError

from . import views
from .command import command
from .console import console, say, say_raw, table
from .errors import COULD_NOT, REFUSED, CannotDo
from .parameters import moment
from .resolve import short
from .settings import Settings, sqlite_file

if TYPE_CHECKING:
    from partnerflow import Partnerflow
    from partnerflow.flow.compare import Compared
    from partnerflow.flow.impact import Impact
    from partnerflow.policies import Pack

_SLICE = 500
"""How many partnerships one process takes at a time."""
_MANY = 5_000
"""From how many on several processes are worth starting."""
_SHOWN = 20
"""How many partnerships are named one by one."""
_CODES = 6
"""How many policies are named of each, so that a line can be read."""
_Way: TypeAlias = Literal["blocking", "freed"]
_WAYS: tuple[_Way, ...] = get_args(_Way)


@command(
    "impact",
    "partnerflow impact --pack new.toml",
    "partnerflow impact --pack new.toml --against our-district.toml --at 2027-07-01T12:00+00:00 --format jsonl",
)
@click.option("--pack", "new", metavar="NAME", required=True, help="The new pack: a name, or the path of a TOML file.")
@click.option("--against", metavar="NAME", help="The present pack (default: that of --pack before the command).")
@click.option("--at", type=moment, help="At this moment, not now; it may be one to come.")
@click.option("--jobs", type=click.IntRange(1), metavar="N", help="In so many processes (default: as many as pay).")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "jsonl"]),
    default="text",
    help="How to say it; jsonl: a line for each partnership concerned, as it is found, and then one with the counts.",
)
@click.pass_obj
def impact(
    settings: Settings, new: str, against: str | None, at: datetime | None, jobs: int | None,
    form: Literal["text", "json", "jsonl"],
) -> int:  # fmt: skip
    """Say what other rules would newly block, and free.

    Over every live partnership: what must hold where it stands, every step that can be asked, by which policy. Nothing
    is written. Who may ask is not compared. Exit code: 0 nothing would newly block, 1 something would, 2 a partnership
    could not be judged.
    """
    from partnerflow.flow.compare import moment as moment_of
    from partnerflow.flow.impact import Tally
    from partnerflow.flow.validation import check_fit
    from partnerflow.policies import load_pack

    asked = attrs.evolve(settings, pack=against or settings.pack)
    flow, pack = asked.flow(), load_pack(new)
    check_fit(pack, flow.lifecycle)
    when = moment_of(flow.context, at)
    tally = Tally(present=flow.pack, new=pack, on=flow.today(when), lifecycle=flow.lifecycle, keep=_SHOWN)
    listing = _Listing(form)
    for one in _found(_Order.of(asked, new, when), flow, pack, jobs, quiet=form == "jsonl" and sys.stdout.isatty()):
        tally.add(one)
        if one.concerned or one.unjudged is not None:
            listing.add(one)
    found = tally.impact()
    listing.end(found)
    if form == "text":
        _show(found, more=asked.command("impact", "--pack", new, "--format", "jsonl"))
    return COULD_NOT if found.unjudged_count else REFUSED if found.blocking else 0


# --- finding it, slice by slice --------------------------------------------------------------------------------------


class _Slice(NamedTuple):
    """Some partnerships that follow each other."""

    after: UUID | None
    through: UUID
    size: int


@attrs.frozen
class _Order:
    """All that a process of its own must know to do its share."""

    url: str
    tenant: str
    tz: str
    present: str
    new: str
    at: datetime

    @classmethod
    def of(cls, settings: Settings, new: str, at: datetime) -> _Order:
        return cls(
            settings.url, settings.tenant or "default", settings.tz or "UTC", settings.pack or "default", new, at
        )


def _found(order: _Order, flow: Partnerflow, pack: Pack, jobs: int | None, *, quiet: bool) -> Iterator[Compared]:
    """Return every live partnership in the order of ids, whoever compared it, and show how far it is."""
    slices = list(_slices(each.id for each, _ in flow.store.find()))
    total = sum(one.size for one in slices)
    screen = console(stderr=True)
    columns = (TextColumn("comparing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(
        *columns, console=screen, transient=True, redirect_stdout=False, redirect_stderr=False,
        disable=quiet or not screen.is_terminal,
    ) as bar:  # fmt: skip
        task = bar.add_task("", total=total)
        count = jobs or _worth_it(total)
        if count == 1 or _only_here(order.url):
            done: Iterator[tuple[_Slice, Iterable[Compared]]] = (
                (each, flow.compare(pack, at=order.at, after=each.after, through=each.through)) for each in slices
            )
        else:
            done = _shared_out(order, slices, count)
        for each, compared in done:
            yield from compared
            bar.advance(task, each.size)


def _slices(ids: Iterable[UUID]) -> Iterator[_Slice]:
    """Cut all partnerships into slices, without keeping their ids."""
    after: UUID | None = None
    size, last = 0, UUID(int=0)
    for size, last in enumerate(ids, 1):
        if size % _SLICE == 0:
            yield _Slice(after, last, _SLICE)
            after = last
    if size % _SLICE:
        yield _Slice(after, last, size % _SLICE)


def _worth_it(total: int) -> int:
    """Say how many processes pay: one, or one for each core that we may use."""
    if total < _MANY:
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _only_here(url: str) -> bool:
    """Tell whether no other process can open the database, since it lies in memory."""
    return url.startswith("sqlite") and sqlite_file(url) is None


def _shared_out(order: _Order, slices: Iterable[_Slice], jobs: int) -> Iterator[tuple[_Slice, list[Compared]]]:
    """Have several processes compare, and give what they found in the order of the slices."""
    waiting: deque[tuple[_Slice, Future[list[Compared] | str]]] = deque()
    executor = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"))
    try:
        for each in slices:
            waiting.append((each, executor.submit(_compared, order, each)))
            if len(waiting) > 2 * jobs:  # so that what nobody has looked at yet does not pile up
                yield _next(waiting)
        while waiting:
            yield _next(waiting)
    except BrokenProcessPool:
        raise CannotDo("a process that compared has died, perhaps for want of memory: try --jobs 1") from None
    finally:
        executor.shutdown(cancel_futures=True)


def _next(waiting: deque[tuple[_Slice, Future[list[Compared] | str]]]) -> tuple[_Slice, list[Compared]]:
    each, future = waiting.popleft()
    found = future.result()
    if isinstance(found, str):
        raise CannotDo(found)
    return each, found


def _compared(order: _Order, each: _Slice) -> list[Compared] | str:
    """Compare a slice, in a process of its own; a text says why it could not be done."""
    try:
        flow, pack = _opened(order)
        return list(flow.compare(pack, at=order.at, after=each.after, through=each.through))
    except PartnerflowError as error:  # as a text, since it may not survive the way between processes
        return str(error)


@cache
def _opened(order: _Order) -> tuple[Partnerflow, Pack]:
    from partnerflow import Partnerflow
    from partnerflow.policies import load_pack

    gc.set_threshold(50_000, 20, 20)  # what is read all goes at once: looking for rubbish less often saves a tenth
    flow = Partnerflow.open(order.url, pack=order.present, tz=order.tz, tenant=order.tenant)
    return flow, load_pack(order.new)


# --- telling it ------------------------------------------------------------------------------------------------------


class _Listing:
    """Writes partnerships one by one for another program, as they are found; in text it writes none."""

    def __init__(self, form: Literal["text", "json", "jsonl"]) -> None:
        self._form, self._begun = form, False

    def add(self, one: Compared) -> None:
        """Write one."""
        if self._form != "text":
            self._line(one.to_data())

    def end(self, found: Impact) -> None:
        """Write the counts."""
        if self._form == "jsonl":
            say_raw(json.dumps(found.to_data(whole=False), ensure_ascii=False))
        elif self._form == "json":
            closing = "]" if self._begun else '{"partnerships": []'
            say_raw(f"{closing}, {json.dumps(found.to_data(whole=False), ensure_ascii=False, indent=2)[1:]}")

    def _line(self, data: object) -> None:
        before = "" if self._form == "jsonl" else "," if self._begun else '{"partnerships": ['
        self._begun = True
        say_raw(before + json.dumps(data, ensure_ascii=False))


def _show(found: Impact, *, more: str) -> None:
    say(f"present pack: {found.present}")
    say(f"new pack:     {found.new}")
    say(f"{views.counted(found.compared, 'live partnership')} compared on {found.on}")
    say()
    if not found.concerned:
        say("nothing would change for any of them")
    else:
        say(
            f"{views.counted(found.concerned, 'partnership')} concerned: something would newly block for "
            f"{found.blocking}, something would block no more for {found.freed}"
        )
        _show_counts(found)
        _show_partnerships(found, more)
    for one in found.unjudged:
        say(f"could not be judged: {one.id}: {one.unjudged}", stderr=True)
    if found.unjudged_count > len(found.unjudged):
        say(f"and {found.unjudged_count - len(found.unjudged)} more that could not be judged", stderr=True)
    if found.not_asked:
        say(f"\nnot compared, since it depends on who asks: {', '.join(found.not_asked)}", style="pf.quiet")


def _show_counts(found: Impact) -> None:
    say()
    columns = ["state", "step", "policy", "newly blocking", "freed", "title"]
    numbers = ["newly blocking", "freed"]
    rows = (
        [one.state, _step(one.trigger), one.code, str(one.blocking or ""), str(one.freed or ""), one.title]
        for one in found.policies
    )
    table(columns, rows, wide=["title"], right=numbers)
    if found.steps:
        say()
        closing = (
            [one.state, _step(one.trigger), str(one.compared), str(one.closes or ""), str(one.opens or "")]
            for one in found.steps
        )
        table(
            ["state", "step", "compared", "would close", "would open"],
            closing,
            wide=[],
            right=["compared", "would close", "would open"],
        )


def _show_partnerships(found: Impact, more: str) -> None:
    say()
    rows = (
        [short(one.id), one.partner, one.state, _codes(one, "blocking"), _codes(one, "freed")]
        for one in found.partnerships
    )
    table(["id", "partner", "state", "newly blocking", "freed"], rows, wide=["partner", "newly blocking", "freed"])
    if found.concerned > len(found.partnerships):
        say(f"\nand {found.concerned - len(found.partnerships)} more: {more}", style="pf.quiet", whole=True)
    elif any(len(_steps(one, what)) > _CODES for one in found.partnerships for what in _WAYS):
        say(f"\nevery policy of each: {more}", style="pf.quiet", whole=True)


def _steps(one: Compared, what: _Way) -> dict[str, list[str]]:
    """Return the steps that each policy concerns, by its code."""
    steps: dict[str, list[str]] = {}
    for change in one.changes:
        codes: Sequence[str] = change.blocking if what == "blocking" else change.freed
        for code in codes:
            steps.setdefault(code, []).append(_step(change.trigger))
    return steps


def _codes(one: Compared, what: _Way) -> str:
    """Name the first policies, those of the same steps together, and count the others."""
    steps = list(_steps(one, what).items())
    together: dict[str, list[str]] = {}
    for code, names in steps[:_CODES]:
        together.setdefault(", ".join(names), []).append(code)
    said = [f"{', '.join(codes)} ({names})" for names, codes in together.items()]
    more = [f"+{len(steps) - _CODES} more"] if len(steps) > _CODES else []
    return "; ".join([*said, *more])


def _step(trigger: str | None) -> str:
    return "standing" if trigger is None else trigger
