"""The calls that a writer makes, each with a mark by which all that it wrote can be found from the outside.

A call is plain JSON data, so that it can be read from the log and sent again exactly as it was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import count
from random import Random
from uuid import UUID

import attrs
from sqlalchemy import Column, Engine, MetaData, String, Table, create_engine, event, insert, select
from sqlalchemy.orm import Session

from partnerflow import Partner, Partnerflow, Partnership, load_pack
from partnerflow.history import Transition
from partnerflow.policies import Pack
from partnerflow.records import Entry, Insurance, Money, Need, Record
from partnerflow.testing import OFFICE

MARK = r"call-\d+-\d+"
NOTES = Table(
    "host_note",
    MetaData(),
    Column("tenant", String(64), primary_key=True),
    Column("mark", String(64), primary_key=True),
)
"""A table of the host's, which is written in the same transaction as the calls that are made within it."""

# how often each is made, and what it writes besides a receipt and a note of the host's
_OFTEN = {
    "renew": 5, "amend": 4, "needs": 3, "cover": 3, "needs_and_cover": 2, "retract": 3,
    "propose": 1, "propose_again": 1, "adopt": 1, "file_and_amend": 3,
}  # fmt: skip
_WRITES: Mapping[str, Mapping[str, int]] = {
    "renew": {"transition": 1},
    "amend": {"transition": 1},
    "needs": {"entry": 2},
    "cover": {"entry": 1},
    "needs_and_cover": {"entry": 3},
    "retract": {"entry": 1},
    "propose": {"partnership": 1, "transition": 1, "entry": 1},
    "propose_again": {"partnership": 1, "transition": 1},
    "adopt": {"partnership": 1, "transition": 1, "entry": 1},
    "file_and_amend": {"entry": 3, "transition": 1},
}


def one_policy() -> Pack:
    """Return a pack of one policy, so that every partnership that is judged has a due date, and nothing else asked."""
    pack = load_pack("default")
    return attrs.evolve(pack, name="one policy", rules=(pack["SAFE-002"],), roles={})


@attrs.frozen(kw_only=True)
class Call:
    """What is asked, in words."""

    mark: str
    do: str
    subject: str = ""
    """A partnership, or the partner with whom one more is proposed."""
    entry: str = ""
    """What is retracted."""
    ends_on: str
    """Until when a cover that is filed holds."""
    keyed: bool
    """Whether it has an idempotency key."""
    hosted: bool
    """Whether it is made within a Session of the host's, together with a note."""

    def writes(self) -> Counter[str]:
        """Say how many of what it leaves behind, if it is done."""
        steps = 2 if self.do == "file_and_amend" else 1
        return Counter({**_WRITES[self.do], "note": int(self.hosted), "receipt": steps * self.keyed})


@attrs.frozen
class Ground:
    """Where a writer may write."""

    partners: Sequence[str]
    partnerships: Sequence[str]


def lay_ground(flow: Partnerflow) -> Ground:
    """Adopt two partners with two partnerships each, under cover."""
    begun: list[Partnership] = []
    for name in ("Riverbend", "Hillside"):
        first = flow.adopt(Partner(name=name), state="active", by=OFFICE, reason="in place")
        begun += [first, flow.adopt(first.partner_id, state="active", by=OFFICE, reason="in place")]
        flow.file(first.id, _cover("the first", date.today() + timedelta(days=365)), by=OFFICE)  # noqa: DTZ011
    return Ground(list(dict.fromkeys(str(p.partner_id) for p in begun)), [str(p.id) for p in begun])


def calls(ground: Ground, writer: int, filed: Sequence[tuple[str, str]], random: Random) -> Iterator[Call]:
    """Make up calls without end; *filed* are partnerships and entries that may be retracted, each once."""
    retracted = 0
    for number in count():
        (do,) = random.choices(list(_OFTEN), list(_OFTEN.values()))
        entry, subject = "", random.choice(ground.partners if do == "propose_again" else ground.partnerships)
        if do == "retract":
            if retracted == len(filed):
                continue
            subject, entry = filed[retracted]
            retracted += 1
        yield Call(
            mark=f"call-{writer}-{number}",
            do=do,
            subject="" if do in ("propose", "adopt") else subject,
            entry=entry,
            ends_on=str(date.today() + timedelta(days=random.randrange(100, 1000))),  # noqa: DTZ011
            keyed=random.random() < 0.6,
            hosted=do == "file_and_amend" or random.random() < 0.3,
        )


def host_engine(url: str) -> Engine:
    """Create the engine of a host, which on SQLite begins its transactions itself, as the how-to on embedding shows."""
    engine = create_engine(url, pool_pre_ping=True, connect_args={"timeout": 30} if url.startswith("sqlite") else {})
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def leave_beginning_to_us(dbapi_connection: object, _: object) -> None:
            dbapi_connection.isolation_level = None  # type: ignore[attr-defined]

        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def make(call: Call, flow: Partnerflow, host: Engine) -> list[str]:
    """Make a call, in a transaction of ours or of the host's, and return the names of what it reports as done."""
    if not call.hosted:
        return list(_made(call, flow))
    note = {"tenant": flow.store.tenant, "mark": call.mark}
    with Session(host) as session, session.begin():
        made = list(_made(call, flow.within(session)))
        if session.execute(select(NOTES).filter_by(**note)).first() is None:  # else it is sent for a second time
            session.execute(insert(NOTES).values(note))
    return made


def named(what: Transition | Entry) -> str:
    """Return the name of what is stored, with its link, which covers its content."""
    return f"{type(what).__name__.lower()} {what.id} {what.link}"


def _made(call: Call, flow: Partnerflow) -> Iterator[str]:
    first, second = (f"{call.mark}/{step}" if call.keyed else None for step in (1, 2))
    match call.do:
        case "renew" | "amend":
            yield named(flow.fire(UUID(call.subject), call.do, by=OFFICE, reason=call.mark, idempotency_key=first))
        case "propose":
            begun = flow.propose(Partner(name=call.mark), by=OFFICE, reason=call.mark, idempotency_key=first)
            yield f"partnership {begun.id}"
        case "propose_again":
            begun = flow.propose(UUID(call.subject), by=OFFICE, reason=call.mark, idempotency_key=first)
            yield f"partnership {begun.id}"
        case "adopt":
            begun = flow.adopt(
                Partner(name=call.mark), state="active", by=OFFICE, reason=call.mark, idempotency_key=first
            )
            yield f"partnership {begun.id}"
        case "retract":
            subject, entry = UUID(call.subject), UUID(call.entry)
            yield named(flow.retract(subject, entry, by=OFFICE, reason=call.mark, idempotency_key=first))
        case _:
            yield from map(named, flow.file(UUID(call.subject), *_records(call), by=OFFICE, idempotency_key=first))
            if call.do == "file_and_amend":
                yield named(flow.fire(UUID(call.subject), "amend", by=OFFICE, reason=call.mark, idempotency_key=second))


def _records(call: Call) -> Iterator[Record]:
    if call.do != "cover":
        yield from (Need(need=f"{call.mark} {letter}") for letter in "ab")
    if call.do != "needs":
        yield _cover(call.mark, date.fromisoformat(call.ends_on))


def _cover(certificate: str, ends_on: date) -> Insurance:
    return Insurance(
        line="general_liability",
        per_occurrence=Money.of(2_000_000, "USD"),
        starts_on=date(2020, 1, 1),
        ends_on=ends_on,
        certificate=certificate,
    )
