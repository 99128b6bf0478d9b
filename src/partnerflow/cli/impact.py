"""The command `impact`: what other rules would do to every partnership on file."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import click

from . import views
from .command import command
from .console import console, say, say_raw, table
from .errors import COULD_NOT, REFUSED
from .parameters import moment
from .resolve import short
from .settings import Settings

if TYPE_CHECKING:
    from partnerflow import Partnerflow
    from partnerflow.flow.compare import Compared
    from partnerflow.flow.impact import Impact

_SHOWN = 20
"""How many partnerships are listed one by one."""
_CODES = 6
"""How many policies of each partnership are named, so that its line stays readable."""
_Way: TypeAlias = Literal["blocking", "freed"]
_WAYS: tuple[_Way, ...] = get_args(_Way)


@command(
    "impact",
    "partnerflow impact --pack new.toml",
    "partnerflow impact",
    "partnerflow impact --pack new.toml --against our-district.toml --at 2027-07-01T12:00+00:00 --format jsonl",
)
@click.option(
    "--pack",
    "new",
    metavar="NAME",
    help="The new pack: a name, or the path of a TOML file (default: none; what the next sweep would find).",
)
@click.option("--against", metavar="NAME", help="The present pack (default: that of --pack before the command).")
@click.option("--at", type=moment, help="At this moment, not now; it may be in the future.")
@click.option(
    "--jobs", type=click.IntRange(1), metavar="N", help="How many processes to use (default: as many as pay)."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "jsonl"]),
    default="text",
    help="The form of the output; jsonl: a line for each partnership concerned, as it is found, then one of counts.",
)
@click.pass_obj
def impact(
    settings: Settings,
    new: str | None,
    against: str | None,
    at: datetime | None,
    jobs: int | None,
    form: Literal["text", "json", "jsonl"],
) -> int:
    """Show what other rules would newly block, and no longer block.

    It compares, for every live partnership, what must hold in its state and every step that can be requested. Without
    --pack, it compares what must hold with what is on file: after an upgrade of partnerflow, what this release finds
    otherwise, before a sweep reports it. Nothing is written. Policies about who acts are not compared. Exit code: 0
    nothing would be newly blocked, 1 something would, 2 a partnership could not be evaluated.
    """
    from partnerflow.flow.impact import Tally
    from partnerflow.policies import load_pack

    asked = replace(settings, pack=against or settings.pack)
    flow = asked.flow()
    when = at or flow.clock()
    compared = flow.compare(new, at=when, processes=jobs)
    tally = Tally(
        present=flow.pack,
        new=load_pack(new) if new else flow.pack,
        on=flow.today(when),
        lifecycle=flow.lifecycle,
        keep=_SHOWN,
    )
    listing = _Listing(form)
    for one in _with_bar(flow, compared, quiet=form == "jsonl" and sys.stdout.isatty()):
        tally.add(one)
        if one.concerned or one.unjudged is not None:
            listing.add(one)
    found = tally.impact()
    listing.end(found)
    if form == "text":
        _show(
            found,
            more=asked.command("impact", *(["--pack", new] if new else []), "--format", "jsonl"),
            stored=new is None,
        )
    return COULD_NOT if found.unjudged_count else REFUSED if found.blocking else 0


def _with_bar(flow: Partnerflow, compared: Iterable[Compared], *, quiet: bool) -> Iterator[Compared]:
    """Yield what was compared, and show the progress to a person at a terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    screen = console(stderr=True)
    columns = (TextColumn("comparing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    hidden = quiet or not screen.is_terminal
    with Progress(
        *columns, console=screen, transient=True, redirect_stdout=False, redirect_stderr=False, disable=hidden
    ) as bar:
        counts = {} if hidden else flow.counts()
        task = bar.add_task("", total=sum(number for state, number in counts.items() if state in flow.lifecycle.live))
        for one in compared:
            yield one
            bar.advance(task)


# --- printing it -----------------------------------------------------------------------------------------------------


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


def _show(found: Impact, *, more: str, stored: bool) -> None:
    if stored:
        say(f"under the pack {found.new}, with what is on file")
    else:
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
