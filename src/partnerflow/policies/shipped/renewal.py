"""What comes round every year: the renewal, and the partner's form."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from partnerflow.dossier import Dossier
from partnerflow.policies import Problem, Until, Verdict, best_of, lack, need, policy
from partnerflow.records import AnnualForm, days_after, months_after

from .states import RUNNING

_BY = {"id": "a.anderson"}
_ACTIVATED: dict[str, Any] = {
    "trigger": "activate",
    "source": "onboarding",
    "target": "active",
    "by": _BY,
    "at": "2026-08-25T15:00:00+00:00",
}
_LONG_AGO = {**_ACTIVATED, "at": "2024-08-26T15:00:00+00:00"}


@policy(
    "REN-001",
    "The partnership began or was renewed within the year",
    holds_in=RUNNING,
    cites=["TK-9", "CS2-X4"],
    fix="Look at the partnership together and ask for its renewal, every {months} months; it keeps its history and "
    "everything on file.",
    severity="advisory",
    owner="school",
    passing={"moves": [_LONG_AGO, {**_ACTIVATED, "trigger": "renew", "source": "active"}]},
    failing={"moves": [_LONG_AGO]},
    missing={},
)
def renewed(dossier: Dossier, on: date, *, months: int = 12) -> Verdict:
    """What goes on because nobody asked is no partnership. Activating and adopting count as the first renewal."""
    need(dossier.moves, "moves")
    began = dossier.term_began(on)
    if began is None:
        yield Problem("/moves", None, "none of them begins a term")
    else:
        yield Until(months_after(began, months), "the year since it began or was renewed ends")


_FORM = {"kind": "annual_form", "year": "2025-26", "submitted_on": "2026-07-15", "aligned_goals": ["reading"]}
_YEAR = re.compile(r"([12][0-9]{3})-([0-9]{2})")


@policy(
    "SURV-001",
    "The partner's form of the last school year was handed in",
    holds_in=RUNNING,
    cites=["SPPS-KPI-Y1.4b"],
    fix="Have the partner fill in its form of the school year that ended, and file it with the day and the goals that "
    "its work served.",
    severity="advisory",
    owner="partner",
    passing={"records": [_FORM], "moves": [_LONG_AGO]},
    failing={"records": [{**_FORM, "year": "2023-24"}], "moves": [_LONG_AGO]},
    missing={"records": [], "moves": None},
)
def annual_form(dossier: Dossier, on: date, *, month: int = 6, day: int = 30, grace_days: int = 60) -> Verdict:
    """Once a year the partner says how it went. A school year ends on `day` of `month`.

    A form does until the next one is due, `grace_days` after the next year ended; so does having begun since.
    """
    ways: list[AnnualForm | None] = [None, *dossier.all_on(AnnualForm, on)]
    yield from best_of(ways, lambda way: _form(dossier, way, on, (month, day), grace_days), on)


def _form(dossier: Dossier, form: AnnualForm | None, on: date, year_ends: tuple[int, int], grace_days: int) -> Verdict:
    if form is None:
        yield Until(days_after(_first_end(dossier, on, year_ends), grace_days), "its first form falls due")
        return
    for field in ("submitted_on", "aligned_goals"):
        if getattr(form, field) is None:
            yield lack(form, field)
    ended = _end_of(form.year, year_ends)
    if ended is None:
        yield Problem(form, "year", "{year} is no school year such as 2026-27", year=form.year)
        return
    yield Until(
        days_after(months_after(ended, 12), grace_days), "the form after that of {year} falls due", year=form.year
    )
    if form.submitted_on is not None:
        yield Until(dossier.through(form, on), "another form of {year} takes its place", year=form.year)


def _first_end(dossier: Dossier, on: date, year_ends: tuple[int, int]) -> date:
    """Return the day on which the first school year ended that it ran in."""
    began = _first_ran(dossier, on)
    ends = date(began.year, *year_ends)
    return ends if began <= ends else months_after(ends, 12)


def _first_ran(dossier: Dossier, on: date) -> date:
    """Return the day on which it first ran; a step that is only asked would be taken *on*, unless it says when."""
    for place, move in enumerate(need(dossier.moves, "moves")):
        if move.target in RUNNING:
            return dossier.made_on(place + 1, on)
    asked = need(dossier.move, "moves")
    return on if asked.at is None else dossier.day_of(asked.at)


def _end_of(year: str, year_ends: tuple[int, int]) -> date | None:
    """Return the last day of a school year such as 2026-27; None for what is none."""
    said = _YEAR.fullmatch(year)
    if said is None or (int(said[1]) + 1) % 100 != int(said[2]):
        return None
    return date(int(said[1]) + 1, *year_ends)
