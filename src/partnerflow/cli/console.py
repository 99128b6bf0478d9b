"""Printing: wrapped and coloured in a terminal, plain and unwrapped elsewhere.

Nothing that was read from a file or a database is taken for markup, and no control character of it reaches a terminal.
rich is imported where something has to be laid out; plain lines do without it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from rich.console import Console
    from rich.highlighter import Highlighter
    from rich.table import Table
    from rich.text import Text

_WIDE = 10_000
"""The width where output is no terminal, unless COLUMNS gives one: no line is wrapped."""
_LAID_OUT_BY = ("COLUMNS", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE")
"""Variables of the environment by which rich lays out what goes to no terminal."""
_CONTROLS = {code: "?" for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}
_CONTROLS |= dict.fromkeys((0x61C, 0x200E, 0x200F, 0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A)), "?")
_STYLES = {
    "pf.code": "bold cyan",
    "pf.bad": "bold red",
    "pf.good": "green",
    "pf.quiet": "dim",
    "pf.command": "bold",
    "pf.head": "bold",
}
_HIGHLIGHTS = (
    r"(?P<code>\b[A-Z]{2,5}-[0-9]{3}\b)",
    r"(?P<bad>\b(failed|missing|error|refused|missed|broken)\b)(?=[:, ]|$)",
    r"(?P<good>\b(To mend it|mended|everything holds)\b)",
)


def console(*, stderr: bool = False) -> Console:
    """Return a console on standard output, or on standard error."""
    from rich.console import Console
    from rich.theme import Theme

    made = Console(stderr=stderr, theme=Theme(_STYLES), markup=False, emoji=False, highlight=False)
    if not made.is_terminal and "COLUMNS" not in os.environ:
        made.width = _WIDE
    return made


@cache
def _highlighter() -> Highlighter:
    """Return what colours policy codes, and words such as "failed"."""
    from rich.highlighter import RegexHighlighter

    class Words(RegexHighlighter):
        base_style = "pf."
        highlights = _HIGHLIGHTS

    return Words()


def _highlighted(text: str, style: str = "") -> Text:
    from rich.text import Text

    return _highlighter()(Text(text, style=style))


def clean(text: str) -> str:
    """Return *text* without control characters and marks of direction."""
    return text.translate(_CONTROLS)


def say(text: str = "", *, style: str = "", stderr: bool = False, whole: bool = False) -> None:
    """Print *text*. A wrapped line keeps its indent; *whole* lines, such as commands to copy, are never wrapped."""
    stream = sys.stderr if stderr else sys.stdout
    if not stream.isatty() and os.environ.keys().isdisjoint(_LAID_OUT_BY):
        stream.write(clean(text) + "\n")
        return
    from rich.padding import Padding
    from rich.text import Text

    screen = console(stderr=stderr)
    for line in clean(text).split("\n"):
        if whole:
            screen.print(Text(line, style=style), soft_wrap=True)
            continue
        body = line.lstrip(" ")
        indent = (0, 0, 0, len(line) - len(body))
        screen.print(Padding(_highlighted(body, style), indent, expand=False) if body else "")


def say_raw(text: str) -> None:
    """Print *text* for another program, as it is."""
    sys.stdout.write(text if text.endswith("\n") else text + "\n")


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    wide: Sequence[str],
    right: Sequence[str] = (),
    indent: int = 0,
) -> None:
    """Print a table: the columns named in *wide* are wrapped where there is no room, those in *right* hold numbers."""
    from rich import box
    from rich.table import Table

    grid = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    for column in columns:
        justify: Literal["left", "right"] = "right" if column in right else "left"
        grid.add_column(column, justify=justify, overflow="fold", no_wrap=column not in wide)
    _print(grid, rows, indent)


def facts(rows: Iterable[Sequence[str]], *, indent: int = 2, style: str = "") -> None:
    """Print rows without a head; only their last cells are wrapped where there is no room."""
    from rich.table import Table

    listed = list(rows)
    grid = Table.grid(padding=(0, 2, 0, 0))
    for place in range(1, len(listed[0]) + 1 if listed else 0):
        grid.add_column(overflow="fold", no_wrap=place < len(listed[0]), style=style)
    _print(grid, listed, indent)


def _print(grid: Table, rows: Iterable[Sequence[str]], indent: int) -> None:
    from rich.padding import Padding

    for row in rows:
        grid.add_row(*(_highlighted(clean(cell)) for cell in row))
    screen, whole = console(), Padding(grid, (0, 0, 0, indent), expand=False)
    if screen.is_terminal:
        screen.print(whole)
        return
    with screen.capture() as printed:
        screen.print(whole)
    for line in printed.get().splitlines():
        sys.stdout.write(line.rstrip() + "\n")


def replace_unknown_letters() -> None:
    """Print a replacement for a letter that the encoding of the output lacks, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
