"""Search statements, built for each query; each condition is a range of an index.

They return a page, in the order of ids: of the ids greater than `after`, as many as `page`.
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
"""Greater than any letter of a word, so that every word with a prefix is less than the prefix and this."""
AFTER: BindParameter[UUID] = bindparam("after")
PAGE: BindParameter[int] = bindparam("page")


def find_statement(tables: Tables, query: Query) -> Executable | None:
    """Return the statement for the partnerships that fit, with the partners' names; None: nothing can fit.

    The name is a subquery for each row. With a join, MariaDB might read all partners first.
    """
    if not _is_storable(query):
        return None
    found = select(tables.partnership, _partner_name(tables)).where(*_conditions(tables, query, AFTER))
    return found.order_by(tables.partnership.c.id).limit(PAGE)


def _partner_name(tables: Tables) -> Label[str]:
    partner, partnership = tables.partner.c, tables.partnership.c
    name = select(partner.name).where(partner.tenant == partnership.tenant, partner.id == partnership.partner_id)
    return name.correlate(tables.partnership).scalar_subquery().label("name")


def count_statement(tables: Tables, query: Query) -> Executable | None:
    """Return the statement for how many fit, by state; None: nothing can fit."""
    if not _is_storable(query):
        return None
    state = tables.partnership.c.state
    return select(state, func.count().label("how_many")).where(*_conditions(tables, query, None)).group_by(state)


def as_of_statement(tables: Tables, query: Query) -> Executable | None:
    """Return the statement for the partnerships that may fit as of a moment, with how they entered their states.

    A partnership without any later transition is still as it was; for the others, see `last_transitions`.
    """
    if not _is_storable(query):
        return None
    t, partnership = tables, tables.partnership.c
    there, entered = t.transition.alias("there"), t.transition.alias("entered")
    of_there = (there.c.tenant == partnership.tenant) & (there.c.partnership_id == partnership.id)
    of_entered = (entered.c.tenant == partnership.tenant) & (entered.c.partnership_id == partnership.id)
    version = select(there.c.entered).where(of_there, there.c.version == partnership.version)

    def of_entry(column: ColumnElement[Any]) -> Label[Any]:
        step = select(column).where(of_entered, entered.c.version == version.correlate(t.partnership).scalar_subquery())
        return step.correlate(t.partnership).scalar_subquery().label(column.name)

    now = ("id", "partner_id", "succeeds", "state", "version", "recorded_at")
    columns = [partnership[name] for name in now]
    found = select(*columns, of_entry(entered.c.at), of_entry(entered.c.since), _partner_name(t)).where(
        mine(t.partnership), partnership.id > AFTER
    )
    if query.states is not None:
        stand = partnership.state.in_([str(state) for state in query.states])
        found = found.where(or_(stand, partnership.recorded_at > query.as_of))
    if query.partner_id is not None:
        found = found.where(partnership.partner_id == query.partner_id)
    return found.order_by(partnership.id).limit(PAGE)


def last_transitions(tables: Tables, moment: datetime, partnership_ids: Iterable[UUID]) -> Executable:
    """Return the statement for the last transition of each partnership up to a moment, and how it entered its state.

    It is a UNION of one query for each, so that every database goes straight to the transition. In a single query,
    MariaDB would read every transition since then.
    """
    then, entered = tables.transition.alias("as_then"), tables.transition.alias("entered")
    of_entered = (entered.c.tenant == then.c.tenant) & (entered.c.partnership_id == then.c.partnership_id)
    id_, state = then.c.partnership_id.label("id"), then.c.target.label("state")
    last = (
        select(id_, state, then.c.version, entered.c.at, entered.c.since)
        .join(entered, of_entered & (entered.c.version == then.c.entered))
        .order_by(then.c.recorded_at.desc(), then.c.version.desc())
        .limit(1)
    )
    each = (mine(then), then.c.recorded_at <= moment)
    return union_all(*(select(last.where(then.c.partnership_id == one, *each).subquery()) for one in partnership_ids))


def _conditions(t: Tables, query: Query, after: BindParameter[UUID] | None) -> Iterator[ColumnElement[bool]]:
    partnership, known = t.partnership.c, t.outside_id.c
    yield mine(t.partnership)
    if query.states is not None:
        yield partnership.state.in_([str(state) for state in query.states])
    if query.partner_id is not None:
        yield partnership.partner_id == query.partner_id
    for system, value in (query.ids or {}).items():
        named = select(known.partner_id).where(mine(t.outside_id), known.system == system, known.value == value)
        yield partnership.partner_id == named.scalar_subquery()
    # not both here and in the subqueries: SQLite would read all ids after `after` and look each of them up
    elsewhere = list(_elsewhere(t, query, after))
    yield from (partnership.id.in_(ids) for ids in elsewhere)
    if not elsewhere:
        yield from _beyond(after, partnership.id)


def _elsewhere(t: Tables, query: Query, after: BindParameter[UUID] | None) -> Iterator[Select[Any]]:
    """Return subqueries for the ids of partnerships that fit, by the other tables."""
    if query.site is not None:
        here = [] if query.site == EVERYWHERE else [t.site.c.site.in_((query.site, EVERYWHERE))]
        whose = t.site.c.partnership_id
        yield select(whose).where(mine(t.site), *here, *_beyond(after, whose))
    if query.kind is not None:
        theirs = t.partnership.alias("theirs")
        of_kind = select(t.partner.c.id).where(mine(t.partner), t.partner.c.kind == query.kind)
        yield select(theirs.c.id).where(mine(theirs), theirs.c.partner_id.in_(of_kind), *_beyond(after, theirs.c.id))
    for field, word in sorted(query.words):
        there = t.word.c
        like = (there.field == field, there.word >= word, there.word < word + LAST_LETTER)
        yield select(there.partnership_id).where(mine(t.word), *like, *_beyond(after, there.partnership_id))
    if query.due_before is not None:
        owed, day = t.obligation.c, query.due_before
        ours = select(owed.partnership_id).where(mine(t.obligation), *_beyond(after, owed.partnership_id))
        # a condition with OR would be a range of neither index
        due = union_all(ours.where(owed.due_on < day, owed.holds), ours.where(owed.missed_on < day)).subquery("due")
        yield select(due.c.partnership_id)


def _beyond(after: BindParameter[UUID] | None, column: ColumnElement[UUID]) -> Iterator[ColumnElement[bool]]:
    if after is not None:
        yield column > after


def _is_storable(query: Query) -> bool:
    """Return whether a database can store the texts of a query; others are in no row, and some raise errors."""
    ids = query.ids or {}
    texts = (*(query.states or ()), query.site, query.kind, *ids, *ids.values(), *(word for _, word in query.words))
    return all(map(_is_text, texts))


def _is_text(value: str | None) -> bool:
    try:
        check_text(str(value), "text")
    except InvalidRequest:
        return False
    return True
