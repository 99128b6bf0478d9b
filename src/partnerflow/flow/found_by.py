"""By what a partnership is found: its sites, the areas of its services there, and the words of what stands on file."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

from partnerflow.dossier import Dossier
from partnerflow.ports import SearchEntry, SearchField, Snapshot
from partnerflow.records import Contact, Entry, Liaison, Need, Partner, Record, Retraction, Scope, Service

FOUND_BY: tuple[type[Record], ...] = (Scope, Service, Contact, Liaison, Need, Partner, Retraction)
"""The kinds of records that bear on by what a partnership is found."""
LONGEST = 64
"""How many letters of a word are kept."""
_ACCENTS = frozenset([*range(10, 36), *range(200, 255)])
"""The combining classes of what is written over or under a letter; the others are letters to whoever reads them."""
_PLAIN = str.maketrans(
    {"æ": "ae", "ð": "d", "ø": "o", "þ": "th", "đ": "d", "ħ": "h", "\u0131": "i", "ł": "l", "œ": "oe"}
)
"""Letters that Unicode does not take apart, as they are typed by those who have no key for them."""
_UNSPACED = re.compile("[\u0e01-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u30ff\u3400-\u9fff\U00020000-\U0003ffff]")
"""Letters of scripts that put no spaces between words: Thai, Lao, Burmese, Khmer, Chinese and Japanese."""
_SIGN = re.compile(r"[^\w\s]|[_\u02b9-\u02ff]")
"""What is no letter, no digit and no space, and the letters that stand for an apostrophe."""
_IN_NUMBER = re.compile(r"(?<=[0-9)])\s+(?=[0-9(])")
"""The space within a number such as that of a telephone, which others write without it."""


def words(text: str) -> frozenset[str]:
    """Return the words of a text that somebody looks for, without regard to letter case and accents.

    *José's club* is `jose`, `s` and `club`.
    """
    return frozenset(part[:LONGEST] for run in _runs(text) for part in run if part)


@lru_cache(maxsize=4096)
def found_under(text: str) -> frozenset[str]:
    """Return by what a text is found: each of its words, with what follows it up to the next space.

    *After-school* is `afterschool` and `school`, so it is found by *after-school*, *after school* and *afterschool*.
    """
    return frozenset(word[:LONGEST] for run in _runs(text) for word in _endings(run))


def _runs(text: str) -> Iterator[list[str]]:
    """Take a text apart at its spaces, and each part at whatever else is no letter and no digit."""
    apart = unicodedata.normalize("NFKD", text)
    if not apart.isascii():
        apart = "".join(each for each in apart if unicodedata.combining(each) not in _ACCENTS)
    plain = apart.casefold().translate(_PLAIN)
    spelled = _SIGN.sub(_or_nothing, _IN_NUMBER.sub("-", plain))
    return (run.split("\0") for run in spelled.split())


def _or_nothing(sign: re.Match[str]) -> str:
    """Keep a mark that belongs to a letter."""
    return sign[0] if unicodedata.category(sign[0]).startswith("M") else "\0"


def _endings(run: list[str]) -> Iterator[str]:
    whole, start = "".join(run), 0
    for part in run:
        inside = (letter.start() for letter in _UNSPACED.finditer(part) if letter[0].isalnum())
        yield from (whole[start + place :] for place in ({0, *inside} if part else ()))
        start += len(part)


def bear_on_finding(records: Iterable[Record]) -> bool:
    """Tell whether some of these records bear on by what partnerships are found."""
    return any(isinstance(record, FOUND_BY) for record in records)


def placements(snapshot: Snapshot, dossier: Dossier, new: Iterable[Entry] = ()) -> list[SearchEntry]:
    """Say anew by what a partnership is found, where something *new* bears on it or this release never said it."""
    anew = not snapshot.pack_digest or bear_on_finding(entry.record for entry in new)
    return [placement(dossier)] if anew else []


def placement(dossier: Dossier) -> SearchEntry:
    """Say by what a partnership is found."""
    return SearchEntry(
        partnership_id=dossier.partnership.id,
        sites=dossier.sites() or frozenset(),
        places=dossier.places(),
        words=frozenset((field, word) for field, text in _texts(dossier) for word in found_under(text)),
    )


def _texts(dossier: Dossier) -> Iterator[tuple[SearchField, str]]:
    """Return each text that is searched, and in what it stands; whatever it is, it is found as text too."""
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
