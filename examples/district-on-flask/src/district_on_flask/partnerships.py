"""Connects partnerflow with our system: the engine, the flow, and a receiver of its events."""

from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.orm import Session

from partnerflow import Actor, Partnerflow
from partnerflow.adapters.sqlalchemy import SQLAlchemyStore
from partnerflow.events import Event

from .models import Employee, Notice


def flow_on(engine: Engine) -> Partnerflow:
    """Create the flow: one for the whole application, kept as long as it runs."""
    if engine.dialect.name == "sqlite":
        have_it_begin(engine)
    flow = Partnerflow(store=SQLAlchemyStore(engine, tenant="riverside"), tz="America/Chicago")

    def put_up(sender: str, event: Event) -> None:
        """Put a line on the board, in a transaction of its own, because that of the event is committed already."""
        with Session(engine) as session, session.begin():
            session.add(Notice(event_id=event.id, text=f"{event.partnership_id}: {sender.split('.')[-2]}"))

    flow.after.connect(put_up)
    return flow


def have_it_begin(engine: Engine) -> None:
    """Make SQLite begin a transaction when SQLAlchemy does, and not just before the first write."""

    @event.listens_for(engine, "connect")
    def leave_beginning_to_us(dbapi_connection: Any, _: object) -> None:
        dbapi_connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def begin_immediate(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def actor_of(employee: Employee) -> Actor:
    """Return the employee as an actor of partnerflow."""
    return Actor(employee.login, side="district", roles={employee.role})
