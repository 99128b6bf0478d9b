"""What the licences of one type say together.

Any valid licence of the type is enough. But one that was revoked or suspended stands against the partner, whatever its
last day, until a later valid one answers it; so does one whose status nobody can read.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import date

import attrs

from partnerflow.dossier import Dossier
from partnerflow.policies import Problem, Until, Verdict, best_of, lack, need
from partnerflow.records import Licence
from partnerflow.records.registry import is_adverse

VALID = frozenset(
    {"active", "current", "good standing", "in force", "in good standing", "licensed", "regulated", "valid"}
)
INVALID = frozenset(
    {
        "cancelled",
        "canceled",
        "denied",
        "expired",
        "inactive",
        "lapsed",
        "pending",
        "refused",
        "revoked",
        "surrendered",
        "suspended",
        "terminated",
        "withdrawn",
    }
)


def licensed(
    dossier: Dossier, licence_type: str, on: date, *, valid: AbstractSet[str], invalid: AbstractSet[str]
) -> Verdict:
    """Judge the licences of one type; *valid* and *invalid* are the words that are known for their status."""
    licences = dossier.succession(Licence, on, licence_type=licence_type)
    if not licences.records:
        yield lack("licences", None, "none is on file of type {licence_type}", licence_type=licence_type)
        return
    words = _Words(_folded(valid), _folded(invalid))
    unanswered = [
        licence
        for place, licence in enumerate(licences.records)
        if words.may_be_adverse(licence)
        and not any(_answers(dossier, later, licence, words) for later in licences.records[place + 1 :])
    ]
    for licence in unanswered:
        yield words.fault(licence)
    newest = [one for one in _newest_of_each(licences.records) if not any(one is other for other in unanswered)]
    if len(newest) == 1:  # all that is wrong with it, and when it ended
        yield from _current(newest[0], licences.through, words)
    else:
        yield from best_of(newest, lambda licence: _current(licence, licences.through, words), on)


@attrs.frozen
class _Words:
    """The words that are known for the status of a licence. Upper and lower case are the same."""

    valid: AbstractSet[str]
    invalid: AbstractSet[str]

    def is_valid(self, licence: Licence) -> bool:
        return not is_adverse(licence) and _word(licence) in self.valid

    def may_be_adverse(self, licence: Licence) -> bool:
        """Return whether it is adverse, or has a status that nobody can read."""
        return is_adverse(licence) or _word(licence) not in self.valid | self.invalid

    def fault(self, licence: Licence) -> Problem:
        """Return what is wrong with the status of a licence that is not valid."""
        named, word = licence.identifier or licence.licence_type, _word(licence)
        if is_adverse(licence) or word in self.invalid:
            return Problem(licence, "status", "licence {licence} is {status}", licence=named, status=word)
        if not word:
            return lack(licence, "status")
        return lack(licence, "status", "no status {status} of a licence is known here", status=word)


def _folded(words: AbstractSet[str]) -> frozenset[str]:
    return frozenset(word.strip().casefold() for word in words)


def _word(licence: Licence) -> str:
    return (licence.status or "").strip().casefold()


def _answers(dossier: Dossier, later: Licence, adverse: Licence, words: _Words) -> bool:
    """Return whether *later*, which comes after it, is the same licence valid again, or one that begins after it.

    Only a word of the district's side answers, and only where both say their first day.
    """
    if not words.is_valid(later) or not dossier.is_of_district(later):
        return False
    if adverse.starts_on is None or later.starts_on is None:
        return False
    same = bool(later.identifier) and _number(later) == _number(adverse)
    return same or later.starts_on > adverse.starts_on


def _newest_of_each(licences: Sequence[Licence]) -> list[Licence]:
    """Return the newest record of each licence; one that does not say which it is may be about any."""
    numbers = dict.fromkeys(_number(licence) for licence in licences if licence.identifier) or {"": None}
    newest = [next(one for one in reversed(licences) if _number(one) in ("", number)) for number in numbers]
    return [one for place, one in enumerate(newest) if not any(one is other for other in newest[:place])]


def _number(licence: Licence) -> str:
    return (licence.identifier or "").strip().casefold()


def _current(licence: Licence, through: date, words: _Words) -> Verdict:
    if not words.is_valid(licence):
        yield words.fault(licence)
    if not licence.identifier:
        yield lack(licence, "identifier")
    if licence.starts_on is None:
        yield lack(licence, "starts_on")
    ends_on = need(licence.ends_on, licence, "ends_on")
    named = licence.identifier or licence.licence_type
    yield Until(min(ends_on, through), "licence {licence} ends", licence=named)
