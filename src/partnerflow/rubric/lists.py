"""Other questions to the same evidence: levels over time, and lists of what is still open."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import cast

import attrs

from partnerflow.clauses import answers
from partnerflow.dossier import Dossier, RecordIndex
from partnerflow.partnership import Partnership
from partnerflow.records import EVERYWHERE, Partner
from partnerflow.records.coalition import Indicator, PartnershipProfile, SharedVision
from partnerflow.records.college import GraduateDestinations
from partnerflow.records.pathways import DistrictOutline, Prospect
from partnerflow.records.practice import (
    Friction,
    RubricAssessment,
    SelfAssessment,
    SelfAssessmentPrompt,
    SupportAction,
)

from .rating import EvidenceInput, entries_of
from .words import BUSINESSES, CIVIC, COLLEGES, COMMUNITY

_TYPES = {"colleges": COLLEGES, "businesses": BUSINESSES, "civic": CIVIC, "community": COMMUNITY}


def _file(records: EvidenceInput) -> Dossier:
    return Dossier(Partner(name="the district"), Partnership("-"), RecordIndex(entries_of(records)))


@attrs.frozen(kw_only=True)
class LevelOn:
    """The level that an assessor found on a day."""

    row: str
    subject: str
    on: date
    level: int
    assessor: str | None
    change: int | None
    """The difference from the assessment before; None for the first."""


@answers("D4.S1")
def levels(records: EvidenceInput) -> tuple[LevelOn, ...]:
    """Return the levels over time that the kept assessments show, by row and subject, oldest first.

    An assessment without a day or a level is left out.
    """
    dated = sorted(
        (one.row, one.subject, one.assessed_on, place, one)
        for place, one in enumerate(_file(records).filed(RubricAssessment))
        if one.assessed_on is not None and one.level is not None
    )
    found: list[LevelOn] = []
    for row, subject, on, _, one in dated:
        before = found[-1] if found and (found[-1].row, found[-1].subject) == (row, subject) else None
        level = cast("int", one.level)
        change = None if before is None else level - before.level
        found.append(LevelOn(row=row, subject=subject, on=on, level=level, assessor=one.assessor, change=change))
    return tuple(found)


@answers("D4.F1", "D4.F2")
def without_prospect(records: EvidenceInput) -> dict[str, tuple[str, ...]]:
    """Return, for colleges and for employers, the pathways of the district with no suitable one nearby.

    A college is suitable if it has a program that continues the pathway; an employer, if its industry is on file.
    """
    file = _file(records)
    outline = file.latest(DistrictOutline)
    near = [one for one in file.all(Prospect) if one.nearby and one.place]
    served = {
        "college": {one.pathway for one in near if one.type == "college" and one.programs and one.years},
        "employer": {one.pathway for one in near if one.type == "employer" and one.industry},
    }
    pathways = dict.fromkeys((outline.pathways or ()) if outline else ())
    return {kind: tuple(path for path in pathways if path not in found) for kind, found in served.items()}


@answers("D4.P1")
def without_partnership(records: EvidenceInput, *, on: date) -> dict[str, tuple[str, ...]]:
    """Return, for colleges, businesses, civic bodies and the community, the pathways that no partnership supports."""
    file = _file(records)
    outline = file.latest(DistrictOutline)
    running = [
        one
        for one in file.all(PartnershipProfile)
        if one.starts_on is not None and one.ends_on is not None and one.starts_on <= on <= one.ends_on
    ]
    pathways = dict.fromkeys((outline.pathways or ()) if outline else ())
    return {
        name: tuple(
            path
            for path in pathways
            if not any(one.institution_kind in kinds and path in (one.pathways or ()) for one in running)
        )
        for name, kinds in _TYPES.items()
    }


@attrs.frozen(kw_only=True)
class WentOn:
    """The share of a pathway's graduates who went on to one institution, in points of a hundred, rounded down."""

    pathway: str
    school_year: int
    institution: str
    share: int


@answers("D4.P5")
def went_on(records: EvidenceInput) -> tuple[WentOn, ...]:
    """Return the share of graduates who went on to study or train, by pathway, year and institution, and `*` for all.

    A count without the number of graduates, or with more than there were, gives no share.
    """
    found: list[WentOn] = []
    for one in sorted(_file(records).all(GraduateDestinations), key=lambda each: (each.pathway, each.school_year)):
        counts = dict(sorted((one.went_on or {}).items()))
        for institution, count in {**counts, EVERYWHERE: sum(counts.values())}.items():
            if one.went_on is not None and one.graduates and 0 <= count <= one.graduates:
                share = 100 * count // one.graduates
                found.append(
                    WentOn(pathway=one.pathway, school_year=one.school_year, institution=institution, share=share)
                )
    return tuple(found)


@answers("D4.P3")
def open_frictions(records: EvidenceInput) -> tuple[Friction, ...]:
    """Return the frictions between institutions that are not on file as settled."""
    return tuple(one for one in _file(records).all(Friction) if one.status != "settled" or one.settled_on is None)


@answers("D4.R1", "D4.R2")
def unanswered(records: EvidenceInput) -> dict[str, tuple[str, ...]]:
    """Return, by prompt, the departments that were asked and have no dated answer."""
    file = _file(records)
    done = {(one.prompt, one.department) for one in file.all(SelfAssessment) if one.answer and one.answered_on}
    return {
        prompt.prompt: tuple(each for each in prompt.departments or () if (prompt.prompt, each) not in done)
        for prompt in file.all(SelfAssessmentPrompt)
    }


@answers("D4.P7")
def not_accepted(records: EvidenceInput, *, on: date) -> tuple[str, ...]:
    """Return the institutions that have not accepted the latest version of the shared vision."""
    vision = _file(records).latest(SharedVision)
    accepted = vision.acceptances or () if vision else ()
    return tuple(one.institution for one in accepted if one.accepted_on is None or one.accepted_on > on)


@answers("D4.P2")
def owned_by_one_side(records: EvidenceInput) -> tuple[str, ...]:
    """Return the shared goals that have fewer than two owners."""
    vision = _file(records).latest(SharedVision)
    return tuple(one.goal for one in (vision.goals or () if vision else ()) if len(set(one.owners or ())) < 2)


@answers("D4.P4")
def overdue_support(records: EvidenceInput, *, on: date) -> tuple[str, ...]:
    """Return the support that was promised and is overdue, or has no due day."""
    return tuple(
        one.action
        for one in _file(records).all(SupportAction)
        if not (one.done_on is not None and one.done_on <= on) and (one.due_on is None or one.due_on < on)
    )


@attrs.frozen(kw_only=True)
class Moved:
    """The change of an indicator since its baseline, year by year."""

    indicator: str
    domain: str | None
    changes: tuple[tuple[str, int], ...]


@answers("D4.P6")
def moved(records: EvidenceInput) -> tuple[Moved, ...]:
    """Return the changes of each indicator that has a baseline, oldest year first."""
    return tuple(_moved(one) for one in _file(records).all(Indicator) if one.baseline is not None)


def _moved(one: Indicator) -> Moved:
    def changes() -> Iterator[tuple[str, int]]:
        for year, value in sorted((one.values or {}).items()):
            yield year, value - cast("int", one.baseline)

    return Moved(indicator=one.indicator, domain=one.domain, changes=tuple(changes()))
