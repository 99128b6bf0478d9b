"""Packs as TOML: read strictly, so that a slip is an error that names its place and the nearest right name.

A district writes, say:

    [pack]
    name = "our-district"
    version = "2026.1"
    extends = "default"                 # another pack, by its name or the path of its file
    without = ["AGR-007"]               # what is not asked here
    leads = [30, 7, 0]                  # days before a due date on which a sweep reminds
    retention_months = 84               # how long what is on file of an ended partnership is kept

    [[set]]                             # one policy's parameters, severity, enforcement
    code = "SAFE-002"
    minimum = "1500000 USD"
    from = 2026-07-01                   # for everyone, from that day on; left out: always
    cites = "Board policy 1240"

    [[set]]
    code = "AGR-010"
    for = { kind = "short_term_collaboration" }     # or scope, classification, partner_kind
    enforcement = "off"

    [roles.principal]
    fire = ["propose"]
    file = ["evaluation"]
    own_sites = true

A pack that extends none has every policy that is known, or those that `policies` lists. What a pack sets stands after
what the pack that it extends sets, and so wins, for whomever that was set; among its own settings that of the later
day wins, and among those of the same day the later in the file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from difflib import get_close_matches
from typing import Any, NoReturn, get_args

import attrs

from partnerflow.errors import InvalidRecord, PackError
from partnerflow.records import kind_names, kinds
from partnerflow.records.conversion import structure
from partnerflow.records.partner import Classification, PartnerKind
from partnerflow.records.programme import Level, PartnershipKind

from .card import Policy
from .finding import Severity
from .pack import Pack, Role
from .rule import CIRCUMSTANCES, Enforcement, Override, Rule, in_layers

_PACK = {"name", "version", "title", "extends", "leads", "retention_months", "policies", "with", "without"}
_ROLE = {"fire", "file", "own_sites", "own_partner"}
_SET = {"code", "from", "from_renewal", "for", "cites", "severity", "enforcement", "holds_in", "guards"}
_WIDENS = {"holds_in", "guards"}
_WORDS: Mapping[str, frozenset[str]] = {
    "scope": frozenset(get_args(Level)),
    "kind": frozenset(get_args(PartnershipKind)),
    "classification": frozenset(get_args(Classification)),
    "partner_kind": frozenset(get_args(PartnerKind)),
}
"""What may be on file under each circumstance; a partner's kind may be the host's own word too."""


def read_pack(
    text: str,
    source: str,
    policies: Iterable[Policy],
    *,
    retired: Mapping[str, str] = {},
    extended: Callable[[str], Pack] | None = None,
) -> Pack:
    """Make a pack of TOML *text* over the *policies* that it may name. Raises PackError, naming *source* and place.

    *extended* gives the pack of a name that the text extends; *retired* are codes that once were.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PackError(source, "TOML", str(error)) from None
    known = {policy.code: policy for policy in policies}
    return _Reader(source, known, retired, extended).pack(data)


@attrs.frozen
class _Reader:
    source: str
    known: Mapping[str, Policy]
    retired: Mapping[str, str]
    extended: Callable[[str], Pack] | None

    def pack(self, data: Mapping[str, Any]) -> Pack:
        self._names("top level", data, {"pack", "set", "roles"})
        head = self._table(data.get("pack"), "pack")
        self._names("pack", head, _PACK)
        base = self._base(head)
        roles = dict(base.roles) if base else {}
        for name, body in self._table(data.get("roles", {}), "roles").items():
            roles[name] = self._role(name, body)
        rules = self._rules(head, base, roles)
        settings = data.get("set", [])
        if not isinstance(settings, list):
            self._wrong("set", "must be a list of tables: write [[set]]")
        own: dict[str, list[Override]] = {}
        for place, body in enumerate(settings):
            self._set(f"set[{place}]", self._table(body, f"set[{place}]"), rules, own)
        for code, added in own.items():
            by_day = sorted(added, key=lambda setting: setting.since)
            rules[code] = attrs.evolve(rules[code], settings=in_layers([*rules[code].settings, *by_day]))
        leads = self._value("pack.leads", head.get("leads", list(base.leads) if base else [30, 7, 0]), tuple[int, ...])
        if any(lead < 0 for lead in leads):
            self._wrong("pack.leads", "days before a due date are not negative")
        kept = head.get("retention_months", base.retention_months if base else None)
        retention = None if kept is None else self._value("pack.retention_months", kept, int)
        if retention is not None and retention < 0:
            self._wrong("pack.retention_months", "months are not negative")
        return Pack(
            name=self._value("pack.name", head.get("name"), str),
            version=self._value("pack.version", head.get("version"), str),
            title=self._value("pack.title", head.get("title", ""), str),
            rules=tuple(rules.values()),
            roles=roles,
            leads=tuple(sorted(set(leads), reverse=True)),
            retention_months=retention,
        )

    def _base(self, head: Mapping[str, Any]) -> Pack | None:
        if "extends" not in head:
            return None
        name = self._value("pack.extends", head["extends"], str)
        if self.extended is None:
            self._wrong("pack.extends", "cannot be followed here: load the pack with load_pack")
        return self.extended(name)

    def _rules(self, head: Mapping[str, Any], base: Pack | None, roles: Mapping[str, Role]) -> dict[str, Rule]:
        """Return the rules before any override: those of the extended pack, with and without the named ones."""
        from_base = dict(base.by_code) if base else {}
        listed = head.get("policies", list(from_base) if base else list(self.known))
        codes = [*self._codes("policies", listed), *self._codes("with", head.get("with", []))]
        dropped = self._codes("without", head.get("without", []))
        for code in dropped:
            if code not in codes:
                self._wrong("pack.without", f"{code} is not among this pack's policies{_nearest(code, codes)}")
        return {
            code: _with_roles(from_base.get(code) or _rule(self.known[code]), roles)
            for code in codes
            if code not in dropped
        }

    def _codes(self, key: str, given: Any) -> tuple[str, ...]:
        codes: tuple[str, ...] = self._value(f"pack.{key}", given, tuple[str, ...])
        for code in codes:
            self._code(f"pack.{key}", code)
        return codes

    def _code(self, where: str, code: str) -> None:
        if code in self.retired and code not in self.known:
            self._wrong(where, f"{code} is no longer: {self.retired[code]}")
        self._known(where, code, self.known)

    def _role(self, name: str, body: Any) -> Role:
        where = f"roles.{name}"
        table = self._table(body, where)
        self._names(where, table, _ROLE)
        role: Role = self._value(where, {**table, "name": name}, Role)
        for kind in sorted(role.file - {"*"} - set(kinds())):
            self._known(f"{where}.file", kind, kind_names())
        return role

    # --- one [[set]] ------------------------------------------------------------------------------------------------

    def _set(self, where: str, body: Mapping[str, Any], rules: dict[str, Rule], own: dict[str, list[Override]]) -> None:
        code = self._value(f"{where}.code", body.get("code"), str)
        self._code(f"{where}.code", code)
        if code not in rules:
            self._wrong(f"{where}.code", f"{code} is not among this pack's policies: add it to pack.with")
        where = f"{where} ({code})"
        rule = rules[code]
        parameters = set(rule.policy.defaults) - set(rule.given)
        self._names(where, body, _SET | parameters)
        types = rule.policy.types
        values = {name: self._value(f"{where}.{name}", body[name], types[name]) for name in body if name in parameters}
        since, at_renewal = self._since(where, body)
        if since is not None and (fixed := sorted(set(body) & {"severity", "enforcement", *_WIDENS})):
            self._wrong(f"{where}.{fixed[0]}", "applies always: only parameters go by date")
        if since is not None and not values:
            key = "from_renewal" if at_renewal else "from"
            self._wrong(f"{where}.{key}", f"sets no parameter; {code} has {', '.join(sorted(parameters)) or 'none'}")
        applies = self._applies(where, body.get("for", {}))
        if applies and (fixed := sorted(set(body) & _WIDENS)):
            self._wrong(f"{where}.{fixed[0]}", "applies to everyone: take it into a [[set]] without for")
        enforcement = self._choice(f"{where}.enforcement", body.get("enforcement"), list(get_args(Enforcement)))
        if enforcement == "off" and not applies:
            self._wrong(f"{where}.enforcement", "would switch it off for everyone: list it under pack.without instead")
        setting = Override(
            values=values,
            since=since or date.min,
            at_renewal=at_renewal,
            applies=applies,
            severity=self._choice(f"{where}.severity", body.get("severity"), list(Severity)),
            enforcement=enforcement,
            holds_in=self._value(f"{where}.holds_in", body.get("holds_in", []), frozenset[str]),
            guards=self._value(f"{where}.guards", body.get("guards", []), frozenset[str]),
            cites=self._value(f"{where}.cites", body.get("cites", ""), str) or None,
        )
        if applies and not setting.sets:
            self._wrong(f"{where}.for", "sets nothing for them: say what, such as enforcement")
        if setting.sets or setting.cites:
            own.setdefault(code, []).append(setting)
        if not applies:
            rules[code] = attrs.evolve(
                rule,
                severity=setting.severity or rule.severity,
                enforcement=setting.enforcement or rule.enforcement,
                holds_in=rule.holds_in | setting.holds_in,
                guards=rule.guards | setting.guards,
            )

    def _since(self, where: str, body: Mapping[str, Any]) -> tuple[date | None, bool]:
        """Return the day from which it applies, and whether to running partnerships only from their next renewal."""
        given = [key for key in ("from", "from_renewal") if key in body]
        if len(given) == 2:
            self._wrong(f"{where}.from_renewal", "stands beside from: one of the two")
        for key in given:
            if type(body[key]) is not date:
                self._wrong(f"{where}.{key}", f"{body[key]!r} is not a day such as 2026-07-01, without quotes")
            return body[key], key == "from_renewal"
        return None, False

    def _applies(self, where: str, body: Any) -> Mapping[str, frozenset[str]]:
        """Read for whom a setting is: under each circumstance one word, or a list of words."""
        table = self._table(body, f"{where}.for")
        self._names(f"{where}.for", table, set(CIRCUMSTANCES))
        found: dict[str, frozenset[str]] = {}
        for name, given in table.items():
            wanted = self._value(f"{where}.for.{name}", [given] if isinstance(given, str) else given, frozenset[str])
            if name != "partner_kind":
                for word in sorted(wanted):
                    self._known(f"{where}.for.{name}", word, _WORDS[name])
            found[name] = wanted
        return found

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
        if value is None:
            return None
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


def _rule(policy: Policy) -> Rule:
    """Return the rule that a policy is before anything was set."""
    return Rule(policy=policy, severity=policy.severity, holds_in=policy.holds_in, guards=policy.guards)


def _with_roles(rule: Rule, roles: Mapping[str, Role]) -> Rule:
    given = {"roles": roles} if "roles" in rule.policy.defaults else {}
    approvers = frozenset(name for name, role in roles.items() if role.may("file", "waiver"))
    return attrs.evolve(rule, given=given, approvers=approvers if roles else None)


def _nearest(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(sorted(known))}"
