"""Our own tables. Those of partnerflow are in the same database, and need no model here."""

from uuid import UUID

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    """The base class of our models."""


db = SQLAlchemy(model_class=Base)


class School(Base):
    """A school; `id` is the number that it has everywhere in the district."""

    __tablename__ = "school"
    id: Mapped[str] = mapped_column(String(20), primary_key=True)
    name: Mapped[str] = mapped_column(String(80))


class Employee(Base):
    """Somebody who can log in; `role` is one that the policy pack knows."""

    __tablename__ = "employee"
    login: Mapped[str] = mapped_column(String(40), primary_key=True)
    role: Mapped[str] = mapped_column(String(40))


class Programme(Base):
    """What an outside partner does at a school. Its state is not stored here: partnerflow has it."""

    __tablename__ = "programme"
    id: Mapped[int] = mapped_column(primary_key=True)
    school_id: Mapped[str] = mapped_column(ForeignKey(School.id))
    title: Mapped[str] = mapped_column(String(80))
    partnership_id: Mapped[UUID] = mapped_column(unique=True)
    school: Mapped[School] = relationship()


class Booking(Base):
    """A room that is booked for a programme, from the step that asked for it."""

    __tablename__ = "booking"
    step_id: Mapped[UUID] = mapped_column(primary_key=True)
    programme_id: Mapped[int] = mapped_column(ForeignKey(Programme.id))
    room: Mapped[str] = mapped_column(String(40), unique=True)


class Notice(Base):
    """A line on the board in the staff room."""

    __tablename__ = "notice"
    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(String(200))
