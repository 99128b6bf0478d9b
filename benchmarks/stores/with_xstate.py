"""The step in xstate-statemachine's SQLAlchemy part: a chart on a mapped row, its audit log, and its outbox."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker
from xstate_statemachine import create_machine
from xstate_statemachine.contrib.sqlalchemy import (
    SQLAlchemyOutboxStore,
    SQLAlchemyStore,
    StatechartMixin,
    StatechartType,
    xsm_sqlalchemy_ddl,
)
from xstate_statemachine.eda import OutboxPlugin

from . import Kept, Work
from .by_hand import driver_of
from .places import Place

RENEWED = "org.partnerflow.partnership.renewed.v1"
CHART = {
    "id": "partnership",
    "version": "1",
    "initial": "active",
    "context": {},
    "states": {"active": {"on": {"RENEW": {"target": "active", "meta": {"publish": {"type": RENEWED, "data": []}}}}}},
}


class Mapping(DeclarativeBase):
    """The mapping of the one model and of the library's own tables."""


class Partnership(StatechartMixin, Mapping):
    """A partnership that carries its chart."""

    __tablename__ = "partnership"
    __xsm_machine__ = create_machine(CHART)
    __xsm_audit__ = True
    __mapper_args__ = StatechartMixin.optimistic()

    id: Mapped[int] = mapped_column(primary_key=True)
    statechart: Mapped[Any] = mapped_column(StatechartType)


def opened(place: Place) -> Kept:
    engine = place.engine("xstate")
    xsm_sqlalchemy_ddl(Mapping.metadata).create_all(engine)
    outbox = SQLAlchemyOutboxStore(SQLAlchemyStore(sessionmaker(engine), metadata=Mapping.metadata))
    plugins = [OutboxPlugin(outbox)]

    def begin(steps: int, work: Work) -> Callable[[], object]:
        with Session(engine) as session, session.begin():
            made = [Partnership() for _ in range(steps)]
            session.add_all(made)
            session.flush()
            made[0].send("RENEW")
            for one in made[1:]:
                one.statechart = made[0].statechart
            session.flush()
            coming = iter([one.id for one in made])

        def step() -> None:
            with Session(engine) as session:
                partnership = session.get_one(Partnership, next(coming))
                partnership.send("RENEW", plugins=plugins, actor="a.anderson", decision=work.decision)
                session.commit()

        return step

    return Kept(begin, lambda: driver_of(engine))
