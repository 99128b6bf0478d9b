"""The table and its picture."""

from __future__ import annotations

from partnerflow.lifecycle import CHOSEN, DEFAULT, SAME, Row, mermaid

from .write import codes, fenced, table


def rows() -> str:
    anywhere = f"any but {codes(sorted(DEFAULT.final))}"

    def cells(row: Row) -> tuple[str, ...]:
        target = {SAME: "the same", CHOSEN: anywhere}.get(row.target, f"`{row.target}`")
        advances = "yes" if row.advances else ""
        carries = ", ".join(row.carries)
        clauses = ", ".join(row.cites)
        return f"`{row.trigger}`", codes(row.sources), target, advances, carries, f"`{row.event}`", clauses

    header = ("trigger", "from", "to", "advances", "carries", "event", "clauses")
    return table(header, [cells(row) for row in DEFAULT.rows])


def diagram() -> str:
    return fenced(mermaid(DEFAULT), "mermaid")
