"""Find the partnership, or the entry, that a user names by a few letters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING
from uuid import UUID

from .errors import CannotDo

if TYPE_CHECKING:
    from partnerflow import Dossier, Entry, InventoryRow, Partnerflow

_SHORTEST_TAIL = 4
_SHOWN = 10


def short(identity: object, length: int = 8) -> str:
    """Return the tail of an id, which names it in other commands."""
    return str(identity)[-length:]


def find_one(flow: Partnerflow, text: str) -> InventoryRow:
    """Find a partnership by its id, the tail of it, an outside id, or its partner's name or a part of that.

    An outside id is written `edfi:19255901`. A whole name is preferred to a part. Raises CannotDo, with the
    partnerships that may have been meant, unless exactly one matches.
    """
    wanted = text.strip()
    system, colon, value = wanted.partition(":")
    if colon and (known := list(flow.inventory(ids={system: value}, evaluated=False))):
        return _only(known, text)
    if not wanted:
        raise CannotDo("the ID is empty")
    every = list(flow.inventory(evaluated=False))
    matching = [row for row in every if _is_tail(wanted, row.partnership.id) or _in(wanted, row.partner)]
    whole = [row for row in matching if wanted.casefold() in (row.partner.casefold(), str(row.partnership.id))]
    if not matching:
        raise CannotDo(_unknown(every, text))
    return _only(whole if len(whole) == 1 else matching, text)


def find_entry(dossier: Dossier, text: str) -> UUID:
    """Find an entry on file by its id or the tail of it. Raises CannotDo unless exactly one matches."""
    return find_among(dossier.entries, text)


def find_among(entries: Iterable[Entry], text: str) -> UUID:
    """Find one of *entries* by its id or the tail of it. Raises CannotDo unless exactly one matches."""
    by_id = {entry.id: entry for entry in entries if entry.id is not None}
    matching = [entry_id for entry_id in by_id if _is_tail(text.strip(), entry_id)]
    if len(matching) == 1:
        return matching[0]
    listed = [by_id[entry_id] for entry_id in matching] or list(by_id.values())
    raise CannotDo(
        _listing(
            f"{len(matching) or 'no'} entries on this file end with {text!r}",
            [f"{entry.id}  {entry.kind}" for entry in listed],
        )
    )


def _is_tail(text: str, identity: UUID) -> bool:
    digits = text.replace("-", "").lower()
    return len(digits) >= _SHORTEST_TAIL and identity.hex.endswith(digits)


def _in(text: str, name: str) -> bool:
    return text.casefold() in name.casefold()


def _only(matching: Sequence[InventoryRow], text: str) -> InventoryRow:
    if len(matching) == 1:
        return matching[0]
    raise CannotDo(_listing(f"{text!r} fits {len(matching)} partnerships; be more specific", _lines(matching)))


def _unknown(every: Sequence[InventoryRow], text: str) -> str:
    if not every:
        return f"no partnership fits {text!r}: there is none yet. Begin one: partnerflow propose NAME"
    near = set(get_close_matches(text.casefold(), {row.partner.casefold() for row in every}, n=3, cutoff=0.4))
    meant = [row for row in every if row.partner.casefold() in near]
    return _listing(f"no partnership fits {text!r}; there are", _lines(meant or every))


def _lines(rows: Sequence[InventoryRow]) -> list[str]:
    return [f"{short(row.partnership.id, 12)}  {row.partner} ({row.partnership.state})" for row in rows]


def _listing(head: str, lines: Sequence[str]) -> str:
    more = [f"and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    return "\n  ".join([f"{head}:", *lines[:_SHOWN], *more])
