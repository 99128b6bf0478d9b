"""Every word of the domain that the public names use is in the glossary, in one sentence."""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "glossary.md"
_ENTRY = re.compile(r"^- \*\*([^*]+)\*\*(?: \([^)]+\))?: (.+)$", re.MULTILINE)
ORDINARY = {
    "applied",
    "busy",
    "due",
    "error",
    "found",
    "illegal",
    "invalid",
    "item",
    "mismatch",
    "not",
    "partnerflow",
    "plugin",
    "ref",
    "refused",
    "replaced",
    "request",
    "reused",
    "schema",
    "tampered",
    "unknown",
    "unreadable",
    "unsound",
}
"""Words of the public names that mean here what they mean anywhere."""


def entries() -> list[tuple[str, str]]:
    text = PAGE.read_text(encoding="utf-8").replace("\n  ", " ")
    found = _ENTRY.findall(text)
    assert len(found) == len(re.findall(r"^- ", text, re.MULTILINE))
    return found


TERMS = [term for term, _ in entries()]


def words(name: str) -> list[str]:
    """Return the words of the name of a class: `InvalidRecord` has "invalid" and "record"."""
    return [word.lower() for word in re.findall("[A-Z][a-z]*", name)]


CLASSES = sorted(
    {
        name
        for module in map(import_module, ("partnerflow", "partnerflow.policies", "partnerflow.lifecycle"))
        for name in module.__all__
        if inspect.isclass(getattr(module, name)) or name == "Verdict"
    }
)


@pytest.mark.parametrize("name", CLASSES)
def test_every_word_of_a_public_class_is_in_the_glossary(name: str) -> None:
    absent = [word for word in words(name) if word not in ORDINARY and word not in TERMS]
    assert not absent or " ".join(words(name)) in TERMS, f"put {absent} in the glossary"


def test_an_ordinary_word_is_used_and_is_not_in_the_glossary() -> None:
    assert {word for name in CLASSES for word in words(name)} >= ORDINARY
    assert ORDINARY.isdisjoint(TERMS)


def test_each_term_has_one_sentence() -> None:
    for term, sentence in entries():
        assert re.fullmatch(r"[A-Z][^.]*(?:\.\d[^.]*)*\.", sentence), f"{term}: {sentence}"


def test_the_terms_are_in_alphabetical_order() -> None:
    assert sorted(TERMS) == TERMS
