"""Where partnerflow meets our system: the engine, the flow, and who hears of what."""

from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.orm import Session

from partnerflow import Actor, Partnerflow
from partnerflow.adapters.sqlalchemy import SQLAlchemyStore
from partnerflow.events import Event

from .models import Employee, Notice


def flow_on(engine: Engine) -> Partnerflow:
    """Put the flow together: one for the whole application, kept as long as that runs."""
    if engine.dialect.name == "sqlite":
        have_it_begin(engine)
    flow = Partnerflow(store=SQLAlchemyStore(engine, tenant="riverside"), tz="America/Chicago")

    def put_up(sender: str, event: Event) -> None:
        """Put a line on the board. The transaction that it tells of is over, so this is one of its own."""
        with Session(engine) as session, session.begin():
            session.add(Notice(event_id=event.id, text=f"{event.partnership_id}: {sender.split('.')[-2]}"))

    flow.after.connect(put_up)
    return flow


def have_it_begin(engine: Engine) -> None:
    """Have SQLite begin a transaction when SQLAlchemy says so, and not just before the first write."""

    @event.listens_for(engine, "connect")
    def leave_beginning_to_us(dbapi_connection: Any, _: object) -> None:
        dbapi_connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def begin_immediate(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def actor_of(employee: Employee) -> Actor:
    """Say who acts, in the words of partnerflow."""
    return Actor(employee.login, side="district", roles={employee.role})
