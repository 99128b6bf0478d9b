"""Forty bare lambdas with the same answer as the forty policies, over the same records, found beforehand.

They say no reason and no due date, and raise as soon as something is not on file.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

from partnerflow import Dossier, records
from partnerflow.testing import OFFICE

from .case import CRITERIA, DAY, MAY_AMEND, MET_ON, STEPS, TOPICS
from .forty import CERTIFIED, COURSES, LINES, OFFERED

BOTH = {"district", "partner"}
ENOUGH = 100_000_000  # cents
A_YEAR, TWO_YEARS = timedelta(days=365), timedelta(days=730)
Found = SimpleNamespace
Bare = Callable[[Any, date], object]


def found_in(dossier: Dossier) -> Found:
    """Find what the lambdas read, once; they do not pay for it."""
    amendment = dossier.latest(records.Amendment)
    return Found(
        by=OFFICE,
        partner=dossier.partner,
        contacts=dossier.all(records.Contact),
        scope=dossier.latest(records.Scope),
        services=dossier.all(records.Service),
        needs=dossier.all(records.Need),
        goals=dossier.all(records.StrategicGoal),
        review=dossier.latest(records.VettingReview),
        people=dossier.all(records.Person),
        checks={one.person: one for one in dossier.all(records.BackgroundCheck)},
        cover={one.line: one for one in dossier.all(records.Insurance)},
        access={one.site: one for one in dossier.all(records.FacilityAccess)},
        licences={one.licence_type: one for one in dossier.all(records.Licence)},
        trainings={(one.person, one.topic): one for one in dossier.all(records.Training)},
        agreement=dossier.latest(records.Agreement),
        sharing=dossier.latest(records.DataSharingAgreement),
        liaisons={one.side: one for one in dossier.all(records.Liaison)},
        orientation=dossier.latest(records.Orientation),
        meeting=dossier.latest(records.ExpectationsMeeting),
        amendment=amendment,
        amended_at=None if amendment is None else dossier.entry(amendment).version,
        last_amended=dossier.last_made("amend"),
    )


def _contact(f: Any, on: date) -> bool:
    return any((c.email or c.phone) and c.starts_on <= on <= c.ends_on for c in f.contacts)


def _in_force(f: Any, on: date) -> bool:
    found: bool = f.agreement.starts_on <= on <= f.agreement.ends_on
    return found


def _covered(line: str) -> Bare:
    return lambda f, on: (c := f.cover[line]).per_occurrence.minor >= ENOUGH and c.starts_on <= on <= c.ends_on


def _taught(topic: str) -> Bare:
    return lambda f, on: all(
        on <= f.trainings[p.person, topic].completed_on + A_YEAR for p in f.people if p.direct_contact
    )


def _offered(field: str) -> Bare:
    return lambda f, _: all(getattr(service, field) for service in f.services)


def _certified(field: str) -> Bare:
    return lambda f, _: all(getattr(cover, field) for cover in f.cover.values())


LAMBDAS: tuple[tuple[str, Bare], ...] = (
    ("REG-001", lambda f, _: f.partner.classification in ("partner", "vendor")),
    (
        "REG-002",
        lambda f, on: (
            f.partner.kind is not None and f.scope.level is not None and f.scope.sites and f.services
            and all(s.summary and s.content_areas and s.sites for s in f.services) and _contact(f, on)
        ),
    ),
    ("NEED-001", lambda f, _: any(n.purposes and n.why_this_partner is not None for n in f.needs)),
    (
        "GOAL-001",
        lambda f, _: any(g.outcome is not None and g.how is not None and g.current for g in f.goals),
    ),
    ("VET-001", lambda f, _: all((s := f.review.scores[c]).score >= 1 and s.evidence for c in CRITERIA)),
    ("VET-002", lambda f, on: all((s := f.review.steps[name]).done_on <= on and s.by for name in STEPS)),
    ("VET-003", lambda f, _: f.review.fits_communities and f.review.fit_reason),
    (
        "SAFE-001",
        lambda f, on: all(
            (c := f.checks[p.person]).result == "clear" and c.cleared_on <= on <= c.ends_on
            for p in f.people if p.direct_contact
        ),
    ),
    ("SAFE-002", _covered("general_liability")),
    (
        "SAFE-003",
        lambda f, on: all(
            (a := f.access[site]).paperwork and a.starts_on <= on <= a.ends_on
            for s in f.services if s.on_site for site in s.sites
        ),
    ),
    (
        "SAFE-004",
        lambda f, on: all(
            (one := f.licences[kind]).identifier and one.starts_on <= on <= one.ends_on
            for kind in f.partner.licences_required
        ),
    ),
    (
        "AGR-001",
        lambda f, on: (
            f.agreement.form is not None and f.agreement.signed_by_district_on <= on
            and f.agreement.signed_by_partner_on <= on and _in_force(f, on)
        ),
    ),
    ("AGR-002", lambda f, _: f.agreement.district_contact.name),
    ("AGR-003", lambda f, _: f.agreement.partner_contact.name and f.agreement.partner_contact.contact),
    (
        "AGR-004",
        lambda f, _: (t := f.agreement.time_and_space).schedule and t.space and t.accepted_by >= BOTH,
    ),
    (
        "AGR-005",
        lambda f, _: f.agreement.milestones
        and all(m.district_goals and m.partner_goals for m in f.agreement.milestones),
    ),
    (
        "AGR-006",
        lambda f, on: (
            (s := f.sharing).confidentiality and s.purpose is not None and s.basis is not None
            and s.caseload_system is not None and all(e.kept_in for e in s.elements) and s.starts_on <= on <= s.ends_on
        ),
    ),
    ("AGR-007", lambda f, _: (t := f.agreement.transition).who and t.when and t.what),
    ("AGR-008", lambda f, _: all(p.person in f.agreement.trained_people for p in f.people if p.direct_contact)),
    (
        "LIA-001",
        lambda f, on: all(
            (one := f.liaisons[side]).name and one.contact and one.starts_on <= on <= one.ends_on for side in BOTH
        ),
    ),
    (
        "TRN-001",
        lambda f, on: all(
            (t := f.trainings[p.person, topic]).high_quality and on <= t.completed_on + TWO_YEARS
            for p in f.people if p.direct_contact for topic in TOPICS
        ),
    ),
    ("ORI-001", lambda f, on: (o := f.orientation).led_by and o.partner_attended and o.held_on <= on),
    (
        "ORI-002",
        lambda f, on: (
            (m := f.meeting).held_on <= on and m.topics.issuperset(MET_ON) and "partner" in m.sides
            and "partner" in m.accepted_by and not m.sides.isdisjoint({"district", "school"})
            and not m.accepted_by.isdisjoint({"district", "school"})
        ),
    ),
    ("AMD-001", lambda f, _: (a := f.amendment).what and a.requested_by and f.amended_at >= f.last_amended),
    ("AUTH-001", lambda f, _: not f.by.roles.isdisjoint(MAY_AMEND)),
    *((f"OWN-{place:03}", bare) for place, bare in enumerate(
        [*map(_covered, LINES), *map(_taught, COURSES), *map(_offered, OFFERED), *map(_certified, CERTIFIED)], 1,
    )),
)  # fmt: skip


def failing(found: Found) -> list[str]:
    return [code for code, holds in LAMBDAS if not holds(found, DAY)]
