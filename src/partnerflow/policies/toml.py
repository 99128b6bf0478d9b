"""Packs as TOML, read strictly: every fault of a file is reported at once, with its place and the nearest right name.

A district writes, for example:

    [pack]
    name = "our-district"
    version = "2026.1"
    extends = "default"                 # another pack, by its name or the path of its file
    without = ["AGR-007"]               # what is not asked here
    leads = [30, 7, 0]                  # days before a due date on which a sweep reminds
    confirm = ["background_check"]      # kinds whose records by the partner always wait for the district
    retention_months = 84               # how long what is on file of an ended partnership is kept

    [[set]]                             # one policy's parameters, severity, enforcement
    code = "SAFE-002"
    minimum = "1500000 USD"
    from = 2026-07-01                   # for everyone, from that day on; left out: always
    cites = "Board policy 1240"

    [[set]]
    codes = ["AGR-010", "QUA-001"]      # the same for several policies
    for = { kind = "short_term_collaboration" }     # or scope, classification, partner_kind
    enforcement = "off"

    [roles.principal]
    side = ["school", "district"]       # whose people may hold it
    fire = ["propose"]
    file = ["evaluation"]
    own_sites = true

A pack that extends none has every policy that is known, or those that `policies` lists. Each `[[set]]` becomes an
Override of each of its policies. Later overrides win: those of a pack follow those of the pack that it extends, for
whomever those were set; within a file they follow each other by day, and on the same day by their order in the file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs

from partnerflow.actors import ActorSide
from partnerflow.errors import Fault, PackError
from partnerflow.records import kind_names
from partnerflow.records.registry import registered

from .card import Policy
from .overrides import read_overrides
from .pack import BACKDATE_DAYS, Pack, Role
from .pack_file import CODES, PACK, ROLE, TOP, Keys, PackFile, nearest
from .rule import Override, Rule, effective_overrides

_LEADS = (30, 7, 0)
_CONFIRM = frozenset({"background_check"})


def read_pack(
    text: str,
    source: str,
    policies: Iterable[Policy],
    *,
    retired: Mapping[str, str] = {},
    extended: Callable[[str], Pack] | None = None,
) -> Pack:
    """Make a pack of TOML *text*, which may name *policies*. Raises PackError with every fault of the text.

    *source* names the text in errors. *extended* returns the pack that the text extends by its name, or raises
    PackError. *retired* holds the codes that are no longer used, each with what replaces it.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PackError(source, Fault("TOML", str(error))) from None
    known = {policy.code: policy for policy in policies}
    return _Reader(source, PackFile(data), known, retired, extended).pack()


@attrs.frozen
class _Reader:
    source: str
    file: PackFile
    known: Mapping[str, Policy]
    retired: Mapping[str, str]
    extended: Callable[[str], Pack] | None

    def pack(self) -> Pack:
        """Read the file. Raises PackError with every fault."""
        top = self.file.read((), self.file.data, TOP)
        head = self._head(top.get("pack"))
        base = self._base(head)
        roles = {**(base.roles if base else {}), **self._roles(top.get("roles", {}))}
        rules = self._rules(head, base, roles)
        confirm = head.get("confirm", base.confirm if base else _CONFIRM)
        overrides = self._overrides(top.get("set", []), rules)
        if faults := self.file.faults():
            raise PackError(self.source, *faults)
        return Pack(
            name=head["name"],
            version=head["version"],
            title=head.get("title", ""),
            rules=tuple(
                _with_overrides(attrs.evolve(rule, confirm=confirm), overrides.get(code, []))
                for code, rule in rules.items()
            ),
            roles=roles,
            leads=tuple(sorted(set(head.get("leads", base.leads if base else _LEADS)), reverse=True)),
            confirm=confirm,
            retention_months=head.get("retention_months", base.retention_months if base else None),
            backdate_days=head.get("backdate_days", base.backdate_days if base else BACKDATE_DAYS),
        )

    # --- [pack] -----------------------------------------------------------------------------------------------------

    def _head(self, table: Any) -> dict[str, Any]:
        head = self.file.read(("pack",), table, PACK)
        for key in ("name", "version"):
            if isinstance(table, Mapping) and key not in table:
                self.file.fault(("pack", key), "is required")
        for place, days in enumerate(head.get("leads", ())):
            if days < 0:
                self.file.fault(("pack", "leads", place), f"{days}: days before a due date are not negative")
        for kind in sorted(kind for kind in head.get("confirm", ()) if registered(kind) is None):
            self.file.is_known(("pack", "confirm"), kind, kind_names())
        months = head.get("retention_months", 0)
        if months < 0:
            self.file.fault(("pack", "retention_months"), f"{months}: months are not negative")
        self._refuse_negative_days(("pack",), head)
        return head

    def _refuse_negative_days(self, keys: Keys, table: Mapping[str, Any]) -> None:
        days = table.get("backdate_days", 0)
        if days < 0:
            self.file.fault((*keys, "backdate_days"), f"{days}: days back are not negative")

    def _base(self, head: Mapping[str, Any]) -> Pack | None:
        """Return the pack that this one extends; None where it extends none, or one that cannot be used."""
        keys = ("pack", "extends")
        if "extends" not in head:
            return None
        if self.extended is None:
            self.file.fault(keys, "cannot be followed here: load the pack with load_pack")
            return None
        try:
            return self.extended(head["extends"])
        except PackError as error:
            for fault in error.faults:
                is_ours = error.source == self.source
                self.file.fault(keys, fault.message if is_ours else f"{error.source}: {fault}")
            return None

    def _rules(self, head: Mapping[str, Any], base: Pack | None, roles: Mapping[str, Role]) -> dict[str, Rule]:
        """Return the rules before any override of this file, by the code of their policy."""
        from_base = dict(base.by_code) if base else {}
        codes = [*self._listed(head, from_base), *self._codes(("pack", "with"), head.get("with", ()))]
        if any(self.file.is_wrong(("pack", key)) for key in ("extends", "citing", "policies", "with")):
            codes = list(self.known)  # nobody knows which are meant, so no code below is reported as one too many
        without = head.get("without", ())
        for place, code in enumerate(without):
            keys = ("pack", "without", place)
            if self._is_code(keys, code) and code not in codes:
                self.file.fault(keys, f"{code} is not among this pack's policies{nearest(code, codes)}")
        return {
            code: _with_roles(from_base.get(code) or _rule(self.known[code]), roles)
            for code in codes
            if code not in without
        }

    def _listed(self, head: Mapping[str, Any], from_base: Iterable[str]) -> list[str]:
        """Return the codes under `policies`, and of each policy that cites a clause under `citing`; else the base's."""
        if "citing" not in head:
            return self._codes(("pack", "policies"), head.get("policies", tuple(from_base) or tuple(self.known)))
        cited = set(self._codes(("pack", "policies"), head.get("policies", ())))
        for place, clause in enumerate(head["citing"]):
            found = {code for code, policy in self.known.items() if _cites(policy, clause)}
            if not found:
                self.file.fault(("pack", "citing", place), f"{clause!r}: no policy cites a clause that begins so")
            cited |= found
        return [code for code in self.known if code in cited]

    def _codes(self, keys: Keys, codes: Iterable[str]) -> list[str]:
        return [code for place, code in enumerate(codes) if self._is_code((*keys, place), code)]

    def _is_code(self, keys: Keys, code: str) -> bool:
        if code in self.retired and code not in self.known:
            self.file.fault(keys, f"{code} is no longer used: {self.retired[code]}")
            return False
        return self.file.is_known(keys, code, self.known)

    # --- [roles.NAME] -----------------------------------------------------------------------------------------------

    def _roles(self, table: Any) -> dict[str, Role]:
        return {name: self._role(name, body) for name, body in self.file.table(("roles",), table).items()}

    def _role(self, name: str, table: Any) -> Role:
        keys = ("roles", name)
        read = self.file.read(keys, table, ROLE)
        self._refuse_negative_days(keys, read)
        role = Role(name=name, **{**read, "side": self._sides(keys, read.get("side"))})
        for right, kinds in (("file", role.file), ("retract", role.retract)):
            for kind in sorted(kind for kind in kinds - {"*"} if registered(kind) is None):
                self.file.is_known((*keys, right), kind, kind_names())
        return role

    def _sides(self, keys: Keys, given: Any) -> frozenset[ActorSide]:
        """Return the sides of a role: one word, or a list of words."""
        if given is None:
            self.file.warn(
                self.source,
                (*keys, "side"),
                'is not set, so that anybody may hold this role, on the partner\'s side too: add side = "district", '
                '"school", "partner" or "system", or a list of these',
            )
            return frozenset()
        several = [given] if isinstance(given, str) else given
        return self.file.value((*keys, "side"), several, frozenset[ActorSide]) or frozenset()

    # --- [[set]] ----------------------------------------------------------------------------------------------------

    def _overrides(self, several: Any, rules: Mapping[str, Rule]) -> dict[str, list[Override]]:
        """Return the overrides of each policy by its code, in the order of the file."""
        if not isinstance(several, list):
            self.file.fault(("set",), "must be a list of tables: write [[set]]")
            return {}
        overrides: dict[str, list[Override]] = {}
        for place, one in enumerate(several):
            keys = ("set", place)
            table = self.file.table(keys, one)
            named = {code: rules[code] for code in self._codes_of(keys, table, rules)}
            for code, override in read_overrides(self.file, keys, table, named):
                overrides.setdefault(code, []).append(override)
        return overrides

    def _codes_of(self, keys: Keys, table: Mapping[str, Any], rules: Mapping[str, Rule]) -> list[str]:
        """Return the codes under `code` or `codes`, as far as this pack has such policies."""
        written = {key: table[key] for key in CODES if key in table}
        if not written:
            self.file.fault((*keys, "code"), "is required, or codes for several policies")
        elif len(written) == 2:
            self.file.fault((*keys, "codes"), "stands beside code: write one of the two")
        elif written.get("codes") == []:
            self.file.fault((*keys, "codes"), "names no policy: write one code or more")
        read = self.file.read(keys, written, CODES)
        named = [((*keys, "code"), read["code"])] if "code" in read else []
        named += [((*keys, "codes", place), code) for place, code in enumerate(read.get("codes", ()))]
        codes: list[str] = []
        for at, code in named:
            if self._is_code(at, code):
                if code not in rules:
                    self.file.fault(at, f"{code} is not among this pack's policies: add it to pack.with")
                elif code in codes:
                    self.file.fault(at, f"{code} is named twice: leave one out")
                else:
                    codes.append(code)
        return codes


def _rule(policy: Policy) -> Rule:
    """Return the rule of a policy before any override."""
    return Rule(policy=policy, severity=policy.severity, holds_in=policy.holds_in, guards=policy.guards)


def _with_roles(rule: Rule, roles: Mapping[str, Role]) -> Rule:
    given = {"roles": roles} if "roles" in rule.policy.defaults else {}
    approvers = frozenset(name for name, role in roles.items() if role.may("file", "waiver"))
    return attrs.evolve(rule, pack_parameters=given, approvers=approvers if roles else None)


def _with_overrides(rule: Rule, overrides: list[Override]) -> Rule:
    """Return *rule* with the overrides of this file laid over those that it has."""
    if not overrides:
        return rule
    for override in overrides:
        if not override.applies:
            rule = attrs.evolve(
                rule,
                severity=override.severity or rule.severity,
                enforcement=override.enforcement or rule.enforcement,
                holds_in=rule.holds_in | override.holds_in,
                guards=rule.guards | override.guards,
            )
    by_day = sorted(overrides, key=lambda override: override.since)
    return attrs.evolve(rule, overrides=effective_overrides([*rule.overrides, *by_day]))


def _cites(policy: Policy, clause: str) -> bool:
    """Return whether a policy cites *clause*, or one whose id goes on after it: `EAF` is cited with `EAF-4.1.b`."""
    return any(f"{cited}-".startswith(f"{clause}-") or cited.startswith(f"{clause}.") for cited in policy.cites)
