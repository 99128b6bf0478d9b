"""The one place where waivers are applied: after every policy has been asked, and never hiding what it found."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import attrs

from partnerflow.dossier import Dossier
from partnerflow.records import Waiver, days_after

from .card import Policy
from .finding import Finding, Granted, Outcome

_WAIVABLE = frozenset({Outcome.FAILED, Outcome.MISSING})


def waive(finding: Finding, policy: Policy, dossier: Dossier, on: date) -> Finding:
    """Give *finding* with the waiver that covers it on the day *on*, or as it is; its outcome stays."""
    if finding.outcome not in _WAIVABLE:
        return finding
    waiver = dossier.latest(Waiver, policy=finding.code)
    if waiver is None or why_not(waiver, policy, dossier, on) is not None:
        return finding
    entry = dossier.entry(waiver)
    return attrs.evolve(
        finding,
        waiver=Granted(
            entry_id=None if entry.id is None else str(entry.id),
            requested_by=waiver.requested_by,
            approved_by=entry.filed_by.id if entry.filed_by else "",
            expires_on=waiver.expires_on,
            reason=waiver.reason,
        ),
    )


def why_not(waiver: Waiver, policy: Policy, dossier: Dossier, on: date) -> str | None:
    """Say why *waiver* does not count on the day *on*, or None where it does."""
    entry = dossier.entry(waiver)
    if policy.max_waiver_days == 0:
        return f"{policy.code} cannot be waived"
    if entry.filed_by is None or entry.filed_at is None:
        return "nobody is on file as having approved it"
    if entry.filed_by.id == waiver.requested_by:
        return f"{waiver.requested_by} asked for it and approved it"
    if waiver.revision != policy.revision:
        return f"it was given for revision {waiver.revision}; the policy is at revision {policy.revision}"
    if waiver.expires_on > days_after(entry.filed_at.date(), policy.max_waiver_days):
        return f"it runs for longer than the {policy.max_waiver_days} days that {policy.code} may be waived for"
    if waiver.expires_on < on:
        return f"it expired on {waiver.expires_on}"
    return None


def idle(
    findings: tuple[Finding, ...], policies: dict[str, Policy], dossier: Dossier, on: date
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """List the waivers that do not count, with the reason, and those that nothing needs."""
    by_code = {finding.code: finding for finding in findings}
    return tuple(_lapsed(policies, dossier, on)), tuple(
        waiver.policy
        for waiver in dossier.all(Waiver)
        if (found := by_code.get(waiver.policy)) is not None
        and found.waiver is None
        and why_not(waiver, policies[waiver.policy], dossier, on) is None
    )


def _lapsed(policies: dict[str, Policy], dossier: Dossier, on: date) -> Iterator[str]:
    for waiver in dossier.all(Waiver):
        policy = policies.get(waiver.policy)
        why = "no policy of this pack has that code" if policy is None else why_not(waiver, policy, dossier, on)
        if why is not None:
            yield f"{waiver.policy}: {why}"
