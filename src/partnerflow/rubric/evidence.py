"""The evidence as criteria read it, and the checks that most of them make.

An absent fact counts as lacking. "All pathways" and "all high schools" come from a list in one record, never from the
records that happen to be on file. So removing evidence never raises a level.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from fractions import Fraction
from typing import TypeAlias, TypeVar

import attrs

from partnerflow.dossier import Absent, Dossier
from partnerflow.policies.verdict import Problem, lack, need
from partnerflow.records import EVERYWHERE, Record, months_after
from partnerflow.records.college import YearlyMeasure
from partnerflow.records.pathways import DistrictOutline
from partnerflow.records.registry import key_of, kind_of

from .settings import RubricSettings

R = TypeVar("R", bound=Record)
T = TypeVar("T")
Observation: TypeAlias = Record | Problem
Observations: TypeAlias = Iterator[Observation]
"""What a criterion yields: the records that show it, and a problem for each thing that is lacking."""


@attrs.frozen
class Evidence:
    """What is on file, the day, and whose practice is rated: that of the district, or of one site."""

    file: Dossier
    on: date
    site: str | None
    settings: RubricSettings

    def all(self, cls: type[R]) -> list[R]:
        """Return the newest record of each key that is about the site that is rated.

        For a site, a record that names none does not count; one for all sites names `"*"`.
        """
        found = self.file.all(cls)
        if self.site is None or not _names_a_site(cls):
            return list(found)
        return [record for record in found if getattr(record, "site", None) in (self.site, EVERYWHERE)]

    def counting_against(self, cls: type[R]) -> list[R]:
        """Return the newest record of each key of a kind that counts against, those that name no site included."""
        found = self.file.all(cls)
        if self.site is None:
            return list(found)
        return [record for record in found if getattr(record, "site", None) in (None, self.site, EVERYWHERE)]

    def only(self, cls: type[R]) -> R:
        """Return the one record of a kind without a key. Raises Absent."""
        return need(self.file.latest(cls), cls.kind_info.name)

    def pathways(self) -> list[str]:
        """Return the pathways of the district. Raises Absent if no record lists them."""
        return self._listed("pathways")

    def high_schools(self) -> list[str]:
        """Return the high schools to check: the one rated, or all of the district. Raises Absent."""
        return self._listed("high_schools") if self.site is None else [self.site]

    def _listed(self, field: str) -> list[str]:
        outline = self.only(DistrictOutline)
        names: tuple[str, ...] | None = getattr(outline, field)
        return list(dict.fromkeys(need(names or None, outline, field)))

    @property
    def last_year(self) -> int:
        """The last school year whose counts are due: the one that ended in the calendar year before."""
        return self.on.year - 1

    def pointer(self, problem: Problem) -> Problem:
        """Return *problem* with its place as a JSON Pointer into the records."""
        return problem.found_in(self.file)


def _names_a_site(cls: type[Record]) -> bool:
    return "site" in attrs.fields_dict(cls) and "site" not in cls.kind_info.key


def name_of(record: Record) -> str:
    """Return the name of a record: its kind and key."""
    return f"{kind_of(record)} {' / '.join(map(str, key_of(record)))}".strip()


# --- one will do ---------------------------------------------------------------------------------------------------


def collect(answer: Iterable[Observation]) -> list[Observation]:
    """Return the observations as a list; an absent fact ends it with a problem."""
    said: list[Observation] = []
    try:
        for each in answer:
            said.append(each)  # noqa: PERF402  what came before the absence is kept
    except Absent as absent:
        said.append(lack(absent.where, absent.field))
    return said


def best_of(answers: Iterable[Iterable[Observation]], otherwise: Problem) -> Observations:
    """Yield every set of observations without a problem; if there is none, the problems of the set with the fewest."""
    nearest: list[Observation] | None = None
    met = False
    for said in map(collect, answers):
        problems: list[Observation] = [each for each in said if isinstance(each, Problem)]
        if not problems:
            met = True
            yield from said
        elif nearest is None or len(problems) < len(nearest):
            nearest = problems
    if not met:
        yield from nearest or [otherwise]


def one_of(several: Iterable[R], judge: Callable[[R], Iterable[Observation]], otherwise: Problem) -> Observations:
    """Yield the records in which *judge* finds no problem; if there is none, the problems of the nearest."""
    return best_of(([*collect(judge(one))] or [one] for one in several), otherwise)


def one_like(
    evidence: Evidence, cls: type[R], field: str, words: Iterable[str], judge: Callable[[R], Iterable[Observation]]
) -> Observations:
    """Check as `one_of` does, among the records whose *field* is one of *words* or absent."""
    allowed = sorted(words)
    likely = [one for one in evidence.all(cls) if getattr(one, field) in (None, *allowed)]
    said = lack(cls.kind_info.name, None, "none that is {words} is on file", words=" or ".join(allowed))

    def all_of_it(one: R) -> Iterator[Observation]:
        yield from among(one, field, allowed)
        yield from judge(one)

    return one_of(likely, all_of_it, said)


def none_on_file(cls: type[Record]) -> Problem:
    """Return the problem that no record of a kind is on file."""
    return lack(cls.kind_info.name)


# --- what most ask of a record --------------------------------------------------------------------------------------


def happened(evidence: Evidence, record: Record, field: str, months: int | None = None) -> Iterator[Problem]:
    """Check that the day in *field* is past, and not longer ago than *months*."""
    day: date = need(getattr(record, field), record, field)
    if day > evidence.on:
        yield Problem(record, field, "is only on {day}", day=day)
    elif months is not None and day < months_after(evidence.on, -months):
        yield Problem(record, field, "is longer ago than {months} months, on {day}", months=months, day=day)


def in_force(evidence: Evidence, record: Record) -> Iterator[Problem]:
    """Check that *record* is in force on the day."""
    starts_on: date | None = getattr(record, "starts_on", None)
    ends_on: date | None = getattr(record, "ends_on", None)
    for field, day in (("starts_on", starts_on), ("ends_on", ends_on)):
        if day is None:
            yield lack(record, field)
    if starts_on is not None and starts_on > evidence.on:
        yield Problem(record, "starts_on", "begins only on {day}", day=starts_on)
    if ends_on is not None and ends_on < evidence.on:
        yield Problem(record, "ends_on", "ended on {day}", day=ends_on)


def filled_in(record: Record, *fields: str) -> Iterator[Problem]:
    """Check that *fields* have a value: a text or a list that is not empty, or true."""
    for field in fields:
        value = getattr(record, field)
        if value is None:
            yield lack(record, field)
        elif not value:
            yield Problem(record, field, "says nothing")


def includes(record: Record, field: str, wanted: Iterable[str]) -> Iterator[Problem]:
    """Check that the list in *field* has everything *wanted*."""
    there = need(getattr(record, field), record, field)
    for each in wanted:
        if each not in there:
            yield Problem(record, field, "lacks {what}", what=each)


def among(record: Record, field: str, allowed: Iterable[str]) -> Iterator[Problem]:
    """Check that *field* is one of the words *allowed*."""
    value = need(getattr(record, field), record, field)
    words = sorted(allowed)
    if value not in words:
        yield Problem(record, field, "is {actual}, not one of {words}", actual=value, words=", ".join(words))


# --- counts by year -------------------------------------------------------------------------------------------------


def risen(evidence: Evidence, measure: str, years: int) -> Observations:
    """Check that a measure rose over the year before, in each of *years* years up to the last one that is due."""
    first = evidence.last_year - years
    by_year = {one.school_year: one for one in evidence.all(YearlyMeasure) if one.measure == measure}
    shares: dict[int, Fraction] = {}
    for year in range(first, evidence.last_year + 1):
        found = by_year.get(year)
        if found is None:
            yield lack("yearly_measure", None, "no {measure} for {year} is on file", measure=measure, year=year)
            continue
        said = collect(_share(found, "counted", "of"))
        yield from said or [found]
        if not said and found.counted is not None and found.of is not None:
            shares[year] = Fraction(found.counted, found.of)
    for year in range(first + 1, evidence.last_year + 1):
        if year in shares and year - 1 in shares and shares[year] <= shares[year - 1]:
            yield Problem(
                by_year[year],
                "counted",
                "{measure} did not rise from {before} to {year}",
                measure=measure,
                before=year - 1,
                year=year,
            )


def _share(record: Record, part: str, whole: str) -> Iterator[Problem]:
    of: int = need(getattr(record, whole), record, whole)
    counted: int = need(getattr(record, part), record, part)
    if of < 1:
        yield Problem(record, whole, "must be 1 or more")
    elif not 0 <= counted <= of:
        yield Problem(record, part, "{counted} is not a part of {of}", counted=counted, of=of)
