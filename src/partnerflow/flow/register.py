"""Putting an organisation on file that has no partnership."""

from __future__ import annotations

from uuid import UUID

from partnerflow.errors import InvalidRequest
from partnerflow.ports import ChangeSet
from partnerflow.records import Partner

from .arguments import read_times
from .context import Context
from .evaluate import refuse_unless_may_file_on_new
from .file_index import FileEnd
from .request import Request
from .writing import new_entries


def register(context: Context, partner: Partner, request: Request) -> UUID:
    """Put an organisation on file and return its id, or that of the partner that has one of its outside ids."""
    record, text = context.read_back(partner)
    if not isinstance(record, Partner):
        raise InvalidRequest("partner", record.kind_info.name, "must be a Partner")
    with context.transaction() as tx:
        times = read_times(context, request.at)
        refuse_unless_may_file_on_new(context, record, (record,), by=request.by, at=times.at)
        ids = sorted(record.ids.items())
        known = tx.partners_known_as(ids, lock=True)
        if known:
            return next(known[pair] for pair in ids if pair in known)
        partner_id = context.new_id()
        end = FileEnd(partner_id, ())
        entries = new_entries(context, [(record, text)], end, by=request.by, times=times, word_of=request.word_of)
        tx.write(ChangeSet(partner=(partner_id, record), entries=entries))
        return partner_id
