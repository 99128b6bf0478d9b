"""The only place where waivers are applied.

A waiver is applied to a finding once its policy has been evaluated: the outcome and the problems stay in the report, so
a waiver stops a finding from blocking and hides nothing. Policies never read waivers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date

import attrs

from partnerflow.dossier import Dossier
from partnerflow.records import Waiver, WaiverRefusal, WaiverRequest, WaiverRevocation, days_after

from .card import Policy
from .finding import AppliedWaiver, Finding, Outcome, WaiverNote

_WAIVABLE = frozenset({Outcome.FAILED, Outcome.MISSING})
_ANSWERS = (Waiver, WaiverRefusal, WaiverRevocation)
"""The kinds that answer a request if filed after it."""


def waive(
    finding: Finding, policy: Policy, dossier: Dossier, on: date, approvers: Collection[str] | None = None
) -> Finding:
    """Return *finding* with the waiver that covers it on the day *on*, or as it is; its outcome stays.

    *approvers* are the roles that may grant one; None if the pack has no roles.
    """
    if finding.outcome not in _WAIVABLE or not dossier.on_file.standing(Waiver):
        return finding
    waiver = dossier.latest(Waiver, policy=finding.code)
    if waiver is None or why_not(waiver, policy, dossier, on, approvers) is not None:
        return finding
    entry = dossier.entry(waiver)
    return attrs.evolve(
        finding,
        waiver=AppliedWaiver(
            entry_id=None if entry.id is None else str(entry.id),
            requested_by=waiver.requested_by,
            approved_by=entry.filed_by.id if entry.filed_by else "",
            expires_on=waiver.expires_on,
            reason=waiver.reason,
        ),
    )


def why_not(
    waiver: Waiver, policy: Policy, dossier: Dossier, on: date, approvers: Collection[str] | None = None
) -> WaiverNote | None:
    """Return why *waiver* does not apply on the day *on*, or None if it does."""
    entry = dossier.entry(waiver)
    if policy.max_waiver_days == 0:
        return WaiverNote(waiver.policy, "{policy} cannot be waived", {"policy": policy.code})
    if entry.filed_by is None or entry.filed_at is None:
        return WaiverNote(waiver.policy, "nobody is on file as having approved it")
    if entry.filed_by.id == waiver.requested_by:
        return WaiverNote(waiver.policy, "{actor} asked for it and approved it", {"actor": waiver.requested_by})
    if approvers is not None and entry.filed_by.roles.isdisjoint(approvers):
        return WaiverNote(waiver.policy, "{actor} held no role that may grant it", {"actor": entry.filed_by.id})
    if waiver.revision != policy.revision:
        facts = {"given": waiver.revision, "now": policy.revision}
        return WaiverNote(waiver.policy, "it was given for revision {given}; the policy is at revision {now}", facts)
    if waiver.expires_on > days_after(dossier.day_of(entry.filed_at), policy.max_waiver_days):
        most: dict[str, object] = {"days": policy.max_waiver_days, "policy": policy.code}
        return WaiverNote(
            waiver.policy, "it runs for longer than the {days} days that {policy} may be waived for", most
        )
    if dossier.on_file.followed_by(waiver, (WaiverRevocation,)):
        return WaiverNote(waiver.policy, "it was revoked")
    if waiver.expires_on < on:
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
    for waiver in waivers:
        policy = policies.get(waiver.policy)
        if policy is None:
            why: WaiverNote | None = WaiverNote(waiver.policy, "no policy of this pack has that code")
        else:
            why = why_not(waiver, policy, dossier, on, approvers)
        finding = by_code.get(waiver.policy)
        if why is not None:
            lapsed.append(why)
        elif finding is not None and finding.waiver is None:
            unused.append(waiver.policy)
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
