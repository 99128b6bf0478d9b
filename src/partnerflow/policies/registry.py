"""Packs by name: those that come with us, those that other packages offer, and those in a file.

Nothing is imported before it is asked for by name, and a broken package harms only who asks for it.
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
    """Load a pack by the name it has here or in another package, or by the path of a TOML file.

    *policies* are a host's own, which the file may name besides those that come with us. Raises PackError, which names
    the file, the place and the remedy; NotFound for a name that nobody offers.
    """
    from importlib import resources
    from pathlib import Path

    from partnerflow.errors import NotFound, PackError

    from .shipped import POLICIES
    from .toml import read_pack

    known = (*POLICIES, *policies)
    if name.endswith(".toml"):
        try:
            return read_pack(Path(name).read_text(encoding="utf-8"), name, known)
        except (OSError, UnicodeDecodeError) as error:
            raise PackError(name, "file", f"cannot be read: {error}") from None
    shipped = resources.files("partnerflow.policies") / "packs" / f"{name}.toml"
    if name.isidentifier() or name.replace("-", "_").isidentifier():
        if shipped.is_file():
            return read_pack(shipped.read_text(encoding="utf-8"), f"pack {name}", known)
        return _offered(name)
    raise NotFound("pack", name)


def shipped_packs() -> tuple[str, ...]:
    """Name the packs that come with us."""
    from importlib import resources

    packs = resources.files("partnerflow.policies") / "packs"
    return tuple(sorted(file.name.removesuffix(".toml") for file in packs.iterdir() if file.name.endswith(".toml")))


def _offered(name: str) -> Pack:
    from importlib.metadata import entry_points

    from partnerflow.errors import NotFound, PackError

    from .pack import Pack

    for point in entry_points(group=GROUP, name=name):
        package = point.dist.name if point.dist else "an unnamed distribution"
        try:
            pack = point.load()
        except Exception as error:  # whatever is wrong with it, name whose it is
            raise PackError(f"pack {name} of {package}", point.value, f"cannot be loaded: {error}") from error
        if not isinstance(pack, Pack):
            raise PackError(f"pack {name} of {package}", point.value, f"is a {type(pack).__name__}, not a Pack")
        return pack
    raise NotFound("pack", f"{name} (shipped are: {', '.join(shipped_packs())})")
