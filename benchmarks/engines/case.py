"""What all engines judge: a running partnership that somebody asks to amend, in order or with seven things wrong."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date, timedelta
from functools import cache
from typing import Any

import attrs

from partnerflow import Dossier, Money
from partnerflow.dossier import RecordIndex
from partnerflow.policies import Pack, Report, load_pack
from partnerflow.records import (
    Agreement,
    BackgroundCheck,
    Entry,
    FacilityAccess,
    Insurance,
    Liaison,
    Orientation,
    Partner,
    Person,
    StrategicGoal,
    Training,
    months_after,
)
from partnerflow.testing import EXAMPLE_DAY, OFFICE, example_dossier

CODES = (
    "REG-001", "REG-002", "NEED-001", "GOAL-001", "VET-001", "VET-002", "VET-003", "SAFE-001", "SAFE-002", "SAFE-003",
    "SAFE-004", "AGR-001", "AGR-002", "AGR-003", "AGR-004", "AGR-005", "AGR-006", "AGR-007", "AGR-008", "LIA-001",
    "TRN-001", "ORI-001", "ORI-002", "AMD-001", "AUTH-001",
)  # fmt: skip
BROKEN = {"REG-001", "GOAL-001", "SAFE-001", "SAFE-002", "SAFE-003", "LIA-001", "ORI-001"}
"""What `broken_dossier` fails, and nothing else of CODES."""

DAY, DAY_TEXT = EXAMPLE_DAY, EXAMPLE_DAY.isoformat()
MINIMUM = 1_000_000
_DEFAULT = load_pack("default")
CRITERIA: tuple[str, ...] = _DEFAULT["VET-001"].parameters(DAY)["criteria"]  # type: ignore[assignment]
STEPS: tuple[str, ...] = _DEFAULT["VET-002"].parameters(DAY)["steps"]  # type: ignore[assignment]
TOPICS: tuple[str, ...] = _DEFAULT["TRN-001"].parameters(DAY)["topics"]  # type: ignore[assignment]
MET_ON: tuple[str, ...] = _DEFAULT["ORI-002"].parameters(DAY)["topics"]  # type: ignore[assignment]
TRAINED_SINCE = months_after(DAY, -24)
MAY_AMEND = frozenset({"partnership_office"})


@cache
def pack() -> Pack:
    """Return the 25 policies as the default pack asks them, and no others."""
    return Pack(name="case", version="1", rules=tuple(_DEFAULT[code] for code in CODES), roles=_DEFAULT.roles)


def ours(given: Dossier | Mapping[str, Any]) -> Report:
    return pack().check(given, on=DAY, trigger="amend", by=OFFICE)


# --- the dossiers --------------------------------------------------------------------------------------------------


@cache
def valid_dossier() -> Dossier:
    return example_dossier("active", trigger="amend")


@cache
def broken_dossier() -> Dossier:
    """Return the example with seven things wrong, and nothing absent."""
    ended = date(2026, 9, 1)
    return _evolved(
        valid_dossier(),
        {
            Partner: {"classification": "sponsor"},
            BackgroundCheck: {"result": "not_clear"},
            Insurance: {"per_occurrence": Money.of(500_000, "USD")},
            FacilityAccess: {"ends_on": ended},
            StrategicGoal: {"current": False},
            Liaison: {"ends_on": ended},  # that of the partner is the newer one
            Orientation: {"partner_attended": False},
        },
    )


def as_json(dossier: Dossier) -> dict[str, Any]:
    """Return a dossier as the JSON of a host that keeps no ledger: of an entry only what a check needs."""
    mapping = dossier.to_mapping()
    for record in mapping["records"]:
        entry = record.pop("entry", {})
        if record["kind"] == "amendment":
            record["entry"] = {name: entry[name] for name in ("version", "filed_by")}
    return mapping


def dossiers(number: int) -> Iterator[Dossier]:
    """Return *number* dossiers, each another partner, staff and days; every tenth has the seven things wrong."""
    for place in range(number):
        model = broken_dossier() if place % 10 == 9 else valid_dossier()
        person, later = f"p.{place}", timedelta(days=place % 200)
        yield _evolved(
            model,
            {
                Partner: {"name": f"Organisation {place}"},
                Person: {"person": person},
                BackgroundCheck: {"person": person, "ends_on": date(2029, 7, 31) + later},
                Training: {"person": person},
                Agreement: {"trained_people": frozenset({person}), "ends_on": date(2027, 8, 31) + later},
            },
            every={Training},
        )


def _evolved(
    dossier: Dossier,
    changes: Mapping[type[Any], Mapping[str, Any]],
    every: Collection[type[Any]] = (),
) -> Dossier:
    """Change the newest record of each kind, and all those of the kinds *every*."""
    newest = {type(entry.record): entry for entry in dossier.entries}

    def changed(entry: Entry) -> Entry:
        kind = type(entry.record)
        if kind not in changes or (entry is not newest[kind] and kind not in every):
            return entry
        return attrs.evolve(entry, record=attrs.evolve(entry.record, **changes[kind]))

    return attrs.evolve(
        dossier,
        partner=attrs.evolve(dossier.partner, **changes.get(Partner, {})),
        on_file=RecordIndex(map(changed, dossier.entries)),
    )


# --- what a host makes of the mapping before it asks another engine -------------------------------------------------


def asked(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mapping with its records by kind, and the facts that none of the other engines can compute."""
    kinds: dict[str, list[Any]] = {}
    for record in mapping["records"]:
        kinds.setdefault(record["kind"], []).append(record)
    amended = [version for version, move in enumerate(mapping["moves"], 1) if move["trigger"] == "amend"]
    return {
        "partner": mapping["partner"],
        "last_amended": amended[-1] if amended else 0,
        "by": {"id": OFFICE.id, "roles": sorted(OFFICE.roles)},
        **kinds,
    }


def amount(text: str) -> int:
    """Read the whole dollars of an amount; anything else is none."""
    number, _, currency = text.partition(" ")
    return int(number) if currency == "USD" else 0
