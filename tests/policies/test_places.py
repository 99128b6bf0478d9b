"""Every problem says where it is: at a place that the file has, or could have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import attrs
import pytest

from partnerflow.dossier import Dossier, Neighbour
from partnerflow.errors import InvalidRecord
from partnerflow.lifecycle import Move
from partnerflow.partnership import Partnership
from partnerflow.policies import Policy, load_pack
from partnerflow.policies.shipped import POLICIES
from partnerflow.records import Entry, kinds
from partnerflow.records.partner import Partner
from partnerflow.testing import EXAMPLE_DAY

PACK = load_pack("default")
PARTS: dict[str, Any] = {
    "partner": Partner,
    "partnership": Partnership,
    "moves": tuple[Move, ...],
    "neighbours": tuple[Neighbour, ...],
}
ABSENT = {"move", "people", *PARTS, *(name + end for name in kinds() for end in ("", "s"))}
"""What may be named where nothing of it is on file: a kind, or several of it, or a part of the file."""


def without_a_part(value: Any) -> Iterator[Any]:
    """Return *value* without each one of its fields and items, at whatever depth."""
    if isinstance(value, Mapping):
        for name in value:
            yield {other: value[other] for other in value if other != name}
            yield from ({**value, name: part} for part in without_a_part(value[name]))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            before, after = value[:place], value[place + 1 :]
            yield [*before, *after]
            yield from ([*before, part, *after] for part in without_a_part(item))


def could_have(what: Any, steps: Sequence[str]) -> bool:
    """Tell whether a value of the type *what* could have something at the end of *steps*."""
    if not steps:
        return True
    if attrs.has(what):
        hints = get_type_hints(what)
        return steps[0] in hints and could_have(hints[steps[0]], steps[1:])
    origin, within = get_origin(what), get_args(what)
    if origin in (Union, UnionType):
        return any(could_have(one, steps) for one in within)
    if origin is tuple:
        return steps[0].isdigit() and could_have(within[0], steps[1:])
    return origin in (dict, Mapping) and could_have(within[1], steps[1:])


def is_a_place(path: str, dossier: Dossier) -> bool:
    first, *steps = path.removeprefix("/").split("/")
    if not path.startswith("/"):
        kind = first.partition(".")[0]
        return not path or (kind in ABSENT and (not steps or could_have(kinds()[kind], steps)))
    if first == "records":
        place, *steps = steps
        return (
            could_have(Entry, steps[1:])
            if steps[:1] == ["entry"]
            else could_have(type(dossier.entries[int(place)].record), steps)
        )
    return could_have(PARTS[first], steps)


@pytest.mark.parametrize("shown", ["passing", "failing", "missing"])
@pytest.mark.parametrize("one", POLICIES, ids=lambda one: one.code)
def test_every_problem_is_at_a_place_that_the_file_has_or_could_have(one: Policy, shown: str) -> None:
    example = one.example(shown)
    mapping = {**example.mapping, "records": list(example.mapping["records"])}
    for part in [mapping, *without_a_part(mapping)]:
        try:
            dossier = attrs.evolve(example, mapping=part).dossier()
        except InvalidRecord:
            continue
        finding = one.evaluate(dossier, EXAMPLE_DAY, {**one.defaults, **PACK[one.code].pack_parameters})
        assert finding.outcome != "error", [problem.message for problem in finding.problems]
        for problem in finding.problems:
            assert is_a_place(problem.path, dossier), f"{problem.path!r}: {problem.message}"
            assert problem.label or not problem.path.startswith("/records") or "/entry/" in problem.path


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("", True),
        ("/partner/kind", True),
        ("/partner/colour", False),
        ("/moves/0/at", True),
        ("/moves/first", False),
        ("scope", True),
        ("scope/level", True),
        ("scope/colour", False),
        ("services", True),
        ("servicing", False),
    ],
)
def test_a_place_is_told_from_what_is_none(path: str, *, place: bool) -> None:
    assert is_a_place(path, POLICIES[0].example("passing").dossier()) is place
