"""Which code answers which clause, collected from cards, lifecycle rows, kinds, events, the rubric and `answers` marks.

There is no list of answers to maintain: every citation is beside the code that it is about.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Any, Literal

import attrs

from partnerflow.clauses import DOCUMENTS, document_of
from partnerflow.clauses.not_ours import NOT_OURS
from partnerflow.clauses.planned import PLANNED
from partnerflow.events import EVENT_TYPES
from partnerflow.lifecycle import CHOSEN, DEFAULT, SAME, Row
from partnerflow.policies.shipped import POLICIES
from partnerflow.records import kinds
from partnerflow.rubric import CRITERIA

Status = Literal["answered", "planned", "not_ours"]
AnswerKind = Literal["policy", "lifecycle", "record", "event", "rubric", "function", "class"]

_APART = {f"partnerflow.{part}" for part in ("adapters", "cli", "testing", "__main__")}
"""Packages that answer no clause themselves; some need an extra that may not be installed."""


@attrs.frozen
class Answer:
    """Something that answers a clause: its kind, its name, and a short title."""

    kind: AnswerKind
    name: str
    title: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@attrs.frozen(kw_only=True)
class TracedClause:
    """A clause, with its answers, or why it has none."""

    clause: str
    answers: tuple[Answer, ...] = ()
    waits_for: str | None = None
    """The kind of records that must exist before it can be answered."""
    why_not: str | None = None
    """Why it is not for the library to answer."""

    @property
    def statuses(self) -> tuple[Status, ...]:
        """Answered, planned or not ours; more than one is a mistake in `clauses/`, which a test reports."""
        said: dict[Status, object] = {"answered": self.answers, "planned": self.waits_for, "not_ours": self.why_not}
        return tuple(status for status, there in said.items() if there)

    @property
    def status(self) -> Status:
        """The first of `statuses`; an answer comes before a plan."""
        return self.statuses[0]

    def to_data(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        data: dict[str, Any] = {"clause": self.clause, "status": self.status}
        if self.answers:
            data["answers"] = [{"kind": each.kind, "name": each.name, "title": each.title} for each in self.answers]
        if self.waits_for:
            data["waits_for"] = self.waits_for
        if self.why_not:
            data["why_not"] = self.why_not
        return data


def trace() -> tuple[TracedClause, ...]:
    """Return every clause that the code answers, plans or leaves to others, sorted by guide and id."""
    found: dict[str, dict[Answer, None]] = {}
    for clause, answer in citations():
        found.setdefault(clause, {})[answer] = None
    planned = {clause: record for record, clauses in PLANNED.items() for clause in clauses}
    return tuple(
        TracedClause(
            clause=clause,
            answers=tuple(found.get(clause, ())),
            waits_for=planned.get(clause),
            why_not=NOT_OURS.get(clause),
        )
        for clause in sorted({*found, *planned, *NOT_OURS}, key=_sort_key)
    )


def citations() -> Iterator[tuple[str, Answer]]:
    """Yield every clause that the code cites as answered, with the answer."""
    modules = tuple(_modules(Path(__file__).parent, "partnerflow."))
    for policy in POLICIES:
        yield from _each(policy.cites, Answer("policy", policy.code, policy.title))
    for row in DEFAULT.rows:
        yield from _each(row.cites, Answer("lifecycle", row.trigger, _states_of(row)))
    for name, cls in sorted(kinds().items()):  # in no order of imports
        if _ours(cls):
            yield from _each(cls.kind_info.cites, Answer("record", name, _first_sentence(cls)))
    for event in EVENT_TYPES:
        yield from _each(event.cites, Answer("event", event.name, event.means))
    for criterion in CRITERIA:
        yield from _each(criterion.cites, Answer("rubric", criterion.code, criterion.title))
    for module in modules:
        for name, thing in _marked(module):
            marked = Answer("class" if inspect.isclass(thing) else "function", name, _first_sentence(thing))
            yield from _each(vars(thing)["__clauses__"], marked)


def _each(clauses: tuple[str, ...], answer: Answer) -> Iterator[tuple[str, Answer]]:
    return ((clause, answer) for clause in clauses)


def _sort_key(clause: str) -> tuple[int, list[tuple[int, str]]]:
    """Return the sort key of a clause: its document, then its parts, with numbers as numbers."""
    documents = list(DOCUMENTS)
    document = document_of(clause)
    parts = re.findall(r"\d+|\D+", clause)
    numbered = [(int(part), "") if part.isdigit() else (-1, part) for part in parts]
    return documents.index(document) if document in documents else len(documents), numbered


def _ours(cls: type[Any]) -> bool:
    return cls.__module__.split(".")[0] == "partnerflow"


def _first_sentence(thing: Any) -> str:
    """Return the first sentence of a docstring, without its full stop and its clause ids."""
    first = " ".join((inspect.getdoc(thing) or "").split("\n\n")[0].split())
    sentence = re.split(r"\.(?= [A-Z]|$)", first)[0]
    return re.sub(r" \([A-Z][^()]*\)|(?<![\w`])\*(?=\w)|(?<=\w)\*(?![\w`])", "", sentence)


def _states_of(row: Row) -> str:
    sources = ", ".join(row.sources) or "nothing"
    target = {SAME: "the same", CHOSEN: "any state but a final one"}.get(row.target, row.target)
    return f"from {sources} to {target}"


# --- what is marked in the code ---------------------------------------------------------------------------------------


def _modules(folder: Path, prefix: str) -> Iterator[ModuleType]:
    """Import and yield every module of the package, except those in _APART."""
    for found in iter_modules([str(folder)], prefix):
        if found.name not in _APART:
            yield import_module(found.name)
            if found.ispkg:
                yield from _modules(folder / found.name.rpartition(".")[2], f"{found.name}.")


def _marked(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """Yield what is marked with `answers` in a module, by its name: classes, their members, and functions."""
    for name, thing in vars(module).items():
        if getattr(thing, "__module__", None) != module.__name__:
            continue
        if inspect.isclass(thing):
            inside = ((member, _function(value)) for member, value in vars(thing).items())
            marked = [(member, value) for member, value in inside if inspect.isfunction(value) and _clauses(value)]
            yield from ((f"{cls}.{member}", value) for cls in _called_on(thing) for member, value in marked)
        if (inspect.isclass(thing) or inspect.isfunction(thing)) and _clauses(thing):
            yield name, thing


def _called_on(cls: type[Any]) -> list[str]:
    """Return the classes on which a method is called: those of ours that inherit it, or else its own."""
    return [each.__name__ for each in cls.__subclasses__() if _ours(each)] or [cls.__name__]


def _function(member: object) -> object:
    """Return the function behind a property, class method or static method."""
    return getattr(member, "fget", None) or getattr(member, "__func__", None) or member


def _clauses(thing: object) -> object:
    """Return the mark of the thing itself, not one that it inherits."""
    return vars(thing).get("__clauses__")
