"""Write those parts of the pages that the code already says: `python docs/generate.py [--check]`.

A part stands between `<!-- generated: NAME -->` and `<!-- end -->`. To add one, put the two comments in a
page, and a function that gives the text in PAGES, under the page and the name. `--check` writes nothing.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from partnerflow.lifecycle import CHOSEN, DEFAULT, SAME, Row, mermaid

DOCS = Path(__file__).parent
_PART = re.compile(r"(<!-- generated: (\S+) -->\n)((?:(?!<!-- generated: ).)*?)(<!-- end -->)", re.DOTALL)


def table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Give a Markdown table."""
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (header, ("---",) * len(header), *rows))


def codes(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "-"


def lifecycle_table() -> str:
    anywhere = f"any but {codes(tuple(sorted(DEFAULT.final)))}"

    def cells(row: Row) -> tuple[str, ...]:
        target = {SAME: "the same", CHOSEN: anywhere}.get(row.target, f"`{row.target}`")
        advances = "yes" if row.advances else ""
        carries = ", ".join(row.carries)
        clauses = ", ".join(row.cites)
        return f"`{row.trigger}`", codes(row.sources), target, advances, carries, f"`{row.event}`", clauses

    header = ("trigger", "from", "to", "advances", "carries", "event", "clauses")
    return table(header, [cells(row) for row in DEFAULT.rows])


def lifecycle_diagram() -> str:
    return f"```mermaid\n{mermaid(DEFAULT)}```\n"


PAGES: Mapping[str, Mapping[str, Callable[[], str]]] = {
    "reference/lifecycle.md": {"table": lifecycle_table, "diagram": lifecycle_diagram},
}


def generated(page: str) -> str:
    """Give the page as it should read today."""
    text = (DOCS / page).read_text(encoding="utf-8")
    parts = PAGES[page]
    if (found := sorted(name for _, name, _, _ in _PART.findall(text))) != sorted(parts):
        raise SystemExit(f"{page}: wants one part each of {sorted(parts)}, each with its end; has {found}")
    return _PART.sub(lambda part: f"{part[1]}\n{parts[part[2]]()}\n{part[4]}", text)


def stale() -> dict[str, str]:
    """Give every page that does not read as it should, and how it should."""
    texts = {page: generated(page) for page in PAGES}
    return {page: text for page, text in texts.items() if text != (DOCS / page).read_text(encoding="utf-8")}


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["--check"]):
        sys.stderr.write("usage: python docs/generate.py [--check]\n")
        return 2
    pages = stale()
    for page, text in pages.items():
        if arguments:
            sys.stderr.write(f"stale: docs/{page}; run: python docs/generate.py\n")
        else:
            (DOCS / page).write_text(text, encoding="utf-8", newline="\n")
            sys.stdout.write(f"written: docs/{page}\n")
    return 1 if arguments and pages else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
