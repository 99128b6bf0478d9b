"""The 25 checks in CEL (common-expression-language, the Rust one): one expression a check, over one Context."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cel

from .case import CODES, CRITERIA, DAY_TEXT, MAY_AMEND, MET_ON, MINIMUM, STEPS, TOPICS, TRAINED_SINCE, amount, asked


def _list(texts: object) -> str:
    return "[" + ", ".join(f'"{text}"' for text in texts) + "]"  # type: ignore[attr-defined]


_COVERS = f'r.starts_on <= "{DAY_TEXT}" && "{DAY_TEXT}" <= r.ends_on'
_PEOPLE = "person.filter(p, p.direct_contact)"
_BOTH = '"partner" in {0} && ("district" in {0} || "school" in {0})'
_AGREEMENT = f"agreement.exists(r, {_COVERS} && %s)"
RULES = {
    "REG-001": 'partner.classification in ["partner", "vendor"]',
    "REG-002": (
        'partner.kind != "" && scope.exists(r, r.level != "" && size(r.sites) > 0) && size(service) > 0 && '
        'service.all(s, s.summary != "" && size(s.content_areas) > 0 && size(s.sites) > 0) && '
        f"contact.exists(r, (has(r.email) || has(r.phone)) && {_COVERS})"
    ),
    "NEED-001": 'need.exists(r, r.why_this_partner != "" && size(r.purposes) > 0)',
    "GOAL-001": 'strategic_goal.exists(r, r.outcome != "" && r.how != "" && r.current)',
    "VET-001": (
        f"vetting_review.exists(r, {_list(CRITERIA)}.all(c, "
        'c in r.scores && r.scores[c].score >= 1 && r.scores[c].evidence != ""))'
    ),
    "VET-002": (
        f"vetting_review.exists(r, {_list(STEPS)}.all(s, "
        f's in r.steps && r.steps[s].done_on <= "{DAY_TEXT}" && r.steps[s].by != ""))'
    ),
    "VET-003": 'vetting_review.exists(r, r.fits_communities && r.fit_reason != "")',
    "SAFE-001": (
        f"{_PEOPLE}.all(p, background_check.exists(r, r.person == p.person && "
        f'r.result == "clear" && r.cleared_on <= "{DAY_TEXT}" && "{DAY_TEXT}" <= r.ends_on))'
    ),
    "SAFE-002": (
        f'insurance.exists(r, r.line == "general_liability" && amount(r.per_occurrence) >= {MINIMUM} && {_COVERS})'
    ),
    "SAFE-003": (
        "service.filter(s, s.on_site).all(s, s.sites.all(site, "
        f'facility_access.exists(r, r.site in [site, "*"] && r.paperwork != "" && {_COVERS})))'
    ),
    "SAFE-004": (
        f'partner.licences_required.all(l, licence.exists(r, r.licence_type == l && r.identifier != "" && {_COVERS}))'
    ),
    "AGR-001": _AGREEMENT
    % f'r.form != "" && r.signed_by_district_on <= "{DAY_TEXT}" && r.signed_by_partner_on <= "{DAY_TEXT}"',
    "AGR-002": _AGREEMENT % 'r.district_contact.name != ""',
    "AGR-003": _AGREEMENT % 'r.partner_contact.name != "" && r.partner_contact.contact != ""',
    "AGR-004": _AGREEMENT
    % (
        'r.time_and_space.schedule != "" && r.time_and_space.space != "" && '
        '"district" in r.time_and_space.accepted_by && "partner" in r.time_and_space.accepted_by'
    ),
    "AGR-005": _AGREEMENT
    % "size(r.milestones) > 0 && r.milestones.all(m, size(m.district_goals) > 0 && size(m.partner_goals) > 0)",
    "AGR-006": (
        'data_sharing_agreement.exists(r, r.purpose != "" && r.basis != "" && r.confidentiality != "" && '
        f'r.caseload_system != "" && r.elements.all(e, e.kept_in != "") && {_COVERS})'
    ),
    "AGR-007": _AGREEMENT % 'r.transition.who != "" && r.transition.when != "" && r.transition.what != ""',
    "AGR-008": _AGREEMENT % f"{_PEOPLE}.all(p, p.person in r.trained_people)",
    "LIA-001": (
        '["district", "partner"].all(side, '
        f'liaison.exists(r, r.side == side && r.name != "" && r.contact != "" && {_COVERS}))'
    ),
    "TRN-001": (
        f"{_PEOPLE}.all(p, {_list(TOPICS)}.all(t, training.exists(r, r.person == p.person && r.topic == t && "
        f'r.high_quality && "{TRAINED_SINCE}" <= r.completed_on && r.completed_on <= "{DAY_TEXT}")))'
    ),
    "ORI-001": f'orientation.exists(r, r.partner_attended && r.led_by != "" && r.held_on <= "{DAY_TEXT}")',
    "ORI-002": (
        f"expectations_meeting.exists(r, {_BOTH.format('r.sides')} && {_BOTH.format('r.accepted_by')} && "
        f'{_list(MET_ON)}.all(t, t in r.topics) && r.held_on <= "{DAY_TEXT}")'
    ),
    "AMD-001": 'amendment.exists(r, r.what != "" && r.requested_by != "" && r.entry.version >= last_amended)',
    "AUTH-001": f"by.roles.exists(r, r in {_list(sorted(MAY_AMEND))})",
}
_PROGRAMS = [(code, cel.compile(RULES[code])) for code in CODES]


def failing(mapping: Mapping[str, Any]) -> set[str]:
    context = cel.Context(asked(mapping), {"amount": amount})
    return {code for code, program in _PROGRAMS if not program.execute(context)}
