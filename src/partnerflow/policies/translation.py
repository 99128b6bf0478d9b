"""Sentences in the reader's language.

The English template is the key; a gettext catalogue holds it in another language, and the facts are filled in after
that. A template without a translation stays English. The catalogues are in `locale/`; `translations/build.py` makes
them.
"""

from __future__ import annotations

import gettext
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import attrs

from partnerflow.errors import InvalidRequest

from .verdict import in_words

DOMAIN = "partnerflow"
ENGLISH = "en"
_LOCALE = Path(__file__).parent / "locale"


@attrs.frozen
class Translation:
    """The sentences of one language. Get one with `translation`."""

    language: str
    catalogue: gettext.NullTranslations = attrs.field(repr=False, eq=False)

    def __call__(self, template: str, /, **facts: object) -> str:
        """Return a sentence with its facts filled in."""
        said = self.catalogue.gettext(template) if template else ""
        return said.format(**{name: self.fact(value) for name, value in facts.items()}) if facts else said

    def fact(self, value: object) -> str:
        """Return a fact as text; a word of ours, such as a state or a side, in the language."""
        if isinstance(value, (frozenset, set, tuple, list)):
            several: Iterable[object] = value if isinstance(value, (tuple, list)) else sorted(map(str, value))
            return ", ".join(self.fact(one) for one in several)
        written = in_words(value)
        return self.catalogue.pgettext("word", written) if isinstance(value, str) else written

    def kind(self, name: str) -> str:
        """Return the name of a kind of record in the language."""
        return self.catalogue.pgettext("kind", name).replace("_", " ")


@lru_cache(maxsize=16)
def translation(language: str = ENGLISH) -> Translation:
    """Return the sentences of a language, such as "es". Raises InvalidRequest for one that has no catalogue."""
    place = _LOCALE / language / "LC_MESSAGES" / f"{DOMAIN}.mo"
    if language in languages() and place.is_file():
        with place.open("rb") as file:
            return Translation(language, gettext.GNUTranslations(file))
    if language == ENGLISH:
        return Translation(language, gettext.NullTranslations())
    raise InvalidRequest("language", language, f"has no catalogue; there are: {', '.join(languages())}")


@lru_cache(maxsize=1)
def languages() -> tuple[str, ...]:
    """Return the languages that have a catalogue, and English."""
    found = {folder.name for folder in _LOCALE.iterdir() if folder.is_dir()} if _LOCALE.is_dir() else set()
    return tuple(sorted(found - {"__pycache__"} | {ENGLISH}))
