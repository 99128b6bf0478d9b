"""Who meets students: a question that several policies ask."""

from __future__ import annotations

from collections.abc import Generator

from partnerflow.dossier import Dossier
from partnerflow.policies import Problem, lack, need, not_applicable
from partnerflow.records import Person, Service


def who_meet_students(dossier: Dossier) -> Generator[Problem, None, tuple[Person, ...]]:
    """Return the people in direct contact with students; `not_applicable` only where it is said that nobody is.

    A service with direct contact and nobody on file who gives it is evidence that is missing.
    """
    services = need(dossier.all(Service) or None, "services")
    people = dossier.all(Person)
    everyone: tuple[Service | Person, ...] = (*services, *people)
    for one in everyone:
        if one.direct_contact is None:
            yield lack(one, "direct_contact")
    direct = tuple(person for person in people if person.direct_contact)
    if direct:
        return direct
    if not any(service.direct_contact for service in services):
        not_applicable("no service brings people of the partner together with students")
    return need(None, "people")
