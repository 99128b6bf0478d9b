"""The 25 checks in Cedar: one permit and 25 forbids, over a context that the host makes.

Cedar looks through no list and reads no day out of a text, so whatever must do that is done here, in Python.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import cedarpy

from .case import CODES, CRITERIA, DAY, MAY_AMEND, MET_ON, MINIMUM, STEPS, TOPICS, TRAINED_SINCE, amount, asked

SIDES = '["district", "partner"]'


def _set(texts: object) -> str:
    return "[" + ", ".join(f'"{text}"' for text in texts) + "]"  # type: ignore[attr-defined]


def _both(field: str) -> str:
    return f'{field}.contains("partner") && {field}.containsAny(["district", "school"])'


_IN_FORCE = "context.{0}.starts_on <= context.on && context.on <= context.{0}.ends_on"
_AGREEMENT = _IN_FORCE.format("agreement")
RULES = {
    "REG-001": '["partner", "vendor"].contains(context.partner.classification)',
    "REG-002": (
        'context.partner.kind != "" && context.scope.level != "" && !context.scope.sites.isEmpty() && '
        "context.services_complete && context.reachable"
    ),
    "NEED-001": "context.need_named",
    "GOAL-001": "context.goal_current",
    "VET-001": " && ".join(
        f'context.review.scores.{name}.score >= 1 && context.review.scores.{name}.evidence != ""' for name in CRITERIA
    ),
    "VET-002": " && ".join(
        f'context.review.steps.{name}.done_on <= context.on && context.review.steps.{name}.by != ""' for name in STEPS
    ),
    "VET-003": 'context.review.fits_communities && context.review.fit_reason != ""',
    "SAFE-001": "context.cleared.containsAll(context.people)",
    "SAFE-002": f"context.cover.amount >= {MINIMUM} && {_IN_FORCE.format('cover')}",
    "SAFE-003": 'context.granted.contains("*") || context.granted.containsAll(context.on_site)',
    "SAFE-004": "context.licences.containsAll(context.licences_required)",
    "AGR-001": (
        f'context.agreement.form != "" && {_AGREEMENT} && '
        "context.agreement.signed_by_district_on <= context.on && context.agreement.signed_by_partner_on <= context.on"
    ),
    "AGR-002": f'{_AGREEMENT} && context.agreement.district_contact.name != ""',
    "AGR-003": (
        f'{_AGREEMENT} && context.agreement.partner_contact.name != "" && '
        'context.agreement.partner_contact.contact != ""'
    ),
    "AGR-004": (
        f'{_AGREEMENT} && context.agreement.time_and_space.schedule != "" && '
        'context.agreement.time_and_space.space != "" && '
        f"context.agreement.time_and_space.accepted_by.containsAll({SIDES})"
    ),
    "AGR-005": f"{_AGREEMENT} && context.milestones_aligned",
    "AGR-006": (
        f"{_IN_FORCE.format('sharing')} && context.elements_kept && "
        + " && ".join(
            f'context.sharing.{field} != ""' for field in ("purpose", "basis", "confidentiality", "caseload_system")
        )
    ),
    "AGR-007": f"{_AGREEMENT} && "
    + " && ".join(f'context.agreement.transition.{field} != ""' for field in ("who", "when", "what")),
    "AGR-008": f"{_AGREEMENT} && context.agreement.trained_people.containsAll(context.people)",
    "LIA-001": f"context.liaisons.containsAll({SIDES})",
    "TRN-001": " && ".join(f"context.trained.{topic}.containsAll(context.people)" for topic in TOPICS),
    "ORI-001": (
        "context.orientation.partner_attended && "
        'context.orientation.led_by != "" && context.orientation.held_on <= context.on'
    ),
    "ORI-002": (
        f"{_both('context.meeting.sides')} && {_both('context.meeting.accepted_by')} && "
        f"context.meeting.topics.containsAll({_set(MET_ON)}) && context.meeting.held_on <= context.on"
    ),
    "AMD-001": (
        'context.amendment.what != "" && context.amendment.requested_by != "" && '
        "context.amendment.version >= context.last_amended"
    ),
    "AUTH-001": f"context.roles.containsAny({_set(sorted(MAY_AMEND))})",
}
_POLICIES = cedarpy.PolicySet.from_str(
    '@id("asked") permit(principal, action, resource);\n'
    + "\n".join(f'@id("{code}") forbid(principal, action, resource) unless {{ {RULES[code]} }};' for code in CODES)
)
_TODAY = DAY.toordinal()


def _day(text: str) -> int:
    return date.max.toordinal() if text == "no_end" else date.fromisoformat(text).toordinal()


def _in_force(record: Mapping[str, Any], first: str = "starts_on") -> bool:
    return _day(record[first]) <= _TODAY <= _day(record["ends_on"])


def _days(record: Mapping[str, Any], *fields: str) -> dict[str, Any]:
    """Return a record with its days as numbers, which is what Cedar can compare."""
    return {**record, **{field: _day(record[field]) for field in fields}}


def _context(of: Mapping[str, Any]) -> dict[str, Any]:
    (agreement,), (sharing,), (review,) = of["agreement"], of["data_sharing_agreement"], of["vetting_review"]
    cover = next(cover for cover in reversed(of["insurance"]) if cover["line"] == "general_liability")
    trained = {
        topic: [
            one["person"]
            for one in of["training"]
            if one["topic"] == topic
            and one["high_quality"]
            and TRAINED_SINCE.toordinal() <= _day(one["completed_on"]) <= _TODAY
        ]
        for topic in TOPICS
    }
    amendment = of["amendment"][-1]
    return {
        "on": _TODAY,
        "roles": of["by"]["roles"],
        "last_amended": of["last_amended"],
        "partner": of["partner"],
        "scope": of["scope"][-1],
        "services_complete": all(s["summary"] and s["content_areas"] and s["sites"] for s in of["service"]),
        "reachable": any((c.get("email") or c.get("phone")) and _in_force(c) for c in of["contact"]),
        "need_named": any(one["purposes"] and one["why_this_partner"] for one in of["need"]),
        "goal_current": any(one["current"] and one["outcome"] and one["how"] for one in of["strategic_goal"]),
        "review": {**review, "steps": {name: _days(step, "done_on") for name, step in review["steps"].items()}},
        "people": [one["person"] for one in of["person"] if one["direct_contact"]],
        "cleared": [
            one["person"] for one in of["background_check"] if one["result"] == "clear" and _in_force(one, "cleared_on")
        ],
        "cover": {**_days(cover, "starts_on", "ends_on"), "amount": amount(cover["per_occurrence"])},
        "on_site": [site for one in of["service"] if one["on_site"] for site in one["sites"]],
        "granted": [one["site"] for one in of["facility_access"] if one["paperwork"] and _in_force(one)],
        "licences_required": of["partner"]["licences_required"],
        "licences": [one["licence_type"] for one in of["licence"] if one["identifier"] and _in_force(one)],
        "agreement": _days(agreement, "starts_on", "ends_on", "signed_by_district_on", "signed_by_partner_on"),
        "milestones_aligned": bool(agreement["milestones"])
        and all(one["district_goals"] and one["partner_goals"] for one in agreement["milestones"]),
        "sharing": _days(sharing, "starts_on", "ends_on"),
        "elements_kept": all(one["kept_in"] for one in sharing["elements"]),
        "liaisons": [one["side"] for one in of["liaison"] if one["name"] and one["contact"] and _in_force(one)],
        "trained": trained,
        "orientation": _days(of["orientation"][-1], "held_on"),
        "meeting": _days(of["expectations_meeting"][-1], "held_on"),
        "amendment": {**amendment, "version": amendment["entry"]["version"]},
    }


def failing(mapping: Mapping[str, Any]) -> set[str]:
    of = asked(mapping)
    answer = cedarpy.is_authorized(
        {
            "principal": {"type": "Actor", "id": of["by"]["id"]},
            "action": {"type": "Action", "id": "amend"},
            "resource": {"type": "Partner", "id": of["partner"]["name"]},
            "context": _context(of),
        },
        _POLICIES,
        [],
    )
    named = answer.diagnostics.id_annotations_by_reason
    return {named[reason] for reason in answer.diagnostics.reasons} - {"asked"}
