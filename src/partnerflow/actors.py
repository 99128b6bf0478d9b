"""Who acts: always passed as an argument, never looked up."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Literal
from uuid import UUID

import attrs

from partnerflow.clauses import answers

ActorSide = Literal["district", "school", "partner", "system"]


def _names(value: Iterable[str]) -> frozenset[str]:
    """Return a collection of names as a set. Raises TypeError for a single string, which would become its letters."""
    if isinstance(value, str):
        raise TypeError(f"a set of names is wanted, not the text {value!r}")
    return frozenset(value)


def normal_id(text: str) -> str:
    """Return an id in the one form in which ids of people are compared.

    NFKC, case folded, without blanks around it and without characters that nobody sees: two ways to write one id are
    never two people.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return "".join(sign for sign in folded if unicodedata.category(sign) != "Cf").strip()


@answers("TK-10", "SPPS-V.5c")
@attrs.frozen
class Actor:
    """A person or system that acts, for which side, and in which roles (SPPS-V.5c, TK-10).

    `id` is the host's own id of the user and is never interpreted; it must not be a student's. `sites` limits where the
    roles apply (None: wherever the pack lets them); `partner_id` is the partner for whom an actor on the partner's side
    acts.
    """

    id: str = attrs.field(
        validator=attrs.validators.and_(attrs.validators.instance_of(str), attrs.validators.min_len(1))
    )
    side: ActorSide = attrs.field(
        default="district", validator=attrs.validators.in_(("district", "school", "partner", "system"))
    )
    roles: frozenset[str] = attrs.field(default=frozenset(), converter=_names)
    sites: frozenset[str] | None = attrs.field(default=None, converter=attrs.converters.optional(_names))
    partner_id: UUID | None = None

    @property
    def person(self) -> str:
        """The id as it is compared with those of others: by four eyes, never as it was typed."""
        return normal_id(self.id)
