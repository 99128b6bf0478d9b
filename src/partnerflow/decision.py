"""The whole answer to a request: is the step there, what the policies say, and what it must carry."""

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
    """What would become of a request, and why; making it changes nothing."""

    move: Move
    legal: bool
    """Whether the lifecycle has such a step from the state that the partnership is in."""
    legal_triggers: tuple[str, ...]
    """What can be asked in that state."""
    needs: tuple[str, ...]
    """What the request must carry, such as a reason; only `fire` refuses for it."""
    report: Report
    """Every finding; none for a step that is not there."""
    lifecycle: str
    """Name and version of the table it was made under."""
    host_records: tuple[Record, ...] = ()
    """Facts of the host's own that were judged with the file."""

    @property
    def trigger(self) -> str:
        """What was asked."""
        return self.move.trigger

    @property
    def allowed(self) -> bool:
        """Whether the step is there and nothing stands in its way."""
        return self.legal and self.report.ok

    @property
    def codes(self) -> tuple[str, ...]:
        """The policies that stand in the way."""
        return tuple(finding.code for finding in self.report.blocking)

    def explain(self) -> str:
        """Say in words whether it may be done, and if not, everything that stands in the way and what would mend it."""
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
        """Return the decision as canonical JSON: the very text that is stored with a transition and hashed."""
        return canonical_with(self._data(), "report", self.report.text())

    def _data(self) -> dict[str, Any]:
        """Return all but the report, which has its place."""
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
