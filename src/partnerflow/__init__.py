"""The life of a partnership between a school district and an outside organisation, as an explicit state machine.

Names are loaded when first used: importing this costs next to nothing, and neither sqlalchemy nor any extra.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from partnerflow.actors import Actor
    from partnerflow.decision import Decision
    from partnerflow.dossier import Dossier
    from partnerflow.errors import (
        Conflict,
        HookError,
        IllegalTrigger,
        InvalidRecord,
        InvalidRequest,
        KeyReused,
        NestedWrite,
        NotFound,
        PackError,
        PackReplaced,
        PartnerflowError,
        PluginError,
        Refused,
        SchemaMismatch,
        StoreBusy,
        StoreError,
        Tampered,
        UnknownState,
        Unreadable,
        UnsoundLifecycle,
    )
    from partnerflow.flow import Partnerflow
    from partnerflow.flow.bulk import Adoption, Confirming, Filing, Step
    from partnerflow.flow.due import DueItem
    from partnerflow.flow.inventory import InventoryRow
    from partnerflow.history import Head, Transition
    from partnerflow.lifecycle import DEFAULT, Lifecycle, Row, State, Trigger
    from partnerflow.partnership import DISTRICT, Partnership
    from partnerflow.policies import load_pack
    from partnerflow.ports import Query
    from partnerflow.records import NO_END, Entry, Money, Partner

_HOME = {
    "Actor": "actors",
    "Adoption": "flow.bulk",
    "Confirming": "flow.bulk",
    "DEFAULT": "lifecycle",
    "DISTRICT": "partnership",
    "Decision": "decision",
    "Dossier": "dossier",
    "DueItem": "flow.due",
    "Entry": "records",
    "Filing": "flow.bulk",
    "Head": "history",
    "InventoryRow": "flow.inventory",
    "Lifecycle": "lifecycle",
    "Money": "records",
    "NO_END": "records",
    "Partner": "records",
    "Partnerflow": "flow",
    "Partnership": "partnership",
    "Query": "ports",
    "Row": "lifecycle",
    "State": "lifecycle",
    "Step": "flow.bulk",
    "Transition": "history",
    "Trigger": "lifecycle",
    "load_pack": "policies",
} | dict.fromkeys(
    (
        "Conflict", "HookError", "IllegalTrigger", "InvalidRecord", "InvalidRequest", "KeyReused", "NestedWrite",
        "NotFound", "PackError", "PackReplaced", "PartnerflowError", "PluginError", "Refused", "SchemaMismatch",
        "StoreBusy", "StoreError", "Tampered", "UnknownState", "Unreadable", "UnsoundLifecycle",
    ),
    "errors",
)  # fmt: skip

__all__ = [
    "DEFAULT",
    "DISTRICT",
    "NO_END",
    "Actor",
    "Adoption",
    "Confirming",
    "Conflict",
    "Decision",
    "Dossier",
    "DueItem",
    "Entry",
    "Filing",
    "Head",
    "HookError",
    "IllegalTrigger",
    "InvalidRecord",
    "InvalidRequest",
    "InventoryRow",
    "KeyReused",
    "Lifecycle",
    "Money",
    "NestedWrite",
    "NotFound",
    "PackError",
    "PackReplaced",
    "Partner",
    "Partnerflow",
    "PartnerflowError",
    "Partnership",
    "PluginError",
    "Query",
    "Refused",
    "Row",
    "SchemaMismatch",
    "State",
    "Step",
    "StoreBusy",
    "StoreError",
    "Tampered",
    "Transition",
    "Trigger",
    "UnknownState",
    "Unreadable",
    "UnsoundLifecycle",
    "load_pack",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
