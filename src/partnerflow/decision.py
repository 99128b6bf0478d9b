"""The Decision on a request: whether the step is legal, every finding of the policies, and what it must carry."""

from __future__ import annotations

from typing import Any

import attrs

from partnerflow.canonical import canonical_with
from partnerflow.lifecycle import Move
from partnerflow.policies.report import Report
from partnerflow.records import Record
from partnerflow.records.conversion import unstructure

SCHEMA = "partnerflow.decision/1"


@attrs.frozen(kw_only=True)
class Decision:
    """Whether a requested step may be taken, and why; making one changes nothing."""

    move: Move
    legal: bool
    """Whether the lifecycle has such a step from the partnership's state."""
    legal_triggers: tuple[str, ...]
    """What may be requested in that state."""
    needs: tuple[str, ...]
    """What the request must carry, such as a reason; only `fire` refuses for it."""
    report: Report
    """Every finding; none for a step that is not legal."""
    lifecycle: str
    """Name and version of the lifecycle."""
    host_records: tuple[Record, ...] = ()
    """The host's own facts that were evaluated with the file."""

    @property
    def trigger(self) -> str:
        """The trigger that was requested."""
        return self.move.trigger

    @property
    def allowed(self) -> bool:
        """Whether the step is legal and no policy blocks it."""
        return self.legal and self.report.ok

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of the policies that block it."""
        return tuple(finding.code for finding in self.report.blocking)

    def explain(self) -> str:
        """Return in words whether it may be done, and if not, everything that blocks it and how to fix that."""
        if not self.legal:
            legal = ", ".join(self.legal_triggers) or "nothing: this state is final"
            state = self.move.source or "a partnership that is not there yet"
            return f"{self.trigger} cannot be asked in {state}. What can be asked: {legal}."
        carry = f" It must carry: {', '.join(self.needs)}." if self.needs else ""
        verdict = "may be done" if self.allowed else f"is refused: {len(self.codes)} finding(s) stand in the way"
        return f"{self.trigger} {verdict}.{carry}\n{self.report.explain()}"

    def to_data(self) -> dict[str, Any]:
        """Return the decision as plain JSON data."""
        return {**self._data(), "report": self.report.to_data()}

    def text(self) -> str:
        """Return the decision as canonical JSON: the text that is stored with a transition and hashed."""
        return canonical_with(self._data(), "report", self.report.text())

    def _data(self) -> dict[str, Any]:
        """Return the data with an empty place for the report, whose text may be written already."""
        data = {
            "schema": SCHEMA,
            "trigger": str(self.trigger),
            "allowed": self.allowed,
            "legal": self.legal,
            "legal_triggers": [str(trigger) for trigger in self.legal_triggers],
            "needs": list(self.needs),
            "lifecycle": self.lifecycle,
            "report": None,
        }
        if self.host_records:
            data["host_records"] = [
                {**unstructure(record), "kind": record.kind_info.name} for record in self.host_records
            ]
        return data
