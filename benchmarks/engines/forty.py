"""Forty policies: the 25 of the case, and fifteen that a district might add in a module of its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path

import attrs

from partnerflow import Dossier, Money
from partnerflow.dossier import RecordIndex
from partnerflow.policies import Pack, Policy, Problem, Report, Until, Verdict, each, lack, load_pack, need, policy
from partnerflow.policies.shipped.people import who_meet_students
from partnerflow.records import Entry, Insurance, Person, Service, Training, months_after
from partnerflow.testing import OFFICE

from .case import DAY

LINES = ("workers_compensation", "automobile", "professional", "abuse_and_molestation")
COURSES = ("child_protection", "first_aid", "bloodborne_pathogens", "student_privacy")
OFFERED = ("summary", "schedule", "grades", "timing")
CERTIFIED = ("insurer", "certificate", "aggregate")
ENOUGH = Money.of(1_000_000, "USD")


def _own(place: int, title: str) -> Callable[[Callable[..., Verdict]], Policy]:
    return policy(
        f"OWN-{place:03}", title, holds_in={"active"}, cites=["our-handbook"], fix="File what is named above."
    )


def _covered(place: int, line: str) -> Policy:
    @_own(place, f"Cover of the line {line} meets the minimum")
    def covered(dossier: Dossier, on: date, *, minimum: Money = ENOUGH) -> Verdict:
        """A person who is hurt does not ask which line of cover is theirs."""
        cover = need(dossier.on(Insurance, on, line=line), "insurance")
        amount = need(cover.per_occurrence, cover, "per_occurrence")
        if amount < minimum:
            yield Problem(cover, "per_occurrence", "{actual} is below {minimum}", actual=amount, minimum=minimum)
        yield Until(dossier.through(cover, on), "the cover ends")

    return covered


def _taught(place: int, topic: str) -> Policy:
    @_own(place, f"Everyone who meets students was trained in {topic}")
    def taught(dossier: Dossier, on: date, *, months: int = 12) -> Verdict:
        """What nobody was shown is not done on the day."""
        people = yield from who_meet_students(dossier)
        yield from each(people, lambda person: _learned(dossier, person, topic, months, on))

    return taught


def _learned(dossier: Dossier, person: Person, topic: str, months: int, on: date) -> Verdict:
    training = dossier.on(Training, on, person=person.person, topic=topic)
    if training is None:
        yield lack("training", None, "{person} has none in {topic}", person=person.person, topic=topic)
        return
    completed = need(training.completed_on, training, "completed_on")
    yield Until(months_after(completed, months), "the training of {person} is out of date", person=person.person)


def _offered(place: int, field: str) -> Policy:
    @_own(place, f"Every service says its {field}")
    def offered(dossier: Dossier, on: date) -> Verdict:  # noqa: ARG001
        """Families choose by the inventory."""
        for service in need(dossier.all(Service) or None, "services"):
            if not getattr(service, field):
                yield lack(service, field)

    return offered


def _certified(place: int, field: str) -> Policy:
    @_own(place, f"Every certificate of insurance says its {field}")
    def certified(dossier: Dossier, on: date) -> Verdict:  # noqa: ARG001
        """A slip of paper with half a number on it is no certificate."""
        for cover in need(dossier.all(Insurance) or None, "insurance"):
            if not getattr(cover, field):
                yield lack(cover, field)

    return certified


_MADE: list[tuple[Callable[[int, str], Policy], tuple[str, ...]]] = [
    (_covered, LINES),
    (_taught, COURSES),
    (_offered, OFFERED),
    (_certified, CERTIFIED),
]
OWN = tuple(
    make(place, of) for place, (make, of) in enumerate(((make, of) for make, several in _MADE for of in several), 1)
)


@cache
def forty() -> Pack:
    return load_pack(str(Path(__file__).with_name("forty.toml")), policies=OWN)


def asked_of(dossier: Dossier) -> Report:
    return forty().check(dossier, on=DAY, trigger="amend", by=OFFICE)


def with_own(dossier: Dossier) -> Dossier:
    """Return a dossier with what the fifteen ask for on file too."""
    cover, training = dossier.latest(Insurance), dossier.latest(Training)
    if cover is None or training is None:
        raise LookupError("the example has insurance and training on file")
    more = [
        *(attrs.evolve(cover, line=line, per_occurrence=ENOUGH) for line in LINES),
        *(attrs.evolve(training, topic=topic) for topic in COURSES),
    ]
    return attrs.evolve(dossier, on_file=RecordIndex([*dossier.entries, *(Entry(record=record) for record in more)]))
