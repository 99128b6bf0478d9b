"""How long it takes to check every link of a million transitions, and in how much memory.

    python benchmarks/verifying.py                            # a million, in a SQLite file: some minutes, two gigabytes
    python benchmarks/verifying.py --transitions 100000
    python benchmarks/verifying.py --db postgresql+psycopg://postgres@127.0.0.1/verifying    # an empty database

One partnership has a tenth of all transitions, and each of the others ten; each has two records on its own file, and
its partner one. The rows are made as the library makes them, with every link, and put in by executemany. Then
`verify` runs in a process of its own, against the heads of every chain, and says how much memory that process has taken
at most: after a tenth of the transitions, and at the end. What should not move is the peak; what grows with the number
of chains are the heads, so it is run once without them, too.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

import attrs
from sqlalchemy import Table, insert

from partnerflow import Actor, Head, Partner, Partnerflow
from partnerflow.adapters.sqlalchemy import SQLAlchemyStore, open_store
from partnerflow.adapters.sqlalchemy.rows import entry_values, transition_values
from partnerflow.canonical import canonical
from partnerflow.history import START, Transition, entry_link, transition_link
from partnerflow.lifecycle import Move
from partnerflow.partnership import Partnership
from partnerflow.ports import Audit
from partnerflow.records import Entry, Need, Record
from partnerflow.records.conversion import record_text

TENANT = "default"
BEGAN = datetime(2020, 9, 1, 15, tzinfo=UTC)
OFFICE = Actor("a.anderson", side="district", roles={"partnership_office"})
EACH = 10
"""How many transitions most partnerships have."""
AT_ONCE = 5000
RECORDS: tuple[tuple[Record, str], ...] = tuple(record_text(Need(need=f"need {n}")) for n in range(2))
DECISION = canonical({"finding": [{"code": f"X-{n:03}", "outcome": "passed"} for n in range(10)], "legal": True})


# --- filling ---------------------------------------------------------------------------------------------------------


def lengths(transitions: int) -> Iterator[int]:
    """Say how many transitions each partnership has."""
    yield (large := transitions // 10)
    yield from (EACH for _ in range((transitions - large) // EACH))


def partnership(number: int, steps: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return the rows of one partnership, each with the name of its table."""
    partner_id, own_id = UUID(int=2 * number + 2), UUID(int=2 * number + 3)
    yield "partner", {"id": partner_id, "name": f"Partner {number}", "kind": None}
    known = list(filed(partner_id, [record_text(Partner(name=f"Partner {number}"))], None))
    own = list(filed(own_id, RECORDS, 1))
    made: Transition | None = None
    for made in stepped(own_id, steps, known[-1], own[-1]):
        yield "transition", transition_values(made)
    assert made is not None
    yield from (("entry", entry_values(entry)) for entry in (*known, *own))
    stands = Partnership("active", own_id, partner_id, since=BEGAN.date(), version=steps)
    yield "partnership", {
        **{name: getattr(stands, name) for name in ("id", "partner_id", "state", "since", "version", "succeeds")},
        "recorded_at": made.recorded_at, "link": made.link, "made_under": made.lifecycle, "events": 0, "judged_by": "x",
    }  # fmt: skip


def filed(file_id: UUID, records: Iterable[tuple[Record, str]], version: int | None) -> Iterator[Entry]:
    previous = START
    for seq, (record, text) in enumerate(records, 1):
        entry = Entry(
            record=record, id=UUID(int=file_id.int << 64 | seq), filed_at=BEGAN, recorded_at=BEGAN, filed_by=OFFICE,
            version=version, text=text, file_id=file_id, seq=seq,
        )  # fmt: skip
        previous = entry_link(entry, previous)
        yield attrs.evolve(entry, link=previous)


def stepped(own_id: UUID, steps: int, partners: Entry, own: Entry) -> Iterator[Transition]:
    previous = START
    for version in range(1, steps + 1):
        source, trigger = (None, "adopt") if version == 1 else ("active", "amend")
        at = BEGAN + timedelta(minutes=version)
        made = Transition(
            id=UUID(int=own_id.int << 64 | version), partnership_id=own_id, version=version,
            move=Move(trigger, source, "active", by=OFFICE, at=at, reason="as agreed in the yearly meeting"),
            recorded_at=at, lifecycle="default 1", event="org.partnerflow.partnership.amended.v1", decision=DECISION,
            partner_seq=partners.seq, partner_link=partners.link, file_seq=own.seq, file_link=own.link,
            previous=previous,
        )  # fmt: skip
        previous = transition_link(made)
        yield attrs.evolve(made, link=previous)


def fill(store: SQLAlchemyStore, transitions: int) -> None:
    tables = store.tables
    into: dict[str, Table] = {table.name.removeprefix(tables.prefix): table for table in tables.metadata.sorted_tables}
    rows = (row for number, steps in enumerate(lengths(transitions)) for row in partnership(number, steps))
    while some := list(islice(rows, AT_ONCE)):
        with store.engine.begin() as connection:
            for name in dict.fromkeys(name for name, _ in some):
                values = [{"tenant": TENANT, **row} for of, row in some if of == name]
                connection.execute(insert(into[name]), values)


# --- verifying, in a process of its own ------------------------------------------------------------------------------


def peak() -> int:
    """Return the most memory that this process has taken, in kB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


class Counted:
    """An audit that counts its rows, and reads the peak memory after a tenth of the transitions."""

    def __init__(self, audit: Audit, tenth: int) -> None:
        self._audit, self._tenth = audit, tenth
        self.rows = {"transitions": 0, "entries": 0}
        self.after_a_tenth = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._audit, name)

    def transitions(self) -> Iterator[Transition]:
        """Count the transitions."""
        for number, each in enumerate(self._audit.transitions(), 1):
            self.rows["transitions"] = number
            if number == self._tenth:
                self.after_a_tenth = peak()
            yield each

    def entries(self) -> Iterator[Entry]:
        """Count the entries."""
        for number, each in enumerate(self._audit.entries(), 1):
            self.rows["entries"] = number
            yield each


def verify(url: str, transitions: int, heads_from: str) -> None:
    """Verify a database, and print what it took as JSON."""
    flow = Partnerflow.open(url)
    looked: list[Counted] = []
    real = flow.store.audit

    @contextmanager
    def counted() -> Iterator[Counted]:
        with real() as audit:
            looked.append(Counted(audit, transitions // 10))
            yield looked[-1]

    flow.store.audit = counted  # type: ignore[method-assign]
    heads = read(Path(heads_from)) if heads_from else ()
    before, began = peak(), time.perf_counter()
    flow.verify(against=heads)
    seconds = time.perf_counter() - began
    (audit,) = looked
    print(json.dumps({**audit.rows, "seconds": seconds, "peaks": [before, audit.after_a_tenth, peak()]}))


def read(path: Path) -> Iterator[Head]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            said = json.loads(line)
            yield Head(**{**said, "id": UUID(said["id"])})


def show(what: str, url: str, transitions: int, heads: Path | None) -> None:
    command = [sys.executable, __file__, "--verify", "--db", url, "--transitions", str(transitions)]
    ran = subprocess.run([*command, "--heads", str(heads or "")], check=True, capture_output=True, text=True)
    said = json.loads(ran.stdout)
    rows = said["transitions"] + said["entries"]
    start, tenth, end = (f"{each / 1024:.0f} MB" for each in said["peaks"])
    print(
        f"{what}: {said['transitions']:,} transitions and {said['entries']:,} records in {said['seconds']:.1f} s, "
        f"{rows / said['seconds']:,.0f} rows/s; at most {start} before, {tenth} after a tenth, {end} at the end",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--transitions", type=int, default=1_000_000)
    parser.add_argument("--db", default="", help="an empty database, if not a SQLite file that is thrown away")
    parser.add_argument("--verify", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--heads", default="", help=argparse.SUPPRESS)
    said = parser.parse_args()
    if said.verify:
        verify(said.db, said.transitions, said.heads)
        return
    with tempfile.TemporaryDirectory() as folder:
        url = said.db or f"sqlite:///{folder}/verifying.db"
        store = open_store(url)
        began = time.perf_counter()
        fill(store, said.transitions)
        print(f"filled {store.engine.dialect.name} in {time.perf_counter() - began:.0f} s", flush=True)
        show("verify", url, said.transitions, None)
        heads, began = Path(folder) / "heads.jsonl", time.perf_counter()
        with heads.open("w", encoding="utf-8") as file:
            for head in Partnerflow(store=store).heads():
                file.write(json.dumps({**attrs.asdict(head), "id": str(head.id)}) + "\n")
        print(f"heads in {time.perf_counter() - began:.1f} s", flush=True)
        show("verify against them", url, said.transitions, heads)
        store.engine.dispose()


if __name__ == "__main__":
    main()
