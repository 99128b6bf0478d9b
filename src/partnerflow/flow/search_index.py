"""The search index: the sites, the content areas and the words that a partnership is found by."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice

from partnerflow.dossier import Dossier
from partnerflow.ports import SearchEntry, SearchField, Snapshot
from partnerflow.records import Confirmation, Contact, Entry, Liaison, Need, Partner, Record, Retraction, Scope, Service

INDEXED: tuple[type[Record], ...] = (Scope, Service, Contact, Liaison, Need, Partner, Confirmation, Retraction)
"""The kinds of records that the index is built from, or that can take one of them away."""
LONGEST = 64
"""How many letters of a word are indexed."""
MOST_INDEXED = 1000
"""How many words of a text are indexed: a longer text is found by its first ones."""
_ACCENTS = frozenset([*range(10, 36), *range(200, 255)])
"""The combining classes of accents, which are dropped; readers take the other combining characters for letters."""
_PLAIN = str.maketrans(
    {"æ": "ae", "ð": "d", "ø": "o", "þ": "th", "đ": "d", "ħ": "h", "\u0131": "i", "ł": "l", "œ": "oe"}
)
"""Letters that Unicode does not decompose, as people type them who have no key for them."""
_UNSPACED = re.compile("[\u0e01-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u30ff\u3400-\u9fff\U00020000-\U0003ffff]")
"""Letters of scripts that put no spaces between words: Thai, Lao, Burmese, Khmer, Chinese and Japanese."""
_SIGN = re.compile(r"[^\w\s]|[_\u02b9-\u02ff]")
"""What is no letter, no digit and no space, and the letters that are used as an apostrophe."""
_IN_NUMBER = re.compile(r"(?<=[0-9)])\s+(?=[0-9(])")
"""A space inside a number, as in a telephone number, which others write without it."""


def words(text: str) -> frozenset[str]:
    """Return the words of a search text, without letter case and accents.

    *José's club* is `jose`, `s` and `club`.
    """
    return frozenset(part[:LONGEST] for run in _runs(text) for part in run if part)


@lru_cache(maxsize=4096)
def index_words(text: str) -> frozenset[str]:
    """Return the words that a text is indexed under: each, with what follows it up to the next space.

    A search word matches the beginning of an indexed one. *After-school* is indexed as `afterschool` and `school`, so
    *after-school*, *after school* and *afterschool* all find it. Of a text with more than `MOST_INDEXED` words, the
    first ones are indexed, so that no text costs more than that.
    """
    return frozenset(islice((word for run in _runs(text) for word in _endings(run)), MOST_INDEXED))


def _runs(text: str) -> Iterator[list[str]]:
    """Split a text at its spaces, and each part at everything else that is no letter and no digit."""
    apart = unicodedata.normalize("NFKD", text)
    if not apart.isascii():
        apart = "".join(each for each in apart if unicodedata.combining(each) not in _ACCENTS)
    plain = apart.casefold().translate(_PLAIN)
    spelled = _SIGN.sub(_or_nothing, _IN_NUMBER.sub("-", plain))
    return (run.split("\0") for run in spelled.split())


def _or_nothing(sign: re.Match[str]) -> str:
    """Return a sign that belongs to a letter; anything else separates words."""
    return sign[0] if unicodedata.category(sign[0]).startswith("M") else "\0"


def _endings(run: list[str]) -> Iterator[str]:
    whole, start = "".join(run), 0
    for part in run:
        inside = (letter.start() for letter in _UNSPACED.finditer(part) if letter[0].isalnum())
        yield from (whole[start + place : start + place + LONGEST] for place in ({0, *inside} if part else ()))
        start += len(part)


def affects_search(records: Iterable[Record]) -> bool:
    """Return whether any of these records affects the search index."""
    return any(isinstance(record, INDEXED) for record in records)


def search_entries(snapshot: Snapshot, dossier: Dossier, new: Iterable[Entry] = ()) -> list[SearchEntry]:
    """Rebuild the search entry where a new record affects it, or where this release has never built it."""
    stale = not snapshot.pack_digest or affects_search(entry.record for entry in new)
    return [search_entry(dossier)] if stale else []


def search_entry(dossier: Dossier) -> SearchEntry:
    """Build the search entry of a partnership."""
    return SearchEntry(
        partnership_id=dossier.partnership.id,
        sites=dossier.sites() or frozenset(),
        places=dossier.places(),
        words=frozenset((field, word) for field, text in _texts(dossier) for word in index_words(text)),
    )


def _texts(dossier: Dossier) -> Iterator[tuple[SearchField, str]]:
    """Yield each text that is indexed, and the field that it is found in; all are found in the field "text" too."""
    services = [
        text for each in dossier.all(Service) for text in (each.service, each.summary, *(each.content_areas or ()))
    ]
    contacts = [text for each in dossier.all(Contact) for text in (each.name, each.title, each.email, each.phone)]
    contacts += [text for each in dossier.all(Liaison) for text in (each.name, each.contact)]
    needs = [need.need for need in dossier.all(Need)]
    fields: dict[SearchField, list[str | None]] = {
        "service": services,
        "contact": contacts,
        "text": [dossier.partner.name, dossier.partner.summary, *services, *contacts, *needs],
    }
    for field, texts in fields.items():
        for text in texts:
            if text:
                yield field, text
