"""The routes. Every route that changes something is one transaction, and commits before it answers."""

from datetime import date
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Header, HTTPException
from pydantic import BaseModel
from sqlalchemy import delete, select

from partnerflow import NO_END, Actor, Decision, Partner, Partnerflow, Refused, State
from partnerflow.records import Contact, Need, Profile, Scope, Service

from .database import InTransaction, Transaction
from .models import Booking, Notice, Programme, School
from .people import Me, signed_in

routes = APIRouter(dependencies=[Depends(signed_in)])
Row = TypeVar("Row")
Key = Annotated[str | None, Header(alias="Idempotency-Key")]


class Offer(BaseModel):
    """An offer to a school."""

    title: str
    partner: str
    kind: str


class Registration(BaseModel):
    """Our registration form."""

    contact: str
    email: str
    since: date
    summary: str
    area: str
    need: str
    why: str


class Step(BaseModel):
    """The form of a button: the reason, the version that was shown, and a room to book."""

    reason: str | None = None
    version: int | None = None
    room: str | None = None


@routes.post("/schools/{school_id}/programmes", status_code=201)
async def propose(school_id: str, offer: Offer, transaction: InTransaction, me: Me, key: Key = None) -> dict[str, Any]:
    """Record an offer: a programme of ours, and a partnership in intake."""
    school = await found(transaction, School, school_id)
    partner = Partner(name=offer.partner, kind=offer.kind, classification="partner")
    begun = await transaction.within(lambda flow: flow.propose(partner, by=me, idempotency_key=key))
    ours = select(Programme).where(Programme.partnership_id == begun.id)
    programme = await transaction.session.scalar(ours)
    if programme is None:  # otherwise the key was used before, and our row exists as well
        programme = Programme(school_id=school.id, title=offer.title, partnership_id=begun.id)
        transaction.session.add(programme)
    await transaction.session.commit()
    return await shown(transaction, programme, me)


@routes.get("/programmes/{programme_id}")
async def show(programme_id: int, transaction: InTransaction, me: Me) -> dict[str, Any]:
    """Show a programme with its buttons."""
    return await shown(transaction, await found(transaction, Programme, programme_id), me)


@routes.post("/programmes/{programme_id}/registration")
async def register(
    programme_id: int, form: Registration, transaction: InTransaction, me: Me, key: Key = None
) -> dict[str, Any]:
    """File the registration form: one form of ours, five records."""
    programme = await found(transaction, Programme, programme_id)
    here = {programme.school_id}
    records = [
        Profile(partnership_kind="short_term_collaboration", owning_office="Community Partnerships"),
        Contact(name=form.contact, email=form.email, starts_on=form.since, ends_on=NO_END),
        Scope(level="school", sites=here),
        Service(service=programme.title, summary=form.summary, content_areas={form.area}, sites=here),
        Need(need=form.need, purposes={"fill_gap"}, why_this_partner=form.why, site=programme.school_id),
    ]
    await transaction.within(lambda flow: flow.file(programme.partnership_id, *records, by=me, idempotency_key=key))
    await transaction.session.commit()
    return await shown(transaction, programme, me)


@routes.post("/programmes/{programme_id}/steps/{trigger}")
async def take_step(
    programme_id: int, trigger: str, asked: Step, transaction: InTransaction, me: Me, key: Key = None
) -> dict[str, Any]:
    """Take the step of a button, and book or free a room in the same transaction."""
    session = transaction.session
    programme = await found(transaction, Programme, programme_id)
    try:
        step = await transaction.within(
            lambda flow: flow.fire(
                programme.partnership_id,
                trigger,
                by=me,
                reason=asked.reason,
                expected_version=asked.version,
                idempotency_key=key,
            )
        )
    except Refused:
        await session.commit()  # we have written nothing yet, and the attempt is worth keeping
        raise
    if step.target == State.TERMINATED:
        await session.execute(delete(Booking).where(Booking.programme_id == programme.id))
    elif asked.room and await session.get(Booking, step.id) is None:
        # under the id of the step, so that a second click finds it there
        session.add(Booking(step_id=step.id, programme_id=programme.id, room=asked.room))
    await session.commit()
    return {"step": step.id, **await shown(transaction, programme, me)}


@routes.get("/notices")
async def notices(transaction: InTransaction) -> list[str]:
    """Return the notices on the board, oldest first."""
    return list(await transaction.session.scalars(select(Notice.text).order_by(Notice.event_id)))


async def found(transaction: Transaction, of: type[Row], by: object) -> Row:
    """Return a row of ours, or answer 404."""
    row = await transaction.session.get(of, by)
    if row is None:
        raise HTTPException(404)
    return row


async def shown(transaction: Transaction, programme: Programme, me: Actor) -> dict[str, Any]:
    """Return a programme as it is shown; the form of a button sends `version` back."""

    def look(flow: Partnerflow) -> dict[str, Any]:
        partnership = flow.dossier(programme.partnership_id).partnership
        buttons = [button(decision) for decision in flow.options(partnership.id, by=me).values()]
        return {"state": partnership.state, "version": partnership.version, "buttons": buttons}

    school = await found(transaction, School, programme.school_id)
    rooms = select(Booking.room).where(Booking.programme_id == programme.id).order_by(Booking.room)
    return {
        "id": programme.id,
        "title": programme.title,
        "school": school.name,
        "rooms": list(await transaction.session.scalars(rooms)),
        **await transaction.within(look),
    }


def button(decision: Decision) -> dict[str, Any]:
    """Return a button: its trigger, the fields of its form, and why it is disabled."""
    return {
        "trigger": decision.trigger,
        "asks_for": list(decision.needs),
        "why_not": None if decision.allowed else decision.explain(),
    }
