"""The views. Every view that changes something is one transaction, and commits at its end."""

from datetime import date
from typing import Any

from flask import Blueprint, abort, current_app, g, request
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from partnerflow import NO_END, Decision, Partner, Partnerflow, PartnerflowError, Refused, State
from partnerflow.records import Contact, Need, Profile, Scope, Service

from .models import Booking, Employee, Notice, Programme, School, db
from .partnerships import actor_of

views = Blueprint("views", __name__)


@views.before_request
def sign_in() -> None:
    """Look up the user. The district's single sign-on in front of this application sets `remote_user`."""
    employee = db.session.get(Employee, request.remote_user or "")
    g.me = actor_of(employee) if employee else abort(401)


def joined() -> Partnerflow:
    """Return the flow bound to the transaction of this request, in its session `db.session()`."""
    flow: Partnerflow = current_app.extensions["partnerflow"]
    return flow.within(db.session())


def key() -> str | None:
    """Return the key that a browser sends with a form, the same one when the button is clicked twice."""
    return request.headers.get("Idempotency-Key")


@views.post("/schools/<school_id>/programmes")
def propose(school_id: str) -> tuple[dict[str, Any], int]:
    """Record an offer to a school: a programme of ours, and a partnership in intake."""
    school = db.get_or_404(School, school_id)
    partner = Partner(name=request.form["partner"], kind=request.form["kind"], classification="partner")
    begun = joined().propose(partner, by=g.me, idempotency_key=key())
    programme = db.session.scalar(select(Programme).where(Programme.partnership_id == begun.id))
    if programme is None:  # otherwise the key was used before, and our row exists as well
        programme = Programme(school=school, title=request.form["title"], partnership_id=begun.id)
        db.session.add(programme)
    db.session.commit()
    return shown(programme), 201


@views.get("/programmes/<int:programme_id>")
def show(programme_id: int) -> dict[str, Any]:
    """Show a programme with its buttons."""
    return shown(db.get_or_404(Programme, programme_id))


@views.post("/programmes/<int:programme_id>/registration")
def register(programme_id: int) -> dict[str, Any]:
    """File the registration form: one form of ours, five records."""
    programme, form = db.get_or_404(Programme, programme_id), request.form
    here = {programme.school_id}
    joined().file(
        programme.partnership_id,
        Profile(partnership_kind="short_term_collaboration", owning_office="Community Partnerships"),
        Contact(name=form["contact"], email=form["email"], starts_on=date.fromisoformat(form["from"]), ends_on=NO_END),
        Scope(level="school", sites=here),
        Service(service=programme.title, summary=form["summary"], content_areas={form["area"]}, sites=here),
        Need(need=form["need"], purposes={"fill_gap"}, why_this_partner=form["why"], site=programme.school_id),
        by=g.me,
        idempotency_key=key(),
    )
    db.session.commit()
    return shown(programme)


@views.post("/programmes/<int:programme_id>/steps/<trigger>")
def take_step(programme_id: int, trigger: str) -> dict[str, Any]:
    """Take the step of a button, and book or free a room in the same transaction."""
    programme = db.get_or_404(Programme, programme_id)
    try:
        step = joined().fire(
            programme.partnership_id,
            trigger,
            by=g.me,
            reason=request.form.get("reason"),
            expected_version=request.form.get("version", type=int),
            idempotency_key=key(),
        )
    except Refused:
        db.session.commit()  # we have written nothing yet, and the attempt is worth keeping
        raise
    if step.target == State.TERMINATED:
        db.session.execute(delete(Booking).where(Booking.programme_id == programme.id))
    elif (room := request.form.get("room")) and db.session.get(Booking, step.id) is None:
        # under the id of the step, so that a second click finds it there
        db.session.add(Booking(step_id=step.id, programme_id=programme.id, room=room))
    db.session.commit()
    return {"step": str(step.id), **shown(programme)}


@views.get("/notices")
def notices() -> list[str]:
    """Return the notices on the board, oldest first."""
    return list(db.session.scalars(select(Notice.text).order_by(Notice.event_id)))


def shown(programme: Programme) -> dict[str, Any]:
    """Return a programme as the browser shows it; the form of a button sends `version` back."""
    now = joined()
    partnership = now.dossier(programme.partnership_id).partnership
    rooms = select(Booking.room).where(Booking.programme_id == programme.id).order_by(Booking.room)
    return {
        "id": programme.id,
        "title": programme.title,
        "school": programme.school.name,
        "state": partnership.state,
        "version": partnership.version,
        "rooms": list(db.session.scalars(rooms)),
        "buttons": [button(decision) for decision in now.options(partnership.id, by=g.me).values()],
    }


def button(decision: Decision) -> dict[str, Any]:
    """Return a button: its trigger, the fields of its form, and why it is disabled."""
    return {
        "trigger": decision.trigger,
        "asks_for": list(decision.needs),
        "why_not": None if decision.allowed else decision.explain(),
    }


def no(error: PartnerflowError) -> tuple[dict[str, Any], int]:
    """Return the error of partnerflow with its reasons. An error 500 is not the user's: log it, do not show it."""
    db.session.rollback()
    if error.http_status == 500:
        raise error
    answer: dict[str, Any] = {"error": type(error).__name__, "message": str(error)}
    if isinstance(error, Refused):
        answer |= {"findings": list(error.decision.codes), "lacks": list(error.lacks), "why": error.decision.explain()}
    return answer, error.http_status


def taken(_: IntegrityError) -> tuple[dict[str, Any], int]:
    """Return that the room is taken. The step is rolled back too: it is in the same transaction."""
    db.session.rollback()
    return {"error": "taken", "message": "somebody has that already"}, 409
