"""The command `import`, with a progress bar for long files."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast

import attrs
import click

from . import views
from .command import command
from .console import console, say
from .errors import CannotDo
from .settings import Settings

if TYPE_CHECKING:
    from uuid import UUID

    from rich.progress import Progress

    from partnerflow import Actor, Partnerflow
    from partnerflow.flow.admit import Admission
    from partnerflow.ports import Licensed, Listing
    from partnerflow.records import Site

_PATIENCE = 1.0
"""Seconds before a bar is shown."""
_SHOWN = 20
"""How many partnerships are listed one by one."""


class Bar:
    """A progress bar that appears only at a terminal, and only after a second."""

    def __init__(self, total: int, *, patience: float = _PATIENCE) -> None:
        self._total, self._patience, self._done = total, patience, 0
        self._began = time.monotonic()
        self._screen = console(stderr=True)
        self._progress: Progress | None = None
        self._task: Any = None

    @property
    def shown(self) -> bool:
        """Whether it has appeared."""
        return self._progress is not None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress is not None:
            self._progress.stop()

    def advance(self, size: int = 0) -> None:
        """Note that *size* more bytes are done."""
        self._done += size
        if self._progress is None and self._screen.is_terminal and time.monotonic() - self._began > self._patience:
            from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (TextColumn("taking in"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
            self._progress = Progress(*columns, console=self._screen, transient=True)
            self._task = self._progress.add_task("", total=self._total)
            self._progress.start()
        if self._progress is not None:
            self._progress.update(self._task, completed=self._done)


@attrs.define
class ImportSummary:
    """What an import did, counted: it stays small however much was listed."""

    outcomes: Counter[tuple[str, str]] = attrs.field(factory=Counter)
    begun: list[Admission] = attrs.field(factory=list)
    skipped: list[Admission] = attrs.field(factory=list)

    def note(self, admission: Admission) -> None:
        """Count one listed thing."""
        self.outcomes[admission.what, admission.outcome] += 1
        if admission.outcome in ("adopted", "proposed"):
            self.begun.append(admission)
        elif admission.outcome == "skipped":
            self.skipped.append(admission)

    @property
    def unchanged(self) -> bool:
        """Whether nothing was new."""
        return all(outcome in ("unchanged", "skipped") for _, outcome in self.outcomes)

    def lines(self) -> Iterator[str]:
        """Yield the summary in words."""
        if not self.outcomes:
            yield "nothing was listed"
            return
        if self.unchanged:
            yield "unchanged: everything that is listed was on file already"
        for what, noun in (("site", "sites"), ("partner", "organisations"), ("licence", "licences")):
            counts = [f"{number} {outcome}" for (kind, outcome), number in self.outcomes.items() if kind == what]
            if counts:
                yield f"  {noun:<14} {', '.join(counts)}"
        for one in self.skipped:
            yield f"  skipped: {one.name} ({one.why})"


def bar_over(files: Sequence[str]) -> Bar:
    """Return a bar for reading these Ed-Fi files. Raises Unreadable for one that does not exist."""
    try:
        from partnerflow.adapters.standards.edfi import work
    except ModuleNotFoundError as error:
        raise CannotDo(f'reading Ed-Fi files needs {error.name}: pip install "partnerflow[edfi]"') from None
    return Bar(work(files))


def checked(files: Sequence[str], bar: Bar) -> Iterator[Site | Listing | Licensed]:
    """Return what Ed-Fi files list, after all of them were checked. Raises Unreadable if one has a fault."""
    from partnerflow.adapters.standards.edfi import read

    listed = read(files, progress=bar.advance)
    return chain(list(islice(listed, 1)), listed)


def admit(
    flow: Partnerflow, listed: Iterable[Site | Listing | Licensed], bar: Bar, by: Actor, *, confirm: bool = False
) -> ImportSummary:
    """Admit what is listed, and count what became of it."""
    summary = ImportSummary()
    for admission in flow.admit(listed, by=by, confirm=confirm):
        summary.note(admission)
        bar.advance()
    return summary


@click.group("import")
def import_() -> None:
    """Import what another system lists."""


@command(
    "edfi",
    "partnerflow import edfi EducationOrganization.xml",
    "partnerflow import edfi exports/*.xml --db sqlite:///district.db --by a.anderson",
    shares=("where", "who"),
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--confirm", is_flag=True, help="The district stands behind what is listed: it is not the partners' word."
)
@click.pass_obj
def edfi(settings: Settings, files: Sequence[str], *, confirm: bool) -> None:
    """Import Ed-Fi 5.2 interchange XML: sites, organisations, and providers with their licences.

    An active provider is adopted, and what its file lacks is reported. A provider of unknown status is proposed, and an
    inactive one is left out. All files are read to their end before anything is written. Importing twice changes
    nothing.
    """
    with bar_over(files) as bar:
        listed = checked(files, bar)
        flow = settings.flow(make=True)
        summary = admit(flow, listed, bar, settings.actor(flow), confirm=confirm)
    for line in summary.lines():
        say(line)
    for one in summary.begun[:_SHOWN]:
        say(f"{one.outcome}: {one.name}")
        views.standing(settings, flow, cast("UUID", one.partnership_id))
    if len(summary.begun) > _SHOWN:
        say(f"and {len(summary.begun) - _SHOWN} more: {settings.command('list')}", whole=True)


import_.add_command(edfi)
