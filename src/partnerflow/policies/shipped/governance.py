"""Who may do what, who must have agreed, and how a partnership is ended properly."""
# ruff: noqa: ARG001  every policy is given the day, whether it reads it or not

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from partnerflow.actors import Actor, normal_id
from partnerflow.dossier import Dossier
from partnerflow.lifecycle import State, Trigger
from partnerflow.partnership import NOT_STORED
from partnerflow.policies import ANY_TRIGGER, FILE, Problem, Until, Verdict, lack, need, not_applicable, policy
from partnerflow.policies.pack import Role
from partnerflow.records import (
    EVERYWHERE,
    Approval,
    Confirmation,
    Retraction,
    Scope,
    TerminationNotice,
    Waiver,
    WaiverRequest,
    days_after,
)
from partnerflow.records.registry import is_adverse, kind_of

_OFFICE = {"id": "a.anderson", "side": "district", "roles": ["partnership_office"]}
_STRANGER = {"id": "x.unknown", "side": "district", "roles": []}
_PRINCIPAL = {"id": "p.park", "side": "school", "roles": ["principal"], "sites": ["255901001"]}
_VETTING = {"state": State.VETTING}


def _asks(trigger: str, by: dict[str, Any] | None, **parts: Any) -> dict[str, Any]:
    """Return an example in which somebody asks for *trigger*."""
    return {"asks": {"trigger": trigger, "by": by}, **parts}


@policy(
    "AUTH-001",
    "Who asks may ask for this",
    guards={ANY_TRIGGER},
    cites=["SPPS-V.5c", "TK-10", "EAF-C.4b"],
    revision=2,
    owner="district",
    fix="Ask somebody who holds a role that may take this step here.",
    max_waiver_days=0,
    authority=True,
    passing=_asks("return_to_intake", _OFFICE, partnership=_VETTING),
    failing=_asks("return_to_intake", _STRANGER, partnership=_VETTING),
    missing=_asks("open_improvement_plan", _PRINCIPAL, partnership={"state": State.ACTIVE}),
)
def may_ask(dossier: Dossier, on: date, *, roles: Mapping[str, Role] = {}) -> Verdict:
    """Rights go by role and side, at one's own sites and for one's own partner where the role says so."""
    move = need(dossier.move, "move")
    by = need(move.by, "move.by")
    yield from _without_right(dossier, by, "fire", move.trigger, roles)


@policy(
    "AUTH-002",
    "Who files may file this",
    guards={FILE},
    cites=["SPPS-V.5c", "TK-10"],
    revision=4,
    owner="district",
    fix="Have it filed, or taken back, by somebody who holds a role that may do so here.",
    max_waiver_days=0,
    authority=True,
    passing=_asks(FILE, _OFFICE, filing=[{"kind": "evaluation", "rating": "effective"}]),
    failing=_asks(FILE, _STRANGER, filing=[{"kind": "evaluation", "rating": "effective"}]),
    missing=_asks(FILE, _PRINCIPAL, filing=[{"kind": "evaluation", "rating": "effective"}]),
)
def may_file(dossier: Dossier, on: date, *, roles: Mapping[str, Role] = {}) -> Verdict:
    """A partner files about itself and judges nobody; what others filed, or what is adverse, the office takes back."""
    by = need(need(dossier.move, "move").by, "move.by")
    plain = [record for record in dossier.filing if not isinstance(record, (Retraction, Confirmation))]
    for kind in sorted({kind_of(record) for record in plain}):
        yield from _without_right(dossier, by, "file", kind, roles)
    for record in dossier.filing:
        if isinstance(record, Retraction):
            yield from _may_not_retract(dossier, by, record, roles)
        elif isinstance(record, Confirmation) and by.side == "partner":
            yield Problem("", None, "{actor} is on the partner's side, which confirms nothing", actor=by.id)


def _may_not_retract(dossier: Dossier, by: Actor, record: Retraction, roles: Mapping[str, Role]) -> Iterator[Problem]:
    """Yield nothing if *by* may take back the entry that *record* names, else why not."""
    entry = need(next((each for each in dossier.entries if each.id == record.entry_id), None), "records")
    filer = entry.filed_by
    is_theirs = filer is not None and (filer.person, filer.side) == (by.person, by.side)
    right = "file" if is_theirs and not is_adverse(entry.record) else "retract"
    yield from _without_right(dossier, by, right, entry.kind, roles)


def _without_right(dossier: Dossier, by: Actor, what: str, name: str, roles: Mapping[str, Role]) -> Iterator[Problem]:
    """Yield nothing if some role of *by* gives the right, else why none does."""
    giving = [roles[role] for role in sorted(by.roles) if role in roles and roles[role].may(what, name)]
    holding = [role for role in giving if role.is_for(by)]
    if giving and not holding:
        for role in giving:
            yield Problem(
                "",
                None,
                "{actor} is on the side {side}, and the role {role} is for {sides} only",
                actor=by.id,
                side=by.side,
                role=role.name,
                sides=tuple(sorted(role.side)),
            )
        return
    if not holding:
        able = ", ".join(sorted(role.name for role in roles.values() if role.may(what, name))) or "nobody"
        yield Problem(
            "",
            None,
            "{actor} ({side}) holds no role that may {what} {name}; these may: {able}",
            actor=by.id,
            side=by.side,
            what=what,
            name=name,
            able=able,
        )
        return
    limits = [list(_limits(dossier, by, role)) for role in holding]
    if all(limits):
        yield from min(limits, key=len)


def _limits(dossier: Dossier, by: Actor, role: Role) -> Iterator[Problem]:
    """Yield what keeps *role* from counting here: another's partner, another's site, or no site on file."""
    if role.own_partner and by.partner_id != dossier.partnership.partner_id and not _proposes_itself(dossier, by):
        yield Problem("", None, "{actor} acts for another partner", actor=by.id)
    if by.sites is None and not role.own_sites:
        return
    if dossier.move is not None and dossier.move.source is None and dossier.move.trigger == Trigger.PROPOSE:
        return  # nothing is on file yet that could say where
    filed = [record.sites for record in dossier.filing if isinstance(record, Scope)]
    known = [sites for sites in (dossier.sites(), *filed) if sites is not None]
    if not known:
        yield lack("scope", None, "{actor} may act at some sites only, and the scope is not on file", actor=by.id)
        return
    theirs = by.sites or frozenset()
    sites = frozenset[str]().union(*known)
    if EVERYWHERE not in theirs and (foreign := sorted(sites - theirs)):
        yield Problem("", None, "{actor} may not act at {sites}", actor=by.id, sites=", ".join(foreign))


def _proposes_itself(dossier: Dossier, by: Actor) -> bool:
    """Tell whether a new organisation puts itself forward: it has no id yet that its people could act for."""
    new = dossier.partnership.partner_id == NOT_STORED and not dossier.entries
    return new and by.partner_id is None and dossier.move is not None and dossier.move.source is None


_PROPOSED = [{"trigger": "propose", "source": None, "target": "intake", "by": _OFFICE}]
_BOARD = {"id": "b.okafor", "side": "district", "roles": ["partnership_office"]}


@policy(
    "AUTH-003",
    "Nobody approves what they proposed",
    guards={Trigger.APPROVE},
    cites=["EAF-C.3c", "SPPS-V.5c"],
    revision=2,
    owner="district",
    fix="Have somebody else than who proposed the partnership approve it.",
    max_waiver_days=0,
    authority=True,
    passing=_asks("approve", _BOARD, partnership=_VETTING, moves=_PROPOSED),
    failing=_asks("approve", _OFFICE, partnership=_VETTING, moves=_PROPOSED),
    missing=_asks("approve", _BOARD, partnership=_VETTING),
)
def not_own_proposal(dossier: Dossier, on: date) -> Verdict:
    """Four eyes: the second pair must belong to another person."""
    first = need(dossier.moves or None, "moves")[0]
    proposer = need(first.by if first.source is None else None, "/moves/0", "by")
    by = need(need(dossier.move, "move").by, "move.by")
    if by.person == proposer.person:
        yield Problem("/moves/0", "by", "{actor} proposed it", actor=by.id)


_WAIVER = {
    "kind": "waiver",
    "policy": "SAFE-002",
    "reason": "the renewal is late",
    "requested_by": "a.anderson",
    "expires_on": "2026-10-01",
}
_REQUEST = {
    "kind": "waiver_request",
    "policy": "SAFE-002",
    "reason": "the renewal is late",
    "expires_on": "2026-10-01",
    "entry": {"filed_by": _OFFICE},
}


@policy(
    "AUTH-004",
    "Nobody grants a waiver that they asked for",
    guards={FILE},
    cites=["EAF-C.3c"],
    revision=3,
    owner="district",
    fix="Have the person who wants the waiver file a request for it, and somebody else file the waiver.",
    max_waiver_days=0,
    authority=True,
    passing=_asks(FILE, _BOARD, filing=[_WAIVER], records=[_REQUEST]),
    failing=_asks(FILE, _OFFICE, filing=[_WAIVER], records=[_REQUEST]),
    missing=_asks(FILE, _BOARD, filing=[_WAIVER]),
)
def not_own_waiver(dossier: Dossier, on: date) -> Verdict:
    """Who files a waiver approves it, and who filed the request asked; a field that names somebody proves nothing."""
    by = need(need(dossier.move, "move").by, "move.by")
    waivers = [record for record in dossier.filing if isinstance(record, Waiver)]
    if not waivers:
        not_applicable("no waiver is being filed")
    for waiver in waivers:
        named = normal_id(waiver.requested_by)
        if by.person in {named, *_who_asked(dossier, waiver.policy, by)}:
            yield Problem("", None, "{actor} asked for the waiver of {policy}", actor=by.id, policy=waiver.policy)
        elif named not in _whose_request_stands(dossier, waiver.policy):
            yield lack(
                "waiver_request",
                None,
                "no request by {actor} for a waiver of {policy} is on file",
                actor=waiver.requested_by,
                policy=waiver.policy,
            )


def _who_asked(dossier: Dossier, policy: str, by: Actor) -> Iterator[str]:
    """Name who filed a request for the waiver, taken back or not, and who files one with it."""
    for entry in dossier.entries:
        if isinstance(entry.record, WaiverRequest) and entry.record.policy == policy:
            yield need(entry.filed_by, entry.record, "entry/filed_by").person
    if any(isinstance(record, WaiverRequest) and record.policy == policy for record in dossier.filing):
        yield by.person


def _whose_request_stands(dossier: Dossier, policy: str) -> set[str]:
    """Name who filed a request for the waiver that was not taken back."""
    requests = dossier.filed(WaiverRequest, policy=policy)
    return {need(dossier.entry(request).filed_by, request, "entry/filed_by").person for request in requests}


_ACTIVE = {"state": State.ACTIVE}
_NOTICE = {
    "kind": "termination_notice",
    "voluntary": True,
    "asked_by": "partner",
    "cause": "funding",
    "notice_on": "2026-08-30",
    "close_out": ["return keys", "delete student data"],
}
_FIELDS = ("voluntary", "asked_by", "notice_on", "close_out")


@policy(
    "END-001",
    "A notice says who ends it, when and why, and what is left to do",
    guards={Trigger.END, Trigger.TERMINATE_FOR_PERFORMANCE},
    cites=["SPPS-V.13"],
    revision=2,
    owner="district",
    fix="File a termination notice with who asked, the day, the cause and the close-out list; for performance or "
    "safety take the step made for that.",
    passing={"partnership": _ACTIVE, "records": [_NOTICE]},
    failing={"partnership": _ACTIVE, "records": [{**_NOTICE, "cause": "performance"}]},
    missing={"partnership": _ACTIVE, "records": []},
)
def notice_given(dossier: Dossier, on: date) -> Verdict:
    """Whatever ends still ends in good order. Performance and safety have ways of their own."""
    notice = need(dossier.latest(TerminationNotice), "termination_notice")
    yield from _lacking(notice, *_FIELDS)
    cause = need(notice.cause, notice, "cause")
    performance = dossier.move is not None and dossier.move.trigger == Trigger.TERMINATE_FOR_PERFORMANCE
    if cause != "performance" if performance else cause in ("performance", "safety"):
        yield Problem(notice, "cause", "{cause} is not for this step", cause=cause)


def _lacking(notice: TerminationNotice, *fields: str) -> Iterator[Problem]:
    for field in fields:
        if getattr(notice, field) is None:
            yield lack(notice, field)


_ENDED: dict[str, Any] = {
    "trigger": "terminate_for_cause",
    "source": "active",
    "target": "terminated",
    "by": _OFFICE,
    "at": "2026-07-15T15:00:00+00:00",
}
_TERMINATED = {"state": State.TERMINATED}


@policy(
    "END-003",
    "What an ending leaves to do is on file",
    holds_in={State.TERMINATED},
    cites=["SPPS-V.13"],
    owner="district",
    fix="File a termination notice with who asked, the day, the cause and the close-out list, within {days} days of "
    "the ending.",
    passing={"partnership": _TERMINATED, "records": [_NOTICE], "moves": [_ENDED]},
    failing={"partnership": _TERMINATED, "records": [], "moves": [_ENDED]},
    missing={"partnership": _TERMINATED, "records": [_NOTICE], "moves": None},
)
def close_out_owed(dossier: Dossier, on: date, *, days: int = 30) -> Verdict:
    """An ending that could not wait for a notice owes one afterwards, and so does one of what had been approved.

    What ended before it was approved has nothing to close out. `days` are counted from the day of the ending.
    """
    moves = (dossier.move,) if dossier.move is not None else need(dossier.moves or None, "moves")
    ending = moves[-1]
    if ending.trigger in (Trigger.DECLINE, Trigger.WITHDRAW) and ending.source in (State.INTAKE, State.VETTING):
        not_applicable("it ended before it was approved")
    notice = dossier.latest(TerminationNotice)
    wrong = [lack("termination_notice")] if notice is None else list(_lacking(notice, "cause", *_FIELDS))
    if not wrong:
        return
    if dossier.move is None:
        ended = dossier.made_on(len(moves), on)
    else:
        ended = on if ending.at is None else dossier.day_of(ending.at)
    due = days_after(ended, days)
    if due < on:
        yield from wrong
    yield Until(due, "the time to file the notice and the close-out list ends")


_ADOPTED = [{"trigger": "adopt", "source": None, "target": "active", "reason": "in place", "by": _OFFICE}]
_APPROVAL = {
    "kind": "approval",
    "trigger": "terminate_for_cause",
    "entry": {"version": 1, "filed_by": _BOARD},
}


@policy(
    "END-002",
    "Another person approved the termination for cause",
    guards={Trigger.TERMINATE_FOR_CAUSE},
    cites=["SPPS-V.13"],
    revision=2,
    owner="district",
    fix="Have a second person file an approval of this step, in the present state, and ask again.",
    max_waiver_days=0,
    authority=True,
    passing=_asks("terminate_for_cause", _OFFICE, partnership=_ACTIVE, records=[_APPROVAL], moves=_ADOPTED),
    failing=_asks("terminate_for_cause", _BOARD, partnership=_ACTIVE, records=[_APPROVAL], moves=_ADOPTED),
    missing=_asks("terminate_for_cause", _OFFICE, partnership=_ACTIVE, records=[], moves=_ADOPTED),
)
def second_approver(dossier: Dossier, on: date) -> Verdict:
    """Safety cannot wait for a plan, but it can wait for a second person."""
    by = need(need(dossier.move, "move").by, "move.by")
    entered = dossier.entered_at_version()
    approvals = need(dossier.filed(Approval, trigger=Trigger.TERMINATE_FOR_CAUSE) or None, "approval")
    approvers = {
        need(dossier.entry(approval).filed_by, approval, "entry/filed_by").person
        for approval in approvals
        if dossier.filed_since(approval, entered)
    }
    if not approvers:
        yield Problem(approvals[-1], None, "is from before the partnership came to this state")
    elif approvers == {by.person}:
        yield Problem(approvals[-1], "entry/filed_by", "only {actor}, who asks, approved it", actor=by.id)
