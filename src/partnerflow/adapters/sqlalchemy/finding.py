"""Looking for partnerships: the statements are put together as they are asked, each condition the range of an index.

What is found is read in pages, in the order of ids: a statement gives, of the ids beyond `after`, as many as `page`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, Executable, Label, Select, bindparam, func, or_, select, union_all

from partnerflow.canonical import check_text
from partnerflow.errors import InvalidRequest
from partnerflow.ports import Query
from partnerflow.records import EVERYWHERE

from .statements import mine
from .tables import Tables

LAST_LETTER = "\U0010ffff"
"""What no word goes on with, so that all that begin with some letters lie before it."""
AFTER: BindParameter[UUID] = bindparam("after")
PAGE: BindParameter[int] = bindparam("page")


def finding(tables: Tables, wanted: Query) -> Executable | None:
    """Return the rows of partnerships that fit, with the partners' names; None: nothing can.

    The name is looked up for each that was found. Were the partners joined, MariaDB might read all of them first.
    """
    if not _can_be_kept(wanted):
        return None
    found = select(tables.partnership, _partner_name(tables)).where(*_conditions(tables, wanted, AFTER))
    return found.order_by(tables.partnership.c.id).limit(PAGE)


def _partner_name(tables: Tables) -> Label[str]:
    partner, partnership = tables.partner.c, tables.partnership.c
    name = select(partner.name).where(partner.tenant == partnership.tenant, partner.id == partnership.partner_id)
    return name.correlate(tables.partnership).scalar_subquery().label("name")


def counting(tables: Tables, wanted: Query) -> Executable | None:
    """Return how many fit, by state; None: nothing can."""
    if not _can_be_kept(wanted):
        return None
    state = tables.partnership.c.state
    return select(state, func.count().label("how_many")).where(*_conditions(tables, wanted, None)).group_by(state)


def standing_then(tables: Tables, query: Query) -> Executable | None:
    """Return the rows of partnerships that may have stood so at a past moment, with how they entered their states.

    Those that nothing has been recorded of since then stand as they stood; of the others, ask `last_steps`.
    """
    if not _can_be_kept(query):
        return None
    t, partnership = tables, tables.partnership.c
    there, entered = t.transition.alias("there"), t.transition.alias("entered")
    of_there = (there.c.tenant == partnership.tenant) & (there.c.partnership_id == partnership.id)
    of_entered = (entered.c.tenant == partnership.tenant) & (entered.c.partnership_id == partnership.id)
    version = select(there.c.entered).where(of_there, there.c.version == partnership.version)

    def said(column: ColumnElement[Any]) -> Label[Any]:
        step = select(column).where(of_entered, entered.c.version == version.correlate(t.partnership).scalar_subquery())
        return step.correlate(t.partnership).scalar_subquery().label(column.name)

    found = select(
        partnership.id, partnership.partner_id, partnership.succeeds, partnership.state, partnership.version,
        partnership.recorded_at, said(entered.c.at), said(entered.c.since), _partner_name(t),
    ).where(mine(t.partnership), partnership.id > AFTER)  # fmt: skip
    if query.states is not None:
        stand = partnership.state.in_([str(state) for state in query.states])
        found = found.where(or_(stand, partnership.recorded_at > query.as_of))
    if query.partner_id is not None:
        found = found.where(partnership.partner_id == query.partner_id)
    return found.order_by(partnership.id).limit(PAGE)


def last_steps(tables: Tables, moment: datetime, partnership_ids: Iterable[UUID]) -> Executable:
    """Return the last step of each of some partnerships up to and with a moment, and how it entered its state.

    Each is a statement of its own, so that every database goes straight to the step. For all of them in one, MariaDB
    would read every step since then.
    """
    then, entered = tables.transition.alias("as_then"), tables.transition.alias("entered")
    of_entered = (entered.c.tenant == then.c.tenant) & (entered.c.partnership_id == then.c.partnership_id)
    last = (
        select(
            then.c.partnership_id.label("id"), then.c.target.label("state"), then.c.version, entered.c.at,
            entered.c.since,
        )
        .join(entered, of_entered & (entered.c.version == then.c.entered))
        .order_by(then.c.recorded_at.desc(), then.c.version.desc())
        .limit(1)
    )  # fmt: skip
    each = (mine(then), then.c.recorded_at <= moment)
    return union_all(*(select(last.where(then.c.partnership_id == one, *each).subquery()) for one in partnership_ids))


def _conditions(t: Tables, wanted: Query, after: BindParameter[UUID] | None) -> Iterator[ColumnElement[bool]]:
    partnership, known = t.partnership.c, t.outside_id.c
    yield mine(t.partnership)
    if wanted.states is not None:
        yield partnership.state.in_([str(state) for state in wanted.states])
    if wanted.partner_id is not None:
        yield partnership.partner_id == wanted.partner_id
    for system, value in (wanted.ids or {}).items():
        named = select(known.partner_id).where(mine(t.outside_id), known.system == system, known.value == value)
        yield partnership.partner_id == named.scalar_subquery()
    # ids from elsewhere are beyond `after` there: were it said here, SQLite would read all that follow and look each up
    elsewhere = list(_elsewhere(t, wanted, after))
    yield from (partnership.id.in_(ids) for ids in elsewhere)
    if not elsewhere:
        yield from _beyond(after, partnership.id)


def _elsewhere(t: Tables, wanted: Query, after: BindParameter[UUID] | None) -> Iterator[Select[Any]]:
    """Return the ids of partnerships that fit what other tables say."""
    if wanted.site is not None:
        here = [] if wanted.site == EVERYWHERE else [t.site.c.site.in_((wanted.site, EVERYWHERE))]
        whose = t.site.c.partnership_id
        yield select(whose).where(mine(t.site), *here, *_beyond(after, whose))
    if wanted.kind is not None:
        theirs = t.partnership.alias("theirs")
        of_kind = select(t.partner.c.id).where(mine(t.partner), t.partner.c.kind == wanted.kind)
        yield select(theirs.c.id).where(mine(theirs), theirs.c.partner_id.in_(of_kind), *_beyond(after, theirs.c.id))
    for field, word in sorted(wanted.words):
        there = t.word.c
        like = (there.field == field, there.word >= word, there.word < word + LAST_LETTER)
        yield select(there.partnership_id).where(mine(t.word), *like, *_beyond(after, there.partnership_id))
    if wanted.due_before is not None:
        owed, day = t.obligation.c, wanted.due_before
        ours = select(owed.partnership_id).where(mine(t.obligation), *_beyond(after, owed.partnership_id))
        # a condition with an "or" would be no range of either index
        due = union_all(ours.where(owed.due_on < day, owed.holds), ours.where(owed.missed_on < day)).subquery("due")
        yield select(due.c.partnership_id)


def _beyond(after: BindParameter[UUID] | None, column: ColumnElement[UUID]) -> Iterator[ColumnElement[bool]]:
    if after is not None:
        yield column > after


def _can_be_kept(wanted: Query) -> bool:
    """Tell whether a database can keep what is said; what none can keep is found in none, and some would complain."""
    ids = wanted.ids or {}
    said = (*(wanted.states or ()), wanted.site, wanted.kind, *ids, *ids.values(), *(word for _, word in wanted.words))
    return all(map(_is_text, said))


def _is_text(said: str | None) -> bool:
    try:
        check_text(str(said), "text")
    except InvalidRequest:
        return False
    return True
