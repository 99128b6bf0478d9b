"""The engines that `benchmarks/policies.py` compares with: 25 checks, each the way its engine asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from typing import Any

Failing = Callable[[Mapping[str, Any]], set[str]]
"""Returns the codes of the checks that a mapping fails, as far as the engine finds them."""


@dataclass(frozen=True)
class Engine:
    """An engine by the name of its distribution; its module beside this one is imported when asked for."""

    distribution: str
    module: str
    written: str
    """How its checks are written, in a few words."""

    def failing(self) -> Failing | None:
        """Return its checks, or None where it is not installed."""
        try:
            found: Failing = import_module(f"engines.{self.module}").failing
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] in ("engines", "partnerflow"):
                raise
            return None
        return found

    def __str__(self) -> str:
        return f"{self.distribution} {version(self.distribution)}"


ENGINES = (
    Engine("pydantic", "with_pydantic", "models; checks of one record in its class, checks of several in the root's"),
    Engine("jsonschema", "with_jsonschema", "one schema of 25 parts, iter_errors; 4 keywords of its host's own"),
    Engine("common-expression-language", "with_cel", "25 compiled expressions over one Context"),
    Engine(
        "cedarpy", "with_cedar", "a parsed PolicySet of 25 forbids; the host does whatever must look through a list"
    ),
)
