"""Kinds of records that other packages offer by entry point: each is imported when it is first asked for by its name.

A package that is broken harms only who asks for its kind; what is stored of the kind stays on file as it is.
"""

from __future__ import annotations

from functools import cache
from sys import modules
from typing import Any, cast

import attrs

from partnerflow.errors import PluginError

from .registry import KINDS, Record, kinds

GROUP = "partnerflow.records"
"""The entry point group in which another package offers a kind: its name, and `module:Class`."""


@attrs.frozen
class Offer:
    """A kind of record that an installed package offers, as its metadata say."""

    kind: str
    package: str
    """The distribution and its version."""
    value: str
    """Where the class is: `module:Class`."""


def find_kind(name: str) -> type[Record] | None:
    """Return the class of the kind *name*, and import the package that offers it where nobody registered it so far.

    None for a kind that nobody offers. Raises PluginError where the package that does is broken.
    """
    found = kinds().get(name)
    if found is not None or name not in _offers():
        return found
    loaded = _loaded(name)
    if isinstance(loaded, PluginError):
        raise PluginError(*loaded.args) from loaded.__cause__
    return KINDS.setdefault(name, loaded)


def kind_names() -> tuple[str, ...]:
    """Name every kind that is registered, and every one that a package offers; imports none of them."""
    return tuple(sorted({*kinds(), *_offers()}))


def offered_kinds() -> tuple[Offer, ...]:
    """List what installed packages offer, sound or not, without importing any of it."""
    return tuple(offer for name in sorted(_offers()) for offer in _offers()[name])


@cache
def _offers() -> dict[str, list[Offer]]:
    """Read the entry points of the group, once; a distribution whose metadata cannot be read offers nothing."""
    from importlib.metadata import distributions

    found: dict[str, list[Offer]] = {}
    seen = set()
    for distribution in distributions():
        try:
            points = distribution.entry_points.select(group=GROUP)
            name = distribution.metadata["Name"] if points else None
            package = f"{name or 'a distribution without a name'} {distribution.version}" if points else ""
        except Exception:  # noqa: BLE001, S112  whose metadata are broken is not known, and others are not to suffer
            continue
        if points and name not in seen:  # the first on the path is the one that is imported
            seen.add(name)
            for point in points:
                found.setdefault(point.name, []).append(Offer(point.name, package, point.value))
    return found


@cache
def _loaded(name: str) -> type[Record] | PluginError:
    """Import what is offered as the kind *name*, or say what is wrong with it; tried once in a process."""
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
        except (Exception, SystemExit) as error:  # noqa: BLE001  whatever is wrong with it, name whose it is
            cause = error
            wrong = f"cannot be loaded ({type(error).__name__}: {error}): mend the package, or uninstall it"
    if not wrong and not (wrong := _fault(found, name)):
        return cast("type[Record]", found)
    for kind in set(KINDS) - before:
        if kind == name or KINDS[kind].__module__ not in modules:  # the module failed after it had registered them
            del KINDS[kind]
    failure = PluginError(first.package, f"[{GROUP}] {name} = {first.value!r}", wrong)
    failure.__cause__ = cause
    return failure


def _fault(found: object, name: str) -> str:
    """Say what keeps *found* from being the kind *name*; nothing, where it is."""
    if not isinstance(found, type) or not issubclass(found, Record) or "kind_info" not in vars(found):
        return "is not a kind of record: name a subclass of Record that @record decorates"
    if found.kind_info.name != name:
        return f"is the kind {found.kind_info.name!r}: give the entry point that name, or the kind the name {name!r}"
    return ""
