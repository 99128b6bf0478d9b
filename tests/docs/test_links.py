"""Every link from one page to another, or to a file or a test of the project, leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.joinpath("docs").rglob("*.md")])
_FENCED = re.compile(r"^ *```.*?^ *```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_TEST = re.compile(r"`((?:tests|src)/[\w/]+\.py)::(\w+)`")


class Link(NamedTuple):
    """A link as a page writes it."""

    page: Path
    target: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)} -> {self.target}"


def prose_of(page: Path) -> str:
    return _FENCED.sub("", page.read_text(encoding="utf-8"))


def slug(heading: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(page: Path) -> set[str]:
    return {slug(heading) for heading in re.findall(r"^#+ (.*)$", prose_of(page), re.MULTILINE)}


LINKS = [Link(page, target) for page in PAGES for target in _LINK.findall(prose_of(page))]
INSIDE = [link for link in LINKS if not re.match(r"[a-z]+:", link.target)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_to_a_file_and_a_heading_of_it(page: Path) -> None:
    for link in INSIDE:
        if link.page == page:
            path, _, anchor = link.target.partition("#")
            target = (page.parent / path).resolve() if path else page
            assert target.exists(), str(link)
            assert not anchor or anchor in anchors(target), str(link)


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, todo = set(), [ROOT / "README.md"]
    while todo:
        page = todo.pop()
        reached.add(page)
        linked = ((page.parent / link.target.partition("#")[0]).resolve() for link in INSIDE if link.page == page)
        todo += [target for target in linked if target.suffix == ".md" and target not in reached]
    assert reached == set(PAGES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_test_that_a_page_names_is_there(page: Path) -> None:
    for file, name in _TEST.findall(page.read_text(encoding="utf-8")):
        path = ROOT / file
        assert path.exists(), f"{page.name} names {file}, which is not there"
        text = path.read_text(encoding="utf-8")
        assert re.search(rf"^ *(def|class) {name}\b", text, re.MULTILINE), f"{page.name} names {file}::{name}"


def test_the_links_of_the_pages_are_found() -> None:
    assert {page for page, _ in INSIDE} >= {ROOT / "README.md", ROOT / "docs" / "index.md"}
    assert anchors(ROOT / "docs" / "reference" / "lifecycle.md") >= {"what-is-checked", "states"}
    assert slug("What it promises: all, or none?") == "what-it-promises-all-or-none"
