"""Who should have been heard, and who asked, before and while a partnership runs."""

from __future__ import annotations

from datetime import date
from typing import Any

from partnerflow.dossier import Dossier
from partnerflow.policies import Problem, Verdict, best_of, each, lack, need, not_applicable, policy
from partnerflow.records import Consultation, DataSharingAgreement, StakeholderInput
from partnerflow.records.engagement import STAKEHOLDERS

from .states import RUNNING

_HEARD: list[dict[str, Any]] = [
    {
        "kind": "stakeholder_input",
        "group": group,
        "topic": "tutoring after school",
        "said": "wanted, if the late bus runs",
        "given_on": "2026-08-12",
    }
    for group in STAKEHOLDERS
]


@policy(
    "STK-001",
    "Everyone whom it concerns was heard",
    holds_in=RUNNING,
    cites=["SPPS-III.E2", "SPPS-III.E2b"],
    severity="advisory",
    fix="Ask each of {groups} what they think of the partnership, and file what was said, on what and when.",
    passing=_HEARD,
    failing=[{**_HEARD[0], "said": ""}, *_HEARD[1:]],
    missing=_HEARD[:-1],
)
def everyone_heard(dossier: Dossier, on: date, *, groups: tuple[str, ...] = STAKEHOLDERS) -> Verdict:
    """Those who were never asked are the first to stay away."""
    yield from each(groups, lambda group: _heard(dossier, group, on))


def _heard(dossier: Dossier, group: str, on: date) -> Verdict:
    said = dossier.all(StakeholderInput, group=group)
    if not said:
        yield lack("stakeholder_input", None, "nothing was heard from {group}", group=group)
    yield from best_of(said, _something, on)


def _something(heard: StakeholderInput) -> Verdict:
    need(heard.given_on, heard, "given_on")
    if not need(heard.said, heard, "said"):
        yield Problem(heard, "said", "{group} said nothing", group=heard.group)


_SHARING: dict[str, Any] = {
    "kind": "data_sharing_agreement",
    "elements": [{"element": "attendance", "kept_in": "service log"}],
}
_ASKED: dict[str, Any] = {
    "kind": "consultation",
    "unit": "general counsel",
    "subject": "data sharing",
    "matter": "legal",
    "question": "may attendance be shared for this purpose?",
    "asked_on": "2026-08-10",
    "answered_on": "2026-08-17",
    "answer": "yes, with the consent on file",
}


@policy(
    "CON-001",
    "Somebody who knows the law looked at the sharing of data",
    holds_in=RUNNING,
    cites=["SPPS-IV.OUT4"],
    severity="advisory",
    labelled=True,
    fix="Put the data-sharing agreement to the district's lawyers, and file their answer with the day.",
    passing=[_SHARING, _ASKED],
    failing=[_SHARING, {**_ASKED, "answer": ""}],
    missing=[_SHARING],
)
def law_asked(dossier: Dossier, on: date) -> Verdict:
    """Data that went out does not come back."""
    sharing = need(dossier.latest(DataSharingAgreement), "data_sharing_agreement")
    if not need(sharing.elements, sharing, "elements"):
        not_applicable("no data is shared")
    asked = [one for one in dossier.all(Consultation) if one.matter == "legal"]
    yield from best_of(need(asked or None, "consultations"), _answered, on)


def _answered(consultation: Consultation) -> Verdict:
    need(consultation.answered_on, consultation, "answered_on")
    if not need(consultation.answer, consultation, "answer"):
        yield Problem(consultation, "answer", "{unit} has not answered", unit=consultation.unit)
