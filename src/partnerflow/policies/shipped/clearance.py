"""What the background checks of one person say together.

The newest check on each component counts, so that two papers can suffice together. One that did not come out clear
stands, whatever its last day, until a later one answers it: what speaks against somebody does not lapse. Nor does it
wait for its first day, which cannot be later than its filing.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import date

from partnerflow.dossier import Dossier
from partnerflow.policies import Problem, Until, Verdict, each, lack, need
from partnerflow.records import BackgroundCheck, Person, months_after

EVERYTHING = "*"
"""The component of a check that covers every component."""


def cleared(dossier: Dossier, person: Person, on: date, *, components: frozenset[str], max_age_months: int) -> Verdict:
    """Judge the checks of *person*: those that are unanswered, and the newest on each of *components*.

    Where no components are asked for, the newest check is judged, whatever it covers.
    """
    checks = dossier.succession(BackgroundCheck, on, person=person.person)
    unanswered = [
        check
        for place, check in enumerate(checks.records)
        if check.result != "clear" and not _is_answered(dossier, check, checks.records[place + 1 :], components)
    ]
    unanswered += [check for check in checks.coming if check.result != "clear"]  # a mistyped year hides nothing
    for check in unanswered:
        if check.result is None:  # it may have been adverse
            yield lack(check, "result")
        else:
            yield Problem(check, "result", "the check of {person} did not come out clear", person=person.person)
    if not checks.records:
        yield lack(person, None, "has no background check on file: {person}", person=person.person)
        return
    judged: list[BackgroundCheck] = []
    asked: list[str | None] = [*sorted(components)]
    for part in asked or [None]:
        newest = _newest_on(part, checks.records)
        if newest is None:
            last = checks.records[-1]
            yield Problem(last, "components", "the check of {person} has no {part}", person=person.person, part=part)
        elif not any(newest is other for other in (*unanswered, *judged)):
            judged.append(newest)
    for check in judged:
        if components and not check.components:
            yield lack(check, "components")
    yield from each(judged, lambda check: _until(check, checks.through, max_age_months))


def _is_answered(
    dossier: Dossier, adverse: BackgroundCheck, later: Sequence[BackgroundCheck], components: AbstractSet[str]
) -> bool:
    """Return whether later clear checks cover what *adverse* is about; where it does not say what, all *components*.

    Only a word of the district's side answers, and only where both say their day: nobody can tell otherwise which
    came later.
    """
    if adverse.cleared_on is None:
        return False
    clear: set[str] = set()
    for check in later:
        if check.result == "clear" and check.cleared_on is not None and dossier.is_of_district(check):
            clear |= check.components or frozenset()
    about = adverse.components or components
    return EVERYTHING in clear or (bool(about) and about <= clear)


def _newest_on(part: str | None, checks: Sequence[BackgroundCheck]) -> BackgroundCheck | None:
    """Return the newest check that may be about *part*: one that names no components may be about any."""
    return next(
        (c for c in reversed(checks) if part is None or not c.components or {part, EVERYTHING} & c.components), None
    )


def _until(check: BackgroundCheck, through: date, months: int) -> Verdict:
    """Return how long a clear check counts: until it ends or is too old, or the day before another one begins."""
    cleared_on = need(check.cleared_on, check, "cleared_on")
    ends_on = need(check.ends_on, check, "ends_on")
    yield Until(min(ends_on, through), "the background check of {person} ends", person=check.person)
    too_old = "the background check of {person} is {months} months old"
    yield Until(months_after(cleared_on, months), too_old, person=check.person, months=months)
