"""Errors of the command: what is printed, and the exit code."""

from __future__ import annotations

from typing import IO, Any

import click

from partnerflow.errors import PartnerflowError, Refused, Tampered

REFUSED = 1
"""The exit code where something was refused, blocks, or is broken."""
COULD_NOT = 2
"""The exit code for what could not be done: bad input, no such thing, no database."""


class CannotDo(click.ClickException):
    """What was asked for cannot be done: one clear message, and a remedy."""

    exit_code = COULD_NOT

    def show(self, file: IO[Any] | None = None) -> None:  # noqa: ARG002  click's signature; say writes to stderr
        """Print the message."""
        from .console import say

        say(f"error: {self.message}", stderr=True)


class SaidNo(click.ClickException):
    """The answer is no. That is no error, and the message explains it."""

    exit_code = REFUSED

    def show(self, file: IO[Any] | None = None) -> None:  # noqa: ARG002  click's signature; say writes to stderr
        """Print the answer."""
        from .console import say

        say(self.message, stderr=True)


def as_click_error(error: PartnerflowError) -> click.ClickException:
    """Return the exception with which the command ends for an error of partnerflow's."""
    if isinstance(error, Refused) and error.lacks:
        return SaidNo(f"{error}\nAdd --{' and --'.join(error.lacks)}.")
    return SaidNo(str(error)) if isinstance(error, (Refused, Tampered)) else CannotDo(str(error))
