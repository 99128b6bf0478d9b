"""One `[[set]]` of a pack's file: what it sets for the policies that it names, and the faults in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, get_args

import attrs

from partnerflow.records.partner import Classification, PartnerKind
from partnerflow.records.programme import PartnershipKind, ScopeLevel

from .finding import Severity
from .pack_file import CODES, SET, Keys, PackFile, Shape
from .rule import CIRCUMSTANCES, LABEL, Override, Rule

_UNDATED = ("severity", "enforcement", "holds_in", "guards")
"""What cannot be set from a day on; only parameters have dates."""
_FOR_EVERYONE = ("holds_in", "guards")
"""What cannot be set for some partnerships only."""
_WORDS: Mapping[str, frozenset[str]] = {
    "scope": frozenset(get_args(ScopeLevel)),
    "kind": frozenset(get_args(PartnershipKind)),
    "classification": frozenset(get_args(Classification)),
    "partner_kind": frozenset(get_args(PartnerKind)),
}
"""The words that may be on file under each circumstance; a partner's kind may be the host's own word too."""


def read_overrides(
    file: PackFile, keys: Keys, table: Mapping[str, Any], rules: Mapping[str, Rule]
) -> Iterator[tuple[str, Override]]:
    """Yield the override of each policy that *table* names, with its code; *rules* are theirs, by code."""
    code = next(iter(rules), "") if "code" in table else ""
    return _Set(file, keys, table, code).overrides(rules)


@attrs.frozen
class _Set:
    file: PackFile
    keys: Keys
    table: Mapping[str, Any]
    code: str
    """The policy, for faults to name it; empty where the table names several, or none that is known."""

    def overrides(self, rules: Mapping[str, Rule]) -> Iterator[tuple[str, Override]]:
        """Yield the override of each of *rules*, with its code."""
        shapes = {code: _parameters(rule) for code, rule in rules.items()}
        values = self._values(shapes)
        shared = self._shared()
        sets_nothing = all(key in SET and key not in _UNDATED for key in self.table)
        if shared.applies and sets_nothing:
            self._wrong("for", "sets nothing for them: say what, such as enforcement")
        for code, shape in shapes.items():
            if shared.since > date.min and sets_nothing:
                key = "from_renewal" if shared.at_renewal else "from"
                has = ", ".join(sorted(shape)) or "none"
                self.file.fault((*self.keys, key), f"sets no parameter; {code} has {has}", code)
            override = attrs.evolve(shared, values=self.file.read(self.keys, values, shape, code))
            if override.sets or override.cites:
                yield code, override

    def _values(self, shapes: Mapping[str, Shape]) -> dict[str, Any]:
        """Return the values of parameters, not read yet; a key is a fault here if no policy has such a parameter."""
        known = {*SET, *(name for shape in shapes.values() for name in shape)}
        return {
            key: value
            for key, value in self.table.items()
            if key not in SET and (not shapes or self.file.is_known((*self.keys, key), key, known, self.code))
        }

    def _shared(self) -> Override:
        """Return what the table sets for each of its policies alike: all but the parameters."""
        written = {key: value for key, value in self.table.items() if key in SET and key not in CODES}
        read = self.file.read(self.keys, written, SET, self.code)
        since = self._since(read)
        applies = self._applies(read.get("for", {}))
        if since is not None:
            for key in read.keys() & set(_UNDATED):
                self._wrong(key, "applies always: only parameters go by date")
        if applies:
            for key in read.keys() & set(_FOR_EVERYONE):
                self._wrong(key, "applies to everyone: take it into a [[set]] without for")
        enforcement = read.get("enforcement")
        if enforcement == "off" and not applies and not self.file.is_wrong((*self.keys, "for")):
            self._wrong("enforcement", "would switch it off for everyone: list it under pack.without instead")
        return Override(
            since=since or date.min,
            at_renewal="from_renewal" in read and "from" not in read,
            applies=applies,
            severity=Severity(read["severity"]) if "severity" in read else None,
            enforcement=enforcement,
            holds_in=read.get("holds_in", frozenset()),
            guards=read.get("guards", frozenset()),
            cites=read.get("cites") or None,
        )

    def _since(self, read: Mapping[str, Any]) -> date | None:
        """Return the day from which it applies."""
        if "from" in read and "from_renewal" in read:
            self._wrong("from_renewal", "stands beside from: write one of the two")
        days = [self._day(key, read[key]) for key in ("from", "from_renewal") if key in read]
        return next((day for day in days if day is not None), None)

    def _day(self, key: str, value: Any) -> date | None:
        if type(value) is date:
            return value
        self._wrong(key, f"{value!r} is not a day such as 2026-07-01, without quotes")
        return None

    def _applies(self, table: Any) -> dict[str, frozenset[str]]:
        """Return for whom it applies: under each circumstance one word, or a list of words."""
        keys = (*self.keys, "for")
        applies: dict[str, frozenset[str]] = {}
        for name, given in self.file.read(keys, table, dict.fromkeys(CIRCUMSTANCES, Any), self.code).items():
            several = [given] if isinstance(given, str) else given
            applies[name] = self.file.value((*keys, name), several, frozenset[str], self.code) or frozenset()
            if name != "partner_kind":
                for word in sorted(applies[name]):
                    self.file.is_known((*keys, name), word, _WORDS[name], self.code)
        return applies

    def _wrong(self, key: str, message: str) -> None:
        self.file.fault((*self.keys, key), message, self.code)


def _parameters(rule: Rule) -> Shape:
    """Return the parameters that a pack may set, with their types."""
    own = {name: wanted for name, wanted in rule.policy.types.items() if name not in rule.pack_parameters}
    return {**own, LABEL: str} if rule.policy.labelled else own
