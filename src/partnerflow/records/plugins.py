"""Kinds of records that other packages offer by entry point; each is imported when its name is first looked up.

A broken package is an error only for those who look up its kind; stored records of the kind stay on file.
"""

from __future__ import annotations

from functools import cache
from sys import modules
from typing import Any, cast

import attrs

from partnerflow.errors import PluginError

from .registry import KINDS, Record, kinds, registered

GROUP = "partnerflow.records"
"""The entry point group in which another package offers a kind: its name, and `module:Class`."""


@attrs.frozen
class Offer:
    """A kind of record that an installed package offers, according to its metadata."""

    kind: str
    package: str
    """The distribution and its version."""
    value: str
    """Where the class is: `module:Class`."""


def find_kind(name: str) -> type[Record] | None:
    """Return the class of the kind *name*; import the package that offers it where the kind is not registered yet.

    None where no package offers it. Raises PluginError where the package that offers it is broken.
    """
    found = registered(name)
    if found is not None or name not in _offers():
        return found
    loaded = _loaded(name)
    if isinstance(loaded, PluginError):
        raise PluginError(*loaded.args) from loaded.__cause__
    return KINDS.setdefault(name, loaded)


def kind_names() -> tuple[str, ...]:
    """Return the names of all kinds that are registered or that a package offers, without importing any package."""
    return tuple(sorted({*kinds(), *_offers()}))


def offered_kinds() -> tuple[Offer, ...]:
    """Return the offers of installed packages, including broken ones, without importing any package."""
    return tuple(offer for name in sorted(_offers()) for offer in _offers()[name])


@cache
def _offers() -> dict[str, list[Offer]]:
    """Return the entry points of the group by name; a distribution whose metadata cannot be read is left out."""
    from importlib.metadata import distributions

    found: dict[str, list[Offer]] = {}
    seen = set()
    for distribution in distributions():
        try:
            points = distribution.entry_points.select(group=GROUP)
            name = distribution.metadata["Name"] if points else None
            package = f"{name or 'a distribution without a name'} {distribution.version}" if points else ""
        except Exception:  # noqa: BLE001, S112  broken metadata of one package must not affect the others
            continue
        if points and name not in seen:  # the first on the path is the one that gets imported
            seen.add(name)
            for point in points:
                found.setdefault(point.name, []).append(Offer(point.name, package, point.value))
    return found


@cache
def _loaded(name: str) -> type[Record] | PluginError:
    """Import what is offered as the kind *name*, or return the error; tried once in a process."""
    from importlib.metadata import EntryPoint

    before = set(KINDS)
    first, *others = _offers()[name]
    wrong, cause = "", None
    found: Any = None
    if others:
        packages = ", ".join(other.package for other in others)
        wrong = f"is offered by {packages} too: uninstall all but one of them"
    else:
        try:
            found = EntryPoint(name, first.value, GROUP).load()
        except (Exception, SystemExit) as error:  # noqa: BLE001  any error of the package is reported with its name
            cause = error
            wrong = f"cannot be loaded ({type(error).__name__}: {error}): mend the package, or uninstall it"
    if not wrong and not (wrong := _fault(found, name)):
        return cast("type[Record]", found)
    for kind in set(KINDS) - before:
        if kind == name or KINDS[kind].__module__ not in modules:  # registered by a module that then failed
            del KINDS[kind]
    failure = PluginError(first.package, f"[{GROUP}] {name} = {first.value!r}", wrong)
    failure.__cause__ = cause
    return failure


def _fault(found: object, name: str) -> str:
    """Return why *found* cannot be the kind *name*; an empty text where it can."""
    if not isinstance(found, type) or not issubclass(found, Record) or "kind_info" not in vars(found):
        return "is not a kind of record: name a subclass of Record that @record decorates"
    if found.kind_info.name != name:
        return f"is the kind {found.kind_info.name!r}: give the entry point that name, or the kind the name {name!r}"
    return ""
