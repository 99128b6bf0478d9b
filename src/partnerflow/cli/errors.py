"""What the command says, and which exit code it leaves behind, when something cannot be done."""

from __future__ import annotations

from typing import IO, Any

import click

from partnerflow.errors import PartnerflowError, Refused, Tampered

from .console import say

REFUSED = 1
"""Refused, blocking, or something broken was found."""
COULD_NOT = 2
"""Could not be done: bad input, no such thing, no database."""


class CannotDo(click.ClickException):
    """Something that cannot be done as it was asked: one clear message, and what would do."""

    exit_code = COULD_NOT

    def show(self, file: IO[Any] | None = None) -> None:  # noqa: ARG002  click's signature; say knows where to
        """Print the message."""
        say(f"error: {self.message}", stderr=True)


class Answered(click.ClickException):
    """An answer that is a no: it is no error, and explains itself."""

    exit_code = REFUSED

    def show(self, file: IO[Any] | None = None) -> None:  # noqa: ARG002  click's signature; say knows where to
        """Print the answer."""
        say(self.message, stderr=True)


def said(error: PartnerflowError) -> click.ClickException:
    """Return an error of partnerflow's own as what ends the command."""
    if isinstance(error, Refused) and error.lacks:
        return Answered(f"{error}\nSay it with --{' and --'.join(error.lacks)}.")
    return Answered(str(error)) if isinstance(error, (Refused, Tampered)) else CannotDo(str(error))
