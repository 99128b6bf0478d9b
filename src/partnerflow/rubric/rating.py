"""The rating of some evidence by the rubric on one day. It blocks nothing."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cached_property
from typing import Any, NoReturn, TypeAlias, cast

import attrs

from partnerflow.clauses import answers
from partnerflow.dossier import Dossier, RecordIndex
from partnerflow.errors import InvalidRequest, NotFound
from partnerflow.partnership import Partnership
from partnerflow.policies.translation import ENGLISH, Translation, translation
from partnerflow.policies.verdict import Problem
from partnerflow.records import Entry, Partner, Record
from partnerflow.records.conversion import unstructure
from partnerflow.records.practice import RubricAssessment
from partnerflow.records.registry import kind_of

from .criterion import LEVELS, RatedCriterion, RubricRow
from .evidence import Evidence, name_of
from .rows import ROWS
from .settings import RubricSettings

SCHEMA = "partnerflow.rating/1"
EvidenceInput: TypeAlias = Iterable[Record | Entry | Mapping[str, Any]] | Mapping[str, Any] | Dossier
"""Records, entries, the mappings of records, a mapping with a list of `records`, or a dossier."""


@attrs.frozen(kw_only=True)
class RatedLevel:
    """One level of a row: the results of its own criteria, and whether it is met."""

    number: int
    criteria: tuple[RatedCriterion, ...]
    needs: tuple[int, ...] = ()
    """The lower levels that must be met too."""
    met: bool

    @property
    def name(self) -> str:
        """What the rubric calls it."""
        return LEVELS[self.number]


@attrs.frozen(kw_only=True)
class RatedRow:
    """One row: the result of every level."""

    row: RubricRow
    levels: tuple[RatedLevel, ...]

    @property
    def level(self) -> int:
        """The highest level that is met; 0 where none is."""
        return max((level.number for level in self.levels if level.met), default=0)

    @property
    def next(self) -> tuple[RatedCriterion, ...]:
        """The criteria that are lacking for the next level; empty at the highest."""
        if self.level == len(self.levels):
            return ()
        wanted = self.levels[self.level]
        asked = [level for level in self.levels if level.number in (*wanted.needs, wanted.number)]
        return tuple(judged for level in asked for judged in level.criteria if not judged.met)

    @property
    def met_by(self) -> tuple[Record, ...]:
        """The evidence of the level that is met, and of those that it needs."""
        if not self.level:
            return ()
        reached = self.levels[self.level - 1]
        asked = [level for level in self.levels if level.number in (*reached.needs, reached.number)]
        once = {id(record): record for level in asked for judged in level.criteria for record in judged.met_by}
        return tuple(once.values())

    def __getitem__(self, code: str) -> RatedCriterion:
        for level in self.levels:
            for judged in level.criteria:
                if judged.criterion.code == code:
                    return judged
        raise NotFound("criterion", f"{code} in row {self.row.code}")


@attrs.frozen(kw_only=True)
class Rating:
    """The level of each row, its evidence and what the next level needs. It blocks nothing and has no truth value."""

    on: date
    site: str | None
    settings: RubricSettings
    rows: tuple[RatedRow, ...]

    def __bool__(self) -> NoReturn:
        raise TypeError("a rating has no truth value: ask rating.levels, or a row for its level")

    def __getitem__(self, code: str) -> RatedRow:
        for row in self.rows:
            if row.row.code == code:
                return row
        raise NotFound("row of the rubric", f"{code} (there are {', '.join(self.levels)})")

    @cached_property
    def levels(self) -> Mapping[str, int]:
        """The level of each row."""
        return {row.row.code: row.level for row in self.rows}

    def assessments(
        self,
        *,
        assessor: str,
        subject: str | None = None,
        subject_kind: str | None = None,
        next_review_on: date | None = None,
    ) -> tuple[RubricAssessment, ...]:
        """Return the rating as records by *assessor*, one a row, to be filed with the district.

        *subject* is the id of what was rated, and *subject_kind* is `"site"` or `"partnership"`; without them it is the
        site that was rated, or the district.
        """
        if subject is None:
            subject, subject_kind = self.site or "district", "site" if self.site else "district"
        if subject_kind not in ("district", "site", "partnership"):
            raise InvalidRequest("subject_kind", subject_kind, 'write "district", "site" or "partnership"')
        return tuple(
            RubricAssessment(
                row=cast("Any", row.row.code),
                subject=subject,
                subject_kind=cast("Any", subject_kind),
                level=cast("Any", row.level),
                evidence=tuple(name_of(record) for record in row.met_by),
                lacking=tuple(_sentence(problem, translation()) for judged in row.next for problem in judged.lacking),
                assessor=assessor,
                assessed_on=self.on,
                next_review_on=next_review_on,
            )
            for row in self.rows
        )

    def explain(self, language: str = ENGLISH) -> str:
        """Return in words the level of each row, its evidence, and what the next level needs.

        Raises InvalidRequest for a language that has no catalogue.
        """
        return "\n".join(self._lines(translation(language)))

    def _lines(self, say: Translation) -> Iterator[str]:
        if self.site:
            yield say("Site {site} on {on}, a rating that blocks nothing:", site=self.site, on=self.on)
        else:
            yield say("The district on {on}, a rating that blocks nothing:", on=self.on)
        for row in self.rows:
            yield from _row_lines(row, say)

    def to_data(self) -> dict[str, Any]:
        """Return the rating as plain JSON data."""
        return {
            "schema": SCHEMA,
            "on": self.on.isoformat(),
            "site": self.site,
            "settings": {
                field.name: _plain(getattr(self.settings, field.name)) for field in attrs.fields(RubricSettings)
            },
            "rows": [_row_data(row) for row in self.rows],
        }

    def to_json(self) -> str:
        """Return the rating as JSON text."""
        return json.dumps(self.to_data(), ensure_ascii=False, indent=2)


@answers("D4.S2")
def rate(
    records: EvidenceInput, *, on: date, site: str | None = None, settings: RubricSettings | None = None
) -> Rating:
    """Return the rating of the practice that *records* show on the day *on*.

    For a *site*, only records that name that site count, and those for all sites (`site="*"`). Pure: it reads no store
    and no clock, and it blocks nothing. Raises InvalidRecord for mappings of the wrong shape.
    """
    read = RubricSettings() if settings is None else settings
    file = Dossier(Partner(name="the district"), Partnership("-"), RecordIndex(entries_of(records)))
    evidence = Evidence(file, on, site, read)
    return Rating(on=on, site=site, settings=read, rows=tuple(_rated(row, evidence, read) for row in ROWS))


def _rated(row: RubricRow, evidence: Evidence, settings: RubricSettings) -> RatedRow:
    judged = {level.number: tuple(one(evidence) for one in level.criteria) for level in row.levels}
    alone = {number: all(one.met for one in said) for number, said in judged.items()}
    levels = []
    for number, said in judged.items():
        needs = tuple(range(1, number)) if number in settings.cumulative else ()
        met = all(alone[each] for each in (*needs, number))
        levels.append(RatedLevel(number=number, criteria=said, needs=needs, met=met))
    return RatedRow(row=row, levels=tuple(levels))


def entries_of(records: EvidenceInput) -> tuple[Entry, ...]:
    """Read whatever holds records as entries. Raises InvalidRecord, and InvalidRequest for what holds none."""
    if isinstance(records, Dossier):
        return records.entries
    held: Any = records
    if isinstance(held, Mapping):
        if "records" not in held:
            raise InvalidRequest("records", sorted(held), "pass records, or an object with a list of `records`")
        held = held["records"]
    listed: list[Any] = list(held)
    if any(isinstance(one, Mapping) for one in listed):
        whole = {"partner": {"name": "the district"}, "partnership": {"state": "-"}, "records": listed}
        return Dossier.from_mapping(whole).entries
    for one in listed:
        if not isinstance(one, (Record, Entry)):
            raise InvalidRequest("records", type(one).__name__, "pass records, entries, or the mappings of records")
    return tuple(one if isinstance(one, Entry) else Entry(record=one) for one in listed)


# --- as data and in words -------------------------------------------------------------------------------------------


def _row_lines(row: RatedRow, say: Translation) -> Iterator[str]:
    level = row.level
    named = say("level {level}, {name}", level=level, name=LEVELS[level]) if level else say("no level yet")
    yield f"  {row.row.code} {say(row.row.title)}: {named}"
    for passed_over in (each.number for each in row.levels[:level] if not each.met):
        yield f"      {say('although level {level} is not met', level=passed_over)}"
    if row.met_by:
        kinds = Counter(say.kind(kind_of(record)) for record in row.met_by)
        shown = ", ".join(f"{kind} ({number})" for kind, number in kinds.items())
        yield f"      {say('shown by {kinds}', kinds=shown)}"
    if row.next:
        yield f"      {say('For level {level}, {name}:', level=level + 1, name=LEVELS[level + 1])}"
    for judged in row.next:
        yield f"        {say(judged.criterion.title)} [{', '.join(judged.criterion.cites)}]"
        for problem in judged.lacking:
            yield f"          {_sentence(problem, say)}"


def _sentence(problem: Problem, say: Translation) -> str:
    said = say(problem.template, **problem.facts)
    return f"{problem.path}: {said}" if problem.path else said


def _row_data(row: RatedRow) -> dict[str, Any]:
    return {
        "row": row.row.code,
        "title": row.row.title,
        "level": row.level,
        "next": [judged.criterion.code for judged in row.next],
        "levels": [
            {
                "level": level.number,
                "name": level.name,
                "met": level.met,
                "needs": list(level.needs),
                "criteria": [_judged_data(judged) for judged in level.criteria],
            }
            for level in row.levels
        ],
    }


def _judged_data(judged: RatedCriterion) -> dict[str, Any]:
    return {
        "criterion": judged.criterion.code,
        "title": judged.criterion.title,
        "cites": list(judged.criterion.cites),
        "met": judged.met,
        "met_by": [name_of(record) for record in judged.met_by],
        "lacking": [
            {
                "path": problem.path,
                "message": problem.message,
                "template": problem.template,
                "facts": {name: _plain(value) for name, value in problem.facts.items()},
            }
            for problem in judged.lacking
        ],
    }


def _plain(value: object) -> object:
    if isinstance(value, (frozenset, tuple)):
        return sorted(value) if isinstance(value, frozenset) else list(value)
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(unstructure(value))
