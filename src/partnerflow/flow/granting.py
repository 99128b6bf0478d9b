"""Granting waivers: what could never count is refused when it is filed, and by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from partnerflow.errors import Fault, InvalidRecord
from partnerflow.policies.waivers import why_never
from partnerflow.records import Record, Waiver, WaiverRequest

from .arguments import Times
from .context import Context


def refuse_what_never_counts(context: Context, records: Iterable[Record], times: Times) -> None:
    """Raise InvalidRecord for a waiver that can never apply, and for one without a reason.

    Who may grant it is for the policies that guard the filing.
    """
    for record in records:
        if isinstance(record, (Waiver, WaiverRequest)) and (faults := list(_faults(context, record, times))):
            raise InvalidRecord(record.kind_info.name, faults)


def _faults(context: Context, record: Waiver | WaiverRequest, times: Times) -> Iterator[Fault]:
    if not any(map(str.isalnum, record.reason)):
        yield Fault("/reason", "is required: say why the policy need not be met")
    if isinstance(record, Waiver):
        policy = context.pack[record.policy].policy
        if (never := why_never(record, policy, context.today(times.at))) is not None:
            yield Fault("", str(never))
