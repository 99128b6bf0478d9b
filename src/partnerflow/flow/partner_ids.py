"""Ids that other systems give to partners: no two partners may have the same one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias
from uuid import UUID

from partnerflow.errors import InvalidRequest
from partnerflow.ports import ChangeSet, Transaction
from partnerflow.records import Partner, Record

FindPartner: TypeAlias = Callable[[str, str], UUID | None]
"""Returns the partner that has this id in that system, if there is one."""


def find_partner_in(tx: Transaction) -> FindPartner:
    """Return a look-up in a store; another request that looks up the same id waits until this transaction ends."""

    def find(system: str, value: str) -> UUID | None:
        return tx.partners_known_as([(system, value)], lock=True).get((system, value))

    return find


def refuse_ids_of_another(find_partner: FindPartner, record: Record, partner_id: UUID) -> None:
    """Raise InvalidRequest where a Partner record has an id that is another partner's."""
    for system, value, known in _known(find_partner, record):
        if known != partner_id:
            raise InvalidRequest("partner.ids", f"{system}:{value}", f"is another partner's, {known}")


def refuse_known_ids(find_partner: FindPartner, record: Record) -> None:
    """Raise InvalidRequest where a new partner has an id by which a partner is known already."""
    for system, value, known in _known(find_partner, record):
        raise InvalidRequest("partner.ids", f"{system}:{value}", f"is partner {known}: name that partner by its id")


def _known(find_partner: FindPartner, record: Record) -> Iterable[tuple[str, str, UUID]]:
    if isinstance(record, Partner):
        for system, value in sorted(record.ids.items()):
            known = find_partner(system, value)
            if known is not None:
                yield system, value, known


class PartnerIds:
    """Which partner has which id, for one batch: looked up once, and kept up to date as its items are evaluated."""

    def __init__(self, tx: Transaction, records: Iterable[object]) -> None:
        ids = {pair for record in records if isinstance(record, Partner) for pair in record.ids.items()}
        self._partners = dict(tx.partners_known_as(sorted(ids))) if ids else {}

    def find(self, system: str, value: str) -> UUID | None:
        """Return the partner that has this id, if there is one."""
        return self._partners.get((system, value))

    def apply(self, changes: ChangeSet) -> None:
        """Note which ids a partner has after *changes*; it then has no others."""
        if changes.partner is None:
            return
        partner_id, partner = changes.partner
        for pair in [pair for pair, whose in self._partners.items() if whose == partner_id]:
            del self._partners[pair]
        self._partners |= dict.fromkeys(partner.ids.items(), partner_id)
