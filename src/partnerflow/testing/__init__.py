"""Tools for testing what you build on partnerflow: an example, Hypothesis strategies, checks of policies and stores.

    from partnerflow.policies import load_pack
    from partnerflow.testing import EXAMPLE_DAY, example_dossier
    assert load_pack("default").check(example_dossier("active"), on=EXAMPLE_DAY).ok

Names are loaded when first used: only the strategies need hypothesis, and only the contract needs pytest.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .cards import assert_card, assert_removing_never_unblocks, deletions, left_alone
    from .clock import TickingClock
    from .contract import StoreContract
    from .examples import BOARD, EXAMPLE_DAY, OFFICE, example_dossier, example_records
    from .strategies import actors, days, dossiers, records

_HOME = {
    "StoreContract": "contract",
    "TickingClock": "clock",
    **dict.fromkeys(("assert_card", "assert_removing_never_unblocks", "deletions", "left_alone"), "cards"),
    **dict.fromkeys(("BOARD", "EXAMPLE_DAY", "OFFICE", "example_dossier", "example_records"), "examples"),
    **dict.fromkeys(("actors", "days", "dossiers", "records"), "strategies"),
}

__all__ = [
    "BOARD",
    "EXAMPLE_DAY",
    "OFFICE",
    "StoreContract",
    "TickingClock",
    "actors",
    "assert_card",
    "assert_removing_never_unblocks",
    "days",
    "deletions",
    "dossiers",
    "example_dossier",
    "example_records",
    "left_alone",
    "records",
]


def __getattr__(name: str) -> object:
    try:
        home = _HOME[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return __all__
