"""How a command is made: with examples, the options that commands share, and an exit code as its result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from .shared import shared


class Command(click.Command):
    """A command whose help has examples, and names the shared options that it takes."""

    def __init__(self, *args: Any, examples: Sequence[str] = (), shares: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = tuple(examples)
        self.shares = tuple(shares)
        own = {name for parameter in self.params for name in parameter.opts}
        self.also = [option for option in shared(*shares) if own.isdisjoint(option.opts)]
        self.params += self.also

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the examples, and where the shared options are described."""
        with formatter.section("Examples"):
            for example in self.examples:
                formatter.write(f"{'':{formatter.current_indent}}{example}\n")
        if self.also:
            formatter.write_paragraph()
            names = ", ".join(option.opts[0] for option in self.also)
            formatter.write_text(f"It also takes {names}: see partnerflow --help.")


def command(
    name: str, *examples: str, shares: Sequence[str] = ("where",)
) -> Callable[[Callable[..., int | None]], Command]:
    """Make a command of a function that returns an exit code, or None for 0.

    *shares* names the groups of shared options that it takes: `database`, `rules`, `where` or `who`.
    """

    def decorate(function: Callable[..., int | None]) -> Command:
        made = click.command(name, cls=Command, examples=examples, shares=shares)
        return made(function)

    return decorate
