"""The clauses of the guides, and their answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import groupby

from partnerflow.clauses import DOCUMENTS, document_of
from partnerflow.traceability import Answer, TracedClause, trace

from .write import table

_PLACES: Mapping[str, str] = {"policy": "policies/{}.md", "record": "records.md#{}"}
"""Where an answer has a page or section of its own, named after it."""
_WORDS = {"answered": "answered", "planned": "planned", "not_ours": "not the library's"}


def counts() -> str:
    found = Counter((document_of(each.clause), each.status) for each in trace())
    rows = [
        (f"[{title}](#{name.lower()})", *(str(found[name, status] or "") for status in _WORDS))
        for name, title in DOCUMENTS.items()
    ]
    total = Counter(each.status for each in trace())
    return table(("guide", *_WORDS.values()), [*rows, ("all", *(str(total[status]) for status in _WORDS))])


def sections() -> str:
    return "\n".join(
        f"### {document}\n\n{DOCUMENTS[document]}.\n\n"
        + table(("clause", "answer", ""), [cells for each in found for cells in _rows(each)])
        for document, found in groupby(trace(), key=lambda each: document_of(each.clause))
    )


def _rows(each: TracedClause) -> list[tuple[str, str, str]]:
    """Return a line for each answer; only the first names the clause."""
    if each.answers:
        lines = [(_named(answer), answer.title) for answer in each.answers]
    else:
        lines = [(_WORDS[each.status], each.why_not or f"waits for records of the kind `{each.waits_for}`")]
    return [("" if place else each.clause, *line) for place, line in enumerate(lines)]


def _named(answer: Answer) -> str:
    place = _PLACES.get(answer.kind)
    named = f"`{answer.name}`" if place is None else f"[{answer.name}]({place.format(answer.name.lower())})"
    return f"{answer.kind} {named}"
