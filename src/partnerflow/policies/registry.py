"""Packs by name: shipped ones, those that other packages offer by an entry point, and TOML files.

Nothing is imported before it is requested by name, so a broken package is an error only for its own packs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .card import Policy
    from .pack import Pack

GROUP = "partnerflow.packs"
"""The entry point group in which another package offers a Pack."""


def load_pack(name: str, *, policies: Iterable[Policy] = ()) -> Pack:
    """Return the pack of a name, shipped or offered by another package, or of the path of a TOML file.

    *policies* are a host's own, which the file may name beside the shipped ones. A file may extend another pack by its
    name, or another file by its path relative to it. Raises PackError, which lists every fault with its place and
    remedy; NotFound for a name that no package offers.
    """
    from .shipped import POLICIES

    return _load(name, (*POLICIES, *policies), ())


def _load(name: str, known: tuple[Policy, ...], extended_by: tuple[str, ...]) -> Pack:
    """Load a pack; *extended_by* names the packs that extend it, the first one first."""
    from pathlib import Path

    from partnerflow.errors import Fault, NotFound, PackError

    from .shipped import RETIRED
    from .toml import read_pack

    in_file = name.endswith(".toml")
    source = name if in_file else f"pack {name}"

    def extended(base: str) -> Pack:
        path = str(Path(name).parent / base) if in_file and base.endswith(".toml") else base
        chain = (*extended_by, name)
        if path in chain:
            circle = " -> ".join((*chain, path))
            raise PackError(source, Fault("pack.extends", f"goes round in a circle: {circle}; end it in one of them"))
        try:
            return _load(path, known, chain)
        except NotFound as error:
            raise PackError(source, Fault("pack.extends", f"{base!r} is no pack: {error}")) from None

    if in_file:
        try:
            text = Path(name).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise PackError(source, Fault("file", f"cannot be read: {error}")) from None
        return read_pack(text, source, known, retired=RETIRED, extended=extended)
    if name in shipped_packs():
        text = (Path(__file__).parent / "packs" / f"{name}.toml").read_text(encoding="utf-8")
        return read_pack(text, source, known, retired=RETIRED, extended=extended)
    if name.replace("-", "_").isidentifier():
        return _offered(name)
    raise NotFound("pack", name)


def shipped_packs() -> tuple[str, ...]:
    """Return the names of the shipped packs."""
    from pathlib import Path

    return tuple(sorted(file.stem for file in (Path(__file__).parent / "packs").glob("*.toml")))


def offered_packs() -> tuple[tuple[str, str], ...]:
    """Return the packs that other packages offer, each with its package; none of them is imported."""
    from importlib.metadata import entry_points

    found = entry_points(group=GROUP)
    return tuple(sorted((point.name, point.dist.name if point.dist else "unnamed") for point in found))


def _offered(name: str) -> Pack:
    from importlib.metadata import entry_points

    from partnerflow.errors import Fault, NotFound, PackError

    from .pack import Pack

    points = tuple(entry_points(group=GROUP, name=name))
    packages = sorted(point.dist.name if point.dist else "an unnamed distribution" for point in points)
    if len(points) > 1:
        raise PackError(f"pack {name}", Fault(GROUP, f"is offered by {' and '.join(packages)}: remove one of them"))
    for point, package in zip(points, packages, strict=True):
        try:
            pack = point.load()
        except (Exception, SystemExit) as error:  # any failure is the package's, so name the package
            raise PackError(f"pack {name} of {package}", Fault(point.value, f"cannot be loaded: {error}")) from error
        if not isinstance(pack, Pack):
            raise PackError(f"pack {name} of {package}", Fault(point.value, f"is a {type(pack).__name__}, not a Pack"))
        return pack
    known = [*shipped_packs(), *(offered for offered, _ in offered_packs())]
    raise NotFound("pack", f"{name} (there are: {', '.join(known)})")
