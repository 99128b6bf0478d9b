"""Packs as TOML: read strictly, so that a slip is an error that names its place and the nearest right name.

A district writes, say:

    [pack]
    name = "default"
    version = "1"
    leads = [30, 7, 0]                  # days before a due date on which a sweep reminds
    policies = ["REG-001", "SAFE-002"]  # all that are known, if left out

    [[set]]                             # one policy's parameters, severity, enforcement
    code = "SAFE-002"
    minimum = "1500000 USD"
    from = 2026-07-01                   # for everyone, from that day on; left out: always
    cites = "Board policy 1240"

    [roles.principal]
    fire = ["propose"]
    file = ["evaluation"]
    own_sites = true
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from difflib import get_close_matches
from typing import Any, NoReturn

import attrs

from partnerflow.errors import InvalidRecord, PackError
from partnerflow.records import kinds
from partnerflow.records.conversion import structure

from .card import Policy
from .finding import Severity
from .pack import Pack, Role, Rule, Setting

_PACK = {"name", "version", "title", "leads", "policies"}
_ROLE = {"fire", "file", "own_sites", "own_partner"}
_SET = {"code", "from", "cites", "severity", "enforcement", "holds_in", "guards"}


def read_pack(text: str, source: str, policies: Iterable[Policy]) -> Pack:
    """Make a pack of TOML *text* over the *policies* that it may name. Raises PackError, naming *source* and place."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PackError(source, "TOML", str(error)) from None
    return _Reader(source, {policy.code: policy for policy in policies}).pack(data)


@attrs.frozen
class _Reader:
    source: str
    known: Mapping[str, Policy]

    def pack(self, data: Mapping[str, Any]) -> Pack:
        self._names("top level", data, {"pack", "set", "roles"})
        head = self._table(data.get("pack"), "pack")
        self._names("pack", head, _PACK)
        roles = {name: self._role(name, body) for name, body in self._table(data.get("roles", {}), "roles").items()}
        codes = self._value("pack.policies", head.get("policies", list(self.known)), tuple[str, ...])
        for code in codes:
            self._known("pack.policies", code, self.known)
        settings = data.get("set", [])
        if not isinstance(settings, list):
            self._wrong("set", "must be a list of tables: write [[set]]")
        rules = {code: _rule(self.known[code], roles) for code in codes}
        for place, body in enumerate(settings):
            self._set(f"set[{place}]", self._table(body, f"set[{place}]"), rules)
        leads = self._value("pack.leads", head.get("leads", [30, 7, 0]), tuple[int, ...])
        if any(lead < 0 for lead in leads):
            self._wrong("pack.leads", "days before a due date are not negative")
        return Pack(
            name=self._value("pack.name", head.get("name"), str),
            version=self._value("pack.version", head.get("version"), str),
            rules=tuple(rules.values()),
            roles=roles,
            leads=tuple(sorted(set(leads), reverse=True)),
        )

    def _role(self, name: str, body: Any) -> Role:
        where = f"roles.{name}"
        table = self._table(body, where)
        self._names(where, table, _ROLE)
        role: Role = self._value(where, {**table, "name": name}, Role)
        for kind in sorted(role.file - {"*"}):
            self._known(f"{where}.file", kind, kinds())
        return role

    def _set(self, where: str, body: Mapping[str, Any], rules: dict[str, Rule]) -> None:
        code = self._value(f"{where}.code", body.get("code"), str)
        self._known(f"{where}.code", code, self.known)
        if code not in rules:
            self._wrong(f"{where}.code", f"{code} is not among this pack's policies: add it to pack.policies")
        where = f"{where} ({code})"
        rule = rules[code]
        since = body.get("from")
        if since is not None and (not isinstance(since, date) or type(since) is not date):
            self._wrong(f"{where}.from", f"{since!r} is not a day such as 2026-07-01, without quotes")
        parameters = set(rule.policy.defaults) - set(rule.given)
        self._names(where, body, _SET | parameters)
        types = rule.policy.types
        values = {name: self._value(f"{where}.{name}", body[name], types[name]) for name in body if name in parameters}
        if since is not None and (fixed := sorted(set(body) & {"severity", "enforcement", "holds_in", "guards"})):
            self._wrong(f"{where}.{fixed[0]}", "applies always: only parameters go by date")
        if since is not None and not values:
            self._wrong(f"{where}.from", f"sets no parameter; {code} has {', '.join(sorted(parameters)) or 'none'}")
        cites = self._value(f"{where}.cites", body.get("cites", ""), str) or None
        given = [Setting(values=values, since=since or date.min, cites=cites)] if values else []
        rules[code] = attrs.evolve(
            rule,
            severity=self._choice(f"{where}.severity", body.get("severity", str(rule.severity)), list(Severity)),
            enforced=self._choice(
                f"{where}.enforcement",
                body.get("enforcement", "enforce" if rule.enforced else "report_only"),
                ["enforce", "report_only"],
            )
            == "enforce",
            holds_in=rule.holds_in | self._value(f"{where}.holds_in", body.get("holds_in", []), frozenset[str]),
            guards=rule.guards | self._value(f"{where}.guards", body.get("guards", []), frozenset[str]),
            settings=tuple(sorted((*rule.settings, *given), key=lambda setting: setting.since)),
        )

    # --- what can be wrong ------------------------------------------------------------------------------------------

    def _wrong(self, where: str, remedy: str) -> NoReturn:
        raise PackError(self.source, where, remedy)

    def _table(self, value: Any, where: str) -> Mapping[str, Any]:
        if not isinstance(value, Mapping):
            self._wrong(where, f"must be a table: write [{where}]")
        return value

    def _names(self, where: str, table: Mapping[str, Any], known: set[str]) -> None:
        for name in table:
            if name not in known:
                self._wrong(f"{where}.{name}", f"is not known{_nearest(name, known)}")

    def _known(self, where: str, name: str, known: Iterable[str]) -> None:
        if name not in known:
            self._wrong(where, f"{name!r} is not known{_nearest(name, known)}")

    def _choice(self, where: str, value: Any, allowed: list[Any]) -> Any:
        if value in allowed:
            return allowed[allowed.index(value)]
        return self._wrong(where, f"{value!r} is not one of {', '.join(map(str, allowed))}")

    def _value(self, where: str, value: Any, wanted: Any) -> Any:
        if value is None:
            self._wrong(where, "is required")
        try:
            return structure(value, wanted, where)
        except InvalidRecord as error:
            fault = error.faults[0]
            self._wrong(where + fault.path.replace("/", "."), fault.message)


def _rule(policy: Policy, roles: Mapping[str, Role]) -> Rule:
    """Give the rule that a policy is before anything was set."""
    return Rule(
        policy=policy,
        severity=policy.severity,
        holds_in=policy.holds_in,
        guards=policy.guards,
        given={"roles": roles} if "roles" in policy.defaults else {},
    )


def _nearest(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(sorted(known))}"
