"""Printing: wrapped and coloured in a terminal, plain and unwrapped anywhere else.

Nothing that was read from a file or a database is taken for markup, and no control character of it reaches a terminal.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from typing import Literal

from rich import box
from rich.console import Console
from rich.highlighter import RegexHighlighter
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from rich.theme import Theme

_WIDE = 10_000
"""Columns of what is no terminal, unless COLUMNS says otherwise: whoever reads it there wants lines whole."""
_CONTROLS = {code: "?" for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}
_THEME = Theme(
    {
        "pf.code": "bold cyan",
        "pf.bad": "bold red",
        "pf.good": "green",
        "pf.quiet": "dim",
        "pf.command": "bold",
        "pf.head": "bold",
    }
)


class _Words(RegexHighlighter):
    """Colours what the eye should find first."""

    base_style = "pf."
    highlights = (
        r"(?P<code>\b[A-Z]{2,5}-[0-9]{3}\b)",
        r"(?P<bad>\b(failed|missing|error|refused|missed|broken)\b)(?=[:, ]|$)",
        r"(?P<good>\b(To mend it|mended|everything holds)\b)",
    )


_WORDS = _Words()


def console(*, stderr: bool = False) -> Console:
    """Return a console on what stands for standard output, or error, at this moment."""
    made = Console(stderr=stderr, theme=_THEME, markup=False, emoji=False, highlight=False)
    if not made.is_terminal and "COLUMNS" not in os.environ:
        made.width = _WIDE
    return made


def clean(text: str) -> str:
    """Return *text* without control characters."""
    return text.translate(_CONTROLS)


def say(text: str = "", *, style: str = "", stderr: bool = False, whole: bool = False) -> None:
    """Print *text*; a line that is wrapped keeps its indent, and one that is to be typed again stays *whole*."""
    screen = console(stderr=stderr)
    for line in clean(text).split("\n"):
        if whole:
            screen.print(Text(line, style=style), soft_wrap=True)
            continue
        body = line.lstrip(" ")
        words = _WORDS(Text(body, style=style))
        screen.print(Padding(words, (0, 0, 0, len(line) - len(body)), expand=False) if body else "")


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
    grid = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    for column in columns:
        justify: Literal["left", "right"] = "right" if column in right else "left"
        grid.add_column(column, justify=justify, overflow="fold", no_wrap=column not in wide)
    _print(grid, rows, indent)


def facts(rows: Iterable[Sequence[str]], *, indent: int = 2, style: str = "") -> None:
    """Print rows without a head; only their last cells are wrapped where there is no room."""
    listed = list(rows)
    grid = Table.grid(padding=(0, 2, 0, 0))
    for place in range(1, len(listed[0]) + 1 if listed else 0):
        grid.add_column(overflow="fold", no_wrap=place < len(listed[0]), style=style)
    _print(grid, listed, indent)


def _print(grid: Table, rows: Iterable[Sequence[str]], indent: int) -> None:
    for row in rows:
        grid.add_row(*(_WORDS(Text(clean(cell))) for cell in row))
    screen, whole = console(), Padding(grid, (0, 0, 0, indent), expand=False)
    if screen.is_terminal:
        screen.print(whole)
        return
    with screen.capture() as printed:
        screen.print(whole)
    for line in printed.get().splitlines():
        sys.stdout.write(line.rstrip() + "\n")


def cope() -> None:
    """Have a stream whose encoding lacks a letter print a stand-in for it, not fail."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
