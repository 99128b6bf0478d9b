"""The dossier of the example: a partner that passes every policy of the default pack.

Change what matters to your test and keep the rest: `example_dossier(without={"insurance"})`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import attrs

from partnerflow.dossier import Dossier, RecordIndex
from partnerflow.lifecycle import Move, State
from partnerflow.partnership import Partnership
from partnerflow.records import Approval, Entry, Partner, Record

from .evidence import for_transition, of_state, standing
from .moves import BOARD, MOVES, OFFICE

_FILED_AT = datetime(2026, 9, 2, 8, tzinfo=UTC)
_FILED_IN_STATE_AT = datetime(2026, 9, 7, 8, tzinfo=UTC)
_FILED_FOR_STEP_AT = datetime(2026, 9, 14, 8, tzinfo=UTC)


def _id(number: int) -> UUID:
    """Return a UUIDv7 that is the same in every run."""
    return UUID(int=0x0198F000_0000_7000_8000_000000000000 + number)


_PARTNER_ID, _PARTNERSHIP_ID = _id(1), _id(2)
_FIRST_ENTRY = 0x100

_PARTNER = Partner(
    name="Riverbend Youth Center",
    kind="community_organization",
    classification="partner",
    summary="Tutoring and mentoring by the river since 1998",
    licences_required=("School Age Program",),
    has_employees=False,
)


def example_records(state: str = State.ACTIVE, *, trigger: str | None = None) -> tuple[Record, ...]:
    """Return the records of the example: those that its *state* asks for, and those that *trigger* asks for next."""
    return (*standing(), *of_state(state), *for_transition(trigger))


def example_dossier(
    state: str = State.ACTIVE,
    *,
    trigger: str | None = None,
    records: Iterable[Record] = (),
    without: Collection[str] = (),
    **changes: Any,
) -> Dossier:
    """Return the dossier of Riverbend Youth Center, complete and in order on EXAMPLE_DAY, in any of the six states.

    With a *trigger*, the evidence for that transition is on file too, including a second person's approval. Request it
    by OFFICE, or by BOARD where nobody may approve what they proposed themselves. Records of the kinds in *without* are
    left out, *records* are filed last, and *changes* set fields of the dossier (`partner`, `partnership`, `moves`,
    `neighbours`).
    """
    moves = MOVES[state]
    complete = [
        *((record, _FILED_AT) for record in standing()),
        *((record, _FILED_IN_STATE_AT) for record in of_state(state)),
        *((record, _FILED_FOR_STEP_AT) for record in for_transition(trigger)),
    ]
    kept = [(record, at) for record, at in complete if record.kind_info.name not in without]
    kept += ((record, _FILED_FOR_STEP_AT) for record in records)
    last = moves[-1]
    dossier = Dossier(
        partner=_PARTNER,
        partnership=Partnership(
            state=last.target,
            id=_PARTNERSHIP_ID,
            partner_id=_PARTNER_ID,
            since=last.at.date() if last.at else None,
            version=len(moves),
        ),
        on_file=RecordIndex(_entry(place, record, at, moves) for place, (record, at) in enumerate(kept)),
        moves=moves,
        neighbours=(),
    )
    return attrs.evolve(dossier, **changes)


def _entry(place: int, record: Record, at: datetime, moves: tuple[Move, ...]) -> Entry:
    about_partner = record.kind_info.about == "partner"
    made = sum(move.at is not None and move.at < at for move in moves)
    at += timedelta(minutes=place)
    return Entry(
        record=record,
        id=_id(_FIRST_ENTRY + place),
        filed_at=at,
        recorded_at=at,
        filed_by=BOARD if isinstance(record, Approval) else OFFICE,
        version=None if about_partner else made,
        file_id=_PARTNER_ID if about_partner else _PARTNERSHIP_ID,
    )
