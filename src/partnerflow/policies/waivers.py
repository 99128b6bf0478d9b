"""The only place where waivers are applied.

A waiver is applied to a finding once its policy has been evaluated: the outcome and the problems stay in the report, so
a waiver stops a finding from blocking and hides nothing. Policies never read waivers. Of several waivers of one policy
the newest that counts and covers all that is wrong is applied: one that does not never hides one that does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date

import attrs

from partnerflow.actors import normal_id
from partnerflow.dossier import Dossier
from partnerflow.dossier.readable import TAKES_BACK
from partnerflow.records import Waiver, WaiverRefusal, WaiverRequest, WaiverRevocation, days_after

from .card import Policy
from .coverage import uncovered
from .finding import AppliedWaiver, Finding, Outcome, WaiverNote

_WAIVABLE = frozenset({Outcome.FAILED, Outcome.MISSING})
_ANSWERS = (Waiver, WaiverRefusal, WaiverRevocation)
"""The kinds that answer a request if filed after it."""
DECIDES_ON_WAIVERS = frozenset(kind.kind_info.name for kind in (*_ANSWERS, WaiverRequest)) | TAKES_BACK
"""The kinds that decide whether a waiver counts: where one of them cannot be read, none does."""


def waive(
    finding: Finding, policy: Policy, dossier: Dossier, on: date, approvers: Collection[str] | None = None
) -> Finding:
    """Return *finding* with the waiver that covers it on the day *on*, or as it is; its outcome stays.

    One that counts and does not cover all that is wrong is named too, as `short_waiver`. *approvers* are the roles that
    may grant one; None if the pack has no roles.
    """
    if finding.outcome not in _WAIVABLE or not dossier.on_file.standing(Waiver):
        return finding
    granted = reversed(dossier.filed(Waiver, policy=finding.code))
    counting = [one for one in granted if why_not(one, policy, dossier, on, approvers) is None]
    for waiver in counting:
        if not uncovered(finding, waiver, dossier, policy.better):
            return attrs.evolve(finding, waiver=_applied(waiver, dossier))
    return attrs.evolve(finding, short_waiver=_applied(counting[0], dossier)) if counting else finding


def _applied(waiver: Waiver, dossier: Dossier) -> AppliedWaiver:
    entry = dossier.entry(waiver)
    return AppliedWaiver(
        entry_id=None if entry.id is None else str(entry.id),
        requested_by=waiver.requested_by,
        approved_by=entry.filed_by.id if entry.filed_by else "",
        expires_on=waiver.expires_on,
        reason=waiver.reason,
    )


def why_not(
    waiver: Waiver, policy: Policy, dossier: Dossier, on: date, approvers: Collection[str] | None = None
) -> WaiverNote | None:
    """Return why *waiver* does not apply on the day *on*, or None if it does."""
    entry = dossier.entry(waiver)
    if entry.filed_by is None or entry.filed_at is None:
        return WaiverNote(waiver.policy, "nobody is on file as having approved it")
    if (never := why_never(waiver, policy, dossier.day_of(entry.filed_at))) is not None:
        return never
    if entry.filed_by.person == normal_id(waiver.requested_by):
        return WaiverNote(waiver.policy, "{actor} asked for it and approved it", {"actor": waiver.requested_by})
    if approvers is not None and entry.filed_by.roles.isdisjoint(approvers):
        return WaiverNote(waiver.policy, "{actor} held no role that may grant it", {"actor": entry.filed_by.id})
    if dossier.on_file.followed_by(waiver, (WaiverRevocation,)):
        return WaiverNote(waiver.policy, "it was revoked")
    if waiver.expires_on < on:
        return WaiverNote(waiver.policy, "it expired on {day}", {"day": waiver.expires_on})
    return None


def why_never(waiver: Waiver, policy: Policy, granted_on: date) -> WaiverNote | None:
    """Return why *waiver*, granted on that day, can never apply, by any grant; None if it can."""
    if policy.max_waiver_days == 0:
        return WaiverNote(waiver.policy, "{policy} cannot be waived", {"policy": policy.code})
    if waiver.revision != policy.revision:
        facts = {"given": waiver.revision, "now": policy.revision}
        return WaiverNote(waiver.policy, "it was given for revision {given}; the policy is at revision {now}", facts)
    if waiver.expires_on > days_after(granted_on, policy.max_waiver_days):
        most: dict[str, object] = {"days": policy.max_waiver_days, "policy": policy.code}
        return WaiverNote(
            waiver.policy, "it runs for longer than the {days} days that {policy} may be waived for", most
        )
    if waiver.expires_on < granted_on:
        return WaiverNote(waiver.policy, "it expired on {day}", {"day": waiver.expires_on})
    return None


@attrs.frozen
class UnappliedWaivers:
    """The waivers and requests on file that cover no finding."""

    lapsed: tuple[WaiverNote, ...] = ()
    """Those that do not apply, each with the reason."""
    unused: tuple[str, ...] = ()
    """Codes of those whose policy holds without them."""
    asked: tuple[WaiverNote, ...] = ()
    """Requests without an answer."""


_NONE = UnappliedWaivers()


def unapplied_waivers(
    findings: Collection[Finding],
    policies: Mapping[str, Policy],
    dossier: Dossier,
    on: date,
    approvers: Collection[str] | None = None,
) -> UnappliedWaivers:
    """Return the waivers that do not apply, those that are not needed, and the requests without an answer."""
    waivers, requests = dossier.all(Waiver), dossier.all(WaiverRequest)
    if not waivers and not requests:
        return _NONE
    by_code = {finding.code: finding for finding in findings}
    lapsed, unused = [], []
    for newest in waivers:
        code = newest.policy
        policy = policies.get(code)
        if policy is None:
            lapsed.append(WaiverNote(code, "no policy of this pack has that code"))
            continue
        granted = reversed(dossier.filed(Waiver, policy=code))
        reasons = [why_not(waiver, policy, dossier, on, approvers) for waiver in granted]
        if reasons[0] is not None:
            lapsed.append(reasons[0])
        finding = by_code.get(code)
        if None in reasons and finding is not None and finding.short_waiver is not None:
            lapsed.append(WaiverNote(code, "it was not granted for all that is wrong now"))
        elif None in reasons and finding is not None and finding.waiver is None:
            unused.append(code)
    return UnappliedWaivers(tuple(lapsed), tuple(unused), tuple(_asked(requests, dossier)))


def _asked(requests: tuple[WaiverRequest, ...], dossier: Dossier) -> Iterator[WaiverNote]:
    for request in requests:
        if not dossier.on_file.followed_by(request, _ANSWERS):
            by = dossier.entry(request).filed_by
            facts: dict[str, object] = {"day": request.expires_on}
            if by is None:
                yield WaiverNote(request.policy, "by nobody on file, through {day}", facts)
            else:
                yield WaiverNote(request.policy, "by {actor}, through {day}", {"actor": by.id, **facts})
