"""Write the generated parts of the pages from the code: `python docs/generate.py [--check]`.

A part is between `<!-- generated: NAME -->` and `<!-- end -->`. To add one, put the two comments into a page, and a
function that returns the text into PAGES, under the page and the name. `--check` writes nothing.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from parts import clauses, command, events, lifecycle, policies, python, records, schemas

from partnerflow import Decision, Dossier, Partnerflow, Transition
from partnerflow.policies import Finding, Report

DOCS = Path(__file__).parent
_PART = re.compile(r"(<!-- generated: (\S+) -->\n)((?:(?!<!-- generated: ).)*?)(<!-- end -->)", re.DOTALL)
_MODULES = (
    "partnerflow",
    "partnerflow.lifecycle",
    "partnerflow.policies",
    "partnerflow.adapters.sqlalchemy",
    "partnerflow.testing",
)
_SHOWN = (Partnerflow, Decision, Report, Finding, Dossier, Transition)

PAGES: Mapping[str, Mapping[str, Callable[[], str]]] = {
    "reference/lifecycle.md": {"table": lifecycle.rows, "diagram": lifecycle.diagram},
    "reference/policies.md": {"packs": policies.packs, "table": policies.overview},
    "reference/records.md": {"table": records.overview, "kinds": records.sections},
    "reference/clauses.md": {"counts": clauses.counts, "clauses": clauses.sections},
    "reference/events.md": {"types": events.every_type, "envelope": events.envelope, "data": events.data},
    "reference/errors.md": {"tree": python.error_tree, "table": python.error_table},
    "reference/command-line.md": {"commands": command.sections},
    "reference/python.md": {
        **{module: partial(python.names, module) for module in _MODULES},
        **{cls.__name__: partial(python.members, cls) for cls in _SHOWN},
    },
    "explanation/architecture.md": {"house": python.house},
    "../README.md": {"diagram": lifecycle.diagram},
}
FILES: Mapping[str, Callable[[], str]] = {
    **{f"reference/schemas/{name}.schema.json": partial(schemas.text, name) for name in schemas.SCHEMAS},
    **policies.pages(),
}
"""Files that are generated from first to last."""


def generated(page: str) -> str:
    """Return the page as it should read today."""
    text = (DOCS / page).read_text(encoding="utf-8")
    parts = PAGES[page]
    if (found := sorted(name for _, name, _, _ in _PART.findall(text))) != sorted(parts):
        raise SystemExit(f"{page}: wants one part each of {sorted(parts)}, each with its end; has {found}")
    return _PART.sub(lambda part: f"{part[1]}\n{parts[part[2]]()}\n{part[4]}", text)


def stale() -> dict[str, str]:
    """Return the correct text of every page that is out of date."""
    texts = {page: generated(page) for page in PAGES} | {file: text() for file, text in FILES.items()}
    return {page: text for page, text in texts.items() if text != _current(DOCS / page)}


def _current(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def shown(page: str) -> str:
    """Return the path of a page from the root of the project."""
    return page.removeprefix("../") if page.startswith("../") else f"docs/{page}"


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["--check"]):
        sys.stderr.write("usage: python docs/generate.py [--check]\n")
        return 2
    pages = stale()
    for page, text in pages.items():
        if arguments:
            sys.stderr.write(f"stale: {shown(page)}; run: python docs/generate.py\n")
        else:
            (DOCS / page).parent.mkdir(parents=True, exist_ok=True)
            (DOCS / page).write_text(text, encoding="utf-8", newline="\n")
            sys.stdout.write(f"written: {shown(page)}\n")
    return 1 if arguments and pages else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
