"""How much work a store of one's own is: what the how-to promises is counted here."""

import inspect
import re
from pathlib import Path

from partnerflow import ports
from partnerflow.adapters import memory

GUIDE = (Path(__file__).parents[2] / "docs/how-to/write-a-store.md").read_text()
PROTOCOLS = (ports.Transaction, ports.Inventory, ports.Audit, ports.Outbox, ports.Store)


def test_a_store_is_as_many_methods_as_the_how_to_says() -> None:
    """Every method and property of the five protocols; what one inherits from another is counted once."""
    own = [name for protocol in PROTOCOLS for name, value in vars(protocol).items() if is_method(name, value)]
    assert len(own) <= 28
    assert f"{len(own)} methods" in GUIDE


def test_the_store_in_memory_is_as_short_as_the_how_to_says() -> None:
    """It is the example to begin from; were it longer, the protocols would ask too much."""
    lines = len(inspect.getsource(memory).splitlines())
    (most,) = map(int, re.findall(r"a store in (\d+) lines", GUIDE))
    assert lines <= most == 250


def is_method(name: str, value: object) -> bool:
    return (inspect.isfunction(value) or isinstance(value, property)) and not name.startswith("_")
