"""The file of a pack: the keys that each of its tables may have, and every fault with its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, Literal, TypeAlias

import attrs

from partnerflow.errors import Fault, InvalidRecord
from partnerflow.records.conversion import structure

from .rule import Enforcement

Keys: TypeAlias = tuple[str | int, ...]
"""The keys that lead to a value from the top of the file, with the index in a list: `("set", 0, "cites")`."""
Shape: TypeAlias = Mapping[str, Any]
"""The keys that a table may have, each with the type of its value."""

TOP: Shape = {"pack": Any, "set": Any, "roles": Any}
PACK: Shape = {
    "name": str,
    "version": str,
    "title": str,
    "extends": str,
    "citing": tuple[str, ...],
    "policies": tuple[str, ...],
    "with": tuple[str, ...],
    "without": tuple[str, ...],
    "leads": tuple[int, ...],
    "retention_months": int,
    "backdate_days": int,
    "confirm": frozenset[str],
}
ROLE: Shape = {
    "side": Any,
    "fire": frozenset[str],
    "file": frozenset[str],
    "retract": frozenset[str],
    "own_sites": bool,
    "own_partner": bool,
    "backdate_days": int,
}
CODES: Shape = {"code": str, "codes": tuple[str, ...]}
"""A `[[set]]` has one of these."""
SET: Shape = {
    **CODES,
    "from": Any,
    "from_renewal": Any,
    "for": Any,
    "cites": str,
    "severity": Literal["blocking", "advisory"],
    "enforcement": Enforcement,
    "holds_in": frozenset[str],
    "guards": frozenset[str],
}
"""What a `[[set]]` may have beside the parameters of its policies."""


@attrs.frozen
class PackFile:
    """The data of one file, and the faults found in it so far.

    Reading goes on after a fault: what is wrong is noted and left out, so that one pass finds every fault.
    """

    data: Mapping[str, Any]
    found: list[tuple[Keys, Fault]] = attrs.field(factory=list)

    def faults(self) -> tuple[Fault, ...]:
        """Return every fault, in the order of the file."""
        return tuple(fault for _, fault in sorted(self.found, key=lambda found: self._position(found[0])))

    def _position(self, keys: Keys) -> list[int]:
        """Return the position of *keys* in the file; what a table lacks comes before what it has."""
        position: list[int] = []
        value: Any = self.data
        for key in keys:
            if isinstance(value, Mapping):
                position.append(list(value).index(key) if key in value else -1)
                value = value.get(key)
            elif isinstance(value, list) and isinstance(key, int):
                position.append(key)
                value = value[key]
        return position

    def fault(self, keys: Keys, message: str, code: str = "") -> None:
        """Note that the value under *keys* is wrong; *code* is the policy that its `[[set]]` is about."""
        self.found.append((keys, Fault(place(keys, code), message)))

    def warn(self, source: str, keys: Keys, message: str) -> None:
        """Log what is allowed under *keys*, and yet is probably not meant."""
        import logging  # here, because few files need it

        logging.getLogger("partnerflow.policies").warning("%s: %s %s", source, place(keys), message)

    def is_wrong(self, keys: Keys) -> bool:
        """Return whether a fault was found under *keys*."""
        return any(found[: len(keys)] == keys for found, _ in self.found)

    def table(self, keys: Keys, value: Any, code: str = "") -> Mapping[str, Any]:
        """Return *value* if it is a table; else an empty one."""
        if isinstance(value, Mapping):
            return value
        self.fault(keys, f"must be a table: write [{place(keys)}]", code)
        return {}

    def read(self, keys: Keys, value: Any, shape: Shape, code: str = "") -> dict[str, Any]:
        """Return what a table has under the keys of *shape*, as far as it is of the right type."""
        found = {}
        for key, one in self.table(keys, value, code).items():
            if self.is_known((*keys, key), key, shape, code):
                found[key] = self.value((*keys, key), one, shape[key], code)
        return {key: one for key, one in found.items() if one is not None}

    def value(self, keys: Keys, value: Any, wanted: Any, code: str = "") -> Any:
        """Return *value* as the type *wanted*, or None if it is not of that type."""
        try:
            return structure(value, wanted, place(keys))
        except InvalidRecord as error:
            for fault in error.faults:
                steps = [int(step) if step.isdigit() else step for step in fault.path.split("/")[1:]]
                self.fault((*keys, *steps), fault.message, code)
            return None

    def is_known(self, keys: Keys, name: str, known: Iterable[str], code: str = "") -> bool:
        """Return whether *name* is among the *known* names; if not, the fault names the nearest of them."""
        if name in known:
            return True
        shown = "" if name == keys[-1] else f"{name!r} "
        self.fault(keys, f"{shown}is not known{nearest(name, known)}", code)
        return False


def place(keys: Keys, code: str = "") -> str:
    """Write *keys* as text, such as `set[0] (SAFE-002).minimum` for a `[[set]]` about one policy."""
    text = ""
    for depth, key in enumerate(keys):
        if isinstance(key, int):
            text += f"[{key}]"
        else:
            text += f".{key}" if text else key
        if code and depth == 1:
            text += f" ({code})"
    return text


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the hint for a name that is not known: the nearest one that is, or all of them."""
    near = get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(sorted(known))}"
