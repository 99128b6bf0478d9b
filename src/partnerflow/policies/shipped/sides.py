"""What both sides agreed to and whom they gave a part: questions that several policies ask."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date

from partnerflow.dossier import Dossier
from partnerflow.policies import Problem, Until, Verdict, best_of, lack, need
from partnerflow.records import Assignment, Record
from partnerflow.records.mutual import Side

OURS: tuple[Side, ...] = ("district", "school")
"""The sides of which one has to speak beside the partner."""


def agreed(record: Record, field: str, on: date) -> Verdict:
    """Yield which side has not accepted *record* by the day *on*; its *field* has the day on which each did."""
    days: Mapping[Side, date] = need(getattr(record, field), record, field)
    ours = min((days[side] for side in OURS if side in days), default=None)
    for side, day in (("district", ours), ("partner", days.get("partner"))):
        if day is None:
            yield Problem(record, field, "the {side} is not among them", side=side)
        elif day > on:
            yield Problem(record, field, "the {side} is to follow on {day}", side=side, day=day, mends_on=day)


def assigned(
    dossier: Dossier,
    roles: Collection[str],
    on: date,
    judge: Callable[[Assignment], Verdict],
    *,
    among: Callable[[Assignment], bool] = lambda _: True,
) -> Verdict:
    """Yield until when somebody has one of *roles*; of several, the one who is in order and stays longest counts."""
    keys = dict.fromkeys((one.role, one.site) for one in dossier.filed(Assignment) if one.role in roles)
    held = (dossier.on(Assignment, on, role=role, site=site) for role, site in keys)
    fitting = [one for one in held if one is not None and among(one)]
    if not fitting:
        yield lack("assignments", None, "nobody is on file as {role}", role=" or ".join(roles))
        return

    def judged(one: Assignment) -> Verdict:
        for field in ("person", "employer"):
            if not getattr(one, field):
                yield lack(one, field)
        yield from judge(one)
        yield Until(dossier.through(one, on), "nobody is {role} any more", role=one.role)

    yield from best_of(fitting, judged, on)
