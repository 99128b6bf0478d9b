"""Finding the one partnership, or entry, that somebody means by a few letters."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from partnerflow.ports import Query

from .errors import CannotDo

if TYPE_CHECKING:
    from partnerflow import Dossier, Partnerflow, Partnership

_SHORTEST_TAIL = 4
_SHOWN = 10


class Named(NamedTuple):
    """A partnership and the name of its partner."""

    partnership: Partnership
    name: str


def short(identity: object, length: int = 8) -> str:
    """Return the tail of an id, by which it can be named again."""
    return str(identity)[-length:]


def find_one(flow: Partnerflow, text: str) -> Named:
    """Find the partnership meant by its id, the tail of it, an id elsewhere, or the name or a part of it.

    An id elsewhere is written `edfi:19255901`; a whole name goes before a part. Raises CannotDo, listing what may have
    been meant, unless exactly one fits.
    """
    wanted = text.strip()
    system, colon, value = wanted.partition(":")
    if colon and (known := _all(flow, ids={system: value})):
        return _only(known, text)
    if not wanted:
        raise CannotDo("the ID is empty")
    fitting = [one for one in _all(flow) if _is_tail(wanted, one.partnership.id) or _in(wanted, one.name)]
    whole = [one for one in fitting if wanted.casefold() in (one.name.casefold(), str(one.partnership.id))]
    if not fitting:
        raise CannotDo(_unknown(flow, text))
    return _only(whole if len(whole) == 1 else fitting, text)


def find_entry(dossier: Dossier, text: str) -> UUID:
    """Find the entry on file meant by its id or the tail of it. Raises CannotDo unless exactly one fits."""
    fitting = [entry for entry in dossier.entries if entry.id is not None and _is_tail(text.strip(), entry.id)]
    if len(fitting) == 1 and fitting[0].id is not None:
        return fitting[0].id
    listed = fitting or dossier.entries
    raise CannotDo(
        _listing(
            f"{len(fitting) or 'no'} entries on this file end with {text!r}",
            [f"{entry.id}  {entry.kind}" for entry in listed],
        )
    )


def _all(flow: Partnerflow, ids: dict[str, str] | None = None) -> list[Named]:
    return [Named(*found) for found in flow.store.find(Query(ids=ids))]


def _is_tail(text: str, identity: UUID) -> bool:
    digits = text.replace("-", "").lower()
    return len(digits) >= _SHORTEST_TAIL and identity.hex.endswith(digits)


def _in(text: str, name: str) -> bool:
    return text.casefold() in name.casefold()


def _only(fitting: Sequence[Named], text: str) -> Named:
    if len(fitting) == 1:
        return fitting[0]
    raise CannotDo(
        _listing(f"{text!r} fits {len(fitting)} partnerships; say more of the one you mean", _lines(fitting))
    )


def _unknown(flow: Partnerflow, text: str) -> str:
    everything = _all(flow)
    near = set(get_close_matches(text.casefold(), {one.name.casefold() for one in everything}, n=3, cutoff=0.4))
    meant = [one for one in everything if one.name.casefold() in near]
    if not everything:
        return f"no partnership fits {text!r}: there is none yet. Begin one: partnerflow propose NAME"
    return _listing(f"no partnership fits {text!r}; there are", _lines(meant or everything))


def _lines(found: Sequence[Named]) -> list[str]:
    return [f"{short(one.partnership.id, 12)}  {one.name} ({one.partnership.state})" for one in found]


def _listing(head: str, lines: Sequence[str]) -> str:
    more = [f"and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    return "\n  ".join([f"{head}:", *lines[:_SHOWN], *more])
