"""What a bulk run takes and what it returns: steps, filings, confirmations and adoptions, and a result for each."""

from __future__ import annotations

from datetime import date, datetime
from typing import Generic, Literal, Self, TypeAlias, TypeVar
from uuid import UUID

import attrs

from partnerflow.dossier import Dossier
from partnerflow.errors import InvalidRequest
from partnerflow.records import Document, Partner, Record


def _check_id(_: object, field: attrs.Attribute[UUID], value: object) -> None:
    if not isinstance(value, UUID):
        raise InvalidRequest(field.name, repr(value), "must be a UUID, as uuid.UUID(...) makes one of a text")


def _check_partner_or_id(_: object, field: attrs.Attribute[Partner | UUID], value: object) -> None:
    if not isinstance(value, (Partner, UUID)):
        raise InvalidRequest(field.name, repr(value), "must be a Partner, or the UUID of one that is on file")


@attrs.frozen
class Step:
    """A step to be taken, as `Partnerflow.fire` takes it."""

    partnership_id: UUID = attrs.field(validator=_check_id)
    trigger: str
    reason: str | None = attrs.field(default=None, kw_only=True)
    at: datetime | None = attrs.field(default=None, kw_only=True)
    expected_version: int | None = attrs.field(default=None, kw_only=True)


@attrs.frozen
class Filing:
    """Records to be filed together, as `Partnerflow.file` files them."""

    subject: UUID = attrs.field(validator=_check_id)
    records: tuple[Record, ...] = attrs.field(converter=tuple[Record, ...])
    documents: tuple[Document, ...] = attrs.field(default=(), kw_only=True, converter=tuple[Document, ...])
    word_of: Literal["partner"] | None = attrs.field(default=None, kw_only=True)
    at: datetime | None = attrs.field(default=None, kw_only=True)
    expected_version: int | None = attrs.field(default=None, kw_only=True)


@attrs.frozen
class Confirming:
    """Words of the partner's to be confirmed together, as `Partnerflow.confirm` confirms them."""

    partnership_id: UUID = attrs.field(validator=_check_id)
    entries: tuple[UUID, ...] = attrs.field(converter=tuple[UUID, ...])
    at: datetime | None = attrs.field(default=None, kw_only=True)
    expected_version: int | None = attrs.field(default=None, kw_only=True)

    @classmethod
    def everything(cls, dossier: Dossier) -> Self:
        """Return what confirms every word that waits in *dossier*: what somebody has seen, and nothing filed since."""
        return cls(dossier.partnership.id, [each for word in dossier.waiting if (each := word.entry.id) is not None])


@attrs.frozen
class Adoption:
    """A partnership to be adopted, as `Partnerflow.adopt` adopts it."""

    partner: Partner | UUID = attrs.field(validator=_check_partner_or_id)
    state: str = attrs.field(kw_only=True)
    reason: str = attrs.field(kw_only=True)
    since: date | None = attrs.field(default=None, kw_only=True)
    at: datetime | None = attrs.field(default=None, kw_only=True)


BulkOutcome: TypeAlias = Literal["done", "refused", "conflict", "failed"]
Item = TypeVar("Item", Step, Filing, Confirming, Adoption)


@attrs.frozen(kw_only=True)
class BulkResult(Generic[Item]):
    """What came of one item of a bulk run."""

    item: Item
    outcome: BulkOutcome
    """`refused`: the district's rules say no, see `error.decision`; `conflict`: it is not at the version expected."""
    work: tuple[UUID, ...] = ()
    """The ids of what was made: a transition, entries, or a partnership; the same where the item is sent again."""
    error: Exception | None = None
    """What `fire`, `file`, `confirm` or `adopt` would have raised."""
